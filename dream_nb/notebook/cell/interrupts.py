"""Shows an interrupted wait as one plain line that says what continues, instead of as an error."""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType
from typing import Any, Final

from IPython.core.interactiveshell import InteractiveShell

from dream_nb.results.pending import WaitInterrupted, interruption, take_given_up

_HANDLER: Final = "_dream_nb_interrupts"


class PlainInterrupts:
    """Shows an interrupted wait.

    The cell still counts as failed: the cells below it do not run, and programs that run notebooks stop.

    Args:
        shell: the shell whose cells wait.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._others = shell.custom_exceptions
        self._show_other = shell.CustomTB

    def install(self) -> None:
        """Install the handler in front of an existing one."""
        # A kernel interrupts a cell that awaits by cancelling it.
        self._shell.set_custom_exc((WaitInterrupted, asyncio.CancelledError, *self._others), self._show)
        self._shell.events.register("pre_run_cell", self._begin_cell)
        setattr(self._shell, _HANDLER, self)

    @staticmethod
    def uninstall_from(shell: InteractiveShell) -> None:
        """Remove the handler.

        Args:
            shell: the shell.
        """
        handler = shell.__dict__.pop(_HANDLER, None)
        if handler is None:
            return
        shell.events.unregister("pre_run_cell", handler._begin_cell)
        # Another handler may have been installed since.
        if WaitInterrupted in shell.custom_exceptions:
            shell.custom_exceptions, shell.CustomTB = handler._others, handler._show_other

    def _begin_cell(self, _: object) -> None:
        take_given_up()

    def _show(
        self,
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
        tb_offset: int | None = None,
    ) -> list[str]:
        interrupt = _interrupt_of(error)
        if interrupt is None:
            return self._show_as_before(kind, error, traceback, tb_offset)
        lines = interrupt._render_traceback_()
        sys.stdout.write("\n".join([*lines, ""]))
        # The part of a kernel's reply that describes the failed cell.
        shell._last_traceback = lines
        return lines

    def _show_as_before(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None, tb_offset: int | None
    ) -> list[str]:
        if not isinstance(error, self._others):
            self._shell.showtraceback((kind, error, traceback), running_compiled_code=True)
            return list(getattr(self._shell, "_last_traceback", []))
        shown: list[str] = self._show_other(kind, error, traceback, tb_offset)
        return shown


def _interrupt_of(error: BaseException) -> WaitInterrupted | None:
    """The interrupted wait that ended a cell; None if the cell ended for another reason."""
    if isinstance(error, WaitInterrupted):
        return error
    if not isinstance(error, asyncio.CancelledError):
        return None
    task = asyncio.current_task()
    # The cell itself was cancelled, and not only something that it awaits.
    is_interrupt = task is not None and task.cancelling() > 0
    given_up = take_given_up()
    return interruption(given_up) if is_interrupt and given_up else None
