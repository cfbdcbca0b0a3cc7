"""Downloads finished files into the library: streamed, resumed, and checked."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import anyio
import httpx2

from dream_nb.api.errors import APIConnectionError, APIError, UnreadableAnswerError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import Kind
from dream_nb.api.retry import Backoff
from dream_nb.backends.patience import Patience
from dream_nb.jobs.commits import Commits
from dream_nb.jobs.progress import Progress, Report
from dream_nb.library.library import DamagedFileError, Further, Library, StoredFile
from dream_nb.library.record import FurtherFile, Record

MAX_BYTES: Final = 2 * 2**30
_AT_ONCE: Final = 8
_EXPIRED: Final = frozenset({401, 403, 404, 410})
# Pictures and videos never begin with these; pages and documents do, after white space and a byte order mark.
_PAGE_BEGINNINGS: Final = (b"<", b"{", b"[")
_BLANKS: Final = b" \t\r\n\xef\xbb\xbf"
_PLAIN: Final = frozenset({"", "identity"})
_TRIES_OF_A_WHOLE: Final = 3
_MOST_OF_A_TYPE: Final = 40

Refresh = Callable[[], Awaitable[Generation]]


class Downloads:
    """Downloads files, several at once.

    Args:
        files: the client, which never carries a key.
        library: the library that the files belong to.
        commits: commits what the jobs of the session write.
        patience: the timeouts.
    """

    def __init__(self, files: httpx2.AsyncClient, library: Library, commits: Commits, patience: Patience) -> None:
        self._files = files
        self._library = library
        self._commits = commits
        self._patience = patience
        self._slots = anyio.CapacityLimiter(_AT_ONCE)

    async def fetch(self, record: Record, refresh: Refresh, report: Report) -> Record:
        """Download the files of a completed generation into the library.

        Args:
            record: the ledger row, with the address of a file.
            refresh: a function that reads the generation from the server again, because addresses expire.
            report: a function that is called with the progress.

        Raises:
            APIError: a file cannot be downloaded. It stays on the server.
            LibraryError: a file cannot be stored.
        """
        assert record.generation is not None
        further = []
        for number, file in enumerate(record.generation.files(record.kind)[1:], 1):
            stored = await self._store(
                record, refresh, report, Further(number, file.type, file.label or str(number + 1))
            )
            further.append(FurtherFile(stored.name, stored.sha256, file.label))
        # The first file comes last, because it completes the row and its sidecar.
        record = replace(record, further=tuple(further))
        stored = await self._store(record, refresh, report)
        return await self._commits.commit(lambda: self._library.ledger.finish(record, stored.name, stored.sha256))

    async def _store(
        self, record: Record, refresh: Refresh, report: Report, further: Further | None = None
    ) -> StoredFile:
        """Download one file of a generation into the library."""
        number = further.number if further is not None else 0

        def address(generation: Generation) -> str | None:
            return _address(generation, record.kind, number)

        assert record.generation is not None
        url = address(record.generation)
        assert url is not None
        async with self._slots:
            report(Progress("downloading", 0.0))
            damage = None
            for _ in range(_TRIES_OF_A_WHOLE):
                transfer = _Transfer(self._files, url, address, refresh, report, self._patience)
                try:
                    with anyio.fail_after(self._patience.download):
                        return await self._library.store(record, transfer.fill, further)
                except DamagedFileError as error:
                    # A file store may serve half of a file as if it were whole, and recover a moment later.
                    damage = DamagedFileError(f"{transfer.came}{error}")
                    url = address(await refresh()) or url
                except TimeoutError:
                    raise APIConnectionError(
                        "download", f"the file was not downloaded within {self._patience.download:.0f} s"
                    ) from None
            assert damage is not None
            raise damage


class _Transfer:
    """The transfer of one file, over as many connections as it takes."""

    def __init__(
        self,
        files: httpx2.AsyncClient,
        url: str,
        address: Callable[[Generation], str | None],
        refresh: Refresh,
        report: Report,
        patience: Patience,
    ) -> None:
        self._files = files
        self._url = url
        self._address = address
        self._refresh = refresh
        self._report = report
        self._patience = patience
        self._etag: str | None = None
        self._content_type = ""
        # Whether only white space has arrived so far.
        self._is_blank = True
        # Set if a server declares the file as compressed although it is not.
        self._is_raw = False

    @property
    def came(self) -> str:
        """The server's description of the file, to be put before the problem with it."""
        return f"its content type is {self._content_type}: " if self._content_type else ""

    async def fill(self, file: BinaryIO) -> None:
        """Write the whole file."""
        backoff = Backoff(self._patience.pause)
        end = anyio.current_time() + self._patience.trying
        while True:
            before = file.tell()
            try:
                await self._go_on(file)
                return
            except _ExpiredError as expired:
                error: APIError = expired.error
                fresh = self._address(await self._refresh())
                if fresh is not None and fresh != self._url:
                    self._url, self._etag = fresh, None
            except APIError as failure:
                error = failure
            if file.tell() > before:
                # There was progress, so the retries begin from the start.
                backoff, end = Backoff(self._patience.pause), anyio.current_time() + self._patience.trying
            pause = backoff.pause(error)
            if anyio.current_time() + pause > end and not error.retry_after:
                raise error
            await anyio.sleep(pause)

    async def _go_on(self, file: BinaryIO) -> None:
        """Download the missing part, or everything if the server does not support parts."""
        headers = {"accept-encoding": "identity"}
        if file.tell() and self._etag:
            headers |= {"range": f"bytes={file.tell()}-", "if-range": self._etag}
        try:
            async with self._files.stream("GET", self._url, headers=headers) as answer:
                length = self._begin(file, answer)
                before = file.tell()
                async for part in answer.aiter_raw() if self._is_raw else answer.aiter_bytes():
                    self._write(file, part)
                    if length:
                        self._report(
                            Progress("downloading", (before + answer.num_bytes_downloaded) / (before + length))
                        )
        except httpx2.DecodingError:
            self._is_raw = True
            raise UnreadableAnswerError("download", "the asset's compression does not match its header") from None
        except httpx2.ConnectError:
            raise APIConnectionError("download", f"no connection to {httpx2.URL(self._url).host}") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise APIConnectionError("download", f"the download was cut off ({type(error).__name__})") from None
        # Count the bytes of the connection: a server may compress the file although it was asked not to.
        came = answer.num_bytes_downloaded
        if length is not None and came != length:
            raise UnreadableAnswerError("download", f"{before + came} of {before + length} bytes of the asset arrived")

    def _write(self, file: BinaryIO, part: bytes) -> None:
        """Write the next part, unless the file begins like a page or a document, or becomes too large."""
        if self._is_blank:
            text = part.lstrip(_BLANKS)
            self._is_blank = not text
            if text.startswith(_PAGE_BEGINNINGS):
                self._etag = None
                what = self._content_type or "a text"
                raise UnreadableAnswerError("download", f"the asset's URL returned {what}, not a picture or video")
        file.write(part)
        if file.tell() > MAX_BYTES:
            raise DamagedFileError(f"the file is larger than {MAX_BYTES // 2**30} GB: it was not kept")

    def _begin(self, file: BinaryIO, answer: httpx2.Response) -> int | None:
        """Check the head of the answer, and move to the position of its body in the file.

        Returns:
            The number of bytes that the answer has on the connection; None if it does not say.
        """
        status = answer.status_code
        is_part = status == HTTPStatus.PARTIAL_CONTENT
        is_plain = answer.headers.get("content-encoding", "").strip().lower() in _PLAIN
        if status in _EXPIRED:
            raise _ExpiredError(UnreadableAnswerError("download", f"the asset's URL returned {status}", status=status))
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._etag = None
        if status != HTTPStatus.OK and not is_part:
            retry_after = answer.headers.get("retry-after", "")
            raise UnreadableAnswerError(
                "download",
                f"the asset's URL returned {status}",
                status=status,
                retry_after=float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None,
            )
        asked = f"bytes {file.tell()}-"
        if is_part and not (is_plain and answer.headers.get("content-range", "").startswith(asked)):
            self._etag = None
            raise UnreadableAnswerError("download", "the asset's URL returned a different part than requested")
        if not is_part:
            file.seek(0)
            file.truncate()
            self._is_blank = True
        self._content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()[:_MOST_OF_A_TYPE]
        etag = answer.headers.get("etag", "")
        # A part of a compressed file may begin anywhere in it.
        self._etag = etag if etag and not etag.startswith("W/") and is_plain else None
        length = answer.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return None
        if file.tell() + int(length) > MAX_BYTES:
            raise DamagedFileError(f"the file is larger than {MAX_BYTES // 2**30} GB: it was not kept")
        return int(length)


class _ExpiredError(Exception):
    """The file has a new address, or is gone."""

    def __init__(self, error: APIError) -> None:
        self.error = error


def asset_url(record: Record) -> str | None:
    """Return the http(s) address of a generation's file, or None if its server has not given one.

    Args:
        record: the ledger row. Its request states the kind of file, which the server need not do.
    """
    return _address(record.generation, record.kind) if record.generation is not None else None


def _address(generation: Generation, kind: Kind, number: int = 0) -> str | None:
    files = generation.files(kind)
    url = files[number].url if number < len(files) else None
    with contextlib.suppress(ValueError):
        if url and urlsplit(url.strip()).scheme in {"http", "https"}:
            return url.strip()
    return None
