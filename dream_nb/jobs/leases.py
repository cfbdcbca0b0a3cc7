"""Who sees a request through: one process at a time."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import anyio

from dream_nb.jobs.ledger import Ledger, Record
from dream_nb.jobs.progress import Progress, Report

_BEATS: Final = 3
_LOOK_SECONDS: Final = 0.3


class Leases:
    """The rows that this session holds. Another one takes over when they are not renewed.

    Args:
        ledger: where they are held.
        seconds: how long a lease lasts.
    """

    def __init__(self, ledger: Ledger, seconds: float) -> None:
        self.owner = secrets.token_hex(8)
        self._ledger = ledger
        self._seconds = seconds
        self._held = 0
        self._heart: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def held(self, record: Record, report: Report, is_over: Callable[[Record], bool]) -> AsyncIterator[Record]:
        """Hold a row, as soon as nobody else does; meanwhile tell what the other one writes.

        Args:
            record: the row.
            report: told where it stands.
            is_over: whether there is nothing left to hold it for.
        """
        while not self._ledger.lease(record, self.owner, self._seconds):
            record = self._ledger.reread(record)
            if is_over(record):
                yield record
                return
            state = record.generation.state if record.generation else None
            report(Progress(state or "sending", note="another notebook is at it"))
            await anyio.sleep(_LOOK_SECONDS)
        self._held += 1
        if self._heart is None:
            self._heart = asyncio.create_task(self._beat())
        try:
            yield self._ledger.reread(record)
        finally:
            self._held -= 1
            self._ledger.release(record, self.owner)
            if not self._held and self._heart is not None:
                self._heart.cancel()
                self._heart = None

    async def _beat(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(self._seconds / _BEATS)
                self._ledger.renew(self.owner, self._seconds)
