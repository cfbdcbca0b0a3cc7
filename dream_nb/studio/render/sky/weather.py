"""Weather in front of a scene: rain, snow, petals, fireflies, lightning, fireworks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.noise import U8, pick
from dream_nb.studio.render.planes import Planes, yuv_of
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB


class Motes:
    """Small soft spots that drift. In a clip that loops, each is back in its place at the end.

    Args:
        stage: the stage of the scene.
        name: seeds the random choices.
        count: number of spots.
        size: radius of the largest, in scene units.
        fall: heights of the frame that the nearest fall in five seconds; negative to rise.
        sway: how far they sway to each side, in scene units.
        tint: their colour, or None to brighten only.
        strength: coverage at their centres, 0 to 1.
        blink: whether they blink.
        low: part of the frame's height, from the top, that stays free of them.
    """

    def __init__(
        self,
        stage: SceneStage,
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
        s = self.stage = stage
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
        self.tint = None if tint is None else yuv_of(s.style.one(tint))
        self.steps = [spot(max(0.55, size * s.unit * k)) for k in (0.45, 0.7, 1.0)]

    def draw(self, onto: Planes, frame: int) -> None:
        """Draw them into a frame."""
        s, p = self.stage, self.place
        part = frame / s.frames
        turn = s.turn(frame)
        band = 1.0 - self.low
        y = self.low + ((p[:, 1] + self.laps * part) % 1.0) * (band + 0.1) - 0.05
        beats = 1 + (p[:, 3] * 3).astype(np.int64)
        x = (p[:, 0] + self.gust * part * s.lee) % 1.0 * 1.1 - 0.05
        swing = self.sway * np.sin(beats * turn + 2 * np.pi * p[:, 4])
        light = np.full(len(p), self.strength)
        if self.blink:
            light = light * np.clip(np.sin((1 + (p[:, 5] * 4).astype(np.int64)) * turn + 40 * p[:, 5]) * 1.4, 0.0, 1.0)
            y = y + 0.04 * np.sin(beats * turn + 9 * p[:, 5])
        px = np.rint(x * s.width + swing * s.unit).astype(np.int64)
        py = np.rint(y * s.height).astype(np.int64)
        for kind, step in enumerate(self.steps):
            of_size = np.minimum((self.near * 3).astype(np.int64), 2) == kind
            dab(onto, px[of_size], py[of_size], light[of_size], step, self.tint)


def dab(
    onto: Planes,
    x: NDArray[np.int64],
    y: NDArray[np.int64],
    light: NDArray[np.float64],
    shape: NDArray[np.float64],
    tint: tuple[float, float, float] | None,
) -> None:
    """Draw soft spots into a frame.

    Args:
        x, y: their centres in pixels; spots at the edge of the frame are left out.
        light: coverage of each spot, 0 to 1.
        shape: coverage of one spot, a square array.
        tint: Y, U and V, or None to brighten only.
    """
    reach = shape.shape[0] // 2
    inside = (x >= reach) & (x < onto.width - reach - 1) & (y >= reach) & (y < onto.height - reach - 1)
    x, y, light = x[inside], y[inside], light[inside]
    if not len(x):
        return
    goal = 235.0 if tint is None else tint[0]
    flat = onto.y.reshape(-1)
    at = (y * onto.width + x)[:, None] + _offsets(reach, onto.width)[None, :]
    weight = light[:, None] * shape.reshape(-1)[None, :]
    old = flat[at].astype(np.float64)
    flat[at] = np.clip(old + weight * (goal - old), 16, 235).astype(np.uint8)
    if tint is None:
        return
    small = np.ascontiguousarray(shape[::2, ::2]) if reach > 1 else shape[reach : reach + 1, reach : reach + 1]
    half = small.shape[0] // 2
    keep = (x // 2 >= half) & (x // 2 < onto.width // 2 - half) & (y // 2 >= half) & (y // 2 < onto.height // 2 - half)
    at = ((y // 2) * (onto.width // 2) + x // 2)[keep, None] + _offsets(half, onto.width // 2)[None, : small.size]
    weight = light[keep, None] * small.reshape(-1)[None, :]
    for plane, value in ((onto.u, tint[1]), (onto.v, tint[2])):
        flat = plane.reshape(-1)
        old = flat[at].astype(np.float64)
        flat[at] = np.clip(old + weight * (value - old), 16, 240).astype(np.uint8)


def spot(radius: float) -> NDArray[np.float64]:
    """The coverage of a soft spot of this radius in pixels."""
    reach = max(1, math.ceil(radius * 1.4))
    at = np.arange(-reach, reach + 1, dtype=np.float64)
    away = np.hypot(at[:, None], at[None, :]) / radius
    return np.exp(-(away**2) * 1.2)


def _offsets(reach: int, width: int) -> NDArray[np.int64]:
    at = np.arange(-reach, reach + 1, dtype=np.int64)
    return (at[:, None] * width + at[None, :]).reshape(-1)


class Rain:
    """Streaks of rain on tiles that run down the frame, at several depths."""

    def __init__(self, stage: SceneStage) -> None:
        s = self.stage = stage
        rng = s.plan.chance("rain")
        self.tiles: list[tuple[U8, int, int]] = []
        lean = (s.plan.wind - 0.1) * 0.35 * s.lee
        for depth, (length, light, speed) in enumerate(((0.05, 16, 1.1), (0.085, 24, 1.7), (0.13, 30, 2.5))):
            high = max(8, round((0.9 + 0.13 * depth) * s.unit / 2) * 2)
            tile = np.zeros((high, s.width + 2), np.uint8)
            count = int(s.plan.rain * (300, 140, 56)[depth] * s.width / s.unit)
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
        """Draw the streaks into a frame by brightening it."""
        s = self.stage
        for tile, laps, high in self.tiles:
            start = (-round(high * laps * frame / s.frames)) % high
            row = 0
            while row < onto.height:
                rows = min(high - start, onto.height - row)
                part = onto.y[row : row + rows]
                np.minimum(part, 203, out=part)
                part += tile[start : start + rows, : onto.width]
                row, start = row + rows, 0


class Lightning:
    """Bolts of lightning and their light, at some moments of a clip; an image shows one."""

    def __init__(self, stage: SceneStage) -> None:
        s = self.stage = stage
        rng = s.plan.chance("lightning")
        count = max(1, round(s.seconds / 2.2)) if s.frames > 1 else 1
        self.bolts = []
        for number in range(count):
            when = (0.12 + 0.76 * (number + 0.7 * float(rng.random())) / count) * s.frames if s.frames > 1 else 0.0
            self.bolts.append((int(when), self._bolt(rng)))

    def _bolt(self, rng: np.random.Generator) -> list[tuple[NDArray[np.int64], NDArray[np.int64], float]]:
        s = self.stage
        x, lean = s.width * pick(rng, 0.15, 0.85), pick(rng, -0.25, 0.25)
        rows = np.arange(float(s.horizon))
        knots = np.linspace(0.0, s.horizon, 40)
        main = x + lean * rows + np.interp(rows, knots, np.cumsum(rng.random(40) - 0.5) * 0.045 * s.unit)
        strokes = [(np.rint(main).astype(np.int64), rows.astype(np.int64), 1.0)]
        for _ in range(3):
            start = int(pick(rng, 0.2, 0.6) * s.horizon)
            end = min(s.horizon, start + int(pick(rng, 0.15, 0.35) * s.horizon))
            wander = np.interp(rows, knots, np.cumsum(rng.random(40) - 0.5) * 0.045 * s.unit)[start:end]
            side = 0.55 if rng.random() < 0.5 else -0.55
            column = main[start] + (lean + side) * np.arange(end - start) + wander - (wander[0] if len(wander) else 0.0)
            strokes.append((np.rint(column).astype(np.int64), rows[start:end].astype(np.int64), 0.45))
        return strokes

    def draw(self, onto: Planes, frame: int) -> None:
        """Draw the bolts and their light into a frame that lies in one of the moments."""
        s = self.stage
        for when, strokes in self.bolts:
            age = (frame - when) / (0.38 * s.frames / s.seconds) if s.frames > 1 else 0.15
            if not 0.0 <= age < 1.0:
                continue
            flicker = (1.0 - age) ** 2 * (0.65 + 0.35 * math.cos(18 * age))
            lift = np.uint8(round(52 * flicker))
            np.minimum(onto.y, np.uint8(235) - lift, out=onto.y)
            np.add(onto.y, lift, out=onto.y)
            if age > 0.7:
                continue
            for x, y, light in strokes:
                for radius, strength in ((0.016, 0.28), (0.0030, 1.0)):
                    self._stroke(onto, x, y, radius * s.unit, strength * light * (1.0 - age))

    def _stroke(self, onto: Planes, x: NDArray[np.int64], y: NDArray[np.int64], radius: float, power: float) -> None:
        reach = max(1, math.ceil(radius * 1.5))
        inside = (x >= reach) & (x < onto.width - reach) & (y < onto.height)
        x, y = x[inside], y[inside]
        for dx in range(-reach, reach + 1):
            weight = np.float32(power * math.exp(-((dx / max(0.6, radius)) ** 2)))
            old = onto.y[y, x + dx].astype(np.float32)
            onto.y[y, x + dx] = (old + weight * (235 - old)).astype(np.uint8)


class Fireworks:
    """Shells that burst over the scene, one after another; an image shows several at once."""

    _HUES: tuple[RGB, ...] = (
        (1.0, 0.45, 0.35),
        (1.0, 0.85, 0.45),
        (0.5, 0.8, 1.0),
        (0.85, 0.5, 1.0),
        (0.5, 1.0, 0.6),
        (1.0, 0.6, 0.85),
    )

    def __init__(self, stage: SceneStage) -> None:
        s = self.stage = stage
        rng = s.plan.chance("fireworks")
        self.shells = []
        count = max(4, round(1.8 * s.seconds))
        for number in range(count):
            points = rng.random((90, 3))
            place = ((0.12 + 0.76 * float(rng.random())) * s.width, s.horizon * pick(rng, 0.14, 0.55))
            hue = self._HUES[int(rng.random() * len(self._HUES))]
            tint = yuv_of(s.style.one(hue))
            self.shells.append((number / count, place, pick(rng, 0.13, 0.24) * s.unit, points, tint))
        self.spark = spot(max(0.6, 0.0032 * s.unit))
        self.life = 1.9 / s.seconds

    def draw(self, onto: Planes, frame: int) -> None:
        """Draw the sparks into a frame."""
        s = self.stage
        for start, (x, y), reach, points, tint in self.shells:
            age = ((frame / s.frames - start) % 1.0) / self.life if s.frames > 1 else 0.30 + start * 1.5
            if age >= 1.0:
                continue
            turn = 2 * np.pi * points[:, 0]
            up = 2 * points[:, 1] - 1
            flat = np.sqrt(1 - up * up)
            for echo in range(6):
                t = max(0.0, age - 0.028 * echo)
                out = reach * (1 - math.exp(-4.2 * t)) * (0.9 + 0.1 * points[:, 2])
                px = np.rint(x + out * flat * np.cos(turn)).astype(np.int64)
                py = np.rint(y - out * up + 0.16 * s.unit * t * t).astype(np.int64)
                light = np.full(len(px), (1 - age) ** 1.4 * (1.0, 0.7, 0.5, 0.36, 0.25, 0.16)[echo])
                dab(onto, px, py, light, self.spark, tint)
            if age < 0.25:
                glow = spot(0.16 * s.unit)
                dab(onto, np.array([round(x)]), np.array([round(y)]), np.array([0.5 * (1 - age * 4)]), glow, tint)


def aloft(stage: SceneStage) -> list[Lightning | Fireworks]:
    """The lightning and fireworks that light up the sky behind the land."""
    found: list[Lightning | Fireworks] = []
    if stage.plan.storm:
        found.append(Lightning(stage))
    if "fireworks" in stage.plan.motes:
        found.append(Fireworks(stage))
    return found


def falling(stage: SceneStage) -> list[Motes | Rain]:
    """Everything in a plan that falls or floats."""
    s, plan = stage, stage.plan
    found: list[Motes | Rain] = []
    # Rain and snow fall on landscapes and streets. A place with windows draws them behind the panes.
    outside = plan.place in ("", "street")
    if plan.rain > 0.25 and outside:
        found.append(Rain(s))
    if plan.snow and outside:
        found.append(Motes(s, "snow", int(390 * plan.snow) + 60, 0.0046, 1.6 + plan.wind, 0.03, None, 0.85))
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
