"""Horizontal surfaces: textures of wood, marble, slate and tiles, and how they look in perspective."""

from __future__ import annotations

import numpy as np
from PIL import Image

from dream_nb.studio.render.noise import F32, U8, fbm2, pick, smoothstep
from dream_nb.studio.render.places.board import Board, field
from dream_nb.studio.render.vocabulary import RGB

SIDE = 640
"""Width and height of a texture, in pixels."""
_WOODS: tuple[tuple[RGB, RGB], ...] = (
    ((0.62, 0.42, 0.25), (0.38, 0.22, 0.11)),
    ((0.46, 0.30, 0.18), (0.24, 0.14, 0.08)),
    ((0.74, 0.58, 0.40), (0.52, 0.36, 0.21)),
)


def in_perspective(board: Board, texture: U8, horizon: float, middle: float, size: float) -> U8:
    """A surface that recedes from the viewer to its horizon: red, green, blue and coverage.

    Args:
        board: the board that it is painted on; all of its rows lie below the horizon.
        texture: the texture of the surface, a square.
        horizon: row of the horizon in the frame.
        middle: column of the frame where lines converge.
        size: width of the texture in the last row of the frame, in pixels.
    """
    side = texture.shape[0]
    above = min(horizon, board.top - 2.0) - board.top
    deep = board.stage.height - board.top - above
    across = side / size * deep
    left, column = 2.5 * side, middle + board.left
    near = -0.45 * side
    # Pillow's coefficients a to h: everything is divided by the distance from the horizon, 1 - y / above.
    terms = (
        -across / above, -left / above, left + across * column / above,
        0.0, -near / above, near - 1.2 * board.stage.unit * across / above,
        0.0, -1.0 / above,
    )  # fmt: skip
    image = Image.fromarray(_wrapped(texture))
    # Farther away than the texture reaches, the surface has its mean colour.
    mean = tuple(int(part) for part in texture.reshape(-1, 3).mean(axis=0))
    size_ = (board.width, board.height)
    seen = image.transform(size_, Image.Transform.PERSPECTIVE, terms, Image.Resampling.BILINEAR, fillcolor=mean)
    alpha = np.full((board.height, board.width, 1), 255, np.uint8)
    return np.concatenate([np.asarray(seen), alpha], axis=2)


def _wrapped(texture: U8) -> U8:
    """The texture repeated five times across and three times down, mirrored at each seam, so no edge is in view."""
    mirrored = texture[:, ::-1]
    row = np.concatenate([texture, mirrored, texture, mirrored, texture], axis=1)
    return np.concatenate([row, row[::-1], row], axis=0)


def rough(rng: np.random.Generator, base: RGB, amount: float, cells: float = 7.0) -> U8:
    """A rough texture of one colour: slate, concrete, plaster, asphalt."""
    noise = fbm2(rng, SIDE, SIDE, cells, cells, 6, gain=0.65)
    return coloured(field(base) * (1.0 + noise * np.float32(amount))[..., None])


def tiles(rng: np.random.Generator, light: RGB, dark: RGB, count: int) -> U8:
    """A chequered floor."""
    at = np.arange(SIDE, dtype=np.float32) / np.float32(SIDE) * count
    cell = np.floor(at).astype(np.int64)
    odd = ((cell[:, None] + cell[None, :]) % 2).astype(np.float32)
    tone = 1.0 + 0.12 * (rng.random((count, count)).astype(np.float32)[cell][:, cell] - 0.5)
    gap = np.minimum(at % 1.0, 1.0 - at % 1.0) * np.float32(SIDE / count)
    joint = np.clip(np.minimum(gap[:, None], gap[None, :]) / 1.8, 0.45, 1.0)
    veins = 1.0 + 0.07 * fbm2(rng, SIDE, SIDE, 9, 9, 4)
    colours = field(light) + odd[..., None] * (field(dark) - field(light))
    return coloured(colours * (tone * joint * veins)[..., None])


def wood(rng: np.random.Generator) -> U8:
    """Planks that lead away from the viewer."""
    light, dark = _WOODS[int(rng.random() * len(_WOODS))]
    planks = 5
    at = np.arange(SIDE, dtype=np.float32) / np.float32(SIDE) * planks
    plank = np.floor(at).astype(np.int64)
    tones = rng.random(planks + 1).astype(np.float32)
    shifts = (rng.random(planks + 1) * SIDE).astype(np.int64)
    warp = fbm2(rng, SIDE, SIDE, 10, 1.6, 3)
    fibre = fbm2(rng, SIDE, SIDE, 150, 3, 3, gain=0.7)
    rings = np.sin((warp * 6.0 + (at % 1.0)[None, :] * 7.0).astype(np.float32))
    grain = 0.5 + 0.15 * rings + 0.34 * fibre
    rows = (np.arange(SIDE)[:, None] + shifts[plank][None, :]) % SIDE
    grain = grain[rows, np.arange(SIDE)[None, :]] + 0.45 * (tones[plank] - 0.5)[None, :]
    gap = np.minimum(at % 1.0, 1.0 - at % 1.0) * np.float32(SIDE / planks)
    seam = np.clip(gap / 1.6, 0.25, 1.0)[None, :]
    colours = field(light) + np.clip(1.0 - grain, 0.0, 1.1)[..., None] * (field(dark) - field(light))
    return coloured(colours * seam[..., None])


def marble(rng: np.random.Generator) -> U8:
    """White marble with veins."""
    bend = fbm2(rng, SIDE, SIDE, 3, 3, 5)
    cloud = fbm2(rng, SIDE, SIDE, 2.5, 2.5, 5)
    at = np.arange(SIDE, dtype=np.float32) / np.float32(SIDE)
    veins = np.zeros((SIDE, SIDE), np.float32)
    for turns, sharp, strength in ((2.2, 26.0, 0.9), (4.1, 34.0, 0.5), (7.3, 40.0, 0.3)):
        lean = pick(rng, 0.5, 1.4)
        wave = np.abs(np.sin(np.pi * turns * (at[None, :] * lean + at[:, None]) + 2.6 * bend + pick(rng, 0.0, 3.0)))
        vein = np.exp(-wave * np.float32(sharp) / 4.0) * (0.35 + 0.65 * smoothstep(cloud + 0.5))
        veins += np.float32(strength) * vein
    white = field((0.78, 0.77, 0.76)) * (1.0 + 0.05 * cloud)[..., None]
    return coloured(white + np.clip(veins, 0.0, 1.0)[..., None] * (field((0.42, 0.42, 0.46)) - white) * 0.75)


def coloured(values: F32) -> U8:
    """Colours from 0 to 1, clipped and converted to bytes."""
    return np.rint(255 * np.clip(values, 0.0, 1.0)).astype(np.uint8)
