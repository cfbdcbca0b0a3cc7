"""The operations of the Luma API of 2026, under its own names."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import anyio
import httpx2
from pydantic import SecretStr, ValidationError
from pydantic_core import from_json

from dream_nb.api.connection import DEADLINE_SECONDS, Connection, Content, hidden
from dream_nb.api.errors import APIError, APITimeoutError, InvalidRequestError, UnreadableAnswerError
from dream_nb.api.hosted_apis import LUMA
from dream_nb.api.luma_limits import PURPOSES
from dream_nb.api.luma_models import FILE_STATES, CreatedFile, FilePage, LumaFile, LumaGeneration, PresignedUpload
from dream_nb.api.luma_pages import Cursors
from dream_nb.api.luma_requests import FileRequest, LumaRequest
from dream_nb.api.luma_uploads import Progress, Upload
from dream_nb.api.retry import Backoff, is_passing, says_not_taken, was_refused

INLINE_BYTES: Final = 5 * 2**20
"""The largest size of a file, in bytes, that is sent within the request.

The server's own limit is not published. If the server refuses the file, it is uploaded to an address instead.
"""
MAX_PAGE: Final = 100
READY_SECONDS: Final = 300.0
"""The longest time to wait until a file is ready, in seconds, by default."""

_MAX_REQUEST_ID: Final = 128
_TOO_LARGE: Final = 413
_FIRST_LOOK_SECONDS: Final = 0.5
_ADVICE: Final[Mapping[int, str]] = {
    401: "Check the key of the Luma API: LUMA_AGENTS_API_KEY, or api_key=",
    402: "Add funds to the account, then send it again",
    403: "Check that the account is active and allows this, and check its key: LUMA_AGENTS_API_KEY, or api_key=",
    413: "Use a smaller file, or upload it with upload_file and pass its file_id",
}
# Headers that are not sent on to an upload address: they belong to the connection, or to the API's origin only.
_NOT_FOREIGN: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "authorization", "cookie", "proxy-authorization"}
)
T = TypeVar("T")
File = bytes | str | os.PathLike[str]


class AsyncLuma:
    """A client of the Luma API: the hosted API, or any other server with the same API.

    A client belongs to one event loop. Every operation sends one request, once, and raises an `APIError` if it fails.
    The logger `dream_nb.api` logs requests at level DEBUG, without keys and pictures, and with shortened texts.

    Args:
        api_key: the bearer key. By default `LUMA_AGENTS_API_KEY`, which belongs to the origin of `LUMA_BASE_URL` (or of
            the hosted API) and is never sent to another origin.
        base_url: the address of the server. By default `LUMA_BASE_URL`, or else the hosted API.
        timeout: the seconds allowed for connecting, and for each read and write, or an `httpx2.Timeout` that sets each.
            By default 30, or the timeout of `http_client`.
        deadline: the seconds allowed for a whole call, including reading its answer; None sets no limit. Uploads have
            no deadline.
        http_client: your own `httpx2.AsyncClient`, for another proxy, certificates or transport; you must close it.
            Files that have to be uploaded to another address are also sent through it, without the key.

    Attributes:
        base_url: the address of the server.

    Raises:
        ConfigurationError: there is no key for this address, or it is plain http to another machine.
    """

    def __init__(
        self,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx2.Timeout | None = None,
        deadline: float | None = DEADLINE_SECONDS,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        key, api_key = hidden(api_key), None
        self._connection = Connection(
            key, base_url, timeout=timeout, deadline=deadline, http_client=http_client, api=LUMA
        )
        self.base_url = self._connection.base_url

    def __repr__(self) -> str:
        # A traceback with variables also shows a client whose creation failed, which has no address.
        return f"{type(self).__name__}({getattr(self, 'base_url', '')!r})"

    @property
    def clock_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of this machine's, by its last answer; None if no answer had a time."""
        return self._connection.clock_ahead

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connection.aclose()

    async def create_generation(
        self, request: LumaRequest, *, request_id: str | None = None, headers: Mapping[str, str] | None = None
    ) -> LumaGeneration:
        """`POST /generations`: request an image, a video, an edit or layers. It is sent once and never retried.

        The API cannot list generations: if the answer is lost, only the provider's support can find out the outcome of
        the request. The error then includes the `X-Request-Id` to quote.

        Args:
            request: the request.
            request_id: the `X-Request-Id` to send, for tracing; by default a new one. It does not prevent a request
                from being made twice.
            headers: additional headers for this call.

        Returns:
            The queued generation.

        Raises:
            InvalidRequestError: `request_id` is not valid. Nothing was sent.
            APIError: the request was refused, or its outcome is unknown: `reached` says whether the server may have
                accepted it.
        """
        name = _checked_id(request_id or str(uuid.uuid4()))
        further = {**(headers or {}), "X-Request-Id": name}
        return await self._ask(
            "create_generation", LumaGeneration.from_answer, "POST", "/generations", request.wire(), further, told=name
        )

    async def get_generation(self, id: str) -> LumaGeneration:  # noqa: A002 - the API's name
        """`GET /generations/{id}`: return a generation, with fresh addresses of its files.

        Args:
            id: the id of the generation.

        Raises:
            NotFoundError: no generation has this id, or it belongs to another key.
            APIError: the call failed for another reason.
        """
        path = f"/generations/{_part(id, 'generation')}"
        return await self._ask("get_generation", LumaGeneration.from_answer, "GET", path)

    async def create_file(self, request: FileRequest) -> CreatedFile:
        """`POST /files`: announce a file, and get an address to upload it to; see `put_file` and `complete_file`.

        Args:
            request: the description of the file.

        Returns:
            The file, which is pending, and the address for its bytes.

        Raises:
            APIError: the call failed.
        """
        return await self._ask("create_file", CreatedFile.from_answer, "POST", "/files", request.wire())

    async def send_file(
        self,
        file: File,
        *,
        mime_type: str | None = None,
        filename: str | None = None,
        purpose: str | None = None,
        expires_at: datetime | None = None,
        user_id: str | None = None,
        progress: Progress | None = None,
    ) -> LumaFile:
        """`POST /files`: upload a small file within the request. The server refuses larger ones (413).

        Args:
            file: the bytes of the file, or its path.
            mime_type: the MIME type of the file; by default it is derived from the suffix of its name.
            filename: the name of the file; by default that of the path.
            purpose: "input" if the file will be edited, "reference" if it will guide.
            expires_at: the time from which the provider may delete the file.
            user_id: your own name for the user on whose behalf you ask; the provider stores it.
            progress: a function that is called with the number of bytes sent so far and the total number.

        Returns:
            The file, which is pending.

        Raises:
            InvalidRequestError: the file cannot be read, or an argument is not valid. Nothing was sent.
            APIError: the call failed.
        """
        upload = Upload(file, mime_type, filename, progress)
        return await self._send_inline(upload, _announced(upload, purpose, expires_at, user_id))

    async def put_file(self, upload: PresignedUpload, file: File, *, progress: Progress | None = None) -> None:
        """Upload the bytes of a file to the address that `create_file` returned, without the key.

        Args:
            upload: the address that the file is sent to, and its headers.
            file: the bytes of the file, or its path.
            progress: a function that is called with the number of bytes sent so far and the total number.

        Raises:
            InvalidRequestError: the file cannot be read. Nothing was sent.
            APIError: the file was not stored. It is safe to upload it again.
        """
        # The content type was given when the file was announced, and is one of the headers to send.
        await self._put(upload, Upload(file, "application/octet-stream", None, progress))

    async def complete_file(self, id: str) -> LumaFile:  # noqa: A002 - the API's name
        """`POST /files/{id}/complete`: report that the bytes of a file were uploaded. The server then examines it.

        Args:
            id: the id of the file.

        Returns:
            The file, which is pending until it has been examined.

        Raises:
            APIError: the call failed, for example because no bytes were uploaded.
        """
        path = f"/files/{_part(id, 'file')}/complete"
        return await self._ask("complete_file", LumaFile.from_answer, "POST", path)

    async def upload_file(
        self,
        file: File,
        *,
        mime_type: str | None = None,
        filename: str | None = None,
        purpose: str | None = None,
        expires_at: datetime | None = None,
        user_id: str | None = None,
        progress: Progress | None = None,
    ) -> LumaFile:
        """Upload a file in the way that suits its size. Small files use `send_file`, larger ones three separate steps.

        Args:
            file: the bytes of the file, or its path. A large file is never loaded into memory as a whole.
            mime_type: the MIME type of the file; by default it is derived from the suffix of its name.
            filename: the name of the file; by default that of the path.
            purpose: "input" if the file will be edited, "reference" if it will guide.
            expires_at: the time from which the provider may delete the file.
            user_id: your own name for the user on whose behalf you ask; the provider stores it.
            progress: a function that is called with the number of bytes sent so far and the total number.

        Returns:
            The file, which is pending; see `wait_for_file`.

        Raises:
            InvalidRequestError: the file cannot be read, or an argument is not valid. Nothing was sent.
            UnreadableAnswerError: the server gave no address to upload the file to.
            APIError: a call failed. Uploads are free, so it can be tried again.
        """
        upload = Upload(file, mime_type, filename, progress)
        request = _announced(upload, purpose, expires_at, user_id)
        if upload.size <= INLINE_BYTES:
            try:
                return await self._send_inline(upload, request)
            except APIError as error:
                if error.status != _TOO_LARGE:
                    raise
        created = await self.create_file(request)
        if created.upload is None:
            raise UnreadableAnswerError("create_file", "the answer has no upload address")
        await self._put(created.upload, upload)
        return await self.complete_file(created.file.id)

    async def get_file(self, id: str) -> LumaFile:  # noqa: A002 - the API's name
        """`GET /files/{id}`: return a file.

        Args:
            id: the id of the file.

        Raises:
            NotFoundError: no file has this id, or it belongs to another key.
            APIError: the call failed for another reason.
        """
        return await self._ask("get_file", LumaFile.from_answer, "GET", f"/files/{_part(id, 'file')}")

    async def wait_for_file(self, id: str, *, seconds: float = READY_SECONDS) -> LumaFile:  # noqa: A002
        """Poll a file until it is ready to be referred to. Temporary failures are retried.

        Args:
            id: the id of the file.
            seconds: the longest wait in seconds.

        Returns:
            The file, which is ready.

        Raises:
            InvalidRequestError: the server rejected the file, with a reason, or the file was deleted.
            APITimeoutError: the file was not ready in time.
            APIError: the call failed permanently.
        """
        backoff, end = Backoff(_FIRST_LOOK_SECONDS), anyio.current_time() + seconds
        while True:
            failure: APIError | None = None
            try:
                file = await self.get_file(id)
            except APIError as error:
                if not is_passing(error):
                    raise
                failure = error
            else:
                if file.state == "ready":
                    return file
                if file.is_final:
                    raise InvalidRequestError(_unusable(file), field="file")
            pause = backoff.pause(failure)
            if anyio.current_time() + pause > end:
                break
            await anyio.sleep(pause)
        if failure is not None:
            raise failure
        raise APITimeoutError(
            "wait_for_file",
            f"file {id} is still pending after {seconds:g} seconds",
            advice="Wait for it again, or upload it again",
        )

    async def list_files(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        purpose: str | None = None,
        state: str | None = None,
    ) -> FilePage:
        """`GET /files`: return one page of the account's files, newest first.

        Args:
            cursor: the `next_cursor` of the page before, or None for the first page.
            limit: the largest number of files to return, 1 to 100; by default the server's 25.
            purpose: the purpose of the files to return, "input" or "reference"; None returns both.
            state: the state of the files to return, "pending", "ready", "failed" or "deleted"; None returns all.

        Raises:
            InvalidRequestError: an argument is not valid. Nothing was sent.
            APIError: the call failed.
        """
        if limit is not None and not 1 <= limit <= MAX_PAGE:
            raise InvalidRequestError(f"limit must be 1 to {MAX_PAGE}, not {limit}", field="limit")
        for name, value, known in (("purpose", purpose, PURPOSES), ("state", state, FILE_STATES)):
            if value is not None and value not in known:
                raise InvalidRequestError(f"{name} {value!r} is not one of {', '.join(known)}", field=name)
        given = {"cursor": cursor, "limit": limit, "purpose": purpose, "state": state}
        params = {name: value for name, value in given.items() if value is not None}
        return await self._ask("list_files", FilePage.from_answer, "GET", "/files", params=params)

    async def iter_files(
        self, *, purpose: str | None = None, state: str | None = None, page: int = MAX_PAGE
    ) -> AsyncIterator[LumaFile]:
        """Iterate over all files of the account, newest first. Pages are requested as needed.

        Args:
            purpose: the purpose of the files to return; None returns all.
            state: the state of the files to return; None returns all.
            page: the largest number of files per call, 1 to 100.
        """
        cursors = Cursors()
        while cursors.goes_on:
            found = await self.list_files(cursor=cursors.next, limit=page, purpose=purpose, state=state)
            for file in cursors.of(found):
                yield file

    async def delete_file(self, id: str) -> None:  # noqa: A002 - the API's name
        """`DELETE /files/{id}`: delete a file. Generations that were made from it are kept.

        Args:
            id: the id of the file.

        Raises:
            NotFoundError: no file has this id, or it belongs to another key.
            APIError: the call failed for another reason.
        """
        await self._ask("delete_file", _nothing, "DELETE", f"/files/{_part(id, 'file')}")

    async def _send_inline(self, upload: Upload, request: FileRequest) -> LumaFile:
        further = request.model_dump(mode="json", exclude_none=True, include={"purpose", "expires_at", "user_id"})
        created = await self._ask("create_file", CreatedFile.from_answer, "POST", "/files", upload.form(further))
        return created.file

    async def _put(self, upload: PresignedUpload, file: Upload) -> None:
        if upload.method.upper() != "PUT":
            raise UnreadableAnswerError("put_file", f"the file must be sent with {upload.method[:20]}, not PUT")
        headers = {name.lower(): value for name, value in (upload.headers or {}).items()}
        own = {name: value for name, value in headers.items() if name not in _NOT_FOREIGN}
        await self._connection.put("put_file", upload.url, file.plain(own))

    async def _ask(
        self,
        operation: str,
        read: Callable[[bytes], T],
        method: str,
        path: str,
        body: Mapping[str, Any] | Content | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        params: Mapping[str, str | int] | None = None,
        told: str | None = None,
    ) -> T:
        """Make one call; see `Connection.ask`. `told` is the `X-Request-Id` of a call that is billed."""
        try:
            return await self._connection.ask(operation, read, method, path, body=body, headers=headers, params=params)
        except APIError as error:
            failed = _advised(error, told)
        # Raise it here, so that nothing leads from the error to the objects below.
        raise failed


def _advised(error: APIError, told: str | None) -> APIError:
    """Return an error with the advice of this API.

    Args:
        error: the error.
        told: the `X-Request-Id` of a call that is billed, or None.
    """
    if told is not None:
        error.request_id = error.request_id or told
        if error.reached and not was_refused(error) and not says_not_taken(error):
            return error.advising(
                "It may have been made and billed, and this API cannot list generations: do not send it again "
                f"before its support has told you the outcome of X-Request-Id {told}"
            )
    advice = _ADVICE.get(error.status or 0)
    return error if advice is None else error.advising(advice)


def _announced(upload: Upload, purpose: str | None, expires_at: datetime | None, user_id: str | None) -> FileRequest:
    try:
        return FileRequest(
            mime_type=upload.mime_type,
            size_bytes=upload.size,
            filename=upload.filename,
            purpose=purpose,
            expires_at=expires_at,
            user_id=user_id,
        )
    except ValidationError as error:
        raise InvalidRequestError.reading(error) from None


def _unusable(file: LumaFile) -> str:
    shown = repr(file.filename) if file.filename else f"file {file.id}"
    if file.state == "deleted":
        return f"{shown} was deleted on the server: upload it again"
    reason = (file.failure_reason or "no reason given").rstrip(".")
    return f"the server rejected {shown}: {reason}. Use another file"


def _checked_id(request_id: str) -> str:
    if not (request_id.isascii() and request_id.isprintable() and 0 < len(request_id.strip()) <= _MAX_REQUEST_ID):
        raise InvalidRequestError(
            f"request_id must be 1 to {_MAX_REQUEST_ID} printable ASCII characters", field="request_id"
        )
    return request_id.strip()


def _part(id: str, what: str) -> str:  # noqa: A002 - the API's name
    if id in {"", ".", ".."}:
        raise InvalidRequestError(f"{id!r} is not the id of a {what}", field="id")
    return quote(id, safe="")


def _nothing(body: bytes) -> None:
    # The API answers 204. An error page of a proxy does not prove that anything was deleted.
    if body:
        from_json(body)
