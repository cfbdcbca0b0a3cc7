"""The bench distinguishes right from wrong pictures, and most of its expectations are met."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from tests.studio.render import hues
from tests.studio.render.bench import COVERED, judged
from tests.studio.render.bench_prompts import EXPECTED, Colour, Expected
from tests.studio.render.clips import rgb_frames
from tests.studio.render.disturbed_drawings import disturbed
from tests.studio.render.disturbed_faces import disturbed as disturbed_face
from tests.studio.render.exposures import Exposure
from tests.studio.render.faces import SEEN, likeness
from tests.studio.render.silhouettes import SAME, agreement

# The smallest part of the 120 prompts that must pass. It is only ever raised; the aim is 0.9.
_FLOOR = 0.88
_COLOURS = {
    "red": (200, 40, 40), "orange": (235, 130, 40), "yellow": (240, 210, 60), "green": (60, 150, 60),
    "blue": (50, 90, 210), "purple": (140, 60, 200), "pink": (245, 150, 185), "white": (235, 232, 225),
    "black": (30, 28, 32),
}  # fmt: skip


def test_the_bench_judges_the_picture_that_is_handed_out() -> None:
    shot = Exposure("a cat on a meadow")
    assert (shot.picture == next(rgb_frames(shot.brief))).all()


def test_what_covers_a_picture_is_what_changes_without_it() -> None:
    (cat,) = Exposure("a red cat on a meadow at noon").subjects
    assert cat.agrees > 0.98
    assert 0.02 < cat.seen.mean() < 0.3


@pytest.mark.parametrize("code", ["1F408", "1F418", "1F695", "1F682", "1F355", "1F98B"])
def test_a_drawing_that_is_disturbed_has_its_own_form_and_none_of_the_others(code: str) -> None:
    mask = disturbed(code, np.random.default_rng(1))
    others = ["1F415", "1F40E", "1F6B2", "1F5FC"]
    assert agreement(mask, code) >= SAME
    assert max(agreement(mask, other) for other in others) < SAME


def test_a_face_is_found_above_a_body_and_not_taken_for_another() -> None:
    picture = disturbed_face("1F984", np.random.default_rng(3))
    assert likeness(picture, "1F984") >= SEEN
    assert likeness(picture, "1F916") < SEEN


@pytest.mark.parametrize("name", get_args(Colour))
def test_a_colour_has_its_name_and_no_other(name: Colour) -> None:
    patch = np.full((8, 8, 3), _COLOURS[name], np.uint8)
    everywhere = np.ones((8, 8), bool)
    found = {other for other in get_args(Colour) if hues.share(patch, other, everywhere) > 0.5}
    assert found == {name}


@pytest.mark.parametrize(
    ("expected", "criterion"),
    [
        (Expected("own", "en", "a cat on a meadow at noon", "dog", ("1F415",), stages=("field",)), "form"),
        (Expected("own", "en", "a red cat on a meadow at noon", "cat", ("1F408",), colour="blue"), "colour"),
        (Expected("own", "en", "a cat far away on a meadow", "cat", ("1F408",), stages=("field",)), "size"),
        (Expected("own", "en", "a cat on a meadow at noon", stages=("field",)), "clear"),
        (Expected("own", "en", "a marble table in the morning", stages=("street",)), "stage"),
        (Expected("own", "en", "a meadow at noon", stages=("field",), hour="night"), "hour"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_picture_does_not_show_is_held_against_it(expected: Expected, criterion: str) -> None:
    assert not judged(expected).marks[criterion]


def test_what_a_picture_shows_is_granted_to_it() -> None:
    cat = Expected("own", "en", "a red cat on a meadow at noon", "cat", ("1F408",), colour="red", hour="day")
    marks = judged(replace(cat, stages=("field",))).marks
    assert [marks[name] for name in ("form", "colour", "stage", "hour")] == [True] * 4
    assert judged(Expected("own", "en", "a meadow at noon", stages=("field",), hour="day")).passed


@pytest.mark.slow
def test_the_pictures_follow_the_prompts() -> None:
    verdicts = [judged(expected) for expected in EXPECTED]
    assert len(verdicts) == 120
    assert all(verdict.marks for verdict in verdicts)
    assert sum(verdict.passed for verdict in verdicts) / len(verdicts) >= _FLOOR


def test_a_subject_that_is_not_seen_covers_nothing() -> None:
    absent = judged(Expected("own", "en", "a meadow at noon", "cat", ("1F408",), stages=("field",)))
    assert COVERED > 0
    assert not absent.marks["size"]
    assert not absent.passed
