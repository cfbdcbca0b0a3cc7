"""The places that cards show in the queue."""

from __future__ import annotations

import pytest

from dream_nb.jobs.progress import Progress
from dream_nb.notebook.widgets.card import Card
from dream_nb.notebook.widgets.turns import Turns
from dream_nb.requests.fields import make_request
from dream_nb.results.job import Job

pytestmark = pytest.mark.usefixtures("page")


def queue(count: int, expected: float | None = None) -> tuple[list[Job], list[Card]]:
    turns = Turns()
    jobs = [Job(make_request(f"lake {at}"), 1, "studio", expected=expected) for at in range(count)]
    cards = [Card(job) for job in jobs]
    for job, card in zip(jobs, cards, strict=True):
        turns.add(job, card)
    return jobs, cards


def places(cards: list[Card]) -> list[int]:
    return [card.place for card in cards]


def test_what_waits_has_a_place_and_moves_up_when_another_begins_or_ends() -> None:
    jobs, cards = queue(4)
    assert places(cards) == [1, 2, 3, 4]
    jobs[0].report(Progress("dreaming"))
    assert places(cards) == [0, 1, 2, 3]
    jobs[1].finish(None, ValueError("refused"))
    assert places(cards[2:]) == [1, 2]


def test_what_is_alone_has_no_place() -> None:
    _, cards = queue(1)
    assert places(cards) == [0]


def test_the_last_of_a_batch_keeps_its_place_until_its_turn() -> None:
    jobs, cards = queue(2)
    jobs[0].finish(None, ValueError("refused"))
    assert cards[1].place == 1
    jobs[1].report(Progress("dreaming"))
    assert cards[1].place == 0


def test_the_estimate_counts_those_before_it() -> None:
    jobs, cards = queue(5, expected=10.0)
    jobs[0].report(Progress("dreaming"))
    jobs[1].report(Progress("dreaming"))
    rests = [card.rest for card in cards[2:]]
    # Two are generated at a time, so the third one waiting begins one round later.
    assert rests == pytest.approx([20.0, 20.0, 30.0], abs=1.0)


def test_without_anything_known_there_is_no_estimate() -> None:
    _, cards = queue(3)
    assert [card.rest for card in cards] == [None, None, None]


def test_what_is_being_made_tells_how_long_one_takes() -> None:
    jobs, cards = queue(3)
    jobs[0].report(Progress("dreaming", 0.1))
    assert cards[1].rest is None
    jobs[0]._began -= 10
    jobs[0].report(Progress("dreaming", 0.5))
    assert cards[1].rest == pytest.approx(30.0, abs=1.0)
    assert cards[2].rest == pytest.approx(50.0, abs=1.0)
