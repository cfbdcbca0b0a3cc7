"""What a prompt shows: its subjects, their number, colours, accessories and actions."""

from __future__ import annotations

import pytest

from dream_nb.studio.render.prompt import KnownWords
from dream_nb.studio.render.subjects import openmoji
from dream_nb.studio.render.subjects.cast import Subject
from dream_nb.studio.render.subjects.things import AGED, FACES, THINGS, WORN, other_thing_of, thing_of


def subjects(prompt: str) -> tuple[Subject, ...]:
    return KnownWords(prompt).cast.subjects


def words(prompt: str) -> list[str]:
    return [subject.word for subject in subjects(prompt)]


def test_every_noun_has_its_drawing() -> None:
    codes = {thing.code for thing in THINGS.values()} | set(FACES.values()) | set(AGED.values())
    for code in codes:
        assert openmoji.drawing(code)


def test_what_is_worn_is_a_thing() -> None:
    assert all(thing_of(word) or other_thing_of(word) for word in WORN)


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("a cat", ["cat"]),
        ("a cat and a dog", ["cat", "dog"]),
        ("the sports car", ["sports car"]),
        ("no dog, a lake", []),
        ("a serene lake at sunset", []),
        ("ein Hund im Schnee", ["hund"]),
        ("un gato en la playa", ["gato"]),
        ("un lapin dans la neige", ["lapin"]),
        ("una volpe nella neve", ["volpe"]),
    ],
)
def test_nouns_are_found_in_several_languages(prompt: str, named: list[str]) -> None:
    assert words(prompt) == named


@pytest.mark.parametrize(
    ("prompt", "count"),
    [("a cat", 1), ("cats", 3), ("two cats", 2), ("three black cats", 3), ("a crowd of people", 7), ("99 cats", 7)],
)
def test_how_many_are_meant(prompt: str, count: int) -> None:
    assert subjects(prompt)[0].count == count


def test_a_colour_belongs_to_the_noun_behind_it() -> None:
    (fox,) = subjects("a red fox in the white snow")
    assert fox.colour == "#d22f2a"
    assert KnownWords("a red fox in the snow").tints() == ()
    assert KnownWords("a lake in red light").tints()


def test_a_colour_may_stand_behind_its_noun_in_languages_that_do_so() -> None:
    assert subjects("un gato negro")[0].colour == "#33323a"


def test_the_colour_of_clothes_is_not_that_of_the_person() -> None:
    (woman,) = subjects("a woman in a red dress in the rain")
    assert (woman.colour, woman.clothes, woman.dress) == (None, "#d22f2a", True)


def test_what_is_worn_or_held_belongs_to_its_subject() -> None:
    assert subjects("a cat with sunglasses at a pool")[0].worn == (("sunglasses", None),)
    assert subjects("a panda drinking coffee")[0].worn == (("coffee", None),)
    assert words("a cup of coffee beside a book") == ["cup of coffee", "book"]


def test_a_rider_sits_on_the_animal() -> None:
    (rider,) = subjects("an astronaut riding a white horse")
    assert rider.mount is not None
    assert (rider.mount.word, rider.mount.colour) == ("horse", "#f3f1ec")


@pytest.mark.parametrize(
    ("prompt", "gait"),
    [("a cat running", "run"), ("a cat jumps", "jump"), ("a sleeping cat", "breathe"), ("a girl dancing", "dance"),
     ("a car drives by", "roll"), ("a spaceship landing", "fall"), ("a rocket launching", "rise"),
     ("a burger", "still")],
)  # fmt: skip
def test_a_verb_says_how_a_subject_moves(prompt: str, gait: str) -> None:
    assert subjects(prompt)[0].gait == gait


def test_flocks_and_fields_are_left_to_the_landscape() -> None:
    assert words("birds over a field of sunflowers") == []
    assert words("a bird and a sunflower") == ["bird", "sunflower"]


def test_words_of_distance_say_how_large() -> None:
    near, usual, far = (KnownWords(f"{lead}a cat").cast.closeness for lead in ("close-up of ", "", "far away, "))
    assert near > usual > far
    assert subjects("a giant cat")[0].size > 1 > subjects("a tiny cat")[0].size


@pytest.mark.parametrize("prompt", ["an alien planet", "a lake, camera static", "a watch over the sea"])
def test_a_word_of_something_else_is_no_subject(prompt: str) -> None:
    assert words(prompt) == []


def test_a_boat_has_the_colour_before_it_and_the_lake_does_not() -> None:
    words = KnownWords("a red boat on a lake")
    assert words.paint.keys() == {"boat"}
    assert words.tints() == ()


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("a treasure chest on the beach", ["treasure chest"]),
        ("three trophies", ["trophies"]),
        ("an accordion in a meadow", ["accordion"]),
        ("we shall always trophy along", []),
    ],
)
def test_what_the_emoji_package_names_in_english_is_a_subject_where_a_noun_can_stand(
    prompt: str, named: list[str]
) -> None:
    assert words(prompt) == named


@pytest.mark.parametrize(
    ("prompt", "count"), [("fish in a reef", 3), ("a fish in a reef", 1), ("a school of fish", 5), ("two sheep", 2)]
)
def test_a_noun_that_is_its_own_plural_means_several_without_an_article(prompt: str, count: int) -> None:
    assert subjects(prompt)[0].count == count


def test_a_colour_that_stands_alone_is_that_of_the_clothes() -> None:
    (woman,) = subjects("a woman in red at a window")
    assert (woman.clothes, woman.colour) == ("#d22f2a", None)
    assert subjects("a woman in red mountains")[0].clothes is None
