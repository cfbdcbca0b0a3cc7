"""The line that a replay shows for a moment: what the library gave cost nothing."""

from __future__ import annotations

import sys
import threading
from typing import Final

from IPython.core.interactiveshell import InteractiveShell

from dream_nb.results.pending import REPLAYED
from dream_nb.results.vanishing import Vanishing, is_in_page

_SECONDS: Final = 6.0

_shown: list[_Line] = []


class _Line(threading.Thread):
    """A line in a cell, until its time is over.

    Args:
        seconds: how long it stays.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(name="dream_nb-replay", daemon=True)
        from ipywidgets import Label

        # The first run of the cell had no such line.
        self._line = Vanishing(Label(REPLAYED.note))
        self._seconds = seconds
        self.over = threading.Event()

    def run(self) -> None:
        """Wait, and vanish."""
        self.over.wait(self._seconds)
        try:
            self._line.vanish()
        finally:
            _shown.remove(self)


def tell(shell: InteractiveShell) -> None:
    """Say in the running cell, or in the terminal, that nothing was spent. The cell's output keeps nothing of it."""
    if not hasattr(shell, "kernel"):
        if sys.stderr.isatty():
            sys.stderr.write(f"{REPLAYED.note}\n")
        return
    if is_in_page():
        line = _Line(_SECONDS)
        _shown.append(line)
        line.start()


def vanish() -> None:
    """Take away what is still shown."""
    for line in _shown.copy():  # each takes itself off the list
        line.over.set()
        line.join()
