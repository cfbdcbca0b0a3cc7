"""Views that move the pixels of a finished frame: another angle, a little planet, a dolly zoom, motion blur."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from dream_nb.studio.render.finish.lens import FINER, Lens
from dream_nb.studio.render.noise import F64, U8
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.stage import SceneStage

_Places = NDArray[np.int64]


class View(Protocol):
    """The effect of a concept on a frame."""

    def apply(self, canvas: Planes, frame: int) -> None:
        """Change a frame in place.

        Args:
            canvas: the frame.
            frame: its number, counted from 0.
        """


def views(stage: SceneStage) -> list[View]:
    """Return the views that a stage asks for, in the order in which they are applied."""
    h = stage.height
    found: list[View] = []
    for name in stage.effects:
        match name:
            case "converging up":
                found.append(Angle(stage, _linear(0, h, h), np.linspace(1.0, 0.74, h)))
            case "converging down":
                found.append(Angle(stage, _linear(0, h, h), np.linspace(0.76, 1.0, h)))
            case "planet":
                found.append(TinyPlanet(stage))
            case "streaks":
                found.append(Streaks(stage))
            case _:
                pass
    return found


def _linear(first: float, last: float, rows: int) -> F64:
    """Return the middles of rows that divide a part of the frame evenly, from `first` to `last`."""
    return first + (last - first) * (np.arange(rows, dtype=np.float64) + 0.5) / rows


def _places(width: int, height: int, rows: F64, narrow: F64, finer: int) -> _Places:
    """Return where each pixel of a plane comes from, as an index into a copy that is `finer` times as large.

    Args:
        width, height: the size of the plane.
        rows: the source of each row, from 0 to `height`.
        narrow: the fraction of the source's width that each row shows, at most 1.
        finer: the factor of the copy's size.
    """
    # Integers are twice as fast here. The unit is half a pixel, times 4096ths.
    x = (2 * np.arange(width, dtype=np.int32) + np.int32(1 - width)) * np.int32(finer)
    column = x[None, :] * np.rint(narrow * 4096.0).astype(np.int32)[:, None]
    column >>= 13
    row = np.clip((rows * finer).astype(np.int64), 0, finer * height - 1)
    return column + (row * (finer * width) + finer * width // 2)[:, None]


def _halved(values: F64) -> F64:
    return (values[0::2] + values[1::2]) / 2


class Angle:
    """Replaces each row of a frame by another row, stretched.

    Args:
        stage: the stage of the drawing.
        rows: the source of each row, from 0 to the frame's height.
        narrow: the fraction of the source's width that each row shows, at most 1.
    """

    def __init__(self, stage: SceneStage, rows: F64, narrow: F64) -> None:
        w, h = stage.width, stage.height
        self.lens = Lens()
        self.fine = _places(w, h, rows, narrow, FINER)
        self.half = _places(w // 2, h // 2, _halved(rows) / 2, _halved(narrow), 1)

    def apply(self, canvas: Planes, frame: int) -> None:  # noqa: ARG002
        """Change a frame in place."""
        canvas.y = np.take(self.lens.finer(canvas.y), self.fine, mode="clip")
        canvas.u, canvas.v = (np.take(plane, self.half, mode="clip") for plane in (canvas.u, canvas.v))


class Vertigo:
    """The dolly zoom: far things grow around the horizon, and near things keep their size."""

    def __init__(self, stage: SceneStage) -> None:
        s = self.stage = stage
        self.lens = Lens()
        self.middle = float(min(s.horizon, 0.8 * s.height))
        y = _linear(0, s.height, s.height)
        self.away = y - self.middle
        # 1 at the horizon and above it, and 0 at the lower edge of the frame.
        self.far = np.clip(1.0 - self.away / max(1.0, s.height - self.middle), 0.0, 1.0)

    def apply(self, canvas: Planes, frame: int) -> None:
        """Enlarge the far part of a frame in which nothing has been drawn in front yet, in place."""
        s = self.stage
        part = 0.5 + 0.5 * math.sin(s.turn(frame) - math.pi / 2) if s.loop else frame / max(1, s.frames - 1)
        if s.frames == 1:
            part = 0.6
        if not part:
            return
        narrow = 1.0 / (1.0 + 0.85 * part * self.far)
        rows = self.middle + self.away * narrow
        w, h = s.width, s.height
        canvas.y = np.take(self.lens.finer(canvas.y), _places(w, h, rows, narrow, FINER), mode="clip")
        half = _places(w // 2, h // 2, _halved(rows) / 2, _halved(narrow), 1)
        canvas.u, canvas.v = (np.take(plane, half, mode="clip") for plane in (canvas.u, canvas.v))


class TinyPlanet:
    """Bends frames around a little planet that turns, with the ground in the middle and the sky around it."""

    def __init__(self, stage: SceneStage) -> None:
        s = self.stage = stage
        self.lens = Lens()
        # The two ends of the frame overlap and are mixed, to hide the seam.
        self.overlap = max(2, s.width // 12) * 2
        self.laps = 1.0 if s.loop else 0.3 * s.seconds / 5.0
        self.fine = self._around(s.width, s.height, s.width - self.overlap, FINER)
        self.half = self._around(s.width // 2, s.height // 2, (s.width - self.overlap) // 2, 1)

    def _around(self, width: int, height: int, once: int, finer: int) -> _Places:
        """Return where each pixel comes from, as an index into a strip that is two rounds long.

        Args:
            width, height: the size of the plane.
            once: the length of one round, in pixels of the plane.
            finer: how many times as large the strip is as the plane.
        """
        s = self.stage
        horizon = min(s.horizon, round(0.74 * s.height)) * height / s.height
        x = (np.arange(width, dtype=np.float64) + 0.5 - width / 2)[None, :]
        y = (np.arange(height, dtype=np.float64) + 0.5 - height / 2)[:, None]
        # Turned so that the middle of the frame is at the top of the planet.
        angle = np.arctan2(-x, y) / (2 * math.pi) + 0.5
        column = np.clip((angle * once * finer).astype(np.int64), 0, once * finer - 1)
        away = np.maximum(np.hypot(x, y), 1e-3) / (0.29 * min(width, height))
        corner = math.hypot(width, height) / 2 / (0.29 * min(width, height))
        # Forms keep their proportions at the ground, unless more rows are needed to come near the frame's top at the
        # corners.
        high = max(width / (2 * math.pi), 0.86 * horizon / math.log(corner))
        row = np.where(
            away > 1.0, horizon - high * np.log(away), horizon + (height - horizon) * (1.0 - np.minimum(away, 1.0))
        )
        lines = np.clip((row * finer).astype(np.int64), 0, height * finer - 1)
        return lines * (2 * once * finer) + column

    def apply(self, canvas: Planes, frame: int) -> None:
        """Bend a frame in place."""
        s = self.stage
        turn = self.laps * frame / s.frames % 1.0
        self._bend(canvas, turn)

    def _bend(self, canvas: Planes, turn: float) -> None:
        strips = [self._strip(plane, self.overlap // part) for plane, part in zip(canvas.all, (1, 2, 2), strict=True)]
        strips[0] = self.lens.finer(strips[0])
        planes = []
        for strip, places, finer in zip(strips, (self.fine, self.half, self.half), (FINER, 1, 1), strict=True):
            once = strip.shape[1] // 2
            step = round(turn * once / finer) % (once // finer) * finer
            planes.append(np.take(strip.reshape(-1)[step:], places, mode="clip"))
        canvas.y, canvas.u, canvas.v = planes

    def _strip(self, plane: U8, overlap: int) -> U8:
        """Return a plane without its seam, twice side by side."""
        once = plane.shape[1] - overlap
        weight = (np.arange(overlap, dtype=np.int32) * 2 + 1) * 128 // overlap
        round_ = plane[:, :once].copy()
        ends, starts = plane[:, once:].astype(np.int32), plane[:, :overlap].astype(np.int32)
        round_[:, :overlap] = (ends * (256 - weight) + starts * weight) >> 8
        return np.concatenate([round_, round_], axis=1)


class Streaks:
    """The motion blur of a fast camera."""

    def __init__(self, stage: SceneStage) -> None:
        self.stage = stage

    def apply(self, canvas: Planes, frame: int) -> None:
        """Blur a frame in place, along the motion of the camera."""
        s = self.stage
        if s.frames == 1:
            return
        here, before = s.shift(frame, 0.4), s.shift(max(0, frame - 1), 0.4)
        radii = [min(0.04 * s.width, 0.5 * abs(a - b)) for a, b in zip(here, before, strict=True)]
        if max(radii) < 1.0:
            return
        canvas.y = _blurred(canvas.y, radii[0], radii[1])
        canvas.u, canvas.v = (_blurred(plane, radii[0] / 2, radii[1] / 2) for plane in (canvas.u, canvas.v))


def _blurred(plane: U8, across: float, down: float) -> U8:
    return np.array(Image.fromarray(plane).filter(ImageFilter.BoxBlur((across, down))))
