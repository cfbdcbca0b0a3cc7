"""`kill -9` at any moment between intent and file loses nothing, and nothing is paid for twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dream_nb.library.library import Library
from tests.jobs.hosted import SECONDS, Hosted, environment
from tests.studio.machine import wait_for

TIMES = 50
CODE = """
import sys
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from tests.jobs.hosted import HASTE
session = Session("dreams", "dream-machine", patience=HASTE, prices={"image": 1.5})
print("ready", flush=True)
sys.stdin.readline()
session.submit(make_request(sys.argv[1], kind="image")).result(240)
print("done", flush=True)
sys.stdin.readline()
"""


def killed_after(server: Hosted, prompt: str, seconds: float) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CODE, prompt],
        env=os.environ | environment(server),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(seconds)
        process.kill()


def check(server: Hosted, prompts: list[str]) -> None:
    """Assert that after a restart all generations of the server are in the library, and none was created twice."""
    session = server.session()
    for job in session.jobs():
        job.exception(SECONDS)
    made = {made["id"]: made["request"]["prompt"] for made in server.made}
    # A request marked as sending was sent at most once: the kill may have come before it was sent completely.
    marked = sum(record.sent_at is not None for record in session.library.ledger.all())
    assert len(made) == len(set(made.values())) <= server.books.count("POST") <= marked
    kept = {
        record.generation.id
        for record in session.library.ledger.all()
        if session.library.holds(record)
        if record.generation
    }
    assert kept == set(made)
    assert set(made.values()) <= set(prompts)
    session.close()


@pytest.mark.slow
def test_fifty_kills_lose_nothing(server: Hosted) -> None:
    chance = random.Random(5)
    prompts = [f"a lake, number {number}" for number in range(TIMES)]
    for prompt in prompts:
        killed_after(server, prompt, chance.uniform(0.0, 0.5))
    check(server, prompts)


def test_one_kill_while_the_create_is_under_way_loses_nothing(server: Hosted) -> None:
    server.books.late = 1.0
    killed_after(server, "a lake", 0.5)
    wait_for(lambda: not Library(Path("dreams")).ledger.all() or server.made)
    check(server, ["a lake"])
