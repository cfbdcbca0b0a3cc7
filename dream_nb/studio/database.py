"""The SQLite file of a studio."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dream_nb.filesystem import choose_journal

_SCHEMA: Final = """
CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    balance INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE takes (
    account TEXT NOT NULL,
    digest TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (account, digest)
) WITHOUT ROWID;
CREATE TABLE generations (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    take INTEGER NOT NULL,
    request TEXT NOT NULL,
    created TEXT NOT NULL,
    base_url TEXT NOT NULL,
    asset TEXT NOT NULL,
    price INTEGER NOT NULL,
    failure_reason TEXT,
    callback_url TEXT,
    owner TEXT,
    lease_until REAL,
    shorter_side INTEGER,
    longest_seconds REAL
);
CREATE INDEX pages ON generations (account, seq, id);
CREATE INDEX unfinished ON generations (seq) WHERE state IN ('queued', 'dreaming');
CREATE TABLE inputs (
    name TEXT PRIMARY KEY,
    generation TEXT NOT NULL REFERENCES generations (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX inputs_of ON inputs (generation);
CREATE TABLE callbacks (
    generation TEXT NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    owner TEXT,
    lease_until REAL,
    PRIMARY KEY (generation, state)
);
CREATE INDEX undelivered ON callbacks (generation) WHERE outcome IS NULL;
"""
_SINCE_1: Final = """
ALTER TABLE generations ADD COLUMN shorter_side INTEGER;
ALTER TABLE generations ADD COLUMN longest_seconds REAL;
"""
_SINCE_2: Final = """
DROP INDEX pages;
CREATE INDEX pages ON generations (account, seq, id)
"""
_VERSION: Final = 3
_BUSY_SECONDS: Final = 30.0


class Database:
    """The one connection of a studio to its database.

    Several studios may have one database open, on one machine: SQLite's locks keep them apart.

    Args:
        path: the database, made when missing.

    Raises:
        RuntimeError: it was written by a later version of this package.
    """

    def __init__(self, path: Path) -> None:
        # Used by one event loop at a time, though not always from the thread that opened it.
        self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self.execute = self._connection.execute
        self.executemany = self._connection.executemany
        # A create changes seven pages, and each goes into the log whole.
        self.execute("PRAGMA page_size = 2048")
        choose_journal(self._connection, path)
        self.execute("PRAGMA synchronous = NORMAL")
        # Pages of the log before it is written back, which waits for the disk: by default that is every 150 creates.
        self.execute("PRAGMA wal_autocheckpoint = 16000")
        self.execute("PRAGMA foreign_keys = ON")
        with self.transaction():
            (version,) = self.execute("PRAGMA user_version").fetchone()
            missing = {0: _SCHEMA, 1: _SINCE_1 + _SINCE_2, 2: _SINCE_2, _VERSION: ""}.get(version)
            if missing is None:
                raise RuntimeError(f"{path} was written by a later version of dream_nb (format {version})")
            for statement in missing.split(";"):
                self.execute(statement)
            self.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what is written inside is there when the block has ended, even if the process dies next."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            # A commit that fails, as one that waits for readers in vain, leaves the transaction open.
            if self._connection.in_transaction:
                self.execute("ROLLBACK")
            raise
