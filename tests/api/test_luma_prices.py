"""The prices of the hosted Luma API, as far as they are public, are shown before the first purchase."""

from __future__ import annotations

from typing import Any

import pytest

from dream_nb.api.luma_prices import luma_price
from dream_nb.api.luma_requests import LumaRequest

PICTURE = {"url": "https://a.b/c.jpg"}
CLIP = {"url": "https://a.b/c.mp4", "media_type": "video/mp4"}


def image(**fields: Any) -> float | None:
    return luma_price(LumaRequest(prompt="a lake", **fields))


def video(seconds: float | None = None, type_: str = "video", **options: Any) -> float | None:
    source: dict[str, Any] = {} if type_ == "video" else {"source": CLIP}
    request = LumaRequest.model_validate({"prompt": "a lake", "type": type_, "video": options, **source})
    return luma_price(request, source_seconds=seconds)


@pytest.mark.parametrize(
    ("fields", "dollars"),
    [
        ({}, 0.0404),
        ({"image_ref": [PICTURE]}, 0.0434),
        ({"image_ref": [PICTURE] * 6}, 0.0584),
        ({"type": "image_edit", "source": PICTURE}, 0.0434),
        ({"type": "image_edit", "source": PICTURE, "image_ref": [PICTURE] * 2}, 0.0494),
        ({"model": "uni-1-max"}, 0.10),
        ({"model": "uni-1-max", "type": "image_edit", "source": PICTURE}, 0.103),
        ({"style": "manga", "aspect_ratio": "1:3", "output_format": "png"}, 0.0404),
    ],
)
def test_an_image_costs_what_the_public_tables_say(fields: dict[str, Any], dollars: float) -> None:
    assert image(**fields) == dollars


@pytest.mark.parametrize(
    ("resolution", "duration", "dollars"),
    [
        ("360p", "5s", 0.06),
        ("540p", "5s", 0.15),
        ("720p", "5s", 0.30),
        ("1080p", "5s", 1.20),
        ("540p", "10s", 0.45),
        ("720p", "10s", 0.90),
        ("1080p", "10s", 3.60),
    ],
)
def test_a_video_costs_what_the_public_tables_say(resolution: str, duration: str, dollars: float) -> None:
    assert video(resolution=resolution, duration=duration) == dollars


@pytest.mark.parametrize(("resolution", "dollars"), [("540p", 0.72), ("720p", 1.08), ("1080p", 2.16)])
def test_an_edit_costs_by_the_length_of_its_source(resolution: str, dollars: float) -> None:
    assert video(5, "video_edit", resolution=resolution) == dollars
    assert video(10, "video_edit", resolution=resolution) == 2 * dollars
    assert video(None, "video_edit", resolution=resolution, duration="10s") == 2 * dollars


def test_high_dynamic_range_costs_twice_and_three_times() -> None:
    assert video(resolution="720p", duration="5s", hdr=True) == 0.60
    assert video(resolution="720p", duration="5s", hdr=True, exr_export=True) == 0.90
    assert video(5, "video_edit", resolution="720p", hdr=True) == 2.16


def test_a_reframe_costs_by_the_second() -> None:
    assert video(5, "video_reframe", resolution="720p") == 0.60
    assert video(12.5, "video_reframe", resolution="720p") == 1.50


@pytest.mark.parametrize(
    "price",
    [
        lambda: image(model="uni-2"),
        lambda: image(web_search=True),
        lambda: image(extra={"seed": 7}),
        lambda: image(type="layering", source=PICTURE),
        lambda: luma_price(LumaRequest(prompt="a lake", type="video")),
        lambda: image(type="video", model="ray-4", video={"resolution": "720p", "duration": "5s"}),
        lambda: video(resolution="720p"),
        lambda: video(duration="5s"),
        lambda: video(resolution="360p", duration="10s"),
        lambda: video(None, "video_edit", resolution="720p"),
        lambda: video(7, "video_edit", resolution="720p"),
        lambda: video(5, "video_edit", resolution="360p"),
        lambda: video(None, "video_reframe", resolution="720p"),
        lambda: video(5, "video_reframe", resolution="540p"),
    ],
)
def test_what_no_table_has_has_no_price(price: Any) -> None:
    assert price() is None
