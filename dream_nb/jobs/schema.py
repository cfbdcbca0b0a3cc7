"""The tables of a ledger, and what a file has to be to count as one."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Final

from dream_nb.filesystem import choose_journal, differences

VERSION: Final = 5

_TABLES: Final = """
CREATE TABLE requests (
    hash TEXT NOT NULL,
    take INTEGER NOT NULL,
    backend TEXT NOT NULL,
    request TEXT NOT NULL,
    written_at TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    sent_at TEXT,
    id TEXT,
    generation TEXT,
    seconds REAL,
    queued REAL,
    charge REAL,
    file TEXT,
    sha256 TEXT,
    owner TEXT,
    lease_until REAL,
    stars INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (hash, take, backend)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX by_id ON requests (backend, id) WHERE id IS NOT NULL;
CREATE INDEX unfinished ON requests (state) WHERE file IS NULL AND state IN ('sending', 'taken');
CREATE INDEX timed ON requests (backend, sent_at) WHERE seconds IS NOT NULL;
CREATE INDEX finished ON requests (written_at, file, stars) WHERE file IS NOT NULL;
CREATE TABLE past (backend TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (backend, id)) STRICT, WITHOUT ROWID;
CREATE TABLE measures (
    sha256 TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (sha256, name)
) STRICT, WITHOUT ROWID;
"""
_BUSY_SECONDS: Final = 30.0
_LOG: Final = "-wal"

logger = logging.getLogger("dream_nb.jobs")


def open_database(path: Path, *, read_only: bool = False) -> tuple[sqlite3.Connection, str]:
    """A ledger's database, and why it must not be written, if so.

    A ledger may come with a repository. One whose schema is not ours (a trigger, a view, a table of another version) is
    opened for reading only. A log that belongs to another file is put aside.

    Args:
        path: the file, made where it is missing.
        read_only: whether nothing may be written.

    Returns:
        The database, and the problem in words; an empty text where there is none.

    Raises:
        ValueError: it is a link.
        sqlite3.Error: it is not an SQLite file.
    """
    if path.is_symlink():
        raise ValueError(f"{path.name} is a link")
    if read_only:
        # Read-only, a log beside it cannot be read: what it holds is what was settled.
        database = _connect(path, "immutable=1")
        return database, problem_of(database)
    if _has_log(path) and not _is_sound(path, "mode=ro"):
        if not _is_sound(path, "immutable=1"):
            return _connect(path, "immutable=1"), "it is damaged"
        _put_log_aside(path)
    database = _connect(path, "mode=rwc")
    try:
        is_new = _is_empty(database)
        problem = "" if is_new else problem_of(database)
        if not problem:
            choose_journal(database, path)
            database.execute("PRAGMA synchronous = FULL")
            if is_new:
                _make_tables(database)
            return database, ""
    except BaseException:
        database.close()
        raise
    database.close()
    return _connect(path, "mode=ro"), problem


def _connect(path: Path, how: str) -> sqlite3.Connection:
    name = f"{path.absolute().as_uri()}?{how}"
    database = sqlite3.connect(name, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA trusted_schema = OFF")
    return database


def _has_log(path: Path) -> bool:
    try:
        return path.stat().st_size > 0 and path.with_name(path.name + _LOG).stat().st_size > 0
    except OSError:
        return False


def _is_sound(path: Path, how: str) -> bool:
    """Whether a file gives a sound database: with the log beside it, or, as immutable, without.

    The log of an open or crashed ledger stays where it is when another ledger is checked out in its place.
    """
    # Read only: who closes a file last that it may write to writes the log back into it.
    with closing(_connect(path, how)) as database:
        try:
            return bool(database.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return False


def _put_log_aside(path: Path) -> None:
    aside = next(at for number in count(1) if not (at := path.with_name(f"{path.name}{_LOG}-{number}")).exists())
    path.with_name(path.name + _LOG).rename(aside)
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    logger.warning("%s belonged to another ledger, and is kept as %s", path.name + _LOG, aside.name)


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _is_empty(database: sqlite3.Connection) -> bool:
    return _version(database) == 0 and not database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()


def problem_of(database: sqlite3.Connection) -> str:
    """Why a database is not a ledger as this version of dream_nb makes it; an empty text where it is one, or is empty.

    Args:
        database: the open database. Nothing is written to it.

    Raises:
        sqlite3.DatabaseError: it is not an SQLite database.
    """
    if _is_empty(database):
        return ""
    version = _version(database)
    if version != VERSION:
        return f"it has format {version}, and this version of dream_nb writes format {VERSION}"
    foreign = differences(database, _TABLES)
    return f"it is not as dream_nb makes it: {', '.join(foreign)}" if foreign else ""


def _make_tables(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it meanwhile.
        if _is_empty(database):
            for statement in _TABLES.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
    # A file that is empty while it is open has been emptied by somebody else.
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
