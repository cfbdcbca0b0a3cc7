"""The first preview of a generation that is being made, if its server shows one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import httpx2

from dream_nb.api.models import Generation

# The limit for a small picture: larger ones are not read.
_MOST_BYTES: Final = 2**20
_JPEG: Final = b"\xff\xd8\xff"


class FirstPicture:
    """Downloads the first preview of one generation, once. Errors are ignored, because nothing else depends on it.

    Args:
        files: the client, which never carries a key.
        show: a function that is called with the picture, a JPEG, on the event loop's thread.
    """

    def __init__(self, files: httpx2.AsyncClient, show: Callable[[bytes], None]) -> None:
        self._files = files
        self._show = show
        self._task: asyncio.Task[None] | None = None

    def look(self, seen: Generation) -> None:
        """Download the preview, if the server offers one now and none was downloaded before."""
        url = (seen.assets.model_extra or {}).get("thumbnail") if seen.assets else None
        if self._task is None and isinstance(url, str):
            self._task = asyncio.create_task(self._fetch(url))

    def close(self) -> None:
        """Stop downloading."""
        if self._task is not None:
            self._task.cancel()

    async def _fetch(self, url: str) -> None:
        picture = bytearray()
        with contextlib.suppress(httpx2.HTTPError, httpx2.InvalidURL, UnicodeError):
            async with self._files.stream("GET", url) as answer:
                if not answer.is_success:
                    return
                async for part in answer.aiter_bytes():
                    picture += part
                    if len(picture) > _MOST_BYTES:
                        return
            if picture.startswith(_JPEG):
                self._show(bytes(picture))
