"""The line that a replay shows for a moment, which says that the library's result is free."""

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
    """A line below a widget, which is removed after some time.

    Args:
        widget: the widget that shows the line.
        seconds: how long it is shown, in seconds.
    """

    def __init__(self, widget: Widget, seconds: float) -> None:
        super().__init__(name="dream_nb-replay", daemon=True)
        self.widget = widget
        self._seconds = seconds
        self.over = threading.Event()
        widget.passing = REPLAYED.note

    def run(self) -> None:
        """Wait, and remove the line."""
        self.over.wait(self._seconds)
        try:
            self.widget.passing = ""
        finally:
            _shown.remove(self)


def tell_terminal() -> None:
    """Say in a terminal that nothing was spent. In a page, `tell_below` does this."""
    shown_in = front_end()
    if shown_in is CONSOLE or (shown_in is TERMINAL and sys.stderr.isatty()):
        sys.stderr.write(f"{REPLAYED.note}\n")


def tell_below(widget: Widget) -> None:
    """Say for a moment, below the live parts of a result, that nothing was spent.

    A separate output could not be removed: the saved cell would keep an empty output, unlike after its first run.

    Args:
        widget: the live parts, which are not shown yet.
    """
    line = _Line(widget, _SECONDS)
    _shown.append(line)
    line.start()


def vanish() -> None:
    """Remove all lines that are still shown."""
    for line in _shown.copy():  # each line removes itself from the set
        line.over.set()
        line.join()
