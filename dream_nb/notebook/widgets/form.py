"""The contents of a panel's form. A page may send anything, so each value is checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, cast

import pydantic
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from dream_nb.api.request_models import Kind
from dream_nb.notebook.widgets.messages import Edit, Form, RoleChoice
from dream_nb.requests.edits import DEFAULT_MODE
from dream_nb.requests.roles import ROLES, Role

EMPTY: Final[Form] = {
    "prompt": "",
    "kind": "video",
    "aspect_ratio": "16:9",
    "model": "",
    "loop": False,
    "frame0": "",
    "frame1": "",
    "references": [],
    "count": 1,
    "duration": "",
    "resolution": "",
    "concepts": [],
    "format": "",
    "edit": "",
    "source": "",
    "mode": DEFAULT_MODE,
}

# The API accepts no weight for a character.
ROLE_CHOICES: Final[tuple[RoleChoice, ...]] = tuple(
    {"name": name, "weighted": name != "character_ref"} for name in ROLES
)
"""The uses of a reference picture, the default first."""

_Text = Annotated[str, Field(max_length=10_000)]
# The length of a data: URI of 20 MB.
_Place = Annotated[str, Field(max_length=28_000_000)]


class _Reference(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    role: Role
    name: _Place = ""
    weight: float | None = None


_TYPES: Final[dict[str, Any]] = {
    "prompt": _Text,
    "kind": Kind,
    "aspect_ratio": _Text,
    "model": _Text,
    "loop": bool,
    "frame0": _Place,
    "frame1": _Place,
    "references": Annotated[list[_Reference], Field(max_length=32)],
    "count": int,
    "duration": _Text,
    "resolution": _Text,
    "concepts": Annotated[list[_Text], Field(max_length=32)],
    "format": _Text,
    "edit": Edit,
    "source": _Place,
    "mode": _Text,
}


def read_form(form: Mapping[str, Any]) -> tuple[Form, dict[str, str]]:
    """Return the values of a form, and by field the problems with values of the wrong type.

    Args:
        form: the values that the page sent. Missing or invalid fields get their default value.
    """
    values: dict[str, Any] = dict(EMPTY)
    problems: dict[str, str] = {}
    for name in EMPTY.keys() & form.keys():
        try:
            values[name] = _adapter(name).validate_python(form[name])
        except pydantic.ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            problems[name] = f"not a valid value: {first['msg'][:1].lower()}{first['msg'][1:]}"
    values["references"] = [dict(one) for one in values["references"]]
    return cast("Form", values), problems


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_TYPES[name], config=None if name == "references" else ConfigDict(strict=True))
