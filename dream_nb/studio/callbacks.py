"""The studio's callbacks: a POST of the generation when its state becomes dreaming, completed or failed."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from typing import Final

from dream_nb.studio import answers
from dream_nb.studio.fetch import Fetcher, FetchError
from dream_nb.studio.pending_callbacks import PendingCallbacks
from dream_nb.studio.record import StoredGeneration
from dream_nb.studio.settings import Settings

TRIES: Final = 3
PAUSE_SECONDS: Final = 0.1
_AT_ONCE: Final = 20
_RECEIVED: Final = range(200, 300)

logger = logging.getLogger("dream_nb.studio")


class CallbackSender:
    """Delivers pending callbacks. After a restart it continues where it stopped.

    Any status from 200 to 299 counts as received. A callback is tried three times in all; one that was being sent when
    the studio ended may arrive twice.
    """

    def __init__(self, pending: PendingCallbacks, fetcher: Fetcher, settings: Settings) -> None:
        self._pending = pending
        self._fetcher = fetcher
        self._lease = settings.lease_seconds + TRIES * (settings.callback_seconds + PAUSE_SECONDS)
        self._under_way: set[asyncio.Task[None]] = set()
        self._running = False

    def start(self) -> None:
        """Begin to deliver callbacks on the running loop."""
        self._running = True
        self.wake()

    async def stop(self) -> None:
        """Stop; callbacks that are not delivered remain stored."""
        self._running = False
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def wake(self) -> None:
        """Look for new callbacks."""
        try:
            while self._running and len(self._under_way) < _AT_ONCE:
                claimed = self._pending.claim(time.time() + self._lease)
                if claimed is None:
                    return
                task = asyncio.create_task(self._deliver(*claimed))
                self._under_way.add(task)
                task.add_done_callback(self._ended)
        except sqlite3.Error:
            # The state was stored all the same; the next heartbeat of the queue tries again.
            logger.exception("the studio's callbacks are interrupted at the moment")

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self.wake()

    async def _deliver(self, record: StoredGeneration, state: str, tries: int) -> None:
        outcome: str | None = None
        try:
            outcome = await self._try(record, state, tries)
            if outcome != "delivered":
                logger.warning("callback of generation %s at %s: %s", record.id, state, outcome)
        finally:
            self._pending.end(record.id, state, outcome)

    async def _try(self, record: StoredGeneration, state: str, tries: int) -> str:
        # The generation may have a later state by now, but each callback reports the state that it was created for.
        reason = record.failure_reason if state == "failed" else None
        body = answers.generation(record._replace(state=state, failure_reason=reason), record.base_url)
        outcome = "given up"
        for number in range(tries, TRIES):
            if number > tries:
                await asyncio.sleep(PAUSE_SECONDS)
            self._pending.count_try(record.id, state)
            try:
                status = await self._fetcher.post(record.callback_url or "", body)
            except FetchError as error:
                outcome = f"given up: {error}"
            else:
                if status in _RECEIVED:
                    return "delivered"
                outcome = f"given up: answered {status}"
        return outcome
