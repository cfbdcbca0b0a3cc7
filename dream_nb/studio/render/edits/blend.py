"""Two pictures in one: the fine forms of the one, the coarse ones of the other, place by place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from dream_nb.studio.render.noise import F32, I16, U8
from dream_nb.studio.render.planes import Planes

# Weights are kept in 64ths: with more, 16 bits do not hold what is summed up.
_FULL: Final = 64


@dataclass(frozen=True, slots=True)
class Weights:
    """How much of what is seen, as coarse maps of 0 to 1, height x width.

    Args:
        lost: how much of the fine forms of the base goes.
        fine: how much of the fine forms of the drawing comes.
        coarse: how much of its coarse forms.
        even: how much the coarse forms of the base are levelled from side to side; None is nowhere.
    """

    lost: F32
    fine: F32
    coarse: F32
    even: F32 | None = None


class Blend:
    """Mixes frames of one size.

    Args:
        width, height: of the frames.
        cell: pixels of the frame to one of the coarse maps, about.
    """

    def __init__(self, width: int, height: int, cell: float) -> None:
        self.width, self.height = width, height
        self.wide, self.high = max(2, round(width / cell)), max(2, round(height / cell))

    def coarse(self, plane: U8) -> F32:
        """The coarse forms of a plane, as a small map."""
        reduced = Image.fromarray(plane).resize((self.wide, self.high), Image.Resampling.BOX)
        return np.asarray(reduced, dtype=np.float32)

    def mixed(self, base: Planes, drawn: Planes, weights: Weights) -> Planes:
        """The base with what the weights say of the drawing.

        Args:
            base: a frame.
            drawn: a frame, whose fine and coarse forms come in.
            weights: of the coarse maps' size.
        """
        lost, fine, near = (np.rint(field * _FULL) for field in (weights.lost, weights.fine, weights.coarse))
        planes = []
        for own, other in zip(base.all, drawn.all, strict=True):
            low, high = self.coarse(own), self.coarse(other)
            change = lost * low - fine * high
            if weights.even is not None:
                level = np.rint(weights.even * _FULL) * (_levelled(low) - low)
                change += level
                low = low + level / _FULL
            change += near * (high - low)
            planes.append(_summed(own, other, change, lost, fine))
        return Planes(*planes)


def _summed(own: U8, other: U8, change: F32, lost: F32, fine: F32) -> U8:
    height, width = own.shape
    moved, gone, come = (_enlarged(field, width, height) for field in (change, lost, fine))
    out = np.empty_like(own)
    step = max(1, 48_000 // width)  # a few rows at a time stay in the processor's cache
    for begin in range(0, height, step):
        rows = slice(begin, begin + step)
        here = own[rows].astype(np.int16)
        total = other[rows] * come[rows]
        total -= here * gone[rows]
        total += moved[rows]
        total += _FULL // 2
        total >>= 6
        total += here
        np.clip(total, 16, 240, out=total)
        out[rows] = total
    return out


def _levelled(field: F32) -> F32:
    """A map of which little more is left from side to side than which side is brighter."""
    high, wide = field.shape
    image = Image.fromarray(field).resize((min(3, wide), high), Image.Resampling.BOX)
    return np.asarray(image.resize((wide, high), Image.Resampling.BICUBIC))


def _enlarged(field: F32, width: int, height: int) -> I16:
    image = Image.fromarray(field).resize((width, height), Image.Resampling.BILINEAR)
    return np.rint(np.asarray(image)).astype(np.int16)
