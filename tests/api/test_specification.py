"""The models have every schema, field, default and enum of the specification."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from dream_nb.api import models, request_models
from dream_nb.api.client import operation_of
from dream_nb.api.dialects import DIALECTS
from dream_nb.api.dream_machine_dialect import DreamMachineDialect
from dream_nb.api.schemas import Schema
from tests.specification.dream_machine_2024 import DREAM_MACHINE_2024
from tests.specification.dream_machine_2025 import DREAM_MACHINE_2025
from tests.specification.shapes import Object, Plain, Suggested

BY_API = {"2024": DREAM_MACHINE_2024, "2025": DREAM_MACHINE_2025}
OBJECTS = DREAM_MACHINE_2025.objects()

# The inline object of `character_ref` has no name in the specification.
UNNAMED = {"character_ref": "CharacterRef"}
ENUMS: dict[str, tuple[str, ...]] = {
    "AspectRatio": request_models.ASPECT_RATIOS,
    "GenerationType": request_models.KINDS,
    "ImageModel": request_models.IMAGE_MODELS,
    "State": models.STATES,
    "VideoModel": request_models.VIDEO_MODELS,
    "ImageFormat": request_models.IMAGE_FORMATS,
    "ReframeImageModels": request_models.IMAGE_MODELS,
    "ReframeVideoModels": request_models.EDITING_MODELS,
    "ModifyVideoMode": request_models.MODES,
}
SUGGESTED: dict[str, tuple[str, ...]] = {
    "VideoModelOutputResolution": tuple(request_models.RESOLUTIONS),
    "VideoModelOutputDuration": request_models.DURATIONS,
}
OURS: dict[str, set[str]] = {
    # There is one canonical request for both APIs; the dialect writes what only one of them requires.
    "GenerationRequest": {"model"},
    "ImageGenerationRequest": {"model"},
    "ModifyVideoRequest": {"generation_type", "model"},
    "ReframeVideoRequest": {"generation_type", "model"},
    "ReframeImageRequest": {"generation_type", "model"},
}
"""Fields that a schema requires, but for which our model has a default or which it leaves to the dialect."""


def model(name: str) -> type[Schema]:
    found = getattr(models, name, None) or getattr(request_models, name)
    assert inspect.isclass(found)
    assert issubclass(found, Schema)
    return found


@pytest.mark.parametrize("name", OBJECTS)
def test_a_model_has_every_field_of_its_schema(name: str) -> None:
    assert OBJECTS[name].fields.keys() <= model(name).model_fields.keys()


@pytest.mark.parametrize("name", OBJECTS)
def test_a_model_requires_what_its_schema_requires(name: str) -> None:
    required = {field for field, info in model(name).model_fields.items() if info.is_required()}
    # In the specification `type` is required and has a default, so callers need not give it.
    assert required == OBJECTS[name].required - {"type"} - OURS.get(name, set())


@pytest.mark.parametrize("name", sorted(OBJECTS.keys() - {"Generation"}))
def test_a_model_has_the_defaults_of_its_schema(name: str) -> None:
    fields = OBJECTS[name].fields.items()
    given = {field: DREAM_MACHINE_2025.default(shape) for field, shape in fields}
    # A field that our model requires has no default, whatever the specification says.
    required = {field for field, info in model(name).model_fields.items() if info.is_required()}
    defaults = {field: default for field, default in given.items() if default is not None and field not in required}
    # Defaults of the fields of 2025 are not written out, because a server of 2024 may not know these fields.
    left_out = {field for field in defaults if model(name).model_fields[field].default is None}
    assert left_out <= {"model", "prompt", "format", "sync", "sync_timeout"}
    assert {field: model(name).model_fields[field].default for field in defaults.keys() - left_out} == {
        field: default for field, default in defaults.items() if field not in left_out
    }


@pytest.mark.parametrize("name", ENUMS)
def test_an_enum_has_the_values_of_the_specification(name: str) -> None:
    shape = DREAM_MACHINE_2025.schemas[name]
    assert isinstance(shape, Plain)
    assert ENUMS[name] == shape.values


@pytest.mark.parametrize("name", SUGGESTED)
def test_suggested_values_are_those_of_the_specification(name: str) -> None:
    shape = DREAM_MACHINE_2025.schemas[name]
    assert isinstance(shape, Suggested)
    assert SUGGESTED[name] == shape.values


def test_a_generation_without_a_type_is_what_the_specification_says() -> None:
    default = DREAM_MACHINE_2025.default(OBJECTS["Generation"].fields["generation_type"])
    assert models.Generation.from_answer({"id": "a"}).kind == default


@pytest.mark.parametrize("field", UNNAMED)
def test_the_unnamed_objects_have_their_fields(field: str) -> None:
    shape = OBJECTS["ImageGenerationRequest"].fields[field]
    assert isinstance(shape, Object)
    assert shape.fields.keys() == model(UNNAMED[field]).model_fields.keys()


def test_every_schema_has_a_model_or_an_enum() -> None:
    covered = ENUMS.keys() | SUGGESTED.keys() | {"ModifyVideoModel"}
    models_ = DREAM_MACHINE_2025.schemas.keys() - covered
    assert {name for name in models_ if not hasattr(models, name) and not hasattr(request_models, name)} == set()


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
    assert request.keys() == DREAM_MACHINE_2024.objects()["GenerationRequest"].fields.keys()
    assert models.Generation.from_answer(answer).wire() == answer


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_dialect_sends_each_request_where_its_specification_says(dialect: DreamMachineDialect) -> None:
    posts = [operation for operation in BY_API[dialect.api].operations if operation.method == "POST"]
    types = {type_: operation_of(cls.model_construct()) for type_, cls in request_models.REQUESTS.items()}
    paths = {types[type_]: path for type_, path in dialect.paths.items()}
    assert paths == {operation.name: operation.path for operation in posts}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize(("kind", "name"), [("video", "GenerationRequest"), ("image", "ImageGenerationRequest")])
def test_a_dialect_names_a_model_where_its_specification_requires_one(
    dialect: DreamMachineDialect, kind: str, name: str
) -> None:
    required = "model" in BY_API[dialect.api].objects()[name].required
    assert (kind in dialect.models) == required
