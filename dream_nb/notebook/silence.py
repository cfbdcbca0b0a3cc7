"""One preview a cell: what the magic showed is not shown again as that cell's result."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from dream_nb.results.dream import Dream


class Silence:
    """Keeps a dream that the magic has shown silent as its own cell's result, and as nothing else.

    Args:
        shell: whose display formatter asks.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        assert shell.display_formatter is not None  # noqa: S101 - every shell makes one
        self._formatter = shell.display_formatter.ipython_display_formatter
        self._shell = shell
        self._shown: list[Dream] = []

    def install(self) -> None:
        """Begin to be asked."""
        self._formatter.for_type(Dream, self._display)
        self._shell.events.register("post_run_cell", self._forget)

    def uninstall(self) -> None:
        """Be asked no more."""
        self._formatter.pop(Dream, None)
        if self._forget in self._shell.events.callbacks["post_run_cell"]:
            self._shell.events.unregister("post_run_cell", self._forget)

    def shown(self, dream: Dream) -> None:
        """Note that the running cell shows this dream already."""
        self._shown.append(dream)

    def _forget(self, *_: Any) -> None:
        self._shown.clear()

    def _display(self, dream: Dream) -> None:
        """Show nothing where nothing is due; else leave it to the other formatters."""
        if not (self._is_result() and any(dream is shown for shown in self._shown)):
            raise NotImplementedError

    def _is_result(self) -> bool:
        """Whether it is the cell's result that is being shown, and not an explicit `display(dream)`."""
        hook = self._shell.displayhook
        return bool(getattr(hook, "msg", None) or getattr(hook, "is_active", False))
