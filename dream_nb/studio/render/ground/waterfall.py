"""A waterfall: white water that runs down a cliff, and the spray at its foot."""

from __future__ import annotations

import numpy as np

from dream_nb.studio.render.ground.land import Ground
from dream_nb.studio.render.noise import F32, fbm1, fbm2, pick, smoothstep
from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.planes import Planes, yuv_of
from dream_nb.studio.render.stage import SceneStage

_WIDE = 0.10  # scene units
_SECONDS = 2.2  # for water to run from the top to the foot


class Waterfall:
    """A waterfall, from the crest of a layer to the water or ground below.

    Args:
        stage: the stage of the scene.
        ground: the layer that it runs down, where that is highest, away from the sides of the frame.
    """

    def __init__(self, stage: SceneStage, ground: Ground) -> None:
        s = self.stage = stage
        rng = s.plan.chance("falls")
        self.near = ground.ridge.near
        wide = max(4, round(_WIDE * pick(rng, 0.8, 1.3) * s.unit / 2) * 2)
        inner = np.arange(ground.left + s.width // 16, ground.left + s.width * 15 // 16 - wide)
        # At the place where its whole width stands highest.
        lowest = np.maximum(ground.rows[inner], ground.rows[inner + wide])
        self.left = (int(inner[int(lowest.argmin())]) - ground.left) // 2 * 2
        self.top = (int(lowest.min()) + 2) // 2 * 2
        tall = max(2, (s.horizon - self.top) // 2 * 2)
        across = np.linspace(-1.0, 1.0, wide, dtype=np.float32)
        down = np.linspace(0.0, 1.0, tall, dtype=np.float32)[:, None]
        ragged = fbm1(rng, np.linspace(0.0, 9.0, tall), 3).astype(np.float32)[:, None]
        body = smoothstep((np.float32(0.72) + 0.22 * down + 0.12 * ragged - np.abs(across)[None, :]) * np.float32(4.0))
        # Blended so that the rows repeat after a lap without a seam.
        streaks = fbm2(rng, wide, 2 * tall, wide / s.unit * 130.0, 2 * tall / s.unit * 9.0, 3, 0.6)
        fold = np.linspace(0.0, 1.0, tall, dtype=np.float32)[:, None]
        self.streaks: F32 = streaks[:tall] * fold + streaks[tall:] * (1.0 - fold)
        self.body: F32 = body
        self.laps = s.cycles(_SECONDS)
        light = s.light
        self.white = yuv_of(s.style.one(mix(light.cloud_lit, (1.0, 1.0, 1.0), 0.35)))
        spread = ((down - 1.0) / np.float32(0.22)) ** 2
        self.spray: F32 = np.exp(-spread) * np.exp(-((np.linspace(-2.0, 2.0, 2 * wide, dtype=np.float32) / 1.1) ** 2))

    def draw(self, onto: Planes, frame: int) -> None:
        """Draw it into a frame, over the land behind the water."""
        s = self.stage
        x, y = s.shift(frame, self.near)
        left, top = self.left + round(x / 2) * 2, self.top + round(y / 2) * 2
        tall, wide = self.body.shape
        run = round(tall * self.laps * frame / s.frames) % tall
        streaks = np.roll(self.streaks, run, axis=0)
        cover = self.body * np.clip(np.float32(0.62) + np.float32(0.55) * streaks, 0.12, 1.0)
        self._lay(onto, left, top, cover)
        self._lay(onto, left - wide // 4 * 2, top, self.spray * np.float32(0.75))

    def _lay(self, onto: Planes, left: int, top: int, cover: F32) -> None:
        first, last = max(0, -left), min(cover.shape[1], onto.width - left)
        high, low = max(0, -top), min(cover.shape[0], onto.height - top)
        if first >= last or high >= low:
            return
        first, high = first // 2 * 2, high // 2 * 2
        part = cover[high:low, first:last]
        for plane, value, step in ((onto.y, self.white[0], 1), (onto.u, self.white[1], 2), (onto.v, self.white[2], 2)):
            share = part[::step, ::step]
            rows = slice((top + high) // step, (top + high) // step + share.shape[0])
            columns = slice((left + first) // step, (left + first) // step + share.shape[1])
            into = plane[rows, columns]
            share = share[: into.shape[0], : into.shape[1]]
            old = into.astype(np.float32)
            np.copyto(into, np.rint(old + share * (np.float32(value) - old)), casting="unsafe")
