"""Threads for blocking calls of the background loop."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

_MOST: Final = min(32, (os.cpu_count() or 1) + 4)


class DaemonThreads(ThreadPoolExecutor):
    """An executor with daemon threads.

    Python shuts its own thread pools down as soon as the main thread has ended, while other threads may still be
    waiting for a dream. It then also waits for everything that they do, such as looking up a name that no server
    answers for.
    """

    def __init__(self) -> None:
        # The base class is one that a loop accepts. It starts no thread before its own `submit`.
        super().__init__(_MOST)
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._free = threading.Semaphore(0)
        self._started = 0
        self._guard = threading.Lock()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn(*args, **kwargs)` in a thread.

        Raises:
            RuntimeError: no thread can be started: the interpreter is exiting.
        """
        future: Future[Any] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it is raised again where the call came from
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._guard:
            if not self._free.acquire(blocking=False) and self._started < _MOST:
                self._start()
            self._calls.put(call)
        return future

    def _start(self) -> None:
        try:
            threading.Thread(target=self._work, name="dream_nb-thread", daemon=True).start()
        except RuntimeError:
            # Threads that are running already do this later.
            if not self._started:
                raise
        else:
            self._started += 1

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            # Keep nothing alive while waiting.
            del call
            self._free.release()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads when their calls are done. Nothing waits for them."""
        del wait, cancel_futures
        with self._guard:
            for _ in range(self._started):
                self._calls.put(None)
