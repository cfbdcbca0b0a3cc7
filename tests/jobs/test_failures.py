"""A failure says what one can do about it."""

from __future__ import annotations

import pytest

from dream_nb.jobs.failures import advice, is_moderation


@pytest.mark.parametrize(
    ("reason", "what", "moderation"),
    [
        ("Frame moderation failed", "with another picture", True),
        ("Contains blacklisted words", "Change the prompt", True),
        ("Failed to read user input frames", "Check that each picture opens", False),
        ("Failed to read user input frames: generation 1 was deleted", "anew", False),
        ("Insufficient credits", "balance", False),
        ("Too many concurrent generations", "in a minute", False),
        ("Internal error", "run the cell again", False),
        ("the server gave no reason", "run the cell again", False),
        ("Etwas anderes", "Run the cell again, or change the prompt", False),
    ],
)
def test_a_reason_has_its_advice(reason: str, what: str, moderation: bool) -> None:
    assert what in advice(reason)
    assert is_moderation(reason) == moderation
