"""Sheets: many small pictures on one, in rows, or on the axes of a sweep, where they also play together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
# H.264 and its players go no further.
_LARGEST: Final = 4096
_LEAST: Final = 64
# A sheet is transparent: it stands on light pages and dark ones. Its words have a ground of their own.
_PAPER: Final = (0, 0, 0, 0)
_FILM_PAPER: Final = (24, 24, 28, 255)
_GROUND: Final = (38, 38, 44, 255)
_INK: Final = (242, 242, 245, 255)
_EMPTY: Final = (138, 138, 148, 255)
_EDGE: Final = 6
_ROUND: Final = 4


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
    paper = Image.new("RGBA", (columns * (width + _GAP) + _GAP, rows * (height + line + _GAP) + _GAP), _PAPER)
    pen = ImageDraw.Draw(paper)
    font = ImageFont.load_default(_FONT)
    for number, (picture, text) in enumerate(shown):
        left = _GAP + number % columns * (width + _GAP)
        top = _GAP + number // columns * (height + line + _GAP)
        if picture is None:
            pen.rectangle((left, top, left + width - 1, top + height - 1), _EMPTY)
        else:
            paper.paste(picture, (left + (width - picture.width) // 2, top + (height - picture.height) // 2))
        if line:
            pen.rectangle((left, top + height, left + width - 1, top + height + line - 1), _GROUND)
            caption = shortened(text, width - 2 * _EDGE, pen, font)
            pen.text((left + _EDGE, top + height + 2), caption, _INK, font)
    return paper


def shortened(text: str, width: int, pen: ImageDraw, font: Any) -> str:
    """A line of a text, cut where it is too wide.

    Args:
        text: the text.
        width: in pixels.
        pen: measures it.
        font: the font that it is written in.
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


def check_numbers(**numbers: int) -> None:
    """Raise a ValueError where one of several numbers, by their names, is less than 1."""
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")


@dataclass(frozen=True, slots=True)
class Player:
    """One video, or picture, of those that play together.

    Attributes:
        frames: its frames, in the rate in which all play.
        size: width and height of the whole, in pixels.
    """

    frames: Iterator[Frame]
    size: tuple[int, int]


def draw_grid(layout: Layout, pictures: Mapping[int, Image], side: int) -> Image:
    """Pictures on the axes of a sweep, headed by its words.

    Args:
        layout: where each is shown.
        pictures: at least one, by their numbers; the places of others stay grey.
        side: the longer side of a place, in pixels.
    """
    paper = _paper(layout, next(iter(pictures.values())).size, side, _PAPER)
    for number, picture in pictures.items():
        paper.image.paste(_padded(picture, paper.size), paper.corners[number])
    return paper.image


def play_grid(layout: Layout, players: Mapping[int, Player], side: int) -> Iterator[Frame]:
    """The frames of a film in which all play together on the axes of a sweep; who ends earlier stays on its last one.

    Args:
        layout: where each is shown.
        players: at least one, by their numbers; the places of others stay grey.
        side: the longer side of a place, in pixels, as `play_side` gives it.

    Yields:
        `uint8`, height x width x 3, RGB: one array, changed from frame to frame.
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
    """The longer side of a place in a film of all, in pixels, such that players can show the whole.

    Args:
        layout: where each is shown.
        size: width and height of one of them.
        most: at most how many pixels.
    """
    width, height = size
    longer = max(width, height)
    wide = (_LARGEST - _MARGIN) // max(1, len(layout.columns)) - _GAP
    high = (_LARGEST - _HEAD) // sum(layout.depths) - _GAP
    return max(_LEAST, min(most, wide * longer // width, high * longer // height))


@dataclass(frozen=True, slots=True)
class _Paper:
    """An empty grid with its words.

    Attributes:
        image: the grid.
        corners: left and top of each place, by number.
        size: width and height of a place.
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
    lefts = [margin + column * (width + _GAP) for column in range(len(layout.columns))]
    tops = [head + sum(depths[:row]) * (height + _GAP) for row in range(len(depths))]
    extent = margin + len(lefts) * (width + _GAP), head + sum(depths) * (height + _GAP)
    image = Image.new("RGBA", extent, colour)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(_HEAD_FONT)
    for left, word in zip(lefts, layout.columns, strict=True):
        _write(word, (left, 6), width, pen, font)
    for top, word in zip(tops, layout.rows, strict=True):
        _write(word, (_GAP, top + height // 2 - _HEAD_FONT // 2), margin - 2 * _GAP, pen, font)
    corners = [(0, 0)] * len(layout.places)
    for (row, column), numbers in layout.stacks.items():
        for place, number in enumerate(numbers):
            left, top = corners[number] = lefts[column], tops[row] + place * (height + _GAP)
            pen.rectangle((left, top, left + width - 1, top + height - 1), _EMPTY)
    return _Paper(image, corners, (width, height))


def _write(word: str, corner: tuple[int, int], width: int, pen: ImageDraw, font: Any) -> None:
    """Write a word that heads a row or a column on its ground."""
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
