"""A studio with a backdrop, for portraits and for anything that the vocabulary has no place for."""

from __future__ import annotations

import math

import numpy as np

from dream_nb.studio.render.noise import F32, pick, smoothstep
from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.places.board import Board, field
from dream_nb.studio.render.places.lights import Light, Lights
from dream_nb.studio.render.places.place import ScenePlace
from dream_nb.studio.render.sky.weather import Motes
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

# Where a prompt names no colour: grey, blue, brown, green and red, like photographers' backdrops.
_CLOTHS: tuple[RGB, ...] = (
    (0.46, 0.47, 0.50), (0.30, 0.38, 0.52), (0.50, 0.40, 0.32), (0.34, 0.42, 0.37), (0.52, 0.32, 0.32),
)  # fmt: skip
_DARK_HOURS = ("dusk", "night")


def place(s: SceneStage) -> ScenePlace:
    """A backdrop of cloth or paper that curves into the floor, lit from one side."""
    rng = s.plan.chance("backdrop")
    wall, second = colours(s)
    foot = pick(rng, 0.70, 0.80)
    side = -1.0 if rng.random() < 0.5 else 1.0
    spot = (0.5 + side * pick(rng, 0.05, 0.26), pick(rng, 0.30, 0.48))
    board = Board(s, 0.08, "backdrop")
    lit = _wall(board, wall, second, foot, side, spot)
    air = Motes(s, "studio air", 40, 0.0026, -0.10, 0.05, mix(second, (1.0, 1.0, 1.0), 0.6), 0.35, blink=True)
    return ScenePlace(
        behind=(board.smooth(lit), _lights(s, second), air), ahead=(), foot=0.93, size=0.78, reflects=0.06
    )


def colours(s: SceneStage) -> tuple[RGB, RGB]:
    """The colour of a backdrop, and a second colour that it blends into."""
    rng = s.plan.chance("cloth")
    tints = s.plan.tints
    cloth = _CLOTHS[int(rng.random() * len(_CLOTHS))]
    if not tints:
        return cloth, mix(cloth, s.light.horizon, 0.35)
    first = mix(tints[0], (0.50, 0.49, 0.48), 0.40)
    return first, mix(tints[1] if len(tints) > 1 else cloth, (0.5, 0.5, 0.52), 0.35)


def _wall(board: Board, wall: RGB, second: RGB, foot: float, side: float, spot: tuple[float, float]) -> F32:
    s = board.stage
    w, h = s.width, s.height
    rng = s.plan.chance("wall")
    across, down = board.x / np.float32(w), board.y / np.float32(h)
    # From one colour to the other, along a slanted line.
    slant = pick(rng, -0.9, 0.9)
    t = smoothstep((down + slant * (across - 0.5) - np.float32(pick(rng, 0.0, 0.3))) / np.float32(0.9))
    base = field(wall) + t[..., None] * (field(second) - field(wall)) * np.float32(0.7)
    cloth = 1.0 + 0.10 * board.noise("cloth", 0.42, 4) + 0.05 * board.noise("fold", 0.16, 3)
    radius = 0.62 * math.sqrt(w * h)
    key = board.glow(spot[0] * w, spot[1] * h, radius, 1.7)
    dim = 0.75 if s.plan.hour in _DARK_HOURS else 1.0
    light = (0.50 * dim + 1.0 * key) * cloth
    # The floor has a pool of light, and the backdrop is darker where it bends.
    floor = smoothstep((down - np.float32(foot)) / np.float32(0.16))
    bend = np.exp(-(((down - np.float32(foot + 0.02)) / np.float32(0.07)) ** 2))
    pool = np.exp(-(((across - 0.5) / np.float32(0.42)) ** 2) - ((down - 0.92) / np.float32(0.16)) ** 2)
    light = light * (1.0 - 0.10 * bend) * (1.0 - 0.15 * floor) + 0.42 * floor * pool
    light = light * (1.0 + np.float32(0.22 * side) * (across - 0.5))
    warm = field(mix((1.0, 1.0, 1.0), s.light.lit, 0.35))
    lit: F32 = base * light[..., None] * warm
    white = np.clip(lit.max(axis=2, keepdims=True) - 0.85, 0.0, 1.0)
    lit += white * np.float32(0.4)
    return lit


def _lights(s: SceneStage, colour: RGB) -> Lights:
    """Out-of-focus lights, which hardly move."""
    rng = s.plan.chance("bokeh")
    hue = mix(colour, (1.0, 0.95, 0.86), 0.65)
    radius = pick(rng, 0.05, 0.10) * s.unit
    return Lights(
        s,
        "backdrop",
        [
            Light(
                x=pick(rng, -0.05, 1.05) * s.width,
                y=pick(rng, 0.02, 0.66) * s.height,
                near=pick(rng, 0.15, 0.5),
                radius=radius * pick(rng, 0.45, 1.0),
                colour=hue,
                strength=pick(rng, 0.04, 0.11),
                unrest=0.6,
                seconds=pick(rng, 2.0, 5.0),
                drift=0.02 * s.unit,
                shape="disc",
            )
            for _ in range(11)
        ],
    )
