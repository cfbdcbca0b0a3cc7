"""One request through ledger, POST, watching and download."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import anyio

from dream_nb.api.errors import DreamCancelledError, DreamError, GenerationFailedError, NotFoundError
from dream_nb.api.models import Generation
from dream_nb.api.retry import retried
from dream_nb.backends.backends import Backend
from dream_nb.backends.patience import Patience
from dream_nb.jobs.budget import Budget
from dream_nb.jobs.downloads import Downloads
from dream_nb.jobs.failures import advice, is_moderation
from dream_nb.jobs.leases import Leases
from dream_nb.jobs.order import Order
from dream_nb.jobs.progress import Progress, Report, spoken
from dream_nb.jobs.sender import Sender
from dream_nb.jobs.uploads import Uploads
from dream_nb.jobs.watcher import Watcher
from dream_nb.library.ledger import Ledger
from dream_nb.library.library import Library
from dream_nb.library.record import Record

# A request that old is as good as just sent.
_SOON_SECONDS: Final = 1.0
T = TypeVar("T")
_NOT_ORDERED: Final = "not sent: only a cell that asks for it may send it. Run its cell to make it"
_CANCELLED: Final = "cancelled, and refunded: run the cell again to make it after all"


class Runner:
    """Sees requests through on one backend, into one library.

    Args:
        backend: who is asked.
        library: where files and records go.
        leases: the rows of this session.
        budget: what may be spent.
        patience: how long is waited for what.
        callback_url: where the server tells what changed, or None.
        uploads: where the pictures of requests go, for a backend that fetches them from their URLs; or None.
    """

    def __init__(
        self,
        backend: Backend,
        library: Library,
        leases: Leases,
        budget: Budget,
        patience: Patience,
        callback_url: str | None = None,
        uploads: Uploads | None = None,
    ) -> None:
        self.backend = backend
        self._library = library
        self._ledger: Ledger = library.ledger
        self._leases = leases
        self._budget = budget
        self._patience = patience
        self._sender = Sender(backend, self._ledger, leases.owner, patience, callback_url, uploads)
        self.watcher = Watcher(backend, self._durations, patience.pause, callback_url)
        self._downloads = Downloads(backend.files, library, patience)
        self._cancelled: set[str] = set()
        self._cancels: Counter[tuple[str, int]] = Counter()

    async def run(self, record: Record, report: Report, order: Order) -> Record:
        """Bring a request from wherever it stands to its file.

        Args:
            record: the row of the ledger, just written or from an earlier run.
            report: is told where it stands, from the event loop's thread.
            order: says whether the request may be sent. Looking for it and downloading need none.

        Returns:
            The row, with the file.

        Raises:
            DreamError: it could not be sent, made, or kept; the ledger says how far it came.
        """
        if is_moderated(record):
            raise failure(record.generation)
        key = record.hash, record.take
        cancels = self._cancels[key]
        async with self._leases.held(record, report, self._library.holds) as held:
            if self._cancels[key] != cancels:
                # Another notebook had it in hand, and this one had it cancelled.
                raise DreamCancelledError(_CANCELLED)
            if self._library.holds(held):
                return held
            if held.has_failed and held.generation != record.generation:
                # Another notebook saw it fail while this one waited for it.
                raise failure(held.generation)
            return await self._see_through(held, report, order)

    async def _see_through(self, record: Record, report: Report, order: Order) -> Record:
        while True:
            async with self._budget.slot(record.request, report):
                record = await self._take(record, report, order)
                try:
                    # Counted from here: neither a long queue nor a long Retry-After makes a job late.
                    with anyio.fail_after(self._patience.job):
                        return await self._finish(record, report)
                except TimeoutError:
                    raise DreamError(
                        f"not done after {spoken(self._patience.job)}, and no longer waited for; it goes on at its "
                        "server: run the cell again to come back to it"
                    ) from None
                except NotFoundError:
                    if record.generation is not None and record.generation.id in self._cancelled:
                        raise DreamCancelledError(_CANCELLED) from None
                    # A studio whose folder was cleared forgets what it made, and draws it again for nothing.
                    if self.backend.name != "studio":
                        raise DreamError(
                            "it is no longer at its server, and its file is not in the library: make another take with "
                            f"{self._next(record)}"
                        ) from None
                    record = self._ledger.forget(record)

    async def cancel(self, record: Record) -> None:
        """Have the server delete a generation that it has not finished, which it refunds; its run ends.

        The row is as before it was sent: asked for again, it is made.

        Args:
            record: the row of the ledger.

        Raises:
            DreamError: it is being sent, or has ended; nothing has changed.
            APIError: the server did not delete it, as far as is known; it goes on.
        """
        record = self._ledger.reread(record)
        if record.generation is None or not record.generation.id:
            raise DreamError("it is just being sent, and has no name yet: cancel it in a moment")
        id = record.generation.id  # noqa: A001 - the field's name in the specification
        client = self.backend.client
        seen = await self._retried(lambda: client.get_generation(id))
        if seen.is_final:
            raise DreamError(f"it has {seen.state} already, and is no longer refunded: delete it when it is shown")
        self._cancelled.add(id)
        try:
            await self._retried(lambda: client.delete_generation(id))
        except NotFoundError:
            pass
        except BaseException:
            self._cancelled.discard(id)
            raise
        self._cancels[record.hash, record.take] += 1
        self._ledger.forget(record)
        self.watcher.give_up(id, DreamCancelledError(_CANCELLED))
        await self._budget.ended(record, is_refunded=True)

    async def _retried(self, call: Callable[[], Awaitable[T]]) -> T:
        return await retried(call, first=self._patience.pause, seconds=self._patience.trying)

    async def _take(self, record: Record, report: Report, order: Order) -> Record:
        """Make sure that the server has the request. Here, and nowhere else, a create begins."""
        if record.state == "deleted":
            raise DreamError(f"it was deleted, and its file is gone: make another take with {self._next(record)}")
        record = self._ledger.recall(record)
        if record.state != "intended" and record.generation is None:
            return await self._sender.look(record, report)
        if record.state == "intended" or record.has_failed:
            if not order.allows_create():
                raise failure(record.generation) if record.has_failed else DreamError(_NOT_ORDERED)
            if record.has_failed:
                record = self._ledger.forget(record)
            cancels = self._cancels[record.hash, record.take]
            async with self._budget.purchase(record, report):
                await self._sender.send(record, report)
            if self._cancels[record.hash, record.take] != cancels:
                # As soon as its answer was there: the row is as before it was sent.
                raise DreamCancelledError(_CANCELLED)
            return self._ledger.reread(record)
        return record

    async def _finish(self, record: Record, report: Report) -> Record:
        record = await self._watch(record, report)
        await self._budget.ended(record, is_refunded=record.has_failed)
        if record.has_failed:
            raise failure(record.generation)
        generation = record.generation
        assert generation is not None

        async def refresh() -> Generation:
            fresh = await self._retried(lambda: self.backend.client.get_generation(generation.id or ""))
            self._ledger.follow(record, generation=fresh)
            return fresh

        return await self._downloads.fetch(record, refresh, report)

    async def _watch(self, record: Record, report: Report) -> Record:
        generation = record.generation
        assert generation is not None
        if generation.is_final:
            return record
        last = generation.state
        since = record.sent_at or record.written_at
        age = max(timedelta(), datetime.now(UTC) - since)

        def changed(seen: Generation) -> None:
            nonlocal last
            report(Progress(seen.state or "queued", _fraction(seen)))
            if seen.state != last:
                last = seen.state
                queued = (datetime.now(UTC) - since).total_seconds()
                # Seen right after it was taken up again, its turn came anywhere before.
                is_known = seen.state == "dreaming" and age.total_seconds() < max(_SOON_SECONDS, queued / 2)
                self._write(record, generation=seen, **({"queued": queued} if is_known else {}))

        report(Progress(generation.state or "queued", _fraction(generation)))
        generation = await self.watcher.follow(generation, changed, age.total_seconds())
        took = (datetime.now(UTC) - since).total_seconds()
        # As above, of its end.
        is_known = generation.state == "completed" and age.total_seconds() < took / 2
        return self._write(record, generation=generation, **({"seconds": took} if is_known else {}))

    def _write(self, record: Record, **columns: object) -> Record:
        try:
            return self._ledger.follow(record, **columns)
        except sqlite3.IntegrityError:
            raise DreamError(
                "its generation turned out to be that of another request, sent at the same time: run the cell again"
            ) from None

    def _next(self, record: Record) -> str:
        """How to ask for the next take, which is the same at every run of a cell."""
        take = self._ledger.next_take(record.hash)
        return f"-t {take} (take={take})"

    def _durations(self, kind: str) -> list[float]:
        return self._ledger.durations(self.backend.name, kind)


def is_moderated(record: Record) -> bool:
    """Whether a request was made and refused for what it says: sent again, it would be refused again."""
    reason = record.generation.failure_reason if record.generation else None
    return record.has_failed and is_moderation(reason or "")


def failure(generation: Generation | None) -> GenerationFailedError:
    """What is raised for a generation that could not be made."""
    assert generation is not None
    reason = generation.failure_reason or "the server gave no reason"
    return GenerationFailedError(generation.id or "?", reason, advice(reason))


def _fraction(generation: Generation) -> float | None:
    """The studio's extra field `progress`."""
    value = (generation.model_extra or {}).get("progress")
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None
