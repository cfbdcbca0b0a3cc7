"""The first picture of what is being made, where its server shows one before it is done."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import httpx2

from dream_nb.api.models import Generation

# A small picture: of more, nothing is read.
_MOST_BYTES: Final = 2**20
_JPEG: Final = b"\xff\xd8\xff"


class FirstPicture:
    """Fetches the first picture of one generation, once. Errors are ignored: nothing else depends on it.

    Args:
        files: a client that never carries a key.
        show: is given the picture, a JPEG, on the event loop's thread.
    """

    def __init__(self, files: httpx2.AsyncClient, show: Callable[[bytes], None]) -> None:
        self._files = files
        self._show = show
        self._task: asyncio.Task[None] | None = None

    def look(self, seen: Generation) -> None:
        """Fetch it, where the server names one now and none was fetched before."""
        url = (seen.assets.model_extra or {}).get("thumbnail") if seen.assets else None
        if self._task is None and isinstance(url, str):
            self._task = asyncio.create_task(self._fetch(url))

    def close(self) -> None:
        """Fetch no more."""
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
