"""Procedural drawing: prompt -> plan -> scene -> frames -> file.

Importing this package is cheap: numpy, Pillow and PyAV are loaded by the first call of `render`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dream_nb.studio.render.brief import (
    UNREADABLE,
    Brief,
    Edit,
    Keyframe,
    Modify,
    Placing,
    Reference,
    Reframe,
    RenderError,
    Resample,
    Soundtrack,
)
from dream_nb.studio.render.camera import CAMERA_MOTIONS
from dream_nb.studio.render.sizes import frame_size, image_size

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "CAMERA_MOTIONS",
    "UNREADABLE",
    "Brief",
    "Edit",
    "Keyframe",
    "Modify",
    "Placing",
    "Reference",
    "Reframe",
    "RenderError",
    "Resample",
    "Soundtrack",
    "frame_size",
    "image_size",
    "render",
]


def render(brief: Brief, progress: Path | None = None, thumbnail: Path | None = None) -> bytes:
    """Draw a brief and give back the file: MP4 (H.264, yuv420p, faststart), JPEG or PNG.

    Args:
        brief: what to draw.
        progress: a small file to keep overwriting with the fraction done, "0.000" to "1.000". A path that cannot
            be written is ignored.
        thumbnail: where to put a small JPEG of a video's first frame, as soon as that is drawn. A path that cannot be
            written is ignored.

    Raises:
        RenderError: a keyframe, a reference or the source of an edit cannot be read, or it cannot be edited so.
    """
    from dream_nb.studio.render.finish.encode import write

    return write(brief, progress, thumbnail)
