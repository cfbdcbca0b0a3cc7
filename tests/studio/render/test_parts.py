"""A clip drawn in parts gives the same file, however many workers draw it."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import pytest

from dream_nb.studio.render import (
    Brief,
    Keyframe,
    Modify,
    Reference,
    Soundtrack,
    get_ready,
    join_runs,
    render,
    render_run,
    runs_of,
)
from dream_nb.studio.render.finish.parts import frames_of, parts_of
from tests.studio.render.clips import decoded, png, small, still
from tests.studio.render.test_keyframes import photo

LARGE = Brief("video", "a serene lake at sunset", width=640, height=360, tags=(("prompt", "a lake"),))
"""A clip that is just large enough to be divided."""


def in_runs(brief: Brief, workers: int) -> bytes:
    runs = runs_of(brief, workers)
    assert len(runs) == workers
    # Draw the last one first: workers do not know what others have drawn.
    made = {run: render_run(brief, run) for run in reversed(runs)}
    return join_runs(brief, [made[run] for run in runs])


@pytest.mark.parametrize("frames", [1, 5, 30, 44, 45, 46, 120, 216, 1000])
def test_each_frame_is_in_one_part(frames: int) -> None:
    parts = parts_of(replace(LARGE, seconds=frames / 24))
    assert [frame for part in parts for frame in part] == list(range(frames))


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 64])
def test_each_part_is_drawn_by_one_worker(workers: int) -> None:
    runs = runs_of(replace(LARGE, seconds=9.0), workers)
    assert [frame for run in runs for frame in frames_of(LARGE, run)][:120] == list(range(120))
    assert len(runs) == min(workers, len(parts_of(replace(LARGE, seconds=9.0))))


@pytest.mark.parametrize("workers", [2, 3, 4])
def test_the_file_does_not_depend_on_how_many_draw_it(workers: int) -> None:
    assert in_runs(LARGE, workers) == render(LARGE)


@pytest.mark.parametrize(
    "changes",
    [
        {"loop": True},
        {"fps": Fraction(24000, 1001)},
        {"frame0": Keyframe(png(photo()))},
        {"frame0": Keyframe(png(photo())), "frame1": Keyframe(png(photo()))},
        {"style_refs": (Reference(png(photo())),)},
        {"prompt": "an oil painting of a stormy sea, camera roll left", "concepts": ("dolly_zoom",)},
    ],
)
def test_whatever_is_asked_for_is_the_same_in_two_runs(changes: dict[str, Any]) -> None:
    brief = replace(LARGE, **changes)
    assert in_runs(brief, 2) == render(brief)


def test_sound_is_carried_into_what_several_have_drawn() -> None:
    loud = render(Brief("video", "rain", edit=Soundtrack(render(small(seconds=5.0)))))
    brief = replace(LARGE, sound=loud)
    data = in_runs(brief, 2)
    assert data == render(brief)
    with av.open(io.BytesIO(data), "r") as container:
        assert container.streams.audio


def test_frames_follow_each_other_evenly_across_parts() -> None:
    with av.open(io.BytesIO(render(LARGE)), "r") as container:
        times = [frame.time for frame in container.decode(video=0)]
    steps = [later - earlier for earlier, later in itertools.pairwise(time for time in times if time is not None)]
    assert len(steps) == 119
    assert all(abs(step - 1 / 24) < 1e-3 for step in steps)


def test_the_index_comes_first() -> None:
    data = render(LARGE)
    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(
    "brief", [small(), still(), replace(LARGE, edit=Modify(b"", 0.5))], ids=["small", "picture", "edit"]
)
def test_what_is_not_worth_dividing_is_one_run(brief: Brief) -> None:
    assert runs_of(brief, 4) == [range(len(parts_of(brief)))]


def test_a_worker_that_is_ready_has_loaded_what_draws() -> None:
    get_ready()
    assert decoded(render(small())).frames
