"""The hosted API's public prices are shown before the first purchase, and replaced by prices that were observed."""

from __future__ import annotations

from typing import Any

import pytest

from dream_nb.api.dialects import NEWEST
from dream_nb.api.models import Generation
from dream_nb.api.public_prices import LUMA_ORIGIN, ORIGIN, public_price
from dream_nb.api.request_models import Request
from dream_nb.requests.edits import modify_request, reframe_request, upscale_request
from dream_nb.requests.fields import make_request

CLIP = Generation(id="00000000-0000-4000-8000-000000000001", generation_type="video", state="completed")


def cents(kind: Any = "video", **fields: Any) -> float | None:
    return public_price(NEWEST.complete(make_request("a lake", kind=kind, **fields)), ORIGIN)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # The figures of public price tables.
        ({"resolution": "540p"}, 40),
        ({}, 71),
        ({"resolution": "1080p"}, 159),
        ({"resolution": "4k"}, 637),
        ({"resolution": "540p", "duration": "9s"}, 72),
        ({"duration": "9s"}, 127),
        ({"resolution": "1080p", "duration": "9s"}, 287),
        ({"resolution": "4k", "duration": "9s"}, 1147),
    ],
)
def test_a_video_costs_what_the_public_tables_say(fields: dict[str, Any], expected: int) -> None:
    assert cents(**fields) == pytest.approx(expected, abs=0.6)


def test_the_pixels_of_the_ratio_count() -> None:
    square, wide = cents(aspect_ratio="1:1"), cents()
    assert square is not None
    assert wide is not None
    assert square / wide == pytest.approx(9 / 16, abs=0.001)


def test_an_image_costs_a_cent_and_a_half() -> None:
    assert cents("image") == pytest.approx(1.5, abs=0.02)
    assert cents("image", model="photon-flash-1") == pytest.approx(0.39, abs=0.01)


@pytest.mark.parametrize(
    "fields", [{"model": "ray-9"}, {"resolution": "8k"}, {"duration": "long"}, {"model": "ray-1-6"}]
)
def test_what_no_table_has_has_no_price(fields: dict[str, Any]) -> None:
    assert cents(**fields) is None


@pytest.mark.parametrize("request_", [modify_request(CLIP, "snow"), upscale_request(CLIP, "4k")])
def test_other_versions_have_no_public_price(request_: Any) -> None:
    assert public_price(request_, ORIGIN) is None


def test_another_server_has_other_prices() -> None:
    request = NEWEST.complete(make_request("a lake"))
    assert public_price(request, "https://other.test") is None


@pytest.mark.parametrize(
    ("request_", "seconds", "cents"),
    [
        (make_request("a lake", model="ray-3.2", resolution="360p", duration="5s"), None, 6.0),
        (make_request("a lake", model="ray-3.2", resolution="1080p", duration="10s"), None, 360.0),
        (make_request("a lake", model="ray-3.2", resolution="720p", duration="5s", hdr=True), None, 60.0),
        (make_request("a poster", kind="image", model="uni-1"), None, 4.04),
        (make_request("a poster", kind="image", model="uni-1", image_ref="https://a/b.jpg"), None, 4.34),
        (modify_request("https://a/b.mp4", "at night", model="ray-3.2", resolution="720p"), 10.0, 216.0),
        (modify_request("https://a/b.mp4", "at night", model="ray-3.2", resolution="720p"), None, None),
        (reframe_request("https://a/b.mp4", "9:16", model="ray-3.2", resolution="720p"), 5.0, 60.0),
        (make_request("a lake", model="ray-3.2", resolution="4k"), None, None),
    ],
)
def test_what_the_luma_api_costs_is_known_by_its_public_table(
    request_: Request, seconds: float | None, cents: float | None
) -> None:
    assert public_price(request_, LUMA_ORIGIN, source_seconds=seconds) == cents
