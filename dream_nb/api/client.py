"""The operations of the Dream Machine API, under its own names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import anyio
import httpx2
from pydantic import SecretStr
from pydantic_core import from_json

from dream_nb.api.connection import DEADLINE_SECONDS, Connection, hidden
from dream_nb.api.departure import mark
from dream_nb.api.dialect import API
from dream_nb.api.dialects import NEWEST, Detection
from dream_nb.api.dream_machine_dialect import DreamMachineDialect
from dream_nb.api.errors import APIError, InvalidRequestError
from dream_nb.api.models import Credits, Generation, ListGenerationResponse, Pong
from dream_nb.api.pages import Pages
from dream_nb.api.request_models import (
    AudioGenerationRequest,
    Concept,
    GenerationReference,
    GenerationRequest,
    ImageGenerationRequest,
    ModifyVideoRequest,
    ReframeImageRequest,
    ReframeVideoRequest,
    Request,
    UpscaleVideoGenerationRequest,
)

E = TypeVar("E", UpscaleVideoGenerationRequest, AudioGenerationRequest)

# The default of `sync_timeout` in the specification.
_SYNC_SECONDS: Final = 60.0
_OPERATIONS: Final[Mapping[str, str]] = {
    "video": "createGeneration",
    "image": "generateImage",
    "modify_video": "modifyVideo",
    "reframe_video": "reframeVideo",
    "reframe_image": "reframeImage",
    "upscale_video": "upscaleGeneration",
    "add_audio": "addAudioToGeneration",
}


class AsyncDreamMachine:
    """A client of a Dream Machine: the hosted API, a studio, or any other server that follows the specification.

    A client belongs to one event loop. Every method sends one request, once, and raises an `APIError` if it fails. The
    logger `dream_nb.api` logs requests at level DEBUG, without keys and pictures, and with shortened texts.

    Args:
        api_key: the bearer key. By default `LUMAAI_API_KEY`, which belongs to the origin of `LUMAAI_BASE_URL` (or of
            the hosted API) and is never sent to another origin.
        base_url: the address of the server. By default `LUMAAI_BASE_URL`, or else the address in the specification.
        timeout: the seconds allowed for connecting, and for each read and write, or an `httpx2.Timeout` that sets each.
            By default 30, or the timeout of `http_client`.
        deadline: the seconds allowed for a whole call, including reading its answer; None sets no limit.
        http_client: your own `httpx2.AsyncClient`, for another proxy, certificates or transport; you must close it.
            Without one, the environment's proxy and certificate variables apply, such as `HTTPS_PROXY` and
            `SSL_CERT_FILE`, except for plain http to this machine.
        api: "2024" if the server accepts videos at `/generations`, "2025" if it accepts them at `/generations/video`
            and requires a model. By default the server is asked, once, before the first video.

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
        self._connection = Connection(key, base_url, timeout=timeout, deadline=deadline, http_client=http_client)
        self.base_url = self._connection.base_url
        self._detection = Detection(self.get_concepts, self.get_camera_motion, api)

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

    @property
    def known_dialect(self) -> DreamMachineDialect | None:
        """The dialect of the server's API, if it is known without asking the server; otherwise None."""
        return self._detection.known

    async def dialect(self) -> DreamMachineDialect:
        """Return the dialect of the server's API. The server is asked once, and never by sending a create.

        Raises:
            APIError: the server did not say. The next call asks again.
        """
        return await self._detection.dialect()

    async def create_generation(
        self, request: GenerationRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
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
        return await self._create("createGeneration", request, headers)

    async def generate_image(
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
        # Both APIs accept it at the same path.
        return await self._create("generateImage", request, headers, self.known_dialect or NEWEST)

    async def modify_video(
        self, request: ModifyVideoRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
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
        return await self._create("modifyVideo", request, headers)

    async def reframe_video(
        self, request: ReframeVideoRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
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
        return await self._create("reframeVideo", request, headers)

    async def reframe_image(
        self, request: ReframeImageRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
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
        return await self._create("reframeImage", request, headers)

    async def upscale_generation(
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
        return await self._create("upscaleGeneration", _about(request, id), headers)

    async def add_audio_to_generation(
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
        return await self._create("addAudioToGeneration", _about(request, id), headers)

    async def create(self, request: Request, *, headers: Mapping[str, str] | None = None) -> Generation:
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
        if isinstance(request, ImageGenerationRequest):
            return await self.generate_image(request, headers=headers)
        return await self._create(operation_of(request), request, headers)

    async def _create(
        self,
        operation: str,
        request: Request,
        headers: Mapping[str, str] | None,
        dialect: DreamMachineDialect | None = None,
    ) -> Generation:
        try:
            dialect = dialect or await self.dialect()
        except APIError as error:
            # The question for the API failed, so the create was certainly not sent.
            error.reached = False
            raise
        except anyio.get_cancelled_exc_class() as cancelled:
            mark(cancelled, reached=False)
            raise
        path, body = dialect.path(request), dialect.body(request)
        wait = _SYNC_SECONDS if getattr(request, "sync", None) else 0.0
        wait = float(getattr(request, "sync_timeout", None) or wait) if wait else 0.0
        return await self._connection.ask(operation, _generation, "POST", path, body=body, headers=headers, wait=wait)

    async def get_generation(self, id: str) -> Generation:  # noqa: A002 - the parameter's name in the specification
        """`getGeneration`: return a generation.

        Args:
            id: the id of the generation.

        Raises:
            NotFoundError: no generation has this id, or it belongs to another account.
            APIError: the call failed for another reason.
        """
        return await self._connection.ask("getGeneration", _generation, "GET", f"/generations/{_segment(id)}")

    async def list_generations(self, *, limit: int = 100, offset: int = 0) -> ListGenerationResponse:
        """`listGenerations`: return one page of the account's generations, newest first.

        Args:
            limit: the largest number of generations to return.
            offset: the number of the newest generations to skip.
        """
        return await self._connection.ask(
            "listGenerations",
            ListGenerationResponse.from_answer,
            "GET",
            "/generations",
            params={"limit": limit, "offset": offset},
        )

    async def iter_generations(self, *, page: int = 100) -> AsyncIterator[Generation]:
        """Iterate over all generations of the account, newest first. Pages are requested as needed.

        Each generation is returned once, even if new ones are made in the meantime (of which some may be included).
        Deletions move later generations to earlier pages, so make a list first if you want to delete while iterating.

        Args:
            page: the largest number of generations per call.
        """
        pages = Pages(page)
        while not pages.ended:
            answer = await self.list_generations(limit=page, offset=pages.offset)
            for generation in pages.new(answer):
                yield generation

    async def iter_documents(self, *, page: int = 100) -> AsyncIterator[dict[str, Any]]:
        """Iterate as `iter_generations` does, over the server's JSON. For large tables, this takes a fifth of the time.

        Args:
            page: the largest number of generations per call.
        """
        pages = Pages(page)
        while not pages.ended:
            for document in pages.new_documents(await self.list_documents(limit=page, offset=pages.offset)):
                yield document

    async def list_documents(self, *, limit: int = 100, offset: int = 0) -> dict[str, Any]:
        """Return a page as `list_generations` does, as the server's JSON.

        Args:
            limit: the largest number of generations to return.
            offset: the number of the newest generations to skip.
        """
        return await self._connection.ask(
            "listGenerations", _page, "GET", "/generations", params={"limit": limit, "offset": offset}
        )

    async def delete_generation(self, id: str) -> None:  # noqa: A002 - the parameter's name in the specification
        """`deleteGeneration`: delete a generation, or cancel it if the server still can.

        Args:
            id: the id of the generation.

        Raises:
            NotFoundError: no generation has this id, or it belongs to another account.
            APIError: the call failed for another reason.
        """
        await self._connection.ask("deleteGeneration", _nothing, "DELETE", f"/generations/{_segment(id)}")

    async def get_credits(self) -> Credits:
        """`getCredits`: return the balance, in USD cents."""
        return await self._connection.ask("getCredits", Credits.from_answer, "GET", "/credits")

    async def get_camera_motion(self) -> list[str]:
        """`getCameraMotion`: return the camera motions that a prompt may contain (API of 2024)."""
        return await self._connection.ask("getCameraMotion", _keys, "GET", "/generations/camera_motion/list")

    async def get_concepts(self) -> list[str]:
        """`getConcepts`: return the keys that a video's `concepts` may contain (API of 2025)."""
        return await self._connection.ask("getConcepts", _keys, "GET", "/generations/concepts/list")

    async def ping(self) -> Pong:
        """`ping`: check that the server is running."""
        return await self._connection.ask("ping", Pong.from_answer, "GET", "/ping")


def _generation(body: bytes) -> Generation:
    generation = Generation.from_answer(body)
    if not generation.id:
        raise ValueError("the generation has no id")
    return generation


def operation_of(request: Request) -> str:
    """Return the name of the operation that creates a request's generation, as in the specification.

    Args:
        request: the request.
    """
    return _OPERATIONS.get(request.generation_type, "createGeneration")


def _about(request: E, id: str) -> E:  # noqa: A002 - the parameter's name in the specification
    """A request that refers to its generation."""
    return request.model_copy(update={"media": GenerationReference(id=id)})


def _keys(body: bytes) -> list[str]:
    items: Any = from_json(body)
    if not isinstance(items, list) or not all(isinstance(item, str | dict) for item in items):
        raise ValueError("not a list of names")
    return [item if isinstance(item, str) else Concept.from_answer(item).key for item in items]


def _page(body: bytes) -> dict[str, Any]:
    page: Any = from_json(body)
    generations = page.get("generations") if isinstance(page, dict) else None
    if not isinstance(generations, list) or not all(isinstance(one, dict) for one in generations):
        raise ValueError("not a list of generations")
    assert isinstance(page, dict)
    return page


def _nothing(body: bytes) -> None:
    # The specification answers 204. An error page of a proxy does not prove that anything was deleted.
    if body:
        from_json(body)


def _segment(id: str) -> str:  # noqa: A002 - the parameter's name in the specification
    if id in {"", ".", ".."}:
        raise InvalidRequestError(f"{id!r} is not the id of a generation")
    return quote(id, safe="")
