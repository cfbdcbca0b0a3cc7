"""Effects of film and paper on a finished frame: dark corners, the grain of paper, and film grain."""

from __future__ import annotations

import numpy as np

from dream_nb.studio.render.noise import U8, fbm2
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.stage import SceneStage


class Grain:
    """Adds dark corners, paper and grain to composed frames."""

    def __init__(self, stage: SceneStage) -> None:
        s = self.stage = stage
        rng = s.plan.chance("grain")
        slack = 48
        shape = (s.height + slack, s.width + slack)
        # A sum of two uniform numbers, stored as bytes that are added modulo 256: n levels darker is 256 - n.
        size = s.style.grain
        raw = rng.integers(0, 256, (2, *shape), dtype=np.uint8)
        level = raw[0].astype(np.int16) + raw[1] - 255
        self.grain: U8 = np.rint(np.clip(level * (size / 104.0), -8, 8)).astype(np.int8).view(np.uint8)
        self.steps = rng.integers(0, slack, (64, 2)).tolist()
        y = np.linspace(-1, 1, s.height)[:, None] ** 2
        x = np.linspace(-1, 1, s.width)[None, :] ** 2
        corners = np.clip((x + y) / 2, 0, 1) ** 1.6 * s.style.vignette
        if s.style.paper:
            sheet = fbm2(rng, s.width, s.height, 90 * s.width / s.unit, 90 * s.height / s.unit, 3)
            stain = fbm2(rng, s.width, s.height, 5 * s.width / s.unit, 5 * s.height / s.unit, 3)
            corners = np.clip(np.abs(corners) + s.style.paper * (0.7 + 0.9 * sheet + 0.5 * stain), 0, 40) * np.sign(
                s.style.vignette or 1.0
            )
        self.dark: U8 = np.rint(np.abs(corners)).astype(np.uint8)
        self.floor: U8 = self.dark + np.uint8(24)

    def applied(self, canvas: Planes, frame: int) -> Planes:
        """Return the frame with these effects. The canvas is changed in place."""
        s = self.stage
        if s.style.vignette > 0:
            np.maximum(canvas.y, self.floor, out=canvas.y)
            np.subtract(canvas.y, self.dark, out=canvas.y)
        elif s.style.vignette < 0:
            np.minimum(canvas.y, np.uint8(227) - self.dark, out=canvas.y)
            np.add(canvas.y, self.dark, out=canvas.y)
        if s.style.grain:
            np.clip(canvas.y, 24, 227, out=canvas.y)
            down, right = self.steps[frame % len(self.steps)]
            np.add(canvas.y, self.grain[down : down + s.height, right : right + s.width], out=canvas.y)
        return canvas
