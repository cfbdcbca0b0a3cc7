"""The cost of drawings: pictures, edits and sound."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from dream_nb.studio.render import Brief, Modify, Reframe, Soundtrack, frame_size, image_size, render
from tests.benchmarks.bench import Bench, Figure, Once, Pair
from tests.benchmarks.process import environment

PROMPTS: Final = (
    "a serene lake at sunset",
    "a stormy sea with lightning, heavy rain",
    "a city skyline at night with a full moon",
    "snowfall in a pine forest, camera push in",
    "a serene lake at sunset, camera roll left",
)
SOUNDS: Final = (
    "rain",
    "birds over waves",
    "a crackling fire, crickets",
    "a thunderstorm",
    "a busy street with footsteps and church bells",
    "ambient music",
)
_FPS: Final = 24
_TINY: Final = 4
"""With fewer frames than this, pictures are small too."""


def cpu(work: Callable[[], object]) -> float:
    """The seconds of processor time that this process needs for a call."""
    began = time.process_time()
    work()
    return time.process_time() - began


@contextmanager
def prepare_sound(folder: Path, size: int) -> Iterator[Once]:  # noqa: ARG001 - nothing is written
    """Measure soundtracks for a clip of that many frames, of one prompt after the other."""
    prompts = itertools.cycle(SOUNDS)
    source = render(brief_of(PROMPTS[0], size))
    render(Brief("video", "rain", edit=Soundtrack(source)))

    def once(*, beside: bool) -> Mapping[str, Pair]:  # noqa: ARG001 - nothing is like it
        brief = Brief("video", next(prompts), edit=Soundtrack(source))
        return {"sound": (cpu(lambda: render(brief)), None)}

    yield once


@contextmanager
def prepare_modified(folder: Path, size: int) -> Iterator[Once]:  # noqa: ARG001 - nothing is written
    """Measure modifying clips of that many frames into the look of the next prompt, beside drawing that prompt."""
    with _edits(size, "modify", lambda clip: Modify(clip, 0.5)) as once:
        yield once


@contextmanager
def prepare_reframed(folder: Path, size: int) -> Iterator[Once]:  # noqa: ARG001 - nothing is written
    """Measure reframing clips of that many frames to 9:16, beside drawing the prompt of the added area."""
    with _edits(size, "reframe", lambda clip: Reframe(clip, "9:16")) as once:
        yield once


@contextmanager
def _edits(size: int, name: str, edit: Callable[[bytes], Modify | Reframe]) -> Iterator[Once]:
    prompts = itertools.cycle(itertools.pairwise((*PROMPTS, PROMPTS[0])))
    render(Brief("video", "warm up", width=64, height=36, seconds=0.1))

    def once(*, beside: bool) -> Mapping[str, Pair]:
        before, prompt = next(prompts)
        source = render(brief_of(before, size))
        own = cpu(lambda: render(Brief("video", prompt, edit=edit(source))))
        return {name: (own, cpu(lambda: render(brief_of(prompt, size))) if beside else None)}

    yield once


@contextmanager
def prepare_pictures(folder: Path, size: int) -> Iterator[Once]:  # noqa: ARG001 - nothing is written
    """Measure square images with that many pixels per side, and the first frame of a clip."""
    briefs = itertools.cycle(PROMPTS)

    def once(*, beside: bool) -> Mapping[str, Pair]:  # noqa: ARG001 - they have no peer
        prompt = next(briefs)
        pairs: dict[str, Pair] = {}
        for name, model in (("image", "photon-1"), ("flash", "photon-flash-1")):
            brief = Brief("image", prompt, width=size, height=size, model=model)
            pairs[name] = cpu(lambda brief=brief: render(brief)), None  # type: ignore[misc]
        with tempfile.TemporaryDirectory() as made:
            video = replace(brief_of(prompt, 120 if size > 100 else 1), seconds=1 / _FPS)
            pairs["first"] = cpu(lambda: render(video, thumbnail=Path(made) / "first.jpg")), None
        return pairs

    yield once


@contextmanager
def prepare_memory(folder: Path, size: int) -> Iterator[Once]:
    """Measure the peak memory of a new process for a clip of that many seconds."""

    def once(*, beside: bool) -> Mapping[str, Pair]:  # noqa: ARG001 - nothing is like it
        return {"720p": (_peak(folder, "720p", size), None), "4k": (_peak(folder, "4k", size), None)}

    yield once


def brief_of(prompt: str, frames: int) -> Brief:
    """A 720p clip of that many frames; very small if there are hardly any frames."""
    if frames < _TINY:
        return Brief("video", prompt, width=64, height=36, seconds=frames / _FPS)
    return Brief("video", prompt, seconds=frames / _FPS)


def _peak(folder: Path, resolution: str, seconds: int) -> float:
    width, height = frame_size("16:9", resolution)
    script = (
        "import resource; from dream_nb.studio.render import Brief, render; "
        f"render(Brief('video', 'a forest by a lake in the rain', width={width}, height={height}, seconds={seconds})); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    arguments = [sys.executable, "-c", script]
    ended = subprocess.run(arguments, cwd=folder, env=environment(), check=True, capture_output=True, text=True)
    return float(ended.stdout)


SOUND = Bench(
    name="sound",
    figures={"sound": Figure("sound for a 5-s 720p clip, six prompts: CPU", "", "s", 0.3, "value")},
    prepare=prepare_sound,
    size=120,
    tiny=2,
    repeats=len(SOUNDS),
)
MODIFY = Bench(
    name="modify",
    figures={
        "modify": Figure("a 5-s 720p clip modified in mode flex_2, five prompts: CPU", "drawing a clip", "s", 2.0)
    },
    prepare=prepare_modified,
    size=120,
    tiny=2,
    repeats=len(PROMPTS),
)
REFRAME = Bench(
    name="reframe",
    figures={"reframe": Figure("a 5-s 720p clip reframed to 9:16, five prompts: CPU", "drawing a clip", "s", 2.0)},
    prepare=prepare_reframed,
    size=120,
    tiny=2,
    repeats=len(PROMPTS),
)
PICTURES = Bench(
    name="pictures",
    figures={
        "image": Figure("image of a megapixel by the studio, five prompts: CPU", "", "s", 0.5, "value"),
        "flash": Figure("the same with photon-flash-1", "", "s", 0.5, "value"),
        "first": Figure("first thumbnail of a 720p clip: CPU", "", "s", 0.5, "value"),
    },
    prepare=prepare_pictures,
    size=image_size("1:1")[0],
    tiny=64,
    repeats=len(PROMPTS),
)
MEMORY = Bench(
    name="memory",
    figures={
        "720p": Figure("most memory for a 5-s clip of 720p", "", "MB", 400, "value"),
        "4k": Figure("most memory for a 5-s clip of 4k", "", "MB", 1200, "value"),
    },
    prepare=prepare_memory,
    size=5,
    tiny=0,
    repeats=1,
    is_long=True,
)
