"""The operations of the Dream Machine API for synchronous code."""

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
    """The synchronous version of `AsyncDreamMachine`. It works inside a notebook's running loop and from any thread.

    An interrupt ends the call at once. The server may have accepted a create that was interrupted (check with
    `list_generations`).

    Args:
        api_key: the bearer key, as for `AsyncDreamMachine`.
        base_url: the address of the server, as for `AsyncDreamMachine`.
        timeout: the seconds allowed for each step of a call, as for `AsyncDreamMachine`.
        deadline: the seconds allowed for a whole call, as for `AsyncDreamMachine`.
        http_client: your own `httpx2.AsyncClient`, which must be used by no other event loop than the background loop.
        api: the version of the server's API, as for `AsyncDreamMachine`.

    Attributes:
        base_url: the address of the server.

    Raises:
        ConfigurationError: there is no key for this address, it is plain http to another machine, or `api` is unknown.
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
        """Return the dialect of the server's API. The server is asked once, and never by sending a create.

        Raises:
            APIError: the server did not say. The next call asks again.
        """
        return portal.call(self._client.dialect)

    def create_generation(self, request: GenerationRequest, *, headers: Mapping[str, str] | None = None) -> Generation:
        """`createGeneration`: request a video. The request is sent once and never retried.

        Before the first video, the server is asked which API it has, unless `api` was given. With the API of 2025, a
        request without a model asks for "ray-2".

        Args:
            request: the request.
            headers: additional headers for this call.

        Returns:
            The queued generation.

        Raises:
            APIError: the request was refused, or its outcome is unknown: `reached` says whether the server may have
                accepted it.
        """
        return portal.call(partial(self._client.create_generation, request, headers=headers))

    def generate_image(
        self, request: ImageGenerationRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
        """`generateImage`: request an image. The request is sent once and never retried.

        Args:
            request: the request.
            headers: additional headers for this call.

        Returns:
            The queued generation.

        Raises:
            APIError: the request was refused, or its outcome is unknown: `reached` says whether the server may have
                accepted it.
        """
        return portal.call(partial(self._client.generate_image, request, headers=headers))

    def modify_video(self, request: ModifyVideoRequest, *, headers: Mapping[str, str] | None = None) -> Generation:
        """`modifyVideo`: request a video with a new look (API of 2025). The request is sent once and never retried.

        Args:
            request: the request. Its `media` must be a `Media`, because the server accepts only the URL of a video.
            headers: additional headers for this call.

        Returns:
            The queued generation.

        Raises:
            InvalidRequestError: the server has an older API, or `media` has no URL. Nothing was sent.
            APIError: the request was refused, or its outcome is unknown: `reached` says whether the server may have
                accepted it.
        """
        return portal.call(partial(self._client.modify_video, request, headers=headers))

    def reframe_video(self, request: ReframeVideoRequest, *, headers: Mapping[str, str] | None = None) -> Generation:
        """`reframeVideo`: request a video in another aspect ratio (API of 2025). It is sent once and never retried.

        Args:
            request: the request. Its `media` must be a `Media`, because the server accepts only the URL of a video.
            headers: additional headers for this call.

        Returns:
            The queued generation.

        Raises:
            InvalidRequestError: the server has an older API, or `media` has no URL. Nothing was sent.
            APIError: the request was refused, or its outcome is unknown: `reached` says whether the server may have
                accepted it.
        """
        return portal.call(partial(self._client.reframe_video, request, headers=headers))

    def reframe_image(self, request: ReframeImageRequest, *, headers: Mapping[str, str] | None = None) -> Generation:
        """`reframeImage`: request an image in another aspect ratio (API of 2025). It is sent once and never retried.

        Args:
            request: the request. Its `media` must be a `Media`, because the server accepts only the URL of an image.
            headers: additional headers for this call.

        Returns:
            The queued generation.

        Raises:
            InvalidRequestError: the server has an older API, or `media` has no URL. Nothing was sent.
            APIError: the request was refused, or its outcome is unknown: `reached` says whether the server may have
                accepted it.
        """
        return portal.call(partial(self._client.reframe_image, request, headers=headers))

    def upscale_generation(
        self,
        id: str,  # noqa: A002 - the parameter's name in the specification
        request: UpscaleVideoGenerationRequest,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Generation:
        """`upscaleGeneration`: request a video in a higher resolution (API of 2025). It is sent once and never retried.

        Args:
            id: the id of the video's generation.
            request: the request.
            headers: additional headers for this call.

        Returns:
            The queued generation, which has a new id.

        Raises:
            InvalidRequestError: the server has an older API. Nothing was sent.
            APIError: the request was refused, or its outcome is unknown: `reached` says whether the server may have
                accepted it.
        """
        return portal.call(partial(self._client.upscale_generation, id, request, headers=headers))

    def add_audio_to_generation(
        self,
        id: str,  # noqa: A002 - the parameter's name in the specification
        request: AudioGenerationRequest,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Generation:
        """`addAudioToGeneration`: request a video with sound (API of 2025). It is sent once and never retried.

        Args:
            id: the id of the video's generation.
            request: the request.
            headers: additional headers for this call.

        Returns:
            The queued generation, which has a new id.

        Raises:
            InvalidRequestError: the server has an older API. Nothing was sent.
            APIError: the request was refused, or its outcome is unknown: `reached` says whether the server may have
                accepted it.
        """
        return portal.call(partial(self._client.add_audio_to_generation, id, request, headers=headers))

    def create(self, request: Request, *, headers: Mapping[str, str] | None = None) -> Generation:
        """Send any request, with the operation of its kind. It is sent once and never retried.

        Args:
            request: the request. A request for an upscale or for sound refers to its video in `media`.
            headers: additional headers for this call.

        Returns:
            The queued generation.

        Raises:
            InvalidRequestError: the server has no such operation. Nothing was sent.
            APIError: the request was refused, or its outcome is unknown: `reached` says whether the server may have
                accepted it.
        """
        return portal.call(partial(self._client.create, request, headers=headers))

    def get_generation(self, id: str) -> Generation:  # noqa: A002 - the parameter's name in the specification
        """`getGeneration`: return a generation.

        Args:
            id: the id of the generation.

        Raises:
            NotFoundError: no generation has this id, or it belongs to another account.
            APIError: the call failed for another reason.
        """
        return portal.call(self._client.get_generation, id)

    def list_generations(self, *, limit: int = 100, offset: int = 0) -> ListGenerationResponse:
        """`listGenerations`: return one page of the account's generations, newest first.

        Args:
            limit: the largest number of generations to return.
            offset: the number of the newest generations to skip.
        """
        return portal.call(partial(self._client.list_generations, limit=limit, offset=offset))

    def iter_generations(self, *, page: int = 100) -> Iterator[Generation]:
        """Iterate over all generations of the account, newest first. Pages are requested as needed.

        Each generation is returned once, even if new ones are made in the meantime (of which some may be included).
        Deletions move later generations to earlier pages, so make a list first if you want to delete while iterating.

        Args:
            page: the largest number of generations per call.
        """
        pages = Pages(page)
        while not pages.ended:
            yield from pages.new(self.list_generations(limit=page, offset=pages.offset))

    def iter_documents(self, *, page: int = 100) -> Iterator[dict[str, Any]]:
        """Iterate as `iter_generations` does, over the server's JSON. For large tables, this takes a fifth of the time.

        Args:
            page: the largest number of generations per call.
        """
        pages = Pages(page)
        while not pages.ended:
            yield from pages.new_documents(self.list_documents(limit=page, offset=pages.offset))

    def list_documents(self, *, limit: int = 100, offset: int = 0) -> dict[str, Any]:
        """Return a page as `list_generations` does, as the server's JSON.

        Args:
            limit: the largest number of generations to return.
            offset: the number of the newest generations to skip.
        """
        return portal.call(partial(self._client.list_documents, limit=limit, offset=offset))

    def delete_generation(self, id: str) -> None:  # noqa: A002 - the parameter's name in the specification
        """`deleteGeneration`: delete a generation, or cancel it if the server still can.

        Args:
            id: the id of the generation.

        Raises:
            NotFoundError: no generation has this id, or it belongs to another account.
            APIError: the call failed for another reason.
        """
        portal.call(self._client.delete_generation, id)

    def get_credits(self) -> Credits:
        """`getCredits`: return the balance, in USD cents."""
        return portal.call(self._client.get_credits)

    def get_camera_motion(self) -> list[str]:
        """`getCameraMotion`: return the camera motions that a prompt may contain (API of 2024)."""
        return portal.call(self._client.get_camera_motion)

    def get_concepts(self) -> list[str]:
        """`getConcepts`: return the keys that a video's `concepts` may contain (API of 2025)."""
        return portal.call(self._client.get_concepts)

    def ping(self) -> Pong:
        """`ping`: check that the server is running."""
        return portal.call(self._client.ping)
