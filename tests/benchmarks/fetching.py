"""Fetching assets into a library. `python -m tests.benchmarks.fetching COUNT` is measured."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import av
import numpy as np

from tests.benchmarks.bench import Bench, Figure, Once, Pair, SkipBenchError
from tests.benchmarks.process import python, serving
from tests.benchmarks.server import PREFIX

_BYTES: Final = 5_000_000
_SIDE: Final = 256
_GIGABIT: Final = 125e6


def main() -> None:
    """Import everything that the server has into the library, and print how long it took."""
    from dream_nb import Limits, Session

    many = {"video": 1000}
    with Session("dreams", "dream-machine", limits=Limits(many, many)) as session:
        began = time.perf_counter()
        found = [job.result(300) for job in session.sync()]
        seconds = time.perf_counter() - began
        assert len({dream.path for dream in found}) == int(sys.argv[1])
    print(json.dumps({"seconds": seconds}))


def clip(path: Path, size: int) -> None:
    """Write a video of about that many bytes; it shows noise, which cannot be compressed."""
    random = np.random.default_rng(0)
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast", "crf": "20"})
        stream.width = stream.height = _SIDE
        stream.pix_fmt = "yuv420p"
        written = 0
        while written < size:
            frame = av.VideoFrame.from_ndarray(random.integers(0, 256, (_SIDE, _SIDE, 3), np.uint8), format="rgb24")
            packets = stream.encode(frame)
            written += sum(packet.size for packet in packets)
            container.mux(packets)
        container.mux(stream.encode(None))


@contextmanager
def prepare(folder: Path, size: int) -> Iterator[Once]:
    """Measure against servers with that many assets."""
    curl = shutil.which("curl")
    if curl is None:
        raise SkipBenchError("curl is not installed")
    asset = folder / "asset.mp4"
    clip(asset, _BYTES if size > 1 else _BYTES // 100)
    options = ["--asset", str(asset), "--generations", str(size)]
    with (
        serving("tests.benchmarks.server", *options, cwd=folder) as (loopback, _),
        serving("tests.benchmarks.server", *options, "--line", str(_GIGABIT), cwd=folder) as (gigabit, _),
    ):

        def own(origin: str) -> float:
            shutil.rmtree(folder / "dreams", ignore_errors=True)
            variables = {"LUMAAI_API_KEY": "key-of-a-benchmark", "LUMAAI_BASE_URL": origin + PREFIX}
            variables["DREAM_NB_BACKEND"] = "dream-machine"
            ran = python("-m", "tests.benchmarks.fetching", str(size), cwd=folder, variables=variables)
            return float(ran.output["seconds"])

        def other(origin: str) -> float:
            target = folder / "curl"
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            names = [f"{origin}{PREFIX}/assets/00000000-0000-4000-8000-{number:012d}.mp4" for number in range(size)]
            began = time.perf_counter()
            arguments = [curl, "--parallel", "--no-progress-meter", "--fail", "--remote-name-all", *names]
            subprocess.run(arguments, cwd=target, check=True)
            assert len(list(target.iterdir())) == size
            return time.perf_counter() - began

        def once(*, beside: bool) -> Mapping[str, Pair]:
            return {
                name: (own(origin), other(origin) if beside else None)
                for name, origin in (("gigabit", gigabit), ("loopback", loopback))
            }

        yield once


FETCH = Bench(
    name="fetch",
    figures={
        "gigabit": Figure("50 assets of 5 MB over 1 Gbit/s, checked, renamed", "`curl --parallel`, no check", "s", 1.5),
        # Loopback is faster than any network, so this shows the cost of decoding, tags, checksum and a safe write.
        "loopback": Figure("the same without a network between", "`curl --parallel`, no check", "s", 3),
    },
    prepare=prepare,
    size=50,
    tiny=1,
    repeats=5,
)

if __name__ == "__main__":
    main()
