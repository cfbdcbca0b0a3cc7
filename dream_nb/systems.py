"""Differences of Windows: waits that an interrupt does not end, and files that cannot be changed while open."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any, Final, TypeVar

T = TypeVar("T")

_SLICE_SECONDS: Final = 0.1
_BUSY_SECONDS: Final = 2.0
_BUSY_PAUSE: Final = 0.05
_IN_USE: Final = "another program, such as a player, has it open: close it there, then try again"


def is_windows() -> bool:
    """Return whether this is Windows."""
    return os.name == "nt"


def wait_for(future: Future[Any], timeout: float | None = None) -> None:
    """Wait until a future is done. An interrupt ends the wait on every system.

    Args:
        future: the future.
        timeout: the longest wait in seconds.

    Raises:
        TimeoutError: it is not done yet.
    """
    if not is_windows():
        if wait([future], timeout).not_done:
            raise TimeoutError
        return
    # There an interrupt is noticed only between two waits for a lock.
    give_up = None if timeout is None else time.monotonic() + timeout
    while not future.done():
        left = _SLICE_SECONDS if give_up is None else min(_SLICE_SECONDS, give_up - time.monotonic())
        if left <= 0:
            raise TimeoutError
        wait([future], left)


def interrupt_main_thread() -> None:
    """Interrupt the main thread, as Ctrl-C would."""
    if is_windows():
        # `os.kill` ends a process there, whatever the signal.
        signal.raise_signal(signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGINT)


def put_in_place(path: Path, to: Path) -> Path:
    """Rename a file, replacing any file of the new name.

    Args:
        path: the path of the file.
        to: its new name.

    Returns:
        The new name.

    Raises:
        OSError: it cannot be renamed.
    """
    return _once_free(lambda: path.replace(to))


def remove(path: Path) -> None:
    """Remove a file if it exists.

    Args:
        path: the path of the file.

    Raises:
        OSError: it cannot be removed.
    """
    _once_free(lambda: path.unlink(missing_ok=True))


def _once_free(change: Callable[[], T]) -> T:
    """Change a file; on Windows, retry for two seconds while another program has it open.

    Players keep the files that they play open, and virus scanners open new ones. On other systems this does no harm.
    """
    if not is_windows():
        return change()
    give_up = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            return change()
        except PermissionError as error:
            if time.monotonic() > give_up:
                raise PermissionError(errno.EACCES, _IN_USE, error.filename) from error
            time.sleep(_BUSY_PAUSE)
