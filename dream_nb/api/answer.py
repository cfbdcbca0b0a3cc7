"""The answer of a server, read within limits."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self

import httpx2
from pydantic_core import from_json, to_json

MAX_BYTES: Final = 16 * 2**20
"""The largest size of an answer's body in bytes, compressed and decompressed.

A page of a hundred generations with long prompts has a tenth of it.
"""

ENCODING: Final = "gzip"
"""The only compression that is requested, because the standard library can decompress it within limits."""

_MAX_HEADER = 100
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or as much of it as could be read.

    Attributes:
        status: the HTTP status.
        headers: its header fields.
        body: the body, decompressed.
        flaw: why the body is incomplete, as a clause to follow "the answer", or None.
    """

    status: int
    headers: httpx2.Headers
    body: bytes
    flaw: str | None = None

    def __repr__(self) -> str:
        # A server may send the key back, and a traceback may show variables.
        return f"<{type(self).__name__} {self.status}, {len(self.body)} bytes>"

    @classmethod
    async def read(cls, response: httpx2.Response) -> Self:
        """Read a response to its end, or as far as that makes sense.

        Raises:
            httpx2.TimeoutException: a part did not arrive in time.
        """
        body = _Body(response.headers.get("content-encoding", ""))
        flaw = body.flaw
        try:
            if response.is_stream_consumed:
                # A hook of the caller's own client has already read it.
                return cls(response.status_code, response.headers, response.content)
            if flaw is None:
                async with aclosing(response.aiter_raw()) as parts:
                    async for part in parts:
                        if (flaw := body.add(part)) is not None:
                            break
                    else:
                        flaw = body.end()
        except httpx2.TimeoutException:
            raise
        except httpx2.HTTPError:
            flaw = "was cut off"
        return cls(response.status_code, response.headers, bytes(body.content), flaw)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return httpx2.codes.is_success(self.status)

    @property
    def is_refusal(self) -> bool:
        """Whether the status is 4xx or 5xx."""
        return httpx2.codes.is_error(self.status)

    @property
    def content_type(self) -> str:
        """The content type that the server states."""
        return self.headers.get("content-type") or "no content type"

    @property
    def request_id(self) -> str | None:
        """The server's id of the call, if there is one."""
        return self.headers.get("x-request-id") or None

    @property
    def redirects_to(self) -> str | None:
        """The host of a redirect, or None. Its path is omitted, because it may contain a secret."""
        if not httpx2.codes.is_redirect(self.status) or "location" not in self.headers:
            return None
        try:
            return httpx2.URL(self.headers["location"]).host or "another path"
        except httpx2.InvalidURL:
            return "an invalid address"

    @property
    def detail(self) -> str | None:
        """The field `detail` of the schema `Error`; if it is not a text, as JSON."""
        try:
            document: Any = from_json(self.body) if self.flaw is None else None
            detail = document.get("detail") if isinstance(document, Mapping) else None
            return detail if isinstance(detail, str | None) else to_json(detail).decode()
        except ValueError:
            return None

    @property
    def retry_after(self) -> float | None:
        """The seconds that `Retry-After` asks to wait (RFC 9110, 10.2.3: seconds, or a date by the server's clock)."""
        value = self.headers.get("retry-after", "").strip()
        if _SECONDS.fullmatch(value):
            return float(value)
        until = _date(value)
        if until is None:
            return None
        return max(0.0, (until - (self.date or datetime.now(UTC))).total_seconds())

    @property
    def date(self) -> datetime | None:
        """The time of the answer by the server's clock."""
        return _date(self.headers.get("date", ""))


class _Body:
    """A body that arrives in parts, and never exceeds `MAX_BYTES`."""

    def __init__(self, encoding: str) -> None:
        encoding = encoding.strip().lower()
        self.content = bytearray()
        self.flaw = None if encoding in {"", "identity", ENCODING} else "uses a compression that was not requested"
        self._received = 0
        self._unzip = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding == ENCODING else None

    def add(self, part: bytes) -> str | None:
        """Add the next part. Returns what is wrong with it, if anything is."""
        self._received += len(part)
        if self._unzip is None:
            self.content += part
        elif not self._unzip.eof:
            try:
                self.content += self._unzip.decompress(part, MAX_BYTES + 1 - len(self.content))
            except zlib.error:
                return "is not valid gzip data"
        # The received bytes count too: a stream of only headers and padding decompresses to nothing.
        if max(self._received, len(self.content)) > MAX_BYTES:
            return f"is larger than {MAX_BYTES // 2**20} MB"
        return None

    def end(self) -> str | None:
        """End the body. Returns what is missing, if anything is."""
        whole = self._unzip is None or self._unzip.eof or not self._received
        return None if whole else "was cut off"


def _date(value: str) -> datetime | None:
    if len(value) > _MAX_HEADER:
        return None
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
