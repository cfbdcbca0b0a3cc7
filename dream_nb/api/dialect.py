"""How one of the APIs writes a request: its paths, its defaults, and what it lists for prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from dream_nb.api.models import GenerationRequest, ImageGenerationRequest

API = Literal["2024", "2025"]
APIS: Final[tuple[API, ...]] = ("2024", "2025")

R = TypeVar("R", GenerationRequest, ImageGenerationRequest, GenerationRequest | ImageGenerationRequest)


@dataclass(frozen=True)
class Dialect:
    """How a server of one API wants its requests. Each API has a module with one of these.

    Attributes:
        api: the name of the API: the year of its specification.
        video_path: the path of `createGeneration`, below the base URL.
        models: the model that a create has to name where its user names none, by kind ("video", "image").
        lists: what the server lists for prompts: "camera motions" to write into them, or "concepts" to send beside
            them.
    """

    api: API
    video_path: str
    models: Mapping[str, str]
    lists: Literal["camera motions", "concepts"]

    def complete(self, request: R) -> R:
        """The request with every field that this API requires.

        Args:
            request: the request as its user wrote it; it stays as it is.
        """
        model = self.models.get(request.generation_type)
        if request.model is not None or model is None:
            return request
        return request.model_copy(update={"model": model})
