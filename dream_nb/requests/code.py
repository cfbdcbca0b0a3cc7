"""Converts requests to the Python code that makes them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from dream_nb.api.request_models import GenerationReference, Request, UnknownRequest
from dream_nb.requests.variants import as_it_is

_OWN = {"prompt", "generation_type", "callback_url"}


def to_code(made: Iterable[tuple[Request, int, str | None]]) -> str:
    """Return the code for generations, each as a variable; the last one is `dream`.

    Args:
        made: for each generation, its request, its take, and its id, by which later requests refer to it; in the order
            in which they have to be made.
    """
    lines: list[str] = []
    classes: set[str] = set()
    names: dict[str, str] = {}
    whole = list(made)
    for number, (request, take, id) in enumerate(whole, 1):  # noqa: A001 - the field's name in the specification
        name = "dream" if number == len(whole) else f"dream{number}"
        # Only the server knows what these were made from.
        is_bare = request.is_source_in_path and getattr(request, "media", None) is None
        is_told = not (is_bare or isinstance(request, UnknownRequest))
        made_by = _call(request, take, names, classes) if is_told else f"dream_nb.Session().bring_in({id!r}).result()"
        lines.append(f"{name} = {made_by}")
        if id:
            names[id] = name
    imports = ["import dream_nb"]
    if classes:
        imports.append(f"from dream_nb import {', '.join(sorted(classes))}")
    return "\n".join([*imports, "", *lines]) + "\n"


METHODS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "modify_video": ("modify", ("prompt",)),
    "reframe_video": ("reframe", ("aspect_ratio", "prompt")),
    "reframe_image": ("reframe", ("aspect_ratio", "prompt")),
    "upscale_video": ("upscale", ("resolution",)),
    "add_audio": ("add_audio", ("prompt",)),
    "layering": ("layers", ("resolution", "prompt")),
}
"""By the type of a generation, the method of a dream that requests it, and its fields that go without a name."""


def _call(request: Request, take: int, names: dict[str, str], classes: set[str]) -> str:
    source = getattr(request, "media", None)
    if isinstance(source, GenerationReference) and source.id in names:
        return _method_call(request, take, names[source.id], classes)
    if request.generation_type in METHODS:
        more = f", take={take}" if take > 1 else ""
        return f"dream_nb.Session().submit({_written(request, names, classes)}{more}).result()"
    arguments = [repr(request.prompt or "")]
    if request.generation_type == "image":
        arguments.append('kind="image"')
    for field, value in request:
        if field not in _OWN and value != type(request).model_fields[field].get_default(call_default_factory=True):
            arguments.append(f"{field}={_written(value, names, classes)}")
    if take > 1:
        arguments.append(f"take={take}")
    return f"dream_nb.dream({', '.join(arguments)})"


def _method_call(request: Request, take: int, name: str, classes: set[str]) -> str:
    method, plain = METHODS[request.generation_type]
    fields = {field: value for field, value in request if value not in (None, {}) and field not in {*_OWN, "media"}} | (
        {"prompt": as_it_is(request.prompt)} if request.prompt else {}
    )
    first = [_written(fields.pop(field), {}, classes) for field in plain if field in fields]
    arguments = [*first, *(f"{field}={_written(value, {}, classes)}" for field, value in fields.items())]
    arguments += [f"take={take}"] if take > 1 else []
    # The layers of a picture are several dreams; the code names one of them for all.
    one = "[0]" if request.generation_type == "layering" else ""
    return f"{name}.{method}({', '.join(arguments)}){one}"


def _written(value: Any, names: dict[str, str], classes: set[str]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_written(item, names, classes) for item in value)}]"
    if not isinstance(value, BaseModel):
        return repr(value)
    classes.add(type(value).__name__)
    if isinstance(value, GenerationReference) and value.id in names:
        return f"GenerationReference(id={names[value.id]}.generation.id)"
    fields = [
        f"{name}={_written(field, names, classes)}"
        for name, field in value
        if field is not None and name not in {"type", "generation_type"} and field != {}
    ]
    return f"{type(value).__name__}({', '.join(fields)})"
