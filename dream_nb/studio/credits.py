"""The prices of generations. Money is counted in whole thousandths of a cent, so that sums are exact."""

from __future__ import annotations

from typing import Final

from dream_nb.api.luma_prices import luma_price
from dream_nb.api.luma_requests import LumaRequest, VideoOptions
from dream_nb.api.public_prices import image_price, video_price
from dream_nb.api.request_models import (
    RESOLUTIONS,
    AudioGenerationRequest,
    GenerationRequest,
    ImageGenerationRequest,
    ReframeImageRequest,
    UpscaleVideoGenerationRequest,
)
from dream_nb.studio.rules import DEFAULT_RESOLUTION, Request
from dream_nb.studio.settings import StudioPrices

# Defaults for a video whose request leaves them out. Edits are charged as such a video, because the hosted API
# publishes no prices of edits.
_RATIO: Final = "16:9"
_DURATION: Final = "5s"
_UPSCALES: Final = "ray-flash-2"
_MILLICENTS: Final = 1000
_CENTS: Final = 100
# The length that is charged for a source: its real length is known only when it is drawn.
_SOURCE_SECONDS: Final = 5


def price(request: Request, lines: int | None, prices: StudioPrices) -> int:
    """Return the price of a request, in thousandths of a cent.

    Args:
        request: the request.
        lines: the resolution of the resulting video in lines, if it is known.
        prices: the prices that apply if the public table has none.
    """
    if isinstance(request, AudioGenerationRequest):
        return to_millicents(prices.audio)
    if isinstance(request, ImageGenerationRequest | ReframeImageRequest):
        cents = image_price(request.model, request.aspect_ratio)
    elif isinstance(request, GenerationRequest):
        resolution, duration = request.resolution or DEFAULT_RESOLUTION, request.duration or _DURATION
        cents = video_price(request.model, request.aspect_ratio, resolution, duration)
    elif isinstance(request, UpscaleVideoGenerationRequest):
        wanted = next((name for name, side in RESOLUTIONS.items() if side == lines), None)
        cents = video_price(_UPSCALES, _RATIO, wanted, _DURATION)
    else:
        cents = video_price(request.model, request.aspect_ratio or _RATIO, DEFAULT_RESOLUTION, _DURATION)
    return to_millicents(prices.video if cents is None else cents)


def luma_credits(request: LumaRequest, prices: StudioPrices) -> int:
    """Return the price of a request of the Luma API, in thousandths of a cent.

    Args:
        request: the request.
        prices: the prices that apply if the public table has none.
    """
    # Defaults are charged as if they were requested, and values that the table leaves out as similar ones in it.
    changes: dict[str, object] = {"web_search": None}
    if request.type == "layering":
        changes["type"] = "image_edit"
    elif request.type.startswith("video"):
        options = request.video or VideoOptions()
        resolution = options.resolution or DEFAULT_RESOLUTION
        if request.type == "video_edit" and resolution == "360p":
            resolution = "540p"
        elif request.type == "video_reframe":
            resolution = DEFAULT_RESOLUTION
        told = {"resolution": resolution, "duration": options.duration or _DURATION}
        changes["video"] = options.model_copy(update=told)
    dollars = luma_price(request.model_copy(update=changes), source_seconds=_SOURCE_SECONDS)
    return to_millicents(prices.video if dollars is None else dollars * _CENTS)


def to_millicents(cents: float) -> int:
    """Convert cents to the unit of the store."""
    return round(cents * _MILLICENTS)


def to_cents(millicents: int) -> float:
    """Convert the unit of the store to cents, the unit of the API."""
    return millicents / _MILLICENTS
