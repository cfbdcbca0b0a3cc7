"""The static picture of many dreams: a grid on the axes of a sweep, else a wall."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dream_nb.api.errors import LibraryError
from dream_nb.results.page import small_picture, template

if TYPE_CHECKING:
    from dream_nb.results.dream import Dream
    from dream_nb.results.dreams import Dreams

# A notebook stays small: what is beyond is counted.
_MOST: Final = 24
_SIDE: Final = 208


@dataclass(frozen=True, slots=True)
class _Tile:
    """One dream: its address, its picture or why there is none, and what to say of it."""

    dream: Dream
    picture: str
    problem: str
    caption: str


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a grid: its heading, and the tiles of each of its places."""

    heading: str
    places: list[list[_Tile]] = field(default_factory=list)


def overview(dreams: Dreams) -> str:
    """Dreams as HTML: small pictures that lead to the files, the first 24 of them.

    It is the same for new and replayed dreams, but for the bytes of the pictures.

    Args:
        dreams: which.
    """
    shown = dreams[:_MOST]
    headings, rows = _grid(shown)
    return template("overview.html").render(
        headings=headings,
        rows=rows,
        tiles=[] if rows else [_tile(dream, dream.prompt) for dream in shown],
        rest=len(dreams) - len(shown),
        is_studio=any(dream.backend == "studio" for dream in shown),
        side=_SIDE,
    )


def _grid(dreams: Dreams) -> tuple[list[str], list[_Row]]:
    """The headings of the columns, and the rows, of a sweep; nothing where there are no axes."""
    axes = dreams.axes
    if not axes:
        return [], []
    *across, last = axes
    rows: dict[str, dict[str, list[_Tile]]] = {}
    for dream, words in zip(dreams, dreams.words, strict=True):
        heading = " · ".join(words[axis] for axis in across if axis in words)
        take = f"take {dream.take}" if dream.take > 1 else ""
        rows.setdefault(heading, {}).setdefault(words.get(last, ""), []).append(_tile(dream, take))
    return axes[last], [
        _Row(heading, [places.get(word, []) for word in axes[last]]) for heading, places in rows.items()
    ]


def _tile(dream: Dream, caption: str) -> _Tile:
    try:
        return _Tile(dream, small_picture(dream, _SIDE), "", caption)
    except LibraryError as error:
        return _Tile(dream, "", str(error), caption)
