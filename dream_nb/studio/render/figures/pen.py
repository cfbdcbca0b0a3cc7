"""Silhouettes as small masks: drawn large with polygons, reduced, and set into the coverage of a layer."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from dream_nb.studio.render.noise import U8

Point = tuple[float, float]
_FINER = 4


class Pen:
    """Draws in units of the silhouette's height: x to the right from its middle, y up from its foot."""

    def __init__(self, width: float, pixels: float) -> None:
        self.scale = pixels * _FINER
        columns = max(1, math.ceil(width * pixels))
        rows = max(1, math.ceil(pixels))
        self.image = Image.new("L", (columns * _FINER, rows * _FINER), 0)
        self._draw = ImageDraw.Draw(self.image)
        self._middle = columns * _FINER / 2
        self._foot = rows * _FINER

    def smaller(self, size: float) -> Pen:
        """A pen on the same paper that draws at this part of the size."""
        other = copy.copy(self)
        other.scale *= size
        return other

    def _at(self, point: Point) -> Point:
        return self._middle + point[0] * self.scale, self._foot - point[1] * self.scale

    def polygon(self, points: Sequence[Point], ink: int = 255) -> None:
        """A filled outline."""
        self._draw.polygon([self._at(p) for p in points], fill=ink)

    def ellipse(self, x: float, y: float, rx: float, ry: float, ink: int = 255) -> None:
        """A filled ellipse around a middle."""
        (left, top), (right, bottom) = self._at((x - rx, y + ry)), self._at((x + rx, y - ry))
        self._draw.ellipse((left, top, max(left, right), max(top, bottom)), fill=ink)

    def line(self, points: Sequence[Point], width: float, ink: int = 255) -> None:
        """A stroke with round joints."""
        thick = max(1, round(width * self.scale))
        self._draw.line([self._at(p) for p in points], fill=ink, width=thick, joint="curve")

    def box(self, left: float, bottom: float, right: float, top: float, ink: int = 255) -> None:
        """A filled rectangle."""
        (x0, y0), (x1, y1) = self._at((left, top)), self._at((right, bottom))
        self._draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), fill=ink)

    def mask(self) -> U8:
        """Coverage, rows x columns."""
        return np.asarray(self.image.reduce(_FINER), dtype=np.uint8)


def stamp(draw: Callable[[Pen], None], width: float, pixels: float) -> U8:
    """The mask of a silhouette.

    Args:
        draw: draws it with a pen.
        width: of the silhouette in its own heights.
        pixels: its height.
    """
    pen = Pen(width, max(1.0, pixels))
    draw(pen)
    return pen.mask()


def press(mask: U8, into: U8, middle: float, foot: float, mirrored: bool = False) -> None:
    """Set a mask into a coverage plane, its middle and foot at these pixels; what lies outside is cut off."""
    if mirrored:
        mask = mask[:, ::-1]
    rows, columns = mask.shape
    left, top = round(middle - columns / 2), round(foot) - rows
    x0, x1 = max(left, 0), min(left + columns, into.shape[1])
    y0, y1 = max(top, 0), min(top + rows, into.shape[0])
    if x0 < x1 and y0 < y1:
        part = into[y0:y1, x0:x1]
        np.maximum(part, mask[y0 - top : y1 - top, x0 - left : x1 - left], out=part)
