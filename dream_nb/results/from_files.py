"""Dreams of a folder of files, from wherever it comes."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import GenerationRequest, ImageGenerationRequest
from dream_nb.files import sha256_of
from dream_nb.library.folder import Folder
from dream_nb.library.inscriptions import read_film, read_inscription
from dream_nb.library.record import Record
from dream_nb.library.sidecars import read_sidecars
from dream_nb.place import find_place
from dream_nb.requests.identity import request_hash
from dream_nb.results.dream import Dream

logger = logging.getLogger("dream_nb.results")
_KINDS: Final = {".mp4": "video", ".jpg": "image", ".jpeg": "image", ".png": "image"}


def read_folder(folder: Path) -> list[Dream]:
    """The dreams of a folder, by name.

    Args:
        folder: the folder of the files.

    Raises:
        LibraryError: it is not a folder, or cannot be read.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _KINDS and _is_plain(path))
        told = {record.file: record for record in read_sidecars(folder, set())}
    except OSError as error:
        raise LibraryError(f"{str(folder)!r} is no folder that can be read ({error.strerror or error})") from error
    library, home = Folder(folder), find_place().output
    records = (told.get(path.name) or read_inscription(path) or _unknown(path) for path in files)
    return [Dream(record, library, home) for record in records if record is not None]


def _is_plain(path: Path) -> bool:
    """Whether it is a file of this folder, whose name can be written down."""
    try:
        path.name.encode()
    except UnicodeEncodeError:
        logger.warning("%r is ignored: its name is no text", path.name)
        return False
    if path.is_symlink():
        logger.warning("%s is ignored: it is a link", path.name)
        return False
    return path.is_file()


def _unknown(path: Path) -> Record | None:
    """A record for a file that does not say where it comes from; None where it cannot be read."""
    kind = _KINDS[path.suffix.lower()]
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
