"""A picture with soft edges that covers only part of a frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.places.board import graded
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.stage import SceneStage


class Cutout:
    """A picture drawn over part of a frame. It moves in steps of two pixels: for things out of focus or without motion.

    Args:
        stage: the stage of the scene.
        near: how near it is, 0 (far) to 1 (near), or None for a picture that keeps its place in the frame.
        picture: red, green, blue and coverage.
        left, top: its upper left corner in the frame, in pixels; both even.
    """

    def __init__(self, stage: SceneStage, near: float | None, picture: U8, left: int, top: int) -> None:
        self.stage, self.near = stage, near
        rows = np.flatnonzero(picture[..., 3].any(axis=1))
        columns = np.flatnonzero(picture[..., 3].any(axis=0))
        if not len(rows):
            rows = columns = np.array([0])
        y0, x0 = int(rows[0]) // 2 * 2, int(columns[0]) // 2 * 2
        y1, x1 = (int(rows[-1]) + 2) // 2 * 2, (int(columns[-1]) + 2) // 2 * 2
        part = np.ascontiguousarray(picture[y0:y1, x0:x1])
        self.left, self.top = left + x0, top + y0
        cover: NDArray[np.uint16] = part[..., 3].astype(np.uint16)
        cover += cover >> 7
        covers = (cover, cover[::2, ::2], cover[::2, ::2])
        colours = graded(stage, np.ascontiguousarray(part[..., :3]))
        self.tints = [c * k + np.uint16(128) for c, k in zip(colours, covers, strict=True)]
        self.clear = [np.uint16(256) - k for k in covers]

    def draw(self, canvas: Planes, frame: int) -> None:
        """Draw it over a frame."""
        dx, dy = (0.0, 0.0) if self.near is None else self.stage.shift(frame, self.near)
        left, top = 2 * round((self.left + dx) / 2), 2 * round((self.top + dy) / 2)
        height, width = self.tints[0].shape
        x0, x1 = max(0, left), min(canvas.width, left + width)
        y0, y1 = max(0, top), min(canvas.height, top + height)
        if x1 <= x0 or y1 <= y0:
            return
        for plane, tint, clear, half in zip(canvas.all, self.tints, self.clear, (1, 2, 2), strict=True):
            inside = (slice((y0 - top) // half, (y1 - top) // half), slice((x0 - left) // half, (x1 - left) // half))
            part = plane[y0 // half : y1 // half, x0 // half : x1 // half]
            mixed = np.multiply(part, clear[inside], dtype=np.uint16)
            mixed += tint[inside]
            mixed >>= 8
            np.copyto(part, mixed, casting="unsafe")
