"""Takes one request through ledger, POST, watching and download."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import anyio

from dream_nb.api.errors import (
    APIError,
    ClusterGoneError,
    DreamCancelledError,
    DreamError,
    GenerationFailedError,
    NotFoundError,
)
from dream_nb.api.models import Generation
from dream_nb.api.request_models import Request
from dream_nb.api.retry import Backoff
from dream_nb.backends.abilities import need
from dream_nb.backends.backends import Backend
from dream_nb.backends.patience import Patience
from dream_nb.jobs.account_files import AccountFiles
from dream_nb.jobs.budget import Budget
from dream_nb.jobs.commits import Commits
from dream_nb.jobs.downloads import Downloads, asset_url
from dream_nb.jobs.failures import advice, is_moderation, is_refunded
from dream_nb.jobs.first_pictures import FirstPicture
from dream_nb.jobs.leases import Leases
from dream_nb.jobs.looks import Looks
from dream_nb.jobs.order import Order
from dream_nb.jobs.progress import Progress, Report, spoken
from dream_nb.jobs.sender import Sender
from dream_nb.jobs.uploads import Uploads
from dream_nb.jobs.watcher import Watcher
from dream_nb.library.ledger import Ledger
from dream_nb.library.library import Library
from dream_nb.library.record import Record

# A request that is no older than this counts as just sent.
_SOON_SECONDS: Final = 1.0
_NOT_ORDERED: Final = "not sent: it is sent only when its cell runs. Run its cell to make it"
_NO_FILE_YET: Final = "the server has not provided its file yet"
_STAYS_QUEUED: Final = (
    "It stays queued in the studio, for this session and the next: connect to a running cluster, then run the cell "
    "again to continue"
)
# A limit for texts of a server.
_MOST_WORDS: Final = 500
# How long a cancellation waits for the answer to a create that is being sent.
_ANSWER_SECONDS: Final = 10.0
_CANCELLED: Final = "cancelled and refunded: run the cell again to make it"


class Runner:
    """Takes requests through all steps on one backend, into one library.

    Args:
        backend: the backend.
        library: the library for files and records.
        commits: commits what the jobs of the session write.
        leases: the rows that this session holds.
        budget: the limits on spending.
        looks: reads generations that the server has named.
        patience: the timeouts.
        callback_url: the URL for the server's callbacks, or None.
        uploads: uploads the files of requests before they are sent, or None if they are embedded.

    Attributes:
        backend: the backend.
        looks: reads generations that the server has named.
        watcher: follows running generations.
    """

    def __init__(
        self,
        backend: Backend,
        library: Library,
        commits: Commits,
        leases: Leases,
        budget: Budget,
        looks: Looks,
        patience: Patience,
        callback_url: str | None = None,
        uploads: Uploads | AccountFiles | None = None,
    ) -> None:
        self.backend = backend
        self.looks = looks
        self._library = library
        self._ledger: Ledger = library.ledger
        self._commits = commits
        self._leases = leases
        self._budget = budget
        self._patience = patience
        self._sender = Sender(backend, self._ledger, commits, leases.owner, patience, callback_url, uploads)
        self.watcher = Watcher(backend, looks, self._durations, patience.pause, callback_url)
        self._downloads = Downloads(backend.files, library, commits, patience)
        self._cancelled: set[str] = set()
        self._cancels: Counter[tuple[str, int]] = Counter()

    async def run(self, record: Record, report: Report, order: Order) -> Record:
        """Take a request from its current state to its file.

        Args:
            record: the ledger row, new or from an earlier run.
            report: a function that is called with the progress, on the event loop's thread.
            order: the permission to send the request. Looking for it and downloading need none.

        Returns:
            The row, with the file.

        Raises:
            DreamError: the request could not be sent, made, or stored; the ledger has its state.
        """
        if is_moderated(record):
            raise failure(record.generation)
        key = record.hash, record.take
        cancels = self._cancels[key]
        async with self._leases.held(record, report, self._library.holds) as held:
            if self._cancels[key] != cancels:
                # Another notebook was making it, and this one cancelled it.
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
                    # The time limit begins here: neither a long queue nor a long Retry-After makes a job late.
                    with anyio.fail_after(self._patience.job):
                        return await self._finish(record, report)
                except TimeoutError:
                    raise DreamError(
                        f"not done after {spoken(self._patience.job)}; stopped waiting. It continues on the server: "
                        "run the cell again to rejoin it"
                    ) from None
                except APIError as error:
                    record = self._refused(record, error)

    def _refused(self, record: Record, error: APIError) -> Record:
        """Explain the error of the last look at a generation. A studio's generation is requested again."""
        id = _id_of(record)  # noqa: A001 - the field's name in the specification
        if isinstance(error, NotFoundError):
            if id in self._cancelled:
                raise DreamCancelledError(_CANCELLED) from None
            # A studio whose folder was cleared forgets its generations, and draws them again for free.
            if not self.backend.is_paid:
                return self._ledger.forget(record)
        if self.looks.is_gone(error, id):
            raise DreamError(
                "it is no longer on the server, and its file is not in the library: make another take "
                f"{self._next(record)}"
            ) from None
        raise self.looks.explained(error, id) from None

    async def cancel(self, record: Record) -> bool:
        """Cancel an unfinished generation: the server deletes and refunds it, and its run ends.

        The row returns to its state before it was sent, so that a new request makes it again. If it is being sent, this
        waits for the server's answer.

        Args:
            record: the ledger row.

        Returns:
            False if the server did not accept it, so that it has no generation to cancel.

        Raises:
            DreamError: its answer does not come, or it has ended; nothing has changed.
            APIError: the server did not confirm the deletion; it continues.
        """
        record = await self._answered(record)
        if record.state == "intended":
            return False
        assert record.generation is not None
        assert record.generation.id is not None
        need(self.backend.name, "cancel")
        id = record.generation.id  # noqa: A001 - the field's name in the specification
        client = self.backend.client
        self._note(record)
        seen = await self.looks.generation(id)
        if seen.has_failed:
            raise DreamError(f"it has already failed: {seen.why_not_made}")
        if seen.is_final:
            raise DreamError("it is already completed, so it is not refunded: delete it when it is shown")
        self._cancelled.add(id)
        try:
            await self._patience.retried(lambda: client.delete_generation(id))
        except NotFoundError:
            pass
        except BaseException:
            self._cancelled.discard(id)
            raise
        self._cancels[record.hash, record.take] += 1
        self._ledger.forget(record)
        self.watcher.give_up(id, DreamCancelledError(_CANCELLED))
        await self._budget.ended(record, is_refunded=True)
        return True

    async def _answered(self, record: Record) -> Record:
        """The row of a request as soon as the server has answered its create.

        Raises:
            DreamError: it takes too long.
        """
        end = anyio.current_time() + _ANSWER_SECONDS
        while True:
            record = self._ledger.reread(record)
            if record.state == "intended" or (record.generation is not None and record.generation.id):
                return record
            if anyio.current_time() > end:
                raise DreamError("it is still being sent: cancel it again when its server has answered")
            await anyio.sleep(self._patience.pause / 10)

    async def _take(self, record: Record, report: Report, order: Order) -> Record:
        """Make sure that the server has the request. Only this method begins a create."""
        if record.state == "deleted":
            raise DreamError(
                "it was deleted: restore it, if it is still in the trash (%dreams trash), or make another take "
                f"{self._next(record)}"
            )
        record = self._ledger.recall(record)
        if record.state != "intended" and record.generation is None and self._makes_anew(record.request):
            record = self._ledger.not_taken(record)
        if record.state != "intended" and record.generation is None:
            record = await self._sender.look(record, report)
            self.looks.note(_id_of(record))
            return record
        if record.state == "intended" or record.has_failed:
            if not order.allows_create():
                raise failure(record.generation) if record.has_failed else DreamError(_NOT_ORDERED)
            if record.has_failed:
                record = self._ledger.forget(record)
            cancels = self._cancels[record.hash, record.take]
            async with self._budget.purchase(record, report):
                await self._sender.send(record, report)
            record = self._ledger.reread(record)
            self.looks.note(_id_of(record))
            if self._cancels[record.hash, record.take] != cancels:
                # Cancelled as soon as its answer arrived: the row is as before it was sent.
                raise DreamCancelledError(_CANCELLED)
            return record
        return record

    def _makes_anew(self, request: Request) -> bool:
        """Whether a create of unknown outcome is sent again: if it is free, and cannot be looked for in a list."""
        return not self.backend.is_paid and not self.backend.lists(request)

    def _note(self, record: Record) -> None:
        """Record when the server has named a generation, as far as its row says."""
        since = record.sent_at or record.written_at
        self.looks.note(_id_of(record), (datetime.now(UTC) - since).total_seconds())

    async def _finish(self, record: Record, report: Report) -> Record:
        self._note(record)
        record = await self._watch(record, report)
        await self._budget.ended(record, is_refunded=record.has_failed)
        if not record.has_failed:
            record = await self._await_asset(record, report)
            if record.has_failed:
                # The generation was not really completed.
                await self._budget.ended(record, is_refunded=True)
        if record.has_failed:
            raise failure(record.generation)

        async def refresh() -> Generation:
            fresh = await self.looks.generation(_id_of(record))
            self._ledger.follow(record, generation=fresh)
            return fresh

        return await self._downloads.fetch(record, refresh, report)

    async def _await_asset(self, record: Record, report: Report) -> Record:
        """Read a completed generation again until its server returns the address of its file, or says that it failed.

        Raises:
            DreamError: the server does neither for a while. The next run tries again.
        """
        backoff, end = Backoff(self._patience.pause), anyio.current_time() + self._patience.trying
        while not record.has_failed and asset_url(record) is None:
            pause = backoff.pause()
            if anyio.current_time() + pause > end:
                state = "completed and paid for" if self.backend.is_paid else "completed"
                raise DreamError(
                    f"generation {_id_of(record)} is {state}, but {_NO_FILE_YET}: run the cell again to request the "
                    "file again, which is free"
                )
            report(Progress("downloading", note=f"{_NO_FILE_YET}: trying again"))
            await anyio.sleep(pause)
            seen = await self.looks.generation(_id_of(record))
            # A part of the server that is behind does not change anything.
            if seen.is_final:
                record = await self._write(record, generation=seen)
        return record

    async def _watch(self, record: Record, report: Report) -> Record:
        generation = record.generation
        assert generation is not None
        if generation.is_final:
            return record
        last, progress = generation.state, _progress(generation)
        since = record.sent_at or record.written_at
        age = max(timedelta(), datetime.now(UTC) - since)

        def changed(seen: Generation) -> None:
            nonlocal last, progress
            progress = _progress(seen)
            report(progress)
            first.look(seen)
            if seen.state != last:
                last = seen.state
                queued = (datetime.now(UTC) - since).total_seconds()
                # If it was dreaming when first seen again, its queue time could have ended at any time before.
                is_known = seen.state == "dreaming" and age.total_seconds() < max(_SOON_SECONDS, queued / 2)
                self._follow(record, generation=seen, **({"queued": queued} if is_known else {}))
            if seen.state == "queued" and (why := _text(seen, "stalled")):
                raise ClusterGoneError(f"not made yet: {why}. {_STAYS_QUEUED}")

        report(progress)
        first = FirstPicture(self.backend.files, lambda picture: report(replace(progress, picture=picture)))
        kind = record.request.generation_type
        try:
            generation = await self.watcher.follow(generation, kind, changed, age.total_seconds())
        finally:
            first.close()
        took = (datetime.now(UTC) - since).total_seconds()
        # The same is true of its end.
        is_known = generation.state == "completed" and age.total_seconds() < took / 2
        return await self._write(record, generation=generation, **({"seconds": took} if is_known else {}))

    async def _write(self, record: Record, **columns: object) -> Record:
        return await self._commits.commit(lambda: self._follow(record, **columns))

    def _follow(self, record: Record, **columns: object) -> Record:
        try:
            return self._ledger.follow(record, **columns)
        except sqlite3.IntegrityError:
            raise DreamError(
                "its generation belongs to another request that was sent at the same time: run the cell again"
            ) from None

    def _next(self, record: Record) -> str:
        """A text that says how to request the next take, which is the same at every run of a cell."""
        take = self._ledger.next_take(record.hash)
        return f"(take={take})"

    def _durations(self, kind: str) -> list[float]:
        return self._ledger.durations(self.backend.name, kind)


def is_moderated(record: Record) -> bool:
    """Return whether a request was refused for its content, so that sending it again would fail again."""
    return record.generation is not None and record.has_failed and is_moderation(record.generation.why_not_made)


def failure(generation: Generation | None) -> GenerationFailedError:
    """Return the error for a generation that could not be made."""
    assert generation is not None
    reason = generation.why_not_made
    return GenerationFailedError(generation.id or "?", reason, advice(generation), is_refunded=is_refunded(generation))


def _id_of(record: Record) -> str:
    """The generation's id of a row that has one."""
    return (record.generation.id if record.generation else None) or ""


def _progress(generation: Generation) -> Progress:
    """The progress of a generation, as its server reports it."""
    video = generation.assets.progress_video if generation.assets else None
    return Progress(generation.state or "queued", _fraction(generation), _text(generation, "note"), video=video)


def _fraction(generation: Generation) -> float | None:
    """The studio's additional field `progress`."""
    value = (generation.model_extra or {}).get("progress")
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None


def _text(generation: Generation, name: str) -> str:
    """A text of the studio: `stalled`, why no queued generation is drawn; or `note`, why it takes longer."""
    value = (generation.model_extra or {}).get(name)
    return value[:_MOST_WORDS] if isinstance(value, str) else ""
