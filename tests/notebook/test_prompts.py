"""The prompt reaches the API exactly as it was typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dream_nb.api.errors import InvalidRequestError
from dream_nb.lines.prompts import cut_prompt

OPTIONS = {"--loop": False, "-l": False, "--aspect-ratio": True, "-a": True, "--image": False}


@pytest.mark.parametrize(
    "line",
    [
        "a lake",
        "it costs $5 and {x}  twice",
        "is this a lake?",
        "100% rain; then -5 degrees",
        'he said "go" loudly',
        '"go" is what he said',
        "it's a dog's life",
        "a – long — dash and - a short one",
        "'tis the season",
        "a -- b",
        "snow ❄ and 雪",
        "a storm \N{EM DASH}somewhere at sea",
        '"Open"-signs light up',
        "'tis the season, isn't it",
    ],
)
def test_a_prompt_is_kept_as_typed(line: str) -> None:
    assert cut_prompt(line, OPTIONS) == (line, [])


@pytest.mark.parametrize(
    ("line", "prompt", "words"),
    [
        ("a lake --loop", "a lake", ["--loop"]),
        ("--loop a lake", "a lake", ["--loop"]),
        ("--loop a lake -a 9:16", "a lake", ["--loop", "-a9:16"]),
        ("a lake --aspect-ratio=9:16", "a lake", ["--aspect-ratio=9:16"]),
        ("-a9:16 a lake -l", "a lake", ["-a9:16", "-l"]),
        ("a lake at -5 degrees, -l5 and -x3", "a lake at -5 degrees, -l5 and -x3", []),
        ("a lake --aspect-ratio '9:16' --loop", "a lake", ["--aspect-ratio=9:16", "--loop"]),
        ('"a lake"', "a lake", []),
        ("'a lake' --loop", "a lake", ["--loop"]),
        ('"a --loop of  rope" --loop', "a --loop of  rope", ["--loop"]),
        ("--loop -- a lake --image", "a lake --image", ["--loop"]),
        ("-- --loop", "--loop", []),
        ("--aspect-ratio --loop a lake", "a lake", ["--aspect-ratio=--loop"]),
        ("", "", []),
        ("--loop", "", ["--loop"]),
        ('--aspect-ratio "9:16":0.6 a lake', "a lake", ["--aspect-ratio=9:16:0.6"]),
        ("a lake -a '9:16':.5 -l", "a lake", ["-a9:16:.5", "-l"]),
        ('a lake -a"9:16"', "a lake", ["-a9:16"]),
        ("a lake -a=9:16", "a lake", ["-a9:16"]),
        ('"a \N{EM DASH}loop of rope" -l', "a \N{EM DASH}loop of rope", ["-l"]),
        ("-- a \N{EM DASH}loop of rope", "a \N{EM DASH}loop of rope", []),
    ],
)
def test_options_stand_around_the_prompt(line: str, prompt: str, words: list[str]) -> None:
    assert cut_prompt(line, OPTIONS) == (prompt, words)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a lake --lop", "unknown option --lop: did you mean --loop?"),
        ("a lake --asp 9:16", "unknown option --asp: did you mean --aspect-ratio?"),
        ("a lake --zzz", "unknown option --zzz: choose one of --aspect-ratio, --image, --loop."),
        ("a lake --aspect-ratio", "--aspect-ratio needs a value"),
        ("a lake --loop=yes", "--loop takes no value: '--loop=yes'"),
        ("a lake --loop at dawn", "'at dawn' comes between options"),
        ("a lake -loop", "'-loop' begins with the wrong number of hyphens: write --loop"),
        ("a lake ---loop", "'---loop' begins with the wrong number of hyphens: write --loop"),
        ('--aspect-ratio "9:16"x a lake', "'x' follows the closing quotation mark of the value of --aspect-ratio"),
        ('--aspect-ratio "9:16"--loop a lake', "'--loop' follows the closing quotation mark"),
        ('a lake --aspect-ratio "9:16', "the value of --aspect-ratio has no closing quotation mark"),
        ('"a lake"--loop', "'--loop' follows the quotation mark without a space"),
        ('"a lake"\N{EM DASH}loop', "loop' follows the quotation mark without a space"),
        ('"a lake"-a 9:16', "'-a' follows the quotation mark without a space"),
        ('"my pal.png":0.6', "':0.6' follows the quotation mark without a space"),
    ],
)
def test_a_wrong_option_says_what_is_wrong(line: str, message: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        cut_prompt(line, OPTIONS)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "dash", [*"\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u00ad", "\u2013\u2013", "-\u2014"]
)
@pytest.mark.parametrize(
    ("option", "meant"),
    [("loop", "--loop"), ("looop", "--loop"), ("aspect-ratio=9:16", "--aspect-ratio"), ("l", "-l"), ("a9:16", "-a9")],
)
def test_a_dash_that_is_no_hyphen_says_so(dash: str, option: str, meant: str) -> None:
    for line in (
        f"{dash}{option} a lake",
        f"a lake {dash}{option}",
        f'"a lake" {dash}{option}',
        f"a lake -l {dash}{option}",
    ):
        with pytest.raises(InvalidRequestError, match=f"begins with a dash that is not a hyphen: write {meant}"):
            cut_prompt(line, OPTIONS)


@given(st.text())
def test_whatever_follows_a_double_dash_is_the_prompt(text: str) -> None:
    assert cut_prompt(f"-- {text}", OPTIONS) == (text.strip(), [])


def has_dash(text: str) -> bool:
    return any(unicodedata.category(sign) == "Pd" or sign in "\u2212\u00ad\u2043\u02d7" for sign in text)


@given(st.text().filter(lambda text: text.strip() and not has_dash(text)))
def test_whatever_holds_no_dash_word_is_the_prompt(text: str) -> None:
    prompt, words = cut_prompt(f"a{text}a", OPTIONS)
    assert (prompt, words) == (f"a{text}a", [])


@pytest.mark.parametrize(
    ("line", "prompt"),
    [
        ('"a lake" and "a hill"', '"a lake" and "a hill"'),
        ('"a lake" or "a hill" --loop', '"a lake" or "a hill"'),
        ('"she says "yes" and "no" to him"', 'she says "yes" and "no" to him'),
        ('"5" nails and 3" bolts"', '5" nails and 3" bolts'),
    ],
)
def test_quotes_of_two_phrases_are_no_pair_around_the_whole(line: str, prompt: str) -> None:
    assert cut_prompt(line, OPTIONS)[0] == prompt


def test_where_there_are_no_options_none_are_listed() -> None:
    with pytest.raises(InvalidRequestError, match="unknown option --all: no options are allowed here"):
        cut_prompt("--all", {})
