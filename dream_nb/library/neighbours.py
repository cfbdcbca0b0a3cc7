"""Libraries one folder up and down: a request that one of them has paid for is not paid for again in another.

The same notebook may have run where its folder was unknown, or may have been moved since. Then its library is a new
one, and its earlier results are in the other.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from dream_nb.api.errors import ConfigurationError
from dream_nb.api.request_models import Request
from dream_nb.backends.backends import is_paid
from dream_nb.library.library import LEDGER, Library
from dream_nb.library.record import moment
from dream_nb.library.rows import HAS_FAILED, OF_FILE
from dream_nb.library.schema import connect_to_read, problem_of
from dream_nb.requests.identity import request_hash

_MOST_ENTRIES: Final = 1_000
_MOST_LEDGERS: Final = 32
# A ledger may come with a repository, and may be crafted to take for ever. Reading 100,000 rows takes a fifth of this.
_MOST_STEPS: Final = 5_000_000
_LARGEST_VALUE: Final = 2**26
# How long to wait for a session that writes to it; a library that is locked for longer is ignored.
_BUSY_SECONDS: Final = 2.0
_HELD: Final = (
    "SELECT backend, coalesce(sent_at, written_at) FROM requests"  # noqa: S608 - ours
    " WHERE hash = ? AND take = ? AND backend = coalesce(?, backend)"
    f" AND (file IS NOT NULL OR (state IN ('sending', 'unknown', 'taken') AND NOT {HAS_FAILED}))"
)
_OF_ID: Final = "SELECT hash, take FROM requests WHERE id = ? ORDER BY written_at LIMIT 1"


def check_neighbours(library: Library, request: Request, take: int, backend: str | None) -> None:
    """Refuse what a library one folder up or down has paid for, if this library had bought nothing before that.

    Those libraries are only read. One that cannot be read is ignored.

    Args:
        library: the library that does not hold the request.
        request: the request that is about to be paid for.
        take: the number of its take, from 1.
        backend: the backend whose results count; None for any that is paid.

    Raises:
        ConfigurationError: one of them holds it.
    """
    for folder in islice(_neighbours(library.folder), _MOST_LEDGERS):
        sent_at = _sent_at(folder / LEDGER, request, take, backend)
        if sent_at is None or _had_bought(library, before=sent_at):
            continue
        here, there = str(library.folder), str(folder)
        raise ConfigurationError(
            f"{request.label!r}, take {take}, is in the library {there!r}, but this notebook uses the library "
            f"{here!r}: nothing was sent. Choose one by its full path, with DREAM_NB_LIBRARY, %config "
            f"DreamMagics.library or Session(library=…): {there!r} has it, {here!r} would pay for it again"
        )


def _neighbours(folder: Path) -> Iterator[Path]:
    """The folders of that name one level up and one level down that have a ledger; links are not followed."""
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - without "..", and links stay as they are
    above, beside = folder.parent.parent, folder.parent
    candidates = [above / folder.name]
    try:
        with os.scandir(beside) as entries:
            inner = (entry.path for entry in islice(entries, _MOST_ENTRIES) if entry.is_dir(follow_symlinks=False))
            candidates += [Path(path) / folder.name for path in sorted(inner)]
    except OSError:
        pass
    for candidate in candidates:
        if candidate != folder and _is(stat.S_ISDIR, candidate) and _is(stat.S_ISREG, candidate / LEDGER):
            yield candidate


def _is(kind: Callable[[int], bool], path: Path) -> bool:
    """Whether a path itself is of that kind, and not a link to such a path."""
    try:
        return kind(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _sent_at(path: Path, request: Request, take: int, backend: str | None) -> datetime | None:
    """When a ledger's paid request was sent, or may have been; None if it has no such request."""
    try:
        with closing(_open(path)) as database:

            def lasting(name: str) -> str:
                statement = OF_FILE if name.startswith("sha256:") else _OF_ID
                rows = database.execute(statement, (name.removeprefix("sha256:"),)).fetchall()
                return f"{rows[0][0]}:{rows[0][1]}" if rows else name

            for digest in {request_hash(request, lasting), request_hash(request)}:
                for owner, sent_at in database.execute(_HELD, (digest, take, backend)):
                    if is_paid(owner):
                        return moment(sent_at)
    except (OSError, sqlite3.Error, ValueError, TypeError):
        # Whatever is wrong with another ledger, it must not prevent a create.
        pass
    return None


def _open(path: Path) -> sqlite3.Connection:
    """Open a ledger of this version for reading; nothing is written, not even beside it.

    Raises:
        ValueError: its schema is not that of this version.
        sqlite3.Error: it cannot be read.
    """
    database = connect_to_read(path, patience=_BUSY_SECONDS)
    try:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
        database.set_progress_handler(lambda: 1, _MOST_STEPS)
        # A view or a generated column could compute anything.
        if problem := problem_of(database):
            raise ValueError(problem)
    except BaseException:
        database.close()
        raise
    return database


def _had_bought(library: Library, *, before: datetime) -> bool:
    """Whether a library had paid for something at that time, which means that it was in use then."""
    records = library.ledger.all()
    return any(is_paid(one.backend) and one.sent_at is not None and one.sent_at < before for one in records)
