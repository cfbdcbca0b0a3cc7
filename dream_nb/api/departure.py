"""Whether a request has begun to leave this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import anyio
import anyio.lowlevel
import httpx2

# What a socket takes at once, without the server having to read it.
_AT_ONCE: Final = 32 * 2**10
_BEGINS: Final = ".send_request_headers.started"
_ENDS: Final = (".send_request_headers.failed", ".send_request_body.complete", ".send_request_body.failed")


class Departure(httpx2.AsyncByteStream):
    """Watches a request leave, as the context in which it is sent.

    The transport tells when it begins to write, or, if it tells nothing, when it asks for the body. A cancellation that
    arrives before that ends the request. One that arrives later waits, where the transport tells, until a small request
    is written whole: half of it would do nothing at the server, and nobody could tell it from the whole.

    Args:
        request: what is sent; it is changed so that it can be watched.
    """

    def __init__(self, request: httpx2.Request) -> None:
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        self._body = request.stream
        self._has_body = request.headers.get("content-length", "0") != "0"
        self._is_small = int(request.headers.get("content-length", "0")) <= _AT_ONCE
        self._scope = anyio.CancelScope()
        self._is_told = False
        self._has_begun = False
        request.stream = self
        request.extensions = {**request.extensions, "trace": self._trace}

    @property
    def reached(self) -> bool:
        """False where it is certain that the server got nothing of the request."""
        return self._has_begun or not (self._is_told or self._has_body)

    @property
    def is_known(self) -> bool:
        """Whether the transport tells when it writes; else `reached` goes by what it took of the body."""
        return self._is_told

    def has_answer(self) -> None:
        """Take note that an answer has come, whatever the transport told."""
        self._has_begun = True

    def mark(self, cancelled: BaseException) -> None:
        """Write on a cancellation what is known, for `was_reached`.

        Args:
            cancelled: what ended the request.
        """
        mark(cancelled, reached=self.reached)

    async def _begin(self) -> None:
        if not self._has_begun:
            # The last moment for a cancellation that is already due.
            await anyio.lowlevel.checkpoint_if_cancelled()
            self._has_begun = True
            # One that does not tell when it begins does not tell when it has ended either.
            self._scope.shield = self._is_small and self._is_told

    async def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        self._is_told = True
        # A proxy is first asked for a connection, which is a request too.
        if getattr(info.get("request"), "method", b"") == b"CONNECT":
            return
        if event.endswith(_BEGINS):
            await self._begin()
        elif event.endswith(_ENDS):
            self._scope.shield = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await self._begin()
        async for part in self._body:
            yield part

    def __enter__(self) -> Self:
        self._scope.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scope.shield = False
        self._scope.__exit__(kind, error, trace)


def mark(cancelled: BaseException, *, reached: bool) -> None:
    """Write on a cancellation whether the server may have got something of the request, for `was_reached`.

    Args:
        cancelled: what ended the request.
        reached: False where it is certain that it got nothing.
    """
    cancelled.__dict__["reached"] = reached


def was_reached(cancelled: BaseException) -> bool:
    """Whether the server may have got something of a request that was cancelled.

    Args:
        cancelled: the cancellation, as it came out of the client.
    """
    return bool(cancelled.__dict__.get("reached", True))
