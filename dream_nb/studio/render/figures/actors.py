"""Who appears in a scene: figures that walk, fly, swim or float over its frames."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from dream_nb.studio.render.figures import figures
from dream_nb.studio.render.ground.land import Ground
from dream_nb.studio.render.noise import F32, U8, pick
from dream_nb.studio.render.palette import mix, times
from dream_nb.studio.render.planes import RGB, Planes, yuv_of
from dream_nb.studio.render.stage import SceneStage

Path = Callable[[int], tuple[float, float]]


class Actor:
    """A silhouette on its way.

    Args:
        masks: the poses of its step, facing right.
        tone: its colour.
        near: 0 (far) to 1 (near).
        path: column of its middle and row of its foot in a frame, without the camera.
        pose: which mask a frame shows.
        mirrored: faces left.
        reflected: stands on water.
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
        # Room for half a pixel to the right, and an even size for the halved planes.
        self.masks: list[F32] = [np.pad(m, ((m.shape[0] % 2, 0), (2, 2 + m.shape[1] % 2))) for m in weights]

    def draw(self, onto: Planes, frame: int) -> None:
        """Set it into a frame."""
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


def actors(stage: SceneStage, grounds: list[Ground]) -> list[tuple[float, bool, Actor]]:
    """All figures of a plan: how near, whether in front of the water, and who."""
    s = stage
    found: list[tuple[float, bool, Actor]] = []
    for kind, count in s.plan.life:
        figure = figures.named(kind)
        rng = s.plan.chance("life", kind)
        many = count or figure.many
        found.extend(_cast(s, grounds, figure, number, many, rng) for number in range(many))
    return found


def _cast(
    s: SceneStage, grounds: list[Ground], figure: figures.Figure, number: int, many: int, rng: np.random.Generator
) -> tuple[float, bool, Actor]:
    side = -1.0 if s.sun_x > 0.5 else 1.0
    place, scale, start, spread = figure.place, pick(rng, 0.86, 1.1), rng.random(), rng.random()
    seconds = s.seconds / 5.0
    way = figure.speed * seconds * min(1.6, s.plan.pace) * s.unit * side
    group = 0.5 - side * 0.16
    room = 0.9 * figure.width * figure.high * s.unit * many / s.width
    columns = {"sky": 0.62, "deep": 0.8}.get(place, min(0.85, max(0.25, room)))
    home = (group + columns * ((number + 0.35 + 0.3 * start) / many - 0.5) * (1 if many > 1 else 0)) * s.width
    surface: Ground | None = None
    near, ahead, foot = 0.5, True, s.height * 0.5
    if place == "sky":
        near = pick(rng, 0.12, 0.35)
        high = (
            s.horizon * (0.18 + 0.5 * float(spread))
            if s.plan.land != "deep"
            else s.height * (0.2 + 0.5 * float(spread))
        )
        foot, scale = high + figure.high * s.unit / 2, scale * (1.0 if figure.high > 0.1 else 0.75 + 0.5 * near)
        scale *= 0.55 + 0.6 * float(rng.random()) if many > 1 and figure.high > 0.1 else 1.0
        ahead = False
    elif place == "deep":
        near = pick(rng, 0.3, 0.6)
        low = s.height if s.plan.land == "deep" else s.horizon
        foot = (
            low * (0.30 + 0.5 * float(spread))
            if s.plan.land == "deep"
            else s.horizon + (s.height - s.horizon) * (0.10 + 0.45 * float(spread))
        )
        scale *= 0.7 + 0.6 * float(rng.random())
    elif place == "water":
        depth = 0.14 + 0.30 * float(spread)
        near, foot = 0.25 + 0.5 * depth, s.horizon + (s.height - s.horizon) * depth
        scale *= 0.55 + 1.3 * depth
    elif s.plan.style == "synthwave":
        foot, scale = s.horizon + 0.55 * (s.height - s.horizon), scale * 1.2
    else:
        standing = [g for g in grounds if g.ridge.near > 0.4] or grounds[-1:]
        surface = standing[0] if len(standing) < 3 else standing[1]
        near, ahead = surface.ridge.near + 0.001, surface.ridge.ahead
        scale *= 0.55 + 0.75 * surface.ridge.near
    mirrored = way < 0 or (way == 0 and rng.random() < 0.5)
    masks = figure.masks(max(2.0, figure.high * scale * s.unit))
    wide = masks[0].shape[1]
    bob, phase = (0.006 if place in ("water", "sky", "deep") else 0.0) * s.unit, 2 * math.pi * float(start)
    if place == "water" and figure.width > 1.9 and figure.speed >= 0.3:
        bob = 0.05 * s.unit  # leaps

    def path(frame: int) -> tuple[float, float]:
        if s.loop:
            # Once around, unseen where it begins again.
            lap = s.width + 2 * wide + 40
            laps = 1 if abs(way) > 0.2 * lap else 0
            x = home + math.copysign(lap, way or 1.0) * laps * frame / s.frames
            x = (x + wide) % lap - wide
            if not laps:
                x = home + way * 0.25 * math.sin(s.turn(frame))
        else:
            x = home + way * (frame / max(1, s.frames - 1) - 0.5)
        row = foot + bob * math.sin(s.cycles(3.0) * s.turn(frame) + phase)
        if surface is not None:
            row = surface.row_at(x + surface.left) + surface.top + 0.006 * s.unit
        if place == "sky" and figure.speed == 0.0 and s.frames > 1 and not s.loop:
            row -= 0.5 * s.horizon * (frame / s.frames - 0.3)
        return x, row

    beats = max(1, round(figure.beats * seconds * s.plan.pace))

    def pose(frame: int) -> int:
        return int((beats * frame / s.frames + float(start)) * figure.poses) % figure.poses

    light = s.light
    dark: RGB = (0.10, 0.09, 0.11)
    tone = mix(times(dark, (1.0, 1.0, 1.0)), mix(light.haze, light.horizon, 0.3), 0.70 * (1 - near) ** 1.6)
    tone = mix(tone, times(light.shade, (0.55, 0.5, 0.55)), 0.4)
    if figure is figures.named("balloons"):
        hues: tuple[RGB, ...] = (
            (0.86, 0.24, 0.20),
            (0.95, 0.66, 0.18),
            (0.20, 0.48, 0.72),
            (0.62, 0.28, 0.58),
            (0.96, 0.90, 0.80),
        )
        tone = mix(times(hues[number % 5], mix(light.shade, light.lit, 0.75)), light.haze, 0.15)
    elif figure is figures.named("butterflies"):
        tone = times(
            ((0.95, 0.55, 0.15), (0.35, 0.5, 0.95), (0.95, 0.85, 0.4))[number % 3], mix(light.shade, light.lit, 0.8)
        )
    elif figure is figures.named("jellyfish"):
        tone = mix(light.zenith, (0.95, 0.75, 0.95), 0.5)
    elif figure is figures.named("swan") or figure is figures.named("sailboat"):
        tone = mix(tone, times((0.98, 0.97, 0.95), mix(light.shade, light.lit, 0.8)), 0.8)
    return near, ahead, Actor(s, masks, tone, near, path, pose, mirrored, place == "water")
