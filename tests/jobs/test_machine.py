"""Random sequences of events around paid work; see `machine`."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.jobs.machine import FOUND, PaidWork

STEPS: Final = 50


def run(steps: int, *, derandomize: bool) -> None:
    FOUND.clear()
    options = settings(
        max_examples=max(1, steps // STEPS),
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # Concurrency makes every run different, so examples cannot be shrunk.
        phases=[Phase.generate],
        database=None,
        derandomize=derandomize,
    )
    try:
        run_state_machine_as_test(PaidWork, settings=options)
    except Exception as error:
        raise AssertionError(FOUND[0] if FOUND else str(error)) from error


def test_two_thousand_steps_find_nothing() -> None:
    # The sequences are the same each time, so that only changes make a difference; DREAM_NB_TEST_STEPS tries others.
    steps = os.environ.get("DREAM_NB_TEST_STEPS")
    run(int(steps or 2000), derandomize=steps is None)
