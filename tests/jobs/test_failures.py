"""The message of a failure says what to do about it."""

from __future__ import annotations

import pytest

from dream_nb.api.models import Generation
from dream_nb.jobs.failures import advice, is_moderation
from dream_nb.jobs.runner import failure


@pytest.mark.parametrize(
    ("reason", "what", "moderation"),
    [
        ("Frame moderation failed", "and use another picture", True),
        ("Contains blacklisted words", "Change the prompt", True),
        ("Failed to read user input frames", "Check that each picture opens", False),
        ("Failed to read user input frames: generation 1 was deleted", "as another take", False),
        ("Insufficient credits", "balance", False),
        ("Too many concurrent generations", "in a minute", False),
        ("the signed url has expired", "Run the cell again, or change the prompt", False),
        ("Internal error", "run the cell again", False),
        ("the server gave no reason", "run the cell again", False),
        ("Etwas anderes", "Run the cell again, or change the prompt", False),
    ],
)
def test_a_reason_has_its_advice(reason: str, what: str, moderation: bool) -> None:
    assert what in advice(Generation(state="failed", failure_reason=reason))
    assert is_moderation(reason) == moderation


@pytest.mark.parametrize("state", ["canceled", "expired"])
@pytest.mark.parametrize("reason", [None, "internal error", "cancelled by ops"])
def test_what_ended_otherwise_is_not_said_to_be_refunded(state: str, reason: str | None) -> None:
    generation = Generation.from_answer({"id": "1", "state": state, "failure_reason": reason})
    assert "make it; %dreams credits shows whether it was refunded" in advice(generation)
    assert not failure(generation).is_refunded


def test_what_failed_is_refunded_whatever_its_reason() -> None:
    assert failure(Generation(id="1", state="failed", failure_reason="the signed url has expired")).is_refunded
