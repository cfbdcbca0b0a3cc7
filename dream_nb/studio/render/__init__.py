"""Procedural drawing: prompt -> plan -> scene -> frames -> file.

Importing this package is cheap: numpy, Pillow and PyAV are loaded by the first call of `render`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dream_nb.studio.render.brief import (
    UNREADABLE,
    Anchor,
    Brief,
    Controls,
    Edit,
    Keyframe,
    Modify,
    Placing,
    Reference,
    Reframe,
    RenderedFile,
    RenderError,
    Resample,
    Separate,
    Soundtrack,
)
from dream_nb.studio.render.camera import CAMERA_MOTIONS
from dream_nb.studio.render.finish.parts import runs_of
from dream_nb.studio.render.sizes import frame_size, image_size, size_of_lines, size_of_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "CAMERA_MOTIONS",
    "UNREADABLE",
    "Anchor",
    "Brief",
    "Controls",
    "Edit",
    "Keyframe",
    "Modify",
    "Placing",
    "Reference",
    "Reframe",
    "RenderError",
    "RenderedFile",
    "Resample",
    "Separate",
    "Soundtrack",
    "frame_size",
    "get_ready",
    "image_size",
    "join_runs",
    "render",
    "render_run",
    "render_several",
    "runs_of",
    "size_of_lines",
    "size_of_pixels",
]


def render(brief: Brief, progress: Path | None = None, thumbnail: Path | None = None) -> bytes:
    """Draw a brief, and return the file: MP4 (H.264, yuv420p, faststart), JPEG or PNG.

    Args:
        brief: the brief of the drawing.
        progress: the path of a small file that is overwritten with the fraction done, "0.000" to "1.000". If it cannot
            be written, it is ignored.
        thumbnail: the path for a small JPEG of a video's first frame, as soon as that is drawn. If it cannot be
            written, it is ignored.

    Raises:
        RenderError: a keyframe, a reference or the source of an edit cannot be read, or cannot be edited in this way.
    """
    from dream_nb.studio.render.finish.encode import write

    return write(brief, progress, thumbnail)


def render_several(brief: Brief, progress: Path | None = None, thumbnail: Path | None = None) -> list[RenderedFile]:
    """Draw a brief that makes several files (`is_several`).

    Args:
        brief: the brief of the drawing.
        progress, thumbnail: the paths of temporary files, as for `render`.

    Raises:
        RenderError: a picture or a video cannot be read.
    """
    from dream_nb.studio.render.finish.several import write_several

    return write_several(brief, progress, thumbnail)


def render_run(brief: Brief, run: range, progress: Path | None = None, thumbnail: Path | None = None) -> list[bytes]:
    """Draw some parts of a video, while other workers draw the others.

    Args:
        brief: the brief of the whole video.
        run: the numbers of the parts: one of `runs_of`.
        progress: the path of a small file that is overwritten with the fraction of the whole video that this run has
            done.
        thumbnail: the path for a small JPEG of the first frame of the run.

    Returns:
        The encoded parts, for `join_runs`.

    Raises:
        RenderError: a keyframe or a reference cannot be read.
    """
    from dream_nb.studio.render.finish.encode import write_run

    return write_run(brief, run, progress, thumbnail)


def join_runs(brief: Brief, runs: Sequence[Sequence[bytes]]) -> bytes:
    """Join the parts of a video, and return the same file as `render` would.

    Args:
        brief: the brief of the whole video.
        runs: the results of `render_run` for each of `runs_of`, in order.

    Raises:
        RenderError: the video that the sound comes from cannot be read.
    """
    from dream_nb.studio.render.finish.copyright import credited
    from dream_nb.studio.render.finish.encode import join_parts

    return join_parts(credited(brief), [part for run in runs for part in run], brief.sound)


def get_ready() -> None:
    """Load the libraries that drawing needs, so that the next `render` of this process starts without delay."""
    render(Brief("video", "", width=64, height=36, seconds=0.1))
