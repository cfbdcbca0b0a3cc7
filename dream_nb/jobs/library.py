"""The files: a folder of finished dreams, named by what they are."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio.to_thread

from dream_nb.api.errors import LibraryError
from dream_nb.jobs.ledger import Ledger, Record

_MAX_SLUG: Final = 48
_MAX_FILE_BYTES: Final = 2 * 2**30
# Twelve digits are what a person sees; more are there for the day on which two requests share them.
_NAME_DIGITS: Final = (12, 24, 64)
_ARTICLES: Final = re.compile(r"^(?:a|an|the)-(?=.)")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the library: its name inside the folder, and the sha256 of its bytes."""

    name: str
    sha256: str


class Library:
    """A folder of finished files, and the ledger of the requests they came from.

    Args:
        folder: made where it is missing.

    Raises:
        LibraryError: the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()
            self.ledger = Ledger(self.folder / "ledger.sqlite")
        except (OSError, ValueError) as error:
            raise LibraryError(
                f"the library folder {str(folder)!r} cannot be written ({_plain(error)}): "
                "choose another with DREAM_NB_LIBRARY or Session(library=…)"
            ) from error

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def path(self, record: Record) -> Path | None:
        """The finished file of a record, or None where there is none (any more)."""
        if record.file is None:
            return None
        path = self.folder / record.file
        # A ledger may come with a repository: it may only name plain files of its own folder.
        is_own = path.parent == self.folder and not path.is_symlink() and path.is_file()
        return path if is_own else None

    async def store(self, record: Record, suffix: str, parts: AsyncIterator[bytes]) -> StoredFile:
        """Write a finished file: under a temporary name, checked, then renamed in one step.

        Args:
            record: the request that it belongs to; names the file.
            suffix: ".mp4", ".jpg" or ".png".
            parts: its bytes.

        Raises:
            LibraryError: it cannot be written, or is not a picture or video that can be decoded.
        """
        partial = self.folder / f"{secrets.token_hex(8)}{suffix}.part"
        digest = hashlib.sha256()
        size = 0
        try:
            with partial.open("xb") as file:
                async for part in parts:
                    size += len(part)
                    if size > _MAX_FILE_BYTES:
                        raise LibraryError(f"the file is larger than {_MAX_FILE_BYTES // 2**30} GB: not kept")
                    digest.update(part)
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            await anyio.to_thread.run_sync(_check, partial, suffix)
            name = self._claim(partial, record, suffix, digest.hexdigest())
            return StoredFile(name, digest.hexdigest())
        except OSError as error:
            raise LibraryError(
                f"the library folder {str(self.folder)!r} cannot be written ({_plain(error)}): "
                "make room or choose another, then run it again"
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    def _claim(self, partial: Path, record: Record, suffix: str, sha256: str) -> str:
        """Give the file its final name. A file of another request is never replaced."""
        identity = hashlib.sha256(f"{record.hash}:{record.take}".encode()).hexdigest()
        for digits in _NAME_DIGITS:
            name = f"{slug(record.request.prompt or '')}-{identity[:digits]}{suffix}"
            path = self.folder / name
            if not path.exists() or name == record.file or _sha256(path) == sha256:
                partial.replace(path)
                return name
        raise LibraryError(f"{name!r} exists and is another file: move it away, then run it again")


def slug(prompt: str) -> str:
    """The prompt as the readable part of a file's name: ASCII letters and digits, safe on every system."""
    ascii_only = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")
    words = _ARTICLES.sub("", words)
    if len(words) > _MAX_SLUG:
        words = words[: _MAX_SLUG + 1].rpartition("-")[0] or words[:_MAX_SLUG]
    return words or "dream"


def _check(path: Path, suffix: str) -> None:
    """Raise a LibraryError where the file does not decode."""
    try:
        if suffix == ".mp4":
            import av

            with av.open(str(path)) as container:
                next(container.decode(video=0))
        else:
            from PIL import Image

            with Image.open(path) as image:
                image.load()
    except Exception as error:
        raise LibraryError(f"what was downloaded does not decode ({type(error).__name__}): run it again") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()
