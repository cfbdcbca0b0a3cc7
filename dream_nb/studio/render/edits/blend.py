"""Blends two pictures: the fine forms of one and the coarse forms of the other, with weights for each place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

from dream_nb.studio.render.noise import F32, I16, U8
from dream_nb.studio.render.planes import Planes

# Weights are stored in 128ths, and pixels are counted from middle grey, so that the sums fit into 16 bits.
_FULL: Final = 128
_GREY: Final = 128
_HALF: Final = 32768
# Pillow first reduces a plane quickly to this many times the size of the map. It takes a third of the time, for the
# same means.
_GAP: Final = 2.0


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a blend, as coarse maps of 0 to 1, height x width.

    Args:
        lost: how much of the fine forms of the base to remove.
        fine: how much of the fine forms of the drawing to add.
        coarse: how far to replace the coarse forms of the base by those of the drawing.
        even: how far to level the coarse forms of the base horizontally; None does not level them.
    """

    lost: F32
    fine: F32
    coarse: F32
    even: F32 | None = None


class Blend:
    """Blends frames of one size.

    Args:
        width, height: the size of the frames, both even.
        cell: the approximate size of one cell of the coarse maps, in pixels of the frame.
    """

    def __init__(self, width: int, height: int, cell: float) -> None:
        self.wide, self.high = max(2, round(width / cell)), max(2, round(height / cell))
        self._larger = [_Enlarger(width // part, height // part) for part in (1, 2)]
        self._last: Weights | None = None
        self._spread: list[tuple[I16, I16]] = []

    def coarse(self, plane: U8) -> F32:
        """Return the coarse forms of a plane, as a coarse map."""
        return self.means(plane, 1)

    def means(self, plane: U8, finer: int) -> F32:
        """Return the mean values of a plane over a grid of areas, as an array of float32.

        Args:
            plane: a plane of any size.
            finer: the number of areas per cell of the coarse maps, in each direction.
        """
        size = self.wide * finer, self.high * finer
        reduced = Image.fromarray(plane).resize(size, Image.Resampling.BOX, reducing_gap=_GAP)
        return np.asarray(reduced).astype(np.float32)

    def mixed(self, base: Planes, drawn: Planes, weights: Weights) -> Planes:
        """Return a frame blended with a drawing.

        Args:
            base: the frame.
            drawn: the drawing, a frame whose forms are mixed in.
            weights: the weights, in the size of the coarse maps.
        """
        if weights is not self._last:
            self._last, self._spread = weights, self._enlarged(weights)
        planes = []
        for own, other, part in zip(base.all, drawn.all, (0, 1, 1), strict=True):
            low, high = self.coarse(own) - _GREY, self.coarse(other) - _GREY
            change = weights.lost * low - weights.fine * high
            if weights.even is not None:
                level = weights.even * (_levelled(low) - low)
                change += level
                low += level
            change += weights.coarse * (high - low)
            moved = self._larger[part].enlarged(change * np.float32(_FULL))
            planes.append(_summed(own, other, moved, *self._spread[part]))
        return Planes(*planes)

    def _enlarged(self, weights: Weights) -> list[tuple[I16, I16]]:
        """Return the weights `lost` and `fine` in 128ths, at the size of the Y plane and of the U and V planes."""
        larger = self._larger[0]
        gone, come = (larger.enlarged(field * np.float32(_FULL)) for field in (weights.lost, weights.fine))
        return [(gone, come), (gone[::2, ::2].copy(), come[::2, ::2].copy())]


class _Enlarger:
    """Enlarges coarse maps to one size with swscale, which is twenty times as fast as Pillow."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        # Reused, because preparing swscale for a size takes longer than scaling a map.
        self._scaler = VideoReformatter()

    def enlarged(self, field: F32) -> I16:
        """Return the map at the larger size, interpolated and rounded."""
        shifted = np.clip(np.rint(field) + np.float32(_HALF), 0, 2 * _HALF - 1).astype(np.uint16)
        frame = VideoFrame.from_ndarray(shifted, format="gray16le")
        larger = self._scaler.reformat(frame, self.width, self.height, interpolation=Interpolation.BILINEAR)
        plane = larger.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint16).reshape(-1, plane.line_size // 2)
        # Flipping the highest bit subtracts 32768 without leaving 16 bits.
        return (rows[: self.height, : self.width] ^ np.uint16(_HALF)).view(np.int16)


def _summed(own: U8, other: U8, moved: I16, gone: I16, come: I16) -> U8:
    height, width = own.shape
    out = np.empty_like(own)
    step = max(1, 48_000 // width)  # a few rows at a time, so that they stay in the processor's cache
    for begin in range(0, height, step):
        rows = slice(begin, begin + step)
        here, there = own[rows].astype(np.int16), other[rows].astype(np.int16)
        there -= _GREY
        there *= come[rows]
        there += moved[rows]
        lost = here - np.int16(_GREY)
        lost *= gone[rows]
        there -= lost
        there += _FULL // 2
        there >>= 7
        there += here
        np.clip(there, 16, 240, out=there)
        out[rows] = there
    return out


def _levelled(field: F32) -> F32:
    """Return a map that is levelled horizontally, so that little but the difference between its sides is left."""
    high, wide = field.shape
    image = Image.fromarray(field).resize((min(3, wide), high), Image.Resampling.BOX)
    return np.asarray(image.resize((wide, high), Image.Resampling.BICUBIC))
