"""The values that the Luma API accepts: its types, models, ratios, resolutions and limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LUMA_TYPES: Final = ("image", "image_edit", "video", "video_edit", "video_reframe", "layering")
"""The types of generations of the Luma API."""

LUMA_IMAGE_MODELS: Final = ("uni-1", "uni-1-max")
LUMA_VIDEO_MODELS: Final = ("ray-3.2",)
LUMA_MODELS: Final = (*LUMA_IMAGE_MODELS, *LUMA_VIDEO_MODELS)
LUMA_RATIOS: Final = ("3:1", "2:1", "21:9", "16:9", "4:3", "3:2", "1:1", "3:4", "2:3", "9:16", "1:2", "1:3")
RATIOS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "ray-3.2": ("21:9", "16:9", "4:3", "1:1", "3:4", "9:16"),
    "uni-1": ("3:1", "2:1", "16:9", "3:2", "1:1", "2:3", "9:16", "1:2", "1:3"),
    "uni-1-max": ("3:1", "2:1", "16:9", "3:2", "1:1", "2:3", "9:16", "1:2", "1:3"),
}
"""The ratios that each model supports."""
MANGA_RATIOS: Final = ("2:3", "9:16", "1:2", "1:3")
"""The ratios of new images in the style manga."""
LUMA_RESOLUTIONS: Final = ("360p", "540p", "720p", "1080p")
LUMA_DURATIONS: Final[Mapping[str, int]] = {"5s": 5, "10s": 10}
"""The durations of videos, each in seconds."""
STRENGTHS: Final = tuple(f"{name}_{grade}" for name in ("adhere", "flex", "reimagine") for grade in (1, 2, 3))
"""The strengths of an edit, the closest to the source first."""
GRID_FRAMES_A_SECOND: Final = 24
"""The frame rate in which the indexes of keyframes are counted."""
MAX_PROMPT: Final = 6000
MAX_LAYERING_PROMPT: Final = 500
MAX_KEYFRAMES: Final = 64
MAX_REFERENCES: Final[Mapping[str, int]] = {"image": 9, "image_edit": 8}
"""The largest number of pictures in `image_ref`, by type."""
MAX_FILE_BYTES: Final = 5 * 2**30
"""The largest size of an uploaded file in bytes."""
PURPOSES: Final = ("input", "reference")
