"""A table seen from the front, lit by a studio lamp or a window: for food and products."""

from __future__ import annotations

import numpy as np

from dream_nb.studio.render.noise import F32, U8, pick, smoothstep
from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.places import backdrop, surfaces
from dream_nb.studio.render.places.board import Board, Laid, blurred, field
from dream_nb.studio.render.places.lights import Light, Lights
from dream_nb.studio.render.places.place import ScenePlace
from dream_nb.studio.render.sky.weather import Motes
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

# How much each surface reflects what stands on it, and how strong its sheen is.
_MIRRORS = {"wood": 0.16, "marble": 0.34, "slate": 0.20, "studio": 0.40}
_SHEEN = {"wood": 0.20, "marble": 0.16, "slate": 0.24, "studio": 0.30}
_DARK_HOURS = ("dusk", "night")


def place(s: SceneStage) -> ScenePlace:
    """A table top that reaches the bottom of the frame, with an out-of-focus room behind it."""
    rng = s.plan.chance("table")
    edge = pick(rng, 0.53, 0.60) * s.height
    side = -1.0 if rng.random() < 0.5 else 1.0
    kind = s.plan.matter
    wall = backdrop.colours(s) if kind == "studio" or s.plan.tints else _room(s, rng)
    behind = _behind(s, wall, edge, side)
    lamps = Lights(s, "table", [] if kind == "studio" else _bokeh(s, edge))
    air = Motes(s, "table air", 30, 0.0022, -0.08, 0.04, (1.0, 0.95, 0.85), 0.3, blink=True)
    table = _table(s, wall, edge, side)
    return ScenePlace((behind, lamps, table, air), (), foot=0.84, size=0.76, reflects=_MIRRORS[kind])


def _room(s: SceneStage, rng: np.random.Generator) -> tuple[RGB, RGB]:
    """The colours of the out-of-focus room and of the light in its window, for the hour."""
    warm: RGB = (pick(rng, 0.42, 0.62), pick(rng, 0.32, 0.42), pick(rng, 0.20, 0.30))
    cool: RGB = (0.26, 0.34, 0.36)
    dark = s.plan.hour in _DARK_HOURS
    first = mix(warm, cool, 0.5 * float(rng.random()))
    return mix(first, (0.07, 0.06, 0.06), 0.55 if dark else 0.0), mix(s.light.horizon, first, 0.3 if dark else 0.45)


def _behind(s: SceneStage, wall: tuple[RGB, RGB], edge: float, side: float) -> Laid:
    board = Board(s, 0.06, "behind the table")
    rng = s.plan.chance("behind")
    window = board.glow((0.5 + 0.42 * side) * s.width, 0.22 * s.height, 0.42 * s.unit, 2.6)
    fall = 1.0 - 0.35 * smoothstep((np.abs(board.x / np.float32(s.width) - 0.5) - 0.1) * 1.6)
    mottle = 1.0 + 0.18 * board.noise("mottle", 0.5, 3)
    colours = field(wall[0]) * (fall * mottle * (0.62 + 0.25 * board.y / np.float32(edge)))[..., None]
    colours = colours + field(wall[1]) * (window * np.float32(pick(rng, 0.75, 1.0)))[..., None]
    if s.plan.matter != "studio":
        colours = _shapes(board, colours, edge)
    return board.smooth(colours.astype(np.float32))


def _shapes(board: Board, colours: F32, edge: float) -> F32:
    """Add large, heavily blurred shapes to a field of colours: shelves, window bars, jars."""
    s = board.stage
    rng = s.plan.chance("shapes")
    for _ in range(7):
        x, wide = pick(rng, -0.1, 1.1) * s.width, pick(rng, 0.05, 0.22) * s.unit
        top, foot = pick(rng, 0.0, 0.75) * edge, edge * pick(rng, 0.8, 1.1)
        soft = np.float32(0.035 * s.unit)
        inside = smoothstep((wide / 2 - np.abs(board.x - x)) / soft + 0.5)
        inside = inside * smoothstep((board.y - top) / soft + 0.5) * smoothstep((foot - board.y) / soft + 0.5)
        tone = pick(rng, 0.55, 1.35)
        colours = colours * (1.0 + np.float32(0.5 * (tone - 1.0)) * inside)[..., None]
    return colours


def _bokeh(s: SceneStage, edge: float) -> list[Light]:
    rng = s.plan.chance("bokeh")
    dark = s.plan.hour in _DARK_HOURS
    radius = pick(rng, 0.030, 0.050) * s.unit
    warm: RGB = (1.0, 0.82, 0.52)
    return [
        Light(
            x=pick(rng, -0.05, 1.05) * s.width,
            y=pick(rng, 0.04, 0.9) * edge,
            near=0.06,
            radius=radius * pick(rng, 0.6, 1.0),
            colour=mix(warm, s.light.sun, float(rng.random()) * 0.6),
            strength=pick(rng, 0.14, 0.42) * (1.3 if dark else 0.7),
            unrest=0.25,
            seconds=pick(rng, 1.5, 4.0),
            shape="disc",
        )
        for _ in range(15)
    ]


def _table(s: SceneStage, wall: tuple[RGB, RGB], edge: float, side: float) -> Laid:
    board = Board(s, 0.45, "table", top=edge - 0.02 * s.height)
    kind = s.plan.matter
    picture = surfaces.in_perspective(
        board, _surface(s, kind), edge - 0.5 * (s.height - edge), s.width / 2, 1.6 * s.unit
    )
    down = np.clip((board.y - np.float32(edge)) / np.float32(s.height - edge), 0.0, 1.4)
    across = board.x / np.float32(s.width) - 0.5
    key = board.glow((0.5 + 0.30 * side) * s.width, edge + 0.34 * (s.height - edge), 0.62 * s.unit, 2.0)
    dim = 0.70 if s.plan.hour in _DARK_HOURS else 1.0
    lamp = mix((1.0, 0.97, 0.92), s.light.lit, 0.45)
    light = (0.34 * dim + 0.85 * key) * (1.0 - 0.30 * smoothstep((down - 0.55) * 1.3)) * (1.0 - 0.25 * np.abs(across))
    # Towards its far edge, a surface reflects the room behind it.
    grazing = (1.0 - np.clip(down, 0.0, 1.0)) ** 2.5 * np.float32(_SHEEN[kind])
    streak = np.exp(-(((across - 0.40 * side) / np.float32(0.16)) ** 2)) * (0.35 + 0.65 * (1.0 - np.clip(down, 0, 1)))
    room = (
        field(wall[0]) * 0.8 * grazing[..., None]
        + field(wall[1]) * ((grazing * 0.6 + 1.0) * streak * np.float32(1.4 * _SHEEN[kind] * dim))[..., None]
    )
    shaded = board.shaded(picture, light[..., None] * field(lamp), room.astype(np.float32))
    focused = _focused(shaded, edge - board.top, s.height - edge, 0.006 * s.unit)
    soft = max(1.5, 0.004 * s.unit)
    rows = np.arange(board.height, dtype=np.float32) + np.float32(board.top - edge)
    alpha = np.rint(255 * np.clip(rows / np.float32(soft) + 0.5, 0.0, 1.0)).astype(np.uint8)
    return board.finished(focused, np.ascontiguousarray(np.broadcast_to(alpha[:, None], focused.shape[:2])))


def _focused(picture: U8, edge: float, deep: float, radius: float) -> U8:
    """The picture, sharp where subjects stand and blurred at the far edge of the table and at the bottom."""
    far = blurred(picture, radius)
    rows = (np.arange(picture.shape[0], dtype=np.float32) - np.float32(edge)) / np.float32(deep)
    soft = np.clip(1.0 - rows / 0.38, 0.0, 1.0) + np.clip((rows - 0.80) / 0.25, 0.0, 1.0)
    share = np.clip(soft, 0.0, 1.0)[:, None, None]
    mixed: U8 = np.rint(picture + (far.astype(np.float32) - picture) * share).astype(np.uint8)
    return mixed


def _surface(s: SceneStage, kind: str) -> U8:
    rng = s.plan.chance("surface", kind)
    if kind == "wood":
        return surfaces.wood(rng)
    if kind == "marble":
        return surfaces.marble(rng)
    if kind == "slate":
        return surfaces.rough(rng, (0.34, 0.35, 0.38), 0.24)
    return surfaces.rough(rng, mix(backdrop.colours(s)[0], (0.6, 0.6, 0.62), 0.35), 0.02)
