"""The subject of a prompt is seen: large, in its colours, in its place, moving as the prompt says."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dream_nb.studio.render import Brief, Modify, Soundtrack, frame_size, join_runs, render, render_run
from dream_nb.studio.render.scene import Scene
from dream_nb.studio.render.stage import of
from dream_nb.studio.render.subjects import art as arts
from dream_nb.studio.render.subjects.openmoji import CREDIT, cropped, rendered, rendered_content
from tests.studio.render.clips import F64, U8, decoded, small, still

# A subject's pixels differ by more levels than this from the scene without it.
_SEEN = 14


def pictures(brief: Brief, frame: int = 0) -> tuple[U8, U8]:
    """A frame with its subjects and the same frame without them, height x width x 3."""
    scene = Scene(of(brief))
    shown = scene.frame(frame).rgb()
    scene.puppets = []
    return shown, scene.frame(frame).rgb()


def mask(brief: Brief, frame: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """The mask of the subjects in a frame."""
    shown, scene = (picture.astype(int) for picture in pictures(brief, frame))
    return np.asarray(np.abs(shown - scene).max(axis=2) > _SEEN)


def colour(prompt: str) -> F64:
    """The median colour of a prompt's subject, 0 to 255."""
    brief = still(prompt, width=640, height=360)
    shown, _ = pictures(brief)
    return np.asarray(np.median(shown[mask(brief)].astype(float), axis=0))


def place(brief: Brief, frame: int) -> tuple[float, float]:
    """Row and column of the centre of the visible subjects."""
    rows, columns = np.nonzero(mask(brief, frame))
    return float(rows.mean()), float(columns.mean())


def clip(prompt: str, **fields: Any) -> Brief:
    return small(prompt, width=320, height=180, seconds=5.0, **fields)


@pytest.mark.parametrize("rows", [97, 331])
@pytest.mark.parametrize(
    "art", [arts.plain("1F408"), arts.plain("1F409"), arts.person("1F469", "1F3FC"), arts.robot("1F916")]
)
def test_rendering_only_the_content_gives_the_same_pixels(art: arts.Art, rows: int) -> None:
    field = (art.width, art.height)
    whole = cropped(rendered(art.inside, field, rows))
    content = rendered_content(art.inside, field, rows, rendered(art.inside, field, round(art.height)))
    assert content.shape == whole.shape
    # Rounding differs in a few pixels at edges.
    assert (np.abs(content.astype(int) - whole).max(axis=2) > 0).mean() < 0.005


@pytest.mark.parametrize(
    "prompt",
    ["a cat on a meadow", "a cheeseburger", "a woman in a red dress", "a panda in the snow", "a sports car at noon",
     "an eagle over mountains", "a whale in the ocean", "a giant robot in a city"],
)  # fmt: skip
@pytest.mark.parametrize("take", [1, 2, 3])
def test_one_subject_is_large(prompt: str, take: int) -> None:
    covered = mask(still(prompt, width=320, height=180, take=take))
    assert 0.08 < covered.mean() < 0.3
    assert covered.any(axis=1).mean() > 0.2


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"])
def test_it_is_whole_in_every_ratio(ratio: str) -> None:
    width, height = (side // 4 for side in frame_size(ratio, "540p"))
    covered = mask(still("a cat on a meadow", width=width, height=height))
    assert covered.mean() > 0.03
    assert not covered[:, 0].any()
    assert not covered[:, -1].any()


@pytest.mark.parametrize(("name", "channel"), [("red", 0), ("green", 1), ("blue", 2)])
def test_a_colour_is_seen_on_its_subject(name: str, channel: int) -> None:
    tones = colour(f"a {name} cat on a meadow at noon")
    assert np.argmax(tones) == channel
    assert tones[channel] > 1.3 * np.delete(tones, channel).max()


def test_the_snow_below_a_red_fox_is_white() -> None:
    _, scene = pictures(still("a red fox in the snow at noon"))
    red, _, blue = scene[70:].reshape(-1, 3).mean(axis=0)
    assert red < blue + 10


def test_black_and_white_are_told_apart() -> None:
    black, white = (colour(f"a {name} cat on a meadow at noon").mean() for name in ("black", "white"))
    assert white > black + 90


@pytest.mark.parametrize(
    ("prompt", "way"), [("a cat running on a meadow", 0.15), ("a red car driving", 0.15), ("a cat sleeping", 0.0)]
)
def test_who_runs_gets_somewhere_and_who_sleeps_does_not(prompt: str, way: float) -> None:
    brief = clip(f"{prompt}, camera static")
    travelled = abs(place(brief, 119)[1] - place(brief, 0)[1]) / 320
    assert travelled >= way if way else travelled < 0.05


def test_who_jumps_leaves_the_ground_and_what_lands_comes_down() -> None:
    jumps = [place(clip("a cat jumping, camera static"), frame)[0] for frame in range(0, 120, 3)]
    assert max(jumps) - min(jumps) > 6
    lands = [place(clip("a rocket landing on mars, camera static"), frame)[0] for frame in (0, 60, 119)]
    assert lands[0] + 15 < lands[1]
    assert lands[1] + 15 < lands[2]


def test_each_of_several_is_seen() -> None:
    one, three = (
        mask(still(f"{count} on the ice", width=640, height=360)) for count in ("a penguin", "three penguins")
    )
    gaps = np.flatnonzero(np.diff(three.any(axis=0).astype(int)))
    assert three.any(axis=0).mean() > one.any(axis=0).mean()
    assert len(gaps) >= 5


def test_takes_differ_in_place_or_size() -> None:
    places = [mask(still("a cat on a meadow", width=320, height=180, take=take)) for take in range(1, 5)]
    for at, one in enumerate(places):
        for other in places[at + 1 :]:
            assert (one ^ other).sum() > 0.2 * one.sum()


def test_a_loop_leads_back_to_its_first_frame() -> None:
    brief = clip("a cat running on a meadow", loop=True)
    scene = Scene(of(brief))
    frames = [scene.frame(number).y.astype(int) for number in (0, 1, 119)]
    assert np.abs(frames[2] - frames[0]).mean() < 2.5 * np.abs(frames[1] - frames[0]).mean() + 0.5


def test_runs_of_a_clip_are_the_same_file_as_the_whole() -> None:
    brief = small("a cat running on a meadow", seconds=2.5)
    runs = [range(1), range(1, 2)]
    assert join_runs(brief, [render_run(brief, run) for run in runs]) == render(brief)


def test_a_file_says_whose_drawing_it_shows() -> None:
    own, none = (render(small(prompt)) for prompt in ("a cat on a meadow", "a meadow"))
    assert decoded(own).tags["copyright"] == CREDIT
    assert "copyright" not in decoded(none).tags
    assert CREDIT in Image.open(io.BytesIO(render(still("a cat")))).info["comment"].decode()


def test_what_is_made_of_such_a_file_says_it_too() -> None:
    source = render(small("a cat on a meadow"))
    for edit in (Modify(source, 0.5), Soundtrack(source)):
        assert decoded(render(Brief("video", "rain", edit=edit))).tags["copyright"] == CREDIT


def test_a_subject_is_drawn_in_the_style_of_the_scene() -> None:
    tones = colour("film noir, a red cat in the rain")
    assert np.ptp(tones) < 6


def test_water_mirrors_what_swims_on_it() -> None:
    scene = Scene(of(still("a swan on a calm lake at noon", width=640, height=360)))
    shown = scene.frame(0).y.astype(int)
    assert all(puppet.mirror is not None for puppet in scene.puppets)
    scene.puppets = [replace(puppet, mirror=None) for puppet in scene.puppets]
    row = round(scene.puppets[0].ground)
    changed = np.abs(shown - scene.frame(0).y) > 3
    assert changed[row + 2 :].any()
    assert not changed[: row - 8].any()


def test_an_umbrella_is_held_over_the_head() -> None:
    brief = still("a woman with a red umbrella on a meadow at noon", width=320, height=180)
    shown, _ = pictures(brief)
    rows, _ = np.nonzero(mask(brief))
    red = mask(brief) & (shown[..., 0].astype(int) > 2 * shown[..., 2])
    assert np.median(np.nonzero(red)[0]) < rows.min() + 0.3 * (rows.max() - rows.min())


@pytest.mark.parametrize("word", ["surfer", "dancer", "runner"])
def test_who_is_drawn_from_head_to_foot_wears_the_colour_of_the_prompt(word: str) -> None:
    red, blue = (colour(f"a {word} in {name} on a meadow at noon") for name in ("red", "blue"))
    assert red[0] > 1.5 * red[2]
    assert blue[2] > 1.5 * blue[0]


@pytest.mark.parametrize("prompt", ["a school of fish", "a shark"])
def test_what_swims_with_nothing_around_it_is_seen_under_water(prompt: str) -> None:
    assert of(still(prompt)).plan.land == "deep"
