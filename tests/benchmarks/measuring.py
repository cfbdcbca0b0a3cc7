"""Measures of many clips, beside decoding their frames."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import av

from dream_nb import Dreams, workers
from dream_nb.studio.render import Brief, render
from tests.benchmarks.bench import Bench, Figure, Once, Pair

_PROMPTS: Final = ("a serene lake at sunset", "a city skyline at night with a full moon", "a forest in the rain")


@contextmanager
def prepare(folder: Path, size: int) -> Iterator[Once]:
    """Measure a folder of that many clips: copies of a few clips, each a different file."""
    seconds = 5.0 if size > 1 else 0.25
    width, height = (1280, 720) if size > 1 else (160, 90)
    drawn = [render(Brief("video", prompt, width=width, height=height, seconds=seconds)) for prompt in _PROMPTS]
    clips = folder / "clips"
    clips.mkdir()
    for number in range(size):
        # An MP4 box that players skip makes each file different.
        beside = b"\0\0\0\x10free" + number.to_bytes(8, "big")
        (clips / f"{number:03}.mp4").write_bytes(drawn[number % len(drawn)] + beside)
    paths = sorted(clips.iterdir())

    def decode() -> None:
        for path in paths:
            with av.open(str(path)) as container:
                for _ in container.decode(video=0):
                    pass

    def once(*, beside: bool) -> Mapping[str, Pair]:
        dreams = Dreams.from_files(clips)
        assert len(dreams) == size
        # The time of worker processes is counted only after they have ended.
        pool = workers.Pool()

        def measure() -> None:
            assert all(value is not None for value in dreams.measure(executor=pool).column("sharpness"))
            pool.shutdown()

        wall, cpu = _took(measure)
        other = _took(decode) if beside else (None, None)
        return {"wall": (wall, other[0]), "cpu": (cpu, other[1])}

    yield once


def _took(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds of wall time and of processor time, including that of children that have ended."""
    began, before = time.perf_counter(), _cpu()
    work()
    return time.perf_counter() - began, _cpu() - before


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


MEASURE = Bench(
    name="measure",
    figures={
        "wall": Figure("`Dreams.measure()` over 50 clips of 720p: wall", "decoding by PyAV", "s", 0.6),
        "cpu": Figure("the same: CPU", "decoding by PyAV", "s", 2),
    },
    prepare=prepare,
    size=50,
    tiny=1,
    repeats=3,
)
