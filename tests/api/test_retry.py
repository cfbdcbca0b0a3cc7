"""The pauses between attempts."""

from __future__ import annotations

from dream_nb.api.errors import BadRequestError, RateLimitError
from dream_nb.api.retry import Backoff, is_passing

LONGEST = 30.0


def test_pauses_grow_to_half_a_minute_and_no_further() -> None:
    backoff = Backoff(1.0)
    pauses = [backoff.pause() for _ in range(20)]
    assert max(pauses) <= 1.25 * LONGEST
    assert min(pauses[5:]) >= 0.75 * LONGEST


def test_a_pause_that_the_server_asks_for_is_never_shortened() -> None:
    error = RateLimitError("getCredits", "429", status=429, retry_after=3600.0)
    assert Backoff(1.0).pause(error) == 3600.0


def test_what_is_asked_for_too_early_may_go_well_later() -> None:
    assert is_passing(BadRequestError("getGeneration", "425", status=425))
