"""Shows exactly one preview per cell, whether the result is assigned or is the last expression."""

from __future__ import annotations

import sys
from functools import partial
from types import FrameType
from typing import Any, Final

from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from dream_nb.api.errors import ConfigurationError
from dream_nb.front_ends import front_end
from dream_nb.notebook.cell.live_parts import is_live, show_live
from dream_nb.notebook.cell.progress_card import wait_for_stills
from dream_nb.notebook.commands.listing import Facts, Listing
from dream_nb.requests.plan import Plan
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job
from dream_nb.results.stills import still
from dream_nb.results.sweep import Sweep
from dream_nb.results.vanishing import Vanishing
from dream_nb.storyboard.shooting import Shooting
from dream_nb.storyboard.storyboard import Storyboard
from dream_nb.terminal.inline_picture import show_picture

_TYPES: Final = (Dream, Dreams, Plan, Listing, Facts, Storyboard, Job, Sweep, Shooting)


class Previews:
    """Shows what a magic made, and prevents the result of the same cell from showing it again.

    A notebook gets the preview at once. A terminal prints the prompt of a cell's result before it asks for its text, so
    there the preview is left to the result, or to the end of the cell if there is no result. If the terminal can show
    pictures, one follows.

    Args:
        shell: the shell whose display formatter is extended.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        assert shell.display_formatter is not None
        self._formatter = shell.display_formatter.ipython_display_formatter
        self._shell = shell
        self._was_enabled = self._formatter.enabled
        self._shown: list[object] = []
        self._due: list[object] = []
        self._pictured: list[object] = []

    def install(self) -> None:
        """Install the formatters."""
        for kind in _TYPES:
            self._formatter.for_type(kind, self._format)
        # In a terminal, IPython 7 disables this formatter.
        self._formatter.enabled = True
        self._shell.events.register("post_run_cell", self._end_cell)

    def uninstall(self) -> None:
        """Remove the formatters."""
        for kind in _TYPES:
            self._formatter.pop(kind, None)
        self._formatter.enabled = self._was_enabled
        if self._end_cell in self._shell.events.callbacks["post_run_cell"]:
            self._shell.events.unregister("post_run_cell", self._end_cell)

    def show(
        self,
        made: Dream | Dreams | Plan | Storyboard | Listing[Any] | Facts,
        card: Vanishing | None = None,
        *,
        is_replay: bool = False,
    ) -> None:
        """Show what the running cell has made.

        Args:
            made: the result.
            card: the card that showed its progress, and that it replaces.
            is_replay: whether the result was in the library.
        """
        if hasattr(self._shell, "kernel"):
            if card is None:
                display(made)
            else:
                card.become(made)
            self._shown.append(made)
            if isinstance(made, Dream | Dreams | Storyboard) and is_live(made):
                show_live(made, is_replay=is_replay)
        else:
            self._due.append(made)

    def hide(self, job: Job | Sweep | Shooting) -> None:
        """Do not show a job as the running cell's result if its card is shown."""
        if not front_end().is_terminal:
            self._shown.append(job)

    def _end_cell(self, *_: Any) -> None:
        wait_for_stills()
        due, self._due = self._due, []
        self._shown.clear()
        for made in due:
            display(made)
        pictured, self._pictured = self._pictured, []
        try:
            for made in pictured:
                show_picture(partial(_picture, made), through_kernel=hasattr(self._shell, "kernel"))
        except ConfigurationError as error:
            # An exception in an event handler is shown as a traceback.
            sys.stderr.write(f"{error}\n")

    def _format(self, made: object) -> None:
        """Return an empty text if nothing should be shown; otherwise leave it to the other formatters."""
        if self._is_result():
            if any(made is shown for shown in self._shown):
                return
            self._due = [due for due in self._due if due is not made]
        if front_end().is_terminal and not any(made is shown for shown in self._pictured):
            self._pictured.append(made)
        raise NotImplementedError

    def _is_result(self) -> bool:
        """Whether this is the cell's result, and not an explicit `display(dream)`."""
        hook = self._shell.displayhook
        if hasattr(hook, "msg"):
            return bool(hook.msg)
        if hasattr(hook, "is_active"):
            return bool(hook.is_active)
        # IPython 7 has neither attribute, so look for the hook among the callers.
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code is not DisplayHook.__call__.__code__:
            frame = frame.f_back
        return frame is not None


def _picture(made: object) -> bytes | None:
    """A picture of what was made; None if it has none."""
    if isinstance(made, Dream):
        return still([made])
    if isinstance(made, Dreams):
        return still(made)
    return still(made.shots) if isinstance(made, Storyboard) else None
