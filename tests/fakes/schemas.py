"""What a strict server of each API takes, written down from the two specification files by hand."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

RATIOS: Final = frozenset({"1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"})
IMAGE_MODELS: Final = frozenset({"photon-1", "photon-flash-1"})
VIDEO_MODELS: Final = frozenset({"ray-1-6", "ray-2", "ray-flash-2"})

Check = Callable[[Any, str], "str | None"]
"""Gives what is wrong with a value at a place, or None."""


def text(value: Any, where: str) -> str | None:
    """A string."""
    return None if isinstance(value, str) else f"{where}: Input should be a valid string"


def uri(value: Any, where: str) -> str | None:
    """A string that is an absolute URI."""
    if isinstance(value, str) and re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S+\Z", value):
        return None
    return f"{where}: Input should be a valid URI"


def uuid(value: Any, where: str) -> str | None:
    """A string that is a UUID."""
    if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        return None
    return f"{where}: Input should be a valid UUID"


def boolean(value: Any, where: str) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else f"{where}: Input should be a valid boolean"


def number(value: Any, where: str) -> str | None:
    """A finite number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return None if is_number else f"{where}: Input should be a valid number"


@dataclass(frozen=True)
class OneOf:
    """One of some strings."""

    values: frozenset[str]

    def __call__(self, value: Any, where: str) -> str | None:
        if isinstance(value, str) and value in self.values:
            return None
        return f"{where}: Input should be one of {', '.join(sorted(self.values))}"


@dataclass(frozen=True)
class Listed:
    """An array."""

    item: Check

    def __call__(self, value: Any, where: str) -> str | None:
        if not isinstance(value, list):
            return f"{where}: Input should be a valid list"
        return next(filter(None, (self.item(one, f"{where}.{at}") for at, one in enumerate(value))), None)


@dataclass(frozen=True)
class Object:
    """An object with these fields and no others."""

    fields: Mapping[str, Check]
    required: frozenset[str] = field(default_factory=frozenset)

    def __call__(self, value: Any, where: str) -> str | None:
        if not isinstance(value, dict):
            return f"{where or 'body'}: Input should be a valid object"
        at = f"{where}." if where else ""
        if unknown := sorted(value.keys() - self.fields.keys()):
            return f"{at}{unknown[0]}: Extra inputs are not permitted"
        if missing := sorted(self.required - value.keys()):
            return f"{at}{missing[0]}: Field required"
        return next(filter(None, (self.fields[name](one, f"{at}{name}") for name, one in value.items())), None)


_GENERATION: Final = Object({"type": OneOf(frozenset({"generation"})), "id": uuid}, frozenset({"type", "id"}))
_IMAGE: Final = Object({"type": OneOf(frozenset({"image"})), "url": uri}, frozenset({"type", "url"}))


@dataclass(frozen=True)
class Either:
    """One of several objects, told apart by their `type`."""

    objects: Mapping[str, Object]

    def __call__(self, value: Any, where: str) -> str | None:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in self.objects:
            return f"{where}: Input should be an object whose type is one of {', '.join(sorted(self.objects))}"
        return self.objects[kind](value, where)


_KEYFRAME: Final = Either({"generation": _GENERATION, "image": _IMAGE})
_KEYFRAMES: Final = Object({"frame0": _KEYFRAME, "frame1": _KEYFRAME})
_WEIGHTED: Final = Object({"url": uri, "weight": number})
_IDENTITY: Final = Object({"images": Listed(uri)})
_VIDEO: Final[Mapping[str, Check]] = {
    "generation_type": OneOf(frozenset({"video"})),
    "prompt": text,
    "aspect_ratio": OneOf(RATIOS),
    "loop": boolean,
    "keyframes": _KEYFRAMES,
    "callback_url": uri,
}
_PICTURE: Final[Mapping[str, Check]] = {
    "generation_type": OneOf(frozenset({"image"})),
    "model": OneOf(IMAGE_MODELS),
    "prompt": text,
    "aspect_ratio": OneOf(RATIOS),
    "callback_url": uri,
    "image_ref": Listed(_WEIGHTED),
    "style_ref": Listed(_WEIGHTED),
    "character_ref": Object({"identity0": _IDENTITY}),
    "modify_image_ref": _WEIGHTED,
}
# Beside the enums of `resolution` and `duration` the file allows any string.
_VIDEO_2025: Final[Mapping[str, Check]] = {
    **_VIDEO,
    "model": OneOf(VIDEO_MODELS),
    "resolution": text,
    "duration": text,
    "concepts": Listed(Object({"key": text}, frozenset({"key"}))),
}
_PICTURE_2025: Final[Mapping[str, Check]] = {
    **_PICTURE,
    "format": OneOf(frozenset({"jpg", "png"})),
    "sync": boolean,
    "sync_timeout": number,
}

REQUESTS: Final[Mapping[tuple[str, str], Object]] = {
    ("2024", "video"): Object(_VIDEO),
    ("2024", "image"): Object(_PICTURE),
    ("2025", "video"): Object(_VIDEO_2025, frozenset({"model"})),
    ("2025", "image"): Object(_PICTURE_2025, frozenset({"model"})),
}
"""The body of a create, by API and kind."""
