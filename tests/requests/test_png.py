"""Pixels as a PNG: the same pixels give the same bytes, whatever their source."""

from __future__ import annotations

import hashlib
import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dream_nb.api.errors import InvalidRequestError
from dream_nb.requests.png import LARGEST, array_png, image_png

PIXELS = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)


def read(data: bytes) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        return np.asarray(image)


def noise(height: int, width: int, channels: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).integers(0, 255, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (200, 300)])
def test_what_is_written_is_read_again(size: tuple[int, int], channels: int) -> None:
    # The largest one needs several blocks.
    pixels = noise(*size, channels)
    assert np.array_equal(read(array_png(pixels)), pixels)


def test_the_bytes_are_the_same_with_every_compressor() -> None:
    # The bytes are part of the request hash: other bytes would make another request, which is paid for again.
    digest = hashlib.sha256(array_png(PIXELS)).hexdigest()
    assert digest == "882499494202c40e27f517fe25dafd79aac8678ce8ad3f87dcb37405f9022732"


def test_an_array_and_an_image_of_the_same_pixels_are_the_same() -> None:
    assert image_png(Image.fromarray(PIXELS)) == array_png(PIXELS)


def test_what_a_file_says_besides_its_pixels_does_not_count() -> None:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "PNG", dpi=(300, 300), optimize=True)
    with Image.open(file) as image:
        assert image_png(image) == array_png(PIXELS)


def test_a_channel_of_alpha_that_is_opaque_is_left_out() -> None:
    opaque = np.dstack([PIXELS, np.full((3, 5), 255, np.uint8)])
    assert array_png(opaque) == array_png(PIXELS)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "LA"])
def test_other_modes_become_rgb(mode: str) -> None:
    image = Image.new("RGB", (4, 4), "white").convert("L" if mode == "LA" else mode)
    assert np.array_equal(read(image_png(image.convert(mode))), np.full((4, 4, 3), 255))


def test_a_palette_with_a_transparent_colour_becomes_rgba() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    image.info["transparency"] = 1
    assert read(image_png(image)).tolist() == [[[255, 0, 0, 255], [0, 0, 255, 0]]]


@pytest.mark.parametrize("kind", ["<u2", ">u2"])
def test_16_bits_are_scaled_to_8(kind: str) -> None:
    image = Image.fromarray(np.array([[0, 257, 32_768, 65_535]], kind))
    assert image.mode.startswith("I;16")
    assert read(image_png(image))[..., 0].tolist() == [[0, 1, 128, 255]]


def test_a_photo_is_upright() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was rotated: the first row is the right side
    Image.fromarray(PIXELS).save(file, "PNG", exif=exif)
    with Image.open(file) as image:
        assert np.array_equal(read(image_png(image)), np.rot90(PIXELS, -1))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0, 128, 255]], np.uint8), [0, 128, 255]),
        (np.array([[[0], [128], [255]]], np.uint8), [0, 128, 255]),
        (np.array([[0.0, 0.5, 1.0]]), [0, 128, 255]),
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[False, True]]), [0, 255]),
    ],
)
def test_greys_floats_and_truth_values_become_rgb(array: np.ndarray[Any, Any], expected: list[int]) -> None:
    assert read(array_png(array)).tolist() == [[[grey] * 3 for grey in expected]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3, np.uint8), "has the shape 3: give height x width"),
        (np.array(3, np.uint8), "has the shape no dimensions"),
        (np.zeros((9, 4, 4, 3), np.uint8), r"has the shape 9 x 4 x 4 x 3: .* such as frames\[0\]"),
        (np.zeros((3, 4, 5), np.uint8), r"has the shape 3 x 4 x 5: .* such as array.transpose\(1, 2, 0\)"),
        (np.zeros((0, 4, 3), np.uint8), "has the shape 0 x 4 x 3"),
        (np.array([[0.0, 255.0]]), "floats from 0 to 255: give floats from 0 to 1, or uint8"),
        (np.array([[0.0, np.nan]]), "floats from nan to nan"),
        (np.array([[-0.1, 0.5]]), "floats from -0.1 to 0.5"),
        (np.zeros((4, 4), np.int64), "has the type int64: give uint8"),
    ],
)
def test_an_array_that_is_not_a_picture_is_refused(array: np.ndarray[Any, Any], message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        array_png(array)


def test_an_image_of_floats_is_held_to_the_same_range() -> None:
    with pytest.raises(InvalidRequestError, match="floats from 0 to 200"):
        image_png(Image.fromarray(np.array([[0, 200]], np.float32)))


def test_an_image_of_more_than_16_bits_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="values from -1 to 70000"):
        image_png(Image.fromarray(np.array([[-1, 70_000]], np.int32)))


def test_what_would_be_larger_than_20_mb_names_a_size_that_is_not() -> None:
    with pytest.raises(InvalidRequestError, match="has 4000 x 3000 pixels, 34 MB as a PNG: make it smaller") as caught:
        image_png(Image.new("RGB", (4000, 3000)))
    width, height = map(int, re.findall(r"\((\d+) x (\d+)\)", str(caught.value))[0])
    assert LARGEST * 0.99 < len(image_png(Image.new("RGB", (width, height)))) <= LARGEST


def test_the_largest_array_is_that_of_the_largest_file() -> None:
    # One column of grey pixels, for 20 MB without the overhead of the file.
    rows = (LARGEST - 63 - 320 * 5) // 4
    assert len(array_png(np.zeros((rows, 1), np.uint8))) <= LARGEST
    with pytest.raises(InvalidRequestError, match=f"has 1 x {rows + 1} pixels"):
        array_png(np.zeros((rows + 1, 1), np.uint8))


def test_alpha_that_is_left_out_does_not_count_for_the_size() -> None:
    opaque = np.full((2000, 3000, 4), 255, np.uint8)
    assert len(array_png(opaque)) < LARGEST
    opaque[0, 0, 3] = 0
    with pytest.raises(InvalidRequestError, match="23 MB as a PNG"):
        array_png(opaque)


def test_an_image_of_a_damaged_file_is_refused() -> None:
    file = io.BytesIO()
    Image.fromarray(noise(64, 64, 3)).save(file, "PNG")
    with (
        Image.open(io.BytesIO(file.getvalue()[:2000])) as image,
        pytest.raises(InvalidRequestError, match="64 x 64 pixels, mode RGB, cannot be read"),
    ):
        image_png(image)
