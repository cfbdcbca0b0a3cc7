"""A contact sheet: many small pictures on one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from dream_nb.api.errors import LibraryError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from dream_nb.results.dreams import Dreams
    from dream_nb.results.footage import Footage

_GAP: Final = 8
_LINE: Final = 20
_FONT: Final = 13
_PAPER: Final = "#ffffff"
_INK: Final = "#3a3a42"
_EMPTY: Final = "#e9e9ee"


def of_frames(dream: Footage, count: int, columns: int, side: int) -> Image:
    """Frames of one dream at equal distances; see `Dream.contact_sheet`.

    Args:
        dream: whose.
        count: how many.
        columns: how many stand beside each other.
        side: the longer side of each, in pixels.

    Raises:
        ValueError: a number is less than 1.
        LibraryError: there is no file, or it does not decode.
    """
    from PIL import Image

    _check(count=count, columns=columns, side=side)
    if dream.facts is None:
        return sheet([(_small(dream, side), "")], 1, side)
    count, fps = min(count, dream.facts.frames), dream.facts.fps
    wanted = {round(number * (dream.facts.frames - 1) / max(1, count - 1)) for number in range(count)}
    shown = [
        (Image.fromarray(frame), f"{number / fps:.1f} s" if fps else "")
        for number, frame in enumerate(dream.frames(size=side))
        if number in wanted
    ]
    return sheet(shown, columns, side)


def of_dreams(dreams: Dreams, columns: int | None, side: int) -> Image:
    """One picture a dream; see `Dreams.contact_sheet`.

    Args:
        dreams: which.
        columns: how many stand beside each other; None takes those of the sweep's last axis, else a square.
        side: the longer side of each, in pixels.

    Raises:
        ValueError: there are no dreams, or a number is less than 1.
    """
    if not dreams:
        raise ValueError("there are no dreams: a contact sheet needs one")
    if columns is None:
        axes = list(dreams.axes.values())
        columns = len(axes[-1]) if axes else max(1, round(len(dreams) ** 0.5))
    _check(columns=columns, side=side)
    shown = [
        (_small(dream, side), " · ".join(words.values()) or dream.prompt)
        for dream, words in zip(dreams, dreams.words, strict=True)
    ]
    return sheet(shown, columns, side)


def sheet(shown: Sequence[tuple[Image | None, str]], columns: int, side: int) -> Image:
    """Pictures in rows, each with a line below it.

    Args:
        shown: pictures, and what stands below each; None leaves its place grey.
        columns: how many stand beside each other.
        side: the longer side of a place, in pixels.
    """
    from PIL import Image, ImageDraw, ImageFont

    columns = max(1, min(columns, len(shown)))
    rows = -(-len(shown) // columns)
    width = max((picture.width for picture, _ in shown if picture), default=side)
    height = max((picture.height for picture, _ in shown if picture), default=side * 9 // 16)
    line = _LINE if any(text for _, text in shown) else 0
    paper = Image.new("RGB", (columns * (width + _GAP) + _GAP, rows * (height + line + _GAP) + _GAP), _PAPER)
    pen = ImageDraw.Draw(paper)
    font = ImageFont.load_default(_FONT)
    for number, (picture, text) in enumerate(shown):
        left = _GAP + number % columns * (width + _GAP)
        top = _GAP + number // columns * (height + line + _GAP)
        if picture is None:
            pen.rectangle((left, top, left + width - 1, top + height - 1), _EMPTY)
        else:
            paper.paste(picture, (left + (width - picture.width) // 2, top + (height - picture.height) // 2))
        pen.text((left, top + height + 3), shortened(text, width, pen, font), _INK, font)
    return paper


def shortened(text: str, width: int, pen: ImageDraw, font: Any) -> str:
    """A line of a text, cut where it is too wide.

    Args:
        text: which.
        width: in pixels.
        pen: would write it.
        font: in which.
    """
    # No letter is narrower than a pixel.
    line = " ".join(text.split())[: width + 1]
    if pen.textlength(line, font) <= width:
        return line
    fits, fails = 0, len(line)
    while fails - fits > 1:
        middle = (fits + fails) // 2
        if pen.textlength(line[:middle].rstrip() + "…", font) <= width:
            fits = middle
        else:
            fails = middle
    return line[:fits].rstrip() + "…" if fits else ""


def _small(dream: Footage, side: int) -> Image | None:
    try:
        return dream._reduced(side)
    except LibraryError:
        return None


def _check(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} {number} is less than 1")
