"""Leases, by which one process at a time works on a request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import anyio

from dream_nb.jobs.commits import Commits
from dream_nb.jobs.progress import Progress, Report
from dream_nb.library.ledger import Ledger
from dream_nb.library.record import Record

_BEATS: Final = 3
_LOOK_SECONDS: Final = 0.3
# The factor by which a failed renewal is tried again sooner.
_HASTE: Final = 4

logger = logging.getLogger("dream_nb.jobs")


class Leases:
    """The rows that this session holds. Another session takes over if they are not renewed.

    Args:
        ledger: the ledger of the rows.
        commits: commits what the jobs of the session write.
        seconds: the duration of a lease.
    """

    def __init__(self, ledger: Ledger, commits: Commits, seconds: float) -> None:
        self.owner = secrets.token_hex(8)
        self._ledger = ledger
        self._commits = commits
        self._seconds = seconds
        self._held = 0
        self._heart: asyncio.Task[None] | None = None
        self._unreleased: dict[tuple[str, int, str], Record] = {}

    @asynccontextmanager
    async def held(self, record: Record, report: Report, is_over: Callable[[Record], bool]) -> AsyncIterator[Record]:
        """Hold a row as soon as no other process does. Until then, report what the other one writes.

        Args:
            record: the row.
            report: a function that is called with the current state.
            is_over: a function that returns whether nothing is left to hold the row for.
        """
        try:
            while not await self._lease(record):
                record = self._ledger.reread(record)
                if is_over(record):
                    yield record
                    return
                state = record.generation.state if record.generation else None
                report(Progress(state or "sending", note="another notebook is working on it"))
                await anyio.sleep(_LOOK_SECONDS)
            with self._beating():
                yield self._ledger.reread(record)
        finally:
            # Even if it was cancelled before it knew that it holds the row.
            self._unreleased[record.key] = record
            with contextlib.suppress(Exception):
                # The result of the request counts, whether or not the ledger can be written now.
                self._release()

    async def _lease(self, record: Record) -> bool:
        """Hold a row, unless another process does."""

        def lease() -> bool:
            is_held = self._ledger.lease(record, self.owner, self._seconds)
            if is_held:
                self._unreleased.pop(record.key, None)
            return is_held

        return await self._commits.commit(lease)

    @contextmanager
    def _beating(self) -> Iterator[None]:
        """Renew all held rows, until none is left."""
        self._held += 1
        if self._heart is None or self._heart.done():
            self._heart = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            self._held -= 1
            if not self._held and self._heart is not None:
                self._heart.cancel()
                self._heart = None

    def _release(self) -> None:
        """Release rows that are no longer held. Writes that fail are repeated at a later renewal."""
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
                except Exception as error:  # noqa: BLE001 - locked, disk full, I/O error: it may pass
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
