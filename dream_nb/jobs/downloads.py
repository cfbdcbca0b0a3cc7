"""Finished files on their way into the library: streamed, resumed, checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import anyio
import httpx2

from dream_nb.api.errors import APIConnectionError, APIError, UnreadableAnswerError
from dream_nb.api.models import Generation
from dream_nb.api.retry import Backoff
from dream_nb.backends.patience import Patience
from dream_nb.jobs.progress import Progress, Report
from dream_nb.library.library import DamagedFileError, Library
from dream_nb.library.record import Record

MAX_BYTES: Final = 2 * 2**30
_AT_ONCE: Final = 8
_EXPIRED: Final = frozenset({401, 403, 404, 410})
_TEXTS: Final = ("text/", "application/json", "application/xml", "application/xhtml")
_TRIES_OF_A_WHOLE: Final = 3

Refresh = Callable[[], Awaitable[Generation]]


class Downloads:
    """Fetches assets, several at once.

    Args:
        files: a client that never carries a key.
        library: where they go.
        patience: how long is waited for what.
    """

    def __init__(self, files: httpx2.AsyncClient, library: Library, patience: Patience) -> None:
        self._files = files
        self._library = library
        self._patience = patience
        self._slots = anyio.CapacityLimiter(_AT_ONCE)

    async def fetch(self, record: Record, refresh: Refresh, report: Report) -> Record:
        """Bring the file of a completed generation into the library.

        Args:
            record: its row.
            refresh: asks the server for the generation again: addresses expire.
            report: told how far it is.

        Raises:
            APIError: it cannot be fetched. What was made stays at the server.
            LibraryError: it cannot be kept.
        """
        assert record.generation is not None
        async with self._slots:
            report(Progress("downloading", 0.0))
            generation, damage = record.generation, None
            for _ in range(_TRIES_OF_A_WHOLE):
                url = _asset(generation)
                transfer = _Transfer(self._files, url, refresh, report, self._patience)
                try:
                    with anyio.fail_after(self._patience.download):
                        stored = await self._library.store(record, transfer.fill)
                except DamagedFileError as error:
                    # A store of files may serve half of one as if it were whole, and mend it a moment later.
                    damage = error
                    generation = await refresh()
                except TimeoutError:
                    raise APIConnectionError(
                        "download", f"the file did not come within {self._patience.download:.0f} s"
                    ) from None
                else:
                    return self._library.ledger.follow(record, file=stored.name, sha256=stored.sha256)
            assert damage is not None
            raise damage


class _Transfer:
    """One file, over as many connections as it takes."""

    def __init__(
        self, files: httpx2.AsyncClient, url: str, refresh: Refresh, report: Report, patience: Patience
    ) -> None:
        self._files = files
        self._url = url
        self._refresh = refresh
        self._report = report
        self._patience = patience
        self._etag: str | None = None

    async def fill(self, file: BinaryIO) -> None:
        """Write the asset into a file."""
        backoff = Backoff(self._patience.pause)
        end = anyio.current_time() + self._patience.trying
        while True:
            before = file.tell()
            try:
                await self._go_on(file)
                return
            except _ExpiredError as expired:
                error: APIError = expired.error
                fresh = _asset(await self._refresh())
                if fresh != self._url:
                    self._url, self._etag = fresh, None
            except APIError as failure:
                error = failure
            if file.tell() > before:
                # It comes in pieces, but it comes.
                backoff, end = Backoff(self._patience.pause), anyio.current_time() + self._patience.trying
            pause = backoff.pause(error)
            if anyio.current_time() + pause > end and not error.retry_after:
                raise error
            await anyio.sleep(pause)

    async def _go_on(self, file: BinaryIO) -> None:
        """Fetch what is missing, or everything where the server does not give parts."""
        headers = {"accept-encoding": "identity"}
        if file.tell() and self._etag:
            headers |= {"range": f"bytes={file.tell()}-", "if-range": self._etag}
        try:
            async with self._files.stream("GET", self._url, headers=headers) as answer:
                total = self._begin(file, answer)
                async for part in answer.aiter_bytes():
                    file.write(part)
                    if file.tell() > MAX_BYTES:
                        raise DamagedFileError(f"the file is larger than {MAX_BYTES // 2**30} GB: not kept")
                    if total:
                        self._report(Progress("downloading", min(1.0, file.tell() / total)))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise APIConnectionError("download", f"the asset broke off ({type(error).__name__})") from None
        if total is not None and file.tell() != total:
            raise UnreadableAnswerError("download", f"{file.tell()} of {total} bytes of the asset came")

    def _begin(self, file: BinaryIO, answer: httpx2.Response) -> int | None:
        """Look at the head of the answer, and set the file to where its body belongs. Gives back the whole length."""
        status = answer.status_code
        kind = answer.headers.get("content-type", "").lower()
        is_part = status == HTTPStatus.PARTIAL_CONTENT
        if status in _EXPIRED:
            raise _ExpiredError(UnreadableAnswerError("download", f"the asset's URL answers {status}", status=status))
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._etag = None
        if (status != HTTPStatus.OK and not is_part) or kind.startswith(_TEXTS):
            is_fine = status == HTTPStatus.OK or is_part
            what = f"gives {kind[:40]}, not a picture or video" if is_fine else f"answers {status}"
            retry_after = answer.headers.get("retry-after", "")
            raise UnreadableAnswerError(
                "download",
                f"the asset's URL {what}",
                status=status,
                retry_after=float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None,
            )
        if is_part and not answer.headers.get("content-range", "").startswith(f"bytes {file.tell()}-"):
            self._etag = None
            raise UnreadableAnswerError("download", "the asset's URL gives another part than was asked for")
        if not is_part:
            file.seek(0)
            file.truncate()
        etag = answer.headers.get("etag", "")
        self._etag = etag if etag and not etag.startswith("W/") else None
        length = answer.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return None
        if file.tell() + int(length) > MAX_BYTES:
            raise DamagedFileError(f"the file is larger than {MAX_BYTES // 2**30} GB: not kept")
        return file.tell() + int(length)


class _ExpiredError(Exception):
    """The asset has another address by now, or is gone."""

    def __init__(self, error: APIError) -> None:
        self.error = error


def _asset(generation: Generation) -> str:
    assets = generation.assets
    url = assets and (assets.video if generation.kind == "video" else assets.image)
    if not url:
        raise UnreadableAnswerError("getGeneration", f"generation {generation.id} is completed and has no asset")
    if urlsplit(url).scheme not in {"http", "https"}:
        raise UnreadableAnswerError("getGeneration", f"the asset of generation {generation.id} has no http(s) address")
    return url
