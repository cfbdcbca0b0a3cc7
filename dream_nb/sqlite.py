"""SQLite files: opening, writing and moving them, and checking that they have the schema of one of our scripts."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import quote

from dream_nb.api.errors import ConfigurationError

# The first version with STRICT tables.
_OLDEST: Final = (3, 37)
# Before this version, SQLite had its JSON functions only if they were enabled when it was built.
_ALWAYS_WITH_JSON: Final = (3, 38)
_PATIENCE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.02
# File systems on which all processes that open a file share memory. With others the file may also be open on another
# machine: network file systems, and whatever FUSE, a container or a virtual machine mounts.
_LOCAL: Final = frozenset(
    {"apfs", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "hfs", "jfs", "ntfs", "overlay", "ramfs", "refs",
     "tmpfs", "ufs", "xfs", "zfs"}
)  # fmt: skip
# The statements by which `ANALYZE` creates its tables, as SQLite stores them.
_STATISTICS: Final = frozenset(
    {"CREATE TABLE sqlite_stat1(tbl,idx,stat)", "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)"}
)
_LONGEST_NAME: Final = 60
_BESIDE: Final = ("-wal", "-journal", "-shm")


def check_version() -> None:
    """Check that SQLite is new enough for our statements, and supports JSON.

    Raises:
        ConfigurationError: it is older, or does not.
    """
    known = sqlite3.sqlite_version_info
    if known < _OLDEST or (known < _ALWAYS_WITH_JSON and not _knows_json()):
        lack = "" if known < _OLDEST else " without JSON"
        raise ConfigurationError(
            f"dream_nb needs SQLite {'.'.join(map(str, _OLDEST))} or later, and this Python has "
            f"{sqlite3.sqlite_version}{lack}: use a Python that includes a newer one, such as those of conda, uv and "
            "python.org"
        )


def _knows_json() -> bool:
    with closing(sqlite3.connect(":memory:")) as database, suppress(sqlite3.DatabaseError):
        return bool(database.execute("SELECT json_extract('[1]', '$[0]')").fetchone())
    return False


def connect(path: Path, how: str = "mode=rwc", *, patience: float = _PATIENCE_SECONDS) -> sqlite3.Connection:
    """Open an SQLite file for all threads. Each statement is committed at once unless it is in a `transaction`.

    Args:
        path: the path of the file, of which nothing is read yet.
        how: the parameters of SQLite's URI; by default the file may be written, and is created if missing.
        patience: how long to wait for locks of others, in seconds.

    Raises:
        sqlite3.OperationalError: it cannot be opened.
    """
    database = sqlite3.connect(
        f"{uri_of(path.absolute())}?{how}", uri=True, timeout=patience, check_same_thread=False, isolation_level=None
    )
    # The file may come from somebody else.
    database.execute("PRAGMA trusted_schema = OFF")
    return database


def uri_of(path: PurePath) -> str:
    """Return the address of a file, in SQLite's form.

    For a Windows share, `as_uri` returns a host, which SQLite refuses: for SQLite, the share is part of the path.

    Args:
        path: the absolute path.
    """
    name = path.as_posix()
    return f"file://{'' if name.startswith('/') else '/'}{quote(name, safe='/:')}"


def version_of(database: sqlite3.Connection) -> int:
    """Return the number of a database's format; 0 if it has none.

    Args:
        database: the open database.

    Raises:
        sqlite3.DatabaseError: it is not an SQLite database.
    """
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def make_tables(database: sqlite3.Connection, schema: str, version: int) -> None:
    """Run a script that creates tables, in the transaction that the caller has begun.

    Args:
        database: the open database.
        schema: the SQL statements.
        version: the number of its new format.

    Raises:
        sqlite3.Error: it could not be written.
    """
    for statement in schema.split(";"):
        database.execute(statement)
    database.execute(f"PRAGMA user_version = {version}")


def move(path: Path, to: Path) -> None:
    """Rename a database and the logs beside it. It must not be open anywhere.

    Args:
        path: the path of the database. If it is a link, the link is renamed.
        to: its new name, in the same folder.

    Raises:
        OSError: it cannot be renamed.
    """
    # The file first: SQLite removes a log beside an empty database, but would use it beside another one.
    for suffix in ("", *_BESIDE):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(to.with_name(to.name + suffix))


def choose_journal(database: sqlite3.Connection, path: Path) -> None:
    """Give an SQLite file the journal mode that is safe at its place.

    Write-ahead logging needs memory that is shared by all processes with the file, which machines do not share.

    Args:
        database: the open file.
        path: the path of the file.

    Raises:
        sqlite3.OperationalError: others keep it locked.
    """
    mode = "WAL" if _is_local(path) else "DELETE"
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            database.execute(f"PRAGMA journal_mode = {mode}")
        except sqlite3.OperationalError:
            # SQLite does not wait here if two processes open a new file at once.
            if time.monotonic() > give_up:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block writes at its end, or nothing if it fails. Committed writes outlive the process.

    Args:
        database: the open database, with an `isolation_level` of None, and in no transaction.

    Raises:
        sqlite3.Error: it could not be written, and nothing was.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        _commit(database)
    except BaseException:
        # A commit that fails, for example because it waited for readers in vain, leaves the transaction open.
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _commit(database: sqlite3.Connection) -> None:
    try:
        database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        # A file that was removed shares the name of its journal with the file that replaced it. The first commit of the
        # two removes the journal. The second one is complete too, but SQLite misses the journal that it would remove.
        if error.sqlite_errorname != "SQLITE_IOERR_DELETE_NOENT":
            raise


def differences(database: sqlite3.Connection, schema: str) -> list[str]:
    """Return how the tables, indexes, views and triggers of a database differ from those that a script creates.

    A database from somebody else may have triggers and views that act on every statement. One without differences has
    only what the script created. The tables of `ANALYZE` are ignored.

    Args:
        database: the open database. Nothing is written to it.
        schema: the SQL statements that create the expected schema.

    Returns:
        One entry per object, each on one line: "trigger x", "changed table y", "missing index z".

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
    # The database may come from somebody else, so names need not be valid text.
    database.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        rows = cursor.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    finally:
        database.text_factory = text_factory
    # Compare more than their names, which a crafted file may give to anything.
    return {
        tuple(map(str, row))
        for row in rows
        if row[3] not in _STATISTICS and not (row[3] is None and str(row[1]).startswith("sqlite_autoindex_"))
    }


def _shown(name: str) -> str:
    shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return shown if shown.isprintable() else ascii(shown)


def _is_local(path: Path) -> bool:
    """Whether a file is on a file system of this machine alone, as far as the system tells."""
    import psutil

    where = Path(os.path.realpath(path.parent))
    try:
        # If several are mounted in one place, the last one counts.
        mounts = [one for one in reversed(psutil.disk_partitions(all=True)) if where.is_relative_to(one.mountpoint)]
    except (OSError, psutil.Error):
        return False
    mount = max(mounts, key=lambda one: len(one.mountpoint), default=None)
    return mount is not None and mount.fstype.lower() in _LOCAL and "remote" not in mount.opts.split(",")
