"""The HTTP protocol of the served studio: uvicorn's own, with a limit on waiting for a client."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

LARGEST_HEAD: Final = 2**16
"""The largest size in bytes of a request's first line and headers; larger ones are answered 400."""


class Protocol(H11Protocol):
    """A connection that is closed if a request does not arrive in time.

    Uvicorn has no time limit for receiving a request, so a client that opens connections and sends little could use up
    all of them. The limits apply to the whole head and the whole body, so that single bytes do not prolong them.

    Attributes:
        head_seconds: the time limit for a request's first line and headers, in seconds, from the moment when the
            connection is ready for it.
        body_seconds: the time limit for its body after that, in seconds.
    """

    head_seconds: ClassVar[float] = 15.0
    body_seconds: ClassVar[float] = 120.0

    _awaited: Any = None
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Handle what has arrived, and wait for the rest."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        awaited = None if self.transport.is_closing() else self.conn.their_state
        if awaited is self._awaited:
            return
        self._stop()
        self._awaited = awaited
        if awaited is h11.IDLE:
            self._deadline = self.loop.call_later(self.head_seconds, self.transport.close)
        elif awaited is h11.SEND_BODY:
            self._deadline = self.loop.call_later(self.body_seconds, self.transport.close)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def config(app: Any, **options: Any) -> uvicorn.Config:
    """Return uvicorn's configuration for a studio.

    Args:
        app: the studio.
        options: additional options of `uvicorn.Config`, which take precedence.
    """
    ours: dict[str, Any] = {"http": Protocol, "ws": "none", "h11_max_incomplete_event_size": LARGEST_HEAD}
    return uvicorn.Config(app, **ours | options)
