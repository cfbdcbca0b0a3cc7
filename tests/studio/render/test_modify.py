"""A modified video keeps the motion and layout of its source, and gets the look of the prompt."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dream_nb.studio.render import Modify, RenderError, render
from dream_nb.studio.render.edits.edited import edited
from tests.studio.render.clips import F64, U8, decoded, distance, png, psnr, rgb_frames, still
from tests.studio.render.sources import drawn, edit_of, heard, panning, written

MODES = [step / 8 for step in range(9)]
LAKE = "a lake with mountains at noon, camera move right"
PAIRS = [
    (LAKE, "winter, snow"),
    ("a city skyline at night", "noir, heavy rain"),
    (LAKE, "pixel art, sunset"),
    (LAKE, ""),
]


def shown(source: bytes, strength: float, prompt: str, **fields: Any) -> list[U8]:
    return [shot.rgb() for shot in edited(edit_of(Modify(source, strength, **fields), prompt)).shots]


def away(source: bytes, clip: list[U8]) -> float:
    return float(np.mean([distance(a, b) for a, b in zip(decoded(source).frames, clip, strict=True)]))


def changes(clip: list[U8]) -> F64:
    """How the brightness of each cell of a 9 x 16 grid has changed since the first frame."""
    grey = np.stack([f.astype(float).mean(axis=2).reshape(9, 10, 16, 10).mean(axis=(1, 3)) for f in clip])
    changed: F64 = (grey - grey[0])[1:].ravel()
    return changed


@pytest.mark.parametrize(("scene", "prompt"), PAIRS)
def test_each_mode_goes_further_from_the_source(scene: str, prompt: str) -> None:
    source = drawn(scene, 0.5)
    far = [away(source, shown(source, mode, prompt)) for mode in MODES]
    assert all(later > earlier * 1.01 for earlier, later in pairwise(far)), far
    assert far[0] > 1
    assert far[-1] > 2 * far[0]


@pytest.mark.parametrize("prompt", ["winter, snow", "a city at night", "watercolor, petals", ""])
def test_the_picture_moves_as_in_the_source_at_every_mode(prompt: str) -> None:
    source = written(panning())
    wanted = changes(decoded(source).frames)
    for mode in MODES[::2]:
        assert np.corrcoef(wanted, changes(shown(source, mode, prompt)))[0, 1] > 0.55


def test_a_moment_at_which_the_source_changes_changes_the_result() -> None:
    one, other = panning(6, 0, seed=1), panning(6, 0, seed=2)
    clip = shown(written(one + other), 1.0, "a forest")
    steps = [distance(a, b) for a, b in pairwise(clip)]
    assert int(np.argmax(steps)) == 5
    assert steps[5] > 3 * float(np.median(steps))


@pytest.mark.parametrize(
    "prompt", ["winter, snow, night", "desert dunes at sunset", "watercolor, cherry blossom at dawn"]
)
def test_colours_come_nearer_to_those_of_the_prompt(prompt: str) -> None:
    source = drawn("green hills at noon", 0.25)
    goal = next(iter(edited_scene(prompt))).mean(axis=(0, 1))
    before = np.abs(decoded(source).frames[0].mean(axis=(0, 1)) - goal).sum()
    gaps = [np.abs(shown(source, mode, prompt)[0].mean(axis=(0, 1)) - goal).sum() for mode in (0.0, 0.5, 1.0)]
    assert before > gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 0.5 * before


def edited_scene(prompt: str) -> list[U8]:
    return list(rgb_frames(still(prompt)))


@pytest.mark.parametrize("falls", ["heavy rain", "snowfall", "petals"])
@pytest.mark.parametrize("mode", [0.0, 1.0])
def test_weather_moves_over_a_source_that_stands_still(falls: str, mode: float) -> None:
    source = written([panning(1)[0]] * 6)
    dry = shown(source, mode, "hills, static shot")
    wet = shown(source, mode, f"hills, {falls}, static shot")

    def change(clip: list[U8]) -> float:
        # The largest changes: weather covers few pixels, but changes them more than grain does.
        return float(
            np.mean([np.sort(np.abs(a.astype(int) - b).max(axis=2).ravel())[-150:].mean() for a, b in pairwise(clip)])
        )

    assert change(wet) > change(dry) + 10


def test_coarse_pixels_are_those_of_the_style() -> None:
    source = drawn("green hills at noon", 0.1, 640, 360)
    frame = shown(source, 0.5, "pixel art")[0].astype(int)
    same = (np.abs(np.diff(frame, axis=1)).max(axis=2) == 0).mean()
    assert same > 0.4


def test_the_first_frame_counts() -> None:
    source = drawn(LAKE, 1.0)
    red = np.zeros((90, 160, 3), np.uint8)
    red[..., 0] = np.linspace(90, 250, 160)[None, :]
    red[30:60, 40:80] = 200
    clip = shown(source, 0.5, "hills", first_frame=png(red))
    plain = shown(source, 0.5, "hills")
    assert psnr(clip[0], red) > 25

    def redness(frame: U8) -> float:
        return float(frame[..., 0].mean() - frame[..., 1].mean())

    assert redness(clip[-1]) > redness(plain[-1]) + 20


def test_a_first_frame_that_is_no_picture_is_refused() -> None:
    with pytest.raises(RenderError, match=r"^Failed to read user input frames$"):
        render(edit_of(Modify(drawn(LAKE, 0.25), 0.5, b"<html>"), "hills"))


def test_a_loop_stays_one() -> None:
    source = drawn("snow over hills, camera pan left", 2.0, loop=True)
    clip = shown(source, 1.0, "rain, a castle")
    steps = [distance(a, b) for a, b in pairwise(clip)]
    assert distance(clip[-1], clip[0]) <= 1.5 * float(np.median(steps))


def test_size_rate_length_and_sound_are_those_of_the_source() -> None:
    source = written(panning(12), sound=1.0)
    data = render(edit_of(Modify(source, 0.5), "winter", tags=(("prompt", "wínter"),)))
    clip = decoded(data)
    assert (len(clip.frames), clip.frames[0].shape, clip.rate) == (12, (90, 160, 3), 12.0)
    assert clip.tags["prompt"] == "wínter"
    assert abs(len(heard(data)) / 48_000 - 1.0) < 0.06
    assert float(np.abs(heard(data)).max()) > 0.5


def test_progress_and_thumbnail_are_written(tmp_path: Path) -> None:
    render(edit_of(Modify(drawn(LAKE, 0.25), 0.5), "winter"), tmp_path / "progress", tmp_path / "first.jpg")
    assert float((tmp_path / "progress").read_text()) == 1.0
    with Image.open(tmp_path / "first.jpg") as image:
        assert image.size == (160, 90)


def test_two_processes_give_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "source.mp4").write_bytes(drawn(LAKE, 0.25))
    script = (
        "import sys, hashlib\nfrom pathlib import Path\nfrom dream_nb.studio.render import *\n"
        f"source = Path({str(tmp_path / 'source.mp4')!r}).read_bytes()\n"
        "for edit in (Modify(source, 1.0), Reframe(source, '1:1')):\n"
        "    print(hashlib.sha256(render(Brief('video', 'winter, snow', edit=edit))).hexdigest())\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(set(runs[0].split())) == 2
