"""The models hold every schema, field, default and enum of the specification."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from dream_nb.api import models
from dream_nb.api.dialect import Dialect
from dream_nb.api.dialects import DIALECTS
from tests.specification.dream_machine_2024 import DREAM_MACHINE_2024
from tests.specification.dream_machine_2025 import DREAM_MACHINE_2025
from tests.specification.shapes import Object, Plain

BY_API = {"2024": DREAM_MACHINE_2024, "2025": DREAM_MACHINE_2025}
OBJECTS = DREAM_MACHINE_2024.objects()

# The inline object of `character_ref` has no name in the specification.
UNNAMED = {"character_ref": "CharacterRef"}
ENUMS = {
    "AspectRatio": models.ASPECT_RATIOS,
    "GenerationType": models.GENERATION_TYPES,
    "ImageModel": models.IMAGE_MODELS,
    "State": models.STATES,
}


def model(name: str) -> type[models._Schema]:
    found = getattr(models, name)
    assert inspect.isclass(found)
    assert issubclass(found, models._Schema)
    return found


@pytest.mark.parametrize("name", OBJECTS)
def test_a_model_has_every_field_of_its_schema(name: str) -> None:
    assert OBJECTS[name].fields.keys() <= model(name).model_fields.keys()


@pytest.mark.parametrize("name", OBJECTS)
def test_a_model_requires_what_its_schema_requires(name: str) -> None:
    required = {field for field, info in model(name).model_fields.items() if info.is_required()}
    # `type` is required and has a default in the specification: a caller need not write it.
    assert required == OBJECTS[name].required - {"type"}


@pytest.mark.parametrize("name", sorted(OBJECTS.keys() - {"Generation"}))
def test_a_model_has_the_defaults_of_its_schema(name: str) -> None:
    fields = OBJECTS[name].fields.items()
    defaults = {field: default for field, shape in fields if (default := DREAM_MACHINE_2024.default(shape)) is not None}
    assert {field: model(name).model_fields[field].default for field in defaults} == defaults


@pytest.mark.parametrize("name", ENUMS)
def test_an_enum_has_the_values_of_the_specification(name: str) -> None:
    shape = DREAM_MACHINE_2024.schemas[name]
    assert isinstance(shape, Plain)
    assert ENUMS[name] == shape.values


def test_a_generation_without_a_type_is_what_the_specification_says() -> None:
    default = DREAM_MACHINE_2024.default(OBJECTS["Generation"].fields["generation_type"])
    assert models.Generation.from_answer({"id": "a"}).kind == default


@pytest.mark.parametrize("field", UNNAMED)
def test_the_unnamed_objects_have_their_fields(field: str) -> None:
    shape = OBJECTS["ImageGenerationRequest"].fields[field]
    assert isinstance(shape, Object)
    assert shape.fields.keys() == model(UNNAMED[field]).model_fields.keys()


def test_every_schema_has_a_model_or_an_enum() -> None:
    assert {name for name in DREAM_MACHINE_2024.schemas if not hasattr(models, name)} == set()


def test_a_generation_with_every_field_survives_a_round_trip() -> None:
    request: dict[str, Any] = {
        "generation_type": "video",
        "prompt": "a lake",
        "aspect_ratio": "9:21",
        "loop": True,
        "keyframes": {
            "frame0": {"type": "image", "url": "https://a.test/lake.png"},
            "frame1": {"type": "generation", "id": "00000000-0000-4000-8000-000000000001"},
        },
        "callback_url": "https://a.test/hook",
    }
    answer = {
        "id": "00000000-0000-4000-8000-000000000002",
        "generation_type": "video",
        "state": "completed",
        "failure_reason": "none",
        "created_at": "2024-10-31T23:59:59Z",
        "assets": {"video": "https://a.test/lake.mp4", "image": "https://a.test/lake.jpg"},
        "model": "ray-1-6",
        "request": request,
    }
    assert answer.keys() == OBJECTS["Generation"].fields.keys()
    assert request.keys() == OBJECTS["GenerationRequest"].fields.keys()
    assert models.Generation.from_answer(answer).wire() == answer


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_dialect_creates_videos_where_its_specification_says(dialect: Dialect) -> None:
    assert dialect.video_path == BY_API[dialect.api].operation("createGeneration").path


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize(("kind", "name"), [("video", "GenerationRequest"), ("image", "ImageGenerationRequest")])
def test_a_dialect_names_a_model_where_its_specification_requires_one(dialect: Dialect, kind: str, name: str) -> None:
    required = "model" in BY_API[dialect.api].objects()[name].required
    assert (kind in dialect.models) == required
