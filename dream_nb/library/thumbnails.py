"""Small pictures of what is in a library: each made once, by a worker process, and kept beside the files."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Final

from dream_nb.api.errors import UnreadableFileError
from dream_nb.files import written
from dream_nb.library.library import Library
from dream_nb.library.record import Record
from dream_nb.media.pictures import jpeg, reduced
from dream_nb.media.posters import read_poster
from dream_nb.systems import remove

# No dot before it: Jupyter's server gives nothing from below such a folder.
FOLDER: Final = "thumbnails"
_SIDE: Final = 288
_DIGITS: Final = 24


class Thumbnails:
    """The small pictures of one library. Safe to use from several threads and processes.

    Args:
        library: the library. Where it cannot be written they are kept in a temporary folder until the process ends.
        executor: gives what makes them.
    """

    def __init__(self, library: Library, executor: Callable[[], Executor]) -> None:
        self._library = library
        self._executor = executor
        self._own = tempfile.TemporaryDirectory(prefix="dream_nb-") if library.read_only else None
        self.folder = Path(self._own.name) if self._own else library.folder / FOLDER
        self._lock = threading.Lock()
        self._under_way: dict[Path, Future[str]] = {}

    def place(self, record: Record) -> Path | None:
        """Where the small picture of a record is, or will be; None where it has no file.

        Args:
            record: the row. Another file is another picture.
        """
        if record.file is None or self.folder.is_symlink():
            return None
        return self.folder / f"{digest_of(record)}.jpg"

    def made(self, record: Record) -> Path | None:
        """The small picture of a record, or None where there is none yet.

        Args:
            record: the row.
        """
        place = self.place(record)
        return place if place is not None and place.is_file() and not place.is_symlink() else None

    def make(self, records: Iterable[Record], *, here: bool = False) -> dict[Path, str]:
        """Make those that are missing, and wait for them.

        Args:
            records: the rows.
            here: whether in this thread: for a few that is sooner than the start of a process.

        Returns:
            For each that could not be made the reason.
        """
        waited: dict[Path, Future[str]] = {}
        for record in records:
            place, file = self.place(record), self._library.path(record)
            if place is None or file is None or place.is_file():
                continue
            self.folder.mkdir(exist_ok=True)
            if here:
                shrink(str(file), str(place))
                continue
            with self._lock:
                if place not in self._under_way:
                    self._under_way[place] = self._executor().submit(shrink, str(file), str(place))
                waited[place] = self._under_way[place]
        try:
            return {place: problem for place, future in waited.items() if (problem := future.result())}
        finally:
            with self._lock:
                for place in waited:
                    self._under_way.pop(place, None)

    def forget(self, record: Record) -> None:
        """Remove the small picture of a record, and the small copy of its video.

        Args:
            record: the row.
        """
        place = self.place(record)
        if place is not None:
            remove(place)
            # One that is being played on Windows stays, and is only a copy.
            with contextlib.suppress(PermissionError):
                remove(place.with_suffix(".mp4"))


def digest_of(record: Record) -> str:
    """What names the small files of a record: another file has others.

    Args:
        record: the row.
    """
    digest = record.sha256 or ""
    is_digest = len(digest) == 64 and digest.isalnum()
    return digest[:_DIGITS] if is_digest else record.hash[:_DIGITS]


def shrink(source: str, target: str) -> str:
    """Write the small picture of a file; of a video it is the first frame. For a worker process.

    Args:
        source: the path of the file.
        target: the path of the picture, which is written in one step.

    Returns:
        Nothing, or why it cannot be made.
    """
    try:
        image = read_poster(Path(source), near=_SIDE)
        with written(Path(target)) as partial:
            partial.write_bytes(jpeg(reduced(image, _SIDE)))
    except UnreadableFileError as error:
        return f"{Path(source).name!r} {error.reason}"
    except Exception as error:  # noqa: BLE001 - a damaged file must not hide the others
        return f"{Path(source).name!r} does not decode ({type(error.__cause__ or error).__name__})"
    return ""
