"""The operations of the Dream Machine API, in its own names."""

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

# The specification's default of `sync_timeout`.
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
    """A client of one Dream Machine: the hosted API, a studio, or any other server of the specification.

    It belongs to one event loop. Every method sends one request, once, and raises an `APIError` where that fails.
    The logger `dream_nb.api` tells at level DEBUG what is sent, without keys and pictures, and with texts shortened.

    Args:
        api_key: the bearer key. By default `LUMAAI_API_KEY`, which belongs to the origin of `LUMAAI_BASE_URL`
            (or of the hosted API) and is never sent to another.
        base_url: the server. By default `LUMAAI_BASE_URL`, else the one that the specification names.
        timeout: seconds for connecting, and for each read and write, or an `httpx2.Timeout` that names each.
            By default 30, or what `http_client` has.
        deadline: seconds for a whole call, reading its answer included; None sets no end.
        http_client: an `httpx2.AsyncClient` of your own, for another proxy, certificates or transport; you close it.
            Without one, the proxy and certificate variables of the environment count, such as `HTTPS_PROXY` and
            `SSL_CERT_FILE`, except for plain http to this machine.
        api: "2024" where the server takes videos at `/generations`, "2025" where it takes them at
            `/generations/video` and needs a model. By default the server is asked, once, before the first video.

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
        self._connection = Connection(key, base_url, timeout=timeout, deadline=deadline, http_client=http_client)
        self.base_url = self._connection.base_url
        self._detection = Detection(self.get_concepts, self.get_camera_motion, api)

    def __repr__(self) -> str:
        # A traceback that shows variables also shows the client that could not be made, and has no address.
        return f"{type(self).__name__}({getattr(self, 'base_url', '')!r})"

    @property
    def clock_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of this machine's, by its last answer; None where it never said."""
        return self._connection.clock_ahead

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connection.aclose()

    @property
    def known_dialect(self) -> DreamMachineDialect | None:
        """How the server wants its requests, where that is known without asking it."""
        return self._detection.known

    async def dialect(self) -> DreamMachineDialect:
        """How the server wants its requests. It is asked once, and never by a create.

        Raises:
            APIError: the server did not say. The next call asks again.
        """
        return await self._detection.dialect()

    async def create_generation(
        self, request: GenerationRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
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
        return await self._create("createGeneration", request, headers)

    async def generate_image(
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
        # Both APIs take it at the same path.
        return await self._create("generateImage", request, headers, self.known_dialect or NEWEST)

    async def modify_video(
        self, request: ModifyVideoRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
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
        return await self._create("modifyVideo", request, headers)

    async def reframe_video(
        self, request: ReframeVideoRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
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
        return await self._create("reframeVideo", request, headers)

    async def reframe_image(
        self, request: ReframeImageRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
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
        return await self._create("reframeImage", request, headers)

    async def upscale_generation(
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
        return await self._create("upscaleGeneration", _about(request, id), headers)

    async def add_audio_to_generation(
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
        return await self._create("addAudioToGeneration", _about(request, id), headers)

    async def create(self, request: Request, *, headers: Mapping[str, str] | None = None) -> Generation:
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
            # Whatever became of the question, the create was not sent.
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
        """`getGeneration`: a generation by its id.

        Args:
            id: the generation's.

        Raises:
            NotFoundError: there is none of this id, or it is another account's.
            APIError: the call failed otherwise.
        """
        return await self._connection.ask("getGeneration", _generation, "GET", f"/generations/{_segment(id)}")

    async def list_generations(self, *, limit: int = 100, offset: int = 0) -> ListGenerationResponse:
        """`listGenerations`: one page of the account's generations, newest first.

        Args:
            limit: how many at most.
            offset: how many of the newest to leave out.
        """
        return await self._connection.ask(
            "listGenerations",
            ListGenerationResponse.from_answer,
            "GET",
            "/generations",
            params={"limit": limit, "offset": offset},
        )

    async def iter_generations(self, *, page: int = 100) -> AsyncIterator[Generation]:
        """All of the account's generations, newest first, `page` of them a call; a page is asked for when needed.

        Each is given once, also when newer ones are made in the meantime (of which some may be among them). Deleting
        moves the others to earlier pages: to delete while going through, make a list of them first.

        Args:
            page: how many a call gives at most.
        """
        pages = Pages(page)
        while not pages.ended:
            answer = await self.list_generations(limit=page, offset=pages.offset)
            for generation in pages.new(answer):
                yield generation

    async def iter_documents(self, *, page: int = 100) -> AsyncIterator[dict[str, Any]]:
        """As `iter_generations`, as the JSON that the server wrote: for tables of many, at a fifth of the time.

        Args:
            page: how many a call gives at most.
        """
        pages = Pages(page)
        while not pages.ended:
            for document in pages.new_documents(await self.list_documents(limit=page, offset=pages.offset)):
                yield document

    async def list_documents(self, *, limit: int = 100, offset: int = 0) -> dict[str, Any]:
        """As `list_generations`, as the JSON that the server wrote.

        Args:
            limit: how many at most.
            offset: how many of the newest to leave out.
        """
        return await self._connection.ask(
            "listGenerations", _page, "GET", "/generations", params={"limit": limit, "offset": offset}
        )

    async def delete_generation(self, id: str) -> None:  # noqa: A002 - the parameter's name in the specification
        """`deleteGeneration`: remove a generation, or cancel it where the server still can.

        Args:
            id: the generation's.

        Raises:
            NotFoundError: there is none of this id, or it is another account's.
            APIError: the call failed otherwise.
        """
        await self._connection.ask("deleteGeneration", _nothing, "DELETE", f"/generations/{_segment(id)}")

    async def get_credits(self) -> Credits:
        """`getCredits`: the balance, in USD cents."""
        return await self._connection.ask("getCredits", Credits.from_answer, "GET", "/credits")

    async def get_camera_motion(self) -> list[str]:
        """`getCameraMotion`: the camera motions that a prompt may name. Of the API of 2024."""
        return await self._connection.ask("getCameraMotion", _keys, "GET", "/generations/camera_motion/list")

    async def get_concepts(self) -> list[str]:
        """`getConcepts`: the keys that `concepts` of a video may name. Of the API of 2025."""
        return await self._connection.ask("getConcepts", _keys, "GET", "/generations/concepts/list")

    async def ping(self) -> Pong:
        """`ping`: whether the server runs."""
        return await self._connection.ask("ping", Pong.from_answer, "GET", "/ping")


def _generation(body: bytes) -> Generation:
    generation = Generation.from_answer(body)
    if not generation.id:
        raise ValueError("the generation has no id")
    return generation


def operation_of(request: Request) -> str:
    """The name of the operation that creates what a request asks for, as the specification writes it.

    Args:
        request: the request.
    """
    return _OPERATIONS.get(request.generation_type, "createGeneration")


def _about(request: E, id: str) -> E:  # noqa: A002 - the parameter's name in the specification
    """A request that names its generation."""
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
    # The specification answers 204. A page of a proxy is no proof that anything was deleted.
    if body:
        from_json(body)


def _segment(id: str) -> str:  # noqa: A002 - the parameter's name in the specification
    if id in {"", ".", ".."}:
        raise InvalidRequestError(f"{id!r} is not the id of a generation")
    return quote(id, safe="")
