"""The style of texts: phrases that were replaced by plain ones do not come back, and the spelling is correct."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests import messages
from tests.pages import ROOT, pages

PHRASES: Final = Path(__file__).parent / "phrases.txt"
_CODE: Final = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


@dataclass(frozen=True)
class Phrase:
    """A phrase to avoid: its pattern, an example, and what to write instead."""

    pattern: re.Pattern[str]
    example: str
    instead: str


def phrases(section: str) -> list[Phrase]:
    below = PHRASES.read_text(encoding="utf-8").partition(f"\n[{section}]\n")[2].partition("\n[")[0]
    lines = [line.split(" | ") for line in below.splitlines() if line.strip()]
    return [Phrase(re.compile(pattern), example, instead) for pattern, example, instead in lines]


@cache
def texts() -> dict[str, str]:
    """The texts of pages, tutorials and docstrings without code, and all messages, by file name."""
    found = {page.relative_to(ROOT).as_posix(): _CODE.sub("", page.read_text(encoding="utf-8")) for page in pages()}
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        markdown = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        found[notebook.name] = _CODE.sub("", "\n".join(markdown))
    for path in sorted(messages.PACKAGE.rglob("*.py")):
        found[path.relative_to(ROOT).as_posix()] = "\n".join(docstrings(path))
    return found | {"messages": messages.rendered()}


def docstrings(path: Path) -> Iterator[str]:
    """The docstrings of a file, including those of constants, without code in them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield _CODE.sub("", node.value.value)


def faults(found: dict[str, str], listed: list[Phrase]) -> list[str]:
    return [
        f"{name}: {line.strip()!r}: write {phrase.instead!r} or the like"
        for name, text in found.items()
        for phrase in listed
        for line in text.splitlines()
        if phrase.pattern.search(line)
    ]


@pytest.mark.parametrize("section", ["everywhere", "messages"])
def test_each_phrase_is_found_where_it_stands(section: str) -> None:
    listed = phrases(section)
    assert listed
    assert [phrase.example for phrase in listed if not faults({"page": phrase.example}, [phrase])] == []
    assert [phrase.instead for phrase in listed if phrase.pattern.search(phrase.instead)] == []


def test_no_such_phrase_is_anywhere() -> None:
    assert faults(texts(), phrases("everywhere")) == []


def test_no_such_phrase_is_in_what_is_shown() -> None:
    assert faults({"messages": texts()["messages"]}, phrases("messages")) == []


def misspelled(*arguments: str) -> str:
    """The complaints of codespell, with the settings in pyproject.toml."""
    command = [sys.executable, "-m", "codespell_lib", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.skipif(find_spec("codespell_lib") is None, reason="codespell is not installed")
def test_code_and_pages_are_spelled_correctly() -> None:
    assert misspelled() == ""


@pytest.mark.skipif(find_spec("codespell_lib") is None, reason="codespell is not installed")
def test_tutorials_are_spelled_correctly(tmp_path: Path) -> None:
    tutorials = {name: text for name, text in texts().items() if name.endswith(".ipynb")}
    assert tutorials
    for name, text in tutorials.items():
        (tmp_path / name).with_suffix(".md").write_text(text, encoding="utf-8")
    assert misspelled(str(tmp_path)) == ""
