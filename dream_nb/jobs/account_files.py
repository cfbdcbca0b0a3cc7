"""Local files for an API that stores files: each is uploaded once, and referred to by its id."""

from __future__ import annotations

from typing import Final

import anyio

from dream_nb.api.canonical import request_from
from dream_nb.api.luma import AsyncLuma
from dream_nb.api.luma_dialect import FILE_SCHEME
from dream_nb.api.request_models import Request
from dream_nb.backends.patience import Patience
from dream_nb.jobs.progress import Progress, Report
from dream_nb.media.formats import format_of
from dream_nb.requests.identity import data_bytes, upload_name
from dream_nb.requests.media import pictures_of, replace_media

# In characters of a `data:` URI. A smaller file is sent with its request, which takes one call instead of three.
_ALONG: Final = 250_000
# The newest files of the account that are listed. Older ones are uploaded again.
_MOST_LISTED: Final = 300


class AccountFiles:
    """Uploads the files of requests, which are embedded as `data:` URIs, to the account of a backend.

    Each file is named by its bytes (`upload_name`), so that files of any session are not uploaded again.

    Args:
        luma: the connection to the account.
        patience: the timeouts.
    """

    def __init__(self, luma: AsyncLuma, patience: Patience) -> None:
        self._luma = luma
        self._patience = patience
        # By name; None until the account has been listed.
        self._ids: dict[str, str] | None = None
        # Held during an upload: a sweep needs the same file many times at once.
        self._turn = anyio.Lock()

    async def replaced(self, request: Request, report: Report) -> Request:
        """Return a request in which each file that is too large to be embedded is replaced by the id of its upload.

        Args:
            request: the request.
            report: a function that is called with the progress of the uploads.

        Raises:
            InvalidRequestError: the server rejected a file, with a reason. The request was not sent.
            APIError: an upload failed. The request was not sent.
        """
        uris = [uri for uri in pictures_of(request.wire()) if len(uri) > _ALONG]
        if not uris:
            return request
        addresses = {uri: FILE_SCHEME + await self._id(data_bytes(uri), report) for uri in uris}
        return request_from(replace_media(request.wire(), lambda uri: addresses.get(uri, uri)))

    async def _id(self, data: bytes, report: Report) -> str:
        """The id of a file with these bytes, which is uploaded if the account does not have it."""
        found = format_of(data)
        name = upload_name(data) + (found.suffix if found else ".bin")
        async with self._turn:
            if self._ids is None:
                self._ids = await self._patience.retried(self._listed)
            if name not in self._ids:
                self._ids[name] = await self._upload(data, name, report)
            return self._ids[name]

    async def _listed(self) -> dict[str, str]:
        """The ids of the account's files by name."""
        found: dict[str, str] = {}
        async for file in self._luma.iter_files(state="ready"):
            if file.filename and len(found) < _MOST_LISTED:
                found.setdefault(file.filename, file.id)
            if len(found) == _MOST_LISTED:
                break
        return found

    async def _upload(self, data: bytes, name: str, report: Report) -> str:
        size = f"{len(data) / 1e6:.1f} MB"

        def tell(sent: int, whole: int) -> None:
            report(Progress("waiting", sent / whole, f"uploading a file of {size}"))

        file = await self._patience.retried(lambda: self._luma.upload_file(data, filename=name, progress=tell))
        report(Progress("waiting", note="uploaded: the server examines the file"))
        return (await self._luma.wait_for_file(file.id)).id
