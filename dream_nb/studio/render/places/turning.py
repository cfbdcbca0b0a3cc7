"""A surface that turns: a planet, or the disc around a black hole."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.noise import F32
from dream_nb.studio.render.plane_scaler import PlaneScaler
from dream_nb.studio.render.planes import Planes, yuv
from dream_nb.studio.render.stage import SceneStage


@dataclass(frozen=True, slots=True)
class Skin:
    """The texture of a surface that turns.

    Args:
        texture: red, green and blue, 0 to 1; wide enough for the visible part and for what comes into view.
        column, row: the column and row of the texture that each pixel shows.
        way: number of columns that pass in five seconds.
    """

    texture: F32
    column: NDArray[np.floating]
    row: NDArray[np.floating]
    way: float


class Turning:
    """Draws a surface whose pixels are looked up in a texture that moves past.

    Args:
        stage: the stage of the scene.
        near: how near it is, 0 (far) to 1 (near).
        skin: the texture of the surface.
        shade: light on each pixel, 0 to 1.
        cover: coverage of each pixel, 0 to 1.
        corner: its upper left corner, in pixels of the frame.
        part: it is drawn at 1/`part` of its size and enlarged.
    """

    def __init__(
        self,
        stage: SceneStage,
        near: float,
        skin: Skin,
        shade: NDArray[np.floating],
        cover: NDArray[np.floating],
        corner: tuple[float, float],
        part: int,
    ) -> None:
        self.stage, self.near, self.part, self.way = stage, near, part, skin.way
        self.left, self.top = (2 * round(side / 2) for side in corner)
        texture, column, row, way = skin.texture, skin.column, skin.row, skin.way
        planes = yuv(stage.style.grade(np.clip(texture, 0.0, 1.1)))
        dark = yuv(stage.style.grade(np.zeros((1, 1, 3), np.float32)))
        high, wide = texture.shape[:2]
        column = np.clip(column, 0, wide - 1 - math.ceil(abs(way) * 2) - 1)
        at: NDArray[np.intp] = np.clip(np.rint(row), 0, high - 1).astype(np.intp) * wide + column.astype(np.intp)
        self.at = (at, np.ascontiguousarray(at[::2, ::2]))
        self.textures = [np.clip(np.rint(plane), 16, 240).astype(np.int16).reshape(-1) for plane in planes]
        self.dark = [np.int16(round(float(plane[0, 0]))) for plane in dark]
        lit = np.rint(np.clip(shade, 0.0, 1.0) * 127).astype(np.int16)
        covered = np.rint(np.clip(cover, 0.0, 1.0) * 127).astype(np.int16)
        self.shades = (lit, np.ascontiguousarray(lit[::2, ::2]))
        # One for the size of Y, and one for that of U and V.
        self.scalers = (PlaneScaler(), PlaneScaler())
        self.covers = (self._enlarged(covered, 1), self._enlarged(np.ascontiguousarray(covered[::2, ::2]), 2))

    def _enlarged(self, field: NDArray[np.int16], half: int) -> NDArray[np.int16]:
        if self.part == 1:
            return field
        size = (field.shape[1] * self.part, field.shape[0] * self.part)
        return self.scalers[half - 1].scaled(field.astype(np.uint8), size).astype(np.int16)

    def draw(self, canvas: Planes, frame: int) -> None:
        """Draw it into a frame."""
        s = self.stage
        dx, dy = s.shift(frame, self.near)
        if s.loop:
            gone = 0.5 * self.way * (1.0 - math.cos(s.turn(frame)))
        else:
            gone = self.way * s.seconds / 5.0 * frame / max(1, s.frames)
        step = round(min(abs(gone), 2 * abs(self.way)))
        left, top = self.left + 2 * round(dx / 2), self.top + 2 * round(dy / 2)
        for plane, texture, dark, half in zip(canvas.all, self.textures, self.dark, (1, 2, 2), strict=True):
            at, lit, cover = (pair[half - 1] for pair in (self.at, self.shades, self.covers))
            x, y = left // half, top // half
            height, width = cover.shape
            x0, x1, y0, y1 = max(0, x), min(plane.shape[1], x + width), max(0, y), min(plane.shape[0], y + height)
            if x1 <= x0 or y1 <= y0:
                continue
            seen = texture[step:].take(at, mode="clip")
            seen -= dark
            seen *= lit
            seen >>= 7
            seen += dark
            inside = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
            new = self._enlarged(seen, half)[inside]
            part = plane[y0:y1, x0:x1]
            new -= part
            new *= cover[inside]
            new += 64
            new >>= 7
            new += part
            np.copyto(part, new, casting="unsafe")
