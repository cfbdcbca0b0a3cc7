"""With `kill -9` at any moment, nothing is sent twice to a server without a list, and no known generation is lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dream_nb.api.errors import OutcomeUnknownError
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from tests.fakes.luma import FakeLuma
from tests.jobs.hosted import HASTE, SECONDS

TIMES = 50
CODE = """
import sys
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from tests.jobs.hosted import HASTE
session = Session("dreams", "luma", patience=HASTE)
print("ready", flush=True)
sys.stdin.readline()
session.submit(make_request(sys.argv[1], kind="image")).result(240)
print("done", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def luma(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLuma]:
    monkeypatch.chdir(tmp_path)
    with FakeLuma().running() as fake:
        fake.use(monkeypatch)
        yield fake


def killed(luma: FakeLuma, prompt: str, at: float | threading.Event) -> None:
    """Kill a process that requests an image, some time after it began or when an event is set."""
    with subprocess.Popen(
        [sys.executable, "-c", CODE, prompt],
        env=os.environ | luma.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\n")
        process.stdin.flush()
        if isinstance(at, threading.Event):
            assert at.wait(SECONDS)
        else:
            time.sleep(at)
        process.kill()


def check(luma: FakeLuma, prompts: list[str]) -> None:
    """Assert that after a restart each prompt was sent at most once, and that known generations are in the library."""
    known, lost = 0, 0
    with Session("dreams", "luma", patience=HASTE) as session:
        for prompt in prompts:
            before = luma.count("POST")
            try:
                session.submit(make_request(prompt, kind="image")).result(SECONDS)
            except OutcomeUnknownError:
                lost += 1
            else:
                known += 1
            # A request that may have been sent is not sent again; one that was not is sent now.
            asked = sum(post["prompt"] == prompt for post in luma.posts)
            assert asked == 1 or (asked == 0 and luma.count("POST") == before)
        assert len(session.lost()) == lost
    assert known + lost == len(prompts)
    assert len({post["prompt"] for post in luma.posts}) == len(luma.posts) == luma.count("POST")


@pytest.mark.slow
def test_fifty_kills_send_nothing_twice(luma: FakeLuma) -> None:
    chance = random.Random(5)
    prompts = [f"a lake, number {number}" for number in range(TIMES)]
    for prompt in prompts:
        killed(luma, prompt, chance.uniform(0.0, 0.4))
    check(luma, prompts)


def test_a_kill_before_the_answer_leaves_the_create_unknown(luma: FakeLuma) -> None:
    luma.late, luma.arrived = threading.Event(), threading.Event()
    killed(luma, "a lake", luma.arrived)
    luma.late.set()
    with Session("dreams", "luma", patience=HASTE) as session:
        with pytest.raises(OutcomeUnknownError, match="may have been made and billed"):
            session.submit(make_request("a lake", kind="image")).result(SECONDS)
        (lost,) = session.lost()
        assert lost.record.request_id == luma.request_ids[0]
    assert luma.count("POST") == 1
