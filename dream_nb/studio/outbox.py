"""What is yet to be told: callbacks, kept until they are delivered or given up."""

from __future__ import annotations

import time

from dream_nb.studio.database import Database
from dream_nb.studio.store import Record, Store


class Outbox:
    """The callbacks of a studio. The store puts them in, in the transaction that changes the state.

    Args:
        database: where they are kept.
        store: the generations that they are about.
    """

    def __init__(self, database: Database, store: Store) -> None:
        self._db = database
        self._store = store

    def claim(self, lease_until: float) -> tuple[Record, str, int] | None:
        """Take the oldest callback that nobody delivers: its generation, the state to tell, and tries so far.

        The callbacks of one generation are given out one after the other, in the order of its states.
        """
        find = (
            "SELECT generation, state, tries FROM callbacks c WHERE outcome IS NULL"
            " AND (lease_until IS NULL OR lease_until < ?)"
            " AND NOT EXISTS (SELECT 1 FROM callbacks e WHERE e.generation = c.generation AND e.outcome IS NULL"
            " AND e.rowid < c.rowid) ORDER BY rowid LIMIT 1"
        )
        if self._db.execute(find, (time.time(),)).fetchone() is None:
            return None
        with self._db.transaction():
            row = self._db.execute(find, (time.time(),)).fetchone()
            record = self._store.find(row[0]) if row else None
            if record is None:
                return None
            self._db.execute(
                "UPDATE callbacks SET owner = ?, lease_until = ? WHERE generation = ? AND state = ?",
                (self._store.owner, lease_until, row[0], row[1]),
            )
        return record, row[1], row[2]

    def count_try(self, uid: str, state: str) -> None:
        """Remember that a callback is about to be tried."""
        with self._db.transaction():
            self._db.execute("UPDATE callbacks SET tries = tries + 1 WHERE generation = ? AND state = ?", (uid, state))

    def end(self, uid: str, state: str, outcome: str | None) -> None:
        """Remember how a callback ended; None puts it back."""
        with self._db.transaction():
            self._db.execute(
                "UPDATE callbacks SET outcome = ?, owner = NULL, lease_until = NULL"
                " WHERE generation = ? AND state = ? AND owner = ?",
                (outcome, uid, state, self._store.owner),
            )
