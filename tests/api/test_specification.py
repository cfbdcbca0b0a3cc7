"""The models hold every schema, field, default and enum of the specification."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import yaml

from dream_nb.api import models
from tests.conftest import SPECIFICATION

pytestmark = pytest.mark.skipif(not SPECIFICATION.exists(), reason="the specification file is not beside the project")

# The inline object of `character_ref` has no name in the specification.
UNNAMED = {"character_ref": "CharacterRef"}
ENUMS = {
    "AspectRatio": models.ASPECT_RATIOS,
    "GenerationType": models.GENERATION_TYPES,
    "ImageModel": models.IMAGE_MODELS,
    "State": models.STATES,
}


class _StringLoader(yaml.SafeLoader):
    """YAML 1.1 reads 16:9 as a number in base 60: no numbers are resolved here."""


_StringLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:int", "tag:yaml.org,2002:timestamp"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def specification() -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(SPECIFICATION.read_text(encoding="utf-8"), _StringLoader)
    return document


def schemas() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = specification()["components"]["schemas"]
    return found


def objects() -> list[str]:
    return (
        [name for name, schema in schemas().items() if schema.get("type") == "object"] if SPECIFICATION.exists() else []
    )


def model(name: str) -> type[models._Schema]:
    found = getattr(models, name)
    assert inspect.isclass(found)
    assert issubclass(found, models._Schema)
    return found


@pytest.mark.parametrize("name", objects())
def test_a_model_has_every_field_of_its_schema(name: str) -> None:
    assert schemas()[name]["properties"].keys() <= model(name).model_fields.keys()


@pytest.mark.parametrize("name", objects())
def test_a_model_requires_what_its_schema_requires(name: str) -> None:
    required = {field for field, info in model(name).model_fields.items() if info.is_required()}
    # `type` is required and has a default in the specification: a caller need not write it.
    assert required == set(schemas()[name].get("required", [])) - {"type"}


@pytest.mark.parametrize("name", objects())
def test_a_model_has_the_defaults_of_its_schema(name: str) -> None:
    for field, written in schemas()[name]["properties"].items():
        schema = written
        if "$ref" in written:
            schema = schemas()[written["$ref"].rpartition("/")[2]] | {
                key: written[key] for key in written if key == "default"
            }
        if "default" in schema and name != "Generation":
            assert model(name).model_fields[field].default == schema["default"], field


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_an_enum_has_the_values_of_the_specification(name: str) -> None:
    assert list(ENUMS[name]) == schemas()[name]["enum"]


def test_a_generation_without_a_type_is_a_video() -> None:
    assert (
        models.Generation.from_answer({"id": "a"}).kind
        == schemas()["Generation"]["properties"]["generation_type"]["default"]
    )


def test_the_unnamed_objects_have_their_fields() -> None:
    for field, name in UNNAMED.items():
        properties = schemas()["ImageGenerationRequest"]["properties"][field]["properties"]
        assert properties.keys() == model(name).model_fields.keys()


def test_every_schema_has_a_model_or_an_enum() -> None:
    assert {name for name in schemas() if not hasattr(models, name)} == set()


def test_the_example_of_the_specification_survives_a_round_trip() -> None:
    example = schemas()["Generation"]["example"]
    read = models.Generation.from_answer(example).wire()
    request = read.pop("request")
    assert request == example["request"] | {"generation_type": "video"} | {"loop": True}
    assert {key: read[key] for key in read if key != "created_at"} == {
        key: example[key] for key in example if key not in {"created_at", "failure_reason", "request"}
    }
