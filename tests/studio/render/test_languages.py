"""Prompts in other languages: detecting the language, and understanding the words."""

from __future__ import annotations

import pytest

from dream_nb.studio.render.languages import in_english, language_of
from dream_nb.studio.render.prompt import KnownWords
from dream_nb.studio.render.vocabulary import VOCABULARY


def is_english(word: str) -> bool:
    return word in VOCABULARY


def read(prompt: str) -> list[str]:
    words = prompt.split()
    return in_english(words, language_of(words, is_english), is_english)


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("un chat", None),
        ("a cat in the snow", "en"),
        ("rose garden in spring", "en"),
        ("no dog a lake", "en"),
        ("ein hund im schnee", "de"),
        ("un gato en la playa", "es"),
        ("un chat sur la plage", "fr"),
        ("un gatto nella neve", "it"),
        ("um gato na praia", "pt"),
        ("gato negro", None),
        ("", None),
    ],
)
def test_the_language_of_a_prompt_is_told_by_its_words(prompt: str, language: str | None) -> None:
    assert language_of(prompt.split(), is_english) == language


@pytest.mark.parametrize(
    "prompt",
    [
        "ein roter Fuchs im Schnee bei Nacht",
        "un zorro rojo en la nieve de noche",
        "un renard rouge dans la neige, la nuit",
        "una volpe rossa nella neve di notte",
        "uma raposa vermelha na neve à noite",
    ],
)
def test_subject_colour_and_scene_are_the_same_in_every_language(prompt: str) -> None:
    words = KnownWords(prompt)
    (fox,) = words.cast.subjects
    assert (fox.thing.code, fox.colour, fox.count) == ("1F98A", "#d22f2a", 1)
    assert (words.first("ground"), words.first("hour")) == ("snow", "night")


def test_a_word_that_english_has_keeps_its_meaning_in_an_english_prompt() -> None:
    words = ["a", "rose", "in", "the", "mare", "nostrum"]
    assert read(" ".join(words)) == words


def test_a_colour_that_another_language_calls_by_the_name_of_a_flower_is_read_there_only() -> None:
    assert "pink" in read("une maison rose dans la ville")
    assert "pink" not in read("a rose house in the city")


def test_accents_may_be_left_out() -> None:
    assert read("une foret sous la neige")[1] == "forest"


def test_a_word_of_another_language_is_no_thing_in_an_english_prompt() -> None:
    assert [one.word for one in KnownWords("un chat").cast.subjects] == ["chat"]
    assert KnownWords("a chat in the rain").cast.subjects == ()
