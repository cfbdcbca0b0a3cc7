"""From a brief with an edit to what is written: one branch for each kind of edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dream_nb.studio.render.brief import Brief, Modify, Reframe, Resample, Soundtrack
from dream_nb.studio.render.edits.modify import ModifiedClip


from dream_nb.studio.render.edits.source_clip import SourceClip
from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.planes import Planes


@dataclass(frozen=True, slots=True)
class Edited:
    """What is to be encoded.

    Args:
        brief: with size, rate and length of the result.
        shots: the frames of a video.
        sound: a video whose sound the result has, or None.
        picture: an image, height x width x 3, RGB.
    """

    brief: Brief
    shots: Iterator[Planes]
    sound: bytes | None = None
    picture: U8 | None = None


def edited(brief: Brief) -> Edited:
    """Begin the edit of a brief.

    Raises:
        RenderError: the source cannot be read or is too long, or it cannot be placed so.
    """
    match brief.edit:
        case Modify() as edit:
            source = SourceClip(edit.source, brief.shorter_side, brief.longest_seconds)
            like = of_source(brief, source, source.width, source.height)
            return Edited(like, ModifiedClip(like, edit, source).frames(), edit.source)
        case _:
            raise NotImplementedError(type(brief.edit).__name__)


def of_source(brief: Brief, source: SourceClip, width: int, height: int) -> Brief:
    """A brief with the rate and the length of a source, and that size."""
    return replace(brief, kind="video", width=width, height=height, seconds=source.seconds, fps=source.rate)
