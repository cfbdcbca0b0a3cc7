"""The background event loop, and the functions that use it from synchronous code.

A kernel has several loops and threads, and an asynchronous client belongs to one loop. So all I/O runs on this one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import AbstractAsyncContextManager
from functools import partial
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

from dream_nb.api.threads import DaemonThreads
from dream_nb.lifetime import Stage, close_at_exit, let_go_after_fork
from dream_nb.systems import wait_for

T = TypeVar("T")
_ON_THE_LOOP: Final = (
    "a listener runs on dream_nb's background loop, where nothing can be waited for: start a thread in it, "
    "such as threading.Thread(target=...).start()"
)


class Portal:
    """An event loop on a daemon thread, which is started at first use."""

    def __init__(self) -> None:
        self._reset()
        close_at_exit(self, Stage.LOOP)
        let_go_after_fork(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._portal: BlockingPortal | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._entered: weakref.WeakSet[Entered[Any]] = weakref.WeakSet()

    def _running(self) -> BlockingPortal:
        with self._lock:
            if self._portal is None:
                ready: Future[tuple[BlockingPortal, asyncio.AbstractEventLoop]] = Future()
                thread = threading.Thread(target=_run, args=(ready,), name="dream_nb", daemon=True)
                thread.start()
                self._thread = thread
                self._portal, self._loop = ready.result()
            return self._portal

    @property
    def is_here(self) -> bool:
        """Whether the caller is on the loop."""
        return threading.current_thread() is self._thread

    def call(self, function: Callable[..., Awaitable[T]], *args: object) -> T:
        """Run a function on the loop, wait, and return its result. An interrupt ends both the wait and the call."""
        # Created before the call: an interrupt may arrive while the call runs, before its own future is returned.
        given_up: Future[None] = Future()
        try:
            future: Future[T] = self.start(_until_given_up, given_up, partial(function, *args))
            wait_for(future)
            return future.result()
        except BaseException:
            given_up.set_result(None)
            raise

    def start(self, function: Callable[..., Awaitable[T]], *args: object) -> Future[T]:
        """Run a function on the loop, and return a future for its result at once.

        Raises:
            RuntimeError: the caller is on the loop, and would wait for itself.
        """
        self.check_elsewhere()
        return self._running().start_task_soon(function, *args)

    def check_elsewhere(self) -> None:
        """Raise an error if the caller is on the loop, where it must not wait for the loop.

        Raises:
            RuntimeError: the caller is on the loop.
        """
        if self.is_here:
            raise RuntimeError(_ON_THE_LOOP)

    def run_within(self, seconds: float, function: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Run a function on the loop if there is a loop, and wait for it, even if the loop itself hangs.

        Args:
            seconds: the longest wait in seconds.
            function: the function to run.

        Raises:
            TimeoutError: the function has not ended in that time.
        """
        loop = self._loop
        if loop is not None:
            asyncio.run_coroutine_threadsafe(function(), loop).result(seconds)

    def run_later(self, function: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Run a function on the loop if there is a loop, without waiting. For finalizers, which may run on any thread.

        Args:
            function: the function to run; exceptions that it raises are dropped.
        """
        loop = self._loop
        if loop is not None:
            # RuntimeError: the loop has ended in the meantime, and everything that was open on it.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(lambda: _keep(loop.create_task(_quietly(function))))

    def entered(self, manager: AbstractAsyncContextManager[T]) -> Entered[T]:
        """Enter an asynchronous context manager on the loop, and wait for that.

        Args:
            manager: the context manager, which is entered and left in the same task of the loop.
        """
        self.check_elsewhere()
        entered = Entered(self._running(), manager)
        self._entered.add(entered)
        return entered

    def stop(self) -> None:
        """End the loop, cancel everything on it, and wait for its thread. The next use starts a new loop.

        The loop continues if something that was `entered` is still open: a session that a user has opened.
        """
        with self._lock:
            if not any(entered.is_open for entered in self._entered):
                self._stop(None)

    def _end(self, seconds: float) -> None:
        if self._lock.acquire(timeout=seconds):
            try:
                self._stop(seconds)
            finally:
                self._lock.release()

    def _stop(self, seconds: float | None) -> None:
        if self._portal is None or self._thread is None:
            return
        # Not through the portal: its functions wait until the loop handles them, and a listener may block the loop.
        self.run_later(partial(self._portal.stop, True))
        self._thread.join(seconds)
        self._portal = self._loop = self._thread = None

    def _forked(self) -> None:
        """Start without a loop in a forked child, which does not have the loop's thread."""
        loop = self._loop
        self._reset()
        if loop is not None:
            _release_sockets(loop)


class Entered(Generic[T]):
    """An asynchronous context manager that was entered on the loop. It is left when this object is closed.

    It is also left when this object is no longer referenced; nothing waits for that.

    Args:
        portal: the portal whose loop is used.
        manager: the asynchronous context manager.

    Attributes:
        value: the value that entering it returned.
    """

    def __init__(self, portal: BlockingPortal, manager: AbstractAsyncContextManager[T]) -> None:
        ready: Future[tuple[T, Callable[[], None]]] = Future()
        self._ended = portal.start_task_soon(_stay, manager, ready)
        try:
            self.value, self._signal = ready.result()
        except BaseException:
            # An interrupt, or an error of the context manager itself.
            self._ended.cancel()
            raise
        # A finalizer must not wait: it could wait for itself, or at exit for a thread that no longer runs.
        self._collected = weakref.finalize(self, self._signal)
        self._collected.atexit = False
        let_go_after_fork(self)

    @property
    def is_open(self) -> bool:
        """Whether it has not been closed yet."""
        return self._collected.alive

    def close(self, seconds: float | None = None) -> None:
        """Leave the context manager, and wait for that.

        Args:
            seconds: the longest wait in seconds; None waits without a limit.

        Raises:
            TimeoutError: it was not left in that time.
        """
        # Not by calling the finalizer, which does nothing at exit.
        if self._collected.detach() is not None:
            self._signal()
        # If the loop was stopped, the context manager was left like everything else on it.
        with contextlib.suppress(CancelledError):
            self._ended.result(seconds)

    def _forked(self) -> None:
        self._collected.detach()
        self._ended = Future()
        self._ended.set_result(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


async def _stay(manager: AbstractAsyncContextManager[T], ready: Future[tuple[T, Callable[[], None]]]) -> None:
    left, loop = asyncio.Event(), asyncio.get_running_loop()

    def leave() -> None:
        # RuntimeError: the loop has ended in the meantime.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(left.set)

    try:
        async with manager as value:
            ready.set_result((value, leave))
            await left.wait()
    except BaseException as error:
        if ready.done():
            raise
        ready.set_exception(error)


def _run(ready: Future[tuple[BlockingPortal, asyncio.AbstractEventLoop]]) -> None:
    try:
        anyio.run(_serve, ready)
    except BaseException as error:
        if not ready.done():
            ready.set_exception(error)
        # At exit, Python 3.12 and later cannot start the thread in which a loop ends its own threads.
        elif threading.main_thread().is_alive() and not sys.is_finalizing():
            raise


async def _serve(ready: Future[tuple[BlockingPortal, asyncio.AbstractEventLoop]]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(DaemonThreads())
    async with BlockingPortal() as portal:
        ready.set_result((portal, loop))
        await portal.sleep_until_stopped()


async def _until_given_up(given_up: Future[None], function: Callable[[], Awaitable[T]]) -> T:
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope:

        def cancel(_: Future[None]) -> None:
            # RuntimeError: the loop has ended in the meantime.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(scope.cancel)

        given_up.add_done_callback(cancel)
        return await function()
    # Nothing waits for this any more.
    raise CancelledError


_kept: Final[set[asyncio.Task[None]]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    # A loop holds only weak references to its tasks.
    _kept.add(task)
    task.add_done_callback(_kept.discard)


async def _quietly(function: Callable[[], Coroutine[Any, Any, object]]) -> None:
    with contextlib.suppress(Exception):
        await function()


def _release_sockets(loop: asyncio.AbstractEventLoop) -> None:
    """Close a forked child's copies of a loop's sockets. While they are open, peers cannot see the parent hang up."""
    selector = getattr(loop, "_selector", None)
    if selector is None:
        return
    numbers = [key.fd for key in list((selector.get_map() or {}).values())]
    if hasattr(selector, "fileno"):
        numbers.append(selector.fileno())
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        # Replaced instead of closed: their owners may close the same descriptors again, when others use the numbers.
        with contextlib.suppress(OSError):
            os.dup2(nowhere, number, inheritable=False)
    os.close(nowhere)


portal = Portal()
"""The portal of this process, shared by every session and every synchronous client."""


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run your own coroutine from synchronous code until it ends, even inside a notebook's running loop.

    Inside a running loop, the first use patches that loop to be re-entrant (nest-asyncio2). This cannot be undone:
    the patch stays until the process ends. Nothing else in dream_nb needs it.

    Args:
        coroutine: the coroutine to run.

    Returns:
        The result of the coroutine. Exceptions of the coroutine are raised.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    import nest_asyncio2

    nest_asyncio2.apply(loop)
    return loop.run_until_complete(coroutine)
