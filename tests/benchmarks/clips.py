"""The cost of a clip, drawn and encoded in parts by this process's workers, beside encoding the same frames."""

from __future__ import annotations

import io
import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from dream_nb.studio.render import Brief, get_ready, join_runs, render, render_run, runs_of
from dream_nb.studio.render.frames import shots
from dream_nb.studio.render.planes import Planes
from dream_nb.workers import pool
from tests.benchmarks.bench import Bench, Figure, Once, Pair
from tests.benchmarks.drawing import PROMPTS, brief_of
from tests.benchmarks.reference import seconds_to_encode

STORM: Final = PROMPTS[1]
# No encoder can preserve rain that covers the whole picture at this size.
_LEAST_DB: Final = {STORM: 40.0}
_USUAL_DB: Final = 43.0
_SECOND: Final = 24


def timed(work: Callable[..., Any], *args: object) -> tuple[Any, float]:
    """Call a function in a worker; returns its result and the seconds of processor time that it took."""
    began = time.process_time()
    return work(*args), time.process_time() - began


@contextmanager
def prepare_clip(folder: Path, size: int) -> Iterator[Once]:  # noqa: ARG001 - nothing is written
    """Measure clips of that many frames, of one prompt after the other."""
    prompts = itertools.cycle(PROMPTS)
    workers = pool()
    for ready in [workers.submit(get_ready) for _ in range(workers.max_workers)]:
        ready.result()

    def once(*, beside: bool) -> Mapping[str, Pair]:
        prompt = next(prompts)
        brief = brief_of(prompt, size)
        runs = runs_of(brief, workers.max_workers)
        began = time.perf_counter()
        drawn = [workers.submit(render_run, brief, run) for run in runs]
        data = workers.submit(join_runs, brief, [future.result() for future in drawn]).result()
        wall = time.perf_counter() - began
        # Draw again, one part after the other: two processes on the threads of one core would also count waiting time.
        made = [workers.submit(timed, render_run, brief, run).result() for run in runs]
        _, joining = workers.submit(timed, join_runs, brief, [parts for parts, _ in made]).result()
        cpu = joining + sum(cpu for _, cpu in made)
        if not beside:
            return {"wall": (wall, None), "cpu": (cpu, None)}
        frames = list(shots(brief))
        other_wall, other_cpu = seconds_to_encode(frames)
        return {
            "wall": (wall, other_wall),
            "cpu": (cpu, other_cpu),
            "quality": (_quality(data, frames) - _LEAST_DB.get(prompt, _USUAL_DB), None),
            "file": (len(data) / 1e6, None),
        }

    yield once


@contextmanager
def prepare_pixels(folder: Path, size: int) -> Iterator[Once]:  # noqa: ARG001 - nothing is written
    """Measure one second of video with that many thousand pixels per frame."""
    high = max(2, round(math.sqrt(size * 1000 * 9 / 16)))
    brief = Brief("video", PROMPTS[0], width=high * 16 // 9, height=high, seconds=1.0)
    get_ready()

    def once(*, beside: bool) -> Mapping[str, Pair]:  # noqa: ARG001 - it has no peer
        return {"pixels": (timed(render, brief)[1], None)}

    yield once


def _quality(data: bytes, frames: Sequence[Planes]) -> float:
    """The peak signal-to-noise ratio of the brightness over all frames, in dB."""
    errors = []
    with av.open(io.BytesIO(data), "r") as container:
        for shown, drawn in zip(container.decode(video=0), frames, strict=True):
            plane = shown.planes[0]
            pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            part = pixels[: shown.height, : shown.width].astype(np.int16)
            errors.append(float(((part - drawn.y) ** 2).mean()))
    return 10 * math.log10(255**2 / max(1e-9, float(np.mean(errors))))


CLIP: Final = Bench(
    name="clip",
    figures={
        "wall": Figure("5-s 720p clip, five prompts: wall", "libx264 veryfast, the same frames", "s", 0.4),
        "cpu": Figure("the same: CPU", "libx264 veryfast, the same frames", "s", 0.6),
        "quality": Figure(
            "its PSNR-Y above what is asked (43 dB, heavy rain 40)",
            "",
            "dB",
            0.0,
            "value",
            at_least=True,
            every_run=True,
        ),
        "file": Figure("its file", "", "MB", 4.0, "value", every_run=True),
    },
    prepare=prepare_clip,
    size=5 * _SECOND,
    tiny=2,
    repeats=len(PROMPTS),
    grows=("cpu",),
    counted="frames",
)
PIXELS: Final = Bench(
    name="pixels",
    figures={"pixels": Figure("a second of video: CPU", "", "s")},
    prepare=prepare_pixels,
    size=922,
    tiny=2,
    repeats=3,
    grows=("pixels",),
    counted="thousand pixels a frame",
)
