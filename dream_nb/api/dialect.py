"""The interface of all dialects: how an API expects a request to be written."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final, Literal, Protocol, TypeVar

from pydantic import BaseModel

from dream_nb.api.request_models import Request

API = Literal["2024", "2025"]
APIS: Final[tuple[API, ...]] = ("2024", "2025")
"""The versions of the Dream Machine API."""

R = TypeVar("R", bound=BaseModel)

OPERATION_WORDS: Final[Mapping[str, str]] = {
    "video": "make a video",
    "image": "make an image",
    "modify_video": "modify a video",
    "reframe_video": "reframe a video",
    "reframe_image": "reframe an image",
    "upscale_video": "upscale a video",
    "add_audio": "add sound to a video",
    "layering": "separate a picture into layers",
}
"""The operation that each request asks for, in words, by its `generation_type`."""


class Dialect(Protocol):
    """How a server of one API expects its requests.

    Attributes:
        api: the name of the API: "2024" and "2025" are versions of the Dream Machine API, and "luma" is the Luma API.
        operations: the supported requests, as values of `generation_type`.
        lists: what the server lists for prompts: "camera motions" to be used in a prompt, "concepts" to be sent with
            it, or None.
        takes_ids: whether a request may always refer to a generation by its id; otherwise the server needs the address
            of its file.
    """

    @property
    def api(self) -> str:
        """The name of the API."""

    @property
    def operations(self) -> Set[str]:
        """The supported requests."""

    @property
    def lists(self) -> Literal["camera motions", "concepts"] | None:
        """What the server lists for prompts."""

    @property
    def takes_ids(self) -> bool:
        """Whether a request may always refer to a generation by its id."""

    def complete(self, request: R) -> R:
        """Return the request with every field that this API requires or that affects the price."""

    def with_model(self, request: R) -> R:
        """Return the request with the model that this API requires."""

    def check(self, request: Request) -> None:
        """Raise an `InvalidRequestError` if this API does not support a request."""
