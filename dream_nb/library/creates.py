"""What this installation has sent, kept beside the ledgers: a ledger can be removed, replaced or checked out."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import weakref
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dream_nb.installation import state_folder
from dream_nb.lifetime import keep_for_ever, let_go_after_fork
from dream_nb.sqlite import choose_journal, connect

_FILE: Final = "creates.sqlite"
_BUSY_SECONDS: Final = 10.0
_CREATES: Final = (
    "CREATE TABLE IF NOT EXISTS creates (library TEXT NOT NULL, hash TEXT NOT NULL, take INTEGER NOT NULL,"
    " backend TEXT NOT NULL, sent_at REAL NOT NULL, id TEXT, PRIMARY KEY (library, hash, take, backend)) WITHOUT ROWID"
)
_PAST: Final = (
    "CREATE TABLE IF NOT EXISTS past (library TEXT NOT NULL, backend TEXT NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY (library, backend, id)) WITHOUT ROWID"
)
_ONE: Final = "library = ? AND hash = ? AND take = ? AND backend = ?"
Key = tuple[str, int, str]

logger = logging.getLogger("dream_nb.library")


@dataclass(frozen=True, slots=True)
class Sent:
    """A create that left this machine.

    Attributes:
        sent_at: when (UTC).
        id: the generation's, or None where the answer has not come.
    """

    sent_at: datetime
    id: str | None


class Creates:
    """The creates that were sent from one library. Safe to use from several threads and processes.

    It holds hashes and ids, and no prompts. Where the state of the installation cannot be kept, it remembers nothing:
    then the ledger alone counts.

    Args:
        library: the folder of the library.
    """

    def __init__(self, library: Path) -> None:
        self._folder = os.path.abspath(library)  # noqa: PTH100 - links stay, and may lead elsewhere later
        self._library = os.path.realpath(library)
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._is_open = False
        self._collected: weakref.finalize[..., Creates] | None = None
        let_go_after_fork(self)

    def _forked(self) -> None:
        self._lock = threading.Lock()
        if self._database is not None:
            keep_for_ever(self._database)
        self._forget()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._forget()

    def _forget(self) -> None:
        if self._collected is not None:
            self._collected.detach()
        self._database, self._collected, self._is_open = None, None, False

    def move(self) -> None:
        """Count for the library that its folder leads to now: what leads there may be a link."""
        with self._lock:
            self._library = os.path.realpath(self._folder)

    def begin(self, key: Key) -> bool:
        """Write down that a create leaves now.

        Args:
            key: request hash, take and backend.

        Returns:
            False where one has left before, from this library or from another one in its place.
        """
        now = datetime.now(UTC).timestamp()
        added = self._run("INSERT OR IGNORE INTO creates VALUES (?, ?, ?, ?, ?, NULL)", (*key, now))
        return added is None or added.rowcount > 0

    def name(self, key: Key, id: str) -> None:  # noqa: A002 - the field's name in the specification
        """Write down which generation a create has made, as the server answered."""
        self._run(f"UPDATE creates SET id = ? WHERE {_ONE}", key, before=(id,))  # noqa: S608 - ours

    def found(self, key: Key, id: str) -> None:  # noqa: A002 - the field's name in the specification
        """Write down which generation a create has made, unless it is known: an older ledger may say another."""
        self._run(f"UPDATE creates SET id = coalesce(id, ?) WHERE {_ONE}", key, before=(id,))  # noqa: S608 - ours

    def unname(self, key: Key) -> None:
        """What was found turned out to be what another create has made."""
        self._run(f"UPDATE creates SET id = NULL WHERE {_ONE}", key)  # noqa: S608 - ours

    def forget(self, key: Key, id: str | None = None) -> None:  # noqa: A002 - the field's name in the specification
        """The create was not taken, or what it made has failed or was deleted: it may be sent again.

        Args:
            key: request hash, take and backend.
            id: what failed or was deleted, which is remembered: it is the answer to no later create. A create that has
                made another generation is kept.
        """
        if id is None:
            self._run(f"DELETE FROM creates WHERE {_ONE}", key)  # noqa: S608 - ours
            return
        self._run("INSERT OR IGNORE INTO past VALUES (?, ?, ?)", (key[2], id))
        self._run(f"DELETE FROM creates WHERE {_ONE} AND id = ?", (*key, id))  # noqa: S608 - ours

    def is_past(self, backend: str, id: str) -> bool:  # noqa: A002 - the field's name in the specification
        """Whether a generation was one of this library, and failed or was deleted."""
        found = self._run("SELECT 1 FROM past WHERE library = ? AND backend = ? AND id = ?", (backend, id))
        return found is not None and found.fetchone() is not None

    def find(self, key: Key) -> Sent | None:
        """The create of a request and take, or None where none has left."""
        found = self._run(f"SELECT sent_at, id FROM creates WHERE {_ONE}", key)  # noqa: S608 - ours
        row = found.fetchone() if found is not None else None
        return Sent(datetime.fromtimestamp(row[0], UTC), row[1]) if row else None

    def _run(
        self, statement: str, values: tuple[object, ...], *, before: tuple[object, ...] = ()
    ) -> sqlite3.Cursor | None:
        with self._lock:
            try:
                if (database := self._open()) is None:
                    return None
                return database.execute(statement, (*before, self._library, *values))
            except sqlite3.Error as error:
                logger.warning("the record of what this installation has sent cannot be read or written: %s", error)
                return None

    def _open(self) -> sqlite3.Connection | None:
        if not self._is_open:
            self._is_open = True
            folder = state_folder()
            if folder is not None:
                path = folder / _FILE
                self._database = connect(path, patience=_BUSY_SECONDS)
                # One that nobody holds any more is closed without a warning.
                self._collected = weakref.finalize(self, self._database.close)
                self._collected.atexit = False
                choose_journal(self._database, path)
                # It has to outlive the process, not the machine: the ledger is forced to the disk.
                self._database.execute("PRAGMA synchronous = NORMAL")
                self._database.execute(_CREATES)
                self._database.execute(_PAST)
        return self._database
