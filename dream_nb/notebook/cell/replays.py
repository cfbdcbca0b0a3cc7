"""The line that a replay shows for a moment: what the library gave cost nothing."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final

from dream_nb.front_ends import CONSOLE, TERMINAL, front_end
from dream_nb.results.pending import REPLAYED

if TYPE_CHECKING:
    from dream_nb.notebook.widgets.base import Widget

_SECONDS: Final = 6.0

_shown: list[_Line] = []


class _Line(threading.Thread):
    """A line below a widget, until its time is over.

    Args:
        widget: what shows it.
        seconds: how long it stays.
    """

    def __init__(self, widget: Widget, seconds: float) -> None:
        super().__init__(name="dream_nb-replay", daemon=True)
        self.widget = widget
        self._seconds = seconds
        self.over = threading.Event()
        widget.passing = REPLAYED.note

    def run(self) -> None:
        """Wait, and take it away."""
        self.over.wait(self._seconds)
        try:
            self.widget.passing = ""
        finally:
            _shown.remove(self)


def tell_terminal() -> None:
    """Say in a terminal that nothing was spent; in a page `tell_below` says it."""
    shown_in = front_end()
    if shown_in is CONSOLE or (shown_in is TERMINAL and sys.stderr.isatty()):
        sys.stderr.write(f"{REPLAYED.note}\n")


def tell_below(widget: Widget) -> None:
    """Say for a moment, below the live parts of a result, that nothing was spent.

    An output of its own could not be taken back: the saved cell would keep an empty one, which its first run had not.

    Args:
        widget: the live parts, not shown yet.
    """
    line = _Line(widget, _SECONDS)
    _shown.append(line)
    line.start()


def vanish() -> None:
    """Take away what is still shown."""
    for line in _shown.copy():  # each takes itself off the list
        line.over.set()
        line.join()
