"""The one pool of worker processes, for the studio's drawing and for measures.

A leaf of the house, beside `api`: studio and jobs both use it, it uses neither.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from typing import Any

_IDLE_SECONDS = 300
_PARENT_CHECK_SECONDS = 1.0
_NICE = 10

_lock = threading.Lock()
_pool: Pool | None = None


def pool() -> Pool:
    """The pool of this process: as many workers as there are cores, started at first use.

    The workers never import the user's main module, ignore SIGINT, run at nice 10, and end with their parent.
    """
    global _pool  # noqa: PLW0603 - one pool a process is the point
    with _lock:
        if _pool is None or _pool.broken:
            _pool = Pool()
        return _pool


class Pool(Executor):
    """Worker processes that an interrupt of the notebook does not reach and that never outlive it.

    Args:
        max_workers: how many processes; by default one for each core that this process may use.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        # loky costs 30 ms to import, and nobody needs it before the first drawing.
        import loky
        from loky.process_executor import ProcessPoolExecutor

        self.max_workers = max_workers or loky.cpu_count()
        self._executor = ProcessPoolExecutor(
            self.max_workers,
            timeout=_IDLE_SECONDS,
            # loky's default context leaves the parent's main module alone: an unguarded script does not run again.
            context=loky.backend.get_context("loky"),
            initializer=_initialize,
            initargs=(os.getpid(),),
        )
        # At the end of the interpreter loky would wait for every drawing under way; a kernel has to go at once.
        self._executor._flags.kill_workers = True
        # Without it the executor is collected when half of the interpreter is gone, and its callback complains.
        atexit.register(self._executor.shutdown, kill_workers=True)

    @property
    def broken(self) -> bool:
        """Whether a worker died: the futures of this pool have failed, and `pool()` gives a new one."""
        return self._executor._flags.broken is not None

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn(*args, **kwargs)` in a worker. Raises what the pool raises when it is broken or shut down."""
        with _spawning_without_interrupts():
            future: Future[Any] = self._executor.submit(fn, *args, **kwargs)
            return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; with `cancel_futures` at once, without waiting for what they draw."""
        self._executor.shutdown(wait=wait, kill_workers=cancel_futures)


@contextlib.contextmanager
def _spawning_without_interrupts() -> Iterator[None]:
    """Start processes with SIGINT blocked.

    A notebook's interrupt goes to its whole process group, and would end a worker that has not yet come to ignore it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    from loky.backend import resource_tracker as loky_tracker

    # Starting a tracker unblocks SIGINT in this thread, so both must run before it is blocked.
    resource_tracker.ensure_running()
    loky_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _initialize(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    threading.Thread(target=_end_with, args=(parent,), name="dream_nb-parent-watch", daemon=True).start()


def _end_with(parent: int) -> None:
    # loky's queues keep an orphan waiting for ever: both ends of their pipes are open in every worker.
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)
