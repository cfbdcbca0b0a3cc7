"""How the Dream Machine API writes a request: its paths, its defaults, and its lists for prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from dream_nb.api.canonical import luma_only_fields
from dream_nb.api.dialect import API, OPERATION_WORDS, R
from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.luma_limits import LUMA_IMAGE_MODELS, LUMA_VIDEO_MODELS
from dream_nb.api.request_models import GenerationReference, Request
from dream_nb.api.schemas import outside_json


@dataclass(frozen=True)
class DreamMachineDialect:
    """How a server of one version of the API expects its requests. Each version has a module with one of these.

    Attributes:
        api: the version: the year of its specification.
        paths: the path of each request below the base URL, by `generation_type`. "{id}" in it stands for the id of the
            source generation.
        models: the default models of a create, by kind ("video", "image").
        billed: the defaults of the other fields that affect the price of a video, by model.
        lists: what the server lists for prompts: "camera motions" to be used in a prompt, or "concepts" to be sent with
            it.
    """

    api: API
    paths: Mapping[str, str]
    models: Mapping[str, str]
    billed: Mapping[str, Mapping[str, str]]
    lists: Literal["camera motions", "concepts"]
    takes_ids: ClassVar[bool] = False

    @property
    def operations(self) -> frozenset[str]:
        """The supported requests, as values of `generation_type`."""
        return frozenset(self.paths)

    def complete(self, request: R) -> R:
        """Return the request with every field that this API requires or that affects the price.

        Args:
            request: the request as its user wrote it, which is not changed.
        """
        named = self.with_model(request)
        if getattr(named, "generation_type", "") != "video":
            return named
        billed = self.billed.get(getattr(named, "model", None) or "", {})
        missing = {name: value for name, value in billed.items() if getattr(named, name) is None}
        return named.model_copy(update=missing) if missing else named

    def with_model(self, request: R) -> R:
        """Return the request with the model that this API requires.

        Args:
            request: the request as its user wrote it, which is not changed.
        """
        model = self.models.get(getattr(request, "generation_type", ""))
        if model is None or getattr(request, "model", None) is not None:
            return request
        return request.model_copy(update={"model": model})

    def check(self, request: Request) -> None:
        """Raise an error for a request that this API does not support.

        Args:
            request: the request.

        Raises:
            InvalidRequestError: the API does not support it.
        """
        if fields := luma_only_fields(request):
            model = (LUMA_IMAGE_MODELS if request.kind == "image" else LUMA_VIDEO_MODELS)[0]
            raise InvalidRequestError(
                f'{fields[0]}: only the Luma API supports this: choose one of its models, such as model="{model}", '
                "with the backend luma or the studio",
                field=fields[0],
            )
        if request.generation_type in self.paths:
            if request.is_source_in_path and getattr(request, "media", None) is None:
                raise InvalidRequestError(
                    "media: the server does not say which video this was made from, so it cannot be made again: start "
                    "from that video",
                    field="media",
                )
            return
        what = OPERATION_WORDS.get(request.generation_type)
        if what is None:
            raise InvalidRequestError("a request of an unknown kind cannot be sent again: it can only be imported")
        raise InvalidRequestError(
            f"the server speaks the Dream Machine API of {self.api}, which cannot {what}: choose a backend that can, "
            f"such as {'luma' if request.generation_type == 'layering' else 'dream-machine'}"
        )

    def path(self, request: Request) -> str:
        """Return the path of a request, below the base URL.

        Args:
            request: the request.

        Raises:
            InvalidRequestError: the API does not support it, or the request does not name its generation.
        """
        self.check(request)
        path = self.paths[request.generation_type]
        if not request.is_source_in_path:
            return path
        source = getattr(request, "media", None)
        if not isinstance(source, GenerationReference) or source.id in {"", ".", ".."}:
            raise InvalidRequestError(
                f"media: {getattr(source, 'id', '')!r} is not the id of a generation", field="media"
            )
        return path.format(id=quote(source.id, safe=""))

    def body(self, request: Request) -> dict[str, Any]:
        """Return the document to send.

        Args:
            request: the request, in which files have their URLs.

        Raises:
            InvalidRequestError: it refers to a generation where the server needs a URL.
        """
        if found := outside_json(request):
            # These values would be sent as null.
            raise InvalidRequestError(f"{found} is not a valid JSON number")
        document = self.complete(request).wire()
        source = getattr(request, "media", None)
        if request.is_source_in_path:
            document.pop("media", None)
        elif isinstance(source, GenerationReference):
            raise InvalidRequestError(
                "media: the server needs the URL of a file here, not the id of a generation: use Media(url=…)",
                field="media",
            )
        return document
