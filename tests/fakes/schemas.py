"""Checks of requests to the two Dream Machine APIs: exactly what each specification allows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.specification import shapes
from tests.specification.dream_machine_2024 import DREAM_MACHINE_2024
from tests.specification.dream_machine_2025 import DREAM_MACHINE_2025

Check = Callable[[Any, str], "str | None"]
"""Called with a value and its place; returns what is wrong with it, or None."""


def text(value: Any, where: str) -> str | None:
    """Accept a string."""
    return None if isinstance(value, str) else f"{where}: Input should be a valid string"


def uri(value: Any, where: str) -> str | None:
    """Accept a string that is an absolute URI."""
    if isinstance(value, str) and re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S+\Z", value):
        return None
    return f"{where}: Input should be a valid URI"


def uuid(value: Any, where: str) -> str | None:
    """Accept a string that is a UUID."""
    if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        return None
    return f"{where}: Input should be a valid UUID"


def boolean(value: Any, where: str) -> str | None:
    """Accept true or false."""
    return None if isinstance(value, bool) else f"{where}: Input should be a valid boolean"


def number(value: Any, where: str) -> str | None:
    """Accept a finite number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return None if is_number else f"{where}: Input should be a valid number"


def integer(value: Any, where: str) -> str | None:
    """Accept an integer."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return None if is_whole else f"{where}: Input should be a valid integer"


@dataclass(frozen=True)
class OneOf:
    """Accepts one of some strings."""

    values: frozenset[str]

    def __call__(self, value: Any, where: str) -> str | None:
        if isinstance(value, str) and value in self.values:
            return None
        return f"{where}: Input should be one of {', '.join(sorted(self.values))}"


@dataclass(frozen=True)
class Listed:
    """Accepts an array whose items another check accepts."""

    item: Check

    def __call__(self, value: Any, where: str) -> str | None:
        if not isinstance(value, list):
            return f"{where}: Input should be a valid list"
        return next(filter(None, (self.item(one, f"{where}.{at}") for at, one in enumerate(value))), None)


@dataclass(frozen=True)
class Object:
    """Accepts an object with these fields and no others."""

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


@dataclass(frozen=True)
class Either:
    """Accepts one of several objects, distinguished by their `type`."""

    objects: Mapping[str, Check]

    def __call__(self, value: Any, where: str) -> str | None:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in self.objects:
            return f"{where}: Input should be an object whose type is one of {', '.join(sorted(self.objects))}"
        return self.objects[kind](value, where)


_PLAIN: Final[Mapping[tuple[str, str | None], Check]] = {
    ("string", None): text,
    ("string", "uri"): uri,
    ("string", "uuid"): uuid,
    ("boolean", None): boolean,
    ("number", None): number,
    ("integer", None): integer,
}


def _check(shape: shapes.Shape, known: Mapping[str, shapes.Shape]) -> Check:
    """The check for a shape."""
    match shape:
        case shapes.Plain(values=()):
            return _PLAIN[shape.type, shape.format]
        case shapes.Plain():
            return OneOf(frozenset(shape.values))
        case shapes.Suggested():
            return text
        case shapes.Ref():
            return _check(known[shape.name], known)
        case shapes.Listed():
            return Listed(_check(shape.item, known))
        case shapes.Object():
            return Object({name: _check(one, known) for name, one in shape.fields.items()}, shape.required)
        case shapes.Told(field="type"):
            return Either({value: _check(known[name], known) for value, name in shape.names.items()})
    raise NotImplementedError(f"no request has a {shape}")


BODIES: Final = {
    "video": "GenerationRequest",
    "image": "ImageGenerationRequest",
    "modify_video": "ModifyVideoRequest",
    "reframe_video": "ReframeVideoRequest",
    "reframe_image": "ReframeImageRequest",
    "upscale_video": "UpscaleVideoGenerationRequest",
    "add_audio": "AudioGenerationRequest",
}

REQUESTS: Final[Mapping[tuple[str, str], Check]] = {
    (api, kind): _check(specification.schemas[name], specification.schemas)
    for api, specification in (("2024", DREAM_MACHINE_2024), ("2025", DREAM_MACHINE_2025))
    for kind, name in BODIES.items()
    if name in specification.schemas
}
"""The check of a create's body, by API and operation."""
