"""Places other than landscapes: each shows what its words say, moves, and depends only on its brief."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from dream_nb.api.request_models import ASPECT_RATIOS
from dream_nb.studio.render import Brief, Modify, Placing, Reframe, frame_size, stage
from dream_nb.studio.render.edits.edited import edited
from dream_nb.studio.render.frames import shots
from dream_nb.studio.render.places import places
from dream_nb.studio.render.plan import read
from dream_nb.studio.render.sky import weather
from tests.studio.render.clips import F64, U8, distance, rgb_frames, small, still
from tests.studio.render.sources import drawn as landscape
from tests.studio.render.sources import edit_of

PROMPTS = {
    "street": (
        "a street in the rain at night", "a snowy street at noon", "an alley at dusk", "a market", "neon street",
    ),
    "interior": (
        "a library at night", "a cafe in the rain", "a kitchen in the morning", "a bedroom", "a living room in snow",
        "an office at noon", "a workshop",
    ),
    "table": ("a wooden table", "a marble countertop", "a slate table at night", "product shot of a bottle"),
    "macro": ("macro of a leaf", "moss", "dewdrops at dawn"),
    "abstract": ("ink in water", "liquid gold", "smoke", "geometric shapes", "a fractal"),
    "backdrop": ("a studio portrait", "a zxqv brlmpf"),
    "space": ("outer space", "in orbit above the earth", "a space station", "a black hole"),
}  # fmt: skip
ALL = [prompt for prompts in PROMPTS.values() for prompt in prompts]
ONE_EACH = [prompts[0] for prompts in PROMPTS.values()]


@functools.cache
def drawn(prompt: str, width: int = 320, height: int = 180, take: int = 1) -> F64:
    """The picture of a prompt, height x width x 3, 0 to 255."""
    return next(iter(rgb_frames(still(prompt, width=width, height=height, take=take)))).astype(float)


@functools.cache
def film(prompt: str) -> F64:
    """The brightness of a clip of two seconds with a static camera: frames x height x width."""
    brief = small(f"{prompt}, camera static", width=320, height=180, seconds=2.0, fps=6)
    return np.stack([frame.astype(float).mean(axis=2) for frame in rgb_frames(brief)])


def place_of(prompt: str) -> str:
    return read(Brief("image", prompt)).place


def light(picture: F64) -> F64:
    means: F64 = picture.mean(axis=2)
    return means


def fine(picture: F64) -> float:
    """The mean difference of neighbouring pixels in a row."""
    return float(np.abs(np.diff(light(picture), axis=1)).mean())


@pytest.mark.parametrize(("place", "prompt"), [(place, prompt) for place, some in PROMPTS.items() for prompt in some])
def test_words_name_a_place(place: str, prompt: str) -> None:
    assert place_of(prompt) == place


@pytest.mark.parametrize(
    ("prompt", "place"),
    [
        ("a reading room full of books, a bookshelf", "interior"), ("inside an apartment", "interior"),
        ("Tokyo street at night", "street"), ("a cat on a table", "table"), ("still life with flowers", "table"),
        ("close-up of a fern", "macro"), ("molten gold", "abstract"), ("an astronaut in outer space", "space"),
        ("a portrait in the rain", "backdrop"), ("a galaxy", "space"), ("a kaleidoscope", "abstract"),
    ],
)  # fmt: skip
def test_further_words_name_places(prompt: str, place: str) -> None:
    assert place_of(prompt) == place


@pytest.mark.parametrize(
    "prompt",
    ["a castle on a hill", "mountains", "a lake under the galaxy", "a city skyline at night", "a dragon in smoke",
     "a marble temple", "a portrait of the sea", "close-up of a lion", "a forest in the fog", "sunset", "a horse",
     "an alien planet", "noir", "slowly", "leaves fall on a river"],
)  # fmt: skip
def test_landscapes_stay_landscapes(prompt: str) -> None:
    assert place_of(prompt) == ""
    assert places.built(stage.of(Brief("image", prompt, width=64, height=36))) is None


@pytest.mark.parametrize(
    "prompt", ["qwertz", "asdfgh", "a red violoncello", "東京", "12", "\U0001f600", "a shiny xylophone"]
)
def test_what_no_word_tells_stands_before_a_neutral_backdrop(prompt: str) -> None:
    plan = read(Brief("image", prompt))
    assert (plan.place, plan.built) == ("backdrop", ())


@pytest.mark.parametrize(
    ("prompt", "place"),
    [
        ("a giant robot in a city", "street"),
        ("a woman walking in Tokyo at night", "street"),
        ("a city at night", ""),
        ("a dragon flying over a city", ""),
        ("a man at a river in a city", ""),
        ("an anime girl on a rooftop", ""),
    ],
)
def test_who_walks_in_a_city_is_met_in_a_street(prompt: str, place: str) -> None:
    assert place_of(prompt) == place


@pytest.mark.parametrize(
    "prompt", [f"{start}{end}" for start in ("blorp", "vexle", "quim", "zand") for end in "aeiouy"]
)
def test_an_unknown_noun_is_no_castle_nor_balloon(prompt: str) -> None:
    plan = read(Brief("video", prompt))
    assert plan.built == ()
    assert not {name for name, _ in plan.life} - {"birds"}


def test_an_empty_prompt_is_a_landscape() -> None:
    assert [place_of(prompt) for prompt in ("", "  ")] == ["", ""]


def test_a_colour_is_that_of_the_backdrop() -> None:
    for colour, channel in (("red", 0), ("green", 1), ("blue", 2)):
        picture = drawn(f"a {colour} xylophone")
        assert int(np.argmax(picture.mean(axis=(0, 1)))) == channel


def test_a_backdrop_is_smooth() -> None:
    assert fine(drawn("a studio portrait")) < 0.35 * fine(drawn("a library at night"))


def test_a_backdrop_is_light_where_its_lamp_shines() -> None:
    rows = light(drawn("a studio portrait")).reshape(9, 20, 16, 20).mean(axis=(1, 3))
    assert rows.max() > 1.6 * np.median(rows[[0, -1]])


@pytest.mark.parametrize(
    "prompt", ["a library at night", "a cafe at night", "a living room at night", "a bedroom at night"]
)
def test_a_room_at_night_is_warm_and_dark_towards_its_edges(prompt: str) -> None:
    picture = drawn(prompt)
    middle = picture[50:130, 80:240].mean(axis=(0, 1))
    corners = [picture[y, x].mean() for y in (slice(30), slice(150, 180)) for x in (slice(40), slice(280, 320))]
    assert middle[0] > 1.3 * middle[2]
    assert middle.mean() > 1.3 * float(np.mean(corners))


@pytest.mark.parametrize("room", ["kitchen", "bedroom", "office", "library"])
def test_a_room_is_brighter_by_day(room: str) -> None:
    assert light(drawn(f"a {room} at noon")).mean() > 1.15 * light(drawn(f"a {room} at night")).mean()


def test_a_library_is_full_of_books() -> None:
    assert fine(drawn("a library at noon")) > 1.5 * fine(drawn("a bedroom at noon"))


def test_a_fire_flickers() -> None:
    changes = film("a living room at night").std(axis=0)
    # Some pixels flicker, while the rest of the room is still.
    assert np.quantile(changes, 0.999) > 4
    assert np.median(changes) < 1.5


def test_it_rains_in_the_street_and_not_in_the_room() -> None:
    def falling(prompt: str) -> int:
        return len(weather.falling(stage.of(small(prompt))))

    assert falling("a street in the rain") == 1
    assert falling("a kitchen in the rain") == 0
    assert falling("a wooden table, snow") == 0


def test_rain_falls_behind_the_window() -> None:
    dry, wet = (film(f"an office at noon{rain}").std(axis=0) for rain in ("", ", rain"))
    moves = wet > 4
    assert moves.mean() > 2 * (dry > 4).mean() + 0.01
    # Only in the window, which is in the upper part of the room.
    assert np.quantile(np.nonzero(moves)[0], 0.95) < 120


def vanishing(picture: F64) -> tuple[float, float, float]:
    """Where the lines of a picture meet (parts of width and height), and their number relative to the median place."""
    grey = light(picture)
    gy, gx = np.gradient(grey, axis=0), np.gradient(grey, axis=1)
    strong = np.hypot(gx, gy)
    # Only slanted lines count: vertical and horizontal ones are in every picture.
    slant = np.minimum(np.abs(gx), np.abs(gy)) / (np.maximum(np.abs(gx), np.abs(gy)) + 1e-9)
    y, x = np.nonzero((strong > np.quantile(strong, 0.85)) & (slant > 0.15))
    nx, ny = gx[y, x] / strong[y, x], gy[y, x] / strong[y, x]
    height, width = grey.shape
    votes = np.array(
        [
            [float((np.abs((x - px) * nx + (y - py) * ny) < 3.0).mean()) for px in np.linspace(0, width, 17)]
            for py in np.linspace(0, height, 19)
        ]
    )
    row, column = np.unravel_index(int(np.argmax(votes)), votes.shape)
    return column / 16, row / 18, float(votes.max() / np.median(votes))


@pytest.mark.parametrize("prompt", ["a street at noon", "a market at noon", "an alley in the morning"])
def test_the_lines_of_a_street_meet_at_its_end(prompt: str) -> None:
    x, y, votes = vanishing(drawn(prompt, 640, 360))
    assert 0.3 < x < 0.7
    assert 0.45 < y < 0.65
    assert votes > 3


def test_the_shelves_of_a_library_meet_too() -> None:
    x, y, _ = vanishing(drawn("a library at noon", 640, 360))
    assert 0.3 < x < 0.7
    assert 0.3 < y < 0.65


def test_windows_and_lamps_are_lit_at_night() -> None:
    def warm(prompt: str) -> float:
        picture = drawn(prompt)
        return float(((picture[..., 0] > 150) & (picture[..., 0] > picture[..., 2] + 40)).mean())

    assert warm("a street at night") > 0.03
    assert warm("a street at night") > 3 * warm("a street at noon, clear")


def test_a_wet_street_mirrors_its_lights() -> None:
    def striped(prompt: str) -> float:
        """How much the brightness of the road varies from column to column."""
        road = light(drawn(prompt, 640, 360))[270:330]
        return float(np.std(road.mean(axis=0)) / road.mean())

    assert striped("a street at night, heavy rain") > 1.5 * striped("a street at noon")


def test_neon_is_colourful() -> None:
    picture = drawn("neon street", 640, 360)
    colourful = picture.max(axis=2) - picture.min(axis=2)
    assert np.quantile(colourful, 0.99) > 110


@pytest.mark.parametrize("prompt", ["a wooden table", "a marble countertop", "a slate table"])
def test_a_table_has_a_far_edge(prompt: str) -> None:
    # The row where brightness changes most across the whole width.
    rows = light(drawn(prompt)).reshape(180, 8, 40).mean(axis=2)
    at = 10 + int(np.argmax(np.abs(rows[13:] - rows[:-13])[10:140].min(axis=1))) + 6
    assert 0.48 < at / 180 < 0.66


def test_wood_is_brown_and_marble_is_grey() -> None:
    wood, marble = (
        drawn(prompt)[130:].mean(axis=(0, 1)) for prompt in ("a wooden table at noon", "a marble table at noon")
    )
    assert wood[0] > wood[1] > wood[2]
    assert (wood.max() - wood.min()) / wood.max() > 2 * (marble.max() - marble.min()) / marble.max()


def test_a_leaf_is_green_and_drops_glint_on_it() -> None:
    picture = drawn("macro of a leaf at noon", 640, 360)
    green = (picture[..., 1] > picture[..., 0]) & (picture[..., 1] > picture[..., 2])
    assert green.mean() > 0.85
    grey = light(picture)
    glints = (
        (grey[2:-2, 2:-2] > 130) & (grey[2:-2, 2:-2] > grey[:-4, :-4] + 50) & (grey[2:-2, 2:-2] > grey[4:, 4:] + 50)
    )
    assert glints.sum() > 15


@pytest.mark.parametrize("prompt", ["ink in water", "liquid gold", "geometric shapes", "a fractal"])
def test_abstract_matter_moves_everywhere(prompt: str) -> None:
    shown = film(prompt).reshape(-1, 18, 10, 32, 10).mean(axis=(2, 4))
    assert (np.ptp(shown, axis=0) > 4).mean() > 0.9
    still_life = film("a wooden table, camera static").reshape(-1, 18, 10, 32, 10).mean(axis=(2, 4))
    assert (np.ptp(still_life, axis=0) > 4).mean() < 0.2


def test_smoke_rises() -> None:
    shown = film("smoke")
    moving = shown - shown.mean(axis=0)

    def match(up: int) -> float:
        return float((moving[:-1, 24:-24] * np.roll(moving[1:], up, axis=1)[:, 24:-24]).mean())

    assert max(range(-20, 21), key=match) > 0


def test_liquid_gold_is_golden() -> None:
    picture = drawn("liquid gold")
    red, green, blue = picture.mean(axis=(0, 1))
    assert red > green > 1.5 * blue


def test_space_is_dark_with_stars() -> None:
    picture = light(drawn("outer space", 640, 360))
    assert np.median(picture) < 30
    inner = picture[2:-2, 2:-2]
    around = np.max([picture[:-4, 2:-2], picture[4:, 2:-2], picture[2:-2, :-4], picture[2:-2, 4:]], axis=0)
    assert (inner > around + 25).sum() > 60


def test_the_earth_lies_below_an_orbit() -> None:
    picture = drawn("in orbit above the earth")
    sky, earth = picture[:60], picture[130:]
    assert earth.mean() > 2.5 * sky.mean()
    assert earth[..., 2].mean() > earth[..., 0].mean()


def test_a_black_hole_is_dark_within_its_ring() -> None:
    picture = light(drawn("a black hole", 640, 360))
    grown = picture.reshape(36, 10, 64, 10).mean(axis=(1, 3))
    rows, columns = np.nonzero(grown > 70)
    y, x = int(rows.mean()), int(columns.mean())
    assert grown[max(0, y - 4) : y - 1, x - 2 : x + 3].min() < 25


@pytest.mark.parametrize(
    "prompt", ["a library", "a street", "a wooden table", "ink in water", "macro of a leaf", "outer space"]
)
def test_noir_is_grey_in_every_place(prompt: str) -> None:
    picture = drawn(f"noir, {prompt}")
    assert float((picture.max(axis=2) - picture.min(axis=2)).mean()) < 2


@pytest.mark.parametrize("prompt", ["a library at noon", "a street at noon", "moss at noon"])
def test_a_sketch_of_a_place_has_outlines(prompt: str) -> None:
    picture = light(drawn(f"pencil sketch, {prompt}", 640, 360))
    lines = picture[1:-1, 1:-1] < np.minimum(picture[1:-1, :-2], picture[1:-1, 2:]) - 12
    soft = light(drawn(f"pastel, {prompt}", 640, 360))
    assert lines.mean() > 2 * (soft[1:-1, 1:-1] < np.minimum(soft[1:-1, :-2], soft[1:-1, 2:]) - 12).mean() + 0.005


@pytest.mark.parametrize("prompt", ALL)
def test_another_take_of_a_place_is_another_composition(prompt: str) -> None:
    coarse = [drawn(prompt, 160, 90, take).reshape(9, 10, 16, 10, 3).mean(axis=(1, 3)) for take in (1, 2, 3)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(coarse[one] - coarse[other]).mean() > 3


@pytest.mark.parametrize("prompt", ALL)
def test_a_small_picture_of_a_place_shows_what_a_large_one_does(prompt: str) -> None:
    large = drawn(prompt, 640, 360).reshape(9, 40, 16, 40, 3).mean(axis=(1, 3))
    little = drawn(prompt, 160, 90).reshape(9, 10, 16, 10, 3).mean(axis=(1, 3))
    assert np.corrcoef(large.reshape(-1), little.reshape(-1))[0, 1] > 0.93


@pytest.mark.parametrize("prompt", ALL)
def test_a_loop_of_a_place_closes(prompt: str) -> None:
    shown = list(rgb_frames(small(prompt, seconds=2.0, loop=True)))
    steps = [distance(a, b) for a, b in pairwise(shown)]
    assert distance(shown[-1], shown[0]) <= 1.5 * float(np.median(steps)) + 0.05


@pytest.mark.parametrize(
    "prompt", ["a living room at night", "outer space", "dewdrops", "neon street", "a table at night"]
)
def test_each_light_of_a_loop_comes_back(prompt: str) -> None:
    brief = small(f"{prompt}, camera static", seconds=2.0, loop=True)
    shown = np.stack([frame.astype(float).mean(axis=2) for frame in rgb_frames(brief)])
    blocks = shown.reshape(-1, 18, 5, 32, 5).mean(axis=(2, 4))
    steps = np.abs(np.diff(blocks, axis=0)).max()
    assert np.abs(blocks[-1] - blocks[0]).max() <= 1.2 * steps


@pytest.mark.parametrize("prompt", ALL)
def test_a_frame_depends_on_its_number_alone(prompt: str) -> None:
    brief = small(prompt, fps=12)
    whole, later = list(shots(brief)), list(shots(brief, [5, 3]))
    for number, shot in zip((5, 3), later, strict=True):
        for one, other in zip(whole[number].all, shot.all, strict=True):
            assert np.array_equal(one, other)


def test_places_have_equal_pixels_in_every_process_and_on_every_processor() -> None:
    script = (
        "import sys\nfrom dream_nb.studio.render import Brief\nfrom dream_nb.studio.render.frames import shots\n"
        f"for prompt in {ALL!r}:\n"
        "    brief = Brief('video', prompt, width=160, height=90, seconds=0.25, fps=8)\n"
        "    sys.stdout.buffer.write(b''.join(shot.rgb().tobytes() for shot in shots(brief)))\n"
    )
    told = [
        np.frombuffer(
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", script],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed, **features},
                check=True,
                capture_output=True,
            ).stdout,
            np.uint8,
        )
        for seed, features in (("1", {}), ("2", {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3"}))
    ]
    assert np.abs(told[0].astype(int) - told[1]).max() <= 1


@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
@pytest.mark.parametrize("prompt", ONE_EACH)
def test_every_ratio_shows_a_place(prompt: str, ratio: str) -> None:
    width, height = (side // 3 // 2 * 2 for side in frame_size(ratio, "540p"))
    picture = drawn(prompt, width, height)
    assert picture.shape == (height, width, 3)
    # No part of the frame is left empty.
    strips = [picture[:8], picture[-8:], picture[:, :8], picture[:, -8:]]
    assert min(float(strip.max()) for strip in strips) > 12
    assert picture.std() > 5


@pytest.mark.parametrize("size", [(16, 16), (64, 36), (36, 64), (84, 36), (36, 84), (50, 30)])
@pytest.mark.parametrize("prompt", ALL)
def test_the_smallest_frames_are_drawn(prompt: str, size: tuple[int, int]) -> None:
    brief = small(f"{prompt}, camera pan left", width=size[0], height=size[1], seconds=0.1)
    assert [shot.shape for shot in rgb_frames(brief)] == [(size[1], size[0], 3)] * 2


@pytest.mark.parametrize("prompt", ONE_EACH)
@pytest.mark.parametrize("concept", ["dolly_zoom", "overhead", "crane_up", "roll_left", "tiny_planet", "bolt_cam"])
def test_concepts_act_in_every_place(prompt: str, concept: str) -> None:
    brief = small(prompt, seconds=1.0, fps=3, concepts=(concept,))
    assert all(shot.std() > 3 for shot in rgb_frames(brief))


def shift(one: F64, other: F64) -> float:
    """The number of pixels by which a picture is moved to the right, at most 20 either way."""
    profile = [np.diff(part.mean(axis=0)) for part in (one, other)]
    ways = range(-20, 21)
    return max(ways, key=lambda way: float((profile[0][20:-20] * np.roll(profile[1], -way)[20:-20]).sum()))


def test_what_is_near_moves_more_than_what_is_far() -> None:
    brief = small("a library at noon, camera move left", width=640, height=360, seconds=1.0, fps=6)
    shown = [light(frame.astype(float)) for frame in rgb_frames(brief)]
    s = stage.of(brief)
    ways = {near: s.shift(5, near)[0] - s.shift(0, near)[0] for near in (0.15, 0.40)}
    assert abs(shift(shown[0][30:100], shown[-1][30:100]) - ways[0.15]) < 2
    assert ways[0.40] > ways[0.15] + 4


def test_a_place_stands_on_its_ground() -> None:
    for prompt in ALL:
        built = places.built(stage.of(Brief("image", prompt, width=64, height=36)))
        assert built is not None
        assert 0.5 < built.foot <= 1.0
        assert 0.2 < built.size < 0.9
        assert 0.0 <= built.reflects <= 1.0


@pytest.mark.parametrize("prompt", ["a library at night", "neon street", "ink in water", "outer space"])
def test_a_video_takes_the_look_of_a_place(prompt: str) -> None:
    source = landscape("hills at noon", 0.25)
    shown: list[U8] = [shot.rgb() for shot in edited(edit_of(Modify(source, 1.0), prompt)).shots]
    plain: list[U8] = [shot.rgb() for shot in edited(edit_of(Modify(source, 0.0), prompt)).shots]
    assert len(shown) == len(plain)
    assert distance(shown[0], plain[0]) > 8


def test_what_is_missing_is_painted_on_from_a_place() -> None:
    source = landscape("a library at night", 0.25)
    shown = [shot.rgb() for shot in edited(edit_of(Reframe(source, "9:16", Placing()), "a library at night")).shots]
    assert all(shot[:10].std() > 1 for shot in shown)
