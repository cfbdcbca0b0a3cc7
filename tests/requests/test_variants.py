"""Two forms of text in a prompt are special; everything else is literal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dream_nb.api.errors import InvalidRequestError
from dream_nb.requests.variants import brace_warning, expand

# Texts with many characters that could be special.
PROMPTS = st.text(st.sampled_from("ab {}|=\\$%?'\"\n-é❄"), max_size=40) | st.text()


def prompts(text: str, **variables: object) -> list[str]:
    return [variant.prompt for variant in expand(text, variables)]


def test_alternatives_are_a_sweep_with_a_word_each() -> None:
    variants = expand("a lake at {dawn|noon|dusk}")
    assert [variant.prompt for variant in variants] == ["a lake at dawn", "a lake at noon", "a lake at dusk"]
    assert [variant.words for variant in variants] == [{"1": "dawn"}, {"1": "noon"}, {"1": "dusk"}]


def test_several_are_their_product_the_last_axis_fastest() -> None:
    variants = expand("{a|b} {season=c|d}")
    assert [variant.prompt for variant in variants] == ["a c", "a d", "b c", "b d"]
    assert variants[1].words == {"1": "a", "season": "d"}


def test_a_named_axis_takes_the_same_word_in_both_places() -> None:
    assert prompts("{t=day|night}, yes {t=day|night}") == ["day, yes day", "night, yes night"]


def test_a_named_axis_with_other_words_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="axis 't' is given twice with different words"):
        expand("{t=day|night} {t=dawn|dusk}")


def test_spaces_around_an_alternative_do_not_count_and_repeats_are_one() -> None:
    assert prompts("x{ a | b|a }y") == ["xay", "xby"]


def test_an_alternative_may_be_empty() -> None:
    assert prompts("a {|foggy} lake") == ["a  lake", "a foggy lake"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\{a|b}", ["{a|b}"]),
        (r"\{{x}}", ["{{x}}"]),
        (r"{a\|b|c}", ["a|b", "c"]),
        (r"{a\}|\{b}", ["a}", "{b"]),
        (r"\frac{x}{y}", [r"\frac{x}{y}"]),
    ],
)
def test_a_backslash_makes_it_literal(text: str, expected: list[str]) -> None:
    assert prompts(text, x="!") == expected


def test_a_variable_is_taken_and_what_it_holds_is_literal() -> None:
    assert prompts("a {{animal}} of {{ n }}", animal="{red|blue} fox", n=3) == ["a {red|blue} fox of 3"]
    assert prompts("{{{animal}}|cat}", animal="a|b") == ["a|b", "cat"]


def test_a_missing_variable_names_those_that_are_near() -> None:
    with pytest.raises(
        InvalidRequestError, match=r"no variable is named 'animol': did you mean animal\? .* \{\{animol\}\} in"
    ):
        prompts("a {{animol}}", animal="fox", _animo="hidden")


def test_without_a_notebook_a_variable_is_literal() -> None:
    assert [variant.prompt for variant in expand("a {{animal}}")] == ["a {{animal}}"]


def test_a_sweep_that_nobody_means_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="this sweep has 1,048,576 prompts"):
        expand("{a|b}" * 20)


@given(PROMPTS)
def test_what_holds_neither_form_is_literal(text: str) -> None:
    if re.search(r"\{[^{}]*\|.*\}|\{\{.*\}\}", text, re.DOTALL):
        return
    assert prompts(text, a="!", b="!") == [text]


@given(st.lists(st.text(st.sampled_from("abc {}|")).map(str.strip), min_size=2, max_size=4, unique=True))
def test_any_word_can_be_an_alternative_when_escaped(words: list[str]) -> None:
    escaped = "|".join(re.sub(r"([|{}])", r"\\\1", word) for word in words)
    assert prompts(f"a {{{escaped}}}") == [f"a {word}" for word in words]


@pytest.mark.parametrize(
    "text", ["{" * 5000, "{a|" * 1600, "{" + "|" * 4999, "{{a" * 1600, "{{" + " " * 4990, "\\" * 5000]
)
def test_no_prompt_takes_long_to_read(text: str) -> None:
    # A regular expression that backtracks exponentially would not return.
    assert expand(text, {"a": "!"})


@pytest.mark.parametrize(
    ("prompt", "warning"),
    [
        ("a lake at {dawn|noon", "A brace is not closed"),
        ("a lake at {dawn|noon} and {a boat", "A brace is not closed"),
        ("a lake at dawn|noon}", "A closing brace has no opening one"),
        ("a lake at {dawn|noon}", ""),
        ("a lake with {one} word and {{name}}", ""),
        (r"a lake with \{ and \} as they are", ""),
        ("a lake", ""),
    ],
)
def test_a_brace_without_its_other_is_told_of(prompt: str, warning: str) -> None:
    said = brace_warning(prompt)
    assert said.startswith(warning)
    assert bool(said) == bool(warning)
