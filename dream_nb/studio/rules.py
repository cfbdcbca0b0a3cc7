"""The rules of the Dream Machine API. Every refusal is a 400 that names the field.

The path of 2024 is as lax as that API was. Requests of 2025 are checked against everything that is documented, unless
the studio is lenient, so that requests accepted here do not fail on the hosted server.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from dream_nb.api.documented import undocumented
from dream_nb.api.request_models import (
    DELIVERY,
    IMAGE_FORMATS,
    RESOLUTIONS,
    AudioGenerationRequest,
    Create,
    Edit,
    GenerationReference,
    GenerationRequest,
    ImageGenerationRequest,
    ImageReference,
    Media,
    ReframeImageRequest,
    ReframeVideoRequest,
    UpscaleVideoGenerationRequest,
)
from dream_nb.studio.fetch import read_data_url

PROMPT_LENGTH: Final = (3, 5000)
MAX_REFERENCES: Final = 4
MAX_URL: Final = 2048
MAX_PAGE: Final = 1000
MAX_OFFSET: Final = 2**53
MAX_TAKE: Final = 10**6
DURATION: Final = r"^([1-9]|10)s$"
# Does not allow a user name and password before the host, which would be stored and echoed.
HTTP_URL: Final = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9._~%-]+|\[[0-9A-Fa-f:.]+\])"
    r"(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?"
    r"([/?#][^\u0000-\u0020\u007f]*)?$"
)
DATA_URL: Final = (
    r"^[Dd][Aa][Tt][Aa]:[A-Za-z0-9/+.-]*(;[A-Za-z0-9/+.;=-]*)?;[Bb][Aa][Ss][Ee]64,"
    r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
)
_HTTP_URL: Final = re.compile(HTTP_URL)
DEFAULT_RESOLUTION: Final = "720p"
"""The resolution of a video whose request does not say it."""
MAX_PLACE: Final = 2**14
"""The largest position or size, in pixels, in a request that places a source."""
PLACES: Final = {
    "grid_position_x": -MAX_PLACE,
    "grid_position_y": -MAX_PLACE,
    "x_start": 0,
    "x_end": 1,
    "y_start": 0,
    "y_end": 1,
    "resized_width": 1,
    "resized_height": 1,
}
"""The fields that place the source on the canvas of a new ratio, each with its lowest value."""
MAX_SYNC: Final = 3600.0
"""The longest time that an answer may wait for its picture, in seconds."""
# Fields of 2025 that may be null on the paths of 2024.
_HOSTED_FIELDS: Final = frozenset({"duration", "resolution", "concepts", "format"})
_OF_2025: Final = frozenset({"format", *DELIVERY} - {"callback_url"})
_REQUIRED: Final = {
    "video": ("model",),
    "image": ("model",),
    "modify_video": ("generation_type", "model"),
    "reframe_video": ("generation_type", "model"),
    "reframe_image": ("generation_type", "model"),
}
"""The fields that the API of 2025 requires in addition to the schemas, by `generation_type`."""

Request = Create | Edit
R = TypeVar("R", bound=Request)
StateOf = Callable[[str], str | None]


class Refusal(Exception):  # noqa: N818 - an answer of the API, not a defect
    """An answer other than a success: its status, its detail, and additional headers."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def bad(field: str, reason: str) -> Refusal:
    """Return the refusal of a field."""
    # A sentence may begin with the name of its field.
    return Refusal(400, f"{field}: {reason.removeprefix(field.rpartition('.')[2].replace('_', ' ') + ' ')}")


def read_request(schema: type[R], body: bytes, state_of: StateOf, *, is_strict: bool) -> R:
    """Read a request's body, and check it against all rules.

    Args:
        schema: one of `REQUESTS`.
        body: the JSON document.
        state_of: a function that returns the state of a generation of the account by its id, or None if it is unknown.
        is_strict: whether to apply everything that is documented for 2025.

    Raises:
        Refusal: the request breaks a rule: 400, with a detail that names the field.
    """
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refusal(400, f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Refusal(400, "the body is not a JSON object")
    try:
        read = cast("R", schema.from_body(document))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise bad(_path(first["loc"]), first["msg"]) from None
    request: Request = read
    if isinstance(request, ImageGenerationRequest):
        # Both versions use this path: a request with a field of 2025 counts as one of 2025.
        is_strict = is_strict and not _OF_2025.isdisjoint(document)
    nullable = frozenset() if is_strict or not isinstance(request, Create) else _HOSTED_FIELDS
    for field in _nulls(request, "", nullable) if b"null" in body else ():
        raise bad(field, "null is not a value: leave the field out")
    if is_strict:
        _check_documented(request, document)
    if isinstance(request, GenerationRequest):
        _check_prompt(request)
        _check_video(request, state_of)
    elif isinstance(request, ImageGenerationRequest):
        _check_prompt(request)
        _check_image(request)
    else:
        _check_edit(request)
    if request.callback_url is not None:
        _check_url("callback_url", request.callback_url, data=False)
    return read


def digest(document: Mapping[str, Any]) -> str:
    """Return a hash of a request, without the fields that only control how the answer is delivered."""
    canonical = to_json(_sorted({key: value for key, value in document.items() if key not in DELIVERY}))
    return hashlib.sha256(canonical).hexdigest()


def whole_number(field: str, text: str | None, default: int, lowest: int, highest: int) -> int:
    """Return a number from a query or header, or `default` if it is missing. Raises Refusal if it is not valid."""
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,20}", text) or not lowest <= int(text) <= highest:
        raise bad(field, f"{text[:40]!r} is not a whole number from {lowest} to {highest}")
    return int(text)


def is_http_url(text: str) -> bool:
    """Return whether a text is an http(s) URL that a request may contain."""
    return len(text) <= MAX_URL and _HTTP_URL.fullmatch(text) is not None


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def _path(parts: tuple[int | str, ...]) -> str:
    # Pydantic's path contains the tags of unions ("image", "generation") among the names of fields.
    shown = [str(part) for index, part in enumerate(parts) if index == 0 or part not in ("image", "generation")]
    return ".".join(shown) or "body"


def _nulls(value: Any, path: str, nullable: Collection[str]) -> Iterator[str]:
    """The fields that were sent as null although the specification does not allow it."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name == "extra" or name not in value.model_fields_set or name in nullable:
                continue
            field = getattr(value, name)
            where = f"{path}.{name}".lstrip(".")
            if field is None and not (nullable and name == "model" and isinstance(value, GenerationRequest)):
                yield where
            yield from _nulls(field, where, nullable)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nulls(item, f"{path}.{index}", nullable)


def _check_documented(request: Request, document: Mapping[str, Any]) -> None:
    """Check the rules of 2025 that are in the documentation but not in the schemas."""
    for field in _REQUIRED.get(request.generation_type, ()):
        if document.get(field) is None:
            raise bad(field, "is required")
    for field in _unknown_fields(request):
        raise bad(field, "is not a field of this request: remove it")
    for field, reason in undocumented(request):
        raise bad(field, reason)


def _unknown_fields(request: Request) -> Iterator[str]:
    """The fields that are in no specification. Images are not checked, because both versions use the same path."""
    if isinstance(request, ImageGenerationRequest):
        return
    yield from request.extra
    for field in ("media", "first_frame"):
        yield from (f"{field}.{name}" for name in getattr(getattr(request, field, None), "model_extra", None) or ())
    for index, concept in enumerate(getattr(request, "concepts", None) or ()):
        yield from (f"concepts.{index}.{name}" for name in concept if name != "key")


def _check_known(field: str, value: str | None, known: Collection[str]) -> None:
    if value is not None and value not in known:
        raise bad(field, f"{value[:40]!r} is not one of {', '.join(known)}")


def _check_edit(request: Edit) -> None:
    _check_text("prompt", request.prompt)
    if isinstance(request, AudioGenerationRequest):
        _check_text("negative_prompt", request.negative_prompt)
    if isinstance(request, UpscaleVideoGenerationRequest):
        _check_known("resolution", request.resolution, RESOLUTIONS)
    for field in ("media", "first_frame"):
        named = getattr(request, field, None)
        if isinstance(named, Media):
            _check_url(f"{field}.url", named.url)
        elif named is not None:
            raise bad(field, "has to have a url" if not request.is_source_in_path else "is in the path: leave it out")
    if isinstance(request, ReframeVideoRequest | ReframeImageRequest):
        _check_placing(request)
    if isinstance(request, ReframeImageRequest):
        _check_known("format", request.format, IMAGE_FORMATS)


def _check_placing(request: ReframeVideoRequest | ReframeImageRequest) -> None:
    for field, lowest in PLACES.items():
        value = getattr(request, field)
        if value is not None and not lowest <= value <= MAX_PLACE:
            raise bad(field, f"{value} is not from {lowest} to {MAX_PLACE}")
    for start, end in (("x_start", "x_end"), ("y_start", "y_end")):
        first, last = getattr(request, start) or 0, getattr(request, end)
        if last is not None and last <= first:
            raise bad(end, f"{last} is not greater than {start}, which is {first}")


def _has_wrong_length(text: str) -> bool:
    lowest, highest = PROMPT_LENGTH
    return not lowest <= len(text) <= highest


def _length(text: str) -> str:
    characters = "character" if len(text) == 1 else "characters"
    return f"has {len(text)} {characters}; {PROMPT_LENGTH[0]} to {PROMPT_LENGTH[1]} are accepted"


def _check_text(field: str, text: str | None) -> None:
    """Check a text that may be missing or empty."""
    if text and _has_wrong_length(text):
        raise bad(field, _length(text))


def _check_prompt(request: Create) -> None:
    if request.prompt is None:
        frames = request.keyframes if isinstance(request, GenerationRequest) else None
        if frames is None or (frames.frame0 is None and frames.frame1 is None):
            raise bad("prompt", "is required without keyframes")
        return
    if _has_wrong_length(request.prompt):
        raise bad("prompt", _length(request.prompt))


def _check_video(request: GenerationRequest, state_of: StateOf) -> None:
    if request.duration is not None and not re.fullmatch(DURATION, request.duration):
        raise bad("duration", f"{request.duration[:40]!r} is not from 1s to 10s")
    if request.resolution is not None and request.resolution not in RESOLUTIONS:
        raise bad("resolution", f"{request.resolution[:40]!r} is not one of {', '.join(RESOLUTIONS)}")
    if request.keyframes is None:
        return
    frames = {"keyframes.frame0": request.keyframes.frame0, "keyframes.frame1": request.keyframes.frame1}
    if request.loop and all(isinstance(frame, ImageReference) for frame in frames.values()):
        raise bad("loop", "cannot be true with two image keyframes: the end would not lead back to the beginning")
    for field, frame in frames.items():
        if isinstance(frame, ImageReference):
            _check_url(f"{field}.url", frame.url)
        elif isinstance(frame, GenerationReference):
            state = state_of(frame.id)
            if state is None:
                raise bad(f"{field}.id", f"generation not found: {frame.id[:40]!r}")
            if state != "completed":
                raise bad(f"{field}.id", f"generation {frame.id} is {state}; a keyframe has to be completed")


def _check_image(request: ImageGenerationRequest) -> None:
    if request.sync_timeout is not None and not 0 <= request.sync_timeout <= MAX_SYNC:
        raise bad("sync_timeout", f"{request.sync_timeout} is not from 0 to {MAX_SYNC:g}")
    if request.format is not None and request.format not in IMAGE_FORMATS:
        raise bad("format", f"{request.format[:40]!r} is not one of {', '.join(IMAGE_FORMATS)}")
    for field, references in (("image_ref", request.image_ref), ("style_ref", request.style_ref)):
        _check_count(field, references)
        for index, reference in enumerate(references or ()):
            _check_reference(f"{field}.{index}", reference.url, reference.weight)
    if request.character_ref and request.character_ref.identity0:
        field = "character_ref.identity0.images"
        images = request.character_ref.identity0.images
        _check_count(field, images)
        for index, url in enumerate(images or ()):
            _check_url(f"{field}.{index}", url)
    if request.modify_image_ref:
        _check_reference("modify_image_ref", request.modify_image_ref.url, request.modify_image_ref.weight)


def _check_count(field: str, items: list[Any] | None) -> None:
    if items is not None and len(items) > MAX_REFERENCES:
        raise bad(field, f"has {len(items)} pictures; at most {MAX_REFERENCES} are accepted")


def _check_reference(field: str, url: str | None, weight: float | None) -> None:
    if url is not None:
        _check_url(f"{field}.url", url)
    if weight is not None and not 0 <= weight <= 1:
        raise bad(f"{field}.weight", f"{weight} is not from 0 to 1")


def _check_url(field: str, url: str, *, data: bool = True) -> None:
    if data and url[:5].lower() == "data:":
        try:
            read_data_url(url)
        except ValueError as error:
            raise bad(field, str(error)) from None
        return
    if not _HTTP_URL.fullmatch(url):
        raise bad(field, f"{url[:60]!r} is not {'an http(s) or data:' if data else 'an http(s)'} URL")
    if len(url) > MAX_URL:
        raise bad(field, f"the URL has {len(url)} characters; at most {MAX_URL} are accepted")
