"""What may be asked of the Dream Machine API: its seven kinds of requests, and those that this version does not know.

A request is what the user asks for, in the words of the API. It names a generation by its id also where the server
wants an address (`media` of modify and reframe) or has the id in the path (upscale, audio): so one and the same request
stays the same, whatever addresses its files have. The dialect of the server writes it down for the POST.
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
"""That modify and reframe videos."""
IMAGE_FORMATS: Final = ("jpg", "png")
MODES: Final = tuple(f"{mode}_{strength}" for mode in ("adhere", "flex", "reimagine") for strength in (1, 2, 3))
"""Of modifying, from the nearest to the source to the freest."""
RESOLUTIONS: Final = {"540p": 540, "720p": 720, "1080p": 1080, "4k": 2160}
"""Of videos, each with the pixels of the shorter side."""
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
"""What a generation can be."""

_RATIO_FORM: Final = r"[1-9][0-9]?:[1-9][0-9]?"
_NAME_FORM: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"

AspectRatio = Annotated[str, *enum("aspect ratio", ASPECT_RATIOS, _RATIO_FORM)]
ImageModel = Annotated[str, *enum("model", IMAGE_MODELS, _NAME_FORM)]
EditingModel = Annotated[str, *enum("model", EDITING_MODELS, _NAME_FORM)]
Mode = Annotated[str, *enum("mode", MODES)]


class ImageReference(Schema):
    """`ImageReference`: a keyframe that is a picture, by its URL.

    Attributes:
        type: "image".
        url: of the picture.
    """

    type: Literal["image"] = "image"
    url: str


class GenerationReference(Schema):
    """`GenerationReference`: a keyframe that is an earlier generation, by its id.

    Attributes:
        type: "generation".
        id: the generation's.
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
    """`Keyframes`: what the video begins and ends with.

    Attributes:
        frame0: what it begins with; of a generation its last frame.
        frame1: what it ends with; of a generation its first frame.
    """

    frame0: Keyframe | None = None
    frame1: Keyframe | None = None


class ImageRef(Schema):
    """`ImageRef`: a picture to follow.

    Attributes:
        url: of the picture.
        weight: how much to follow it, 0 to 1.
    """

    url: str | None = None
    weight: float | None = None


class ModifyImageRef(Schema):
    """`ModifyImageRef`: the picture to change.

    Attributes:
        url: of the picture.
        weight: how near to stay to it, 0 to 1.
    """

    url: str | None = None
    weight: float | None = None


class ImageIdentity(Schema):
    """`ImageIdentity`: pictures of one and the same character.

    Attributes:
        images: their URLs.
    """

    images: list[str] | None = None


class CharacterRef(Schema):
    """The object `character_ref` of `ImageGenerationRequest`.

    Attributes:
        identity0: the pictures of the character.
    """

    identity0: ImageIdentity | None = None


class Media(Schema):
    """`Media`: a video or picture, by its URL.

    Attributes:
        url: of the file.
    """

    url: str


def _source_type(value: Any) -> str:
    is_named = "id" in value if is_document(value) else hasattr(value, "id")
    return "generation" if is_named else "media"


Source = Annotated[
    Annotated[Media, Tag("media")] | Annotated[GenerationReference, Tag("generation")], Discriminator(_source_type)
]
"""What is modified, reframed, upscaled or given sound: a generation, or a file by its URL."""


class Concept(Schema):
    """`Concept`: something that a model of 2025 knows how to do, such as a camera motion.

    Attributes:
        key: its name, such as "dolly_zoom".
    """

    key: str


class _Request(Schema):
    """What all requests share. Fields that the specification lacks are sent through `extra`."""

    is_source_in_path: ClassVar[bool] = False
    """Whether the server is told in the path what the request goes on from, so that no answer repeats it."""

    if TYPE_CHECKING:
        generation_type: Any

    callback_url: str | None = None
    extra: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What it makes: "video" or "image"."""
        return KIND_OF[self.generation_type]

    @property
    def label(self) -> str:
        """What it is called where it is shown: its prompt."""
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
        # A server that ignores what it does not know would make, and bill, something else.
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
        # It would be sent as null. What a server answered is not sent, and there are thousands of it.
        if not admits(info, "enums") and (found := outside_json(self)):
            raise PydanticCustomError("number", "{found} is not a valid JSON number", {"found": found})
        return self

    @model_serializer(mode="wrap")
    def _merge_extra(self, write: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        document = write(self)
        extra: dict[str, Any] = document.pop("extra", {})
        return document | extra


class GenerationRequest(_Request):
    """`GenerationRequest`: a video. `model`, `duration`, `resolution` and `concepts` are additions of 2025.

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
    """`ImageGenerationRequest`: an image. `format` is an addition of 2025.

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
        sync: whether the answer waits for the picture. A session, which follows what it has asked for, leaves it out.
        sync_timeout: how many seconds the answer waits.
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
    """`ModifyVideoRequest`: a video with another look. Of 2025.

    Attributes:
        prompt: what it becomes.
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "modify_video".
        media: the video: a generation, or its URL.
        first_frame: how the first frame is to look, or None.
        model: such as "ray-2".
        mode: how far it goes from the video: adhere_1 to adhere_3, flex_1 to flex_3, reimagine_1 to reimagine_3.
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
        """What it is called where it is shown: its prompt, or how far it goes."""
        return self.prompt or f"modified, {self.mode}"


class _Reframe(_Request):
    """What both ways to reframe share."""

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
        """What it is called where it is shown: its new ratio, and its prompt."""
        return ", ".join(filter(None, [self.aspect_ratio, self.prompt]))


class ReframeVideoRequest(_Reframe):
    """`ReframeVideoRequest`: a video in another ratio, what is missing painted on. Of 2025.

    Attributes:
        prompt: what is to be seen in the new parts.
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "reframe_video".
        media: the video: a generation, or its URL.
        first_frame: how the first frame is to look, or None.
        model: such as "ray-2".
        aspect_ratio: the new one.
        grid_position_x: where the source lies, in pixels of the result from the left.
        grid_position_y: the same from the top.
        x_start: where the source is cut, in pixels.
        x_end: where the source is cut, in pixels.
        y_start: where the source is cut, in pixels.
        y_end: where the source is cut, in pixels.
        resized_width: the width of the source in the result, in pixels.
        resized_height: the height of the source in the result, in pixels.
    """

    generation_type: Literal["reframe_video"] = "reframe_video"
    first_frame: Media | None = None
    model: EditingModel = "ray-2"


class ReframeImageRequest(_Reframe):
    """`ReframeImageRequest`: an image in another ratio, what is missing painted on. Of 2025.

    Attributes:
        prompt: what is to be seen in the new parts.
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "reframe_image".
        media: the image: a generation, or its URL.
        model: "photon-1" or "photon-flash-1".
        aspect_ratio: the new one.
        grid_position_x: where the source lies, in pixels of the result from the left.
        grid_position_y: the same from the top.
        x_start: where the source is cut, in pixels.
        x_end: where the source is cut, in pixels.
        y_start: where the source is cut, in pixels.
        y_end: where the source is cut, in pixels.
        resized_width: the width of the source in the result, in pixels.
        resized_height: the height of the source in the result, in pixels.
        format: "jpg" or "png".
    """

    generation_type: Literal["reframe_image"] = "reframe_image"
    model: ImageModel = "photon-1"
    format: str | None = None


class UpscaleVideoGenerationRequest(_Request):
    """`UpscaleVideoGenerationRequest`: a video in a higher resolution. Of 2025.

    Attributes:
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "upscale_video".
        media: the video. The server has its id in the path and repeats it nowhere: None where only the server knows.
        resolution: 540p, 720p, 1080p or 4k.
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
        """What it is called where it is shown: its resolution."""
        return f"upscaled to {self.resolution}" if self.resolution else "upscaled"


class AudioGenerationRequest(_Request):
    """`AudioGenerationRequest`: a video with sound. Of 2025.

    Attributes:
        prompt: what is to be heard.
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "add_audio".
        media: the video. The server has its id in the path and repeats it nowhere: None where only the server knows.
        negative_prompt: what is not to be heard.
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
        """What it is called where it is shown: what is heard."""
        return f"sound: {self.prompt}" if self.prompt else "with sound"


class LayeringRequest(_Request):
    """A picture taken apart into layers, each a picture with transparency. Only the Luma API can do this.

    Attributes:
        prompt: what its parts are; may be left out.
        callback_url: None: that API does not support callbacks.
        extra: fields that this version lacks, as they are sent.
        generation_type: "layering".
        media: the picture: a generation, or its URL.
        model: such as "uni-1".
        resolution: of each layer: "1k" or "2k".
    """

    aspect_ratio: ClassVar[None] = None
    prompt: str | None = None
    generation_type: Literal["layering"] = "layering"
    media: Source
    model: str | None = None
    resolution: str = "1k"

    @property
    def label(self) -> str:
        """What it is called where it is shown: its prompt, if it has one."""
        return f"layers: {self.prompt}" if self.prompt else "layers"


class UnknownRequest(Schema):
    """A request of a kind that this version does not know, as a server gave it back. It is never sent.

    Attributes:
        generation_type: "unknown".
        kind: what came of it: "video" or "image".
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
        """Its prompt, where it has one."""
        prompt = self.document.get("prompt")
        return prompt if isinstance(prompt, str) else None

    @property
    def label(self) -> str:
        """What it is called where it is shown: its prompt, else its id, else the kind that it says."""
        told, id_ = self.document.get("generation_type"), self.document.get("id")
        what = told.replace("_", " ") if isinstance(told, str) else "of an unknown kind"
        return self.prompt or (f"generation {id_}" if isinstance(id_, str) else what)

    @property
    def callback_url(self) -> str | None:
        """None: it is never sent."""
        return None


Reframe = ReframeVideoRequest | ReframeImageRequest
"""Requests for another ratio."""

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
"""Whatever may have been asked for."""

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
"""What the requests of each `generation_type` make."""

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
"""The fields that say how a server answers, and not what it makes."""

_ONLY_CREATES: Final = frozenset(
    {"model", *(name for cls in _CREATES for name in cls.model_fields)}
    - {"prompt", "callback_url", "extra", "generation_type", "resolution", "format"}
)


def type_told_by(document: Mapping[str, Any], parent: object) -> str | None:
    """The `generation_type` of a request that does not say it, or None where that is not clear.

    A prompt alone is no create: a request for sound may have nothing else.

    Args:
        document: the request, as a server gave it back.
        parent: the `generation_type` of its generation.
    """
    if not isinstance(parent, str):
        parent = None
    if parent in REQUESTS and parent not in KINDS:
        return parent
    if parent is not None and parent not in KINDS:
        return None
    # What is empty is a default: it tells nothing.
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
