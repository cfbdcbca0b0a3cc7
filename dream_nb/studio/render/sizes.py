"""Sizes in pixels of aspect ratios and resolutions."""

from __future__ import annotations

import math

# The constants of the API are imported inside functions, so that worker processes, which only draw, do not load
# pydantic.


def frame_size(aspect_ratio: str, resolution: str = "720p") -> tuple[int, int]:
    """Return the width and height of a video, both even. The resolution decides the shorter side.

    =====  =========  =========  =========  =========
    ratio  540p       720p       1080p      4k
    =====  =========  =========  =========  =========
    1:1    540x540    720x720    1080x1080  2160x2160
    16:9   960x540    1280x720   1920x1080  3840x2160
    9:16   540x960    720x1280   1080x1920  2160x3840
    4:3    720x540    960x720    1440x1080  2880x2160
    3:4    540x720    720x960    1080x1440  2160x2880
    21:9   1260x540   1680x720   2520x1080  5040x2160
    9:21   540x1260   720x1680   1080x2520  2160x5040
    =====  =========  =========  =========  =========

    Raises:
        ValueError: the ratio or the resolution is not one of these.
    """
    from dream_nb.api.request_models import RESOLUTIONS

    _check_ratio(aspect_ratio)
    if resolution not in RESOLUTIONS:
        raise ValueError(f"resolution {resolution!r} is not one of {', '.join(RESOLUTIONS)}")
    return size_of_lines(aspect_ratio, RESOLUTIONS[resolution])


def image_size(aspect_ratio: str) -> tuple[int, int]:
    """Return the width and height of an image: multiples of 16, about one megapixel in total.

    1:1 1024x1024, 16:9 1360x768, 9:16 768x1360, 4:3 1184x880, 3:4 880x1184, 21:9 1568x672, 9:21 672x1568.

    Raises:
        ValueError: the ratio is not one of these.
    """
    _check_ratio(aspect_ratio)
    return size_of_pixels(aspect_ratio, 1024 * 1024)


def size_of_lines(ratio: str, lines: int) -> tuple[int, int]:
    """Return the width and height of a ratio such as "16:9".

    The shorter side has `lines` pixels, and the longer side is even.
    """
    wide, high = map(int, ratio.split(":"))
    longer = round(lines * max(wide, high) / min(wide, high) / 2) * 2
    return (longer, lines) if wide >= high else (lines, longer)


def size_of_pixels(ratio: str, pixels: int) -> tuple[int, int]:
    """Return the width and height of a ratio such as "16:9": multiples of 16, with about `pixels` pixels in total."""
    wide, high = map(int, ratio.split(":"))
    side = math.sqrt(pixels / (wide * high))
    return round(side * wide / 16) * 16, round(side * high / 16) * 16


def _check_ratio(aspect_ratio: str) -> None:
    from dream_nb.api.request_models import ASPECT_RATIOS

    if aspect_ratio not in ASPECT_RATIOS:
        raise ValueError(f"aspect ratio {aspect_ratio!r} is not one of {', '.join(ASPECT_RATIOS)}")
