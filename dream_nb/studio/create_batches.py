"""Creates that are written to the database in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from dream_nb.studio.record import StoredGeneration
from dream_nb.studio.store import Draft, Store


class CreateBatches:
    """Writes creates that arrive together in one transaction, because a transaction is most of the cost of a create.

    Args:
        store: the store of the generations.
        check: a function that raises an error if an account may not create anything now.
    """

    def __init__(self, store: Store, check: Callable[[str], None]) -> None:
        self._store = store
        self._check = check
        self._waiting: list[tuple[Draft, asyncio.Future[StoredGeneration]]] = []

    async def create(self, draft: Draft) -> StoredGeneration:
        """Store a generation as queued and charge it, whether or not its caller keeps waiting.

        Raises:
            InsufficientCreditsError: the balance is too low; nothing was stored or charged.
            Refusal: the account may not create anything now.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[StoredGeneration] = loop.create_future()
        if not self._waiting:
            # Two iterations of the event loop later, so that requests that have already arrived join the batch.
            loop.call_soon(loop.call_soon, self._write)
        self._waiting.append((draft, future))
        return await future

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        outcomes: list[StoredGeneration | Exception]
        try:
            outcomes = self._store.create([draft for draft, _ in waiting], self._check)
        except Exception as error:  # noqa: BLE001 - passed on to every waiting caller
            outcomes = [error] * len(waiting)
        for (_, future), outcome in zip(waiting, outcomes, strict=True):
            if future.done():  # its caller has left
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
