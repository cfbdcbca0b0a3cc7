"""The glowing floor of synthwave, which runs towards the viewer."""

from __future__ import annotations

import numpy as np

from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.planes import Planes, yuv_of
from dream_nb.studio.render.stage import SceneStage


class NeonFloor:
    """Draws glowing lines over everything below the horizon."""

    def __init__(self, stage: SceneStage) -> None:
        s = self.stage = stage
        self.first = (s.horizon + round(0.06 * s.unit)) // 2 * 2
        rows = s.height - self.first
        self.below = (np.arange(rows, dtype=np.float64) + 0.5) / s.unit
        x = (np.arange(s.width, dtype=np.float64) + 0.5 - s.width / 2) / s.unit
        place = x[None, :] / (self.below[:, None] + 0.02) * 0.55
        away = np.abs(place - np.rint(place)) * (self.below[:, None] + 0.02) / 0.55 * s.unit
        self.fade = np.clip(self.below * 9.0, 0.0, 1.0)
        self.columns = (np.clip(1.6 - away, 0.0, 1.0) + 0.35 * np.exp(-away / 5.0)) * self.fade[:, None]
        self.floor = yuv_of((0.10, 0.02, 0.20))
        self.line = yuv_of((1.0, 0.25, 0.85))
        self.laps = max(1, round(2.4 * s.seconds * s.plan.pace))

    def draw(self, onto: Planes, frame: int) -> None:
        """Replace the rows below the horizon."""
        s = self.stage
        depth = 0.28 / (self.below + 0.02) + self.laps * frame / s.frames
        away = np.abs(depth - np.rint(depth)) * (self.below + 0.02) ** 2 / 0.28 * s.unit
        rows = (np.clip(1.8 - away, 0.0, 1.0) + 0.35 * np.exp(-away / 5.0)) * self.fade
        light = np.minimum(np.maximum(self.columns, rows[:, None]), 1.0).astype(np.float32)
        small = light[0::2, 0::2] * np.float32(0.5) + light[1::2, 1::2] * np.float32(0.5)
        for plane, cover, floor, line, half in zip(
            onto.all, (light, small, small), self.floor, self.line, (1, 2, 2), strict=True
        ):
            value = np.float32(floor) + cover * np.float32(line - floor)
            plane[self.first // half :] = _kept(value, plane, self.first // half)


def _kept(value: np.ndarray[tuple[int, ...], np.dtype[np.float32]], plane: U8, first: int) -> U8:
    """The floor, with a little of what was drawn there before mixed in."""
    below = plane[first:].astype(np.float32)
    mixed: U8 = (value * np.float32(0.86) + below * np.float32(0.14)).astype(np.uint8)
    return mixed
