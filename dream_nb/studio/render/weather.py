"""What falls and floats in front of a scene: rain, snow, petals, fireflies, mist, lightning."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.noise import U8, pick
from dream_nb.studio.render.palette import RGB
from dream_nb.studio.render.planes import Planes, yuv_of
from dream_nb.studio.render.setting import Setting


class Motes:
    """Small soft bodies that drift; each comes back to its place once in a clip, so a loop closes.

    Args:
        count: how many.
        size: radius of the largest in scene units.
        fall: scene heights fallen in five seconds (negative: rises).
        sway: of the way, in scene units.
        tint: their colour, or None to brighten only.
        blink: whether they go on and off.
    """

    def __init__(
        self,
        setting: Setting,
        name: str,
        count: int,
        size: float,
        fall: float,
        sway: float,
        tint: RGB | None,
        strength: float,
        blink: bool = False,
        low: float = 0.0,
    ) -> None:
        s = self.setting = setting
        rng = s.plan.chance("motes", name)
        self.place = rng.random((count, 6))
        self.near = 0.35 + 0.65 * self.place[:, 2] ** 2
        self.size, self.sway, self.strength, self.blink, self.low = size, sway, strength, blink, low
        speed = fall * s.seconds / 5.0 * s.plan.pace * self.near
        self.laps = np.rint(speed) if s.loop else speed
        if s.loop and fall:
            self.laps = np.where(self.laps == 0, math.copysign(1.0, fall), self.laps)
        self.gust = (s.plan.wind - 0.2) * (0.9 if fall > 0 else 0.3) * s.seconds / 5.0
        self.gust = float(round(self.gust)) if s.loop else self.gust
        self.tint = (
            None if tint is None else yuv_of(tuple(float(c) for c in s.style.grade(np.asarray([tint], np.float32))[0]))
        )  # type: ignore[arg-type]
        self.steps = [_spot(max(0.55, size * s.unit * k)) for k in (0.45, 0.7, 1.0)]

    def draw(self, onto: Planes, frame: int) -> None:
        """Set them into a frame."""
        s, p = self.setting, self.place
        part = frame / s.frames
        turn = s.turn(frame)
        band = 1.0 - self.low
        y = self.low + ((p[:, 1] + self.laps * part) % 1.0) * (band + 0.1) - 0.05
        beats = 1 + (p[:, 3] * 3).astype(np.int64)
        x = (p[:, 0] + self.gust * part * (1 if s.sun_x < 0.5 else -1)) % 1.0 * 1.1 - 0.05
        swing = self.sway * np.sin(beats * turn + 2 * np.pi * p[:, 4])
        light = np.full(len(p), self.strength)
        if self.blink:
            light = light * np.clip(np.sin((1 + (p[:, 5] * 4).astype(np.int64)) * turn + 40 * p[:, 5]) * 1.4, 0.0, 1.0)
            y = y + 0.04 * np.sin(beats * turn + 9 * p[:, 5])
        px = np.rint(x * s.width + swing * s.unit).astype(np.int64)
        py = np.rint(y * s.height).astype(np.int64)
        for kind, spot in enumerate(self.steps):
            of_size = np.minimum((self.near * 3).astype(np.int64), 2) == kind
            self._dab(onto, px[of_size], py[of_size], light[of_size], spot)

    def _dab(
        self,
        onto: Planes,
        x: NDArray[np.int64],
        y: NDArray[np.int64],
        light: NDArray[np.float64],
        spot: NDArray[np.float64],
    ) -> None:
        reach = spot.shape[0] // 2
        inside = (x >= reach) & (x < onto.width - reach - 1) & (y >= reach) & (y < onto.height - reach - 1)
        x, y, light = x[inside], y[inside], light[inside]
        if not len(x):
            return
        goal = 235.0 if self.tint is None else self.tint[0]
        flat = onto.y.reshape(-1)
        at = (y * onto.width + x)[:, None] + _offsets(reach, onto.width)[None, :]
        weight = light[:, None] * spot.reshape(-1)[None, :]
        old = flat[at].astype(np.float64)
        flat[at] = np.clip(old + weight * (goal - old), 16, 235).astype(np.uint8)
        if self.tint is None:
            return
        small = np.ascontiguousarray(spot[::2, ::2]) if reach > 1 else spot[reach : reach + 1, reach : reach + 1]
        half = small.shape[0] // 2
        keep = (
            (x // 2 >= half) & (x // 2 < onto.width // 2 - half) & (y // 2 >= half) & (y // 2 < onto.height // 2 - half)
        )
        at = ((y // 2) * (onto.width // 2) + x // 2)[keep, None] + _offsets(half, onto.width // 2)[None, : small.size]
        weight = light[keep, None] * small.reshape(-1)[None, :]
        for plane, value in ((onto.u, self.tint[1]), (onto.v, self.tint[2])):
            flat = plane.reshape(-1)
            old = flat[at].astype(np.float64)
            flat[at] = np.clip(old + weight * (value - old), 16, 240).astype(np.uint8)


def _spot(radius: float) -> NDArray[np.float64]:
    reach = max(1, math.ceil(radius * 1.4))
    at = np.arange(-reach, reach + 1, dtype=np.float64)
    away = np.hypot(at[:, None], at[None, :]) / radius
    return np.exp(-(away**2) * 1.2)


def _offsets(reach: int, width: int) -> NDArray[np.int64]:
    at = np.arange(-reach, reach + 1, dtype=np.int64)
    return (at[:, None] * width + at[None, :]).reshape(-1)


class Rain:
    """Streaks on tiles that run down the frame, several depths of them."""

    def __init__(self, setting: Setting) -> None:
        s = self.setting = setting
        rng = s.plan.chance("rain")
        self.tiles: list[tuple[U8, int, int]] = []
        lean = (s.plan.wind - 0.1) * 0.35 * (1 if s.sun_x < 0.5 else -1)
        for depth, (length, light, speed) in enumerate(((0.05, 16, 1.1), (0.085, 24, 1.7), (0.13, 30, 2.5))):
            high = max(8, round((0.9 + 0.13 * depth) * s.unit / 2) * 2)
            tile = np.zeros((high, s.width + 2), np.uint8)
            count = int(s.plan.rain * (340, 150, 60)[depth] * s.width / s.unit)
            steps = max(2, round(length * s.unit))
            at = np.arange(steps)
            x0, y0 = rng.random(count) * s.width, rng.random(count) * high
            thick = 1 if s.unit < 1000 else 2
            for wide in range(thick):
                x = (x0[:, None] + at[None, :] * lean + wide).astype(np.int64) % s.width
                y = (y0[:, None] + at[None, :]).astype(np.int64) % high
                tile[y, x] = (light * np.sin(np.pi * (at + 0.5) / steps)).astype(np.uint8)[None, :]
            laps = max(1, round(speed * s.seconds * s.unit / high))
            self.tiles.append((tile, laps, high))

    def draw(self, onto: Planes, frame: int) -> None:
        """Brighten the streaks of a frame."""
        s = self.setting
        for tile, laps, high in self.tiles:
            start = (-round(high * laps * frame / s.frames)) % high
            row = 0
            while row < onto.height:
                rows = min(high - start, onto.height - row)
                part = onto.y[row : row + rows]
                np.minimum(part, 203, out=part)
                part += tile[start : start + rows, : onto.width]
                row, start = row + rows, 0


def falling(setting: Setting) -> list[Motes | Rain]:
    """All that a plan lets fall or float."""
    s, plan = setting, setting.plan
    found: list[Motes | Rain] = []
    if plan.rain > 0.25:
        found.append(Rain(s))
    if plan.snow:
        found.append(Motes(s, "snow", int(420 * plan.snow) + 40, 0.0065, 1.6 + plan.wind, 0.03, None, 0.85))
    rng = plan.chance("air")
    for mote in plan.motes:
        match mote:
            case "fireflies":
                found.append(Motes(s, mote, 90, 0.006, -0.15, 0.05, (1.0, 0.93, 0.35), 0.95, blink=True, low=0.45))
            case "petals":
                found.append(Motes(s, mote, 110, 0.0065, 0.8, 0.07, (1.0, 0.74, 0.82), 0.9))
            case "leaves":
                found.append(Motes(s, mote, 80, 0.007, 0.9, 0.08, (0.90, 0.42, 0.10), 0.9))
            case "embers":
                found.append(Motes(s, mote, 150, 0.0045, -1.2, 0.05, (1.0, 0.55, 0.12), 0.95))
            case "bubbles":
                found.append(Motes(s, mote, 90, 0.007, -0.9, 0.02, (0.75, 0.95, 1.0), 0.45))
            case "lanterns":
                found.append(Motes(s, mote, 60, 0.013, -0.35, 0.02, (1.0, 0.66, 0.25), 0.95))
            case "confetti":
                hue = (pick(rng, 0.5, 1.0), pick(rng, 0.3, 0.9), pick(rng, 0.3, 1.0))
                found.append(Motes(s, mote, 200, 0.006, 1.2, 0.05, hue, 0.95))
            case "dust":
                found.append(Motes(s, mote, 120, 0.004, -0.12, 0.04, (1.0, 0.9, 0.7), 0.5))
            case _:
                pass
    return found
