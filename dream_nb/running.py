"""The running jobs of a session."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from concurrent.futures import Future, wait
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from dream_nb.api.errors import DreamCancelledError, DreamError, LibraryError
from dream_nb.api.portal import portal
from dream_nb.jobs.order import Order
from dream_nb.jobs.runner import Runner
from dream_nb.library.creates import Key
from dream_nb.library.library import Library
from dream_nb.library.lineage import title
from dream_nb.library.record import Record
from dream_nb.results.dream import Dream
from dream_nb.results.job import CANCELLED_UNSENT, Job, Maker


class _UnderWay(NamedTuple):
    """A job, the runner that works on it, and whether the session was asked for it."""

    job: Job
    followed: Future[None]
    runner: Runner
    order: Order


class Running:
    """Starts, joins, stops and cancels the jobs of one session. Can be used from several threads.

    Args:
        library: the library for the results.
        home: the folder that dreams show their paths relative to.
        maker: the session. Only a weak reference to it is kept, so that an unused session is closed.

    Attributes:
        lock: held from the search for a job until one is started, so that no row gets two.
    """

    def __init__(self, library: Library, home: Path, maker: Maker) -> None:
        self.lock = threading.RLock()
        self._library = library
        self._home = home
        self._maker = weakref.ref(maker)
        self._under_way: dict[Key, _UnderWay] = {}
        self._is_closed = False

    def close(self, seconds: float | None = None) -> None:
        """Stop everything, and start nothing more. Requests that were sent continue on their server.

        Args:
            seconds: the longest wait in seconds; None waits without a limit.

        Raises:
            TimeoutError: a thread holds the lock for longer.
        """
        until = None if seconds is None else time.monotonic() + seconds
        if not self.lock.acquire(timeout=-1 if seconds is None else seconds):
            raise TimeoutError
        try:
            self._is_closed = True
            ending = [one.followed for one in self._under_way.values()]
            self._under_way.clear()
        finally:
            self.lock.release()
        # Outside the lock: listeners of jobs that end may call this session.
        for followed in ending:
            followed.cancel()
        wait(ending, None if until is None else max(0.0, until - time.monotonic()))

    def let_go(self) -> None:
        """Drop everything in a forked child, where no thread works on it."""
        self.lock = threading.RLock()
        self._under_way.clear()
        self._is_closed = True

    def find(self, record: Record) -> Job | None:
        """Return the running job of a row, or None.

        Args:
            record: the row.
        """
        one = self._under_way.get(record.key)
        return one.job if one is not None and not one.job.done() else None

    def join(self, record: Record, *, may_send: bool) -> Job | None:
        """Return the running job of a row; None if there is none to join.

        Args:
            record: the row.
            may_send: whether the session is asked for it from now on, so that it may be sent if it was not.
        """
        if (job := self.find(record)) is None:
            return None
        one = self._under_way[record.key]
        if not may_send or one.order.give():
            return job
        # That job ends, because it was not asked for until now. A new one takes its place.
        wait([one.followed])
        return None

    def start(self, runner: Runner, record: Record, order: Order | None = None) -> Job:
        """Start to work on a row.

        Args:
            runner: the runner that works on it.
            record: the row.
            order: the permission to send it. Without one it is only looked for and downloaded.

        Raises:
            LibraryError: the session was closed.
        """
        if self._is_closed:
            raise LibraryError(f"the session of {self._library.folder.name!r} is closed: open a new one")
        took = self._library.ledger.durations(record.backend, record.request.generation_type)
        age = (datetime.now(UTC) - record.sent_at).total_seconds() if record.sent_at else 0.0
        expected = median(took) if took else None
        job = Job(
            record.request, record.take, record.backend, expected=expected, age=max(0.0, age), title=self._title(record)
        )
        job.maker, job.canceller = self._maker(), self.cancel
        order = order or Order()
        followed = portal.start(self._follow, runner, record, job, order)
        self._under_way[record.key] = _UnderWay(job, followed, runner, order)
        return job

    def replayed(self, record: Record) -> Job:
        """Return a finished job, whose file the library has.

        Args:
            record: the row.
        """
        job = Job(record.request, record.take, record.backend, replayed=True, title=self._title(record))
        job.maker = self._maker()
        job.finish(self.dream(record), None)
        return job

    def _title(self, record: Record) -> str:
        return title(self._library.ledger, record)

    def dream(self, record: Record) -> Dream:
        """Return a row as a dream whose continuations go through the session.

        Args:
            record: the row.
        """
        return Dream(record, self._library, self._home, self._maker())

    def jobs(self) -> list[Job]:
        """Return the running jobs, oldest first."""
        return [one.job for one in list(self._under_way.values()) if not one.job.done()]

    def stop(self, job: Job) -> None:
        """Stop waiting for a job. A request that was sent continues on its server.

        Args:
            job: a job of this session.
        """
        for one in list(self._under_way.values()):
            if one.job is job:
                one.followed.cancel()
                if not portal.is_here:
                    wait([one.followed])

    def cancel(self, job: Job) -> None:
        """Cancel a job: the server deletes the unfinished generation. See `Job.cancel`.

        Args:
            job: a job of this session.

        Raises:
            DreamError: it has ended, is still being sent, or the server did not delete it.
        """
        with self.lock:
            at = next((at for at, one in self._under_way.items() if one.job is job and not job.done()), None)
            record = self._library.ledger.find(*at) if at else None
            if at is None or record is None:
                raise DreamError("it is not under way in this session, so it cannot be cancelled")
            # The runner that works on it, because a new key may have opened another one since.
            one = self._under_way[at]
        portal.call(self._cancel, record, one)

    async def _cancel(self, record: Record, one: _UnderWay) -> None:
        # A create that its server did not accept may be sent again.
        while not self._cancel_unsent(record, one) and not await one.runner.cancel(record):
            pass

    def _cancel_unsent(self, record: Record, one: _UnderWay) -> bool:
        # Runs on the loop that sends requests, so that nothing is sent between the check and the cancellation.
        if self._library.ledger.reread(record).state != "intended":
            return False
        one.job.cancelled = True
        one.followed.cancel()
        return True

    async def _follow(self, runner: Runner, record: Record, job: Job, order: Order) -> None:
        try:
            dream = self.dream(await runner.run(record, job.report, order))
        except Exception as error:  # noqa: BLE001 - re-raised in whoever waits for the job
            job.finish(None, error)
        except BaseException:
            job.finish(None, self._why_stopped(record, job))
            raise
        else:
            job.finish(dream, None)

    def _why_stopped(self, record: Record, job: Job) -> DreamError:
        """The error to raise in whoever waits for a job that was stopped or cancelled."""
        # The row or the library may no longer exist, but the job ends all the same.
        with contextlib.suppress(DreamError):
            if job.cancelled and self._library.ledger.reread(record).state == "intended":
                return DreamCancelledError(CANCELLED_UNSENT)
        return DreamError("stopped waiting; what was sent continues on the server: run the cell again to rejoin it")
