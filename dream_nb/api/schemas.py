"""The base of all schemas of the API: how strictly they are read, and how they are written and shown.

Requests are strict: unknown fields and values of a wrong form are refused before anything is sent. Answers are read
tolerantly (`from_answer`): unknown fields are kept, and unknown enum values and nulls are accepted, because a hosted
API grows faster than its clients.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError, from_json

# Validation contexts: what is accepted while a document is read.
_ANSWER: Final = {"fields": True, "enums": True, "nulls": True}
_BODY: Final = {"fields": True}
_LONGEST_SHOWN: Final = 120


def shortened(uri: str) -> str:
    """Return a `data:` URI for display: its beginning, and its length.

    Args:
        uri: the URI. A short one is returned unchanged.
    """
    return uri if len(uri) <= _LONGEST_SHOWN else f"{uri[:_LONGEST_SHOWN]}… ({len(uri):,} characters)"


def is_document(data: Any) -> bool:
    """Return whether a value is a JSON object."""
    # Checked first because nearly all are plain dicts, and the other check takes ten times as long.
    return type(data) is dict or isinstance(data, Mapping)


def admits(info: ValidationInfo, what: str) -> bool:
    """Return whether the document being read may have something that a user's request may not.

    Args:
        info: the validation info.
        what: "fields", "enums" or "nulls".
    """
    return bool(info.context and info.context.get(what))


def _one_of(name: str, values: tuple[str, ...], newer: re.Pattern[str] | None) -> Callable[[str, ValidationInfo], str]:
    known = frozenset(values)

    def check(value: str, info: ValidationInfo) -> str:
        if value in known or admits(info, "enums"):
            return value
        # A server knows its own values. A user may know newer ones than this version.
        if newer is not None and not admits(info, "fields") and newer.fullmatch(value):
            return value
        near = difflib.get_close_matches(value, values, n=1)
        raise PydanticCustomError(
            "enum",
            "{name} '{value}' is not one of {allowed}{hint}",
            {
                "name": name,
                "value": value,
                "allowed": ", ".join(values),
                "hint": f": did you mean '{near[0]}'?" if near else "",
            },
        )

    return check


def enum(name: str, values: tuple[str, ...], newer: str | None = None) -> Any:
    """Return a type for texts with certain values.

    Args:
        name: the name of the type in errors.
        values: the values of the specification.
        newer: a regular expression for values that a future specification may add, which a user may send too.
    """
    check = _one_of(name, values, re.compile(newer) if newer else None)
    return AfterValidator(check), Field(json_schema_extra={"enum": list(values)})


class Schema(BaseModel):
    """A schema of the specification. Its constructor is strict; documents are read by the `from_*` methods."""

    model_config = ConfigDict(extra="allow", strict=True)

    @classmethod
    def from_answer(cls, document: bytes | str | Mapping[str, Any]) -> Self:
        """Read a server's answer: unknown fields are kept, and unknown enum values and nulls accepted.

        Args:
            document: JSON text, or the decoded object.

        Raises:
            ValueError: the document is not JSON, or not an object of this schema (`pydantic.ValidationError`).
        """
        return cls._read(document, _ANSWER)

    @classmethod
    def from_body(cls, document: bytes | str | Mapping[str, Any]) -> Self:
        """Read what a client sent to a server: unknown fields are kept, and everything else is strict.

        Args:
            document: JSON text, or the decoded object.

        Raises:
            ValueError: the document is not JSON, or violates this schema (`pydantic.ValidationError`).
        """
        return cls._read(document, _BODY)

    @classmethod
    def _read(cls, document: bytes | str | Mapping[str, Any], admitted: dict[str, bool]) -> Self:
        data = document if isinstance(document, Mapping) else from_json(document)
        return cls.model_validate(data, context=admitted, strict=False if "enums" in admitted else None)

    @model_validator(mode="before")
    @classmethod
    def _admitted(cls, data: Any, info: ValidationInfo) -> Any:
        # Lists of thousands are checked here, so the common case must be fast.
        if not is_document(data):
            return data
        if None in data.values() and admits(info, "nulls"):
            data = {key: value for key, value in data.items() if value is not None}
        if not data.keys() <= cls.__pydantic_fields__.keys() and not admits(info, "fields"):
            unknown = next(key for key in data if key not in cls.__pydantic_fields__)
            raise _unknown_field(str(unknown), cls.__pydantic_fields__)
        return data

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # A picture may have megabytes, and a notebook saves everything that it shows.
        for name, value in super().__repr_args__():
            yield name, value if name == "prompt" else _without_pictures(value)

    def wire(self) -> dict[str, Any]:
        """Return this object as the JSON document of the specification, with defaults written out and nulls omitted."""
        document: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        return document


def _unknown_field(name: str, known: Mapping[str, object]) -> PydanticCustomError:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean '{near[0]}'?" if near else "to send a field that this version does not know, use extra={…}"
    return PydanticCustomError("unknown_field", "unknown field '{name}': {hint}", {"name": name, "hint": hint})


def _without_pictures(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_pictures(item) for item in value]
    return shortened(value) if isinstance(value, str) and value.startswith("data:") else value


def outside_json(value: Any, where: str = "") -> str | None:
    """Return the place of a number that JSON does not have (NaN or an infinity), as "extra.seed: nan"; or None.

    Args:
        value: a request, or a part of it.
        where: the place of that part.
    """
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{where}: {value}"
    if isinstance(value, BaseModel):
        value = value.__dict__ | (value.__pydantic_extra__ or {})
    if isinstance(value, Mapping):
        parts: Iterable[tuple[object, Any]] = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return None
    # Every request is checked here, and most values are texts or missing, so those are fast.
    asked = ((name, part) for name, part in parts if part is not None and type(part) is not str)
    return next(
        filter(None, (outside_json(part, f"{where}.{name}" if where else str(name)) for name, part in asked)), None
    )
