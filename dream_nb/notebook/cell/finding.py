"""Runs a cell again after a restart of the kernel, at the request of its card, so that it returns to its dreams."""

from __future__ import annotations

import re
import sys
import time
from typing import Any, Final

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell

from dream_nb.api.errors import NotReplayedError
from dream_nb.default import default_session
from dream_nb.front_ends import digest_of_code
from dream_nb.session import Session

_SECONDS: Final = 30.0
# Such a cell makes another take at each run.
_FRESH: Final = re.compile(r"fresh|(?<!\S)-\w*f")
_CHANGED: Final = (
    "Nothing was sent: this cell was changed, or makes a new take on each run. Run it yourself to make what it "
    "now asks for; %dreams jobs lists the jobs under way."
)


class _NextCell:
    """Prevents the session from making anything new in the next cell, unless it is the expected one."""

    def __init__(self, shell: InteractiveShell, session: Session, digest: str) -> None:
        self._shell = shell
        self._session = session
        self._digest = digest
        self._before = session.replay
        self._began = time.monotonic()
        shell.events.register("pre_run_cell", self._begin_cell)
        shell.events.register("post_run_cell", self._end_cell)

    def _begin_cell(self, info: Any) -> None:
        is_late = time.monotonic() - self._began > _SECONDS
        is_same = digest_of_code(info.raw_cell) == self._digest
        if not is_late and not (is_same and not _FRESH.search(info.raw_cell)):
            self._session.replay = "only"

    def _end_cell(self, result: Any) -> None:
        self._shell.events.unregister("pre_run_cell", self._begin_cell)
        self._shell.events.unregister("post_run_cell", self._end_cell)
        if self._session.replay != self._before:
            self._session.replay = self._before
            if isinstance(result.error_in_exec, NotReplayedError):
                sys.stderr.write(f"{_CHANGED}\n")


def find_again(digest: str) -> None:
    """Let the next cell return to what it requested before. If it now requests something else, nothing is sent.

    This loads the extension, because the kernel is new.

    Args:
        digest: the `digest_of_code` of the cell when it sent its request.
    """
    shell = get_ipython()
    assert shell is not None
    assert shell.extension_manager is not None
    shell.extension_manager.load_extension("dream_nb")
    _NextCell(shell, default_session(), digest)
