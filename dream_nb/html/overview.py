"""The static picture of many dreams: a grid on the axes of a sweep, or rows of small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dream_nb.html.page import template


@dataclass(frozen=True, slots=True)
class Tile:
    """What is shown of one dream.

    Attributes:
        url: the address of its file, seen from the notebook.
        picture: a small picture as a `data:` URI; empty where there is none.
        prompt: its prompt.
        caption: what is said of it.
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
        heading: what heads it.
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
    """Dreams as HTML: small pictures that lead to the files.

    It is the same for new and replayed dreams, but for the bytes of the pictures.

    Args:
        tiles: one for each dream, where they are on no axes.
        headings: of the columns of a grid.
        rows: of a grid.
        rest: how many dreams are not shown.
        is_studio: whether the studio drew one of them.
        side: the longer side of a picture, in pixels.
    """
    return template("overview.html").render(
        tiles=tiles, headings=headings, rows=rows, rest=rest, is_studio=is_studio, side=side
    )
