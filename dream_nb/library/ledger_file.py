"""The SQLite file of a ledger: open, locked, and in its place."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from dream_nb.api.errors import LibraryError
from dream_nb.library.in_flight import InFlight, write_rows
from dream_nb.library.schema import open_database
from dream_nb.lifetime import keep_for_ever, let_go_after_fork
from dream_nb.sqlite import transaction

REBUILD: Final = (
    "%dreams check --rebuild moves it aside, and writes a new one from its readable rows and from the JSON files "
    "beside the pictures and videos"
)
"""What to do about a ledger that is damaged, or not as this package makes it."""

FORKED: Final = (
    "was opened before this process was forked, and cannot be used in the child: open a session here with "
    "Session(library=…), or start the process with the method 'spawn'"
)
"""Why what a parent opened is of no use in its child."""

logger = logging.getLogger("dream_nb.library")


class LedgerFile:
    """The file of one ledger. Safe to use from several threads and from several processes.

    It may be removed, renamed or replaced while it is open (`git clean`, `git checkout`). Before each change it is
    therefore compared with the one that was opened; where it is another one, what is in flight is written into that
    one, which is used from then on.

    Args:
        path: the file, made where it is missing.
        in_flight: what another file has to know.
        moved: called once another file is in use.
        read_only: whether nothing may be written, not even beside it.

    Attributes:
        path: as above, absolute.
        name: the library's, for messages.
        lock: held while something is read or written.
        problem: why it is read only although the folder can be written, or an empty text.
        read_only: whether nothing is written.

    Raises:
        ValueError: it is a link.
        sqlite3.Error: it is not an SQLite file.
    """

    def __init__(
        self, path: Path, in_flight: InFlight, moved: Callable[[], object], *, read_only: bool = False
    ) -> None:
        self.lock = threading.RLock()
        self.path = path.absolute()
        self.name = self.path.parent.name
        database, self.problem = open_database(self.path, read_only=read_only)
        self._hold(database)
        self._place = _place_of(path)
        self._why_closed = ""
        self._in_flight = in_flight
        self._moved = moved
        self._functions: dict[str, tuple[int, Callable[..., int | str | float | None]]] = {}
        self.read_only = read_only or bool(self.problem)
        let_go_after_fork(self)

    def _hold(self, database: sqlite3.Connection) -> None:
        self._opened = database
        # One that nobody holds any more is closed without a warning.
        self._collected = weakref.finalize(self, database.close)
        self._collected.atexit = False

    @property
    def advice(self) -> str:
        """What to do where it is read only, as a sentence without its full stop."""
        return (
            REBUILD
            if self.problem
            else "Choose another library with DREAM_NB_LIBRARY, or copy it to a folder of your own"
        )

    def close(self) -> None:
        """Close the file. What is asked later raises `LibraryError`."""
        with self.lock:
            self._why_closed = self._why_closed or "is closed: open it again with Session(library=…)"
            self._close_file()

    def _close_file(self) -> None:
        # Not by calling the finalizer: at exit it does nothing.
        if self._collected.detach() is not None:
            self._opened.close()

    def _forked(self) -> None:
        """In a child nothing of the parent's connection may be used: SQLite would damage the file."""
        self.lock = threading.RLock()
        self._why_closed = FORKED
        if self._collected.detach() is not None:
            keep_for_ever(self._opened)

    @property
    def _database(self) -> sqlite3.Connection:
        # A card, or a dream that somebody kept, may ask after its session was closed.
        if self._why_closed:
            raise LibraryError(f"the library {self.name!r} {self._why_closed}")
        return self._opened

    def add_function(self, name: str, arguments: int, function: Callable[..., int | str | float | None]) -> None:
        """Give SQL a function of ours, also where another file takes the place of this one.

        Args:
            name: what SQL calls it.
            arguments: how many it takes.
            function: gives the same for the same arguments.
        """
        with self.lock:
            self._functions[name] = arguments, function
            self._database.create_function(name, arguments, function, deterministic=True)

    def stamp(self) -> tuple[int, int]:
        """Two numbers that change whenever something was written, here or by another process."""
        with self.lock:
            return self._database.total_changes, int(self.read("PRAGMA data_version")[0][0])

    def read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """The rows that a statement gives which changes nothing.

        Args:
            statement: the SQL.
            values: what stands for its question marks.

        Raises:
            LibraryError: the file cannot be read, or was closed.
        """
        with self.lock:
            try:
                return self._database.execute(statement, values).fetchall()
            except sqlite3.OperationalError as error:
                # A ledger may come with a repository, and hold anything. Text that Python cannot decode is an error
                # without a code of SQLite's. To decode it leniently costs time, so only where there is need.
                if hasattr(error, "sqlite_errorcode"):
                    raise self._failure(error) from error
            except sqlite3.Error as error:
                raise self._failure(error) from error
            self._opened.text_factory = partial(str, encoding="utf-8", errors="replace")
            try:
                return self._opened.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise self._failure(error) from error

    def write(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Change something, and give what the statement returns.

        Args:
            statement: the SQL.
            values: what stands for its question marks.

        Raises:
            sqlite3.IntegrityError: another row has that id.
            LibraryError: it cannot be written.
        """
        return self.change(statement, *values)[0]

    def change(self, statement: str, *values: object) -> tuple[list[sqlite3.Row], int]:
        """As `write`, with the number of rows that were changed."""
        with self.lock:
            self._check_place()
            try:
                with self._transaction():
                    done = self._database.execute(statement, values)
                    rows = done.fetchall()
                return rows, done.rowcount
            except sqlite3.IntegrityError:
                raise
            except sqlite3.Error as error:
                raise self._failure(error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what is written inside is there when the block has ended, even if the process dies next.

        Within another one it is a part of that.

        Raises:
            sqlite3.IntegrityError: another row has that id.
            LibraryError: it cannot be written, and nothing was.
        """
        with self.lock:
            self._check_place()
            try:
                with self._transaction():
                    yield
            except sqlite3.IntegrityError:
                raise
            except sqlite3.Error as error:
                raise self._failure(error) from error

    def _transaction(self) -> AbstractContextManager[None]:
        database = self._database
        return contextlib.nullcontext() if database.in_transaction else transaction(database)

    def _failure(self, error: sqlite3.Error) -> LibraryError:
        """What is raised where SQLite fails."""
        where = f"the ledger of the library {self.name!r}"
        if self.read_only and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY:
            return LibraryError(f"{where} is not written: {self.problem or 'its file is read only'}. {self.advice}")
        if self.problem and isinstance(error, sqlite3.OperationalError):
            # Of another format, it lacks columns.
            return LibraryError(f"{where} cannot be read: {self.problem}. {self.advice}")
        return sqlite_failure(error, where)

    def _check_place(self) -> None:
        """See that the file is still the one that was opened; else go over to the one that is there now."""
        if self.read_only or self._why_closed:
            return
        if self._opened.in_transaction or _place_of(self.path) == self._place:
            return
        rows = self._in_flight.rows(self._opened)
        database = self._open_again()
        try:
            write_rows(rows, database)
        except sqlite3.Error as error:
            # It may be removed or replaced once more at this moment.
            database.close()
            raise self._failure(error) from error
        self._close_file()
        self._hold(database)
        self._place = _place_of(self.path)
        self._moved()
        for name, (arguments, function) in self._functions.items():
            database.create_function(name, arguments, function, deterministic=True)
        logger.warning(
            "the library %r was removed or replaced while it was open: %d requests that were under way were written to "
            "the new ledger",
            self.name,
            len(rows),
        )

    def _open_again(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            database, problem = open_database(self.path)
        except (OSError, ValueError, sqlite3.Error) as error:
            raise LibraryError(
                f"the library {self.name!r} was removed or replaced while it was open, and cannot be reopened "
                f"({error}): nothing was sent. {REBUILD}"
            ) from error
        if problem:
            database.close()
            raise LibraryError(
                f"the ledger of the library {self.name!r} was replaced while it was open, and {problem}: nothing was "
                f"sent. {REBUILD}"
            )
        return database


def sqlite_failure(error: sqlite3.Error, where: str) -> LibraryError:
    """What is raised where SQLite fails: what is wrong, and what to do.

    Args:
        error: what SQLite says.
        where: the ledger, in words.
    """
    words = str(error)
    if getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY_DBMOVED":
        return LibraryError(f"{where} was removed or replaced while it was being used: run the cell again")
    if "readonly" in words:
        return LibraryError(f"{where} is read-only: make its file writable, or choose another library")
    if "full" in words:
        return LibraryError(
            f"{where} cannot be written, because the disk is full: free up space, then run the cell again"
        )
    if "locked" in words or "busy" in words:
        return LibraryError(f"{where} is locked by another program: close that program, then run the cell again")
    if isinstance(error, sqlite3.OperationalError) and ("disk I/O" in words or "unable to open" in words):
        return LibraryError(f"{where} cannot be read or written ({words}): check the disk, then run the cell again")
    return LibraryError(f"{where} is damaged ({words}): {REBUILD}")


def _place_of(path: Path) -> tuple[int, int] | None:
    """Which file lies at a path: its device and inode, or None where there is none, or where it was emptied."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked before every change, and twice as fast
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None
