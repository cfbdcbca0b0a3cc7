"""A dream as the lines that make it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from dream_nb.api.models import GenerationReference
from dream_nb.results.origin import keyframe_ids

if TYPE_CHECKING:
    from dream_nb.results.dream import Dream

_OWN = {"prompt", "generation_type", "callback_url"}


def to_code(dream: Dream) -> str:
    """See `Dream.to_code`.

    Args:
        dream: which.
    """
    lines: list[str] = []
    classes: set[str] = set()
    names: dict[str, str] = {}
    for number, one in enumerate(_in_order(dream), 1):
        name = "dream" if one is dream else f"dream{number}"
        lines.append(f"{name} = {_call(one, names, classes)}")
        if one.generation.id:
            names[one.generation.id] = name
    imports = ["import dream_nb"]
    if classes:
        imports.append(f"from dream_nb import {', '.join(sorted(classes))}")
    return "\n".join([*imports, "", *lines]) + "\n"


def _in_order(dream: Dream) -> list[Dream]:
    """Those that it came from, each once and after those that it came from itself; the dream is the last."""
    if not keyframe_ids(dream.request):
        return [dream]
    known = {ancestor.generation.id: ancestor for ancestor in dream.ancestors()}
    ordered: list[Dream] = []
    # A ledger may hold a circle, and a chain that is longer than calls may be deep.
    seen, way = {dream}, [dream]
    while way:
        parents = [known[named] for named in keyframe_ids(way[-1].request) if named in known]
        parent = next((one for one in parents if one not in seen), None)
        if parent is None:
            ordered.append(way.pop())
        else:
            seen.add(parent)
            way.append(parent)
    return ordered


def _call(dream: Dream, names: dict[str, str], classes: set[str]) -> str:
    request = dream.request
    arguments = [repr(dream.prompt)]
    if dream.kind == "image":
        arguments.append('kind="image"')
    for field, value in request:
        if field not in _OWN and value != type(request).model_fields[field].get_default(call_default_factory=True):
            arguments.append(f"{field}={_written(value, names, classes)}")
    if dream.take > 1:
        arguments.append(f"take={dream.take}")
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
