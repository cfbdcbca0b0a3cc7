"""The texts of dream_nb are reviewed like code: tests/messages.txt has every new or changed text."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import pytest

from tests import messages


def module(tmp_path: Path, source: str, name: str = "module.py") -> list[str]:
    path = tmp_path / name
    path.write_text(source, encoding="utf-8")
    return messages.texts(path)


def test_every_text_has_been_reviewed() -> None:
    written = messages.FILE.read_text(encoding="utf-8")
    changes = unified_diff(
        written.splitlines(), messages.rendered().splitlines(), "reviewed", "in the code", "", "", 0, ""
    )
    changed = "\n".join(changes)
    if changed:
        pytest.fail(f"run `python -m tests.messages`, and review what it changes in tests/messages.txt:\n{changed}")


def test_an_error_stands_before_its_text(tmp_path: Path) -> None:
    assert module(tmp_path, 'raise ValueError("no such file")') == ["ValueError: no such file"]


def test_what_is_put_in_later_stands_in_braces(tmp_path: Path) -> None:
    source = 'raise ValueError(f"{name!r} has {len(items):.1f} items")'
    assert module(tmp_path, source) == ["ValueError: {name} has {len(items)} items"]


def test_an_error_is_named_also_where_its_text_is_chosen(tmp_path: Path) -> None:
    source = 'raise ValueError("too small a value" if x < 0 else "too large a value")'
    assert module(tmp_path, source) == ["ValueError: too large a value", "ValueError: too small a value"]


def test_a_text_of_several_literals_is_one(tmp_path: Path) -> None:
    assert module(tmp_path, 'x = ("one text "\n    "of two literals")') == ["- one text of two literals"]


def test_a_text_of_a_call_that_stands_alone_is_found(tmp_path: Path) -> None:
    assert module(tmp_path, 'logger.warning("%s is ignored", name)') == ["- %s is ignored"]


def test_docstrings_and_single_words_are_left_out(tmp_path: Path) -> None:
    assert module(tmp_path, '"""What it is for."""\nx = "word"\n"""What x is for."""') == []


@pytest.mark.parametrize(
    "line", ['button("Delete")', 'element.title = "Delete"', 'const words = "Delete"; label(`${words} it all`)']
)
def test_labels_and_sentences_of_scripts_are_found(tmp_path: Path, line: str) -> None:
    assert len(module(tmp_path, line, "script.js")) == 1


def test_what_stands_in_a_comment_of_a_script_is_left_out(tmp_path: Path) -> None:
    assert module(tmp_path, '// a "quoted text" here\nf("word");', "script.js") == []
