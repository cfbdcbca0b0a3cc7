"""The synchronous client of the Luma API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

import httpx2
from pydantic import SecretStr

from dream_nb.api.blocking_client import BlockingClient
from dream_nb.api.connection import DEADLINE_SECONDS, hidden
from dream_nb.api.luma import MAX_PAGE, READY_SECONDS, AsyncLuma, File
from dream_nb.api.luma_models import CreatedFile, FilePage, LumaFile, LumaGeneration, PresignedUpload
from dream_nb.api.luma_pages import Cursors
from dream_nb.api.luma_requests import FileRequest, LumaRequest
from dream_nb.api.luma_uploads import Progress
from dream_nb.api.portal import portal


class Luma(BlockingClient[AsyncLuma]):
    """The synchronous version of `AsyncLuma`. It works inside a notebook's running loop and from any thread.

    An interrupt ends the call at once. The server may have accepted, and billed, a create that was interrupted.

    Args:
        api_key: the bearer key, as for `AsyncLuma`.
        base_url: the address of the server, as for `AsyncLuma`.
        timeout: the seconds allowed for each step of a call, as for `AsyncLuma`.
        deadline: the seconds allowed for a whole call, as for `AsyncLuma`.
        http_client: your own `httpx2.AsyncClient`, which must be used by no other event loop than the background loop.

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
        super().__init__(partial(AsyncLuma, key, timeout=timeout, deadline=deadline), base_url, http_client)

    def create_generation(
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
        return portal.call(partial(self._client.create_generation, request, request_id=request_id, headers=headers))

    def get_generation(self, id: str) -> LumaGeneration:  # noqa: A002 - the API's name
        """`GET /generations/{id}`: return a generation, with fresh addresses of its files.

        Args:
            id: the id of the generation.

        Raises:
            NotFoundError: no generation has this id, or it belongs to another key.
            APIError: the call failed for another reason.
        """
        return portal.call(self._client.get_generation, id)

    def create_file(self, request: FileRequest) -> CreatedFile:
        """`POST /files`: announce a file, and get an address to upload it to; see `put_file` and `complete_file`.

        Args:
            request: the description of the file.

        Returns:
            The file, which is pending, and the address for its bytes.

        Raises:
            APIError: the call failed.
        """
        return portal.call(self._client.create_file, request)

    def send_file(
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
        return portal.call(
            partial(
                self._client.send_file,
                file,
                mime_type=mime_type,
                filename=filename,
                purpose=purpose,
                expires_at=expires_at,
                user_id=user_id,
                progress=progress,
            )
        )

    def put_file(self, upload: PresignedUpload, file: File, *, progress: Progress | None = None) -> None:
        """Upload the bytes of a file to the address that `create_file` returned, without the key.

        Args:
            upload: the address that the file is sent to, and its headers.
            file: the bytes of the file, or its path.
            progress: a function that is called with the number of bytes sent so far and the total number.

        Raises:
            InvalidRequestError: the file cannot be read. Nothing was sent.
            APIError: the file was not stored. It is safe to upload it again.
        """
        portal.call(partial(self._client.put_file, upload, file, progress=progress))

    def complete_file(self, id: str) -> LumaFile:  # noqa: A002 - the API's name
        """`POST /files/{id}/complete`: report that the bytes of a file were uploaded. The server then examines it.

        Args:
            id: the id of the file.

        Returns:
            The file, which is pending until it has been examined.

        Raises:
            APIError: the call failed, for example because no bytes were uploaded.
        """
        return portal.call(self._client.complete_file, id)

    def upload_file(
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
        return portal.call(
            partial(
                self._client.upload_file,
                file,
                mime_type=mime_type,
                filename=filename,
                purpose=purpose,
                expires_at=expires_at,
                user_id=user_id,
                progress=progress,
            )
        )

    def get_file(self, id: str) -> LumaFile:  # noqa: A002 - the API's name
        """`GET /files/{id}`: return a file.

        Args:
            id: the id of the file.

        Raises:
            NotFoundError: no file has this id, or it belongs to another key.
            APIError: the call failed for another reason.
        """
        return portal.call(self._client.get_file, id)

    def wait_for_file(self, id: str, *, seconds: float = READY_SECONDS) -> LumaFile:  # noqa: A002
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
        return portal.call(partial(self._client.wait_for_file, id, seconds=seconds))

    def list_files(
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
        return portal.call(partial(self._client.list_files, cursor=cursor, limit=limit, purpose=purpose, state=state))

    def iter_files(
        self, *, purpose: str | None = None, state: str | None = None, page: int = MAX_PAGE
    ) -> Iterator[LumaFile]:
        """Iterate over all files of the account, newest first. Pages are requested as needed.

        Args:
            purpose: the purpose of the files to return; None returns all.
            state: the state of the files to return; None returns all.
            page: the largest number of files per call, 1 to 100.
        """
        cursors = Cursors()
        while cursors.goes_on:
            yield from cursors.of(self.list_files(cursor=cursors.next, limit=page, purpose=purpose, state=state))

    def delete_file(self, id: str) -> None:  # noqa: A002 - the API's name
        """`DELETE /files/{id}`: delete a file. Generations that were made from it are kept.

        Args:
            id: the id of the file.

        Raises:
            NotFoundError: no file has this id, or it belongs to another key.
            APIError: the call failed for another reason.
        """
        portal.call(self._client.delete_file, id)
