"""What the camera does to a finished frame: zoom and roll, darker corners, grain."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dream_nb.studio.render.noise import U8, fbm2
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.setting import Setting

_TILES = 5


class Film:
    """Turns composed frames into those that are shown."""

    def __init__(self, setting: Setting) -> None:
        s = self.setting = setting
        rng = s.plan.chance("grain")
        slack = 48
        shape = (s.height + slack, s.width + slack)
        # The sum of uniform numbers, kept as bytes that add up modulo 256: darker is 256 minus something.
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

    def developed(self, canvas: Planes, frame: int) -> Planes:
        """The frame as shown; the canvas is used up."""
        s = self.setting
        if s.camera.turns:
            canvas = through_lens(canvas, *s.camera.lens(frame))
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


def through_lens(canvas: Planes, zoom: float, roll: float) -> Planes:
    """A frame magnified around its middle and turned by degrees."""
    planes = []
    for plane in canvas.all:
        height, width = plane.shape
        image = Image.fromarray(plane)
        if roll:
            turn = math.radians(roll)
            cos, sin = math.cos(turn) / zoom, math.sin(turn) / zoom
            cx, cy = width / 2, height / 2
            matrix = (cos, sin, cx - cos * cx - sin * cy, -sin, cos, cy + sin * cx - cos * cy)
            image = image.transform((width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
            planes.append(np.array(image))
        else:
            planes.append(magnified(plane, zoom))
    return Planes(*planes)


def magnified(plane: U8, zoom: float) -> U8:
    """The middle of a plane, enlarged to its size. Faster than Pillow, for it stays in the cache."""
    height, width = plane.shape
    row, down = _between(height, zoom)
    column, right = _between(width, zoom)
    out = np.empty_like(plane)
    down = down[:, None]
    step = max(1, 48_000 // width)
    for begin in range(0, height, step):
        here = slice(begin, begin + step)
        above = plane[row[here]].astype(np.int16)
        mixed = plane[row[here] + 1] - above
        mixed *= down[here]
        mixed += 64
        mixed >>= 7
        mixed += above
        change = np.empty_like(mixed)
        np.subtract(mixed[:, 1:], mixed[:, :-1], out=change[:, :-1])
        change = change.take(column, axis=1)
        change *= right
        change += 64
        change >>= 7
        change += mixed.take(column, axis=1)
        out[here] = change
    return out


def _between(size: int, zoom: float) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """Which pixel lies before each enlarged one, and how far it is to the next in 128ths."""
    at = np.rint(((np.arange(size) + 0.5 - size / 2) / zoom + size / 2 - 0.5) * 128).astype(np.int64)
    # The last pixel has no next one: its difference is never taken.
    at = np.clip(at, 0, (size - 1) * 128 - 1)
    return at >> 7, (at & 127).astype(np.int16)
