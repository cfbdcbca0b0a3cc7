"""What the studio says of a prompt: the words that it draws, and those that it does not know."""

from __future__ import annotations

import pytest

from dream_nb.studio.render.understood import understood
from tests.studio.render.prompts import TYPICAL


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
