"""The fields of a request for something new, as its user gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.request_models import Request
from dream_nb.requests.guide_frames import read_guide_frames
from dream_nb.requests.identity import checked_request
from dream_nb.requests.inputs import field_items, naming, read_keyframe, references_in_items
from dream_nb.requests.roles import FIELDS, FRAMES, as_fields

_GUIDES: Final = "guide_frames"


def make_request(prompt: str, *, kind: Literal["video", "image"] = "video", **fields: Any) -> Request:
    """Return a checked request.

    Args:
        prompt: the prompt.
        kind: the kind of result: "video" or "image".
        **fields: other fields of `GenerationRequest` or `ImageGenerationRequest`, as for `read_fields`.

    Raises:
        InvalidRequestError: the prompt is empty, a field violates the specification, or a picture cannot be read.
    """
    _check_kind(kind, fields)
    return checked_request(prompt, kind=kind, **_with_keyframes(read_fields(fields)))


def read_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Read the pictures and keyframes in the fields of a request. Fields that were read already are not changed.

    Args:
        fields: the fields by their names. `frame0` and `frame1` are the keyframes and take what `keyframe` takes;
            `image_ref` and `style_ref` take one or several of what `reference` takes; `character_ref` does too, but
            without weights; `modify_image_ref` takes one; `guide_frames` takes what `read_guide_frames` takes. Other
            fields are returned unchanged.

    Raises:
        InvalidRequestError: a picture is not supported or cannot be read. The error names the field and the item.
    """
    read = dict(fields)
    for name in FRAMES:
        if read.get(name) is not None:
            with naming(name, name):
                read[name] = read_keyframe(read[name])
    if read.get(_GUIDES) is not None:
        read[_GUIDES] = read_guide_frames(read[_GUIDES])
    for name in FIELDS:
        if read.get(name) is None:
            continue
        if items := field_items(name, read[name]):
            read |= as_fields(references_in_items(name, items))
        elif isinstance(read[name], Iterator):
            # The iterator is exhausted by now.
            read[name] = []
    return read


def _check_kind(kind: str, fields: Mapping[str, Any]) -> None:
    others = {"video": FIELDS, "image": (*FRAMES, "keyframes")}.get(kind, ())
    for name in others:
        if fields.get(name) is not None:
            other = "image" if kind == "video" else "video"
            raise InvalidRequestError(f'{name} is for {other}s: add kind="{other}", or leave it out', field=name)


def _with_keyframes(fields: dict[str, Any]) -> dict[str, Any]:
    """Move `frame0` and `frame1` into the keyframes of a request's fields."""
    frames = {name: value for name in FRAMES if (value := fields.pop(name, None)) is not None}
    if not frames:
        return fields
    if fields.get("keyframes") is not None:
        raise InvalidRequestError("keyframes cannot be combined with frame0 or frame1: leave out one or the other")
    return fields | {"keyframes": frames}
