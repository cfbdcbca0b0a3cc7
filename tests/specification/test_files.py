"""The specifications written here contain everything in the two files except their prose."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.specification.dream_machine_2024 import DREAM_MACHINE_2024
from tests.specification.dream_machine_2025 import DREAM_MACHINE_2025
from tests.specification.shapes import Specification

FOLDER = Path(__file__).parents[3] / "shared"
PROSE = frozenset(
    {"contact", "description", "example", "examples", "license", "summary", "tags", "termsOfService", "title"}
)


class Loader(yaml.SafeLoader):
    """Loads YAML as JSON would be: without numbers in base 60 (16:9 is not 969) and without dates."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag.rpartition(":")[2] not in ("int", "timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?[0-9]+$"), list("-+0123456789"))


def facts(part: Any) -> Any:
    """A part of a document without its prose, with required fields sorted."""
    if isinstance(part, list):
        return [facts(item) for item in part]
    if not isinstance(part, dict):
        return part
    found = {name: facts(value) for name, value in part.items() if name not in PROSE}
    if isinstance(names := part.get("properties"), dict):
        # The names of fields are kept, even if they are also keywords for prose.
        found["properties"] = {name: facts(schema) for name, schema in names.items()}
    if isinstance(required := part.get("required"), list):
        found["required"] = sorted(required)
    return found


@pytest.mark.parametrize(
    ("specification", "file"),
    [
        (DREAM_MACHINE_2024, FOLDER / "dream-machine-openapi.yaml"),
        (DREAM_MACHINE_2025, FOLDER / "dream-machine-openapi-2025-06.yaml"),
    ],
    ids=["2024", "2025"],
)
def test_what_is_written_down_is_what_the_file_says(specification: Specification, file: Path) -> None:
    if not file.exists():
        pytest.skip("the specification's file is not beside the project")
    written = yaml.load(file.read_text(encoding="utf-8"), Loader)
    assert facts(specification.document()) == facts(written)
