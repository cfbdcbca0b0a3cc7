"""SQLite files: how they are opened, written and moved, and whether they are what a script of ours makes."""

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

# The first one with STRICT tables.
_OLDEST: Final = (3, 37)
# Before this one, SQLite could be built without its functions for JSON, and was unless somebody asked for them.
_ALWAYS_WITH_JSON: Final = (3, 38)
_PATIENCE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.02
# Where all who open a file share memory. What is not among them may be open on another machine too: network file
# systems, and whatever FUSE, a container or a virtual machine mounts.
_LOCAL: Final = frozenset(
    {"apfs", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "hfs", "jfs", "ntfs", "overlay", "ramfs", "refs",
     "tmpfs", "ufs", "xfs", "zfs"}
)  # fmt: skip
# The tables of `ANALYZE`, as SQLite writes them.
_STATISTICS: Final = frozenset(
    {"CREATE TABLE sqlite_stat1(tbl,idx,stat)", "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)"}
)
_LONGEST_NAME: Final = 60
_BESIDE: Final = ("-wal", "-journal", "-shm")


def check_version() -> None:
    """See that SQLite is as new as our statements need it to be, and knows JSON.

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
    """Open an SQLite file for every thread, where each statement stands alone unless it is in a `transaction`.

    Args:
        path: the file. Nothing is read of it yet.
        how: the parameters of SQLite's URI; by default it may be written, and is made where it is missing.
        patience: seconds for which a lock of others is waited for.

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
    """The address of a file, as SQLite reads it.

    Of a share of Windows `as_uri` makes a host, which SQLite refuses: for it the share is part of the path.

    Args:
        path: the absolute path.
    """
    name = path.as_posix()
    return f"file://{'' if name.startswith('/') else '/'}{quote(name, safe='/:')}"


def version_of(database: sqlite3.Connection) -> int:
    """The number of the format that a database says it has; 0 where it says none.

    Args:
        database: the open database.

    Raises:
        sqlite3.DatabaseError: it is not an SQLite database.
    """
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def make_tables(database: sqlite3.Connection, schema: str, version: int) -> None:
    """Make what a script says, in the transaction that the caller has begun.

    Args:
        database: the open database.
        schema: the SQL statements.
        version: the number of the format that it has from now on.

    Raises:
        sqlite3.Error: it could not be written.
    """
    for statement in schema.split(";"):
        database.execute(statement)
    database.execute(f"PRAGMA user_version = {version}")


def move(path: Path, to: Path) -> None:
    """Rename a database, together with the logs beside it. Nobody may have it open.

    Args:
        path: the database. A link is renamed itself.
        to: its new name, in the same folder.

    Raises:
        OSError: it cannot be renamed.
    """
    # The file first: SQLite removes a log beside an empty database, but would believe it beside another.
    for suffix in ("", *_BESIDE):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(to.with_name(to.name + suffix))


def choose_journal(database: sqlite3.Connection, path: Path) -> None:
    """Give an SQLite file the journal mode that is safe where it lies.

    Write-ahead logging needs memory that all who open the file share, which machines do not.

    Args:
        database: the open file.
        path: where it lies.

    Raises:
        sqlite3.OperationalError: others keep it locked.
    """
    mode = "WAL" if _is_local(path) else "DELETE"
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


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All or nothing: what is written inside is there when the block has ended, even if the process dies next.

    Args:
        database: open, with an `isolation_level` of None, and in no transaction.

    Raises:
        sqlite3.Error: it could not be written, and nothing was.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        _commit(database)
    except BaseException:
        # A commit that fails, as one that waits for readers in vain, leaves the transaction open.
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _commit(database: sqlite3.Connection) -> None:
    try:
        database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        # A file that was removed shares the name of its journal with the one that is in its place. Whoever commits
        # first takes the journal of both away: then the change is made, and SQLite misses what it would remove.
        if error.sqlite_errorname != "SQLITE_IOERR_DELETE_NOENT":
            raise


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


def _is_local(path: Path) -> bool:
    """Whether a file lies on a file system of this machine alone, as far as the system tells."""
    import psutil

    where = Path(os.path.realpath(path.parent))
    try:
        # The last one counts where several are mounted in one place.
        mounts = [one for one in reversed(psutil.disk_partitions(all=True)) if where.is_relative_to(one.mountpoint)]
    except (OSError, psutil.Error):
        return False
    mount = max(mounts, key=lambda one: len(one.mountpoint), default=None)
    return mount is not None and mount.fstype.lower() in _LOCAL and "remote" not in mount.opts.split(",")
