"""The jobs that are under way in a session."""

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
    """A job, what sees it through, and whether the session was asked for it."""

    job: Job
    followed: Future[None]
    runner: Runner
    order: Order


class Running:
    """Starts, joins, stops and cancels the jobs of one session. Safe to use from several threads.

    Args:
        library: where their results go.
        home: the folder from which dreams show their paths.
        maker: the session. Only a weak reference to it is kept: one that nobody holds any more is closed.

    Attributes:
        lock: held from the look at what there is until a job is started, so that no row gets two.
    """

    def __init__(self, library: Library, home: Path, maker: Maker) -> None:
        self.lock = threading.RLock()
        self._library = library
        self._home = home
        self._maker = weakref.ref(maker)
        self._under_way: dict[Key, _UnderWay] = {}
        self._is_closed = False

    def close(self, seconds: float | None = None) -> None:
        """Stop everything, and start nothing more. What was sent goes on at its server.

        Args:
            seconds: the longest wait; None waits to the end.

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
        # Without the lock: listeners of what ends may ask this session something.
        for followed in ending:
            followed.cancel()
        wait(ending, None if until is None else max(0.0, until - time.monotonic()))

    def let_go(self) -> None:
        """Give everything up in a forked child, where nobody works on it."""
        self.lock = threading.RLock()
        self._under_way.clear()
        self._is_closed = True

    def find(self, record: Record) -> Job | None:
        """The job of a row that has not ended, or None.

        Args:
            record: the row.
        """
        one = self._under_way.get(record.key)
        return one.job if one is not None and not one.job.done() else None

    def join(self, record: Record, *, may_send: bool) -> Job | None:
        """The job of a row that has not ended; None where there is none to join.

        Args:
            record: the row.
            may_send: whether from now on the session is asked for it, so that it is sent where it was not.
        """
        if (job := self.find(record)) is None:
            return None
        one = self._under_way[record.key]
        if not may_send or one.order.give():
            return job
        # It ends, for nobody had asked for it until now: a job that was asked for takes its place.
        wait([one.followed])
        return None

    def start(self, runner: Runner, record: Record, order: Order | None = None) -> Job:
        """See a row through.

        Args:
            runner: what sees it through.
            record: the row.
            order: whether it may be sent. Without one it is looked for and downloaded, and never sent.

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
        """A job that has ended: the library has its file.

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
        """A row as a dream, which goes on through the session.

        Args:
            record: the row.
        """
        return Dream(record, self._library, self._home, self._maker())

    def jobs(self) -> list[Job]:
        """What is under way, oldest first."""
        return [one.job for one in list(self._under_way.values()) if not one.job.done()]

    def stop(self, job: Job) -> None:
        """Wait no longer for a job. What was sent goes on at its server.

        Args:
            job: of this session.
        """
        for one in list(self._under_way.values()):
            if one.job is job:
                one.followed.cancel()
                if not portal.is_here:
                    wait([one.followed])

    def cancel(self, job: Job) -> None:
        """Have the server delete what it has not made yet. See `Job.cancel`.

        Args:
            job: of this session.

        Raises:
            DreamError: it has ended, is just being sent, or the server did not delete it.
        """
        with self.lock:
            at = next((at for at, one in self._under_way.items() if one.job is job and not job.done()), None)
            record = self._library.ledger.find(*at) if at else None
            if at is None or record is None:
                raise DreamError("it is not under way in this session, so it cannot be cancelled")
            # The one that sees it through: a key that was given since has opened another.
            one = self._under_way[at]
        if not portal.call(self._cancel_unsent, record, job, one.followed):
            portal.call(one.runner.cancel, record)

    async def _cancel_unsent(self, record: Record, job: Job, followed: Future[None]) -> bool:
        # On the loop that sends: between the look and the cancelling nothing leaves.
        if self._library.ledger.reread(record).state != "intended":
            return False
        job.cancelled = True
        followed.cancel()
        return True

    async def _follow(self, runner: Runner, record: Record, job: Job, order: Order) -> None:
        try:
            dream = self.dream(await runner.run(record, job.report, order))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again in whoever waits for the job
            job.finish(None, error)
        except BaseException:
            job.finish(None, self._why_stopped(record, job))
            raise
        else:
            job.finish(dream, None)

    def _why_stopped(self, record: Record, job: Job) -> DreamError:
        """What is raised in whoever waits for a job that was stopped or cancelled."""
        # The row may be gone, as the library may: its job ends all the same.
        with contextlib.suppress(DreamError):
            if job.cancelled and self._library.ledger.reread(record).state == "intended":
                return DreamCancelledError(CANCELLED_UNSENT)
        return DreamError("stopped waiting; what was sent continues on the server: run the cell again to rejoin it")
