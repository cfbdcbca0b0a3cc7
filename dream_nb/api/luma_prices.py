"""The public prices of the hosted Luma API, which has no balance to ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dream_nb.api.luma_limits import LUMA_DURATIONS
from dream_nb.api.luma_requests import LumaRequest, VideoOptions

# US dollars in July 2026, according to the provider's price page and to third-party tables that agree with it.
_IMAGES: Final[Mapping[str, float]] = {"uni-1": 0.0404, "uni-1-max": 0.10}
_REFERENCE: Final = 0.003
_VIDEOS: Final[Mapping[tuple[str, str], float]] = {
    ("360p", "5s"): 0.06,
    ("540p", "5s"): 0.15,
    ("720p", "5s"): 0.30,
    ("1080p", "5s"): 1.20,
    ("540p", "10s"): 0.45,
    ("720p", "10s"): 0.90,
    ("1080p", "10s"): 3.60,
}
_EDITS: Final[Mapping[str, float]] = {"540p": 0.72, "720p": 1.08, "1080p": 2.16}
"""The prices for a source of 5 seconds. A source of 10 seconds costs twice as much."""
_REFRAMED_SECOND: Final[Mapping[str, float]] = {"720p": 0.12}
_HDR, _EXR = 2.0, 3.0
_PLACES: Final = 4


def luma_price(request: LumaRequest, *, source_seconds: float | None = None) -> float | None:
    """Return the price of a request at the hosted Luma API, in US dollars; None if no public price is known.

    Args:
        request: the request. A video whose resolution or duration is left to the server has no known price.
        source_seconds: the playing time of the source of an edited or reframed video, in seconds; for an edit,
            `duration` is used if this is None.
    """
    if request.extra or request.web_search:
        # The additional price of these is not documented.
        return None
    if request.type in ("image", "image_edit"):
        return _image_price(request)
    options = request.video
    if request.model != "ray-3.2" or options is None or options.resolution is None:
        return None
    if request.type == "video":
        price = _VIDEOS.get((options.resolution, options.duration or ""))
    elif request.type == "video_edit":
        price = _edit_price(options, source_seconds)
    else:
        second = _REFRAMED_SECOND.get(options.resolution)
        price = None if second is None or source_seconds is None else second * source_seconds
    return None if price is None else round(price * _range(options), _PLACES)


def _image_price(request: LumaRequest) -> float | None:
    base = _IMAGES.get(request.model)
    if base is None:
        return None
    # The source of an edit counts as a reference.
    pictures = len(request.image_ref or ()) + (request.source is not None)
    return round(base + _REFERENCE * pictures, _PLACES)


def _edit_price(options: VideoOptions, source_seconds: float | None) -> float | None:
    seconds = LUMA_DURATIONS.get(options.duration or "") if source_seconds is None else source_seconds
    base = _EDITS.get(options.resolution or "")
    # Sources of other lengths have no public price.
    if base is None or seconds is None or seconds not in LUMA_DURATIONS.values():
        return None
    return base * seconds / LUMA_DURATIONS["5s"]


def _range(options: VideoOptions) -> float:
    if not options.hdr:
        return 1.0
    return _EXR if options.exr_export else _HDR
