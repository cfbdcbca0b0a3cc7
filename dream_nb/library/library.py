"""The files: a folder of finished dreams with descriptive names."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final

import anyio.to_thread

from dream_nb.api.errors import LibraryError, UnreadableFileError
from dream_nb.api.request_models import KINDS, GenerationReference, Request
from dream_nb.files import partial_in, sha256_of
from dream_nb.library.file_names import file_names
from dream_nb.library.folder import Folder
from dream_nb.library.inscriptions import inscribe
from dream_nb.library.ledger import Ledger
from dream_nb.library.ledger_file import sqlite_failure
from dream_nb.library.lineage import title
from dream_nb.library.record import Record
from dream_nb.library.sidecars import SUFFIX, check_marks, described, read_sidecars, write_sidecar
from dream_nb.library.trash import KEPT, Trash
from dream_nb.media.formats import NOT_READ, format_of
from dream_nb.media.posters import check_whole
from dream_nb.media.video import read_facts
from dream_nb.sqlite import check_version
from dream_nb.systems import put_in_place, remove

LEDGER: Final = "ledger.sqlite"
"""The name of the ledger's file inside a library."""

_SUFFIX: Final = re.compile(r"[a-z0-9]{1,8}")
_WHOLE: Final = 0.1
_STALE_SECONDS: Final = 3600.0

logger = logging.getLogger("dream_nb.library")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the library: its name inside the folder, and the sha256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Further:
    """A further file of a generation, before it is stored.

    Attributes:
        number: its number, from 1.
        type: "video", "image", or another type such as "exr".
        label: what it shows, in a word or two.
    """

    number: int
    type: str
    label: str


class DamagedFileError(LibraryError):
    """A file arrived completely, but is not what it should be."""


class Library(Folder):
    """A folder of finished files, and the ledger of their requests.

    A folder that cannot be written can still be read if it has a ledger. Whatever has been in the trash for 30 days is
    removed when the library is opened.

    Args:
        folder: the path of the folder, which is created if missing.

    Attributes:
        ledger: the ledger.
        trash: the dreams that were deleted and can be restored.
        read_only: whether nothing can be written.

    Raises:
        LibraryError: the folder cannot be created, or can neither be written nor read.
        ConfigurationError: this Python's SQLite is too old.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        path = self.folder / LEDGER
        check_version()
        try:
            self.ledger = Ledger(path, read_only=not self._is_writable() and path.is_file())
            self.read_only = self.ledger.read_only
            self.trash = Trash(self.folder, self.ledger)
            if not self.read_only:
                names = os.listdir(self.folder)  # noqa: PTH208 - of 100,000 files, a path of each would take a second
                self._sweep(names)
                self._take_in_sidecars(names)
        except sqlite3.DatabaseError as error:
            raise sqlite_failure(error, f"the ledger {str(path)!r}") from error
        except (OSError, ValueError) as error:
            raise LibraryError(
                f"the library folder {str(folder)!r} cannot be written ({_plain(error)}): "
                "choose another with DREAM_NB_LIBRARY or Session(library=…)"
            ) from error

    def _is_writable(self) -> bool:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()
        except OSError:
            if not (self.folder / LEDGER).is_file():
                raise
            return False
        return True

    def _sweep(self, names: Iterable[str]) -> None:
        """Remove unfinished files of a process that died. Recently written ones may belong to another process."""
        for name in names:
            if not name.endswith(".part"):
                continue
            path = self.folder / name
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()
        with contextlib.suppress(OSError):
            self.trash.empty(datetime.now(UTC) - KEPT)

    def _take_in_sidecars(self, names: Iterable[str]) -> None:
        records = read_sidecars(self.folder, self.ledger.unknown_files(described(names)))
        if records:
            with self.ledger.file.transaction():
                for record in records:
                    self.ledger.insert(record)

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def holds(self, record: Record) -> bool:
        """Return whether the finished files of a record exist, unchanged since their download."""
        known = [record.sha256, *(one.sha256 for one in record.further)]
        paths = self.paths(record)
        try:
            return len(paths) == len(record.names) > 0 and all(
                sha256 in (None, sha256_of(path)) for path, sha256 in zip(paths, known, strict=True)
            )
        except OSError:
            return False

    def _check_writable(self, done: str) -> None:
        """Raise an error if nothing can be written, before anything is `done`."""
        if self.read_only:
            raise LibraryError(
                f"the library {self.folder.name!r} cannot be written: nothing was {done}. {self.ledger.advice}"
            )

    def source_seconds(self, request: Request) -> float | None:
        """Return the playing time of the video that a request changes; None if it is not in this library.

        Args:
            request: the request.
        """
        source = getattr(request, "media", None)
        if not isinstance(source, GenerationReference):
            return None
        backend = self.ledger.backend_of(source.id)
        record = self.ledger.find_id(backend, source.id) if backend is not None else None
        path = self.path(record) if record is not None and record.kind == "video" else None
        try:
            seconds = read_facts(path).seconds if path is not None else None
        except UnreadableFileError:
            return None
        # The last frame of a clip of 5 seconds may be shown until its end.
        is_whole = seconds is not None and abs(seconds - round(seconds)) < _WHOLE
        return float(round(seconds)) if seconds is not None and is_whole else seconds

    def size(self) -> int:
        """Return the size of all finished files in bytes."""
        names = (name for several in self.ledger.files() for name in several)
        return sum(path.stat().st_size for path in map(self.plain_file, names) if path is not None)

    def prune(self, to: int | None = None, *, before: datetime | None = None) -> list[Path]:
        """Remove finished files, oldest first. Those with stars and everything in the ledger are kept.

        A dream whose file was removed is downloaded again when its cell runs again, as long as its server has it, and
        is not paid for again.

        Args:
            to: the largest size of all finished files together, in bytes; None sets no limit.
            before: the time before which requests must have been made for their files to be removed; None ignores the
                age.

        Returns:
            The files that were removed.

        Raises:
            LibraryError: the folder cannot be written, or a file cannot be removed; those before it are.
        """
        self._check_writable("removed")
        size, removed = self.size(), []
        oldest = before.astimezone(UTC).isoformat() if before is not None else ""
        for names, asked_at in self.ledger.files(starred=False).items():
            if not (asked_at < oldest or (to is not None and size > to)):
                continue
            for path in filter(None, map(self.plain_file, names)):
                size -= path.stat().st_size
                try:
                    remove(path)
                except OSError as error:
                    raise LibraryError(f"{path.name!r} cannot be removed ({_plain(error)})") from error
                path.with_name(path.name + SUFFIX).unlink(missing_ok=True)
                removed.append(path)
        return removed

    def mark(
        self,
        record: Record,
        *,
        stars: int | None = None,
        note: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> Record:
        """Store the user's rating, note and tags of a dream, in the ledger and in the sidecar.

        Args:
            record: the row of the dream.
            stars: the rating, from 0 to 5; None leaves it unchanged.
            note: the text of the note; None leaves it unchanged.
            tags: the tags that replace the current ones; None leaves them unchanged.

        Raises:
            ValueError: a value is not valid; nothing has changed.
            LibraryError: the folder cannot be written.
        """
        self._check_writable("kept")
        record = self.ledger.reread(record)
        marks = check_marks(
            record.stars if stars is None else stars,
            record.note if note is None else note,
            record.tags if tags is None else tags,
        )
        record = self.ledger.update(record, **marks | {"tags": json.dumps(marks["tags"], ensure_ascii=False)})
        if self.path(record) is not None:
            write_sidecar(self.folder, record)
        return record

    def discard(self, record: Record) -> Record:
        """Mark a record as deleted, and move its file and sidecar to the trash.

        Args:
            record: the row.

        Raises:
            LibraryError: the folder cannot be written; nothing has changed.
        """
        self._check_writable("deleted")
        try:
            return self.trash.put(record, self.paths(record))
        except OSError as error:
            raise LibraryError(f"{record.file!r} cannot be moved into the trash ({_plain(error)})") from error

    def restore(self, record: Record) -> Record:
        """Restore a record from the trash, with its file. It stays deleted on its server.

        Args:
            record: the row.

        Raises:
            LibraryError: it is not in the trash, its file is gone, or the folder cannot be written.
        """
        self._check_writable("restored")
        try:
            return self.trash.take_out(record, self._claim)
        except OSError as error:
            raise LibraryError(f"{record.request.label!r} cannot be restored ({_plain(error)})") from error

    def empty_trash(self) -> int:
        """Permanently remove everything in the trash.

        Returns:
            The number of dreams that were removed.

        Raises:
            LibraryError: the folder cannot be written.
        """
        self._check_writable("removed")
        try:
            return self.trash.empty()
        except OSError as error:
            raise LibraryError(f"the trash of {self.folder.name!r} cannot be emptied ({_plain(error)})") from error

    async def store(
        self, record: Record, fill: Callable[[BinaryIO], Awaitable[None]], further: Further | None = None
    ) -> StoredFile:
        """Write a finished file under a temporary name, check it, and rename it in one step, with a sidecar.

        Args:
            record: the row of its request, whose files it is named after. It has the further files before the first one
                is stored.
            fill: a function that writes its bytes.
            further: the description of a further file; None for the first one.

        Raises:
            LibraryError: it cannot be written, or is not a picture or video that can be decoded.
        """
        try:
            with partial_in(self.folder) as partial:
                with partial.open("xb") as file:
                    await fill(file)
                suffix, sha256 = await anyio.to_thread.run_sync(_finish, partial, record, further)
                name = self._claim(partial, record, suffix, sha256, further)
                if further is None:
                    write_sidecar(self.folder, replace(record, file=name, sha256=sha256))
                return StoredFile(name, sha256)
        except OSError as error:
            raise LibraryError(
                f"the library folder {str(self.folder)!r} cannot be written ({_plain(error)}): "
                "free up space or choose another folder, then run the cell again; what was made is not lost"
            ) from error

    def _claim(self, partial: Path, record: Record, suffix: str, sha256: str, further: Further | None = None) -> str:
        """Give the file its final name. A file of another request is never replaced."""
        words, identity = title(self.ledger, record), f"{record.hash}:{record.take}"
        if further is not None:
            words, identity = f"{words} {further.label}", f"{identity}:{further.number}"
        for name in file_names(words, identity, suffix):
            path = self.folder / name
            if not path.exists() or name in record.names or sha256_of(path) == sha256:
                put_in_place(partial, path)
                return name
        raise LibraryError(f"{name!r} is an existing file: move it away, then run the cell again")


def _finish(path: Path, record: Record, further: Further | None = None) -> tuple[str, str]:
    """Check a file, write its metadata, and force it to the disk.

    Returns:
        The suffix for its contents, whatever its address said, and its sha256.
    """
    found = format_of(path)
    if found is None and further is not None and further.type not in KINDS:
        # An EXR, for example, is stored unchanged.
        _force(path)
        return f".{further.type}" if _SUFFIX.fullmatch(further.type) else ".bin", sha256_of(path)
    if found is None:
        raise DamagedFileError(f"the downloaded file {NOT_READ}: run the cell again to download it again")
    try:
        inscribe(path, record)
    except (ValueError, UnreadableFileError) as error:
        _check(path)
        # A container without room for metadata is still the file that was paid for.
        logger.warning("the origin of %s could not be written into it (%s)", path.name, type(error).__name__)
    _force(path)
    return found.suffix, sha256_of(path)


def _force(path: Path) -> None:
    """Force a file to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _check(path: Path) -> None:
    try:
        check_whole(path)
    except UnreadableFileError as error:
        raise DamagedFileError(
            f"the downloaded file {error.reason}: run the cell again to download it again"
        ) from error


def _plain(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()


def with_ledger(folder: Folder) -> Library:
    """Return the library of a folder: itself if it is one, or the one that its ledger belongs to.

    Args:
        folder: a folder of finished files.

    Raises:
        LibraryError: it has no ledger.
    """
    if isinstance(folder, Library):
        return folder
    if (folder.folder / LEDGER).is_file():
        return _opened(folder.folder)
    raise LibraryError(f"the folder {folder.folder.name!r} has no ledger: open it with Session(library=…)")


@cache
def _opened(folder: Path) -> Library:
    # For dreams that were unpickled: one library per process, which stays open to its end.
    return Library(folder)
