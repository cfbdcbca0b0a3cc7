"""Applies the edit of a brief, with one branch for each kind of edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dream_nb.studio.render.brief import Brief, Modify, Reframe, RenderError, Resample
from dream_nb.studio.render.edits.modify import ModifiedClip
from dream_nb.studio.render.edits.painting import Painting
from dream_nb.studio.render.edits.reframe import Canvas, placed, size_of
from dream_nb.studio.render.edits.resample import resampled, resampled_size
from dream_nb.studio.render.edits.source_clip import SourceClip
from dream_nb.studio.render.edits.track import tracked
from dream_nb.studio.render.given import pictures
from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.plane_scaler import PlaneScaler
from dream_nb.studio.render.planes import Planes, from_rgb
from dream_nb.studio.render.sizes import size_of_lines

_LONGEST_PICTURE = 4096


@dataclass(frozen=True, slots=True)
class Edited:
    """The result of an edit, ready to be encoded.

    Args:
        brief: the brief, with the size, frame rate and length of the result.
        shots: the frames of a video.
        sound: a video whose sound to copy into the result, or None.
        picture: an image as an RGB array, height x width x 3, or None for a video.
    """

    brief: Brief
    shots: Iterator[Planes]
    sound: bytes | None = None
    picture: U8 | None = None


def edited(brief: Brief) -> Edited:
    """Start the edit of a brief. The frames of a video are made while they are iterated over.

    Raises:
        RenderError: the source cannot be read or is too long, or cannot be placed as requested.
    """
    match brief.edit:
        case Modify() as edit:
            return _modified_clip(brief, edit)
        case Reframe() as edit if brief.kind == "image":
            return _reframed_image(brief, edit)
        case Reframe() as edit:
            return _reframed_clip(brief, edit)
        case Resample() as edit:
            source = SourceClip(edit.source, longest_seconds=brief.longest_seconds)
            size = resampled_size(source, min(edit.lines, brief.shorter_side or edit.lines))
            return Edited(_of_source(brief, source, size), resampled(source, size), edit.source)
        case other:
            raise NotImplementedError(f"an edit of type {type(other).__name__}")


def _of_source(brief: Brief, source: SourceClip, size: tuple[int, int]) -> Brief:
    """Return a brief with the frame rate and the length of a source, and with this size."""
    return replace(
        brief,
        kind="video",
        width=size[0],
        height=size[1],
        seconds=source.seconds,
        fps=source.rate,
        frame0=None,
        frame1=None,
    )


def _modified_clip(brief: Brief, edit: Modify) -> Edited:
    source = SourceClip(edit.source, brief.shorter_side, brief.longest_seconds, edit.most_seconds)
    size = source.width, source.height
    if edit.lines is not None:
        size = resampled_size(source, min(edit.lines, brief.shorter_side or edit.lines))
    outside = [guide.frame for guide in edit.guides if guide.frame >= source.count]
    if outside and brief.longest_seconds is None:
        raise RenderError(f"keyframe index {outside[0]} is outside of the source, which has {source.count} frames")
    like = _of_source(brief, source, size)
    shots = ModifiedClip(like, edit, source).frames()
    if edit.aspect_ratio is None:
        return Edited(like, shots, edit.source)
    shown = size_of_lines(edit.aspect_ratio, min(size))
    return Edited(replace(like, width=shown[0], height=shown[1]), _cropped(shots, size, shown), edit.source)


def _cropped(shots: Iterator[Planes], size: tuple[int, int], shown: tuple[int, int]) -> Iterator[Planes]:
    """Crop each frame around its middle to the aspect ratio of the result, and scale it.

    Args:
        shots: the frames.
        size: the width and height of the frames.
        shown: the width and height of the result.
    """
    scale = min(own / wanted for own, wanted in zip(size, shown, strict=True))
    width, height = (min(own, round(scale * wanted / 2) * 2) for own, wanted in zip(size, shown, strict=True))
    left, top = (size[0] - width) // 4 * 2, (size[1] - height) // 4 * 2
    scalers = [PlaneScaler(), PlaneScaler(), PlaneScaler()]
    for shot in shots:
        planes = []
        for plane, part, scaler in zip(shot.all, (1, 2, 2), scalers, strict=True):
            middle = plane[top // part : (top + height) // part, left // part : (left + width) // part]
            planes.append(scaler.scaled(middle, (shown[0] // part, shown[1] // part)).copy())
        yield Planes(*planes)


def _reframed_clip(brief: Brief, edit: Reframe) -> Edited:
    source = SourceClip(edit.source, longest_seconds=brief.longest_seconds)
    own = source.width, source.height
    size = edit.size or size_of(edit.aspect_ratio, *own, video=True, shorter_side=brief.shorter_side)
    canvas = Canvas(size, placed(edit.placing, own, size))
    like = _of_source(brief, source, size)
    camera = tracked(source.small, source.seconds)
    painting = Painting(like, canvas, source.samples, camera, edit.first_frame)
    shots = (painting.frame(shot, number) for number, shot in enumerate(source.frames()))
    return Edited(like, shots, edit.source)


def _reframed_image(brief: Brief, edit: Reframe) -> Edited:
    picture = pictures.whole(edit.source, _LONGEST_PICTURE)
    height, width = (max(16, side // 2 * 2) for side in picture.shape[:2])
    if (height, width) != picture.shape[:2]:
        if min(picture.shape[:2]) < 16:
            picture = pictures.cropped(edit.source, width, height)
        picture = picture[:height, :width]
    size = size_of(edit.aspect_ratio, width, height, video=False, shorter_side=brief.shorter_side)
    canvas = Canvas(size, placed(edit.placing, (width, height), size))
    like = replace(brief, width=size[0], height=size[1], frame0=None, frame1=None)
    shot = from_rgb(picture)
    painted = Painting(like, canvas, [shot], first_frame=edit.first_frame).frame(shot, 0).rgb()
    return Edited(like, iter(()), picture=canvas.pasted(painted, picture))
