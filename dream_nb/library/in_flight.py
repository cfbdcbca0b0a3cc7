"""Requests in flight, which might be paid for twice if lost: they are copied when a ledger's file is replaced."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Mapping
from typing import Final

from dream_nb.library.creates import Key
from dream_nb.library.record import COLUMNS, Record, columns_of
from dream_nb.sqlite import transaction

# In flight, or held by a process that works on it.
_CARRIED: Final = "file IS NULL AND (state IN ('sending', 'unknown', 'taken') OR owner IS NOT NULL)"
_ALL_COLUMNS: Final = f"{COLUMNS}, owner, lease_until"

logger = logging.getLogger("dream_nb.library")


class InFlight:
    """The rows of a ledger that are in flight, as far as this process has read or written them."""

    def __init__(self) -> None:
        self._records: dict[Key, Record] = {}

    def note(self, record: Record) -> Record:
        """Remember a row while it is in flight.

        Args:
            record: the current row, which is returned.
        """
        if record.file is None and record.state in ("sending", "unknown", "taken") and not record.has_failed:
            self._records[record.key] = record
        else:
            self._records.pop(record.key, None)
        return record

    def rows(self, database: sqlite3.Connection) -> list[Mapping[str, object]]:
        """Return the rows that another file must have: those of the old file and those that are remembered.

        Args:
            database: the old file. An unlinked file can still be read, unless it was emptied or overwritten.
        """
        found: list[sqlite3.Row] = []
        with contextlib.suppress(sqlite3.Error):
            found = database.execute(f"SELECT {_ALL_COLUMNS} FROM requests WHERE {_CARRIED}").fetchall()  # noqa: S608 - ours
        # If the file was emptied or overwritten, only the remembered rows are left.
        carried = {record.key: columns_of(record) for record in self._records.values()}
        carried |= {(row["hash"], row["take"], row["backend"]): dict(row) for row in found}
        return list(carried.values())


def write_rows(rows: list[Mapping[str, object]], database: sqlite3.Connection) -> None:
    """Write rows into another ledger, unless it has more than their intents.

    Args:
        rows: the rows, as `InFlight.rows` returns them.
        database: the other ledger.

    Raises:
        sqlite3.Error: nothing could be written.
    """
    with transaction(database):
        for values in rows:
            _write(values, database)


def _write(values: Mapping[str, object], database: sqlite3.Connection) -> None:
    changes = ", ".join(f"{name} = excluded.{name}" for name in values if name not in ("hash", "take", "backend"))
    places = ", ".join("?" * len(values))
    try:
        database.execute(
            f"INSERT INTO requests ({', '.join(values)}) VALUES ({places}) ON CONFLICT (hash, take, backend)"  # noqa: S608 - ours
            f" DO UPDATE SET {changes} WHERE requests.file IS NULL AND requests.state = 'intended'",
            tuple(values.values()),
        )
    except sqlite3.IntegrityError:
        logger.warning("a request that was under way is already in the ledger under another name")
