"""The public prices of the hosted APIs. The studio's play money uses those of the Dream Machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.luma_dialect import LUMA_DIALECT
from dream_nb.api.request_models import RESOLUTIONS, GenerationRequest, ImageGenerationRequest, Request

DATED: Final = "2026"
"""The year of the prices."""

ORIGIN: Final = "https://api.lumalabs.ai"
LUMA_ORIGIN: Final = "https://agents.lumalabs.ai"
"""The origins of the servers that charge these prices. Any other server has its own prices."""

# Third-party price tables of 2025 and 2026 fit these, by width x height x frames. Modify, reframe, upscale and audio
# have no public price.
_DOLLARS_PER_MEGAPIXEL: Final[Mapping[str, float]] = {
    "ray-2": 0.0064,
    "ray-flash-2": 0.0022,
    "photon-1": 0.0073,
    "photon-flash-1": 0.0019,
}
_FRAMES_A_SECOND: Final = 24
_IMAGE_LINES: Final = 1080
_RATIO: Final = re.compile(r"(\d+):(\d+)")
_DURATION: Final = re.compile(r"(\d+)s")


def public_price(request: Request, origin: str, *, source_seconds: float | None = None) -> float | None:
    """Return the price of a request, in USD cents; None if no public price is known.

    Args:
        request: the request, with its model, resolution and duration.
        origin: the origin of the server.
        source_seconds: the playing time of the video that is changed, in seconds; None if unknown.
    """
    if origin == LUMA_ORIGIN:
        return _luma_price(request, source_seconds)
    if origin != ORIGIN or not isinstance(request, GenerationRequest | ImageGenerationRequest):
        return None
    if isinstance(request, ImageGenerationRequest):
        return image_price(request.model, request.aspect_ratio)
    return video_price(request.model, request.aspect_ratio, request.resolution, request.duration)


def _luma_price(request: Request, source_seconds: float | None) -> float | None:
    from dream_nb.api.luma_prices import luma_price

    try:
        dollars = luma_price(LUMA_DIALECT.write(request), source_seconds=source_seconds)
    except InvalidRequestError:
        # It will be refused when it is sent.
        return None
    return None if dollars is None else round(dollars * 100, 2)


def image_price(model: str | None, aspect_ratio: str) -> float | None:
    """Return the price of an image, in USD cents; None if no public price is known.

    Args:
        model: the name of the model, such as "photon-1".
        aspect_ratio: the aspect ratio, such as "16:9".
    """
    return _price(model, aspect_ratio, _IMAGE_LINES, 1)


def video_price(model: str | None, aspect_ratio: str, resolution: str | None, duration: str | None) -> float | None:
    """Return the price of a video, in USD cents; None if no public price is known.

    Args:
        model: the name of the model, such as "ray-2".
        aspect_ratio: the aspect ratio, such as "16:9".
        resolution: the resolution, such as "720p".
        duration: the playing time, such as "5s".
    """
    seconds = _DURATION.fullmatch(duration or "")
    if resolution not in RESOLUTIONS or seconds is None:
        return None
    return _price(model, aspect_ratio, RESOLUTIONS[resolution], _FRAMES_A_SECOND * int(seconds[1]))


def _price(model: str | None, aspect_ratio: str, lines: int, frames: int) -> float | None:
    rate, ratio = _DOLLARS_PER_MEGAPIXEL.get(model or ""), _RATIO.fullmatch(aspect_ratio)
    if rate is None or ratio is None:
        return None
    wide, high = int(ratio[1]), int(ratio[2])
    pixels = lines * lines * max(wide, high) / min(wide, high) * frames
    return round(pixels / 1e6 * rate * 100, 2)
