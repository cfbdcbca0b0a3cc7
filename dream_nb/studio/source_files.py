"""The pictures and videos that requests refer to: downloaded, or found among the studio's own files."""

from __future__ import annotations

import asyncio
import re
from typing import Final

import httpx2

from dream_nb.studio.answers import LUMA_PREFIX, PREFIX
from dream_nb.studio.assets import ASSET_NAME, AssetFiles
from dream_nb.studio.fetch import Fetcher, FetchError
from dream_nb.studio.luma_answers import is_current
from dream_nb.studio.luma_files import UploadedFiles
from dream_nb.studio.record import StoredGeneration
from dream_nb.studio.render import UNREADABLE, RenderError
from dream_nb.studio.store import Store

_ASSET_URL: Final = re.compile(
    rf"(?i:https?)://[^/?#]*({PREFIX}|{LUMA_PREFIX})/assets/({ASSET_NAME.pattern})(?:[?#].*)?"
)


def made_at(store: Store, account: str, url: str) -> StoredGeneration | None:
    """Return the generation of an account whose file has the given address, or None.

    Args:
        store: the store of the generations.
        account: the account that the generation must belong to.
        url: the address.
    """
    own = _ASSET_URL.fullmatch(url)
    return store.find_made(own[2], account) if own else None


class SourceFiles:
    """Reads the files that a request refers to, as bytes.

    Args:
        store: the store of the generations.
        uploads: the store of uploaded files.
        assets: the folder of the files of both.
        fetcher: downloads files from elsewhere.
    """

    def __init__(self, store: Store, uploads: UploadedFiles, assets: AssetFiles, fetcher: Fetcher) -> None:
        self._store = store
        self._uploads = uploads
        self._assets = assets
        self._fetcher = fetcher

    async def at(self, record: StoredGeneration, field: str, url: str, kind: str) -> bytes:
        """Return the file at an address.

        Args:
            record: the generation whose request contains the address.
            field: the field of the request.
            url: the address.
            kind: the kind of file: "image" or "video".

        Raises:
            RenderError: it cannot be downloaded.
        """
        own = _ASSET_URL.fullmatch(url)
        if own and (data := await self.read(own[2])) is not None:
            # A file of this studio, by whatever host it is addressed. Whoever knows its name may read it.
            if own[1] == LUMA_PREFIX and not is_current(own[2], httpx2.URL(url).params):
                raise RenderError(f"{UNREADABLE}: {field}: the address has expired")
            return data
        if own and url.partition("?")[0].startswith(f"{record.base_url}/assets/"):
            raise RenderError(f"{UNREADABLE}: {field}: the file of this generation is gone")
        if url[:5].lower() != "data:" and not record.is_sealed():
            # The download would reveal to whoever wrote the row who opens the library, and when.
            raise RenderError(f"{UNREADABLE}: {field}: this generation was not asked for here, so nothing is fetched")
        try:
            return await (self._fetcher.picture(url) if kind == "image" else self._fetcher.video(url))
        except FetchError as error:
            raise RenderError(f"{UNREADABLE}: {field}: {error}") from None

    async def made(self, uid: str, account: str) -> tuple[StoredGeneration, bytes]:
        """Return an earlier generation and its file.

        Args:
            uid: the id of the generation.
            account: the account that it must belong to.

        Raises:
            RenderError: the generation or its file does not exist.
        """
        earlier = self._store.find(uid, account)
        if earlier is None:
            raise RenderError(f"{UNREADABLE}: generation {uid} was deleted")
        data = await self.read(earlier.asset)
        if data is None:
            raise RenderError(f"{UNREADABLE}: the file of generation {uid} is gone")
        return earlier, data

    async def uploaded(self, uid: str, account: str) -> bytes:
        """Return an uploaded file.

        Args:
            uid: the id of the file.
            account: the account that it must belong to.

        Raises:
            RenderError: the file does not exist, or cannot be used.
        """
        file = self._uploads.find(uid, account)
        data = await self.read(file.asset) if file is not None and file.state == "ready" else None
        if data is None:
            raise RenderError(f"{UNREADABLE}: file {uid} is gone")
        return data

    async def read(self, name: str) -> bytes | None:
        """Return a file of the studio by its name, or None if it cannot be read."""
        try:
            return await asyncio.to_thread(self._assets.read, name)
        except OSError:
            return None
