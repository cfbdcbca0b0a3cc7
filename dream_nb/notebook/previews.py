"""Exactly one preview a cell, whether its dream is assigned or is its result."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from dream_nb.results.dream import Dream


class Previews:
    """Shows what the magic made, and keeps the same cell's result from showing it again.

    A notebook gets the preview at once. A terminal prints the prompt of a cell's result before it asks how to show it:
    so there the preview is left to the result, and to the end of the cell where there is none.

    Args:
        shell: whose display formatter asks.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        assert shell.display_formatter is not None
        self._formatter = shell.display_formatter.ipython_display_formatter
        self._shell = shell
        self._shown: list[Dream] = []
        self._due: list[Dream] = []

    def install(self) -> None:
        """Begin to be asked."""
        self._formatter.for_type(Dream, self._format)
        self._shell.events.register("post_run_cell", self._end_cell)

    def uninstall(self) -> None:
        """Be asked no more."""
        self._formatter.pop(Dream, None)
        if self._end_cell in self._shell.events.callbacks["post_run_cell"]:
            self._shell.events.unregister("post_run_cell", self._end_cell)

    def show(self, dream: Dream) -> None:
        """Show a dream that the running cell made."""
        if hasattr(self._shell, "kernel"):
            display(dream)
            self._shown.append(dream)
        else:
            self._due.append(dream)

    def _end_cell(self, *_: Any) -> None:
        due, self._due = self._due, []
        self._shown.clear()
        for dream in due:
            display(dream)

    def _format(self, dream: Dream) -> None:
        """Show nothing where nothing is due; else leave it to the other formatters."""
        if self._is_result():
            if any(dream is shown for shown in self._shown):
                return
            self._due = [due for due in self._due if due is not dream]
        raise NotImplementedError

    def _is_result(self) -> bool:
        """Whether it is the cell's result that is being shown, and not an explicit `display(dream)`."""
        hook = self._shell.displayhook
        return bool(getattr(hook, "msg", None) or getattr(hook, "is_active", False))
