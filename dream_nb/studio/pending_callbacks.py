"""Pending callbacks, which are stored until they are delivered or given up."""

from __future__ import annotations

import logging
import time
from typing import Final

from dream_nb.api.models import STATES
from dream_nb.studio.database import Database
from dream_nb.studio.record import StoredGeneration
from dream_nb.studio.store import Store

_DROPPED: Final = "dropped: not accepted by this installation"

logger = logging.getLogger("dream_nb.studio")


class PendingCallbacks:
    """The callbacks of a studio. The store adds them in the transaction that changes the state.

    Args:
        database: the database.
        store: the store of their generations.
    """

    def __init__(self, database: Database, store: Store) -> None:
        self._db = database
        self._store = store

    def claim(self, lease_until: float) -> tuple[StoredGeneration, str, int] | None:
        """Claim the oldest callback that no studio is delivering.

        The callbacks of one generation are delivered one after the other, in the order of its states. Callbacks that
        this installation did not accept are dropped, because a database from elsewhere may contain callbacks to
        anywhere.

        Args:
            lease_until: when the claim ends, in seconds since 1970.

        Returns:
            The generation, the state to report, and the number of tries so far; None if nothing is pending.
        """
        find = (
            "SELECT rowid, generation, state, tries FROM callbacks c WHERE outcome IS NULL"
            " AND (lease_until IS NULL OR lease_until < ?)"
            " AND NOT EXISTS (SELECT 1 FROM callbacks e WHERE e.generation = c.generation AND e.outcome IS NULL"
            " AND e.rowid < c.rowid) ORDER BY rowid LIMIT 1"
        )
        if self._db.execute(find, (time.time(),)).fetchone() is None:
            return None
        dropped = 0
        try:
            with self._db.transaction():
                while row := self._db.execute(find, (time.time(),)).fetchone():
                    rowid, uid, state, tries = row
                    record = self._store.find(uid)
                    if record and record.callback_url and _is_sound(state, tries) and record.is_sealed():
                        self._db.execute(
                            "UPDATE callbacks SET owner = ?, lease_until = ? WHERE rowid = ?",
                            (self._store.owner, lease_until, rowid),
                        )
                        return record, state, tries
                    self._db.execute("UPDATE callbacks SET outcome = ? WHERE rowid = ?", (_DROPPED, rowid))
                    dropped += 1
        finally:
            if dropped:
                logger.warning("%d callbacks were dropped: this installation did not accept them", dropped)
        return None

    def count_try(self, uid: str, state: str) -> None:
        """Record that a callback is about to be tried."""
        with self._db.transaction():
            self._db.execute("UPDATE callbacks SET tries = tries + 1 WHERE generation = ? AND state = ?", (uid, state))

    def end(self, uid: str, state: str, outcome: str | None) -> None:
        """Record the outcome of a callback; None makes it pending again."""
        with self._db.transaction():
            self._db.execute(
                "UPDATE callbacks SET outcome = ?, owner = NULL, lease_until = NULL"
                " WHERE generation = ? AND state = ? AND owner = ?",
                (outcome, uid, state, self._store.owner),
            )


def _is_sound(state: object, tries: object) -> bool:
    return state in STATES and isinstance(tries, int) and tries >= 0
