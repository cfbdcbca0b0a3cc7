"""Small pictures of the dreams in a library. Worker processes make each once, and they are stored beside the files."""

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

# The name begins without a dot, because Jupyter's server serves nothing from hidden folders.
FOLDER: Final = "thumbnails"
_SIDE: Final = 288
_DIGITS: Final = 24


class Thumbnails:
    """The small pictures of one library. Can be used from several threads and processes.

    Args:
        library: the library. If it cannot be written, they are stored in a temporary folder until the process ends.
        executor: a function that returns the executor that makes them.
    """

    def __init__(self, library: Library, executor: Callable[[], Executor]) -> None:
        self._library = library
        self._executor = executor
        self._own = tempfile.TemporaryDirectory(prefix="dream_nb-") if library.read_only else None
        self.folder = Path(self._own.name) if self._own else library.folder / FOLDER
        self._lock = threading.Lock()
        self._under_way: dict[Path, Future[str]] = {}

    def place(self, record: Record) -> Path | None:
        """Return the path of a record's small picture, whether or not it exists; None if the record has no file.

        Args:
            record: the row. Different files have different pictures.
        """
        if record.file is None or self.folder.is_symlink():
            return None
        return self.folder / f"{digest_of(record)}.jpg"

    def made(self, record: Record) -> Path | None:
        """Return the small picture of a record, or None if there is none yet.

        Args:
            record: the row.
        """
        place = self.place(record)
        return place if place is not None and place.is_file() and not place.is_symlink() else None

    def make(self, records: Iterable[Record], *, here: bool = False) -> dict[Path, str]:
        """Make missing small pictures, and wait for them.

        Args:
            records: the rows.
            here: whether to use this thread, which is faster for a few than starting a process.

        Returns:
            The reason for each picture that could not be made.
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
            # A copy that is being played on Windows remains, which does no harm.
            with contextlib.suppress(PermissionError):
                remove(place.with_suffix(".mp4"))


def digest_of(record: Record) -> str:
    """Return the name of a record's small files, which depends on its file.

    Args:
        record: the row.
    """
    digest = record.sha256 or ""
    is_digest = len(digest) == 64 and digest.isalnum()
    return digest[:_DIGITS] if is_digest else record.hash[:_DIGITS]


def shrink(source: str, target: str) -> str:
    """Write the small picture of a file; for a video, of its first frame. Runs in a worker process.

    Args:
        source: the path of the file.
        target: the path of the picture, which is written in one step.

    Returns:
        Nothing, or the reason why it cannot be made.
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
