"""What the studio reports about a prompt: the words that it draws, and those that it does not know."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dream_nb.studio.render.understood import understood
from dream_nb.studio.settings import Settings
from tests.studio.render.prompts import TYPICAL

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
CALLS = {
    *(
        "GenerationRequest",
        "Panel",
        "Shot",
        "Storyboard",
        "dream",
        "extend",
        "interpolate",
        "modify",
        "redo",
        "reframe",
    ),
    *("reverse_extend", "sweep"),
}


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


def lines_of_the_tutorials(source: str) -> Iterator[str]:
    """The prompts of `%dream`, `%%dream` and `%%storyboard` in a cell."""
    if source.startswith("%%"):
        yield from (re.split(r"\s--", line)[0] for line in source.splitlines()[1:])
    for line in re.findall(r"(?<!%)%dream (?:-i |--image )?([^-\n].*)", source):
        yield re.sub(r"\{\{\w+\}\}", "", re.split(r"\s-{1,2}[a-zA-Z]", line)[0])


def calls_of_the_tutorials(source: str) -> Iterator[str]:
    """The prompts of calls in a cell: string arguments, and the keyword `prompt`."""
    code = re.sub(r"(?m)^( *)(?:\w+ = )?%.*$", r"\1pass", source)
    for call in ast.walk(ast.parse(code)):
        if not isinstance(call, ast.Call) or ast.unparse(call.func).rpartition(".")[2] not in CALLS:
            continue
        texts = [
            argument for given in call.args for argument in (given.elts if isinstance(given, ast.List) else [given])
        ]
        for text in [*texts, *(keyword.value for keyword in call.keywords if keyword.arg == "prompt")]:
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


def prompts_of_the_tutorials() -> Iterator[str]:
    """The prompts of the tutorials, with every text of a sweep."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] != "code":
                continue
            found = [
                *lines_of_the_tutorials(source),
                *([] if source.startswith("%%") else calls_of_the_tutorials(source)),
            ]
            for prompt in found:
                yield re.sub(r"\{(?:\w+=)?([^{}]*)\}", lambda texts: texts[1].replace("|", " "), prompt)


@pytest.mark.parametrize("prompt", [*prompts_of_the_tutorials()])
def test_every_word_of_the_tutorials_is_known(prompt: str) -> None:
    # One prompt is meant to be refused.
    assert set(understood(prompt).unknown) <= Settings().blacklist
