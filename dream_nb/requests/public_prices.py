"""What the hosted Dream Machine API costs by what is publicly known, before this installation has seen it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from dream_nb.api.request_models import RESOLUTIONS, GenerationRequest, ImageGenerationRequest, Request

DATED: Final = "2026"
"""The year of the prices."""

ORIGIN: Final = "https://api.lumalabs.ai"
"""Whose prices they are. Any other server has its own."""

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


def public_price(request: Request, origin: str) -> float | None:
    """What a request costs, in USD cents; None where nothing is publicly known.

    Args:
        request: the request, with its model, resolution and duration.
        origin: of the server that is asked.
    """
    rate = _DOLLARS_PER_MEGAPIXEL.get(getattr(request, "model", None) or "")
    if origin != ORIGIN or rate is None or not isinstance(request, GenerationRequest | ImageGenerationRequest):
        return None
    lines, frames = _IMAGE_LINES, 1
    if isinstance(request, GenerationRequest):
        seconds = _DURATION.fullmatch(request.duration or "")
        if request.resolution not in RESOLUTIONS or seconds is None:
            return None
        lines, frames = RESOLUTIONS[request.resolution], _FRAMES_A_SECOND * int(seconds[1])
    ratio = _RATIO.fullmatch(request.aspect_ratio)
    if ratio is None:
        return None
    wide, high = int(ratio[1]), int(ratio[2])
    pixels = lines * lines * max(wide, high) / min(wide, high) * frames
    return round(pixels / 1e6 * rate * 100, 2)
