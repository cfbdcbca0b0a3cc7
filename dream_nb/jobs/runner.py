"""One request through ledger, POST, watching and download."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

import anyio
import httpx2

from dream_nb.api.errors import (
    APIConnectionError,
    APITimeoutError,
    GenerationFailedError,
    NotFoundError,
    RateLimitError,
    ServerError,
    UnreadableAnswerError,
)
from dream_nb.api.models import Generation, GenerationRequest
from dream_nb.jobs.backends import Backend
from dream_nb.jobs.ledger import Ledger, Record
from dream_nb.jobs.library import Library

_PASSING: Final = (APIConnectionError, APITimeoutError, RateLimitError, ServerError, UnreadableAnswerError)
_MAX_WAIT_SECONDS: Final = 30.0
_SUFFIXES: Final = {"video": (".mp4",), "image": (".jpg", ".jpeg", ".png")}


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a request stands.

    Attributes:
        state: "sending", then the API's own: queued, dreaming, completed, failed; "downloading" before the end.
        fraction: how much is done, 0 to 1, or None where the server does not say.
    """

    state: str
    fraction: float | None = None


Report = Callable[[Progress], None]


class Runner:
    """Sees requests through on one backend, into one library."""

    def __init__(self, backend: Backend, library: Library) -> None:
        self._backend = backend
        self._library = library
        self._ledger: Ledger = library.ledger

    async def run(self, record: Record, report: Report) -> Record:
        """Bring a request from wherever it stands to its file.

        Args:
            record: the row of the ledger, just written or from an earlier run.
            report: is told where it stands, from the event loop's thread.

        Returns:
            The row, with the file.

        Raises:
            DreamError: it could not be sent, made, or kept; the ledger says how far it came.
        """
        while True:
            if record.generation is None or record.generation.state == "failed":
                report(Progress("sending"))
                record = await self._create(self._ledger.forget(record))
            try:
                return await self._finish(record, report)
            except NotFoundError:
                # A studio whose folder was cleared forgets what it made, and draws it again for nothing.
                if self._backend.name != "studio":
                    raise
                record = self._ledger.forget(record)

    async def _create(self, record: Record) -> Record:
        record = self._ledger.update(record, sending=1)
        headers = self._backend.take_header(record.take)
        client = self._backend.client
        if isinstance(record.request, GenerationRequest):
            generation = await client.create_generation(record.request, headers=headers)
        else:
            generation = await client.generate_image(record.request, headers=headers)
        return self._ledger.update(record, generation=generation)

    async def _finish(self, record: Record, report: Report) -> Record:
        generation = await self._watch(record, report)
        record = self._ledger.update(record, generation=generation)
        if generation.state == "failed":
            raise GenerationFailedError(generation.id or "?", generation.failure_reason or "the server gave no reason")
        report(Progress("downloading", 1.0))
        url = _asset(generation)
        stored = await self._library.store(record, _suffix(url, generation.kind), self._download(url))
        return self._ledger.update(record, file=stored.name, sha256=stored.sha256)

    async def _watch(self, record: Record, report: Report) -> Generation:
        assert record.generation is not None
        generation = record.generation
        wait = pause = self._backend.poll_seconds
        while not generation.is_final:
            report(Progress(generation.state or "queued", _fraction(generation)))
            await anyio.sleep(wait)
            try:
                generation = await self._backend.client.get_generation(generation.id or "")
                wait = pause
            except _PASSING as error:
                # No blip of a look fails a job: it goes on at the server.
                wait = min(2 * wait, _MAX_WAIT_SECONDS)
                if isinstance(error, RateLimitError) and error.retry_after:
                    wait = error.retry_after
        return generation

    async def _download(self, url: str) -> AsyncIterator[bytes]:
        try:
            async with self._backend.files.stream("GET", url) as answer:
                if answer.status_code != httpx2.codes.OK:
                    raise UnreadableAnswerError("download", f"the asset's URL answers {answer.status_code}")
                async for part in answer.aiter_bytes():
                    yield part
        except httpx2.HTTPError as error:
            raise APIConnectionError("download", f"the asset broke off ({type(error).__name__})") from error


def _asset(generation: Generation) -> str:
    assets = generation.assets
    url = assets and (assets.video if generation.kind == "video" else assets.image)
    if not url:
        raise UnreadableAnswerError("getGeneration", f"generation {generation.id} is completed and has no asset")
    return url


def _suffix(url: str, kind: str) -> str:
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    known = _SUFFIXES.get(kind, ())
    return suffix if suffix in known else known[0]


def _fraction(generation: Generation) -> float | None:
    """The studio's extra field `progress`."""
    value = (generation.model_extra or {}).get("progress")
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None
