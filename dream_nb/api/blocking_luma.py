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
    """`AsyncLuma`, synchronously: also inside a notebook's running loop, and from any thread.

    An interrupt ends the call at once; a create that was interrupted may have been taken, and billed.

    Args:
        api_key: as for `AsyncLuma`.
        base_url: as for `AsyncLuma`.
        timeout: as for `AsyncLuma`.
        deadline: as for `AsyncLuma`.
        http_client: an `httpx2.AsyncClient` of your own, used by no other event loop than the one in the background.

    Attributes:
        base_url: the server's address.

    Raises:
        ConfigurationError: no key for this address, or plain http to another machine.
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
        """`POST /generations`: ask for an image, a video, an edit or layers. Sent once, never retried here.

        The API lists no generations: where the answer is lost, nobody but the provider's support can say what became
        of the request. The error then has the `X-Request-Id` to quote.

        Args:
            request: what is asked for.
            request_id: the `X-Request-Id` that it is sent with, for tracing; by default a new one. It does not keep a
                request from being made twice.
            headers: further headers of this call.

        Returns:
            The queued generation.

        Raises:
            InvalidRequestError: `request_id` is not one. Nothing was sent.
            APIError: it was refused, or nobody knows what became of it: its `reached` says whether it may be there.
        """
        return portal.call(partial(self._client.create_generation, request, request_id=request_id, headers=headers))

    def get_generation(self, id: str) -> LumaGeneration:  # noqa: A002 - the API's name
        """`GET /generations/{id}`: a generation by its id, with fresh addresses of its files.

        Args:
            id: the generation's.

        Raises:
            NotFoundError: there is none of this id, or it is another key's.
            APIError: the call failed otherwise.
        """
        return portal.call(self._client.get_generation, id)

    def create_file(self, request: FileRequest) -> CreatedFile:
        """`POST /files`: announce a file, and be told where to put it; see `put_file` and `complete_file`.

        Args:
            request: what the file is.

        Returns:
            The file, which is pending, and where its bytes go.

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
        """`POST /files` with the bytes of a small file. One that is too large for the server is refused (413).

        Args:
            file: its bytes, or its path.
            mime_type: what it is; by default by the suffix of its name.
            filename: its name; by default that of the path.
            purpose: "input" where it is what is edited, "reference" where it guides.
            expires_at: when the provider may delete it.
            user_id: a name of your own for who asks, kept by the provider.
            progress: called with the bytes that were sent, and how many there are.

        Returns:
            The file, which is pending.

        Raises:
            InvalidRequestError: the file cannot be read, or an argument does not fit. Nothing was sent.
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
        """Put the bytes of a file where `create_file` said, without the key.

        Args:
            upload: the address to which the file is sent, and its headers.
            file: its bytes, or its path.
            progress: called with the bytes that were sent, and how many there are.

        Raises:
            InvalidRequestError: the file cannot be read. Nothing was sent.
            APIError: it was not stored. Putting it again does no harm.
        """
        portal.call(partial(self._client.put_file, upload, file, progress=progress))

    def complete_file(self, id: str) -> LumaFile:  # noqa: A002 - the API's name
        """`POST /files/{id}/complete`: say that the bytes of a file were put. It is then examined.

        Args:
            id: the file's.

        Returns:
            The file, pending until it was examined.

        Raises:
            APIError: the call failed, for instance since no bytes are there.
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
        """Upload a file in the way of its size: a small one by `send_file`, another by announcing, putting, completing.

        Args:
            file: its bytes, or its path. A large one is never in memory as a whole.
            mime_type: what it is; by default by the suffix of its name.
            filename: its name; by default that of the path.
            purpose: "input" where it is what is edited, "reference" where it guides.
            expires_at: when the provider may delete it.
            user_id: a name of your own for who asks, kept by the provider.
            progress: called with the bytes that were sent, and how many there are.

        Returns:
            The file, which is pending; see `wait_for_file`.

        Raises:
            InvalidRequestError: the file cannot be read, or an argument does not fit. Nothing was sent.
            UnreadableAnswerError: the server does not say where to put the file.
            APIError: a call failed. Uploads are not billed: they can be tried again.
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
        """`GET /files/{id}`: a file by its id.

        Args:
            id: the file's.

        Raises:
            NotFoundError: there is none of this id, or it is another key's.
            APIError: the call failed otherwise.
        """
        return portal.call(self._client.get_file, id)

    def wait_for_file(self, id: str, *, seconds: float = READY_SECONDS) -> LumaFile:  # noqa: A002
        """Ask for a file until it is ready to be referred to. Failures that may pass are waited out.

        Args:
            id: the file's.
            seconds: how long, at most.

        Returns:
            The file, which is ready.

        Raises:
            InvalidRequestError: the server rejected the file, or it was deleted; the server's reason is in it.
            APITimeoutError: it was not ready in time.
            APIError: the call failed for good.
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
        """`GET /files`: one page of the account's files, newest first.

        Args:
            cursor: where it begins: the `next_cursor` of the page before it.
            limit: how many at most, 1 to 100; by default the server's 25.
            purpose: only those of this purpose: "input" or "reference".
            state: only those in this state: "pending", "ready", "failed" or "deleted".

        Raises:
            InvalidRequestError: an argument does not fit. Nothing was sent.
            APIError: the call failed.
        """
        return portal.call(partial(self._client.list_files, cursor=cursor, limit=limit, purpose=purpose, state=state))

    def iter_files(
        self, *, purpose: str | None = None, state: str | None = None, page: int = MAX_PAGE
    ) -> Iterator[LumaFile]:
        """All of the account's files, newest first, `page` of them a call; a page is asked for when needed.

        Args:
            purpose: only those of this purpose.
            state: only those in this state.
            page: how many a call gives at most, 1 to 100.
        """
        cursors = Cursors()
        while cursors.goes_on:
            yield from cursors.of(self.list_files(cursor=cursors.next, limit=page, purpose=purpose, state=state))

    def delete_file(self, id: str) -> None:  # noqa: A002 - the API's name
        """`DELETE /files/{id}`: delete a file. What was made of it stays.

        Args:
            id: the file's.

        Raises:
            NotFoundError: there is none of this id, or it is another key's.
            APIError: the call failed otherwise.
        """
        portal.call(self._client.delete_file, id)
