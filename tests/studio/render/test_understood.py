"""What the studio says of a prompt: the words that it draws, and those that it does not know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dream_nb.studio.render.understood import understood
from tests.studio.render.prompts import TYPICAL

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"


@pytest.mark.parametrize(
    ("prompt", "drawn", "unknown"),
    [
        ("a serene lake at sunset", ("serene", "lake", "sunset"), ()),
        ("a red fox in the snow", ("fox", "snow"), ()),
        ("a tall woman in a blue coat riding a horse", ("woman", "horse"), ("tall",)),
        ("the quixotic velleity of a cat", ("cat",), ("quixotic", "velleity")),
        ("a cat running slowly", ("cat", "running", "slowly"), ()),
        ("ein Hund im Schnee", ("hund", "snow"), ()),
        ("", (), ()),
    ],
)
def test_the_words_of_a_prompt_are_told_apart(prompt: str, drawn: tuple[str, ...], unknown: tuple[str, ...]) -> None:
    assert (understood(prompt).drawn, understood(prompt).unknown) == (drawn, unknown)


def test_a_long_prompt_gives_short_lists() -> None:
    found = understood(" ".join(f"a cat, a lake, wuzzle{'x' * number}" for number in range(40)))
    assert len(found.drawn) == 2
    assert len(found.unknown) == 12


@pytest.mark.parametrize("prompt", TYPICAL)
def test_of_a_typical_prompt_at_most_one_word_is_unknown(prompt: str) -> None:
    assert understood(prompt).drawn
    assert len(understood(prompt).unknown) <= 1


def prompts_of_the_tutorials() -> Iterator[str]:
    """What stands behind `%dream` and `%%dream`, with each text of a sweep, without variables."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if source.startswith("%%dream"):
                yield source.partition("\n")[2]
            for line in re.findall(r"(?<!%)%dream (?:-i |--image )?([^-\n].*)", source):
                prompt = re.sub(r"\{\{\w+\}\}", "", re.split(r"\s-{1,2}[a-zA-Z]", line)[0])
                yield re.sub(r"\{(?:\w+=)?([^{}]*)\}", lambda texts: texts[1].replace("|", " "), prompt)


@pytest.mark.parametrize("prompt", [*prompts_of_the_tutorials()])
def test_every_word_of_the_tutorials_is_known(prompt: str) -> None:
    assert understood(prompt).unknown == ()
