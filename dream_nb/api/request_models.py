"""The requests of the Dream Machine API: its seven kinds, and requests of kinds that this version does not know.

A request is what the user asks for, in the words of the API. It refers to generations by id even if the server expects
an address (`media` of modify and reframe) or the id in the path (upscale, audio), so that a request stays the same
whatever addresses its files have. The server's dialect converts it for the POST.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Self, get_args

from pydantic import (
    Discriminator,
    Field,
    JsonValue,
    Tag,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from dream_nb.api.schemas import Schema, admits, enum, is_document, outside_json

ASPECT_RATIOS: Final = ("1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21")
VIDEO_MODELS: Final = ("ray-1-6", "ray-2", "ray-flash-2")
IMAGE_MODELS: Final = ("photon-1", "photon-flash-1")
EDITING_MODELS: Final = ("ray-2", "ray-flash-2")
"""The models that modify and reframe videos."""
IMAGE_FORMATS: Final = ("jpg", "png")
MODES: Final = tuple(f"{mode}_{strength}" for mode in ("adhere", "flex", "reimagine") for strength in (1, 2, 3))
"""The modes of a modification, from the closest to the source to the freest."""
RESOLUTIONS: Final = {"540p": 540, "720p": 720, "1080p": 1080, "4k": 2160}
"""The resolutions of videos, each with the shorter side in pixels."""
DURATIONS: Final = ("5s", "9s")
CONCEPTS: Final = (
    "aerial",
    "aerial_drone",
    "bolt_cam",
    "crane_down",
    "crane_up",
    "dolly_zoom",
    "elevator_doors",
    "eye_level",
    "ground_level",
    "handheld",
    "high_angle",
    "low_angle",
    "orbit_left",
    "orbit_right",
    "over_the_shoulder",
    "overhead",
    "pan_left",
    "pan_right",
    "pedestal_down",
    "pedestal_up",
    "pov",
    "pull_out",
    "push_in",
    "roll_left",
    "roll_right",
    "selfie",
    "static",
    "tilt_down",
    "tilt_up",
    "tiny_planet",
    "truck_left",
    "truck_right",
    "zoom_in",
    "zoom_out",
)
"""The keys that the hosted API listed in 2025."""

Kind = Literal["video", "image"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""The kinds of generations."""

_RATIO_FORM: Final = r"[1-9][0-9]?:[1-9][0-9]?"
_NAME_FORM: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"

AspectRatio = Annotated[str, *enum("aspect ratio", ASPECT_RATIOS, _RATIO_FORM)]
ImageModel = Annotated[str, *enum("model", IMAGE_MODELS, _NAME_FORM)]
EditingModel = Annotated[str, *enum("model", EDITING_MODELS, _NAME_FORM)]
Mode = Annotated[str, *enum("mode", MODES)]


class ImageReference(Schema):
    """`ImageReference`: a keyframe that is a picture, given by its URL.

    Attributes:
        type: the kind of keyframe: "image".
        url: the URL of the picture.
    """

    type: Literal["image"] = "image"
    url: str


class GenerationReference(Schema):
    """`GenerationReference`: a keyframe that is an earlier generation, given by its id.

    Attributes:
        type: the kind of keyframe: "generation".
        id: the id of the generation.
    """

    type: Literal["generation"] = "generation"
    id: str


def _keyframe_type(value: Any) -> str | None:
    kind = value.get("type") if is_document(value) else getattr(value, "type", None)
    return kind if isinstance(kind, str) else None


Keyframe = Annotated[
    Annotated[ImageReference, Tag("image")] | Annotated[GenerationReference, Tag("generation")],
    Discriminator(
        _keyframe_type,
        custom_error_type="keyframe",
        custom_error_message="a keyframe's type must be 'image' (with a url) or 'generation' (with an id)",
    ),
]


class Keyframes(Schema):
    """`Keyframes`: the first and the last frame of a video.

    Attributes:
        frame0: the picture or generation that the video begins with; it continues from a generation's last frame.
        frame1: the picture or generation that the video ends with; it leads to a generation's first frame.
    """

    frame0: Keyframe | None = None
    frame1: Keyframe | None = None


class ImageRef(Schema):
    """`ImageRef`: a picture to follow.

    Attributes:
        url: the URL of the picture.
        weight: how closely to follow it, from 0 to 1.
    """

    url: str | None = None
    weight: float | None = None


class ModifyImageRef(Schema):
    """`ModifyImageRef`: the picture to change.

    Attributes:
        url: the URL of the picture.
        weight: how close to stay to it, from 0 to 1.
    """

    url: str | None = None
    weight: float | None = None


class ImageIdentity(Schema):
    """`ImageIdentity`: pictures of one character.

    Attributes:
        images: the URLs of the pictures.
    """

    images: list[str] | None = None


class CharacterRef(Schema):
    """The object `character_ref` of `ImageGenerationRequest`.

    Attributes:
        identity0: the pictures of the character.
    """

    identity0: ImageIdentity | None = None


class Media(Schema):
    """`Media`: a video or picture, given by its URL.

    Attributes:
        url: the URL of the file.
    """

    url: str


def _source_type(value: Any) -> str:
    is_named = "id" in value if is_document(value) else hasattr(value, "id")
    return "generation" if is_named else "media"


Source = Annotated[
    Annotated[Media, Tag("media")] | Annotated[GenerationReference, Tag("generation")], Discriminator(_source_type)
]
"""The source that is modified, reframed, upscaled or given sound: a generation, or a file by its URL."""


class Concept(Schema):
    """`Concept`: something that the models of 2025 can do, such as a camera motion.

    Attributes:
        key: the name of the concept, such as "dolly_zoom".
    """

    key: str


class _Request(Schema):
    """The base of all requests. Fields that are not in the specification can be sent through `extra`."""

    is_source_in_path: ClassVar[bool] = False
    """Whether the path names the source of the request, so that answers do not repeat it."""

    if TYPE_CHECKING:
        generation_type: Any

    callback_url: str | None = None
    extra: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The kind of result: "video" or "image"."""
        return KIND_OF[self.generation_type]

    @property
    def label(self) -> str:
        """The name for display: the prompt."""
        return getattr(self, "prompt", None) or ""

    @model_validator(mode="before")
    @classmethod
    def _gather_extra(cls, data: Any, info: ValidationInfo) -> Any:
        if not is_document(data):
            return data
        fields = cls.__pydantic_fields__.keys()
        if ("extra" not in data and data.keys() <= fields) or not admits(info, "fields"):
            return data
        known = {key: data[key] for key in data if key in fields and key != "extra"}
        return known | {"extra": {key: data[key] for key in data if key not in known}}

    @field_validator("extra")
    @classmethod
    def _extra_adds_only(cls, extra: dict[str, JsonValue], info: ValidationInfo) -> dict[str, JsonValue]:
        if taken := sorted(extra.keys() & (cls.model_fields.keys() - {"extra"})):
            raise PydanticCustomError("extra", "'{name}' is a regular field: remove it from extra", {"name": taken[0]})
        # A server that ignores unknown fields would make, and bill, something else.
        misplaced = [] if admits(info, "fields") else sorted(extra.keys() & FIELD_OWNERS.keys())
        if misplaced:
            own = _OPERATIONS[cls.model_fields["generation_type"].default]
            raise PydanticCustomError(
                "misplaced",
                "'{name}' is a field of {owner}, and this is {own}: remove it",
                {"name": misplaced[0], "owner": _OPERATIONS[FIELD_OWNERS[misplaced[0]][0]], "own": own},
            )
        return extra

    @model_validator(mode="after")
    def _has_json(self, info: ValidationInfo) -> Self:
        # These values would be sent as null. Answers of a server are not sent, and there may be thousands of them.
        if not admits(info, "enums") and (found := outside_json(self)):
            raise PydanticCustomError("number", "{found} is not a valid JSON number", {"found": found})
        return self

    @model_serializer(mode="wrap")
    def _merge_extra(self, write: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        document = write(self)
        extra: dict[str, Any] = document.pop("extra", {})
        return document | extra


class GenerationRequest(_Request):
    """`GenerationRequest`: a request for a video. `model`, `duration`, `resolution` and `concepts` were added in 2025.

    Attributes:
        prompt: the prompt.
        aspect_ratio: the aspect ratio: 1:1, 16:9, 9:16, 4:3, 3:4, 21:9 or 9:21.
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "video".
        loop: whether the end of the video leads to its beginning.
        keyframes: the first and the last frame.
        model: the name of the model, such as "ray-2".
        duration: the playing time, such as "5s".
        resolution: the resolution: 540p, 720p, 1080p or 4k.
        concepts: the concepts to apply, such as [{"key": "dolly_zoom"}].
    """

    prompt: str | None = None
    aspect_ratio: AspectRatio = "16:9"
    generation_type: Literal["video"] = "video"
    loop: bool | None = None
    keyframes: Keyframes | None = None
    model: str | None = None
    duration: str | None = None
    resolution: str | None = None
    concepts: list[dict[str, JsonValue]] | None = None


class ImageGenerationRequest(_Request):
    """`ImageGenerationRequest`: a request for an image. `format` was added in 2025.

    Attributes:
        prompt: the prompt.
        aspect_ratio: the aspect ratio: 1:1, 16:9, 9:16, 4:3, 3:4, 21:9 or 9:21.
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "image".
        model: the name of the model: "photon-1" or "photon-flash-1".
        image_ref: pictures to follow.
        style_ref: pictures whose style is followed.
        character_ref: pictures of one character.
        modify_image_ref: the picture to modify.
        format: the file format: "jpg" or "png".
        sync: whether the server answers only when the picture is done. Sessions leave this out, because they follow
            their requests.
        sync_timeout: the longest time until that answer, in seconds.
    """

    prompt: str | None = None
    aspect_ratio: AspectRatio = "16:9"
    generation_type: Literal["image"] = "image"
    model: ImageModel = "photon-1"
    image_ref: list[ImageRef] | None = None
    style_ref: list[ImageRef] | None = None
    character_ref: CharacterRef | None = None
    modify_image_ref: ModifyImageRef | None = None
    format: str | None = None
    sync: bool | None = None
    sync_timeout: float | None = None


class ModifyVideoRequest(_Request):
    """`ModifyVideoRequest`: a request for a video with a new look (API of 2025).

    Attributes:
        prompt: what the video becomes.
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "modify_video".
        media: the source video: a generation, or its URL.
        first_frame: a picture that the first frame should look like, or None.
        model: the name of the model, such as "ray-2".
        mode: how far to depart from the source: adhere_1 to adhere_3, flex_1 to flex_3, reimagine_1 to reimagine_3.
    """

    aspect_ratio: ClassVar[None] = None
    prompt: str | None = None
    generation_type: Literal["modify_video"] = "modify_video"
    media: Source
    first_frame: Media | None = None
    model: EditingModel = "ray-2"
    mode: Mode

    @property
    def label(self) -> str:
        """The name for display: the prompt, or else the mode."""
        return self.prompt or f"modified, {self.mode}"


class _Reframe(_Request):
    """The base of both reframe requests."""

    prompt: str | None = None
    media: Source
    aspect_ratio: AspectRatio
    grid_position_x: int | None = None
    grid_position_y: int | None = None
    x_start: int | None = None
    x_end: int | None = None
    y_start: int | None = None
    y_end: int | None = None
    resized_width: int | None = None
    resized_height: int | None = None

    @property
    def label(self) -> str:
        """The name for display: the new aspect ratio and the prompt."""
        return ", ".join(filter(None, [self.aspect_ratio, self.prompt]))


class ReframeVideoRequest(_Reframe):
    """`ReframeVideoRequest`: a request for a video in another aspect ratio, with missing parts painted in (2025).

    Attributes:
        prompt: what the new parts show.
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "reframe_video".
        media: the source video: a generation, or its URL.
        first_frame: a picture that the first frame should look like, or None.
        model: the name of the model, such as "ray-2".
        aspect_ratio: the new aspect ratio.
        grid_position_x: the left edge of the source in the result, in pixels.
        grid_position_y: the top edge of the source in the result, in pixels.
        x_start: the left edge of the part of the source that is used, in pixels.
        x_end: the right edge of the part of the source that is used, in pixels.
        y_start: the top edge of the part of the source that is used, in pixels.
        y_end: the bottom edge of the part of the source that is used, in pixels.
        resized_width: the width of the source in the result, in pixels.
        resized_height: the height of the source in the result, in pixels.
    """

    generation_type: Literal["reframe_video"] = "reframe_video"
    first_frame: Media | None = None
    model: EditingModel = "ray-2"


class ReframeImageRequest(_Reframe):
    """`ReframeImageRequest`: a request for an image in another aspect ratio, with missing parts painted in (2025).

    Attributes:
        prompt: what the new parts show.
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "reframe_image".
        media: the source image: a generation, or its URL.
        model: the name of the model: "photon-1" or "photon-flash-1".
        aspect_ratio: the new aspect ratio.
        grid_position_x: the left edge of the source in the result, in pixels.
        grid_position_y: the top edge of the source in the result, in pixels.
        x_start: the left edge of the part of the source that is used, in pixels.
        x_end: the right edge of the part of the source that is used, in pixels.
        y_start: the top edge of the part of the source that is used, in pixels.
        y_end: the bottom edge of the part of the source that is used, in pixels.
        resized_width: the width of the source in the result, in pixels.
        resized_height: the height of the source in the result, in pixels.
        format: the file format: "jpg" or "png".
    """

    generation_type: Literal["reframe_image"] = "reframe_image"
    model: ImageModel = "photon-1"
    format: str | None = None


class UpscaleVideoGenerationRequest(_Request):
    """`UpscaleVideoGenerationRequest`: a request for a video in a higher resolution (API of 2025).

    Attributes:
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "upscale_video".
        media: the source video. The server gets its id in the path and never returns it, so this is None if only the
            server knows it.
        resolution: the resolution: 540p, 720p, 1080p or 4k.
    """

    is_source_in_path: ClassVar[bool] = True
    prompt: ClassVar[None] = None
    aspect_ratio: ClassVar[None] = None
    model: ClassVar[None] = None
    generation_type: Literal["upscale_video"] = "upscale_video"
    media: GenerationReference | None = None
    resolution: str | None = None

    @property
    def label(self) -> str:
        """The name for display: the resolution."""
        return f"upscaled to {self.resolution}" if self.resolution else "upscaled"


class AudioGenerationRequest(_Request):
    """`AudioGenerationRequest`: a request for a video with sound (API of 2025).

    Attributes:
        prompt: what is heard.
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "add_audio".
        media: the source video. The server gets its id in the path and never returns it, so this is None if only the
            server knows it.
        negative_prompt: what must not be heard.
    """

    is_source_in_path: ClassVar[bool] = True
    aspect_ratio: ClassVar[None] = None
    model: ClassVar[None] = None
    prompt: str | None = None
    generation_type: Literal["add_audio"] = "add_audio"
    media: GenerationReference | None = None
    negative_prompt: str | None = None

    @property
    def label(self) -> str:
        """The name for display: what is heard."""
        return f"sound: {self.prompt}" if self.prompt else "with sound"


class LayeringRequest(_Request):
    """A request to separate a picture into layers, which are pictures with transparency. Only the Luma API can do this.

    Attributes:
        prompt: what the layers show; optional.
        callback_url: always None, because that API makes no callbacks.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "layering".
        media: the source picture: a generation, or its URL.
        model: the name of the model, such as "uni-1".
        resolution: the resolution of each layer: "1k" or "2k".
    """

    aspect_ratio: ClassVar[None] = None
    prompt: str | None = None
    generation_type: Literal["layering"] = "layering"
    media: Source
    model: str | None = None
    resolution: str = "1k"

    @property
    def label(self) -> str:
        """The name for display: the prompt, if there is one."""
        return f"layers: {self.prompt}" if self.prompt else "layers"


class UnknownRequest(Schema):
    """A request of a kind that this version does not know, as a server returned it. It is never sent.

    Attributes:
        generation_type: the kind of request: "unknown".
        kind: the kind of result: "video" or "image".
        document: the request, as the server wrote it.
    """

    is_source_in_path: ClassVar[bool] = False
    aspect_ratio: ClassVar[None] = None
    model: ClassVar[None] = None
    generation_type: Literal["unknown"] = "unknown"
    kind: Kind = "video"
    document: dict[str, JsonValue]

    @property
    def prompt(self) -> str | None:
        """The prompt, or None if there is none."""
        prompt = self.document.get("prompt")
        return prompt if isinstance(prompt, str) else None

    @property
    def label(self) -> str:
        """The name for display: the prompt, or else the id, or else the kind that it states."""
        told, id_ = self.document.get("generation_type"), self.document.get("id")
        what = told.replace("_", " ") if isinstance(told, str) else "of an unknown kind"
        return self.prompt or (f"generation {id_}" if isinstance(id_, str) else what)

    @property
    def callback_url(self) -> str | None:
        """Always None, because the request is never sent."""
        return None


Reframe = ReframeVideoRequest | ReframeImageRequest
"""Requests for another aspect ratio."""

Create = GenerationRequest | ImageGenerationRequest
"""Requests for something new."""

Edit = (
    ModifyVideoRequest
    | ReframeVideoRequest
    | ReframeImageRequest
    | UpscaleVideoGenerationRequest
    | AudioGenerationRequest
)
"""Requests for another version of something."""

Request = Create | Edit | LayeringRequest | UnknownRequest
"""Any request."""

_CREATES: Final[tuple[type[Create], ...]] = get_args(Create)
EDITS: Final[tuple[type[Edit], ...]] = get_args(Edit)
REQUESTS: Final[Mapping[str, type[Create] | type[Edit]]] = {
    cls.model_fields["generation_type"].default: cls for cls in (*_CREATES, *EDITS)
}
"""The schemas of the specification by their `generation_type`."""

KIND_OF: Final[Mapping[str, Kind]] = {
    **{name: "image" if "image" in name else "video" for name in REQUESTS},
    "layering": "image",
}
"""The kind of result of each `generation_type`."""

_OPERATIONS: Final[Mapping[str, str]] = {
    "video": "a request for a video",
    "image": "a request for an image",
    "modify_video": "a request to modify a video",
    "reframe_video": "a request to reframe a video",
    "reframe_image": "a request to reframe an image",
    "upscale_video": "a request to upscale a video",
    "add_audio": "a request for sound",
}
FIELD_OWNERS: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(type_ for type_, cls in REQUESTS.items() if name in cls.model_fields)
    for cls in REQUESTS.values()
    for name in cls.model_fields
    if name != "extra"
}
"""The fields of all requests, each with the `generation_type` of those that have it."""

DELIVERY: Final = ("callback_url", "sync", "sync_timeout")
"""The fields that control how the server answers, and not what it makes."""

_ONLY_CREATES: Final = frozenset(
    {"model", *(name for cls in _CREATES for name in cls.model_fields)}
    - {"prompt", "callback_url", "extra", "generation_type", "resolution", "format"}
)


def type_told_by(document: Mapping[str, Any], parent: object) -> str | None:
    """Infer the `generation_type` of a request that does not state it; None if it is not clear.

    A prompt alone is not enough for "video", because a request for sound may have nothing else.

    Args:
        document: the request, as a server returned it.
        parent: the `generation_type` of its generation.
    """
    if not isinstance(parent, str):
        parent = None
    if parent in REQUESTS and parent not in KINDS:
        return parent
    if parent is not None and parent not in KINDS:
        return None
    # An empty value may be a default, and says nothing.
    given = {name for name, value in document.items() if value}
    if "media" in given:
        if "mode" in given:
            return "modify_video"
        return f"reframe_{parent or 'video'}" if "aspect_ratio" in given else None
    makes_images = document.get("model") in IMAGE_MODELS
    return parent or ("image" if makes_images else "video") if given & _ONLY_CREATES else None


def _request_type(value: Any) -> str:
    told = value.get("generation_type") if is_document(value) else getattr(value, "generation_type", None)
    return told if isinstance(told, str) and told in REQUESTS else "unknown"


AnyRequest = Annotated[
    Annotated[GenerationRequest, Tag("video")]
    | Annotated[ImageGenerationRequest, Tag("image")]
    | Annotated[ModifyVideoRequest, Tag("modify_video")]
    | Annotated[ReframeVideoRequest, Tag("reframe_video")]
    | Annotated[ReframeImageRequest, Tag("reframe_image")]
    | Annotated[UpscaleVideoGenerationRequest, Tag("upscale_video")]
    | Annotated[AudioGenerationRequest, Tag("add_audio")]
    | Annotated[UnknownRequest, Tag("unknown")],
    Discriminator(_request_type),
]
"""A request by its `generation_type`."""
