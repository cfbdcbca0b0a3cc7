"""How the Luma API writes a request, and how its answers are converted to the models of this package."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from urllib.parse import unquote_to_bytes

import pydantic

from dream_nb.api.canonical import guide_frames_of, with_fields
from dream_nb.api.dialect import OPERATION_WORDS, R
from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.luma_limits import MANGA_RATIOS
from dream_nb.api.models import Generation
from dream_nb.api.request_models import (
    IMAGE_MODELS,
    VIDEO_MODELS,
    GenerationReference,
    GenerationRequest,
    ImageGenerationRequest,
    LayeringRequest,
    ModifyVideoRequest,
    ReframeVideoRequest,
    Request,
)

if TYPE_CHECKING:
    from dream_nb.api.luma_models import LumaGeneration
    from dream_nb.api.luma_requests import LumaRequest, MediaReference

FILE_SCHEME: Final = "luma-file:"
"""The prefix of an uploaded file's id where a request has the address of a picture or video."""

_TYPES: Final[Mapping[str, str]] = {
    "video": "video",
    "image": "image",
    "modify_video": "video_edit",
    "reframe_video": "video_reframe",
    "layering": "layering",
}
_MODELS: Final[Mapping[str, str]] = {
    "video": "ray-3.2",
    "image": "uni-1",
    "modify_video": "ray-3.2",
    "reframe_video": "ray-3.2",
    "layering": "uni-1",
}
# So that changes of the server's defaults do not change what is paid for. Reframing requires a prompt too.
_WRITTEN_OUT: Final[Mapping[str, Mapping[str, str]]] = {
    "video": {"resolution": "720p", "duration": "5s"},
    "image": {},
    "layering": {},
    "modify_video": {"resolution": "720p"},
    "reframe_video": {"resolution": "720p", "prompt": "the same scene, continued to the edges of the frame"},
}
_PLACING: Final = (
    *("grid_position_x", "grid_position_y", "x_start", "x_end", "y_start", "y_end"),
    *("resized_width", "resized_height"),
)
_MISSING: Final[Mapping[str, str]] = {
    "callback_url": "it does not support callbacks: leave it out, and the generation is polled instead",
    "concepts": "describe the motion in the prompt",
    "style_ref": "pass the picture as image_ref, and ask for its style in the prompt",
    "character_ref": "pass the picture as image_ref, and describe the character in the prompt",
    **dict.fromkeys(
        _PLACING, "set the place of the source with source_position (--position), in fractions of the result"
    ),
}
_NO_FIRST_FRAME: Final = "leave it out: a reframed video keeps the value of its source"
_OLDER_MODELS: Final = frozenset({*VIDEO_MODELS, *IMAGE_MODELS})
_STATES: Final[Mapping[str, str]] = {"processing": "dreaming"}


class LumaDialect:
    """The dialect of the Luma API."""

    api: ClassVar[str] = "luma"
    operations: ClassVar[frozenset[str]] = frozenset(_TYPES)
    lists: ClassVar[Literal["camera motions", "concepts"] | None] = None
    takes_ids: ClassVar[bool] = True

    def complete(self, request: R) -> R:
        """Return the request with every field that this API requires or that affects the price.

        Args:
            request: the request as its user wrote it, which is not changed.
        """
        named = self.with_model(request)
        type_ = getattr(named, "generation_type", "")
        if not is_of_luma(getattr(named, "model", None)):
            return named
        missing = {name: value for name, value in _WRITTEN_OUT[type_].items() if getattr(named, name, None) is None}
        if getattr(named, "style", None) == "manga" and "aspect_ratio" not in named.model_fields_set:
            # This style does not support the default aspect ratio.
            missing["aspect_ratio"] = MANGA_RATIOS[0]
        return with_fields(named, **missing) if missing else named

    def with_model(self, request: R) -> R:
        """Return the request with the model that this API requires, if its user named none.

        Args:
            request: the request as its user wrote it, which is not changed.
        """
        model = _MODELS.get(getattr(request, "generation_type", ""))
        if model is None or named_model(request) is not None:
            return request
        return request.model_copy(update={"model": model})

    def check(self, request: Request) -> None:
        """Raise an error for a request that this API does not support.

        Args:
            request: the request.

        Raises:
            InvalidRequestError: the API does not support it; the error names the field.
        """
        self.write(request)

    def write(self, request: Request) -> LumaRequest:
        """Return the request in the form of this API.

        Args:
            request: the request. Missing fields are completed.

        Raises:
            InvalidRequestError: the API does not support the request; the error names the field.
        """
        # Imported here, so that a hundred schemas are built only if the Luma API is used.
        from dream_nb.api.luma_requests import LumaRequest

        type_ = _TYPES.get(request.generation_type)
        if type_ is None:
            raise InvalidRequestError(_cannot(request.generation_type))
        request = self.complete(request)
        if is_of_dream_machine(request.model):
            raise InvalidRequestError(
                f"model {request.model} is one of the Dream Machine API, and the Luma API is asked: choose "
                f"{_MODELS[request.generation_type]}, or ask the other one (%dreams use dream-machine)",
                field="model",
            )
        for name, advice in _missing(request):
            raise InvalidRequestError(f"{name}: the Luma API has no such option: {advice}", field=name)
        if not (getattr(request, "prompt", None) or "").strip() and not isinstance(request, LayeringRequest):
            raise InvalidRequestError("prompt: the Luma API requires one: describe what to show", field="prompt")
        try:
            return LumaRequest(**_document(request, type_, LumaRequest.model_fields))
        except pydantic.ValidationError as error:
            raise InvalidRequestError.reading(error) from None

    def read(self, generation: LumaGeneration) -> Generation:
        """Return a generation of this API in the models of this package.

        Args:
            generation: the answer of the server.

        Returns:
            The generation. It has no request, because this API does not return it. In addition to the fields of the
            schema it has `output` with every file, `failure_code`, and `api`, which is "luma".
        """
        kind = "video" if (generation.type or "").startswith("video") else "image"
        output = [one.wire() for one in generation.output or ()]
        # The first file of the kind is the result; there may be an EXR beside a video.
        url = next((one["url"] for one in output if one.get("type", kind) == kind), None)
        assets = {kind: url} if url else {}
        further = dict(generation.model_extra or {})
        if (thumbnail := further.pop("thumbnail", None)) is not None:
            # A field of the studio, as in its other dialect.
            assets["thumbnail"] = thumbnail
        reason = ": ".join(filter(None, [generation.failure_code, generation.failure_reason]))
        return Generation.from_answer(
            {
                "id": generation.id,
                "state": _STATES.get(generation.state, generation.state),
                "generation_type": kind if generation.type else None,
                "failure_reason": reason or None,
                "failure_code": generation.failure_code,
                "created_at": generation.created_at,
                "model": generation.model,
                "assets": assets or None,
                "output": output or None,
                **further,
                "api": self.api,
            }
        )


LUMA_DIALECT: Final = LumaDialect()
"""The dialect of the Luma API."""


def is_of_luma(model: str | None) -> bool:
    """Return whether a model belongs to the Luma API, as far as its name shows.

    Args:
        model: the name of the model, such as "ray-3.2"; newer ones of the same families are recognised.
    """
    return model is not None and model.startswith(("ray-3", "uni-"))


def is_of_dream_machine(model: str | None) -> bool:
    """Return whether a model is one of the Dream Machine API that this version knows.

    Args:
        model: the name of the model, such as "ray-2".
    """
    return model in _OLDER_MODELS


def speaks_luma(request: pydantic.BaseModel) -> bool:
    """Return whether a request is for the Luma API if both APIs are available: its model decides.

    Args:
        request: the request.
    """
    return is_of_luma(getattr(request, "model", None))


def named_model(request: pydantic.BaseModel) -> str | None:
    """Return the model that a request names; None if it has only the default of its schema, or none.

    Args:
        request: the request.
    """
    model = getattr(request, "model", None)
    return model if "model" in request.model_fields_set and isinstance(model, str) else None


def _cannot(generation_type: str) -> str:
    what = OPERATION_WORDS.get(generation_type)
    if what is None:
        return "a request of an unknown kind cannot be sent again: it can only be brought in"
    return f"the Luma API cannot {what}: use the Dream Machine API (%dreams use dream-machine)"


def _missing(request: Request) -> Iterator[tuple[str, str]]:
    """The options of a request that this API does not have, each with what to do instead."""
    for name, advice in _MISSING.items():
        if getattr(request, name, None) not in (None, []):
            yield name, advice
    if isinstance(request, ReframeVideoRequest) and request.first_frame is not None:
        yield "first_frame", _NO_FIRST_FRAME
    pictures = [("image_ref", one) for one in getattr(request, "image_ref", None) or ()]
    pictures += [("modify_image_ref", one) for one in [getattr(request, "modify_image_ref", None)] if one]
    for name, one in pictures:
        if one.weight is not None:
            yield f"{name}.weight", "leave the weight out, and say in the prompt how much the picture counts"


def _document(request: Request, type_: str, fields: Collection[str]) -> dict[str, Any]:
    """The arguments of a `LumaRequest` with these fields."""
    document: dict[str, Any] = {
        "type": type_,
        "prompt": request.prompt or "",
        "model": request.model,
        "aspect_ratio": request.aspect_ratio,
    }
    # Fields such as `user_id`, which only this API has.
    given = getattr(request, "extra", {})
    document |= {name: value for name, value in given.items() if name in fields}
    document["extra"] = {name: value for name, value in given.items() if name not in fields}
    if isinstance(request, ImageGenerationRequest):
        document |= _image_fields(request)
    elif isinstance(request, GenerationRequest):
        frames = request.keyframes
        document["video"] = _options(
            resolution=request.resolution,
            duration=request.duration,
            loop=request.loop or None,
            start_frame=_reference(frames.frame0) if frames and frames.frame0 else None,
            end_frame=_reference(frames.frame1) if frames and frames.frame1 else None,
            hdr=getattr(request, "hdr", None),
            exr_export=getattr(request, "exr_export", None),
            **_guides(request),
        )
    elif isinstance(request, ModifyVideoRequest):
        from dream_nb.api.luma_requests import EditControls, VideoEdit

        first = request.first_frame
        document["source"] = _reference(request.media, "video")
        is_auto = getattr(request, "auto_controls", None)
        controls = getattr(request, "controls", None)
        document["video"] = _options(
            edit=VideoEdit(
                auto_controls=is_auto,
                strength=None if is_auto else request.mode,
                controls=EditControls(**controls) if controls is not None else None,
                **_guides(request),
            ),
            resolution=getattr(request, "resolution", None),
            start_frame=_reference(first) if first else None,
            hdr=getattr(request, "hdr", None),
            exr_export=getattr(request, "exr_export", None),
        )
    elif isinstance(request, LayeringRequest):
        from dream_nb.api.luma_requests import Layering

        document["source"] = _reference(request.media)
        document["layering"] = Layering(resolution=request.resolution)
    elif isinstance(request, ReframeVideoRequest):
        document["source"] = _reference(request.media, "video")
        document["video"] = _options(
            resolution=getattr(request, "resolution", None),
            source_position=_position(getattr(request, "source_position", None)),
        )
    return document


def _guides(request: Request) -> dict[str, Any]:
    """The guide frames of a request in the form of this API: pictures, and their frame numbers."""
    guides = guide_frames_of(request)
    if not guides:
        return {}
    return {
        "keyframes": [_reference(guide.frame) for guide in guides],
        "keyframe_indexes": [guide.at for guide in guides],
    }


def _position(fractions: Sequence[float] | None) -> Any:
    from dream_nb.api.luma_requests import SourcePosition

    if fractions is None:
        return None
    return SourcePosition(**dict(zip(("x_norm", "y_norm", "w_norm", "h_norm"), fractions, strict=True)))


def _options(**fields: Any) -> Any:
    from dream_nb.api.luma_requests import VideoOptions

    return VideoOptions(**fields)


def _image_fields(request: ImageGenerationRequest) -> dict[str, Any]:
    source = request.modify_image_ref
    fields: dict[str, Any] = {
        "image_ref": [_reference(one) for one in request.image_ref or ()] or None,
        "output_format": "jpeg" if request.format == "jpg" else request.format,
        "style": getattr(request, "style", None),
        "web_search": getattr(request, "web_search", None),
    }
    if source is not None:
        fields |= {"type": "image_edit", "source": _reference(source)}
    return fields


def _reference(one: Any, kind: Literal["image", "video"] = "image") -> MediaReference:
    """A picture or video, which a request refers to by its id or address, in the form of this API."""
    from dream_nb.api.luma_requests import MediaReference

    if isinstance(one, GenerationReference):
        return MediaReference(generation_id=one.id)
    url = one.url or ""
    if url.startswith(FILE_SCHEME):
        return MediaReference(file_id=url.removeprefix(FILE_SCHEME))
    if url[:5].lower() == "data:":
        head, _, body = url.partition(",")
        data = body if head.endswith(";base64") else base64.b64encode(unquote_to_bytes(body)).decode()
        return MediaReference(data=data, media_type=head[5:].partition(";")[0] or f"{kind}/jpeg")
    return MediaReference(url=url, media_type="video/mp4" if kind == "video" else None)
