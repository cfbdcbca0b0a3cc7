"""A grid as a file: one picture headed by its words, or one film in which all play together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dream_nb.api.errors import LibraryError
from dream_nb.files import given_path
from dream_nb.results.clips import encode, written
from dream_nb.results.sheet import shortened

if TYPE_CHECKING:
    from PIL.Image import Image

    from dream_nb.results.dream import Dream
    from dream_nb.results.layout import Layout
    from dream_nb.results.video import Frame

_SIDE: Final = 320
_FILM_SIDE: Final = 480
# H.264 and its players go no further.
_LARGEST: Final = 4096
_GAP: Final = 8
_HEAD: Final = 28
_MARGIN: Final = 110
_FONT: Final = 14
_PAPER: Final = "#ffffff"
_INK: Final = "#3a3a42"
_EMPTY: Final = "#e9e9ee"

Boxes = list[tuple[int, int]]


def draw(layout: Layout, dreams: Sequence[Dream | None], path: Path | str | None) -> Path:
    """See `Grid.contact_sheet`.

    Args:
        layout: where each stands.
        dreams: each, or None where it is not there.
        path: where to, or None.

    Raises:
        LibraryError: nothing is there that can be read, or it cannot be written.
    """
    there = _there(dreams)
    target = given_path(path) if path else _beside(there, "png")
    paper, boxes, size = _paper(layout, there, _SIDE)
    for number, dream in there.items():
        paper.paste(_fitted(dream.image, size), boxes[number])
    with written(target) as partial:
        paper.save(partial, "PNG", optimize=True)
    return target


def film(layout: Layout, dreams: Sequence[Dream | None], path: Path | str | None) -> Path:
    """See `Grid.side_by_side`.

    Args:
        layout: where each stands.
        dreams: each, or None where it is not there.
        path: where to, or None.

    Raises:
        LibraryError: nothing is there that can be read, one is cut off, or it cannot be written.
    """
    there = _there(dreams)
    target = given_path(path) if path else _beside(there, "mp4")
    width, height = next(iter(there.values())).size
    longer = max(width, height)
    wide = (_LARGEST - _MARGIN) // max(1, len(layout.columns)) - _GAP
    high = (_LARGEST - _HEAD) // sum(_depths(layout)) - _GAP
    # Of the longer side of a place, of which the other is a part.
    side = max(64, min(_FILM_SIDE, wide * longer // width, high * longer // height))
    with written(target) as partial:
        encode(_frames(layout, there, side), partial, max((dream.fps or 0) for dream in there.values()) or 24.0)
    return target


def _frames(layout: Layout, there: dict[int, Dream], side: int) -> Iterator[Frame]:
    """The frames of the whole; who ends earlier stays on its last one."""
    import numpy as np
    from PIL import Image

    paper, boxes, size = _paper(layout, there, side)
    fps = max((dream.fps or 0) for dream in there.values()) or 24.0
    whole: Any = np.asarray(paper).copy()
    playing = {number: _at_rate(dream, fps, max(size)) for number, dream in there.items()}
    while playing:
        changed = False
        for number in list(playing):
            frame = next(playing[number], None)
            if frame is None:
                del playing[number]
                continue
            left, top = boxes[number]
            whole[top : top + size[1], left : left + size[0]] = np.asarray(_fitted(Image.fromarray(frame), size))
            changed = True
        if changed:
            yield whole


def _at_rate(dream: Dream, fps: float, side: int) -> Iterator[Frame]:
    own = dream.fps or fps
    count = 0
    for number, frame in enumerate(dream.frames(size=side)):
        wanted = round((number + 1) * fps / own)
        for _ in range(wanted - count):
            yield frame
        count = wanted


def _paper(layout: Layout, there: dict[int, Dream], side: int) -> tuple[Image, Boxes, tuple[int, int]]:
    """The empty grid with its words, the corner of each place, and the size of a place."""
    from PIL import Image, ImageDraw, ImageFont

    width, height = next(iter(there.values())).size
    scale = min(1.0, side / max(width, height))
    size = max(2, round(width * scale)), max(2, round(height * scale))
    stacked, deep = _stacked(layout), _depths(layout)
    head = _HEAD if any(layout.columns) else _GAP
    margin = _MARGIN if any(layout.rows) else _GAP
    tops = [head + sum(deep[:row]) * (size[1] + _GAP) for row in range(len(deep))]
    paper = Image.new(
        "RGB", (margin + len(layout.columns) * (size[0] + _GAP), head + sum(deep) * (size[1] + _GAP)), _PAPER
    )
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(_FONT)
    for column, word in enumerate(layout.columns):
        left = margin + column * (size[0] + _GAP)
        pen.text((left, 6), shortened(word, size[0], pen, font), _INK, font)
    for row, word in enumerate(layout.rows):
        pen.text(
            (_GAP, tops[row] + size[1] // 2 - _FONT // 2), shortened(word, margin - 2 * _GAP, pen, font), _INK, font
        )
    boxes: Boxes = [(0, 0)] * len(layout.places)
    for (row, column), numbers in stacked.items():
        for place, number in enumerate(numbers):
            left, top = margin + column * (size[0] + _GAP), tops[row] + place * (size[1] + _GAP)
            boxes[number] = left, top
            pen.rectangle((left, top, left + size[0] - 1, top + size[1] - 1), _EMPTY)
    return paper, boxes, size


def _stacked(layout: Layout) -> dict[tuple[int, int], list[int]]:
    """The numbers in each place: several stand below each other."""
    stacked: dict[tuple[int, int], list[int]] = {}
    for number, (row, column, _) in enumerate(layout.places):
        stacked.setdefault((row, column), []).append(number)
    return stacked


def _depths(layout: Layout) -> list[int]:
    """How many stand below each other in each row, at most."""
    stacked = _stacked(layout)
    return [
        max(len(stacked.get((row, column), [])) or 1 for column in range(len(layout.columns)))
        for row in range(len(layout.rows))
    ]


def _fitted(image: Image, size: tuple[int, int]) -> Image:
    from PIL import ImageOps

    return image if image.size == size else ImageOps.pad(image, size, color=_EMPTY)


def _there(dreams: Sequence[Dream | None]) -> dict[int, Dream]:
    """Those that can be seen, by their numbers; the places of the others stay grey."""
    there: dict[int, Dream] = {}
    problem = None
    for number, dream in enumerate(dreams):
        if dream is None or not dream.url:
            continue
        try:
            # A picture that was seen before is known, even where its file is gone.
            _ = dream.path, dream.image
        except LibraryError as error:
            problem = problem or error
        else:
            there[number] = dream
    if there:
        return there
    raise problem or LibraryError("there is nothing yet to put into a file: wait for the first result")


def _beside(there: dict[int, Dream], suffix: str) -> Path:
    identity = hashlib.sha256("\n".join(f"{dream.hash}-{dream.take}" for dream in there.values()).encode()).hexdigest()
    first = next(iter(there.values())).path
    return first.with_name(f"{first.stem}-grid-{identity[:12]}.{suffix}")
