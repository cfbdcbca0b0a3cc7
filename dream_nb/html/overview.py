"""The static overview of many dreams: a grid on the axes of a sweep, or rows of small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dream_nb.html.page import template


@dataclass(frozen=True, slots=True)
class Tile:
    """The contents of one dream's tile.

    Attributes:
        url: the address of its file, relative to the notebook.
        picture: a small picture as a `data:` URI; empty if there is none.
        prompt: its prompt.
        caption: the text below the picture.
        problem: why there is no picture.
    """

    url: str
    picture: str
    prompt: str
    caption: str
    problem: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a grid.

    Attributes:
        heading: the heading of the row.
        places: the tiles in each of its columns.
    """

    heading: str
    places: list[list[Tile]]


def overview(
    tiles: Sequence[Tile],
    *,
    headings: Sequence[str] = (),
    rows: Sequence[Row] = (),
    rest: int,
    is_studio: bool,
    side: int,
) -> str:
    """Return dreams as HTML: small pictures with links to the files.

    The HTML is the same for new and replayed dreams, except for the bytes of the pictures.

    Args:
        tiles: one tile for each dream without axes.
        headings: the headings of a grid's columns.
        rows: the rows of a grid.
        rest: the number of dreams that are not shown.
        is_studio: whether the studio drew one of them.
        side: the longer side of a picture, in pixels.
    """
    return template("overview.html").render(
        tiles=tiles, headings=headings, rows=rows, rest=rest, is_studio=is_studio, side=side
    )
