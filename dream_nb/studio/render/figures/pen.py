"""Draws silhouettes as small masks: enlarged, with polygons, then reduced and put into the coverage of a layer."""

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
    """Draws in units of the silhouette's height: x to the right from its middle, and y up from its foot.

    Args:
        width: the width of the silhouette, relative to its height.
        pixels: the height of the silhouette in pixels.
    """

    def __init__(self, width: float, pixels: float) -> None:
        self.scale = pixels * _FINER
        columns = max(1, math.ceil(width * pixels))
        rows = max(1, math.ceil(pixels))
        self.image = Image.new("L", (columns * _FINER, rows * _FINER), 0)
        self._draw = ImageDraw.Draw(self.image)
        self._middle = columns * _FINER / 2
        self._foot = rows * _FINER

    def smaller(self, size: float) -> Pen:
        """Return a pen that draws on the same mask, at a fraction of the size."""
        other = copy.copy(self)
        other.scale *= size
        return other

    def _at(self, point: Point) -> Point:
        return self._middle + point[0] * self.scale, self._foot - point[1] * self.scale

    def polygon(self, points: Sequence[Point], ink: int = 255) -> None:
        """Draw a filled polygon."""
        self._draw.polygon([self._at(p) for p in points], fill=ink)

    def ellipse(self, x: float, y: float, rx: float, ry: float, ink: int = 255) -> None:
        """Draw a filled ellipse around a centre."""
        (left, top), (right, bottom) = self._at((x - rx, y + ry)), self._at((x + rx, y - ry))
        self._draw.ellipse((left, top, max(left, right), max(top, bottom)), fill=ink)

    def line(self, points: Sequence[Point], width: float, ink: int = 255) -> None:
        """Draw a stroke with round joints."""
        thick = max(1, round(width * self.scale))
        self._draw.line([self._at(p) for p in points], fill=ink, width=thick, joint="curve")

    def box(self, left: float, bottom: float, right: float, top: float, ink: int = 255) -> None:
        """Draw a filled rectangle."""
        (x0, y0), (x1, y1) = self._at((left, top)), self._at((right, bottom))
        self._draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), fill=ink)

    def mask(self) -> U8:
        """Return the coverage, rows x columns, 0 to 255."""
        return np.asarray(self.image.reduce(_FINER), dtype=np.uint8)


def stamp(draw: Callable[[Pen], None], width: float, pixels: float) -> U8:
    """Return the mask of a silhouette.

    Args:
        draw: draws the silhouette with a pen.
        width: its width, relative to its height.
        pixels: its height in pixels.
    """
    pen = Pen(width, max(1.0, pixels))
    draw(pen)
    return pen.mask()


def press(mask: U8, into: U8, middle: float, foot: float, mirrored: bool = False) -> None:
    """Put a mask into a coverage plane. Parts outside of the plane are cut off.

    Args:
        mask: the mask.
        into: the plane, which is changed in place.
        middle, foot: the column of the mask's middle and the row of its foot.
        mirrored: whether to mirror the mask horizontally.
    """
    if mirrored:
        mask = mask[:, ::-1]
    rows, columns = mask.shape
    left, top = round(middle - columns / 2), round(foot) - rows
    x0, x1 = max(left, 0), min(left + columns, into.shape[1])
    y0, y1 = max(top, 0), min(top + rows, into.shape[0])
    if x0 < x1 and y0 < y1:
        part = into[y0:y1, x0:x1]
        np.maximum(part, mask[y0 - top : y1 - top, x0 - left : x1 - left], out=part)
