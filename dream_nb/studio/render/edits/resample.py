"""Resamples a video to another size, and sharpens it slightly if it is enlarged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dream_nb.studio.render.brief import LONGEST_SIDE
from dream_nb.studio.render.edits.source_clip import SourceClip
from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.planes import Planes


def resampled_size(source: SourceClip, lines: int) -> tuple[int, int]:
    """Return the width and height of the result, both even.

    Args:
        source: the clip.
        lines: the shorter side in pixels. It is reduced if the longer side would exceed `LONGEST_SIDE`.
    """
    scale = max(16, lines // 2 * 2) / min(source.width, source.height)
    scale = min(scale, LONGEST_SIDE / max(source.width, source.height))
    width, height = (max(16, round(side * scale / 2) * 2) for side in (source.width, source.height))
    return width, height


def resampled(source: SourceClip, size: tuple[int, int]) -> Iterator[Planes]:
    """Yield the frames of a source, resampled with the Lanczos filter. Frames that are enlarged are also sharpened.

    Args:
        source: the clip.
        size: the width and height of the result, both even.

    Raises:
        RenderError: a frame cannot be decoded.
    """
    for shot in source.frames(size, finest=True):
        if size[0] > source.width:
            sharpen(shot.y)
        yield shot


def sharpen(plane: U8) -> None:
    """Strengthen the fine detail of a plane by a quarter, in place."""
    height, width = plane.shape
    step = max(4, 48_000 // width)
    before = plane[:1].copy()
    for begin in range(0, height, step):
        end = min(height, begin + step)
        below = plane[end : end + 1] if end < height else plane[height - 1 :]
        rows = np.concatenate([before, plane[begin:end], below]).astype(np.int16)
        before = plane[end - 1 : end].copy()
        here = rows[1:-1]
        around = rows[:-2] + rows[2:]
        around[:, 1:-1] += here[:, :-2]
        around[:, 1:-1] += here[:, 2:]
        around[:, :1] += 2 * here[:, :1]
        around[:, -1:] += 2 * here[:, -1:]
        # A quarter of the difference between a pixel and the mean of its four neighbours.
        change = 4 * here - around
        change += 8
        change >>= 4
        change += here
        np.clip(change, 16, 235, out=change)
        plane[begin:end] = change
