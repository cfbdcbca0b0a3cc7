"""Open resources of this process: closed when the interpreter exits, and dropped in a child after a fork.

This module depends on no other: portal, clients, ledgers, sessions and workers all register here.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
from enum import IntEnum
from typing import Final, Protocol
from weakref import WeakSet

logger = logging.getLogger("dream_nb")
# Shorter than the time after which a kernel's manager kills the kernel.
_EXIT_SECONDS: Final = 3.0
# A resource that hangs must not use up the time of everything after it.
_LEAST_SECONDS: Final = 0.2


class Stage(IntEnum):
    """The order of closing at exit: users of a resource are closed before it."""

    SESSION = 0
    CLIENT = 1
    LOOP = 2
    LEDGER = 3
    WORKERS = 4


class Closable(Protocol):
    """Something that is closed when the interpreter exits."""

    def _end(self, seconds: float) -> None:
        """Close it.

        Args:
            seconds: the longest time that this may take.
        """


class Inherited(Protocol):
    """Something that a forked child must not use."""

    def _forked(self) -> None:
        """Drop everything that belongs to the parent, in the child. This must take no lock, and wait for nothing."""


_lock = threading.Lock()
_at_exit: dict[Stage, WeakSet[Closable]] = {stage: WeakSet() for stage in Stage}
_at_fork: WeakSet[Inherited] = WeakSet()


def close_at_exit(thing: Closable, stage: Stage) -> None:
    """Close something when the interpreter exits, unless it was garbage-collected before.

    Args:
        thing: the object to close. Only a weak reference to it is kept.
        stage: when to close it.
    """
    with _lock:
        _at_exit[stage].add(thing)


def let_go_after_fork(thing: Inherited) -> None:
    """Call `_forked` of an object in every child that is forked from this process.

    Args:
        thing: the object that the child must not use. Only a weak reference to it is kept.
    """
    with _lock:
        _at_fork.add(thing)


def keep_for_ever(thing: object) -> None:
    """Never deallocate an object, not even when the interpreter exits.

    A forked child must not close a database that its parent opened, and deallocating a connection would close it.

    Args:
        thing: the object.
    """
    # CPython deallocates objects that are still referenced at exit.
    with contextlib.suppress(ImportError, AttributeError):
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


# With atexit instead of threading's own hooks, which run before the user's threads and thread pools have ended, and
# these may still wait for a dream.
@atexit.register
def _end_all() -> None:
    deadline = time.monotonic() + _EXIT_SECONDS
    for stage in Stage:
        with _lock:
            things = list(_at_exit[stage])
        for thing in things:
            try:
                thing._end(max(_LEAST_SECONDS, deadline - time.monotonic()))
            except Exception:
                # A failure must not prevent closing the others.
                logger.debug("%r could not be closed at exit", thing, exc_info=True)


def _let_go_of_all() -> None:
    global _lock  # noqa: PLW0603 - the thread that holds the old one is not in the child
    _lock = threading.Lock()
    for thing in list(_at_fork):
        try:
            thing._forked()
        except Exception:
            logger.debug("%r could not be released after a fork", thing, exc_info=True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_of_all)
