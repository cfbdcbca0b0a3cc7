"""The tables of a ledger, and the check whether a file is a ledger."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Final, TypeVar

from dream_nb.sqlite import connect, differences, make_tables, transaction, version_of

T = TypeVar("T")

VERSION: Final = 10

SHOWN: Final = "(file IS NOT NULL OR state NOT IN ('intended', 'deleted'))"
"""The condition for rows that a catalogue shows: all except those that were never sent, and those that were deleted."""

_TABLES: Final = f"""
CREATE TABLE requests (
    hash TEXT NOT NULL,
    take INTEGER NOT NULL,
    backend TEXT NOT NULL,
    request TEXT NOT NULL,
    written_at TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    sent_at TEXT,
    sent TEXT,
    request_id TEXT,
    id TEXT,
    generation TEXT,
    seconds REAL,
    queued REAL,
    charge REAL,
    file TEXT,
    sha256 TEXT,
    further TEXT NOT NULL DEFAULT '[]',
    owner TEXT,
    lease_until REAL,
    stars INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (hash, take, backend)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX by_id ON requests (backend, id) WHERE id IS NOT NULL;
CREATE INDEX unfinished ON requests (state) WHERE file IS NULL AND state IN ('sending', 'taken');
CREATE INDEX unanswered ON requests (backend, sent_at) WHERE id IS NULL AND sent_at IS NOT NULL;
CREATE INDEX timed ON requests (backend, sent_at) WHERE seconds IS NOT NULL;
CREATE INDEX finished ON requests (written_at, file, stars) WHERE file IS NOT NULL;
CREATE INDEX shown ON requests (written_at DESC, hash, take, backend, file, state) WHERE {SHOWN};
CREATE INDEX tagged ON requests (tags) WHERE tags <> '[]';
CREATE INDEX by_file ON requests (file) WHERE file IS NOT NULL;
CREATE TABLE past (backend TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (backend, id)) STRICT, WITHOUT ROWID;
CREATE TABLE measures (
    sha256 TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (sha256, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE trash (
    hash TEXT NOT NULL,
    take INTEGER NOT NULL,
    backend TEXT NOT NULL,
    state TEXT NOT NULL,
    file TEXT,
    sha256 TEXT,
    further TEXT NOT NULL DEFAULT '[]',
    deleted_at TEXT NOT NULL,
    PRIMARY KEY (hash, take, backend)
) STRICT, WITHOUT ROWID;
"""
# Index, table and condition of each partial index.
_PARTIAL_INDEXES: Final = re.findall(r"INDEX (\w+) ON (\w+) \(.+\) WHERE (.+);", _TABLES)
_BUSY_SECONDS: Final = 30.0
_TRIES: Final = 4
_PAUSE_SECONDS: Final = 0.1
_PASSING: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
_LOGS: Final = ("-journal", "-wal")
# The errors of SQLite when it would have to write but may not.
_NEEDS_WRITING: Final = ("SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY", "SQLITE_CANTOPEN")

logger = logging.getLogger("dream_nb.library")


def open_database(path: Path, *, read_only: bool = False) -> tuple[sqlite3.Connection, str]:
    """Open a ledger's database. Also returns the reason why it must not be written, if any.

    A ledger may come with a repository. One whose schema is not ours (a trigger, a view, a table of another version) is
    opened for reading only. A log that belongs to another file is moved away.

    It uses a rollback journal. With a write-ahead log, the last changes would be in a separate file as long as any
    session is open, with an index in memory that all connections share by its name: a ledger that is replaced meanwhile
    would be read with the log of the previous one, and processes that still have that one open would end with SIGBUS.

    Args:
        path: the path of the file, which is created if missing.
        read_only: whether nothing may be written.

    Returns:
        The database, and the problem in words, or an empty text.

    Raises:
        ValueError: the path is a link.
        sqlite3.Error: it is not an SQLite file.
    """
    if path.is_symlink():
        raise ValueError(f"{path.name} is a link")
    if read_only:
        database = connect_to_read(path)
        return database, problem_of(database)
    return once_settled(lambda: _opened(path))


def once_settled(work: Callable[[], T]) -> T:
    """Call a function, and retry it for a moment if the file is just being replaced. Returns its result.

    Another session may be writing a ledger in the place of one that was removed or replaced, or may have its journal
    beside it.

    Args:
        work: the function. It must not have changed anything if it fails.

    Raises:
        sqlite3.Error: it fails for another reason, or again and again.
    """
    for _ in range(_TRIES - 1):
        try:
            return work()
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _PASSING:
                raise
        time.sleep(_PAUSE_SECONDS)
    return work()


def _opened(path: Path) -> tuple[sqlite3.Connection, str]:
    if (log := _log_of(path)) and not _is_sound_with(path, log):
        if not _is_sound(path, "immutable=1"):
            return _connect(path, "immutable=1"), "it is damaged"
        _put_aside(log)
    database = _connect(path, "mode=rwc")
    try:
        is_new = _is_empty(database)
        problem = "" if is_new else problem_of(database)
        if not problem:
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("PRAGMA synchronous = FULL")
            if is_new:
                _make_tables(database)
            return database, ""
    except BaseException:
        database.close()
        raise
    database.close()
    return connect_to_read(path), problem


def connect_to_read(path: Path, *, patience: float | None = None) -> sqlite3.Connection:
    """Open a ledger's database for reading; nothing is written, not even beside it.

    Args:
        path: the path of the file. The contents of a log beside it that would have to be written back first are
            missing.
        patience: how long to wait for locks of others, in seconds; by default as long as for our own ledger.

    Raises:
        sqlite3.Error: it is not an SQLite file, or others keep it locked.
    """
    database = _connect(path, "mode=ro&readonly_shm=1", patience)
    try:
        version_of(database)
    except sqlite3.OperationalError as error:
        database.close()
        if getattr(error, "sqlite_errorname", "") in _NEEDS_WRITING:
            return _connect(path, "immutable=1")
        raise
    except BaseException:
        database.close()
        raise
    return database


def _connect(path: Path, how: str, patience: float | None = None) -> sqlite3.Connection:
    database = connect(path, how, patience=_BUSY_SECONDS if patience is None else patience)
    database.row_factory = sqlite3.Row
    return database


def _log_of(path: Path) -> Path | None:
    """The log beside a database, which SQLite may write into it; None if there is none."""
    for log in (path.with_name(path.name + suffix) for suffix in _LOGS):
        with contextlib.suppress(OSError):
            if path.stat().st_size > 0 and log.stat().st_size > 0:
                return log
    return None


def _is_sound_with(path: Path, log: Path) -> bool:
    """Whether a database is valid with the log beside it, none of which is written back yet.

    The log of a killed process remains when another ledger is checked out in its place.
    """
    # Read only: whoever is the last to close a writable file writes the log back into it.
    with contextlib.suppress(_NotReadError):
        return _is_sound(path, "mode=ro")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        try:
            # With SQLite: closing the file otherwise would release the locks that this process holds on it.
            with closing(_connect(path, "immutable=1")) as database, closing(connect(copy)) as copied:
                database.backup(copied)
            shutil.copyfile(log, copy.with_name(log.name))
        except FileNotFoundError:
            # Another process has written it back meanwhile.
            return True
        except sqlite3.DatabaseError:
            return False
        return _is_sound(copy, "mode=rw")


def _is_sound(path: Path, how: str) -> bool:
    """Whether SQLite finds no fault in a file.

    Raises:
        _NotReadError: it cannot be read before its log is written back.
        sqlite3.OperationalError: it cannot be read, as where others keep it locked.
    """
    with closing(_connect(path, how)) as database:
        try:
            return database.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok" and _has_no_stale_entry(database)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorname", "") in _NEEDS_WRITING:
                raise _NotReadError from error
            raise
        except sqlite3.DatabaseError:
            return False


def _has_no_stale_entry(database: sqlite3.Connection) -> bool:
    """Whether the partial indexes of a ledger have no more entries than there are rows.

    `PRAGMA integrity_check` reported this up to SQLite 3.40, but not in 3.46. Such entries remain from a ledger that
    was overwritten by the log of another.
    """
    with closing(sqlite3.connect(":memory:")) as copy:
        database.backup(copy)
        if _is_empty(copy) or problem_of(copy):
            return True
        # It reads the index alone. A query looks up the row of an entry, and skips an entry without one.
        copy.execute("ANALYZE")
        entries = {index: int(stat.split()[0]) for index, stat in copy.execute("SELECT idx, stat FROM sqlite_stat1")}
        return all(
            # Without WHERE, which would read the index instead of the rows.
            copy.execute(f"SELECT count(*) FILTER (WHERE {rows}) FROM {table}").fetchone() == (entries.get(index, 0),)  # noqa: S608
            for index, table, rows in _PARTIAL_INDEXES
        )


class _NotReadError(Exception):
    """A database cannot be read before its log is written back."""


def _put_aside(log: Path) -> None:
    aside = next(at for number in count(1) if not (at := log.with_name(f"{log.name}-{number}")).exists())
    log.replace(aside)
    logger.warning("%s belonged to another ledger, and is kept as %s", log.name, aside.name)


def _is_empty(database: sqlite3.Connection) -> bool:
    return version_of(database) == 0 and not database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()


def problem_of(database: sqlite3.Connection) -> str:
    """Return why a database is not a ledger of this version of dream_nb; an empty text if it is one, or is empty.

    Args:
        database: the open database. Nothing is written to it.

    Raises:
        sqlite3.DatabaseError: it is not an SQLite database.
    """
    if _is_empty(database):
        return ""
    version = version_of(database)
    if version != VERSION:
        return f"it has format {version}, and this version of dream_nb writes format {VERSION}"
    foreign = differences(database, _TABLES)
    return f"it is not as dream_nb makes it: {', '.join(foreign)}" if foreign else ""


def _make_tables(database: sqlite3.Connection) -> None:
    with transaction(database):
        # Another process may have done it meanwhile.
        if _is_empty(database):
            make_tables(database, _TABLES, VERSION)
