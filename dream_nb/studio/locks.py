"""Locks on files, which end with the process that holds them."""

from __future__ import annotations

import errno
import os

try:
    import fcntl
except ImportError:  # Windows has no flock
    fcntl = None  # type: ignore[assignment]


def lock(handle: int, *, wait: bool) -> None:
    """Lock a file or folder exclusively, until the handle is closed.

    Args:
        handle: the handle of the open file or folder.
        wait: whether to wait until others release it.

    Raises:
        OSError: others hold the lock, or files cannot be locked here.
    """
    if fcntl is None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
