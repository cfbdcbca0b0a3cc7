"""A failure says what one can do about it."""

from __future__ import annotations

import pytest

from dream_nb.jobs.failures import advice, is_moderation, is_refunded


@pytest.mark.parametrize(
    ("reason", "what", "moderation"),
    [
        ("Frame moderation failed", "with another picture", True),
        ("Contains blacklisted words", "Change the prompt", True),
        ("Failed to read user input frames", "Check that each picture opens", False),
        ("Failed to read user input frames: generation 1 was deleted", "anew", False),
        ("Insufficient credits", "balance", False),
        ("Too many concurrent generations", "in a minute", False),
        ("the server canceled it", "make it after all; %dreams credits", False),
        ("it expired at the server: internal error", "make it after all", False),
        ("Internal error", "run the cell again", False),
        ("the server gave no reason", "run the cell again", False),
        ("Etwas anderes", "Run the cell again, or change the prompt", False),
    ],
)
def test_a_reason_has_its_advice(reason: str, what: str, moderation: bool) -> None:
    assert what in advice(reason)
    assert is_moderation(reason) == moderation


@pytest.mark.parametrize(
    ("reason", "refunded"), [("Internal error", True), ("the server canceled it", False), ("Cancelled by ops", False)]
)
def test_a_refund_is_promised_only_for_what_failed(reason: str, refunded: bool) -> None:
    assert is_refunded(reason) == refunded
