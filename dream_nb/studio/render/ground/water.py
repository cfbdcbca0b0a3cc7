"""Water: reflects what is above it in travelling waves, tinted by its depth, with glints under the sun."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from dream_nb.studio.render.noise import F64, I16, U8, chance, pick
from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.planes import Planes, luma, yuv_of
from dream_nb.studio.render.stage import SceneStage

_GROUPS: Final = 3
# Numbers of pixels that are reflected as one piece, and the types that hold them: waves are longer than a piece.
_PIECES: Final = ((8, np.uint64), (4, np.uint32), (2, np.uint16))
_PIECES_ACROSS: Final = 320


class Water:
    """Draws the rows below the horizon from those above it.

    A group of waves is kept as two fields, its cosines and its sines: cos(turn) times one plus sin(turn) times the
    other is the group after it has travelled. A frame takes two multiplications per group, and a whole number of turns
    closes a loop. Positions are integers from tables of integers, so that rounding cannot differ between machines.
    """

    def __init__(self, stage: SceneStage) -> None:
        s, plan, light = stage, stage.plan, stage.light
        self.stage = s
        self.near = 0.10
        _, up = s.margins(self.near)
        self.rows = s.height - s.horizon + up
        self.piece, self.whole = _piece(s.width)
        w, h = s.width // self.piece, self.rows
        rng = chance("water", *plan.seed)
        rough = plan.waves * (0.6 + 0.8 * plan.wind)
        x = (((np.arange(w, dtype=np.float64) + 0.5) * self.piece - s.width / 2) / s.unit)[None, :]
        below = ((np.arange(h, dtype=np.float64) + 0.5) / s.unit)[:, None]
        depth = 0.20 / (below + 0.012)  # seen from a height of 0.2 units
        across = x * depth / 0.20 * 0.34
        swell = (2.6 + 34.0 * rough) * (below / (below + 0.10)) ** 1.15 * s.unit / 720.0
        waves: list[tuple[F64, F64, int]] = []
        for group in range(_GROUPS):
            cosines, sines = np.zeros((h, w)), np.zeros((h, w))
            for _ in range(3):
                long = (22.0, 60.0, 150.0)[group] * pick(rng, 0.7, 1.4)
                lean = pick(rng, -0.6, 0.6)
                phase = long * (depth * math.cos(lean) + across * math.sin(lean)) + 2 * math.pi * float(rng.random())
                # Waves finer than the rows are made lower, as they would flicker.
                step = long * 0.20 / (below + 0.012) ** 2 / s.unit
                size = swell * (0.55, 0.34, 0.22)[group] / (1.0 + (step / 0.8) ** 2) * 0.62
                cosines += size * np.cos(phase)
                sines += size * np.sin(phase)
            turns = s.cycles((3.4, 2.3, 1.6)[group] / (0.6 + 0.7 * plan.wind))
            waves.append((cosines, sines, turns))
        # The finest fraction of a row that still fits into 16 bits when multiplied by 64.
        most = max(float(np.abs(field).max()) for cosines, sines, _ in waves for field in (cosines, sines))
        self.bits = next((bits for bits in (4, 3, 2, 1) if most * 2**bits < 500), 0)
        self.fields: list[tuple[I16, I16, int]] = [
            (np.rint(c * 2**self.bits).astype(np.int16), np.rint(d * 2**self.bits).astype(np.int16), turns)
            for c, d, turns in waves
        ]
        # A reflection is slightly compressed, so that near water shows the sky high above.
        steepness = min(1.0, max(0.0, (0.5 - s.horizon / s.height) / 0.4))
        squeeze = _squeeze(s.horizon / max(1, h), steepness)
        mirror = s.horizon - 2 - np.rint(np.arange(h) * squeeze).astype(np.int16)
        self.mirror = mirror[:, None]
        # Looking down, one sees into the water; looking along it, one sees the sky.
        steep = np.clip(np.linspace(0.0, 1.0, h) ** 0.8, 0.0, 1.0)
        body_y, body_u, body_v = yuv_of(s.style.one(mix(light.water, light.middle, 0.12)))
        amount = 0.10 + 0.46 * steep + 0.38 * steepness * np.minimum(1.0, 3.0 * steep)
        self.keep = np.rint(256 * (1.0 - amount)).astype(np.uint16)[:, None]
        self.add = tuple(np.rint(256 * amount * c).astype(np.uint16)[:, None] for c in (body_y, body_u, body_v))
        self._add_glints(below, swell, rough)
        self.columns = np.arange(w, dtype=np.int64)[None, :]

    def _add_glints(self, below: F64, swell: F64, rough: float) -> None:
        """Compute where waves glint: on a path below the sun that widens towards the viewer."""
        s, plan, light = self.stage, self.stage.plan, self.stage.light
        sun = (s.sun_x - 0.5) * s.width / s.unit
        wide = 0.05 + 0.30 * below
        pairs = ((np.arange(s.width // 2, dtype=np.float64) * 2 + 1 - s.width / 2) / s.unit)[None, :]
        path = np.exp(-(((pairs - sun) / wide) ** 2)) * (0.30 + 0.70 * below / (below + 0.10))
        shine = (
            light.glow * (110 if plan.hour != "night" else 90) * max(0.0, 1.0 - 0.8 * plan.cloud * (plan.cloud > 0.75))
        )
        foam = 70.0 * max(0.0, rough - 0.45) * luma(light.horizon)
        self.glint: I16 = np.rint(path * shine + foam).astype(np.int16)
        self.glint_at: I16 = np.rint((swell * 0.42 + 0.4) * 2**self.bits).astype(np.int16)
        lit = np.flatnonzero(self.glint.any(axis=0))
        # Whole pieces, counted in pairs of pixels, because glints are finer than the reflection.
        each = self.piece // 2
        self.shining = slice(int(lit[0]) // each * each, (int(lit[-1]) // each + 1) * each) if len(lit) else slice(0, 0)

    def draw(self, onto: Planes, frame: int) -> None:
        """Fill the rows below the horizon."""
        s = self.stage
        _, shifted = s.shift(frame, self.near)
        down = round(shifted)
        first = max(0, s.horizon + down)
        h = min(self.rows, s.height - first)
        turn = s.turn(frame)
        parts = [
            (cosines, sines, np.int16(round(64 * math.cos(turns * turn))), np.int16(round(64 * math.sin(turns * turn))))
            for cosines, sines, turns in self.fields
        ]
        # A few rows at a time stay in the processor's cache.
        step = max(2, 40_000 // s.width // 2 * 2)
        for begin in range(0, h, step):
            rows = slice(begin, min(h, begin + step))
            lift: I16 = np.zeros((rows.stop - begin, len(self.columns[0])), np.int16)
            for cosines, sines, cos, sin in parts:
                for field, share in ((cosines, cos), (sines, sin)):
                    wave = field[rows] * share
                    wave >>= 6
                    lift += wave
            source = self.mirror[rows] + np.int16(down) - (lift >> np.int16(self.bits))
            np.maximum(source, 0, out=source)
            np.minimum(source, max(0, first - 1), out=source)
            self._reflect(onto, source, first, rows)
            self._glint(onto.y, lift, first, rows)

    def _reflect(self, onto: Planes, source: I16, first: int, rows: slice) -> None:
        pieces = onto.y.view(self.whole)
        at = source.astype(np.int64)
        at *= pieces.shape[1]
        at += self.columns
        seen = np.take(pieces.reshape(-1), at, mode="clip").view(np.uint8)
        self._tint(onto.y[first + rows.start : first + rows.stop], seen, rows, 0, 1)
        half = source[1::2] >> 1
        top = (first + 1) // 2 + rows.start // 2
        at = half.astype(np.int64)
        at *= len(self.columns[0])
        at += self.columns
        for plane, part in ((onto.u, 1), (onto.v, 2)):
            into = plane[top : top + len(half)]
            pieces = plane.view(f"u{self.piece // 2}").reshape(-1)
            self._tint(into, np.take(pieces, at[: len(into)], mode="clip").view(np.uint8), rows, part, 2)

    def _tint(self, into: U8, seen: U8, rows: slice, part: int, every: int) -> None:
        here = slice(rows.start, rows.stop, every)
        mixed = np.multiply(seen, self.keep[here][: len(seen)], dtype=np.uint16)
        mixed += self.add[part][here][: len(seen)]
        mixed >>= 8
        np.copyto(into, mixed, casting="unsafe")

    def _glint(self, plane: U8, lift: I16, first: int, rows: slice) -> None:
        columns = self.shining
        if columns.start == columns.stop:
            return
        each = self.piece // 2
        fine = lift[:, columns.start // each : columns.stop // each]
        while fine.shape[1] < columns.stop - columns.start:
            fine = _finer(fine)
        bright = fine - self.glint_at[rows]
        np.maximum(bright, 0, out=bright)
        np.minimum(bright, 40 >> (4 - self.bits), out=bright)
        bright *= self.glint[rows, columns]
        bright >>= np.int16(1 + self.bits)
        np.minimum(bright, 90, out=bright)
        bright *= np.int16(257)  # both pixels of a pair
        light = bright.view(np.uint8)
        part = plane[first + rows.start : first + rows.stop, 2 * columns.start : 2 * columns.stop]
        np.add(np.minimum(part, np.uint8(235) - light), light, out=part)


def _finer(field: I16) -> I16:
    """A field with twice as many columns, each a quarter of the way to the neighbour on its side."""
    fine = np.empty((field.shape[0], 2 * field.shape[1]), np.int16)
    quarter = np.diff(field, axis=1) >> 2
    fine[:, 0::2] = fine[:, 1::2] = field
    fine[:, 2::2] -= quarter
    fine[:, 1:-1:2] += quarter
    return fine


def _piece(width: int) -> tuple[int, Any]:
    """How many pixels are reflected as one piece in a frame of this width, and the type that holds them."""
    fitting = [one for one in _PIECES if width % one[0] == 0]
    return next((one for one in fitting if width // one[0] >= _PIECES_ACROSS), fitting[-1])


def _squeeze(above: float, steepness: float) -> float:
    """How many rows of what is above the horizon one row of its reflection shows.

    Args:
        above: number of rows above the horizon per row below it.
        steepness: how far the camera looks down, 0 to 1.
    """
    usual = min(1.25, above * 0.94)
    # From high above, the reflection of the land is short, and nearer water reflects only the sky overhead.
    return usual + steepness * max(0.0, 0.8 - usual)
