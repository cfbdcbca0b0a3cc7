"""Prints the lower bounds of pyproject.toml as constraints: `python -m tests.lowest > constraints.txt`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
BOUND = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)>=(?P<version>[0-9.]+)")


def lowest() -> list[str]:
    """Every dependency, including those of the extras, at its lower bound."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    declared = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    bounds = [match for one in declared if (match := BOUND.fullmatch(one))]
    return [f"{bound['name']}=={bound['version']}" for bound in bounds]


if __name__ == "__main__":
    print("\n".join(lowest()))
