"""What goes over the wire: the schemas of the Dream Machine API v1.1.0.

Requests are strict: a field that the API does not know, or a value outside its enums, is refused before
anything is sent. Answers are read tolerantly (`from_answer`): unknown fields are kept, unknown enum values
and nulls are accepted, since a hosted API grows faster than its clients.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    JsonValue,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError, from_json

from dream_nb.api.odd_forms import ADDRESS, address_in, asset_kind, assets_in, words_in

ASPECT_RATIOS: Final = ("1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21")
GENERATION_TYPES: Final = ("video", "image")
IMAGE_MODELS: Final = ("photon-1", "photon-flash-1")
IMAGE_FORMATS: Final = ("jpg", "png")
RESOLUTIONS: Final = {"540p": 540, "720p": 720, "1080p": 1080, "4k": 2160}
"""Of videos, each with the pixels of the shorter side."""
STATES: Final = ("queued", "dreaming", "completed", "failed")
NOT_MADE_STATES: Final[Mapping[str, str]] = {
    "failed": "it failed",
    "canceled": "the server canceled it",
    "expired": "it expired at the server",
}
"""The states of what ended without being made, each in words. The specification has only the first."""

FINAL_STATES: Final = frozenset({"completed", *NOT_MADE_STATES})

_ANSWERED_STATES: Final = {state: state for state in (*STATES, *NOT_MADE_STATES)} | {"cancelled": "canceled"}
# Without these an answer says nothing.
_ESSENTIAL: Final = frozenset({"id", "state"})
# Validation contexts: what is admitted while a document is read.
_ANSWER: Final = {"fields": True, "enums": True, "nulls": True}
_BODY: Final = {"fields": True}
_LONGEST_SHOWN: Final = 120


def shortened(uri: str) -> str:
    """A `data:` URI as it is shown: its beginning, and how long it is.

    Args:
        uri: the URI. A short one stays as it is.
    """
    return uri if len(uri) <= _LONGEST_SHOWN else f"{uri[:_LONGEST_SHOWN]}… ({len(uri):,} characters)"


def _is_document(data: Any) -> bool:
    # Asked first for what nearly all are: the other question costs ten times as much.
    return type(data) is dict or isinstance(data, Mapping)


def _open(info: ValidationInfo, what: str) -> bool:
    return bool(info.context and info.context.get(what))


def _one_of(name: str, values: tuple[str, ...]) -> Callable[[str, ValidationInfo], str]:
    known = frozenset(values)

    def check(value: str, info: ValidationInfo) -> str:
        if value not in known and not _open(info, "enums"):
            raise PydanticCustomError(
                "enum",
                "{name} '{value}' is not one of {allowed}",
                {"name": name, "value": value, "allowed": ", ".join(values)},
            )
        return value

    return check


def _enum(name: str, values: tuple[str, ...]) -> Any:
    return AfterValidator(_one_of(name, values)), Field(json_schema_extra={"enum": list(values)})


AspectRatio = Annotated[str, *_enum("aspect ratio", ASPECT_RATIOS)]
GenerationType = Annotated[str, *_enum("generation type", GENERATION_TYPES)]
ImageModel = Annotated[str, *_enum("model", IMAGE_MODELS)]


def _spelled_state(value: str, info: ValidationInfo) -> str:
    """A state in the spelling of this package, where a server writes it otherwise."""
    return _ANSWERED_STATES.get(value.strip().lower(), value) if _open(info, "enums") else value


State = Annotated[str, AfterValidator(_spelled_state), *_enum("state", STATES)]


class _Schema(BaseModel):
    """A schema of the specification. Direct construction is strict; documents are read by the `from_*` methods."""

    model_config = ConfigDict(extra="allow", strict=True)

    @classmethod
    def from_answer(cls, document: bytes | str | Mapping[str, Any]) -> Self:
        """Read what a server answered: unknown fields kept, unknown enum values and nulls accepted.

        Args:
            document: JSON, or the object that it stands for.

        Raises:
            ValueError: the document is not JSON, or not an object of this schema (`pydantic.ValidationError`).
        """
        return cls._read(document, _ANSWER)

    @classmethod
    def from_body(cls, document: bytes | str | Mapping[str, Any]) -> Self:
        """Read what a client sent to a server: unknown fields kept, everything else strict.

        Args:
            document: JSON, or the object that it stands for.

        Raises:
            ValueError: the document is not JSON, or breaks this schema (`pydantic.ValidationError`).
        """
        return cls._read(document, _BODY)

    @classmethod
    def _read(cls, document: bytes | str | Mapping[str, Any], admitted: dict[str, bool]) -> Self:
        data = document if isinstance(document, Mapping) else from_json(document)
        return cls.model_validate(data, context=admitted, strict=False if "enums" in admitted else None)

    @model_validator(mode="before")
    @classmethod
    def _admitted(cls, data: Any, info: ValidationInfo) -> Any:
        # Lists of thousands come through here: of what most of them are, nothing more is asked.
        if not _is_document(data):
            return data
        if None in data.values() and _open(info, "nulls"):
            data = {key: value for key, value in data.items() if value is not None}
        if not data.keys() <= cls.__pydantic_fields__.keys() and not _open(info, "fields"):
            unknown = next(key for key in data if key not in cls.__pydantic_fields__)
            raise _unknown_field(str(unknown), cls.__pydantic_fields__)
        return data

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # A picture may have megabytes, and a notebook keeps what it shows.
        for name, value in super().__repr_args__():
            yield name, value if name == "prompt" else _without_pictures(value)

    def wire(self) -> dict[str, Any]:
        """This object as the JSON document of the specification: defaults written out, nulls omitted."""
        document: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        return document


def _unknown_field(name: str, known: Mapping[str, object]) -> PydanticCustomError:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean '{near[0]}'?" if near else "send what the API has and this version lacks with extra={…}"
    return PydanticCustomError("unknown_field", "unknown field '{name}': {hint}", {"name": name, "hint": hint})


def _without_pictures(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_pictures(item) for item in value]
    return shortened(value) if isinstance(value, str) and value.startswith("data:") else value


class ImageReference(_Schema):
    """`ImageReference`: a keyframe that is a picture, by its URL.

    Attributes:
        type: "image".
        url: of the picture.
    """

    type: Literal["image"] = "image"
    url: str


class GenerationReference(_Schema):
    """`GenerationReference`: a keyframe that is an earlier generation, by its id.

    Attributes:
        type: "generation".
        id: the generation's.
    """

    type: Literal["generation"] = "generation"
    id: str


def _keyframe_type(value: Any) -> str | None:
    kind = value.get("type") if _is_document(value) else getattr(value, "type", None)
    return kind if isinstance(kind, str) else None


Keyframe = Annotated[
    Annotated[ImageReference, Tag("image")] | Annotated[GenerationReference, Tag("generation")],
    Discriminator(
        _keyframe_type,
        custom_error_type="keyframe",
        custom_error_message="a keyframe's type is 'image' (with a url) or 'generation' (with an id)",
    ),
]


class Keyframes(_Schema):
    """`Keyframes`: what the video begins and ends with.

    Attributes:
        frame0: what it begins with; of a generation its last frame.
        frame1: what it ends with; of a generation its first frame.
    """

    frame0: Keyframe | None = None
    frame1: Keyframe | None = None


class ImageRef(_Schema):
    """`ImageRef`: a picture to follow.

    Attributes:
        url: of the picture.
        weight: how much to follow it, 0 to 1.
    """

    url: str | None = None
    weight: float | None = None


class ModifyImageRef(_Schema):
    """`ModifyImageRef`: the picture to change.

    Attributes:
        url: of the picture.
        weight: how near to stay to it, 0 to 1.
    """

    url: str | None = None
    weight: float | None = None


class ImageIdentity(_Schema):
    """`ImageIdentity`: pictures of one and the same character.

    Attributes:
        images: their URLs.
    """

    images: list[str] | None = None


class CharacterRef(_Schema):
    """The object `character_ref` of `ImageGenerationRequest`.

    Attributes:
        identity0: the pictures of the character.
    """

    identity0: ImageIdentity | None = None


def outside_json(value: Any, where: str = "") -> str | None:
    """Where in a request a number stands that JSON lacks (NaN or an infinity), as "extra.seed: nan"; or None.

    Args:
        value: a request, or a part of it.
        where: the place of that part.
    """
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{where}: {value}"
    if isinstance(value, BaseModel):
        value = value.__dict__ | (value.__pydantic_extra__ or {})
    if isinstance(value, Mapping):
        parts: Iterable[tuple[object, Any]] = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return None
    return next(
        filter(None, (outside_json(part, f"{where}.{name}" if where else str(name)) for name, part in parts)), None
    )


class Concept(_Schema):
    """`Concept`: something that a model of 2025 knows how to do, such as a camera motion.

    Attributes:
        key: its name, such as "dolly_zoom".
    """

    key: str


class _Request(_Schema):
    """What both kinds of request share. Fields that the specification lacks are sent through `extra`."""

    prompt: str | None = None
    aspect_ratio: AspectRatio = "16:9"
    callback_url: str | None = None
    extra: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_extra(cls, data: Any, info: ValidationInfo) -> Any:
        if not _is_document(data):
            return data
        fields = cls.__pydantic_fields__.keys()
        if ("extra" not in data and data.keys() <= fields) or not _open(info, "fields"):
            return data
        known = {key: data[key] for key in data if key in fields and key != "extra"}
        return known | {"extra": {key: data[key] for key in data if key not in known}}

    @field_validator("extra")
    @classmethod
    def _extra_adds_only(cls, extra: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if taken := sorted(extra.keys() & (cls.model_fields.keys() - {"extra"})):
            raise PydanticCustomError(
                "extra", "'{name}' has a field of its own: take it out of extra", {"name": taken[0]}
            )
        return extra

    @model_validator(mode="after")
    def _has_json(self, info: ValidationInfo) -> Self:
        # It would be sent as null. What a server answered is not sent, and there are thousands of it.
        if not _open(info, "enums") and (found := outside_json(self)):
            raise PydanticCustomError("number", "{found} is not a number that JSON can hold", {"found": found})
        return self

    @model_serializer(mode="wrap")
    def _merge_extra(self, write: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        document = write(self)
        extra: dict[str, Any] = document.pop("extra", {})
        return document | extra


class GenerationRequest(_Request):
    """`GenerationRequest`: a video. `model`, `duration`, `resolution` and `concepts` are the hosted API's additions.

    Attributes:
        prompt: what to dream.
        aspect_ratio: 1:1, 16:9, 9:16, 4:3, 3:4, 21:9 or 9:21.
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "video".
        loop: whether its end meets its beginning.
        keyframes: what it begins and ends with.
        model: such as "ray-2".
        duration: such as "5s".
        resolution: 540p, 720p, 1080p or 4k.
        concepts: such as [{"key": "dolly_zoom"}].
    """

    generation_type: Literal["video"] = "video"
    loop: bool | None = None
    keyframes: Keyframes | None = None
    model: str | None = None
    duration: str | None = None
    resolution: str | None = None
    concepts: list[dict[str, JsonValue]] | None = None


class ImageGenerationRequest(_Request):
    """`ImageGenerationRequest`: an image. `format` is the hosted API's addition.

    Attributes:
        prompt: what to dream.
        aspect_ratio: 1:1, 16:9, 9:16, 4:3, 3:4, 21:9 or 9:21.
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "image".
        model: "photon-1" or "photon-flash-1".
        image_ref: pictures to follow.
        style_ref: pictures whose style to follow.
        character_ref: pictures of one and the same character.
        modify_image_ref: the picture to change.
        format: "jpg" or "png".
    """

    generation_type: Literal["image"] = "image"
    model: ImageModel = "photon-1"
    image_ref: list[ImageRef] | None = None
    style_ref: list[ImageRef] | None = None
    character_ref: CharacterRef | None = None
    modify_image_ref: ModifyImageRef | None = None
    format: str | None = None


def _request_type(value: Any) -> str:
    kind = value.get("generation_type") if _is_document(value) else getattr(value, "generation_type", None)
    return "image" if kind == "image" else "video"


AnyRequest = Annotated[
    Annotated[GenerationRequest, Tag("video")] | Annotated[ImageGenerationRequest, Tag("image")],
    Discriminator(_request_type),
]


class Assets(_Schema):
    """`Assets`: the URLs of what was made."""

    video: str | None = None
    image: str | None = None

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


class Generation(_Schema):
    """`Generation`: a request on the server, from queued to completed or failed.

    Attributes:
        id: its name at the server.
        generation_type: "video" or "image".
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
        if _is_document(data) and data.get("generation_type") == "image":
            request = data.get("request")
            if _is_document(request) and "generation_type" not in request:
                # A server need not repeat the type in the request.
                data = {**data, "request": {"generation_type": "image", **request}}
        try:
            return handler(data)
        except ValidationError as error:
            odd = {str(problem["loc"][0]) for problem in error.errors(include_url=False) if problem["loc"]}
            if not _open(info, "enums") or not _is_document(data) or not odd or odd & _ESSENTIAL:
                raise
            read = {name: held for name in odd & _READINGS.keys() if (held := _READINGS[name](data[name]))}
            return handler({name: value for name, value in data.items() if name not in odd} | read)

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
    def kind(self) -> str:
        """ "video" or "image", also where the server left out `generation_type`."""
        if self.generation_type:
            return self.generation_type
        return self.request.generation_type if self.request else "video"


class ListGenerationResponse(_Schema):
    """`ListGenerationResponse`: one page of generations, newest first."""

    generations: list[Generation]
    count: int | None = None
    has_more: bool | None = None
    limit: int | None = None
    offset: int | None = None


class Credits(_Schema):
    """`Credits`: the balance, in USD cents."""

    credit_balance: FiniteFloat


class Pong(_Schema):
    """The answer of `ping`."""

    message: str | None = None


class Error(_Schema):
    """`Error`: what a server says when it refuses."""

    detail: str | None = None
