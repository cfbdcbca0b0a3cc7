"""Who sees a request through: one process at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import anyio

from dream_nb.jobs.progress import Progress, Report
from dream_nb.library.ledger import Ledger
from dream_nb.library.record import Record

_BEATS: Final = 3
_LOOK_SECONDS: Final = 0.3
# How much sooner a beat that failed is tried again.
_HASTE: Final = 4

logger = logging.getLogger("dream_nb.jobs")


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
        self._unreleased: dict[tuple[str, int, str], Record] = {}

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
        self._unreleased.pop(record.key, None)
        if self._heart is None or self._heart.done():
            self._heart = asyncio.create_task(self._beat())
        try:
            yield self._ledger.reread(record)
        finally:
            self._held -= 1
            self._unreleased[record.key] = record
            with contextlib.suppress(Exception):
                # What came of the request counts, whether or not the ledger can be written at this moment.
                self._release()
            if not self._held and self._heart is not None:
                self._heart.cancel()
                self._heart = None

    def _release(self) -> None:
        """Let others have what is no longer held; what cannot be written now is written at a later beat."""
        for key, record in list(self._unreleased.items()):
            self._ledger.release(record, self.owner)
            del self._unreleased[key]

    async def _beat(self) -> None:
        pause = self._seconds / _BEATS
        renewed, is_lost, failed = time.monotonic(), False, False
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(pause / _HASTE if failed else pause)
                try:
                    self._release()
                    self._ledger.renew(self.owner, self._seconds)
                except Exception as error:  # noqa: BLE001 - locked, disk full, I/O error: it may pass while the lease lasts
                    failed = True
                    if not is_lost and time.monotonic() - renewed >= self._seconds:
                        is_lost = True
                        logger.warning(
                            "the ledger could not be written for %.0f s (%s: %s): another process may take over what"
                            " is under way here; nothing is sent twice",
                            time.monotonic() - renewed,
                            type(error).__name__,
                            error,
                        )
                else:
                    renewed, is_lost, failed = time.monotonic(), False, False
