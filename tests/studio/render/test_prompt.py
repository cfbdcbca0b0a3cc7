"""Which words of a prompt are known, and which numbers of things they mean."""

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
    assert names("valleys, rivers, daisies, lakes") == ["valleys", "rivers", "daisies", "lakes"]


@pytest.mark.parametrize("prompt", ["no kite", "without any kite", "never a kite"])
def test_what_is_negated_is_not_meant(prompt: str) -> None:
    assert names(prompt) == []


def test_trees_of_a_kind_are_no_further_kind() -> None:
    assert KnownWords("palm trees").names("plant") == ("palm",)
    assert KnownWords("a lake and trees").names("plant") == ("oak",)


@pytest.mark.parametrize(
    ("prompt", "number"),
    [("kite", 0), ("kites", 3), ("a kite", 1), ("seven kites", 7), ("two red kites", 2), ("5 kites", 5),
     ("400 kites", 12), ("0 kites", 1)],
)  # fmt: skip
def test_how_many_are_meant(prompt: str, number: int) -> None:
    assert KnownWords(prompt).life() == (("kite", number),)


def test_where_a_camera_goes_says_nothing_about_the_pace() -> None:
    assert KnownWords("a lake, camera slowly pans left").first_amount("pace") is None
    assert KnownWords("a slowly running river").first_amount("pace") == 0.5


def test_the_first_name_and_the_largest_amount_count() -> None:
    words = KnownWords("a foggy lake in the hazy mountains by the sea")
    assert words.first("water") == "lake"
    assert words.most("haze") == 0.95
