"""Reads the dreams of a folder of files."""

from __future__ import annotations

import logging
import mimetypes
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dream_nb.api.errors import LibraryError
from dream_nb.api.request_models import GenerationRequest, ImageGenerationRequest
from dream_nb.files import sha256_of
from dream_nb.library.folder import Folder
from dream_nb.library.inscriptions import read_film, read_inscription
from dream_nb.library.record import Record
from dream_nb.library.sidecars import described, read_sidecars
from dream_nb.media.animations import is_animation
from dream_nb.media.formats import NOT_READ, PICTURES, VIDEOS, Format, format_of
from dream_nb.place import find_place
from dream_nb.requests.identity import request_hash
from dream_nb.results.dream import Dream

logger = logging.getLogger("dream_nb.results")
# Files with these suffixes were meant to be shown, so skipping one is reported.
_SUFFIXES: Final = {one.suffix: one.suffix for one in (*PICTURES, *VIDEOS)} | {".jpeg": ".jpg", ".m4v": ".mp4"}
_LIKE_MEDIA: Final = ("image/", "video/")


def read_folder(folder: Path) -> list[Dream]:
    """Return the dreams of a folder, sorted by name.

    Args:
        folder: the path of the folder.

    Raises:
        LibraryError: `folder` is not a folder, or cannot be read.
    """
    try:
        paths = sorted(folder.iterdir())
        found = {path: _format(path) for path in paths if _is_plain(path)}
        told = {record.file: record for record in read_sidecars(folder, described(path.name for path in paths))}
    except OSError as error:
        raise LibraryError(f"{str(folder)!r} is not a readable folder ({error.strerror or error})") from error
    library, home = Folder(folder), find_place().output
    # These are additional files of a dream in the list.
    beside = {name for record in told.values() for name in record.names[1:]}
    records = (
        told.get(path.name) or read_inscription(path) or _unknown(path, one)
        for path, one in found.items()
        if one and path.name not in beside
    )
    return [Dream(record, library, home) for record in records if record is not None]


def _is_plain(path: Path) -> bool:
    """Whether it has the suffix of a picture or video, is directly in this folder, and its name can be written down."""
    if not (mimetypes.guess_type(path.name)[0] or "").startswith(_LIKE_MEDIA) and path.suffix.lower() not in _SUFFIXES:
        return False
    try:
        path.name.encode()
    except UnicodeEncodeError:
        logger.warning("%r is ignored: its name is not valid text", path.name)
        return False
    if path.is_symlink():
        logger.warning("%s is ignored: it is a link", path.name)
        return False
    return path.is_file()


def _format(path: Path) -> Format | None:
    """The format of a file; None, with a warning, if it is not a supported one."""
    try:
        found = format_of(path)
    except OSError as error:
        logger.warning("%s is ignored: it cannot be read (%s)", path.name, error.strerror or error)
        return None
    if found is None and path.suffix.lower() not in _SUFFIXES:
        logger.warning("%s is ignored: it %s", path.name, NOT_READ)
        return None
    # A file whose beginning is damaged is shown with the problem.
    return found or next(one for one in (*PICTURES, *VIDEOS) if one.suffix == _SUFFIXES[path.suffix.lower()])


def _unknown(path: Path, found: Format) -> Record | None:
    """A record for a file that does not say where it comes from; None if it cannot be read."""
    kind = "video" if found.kind == "video" or is_animation(path) else "image"
    request = ImageGenerationRequest() if kind == "image" else read_film(path) or GenerationRequest()
    try:
        status = path.stat()
        sha256 = sha256_of(path)
    except OSError as error:
        logger.warning("%s is ignored: it cannot be read (%s)", path.name, error.strerror or error)
        return None
    return Record(
        hash=request_hash(request),
        take=1,
        backend="",
        request=request,
        written_at=datetime.fromtimestamp(status.st_mtime, UTC),
        state="taken",
        file=path.name,
        sha256=sha256,
    )
