"""What the fake takes is what the two specification files say, field by field."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.conftest import SPECIFICATION
from tests.fakes import schemas
from tests.fakes.schemas import REQUESTS, Check, Either, Listed, Object, OneOf

FILES = {"2024": SPECIFICATION, "2025": SPECIFICATION.with_name("dream-machine-openapi-2025-06.yaml")}
SCHEMAS = {"video": "GenerationRequest", "image": "ImageGenerationRequest"}
PLAIN: dict[tuple[str, str | None], Check] = {
    ("string", None): schemas.text,
    ("string", "uri"): schemas.uri,
    ("string", "uuid"): schemas.uuid,
    ("boolean", None): schemas.boolean,
    ("number", None): schemas.number,
}

pytestmark = pytest.mark.skipif(
    not all(path.exists() for path in FILES.values()), reason="the specification files are not beside the project"
)


def components(api: str) -> dict[str, Any]:
    # YAML 1.1 reads 16:9 as a number in base 60: nothing but text is needed here.
    document: dict[str, Any] = yaml.load(FILES[api].read_text(encoding="utf-8"), yaml.BaseLoader)
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def as_check(schema: dict[str, Any], known: dict[str, Any]) -> Check:
    """The check that a schema asks for."""
    if "$ref" in schema:
        return as_check(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        # Of an enum or any string the string remains.
        return as_check(schema["anyOf"][-1], known)
    if "oneOf" in schema:
        mapping = schema["discriminator"]["mapping"]
        objects = {name: as_check({"$ref": place}, known) for name, place in mapping.items()}
        return Either({name: one for name, one in objects.items() if isinstance(one, Object)})
    if "enum" in schema:
        return OneOf(frozenset(schema["enum"]))
    if schema["type"] == "array":
        return Listed(as_check(schema["items"], known))
    if schema["type"] == "object":
        fields = {name: as_check(one, known) for name, one in schema["properties"].items()}
        return Object(fields, frozenset(schema.get("required", ())))
    return PLAIN[schema["type"], schema.get("format")]


@pytest.mark.parametrize("api", FILES)
@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_create_is_checked_as_its_schema_says(api: str, kind: str) -> None:
    known = components(api)
    assert REQUESTS[api, kind] == as_check(known[SCHEMAS[kind]], known)
