"""The trash of a library: deleted files that can still be restored."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from dream_nb.api.errors import LibraryError
from dream_nb.files import sha256_of
from dream_nb.library.folder import Folder
from dream_nb.library.ledger import Ledger
from dream_nb.library.record import Record, further_from, further_json, moment, records_of
from dream_nb.library.rows import KEY, ROWS
from dream_nb.library.sidecars import SUFFIX, write_sidecar
from dream_nb.systems import put_in_place, remove

FOLDER: Final = "trash"
KEPT: Final = timedelta(days=30)
"""How long something stays in the trash."""

_PLACES: Final = "SELECT hash, take, backend, state, file, sha256, further, deleted_at FROM trash"
_RECORDS: Final = (
    f"{ROWS} JOIN (SELECT hash AS h, take AS t, backend AS b FROM trash)"  # noqa: S608 - ours
    " ON hash = h AND take = t AND backend = b"
)


@dataclass(frozen=True, slots=True)
class Trashed:
    """A record in the trash.

    Attributes:
        record: the ledger row.
        deleted_at: when it was deleted (UTC).
        path: its file in the trash; None if it had none, for example because it failed, or if the file is gone.
    """

    record: Record
    deleted_at: datetime
    path: Path | None

    @property
    def kept_until(self) -> datetime:
        """When it is removed from the trash (UTC)."""
        return self.deleted_at + KEPT


class Trash:
    """The trash of one library: a folder, and the ledger's data about it.

    Args:
        folder: the folder of the library.
        ledger: the ledger of the library.
    """

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder = Folder(folder / FOLDER)
        self._ledger = ledger

    def put(self, record: Record, paths: Sequence[Path]) -> Record:
        """Move the files of a record here, and mark its row as deleted.

        A record that has no file and has not failed is only marked, because there is nothing to restore.

        Args:
            record: the row.
            paths: its existing files, the first one first.

        Raises:
            OSError: a file cannot be moved; nothing has changed.
            LibraryError: the ledger cannot be written; nothing has changed.
        """
        moved: list[tuple[Path, Path]] = []
        try:
            for path in paths:
                place = self._free_place(path)
                _move(path, place)
                moved.append((path, place))
            with self._ledger.file.transaction():
                if moved or record.has_failed:
                    self._write(record, {path.name: place.name for path, place in moved})
                return self._ledger.update(record, state="deleted", file=None, sha256=None, further="[]")
        except BaseException:
            for path, place in moved:
                _move(place, path)
            raise

    def _write(self, record: Record, places: Mapping[str, str]) -> None:
        """Record where the files of a record are, by their names in the library."""
        further = [replace(one, name=places[one.name]) for one in record.further if one.name in places]
        place = places.get(record.file or "")
        self._ledger.file.write(
            "INSERT OR REPLACE INTO trash VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *record.key,
            record.state,
            place,
            record.sha256 if place else None,
            further_json(further),
            datetime.now(UTC).isoformat(),
        )

    def _free_place(self, path: Path) -> Path:
        folder = self._folder.folder
        if folder.is_symlink():
            raise LibraryError(f"{folder.name!r} in the library is a link: nothing was deleted. Remove the link first")
        folder.mkdir(exist_ok=True)
        # Two dreams may have had the same name, if the first was deleted before the second was made.
        names = (path.name if number == 1 else f"{path.stem}-{number}{path.suffix}" for number in count(1))
        return next(place for name in names if not (place := folder / name).exists())

    def take_out(self, record: Record, claim: Callable[[Path, Record, str, str], str]) -> Record:
        """Restore a record with its file. It stays deleted on its server.

        Args:
            record: the row, which may be an old one.
            claim: a function that moves a file into the library under another name, if its own name is in use; it takes
                the path, the record, the suffix and the sha256.

        Raises:
            LibraryError: it is not in the trash, or its file is gone.
        """
        row = next(iter(self._ledger.file.read(f"{_PLACES} WHERE {KEY}", *record.key)), None)
        if row is None:
            raise LibraryError(f"{record.request.label!r}, take {record.take}, is not in the trash")
        record = self._ledger.reread(record)
        if row["file"] is None:
            return self._bring_back(record, state=row["state"])
        path = self._folder.plain_file(row["file"])
        if path is None:
            raise LibraryError(f"the file {row['file']!r} is no longer in the trash: {record.request.label!r} is lost")
        sha256 = row["sha256"] or sha256_of(path)
        name = self._brought_back(path, record, sha256, claim)
        path.with_name(path.name + SUFFIX).unlink(missing_ok=True)
        # Further files may be missing: the first one is what counts.
        further = [
            replace(one, name=self._brought_back(beside, record, one.sha256, claim))
            for one in further_from(json.loads(row["further"]))
            if (beside := self._folder.plain_file(one.name)) is not None
        ]
        write_sidecar(self._folder.folder.parent, replace(record, file=name, sha256=sha256, further=tuple(further)))
        return self._bring_back(record, file=name, sha256=sha256, further=further_json(further))

    def _brought_back(
        self, path: Path, record: Record, sha256: str, claim: Callable[[Path, Record, str, str], str]
    ) -> str:
        """Move a file back into the library. Returns its name there."""
        place = self._folder.folder.parent / path.name
        return claim(path, record, path.suffix, sha256) if place.exists() else put_in_place(path, place).name

    def _bring_back(self, record: Record, **columns: object) -> Record:
        with self._ledger.file.transaction():
            self._ledger.file.write(f"DELETE FROM trash WHERE {KEY}", *record.key)  # noqa: S608 - ours
            return self._ledger.update(record, **columns)

    def all(self) -> list[Trashed]:
        """Return everything in the trash, most recently deleted first."""
        records = {record.key: record for record in records_of(self._ledger.file.read(_RECORDS))}
        found = []
        for row in self._ledger.file.read(f"{_PLACES} ORDER BY deleted_at DESC, hash, take"):
            record = records.get((row["hash"], row["take"], row["backend"]))
            # A ledger may come with a repository, and may contain anything.
            with contextlib.suppress(ValueError):
                if record is not None:
                    path = self._folder.plain_file(row["file"]) if row["file"] else None
                    found.append(Trashed(record, moment(row["deleted_at"]), path))
        return found

    def rows(self) -> list[tuple[object, ...]]:
        """Return the ledger's data about the trash, for a ledger that replaces it."""
        return [tuple(row) for row in self._ledger.file.read(_PLACES)]

    def take_over(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Add the data of another ledger of the same folder about the trash.

        Args:
            rows: the rows that its `rows` returned.
        """
        for row in rows:
            self._ledger.file.write("INSERT OR IGNORE INTO trash VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)

    def empty(self, before: datetime | None = None) -> int:
        """Permanently remove everything in the trash. The rows remain marked as deleted.

        Args:
            before: the time before which a dream must have been deleted to be removed; None removes everything.

        Returns:
            The number of dreams that were removed.

        Raises:
            OSError: a file cannot be removed.
            LibraryError: the ledger cannot be written.
        """
        until = before.astimezone(UTC).isoformat() if before is not None else "~"
        rows = self._ledger.file.read(f"{_PLACES} WHERE deleted_at < ?", until)
        for row in rows:
            names = [row["file"], *(one.name for one in further_from(json.loads(row["further"])))]
            for path in filter(None, (self._folder.plain_file(name) for name in names if name)):
                path.with_name(path.name + SUFFIX).unlink(missing_ok=True)
                remove(path)
            self._ledger.file.write(f"DELETE FROM trash WHERE {KEY}", row["hash"], row["take"], row["backend"])  # noqa: S608 - ours
        return len(rows)


def _move(path: Path, place: Path) -> None:
    """Move a file and its sidecar."""
    put_in_place(path, place)
    with contextlib.suppress(FileNotFoundError):
        path.with_name(path.name + SUFFIX).replace(place.with_name(place.name + SUFFIX))
