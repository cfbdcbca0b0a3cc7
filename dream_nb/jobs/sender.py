"""The create: sent once, and looked for where its answer got lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import anyio
import anyio.lowlevel

from dream_nb.api.departure import was_reached
from dream_nb.api.errors import APIError, DreamError, OutcomeUnknownError
from dream_nb.api.models import Generation, GenerationRequest
from dream_nb.api.pages import Pages
from dream_nb.api.retry import Backoff, is_passing, was_not_taken
from dream_nb.jobs.backends import Backend
from dream_nb.jobs.identity import Request, answers
from dream_nb.jobs.ledger import Ledger, Record
from dream_nb.jobs.patience import Patience
from dream_nb.jobs.progress import Progress, Report, spoken
from dream_nb.jobs.uploads import Uploads

# A Date header has whole seconds, and is as old as its answer took to arrive.
_CLOCK_SLACK: Final = timedelta(seconds=3)
_NOTE_SECONDS: Final = 2.0


class Sender:
    """Sends creates to one backend.

    Args:
        backend: where to.
        ledger: told before anything leaves.
        owner: the name under which this process holds its rows.
        patience: how long is waited for what.
        callback_url: where the server tells what changed, for requests that name no other; or None.
        uploads: where pictures go before a request leaves, or None: they go as `data:` URIs.
    """

    def __init__(
        self,
        backend: Backend,
        ledger: Ledger,
        owner: str,
        patience: Patience,
        callback_url: str | None = None,
        uploads: Uploads | None = None,
    ) -> None:
        self._uploads = uploads
        self._callback_url = callback_url
        self._backend = backend
        self._ledger = ledger
        self._owner = owner
        self._patience = patience
        self._turns: dict[str, _Turn] = {}

    async def send(self, record: Record, report: Report) -> Record:
        """Have the server take an intended request.

        Returns:
            The row, with the generation's id.

        Raises:
            APIError: the server did not take it.
            OutcomeUnknownError: its answer got lost, and it is not in the server's list.
        """
        # Two takes of one request look the same in the list: while one is looked for, none is under way.
        turn = self._turns.setdefault(record.hash, _Turn())
        async with turn.shared():
            sent = await self._send(record, report)
        if isinstance(sent, Record):
            return sent
        async with turn.alone():
            return await self._look(self._ledger.reread(record), report, sent)

    async def look(self, record: Record, report: Report) -> Record:
        """Look for a request that was marked as sending in the server's list, for a while.

        Args:
            record: the row.
            report: told where it stands.

        Raises:
            APIError: the list cannot be read; another look may find it.
            OutcomeUnknownError: it is not there.
        """
        async with self._turns.setdefault(record.hash, _Turn()).alone():
            return await self._look(record, report, None)

    async def _send(self, record: Record, report: Report) -> Record | APIError:
        """Send until it is taken, or refused. Gives back the row, or the error after which nobody knows."""
        backoff = Backoff(self._patience.pause)
        request = record.request
        if self._uploads is not None:
            # Before the row is marked: until here nothing that costs has left.
            request = await self._uploads.replaced(request)
        give_up = anyio.current_time() + self._patience.trying
        while True:
            # What was stopped while it waited stops here: from the next line on it may have been sent.
            await anyio.lowlevel.checkpoint()
            report(Progress("sending"))
            marked = self._ledger.mark_sending(record, self._owner)
            if marked is None:
                record = self._ledger.reread(record)
                if record.generation is None:
                    raise DreamError(
                        "another notebook has taken it over, and is sending it: run the cell again to join"
                    )
                return record
            try:
                generation = await self._post(request, marked.take)
            except APIError as error:
                if not was_not_taken(error):
                    if is_passing(error):
                        return error
                    self._ledger.update(record, state="intended", sent_at=None)
                    raise
                self._ledger.update(record, state="intended", sent_at=None)
                pause = backoff.pause(error)
                # A server that answers says how long it wants; one that does not is waited for a while.
                if not error.reached and anyio.current_time() + pause > give_up:
                    raise
                if pause >= _NOTE_SECONDS:
                    why = "the server asks for it" if error.retry_after else f"{error.what}"
                    report(Progress("waiting", note=f"sent again in {spoken(pause)}: {why}"))
                await anyio.sleep(pause)
            except anyio.get_cancelled_exc_class() as cancelled:
                if not was_reached(cancelled):
                    self._ledger.update(record, state="intended", sent_at=None)
                raise
            else:
                return self._ledger.answered(marked, generation)

    async def _post(self, request: Request, take: int) -> Generation:
        headers = self._backend.take_header(take)
        client = self._backend.client
        if request.callback_url is None and self._callback_url is not None:
            request = request.model_copy(update={"callback_url": self._callback_url})
        if isinstance(request, GenerationRequest):
            return await client.create_generation(request, headers=headers)
        return await client.generate_image(request, headers=headers)

    async def _look(self, record: Record, report: Report, error: APIError | None) -> Record:
        backoff = Backoff(self._patience.pause)
        sent_at = record.sent_at or record.written_at
        # Just lost, it may still be on its way; of another process, it left at that time or never.
        end = (datetime.now(UTC) if error else sent_at) + timedelta(seconds=self._patience.reconcile)
        give_up = anyio.current_time() + self._patience.reconcile + self._patience.trying
        report(Progress("looking", note="its answer got lost: looking whether the server took it"))
        while True:
            is_last = datetime.now(UTC) >= end
            try:
                found = await self._search(record, sent_at)
            except APIError as failure:
                pause = backoff.pause(failure)
                if not is_passing(failure) or anyio.current_time() + pause > give_up:
                    raise
            else:
                if found is not None:
                    return found
                if is_last:
                    self._ledger.update(record, state="unknown")
                    raise OutcomeUnknownError(_unknown(record, error)) from None
                pause = backoff.pause()
            await anyio.sleep(pause)

    async def _search(self, record: Record, sent_at: datetime) -> Record | None:
        candidates: list[Generation] = []
        pages = Pages(100)
        while not pages.ended:
            page = await self._backend.client.list_generations(limit=100, offset=pages.offset)
            earliest = sent_at + (self._backend.client.clock_ahead or timedelta()) - _CLOCK_SLACK
            for generation in pages.new(page):
                if generation.created_at is not None and _utc(generation.created_at) < earliest:
                    pages.ended = True
                elif generation.id and self._may_be(generation, record):
                    candidates.append(generation)
        # The list begins with the newest.
        for generation in reversed(candidates):
            claimed = self._ledger.claim(record, generation)
            if claimed is not None:
                return claimed
        return None

    def _may_be(self, generation: Generation, record: Record) -> bool:
        take = (generation.model_extra or {}).get("take")
        if self._backend.take_header(record.take) and take is not None and take != record.take:
            return False
        return answers(generation, record.request)


class _Turn:
    """Lets several through together, or one alone."""

    def __init__(self) -> None:
        self._condition = anyio.Condition()
        self._inside = 0
        self._waiting = 0

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        async with self._condition:
            while self._waiting:
                await self._condition.wait()
            self._inside += 1
        try:
            yield
        finally:
            await self._leave()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        self._waiting += 1
        entered = 0
        try:
            async with self._condition:
                while self._inside:
                    await self._condition.wait()
                self._inside = entered = 1
            yield
        finally:
            self._waiting -= 1
            await self._leave(entered)

    async def _leave(self, number: int = 1) -> None:
        # Whoever was cancelled leaves too.
        with anyio.CancelScope(shield=True):
            async with self._condition:
                self._inside -= number
                self._condition.notify_all()


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _unknown(record: Record, error: APIError | None) -> str:
    operation = "createGeneration" if isinstance(record.request, GenerationRequest) else "generateImage"
    why = f"{operation}: {error.what if error else 'its answer got lost'}"
    return (
        f"{why}, and the server's list does not show it. It is not sent again by itself, since it may have been paid "
        "for: run the cell again to look again, or add --fresh (fresh=True) to send it as another take"
    )
