"""Creates and jobs under way, on a server that itself takes no time."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.benchmarks.bench import Bench, Figure, Once, Pair
from tests.benchmarks.process import Ran, python, serving
from tests.benchmarks.server import PREFIX
from tests.studio.machine import picture

SECONDS: Final = 12.0
"""The duration of a job."""

_MANY: Final = 10
"""With fewer jobs than this, jobs are shorter: a smoke test need not wait."""

_KEY: Final = "key-of-a-benchmark"


@contextmanager
def prepare_creates(folder: Path, size: int) -> Iterator[Once]:
    """Measure creates that are completed at the first poll."""
    with _server(folder, 0.0) as origin:

        def once(*, beside: bool) -> Mapping[str, Pair]:
            own = _follow("own", size, origin, folder)
            other = _follow("lumaai", size, origin, folder) if beside else None
            return {
                "cpu": (own.output["cpu"], other.output["cpu"] if other else None),
                "wall": (own.output["wall"], other.output["wall"] if other else None),
                "memory": (own.megabytes, other.megabytes if other else None),
            }

        yield once


@contextmanager
def prepare_jobs(folder: Path, size: int) -> Iterator[Once]:
    """Measure jobs of twelve seconds, when the duration of such jobs is not yet known."""
    with _server(folder, _seconds(size)) as origin:

        def once(*, beside: bool) -> Mapping[str, Pair]:
            own, calls, lag = _lags("own", size, origin, folder)
            pairs: dict[str, Pair] = {"cpu": (own.output["cpu"], None)}
            other_calls = other_lag = fal_calls = fal_lag = None
            if beside:
                # A second wave in the same library knows how long the first took.
                _, known_calls, known_lag = _lags("own", size, origin, folder, keep=True)
                other, other_calls, other_lag = _lags("lumaai", size, origin, folder)
                fals, fal_calls, fal_lag = _lags("fal", size, origin, folder)
                pairs |= {
                    "calls-learned": (known_calls, other_calls),
                    "lag-learned": (known_lag, other_lag),
                    "calls-fal": (known_calls, fal_calls),
                    "lag-fal": (known_lag, fal_lag),
                    "cpu": (own.output["cpu"], other.output["cpu"]),
                    "cpu-fal": (own.output["cpu"], fals.output["cpu"]),
                }
            return {"calls": (calls, other_calls), "lag": (lag, other_lag)} | pairs

        yield once


@contextmanager
def prepare_callbacks(folder: Path, size: int) -> Iterator[Once]:
    """Measure the same jobs with callbacks from the server."""
    with _server(folder, _seconds(size)) as origin:

        def once(*, beside: bool) -> Mapping[str, Pair]:  # noqa: ARG001 - no peer supports callbacks
            ran, calls, lag = _lags("callbacks", size, origin, folder)
            return {"polls": (ran.output["polls"], None), "calls": (calls, None), "lag": (1000 * lag, None)}

        yield once


def _seconds(size: int) -> float:
    return SECONDS if size >= _MANY else SECONDS / 24


@contextmanager
def _server(folder: Path, seconds: float) -> Iterator[str]:
    asset = folder / "asset.png"
    asset.write_bytes(picture())
    with serving("tests.benchmarks.server", "--asset", asset, "--seconds", str(seconds), cwd=folder) as (origin, _):
        yield origin


def _follow(who: str, count: int, origin: str, folder: Path, *, keep: bool = False) -> Ran:
    state = folder / "state"
    if not keep:
        # The installation remembers what was sent from a library, and would not send it again from a new one there.
        for place in (folder / "dreams", state):
            shutil.rmtree(place, ignore_errors=True)
    variables = {"LUMAAI_API_KEY": _KEY, "LUMAAI_BASE_URL": origin + PREFIX, "DREAM_NB_BACKEND": "dream-machine"}
    variables["DREAM_NB_STATE"] = str(state)
    wave = "2" if keep else "1"
    return python("-m", "tests.benchmarks.follow", who, str(count), wave, cwd=folder, variables=variables)


def _lags(who: str, count: int, origin: str, folder: Path, *, keep: bool = False) -> tuple[Ran, float, float]:
    """The process, its number of polls, and the median seconds from the end of a job until it was known."""
    _books(origin)
    ran = _follow(who, count, origin, folder, keep=keep)
    books = _books(origin)
    ran.output["polls"] = float(books["polls"])
    lags = [at - books["ends"][uid] for uid, at in ran.output["known"].items()]
    return ran, float(books["calls"]), statistics.median(lags)


def _books(origin: str) -> Any:
    return httpx2.get(f"{origin}{PREFIX}/books", timeout=60).json()


CREATES = Bench(
    name="creates",
    figures={
        "cpu": Figure("1,000 creates followed to their files: CPU", "AsyncLumaAI, no files", "s", 0.06),
        "wall": Figure("the same: wall", "AsyncLumaAI, no files", "s"),
        "memory": Figure("the same: most memory", "AsyncLumaAI, no files", "MB"),
    },
    prepare=prepare_creates,
    size=1000,
    tiny=3,
    repeats=3,
    grows=("cpu", "memory"),
    counted="creates",
)
JOBS = Bench(
    name="jobs",
    figures={
        "calls": Figure("100 jobs of 12 s, nothing known of such: calls", "lumaai's loop", "", 20, "value"),
        "lag": Figure("the same: median lag until known", "lumaai's loop", "s", 0.5, "value"),
        "calls-learned": Figure("100 jobs of 12 s, once learned: calls", "lumaai's loop", "", 20, "value"),
        "lag-learned": Figure("the same: median lag until known", "lumaai's loop", "s", 0.2, "value"),
        "calls-fal": Figure("100 jobs of 12 s, once learned: calls", "fal's loop of 0.1 s", ""),
        "lag-fal": Figure("the same: median lag until known", "fal's loop of 0.1 s", "s"),
        "cpu": Figure("100 jobs of 12 s: CPU, files included", "lumaai's loop, no files", "s"),
        "cpu-fal": Figure("the same", "fal's loop of 0.1 s, no files", "s"),
    },
    prepare=prepare_jobs,
    size=100,
    tiny=2,
    repeats=2,
    grows=("calls", "cpu"),
    counted="jobs",
)
CALLBACKS = Bench(
    name="callbacks",
    figures={
        "polls": Figure("100 jobs of 12 s with callbacks: polls that none asked for", "", "", 0, "value"),
        "calls": Figure("the same: calls, once told", "", ""),
        "lag": Figure("the same: median lag until known", "", "ms", 50, "value"),
    },
    prepare=prepare_callbacks,
    size=100,
    tiny=2,
    repeats=2,
)
