"""Figures that fly, swim or float through the frames of a scene."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from dream_nb.studio.render.figures import figures
from dream_nb.studio.render.noise import F32, U8, pick
from dream_nb.studio.render.palette import mix, times
from dream_nb.studio.render.planes import Planes, yuv_of
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

Path = Callable[[int], tuple[float, float]]

# How far a figure moves up and down, in scene units.
_BOB: Final = 0.006
_DARK: Final[RGB] = (0.10, 0.09, 0.11)
_WHITE: Final[RGB] = (0.98, 0.97, 0.95)
# The size of a boat that is the only motif, as a factor.
_LONE: Final = 1.9
_WHITE_KINDS: Final = frozenset({"sailboat"})
# Kinds with colours of their own: the colours, which the members take in turn, how much light falls on them, and how
# much haze is in front of them.
_COLOURFUL: Final[dict[str, tuple[tuple[RGB, ...], float, float]]] = {
    "balloons": (
        (
            (0.86, 0.24, 0.20),
            (0.95, 0.66, 0.18),
            (0.20, 0.48, 0.72),
            (0.62, 0.28, 0.58),
            (0.96, 0.90, 0.80),
        ),
        0.75,
        0.15,
    ),
    "butterflies": (((0.95, 0.55, 0.15), (0.35, 0.5, 0.95), (0.95, 0.85, 0.4)), 0.8, 0.0),
}


class Actor:
    """A moving silhouette.

    Args:
        stage: the stage of the drawing.
        masks: the poses of its step, facing right.
        tone: its colour.
        near: its nearness, from 0 (far) to 1 (near).
        path: returns the column of its middle and the row of its foot in a frame, without the camera.
        pose: returns the index of the mask that a frame shows.
        mirrored: whether it faces left.
        reflected: whether water reflects it.
    """

    def __init__(
        self,
        stage: SceneStage,
        masks: list[U8],
        tone: RGB,
        near: float,
        path: Path,
        pose: Callable[[int], int],
        mirrored: bool,
        reflected: bool,
    ) -> None:
        self.stage = stage
        self.near, self.path, self.pose, self.reflected = near, path, pose, reflected
        self.tone = yuv_of(stage.style.one(tone))
        weights = [(m[:, ::-1] if mirrored else m).astype(np.float32) / 255 for m in masks]
        # Pad the masks, to be able to move them by fractions of a pixel, and to an even size for the smaller planes.
        self.masks: list[F32] = [np.pad(m, ((m.shape[0] % 2, 0), (2, 2 + m.shape[1] % 2))) for m in weights]

    def draw(self, onto: Planes, frame: int) -> None:
        """Draw the figure into a frame."""
        dx, dy = self.stage.shift(frame, self.near)
        x, y = self.path(frame)
        mask = self.masks[self.pose(frame)]
        left = x + dx - mask.shape[1] / 2
        whole = 2 * math.floor(left / 2)
        part = left - whole
        step = int(part)
        rest = np.float32(part - step)
        moved: F32 = np.zeros_like(mask)
        moved[:, step:] = mask[:, : mask.shape[1] - step] * (1 - rest)
        moved[:, step + 1 :] += mask[:, : mask.shape[1] - step - 1] * rest
        foot = 2 * round((y + dy) / 2)
        self._lay(onto, moved, whole, foot - mask.shape[0])
        if self.reflected:
            fade = np.linspace(0.5, 0.12, mask.shape[0], dtype=np.float32)[:, None]
            below: F32 = moved[::-1] * fade
            self._lay(onto, below, whole, foot)

    def _lay(self, onto: Planes, mask: F32, left: int, top: int) -> None:
        x0, x1 = max(0, left), min(onto.width, left + mask.shape[1])
        y0, y1 = max(0, top), min(onto.height, top + mask.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        inside = mask[y0 - top : y1 - top, x0 - left : x1 - left]
        small = (inside[0::2, 0::2] + inside[1::2, 0::2] + inside[0::2, 1::2] + inside[1::2, 1::2]) * np.float32(0.25)
        for plane, cover, value, half in zip(onto.all, (inside, small, small), self.tone, (1, 2, 2), strict=True):
            view = plane[y0 // half : y1 // half, x0 // half : x1 // half]
            view[:] = view + cover * (np.float32(value) - view) + np.float32(0.5)


@dataclass(frozen=True, slots=True)
class _Role:
    """One figure of a plan, and its random values.

    Args:
        stage: the stage of the drawing.
        kind: the kind of figure.
        figure: the silhouette.
        number: the number of the figure among the `many` of its kind, counted from 0.
        many: the number of figures of the kind.
        rng: the random generator.
        size: the size of the figure relative to others of its kind.
        start: the part of its step that the first frame shows, 0 to 1.
        spread: its vertical position within its place, 0 to 1.
    """

    stage: SceneStage
    kind: str
    figure: figures.Figure
    number: int
    many: int
    rng: np.random.Generator
    size: float
    start: float
    spread: float


@dataclass(frozen=True, slots=True)
class _Spot:
    """The place of a figure.

    Args:
        near: its nearness, from 0 (far) to 1 (near).
        ahead: whether it is in front of the water.
        foot: the row of the frame that it stands on.
        size: a factor for its height.
    """

    near: float
    ahead: bool
    foot: float
    size: float


def actors(stage: SceneStage) -> list[tuple[float, bool, Actor]]:
    """Return all figures of a plan: the nearness of each, whether it is in front of the water, and the figure."""
    found: list[tuple[float, bool, Actor]] = []
    for kind, count in stage.plan.life:
        figure = figures.named(kind)
        rng = stage.plan.chance("life", kind)
        many = count or figure.many
        for number in range(many):
            role = _Role(stage, kind, figure, number, many, rng, pick(rng, 0.86, 1.1), rng.random(), rng.random())
            spot = _spot(role)
            found.append((spot.near, spot.ahead, _actor(role, spot)))
    return found


def _actor(role: _Role, spot: _Spot) -> Actor:
    s, figure, start = role.stage, role.figure, role.start
    seconds = s.seconds / 5.0
    side = -1.0 if s.sun_x > 0.5 else 1.0
    way = figure.speed * seconds * min(1.6, s.plan.pace) * s.unit * side
    mirrored = way < 0 or (way == 0 and role.rng.random() < 0.5)
    masks = figure.masks(max(2.0, figure.high * spot.size * s.unit))
    route = _Route(
        stage=s,
        spot=spot,
        home=_home(role, side),
        way=way,
        wide=masks[0].shape[1],
        bob=_BOB * s.unit,
        phase=2 * math.pi * start,
        rises=figure.place == "sky" and figure.speed == 0.0,
    )
    beats = max(1, round(figure.beats * seconds * s.plan.pace))

    def pose(frame: int) -> int:
        return int((beats * frame / s.frames + start) * figure.poses) % figure.poses

    return Actor(s, masks, _tone(role, spot.near), spot.near, route.at, pose, mirrored, figure.place == "water")


def _home(role: _Role, side: float) -> float:
    """Return the column around which a figure moves.

    Its group is on the side away from the sun, spread over part of the frame.
    """
    s, figure, many = role.stage, role.figure, role.many
    group = 0.5 - side * 0.16
    room = 0.9 * figure.width * figure.high * s.unit * many / s.width
    columns = {"sky": 0.62, "deep": 0.8}.get(figure.place, min(0.85, max(0.25, room)))
    apart = (role.number + 0.35 + 0.3 * role.start) / many - 0.5
    return (group + columns * apart * (1 if many > 1 else 0)) * s.width


def _spot(role: _Role) -> _Spot:
    return {"sky": _in_the_sky, "deep": _under_water, "water": _on_water}[role.figure.place](role)


def _in_the_sky(role: _Role) -> _Spot:
    s, figure, rng = role.stage, role.figure, role.rng
    near = pick(rng, 0.12, 0.35)
    deep = s.plan.land == "deep"
    row = s.height * (0.2 + 0.5 * role.spread) if deep else s.horizon * (0.18 + 0.5 * role.spread)
    large = figure.high > 0.1
    size = role.size * (1.0 if large else 0.75 + 0.5 * near)
    if large and role.many > 1:
        size *= 0.55 + 0.6 * rng.random()
    return _Spot(near, False, row + figure.high * s.unit / 2, size)


def _under_water(role: _Role) -> _Spot:
    s, rng = role.stage, role.rng
    near = pick(rng, 0.3, 0.6)
    if s.plan.land == "deep":
        foot = s.height * (0.30 + 0.5 * role.spread)
    else:
        foot = s.horizon + (s.height - s.horizon) * (0.10 + 0.45 * role.spread)
    return _Spot(near, True, foot, role.size * (0.7 + 0.6 * rng.random()))


def _on_water(role: _Role) -> _Spot:
    s = role.stage
    lone = s.plan.lone == role.kind
    depth = 0.36 if lone else 0.14 + 0.30 * role.spread
    foot = s.horizon + (s.height - s.horizon) * depth
    return _Spot(0.25 + 0.5 * depth, True, foot, role.size * (0.55 + 1.3 * depth) * (_LONE if lone else 1.0))


@dataclass(frozen=True, slots=True)
class _Route:
    """The path of a figure through the frames.

    Args:
        stage: the stage of the drawing.
        spot: the place of the figure.
        home: the column of its middle halfway through the clip.
        way: how many pixels it moves in the clip; negative values move it to the left.
        wide: the width of its mask in pixels.
        bob: how many pixels it moves up and down.
        phase: the phase of that motion in the first frame, in radians.
        rises: whether it rises during the clip.
    """

    stage: SceneStage
    spot: _Spot
    home: float
    way: float
    wide: int
    bob: float
    phase: float
    rises: bool

    def at(self, frame: int) -> tuple[float, float]:
        """Return the column of the middle and the row of the foot in a frame, without the camera."""
        s = self.stage
        x = self._looping(frame) if s.loop else self.home + self.way * (frame / max(1, s.frames - 1) - 0.5)
        row = self.spot.foot + self.bob * math.sin(s.cycles(3.0) * s.turn(frame) + self.phase)
        if self.rises and s.frames > 1 and not s.loop:
            row -= 0.5 * s.horizon * (frame / s.frames - 0.3)
        return x, row

    def _looping(self, frame: int) -> float:
        s, way = self.stage, self.way
        lap = s.width + 2 * self.wide + 40
        if abs(way) <= 0.2 * lap:
            return self.home + way * 0.25 * math.sin(s.turn(frame))
        # The figure crosses the frame once, and returns to the other side while it is outside of the frame.
        x = self.home + math.copysign(lap, way or 1.0) * frame / s.frames
        return (x + self.wide) % lap - self.wide


def _tone(role: _Role, near: float) -> RGB:
    """Return the colour of a figure: its own, or that of its kind, or else dark, and paler with distance."""
    light = role.stage.light
    hues, sunny, hazy = _COLOURFUL.get(role.kind, ((), 0.75, 0.1))
    own = dict(role.stage.plan.paint).get(role.kind)
    hues = hues if own is None else (own,)
    if hues:
        return mix(times(hues[role.number % len(hues)], mix(light.shade, light.lit, sunny)), light.haze, hazy)
    tone = mix(_DARK, mix(light.haze, light.horizon, 0.3), 0.70 * (1 - near) ** 1.6)
    tone = mix(tone, times(light.shade, (0.55, 0.5, 0.55)), 0.4)
    if role.kind in _WHITE_KINDS:
        tone = mix(tone, times(_WHITE, mix(light.shade, light.lit, 0.8)), 0.8)
    return tone
