"""Random sequences of what may happen to paid work; see `machine`."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.jobs.machine import FOUND, PaidWork

STEPS: Final = 50


def run(steps: int) -> None:
    FOUND.clear()
    options = settings(
        max_examples=max(1, steps // STEPS),
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # What runs at the same time makes no two runs alike, so that nothing found can be made smaller.
        phases=[Phase.generate],
        database=None,
    )
    try:
        run_state_machine_as_test(PaidWork, settings=options)
    except Exception as error:
        raise AssertionError(FOUND[0] if FOUND else str(error)) from error


def test_two_thousand_steps_find_nothing() -> None:
    run(int(os.environ.get("DREAM_NB_TEST_STEPS", "2000")))
