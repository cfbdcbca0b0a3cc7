"""The creates that this installation has sent, stored outside of the ledgers, which can be removed or replaced."""

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
        sent_at: when it was sent (UTC).
        id: the id of the generation, or None if the answer has not arrived.
    """

    sent_at: datetime
    id: str | None


class Creates:
    """The creates that were sent from one library. Can be used from several threads and processes.

    It contains hashes and ids, but no prompts. If the state of the installation cannot be stored, it remembers nothing,
    and only the ledger counts.

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
        """Close the file. The next use opens it again."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._forget()

    def _forget(self) -> None:
        if self._collected is not None:
            self._collected.detach()
        self._database, self._collected, self._is_open = None, None, False

    def move(self) -> None:
        """Use the library that its folder leads to now, which may be a link."""
        with self._lock:
            self._library = os.path.realpath(self._folder)

    def begin(self, key: Key) -> bool:
        """Record that a create is about to be sent.

        Args:
            key: the request hash, take and backend.

        Returns:
            False if one was sent before, from this library or from another one in its place.
        """
        now = datetime.now(UTC).timestamp()
        added = self._run("INSERT OR IGNORE INTO creates VALUES (?, ?, ?, ?, ?, NULL)", (*key, now))
        return added is None or added.rowcount > 0

    def name(self, key: Key, id: str) -> None:  # noqa: A002 - the field's name in the specification
        """Record which generation a create has made, according to the server's answer."""
        self._run(f"UPDATE creates SET id = ? WHERE {_ONE}", key, before=(id,))  # noqa: S608 - ours

    def found(self, key: Key, id: str) -> None:  # noqa: A002 - the field's name in the specification
        """Record which generation a create has made, unless it is known: an older ledger may name another one."""
        self._run(f"UPDATE creates SET id = coalesce(id, ?) WHERE {_ONE}", key, before=(id,))  # noqa: S608 - ours

    def unname(self, key: Key) -> None:
        """Remove the generation of a create, because it was made by another create."""
        self._run(f"UPDATE creates SET id = NULL WHERE {_ONE}", key)  # noqa: S608 - ours

    def forget(self, key: Key, id: str | None = None) -> None:  # noqa: A002 - the field's name in the specification
        """Record that a create was not accepted, or that its generation is gone, so that it may be sent again.

        Args:
            key: the request hash, take and backend.
            id: the generation that failed or was deleted. It is remembered, so that it is not taken for the answer to a
                later create. A create that made another generation is kept.
        """
        if id is None:
            self._run(f"DELETE FROM creates WHERE {_ONE}", key)  # noqa: S608 - ours
            return
        self._run("INSERT OR IGNORE INTO past VALUES (?, ?, ?)", (key[2], id))
        self._run(f"DELETE FROM creates WHERE {_ONE} AND id = ?", (*key, id))  # noqa: S608 - ours

    def is_past(self, backend: str, id: str) -> bool:  # noqa: A002 - the field's name in the specification
        """Return whether a generation of this library has failed or was deleted."""
        found = self._run("SELECT 1 FROM past WHERE library = ? AND backend = ? AND id = ?", (backend, id))
        return found is not None and found.fetchone() is not None

    def find(self, key: Key) -> Sent | None:
        """Return the create of a request and take, or None if none was sent."""
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
                # Closes a connection that is no longer referenced without a warning.
                self._collected = weakref.finalize(self, self._database.close)
                self._collected.atexit = False
                choose_journal(self._database, path)
                # Writes must survive the process, not a crash of the machine: only the ledger is forced to the disk.
                self._database.execute("PRAGMA synchronous = NORMAL")
                self._database.execute(_CREATES)
                self._database.execute(_PAST)
        return self._database
