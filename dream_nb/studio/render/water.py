"""Water: mirrors what is above it through travelling waves, tinted by its depth, with glints under the sun."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.noise import U8, chance, pick
from dream_nb.studio.render.palette import luma, mix, times
from dream_nb.studio.render.planes import Planes, yuv_of
from dream_nb.studio.render.setting import Setting
from dream_nb.studio.render.sky import colour

I32 = NDArray[np.int32]
_GROUPS = 3


class Water:
    """Draws the rows below the horizon from those above it.

    A group of waves is kept as a pair of fields, its cosines and sines: cos(turn) times one plus sin(turn) times the
    other is the group travelled on, so a frame costs two products a group, and a whole number of turns closes a loop.
    Places are whole numbers from tables of whole numbers: no rounding can differ between machines.
    """

    def __init__(self, setting: Setting) -> None:
        s, plan, light = setting, setting.plan, setting.light
        self.setting = s
        self.near = 0.10
        _, up = s.margins(self.near)
        self.rows = s.height - s.horizon + up
        w, h = s.width // 2, self.rows
        rng = chance("water", *plan.seed)
        rough = plan.waves * (0.6 + 0.8 * plan.wind)
        x = ((np.arange(w, dtype=np.float64) * 2 + 1 - s.width / 2) / s.unit)[None, :]
        below = ((np.arange(h, dtype=np.float64) + 0.5) / s.unit)[:, None]
        depth = 0.20 / (below + 0.012)  # seen from a height of 0.2 units
        across = x * depth / 0.20 * 0.34
        swell = (2.6 + 34.0 * rough) * (below / (below + 0.10)) ** 1.15 * s.unit / 720.0
        self.fields: list[tuple[I32, I32, int]] = []
        for group in range(_GROUPS):
            cosines, sines = np.zeros((h, w)), np.zeros((h, w))
            for _ in range(3):
                long = (22.0, 60.0, 150.0)[group] * pick(rng, 0.7, 1.4)
                lean = pick(rng, -0.6, 0.6)
                phase = long * (depth * math.cos(lean) + across * math.sin(lean)) + 2 * math.pi * float(rng.random())
                # Waves finer than the rows would flicker.
                step = long * 0.20 / (below + 0.012) ** 2 / s.unit
                size = swell * (0.55, 0.34, 0.22)[group] / (1.0 + (step / 0.8) ** 2) * 0.62
                cosines += size * np.cos(phase)
                sines += size * np.sin(phase)
            turns = s.cycles((3.4, 2.3, 1.6)[group] / (0.6 + 0.7 * plan.wind))
            self.fields.append((np.rint(cosines * 16).astype(np.int32), np.rint(sines * 16).astype(np.int32), turns))
        # A reflection is a little squeezed, so that high sky is seen in near water.
        mirror = s.horizon - 2 - np.rint(np.arange(h) * min(1.25, s.horizon / max(1, h) * 0.94)).astype(np.int32)
        self.mirror = mirror[:, None]
        # Looking down we see into the water; looking along it, the sky.
        steep = np.clip(np.linspace(0.0, 1.0, h) ** 0.8, 0.0, 1.0)
        deep = times(light.water, (1.0, 1.0, 1.0))
        body = s.style.grade(colour(mix(deep, light.middle, 0.12))[None, :])[0]
        body_y, body_u, body_v = yuv_of((float(body[0]), float(body[1]), float(body[2])))
        amount = 0.10 + 0.46 * steep
        self.keep = np.rint(256 * (1.0 - amount)).astype(np.uint16)[:, None]
        self.add = tuple(np.rint(256 * amount * c).astype(np.uint16)[:, None] for c in (body_y, body_u, body_v))
        # Glints: a path below the sun, wider towards us.
        sun = (s.sun_x - 0.5) * s.width / s.unit
        wide = 0.05 + 0.30 * below
        path = np.exp(-(((x - sun) / wide) ** 2)) * (0.30 + 0.70 * below / (below + 0.10))
        shine = (
            light.glow * (110 if plan.hour != "night" else 90) * max(0.0, 1.0 - 0.8 * plan.cloud * (plan.cloud > 0.75))
        )
        foam = 70.0 * max(0.0, rough - 0.45) * luma(light.horizon)
        self.glint = np.rint(path * shine + foam).astype(np.int32)
        self.glint_at = np.rint(swell * 16 * 0.42).astype(np.int32) + 6
        columns = np.arange(w, dtype=np.int64)[None, :]
        self.columns = columns
        self.pairs = np.empty((h, w), np.uint16)

    def draw(self, onto: Planes, frame: int) -> None:
        """Fill the rows below the horizon."""
        s = self.setting
        _, down = s.shift(frame, self.near)
        first = s.horizon + round(down)
        h = min(self.rows, s.height - max(0, first))
        if h <= 0:
            return
        turn = s.turn(frame)
        lift: I32 = np.zeros((h, s.width // 2), np.int32)
        for cosines, sines, turns in self.fields:
            lift += cosines[:h] * np.int32(round(128 * math.cos(turns * turn)))
            lift += sines[:h] * np.int32(round(128 * math.sin(turns * turn)))
        lift >>= 7
        row = self.mirror[:h] + round(down) - (lift >> 4)
        np.clip(row, 0, max(1, first - 1), out=row)
        self._mirror(onto.y, row, first, h)
        half = row[1::2, ::2] >> 1
        self._tint(onto.y, first, h, 0)
        for plane, at in ((onto.u, 1), (onto.v, 2)):
            self._halves(plane, half, (first + 1) // 2, at)
        self._glints(onto.y, lift, first, h)

    def _mirror(self, plane: U8, row: I32, first: int, h: int) -> None:
        # Two pixels at once: waves are longer than that.
        pairs = plane.view(np.uint16)
        at = row.astype(np.int64)
        at *= pairs.shape[1]
        at += self.columns
        np.take(pairs.reshape(-1), at, out=self.pairs[:h], mode="clip")
        pairs[first : first + h] = self.pairs[:h]

    def _tint(self, plane: U8, first: int, h: int, at: int) -> None:
        part = plane[first : first + h]
        mixed = np.multiply(part, self.keep[:h], dtype=np.uint16)
        mixed += self.add[at][:h]
        mixed >>= 8
        np.copyto(part, mixed, casting="unsafe")

    def _halves(self, plane: U8, row: I32, first: int, at: int) -> None:
        h = min(row.shape[0], plane.shape[0] - first)
        wide = plane.shape[1]
        index = np.repeat(row[:h].astype(np.int64) * wide, 2, axis=1)[:, :wide]
        if index.shape[1] < wide:
            index = np.pad(index, ((0, 0), (0, wide - index.shape[1])), mode="edge")
        index = index + np.arange(wide, dtype=np.int64)
        seen = np.take(plane.reshape(-1), index, mode="clip")
        mixed = np.multiply(seen, self.keep[: 2 * h : 2][:h], dtype=np.uint16)
        mixed += self.add[at][: 2 * h : 2][:h]
        mixed >>= 8
        np.copyto(plane[first : first + h], mixed, casting="unsafe")

    def _glints(self, plane: U8, lift: I32, first: int, h: int) -> None:
        bright = lift - self.glint_at[:h]
        np.clip(bright, 0, 40, out=bright)
        bright *= self.glint[:h]
        bright >>= 5
        np.minimum(bright, 90, out=bright)
        light = np.repeat(bright.astype(np.uint8), 2, axis=1)
        part = plane[first : first + h]
        np.add(np.minimum(part, np.uint8(235) - light), light, out=part)
