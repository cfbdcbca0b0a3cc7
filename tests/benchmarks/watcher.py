"""How many calls a hundred jobs cost, and how late their end is seen: `python -m tests.benchmarks.watcher`.

The served studio takes a hundred images that each take twelve seconds. Once nothing is known of such jobs, once it was
learned. Prints a Markdown table.
"""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from dream_nb.jobs.budget import Limits
from dream_nb.jobs.patience import Patience
from dream_nb.session import make_request
from tests.jobs.hosted import Hosted, hosted, use
from tests.studio.machine import picture, wait_for

JOBS = 100
SECONDS = 12.0
PATIENCE = 120.0
MANY = {"video": 10 * JOBS, "image": 10 * JOBS}


class Slow(Executor):
    """Gives a picture after some seconds, and remembers when."""

    max_workers = JOBS

    def __init__(self) -> None:
        self.ended: list[float] = []

    def submit(self, fn: Callable[..., Any], /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        assert fn.__name__ == "render"
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()

        def end() -> None:
            self.ended.append(time.monotonic())
            future.set_result(picture())

        timer = threading.Timer(SECONDS, end)
        timer.daemon = True
        timer.start()
        return future


def main() -> None:
    """Measure and print."""
    slow = Slow()
    print(f"Python {sys.version.split()[0]}, {JOBS} jobs of {SECONDS:g} s\n")
    print("| | created within | calls | median lag | longest lag |")
    print("|---|---:|---:|---:|---:|")
    patch = pytest.MonkeyPatch()
    with tempfile.TemporaryDirectory() as folder, patch.context():
        patch.chdir(folder)
        with hosted(Path(folder) / "server", secrets.token_hex(8), executor=lambda: slow) as server:
            use(server, patch)
            for name, kind in (("nothing known", "a lake"), ("learned", "a hill")):
                measure(name, kind, server, slow)


def measure(name: str, prompt: str, server: Hosted, slow: Slow) -> None:
    """One row of the table."""
    slow.ended.clear()
    session = server.session("dreams", limits=Limits(MANY, MANY), patience=Patience())
    before = server.books.count("GET", "/generations")
    seen: dict[int, float] = {}
    began = time.monotonic()
    jobs = [session.submit(make_request(prompt, kind="image", format="png"), take=take + 1) for take in range(JOBS)]
    for index, job in enumerate(jobs):

        def note(job: Any, index: int = index) -> None:
            if job.progress.state in ("downloading", "completed", "failed"):
                seen.setdefault(index, time.monotonic())

        job.on_change(note)
    wait_for(lambda: server.books.count("POST") % JOBS == 0)
    spread = time.monotonic() - began
    for job in jobs:
        job.result(PATIENCE)
    lags = [at - ended for ended, at in zip(sorted(slow.ended), sorted(seen.values()), strict=True)]
    calls = server.books.count("GET", "/generations") - before
    print(f"| {name} | {spread:.1f} s | {calls} | {statistics.median(lags):.2f} s | {max(lags):.2f} s |", flush=True)


if __name__ == "__main__":
    main()
