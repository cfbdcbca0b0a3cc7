"""Matter that flows over the whole frame: ink, smoke, liquid metal. Computed coarsely for each frame, then enlarged."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.noise import F32, resized
from dream_nb.studio.render.plane_scaler import PlaneScaler
from dream_nb.studio.render.planes import Planes, yuv
from dream_nb.studio.render.stage import SceneStage

SIDE: Final = 1024
"""Width and height of a tile of noise, in pixels."""
_PIXELS: Final = 60_000
STEPS: Final = 128
"""Rows and columns in the table of a flow's colours."""

Indices = NDArray[np.int64]


def tile(rng: np.random.Generator, cells: int, octaves: int, gain: float = 0.5) -> F32:
    """Noise, about -1 to 1, that repeats without a seam; `SIDE` x `SIDE` pixels.

    Args:
        rng: generator for its forms.
        cells: number of cells of the first octave in each direction.
        octaves, gain: as for `fbm2`.
    """
    total, norm, weight = np.zeros((SIDE, SIDE), np.float32), 0.0, 1.0
    for octave in range(octaves):
        count = cells * 2**octave
        knots = np.pad(rng.random((count, count)).astype(np.float32) * 2.0 - 1.0, 3, mode="wrap")
        total += weight * resized(knots, SIDE, SIDE, (3.0, 3.0, 3.0 + count, 3.0 + count))
        norm += weight
        weight *= gain
    return total * np.float32(1.6 / norm)


class FlowingMatter:
    """A flowing field, shown in colours. A clip that loops ends as it began.

    Args:
        stage: the stage of the scene.
        colours: `STEPS` x `STEPS` colours, 0 to 1: rows by the first value of `_values`, columns by the second.
        name: seeds the random choices.
    """

    def __init__(self, stage: SceneStage, colours: F32, name: str) -> None:
        s = self.stage = stage
        rng = self.rng = s.plan.chance("flow", name)
        fine = min(1.0, math.sqrt(_PIXELS / (s.width * s.height)))
        self.wide = max(8, min(s.width, 2 * round(s.width * fine / 2)))
        self.high = max(8, min(s.height, 2 * round(s.height * fine / 2)))
        # A tile is wider than all but the widest frames, so that nothing is seen twice.
        self.scale = SIDE / (2.2 * s.unit)
        start = rng.random(2) * SIDE
        self.u: F32 = ((np.arange(self.wide, dtype=np.float32) + 0.5) * (s.width / self.wide * self.scale) + start[0])[
            None, :
        ]
        self.v: F32 = ((np.arange(self.high, dtype=np.float32) + 0.5) * (s.height / self.high * self.scale) + start[1])[
            :, None
        ]
        self.u, self.v = self.u.astype(np.float32), self.v.astype(np.float32)
        self.phases = (rng.random(8) * 2 * math.pi).tolist()
        planes = yuv(s.style.grade(np.clip(colours, 0.0, 1.15)))
        self.tables = [np.clip(np.rint(plane), 16, 240).astype(np.uint8).reshape(-1) for plane in planes]
        self.scalers = (PlaneScaler(), PlaneScaler())

    def draw(self, canvas: Planes, frame: int) -> None:
        """Fill a frame."""
        s = self.stage
        dx, dy = s.shift(frame, 0.25)
        first, second = self._values(self.u - np.float32(dx * self.scale), self.v - np.float32(dy * self.scale), frame)
        at = _steps(first) * STEPS + _steps(second)
        for plane, table, half in zip(canvas.all, self.tables, (1, 2, 2), strict=True):
            seen = table.take(at if half == 1 else np.ascontiguousarray(at[::2, ::2]), mode="clip")
            height, width = plane.shape
            plane[:] = self.scalers[half - 1].scaled(seen, (width, height))

    def _values(self, u: F32, v: F32, frame: int) -> tuple[F32, F32]:
        """Two fields of a frame, 0 to 1.

        Args:
            u, v: columns and rows of a tile; they broadcast.
            frame: counted from 0.
        """
        raise NotImplementedError

    def _circle(self, frame: int, number: int, radius: float, seconds: float) -> tuple[np.float32, np.float32]:
        """A position on a circle, in pixels of a tile, that returns to its start at the end of a clip."""
        turn = self.stage.cycles(seconds) * self.stage.turn(frame) + self.phases[number]
        return np.float32(radius * math.cos(turn)), np.float32(radius * math.sin(turn))

    def _risen(self, frame: int, seconds: float) -> np.float32:
        """How far the matter has risen in a frame, in pixels of a tile; a loop rises by whole tiles."""
        s = self.stage
        laps = s.plan.pace * s.seconds / seconds
        if s.loop:
            laps = float(max(1, round(laps)))
        return np.float32(SIDE * laps * frame / max(1, s.frames))


def sample(noise: F32, u: F32, v: F32) -> F32:
    """The pixels of a tile at columns and rows, which wrap around its edges; not interpolated."""
    columns, rows = u.astype(np.int64) & (SIDE - 1), v.astype(np.int64) & (SIDE - 1)
    return noise.reshape(-1).take(rows * SIDE + columns, mode="clip")


def smooth(noise: F32, u: F32, v: F32) -> F32:
    """The values of a tile at columns and rows, which wrap around its edges; interpolated."""
    column, row = np.floor(u), np.floor(v)
    across, down = u - column, v - row
    left, top = column.astype(np.int64) & (SIDE - 1), (row.astype(np.int64) & (SIDE - 1)) * SIDE
    right, foot = (left + 1) & (SIDE - 1), (top + SIDE) & (SIDE * SIDE - 1)
    flat = noise.reshape(-1)
    upper = flat.take(top + left, mode="clip")
    upper += across * (flat.take(top + right, mode="clip") - upper)
    lower = flat.take(foot + left, mode="clip")
    lower += across * (flat.take(foot + right, mode="clip") - lower)
    lower -= upper
    lower *= down
    upper += lower
    return upper


def _steps(values: F32) -> Indices:
    steps: Indices = np.clip(values * np.float32(STEPS), 0, STEPS - 1).astype(np.int64)
    return steps


class Ink(FlowingMatter):
    """Colours that run into each other, in fine threads."""

    def __init__(self, stage: SceneStage, colours: F32) -> None:
        super().__init__(stage, colours, "ink")
        self.broad = tile(self.rng, 5, 2)
        self.middle = tile(self.rng, 7, 3)
        self.fine = tile(self.rng, 7, 6, gain=0.52)

    def _values(self, u: F32, v: F32, frame: int) -> tuple[F32, F32]:
        ax, ay = self._circle(frame, 0, 42.0, 9.0)
        bx, by = self._circle(frame, 1, 30.0, 7.0)
        p = sample(self.broad, u + ax, v + ay)
        q = sample(self.broad, u * 1.0 + (bx + 171), v + (by + 93))
        r = smooth(self.middle, u + 80.0 * p, v + 80.0 * q)
        t = sample(self.middle, u + (60.0 * q + 201), v + 60.0 * r)
        f = smooth(self.fine, u + (100.0 * r + ay), v + (100.0 * t + bx))
        return 0.5 + 0.52 * f + 0.16 * r, 0.5 + 0.45 * t + 0.25 * p


class Smoke(FlowingMatter):
    """Smoke that rises and curls, lit from one side."""

    def __init__(self, stage: SceneStage, colours: F32) -> None:
        super().__init__(stage, colours, "smoke")
        self.broad = tile(self.rng, 5, 3)
        self.fine = tile(self.rng, 7, 6, gain=0.52)
        s = stage
        lean = float(self.rng.random()) - 0.5
        x = np.linspace(-0.5, 0.5, self.wide, dtype=np.float32)[None, :] * np.float32(s.width / s.unit)
        y = np.linspace(0.0, 1.0, self.high, dtype=np.float32)[:, None]
        middle = (1.0 - y) * lean * 0.8 + 0.10 * np.sin(y * 5.0 + self.phases[2])
        away = np.abs(x - middle) / (0.20 + 0.55 * (1.0 - y))
        self.thick: F32 = (1.15 * np.exp(-((away * 0.9) ** 2)) - 0.42).astype(np.float32)

    def _values(self, u: F32, v: F32, frame: int) -> tuple[F32, F32]:
        up = self._risen(frame, 15.0)
        ax, ay = self._circle(frame, 0, 30.0, 8.0)
        p = sample(self.broad, u + ax, v + (up + ay))
        q = sample(self.broad, u + (ay + 130), v + (up + 217))
        r = sample(self.broad, u + 72.0 * p, v + (72.0 * q + up))
        f = smooth(self.fine, u + (84.0 * r + 46.0 * p), v + (60.0 * q + up))
        density = np.clip(self.thick + 0.50 * f + 0.22 * r, 0.0, None)
        lit = 0.5 + 2.2 * (density - np.roll(density, 3, axis=1)) + 0.30 * q
        return np.sqrt(density), lit


class Metal(FlowingMatter):
    """Liquid metal: a smooth, wavy surface that reflects bright lamps and a dark room."""

    def __init__(self, stage: SceneStage, colours: F32) -> None:
        super().__init__(stage, colours, "metal")
        self.broad = tile(self.rng, 3, 2)
        self.middle = tile(self.rng, 5, 2, gain=0.35)
        self.steep = np.float32(self.wide / (stage.width / stage.unit) / 5.2)

    def _values(self, u: F32, v: F32, frame: int) -> tuple[F32, F32]:
        ax, ay = self._circle(frame, 0, 52.0, 9.0)
        bx, by = self._circle(frame, 1, 44.0, 7.0)
        # Interpolated, because the slope would show the steps between the pixels of a tile.
        p = smooth(self.broad, u + ax, v + ay)
        q = smooth(self.broad, u + (bx + 250), v + (by + 99))
        high = smooth(self.middle, u + (96.0 * p + by), v + 96.0 * q)
        high += 0.35 * p
        across = np.empty_like(high)
        across[:, 1:-1] = high[:, 2:] - high[:, :-2]
        across[:, 0], across[:, -1] = across[:, 1], across[:, -2]
        down = np.empty_like(high)
        down[1:-1] = high[2:] - high[:-2]
        down[0], down[-1] = down[1], down[-2]
        across *= self.steep
        down *= self.steep
        size = np.reciprocal(np.sqrt(1.0 + across * across + down * down))
        down *= size
        across *= size
        return 0.5 + 0.5 * down, 0.5 + 0.5 * across
