"""The server's answers: generations and their lists, the balance, and errors."""

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
"""The states of a generation that ended without being made, each in words. The specification has only "failed"."""

FINAL_STATES: Final = frozenset({"completed", *NOT_MADE_STATES})

_ANSWERED_STATES: Final = {state: state for state in (*STATES, *NOT_MADE_STATES)} | {"cancelled": "canceled"}
# Without these, an answer is useless.
_ESSENTIAL: Final = frozenset({"id", "state"})

GenerationType = Annotated[str, *enum("generation type", KINDS)]


def _spelled_state(value: str, info: ValidationInfo) -> str:
    """A state in the spelling of this package, whatever the server's spelling is."""
    return _ANSWERED_STATES.get(value.strip().lower(), value) if admits(info, "enums") else value


State = Annotated[str, AfterValidator(_spelled_state), *enum("state", STATES)]


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file of a generation.

    Attributes:
        type: the type of the file: "video", "image", or another one such as "exr".
        url: the address of the file.
        label: what the file shows, in a word or two; empty if unknown.
    """

    type: str
    url: str
    label: str = ""


class Assets(Schema):
    """`Assets`: the URLs of the files of a generation.

    Attributes:
        video: the URL of the video.
        image: the URL of the image.
        progress_video: the URL of a preview that shows the progress of the video.
    """

    video: str | None = None
    image: str | None = None
    progress_video: str | None = None

    def of(self, kind: str) -> str | None:
        """Return the URL of the result, or None if there is none yet. A URL without a kind counts for either kind.

        Args:
            kind: the kind of result: "video" or "image".
        """
        if url := address_in(self.image if kind == "image" else self.video):
            return url
        url = address_in((self.model_extra or {}).get(ADDRESS))
        return url if url and asset_kind(None, url) in (kind, ADDRESS) else None


_READINGS: Final[Mapping[str, Callable[[Any], Any]]] = {"assets": assets_in, "failure_reason": words_in}
"""The functions that read fields of an answer that differ from the specification."""


def _with_told_request(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer whose request states its `generation_type`. A request of unknown kind is kept whole."""
    request, parent = data["request"], data.get("generation_type")
    told = request.get("generation_type")
    if isinstance(told, str) and (told in REQUESTS or (told == "unknown" and "document" in request)):
        return data
    found = None if isinstance(told, str) else type_told_by(request, parent)
    return {**data, "request": _unknown(data) if found is None else {**request, "generation_type": found}}


def _unknown(data: Mapping[str, Any]) -> dict[str, Any]:
    """The request of an answer, as one of a kind that this version does not know."""
    kind = _kind_by(data.get("generation_type"), data.get("assets"))
    return {"generation_type": "unknown", "kind": kind, "document": data["request"]}


def _kind_by(told: object, assets: object) -> Kind:
    """The kind of a generation: by its type if that says so, otherwise by its files."""
    if isinstance(told, str) and told:
        return "image" if "image" in told else "video"
    made = assets if isinstance(assets, Assets) else Assets.from_answer(assets_in(assets))
    return "image" if made.of("image") and not made.of("video") else "video"


class Generation(Schema):
    """`Generation`: a request on the server, from queued to completed or failed.

    Attributes:
        id: the id of the generation on the server.
        generation_type: "video" or "image"; some servers put the kind of the request here.
        state: "queued", "dreaming", "completed" or "failed". The spellings of some servers for "canceled" and
            "expired", in any case, become these two; other states are unchanged.
        failure_reason: the reason of a failure, in the server's words.
        created_at: when the server accepted the request.
        assets: the URLs of the files.
        model: the model that makes it.
        request: the request, as the server understood it.
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
        """Reinterpret or drop values of an odd form, because one odd generation must not hide a page of others."""
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
        """Return the generation's files, the result first. The Luma API may make several files.

        Args:
            kind: the kind of result that was requested: "video" or "image".
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
        """Whether it has ended, so that its state will not change any more."""
        return self.state in FINAL_STATES

    @property
    def has_failed(self) -> bool:
        """Whether it has ended without a result: it failed, was canceled, or expired."""
        return self.state in NOT_MADE_STATES

    @property
    def why_not_made(self) -> str:
        """The reason why it was not made, in the server's words if it gave one; empty if it has not failed."""
        if self.state == "failed":
            return self.failure_reason or "the server gave no reason"
        return ": ".join(filter(None, [NOT_MADE_STATES.get(self.state or "", ""), self.failure_reason]))

    @property
    def kind(self) -> Kind:
        """The kind of result, "video" or "image", even if `generation_type` is missing or names a kind of request."""
        told = self.generation_type
        if told is not None and told in KIND_OF:
            return KIND_OF[told]
        if self.request is not None and not isinstance(self.request, UnknownRequest):
            return self.request.kind
        return _kind_by(told, self.assets)


def _label(output: Mapping[str, Any]) -> str:
    """What a file shows, if it is a labelled layer."""
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
    """`Error`: the server's answer when it refuses a request."""

    detail: str | None = None
