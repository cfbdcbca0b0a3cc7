"""Assigns generations of the account to rows: imported, found again, or decided by the user."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from dream_nb.api.errors import DreamError, UnreadableAnswerError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import GenerationReference, Media, Request, UnknownRequest
from dream_nb.backends.abilities import can
from dream_nb.jobs.lost import Lost, find_candidates
from dream_nb.jobs.open_backends import OpenBackends
from dream_nb.jobs.runner import failure
from dream_nb.library.library import Library
from dream_nb.library.record import Record
from dream_nb.lookup import Lookup
from dream_nb.requests.identity import answers
from dream_nb.results.job import Job
from dream_nb.running import Running

_SETTLE_SECONDS: Final = 10.0
# The number of generations that one transaction imports, during which nothing else can be written.
_AT_ONCE: Final = 100


class Claims:
    """Assigns a row in the library to generations of the account, at most one to each.

    Args:
        library: the library of the rows.
        backends: the open backends.
        running: the running jobs.
        lookup: decides what may be made.
    """

    def __init__(self, library: Library, backends: OpenBackends, running: Running, lookup: Lookup) -> None:
        self._library = library
        self._ledger = library.ledger
        self._backends = backends
        self._running = running
        self._lookup = lookup

    def bring_in(self, backend: str, id: str) -> Job:  # noqa: A002 - the field's name in the specification
        """Return the job of a generation; see `Session.bring_in`.

        Args:
            backend: the backend that made it.
            id: the id of the generation.

        Raises:
            APIError: the server does not know it, or cannot be reached.
            GenerationFailedError: the generation failed.
            DreamError: it may be the result of a request that is just being sent.
        """
        known = self._ledger.find_id(backend, id)
        if known is None:
            return self.take(backend, self._backends.generation(backend, id))
        _check_made(known.generation)
        with self._running.lock:
            # Looked up by its own row, because submitting its request might make it again.
            if job := self._running.find(known):
                return job
            if self._library.holds(known):
                return self._running.replayed(known)
            self._lookup.refuse(known.request, known.take, backend)
            return self._running.start(self._backends.runner(backend), known)

    def take(self, backend: str, generation: Generation) -> Job:
        """Give a generation a row, and download it.

        Args:
            backend: the backend that made it.
            generation: the generation as the server returns it.

        Raises:
            UnreadableAnswerError: it does not state its request.
            GenerationFailedError: the generation failed.
            DreamError: it may be the result of a request that is just being sent, or another session is importing it.
        """
        (job,) = self._take_all(backend, [generation])
        return job

    def _take_all(self, backend: str, generations: Iterable[Generation]) -> list[Job]:
        """As `take`, for several generations whose rows are written together. Each is checked after those before it."""
        with self._running.lock:
            runner = self._backends.runner(backend)
            with self._ledger.file.transaction():
                taken = [(self._claimed(backend, generation), generation.id or "") for generation in generations]
            for _, id in taken:  # noqa: A001 - the field's name in the specification
                runner.looks.note(id)
            return [self._running.start(runner, record) for record, _ in taken]

    def _claimed(self, backend: str, generation: Generation) -> Record:
        """The new row of a generation. If it cannot have one, the caller's transaction must end."""
        request = generation.request
        if request is None and not can(backend, "list"):
            # No server of its API returns the request.
            request = UnknownRequest(kind=generation.kind, document={"id": generation.id})
        if request is None:
            raise UnreadableAnswerError("getGeneration", f"generation {generation.id} does not include its request")
        _check_made(generation)
        if self._is_awaited(backend, generation):
            raise DreamError(
                f"generation {generation.id} may be the result of a request that is being sent: wait for its job"
            )
        row = self._lost_row(backend, generation) or self._new_row(backend, request)
        record = self._ledger.claim(row, generation)
        if record is None:
            raise DreamError(f"generation {generation.id} is being imported by another notebook")
        return record

    def _new_row(self, backend: str, request: Request) -> Record:
        """A row for a request that was made elsewhere. A file of this library counts as its generation."""
        source = getattr(request, "media", None)
        id = self._ledger.id_of_file(backend, source.url) if isinstance(source, Media) else None  # noqa: A001
        if id is not None:
            request = request.model_copy(update={"media": GenerationReference(id=id)})
        return self._ledger.intend(request, None, backend)

    def _again(self, known: Record, id: str) -> list[Job]:  # noqa: A002 - the field's name in the specification
        """The job of a row whose file was never downloaded; none if the file exists by now, or a job is running."""
        with self._running.lock:
            record = self._ledger.reread(known)
            if record.is_finished or record.state != "taken" or self._running.find(record) is not None:
                return []
            runner = self._backends.runner(record.backend)
            runner.looks.note(id)
            return [self._running.start(runner, record)]

    def _lost_row(self, backend: str, generation: Generation) -> Record | None:
        """The row of the create of unknown outcome that a generation certainly answers."""
        rows = self._ledger.unknown(backend)
        return next((row for row in rows if row.state == "unknown" and _certainly_answers(generation, row)), None)

    def _is_awaited(self, backend: str, generation: Generation) -> bool:
        """Whether it may be the answer to a create that is just being sent, and so belongs to no other row."""
        awaited = self._ledger.unknown(backend)
        return any(record.state != "unknown" and answers(generation, record.as_sent) for record in awaited)

    def sync(self, backend: str) -> list[Job]:
        """Return a job for each generation that is not in the library; see `Session.sync`.

        Args:
            backend: the backend whose account is searched.

        Raises:
            APIError: the server cannot be reached.
        """
        made = [generation for generation in self._backends.generations(backend) if not generation.has_failed]
        known = {row.generation.id: row for row in self._ledger.under_way(backend) if row.generation is not None}
        listed = [
            generation
            for generation in made
            if generation.id not in known and not self._ledger.is_claimed(backend, generation.id or "")
        ]
        ahead = self._ledger.clock_ahead(backend) or timedelta()
        awaited = self._ledger.unknown(backend)
        near = {one.generation.id for record in awaited for one in find_candidates(record, listed, ahead).nearest}
        again = [job for one in reversed(made) if one.id in known for job in self._again(known[one.id], one.id or "")]

        def is_free(generation: Generation) -> bool:
            # A generation without its request has no place in a library.
            return (
                generation.request is not None
                and not self._is_awaited(backend, generation)
                and (generation.id not in near or self._lost_row(backend, generation) is not None)
            )

        oldest_first = listed[::-1]
        parts = (oldest_first[at : at + _AT_ONCE] for at in range(0, len(oldest_first), _AT_ONCE))
        return again + [job for part in parts for job in self._take_all(backend, filter(is_free, part))]

    def lost(self, backend: str) -> list[Lost]:
        """Return the creates of unknown outcome, oldest first, with their possible answers.

        Args:
            backend: the backend that they were sent to.

        Raises:
            APIError: the server cannot be reached.
        """
        ledger = self._ledger
        records = [record for record in ledger.unknown(backend) if self._running.find(record) is None]
        if not records:
            return []
        listed = self._backends.generations(backend) if can(backend, "list") else []
        free = [one for one in listed if one.id and not ledger.is_claimed(backend, one.id)]
        ahead = ledger.clock_ahead(backend) or timedelta()
        return [find_candidates(record, free, ahead) for record in records]

    def settle(self, lost: Lost, id: str | None) -> Job | None:  # noqa: A002 - the field's name in the specification
        """Record the outcome of a create; see `Session.settle`.

        Args:
            lost: the create.
            id: the id of the generation that is its answer; None means that the server did not accept it.

        Returns:
            The job that fetches the generation, or None.

        Raises:
            APIError: the server does not know that generation, or cannot be reached.
            DreamError: nothing has changed, because the create or the generation is not what it seemed to be.
        """
        ledger = self._ledger
        generation = None if id is None else self._backends.generation(lost.backend, id)
        with self._running.lock, self._held(lost):
            record = ledger.recall(ledger.reread(lost.record))
            if record.generation is not None or record.sent_at is None or self._running.find(record) is not None:
                raise DreamError(
                    f"the outcome of {lost.request.label!r}, take {lost.take}, is already known: nothing changed"
                )
            if generation is None:
                ledger.not_taken(record)
                return None
            if _is_of_another_kind(generation, record.request):
                raise DreamError(
                    f"generation {id} is {generation.kind}, and {lost.request.label!r} asked for "
                    f"{record.request.kind}: nothing changed"
                )
            claimed = ledger.claim(record, generation)
            if claimed is None:
                raise DreamError(f"generation {id} belongs to another request in this library: nothing changed")
            runner = self._backends.runner(lost.backend)
            runner.looks.note(generation.id or "")
            return self._running.start(runner, claimed)

    @contextlib.contextmanager
    def _held(self, lost: Lost) -> Iterator[None]:
        """Hold the row of a create that no other process is sending or looking for."""
        ledger, owner = self._ledger, secrets.token_hex(8)
        if not ledger.lease(ledger.reread(lost.record), owner, _SETTLE_SECONDS):
            raise DreamError(
                f"the outcome of {lost.request.label!r}, take {lost.take}, is not known yet, because another notebook "
                "is working on it: wait until it has finished"
            )
        try:
            yield
        finally:
            ledger.release(lost.record, owner)


def _certainly_answers(generation: Generation, row: Record) -> bool:
    """Whether a generation is certainly the answer to a create. One that does not name its source may be another's."""
    return not row.request.is_source_in_path and answers(generation, row.as_sent)


def _is_of_another_kind(generation: Generation, request: Request) -> bool:
    is_told = generation.generation_type is not None or generation.request is not None
    return is_told and generation.kind != request.kind


def _check_made(generation: Generation | None) -> None:
    """Raise an error if the generation failed."""
    if generation is not None and generation.has_failed:
        raise failure(generation)
