"""Sheets of many small pictures, in rows or on the axes of a sweep, where videos can also play together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from dream_nb.media.axes import Layout
    from dream_nb.media.frames import Frame

_GAP: Final = 8
_LINE: Final = 20
_FONT: Final = 13
_HEAD: Final = 28
_MARGIN: Final = 110
_HEAD_FONT: Final = 14
# The limit of H.264 and its players.
_LARGEST: Final = 4096
_LEAST: Final = 64
# A sheet is transparent, for light and dark pages. Its words have their own background.
_PAPER: Final = (0, 0, 0, 0)
_FILM_PAPER: Final = (24, 24, 28, 255)
_GROUND: Final = (38, 38, 44, 255)
_INK: Final = (242, 242, 245, 255)
_EMPTY: Final = (138, 138, 148, 255)
_EDGE: Final = 6
_ROUND: Final = 4


def sheet(shown: Sequence[tuple[Image | None, str]], columns: int, side: int) -> Image:
    """Arrange pictures in rows, each with a line of text below it.

    Args:
        shown: the pictures with their texts; None leaves the place grey.
        columns: the number of pictures in a row.
        side: the longer side of a place, in pixels.
    """
    from PIL import Image, ImageDraw

    columns = max(1, min(columns, len(shown)))
    rows = -(-len(shown) // columns)
    width = max((picture.width for picture, _ in shown if picture), default=side)
    height = max((picture.height for picture, _ in shown if picture), default=side * 9 // 16)
    line = _LINE if any(text for _, text in shown) else 0
    paper = Image.new("RGBA", (columns * (width + _GAP) + _GAP, rows * (height + line + _GAP) + _GAP), _PAPER)
    pen = ImageDraw.Draw(paper)
    for number, (picture, text) in enumerate(shown):
        left = _GAP + number % columns * (width + _GAP)
        top = _GAP + number // columns * (height + line + _GAP)
        if picture is None:
            pen.rectangle((left, top, left + width - 1, top + height - 1), _EMPTY)
        else:
            paper.paste(picture, (left + (width - picture.width) // 2, top + (height - picture.height) // 2))
        if line:
            _caption(text, (left, top + height), width, pen)
    return paper


def _caption(text: str, corner: tuple[int, int], width: int, pen: ImageDraw) -> None:
    """Write a line of text below a picture."""
    left, top = corner
    pen.rectangle((left, top, left + width - 1, top + _LINE - 1), _GROUND)
    pen.text((left + _EDGE, top + 2), shortened(text, width - 2 * _EDGE, pen, _font()), _INK, _font())


@cache
def _font() -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(_FONT)


def _line_of(layout: Layout) -> int:
    """The height of the lines below pictures, with their words on axes that have no heading, in pixels."""
    return _LINE if any(words for _, _, words in layout.places) else 0


def shortened(text: str, width: int, pen: ImageDraw, font: Any) -> str:
    """Return one line of a text, shortened if it is too wide.

    Args:
        text: the text.
        width: the available width in pixels.
        pen: the drawing context that measures the text.
        font: the font of the text.
    """
    # No character is narrower than a pixel.
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


def check_numbers(**numbers: int) -> None:
    """Raise a ValueError if one of several named numbers is less than 1."""
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")


@dataclass(frozen=True, slots=True)
class Player:
    """A video or picture that is played together with others.

    Attributes:
        frames: its frames, at the common frame rate.
        size: its width and height in pixels.
    """

    frames: Iterator[Frame]
    size: tuple[int, int]


def draw_grid(layout: Layout, pictures: Mapping[int, Image], side: int) -> Image:
    """Draw pictures on the axes of a sweep, with its words as headings, and below pictures where axes have no heading.

    Args:
        layout: the place of each picture.
        pictures: the pictures by their numbers, at least one; other places are grey.
        side: the longer side of a place, in pixels.
    """
    paper = _paper(layout, next(iter(pictures.values())).size, side, _PAPER)
    for number, picture in pictures.items():
        paper.image.paste(_padded(picture, paper.size), paper.corners[number])
    return paper.image


def play_grid(layout: Layout, players: Mapping[int, Player], side: int) -> Iterator[Frame]:
    """Yield the frames of a film in which all play together on the axes of a sweep. Shorter ones stay on their end.

    Args:
        layout: the place of each player.
        players: the players by their numbers, at least one; other places are grey.
        side: the longer side of a place in pixels, as returned by `play_side`.

    Yields:
        An array of `uint8`, height x width x 3, RGB, which is changed from frame to frame.
    """
    import numpy as np
    from PIL import Image

    paper = _paper(layout, next(iter(players.values())).size, side, _FILM_PAPER)
    width, height = paper.size
    whole: Any = np.asarray(paper.image.convert("RGB")).copy()
    playing = {number: player.frames for number, player in players.items()}
    while playing:
        changed = False
        for number in list(playing):
            frame = next(playing[number], None)
            if frame is None:
                del playing[number]
                continue
            left, top = paper.corners[number]
            whole[top : top + height, left : left + width] = np.asarray(_padded(Image.fromarray(frame), paper.size))
            changed = True
        if changed:
            yield whole


def play_side(layout: Layout, size: tuple[int, int], most: int) -> int:
    """Return the longer side of a place in a film of all, in pixels, so that players can show the whole film.

    Args:
        layout: the place of each player.
        size: the width and height of one of them.
        most: the largest number of pixels of the film.
    """
    width, height = size
    longer = max(width, height)
    wide = (_LARGEST - _MARGIN) // max(1, len(layout.columns)) - _GAP
    high = (_LARGEST - _HEAD) // sum(layout.depths) - _GAP - _line_of(layout)
    return max(_LEAST, min(most, wide * longer // width, high * longer // height))


@dataclass(frozen=True, slots=True)
class _Paper:
    """An empty grid with its words.

    Attributes:
        image: the grid.
        corners: the left and top edge of each place, by number.
        size: the width and height of a place.
    """

    image: Image
    corners: list[tuple[int, int]]
    size: tuple[int, int]


def _paper(layout: Layout, whole: tuple[int, int], side: int, colour: tuple[int, ...]) -> _Paper:
    from PIL import Image, ImageDraw, ImageFont

    scale = min(1.0, side / max(whole))
    width, height = (max(2, round(pixels * scale)) for pixels in whole)
    depths = layout.depths
    head = _HEAD if any(layout.columns) else _GAP
    margin = _MARGIN if any(layout.rows) else _GAP
    line = _line_of(layout)
    pitch = height + line + _GAP
    lefts = [margin + column * (width + _GAP) for column in range(len(layout.columns))]
    tops = [head + sum(depths[:row]) * pitch for row in range(len(depths))]
    extent = margin + len(lefts) * (width + _GAP), head + sum(depths) * pitch
    image = Image.new("RGBA", extent, colour)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(_HEAD_FONT)
    for left, word in zip(lefts, layout.columns, strict=True):
        _write(word, (left, 6), width, pen, font)
    for top, word in zip(tops, layout.rows, strict=True):
        _write(word, (_GAP, top + height // 2 - _HEAD_FONT // 2), margin - 2 * _GAP, pen, font)
    corners = [(0, 0)] * len(layout.places)
    for (row, column), numbers in layout.stacks.items():
        for place, number in enumerate(numbers):
            left, top = corners[number] = lefts[column], tops[row] + place * pitch
            pen.rectangle((left, top, left + width - 1, top + height - 1), _EMPTY)
            if line:
                _caption(layout.places[number][2], (left, top + height), width, pen)
    return _Paper(image, corners, (width, height))


def _write(word: str, corner: tuple[int, int], width: int, pen: ImageDraw, font: Any) -> None:
    """Write the heading of a row or a column with its background."""
    line = shortened(word, width - 2 * _EDGE, pen, font)
    if not line:
        return
    left, top = corner
    right = left + int(pen.textlength(line, font)) + 2 * _EDGE
    pen.rounded_rectangle((left, top - 3, right, top + _HEAD_FONT + 4), _ROUND, _GROUND)
    pen.text((left + _EDGE, top), line, _INK, font)


def _padded(image: Image, size: tuple[int, int]) -> Image:
    from PIL import ImageOps

    return image if image.size == size else ImageOps.pad(image, size, color=_EMPTY[:3])
