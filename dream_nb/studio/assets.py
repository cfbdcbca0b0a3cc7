"""The files of a studio, both results and uploads, under names that cannot be guessed."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from dream_nb.files import replacing

ASSET_NAME: Final = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{2,4}")
TYPES: Final = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "exr": "image/x-exr",
    "bin": "application/octet-stream",
}
_RANGE: Final = re.compile(r"\s*bytes\s*=\s*(\d+-\d*|-\d+)(\s*,\s*(\d+-\d*|-\d+))*\s*", re.IGNORECASE)
_STALE_SECONDS: Final = 600
# Several times the largest file that the studio makes.
_LARGEST: Final = 256 * 2**20
_READ: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def new_name(suffix: str) -> str:
    """Return a name of 128 random bits. Whoever knows it may read the file, without a key."""
    return f"{secrets.token_hex(16)}.{suffix}"


def thumbnail_of(asset: str) -> str:
    """Return the name of the frame that is shown while an asset is drawn. Any studio can derive it."""
    # Not .jpg, the suffix of images: an image and its thumbnail would share a name.
    return f"{asset.partition('.')[0]}.jpeg"


class AssetFiles:
    """The folder of the files. A file under its final name is complete, and never changes.

    Args:
        folder: the path of the folder, which is created if missing. Stale partial files of killed studios are removed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        for part in folder.glob("*.part"):
            with contextlib.suppress(OSError):
                if part.stat().st_mtime < time.time() - _STALE_SECONDS:
                    part.unlink()

    def write(self, name: str, data: bytes) -> None:
        """Write a file atomically: under a temporary name, flushed to the disk, then renamed."""
        with replacing(self.place(name)) as partial, partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def read(self, name: str) -> bytes:
        """Return the bytes of a file. Raises OSError if it is missing, not a plain file, or too large."""
        with os.fdopen(os.open(self.place(name), _READ), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
                raise OSError(f"{name} is not a file of a studio")
            return file.read(_LARGEST)

    def remove(self, *names: str) -> None:
        """Remove files; missing ones are ignored."""
        for name in filter(ASSET_NAME.fullmatch, names):
            self.place(name).unlink(missing_ok=True)

    def place(self, name: str) -> Path:
        """Return the path of a file, whether or not it exists. Raises FileNotFoundError if the name is not valid.

        Names are checked because a database may come with a repository, and may contain any name.
        """
        if not ASSET_NAME.fullmatch(name):
            raise FileNotFoundError(name)
        return self.folder / name

    def response(self, name: str, request: Request) -> Response | None:
        """Return the answer to a GET or HEAD of a file, with ranges, validators and type; None if the file is missing.

        Because a file never changes, its name is a strong ETag.
        """
        path = self.folder / name
        if not ASSET_NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
            return None
        stem, _, suffix = name.partition(".")
        kind = TYPES.get(suffix, TYPES["bin"])
        headers = {
            "etag": f'"{stem}"',
            "cache-control": "private, max-age=31536000, immutable",
            "x-content-type-options": "nosniff",
        }
        if _matches(request.headers.get("if-none-match"), headers["etag"]):
            return Response(status_code=304, headers=headers)
        if name == thumbnail_of(name):
            # Read at once, because it is removed when its drawing is done, which may be before the answer is sent.
            try:
                return Response(self.read(name), headers=headers, media_type=kind)
            except OSError:
                return None
        return _Asset(path, headers=headers, media_type=kind)


def _matches(condition: str | None, etag: str) -> bool:
    if condition is None:
        return False
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in condition.split(","))


class _Asset(FileResponse):
    """A response with a file. It ignores Range headers that are not understood, as HTTP requires."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        def understood(header: tuple[bytes, bytes]) -> bool:
            return header[0] != b"range" or _RANGE.fullmatch(header[1].decode("latin-1")) is not None

        await super().__call__({**scope, "headers": list(filter(understood, scope["headers"]))}, receive, send)
