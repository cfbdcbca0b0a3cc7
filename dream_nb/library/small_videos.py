"""Small copies of the videos of a library, many of which are played at once. Worker processes make each once."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from dream_nb.files import written
from dream_nb.library.library import Library
from dream_nb.library.record import Record
from dream_nb.library.thumbnails import FOLDER, digest_of
from dream_nb.media.encoding import encode
from dream_nb.media.video import iterate_timed, read_facts

_SIDE: Final = 320
_CRF: Final = 28
# No copy is made of a video that is not larger than this.
_SMALL_BYTES: Final = 400_000


def small_video(library: Library, record: Record, executor: Executor) -> Path | None:
    """Return a video with a longer side of 320 pixels, without sound; the file itself if it is small.

    Args:
        library: the library. If it cannot be written, no copy is made.
        record: the row of the dream.
        executor: the executor that makes the copy, while this function waits.

    Returns:
        The path of the copy, or of the file itself; None if the dream has no file.

    Raises:
        LibraryError: the video cannot be decoded.
    """
    file = library.path(record)
    if file is None or not file.is_file():
        return None
    folder = library.folder / FOLDER
    if library.read_only or folder.is_symlink() or file.stat().st_size <= _SMALL_BYTES:
        return file
    place = folder / f"{digest_of(record)}.mp4"
    if not place.is_file() or place.is_symlink():
        folder.mkdir(exist_ok=True)
        executor.submit(shrink_video, str(file), str(place)).result()
    return place


def shrink_video(source: str, target: str) -> None:
    """Write the small copy of a video. For a worker process.

    Args:
        source: the path of the video.
        target: the path of the copy, which is written in one step.

    Raises:
        LibraryError: the video cannot be decoded.
    """
    path = Path(source)
    facts = read_facts(path)
    frames = iterate_timed(path, size=_SIDE)
    with written(Path(target)) as partial:
        encode(frames, partial, facts.fps or 24.0, crf=_CRF, seconds=None if facts.is_even else facts.seconds)
