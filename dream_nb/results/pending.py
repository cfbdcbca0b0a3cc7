"""The future that cells wait for: running work, with a title and its progress."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, ClassVar, Final, Generic, Literal, Self, TypeVar
from weakref import WeakSet

from dream_nb.api.errors import DreamCancelledError, DreamError, SweepError, reason_of
from dream_nb.jobs.progress import Progress
from dream_nb.lifetime import let_go_after_fork
from dream_nb.systems import wait_for

logger = logging.getLogger("dream_nb")
_LOOK_SECONDS: Final = 0.1
_LONGEST_REASON: Final = 200
_FORKED: Final = "it is under way in the parent process of this one: ask for it again with a session opened here"
REPLAYED: Final = Progress("completed", 1.0, "from your library, nothing spent; -t makes another take")


Result = TypeVar("Result")

Outcome = Literal["done", "not made", "cancelled"]

Show = Callable[["Pending[Any]"], AbstractContextManager[None]]
"""A function that shows the progress of a job while the body waits for it."""

_show: Show | None = None


def show_waits(show: Show | None) -> None:
    """Set what shows a job while `Pending.result` waits for it without a timeout. Called by the notebook.

    Args:
        show: shows the job; None shows nothing.
    """
    global _show  # noqa: PLW0603 - a process has one notebook
    _show = show


class WaitInterrupted(KeyboardInterrupt):
    """The wait for something was interrupted. One line says what continues, and how to rejoin it."""

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


def _is_cancelled(error: BaseException) -> bool:
    """Whether a cancellation is the only reason why something was not made."""
    if isinstance(error, SweepError):
        return all(_is_cancelled(one) for one in error.errors.values())
    return isinstance(error, DreamCancelledError)


_given_up: WeakSet[Pending[Any]] = WeakSet()


def take_given_up() -> list[Pending[Any]]:
    """The pending results whose `await` was cancelled since the last call of this function."""
    given_up = list(_given_up)
    _given_up.clear()
    return given_up


def interruption(waited_for: Sequence[Pending[Any]]) -> WaitInterrupted:
    """The exception to raise when an interrupt ends a wait.

    Args:
        waited_for: the work that continues; at least one.
    """
    goes_on = waited_for[0]._goes_on if len(waited_for) == 1 else "the dreams continue"
    return WaitInterrupted(f"no longer waiting; {goes_on}. Run this again to rejoin it.")


class Pending(Generic[Result]):
    """Running work: a future for its result, which also reports progress.

    Ending a wait by a timeout, an interrupt or a cancelled `await` never stops the work.

    Attributes:
        title: what is being made, in words: one prompt or several.
        replayed: whether the result was in the library, so that nothing was sent.
        expected: the seconds that such requests usually take, or None if that is unknown.
        picture: a small JPEG preview of the result, as soon as the server shows one; None before.
    """

    _goes_on: ClassVar[str] = "the dream continues"
    """What an interrupted wait says about the work."""

    def __init__(
        self,
        title: str,
        *,
        replayed: bool = False,
        expected: float | None = None,
        age: float = 0.0,
    ) -> None:
        self.title = title
        self.replayed = replayed
        self.expected = expected
        self.picture: bytes | None = None
        self._began = time.monotonic() - age
        self._done: Future[Result] = Future()
        self._progress = REPLAYED if replayed else Progress("sending")
        self._listeners: list[Callable[[Any], object]] = []
        self._lock = threading.Lock()
        self._origin: TracebackType | None = None
        self._outcome: tuple[Result | None, BaseException | None] | None = None
        let_go_after_fork(self)

    @property
    def progress(self) -> Progress:
        """The current state, and the fraction done if the server reports it."""
        return self._progress

    @property
    def seconds(self) -> float:
        """Seconds since the request was sent, or else since it was submitted in this session."""
        return time.monotonic() - self._began

    @property
    def outcome(self) -> Outcome | None:
        """How it ended: "done", "not made", or "cancelled" by the user; None while it is running."""
        if self._outcome is None:
            return None
        error = self._outcome[1]
        if error is None:
            return "done"
        return "cancelled" if _is_cancelled(error) else "not made"

    def done(self) -> bool:
        """Whether it has ended, successfully or not."""
        return self._done.done()

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the result and return it.

        Args:
            timeout: the longest wait in seconds; None waits without a limit.

        Raises:
            TimeoutError: it is not done yet; the work continues.
            DreamError: the result could not be made.
        """
        if timeout is None and _show is not None and not self.done():
            with _show(self):
                error = self.exception()
        else:
            error = self.exception(timeout)
        if error is not None:
            raise self._anew(error)
        return self._done.result()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait, and return the exception that `result` would raise, or None.

        Args:
            timeout: the longest wait in seconds; None waits without a limit.

        Raises:
            TimeoutError: it is not done yet; the work continues.
        """
        try:
            wait_for(self._done, timeout)
            return self._done.exception()
        except KeyboardInterrupt:
            raise self.interrupted() from None

    def interrupted(self) -> WaitInterrupted:
        """The exception to raise when an interrupt ends a wait for this work."""
        return interruption([self])

    def __await__(self) -> Generator[Any, None, Result]:
        return self._wait().__await__()

    async def _wait(self) -> Result:
        # Poll briefly instead of wrapping the future: a kernel's interrupt then arrives between polls, and cancels
        # nothing.
        try:
            while not self._done.done():  # noqa: ASYNC110 - an event belongs to one loop, and any may wait
                await asyncio.sleep(_LOOK_SECONDS)
        except asyncio.CancelledError:
            # Re-raised, because the code that cancelled it, such as a timeout, expects this. The notebook, which shows
            # it, says what continues.
            _given_up.add(self)
            raise
        return self.result()

    def _anew(self, error: BaseException) -> BaseException:
        """A copy of the original error: raising the same one in several waiters would extend its traceback."""
        if isinstance(error, DreamError):
            error._shown = False
        return error.with_traceback(self._origin)

    def on_change(self, listener: Callable[[Self], object]) -> None:
        """Call a listener now and whenever the progress changes or the work ends. It may be called from any thread.

        Later calls come from the background loop, so a listener must hand anything slow, and any call of a session, to
        another thread. Exceptions that it raises there are logged.

        Args:
            listener: a function that takes this object.
        """
        with self._lock:
            self._listeners.append(listener)
        listener(self)

    def off_change(self, listener: Callable[[Self], object]) -> None:
        """Stop calling a listener.

        Args:
            listener: the function that was given to `on_change`.
        """
        with self._lock:
            self._listeners.remove(listener)

    def report(self, progress: Progress) -> None:
        """Report the progress to the listeners. Called by the session that runs the work.

        Args:
            progress: the current progress.
        """
        self._progress = progress
        if progress.picture is not None:
            self.picture = progress.picture
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(self)
            except Exception:
                # A listener runs inside the work that it watches, and must not end it.
                logger.exception("a listener of %r failed", self)

    def finish(self, result: Result | None, error: BaseException | None) -> None:
        """End the work with a result or an error. Called by the session that runs it.

        Args:
            result: the result, or None.
            error: the reason why it could not be made, or None.
        """
        self._outcome = result, error
        # Notify listeners before waiters wake up, since those may close what the listeners use.
        done = REPLAYED if self.replayed else Progress("completed", 1.0)
        self.report(done if error is None else Progress("failed"))
        self._settle()

    def _settle(self) -> None:
        result, error = self._outcome or (None, None)
        if error is not None:
            self._origin = error.__traceback__
            self._done.set_exception(error)
        elif result is not None:
            self._done.set_result(result)

    def _forked(self) -> None:
        """End it in a forked child, where nothing works on it, unless it has ended already."""
        # Replace the locks: another thread of the parent may have held them during the fork.
        self._lock, self._done, self._listeners = threading.Lock(), Future(), []
        if self._outcome is None:
            self._progress = Progress("failed")
            self._outcome = None, DreamError(_FORKED)
        self._settle()

    def on_end(self, listener: Callable[[Self], object]) -> None:
        """Call a listener once, when the work has ended; at once if it has. It may be called from any thread.

        Args:
            listener: a function that takes this object.
        """
        self._done.add_done_callback(lambda _: listener(self))

    def __repr__(self) -> str:
        error = self._outcome[1] if self._outcome else None
        why = f": {' '.join(reason_of(error).split())[:_LONGEST_REASON]}" if isinstance(error, DreamError) else ""
        return f"{type(self).__name__}({self.title!r}, {self._progress.state}{why})"
