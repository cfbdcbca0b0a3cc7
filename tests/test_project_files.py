"""Files of the project outside the package: changelog, a fork's CI, contribution guide."""

from __future__ import annotations

import re
from typing import Any

import yaml

import dream_nb
from tests.pages import ROOT, read

CHANGELOG = read(ROOT / "CHANGELOG.md")
WORKFLOW = ROOT / ".github" / "workflows" / "tests.yml"
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def jobs() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    return found


def commands() -> list[str]:
    return [step["run"] for job in jobs().values() for step in job["steps"] if "run" in step]


def test_the_changelog_begins_with_what_is_not_released() -> None:
    versions = re.findall(r"(?m)^## (.+)$", CHANGELOG)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", version) for version in versions[1:])


def test_the_changelog_has_only_headings_that_its_form_knows() -> None:
    headings = re.findall(r"(?m)^### (.+)$", CHANGELOG)
    assert headings
    assert set(headings) <= KINDS


def test_every_change_stands_below_such_a_heading() -> None:
    before, _, below = CHANGELOG.partition("\n### ")
    assert not re.search(r"(?m)^- ", before)
    assert all(line.startswith(("- ", "  ", "#", "Added", "Security")) for line in below.splitlines() if line)


def test_a_fork_runs_what_the_project_runs() -> None:
    assert ".ci/run" in commands()
    assert (ROOT / ".ci" / "run").is_file()


def test_what_a_fork_tests_is_there() -> None:
    paths = [path for command in commands() for path in re.findall(r"\btests/\S+", command)]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_a_fork_needs_no_secret_and_may_change_nothing() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    assert "secrets." not in text
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


def test_the_version_is_one_that_the_changelog_can_name() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", dream_nb.__version__)
