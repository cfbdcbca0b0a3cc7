"""Requests as the lines of Python that make them again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from dream_nb.api.request_models import GenerationReference, Request

_OWN = {"prompt", "generation_type", "callback_url"}


def to_code(made: Iterable[tuple[Request, int, str | None]]) -> str:
    """The lines that make generations, each as a variable; the last is `dream`.

    Args:
        made: for each its request, its take, and its id, by which later ones name it; in the order in which they are
            to be made.
    """
    lines: list[str] = []
    classes: set[str] = set()
    names: dict[str, str] = {}
    whole = list(made)
    for number, (request, take, id) in enumerate(whole, 1):  # noqa: A001 - the field's name in the specification
        name = "dream" if number == len(whole) else f"dream{number}"
        lines.append(f"{name} = {_call(request, take, names, classes)}")
        if id:
            names[id] = name
    imports = ["import dream_nb"]
    if classes:
        imports.append(f"from dream_nb import {', '.join(sorted(classes))}")
    return "\n".join([*imports, "", *lines]) + "\n"


def _call(request: Request, take: int, names: dict[str, str], classes: set[str]) -> str:
    arguments = [repr(request.prompt or "")]
    if request.generation_type == "image":
        arguments.append('kind="image"')
    for field, value in request:
        if field not in _OWN and value != type(request).model_fields[field].get_default(call_default_factory=True):
            arguments.append(f"{field}={_written(value, names, classes)}")
    if take > 1:
        arguments.append(f"take={take}")
    return f"dream_nb.dream({', '.join(arguments)})"


def _written(value: Any, names: dict[str, str], classes: set[str]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_written(item, names, classes) for item in value)}]"
    if not isinstance(value, BaseModel):
        return repr(value)
    classes.add(type(value).__name__)
    if isinstance(value, GenerationReference) and value.id in names:
        return f"GenerationReference(id={names[value.id]}.generation.id)"
    fields = [
        f"{name}={_written(field, names, classes)}" for name, field in value if field is not None and name != "type"
    ]
    return f"{type(value).__name__}({', '.join(fields)})"
