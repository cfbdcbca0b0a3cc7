"""The parts of the OpenAPI documents of both APIs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic_core import to_json

from dream_nb.studio.rules import MAX_TAKE

Json = dict[str, Any]

TAKE: Final[Json] = {
    "name": "Dream-Take",
    "in": "header",
    "description": "The number of the result of the same request to draw; by default the next one.",
    "schema": {"type": "integer", "minimum": 1, "maximum": MAX_TAKE},
}
BY_ID: Final[list[Json]] = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
ERROR: Final[Json] = {
    "type": "object",
    "properties": {"detail": {"type": "string", "description": "What was wrong, with the value."}},
    "required": ["detail"],
}

OWN_FIELDS: Final[Json] = {
    "take": {"type": "integer", "minimum": 1, "description": "The number of this result of the same request."},
    "progress": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "The fraction that is drawn, 0 to 1.",
    },
    "stalled": {"type": "string", "description": "Why queued generations are not drawn at the moment."},
    "note": {"type": "string", "description": "Why it takes longer."},
}
"""What only the studio adds to the generations of both APIs."""


def ref(name: str) -> Json:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(properties: Json, *, required: tuple[str, ...] = (), **more: Any) -> Json:
    """Return the schema of an object."""
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {}) | more


def operation(
    name: str, summary: str, status: int, schema: str | None, refusals: Mapping[int, str], **more: Any
) -> Json:
    """Return the description of an operation.

    Args:
        name: the id of the operation.
        summary: what the operation does.
        status: the status of a success.
        schema: the name of the schema of the answer, or None if the answer is empty.
        refusals: the reasons for refusals, by status.
        more: additional fields.
    """
    answer: Json = {"description": summary}
    if schema:
        answer["content"] = {"application/json": {"schema": ref(schema)}}
    responses: Json = {str(status): answer}
    for code, reason in refusals.items():
        responses[str(code)] = {"description": reason, "content": {"application/json": {"schema": ref("Error")}}}
    return {"operationId": name, "summary": summary, "responses": responses} | more


def written(title: str, version: str, description: str, base_url: str, paths: Json, schemas: Json) -> bytes:
    """Return an OpenAPI 3.0 document as JSON."""
    return to_json(
        {
            "openapi": "3.0.3",
            "info": {"title": title, "version": version, "description": description},
            "servers": [{"url": base_url}],
            "security": [{"key": []}],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def chosen(reasons: Mapping[int, str], codes: Iterable[int]) -> dict[int, str]:
    """Return the reasons for refusals with the given status codes."""
    return {code: reasons[code] for code in codes}
