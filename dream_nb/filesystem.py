"""What a file system can do.

A leaf of the house, beside `api`: the library and the studio keep databases alike, and do not know each other.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final

_PATIENCE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.02
# Spaces, tabs, line breaks and backslashes in the name of a mount point.
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
_NETWORK: Final = frozenset(
    {"9p", "afs", "afpfs", "ceph", "cifs", "davfs", "fuse.davfs2", "fuse.rclone", "fuse.sshfs", "glusterfs", "lustre",
     "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs", "webdav"}
)  # fmt: skip
# The tables of `ANALYZE`, as SQLite writes them.
_STATISTICS: Final = frozenset(
    {"CREATE TABLE sqlite_stat1(tbl,idx,stat)", "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)"}
)
_LONGEST_NAME: Final = 60


def choose_journal(database: sqlite3.Connection, path: Path) -> None:
    """Give an SQLite file the journal mode that is safe where it lies.

    Write-ahead logging needs memory that all processes share: network file systems have none.

    Args:
        database: the open file.
        path: where it lies.

    Raises:
        sqlite3.OperationalError: others keep it locked.
    """
    mode = "DELETE" if _is_on_network(path) else "WAL"
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            database.execute(f"PRAGMA journal_mode = {mode}")
        except sqlite3.OperationalError:
            # SQLite does not wait here, where two that open a new file at once are in each other's way.
            if time.monotonic() > give_up:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def differences(database: sqlite3.Connection, schema: str) -> list[str]:
    """How the tables, indexes, views and triggers of a database differ from those that a script makes.

    A database that comes from somebody else may hold triggers and views that act on every statement. One without
    differences has nothing that acts but what the script made. What `ANALYZE` writes does not count.

    Args:
        database: the open database. Nothing is written to it.
        schema: the SQL statements that make the expected schema.

    Returns:
        One entry an object, each on one line: "trigger x", "changed table y", "missing index z".

    Raises:
        sqlite3.DatabaseError: it is not an SQLite database, or SQLite cannot read its schema.
    """
    expected, found = _expected(schema), _objects(database)
    names = {one[:2] for one in expected}
    different = {one[:2]: "changed " if one[:2] in names else "" for one in found - expected}
    different |= dict.fromkeys(names - {one[:2] for one in found}, "missing ")
    return [f"{how}{kind} {_shown(name)}" for (kind, name), how in sorted(different.items())]


@cache
def _expected(schema: str) -> frozenset[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as ours:
        ours.executescript(schema)
        return frozenset(_objects(ours))


def _objects(database: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Type, name, table and SQL of everything in the schema."""
    cursor = database.cursor()
    cursor.row_factory = None
    text_factory = database.text_factory
    # The names are somebody else's, and need not be valid text.
    database.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        rows = cursor.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    finally:
        database.text_factory = text_factory
    # By more than their names, which a crafted file may give to anything.
    return {
        tuple(map(str, row))
        for row in rows
        if row[3] not in _STATISTICS and not (row[3] is None and str(row[1]).startswith("sqlite_autoindex_"))
    }


def _shown(name: str) -> str:
    shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return shown if shown.isprintable() else ascii(shown)


def _is_on_network(path: Path, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether a file lies on a network file system, as far as the system tells."""
    where = os.path.realpath(path.parent)
    if where.startswith("\\\\"):
        return True
    best, kind = "", ""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        fields = line.split(" ")
        point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[1]) if len(fields) > 2 else "?"
        inside = where == point or where.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind in _NETWORK
