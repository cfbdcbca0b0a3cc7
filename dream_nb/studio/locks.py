"""Locks on files, which end with the process that holds them."""

from __future__ import annotations

import errno
import os

try:
    import fcntl
except ImportError:  # Windows has no flock
    fcntl = None  # type: ignore[assignment]


def lock(handle: int, *, wait: bool) -> None:
    """Lock a file or folder for this process alone, until the handle is closed.

    Args:
        handle: of the open file or folder.
        wait: until others give it up.

    Raises:
        OSError: others hold the lock, or files cannot be locked here.
    """
    if fcntl is None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
