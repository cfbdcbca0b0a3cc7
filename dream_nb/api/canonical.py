"""Requests of both APIs: those of the Dream Machine API, and the same with additional features of the Luma API.

A request without such features is always one of the former, so that it is the same for both APIs.
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
"""The durations of both APIs."""

R = TypeVar("R", bound=BaseModel)

Fraction = Annotated[float, Field(allow_inf_nan=False)]


class GuideFrame(Schema):
    """A picture that a video shows at a given frame, or that a frame of a modified video looks like.

    Attributes:
        frame: the picture or generation.
        at: the number of the frame, from 0, at 24 frames per second.
    """

    frame: Keyframe
    at: Annotated[int, Field(ge=0)]

    @property
    def seconds(self) -> float:
        """The time of the frame, in seconds from the beginning."""
        return self.at / GRID_FRAMES_A_SECOND


GuideFrames = Annotated[list[GuideFrame], Field(min_length=1, max_length=MAX_KEYFRAMES)]


class GuidedVideoRequest(GenerationRequest):
    """A request for a video with features that only the Luma API has.

    Attributes:
        prompt: the prompt.
        aspect_ratio: the aspect ratio: 1:1, 16:9, 9:16, 4:3, 3:4, 21:9 or 9:21.
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "video".
        loop: whether the end of the video leads to its beginning.
        keyframes: the first and the last frame.
        model: the name of the model, such as "ray-3.2".
        duration: the playing time: "5s" or "10s".
        resolution: the resolution: 360p (a draft), 540p, 720p or 1080p.
        concepts: the concepts to apply, such as [{"key": "dolly_zoom"}].
        guide_frames: pictures at any frames of the video, instead of `keyframes`.
        hdr: whether the video has a high dynamic range.
        exr_export: whether to make an EXR in addition to the MP4. Requires `hdr`.
    """

    guide_frames: GuideFrames | None = None
    hdr: bool | None = None
    exr_export: bool | None = None


class StyledImageRequest(ImageGenerationRequest):
    """A request for an image with features that only the Luma API has.

    Attributes:
        prompt: the prompt.
        aspect_ratio: the aspect ratio: 1:1, 16:9, 9:16, 4:3, 3:4, 21:9 or 9:21.
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "image".
        model: the name of the model, such as "uni-1".
        image_ref: pictures to follow.
        style_ref: pictures whose style is followed.
        character_ref: pictures of one character.
        modify_image_ref: the picture to modify.
        format: the file format: "jpg" or "png".
        sync: whether the server answers only when the picture is done. Sessions leave this out, because they follow
            their requests.
        sync_timeout: the longest time until that answer, in seconds.
        style: the style: "auto" or "manga".
        web_search: whether the model may search the web for pictures.
    """

    style: str | None = None
    web_search: bool | None = None


class ControlledModifyRequest(ModifyVideoRequest):
    """A request for a modified video with features that only the Luma API has.

    Attributes:
        prompt: what the video becomes.
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "modify_video".
        media: the source video: a generation, or its URL.
        first_frame: a picture that the first frame should look like, or None.
        model: the name of the model, such as "ray-3.2".
        mode: how far to depart from the source: adhere_1 to adhere_3, flex_1 to flex_3, reimagine_1 to reimagine_3.
        resolution: the resolution: 540p, 720p or 1080p.
        guide_frames: pictures that given frames of the result look like.
        auto_controls: whether the model decides from the source what to preserve, instead of `mode` and `controls`.
        controls: what to preserve, by signal: `{"pose": {"strength": "precise"}}`; see `EditControls`.
        hdr: whether the video has a high dynamic range.
        exr_export: whether to make an EXR in addition to the MP4. Requires `hdr`.
    """

    resolution: str | None = None
    guide_frames: GuideFrames | None = None
    auto_controls: bool | None = None
    controls: dict[str, JsonValue] | None = None
    hdr: bool | None = None
    exr_export: bool | None = None


class PlacedReframeRequest(ReframeVideoRequest):
    """A request for a reframed video with features that only the Luma API has.

    Attributes:
        prompt: what the new parts show.
        callback_url: the URL that the server calls at each change of state.
        extra: fields that this version does not know, by the names under which they are sent.
        generation_type: the kind of request: "reframe_video".
        media: the source video: a generation, or its URL.
        first_frame: a picture that the first frame should look like, or None.
        model: the name of the model, such as "ray-3.2".
        aspect_ratio: the new aspect ratio.
        grid_position_x: the left edge of the source in the result, in pixels.
        grid_position_y: the top edge of the source in the result, in pixels.
        x_start: the left edge of the part of the source that is used, in pixels.
        x_end: the right edge of the part of the source that is used, in pixels.
        y_start: the top edge of the part of the source that is used, in pixels.
        y_end: the bottom edge of the part of the source that is used, in pixels.
        resized_width: the width of the source in the result, in pixels.
        resized_height: the height of the source in the result, in pixels.
        resolution: the resolution: 540p, 720p or 1080p.
        source_position: the place of the source: its left and top edge, width and height, as fractions of the result.
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
    """Return the schema of a request.

    Args:
        generation_type: the kind of request: one of `REQUESTS`, or "layering".
        fields: the names of the fields that the request has.
    """
    if generation_type == "layering":
        return LayeringRequest
    if LUMA_ONLY.get(generation_type, frozenset()).isdisjoint(fields):
        return REQUESTS[generation_type]
    return _EXTENDED_BY_TYPE[generation_type]


def luma_only_fields(request: Request) -> list[str]:
    """Return the names of a request's fields that are set and that only the Luma API has, in alphabetical order.

    Args:
        request: the request.
    """
    names = LUMA_ONLY.get(request.generation_type, frozenset())
    return sorted(name for name in names if getattr(request, name, None) is not None)


def with_fields(request: R, **fields: Any) -> R:
    """Return a copy of a request with new values of some fields, which its schema need not have.

    Args:
        request: the request, which is not changed.
        **fields: the new values by the names of the fields.
    """
    schema = schema_of(getattr(request, "generation_type", ""), fields)
    if isinstance(request, schema):
        return cast(R, request.model_copy(update=fields))
    given = {name: getattr(request, name) for name in request.model_fields_set}
    return cast(R, schema(**{**given, **fields}))


def guide_frames_of(request: Request) -> list[GuideFrame]:
    """Return the guide frames of a request; an empty list if it has none.

    Args:
        request: the request.
    """
    return list(getattr(request, "guide_frames", None) or ())


def request_from(document: Mapping[str, Any]) -> Request:
    """Return a request from its document, as written by this package.

    Args:
        document: the document. If it has no `generation_type`, `type_told_by` infers it.

    Raises:
        ValueError: the document is not a request (`pydantic.ValidationError`).
    """
    told = document.get("generation_type")
    if not isinstance(told, str) or told not in {*REQUESTS, "layering", "unknown"}:
        told = type_told_by(document, None)
    if told is None:
        return UnknownRequest(document=dict(document))
    schema = UnknownRequest if told == "unknown" else schema_of(told, document)
    found: Request = schema.from_answer({**document, "generation_type": told})
    return found
