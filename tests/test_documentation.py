"""The public API is complete: every name exists, is documented with all arguments, and has a type-checked example."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import dream_nb

EXAMPLES = Path(__file__).parent / "typing"


def members(owner: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions of a class, including those that it inherits from this package."""
    for name in sorted(dir(owner)):
        found = inspect.getattr_static(owner, name)
        if name.startswith("_"):
            continue
        if isinstance(found, staticmethod | classmethod):
            found = found.__func__
        elif isinstance(found, property):
            found = found.fget
        elif hasattr(found, "func") and not callable(found):  # a cached property
            found = found.func
        # Actions are called only by the page's script, so they are not public.
        is_ours = inspect.isfunction(found) and found.__module__.startswith("dream_nb.")
        if is_ours and not hasattr(found, "is_action"):
            yield f"{owner.__name__}.{name}", found


def public() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in dream_nb.__all__:
        value = getattr(dream_nb, name)
        found[name] = value
        if isinstance(value, type):
            found |= dict(members(value))
    return found


PUBLIC = public()


def section(docstring: str, *titles: str) -> str:
    """The lines of these sections of a docstring."""
    lines: list[str] = []
    inside = False
    for line in inspect.cleandoc(docstring).splitlines():
        if re.fullmatch(r"[A-Z]\w+:", line):
            inside = line[:-1] in titles
        elif inside:
            lines.append(line)
    return "\n".join(lines)


def named(text: str) -> set[str]:
    """The names that a section explains: "start, stop: seconds" are two."""
    names: set[str] = set()
    for line in text.splitlines():
        if match := re.match(r" {4}((?:\*{0,2}\w+(?:, )?)+):(?: |$)", line):
            names |= {name.strip(" *") for name in match[1].split(",")}
    return names


def inherited(value: Any) -> str:
    """The docstring; for an overriding method without one, that of the overridden method."""
    return inspect.getdoc(value) or ""


def parameters(value: Any) -> set[str]:
    signature = inspect.signature(value)
    return {name for name in signature.parameters if name not in {"self", "cls"} and not name.startswith("_")}


def is_error(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


@pytest.mark.parametrize("name", [name for name, value in PUBLIC.items() if not is_error(value)])
def test_every_argument_is_explained(name: str) -> None:
    value = PUBLIC[name]
    docstring = inherited(value)
    assert docstring, f"{name} has no docstring"
    explained = named(section(docstring, "Args", "Attributes"))
    if isinstance(value, type) and issubclass(value, BaseModel):
        assert set(value.model_fields) == explained
        return
    assert parameters(value) - explained == set(), f"{name} does not explain these arguments"
    if inspect.isfunction(value):
        assert explained - parameters(value) == set(), f"{name} explains arguments that it does not have"


@pytest.mark.parametrize("name", [name for name, value in PUBLIC.items() if dataclasses.is_dataclass(value)])
def test_every_field_is_explained(name: str) -> None:
    explained = named(section(inherited(PUBLIC[name]), "Args", "Attributes"))
    assert {field.name for field in dataclasses.fields(PUBLIC[name])} - explained == set()


@pytest.mark.parametrize("name", [name for name, value in PUBLIC.items() if inspect.isfunction(value)])
def test_every_error_that_it_raises_is_told(name: str) -> None:
    tree = ast.parse(textwrap.dedent(inspect.getsource(PUBLIC[name])))
    raised = {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name)
    }
    assert raised - named(section(inherited(PUBLIC[name]), "Raises")) == set()


@pytest.mark.parametrize("name", [name for name, value in PUBLIC.items() if inspect.isfunction(value)])
def test_every_type_is_given(name: str) -> None:
    signature = inspect.signature(PUBLIC[name])
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(
        parameter.annotation is not inspect.Parameter.empty
        for parameter in signature.parameters.values()
        if parameter.name not in {"self", "cls"}
    )


def test_a_docstring_without_a_return_says_what_comes_back() -> None:
    # "Returns" may be left out only if the first line names the result instead of being a command.
    commands = {"Write", "Copy", "Export", "Measure", "Save"}
    wrong = [
        name
        for name, value in PUBLIC.items()
        if inspect.isfunction(value)
        and inspect.signature(value).return_annotation not in ("None", None)
        and inherited(value).split()[0] in commands
        and not section(inherited(value), "Returns", "Yields")
    ]
    assert wrong == []


def test_all_is_sorted_and_what_each_module_gives() -> None:
    assert dream_nb.__all__ == sorted(dream_nb.__all__)
    assert set(dream_nb.__all__) == set(dream_nb._MODULES)
    assert set(dream_nb.__all__) <= set(dir(dream_nb))


def test_the_type_checker_is_told_of_the_same_names() -> None:
    tree = ast.parse(Path(dream_nb.__file__).read_text(encoding="utf-8"))
    told = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dream_nb")
        for alias in node.names
    }
    assert told == {name: f"dream_nb.{module}" for name, module in dream_nb._MODULES.items()}


def test_every_public_name_is_type_checked_by_example() -> None:
    used = {
        node.id
        for path in EXAMPLES.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name)
    } | {
        node.attr
        for path in EXAMPLES.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert set(dream_nb.__all__) - used == set()
