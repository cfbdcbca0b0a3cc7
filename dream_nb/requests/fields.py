"""The fields of a request for something new, as they are given by its user."""

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
    """A request of that kind, checked.

    Args:
        prompt: what to dream.
        kind: "video" or "image".
        **fields: the other fields of `GenerationRequest` or `ImageGenerationRequest`, as for `read_fields`.

    Raises:
        InvalidRequestError: the prompt is empty, a field breaks the specification, or a picture cannot be read.
    """
    _check_kind(kind, fields)
    return checked_request(prompt, kind=kind, **_with_keyframes(read_fields(fields)))


def read_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a request whose pictures and keyframes are read: reading them again changes nothing.

    Args:
        fields: `frame0` and `frame1` stand for the keyframes and take what `keyframe` takes; `image_ref` and
            `style_ref` take what `reference` takes, or several of it; `character_ref` too, but without weights;
            `modify_image_ref` one of it; `guide_frames` what `read_guide_frames` takes. All others are left
            as they are.

    Raises:
        InvalidRequestError: a picture is not supported or cannot be read. The error names the field, and its item.
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
            # It is at its end by now.
            read[name] = []
    return read


def _check_kind(kind: str, fields: Mapping[str, Any]) -> None:
    others = {"video": FIELDS, "image": (*FRAMES, "keyframes")}.get(kind, ())
    for name in others:
        if fields.get(name) is not None:
            other = "image" if kind == "video" else "video"
            raise InvalidRequestError(f'{name} is for {other}s: add kind="{other}", or leave it out', field=name)


def _with_keyframes(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of a request in which `frame0` and `frame1` have become its keyframes."""
    frames = {name: value for name in FRAMES if (value := fields.pop(name, None)) is not None}
    if not frames:
        return fields
    if fields.get("keyframes") is not None:
        raise InvalidRequestError("keyframes cannot be combined with frame0 or frame1: leave out one or the other")
    return fields | {"keyframes": frames}
