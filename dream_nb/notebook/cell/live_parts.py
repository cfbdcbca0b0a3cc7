"""The live parts of a result, beside its static preview: controls, buttons, and a grid that plays."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from dream_nb.api.errors import LibraryError
from dream_nb.front_ends import is_in_page, running_cell
from dream_nb.notebook.cell.replay_line import tell_below
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.widget_view import show_view
from dream_nb.storyboard.storyboard import Storyboard

if TYPE_CHECKING:
    from dream_nb.notebook.widgets.base import Widget

# The limit for all together, since no page reports that a cell was deleted.
_MOST: Final = 60

_open: deque[tuple[str, str, Widget]] = deque()
"""The open live parts, each with the id of its cell and of the cell's run."""


def is_live(made: object) -> bool:
    """Return whether a result gets live parts: only if a page shows the cell, and not if a program just runs it.

    Args:
        made: the result.
    """
    if not is_in_page():
        return False
    from dream_nb.notebook.widgets.grid import LARGEST

    if isinstance(made, Storyboard):
        return _has_film(made)
    return isinstance(made, Dream) or (isinstance(made, Dreams) and 1 <= len(made) <= LARGEST)


def _has_film(board: Storyboard) -> bool:
    try:
        return board.path.is_file()
    except (LibraryError, OSError):
        return False


def _part_of(made: Dream | Dreams | Storyboard) -> Widget:
    if isinstance(made, Storyboard):
        from dream_nb.notebook.widgets.storyboard_player import StoryboardPlayer

        return StoryboardPlayer(made)
    from dream_nb.notebook.widgets.card import Card
    from dream_nb.notebook.widgets.grid import Grid

    return Card(made, bare=True) if isinstance(made, Dream) else Grid(made, in_place=True)


def show_live(made: Dream | Dreams | Storyboard, *, is_replay: bool = False) -> None:
    """Show the live parts of a result in the running cell, below its preview.

    Their output contains only the MIME type of widgets, so nbval skips it, and a saved notebook is the same without it.

    Args:
        made: the result.
        is_replay: whether the result was in the library, which is then said for a moment.
    """
    part = _part_of(made)
    if is_replay:
        tell_below(part)
    show_view(part)
    cell, run = running_cell()
    for earlier in [one for one in _open if one[0] == cell and one[1] != run]:
        # The page no longer shows them.
        _close(earlier)
    _open.append((cell, run, part))
    while len(_open) > _MOST:
        _close(_open[0])


def close_live_parts() -> None:
    """Close all live parts that are open, since nothing can answer them any more."""
    for one in tuple(_open):
        _close(one)


def _close(one: tuple[str, str, Widget]) -> None:
    _open.remove(one)
    one[2].close()
