"""The tables of a ledger, and how older ones become them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from dream_nb.filesystem import choose_journal

VERSION: Final = 4

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
# The first ledgers had a flag where there is a state now, and no number of their own.
_FROM_1: Final = """
DROP INDEX by_id;
ALTER TABLE requests RENAME TO requests_1;
{tables}
INSERT INTO requests (hash, take, backend, request, written_at, state, sent_at, id, generation, file, sha256)
    SELECT hash, take, backend, request, written_at,
        CASE WHEN id IS NOT NULL THEN 'taken' WHEN sending THEN 'sending' ELSE 'intended' END,
        CASE WHEN sending THEN written_at END, id, generation, file, sha256
    FROM requests_1;
DROP TABLE requests_1;
"""
# The second knew neither what its user thought of a dream nor what was measured of it.
_FROM_2: Final = """
ALTER TABLE requests ADD COLUMN stars INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
CREATE TABLE measures (
    sha256 TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (sha256, name)
) STRICT, WITHOUT ROWID;
"""
# The third did not know how long a request had waited for its turn, and read every row to find the few that are under
# way, and the last that were timed. It had prices, which a library that comes from somebody else has no say in.
_FROM_3: Final = """
DROP TABLE IF EXISTS prices;
ALTER TABLE requests ADD COLUMN queued REAL;
CREATE INDEX unfinished ON requests (state) WHERE file IS NULL AND state IN ('sending', 'taken');
CREATE INDEX timed ON requests (backend, sent_at) WHERE seconds IS NOT NULL;
CREATE INDEX finished ON requests (written_at, file, stars) WHERE file IS NOT NULL;
"""
_LATER: Final = {2: _FROM_2, 3: _FROM_3}
_BUSY_SECONDS: Final = 30.0


def open_database(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A ledger's database, with the tables of this version.

    Args:
        path: the file, made where it is missing.
        read_only: whether nothing may be written.

    Raises:
        ValueError: it was written by a later version, or is a link.
        sqlite3.Error: it is no SQLite file.
    """
    if path.is_symlink():
        raise ValueError(f"{path.name} is a link")
    # Read-only, a log beside it cannot be read: what it holds is what was settled.
    name = f"{path.absolute().as_uri()}?{'immutable=1' if read_only else 'mode=rwc'}"
    database = _connect(name)
    try:
        if read_only and 0 < _version(database) < VERSION:
            # What cannot be written is brought to this version in memory.
            written, database = database, _connect(":memory:")
            written.backup(database)
            written.close()
            _migrate(database)
        if not read_only:
            choose_journal(database, path)
            database.execute("PRAGMA synchronous = FULL")
            _migrate(database)
        version = _version(database)
        if version != VERSION:
            whose = "by a later" if version > VERSION else "by no"
            raise ValueError(f"{path.name} was written {whose} version of dream_nb (format {version})")
    except BaseException:
        database.close()
        raise
    return database


def _connect(name: str) -> sqlite3.Connection:
    database = sqlite3.connect(name, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA trusted_schema = OFF")
    return database


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _migrate(database: sqlite3.Connection) -> None:
    if _version(database) >= VERSION:
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it meanwhile.
        if _version(database) < VERSION:
            for statement in _script(database).split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _script(database: sqlite3.Connection) -> str:
    """What makes the tables of this version out of those that are there."""
    version = _version(database)
    if version in _LATER:
        return "".join(_LATER[step] for step in range(version, VERSION))
    is_old = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'requests'").fetchone()
    return _FROM_1.format(tables=_TABLES) if is_old else _TABLES
