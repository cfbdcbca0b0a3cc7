"""Which words of a prompt are known, and how many of a thing are meant."""

from __future__ import annotations

import pytest

from dream_nb.studio.render.prompt import KnownWords


def names(prompt: str) -> list[str]:
    return [word.name for word in KnownWords(prompt).words]


def test_the_longest_name_counts() -> None:
    assert names("Northern lights, a hot-air balloon and a bright star") == [
        "northern lights",
        "hot air balloon",
        "star",
    ]


def test_plurals_are_known_by_their_singular() -> None:
    assert names("ponies, wolves, foxes, lakes") == ["ponies", "wolves", "foxes", "lakes"]


@pytest.mark.parametrize("prompt", ["no horse", "without any horse", "never a horse"])
def test_what_is_negated_is_not_meant(prompt: str) -> None:
    assert names(prompt) == []


def test_trees_of_a_kind_are_no_further_kind() -> None:
    assert KnownWords("palm trees").names("plant") == ("palm",)
    assert KnownWords("a lake and trees").names("plant") == ("oak",)


@pytest.mark.parametrize(
    ("prompt", "number"),
    [("horse", 0), ("horses", 3), ("a horse", 1), ("seven horses", 7), ("two red horses", 2), ("5 horses", 5),
     ("400 horses", 12), ("0 horses", 1)],
)  # fmt: skip
def test_how_many_are_meant(prompt: str, number: int) -> None:
    assert KnownWords(prompt).life() == (("horse", number),)


def test_where_a_camera_goes_says_nothing_about_the_pace() -> None:
    assert KnownWords("a lake, camera slowly pans left").first_amount("pace") is None
    assert KnownWords("a slowly running river").first_amount("pace") == 0.5


def test_the_first_name_and_the_largest_amount_count() -> None:
    words = KnownWords("a foggy lake in the hazy mountains by the sea")
    assert words.first("water") == "lake"
    assert words.most("haze") == 0.9
