"""Replaces a ledger that is damaged, or has another schema, by a new one, and keeps the old file."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dream_nb.api.errors import LibraryError
from dream_nb.library.ledger import Ledger
from dream_nb.library.library import LEDGER, Library
from dream_nb.library.record import Record
from dream_nb.library.trash import Trash
from dream_nb.requests.identity import is_hash_of
from dream_nb.sqlite import move

_ASIDE: Final = "ledger-before-{}.sqlite"

logger = logging.getLogger("dream_nb.library")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The result of rebuilding a ledger.

    Attributes:
        aside: the new path of the old ledger.
        rows: the number of rows in the new one.
    """

    aside: Path
    rows: int


def rebuild_ledger(folder: Path) -> Rebuilt:
    """Set a library's ledger aside, and write a new one from its valid rows and from the sidecars.

    A row is valid if it can be read, and its request hash is that of its request. Nothing is sent, and the old file is
    kept.

    Args:
        folder: the path of the library, which no session may have open.

    Raises:
        LibraryError: there is no ledger, or the folder cannot be written.
    """
    path = folder / LEDGER
    if not path.exists() and not path.is_symlink():
        raise LibraryError(f"the library {folder.name!r} has no ledger to rebuild")
    rows, trashed = list(_sound(path)), _trashed(path)
    aside = next(at for number in range(1, 10_000) if not (at := folder / _ASIDE.format(number)).exists())
    try:
        move(path, aside)
    except OSError as error:
        raise LibraryError(
            f"the ledger of {folder.name!r} cannot be moved aside ({error.strerror}): nothing changed"
        ) from error
    with closing(Ledger(path)) as ledger:
        for record in rows:
            ledger.insert(record)
        Trash(folder, ledger).take_over(trashed)
    with closing(Library(folder)) as library:
        return Rebuilt(aside, len(library.ledger.all()))


def _trashed(path: Path) -> list[tuple[object, ...]]:
    try:
        with closing(Ledger(path)) as ledger:
            return Trash(path.parent, ledger).rows()
    except (LibraryError, ValueError, sqlite3.Error) as error:
        logger.warning(
            "the contents of the trash cannot be read from the old ledger (%s): the files stay in the trash", error
        )
        return []


def _sound(path: Path) -> Iterator[Record]:
    try:
        with closing(Ledger(path)) as ledger:
            yield from (record for record in ledger.all() if is_hash_of(record.hash, record.request))
    except (LibraryError, ValueError, sqlite3.Error) as error:
        logger.warning("the rows of the old ledger cannot be read (%s): only the sidecars are used", error)
