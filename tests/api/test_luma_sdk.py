"""Every operation and option of the official client of the Luma API has a counterpart here."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import pytest
from pydantic import BaseModel

from dream_nb.api import luma_limits, luma_models, luma_requests
from dream_nb.api.blocking_luma import Luma
from dream_nb.api.hosted_apis import LUMA
from dream_nb.api.luma import AsyncLuma

sdk = pytest.importorskip("luma_agents")
types = pytest.importorskip("luma_agents.types")
create_params = pytest.importorskip("luma_agents.types.generation_create_params")
outputs = pytest.importorskip("luma_agents.types.generation_output")

OPERATIONS = {
    "generations.create": "create_generation",
    "generations.get": "get_generation",
    "files.create": "create_file",
    "files.complete": "complete_file",
    "files.get": "get_file",
    "files.list": "list_files",
    "files.delete": "delete_file",
}
"""The operations of the official client, and the methods here that correspond to them."""

REQUESTS: dict[str, type[BaseModel]] = {
    "GenerationCreateParams": luma_requests.LumaRequest,
    "ImageRefParam": luma_requests.MediaReference,
    "VideoOptionsParam": luma_requests.VideoOptions,
    "VideoEditOptionsParam": luma_requests.VideoEdit,
    "AdvancedControlsParam": luma_requests.EditControls,
    "PoseControlParam": luma_requests.PoseControl,
    "DepthControlParam": luma_requests.DepthControl,
    "NormalsControlParam": luma_requests.NormalsControl,
    "TrajectoryControlParam": luma_requests.TrajectoryControl,
    "FaceControlParam": luma_requests.FaceControl,
    "SourcePositionParam": luma_requests.SourcePosition,
    "FileCreateParams": luma_requests.FileRequest,
}
ANSWERS: dict[str, type[BaseModel]] = {
    "Generation": luma_models.LumaGeneration,
    "GenerationOutput": luma_models.LumaOutput,
    "File": luma_models.LumaFile,
    "FileList": luma_models.FilePage,
    "CreateFileResponse": luma_models.CreatedFile,
    "PresignedUpload": luma_models.PresignedUpload,
}
VALUES: dict[str, tuple[str, ...]] = {
    "Model": luma_limits.LUMA_MODELS,
    "VideoDuration": tuple(luma_limits.LUMA_DURATIONS),
    "VideoResolution": luma_limits.LUMA_RESOLUTIONS,
    "VideoEditStrength": luma_limits.STRENGTHS,
    "PoseControlStrength": ("precise", "coarse"),
    "FilePurpose": luma_limits.PURPOSES,
    "FileState": luma_models.FILE_STATES,
    "GenerationFailureCode": tuple(luma_models.FAILURE_ADVICE),
}
OTHERWISE = {
    # They repeat fields of `file`.
    ("CreateFileResponse", "id"),
    ("CreateFileResponse", "state"),
}
"""Fields that are left out here on purpose."""
OWN = {"LumaRequest": {"extra"}}
"""Fields here for which the official client has another way (`extra_body`)."""


def operations() -> set[str]:
    client = sdk.Luma(auth_token="key")
    return {
        f"{name}.{method}"
        for name in ("generations", "files")
        for method, member in inspect.getmembers(getattr(client, name), inspect.ismethod)
        if not method.startswith("_")
    } | {name for name in ("usage", "credits", "ping") if hasattr(client, name)}


def test_every_operation_of_the_client_is_in_the_table() -> None:
    assert operations() == set(OPERATIONS)


@pytest.mark.parametrize("method", OPERATIONS.values())
@pytest.mark.parametrize("client", [Luma, AsyncLuma])
def test_every_operation_has_its_method(client: type, method: str) -> None:
    assert callable(getattr(client, method))


def test_every_type_of_the_client_is_in_a_table() -> None:
    told = {name for name in vars(types) if name[0].isupper()}
    assert told - {"FileListParams"} == REQUESTS.keys() | ANSWERS.keys() | VALUES.keys()


def fields(theirs: Any) -> dict[str, Any]:
    """The fields of a type of the official client, with their annotations."""
    if isinstance(theirs, type) and issubclass(theirs, BaseModel):
        return {name: field.annotation for name, field in theirs.model_fields.items()}
    return typing.get_type_hints(theirs)


@pytest.mark.parametrize("name", [*REQUESTS, *ANSWERS])
def test_every_field_of_the_client_is_one_here(name: str) -> None:
    ours = (REQUESTS | ANSWERS)[name]
    theirs = {field for field in fields(getattr(types, name)) if (name, field) not in OTHERWISE}
    assert set(ours.model_fields) - OWN.get(ours.__name__, set()) == theirs


def test_every_field_of_what_the_client_nests_is_one_here() -> None:
    assert set(luma_requests.Layering.model_fields) == set(fields(create_params.Layering))
    assert set(luma_models.OutputLayer.model_fields) == set(fields(outputs.Layer))


def test_every_option_of_the_list_is_one_here() -> None:
    assert set(inspect.signature(Luma.list_files).parameters) - {"self"} == set(fields(types.FileListParams))


@pytest.mark.parametrize("name", VALUES)
def test_every_value_of_the_client_is_one_here(name: str) -> None:
    assert set(typing.get_args(getattr(types, name))) == set(VALUES[name])


def literals(name: str, field: str) -> set[str]:
    """The values that the official client's type lists for a field."""

    def inside(hint: Any) -> set[str]:
        if typing.get_origin(hint) is typing.Literal:
            return set(typing.get_args(hint))
        return set().union(*(inside(one) for one in typing.get_args(hint))) if typing.get_args(hint) else set()

    return inside(fields(getattr(types, name))[field])


@pytest.mark.parametrize(
    ("field", "values"),
    [("type", luma_limits.LUMA_TYPES), ("aspect_ratio", luma_limits.LUMA_RATIOS)],
)
def test_every_value_of_a_create_is_one_here(field: str, values: tuple[str, ...]) -> None:
    assert literals("GenerationCreateParams", field) == set(values)


@pytest.mark.parametrize(("field", "values"), [("output_format", {"png", "jpeg"}), ("style", {"auto", "manga"})])
def test_every_format_and_style_can_be_asked_for(field: str, values: set[str]) -> None:
    assert literals("GenerationCreateParams", field) == values
    for value in values:
        assert luma_requests.LumaRequest.model_validate({"prompt": "x", field: value}).wire()[field] == value


def test_the_states_are_those_of_the_client() -> None:
    assert literals("Generation", "state") == set(luma_models.LUMA_STATES)


def test_it_is_the_same_server() -> None:
    assert str(sdk.Luma(auth_token="key").base_url).rstrip("/") == LUMA.base_url
