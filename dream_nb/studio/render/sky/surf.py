"""Surf: crests of foam that roll towards the shore, and spray where they break."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.planes import Planes, yuv_of
from dream_nb.studio.render.sky.weather import dab, spot
from dream_nb.studio.render.stage import SceneStage

_CRESTS: Final = 4
# The largest height of a crest, in rows.
_ROWS: Final = 16
_BURSTS: Final = 5
_DROPS: Final = 110
# Seconds from one breaker to the next at the same place, and seconds that a burst of spray takes.
_ROLLS: Final = 6.0
_BREAKS: Final = 2.4
_WHITE: Final = (0.97, 0.98, 1.0)
ROUGH: Final = 0.75
"""Waves that are at least this high break."""


class Surf:
    """Draws the foam of a rough sea onto its water."""

    def __init__(self, stage: SceneStage) -> None:
        s = self.stage = stage
        rng = s.plan.chance("surf")
        across = np.linspace(0.0, 1.0, s.width)
        knots, fine = np.linspace(0.0, 1.0, 9), np.linspace(0.0, 1.0, max(9, round(90 * s.width / s.unit)))
        # Each crest is a separate curved line that breaks in places.
        self.bends = [
            np.interp(across, knots, rng.random(9) - 0.5) + 0.10 * np.interp(across, fine, rng.random(len(fine)))
            for _ in range(_CRESTS)
        ]
        broken = [np.clip((np.interp(across, knots, rng.random(9)) - 0.35) * 4.0, 0.0, 1.0) for _ in range(_CRESTS)]
        profile = np.sin(np.pi * (np.arange(_ROWS) + 0.7) / (_ROWS + 0.7)) ** 0.7 * np.linspace(1.0, 0.25, _ROWS)
        self.foam = [
            (
                each[:, None] * profile[None, :] * np.interp(across, fine, 0.6 + 0.4 * rng.random(len(fine)))[:, None]
            ).astype(np.float32)
            for each in broken
        ]
        self.columns = np.arange(s.width)
        self.rolls, self.breaks = (s.cycles(seconds) for seconds in (_ROLLS, _BREAKS))
        self.bursts = rng.random((_BURSTS, 3))
        self.drops = rng.random((_BURSTS, _DROPS, 3))
        self.tint = yuv_of(s.style.one(mix(s.light.horizon, _WHITE, 0.75)))
        self.spots = [spot(max(0.7, size * s.unit)) for size in (0.0014, 0.0020, 0.0028)]
        self.strength = min(1.0, 0.40 + 1.2 * (s.plan.waves - ROUGH))

    def draw(self, onto: Planes, frame: int) -> None:
        """Draw crests and spray into a frame."""
        part = frame / self.stage.frames if self.stage.frames > 1 else 0.3
        for number in range(_CRESTS):
            self._crest(onto, number, (number / _CRESTS + self.rolls * part) % 1.0)
        for number in range(_BURSTS):
            self._burst(onto, number, (float(self.bursts[number, 2]) + self.breaks * part) % 1.0)

    def _row(self, near: float) -> float:
        """The row of a point on the water; `near` is 0 at the horizon and 1 at the lower edge of the frame."""
        s = self.stage
        return s.horizon + (s.height - s.horizon) * near

    def _crest(self, onto: Planes, number: int, way: float) -> None:
        s = self.stage
        near = 0.04 + 0.9 * way**1.7
        # A crest grows on its way, and has vanished at the shore.
        light = np.float32(self.strength * math.sin(math.pi * way) ** 0.6)
        deep = max(2, min(_ROWS, round(0.045 * near * s.unit)))
        first = np.rint(self._row(near) + 0.10 * self.bends[number] * near * s.unit).astype(np.int64)
        rows = first[:, None] + np.arange(deep)[None, :]
        at = (np.clip(rows, s.horizon, s.height - 1) * s.width + self.columns[:, None]).reshape(-1)
        cover = (light * self.foam[number][:, np.arange(deep) * _ROWS // deep]).reshape(-1)
        flat = onto.y.reshape(-1)
        old = flat[at].astype(np.float32)
        flat[at] = (old + cover * (np.float32(self.tint[0]) - old)).astype(np.uint8)

    def _burst(self, onto: Planes, number: int, age: float) -> None:
        """Draw drops that are thrown up where a crest breaks."""
        s = self.stage
        place, near, _ = self.bursts[number]
        near = 0.15 + 0.6 * near
        drops = self.drops[number]
        # Most drops stay low and near the middle.
        aside = drops[:, 0] + drops[:, 2] - 1.0
        rise = (0.02 + 0.20 * drops[:, 1] ** 2.5) * (1.0 - aside**2) * (0.4 + near) * self.strength
        up = 4.0 * rise * age * (1.0 - age)
        out = aside * (0.08 + 0.10 * age) * (0.4 + near)
        x = np.rint(place * s.width + out * s.unit).astype(np.int64)
        y = np.rint(self._row(near) - up * s.unit).astype(np.int64)
        light = np.full(len(drops), self.strength * (1.0 - age) ** 0.8)
        dab(onto, x, y, light, self.spots[min(2, int(near * 3))], self.tint)
