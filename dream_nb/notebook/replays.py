"""The line that a replay shows for a moment: what the library gave cost nothing."""

from __future__ import annotations

import sys
import threading
import uuid
from typing import Any, Final

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display, update_display

from dream_nb.results.closing import close_widget
from dream_nb.results.job import REPLAYED

_SECONDS: Final = 6.0
_WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"

_shown: list[_Line] = []


class _Line(threading.Thread):
    """A line in a cell, until its time is over.

    Args:
        seconds: how long it stays.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(name="dream_nb-replay", daemon=True)
        from ipywidgets import Label

        self._label = Label(REPLAYED.note)
        self._display_id = uuid.uuid4().hex
        self._seconds = seconds
        self.over = threading.Event()
        view: dict[str, Any] = {"version_major": 2, "version_minor": 0, "model_id": self._label.model_id}
        # Of the widget's type only: nbval skips it, and the first run of the cell had no such line.
        display({_WIDGET_VIEW: view}, raw=True, display_id=self._display_id)

    def run(self) -> None:
        """Wait, and vanish."""
        self.over.wait(self._seconds)
        try:
            update_display({}, raw=True, display_id=self._display_id)
        finally:
            close_widget(self._label)
            _shown.remove(self)


def tell(shell: InteractiveShell) -> None:
    """Say in the running cell, or in the terminal, that nothing was spent. The cell's output keeps nothing of it."""
    if not hasattr(shell, "kernel"):
        if sys.stderr.isatty():
            sys.stderr.write(f"{REPLAYED.note}\n")
        return
    line = _Line(_SECONDS if _is_watched(shell) else 0.0)
    _shown.append(line)
    line.start()
    if not _is_watched(shell):
        # Whoever only runs the cells saves them as soon as the last one is over.
        line.join()


def vanish() -> None:
    """Take away what is still shown."""
    for line in _shown.copy():  # each takes itself off the list
        line.over.set()
        line.join()


def _is_watched(shell: Any) -> bool:
    """Whether somebody sees the cell run: a page names the cell in its request, and a program does not."""
    parent = shell.kernel.get_parent("shell") if hasattr(shell, "kernel") else {}
    return "cellId" in (parent or {}).get("metadata", {})
