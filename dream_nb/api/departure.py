"""Whether a request has begun to leave this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import anyio
import anyio.lowlevel
import httpx2

# The number of bytes that a socket accepts at once, before the server reads any.
_AT_ONCE: Final = 32 * 2**10
_BEGINS: Final = ".send_request_headers.started"
_ENDS: Final = (".send_request_headers.failed", ".send_request_body.complete", ".send_request_body.failed")


class Departure(httpx2.AsyncByteStream):
    """A context for sending a request, which observes how far it is sent.

    The transport reports when it begins to write; if it reports nothing, the reading of the body counts. A cancellation
    that arrives before that ends the request. A later one waits, if the transport reports its writes, until a small
    request is written completely: half of it would have no effect on the server, but would look like a sent request.

    Args:
        request: the request that is sent; it is modified so that it can be observed.
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
        """False if the server certainly received nothing of the request."""
        return self._has_begun or not (self._is_told or self._has_body)

    @property
    def is_known(self) -> bool:
        """Whether the transport reports when it writes; otherwise `reached` depends on the reading of the body."""
        return self._is_told

    def has_answer(self) -> None:
        """Record that an answer has arrived, whatever the transport reported."""
        self._has_begun = True

    def mark(self, cancelled: BaseException) -> None:
        """Store what is known on a cancellation, for `was_reached`.

        Args:
            cancelled: the cancellation that ended the request.
        """
        mark(cancelled, reached=self.reached)

    async def _begin(self) -> None:
        if not self._has_begun:
            # The last moment for a cancellation that is already due.
            await anyio.lowlevel.checkpoint_if_cancelled()
            self._has_begun = True
            # A transport that does not report its beginning does not report its end either.
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
    """Store on a cancellation whether the server may have received anything of the request, for `was_reached`.

    Args:
        cancelled: the cancellation that ended the request.
        reached: False if the server certainly received nothing.
    """
    cancelled.__dict__["reached"] = reached


def was_reached(cancelled: BaseException) -> bool:
    """Return whether the server may have received anything of a cancelled request.

    Args:
        cancelled: the cancellation, as the client raised it.
    """
    return bool(cancelled.__dict__.get("reached", True))
