"""The SQLite file of a studio."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from dream_nb.api.models import FINAL_STATES, STATES
from dream_nb.sqlite import (
    check_version,
    choose_journal,
    connect,
    differences,
    make_tables,
    move,
    transaction,
    version_of,
)
from dream_nb.studio.locks import lock

# Since this version, columns can be read from a row even if others in it exceed the size limit.
_LOOKS_PAST_LARGE_ROWS: Final = (3, 40)

UNFINISHED: Final = f"state IN {tuple(state for state in STATES if state not in FINAL_STATES)}"
"""The condition for generations that are queued or dreaming. SQLite uses their index only for this exact condition."""

_SCHEMA: Final = f"""
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
    api TEXT NOT NULL,
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
    longest_seconds REAL,
    model TEXT NOT NULL,
    source TEXT,
    lines INTEGER,
    failure_code TEXT,
    seal TEXT
);
CREATE INDEX pages ON generations (account, api, seq, id);
CREATE INDEX unfinished ON generations (seq) WHERE {UNFINISHED};
CREATE TABLE inputs (
    name TEXT PRIMARY KEY,
    generation TEXT NOT NULL REFERENCES generations (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX inputs_of ON inputs (generation);
CREATE TABLE outputs (
    generation TEXT NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    asset TEXT NOT NULL,
    type TEXT NOT NULL,
    layer TEXT,
    PRIMARY KEY (generation, place)
) WITHOUT ROWID;
CREATE TABLE files (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    state TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    created_at TEXT NOT NULL,
    asset TEXT NOT NULL,
    filename TEXT,
    user_id TEXT,
    expires_at TEXT,
    deleted_at TEXT,
    failure_reason TEXT,
    given INTEGER NOT NULL
);
CREATE INDEX files_of ON files (account, seq);
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
_VERSION: Final = 6
_BUSY_SECONDS: Final = 30.0
_SHOWN: Final = 3
# Errors that are temporary, and do not mean that the file is damaged or foreign.
_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)

logger = logging.getLogger("dream_nb.studio")


class Database:
    """The connection of a studio to its database.

    Several studios on one machine may have the same database open: SQLite's locks coordinate them. A file that no
    studio created is renamed, and a new one is created, because a file from elsewhere may contain triggers that act on
    every statement.

    Args:
        path: the path of the database, which is created if missing.
        largest: the largest size of a row in bytes; larger ones are not read.

    Raises:
        ConfigurationError: this Python's SQLite is too old.
        RuntimeError: the database has the format of another version of this package.
        sqlite3.OperationalError: the file cannot be opened, or other processes keep it locked.
    """

    def __init__(self, path: Path, largest: int) -> None:
        check_version()
        # If two studios find a foreign file at the same time, the second must not set aside the file that the first
        # created.
        with _alone(path.parent):
            problem = _problem(path)
            if problem:
                aside = _set_aside(path)
                logger.warning(
                    "%s is not a database of this studio (%s): kept as %s, not used", path, problem, aside.name
                )
            self._connection = _connect(path)
            self.execute = self._connection.execute
            self.executemany = self._connection.executemany
            try:
                self._prepare(path)
            except BaseException:
                self.close()
                raise
        if sqlite3.sqlite_version_info < _LOOKS_PAST_LARGE_ROWS:
            self._drop_large_rows(largest)
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, largest)

    def _prepare(self, path: Path) -> None:
        # A create changes seven pages, and each is written to the log as a whole.
        self.execute("PRAGMA page_size = 2048")
        choose_journal(self._connection, path)
        self.execute("PRAGMA synchronous = NORMAL")
        # Pages in the log before a checkpoint, which waits for the disk. The default means one every 150 creates.
        self.execute("PRAGMA wal_autocheckpoint = 16000")
        self.execute("PRAGMA foreign_keys = ON")
        with self.transaction():
            if not version_of(self._connection):
                make_tables(self._connection, _SCHEMA, _VERSION)

    def _drop_large_rows(self, largest: int) -> None:
        """Delete generations larger than any that this studio writes: older SQLite misses the rows after them."""
        columns = [name for _, name, *_ in self.execute("PRAGMA table_info(generations)")]
        size = " + ".join(f"coalesce(length(CAST({name} AS BLOB)), 0)" for name in columns)
        with self.transaction():
            dropped = self.execute(f"DELETE FROM generations WHERE {size} > ?", (largest,)).rowcount  # noqa: S608 - ours
        if dropped:
            logger.warning("%d generations were dropped: no studio can have written them", dropped)

    def close(self) -> None:
        """Close the connection. It cannot be used afterwards."""
        self._connection.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what the block writes at its end, or nothing if it fails. Committed writes outlive the process."""
        return transaction(self._connection)


def _connect(path: Path) -> sqlite3.Connection:
    # Used by one event loop at a time, though not always in the thread that opened it.
    connection = connect(path, patience=_BUSY_SECONDS)
    # Text from elsewhere need not be valid UTF-8.
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def _problem(path: Path) -> str:
    """The reason why a file is not a studio's database; empty if it is one, or does not exist yet."""
    if not path.exists():
        return ""
    with contextlib.closing(_connect(path)) as connection:
        try:
            version = version_of(connection)
            if version not in (0, _VERSION):
                raise RuntimeError(
                    f"{path} has format {version}, and this version of dream_nb uses format {_VERSION}:"
                    " move the file away, and the studio creates a new one"
                )
            found = differences(connection, _SCHEMA if version else "")
            return ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING:
                raise
            return str(error)


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.stem}-aside-{number}{path.suffix}")).exists():
        number += 1
    move(path, aside)
    return aside


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Prevent other studios from opening the database of the same folder meanwhile, if folders can be locked."""
    with contextlib.ExitStack() as stack:
        # Windows cannot open folders.
        with contextlib.suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            lock(handle, wait=True)
        yield
