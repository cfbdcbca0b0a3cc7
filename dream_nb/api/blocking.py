"""The operations of the Dream Machine API for code that waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import httpx2
from pydantic import SecretStr

from dream_nb.api.blocking_client import BlockingClient
from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.connection import DEADLINE_SECONDS, hidden
from dream_nb.api.dialect import API
from dream_nb.api.dream_machine_dialect import DreamMachineDialect
from dream_nb.api.models import Credits, Generation, ListGenerationResponse, Pong
from dream_nb.api.pages import Pages
from dream_nb.api.portal import portal
from dream_nb.api.request_models import (
    AudioGenerationRequest,
    GenerationRequest,
    ImageGenerationRequest,
    ModifyVideoRequest,
    ReframeImageRequest,
    ReframeVideoRequest,
    Request,
    UpscaleVideoGenerationRequest,
)


class DreamMachine(BlockingClient[AsyncDreamMachine]):
    """`AsyncDreamMachine`, synchronously: also inside a notebook's running loop, and from any thread.

    An interrupt ends the call at once; a create that was interrupted may have been taken (look with
    `list_generations`).

    Args:
        api_key: as for `AsyncDreamMachine`.
        base_url: as for `AsyncDreamMachine`.
        timeout: as for `AsyncDreamMachine`.
        deadline: as for `AsyncDreamMachine`.
        http_client: an `httpx2.AsyncClient` of your own, used by no other event loop than the one in the background.
        api: as for `AsyncDreamMachine`.

    Attributes:
        base_url: the server's address.

    Raises:
        ConfigurationError: no key for this address, plain http to another machine, or no such API.
    """

    def __init__(
        self,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        *,
        api: API | None = None,
        timeout: float | httpx2.Timeout | None = None,
        deadline: float | None = DEADLINE_SECONDS,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        key, api_key = hidden(api_key), None
        make = partial(AsyncDreamMachine, key, api=api, timeout=timeout, deadline=deadline)
        super().__init__(make, base_url, http_client)

    def dialect(self) -> DreamMachineDialect:
        """How the server wants its requests. It is asked once, and never by a create.

        Raises:
            APIError: the server did not say. The next call asks again.
        """
        return portal.call(self._client.dialect)

    def create_generation(self, request: GenerationRequest, *, headers: Mapping[str, str] | None = None) -> Generation:
        """`createGeneration`: ask for a video. Sent once, never retried here.

        Before the first one the server is asked which API it has, unless `api` said so. On that of 2025 a request that
        names no model asks for "ray-2".

        Args:
            request: what is asked for.
            headers: further headers of this call.

        Returns:
            The queued generation.

        Raises:
            APIError: it was refused, or nobody knows what became of it: its `reached` says whether it may be there.
        """
        return portal.call(partial(self._client.create_generation, request, headers=headers))

    def generate_image(
        self, request: ImageGenerationRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
        """`generateImage`: ask for an image. Sent once, never retried here.

        Args:
            request: what is asked for.
            headers: further headers of this call.

        Returns:
            The queued generation.

        Raises:
            APIError: it was refused, or nobody knows what became of it: its `reached` says whether it may be there.
        """
        return portal.call(partial(self._client.generate_image, request, headers=headers))

    def modify_video(self, request: ModifyVideoRequest, *, headers: Mapping[str, str] | None = None) -> Generation:
        """`modifyVideo`: ask for a video with another look. Of the API of 2025. Sent once, never retried here.

        Args:
            request: what is asked for. Its `media` is a `Media`: the server takes the URL of a video.
            headers: further headers of this call.

        Returns:
            The queued generation.

        Raises:
            InvalidRequestError: the server speaks an older API, or `media` has no URL. Nothing was sent.
            APIError: it was refused, or nobody knows what became of it: its `reached` says whether it may be there.
        """
        return portal.call(partial(self._client.modify_video, request, headers=headers))

    def reframe_video(self, request: ReframeVideoRequest, *, headers: Mapping[str, str] | None = None) -> Generation:
        """`reframeVideo`: ask for a video in another ratio. Of the API of 2025. Sent once, never retried here.

        Args:
            request: what is asked for. Its `media` is a `Media`: the server takes the URL of a video.
            headers: further headers of this call.

        Returns:
            The queued generation.

        Raises:
            InvalidRequestError: the server speaks an older API, or `media` has no URL. Nothing was sent.
            APIError: it was refused, or nobody knows what became of it: its `reached` says whether it may be there.
        """
        return portal.call(partial(self._client.reframe_video, request, headers=headers))

    def reframe_image(self, request: ReframeImageRequest, *, headers: Mapping[str, str] | None = None) -> Generation:
        """`reframeImage`: ask for an image in another ratio. Of the API of 2025. Sent once, never retried here.

        Args:
            request: what is asked for. Its `media` is a `Media`: the server takes the URL of an image.
            headers: further headers of this call.

        Returns:
            The queued generation.

        Raises:
            InvalidRequestError: the server speaks an older API, or `media` has no URL. Nothing was sent.
            APIError: it was refused, or nobody knows what became of it: its `reached` says whether it may be there.
        """
        return portal.call(partial(self._client.reframe_image, request, headers=headers))

    def upscale_generation(
        self,
        id: str,  # noqa: A002 - the parameter's name in the specification
        request: UpscaleVideoGenerationRequest,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Generation:
        """`upscaleGeneration`: ask for a video in a higher resolution. Of the API of 2025. Sent once, never retried.

        Args:
            id: the video's.
            request: what is asked for.
            headers: further headers of this call.

        Returns:
            The queued generation, which has an id of its own.

        Raises:
            InvalidRequestError: the server speaks an older API. Nothing was sent.
            APIError: it was refused, or nobody knows what became of it: its `reached` says whether it may be there.
        """
        return portal.call(partial(self._client.upscale_generation, id, request, headers=headers))

    def add_audio_to_generation(
        self,
        id: str,  # noqa: A002 - the parameter's name in the specification
        request: AudioGenerationRequest,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Generation:
        """`addAudioToGeneration`: ask for a video with sound. Of the API of 2025. Sent once, never retried here.

        Args:
            id: the video's.
            request: what is asked for.
            headers: further headers of this call.

        Returns:
            The queued generation, which has an id of its own.

        Raises:
            InvalidRequestError: the server speaks an older API. Nothing was sent.
            APIError: it was refused, or nobody knows what became of it: its `reached` says whether it may be there.
        """
        return portal.call(partial(self._client.add_audio_to_generation, id, request, headers=headers))

    def create(self, request: Request, *, headers: Mapping[str, str] | None = None) -> Generation:
        """Ask for whatever a request asks for, by the operation of its kind. Sent once, never retried here.

        Args:
            request: what is asked for. That of an upscale or of sound names its video in `media`.
            headers: further headers of this call.

        Returns:
            The queued generation.

        Raises:
            InvalidRequestError: the server has no such operation. Nothing was sent.
            APIError: it was refused, or nobody knows what became of it: its `reached` says whether it may be there.
        """
        return portal.call(partial(self._client.create, request, headers=headers))

    def get_generation(self, id: str) -> Generation:  # noqa: A002 - the parameter's name in the specification
        """`getGeneration`: a generation by its id.

        Args:
            id: the generation's.

        Raises:
            NotFoundError: there is none of this id, or it is another account's.
            APIError: the call failed otherwise.
        """
        return portal.call(self._client.get_generation, id)

    def list_generations(self, *, limit: int = 100, offset: int = 0) -> ListGenerationResponse:
        """`listGenerations`: one page of the account's generations, newest first.

        Args:
            limit: how many at most.
            offset: how many of the newest to leave out.
        """
        return portal.call(partial(self._client.list_generations, limit=limit, offset=offset))

    def iter_generations(self, *, page: int = 100) -> Iterator[Generation]:
        """All of the account's generations, newest first, `page` of them a call; a page is asked for when needed.

        Each is given once, also when newer ones are made in the meantime (of which some may be among them). Deleting
        moves the others to earlier pages: to delete while going through, make a list of them first.

        Args:
            page: how many a call gives at most.
        """
        pages = Pages(page)
        while not pages.ended:
            yield from pages.new(self.list_generations(limit=page, offset=pages.offset))

    def iter_documents(self, *, page: int = 100) -> Iterator[dict[str, Any]]:
        """As `iter_generations`, as the JSON that the server wrote: for tables of many, at a fifth of the time.

        Args:
            page: how many a call gives at most.
        """
        pages = Pages(page)
        while not pages.ended:
            yield from pages.new_documents(self.list_documents(limit=page, offset=pages.offset))

    def list_documents(self, *, limit: int = 100, offset: int = 0) -> dict[str, Any]:
        """As `list_generations`, as the JSON that the server wrote.

        Args:
            limit: how many at most.
            offset: how many of the newest to leave out.
        """
        return portal.call(partial(self._client.list_documents, limit=limit, offset=offset))

    def delete_generation(self, id: str) -> None:  # noqa: A002 - the parameter's name in the specification
        """`deleteGeneration`: remove a generation, or cancel it where the server still can.

        Args:
            id: the generation's.

        Raises:
            NotFoundError: there is none of this id, or it is another account's.
            APIError: the call failed otherwise.
        """
        portal.call(self._client.delete_generation, id)

    def get_credits(self) -> Credits:
        """`getCredits`: the balance, in USD cents."""
        return portal.call(self._client.get_credits)

    def get_camera_motion(self) -> list[str]:
        """`getCameraMotion`: the camera motions that a prompt may name. Of the API of 2024."""
        return portal.call(self._client.get_camera_motion)

    def get_concepts(self) -> list[str]:
        """`getConcepts`: the keys that `concepts` of a video may name. Of the API of 2025."""
        return portal.call(self._client.get_concepts)

    def ping(self) -> Pong:
        """`ping`: whether the server runs."""
        return portal.call(self._client.ping)
