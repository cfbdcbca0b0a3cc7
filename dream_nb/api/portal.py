"""The one background event loop, and the bridges into it.

A kernel has several loops and threads, and an async client belongs to one loop: so all I/O lives on this one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from typing import Any, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

T = TypeVar("T")


class Portal:
    """An event loop on a daemon thread, started at first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._portal: BlockingPortal | None = None
        self._thread: threading.Thread | None = None
        self._entered = 0

    def _running(self) -> BlockingPortal:
        with self._lock:
            if self._portal is None:
                ready: Future[BlockingPortal] = Future()
                self._thread = threading.Thread(target=anyio.run, args=(_serve, ready), name="dream_nb", daemon=True)
                self._thread.start()
                self._portal = ready.result()
            return self._portal

    @property
    def is_here(self) -> bool:
        """Whether the caller is on the loop."""
        return threading.current_thread() is self._thread

    def call(self, function: Callable[..., Awaitable[T]], *args: object) -> T:
        """Run the function on the loop and wait for what it gives back. An interrupt ends the wait and the call."""
        future = self.start(function, *args)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def start(self, function: Callable[..., Awaitable[T]], *args: object) -> Future[T]:
        """Run the function on the loop, and give back at once a future for its result.

        Raises:
            RuntimeError: the caller is on the loop, which would wait for itself.
        """
        if self.is_here:
            raise RuntimeError(
                "a listener runs on dream_nb's background loop, where nothing can be waited for: start a thread in it, "
                "such as threading.Thread(target=...).start()"
            )
        return self._running().start_task_soon(function, *args)

    def entered(self, manager: AbstractAsyncContextManager[T]) -> AbstractContextManager[T]:
        """The asynchronous context manager as a synchronous one: entered and left in one task of the loop."""
        return self._counted(self._running().wrap_async_context_manager(manager))

    @contextmanager
    def _counted(self, manager: AbstractContextManager[T]) -> Iterator[T]:
        with manager as entered:
            with self._lock:
                self._entered += 1
            try:
                yield entered
            finally:
                with self._lock:
                    self._entered -= 1

    def stop(self) -> None:
        """End the loop, cancel what runs on it, and wait for its thread. The next use starts a new one.

        It goes on where something that was `entered` was not left: a session that its user opened.
        """
        with self._lock:
            if self._portal is None or self._thread is None or self._entered:
                return
            self._portal.call(self._portal.stop, True)
            self._thread.join()
            self._portal = self._thread = None


async def _serve(ready: Future[BlockingPortal]) -> None:
    async with BlockingPortal() as portal:
        ready.set_result(portal)
        await portal.sleep_until_stopped()


portal = Portal()
"""The portal of this process, shared by every session and every synchronous client."""


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine of your own to its end from synchronous code, also inside a notebook's running loop.

    Inside a running loop its first use patches that loop to be re-entrant (nest-asyncio2), for which there is no way
    back: the patch stays until the process ends. Nothing else in dream_nb needs it.

    Args:
        coroutine: what is run.

    Returns:
        What the coroutine gives back; what it raises is raised.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    import nest_asyncio2

    nest_asyncio2.apply(loop)
    return loop.run_until_complete(coroutine)
