"""The form in which the two specifications of the Dream Machine are written here, and its conversion to OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Plain:
    """A value of a JSON type; with `values`, one of these."""

    type: str
    format: str | None = None
    values: tuple[str, ...] = ()
    default: Any = None

    def openapi(self) -> Json:
        more = {"format": self.format, "enum": list(self.values) or None, "default": self.default}
        return {"type": self.type} | {name: value for name, value in more.items() if value is not None}


@dataclass(frozen=True)
class Suggested:
    """Any string; some values are suggested."""

    values: tuple[str, ...]

    def openapi(self) -> Json:
        return {"anyOf": [one_of(*self.values).openapi(), TEXT.openapi()]}


@dataclass(frozen=True)
class Ref:
    """A reference to a schema by its name."""

    name: str
    default: Any = None

    def openapi(self) -> Json:
        return {"$ref": _place(self.name)} | ({"default": self.default} if self.default is not None else {})


@dataclass(frozen=True)
class Listed:
    """An array."""

    item: Shape

    def openapi(self) -> Json:
        return {"type": "array", "items": self.item.openapi()}


@dataclass(frozen=True)
class Object:
    """An object."""

    fields: Mapping[str, Shape]
    required: frozenset[str] = frozenset()

    def openapi(self) -> Json:
        properties = {name: shape.openapi() for name, shape in self.fields.items()}
        required = {"required": sorted(self.required)} if self.required else {}
        return {"type": "object", "properties": properties} | required


@dataclass(frozen=True)
class Either:
    """One of several schemas."""

    names: tuple[str, ...]

    def openapi(self) -> Json:
        return {"oneOf": [Ref(name).openapi() for name in self.names]}


@dataclass(frozen=True)
class Told:
    """One of several schemas, distinguished by the value of one field."""

    field: str
    names: Mapping[str, str]

    def openapi(self) -> Json:
        mapping = {value: _place(name) for value, name in self.names.items()}
        told = {"propertyName": self.field, "mapping": mapping}
        return Either(tuple(self.names.values())).openapi() | {"discriminator": told}


Shape = Plain | Suggested | Ref | Listed | Object | Either | Told

TEXT = Plain("string")
URI = Plain("string", "uri")
UUID = Plain("string", "uuid")
TIME = Plain("string", "date-time")
INTEGER = Plain("integer")
NUMBER = Plain("number")
BOOLEAN = Plain("boolean")


def one_of(*values: str, default: str | None = None) -> Plain:
    """One of some strings."""
    return Plain("string", values=values, default=default)


def _place(name: str) -> str:
    return f"#/components/schemas/{name}"


def _as_json(shape: Shape) -> Json:
    return {"content": {"application/json": {"schema": shape.openapi()}}}


@dataclass(frozen=True)
class Operation:
    """An operation of the API.

    Attributes:
        method: the HTTP method, in capitals.
        path: the path below the server's URL.
        name: its operationId.
        status: the status of success.
        answer: the body of the answer at success.
        body: the name of the schema of the request's body.
        query: optional query parameters.
        errors: whether answers with any other status are an `Error`.
    """

    method: str
    path: str
    name: str
    status: int
    answer: Shape | None
    body: str | None = None
    query: Mapping[str, Plain] = field(default_factory=dict)
    errors: bool = True

    def openapi(self) -> Json:
        parameters = [(name, "query", shape) for name, shape in self.query.items()]
        if "{id}" in self.path:
            parameters.append(("id", "path", TEXT))
        # OpenAPI requires a description for each response.
        responses: Json = {str(self.status): {"description": ""} | (_as_json(self.answer) if self.answer else {})}
        if self.errors:
            responses["default"] = {"description": ""} | _as_json(Ref("Error"))
        operation: Json = {"operationId": self.name, "responses": responses}
        if parameters:
            operation["parameters"] = [
                {"name": name, "in": place, "required": place == "path", "schema": shape.openapi()}
                for name, place, shape in parameters
            ]
        if self.body:
            operation["requestBody"] = {"required": True} | _as_json(Ref(self.body))
        return operation


@dataclass(frozen=True)
class Specification:
    """The specification of one API.

    Attributes:
        openapi: the version of OpenAPI of its file.
        server: the URL of the hosted API.
        operations: all operations.
        schemas: all schemas, by name.
    """

    openapi: str
    server: str
    operations: tuple[Operation, ...]
    schemas: Mapping[str, Shape]

    def objects(self) -> dict[str, Object]:
        """The schemas that are objects."""
        return {name: shape for name, shape in self.schemas.items() if isinstance(shape, Object)}

    def default(self, shape: Shape) -> Any:
        """The default of a field, or of the schema that it refers to; None if there is none."""
        if isinstance(shape, Ref) and shape.default is None:
            return self.default(self.schemas[shape.name])
        return shape.default if isinstance(shape, Plain | Ref) else None

    def operation(self, name: str) -> Operation:
        """The operation with this operationId."""
        return next(operation for operation in self.operations if operation.name == name)

    def document(self) -> Json:
        """The specification as an OpenAPI document."""
        paths: dict[str, Json] = {}
        for operation in self.operations:
            paths.setdefault(operation.path, {})[operation.method.lower()] = operation.openapi()
        return {
            "openapi": self.openapi,
            "info": {"title": "", "version": "1.1.0"},
            "servers": [{"url": self.server}],
            "security": [{"BearerAuth": []}],
            "paths": paths,
            "components": {
                "securitySchemes": {"BearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
                "schemas": {name: shape.openapi() for name, shape in self.schemas.items()},
            },
        }
