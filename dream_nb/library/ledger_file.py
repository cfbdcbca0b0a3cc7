"""The SQLite file of a ledger: opening it, locking it, and noticing when it is replaced."""

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
from dream_nb.library.schema import once_settled, open_database
from dream_nb.lifetime import keep_for_ever, let_go_after_fork
from dream_nb.sqlite import transaction

REBUILD: Final = (
    "%dreams check --rebuild moves it aside, and writes a new one from its readable rows and from the JSON files "
    "beside the pictures and videos"
)
"""The advice for a ledger that is damaged, or has another schema than this package creates."""

FORKED: Final = (
    "was opened before this process was forked, and cannot be used in the child: open a session here with "
    "Session(library=…), or start the process with the method 'spawn'"
)
"""The reason why a forked child cannot use what its parent opened."""

logger = logging.getLogger("dream_nb.library")


class LedgerFile:
    """The file of one ledger. Can be used from several threads and processes.

    It may be removed, renamed or replaced while it is open (`git clean`, `git checkout`). So before each change, the
    file at its path is compared with the one that was opened. If it is another one, requests in flight are written into
    that one, which is used from then on.

    Args:
        path: the path of the file, which is created if missing.
        in_flight: the requests that another file must have.
        moved: a function that is called once another file is in use.
        read_only: whether nothing may be written, not even beside it.

    Attributes:
        path: the absolute path of the file.
        name: the name of the library in messages.
        lock: held while something is read or written.
        problem: why it is read only although the folder can be written, or an empty text.
        read_only: whether nothing is written.

    Raises:
        ValueError: the path is a link.
        sqlite3.Error: the file is not an SQLite file.
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
        # Closes a connection that is no longer referenced without a warning.
        self._collected = weakref.finalize(self, database.close)
        self._collected.atexit = False

    @property
    def advice(self) -> str:
        """What to do if it is read only, as a sentence without a full stop."""
        return (
            REBUILD
            if self.problem
            else "Choose another library with DREAM_NB_LIBRARY, or copy it to a folder of your own"
        )

    def close(self) -> None:
        """Close the file. Later reads raise `LibraryError`."""
        with self.lock:
            self._why_closed = self._why_closed or "is closed: open it again with Session(library=…)"
            self._close_file()

    def _close_file(self) -> None:
        # Not by calling the finalizer, which does nothing at exit.
        if self._collected.detach() is not None:
            self._opened.close()

    def _forked(self) -> None:
        """Drop the connection in a forked child, because SQLite would damage the file."""
        self.lock = threading.RLock()
        self._why_closed = FORKED
        if self._collected.detach() is not None:
            keep_for_ever(self._opened)

    @property
    def _database(self) -> sqlite3.Connection:
        # A card or a dream may still read after its session was closed.
        if self._why_closed:
            raise LibraryError(f"the library {self.name!r} {self._why_closed}")
        return self._opened

    def add_function(self, name: str, arguments: int, function: Callable[..., int | str | float | None]) -> None:
        """Add one of our functions to SQL, also for a file that replaces this one.

        Args:
            name: the name of the function in SQL.
            arguments: the number of its arguments.
            function: a deterministic function.
        """
        with self.lock:
            self._functions[name] = arguments, function
            self._database.create_function(name, arguments, function, deterministic=True)

    def stamp(self) -> tuple[int, int]:
        """Return two numbers that change whenever something was written, by this or another process."""
        with self.lock:
            return self._database.total_changes, int(self.read("PRAGMA data_version")[0][0])

    def read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a statement that changes nothing.

        Args:
            statement: the SQL.
            values: the values of its question marks.

        Raises:
            LibraryError: the file cannot be read, or was closed.
        """
        with self.lock:
            database = self._database
            try:
                if database.in_transaction:
                    return database.execute(statement, values).fetchall()
                return once_settled(lambda: database.execute(statement, values).fetchall())
            except sqlite3.OperationalError as error:
                # A ledger may come with a repository, and may contain anything. Text that Python cannot decode is an
                # error without one of SQLite's codes. Lenient decoding is slower, so it is used only if needed.
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
        """Run a statement that changes something, and return its rows.

        Args:
            statement: the SQL.
            values: the values of its question marks.

        Raises:
            sqlite3.IntegrityError: another row has that id.
            LibraryError: it cannot be written.
        """
        return self.change(statement, *values)[0]

    def change(self, statement: str, *values: object) -> tuple[list[sqlite3.Row], int]:
        """Run a statement as `write` does, and also return the number of changed rows."""
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
        """Commit what the block writes at its end, or nothing if it fails. Committed writes outlive the process.

        Within another transaction, it is a part of that.

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

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction of this process is open."""
        return self._database.in_transaction

    @contextmanager
    def part(self) -> Iterator[None]:
        """Within a transaction, undo what the block writes if the block fails. The transaction stays open.

        Raises:
            sqlite3.Error: the transaction failed as a whole.
        """
        database = self._database
        database.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK TO part")
            raise
        finally:
            if database.in_transaction:
                database.execute("RELEASE part")

    def _transaction(self) -> AbstractContextManager[None]:
        database = self._database
        return contextlib.nullcontext() if database.in_transaction else transaction(database)

    def _failure(self, error: sqlite3.Error) -> LibraryError:
        """The error to raise if SQLite fails."""
        where = f"the ledger of the library {self.name!r}"
        if self.read_only and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY:
            return LibraryError(f"{where} is not written: {self.problem or 'its file is read only'}. {self.advice}")
        if self.problem and isinstance(error, sqlite3.OperationalError):
            # A ledger of another format has other columns.
            return LibraryError(f"{where} cannot be read: {self.problem}. {self.advice}")
        return sqlite_failure(error, where)

    def _check_place(self) -> None:
        """Check that the file is still the one that was opened; otherwise switch to the one that is there now."""
        if self.read_only or self._why_closed:
            return
        if self._opened.in_transaction or _place_of(self.path) == self._place:
            return
        rows = self._in_flight.rows(self._opened)
        database = self._open_again()
        try:
            write_rows(rows, database)
        except sqlite3.Error as error:
            # The file may have been removed or replaced once more.
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
    """Return the error to raise if SQLite fails: what is wrong, and what to do.

    Args:
        error: the error of SQLite.
        where: a description of the ledger.
    """
    # Python's own errors have no code.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY_DBMOVED":
        return LibraryError(f"{where} was removed or replaced while it was being used: run the cell again")
    if code == sqlite3.SQLITE_READONLY:
        return LibraryError(f"{where} is read-only: make its file writable, or choose another library")
    if code == sqlite3.SQLITE_FULL:
        return LibraryError(
            f"{where} cannot be written, because the disk is full: free up space, then run the cell again"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LibraryError(f"{where} is locked by another program: close that program, then run the cell again")
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return LibraryError(f"{where} cannot be read or written ({error}): check the disk, then run the cell again")
    return LibraryError(f"{where} is damaged ({error}): {REBUILD}")


def _place_of(path: Path) -> tuple[int, int] | None:
    """The identity of the file at a path: its device and inode, or None if it is missing or was emptied."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked before every change, and twice as fast
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None
