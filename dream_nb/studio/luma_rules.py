"""The rules of the Luma API, as far as the types and the documentation of its official client state them.

A malformed request is refused with 400, an invalid combination or reference with 422, and a value that is too large
with 413.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from dream_nb.api.luma_requests import LumaRequest, MediaReference
from dream_nb.api.schemas import Schema
from dream_nb.studio.rules import Refusal, bad, is_http_url

MAX_DATA: Final[Mapping[str, int]] = {"image": 50 * 2**20, "video": 200 * 2**20}
"""The largest size in bytes of a picture or video that a request refers to."""
UUID: Final = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
MIME: Final = r"^[a-z]+/[a-zA-Z0-9.+-]+$"
_UUID: Final = re.compile(UUID)
_MIME: Final = re.compile(MIME)
# In every other field, null means the same as leaving the field out.
_NEVER_NULL: Final = frozenset({"prompt", "model", "style", "type", "web_search", "image_ref"})
_DEFAULT_MODEL: Final = "uni-1"
_COMBINATION: Final = "luma"
"""The error type that our schemas use for invalid combinations of fields."""

S = TypeVar("S", bound=Schema)


class Known(Protocol):
    """Everything in an account that a request may refer to."""

    def generation(self, uid: str) -> tuple[str, str] | None:
        """Return the kind ("image" or "video") and state of a generation by its id, or None."""

    def file(self, uid: str) -> tuple[str, str] | None:
        """Return the MIME type and state of a file by its id, or None."""


def read_luma_request(body: bytes, known: Known | None) -> LumaRequest:
    """Read a request's body, and check it against all rules.

    Args:
        body: the JSON document.
        known: everything that the request may refer to; None if its references were checked when it was accepted.

    Raises:
        Refusal: the request breaks a rule; the detail names the field.
    """
    document = read_object(body)
    # The documentation gives this default for every type of request.
    document = {"model": _DEFAULT_MODEL} | document
    for field in _NEVER_NULL & document.keys():
        if document[field] is None:
            raise bad(field, "null is not a value: leave the field out")
    layering = document.get("layering")
    if isinstance(layering, dict) and "resolution" in layering and layering["resolution"] is None:
        raise bad("layering.resolution", "null is not a value: leave the field out")
    for place, given in _given(document):
        _check_form(place, given)
    request = read_schema(LumaRequest, document)
    for place, reference, kind, made in _positions(request):
        _check_media(place, reference, kind, made, known)
    return request


def is_mime(text: str) -> bool:
    """Return whether a text is a MIME type."""
    return _MIME.fullmatch(text) is not None


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises:
        Refusal: the body is not a JSON object.
    """
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refusal(400, f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Refusal(400, "the body is not a JSON object")
    return document


def read_schema(schema: type[S], document: Mapping[str, Any]) -> S:
    """Read a document as one of our schemas. Fields that the API does not know are refused.

    Args:
        schema: the schema.
        document: the document.

    Raises:
        Refusal: the document violates the schema, or has an unknown field.
    """
    if "extra" in document:
        raise bad("extra", "is not a field of this request: remove it")
    try:
        read = schema.from_body(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        # Malformed fields are reported before invalid combinations.
        first = min(found, key=lambda one: one["type"] == _COMBINATION)
        place = ".".join(map(str, first["loc"]))
        detail = f"{place}: {first['msg']}" if place else first["msg"]
        raise Refusal(422 if first["type"] == _COMBINATION else 400, detail) from None
    for field in _unknown(read, ""):
        raise bad(field, "is not a field of this request: remove it")
    return read


def _unknown(value: Any, path: str) -> Iterator[str]:
    """The fields, at any depth, that the API does not know."""
    if isinstance(value, BaseModel):
        extra = getattr(value, "extra", {}) | (value.model_extra or {})
        yield from (f"{path}.{name}".lstrip(".") for name in extra)
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, f"{path}.{index}")


def _references(request: LumaRequest) -> Iterator[tuple[str, MediaReference]]:
    if request.source is not None:
        yield "source", request.source
    for index, reference in enumerate(request.image_ref or ()):
        yield f"image_ref.{index}", reference
    if request.video is not None:
        yield from request.video.pictures()


def _positions(request: LumaRequest) -> Iterator[tuple[str, MediaReference, str, str | None]]:
    """Every reference with its field, the kind of media that belongs there, and the kind of generation it may name.

    The last is None where generations are not accepted. By the documentation, these are reference pictures, and the
    source of layering.
    """
    for place, reference in _references(request):
        if place == "source":
            kind = "video" if request.type.startswith("video") else "image"
            yield place, reference, kind, None if request.type == "layering" else kind
        elif place.startswith("image_ref"):
            yield place, reference, "image", None
        else:
            is_extension = place in ("video.start_frame", "video.end_frame") and request.type == "video"
            yield place, reference, "image", "video" if is_extension else "image"


def _given(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The unchecked references in a document, with their fields."""
    video = document.get("video")
    options = video if isinstance(video, dict) else {}
    edit = options.get("edit") if isinstance(options.get("edit"), dict) else {}
    places = {
        "source": document.get("source"),
        "image_ref": document.get("image_ref"),
        **{f"video.{name}": options.get(name) for name in ("start_frame", "end_frame", "keyframes")},
        "video.edit.keyframes": (edit or {}).get("keyframes"),
    }
    for place, value in places.items():
        several = {f"{place}.{at}": one for at, one in enumerate(value)} if isinstance(value, list) else {place: value}
        yield from ((at, one) for at, one in several.items() if isinstance(one, dict))


def _check_form(place: str, given: Mapping[str, Any]) -> None:
    """Check the form of a reference, before combinations of fields are checked."""
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    for name in given:
        if name not in MediaReference.model_fields:
            raise bad(f"{place}.{name}", "is not a field of a reference: remove it")
    if "url" in texts and not is_http_url(texts["url"]):
        raise bad(f"{place}.url", f"{texts['url'][:60]!r} is not an http(s) URL")
    for name in ("generation_id", "file_id"):
        if name in texts and not _UUID.fullmatch(texts[name]):
            raise bad(f"{place}.{name}", f"{texts[name][:40]!r} is not a UUID")
    if "media_type" in texts and not is_mime(texts["media_type"]):
        raise bad(f"{place}.media_type", f"{texts['media_type'][:40]!r} is not a MIME type")


def _check_media(place: str, reference: MediaReference, kind: str, made: str | None, known: Known | None) -> None:
    if reference.data is not None:
        try:
            size = len(base64.b64decode(reference.data, validate=True))
        except binascii.Error:
            raise Refusal(422, f"{place}: data is not base64") from None
        if size > MAX_DATA[kind]:
            raise Refusal(413, f"{place}: data exceeds the size limit of {MAX_DATA[kind]} bytes")
    if reference.generation_id is not None and made is None:
        raise Refusal(422, f"{place}: generation_id is not supported here")
    if known is None:
        return
    if reference.generation_id is not None:
        found = known.generation(reference.generation_id.lower())
        if found is None or found[1] != "completed":
            raise Refusal(422, f"{place}: generation_id not found or not completed")
        if found[0] != made:
            raise Refusal(422, f"{place}: the generation is not a completed {made}")
    if reference.file_id is not None:
        file = known.file(reference.file_id.lower())
        if file is None or file[1] != "ready":
            raise Refusal(422, f"{place}: file_id not found or not ready")
        if not file[0].startswith(f"{kind}/"):
            raise Refusal(422, f"{place}: the file is {file[0]}, not {'a video' if kind == 'video' else 'an image'}")
