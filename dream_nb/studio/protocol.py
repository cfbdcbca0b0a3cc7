"""HTTP as the served studio speaks it: uvicorn's own, with an end to waiting for a client."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

LARGEST_HEAD: Final = 2**16
"""Bytes of a request's first line and headers; a longer one is answered 400."""


class Protocol(H11Protocol):
    """A connection that is closed when a request does not arrive in time.

    Uvicorn waits for ever, for the first byte as for the last: whoever opens connections and says little would hold
    them all. The time counts for the whole of what is awaited, so that a byte now and then does not prolong it.

    Attributes:
        head_seconds: how long a request's first line and headers may take, from the moment that it may begin.
        body_seconds: how long its body may take after that.
    """

    head_seconds: ClassVar[float] = 15.0
    body_seconds: ClassVar[float] = 120.0

    _awaited: Any = None
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what arrived, and wait for what is still missing."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
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
    """How uvicorn serves a studio.

    Args:
        app: the studio.
        options: further options of `uvicorn.Config`, which count before those chosen here.
    """
    ours: dict[str, Any] = {"http": Protocol, "ws": "none", "h11_max_incomplete_event_size": LARGEST_HEAD}
    return uvicorn.Config(app, **ours | options)
