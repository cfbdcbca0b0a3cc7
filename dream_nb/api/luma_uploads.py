"""Files as bodies of requests: in parts, with progress, and as multipart forms."""

from __future__ import annotations

import mimetypes
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Final

import anyio.to_thread

from dream_nb.api.connection import Content
from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.luma_limits import MAX_FILE_BYTES

Progress = Callable[[int, int], None]
"""A function that is called with the number of bytes sent so far and the total number."""

_PART: Final = 2**20
# As browsers escape the names of files in forms.
_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class Upload:
    """A file to upload. Its size is known before it is read, and it is never loaded into memory as a whole.

    Args:
        file: the bytes of the file, or its path.
        mime_type: the MIME type of the file; by default it is derived from the suffix of its name.
        filename: the name of the file; by default that of the path.
        progress: a function that is called with the progress.

    Raises:
        InvalidRequestError: it is empty, too large, or cannot be read, or its type is unknown.
    """

    def __init__(
        self,
        file: bytes | str | os.PathLike[str],
        mime_type: str | None = None,
        filename: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._file = file if isinstance(file, bytes) else Path(file)
        self._progress = progress
        self.filename = filename or (self._file.name if isinstance(self._file, Path) else None)
        shown = repr(self.filename) if self.filename else "the file"
        try:
            self.size = len(self._file) if isinstance(self._file, bytes) else self._file.stat().st_size
        except OSError as error:
            raise InvalidRequestError(f"{shown} cannot be read: {error.strerror}", field="file") from None
        if not 0 < self.size <= MAX_FILE_BYTES:
            problem = (
                "is empty" if not self.size else f"has {self.size:,} bytes; at most {MAX_FILE_BYTES:,} are allowed"
            )
            raise InvalidRequestError(f"{shown} {problem}", field="file")
        told = mime_type or mimetypes.guess_type(self.filename or "")[0]
        if told is None:
            raise InvalidRequestError(f"the type of {shown} is unknown: pass its mime_type", field="mime_type")
        self.mime_type = told

    def plain(self, headers: Mapping[str, str]) -> Content:
        """Return the file as the whole body of a request.

        Args:
            headers: additional header fields.
        """
        return Content(self._parts(), self.size, headers)

    def form(self, fields: Mapping[str, str]) -> Content:
        """Return the file as the part `file` of a multipart form.

        Args:
            fields: the other parts, by name.
        """
        boundary = secrets.token_hex(16)
        name = (self.filename or "file").translate(_ESCAPES)
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in fields.items()
        )
        head += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {self.mime_type}\r\n\r\n"
        )
        before, after = head.encode(), f"\r\n--{boundary}--\r\n".encode()
        size = len(before) + self.size + len(after)
        return Content(
            self._between(before, after), size, {"content-type": f"multipart/form-data; boundary={boundary}"}
        )

    async def _between(self, before: bytes, after: bytes) -> AsyncIterator[bytes]:
        yield before
        async for part in self._parts():
            yield part
        yield after

    async def _parts(self) -> AsyncIterator[bytes]:
        sent = 0
        async for part in _of_bytes(self._file) if isinstance(self._file, bytes) else _of_path(self._file):
            yield part
            # The next part is requested, so this one has been sent.
            sent += len(part)
            if self._progress is not None:
                self._progress(sent, self.size)


async def _of_bytes(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _PART):
        yield data[start : start + _PART]


async def _of_path(path: Path) -> AsyncIterator[bytes]:
    # Opened again for each part, so that an abandoned call leaves nothing open.
    start = 0
    while part := await anyio.to_thread.run_sync(_read, path, start):
        yield part
        start += len(part)


def _read(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(_PART)
