"""Requests of both APIs: those of the Dream Machine API, and the same with what only the Luma API can do.

A request that asks for nothing of the latter is one of the former, so that it is the same whichever API makes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, TypeVar, cast

from pydantic import BaseModel, Field, JsonValue

from dream_nb.api.luma_limits import (
    GRID_FRAMES_A_SECOND,
    LUMA_DURATIONS,
    LUMA_IMAGE_MODELS,
    LUMA_RESOLUTIONS,
    LUMA_VIDEO_MODELS,
    MAX_KEYFRAMES,
)
from dream_nb.api.request_models import (
    DURATIONS,
    EDITING_MODELS,
    IMAGE_MODELS,
    REQUESTS,
    RESOLUTIONS,
    VIDEO_MODELS,
    GenerationRequest,
    ImageGenerationRequest,
    Keyframe,
    LayeringRequest,
    ModifyVideoRequest,
    ReframeVideoRequest,
    Request,
    UnknownRequest,
    type_told_by,
)
from dream_nb.api.schemas import Schema

ALL_VIDEO_MODELS: Final = (*VIDEO_MODELS, *LUMA_VIDEO_MODELS)
ALL_IMAGE_MODELS: Final = (*IMAGE_MODELS, *LUMA_IMAGE_MODELS)
ALL_EDITING_MODELS: Final = (*EDITING_MODELS, *LUMA_VIDEO_MODELS)
ALL_RESOLUTIONS: Final = tuple(dict.fromkeys([*LUMA_RESOLUTIONS, *RESOLUTIONS]))
ALL_DURATIONS: Final = tuple(dict.fromkeys([*DURATIONS, *LUMA_DURATIONS]))
"""What the two APIs know, together."""

R = TypeVar("R", bound=BaseModel)

Fraction = Annotated[float, Field(allow_inf_nan=False)]


class GuideFrame(Schema):
    """A picture that a video shows at some moment, or that a frame of a changed video looks like.

    Attributes:
        frame: the picture, or a generation.
        at: the frame, counted from 0 in a grid of 24 frames a second.
    """

    frame: Keyframe
    at: Annotated[int, Field(ge=0)]

    @property
    def seconds(self) -> float:
        """Where it is, in seconds from the beginning."""
        return self.at / GRID_FRAMES_A_SECOND


GuideFrames = Annotated[list[GuideFrame], Field(min_length=1, max_length=MAX_KEYFRAMES)]


class GuidedVideoRequest(GenerationRequest):
    """A video with what only the Luma API can do.

    Attributes:
        prompt: what to dream.
        aspect_ratio: 1:1, 16:9, 9:16, 4:3, 3:4, 21:9 or 9:21.
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "video".
        loop: whether its end meets its beginning.
        keyframes: what it begins and ends with.
        model: such as "ray-3.2".
        duration: "5s" or "10s".
        resolution: 360p (a draft), 540p, 720p or 1080p.
        concepts: such as [{"key": "dolly_zoom"}].
        guide_frames: pictures anywhere in the video, in the place of `keyframes`.
        hdr: whether it has high dynamic range.
        exr_export: whether EXR comes beside the MP4. Needs `hdr`.
    """

    guide_frames: GuideFrames | None = None
    hdr: bool | None = None
    exr_export: bool | None = None


class StyledImageRequest(ImageGenerationRequest):
    """An image with what only the Luma API can do.

    Attributes:
        prompt: what to dream.
        aspect_ratio: 1:1, 16:9, 9:16, 4:3, 3:4, 21:9 or 9:21.
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "image".
        model: such as "uni-1".
        image_ref: pictures to follow.
        style_ref: pictures whose style to follow.
        character_ref: pictures of one and the same character.
        modify_image_ref: the picture to change.
        format: "jpg" or "png".
        sync: whether the answer waits for the picture. A session, which follows what it has asked for, leaves it out.
        sync_timeout: how many seconds the answer waits.
        style: "auto" or "manga".
        web_search: whether the model may look for pictures on the web.
    """

    style: str | None = None
    web_search: bool | None = None


class ControlledModifyRequest(ModifyVideoRequest):
    """A modified video with what only the Luma API can do.

    Attributes:
        prompt: what it becomes.
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "modify_video".
        media: the video: a generation, or its URL.
        first_frame: how the first frame is to look, or None.
        model: such as "ray-3.2".
        mode: how far it goes from the video: adhere_1 to adhere_3, flex_1 to flex_3, reimagine_1 to reimagine_3.
        resolution: 540p, 720p or 1080p.
        guide_frames: pictures that frames of the result look like.
        auto_controls: whether the model chooses by the source what is kept, in the place of `mode` and `controls`.
        controls: what is kept, signal by signal: `{"pose": {"strength": "precise"}}`; see `EditControls`.
        hdr: whether it has high dynamic range.
        exr_export: whether EXR comes beside the MP4. Needs `hdr`.
    """

    resolution: str | None = None
    guide_frames: GuideFrames | None = None
    auto_controls: bool | None = None
    controls: dict[str, JsonValue] | None = None
    hdr: bool | None = None
    exr_export: bool | None = None


class PlacedReframeRequest(ReframeVideoRequest):
    """A reframed video with what only the Luma API can do.

    Attributes:
        prompt: what is to be seen in the new parts.
        callback_url: where the server tells of each change.
        extra: fields that this version lacks, as they are sent.
        generation_type: "reframe_video".
        media: the video: a generation, or its URL.
        first_frame: how the first frame is to look, or None.
        model: such as "ray-3.2".
        aspect_ratio: the new one.
        grid_position_x: where the source lies, in pixels of the result from the left.
        grid_position_y: the same from the top.
        x_start: where the source is cut, in pixels.
        x_end: where the source is cut, in pixels.
        y_start: where the source is cut, in pixels.
        y_end: where the source is cut, in pixels.
        resized_width: the width of the source in the result, in pixels.
        resized_height: the height of the source in the result, in pixels.
        resolution: 540p, 720p or 1080p.
        source_position: where the source lies: its left and top edge, its width and height, as fractions of the result.
    """

    resolution: str | None = None
    source_position: Annotated[list[Fraction], Field(min_length=4, max_length=4)] | None = None


_EXTENDED: Final[tuple[type[Request], ...]] = (
    GuidedVideoRequest,
    StyledImageRequest,
    ControlledModifyRequest,
    PlacedReframeRequest,
)
_EXTENDED_BY_TYPE: Final[Mapping[str, type[Request]]] = {
    schema.model_fields["generation_type"].default: schema for schema in _EXTENDED
}
LUMA_ONLY: Final[Mapping[str, frozenset[str]]] = {
    type_: frozenset(schema.model_fields.keys() - REQUESTS[type_].model_fields.keys())
    for type_, schema in _EXTENDED_BY_TYPE.items()
}
"""The fields that only the Luma API has, by `generation_type`."""


def schema_of(generation_type: str, fields: Iterable[str]) -> type[Any]:
    """The schema of a request.

    Args:
        generation_type: what it asks for: one of `REQUESTS`, or "layering".
        fields: the names of the fields that it has.
    """
    if generation_type == "layering":
        return LayeringRequest
    if LUMA_ONLY.get(generation_type, frozenset()).isdisjoint(fields):
        return REQUESTS[generation_type]
    return _EXTENDED_BY_TYPE[generation_type]


def luma_only_fields(request: Request) -> list[str]:
    """The fields of a request that only the Luma API has, as far as they are given, in alphabetical order.

    Args:
        request: the request.
    """
    names = LUMA_ONLY.get(request.generation_type, frozenset())
    return sorted(name for name in names if getattr(request, name, None) is not None)


def with_fields(request: R, **fields: Any) -> R:
    """A request with other values of some fields, which its schema need not have had.

    Args:
        request: the request; it stays as it is.
        **fields: the new values.
    """
    schema = schema_of(getattr(request, "generation_type", ""), fields)
    if isinstance(request, schema):
        return cast(R, request.model_copy(update=fields))
    given = {name: getattr(request, name) for name in request.model_fields_set}
    return cast(R, schema(**{**given, **fields}))


def guide_frames_of(request: Request) -> list[GuideFrame]:
    """The guide frames of a request; none where it has none.

    Args:
        request: the request.
    """
    return list(getattr(request, "guide_frames", None) or ())


def request_from(document: Mapping[str, Any]) -> Request:
    """A request from its document, as this package wrote it.

    Args:
        document: the document. Without a `generation_type` it is read as `type_told_by` says.

    Raises:
        ValueError: it is no request (`pydantic.ValidationError`).
    """
    told = document.get("generation_type")
    if not isinstance(told, str) or told not in {*REQUESTS, "layering", "unknown"}:
        told = type_told_by(document, None)
    if told is None:
        return UnknownRequest(document=dict(document))
    schema = UnknownRequest if told == "unknown" else schema_of(told, document)
    found: Request = schema.from_answer({**document, "generation_type": told})
    return found
