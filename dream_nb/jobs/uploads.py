"""Local files for an API that requires URLs: uploads them to a place from which it can download them."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from typing import Final

import anyio.to_thread

from dream_nb.api.canonical import request_from
from dream_nb.api.errors import ConfigurationError, DreamError
from dream_nb.api.request_models import Request
from dream_nb.jobs.progress import Report
from dream_nb.media.formats import format_of
from dream_nb.requests.identity import data_bytes, upload_name
from dream_nb.requests.media import pictures_of, replace_media

Uploader = Callable[[bytes, str], str]
"""A function that stores bytes under a name where the API can download them, and returns their URL."""

_SIGNED_SECONDS: Final = 24 * 3600
# A reused link must last long enough for a request that waits in a queue.
_REUSED_SECONDS: Final = _SIGNED_SECONDS / 4
_HOW: Final = (
    "set DREAM_NB_UPLOADER to a folder that fsspec can open, such as s3://bucket/prefix (its signed link is sent), or "
    "pass Session(uploader=) a function that takes the bytes and a name, and returns a URL"
)


class Uploads:
    """Uploads the pictures of a request, which are embedded as `data:` URIs, so that the hosted API can download them.

    In the request hash, each picture counts as the sha256 of its bytes, whatever its URL.

    Args:
        uploader: a function, or an fsspec URL; by default `DREAM_NB_UPLOADER`; None if there is none.
    """

    def __init__(self, uploader: Uploader | str | None = None) -> None:
        # Held during an upload: a sweep needs the same picture many times at once.
        self._lock = threading.Lock()
        self._urls: dict[str, tuple[float, str]] = {}
        self.choose(uploader)

    def choose(self, uploader: Uploader | str | None) -> None:
        """Upload to another place from now on; None means `DREAM_NB_UPLOADER`."""
        self._uploader = uploader or os.environ.get("DREAM_NB_UPLOADER") or None
        with self._lock:
            self._urls.clear()

    def check(self, request: Request) -> None:
        """Raise an error if a picture has to be uploaded and no uploader is configured.

        Raises:
            ConfigurationError: no uploader is configured. Nothing was sent.
        """
        if self._uploader is None and pictures_of(request.wire()):
            raise ConfigurationError(f"the hosted API accepts only URLs, not files of this machine: {_HOW}")

    async def replaced(self, request: Request, _report: Report) -> Request:
        """Return the request with each picture replaced by a URL.

        Raises:
            ConfigurationError: no uploader is configured, or it does not support signed links.
            DreamError: the upload failed.
        """
        uris = pictures_of(request.wire())
        if not uris:
            return request
        self.check(request)
        return await anyio.to_thread.run_sync(self._replaced, request, uris)

    def _replaced(self, request: Request, uris: list[str]) -> Request:
        assert self._uploader is not None
        folder = self._uploader if isinstance(self._uploader, str) else ""
        upload = self._uploader if callable(self._uploader) else _fsspec_uploader(folder)
        urls = {uri: self._url(upload, uri, folder) for uri in uris}
        return request_from(replace_media(request.wire(), urls.__getitem__))

    def _url(self, upload: Uploader, uri: str, folder: str) -> str:
        """The URL of a picture, which is uploaded once, as long as its link is valid."""
        name = hashlib.sha256(uri.encode()).hexdigest()
        with self._lock:
            uploaded, url = self._urls.get(name, (-_REUSED_SECONDS, ""))
            if time.monotonic() - uploaded >= _REUSED_SECONDS:
                url = _upload(upload, uri, folder)
                self._urls[name] = time.monotonic(), url
            return url


def _upload(upload: Uploader, uri: str, folder: str) -> str:
    data = data_bytes(uri)
    found = format_of(data)
    name = upload_name(data) + (found.suffix if found else ".bin")
    try:
        url = upload(data, name)
    except DreamError:
        raise
    except Exception as error:
        reason = _without_password(next(iter(str(error).splitlines()), ""), folder)[:200]
        raise DreamError(
            f"the uploader failed ({type(error).__name__}: {reason}); nothing was sent: fix it, then run the cell again"
        ) from error
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise ConfigurationError(f"the uploader gave {url!r}, which is not an http URL; nothing was sent")
    return url


def _fsspec_uploader(folder: str) -> Uploader:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise ConfigurationError(
            f"uploads to {_shown(folder)} need fsspec: pip install 'dream_nb[uploads]', and the package of its file "
            "system"
        ) from None
    try:
        files, root = url_to_fs(folder)
    except Exception as error:  # noqa: BLE001 - whatever the file system raises: it may connect at once
        reason = _without_password(str(error), folder)
        raise ConfigurationError(f"the uploader {_shown(folder)} cannot be used: {reason}") from None

    def upload(data: bytes, name: str) -> str:
        path = f"{root.rstrip('/')}/{name}"
        # Files are named by their bytes, so an existing one is the same.
        if not files.exists(path):
            files.pipe_file(path, data)
        try:
            return str(files.sign(path, expiration=_SIGNED_SECONDS))
        except NotImplementedError:
            raise ConfigurationError(f"{_shown(folder)} does not support signed links: {_HOW}") from None

    return upload


def _shown(folder: str) -> str:
    """The address of an uploader, without a password."""
    scheme, _, rest = folder.partition("://")
    return repr(f"{scheme}://{rest.rpartition('@')[2]}" if rest else folder)


def _without_password(text: str, folder: str) -> str:
    user = folder.partition("://")[2].rpartition("@")[0]
    for secret in filter(None, (user, user.partition(":")[2])):
        text = text.replace(secret, "…")
    return text
