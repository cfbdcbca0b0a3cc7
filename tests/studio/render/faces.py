"""Finds whether a face of OpenMoji is seen somewhere in a picture, by the pattern of its brightness."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from tests.studio.render.silhouettes import F32, U8, drawing

SEEN: Final = 0.47
"""The likeness at which a face is that of a drawing.

It was chosen from drawings alone, before any frame was judged: `python -m tests.studio.render.disturbed_faces` prints
how many right and wrong faces each threshold accepts.
"""

_ROWS: Final = 64
_SIZES: Final = (20, 24, 28, 33, 38, 44, 50, 57)
_LEAST: Final = 0.5
# The weights of red, green and blue in brightness.
_EYE: Final = np.array([0.299, 0.587, 0.114], np.float32)


def likeness(picture: U8, code: str) -> float:
    """How much the most similar place of a picture is like a face: the correlation of their brightness, -1 to 1.

    The face is tried facing both ways, at sizes from a third of the picture's height to nearly all of it, at every
    place; only the pixels that the drawing covers count.

    Args:
        picture: the surroundings of a subject, rows x columns x RGB.
        code: the code points of the drawing.
    """
    high, wide = picture.shape[:2]
    size = max(_ROWS // 3, min(3 * _ROWS, round(wide * _ROWS / high))), _ROWS
    grey = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX), np.float32) @ _EYE
    return max(_best(grey, *template) for template in _templates(code) if template[0].shape[1] <= grey.shape[1])


def _best(grey: F32, face: F32, cover: F32) -> float:
    windows = sliding_window_view(grey, face.shape).reshape(-1, face.size)
    inside = cover.ravel() > _LEAST
    seen = windows[:, inside]
    seen = seen - seen.mean(axis=1, keepdims=True)
    own = face.ravel()[inside] - face.ravel()[inside].mean()
    strength = np.sqrt((seen**2).sum(axis=1)) * np.sqrt((own**2).sum())
    return float((seen @ own / np.maximum(strength, 1e-3)).max())


@cache
def _templates(code: str) -> tuple[tuple[F32, F32], ...]:
    """The brightness and the coverage of a face in several sizes, facing both ways."""
    found = drawing(code)
    rows, columns = (np.flatnonzero(found[..., 3].any(axis=axis)) for axis in (1, 0))
    inside = found[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    made = []
    for facing in (inside, inside[:, ::-1]):
        for high in _SIZES:
            wide = max(4, round(high * inside.shape[1] / inside.shape[0]))
            small = Image.fromarray(np.ascontiguousarray(facing)).convert("RGBa")
            pixels = np.asarray(small.resize((wide, high), Image.Resampling.BOX), np.float32)
            cover: F32 = pixels[..., 3] / np.float32(255)
            face = pixels[..., :3] @ _EYE / np.maximum(cover, np.float32(0.05))
            made.append((face.astype(np.float32), cover))
    return tuple(made)
