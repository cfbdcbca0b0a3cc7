"""A wait that the user ended is no failure: one plain line says what goes on, and no error stands in the cell."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Final

from IPython.core.interactiveshell import InteractiveShell

from dream_nb.results.pending import WaitInterrupted

_HANDLER: Final = "_dream_nb_interrupts"


class PlainInterrupts:
    """Shows an interrupted wait.

    The cell still ends as one that failed: the cells below it do not run, and programs that run notebooks stop.

    Args:
        shell: the shell whose cells wait.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._others = shell.custom_exceptions
        self._show_other = shell.CustomTB

    def install(self) -> None:
        """Begin to be asked, before a handler that is there already."""
        self._shell.set_custom_exc((WaitInterrupted, *self._others), self._show)
        setattr(self._shell, _HANDLER, self)

    @staticmethod
    def uninstall_from(shell: InteractiveShell) -> None:
        """Be asked no more.

        Args:
            shell: the shell.
        """
        handler = shell.__dict__.pop(_HANDLER, None)
        # Another handler may have been set since.
        if handler is not None and WaitInterrupted in shell.custom_exceptions:
            shell.custom_exceptions, shell.CustomTB = handler._others, handler._show_other

    def _show(
        self,
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
        tb_offset: int | None = None,
    ) -> list[str]:
        if not isinstance(error, WaitInterrupted):
            shown: list[str] = self._show_other(kind, error, traceback, tb_offset)
            return shown
        lines = error._render_traceback_()
        sys.stdout.write("\n".join([*lines, ""]))
        # What a kernel's reply says of the failed cell.
        shell._last_traceback = lines
        return lines
