"""Layers that are drawn once, wider than the frame, and laid over each frame at any place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.planes import Planes

U16 = NDArray[np.uint16]


@dataclass(slots=True)
class Sheet:
    """One plane of a layer: rows that are partly transparent, and below them rows that are opaque.

    Each is stored at several fractions of a pixel ("phases"), so that slow layers move smoothly.
    """

    top: int
    left: int
    tint: U16  # phases x rows x width: colour times coverage
    clear: U16  # phases x rows x width: 256 minus coverage
    body: U8  # phases x rows x width

    def draw(self, onto: U8, x: float, y: int) -> None:
        """Draw the sheet over a plane, moved by x and y pixels of the plane."""
        height, width = onto.shape
        phases, rows, _ = self.tint.shape
        fine = round((self.left - x) * phases)
        start, phase = fine // phases, fine % phases
        start = min(max(start, 0), self.tint.shape[2] - width)
        columns = slice(start, start + width)
        top = self.top + y
        first, last = max(top, 0), min(top + rows, height)
        if first < last:
            # A few rows at a time, so that they stay in the processor's cache.
            step = max(1, 32_000 // width)
            for begin in range(first, last, step):
                end = min(last, begin + step)
                inside = slice(begin - top, end - top)
                part = onto[begin:end]
                mixed = np.multiply(part, self.clear[phase, inside, columns], dtype=np.uint16)
                mixed += self.tint[phase, inside, columns]
                mixed >>= 8
                np.copyto(part, mixed, casting="unsafe")
        top += rows
        first, last = max(top, 0), min(top + self.body.shape[1], height)
        if first < last:
            onto[first:last] = self.body[phase, first - top : last - top, columns]


@dataclass(slots=True)
class Layer:
    """The three planes of a layer, and how near it is (0 to 1)."""

    near: float
    y: Sheet
    u: Sheet
    v: Sheet

    def draw(self, onto: Planes, x: float, y: float) -> None:
        """Draw the layer over a frame, moved by x and y pixels of the frame."""
        down = round(y)
        self.y.draw(onto.y, x, down)
        self.u.draw(onto.u, x / 2, down // 2)
        self.v.draw(onto.v, x / 2, down // 2)


def phases_for(height: int) -> int:
    """Return how many fractions of a pixel to store: the taller the frame in pixels, the fewer."""
    return max(1, min(4, round(2880 / max(1, height))))


def layer(near: float, top: int, left: int, colours: tuple[U8, U8, U8], alpha: U8, phases: int) -> Layer:
    """Make a layer from its pixels.

    Args:
        near: the nearness of the layer, from 0 (far) to 1 (near).
        top: the row of the frame where the layer begins, an even number.
        left: the column of the layer that lies on the frame's first column, an even number.
        colours: the planes Y (rows x width), U and V (half as many of both); rows and width are even.
        alpha: the coverage, rows x width; everything below its last row with a gap is opaque.
        phases: the number of fractions of a pixel to store.
    """
    gaps = np.flatnonzero((alpha < 255).any(axis=1))
    edge = min((int(gaps[-1]) + 2) // 2 * 2 if len(gaps) else 0, alpha.shape[0])
    half = (alpha[0:edge:2, ::2].astype(np.uint16) + alpha[1:edge:2, 1::2] + 1 >> 1).astype(np.uint8)
    return Layer(
        near,
        _sheet(top, left, colours[0], alpha[:edge], phases),
        _sheet(top // 2, left // 2, colours[1], half, phases),
        _sheet(top // 2, left // 2, colours[2], half, phases),
    )


def _sheet(top: int, left: int, colour: U8, alpha: U8, phases: int) -> Sheet:
    edge, width = alpha.shape
    rows = colour.shape[0]
    cover = alpha.astype(np.uint16)
    cover += cover >> 7  # 255 becomes 256, so that opaque pixels hide everything
    tint = np.empty((phases, edge, width), np.uint16)
    clear = np.empty((phases, edge, width), np.uint16)
    body = np.empty((phases, rows - edge, width), np.uint8)
    tint[0] = colour[:edge] * cover + np.uint16(128)  # 128 makes the shift by 8 round to nearest
    clear[0] = 256 - cover
    body[0] = colour[edge:]
    for phase in range(1, phases):
        _between(tint[0], tint[phase], phase, phases)
        _between(clear[0], clear[phase], phase, phases)
        _between(body[0], body[phase], phase, phases)
    return Sheet(top, left, tint, clear, body)


def _between(source: NDArray[np.unsignedinteger], into: NDArray[np.unsignedinteger], phase: int, phases: int) -> None:
    """Interpolate between each pixel and its right neighbour.

    Args:
        source: the pixels, rows x width.
        into: an array of the same shape for the result.
        phase: how far to go towards the right neighbour, in units of 1 / `phases`.
        phases: the number of fractions of a pixel.
    """
    wide = source.astype(np.uint32)
    wide[:, :-1] *= phases - phase
    wide[:, :-1] += source[:, 1:].astype(np.uint32) * np.uint32(phase)
    wide[:, :-1] //= np.uint32(phases)
    np.copyto(into, wide, casting="unsafe")
