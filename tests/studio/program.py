"""Runs `python -m dream_nb.studio` as a separate process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.studio.machine import KEYS, PATIENCE, bearer

ENVIRONMENT = {
    "DREAM_NB_STUDIO_SIDE": "32",
    "DREAM_NB_STUDIO_SECONDS": "0.2",
    "DREAM_NB_STUDIO_KEY_ADA": KEYS["ada"],
    "DREAM_NB_STUDIO_KEY_BOB": KEYS["bob"],
}


@dataclass
class Program:
    """A running studio and a client with ada's key."""

    process: subprocess.Popen[str]
    url: str
    greeting: list[str]
    client: httpx2.Client

    def end(self, number: signal.Signals) -> int:
        """Send a signal; returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dream_nb.studio", *map(str, arguments)],
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(library: Path, *arguments: str | Path, keys: int = 2) -> Iterator[Program]:
    """Run a studio on a free port; it is killed at the end if it still runs.

    Args:
        library: the studio's library.
        arguments: further arguments of the program.
        keys: how many of the accounts ada and bob have keys; the greeting has one more line for every other account.
    """
    accounts = [part for account in list(KEYS)[:keys] for part in ("--key", account)]
    process = start("--library", library, *accounts, *arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        first = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/dream-machine/v1", first), first + process.stderr.read()
        with httpx2.Client(base_url=first, headers=bearer(), timeout=30) as client:
            yield Program(process, first, [first], client)
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()
        process.stderr.close()
