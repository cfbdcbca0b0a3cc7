"""What the server answers: generations and their lists, the balance, and errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, FiniteFloat, ValidationError, ValidationInfo, model_validator

from dream_nb.api.odd_forms import ADDRESS, address_in, asset_kind, assets_in, words_in
from dream_nb.api.request_models import KIND_OF, KINDS, REQUESTS, AnyRequest, Kind, UnknownRequest, type_told_by
from dream_nb.api.schemas import Schema, admits, enum, is_document

STATES: Final = ("queued", "dreaming", "completed", "failed")
NOT_MADE_STATES: Final[Mapping[str, str]] = {
    "failed": "it failed",
    "canceled": "the server canceled it",
    "expired": "it expired on the server",
}
"""The states of what ended without being made, each in words. The specification has only the first."""

FINAL_STATES: Final = frozenset({"completed", *NOT_MADE_STATES})

_ANSWERED_STATES: Final = {state: state for state in (*STATES, *NOT_MADE_STATES)} | {"cancelled": "canceled"}
# Without these an answer says nothing.
_ESSENTIAL: Final = frozenset({"id", "state"})

GenerationType = Annotated[str, *enum("generation type", KINDS)]


def _spelled_state(value: str, info: ValidationInfo) -> str:
    """A state in the spelling of this package, where a server writes it otherwise."""
    return _ANSWERED_STATES.get(value.strip().lower(), value) if admits(info, "enums") else value


State = Annotated[str, AfterValidator(_spelled_state), *enum("state", STATES)]


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that was made.

    Attributes:
        type: "video", "image", or what else it is, such as "exr".
        url: its address.
        label: what it shows, in a word or two; empty where nothing says it.
    """

    type: str
    url: str
    label: str = ""


class Assets(Schema):
    """`Assets`: the URLs of what was made.

    Attributes:
        video: of the video.
        image: of the image.
        progress_video: of what shows how far the video is.
    """

    video: str | None = None
    image: str | None = None
    progress_video: str | None = None

    def of(self, kind: str) -> str | None:
        """The URL of the result, or None where there is none yet. One that names no kind counts for either.

        Args:
            kind: "video" or "image".
        """
        if url := address_in(self.image if kind == "image" else self.video):
            return url
        url = address_in((self.model_extra or {}).get(ADDRESS))
        return url if url and asset_kind(None, url) in (kind, ADDRESS) else None


_READINGS: Final[Mapping[str, Callable[[Any], Any]]] = {"assets": assets_in, "failure_reason": words_in}
"""How fields of an answer are read that have another form than that of the specification."""


def _with_told_request(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer whose request says its `generation_type`; one that nothing tells is kept whole, as unknown."""
    request, parent = data["request"], data.get("generation_type")
    told = request.get("generation_type")
    if isinstance(told, str) and (told in REQUESTS or (told == "unknown" and "document" in request)):
        return data
    found = None if isinstance(told, str) else type_told_by(request, parent)
    return {**data, "request": _unknown(data) if found is None else {**request, "generation_type": found}}


def _unknown(data: Mapping[str, Any]) -> dict[str, Any]:
    """The request of an answer as one of a kind that this version does not know."""
    kind = _kind_by(data.get("generation_type"), data.get("assets"))
    return {"generation_type": "unknown", "kind": kind, "document": data["request"]}


def _kind_by(told: object, assets: object) -> Kind:
    """What a generation is: by its type where that says so, else by what was made."""
    if isinstance(told, str) and told:
        return "image" if "image" in told else "video"
    made = assets if isinstance(assets, Assets) else Assets.from_answer(assets_in(assets))
    return "image" if made.of("image") and not made.of("video") else "video"


class Generation(Schema):
    """`Generation`: a request on the server, from queued to completed or failed.

    Attributes:
        id: its name at the server.
        generation_type: "video" or "image"; some servers name the kind of the request here.
        state: "queued", "dreaming", "completed" or "failed". What some servers call "canceled", "cancelled" or
            "expired" is "canceled" or "expired", in whichever case they write it; other states are as they came.
        failure_reason: why it failed, in the server's words.
        created_at: when the server took it.
        assets: the URLs of what was made.
        model: which made it.
        request: what was asked for, as the server understood it.
    """

    id: str | None = None
    generation_type: GenerationType | None = None
    state: State | None = None
    failure_reason: str | None = None
    created_at: datetime | None = None
    assets: Assets | None = None
    model: str | None = None
    request: AnyRequest | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _readable(cls, data: Any, handler: Callable[[Any], Self], info: ValidationInfo) -> Self:
        """Read otherwise, or leave out, what has an odd form: one odd generation must not hide a page of others."""
        given = data
        if is_document(data) and is_document(data.get("request")):
            data = _with_told_request(data)
        try:
            return handler(data)
        except ValidationError as error:
            odd = {str(problem["loc"][0]) for problem in error.errors(include_url=False) if problem["loc"]}
            if not admits(info, "enums") or not is_document(data) or not odd or odd & _ESSENTIAL:
                raise
            read = {name: held for name in odd & _READINGS.keys() if (held := _READINGS[name](data[name]))}
            if "request" in odd and is_document(data["request"]):
                read["request"] = _unknown(given)
            return handler({name: value for name, value in data.items() if name not in odd} | read)

    def files(self, kind: Kind) -> list[OutputFile]:
        """What was made, the result first: the Luma API may make several files.

        Args:
            kind: "video" or "image": what was asked for.
        """
        made = self.assets.of(kind) if self.assets is not None else None
        found = [OutputFile(kind, made)] if made else []
        listed = (self.model_extra or {}).get("output")
        told = [one for one in listed if is_document(one)] if isinstance(listed, list) else []
        output = [
            OutputFile(str(one.get("type") or kind), address, _label(one))
            for one in told
            if (address := address_in(one))
        ]
        first = next((one for one in output if one.url == made), None)
        return [first, *(one for one in output if one is not first)] if first is not None else found

    @property
    def is_final(self) -> bool:
        """Whether it has ended: its state will not change any more."""
        return self.state in FINAL_STATES

    @property
    def has_failed(self) -> bool:
        """Whether it has ended without being made: it failed, was canceled, or expired."""
        return self.state in NOT_MADE_STATES

    @property
    def why_not_made(self) -> str:
        """Why it was not made, in the server's words where it gave a reason; empty where it has not failed."""
        if self.state == "failed":
            return self.failure_reason or "the server gave no reason"
        return ": ".join(filter(None, [NOT_MADE_STATES.get(self.state or "", ""), self.failure_reason]))

    @property
    def kind(self) -> Kind:
        """ "video" or "image", also where the server left out `generation_type`, or names a kind of request in it."""
        told = self.generation_type
        if told is not None and told in KIND_OF:
            return KIND_OF[told]
        if self.request is not None and not isinstance(self.request, UnknownRequest):
            return self.request.kind
        return _kind_by(told, self.assets)


def _label(output: Mapping[str, Any]) -> str:
    """What a file shows, where it is a layer that says so."""
    layer = output.get("layer")
    label = layer.get("label") if isinstance(layer, Mapping) else None
    return label if isinstance(label, str) else ""


class ListGenerationResponse(Schema):
    """`ListGenerationResponse`: one page of generations, newest first."""

    generations: list[Generation]
    count: int | None = None
    has_more: bool | None = None
    limit: int | None = None
    offset: int | None = None


class Credits(Schema):
    """`Credits`: the balance, in USD cents."""

    credit_balance: FiniteFloat


class Pong(Schema):
    """The answer of `ping`."""

    message: str | None = None


class Error(Schema):
    """`Error`: what a server says when it refuses."""

    detail: str | None = None
