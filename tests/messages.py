"""The texts that dream_nb shows: every text in its Python files and widget scripts, collected in a file for review.

`python -m tests.messages` writes tests/messages.txt. It lists each text below its module, after the name of its error
if it belongs to one. Parts that are known only when the program runs are in braces.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "dream_nb"
FILE: Final = Path(__file__).with_suffix(".txt")

_SKIPPED: Final = ("studio/render/", "studio/openapi", "studio/luma_openapi", "library/schema.py")
"""Modules that draw, describe an API or hold SQL: their texts are not shown as messages."""
_NO_SENTENCE: Final = re.compile(
    r"^\W*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|WITH|PRAGMA|BEGIN|SAVEPOINT|RELEASE|ROLLBACK|DROP|ALTER|ATTACH|FROM|WHERE)\b"
    r"|[=>] \?|\bIS (?:NOT )?NULL\b|json_\w+\(|\(\?[:=!P<]|\\b|</|\bmultipart/"
)
"""Matches SQL, regular expressions and markup."""
_WORDS: Final = re.compile(r"[A-Za-z{}…]\S*\s+\S*[A-Za-z{]")
_SCRIPT_TEXT: Final = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?P<double>(?:\\.|[^"\\\n])*)"|'(?P<single>(?:\\.|[^'\\\n])*)'|`(?P<template>(?:\\.|[^`\\])*)`""",
    re.DOTALL,
)
_SHOWN_IN_SCRIPT: Final = re.compile(
    r"(?:button\(|title\s?[:=]|label\w*\s?[:=(]|textContent =|ariaLabel =|placeholder[:=])\s*$"
)


def _is_shown(text: str) -> bool:
    return bool(_WORDS.search(text)) and not _NO_SENTENCE.search(text)


def _template(node: ast.expr) -> str | None:
    """The text of a string or f-string, with the parts known only at run time in braces; None for other nodes."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = _template(node.left), _template(node.right)
        return None if sides == (None, None) else "".join("{…}" if side is None else side for side in sides)
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            # Versions of Python differ in the quotes that they write inside an f-string.
            nested = any(isinstance(inner, ast.JoinedStr) for inner in ast.walk(part.value))
            parts.append("{…}" if nested else "{" + ast.unparse(part.value) + "}")
        else:
            parts.append(_template(part) or "")
    return "".join(parts)


def _docstrings(tree: ast.Module) -> set[int]:
    """The ids of the nodes of docstrings, including those of constants."""
    alone = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    return {id(value) for value in alone if isinstance(value, ast.Constant)}


def _python_texts(node: ast.AST, skipped: set[int], owner: str = "") -> Iterator[tuple[str, str]]:
    if id(node) in skipped:
        return
    if isinstance(node, ast.expr) and (text := _template(node)) is not None:
        if _is_shown(text):
            yield owner, text
        inner = [part for part in ast.walk(node) if isinstance(part, ast.FormattedValue)]
        for part in inner:
            yield from _python_texts(part.value, skipped, owner)
        return
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).split(".")[-1]
        owner = name if name.endswith(("Error", "Warning", "Refusal", "warn")) else owner
    for child in ast.iter_child_nodes(node):
        yield from _python_texts(child, skipped, owner)


def _script_texts(script: str) -> Iterator[tuple[str, str]]:
    for match in _SCRIPT_TEXT.finditer(script):
        text = next((text for text in match.groupdict().values() if text), "")
        before = script[max(0, match.start() - 40) : match.start()]
        is_label = bool(_SHOWN_IN_SCRIPT.search(before)) and re.match(r"[A-Z]", text) is not None
        is_sentence = (
            bool(_WORDS.search(text)) and re.search(r"[=;<>#]|^\.|\b\d+px", re.sub(r"\$\{[^}]*\}", "", text)) is None
        )
        if is_label or is_sentence:
            yield "", re.sub(r"\s+", " ", text)


def texts(path: Path) -> list[str]:
    """The texts of a file, each once, sorted."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        found = set(_script_texts(source))
    else:
        tree = ast.parse(source)
        found = set(_python_texts(tree, _docstrings(tree)))
    lines = {f"{owner}: {text}" if owner else f"- {text}" for owner, text in found}
    return sorted(line.replace("\n", "\\n") for line in lines)


def rendered() -> str:
    """The required contents of tests/messages.txt."""
    blocks = ["What dream_nb says. Written by `python -m tests.messages`: review each change like code.\n"]
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js")], key=Path.as_posix):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(_SKIPPED) and (lines := texts(path)):
            blocks.append("\n".join([f"[{name}]", *lines]) + "\n")
    return "\n".join(blocks)


if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8", newline="\n")
