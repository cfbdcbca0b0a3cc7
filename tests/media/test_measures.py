"""The measures give values that are known from independent formulas or by construction."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageEnhance

from dream_nb.media.measures import MEASURES, Look
from dream_nb.media.values import Value
from dream_nb.results.dream import Dream

small_pictures = arrays(np.uint8, st.tuples(st.integers(3, 8), st.integers(3, 8), st.just(3)))

Frame = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


def measured(name: str, *frames: Frame, fps: float | None = 24.0) -> Value:
    measurement = MEASURES[name]()
    for number, frame in enumerate(frames):
        measurement.add(Look(frame, number / fps if fps else None))
    return measurement.value()


def flat(red: int, green: int, blue: int, height: int = 9, width: int = 16) -> Frame:
    return np.full((height, width, 3), (red, green, blue), np.uint8)


def halves(left: Frame, right: Frame) -> Frame:
    return np.concatenate([left, right], axis=1)


def bits(one: Value, other: Value) -> int:
    return (int(str(one), 16) ^ int(str(other), 16)).bit_count()


@pytest.fixture(scope="module")
def scene(lake: Dream) -> Image.Image:
    return lake.image


@pytest.mark.parametrize(
    ("colour", "luma"), [((0, 0, 0), 0), ((255, 255, 255), 1), ((255, 0, 0), 0.2126), ((0, 255, 0), 0.7152)]
)
def test_brightness_is_the_luma_of_bt_709(colour: tuple[int, int, int], luma: float) -> None:
    assert measured("brightness", flat(*colour)) == pytest.approx(luma, abs=1e-6)


def test_contrast_is_0_for_a_flat_frame_and_half_for_black_and_white() -> None:
    assert measured("contrast", flat(70, 80, 90)) == pytest.approx(0, abs=1e-6)
    assert measured("contrast", halves(flat(0, 0, 0), flat(255, 255, 255))) == pytest.approx(0.5)


@given(st.integers(0, 255), st.integers(0, 255))
def test_grey_has_no_colour(dark: int, light: int) -> None:
    frame = halves(flat(dark, dark, dark), flat(light, light, light))
    assert measured("colourfulness", frame) == pytest.approx(0, abs=1e-4)


@given(small_pictures)
def test_colourfulness_is_the_formula_of_hasler_and_susstrunk(picture: Frame) -> None:
    red, green, blue = (picture[..., channel].ravel().tolist() for channel in range(3))
    rg = [r - g for r, g in zip(red, green, strict=True)]
    yb = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]

    def moments(values: Sequence[float]) -> tuple[float, float]:
        mean = sum(values) / len(values)
        return mean, sum((value - mean) ** 2 for value in values) / len(values)

    (mean_rg, var_rg), (mean_yb, var_yb) = moments(rg), moments(yb)
    wanted = math.sqrt(var_rg + var_yb) + 0.3 * math.sqrt(mean_rg**2 + mean_yb**2)
    assert measured("colourfulness", picture) == pytest.approx(wanted, rel=1e-3, abs=1e-2)


@given(small_pictures)
def test_sharpness_is_the_variance_of_the_laplacian(picture: Frame) -> None:
    luma = [[0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in row] for row in picture.tolist()]
    height, width = len(luma), len(luma[0])
    laplacian = [
        luma[y - 1][x] + luma[y + 1][x] + luma[y][x - 1] + luma[y][x + 1] - 4 * luma[y][x]
        for y in range(1, height - 1)
        for x in range(1, width - 1)
    ]
    mean = sum(laplacian) / len(laplacian)
    wanted = sum((value - mean) ** 2 for value in laplacian) / len(laplacian)
    assert measured("sharpness", picture) == pytest.approx(wanted, rel=1e-3, abs=1e-2)


def test_a_blurred_scene_is_less_sharp(scene: Image.Image) -> None:
    from PIL import ImageFilter

    blurred = np.asarray(scene.filter(ImageFilter.GaussianBlur(2)))
    sharp, soft = measured("sharpness", np.asarray(scene)), measured("sharpness", blurred)
    assert isinstance(sharp, float)
    assert isinstance(soft, float)
    assert soft < sharp / 3


def test_dominant_colours_come_by_how_much_there_is_of_them() -> None:
    frame = halves(flat(200, 30, 40, 60, 96), flat(10, 20, 230, 60, 48))
    assert measured("colours", frame) == ["#c81e28", "#0a14e6"]
    assert measured("colours", flat(1, 2, 3)) == ["#010203"]


def test_a_still_has_no_motion_and_flicker_the_whole_range() -> None:
    black, white = flat(0, 0, 0), flat(255, 255, 255)
    assert measured("motion", black, black, black) == 0
    assert measured("motion", black, white, black, fps=10) == pytest.approx(10)
    assert measured("motion", black, black, white, white, fps=9) == pytest.approx(3)


def test_what_needs_several_frames_is_a_gap_for_an_image() -> None:
    for name in ("motion", "seam", "shots"):
        assert measured(name, flat(1, 2, 3), fps=None) is None


def test_the_seam_is_counted_in_steps_of_the_video() -> None:
    ramp = [flat(level, level, level) for level in range(0, 100, 10)]
    assert measured("seam", *ramp) == pytest.approx(9)
    assert measured("seam", *ramp, *ramp[::-1]) == pytest.approx(0)
    there_and_back = [*ramp, *ramp[-2:0:-1]]
    assert measured("seam", *there_and_back) == pytest.approx(1)
    still = [flat(5, 5, 5)] * 3
    assert measured("seam", *still) == 0


def test_shot_changes_are_found_at_their_times(lake: Dream, lighthouse: Dream) -> None:
    frames = list(lake.frames())
    other = np.asarray(lighthouse.image.resize((160, 90)))
    assert measured("shots", *frames) == []
    assert measured("shots", *frames, other, other, *frames) == [24 / 24, 26 / 24]


def test_near_duplicates_differ_in_few_bits(scene: Image.Image, lighthouse: Dream) -> None:
    jpeg = io.BytesIO()
    scene.save(jpeg, "JPEG", quality=30)
    noise = np.random.default_rng(1).integers(-8, 9, (90, 160, 3))
    alike = [
        scene.resize((64, 36)),
        scene.resize((640, 360)),
        ImageEnhance.Brightness(scene).enhance(0.7),
        ImageEnhance.Contrast(scene).enhance(0.8),
        Image.open(jpeg),
        Image.fromarray(np.clip(np.asarray(scene).astype(int) + noise, 0, 255).astype(np.uint8)),
    ]
    own = measured("fingerprint", np.asarray(scene))
    assert max(bits(own, measured("fingerprint", np.asarray(one))) for one in alike) <= 6
    others = [lighthouse.image, scene.transpose(Image.Transpose.ROTATE_180)]
    assert min(bits(own, measured("fingerprint", np.asarray(one))) for one in others) > 12


def test_frames_of_one_clip_stay_near_duplicates(lake: Dream) -> None:
    prints = [measured("fingerprint", frame) for frame in lake.frames(step=6)]
    assert max(bits(one, other) for one, other in pairwise(prints)) <= 8


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_names_its_source(name: str) -> None:
    assert "Source: " in (MEASURES[name].__doc__ or "")


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_takes_the_smallest_frame(name: str) -> None:
    measured(name, np.zeros((1, 1, 3), np.uint8))
    assert measured(name, fps=24.0) in (None, [])
