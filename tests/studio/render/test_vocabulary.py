"""The words of a prompt are seen in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from dream_nb.studio.render.ground.plants import bent
from tests.studio.render.clips import F64, rgb_frames, small, still


def drawn(prompt: str) -> F64:
    """The picture of a prompt, height x width x 3, 0 to 255."""
    return next(iter(rgb_frames(still(prompt, width=320, height=180)))).astype(float)


def brightness(picture: F64) -> float:
    return float(picture.mean())


def saturation(picture: F64) -> float:
    return float((picture.max(axis=2) - picture.min(axis=2)).mean())


def sky(picture: F64) -> F64:
    return picture[: len(picture) // 3]


def ground(picture: F64) -> F64:
    return picture[len(picture) // 2 :]


def test_the_night_is_darker_than_dusk_and_dusk_than_noon() -> None:
    night, dusk, noon = (brightness(drawn(f"mountains at {hour}")) for hour in ("night", "dusk", "noon"))
    assert night < 0.9 * dusk
    assert dusk < 0.7 * noon


@pytest.mark.parametrize("hour", ["dawn", "noon", "night"])
def test_fog_veils_the_sky(hour: str) -> None:
    clear, fog = (sky(drawn(f"a rocky coast {weather} at {hour}")) for weather in ("on a clear day", "in fog"))
    assert saturation(fog) < 0.8 * saturation(clear)


@pytest.mark.parametrize("hour", ["noon", "sunset", "dusk"])
def test_snow_lies_white_in_any_light(hour: str) -> None:
    bare, snowy = (ground(drawn(f"plains {season} at {hour}")) for season in ("in summer", "in snow"))
    assert brightness(snowy) > 1.3 * brightness(bare)


def test_a_storm_at_night_can_be_seen() -> None:
    assert brightness(drawn("a sea in a thunderstorm at night")) > 35


@pytest.mark.parametrize(("colour", "channel"), [("red", 0), ("green", 1), ("blue", 2)])
def test_a_colour_tints_the_scene(colour: str, channel: int) -> None:
    plain, tinted = drawn("hills at dawn"), drawn(f"{colour} hills at dawn")
    share = [float(picture[..., channel].sum() / picture.sum()) for picture in (plain, tinted)]
    assert share[1] > 1.05 * share[0]


def test_noir_is_grey() -> None:
    assert saturation(drawn("noir, a street")) < 2


def test_water_mirrors_what_is_above_it() -> None:
    picture = drawn("mountains above a calm lake at noon, clear").mean(axis=2)
    best = max(
        np.corrcoef(picture[at - 30 : at].ravel(), picture[at : at + 30][::-1].ravel())[0, 1] for at in range(90, 125)
    )
    assert best > 0.7


def test_a_waterfall_runs_down() -> None:
    clip = small("a waterfall at noon, camera static", width=640, height=360)
    film = np.stack([frame.astype(float).mean(axis=2) for frame in rgb_frames(clip)])[:, : 360 // 2]
    moving = film - film.mean(axis=0)
    columns = np.argsort(np.abs(moving).sum(axis=(0, 1)))[-20:]
    rows = np.flatnonzero(np.abs(moving[:, :, columns]).mean(axis=(0, 2)) > 3)
    fall = moving[:, rows.min() : rows.max(), columns]

    def match(down: int) -> float:
        """How well each frame, moved down, matches the next."""
        return float((np.roll(fall[:-1], down, axis=1) * fall[1:])[:, 24:-24].mean())

    assert 0 < max(range(-20, 21), key=match) < 20


def test_crashing_waves_are_white_and_move_more_than_calm_ones() -> None:
    films = [
        np.stack(
            [
                frame.astype(float).mean(axis=2)[100:150]
                for frame in rgb_frames(small(prompt, width=320, height=180, fps=6))
            ]
        )
        for prompt in ("a calm sea at noon, camera static", "crashing waves at noon, camera static")
    ]
    calm, rough = (float(np.abs(np.diff(film, axis=0)).mean()) for film in films)
    assert rough > 1.5 * calm
    calm, rough = (float((film > 200).mean()) for film in films)
    assert rough > calm


def test_a_storm_bends_the_trees_the_way_its_rain_falls() -> None:
    upright = np.zeros((40, 11), np.uint8)
    upright[:, 5] = 255
    for lean in (-0.4, 0.4):
        plant = bent(upright, lean)
        top, foot = (int(np.flatnonzero(plant[row])[0]) - plant.shape[1] // 2 for row in (0, -1))
        assert foot == 0
        assert round(40 * lean) - 1 <= top <= round(40 * lean) + 1


def test_trees_in_a_storm_lean_to_one_side() -> None:
    def lean(prompt: str) -> float:
        """How much the edges of the land slope to one side: the balance of the two diagonals."""
        grey = drawn(prompt).mean(axis=2)[50:150]
        down, across = np.gradient(grey)
        return float((down * across).mean() / (down**2 + across**2).mean())

    calm, stormy = lean("a pine forest at dusk, wind"), lean("a pine forest at dusk, a tempest, no rain")
    assert abs(stormy) > 3 * abs(calm)


def test_rain_falls_in_streaks() -> None:
    dry, wet = (drawn(f"hills at dusk, overcast{weather}").mean(axis=2) for weather in ("", ", rain"))
    fine = [float(np.abs(np.diff(picture[:60], axis=1)).mean()) for picture in (dry, wet)]
    assert fine[1] > 1.3 * fine[0]


def test_stars_stand_in_a_starry_night() -> None:
    covered, starry = (sky(drawn(f"plains, {night} night")).mean(axis=2) for night in ("an overcast", "a clear starry"))
    points = [int((picture[1:-1] > picture[:-2] + 20).sum()) for picture in (covered, starry)]
    assert points[1] > 30 + points[0]


def test_a_superscript_digit_is_no_number() -> None:
    assert np.isfinite(drawn("² birds over a lake")).all()
