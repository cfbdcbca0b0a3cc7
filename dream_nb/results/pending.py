"""The future that cells wait for: work under way, with a title and its progress."""

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

from dream_nb.api.errors import DreamCancelledError, DreamError, SweepError
from dream_nb.jobs.progress import Progress
from dream_nb.lifetime import let_go_after_fork
from dream_nb.systems import wait_for

logger = logging.getLogger("dream_nb")
_LOOK_SECONDS: Final = 0.1
_FORKED: Final = "it is under way in the parent process of this one: ask for it again with a session opened here"
REPLAYED: Final = Progress("completed", 1.0, "from your library, nothing spent; -t makes another take")


Result = TypeVar("Result")

Outcome = Literal["done", "not made", "cancelled"]

Show = Callable[["Pending[Any]"], AbstractContextManager[None]]
"""Shows how far a job is, while the body waits for it."""

_show: Show | None = None


def show_waits(show: Show | None) -> None:
    """Say what shows a job while `Pending.result` waits for it without a limit. For the notebook, which is above this.

    Args:
        show: what shows it; None shows nothing.
    """
    global _show  # noqa: PLW0603 - a process has one notebook
    _show = show


class WaitInterrupted(KeyboardInterrupt):
    """The wait for something was interrupted: one line says what goes on, and how to come back to it."""

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


def _is_cancelled(error: BaseException) -> bool:
    """Whether nothing but a cancelling kept something from being made."""
    if isinstance(error, SweepError):
        return all(_is_cancelled(one) for one in error.errors.values())
    return isinstance(error, DreamCancelledError)


_given_up: WeakSet[Pending[Any]] = WeakSet()


def take_given_up() -> list[Pending[Any]]:
    """Those of which an `await` was cancelled since this was last called."""
    given_up = list(_given_up)
    _given_up.clear()
    return given_up


def interruption(waited_for: Sequence[Pending[Any]]) -> WaitInterrupted:
    """What to say where an interrupt ends a wait.

    Args:
        waited_for: what goes on, at least one.
    """
    goes_on = waited_for[0]._goes_on if len(waited_for) == 1 else "the dreams continue"
    return WaitInterrupted(f"no longer waiting; {goes_on}. Run this again to rejoin it.")


class Pending(Generic[Result]):
    """Work under way: a future for its result, that says how far it is.

    Giving up a wait, by a timeout, an interrupt or a cancelled `await`, never touches the work.

    Attributes:
        title: what is made, in words: a prompt, or several.
        replayed: whether the library had it, so that nothing was sent.
        expected: seconds that such a request has taken before, or None where that is unknown.
        picture: a small JPEG of what it will be, from the moment that its server shows one; None before.
    """

    _goes_on: ClassVar[str] = "the dream continues"
    """What an interrupted wait says of it."""

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
        """Where it stands: its state, and the fraction done where the server says it."""
        return self._progress

    @property
    def seconds(self) -> float:
        """Seconds since it was sent, else since it was submitted in this session."""
        return time.monotonic() - self._began

    @property
    def outcome(self) -> Outcome | None:
        """How it ended: "done", "not made", or "cancelled" by its user; None before that."""
        if self._outcome is None:
            return None
        error = self._outcome[1]
        if error is None:
            return "done"
        return "cancelled" if _is_cancelled(error) else "not made"

    def done(self) -> bool:
        """Whether it has ended, well or badly."""
        return self._done.done()

    def result(self, timeout: float | None = None) -> Result:
        """Wait for it.

        Args:
            timeout: seconds to wait at most.

        Raises:
            TimeoutError: it is not done yet; it goes on.
            DreamError: why it could not be made.
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
        """Wait, and give what `result` would raise, or None.

        Args:
            timeout: seconds to wait at most.

        Raises:
            TimeoutError: it is not done yet; it goes on.
        """
        try:
            wait_for(self._done, timeout)
            return self._done.exception()
        except KeyboardInterrupt:
            raise self.interrupted() from None

    def interrupted(self) -> WaitInterrupted:
        """What to raise where an interrupt ends a wait for it."""
        return interruption([self])

    def __await__(self) -> Generator[Any, None, Result]:
        return self._wait().__await__()

    async def _wait(self) -> Result:
        # Short looks instead of a wrapped future: a kernel's interrupt arrives between them, and cancels nothing.
        try:
            while not self._done.done():  # noqa: ASYNC110 - an event belongs to one loop, and any may wait
                await asyncio.sleep(_LOOK_SECONDS)
        except asyncio.CancelledError:
            # Still that: who cancelled it, such as a timeout, expects it. Whoever shows it can say what goes on.
            _given_up.add(self)
            raise
        return self.result()

    def _anew(self, error: BaseException) -> BaseException:
        """The error as it was before anybody waited: every wait raises the same one, and would add to what it shows."""
        if isinstance(error, DreamError):
            error._shown = False
        return error.with_traceback(self._origin)

    def on_change(self, listener: Callable[[Self], object]) -> None:
        """Call the listener, now and whenever the job's progress changes or it ends, from whichever thread that is.

        Later calls come from the background loop: a listener hands what takes time, or asks a session for something,
        to a thread of its own. What it raises there is logged.

        Args:
            listener: is given this job.
        """
        with self._lock:
            self._listeners.append(listener)
        listener(self)

    def off_change(self, listener: Callable[[Self], object]) -> None:
        """Call the listener no more.

        Args:
            listener: one that was given to `on_change`.
        """
        with self._lock:
            self._listeners.remove(listener)

    def report(self, progress: Progress) -> None:
        """Tell the listeners where it stands. For the session that runs it.

        Args:
            progress: where.
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
                # It runs inside the work that it watches, which must not end for it.
                logger.exception("a listener of %r failed", self)

    def finish(self, result: Result | None, error: BaseException | None) -> None:
        """End it, with a result or an error. For the session that runs it.

        Args:
            result: what was made, or None.
            error: why it could not be made, or None.
        """
        self._outcome = result, error
        # Told before who waits wakes up, and may have put away what is told.
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
        """In a forked child nobody works on it; what the parent knew of its end stays."""
        # New ones: another thread of the parent may have held their locks.
        self._lock, self._done, self._listeners = threading.Lock(), Future(), []
        if self._outcome is None:
            self._progress = Progress("failed")
            self._outcome = None, DreamError(_FORKED)
        self._settle()

    def on_end(self, listener: Callable[[Self], object]) -> None:
        """Call the listener once it has ended, from whichever thread that is (see `on_change`); at once where it has.

        Args:
            listener: is given this job.
        """
        self._done.add_done_callback(lambda _: listener(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.title!r}, {self._progress.state})"
