"""Requests that change another dream: modify, reframe, upscale, or add sound."""

from __future__ import annotations

import difflib
import mimetypes
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isclose, log
from pathlib import Path
from typing import Any, Final, TypeVar

import pydantic

from dream_nb.api.canonical import schema_of
from dream_nb.api.errors import InvalidRequestError, LibraryError
from dream_nb.api.luma_dialect import is_of_luma
from dream_nb.api.luma_limits import LUMA_IMAGE_MODELS, LUMA_VIDEO_MODELS
from dream_nb.api.models import Generation
from dream_nb.api.request_models import (
    ASPECT_RATIOS,
    RESOLUTIONS,
    AudioGenerationRequest,
    GenerationReference,
    Kind,
    LayeringRequest,
    Media,
    ModifyVideoRequest,
    Reframe,
    Source,
    UpscaleVideoGenerationRequest,
)
from dream_nb.requests.guide_frames import read_guide_frames
from dream_nb.requests.identity import data_bytes
from dream_nb.requests.inputs import naming, read_reference
from dream_nb.requests.sources import ended, is_made, named, one_of, picture, video

DEFAULT_MODE: Final = "flex_1"
"""The default mode of a modification: the look changes, and the motion stays."""

PLACING: Final = (
    "grid_position_x",
    "grid_position_y",
    "x_start",
    "x_end",
    "y_start",
    "y_end",
    "resized_width",
    "resized_height",
)
"""The fields that place the source in a new ratio, in pixels."""

_RESOLUTION: Final = re.compile(r"[1-9][0-9]{2,3}p|[1-9][0-9]?k")
_MOST_SHOWN: Final = 80
_SAME: Final = 0.01
T = TypeVar("T", bound=pydantic.BaseModel)


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of a change.

    Attributes:
        source: the source as a request refers to it.
        label: the name of the source in error messages.
        kind: the kind of the source, "video" or "image"; None if only the server knows.
        size: width and height in pixels; None if only the server knows.
        model: the model that made it; None if it is unknown.
    """

    source: Source
    label: str
    kind: Kind | None = None
    size: tuple[int, int] | None = None
    model: str | None = None


def read_origin(value: Any, name: str | None = None, home: Path = Path()) -> Origin:
    """Return the source of a change that a value stands for.

    Args:
        value: a `Dream`, a job that is done, a `Generation`, the path or URL of a video or picture, or the id of a
            generation.
        name: the name of the value in error messages, such as that of the variable that holds it; by default they quote
            the value.
        home: the folder that relative paths in a string start from.

    Raises:
        InvalidRequestError: the value is none of these.
        DreamError: the job failed; this is its error.
    """
    value = one_of(ended(value, name), name)
    if isinstance(value, str):
        shown = name or value
        value = named(value, name, home)
    else:
        shown = name or ""
    if isinstance(value, GenerationReference):
        return Origin(value, repr(shown or value.id))
    if isinstance(value, Generation):
        label = repr(name or f"generation {value.id}")
        if not value.id:
            raise InvalidRequestError(f"{label} has no id on a server: give its file")
        return Origin(GenerationReference(id=value.id), label, value.kind, model=value.model)
    if is_made(value):
        return _of_dream(value, repr(name or value.title))
    if isinstance(value, Media):
        value = value.url
    if isinstance(value, str) and value[:5].lower() == "data:":
        value, shown = data_bytes(value), shown[:_MOST_SHOWN]
    if isinstance(value, str):
        suffix = (mimetypes.guess_type(value.partition("?")[0])[0] or "").partition("/")[0]
        told: Kind | None = "image" if suffix == "image" else "video" if suffix == "video" else None
        return Origin(Media(url=value), repr(shown or value[:_MOST_SHOWN]), told)
    url = video(value, name) or picture(value, name, home)
    found: Kind = "video" if url.startswith("data:video/") else "image"
    return Origin(Media(url=url), repr(shown or "the file"), found)


def _of_dream(dream: Any, label: str) -> Origin:
    size = None
    # If the file is missing, the server may still have it.
    with suppress(LibraryError):
        size = dream.size
    if dream.generation.id:
        model = dream.generation.model or dream.request.model
        return Origin(GenerationReference(id=dream.generation.id), label, dream.kind, size, model)
    url = video(dream.path, label) if dream.kind == "video" else picture(dream)
    return Origin(Media(url=url or ""), label, dream.kind, size)


def modify_request(
    source: Any, prompt: str | None = None, *, mode: str | None = None, strength: str | None = None, **fields: Any
) -> ModifyVideoRequest:
    """Return a request for a video with a new look.

    Args:
        source: the video, as for `read_origin`, or its `Origin`.
        prompt: what the video becomes.
        mode: how far to depart from the source: adhere_1 to adhere_3, flex_1 to flex_3, reimagine_1 to reimagine_3. By
            default flex_1.
        strength: the name of `mode` in the Luma API.
        **fields: other fields of `ModifyVideoRequest`, and of `ControlledModifyRequest` for the Luma API; `first_frame`
            takes what `dream_nb.reference` takes, and `guide_frames` what `read_guide_frames` takes.

    Raises:
        InvalidRequestError: a field or the source is not valid.
    """
    origin = _origin(source, "modify", "video")
    if mode is not None and strength is not None:
        raise InvalidRequestError("mode and strength are the same: leave out one of them", field="mode")
    if fields.get("guide_frames") is not None:
        fields["guide_frames"] = read_guide_frames(fields["guide_frames"])
    found: ModifyVideoRequest = _checked(
        "modify_video",
        media=origin.source,
        prompt=_words(prompt),
        mode=mode or strength or DEFAULT_MODE,
        **_with_first_frame(_of_same_api(origin, _without_media(fields))),
    )
    return found


def reframe_request(
    source: Any,
    aspect_ratio: str,
    prompt: str | None = None,
    *,
    kind: Kind | None = None,
    position: Sequence[float] | None = None,
    **fields: Any,
) -> Reframe:
    """Return a request for another aspect ratio.

    Args:
        source: the video or image, as for `read_origin`, or its `Origin`.
        aspect_ratio: the new aspect ratio, such as "9:16".
        prompt: what the new parts show.
        kind: "video" or "image", if the source does not show it.
        position: for the Luma API, the place of the source: its left and top edge, width and height, as fractions of
            the result.
        **fields: other fields of `ReframeVideoRequest` or `ReframeImageRequest`.

    Raises:
        InvalidRequestError: a field or the source is not valid, or it has that ratio already and nothing else would
            change.
    """
    origin = _origin(source, "reframe", kind)
    found = kind or origin.kind
    if found is None:
        raise InvalidRequestError(
            f'media: {origin.label} may be a video or an image: add kind="video" or kind="image", or give its Dream',
            field="kind",
        )
    if position is not None:
        fields["source_position"] = [float(one) for one in position]
    given = {name: value for name, value in _of_same_api(origin, _without_media(fields)).items() if value is not None}
    if found == "video" and "format" in given:
        raise InvalidRequestError(f"format is for images, and {origin.label} is a video: leave it out", field="format")
    request: Reframe = _checked(
        f"reframe_{found}",
        media=origin.source,
        aspect_ratio=aspect_ratio,
        prompt=_words(prompt),
        **_with_first_frame(given),
    )
    is_plain = origin.size is not None and not given.keys() & {*PLACING, "source_position"}
    if (
        origin.size is not None
        and is_plain
        and isclose(origin.size[0] / origin.size[1], _quotient(aspect_ratio), rel_tol=_SAME)
    ):
        raise InvalidRequestError(
            f"aspect_ratio {aspect_ratio} is already that of {origin.label} ({origin.size[0]} x {origin.size[1]}): "
            "give another ratio, or the position of the source, such as x_start and x_end",
            field="aspect_ratio",
        )
    return request


def upscale_request(source: Any, resolution: str, **fields: Any) -> UpscaleVideoGenerationRequest:
    """Return a request for a video in a higher resolution.

    Args:
        source: the video: a `Dream`, a `Generation`, or an id.
        resolution: the new resolution: 540p, 720p, 1080p or 4k.
        **fields: other fields of `UpscaleVideoGenerationRequest`.

    Raises:
        InvalidRequestError: a field or the source is not valid, or it has that resolution already.
    """
    origin = _origin(source, "upscale", "video")
    if not isinstance(resolution, str) or not _RESOLUTION.fullmatch(resolution):
        near = difflib.get_close_matches(str(resolution), RESOLUTIONS, n=1)
        hint = f": did you mean '{near[0]}'?" if near else ""
        raise InvalidRequestError(
            f"resolution {resolution!r} is not one of {', '.join(RESOLUTIONS)}{hint}", field="resolution"
        )
    lines = RESOLUTIONS.get(resolution)
    if origin.size is not None and lines is not None and min(origin.size) >= lines:
        larger = [name for name, side in RESOLUTIONS.items() if side > min(origin.size)]
        advice = f"choose {' or '.join(larger)}" if larger else "no higher resolution is available"
        raise InvalidRequestError(
            f"resolution {resolution} is not higher than that of {origin.label}, which has "
            f"{origin.size[0]} x {origin.size[1]}: {advice}",
            field="resolution",
        )
    found: UpscaleVideoGenerationRequest = _checked(
        "upscale_video",
        media=_at_server(origin, "upscale"),
        resolution=resolution,
        **_without_media(fields),
    )
    return found


def audio_request(
    source: Any, prompt: str | None = None, *, negative_prompt: str | None = None, **fields: Any
) -> AudioGenerationRequest:
    """Return a request for a video with sound.

    Args:
        source: the video: a `Dream`, a `Generation`, or an id.
        prompt: what is heard.
        negative_prompt: what must not be heard.
        **fields: other fields of `AudioGenerationRequest`.

    Raises:
        InvalidRequestError: a field or the source is not valid.
    """
    origin = _origin(source, "add_audio", "video")
    media = _at_server(origin, "add_audio")
    more = _without_media(fields)
    found: AudioGenerationRequest = _checked(
        "add_audio", media=media, prompt=_words(prompt), negative_prompt=_words(negative_prompt), **more
    )
    return found


def layers_request(source: Any, resolution: str = "1k", prompt: str | None = None, **fields: Any) -> LayeringRequest:
    """Return a request for the layers of a picture.

    Args:
        source: the picture, as for `read_origin`, or its `Origin`.
        resolution: the resolution of each layer: "1k" or "2k".
        prompt: what the layers show.
        **fields: other fields of `LayeringRequest`.

    Raises:
        InvalidRequestError: a field or the source is not valid.
    """
    origin = _origin(source, "layers", "image")
    found: LayeringRequest = _checked(
        "layering",
        media=origin.source,
        resolution=resolution,
        prompt=_words(prompt),
        **{"model": LUMA_IMAGE_MODELS[0], **_without_media(fields)},
    )
    return found


def nearest_ratio(size: tuple[int, int]) -> str:
    """Return the aspect ratio of the API that is nearest to a size.

    Args:
        size: width and height in pixels.
    """
    return min(ASPECT_RATIOS, key=lambda ratio: abs(log(size[0] / size[1]) - log(_quotient(ratio))))


def _quotient(ratio: str) -> float:
    width, height = (int(side) for side in ratio.split(":"))
    return width / height


def _words(prompt: str | None) -> str | None:
    """A prompt without surrounding white space, which would make it another request; None if it is empty."""
    return prompt.strip() or None if isinstance(prompt, str) else prompt


def _without_media(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    if "media" in fields:
        raise InvalidRequestError("media: the source is already given: leave it out", field="media")
    return fields


def _origin(source: Any, operation: str, kind: Kind | None) -> Origin:
    """The source of an operation that needs a certain kind."""
    with naming("media", "media"):
        origin = source if isinstance(source, Origin) else read_origin(source)
    if kind is not None and origin.kind is not None and origin.kind != kind:
        advice = ": reframe() changes images too" if operation == "modify" else ""
        raise InvalidRequestError(
            f"media: {operation}() needs {_A[kind]}, and {origin.label} is {_A[origin.kind]}{advice}", field="media"
        )
    return origin


_A: Final[Mapping[Kind, str]] = {"video": "a video", "image": "an image"}


def _at_server(origin: Origin, operation: str) -> GenerationReference:
    if not isinstance(origin.source, GenerationReference):
        raise InvalidRequestError(
            f"media: {operation}() needs a video made by the server, and {origin.label} is a file: give a Dream "
            "made there, or its id",
            field="media",
        )
    return origin.source


def _with_first_frame(fields: Mapping[str, Any]) -> dict[str, Any]:
    if fields.get("first_frame") is None:
        return dict(fields)
    with naming("first_frame", "first_frame"):
        return {**fields, "first_frame": Media(url=read_reference(fields["first_frame"]).url or "")}


def _of_same_api(origin: Origin, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields, with a Luma model if the Luma API made the source, which alone knows it, unless a model is named."""
    if fields.get("model") is not None or not is_of_luma(origin.model):
        return fields
    return {**fields, "model": LUMA_VIDEO_MODELS[0]}


def _checked(generation_type: str, **fields: Any) -> Any:
    named = {name: value for name, value in fields.items() if value is not None}
    try:
        return schema_of(generation_type, named)(**named)
    except pydantic.ValidationError as error:
        raise InvalidRequestError.reading(error) from None
