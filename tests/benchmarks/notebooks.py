"""The size of a notebook of videos, the speed of its kernel while videos render, and the time of its first dream."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import nbformat
from nbclient import NotebookClient

from dream_nb.studio.render import Brief
from dream_nb.studio.render.frames import shots
from tests.benchmarks.bench import Bench, Figure, Once, Pair
from tests.benchmarks.process import environment
from tests.benchmarks.reference import seconds_to_encode
from tests.kernel import Kernel, Message, start_kernel

PROMPT: Final = "a serene lake at sunset"
_SECONDS: Final = 600
_TYPING: Final = 3.0
_SMALL: Final = {"DREAM_NB_STUDIO_SIDE": "90", "DREAM_NB_STUDIO_SECONDS": "0.5"}
_CLIPS: Final = 4
_TENTHS: Final = 10
_FRAMES: Final = 120
_SPIN: Final = """
import time, dream_nb
from dream_nb.default import default_session
from dream_nb.requests.fields import make_request

def spin(seconds):
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        for _ in range(1000):
            count += 1
    return count / seconds

def start(prompt, takes):
    request = make_request(prompt)
    return [default_session().submit(request, take=take) for take in takes]

0
"""


@contextmanager
def prepare_weight(folder: Path, size: int) -> Iterator[Once]:
    """Measure a notebook with that many videos."""
    variables = environment(**(_SMALL if size < _CLIPS else {}))

    def megabytes(cells: list[str]) -> float:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        client = NotebookClient(notebook, timeout=_SECONDS, resources={"metadata": {"path": str(folder)}})
        client.execute(env=variables)
        return len(nbformat.writes(notebook).encode()) / 1e6

    def once(*, beside: bool) -> Mapping[str, Pair]:
        own = megabytes(["%load_ext dream_nb", *(f"%dream {PROMPT} --take {take + 1}" for take in range(size))])
        if not beside:
            return {"bytes": (own, None)}
        files = sorted((folder / "dreams").glob("*.mp4"))
        assert len(files) == size
        shown = [f"Video({f'dreams/{file.name}'!r}, embed=True)" for file in files]
        return {"bytes": (own, megabytes(["from IPython.display import Video", *shown]))}

    yield once


@contextmanager
def prepare_kernel(folder: Path, size: int) -> Iterator[Once]:
    """Measure a kernel whose main thread is busy for that many tenths of a second."""
    with start_kernel(folder, **environment(**(_SMALL if size < _TENTHS else {}))) as kernel:
        _run(kernel, _SPIN)
        takes = itertools.count(1, _CLIPS)

        def once(*, beside: bool) -> Mapping[str, Pair]:
            idle = _run(kernel, f"spin({size / 10})") if beside else None
            take = next(takes)
            _run(kernel, f"jobs = start({PROMPT!r}, range({take}, {take + _CLIPS})); 0")
            # Wait until the drawing has begun: starting the worker processes is not to be measured.
            _run(kernel, "while not any(job.progress.fraction for job in jobs):\n    time.sleep(0.02)\n0")
            busy = _run(kernel, f"spin({size / 10})")
            _run(kernel, "for job in jobs:\n    job.result(600)\n0")
            return {"speed": (busy / 1e6, idle / 1e6 if idle else None)}

        yield once


def _run(kernel: Kernel, source: str) -> float:
    answer = kernel.run(source, seconds=_SECONDS)
    if answer.error is not None:
        raise RuntimeError(f"{answer.error['ename']}: {answer.error['evalue']}")
    return float(answer.result or 0)


@contextmanager
def prepare_first(folder: Path, size: int) -> Iterator[Once]:
    """Measure a notebook's first dream, of that many frames, and a second one in an empty library."""
    is_whole = size >= _FRAMES
    brief = Brief("video", PROMPT) if is_whole else Brief("video", PROMPT, width=160, height=90, seconds=0.5)
    drawn = list(shots(brief))
    folders = itertools.count()

    def once(*, beside: bool) -> Mapping[str, Pair]:
        here = folder / str(next(folders))
        here.mkdir()
        with start_kernel(here, **environment(**({} if is_whole else _SMALL))) as kernel:
            # A person needs this time to type a prompt.
            time.sleep(_TYPING if is_whole else 0.0)
            first, _ = _seconds(kernel, f"%dream {PROMPT}")
            _run(kernel, "%config DreamMagics.library = 'empty'\n0")
            warm, pictured = _seconds(kernel, f"%dream {PROMPT}")
        other = seconds_to_encode(drawn)[0] if beside else None
        return {"wall": (warm, other), "first": (first, other), "picture": (pictured, None)}

    yield once


def _seconds(kernel: Kernel, source: str) -> tuple[float, float]:
    """The seconds until a cell has shown a video, and until its card, or else the cell, has shown a first picture."""
    pictured: list[float] = []
    began = time.perf_counter()
    answer = kernel.run(
        source, when=_has_picture, then=lambda: pictured.append(time.perf_counter() - began), seconds=_SECONDS
    )
    seconds = time.perf_counter() - began
    if not any("<video" in page for page in answer.data()):
        raise RuntimeError(f"{source}: no video")
    # A tiny video is done before its card has a picture.
    return seconds, pictured[0] if pictured else seconds


def _has_picture(message: Message) -> bool:
    data = message["content"].get("data") or {}
    return message["msg_type"] == "comm_msg" and ["sight"] in data.get("buffer_paths", [])


WEIGHT = Bench(
    name="notebook",
    figures={"bytes": Figure("notebook with 20 videos", "`Video(embed=True)`", "MB", 1 / 20)},
    prepare=prepare_weight,
    size=20,
    tiny=1,
    repeats=1,
)
KERNEL = Bench(
    name="kernel",
    figures={
        "speed": Figure(
            "kernel while 4 clips render: a busy loop", "nothing rendering", "M steps/s", 0.9, at_least=True
        )
    },
    prepare=prepare_kernel,
    size=50,
    tiny=1,
    repeats=3,
)
FIRST = Bench(
    name="first",
    figures={
        "wall": Figure(
            "`%dream` in a warm kernel, empty library, 720p, until its video is shown",
            "libx264 veryfast, the same frames",
            "s",
            0.55,
        ),
        "first": Figure(
            "the same as the first one, 3 s after `%load_ext`", "libx264 veryfast, the same frames", "s", 0.55
        ),
        "picture": Figure("`%dream` in a warm kernel: until its card has a first picture", "", "s", 0.3, "value"),
    },
    prepare=prepare_first,
    size=_FRAMES,
    tiny=12,
    repeats=5,
)
