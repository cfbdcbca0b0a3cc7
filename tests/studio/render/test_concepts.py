"""Each concept of the API has its own visible effect, and keeps the scene."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dream_nb.api.request_models import CONCEPTS
from dream_nb.studio.render import render
from dream_nb.studio.render.stage import of
from tests.studio.render.clips import F64, U8, decoded, distance, rgb_frames, small, still
from tests.studio.render.test_camera import magnified, shift

PAGODA = "a pagoda on a hill above a lake at noon"
LAKE = "a serene lake at sunset"
SNOW = "snowy mountains at noon, pine trees"

# These show the scene from viewpoints whose forms cannot be compared.
ELSEWHERE = ["overhead", "tiny_planet"]


@functools.cache
def clip(concept: str = "", prompt: str = PAGODA, take: int = 1, loop: bool = False, fps: int = 1) -> list[U8]:
    """A clip of five seconds, with a concept or without one."""
    concepts = (concept,) if concept else ()
    return list(
        rgb_frames(small(prompt, take=take, width=160, height=90, seconds=5.0, fps=fps, loop=loop, concepts=concepts))
    )


def differs(one: list[U8], other: list[U8]) -> float:
    return float(np.mean([distance(a, b) for a, b in zip(one, other, strict=True)]))


def tones(shown: list[U8]) -> F64:
    """The distribution of the levels of red, green and blue in a clip, as quantiles."""
    pixels = np.stack(shown[1:]).reshape(-1, 3).astype(float)
    levels: F64 = np.quantile(pixels, np.linspace(0.02, 0.98, 25), axis=0)
    return levels


def edges(picture: U8, across: float = 1.0, down: float = 1.0) -> F64:
    """The edges in the middle of a picture, stretched."""
    height, width, _ = picture.shape
    wide, high = width / across, height / down
    image = Image.fromarray(picture).resize(
        (width, height),
        Image.Resampling.BILINEAR,
        box=(max(0.0, (width - wide) / 2), 0.0, min(width, (width + wide) / 2), min(float(height), high)),
    )
    grey = np.asarray(image, float).mean(axis=2)
    rise = np.hypot(grey[1:-1, 2:] - grey[1:-1, :-2], grey[2:, 1:-1] - grey[:-2, 1:-1])
    centred: F64 = rise - rise.mean()
    return centred


def alike(one: U8, other: U8) -> float:
    """How well the edges of a picture match those of another, which may be shifted and somewhat enlarged."""
    seen = edges(one)
    size = (2 * seen.shape[0], 2 * seen.shape[1])
    best = 0.0
    for across in (1.0, 1.2, 1.45):
        for down in (1.0, across):
            wanted = edges(other, across, down)
            fit = np.fft.ifft2(np.conj(np.fft.fft2(wanted, size)) * np.fft.fft2(seen, size)).real
            best = max(best, float(fit.max() / np.sqrt((seen**2).sum() * (wanted**2).sum())))
    return best


def moved(concept: str, prompt: str = "a forest valley with clouds") -> tuple[float, float]:
    """The pixels to the right and down by which the picture moves in a clip."""
    shown = list(rgb_frames(small(prompt, width=320, height=180, seconds=5.0, fps=4, concepts=(concept,))))
    steps = [shift(a, b) for a, b in zip(shown[::2], shown[2::2], strict=False)]
    return float(np.sum([x for x, _ in steps])), float(np.sum([y for _, y in steps]))


@pytest.mark.parametrize("concept", CONCEPTS)
def test_a_concept_is_seen(concept: str) -> None:
    assert differs(clip(concept), clip()) > 0.8


def test_no_concept_looks_like_another() -> None:
    close = [
        (one, other, round(differs(clip(one), clip(other)), 1))
        for at, one in enumerate(CONCEPTS)
        for other in CONCEPTS[:at]
        if differs(clip(one), clip(other)) < 3.0
    ]
    assert close == []


@pytest.mark.parametrize("concept", [concept for concept in CONCEPTS if concept != "overhead"])
@pytest.mark.parametrize(("prompt", "other"), [(LAKE, SNOW), (SNOW, LAKE)])
def test_a_concept_keeps_the_colours_of_the_scene(concept: str, prompt: str, other: str) -> None:
    shown = tones(clip(concept, prompt))
    own, foreign = (np.abs(shown - tones(clip("", p))).mean() for p in (prompt, other))
    assert own < 0.6 * foreign


@pytest.mark.parametrize("prompt", [LAKE, SNOW])
def test_from_overhead_where_no_sky_is_seen_a_scene_is_as_warm_as_from_the_side(prompt: str) -> None:
    above, aside = (red - blue for red, _, blue in (tones(clip(c, prompt)).mean(axis=0) for c in ("overhead", "")))
    assert abs(above) > 10.0
    assert (above > 0) == (aside > 0)


@pytest.mark.parametrize("concept", [c for c in CONCEPTS if c not in (*ELSEWHERE, "high_angle")])
def test_a_concept_keeps_the_composition_of_the_take(concept: str) -> None:
    own, *others = (
        max(alike(shot, clip("", take=take)[2]) for shot in (clip(concept)[2], clip(concept)[-1])) for take in (1, 2, 3)
    )
    assert own > 1.05 * max(others)


@pytest.mark.parametrize("concept", [*ELSEWHERE, "high_angle"])
def test_another_take_is_another_composition_from_every_place(concept: str) -> None:
    assert differs(clip(concept), clip(concept, take=2)) > 6.0


@pytest.mark.parametrize("concept", CONCEPTS)
def test_a_concept_takes_part_in_no_choice_of_the_scene(concept: str) -> None:
    plain, shown = (of(small(PAGODA, concepts=concepts)) for concepts in ((), (concept,)))
    assert (shown.light, shown.sun_x, shown.plan.seed) == (plain.light, plain.sun_x, plain.plan.seed)
    kept = [name for name in type(plain.plan).__slots__ if name != "motion"]
    assert [getattr(shown.plan, name) for name in kept] == [getattr(plain.plan, name) for name in kept]


@pytest.mark.parametrize("kind", ["pan", "truck"])
def test_the_picture_moves_right_when_the_camera_goes_left(kind: str) -> None:
    assert moved(f"{kind}_left")[0] > 12
    assert moved(f"{kind}_right")[0] < -12


@pytest.mark.parametrize("kind", ["tilt", "pedestal"])
def test_the_picture_moves_down_when_the_camera_goes_up(kind: str) -> None:
    assert moved(f"{kind}_up")[1] > 6
    assert moved(f"{kind}_down")[1] < -6


@pytest.mark.parametrize(("concept", "sign"), [("crane_up", 1), ("crane_down", -1)])
def test_near_ground_sinks_when_a_crane_rises(concept: str, sign: int) -> None:
    shown = list(rgb_frames(small("hills", width=320, height=180, seconds=5.0, fps=4, concepts=(concept,))))
    steps = [shift(a[110:], b[110:])[1] for a, b in pairwise(shown)]
    assert sign * float(np.sum(steps)) > 6


@pytest.mark.parametrize(("concept", "sign"), [("orbit_left", 1), ("orbit_right", -1)])
def test_an_orbit_moves_what_is_near_one_way_and_what_is_far_the_other(concept: str, sign: int) -> None:
    shown = list(rgb_frames(small("hills, trees", width=320, height=180, seconds=5.0, fps=4, concepts=(concept,))))
    far, near = (
        sign * float(np.sum([shift(a[part], b[part])[0] for a, b in pairwise(shown)]))
        for part in (slice(0, 90), slice(140, 180))
    )
    assert near > 8
    assert far < -8


def growth(first: U8, last: U8) -> float:
    """The factor by which the last picture is enlarged, compared with the first."""
    scales = [0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.6]
    errors = [
        distance(magnified(first, by), last) if by >= 1 else distance(first, magnified(last, 1 / by)) for by in scales
    ]
    return scales[int(np.argmin(errors))]


@pytest.mark.parametrize("concept", ["zoom_in", "push_in", "pov"])
def test_the_picture_grows_when_the_camera_goes_in(concept: str) -> None:
    assert growth(clip(concept)[0][:70], clip(concept)[-1][:70]) >= 1.1


@pytest.mark.parametrize("concept", ["zoom_out", "pull_out"])
def test_the_picture_shrinks_when_the_camera_goes_out(concept: str) -> None:
    assert growth(clip(concept)[0], clip(concept)[-1]) <= 0.9


@pytest.mark.parametrize(("concept", "sign"), [("roll_left", -1), ("roll_right", 1)])
def test_a_rolling_camera_turns_the_picture(concept: str, sign: int) -> None:
    first, last = clip(concept)[0], clip(concept)[-1]
    turns = [-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0]
    middle = (slice(20, 70), slice(30, 130))
    errors = [
        distance(np.asarray(Image.fromarray(first).rotate(t, Image.Resampling.BILINEAR))[middle], last[middle])
        for t in turns
    ]
    assert sign * turns[int(np.argmin(errors))] > 0


def test_a_static_camera_leaves_the_land_in_its_place() -> None:
    assert shift(clip("static")[0], clip("static")[-1]) == (0.0, 0.0)


def test_a_handheld_camera_shakes_and_comes_back() -> None:
    shown = clip("handheld", fps=8)
    ways = np.array([shift(shown[0], other)[1] for other in shown])
    assert np.ptp(ways) >= 2
    assert np.sum(np.diff(np.sign(np.diff(ways))) != 0) > 4


def test_a_dolly_zoom_enlarges_the_far_and_leaves_the_near() -> None:
    shown = list(rgb_frames(small(PAGODA, width=320, height=180, seconds=5.0, fps=1, concepts=("dolly_zoom",))))
    still_ = list(rgb_frames(small(PAGODA, width=320, height=180, seconds=5.0, fps=1, concepts=("static",))))
    assert growth(shown[0][:140], shown[-1][:140]) >= 1.2
    assert distance(shown[-1][174:], still_[-1][174:]) < 0.4 * distance(shown[-1][:140], still_[-1][:140])


def test_a_bolt_is_over_in_a_moment_and_settles() -> None:
    shown = clip("bolt_cam", fps=8)
    steps = [distance(a, b) for a, b in pairwise(shown)]
    assert max(steps) > 5 * float(np.median(steps))
    assert int(np.argmax(steps)) < len(steps) // 2
    assert shift(shown[-4], shown[-1]) == (0.0, 0.0)


def test_elevator_doors_open_on_the_scene() -> None:
    shown, scene = clip("elevator_doors"), clip()
    inside = (slice(10, 80), slice(20, 140))
    hidden = [distance(a[inside], b[inside]) for a, b in zip(shown, scene, strict=True)]
    assert hidden[0] > 20
    assert hidden[-1] < 1
    # They open in the middle.
    assert distance(shown[0][10:80, 79:81], scene[0][10:80, 79:81]) < 0.5 * hidden[0]


def test_elevator_doors_close_at_the_end_of_a_loop() -> None:
    shown, scene = clip("elevator_doors", loop=True, fps=4), clip(loop=True, fps=4)
    hidden = [distance(a, b) for a, b in zip(shown, scene, strict=True)]
    assert hidden[-1] > 20
    assert hidden[len(hidden) // 2] < 0.3 * hidden[-1]


def test_a_tiny_planet_has_the_ground_in_its_middle_and_the_sky_around_it() -> None:
    planet, scene = (next(iter(rgb_frames(still("desert dunes at noon", concepts=c)))) for c in (("tiny_planet",), ()))
    ground, sky = scene[-25:].mean(axis=(0, 1)), scene[:25].mean(axis=(0, 1))
    middle = planet[35:55, 70:90].mean(axis=(0, 1))
    rim = np.concatenate([planet[:4].reshape(-1, 3), planet[-4:].reshape(-1, 3)]).mean(axis=0)
    assert np.abs(middle - ground).sum() < np.abs(middle - sky).sum()
    assert np.abs(rim - sky).sum() < np.abs(rim - ground).sum()


def test_a_tiny_planet_turns() -> None:
    first, last = clip("tiny_planet", fps=4)[0], clip("tiny_planet", fps=4)[-1]
    middle = (slice(15, 75), slice(50, 110))
    turns = range(-180, 180, 10)
    errors = [
        distance(np.asarray(Image.fromarray(first[middle]).rotate(t, Image.Resampling.BILINEAR)), last[middle])
        for t in turns
    ]
    assert abs(turns[int(np.argmin(errors))]) >= 30


def test_the_lower_the_camera_the_more_sky_is_seen() -> None:
    def sky(concept: str) -> float:
        shot = next(iter(rgb_frames(still("desert dunes at noon", concepts=(concept,))))).astype(int)
        return float((shot[..., 2] > shot[..., 0]).mean())

    order = ["overhead", "high_angle", "eye_level", "low_angle", "ground_level"]
    shares = [sky(concept) for concept in order]
    assert shares == sorted(shares)
    assert shares[0] < 0.05
    assert shares[-1] > 0.7


def test_an_aerial_view_rises_and_a_drone_flies_on() -> None:
    from dream_nb.studio.render.camera import Camera

    aerial, drone = (of(small(concepts=(key,))) for key in ("aerial", "aerial_drone"))
    for stage in (aerial, drone):
        assert stage.horizon < 0.45 * stage.height
    ends = {
        key: [c.lens(f)[0] for f in (0, 119)]
        for key, c in (("aerial", Camera(aerial.plan.motion, 120, 5.0)), ("drone", Camera(drone.plan.motion, 120, 5.0)))
    }
    assert ends["drone"][1] > 1.3 * ends["drone"][0]
    assert aerial.camera.offset(0, 0.9)[1] < aerial.camera.offset(aerial.frames - 1, 0.9)[1]


@pytest.mark.parametrize("concept", ["over_the_shoulder", "selfie"])
def test_somebody_stands_before_the_scene_and_sways(concept: str) -> None:
    shown, scene = clip(concept, fps=4), clip("static", fps=4)
    covered = [np.abs(a.astype(int) - b).max(axis=2) > 25 for a, b in zip(shown, scene, strict=True)]
    # The figure is on one side only, and stands on the lower edge of the frame.
    sides = sorted(float(c[60:, part].mean()) for c in covered[:1] for part in (slice(0, 80), slice(80, 160)))
    assert sides[1] > 0.45
    assert sides[0] < 0.35
    columns = [float(np.average(np.arange(160), weights=c[30:60].sum(axis=0) + 1e-9)) for c in covered]
    assert np.ptp(columns) > 1.0


def test_a_shoulder_is_dark_and_a_face_is_not() -> None:
    scene = clip("static", LAKE)[0].astype(int)
    light = {}
    for concept in ("over_the_shoulder", "selfie"):
        shot = clip(concept, LAKE)[0].astype(int)
        person = np.abs(shot - scene).max(axis=2) > 25
        light[concept] = float(shot[person].mean())
    assert light["over_the_shoulder"] < 60 < light["selfie"]


def test_steps_are_felt_in_a_point_of_view() -> None:
    shown = clip("pov", fps=12)
    ways = np.cumsum([shift(a[:60], b[:60])[1] for a, b in pairwise(shown)])
    assert np.sum(np.diff(np.sign(np.diff(ways[np.flatnonzero(np.diff(ways, prepend=0.0))]))) != 0) >= 6


@pytest.mark.parametrize("concept", CONCEPTS)
def test_a_loop_with_a_concept_leads_back_to_its_first_frame(concept: str) -> None:
    shown = list(rgb_frames(small(PAGODA, width=96, height=54, seconds=2.0, fps=12, loop=True, concepts=(concept,))))
    steps = [distance(a, b) for a, b in pairwise(shown)]
    assert distance(shown[-1], shown[0]) <= 1.2 * float(np.quantile(steps, 0.9))


@pytest.mark.parametrize("concepts", [("hyperlapse",), ("", "Zoom_In"), ("zoom in",)])
def test_an_unknown_key_changes_nothing(concepts: tuple[str, ...]) -> None:
    for one, other in zip(rgb_frames(small(concepts=concepts)), rgb_frames(small()), strict=True):
        assert np.array_equal(one, other)


def test_an_unknown_key_leaves_the_known_ones_as_they_are() -> None:
    shown = [list(rgb_frames(small(concepts=c))) for c in (("zoom_in",), ("hyperlapse", "zoom_in", "zoom_in"))]
    assert np.array_equal(shown[0], shown[1])


def test_the_camera_of_a_concept_takes_the_place_of_the_habit_and_adds_to_what_the_prompt_asks_for() -> None:
    from dream_nb.studio.render.camera import asked, named, sum_of

    pan, tilt = named("camera pan left"), named("camera tilt up")
    assert of(small(LAKE, concepts=("pan_left",))).plan.motion == pan
    assert of(small(f"{LAKE}, camera tilt up", concepts=("pan_left",))).plan.motion == sum_of([tilt, pan])
    assert of(small(LAKE, concepts=("pan_left", "tilt_up"))).plan.motion == sum_of([pan, tilt])
    assert of(small(f"{LAKE}, camera tilt up", concepts=("selfie",))).plan.motion != asked("camera tilt up")


def test_several_concepts_act_at_once() -> None:
    both = clip_of("low_angle", "over_the_shoulder", "elevator_doors")
    for alone in (("low_angle",), ("over_the_shoulder",), ("elevator_doors",), ("low_angle", "over_the_shoulder")):
        assert differs(both, clip_of(*alone)) > 3


def clip_of(*concepts: str) -> list[U8]:
    return list(rgb_frames(small(PAGODA, seconds=5.0, fps=1, concepts=concepts)))


SIZES = [(16, 16), (64, 36), (36, 64), (84, 36), (36, 84), (50, 30)]


@pytest.mark.parametrize("concept", CONCEPTS)
def test_every_size_land_and_style_is_drawn(concept: str) -> None:
    prompts = ["the sea", "a coral reef", "a city at night", "pixel art castle", "synthwave hills", "xyzzy"]
    ways: list[dict[str, Any]] = [{}, {"model": "ray-flash-2"}, {"loop": True}]
    for at, ((width, height), prompt) in enumerate(zip(SIZES, prompts, strict=True)):
        fields = ways[(at + CONCEPTS.index(concept)) % 3]
        brief = small(prompt, width=width, height=height, seconds=0.1, concepts=(concept,), **fields)
        assert [shot.shape for shot in rgb_frames(brief)] == [(height, width, 3)] * 2


@pytest.mark.parametrize("concept", CONCEPTS)
def test_an_image_shows_a_concept(concept: str) -> None:
    plain, shown = (next(iter(rgb_frames(still(PAGODA, concepts=c)))) for c in ((), (concept,)))
    # These concepts are not visible in a single image.
    assert concept in ("static", "dolly_zoom") or distance(plain, shown) > 0.8


def test_equal_briefs_give_equal_pixels_in_every_process() -> None:
    script = (
        "import hashlib, sys\nfrom dream_nb.studio.render import Brief\n"
        "from dream_nb.studio.render.frames import shots\nfrom dream_nb.api.request_models import CONCEPTS\n"
        "for key in CONCEPTS:\n"
        "    brief = Brief('video', 'a castle above a lake', width=48, height=32, seconds=0.05, concepts=(key,))\n"
        "    print(key, hashlib.sha256(b''.join(s.rgb().tobytes() for s in shots(brief))).hexdigest())\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_a_clip_with_concepts_becomes_a_file() -> None:
    shown = decoded(render(small(concepts=("tiny_planet", "elevator_doors"))))
    assert len(shown.frames) == 12


@pytest.mark.parametrize("prompt", ["aerial view of a river through a forest", "a coast from above", "a top-down lake"])
def test_words_ask_for_the_view_from_above_too(prompt: str) -> None:
    assert "from above" in of(small(prompt)).effects
    assert "from above" not in of(small("a river through a forest")).effects
