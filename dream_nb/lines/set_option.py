"""`--set field=json`: fields of the API that do not have their own option."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from dream_nb.api.errors import InvalidRequestError


def set_fields(settings: Sequence[str], schema: type[BaseModel]) -> dict[str, Any]:
    """Return the fields of `--set`: those that the schema has, and all others in `extra`.

    Args:
        settings: the values that were given, each as "field=json".
        schema: the schema of the request.

    Raises:
        InvalidRequestError: a value has another form.
    """
    fields: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.isidentifier():
            raise InvalidRequestError(f"--set {setting!r} is not field=json, such as --set seed=3")
        if name in {"prompt", "generation_type", "extra"}:
            raise InvalidRequestError(f"--set {name}: the {name.replace('_', ' ')} cannot be changed with --set")
        try:
            value = json.loads(text)
        except ValueError:
            raise InvalidRequestError(
                f"--set {name}: {text!r} is not JSON: put text in double quotes, --set {name}='{json.dumps(text)}'"
            ) from None
        (fields if name in schema.model_fields else extra)[name] = value
    return fields | {"extra": extra} if extra else fields
