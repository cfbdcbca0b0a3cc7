"""A cell that is run again by the card of a kernel that was restarted: it comes back to what it had asked for."""

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
    """Has the session make nothing in the next cell, unless that is the one that is expected."""

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
    """Let the next cell come back to what it had asked for. If it asks for something else now, nothing is sent.

    Loads the extension, as the kernel is new.

    Args:
        digest: the `digest_of_code` of the cell when it asked.
    """
    shell = get_ipython()
    assert shell is not None
    assert shell.extension_manager is not None
    shell.extension_manager.load_extension("dream_nb")
    _NextCell(shell, default_session(), digest)
