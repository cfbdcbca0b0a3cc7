"""Animated pictures: GIF, WebP, PNG and AVIF with several frames."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media.frames import Size, TimedFrame, VideoFacts
from dream_nb.media.pictures import opened_picture, pixels, upright

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_FRAMES: Final = 20_000
"""The largest number of frames of an animation."""

# The duration in seconds that browsers use for a frame without one.
_UNTIMED: Final = 0.1


def is_animation(file: Path) -> bool:
    """Return whether a picture is animated.

    Args:
        file: the path of the file.
    """
    try:
        with opened_picture(file) as image:
            return _frames(image) > 1
    except UnreadableFileError:
        return False


def read_animation_facts(file: Path | BinaryIO, name: str) -> VideoFacts:
    """Return the facts of an animated picture. A still picture has one frame, and 0 seconds.

    Args:
        file: the path of the file, or a file object.
        name: the name of the file in errors.

    Raises:
        UnreadableFileError: it is damaged, or has too many pixels or frames.
    """
    with opened_picture(_source(file), name) as image:
        durations = list(_durations(image, name))
        width, height = upright(image).size
    total = sum(durations)
    return VideoFacts(
        width,
        height,
        fps=len(durations) / total if total else 0.0,
        frames=len(durations),
        seconds=total,
        is_even=total > 0 and len(set(durations)) == 1,
    )


def iterate_animation(
    file: Path | BinaryIO, name: str, wanted: Callable[[int, float], bool], size: Size | None
) -> Iterator[TimedFrame]:
    """Iterate over the frames of an animated picture in order, with one in memory at a time.

    Args:
        file: the path of the file, or a file object.
        name: the name of the file in errors.
        wanted: a function of a frame's number and its time in seconds, which returns whether to include it.
        size: the width and height in pixels, or one number that limits the longer side; None keeps the original size.

    Raises:
        UnreadableFileError: it is damaged, or has too many pixels or frames.
    """
    with opened_picture(_source(file), name) as image:
        begin = 0.0
        for number, seconds in enumerate(_durations(image, name)):
            if wanted(number, begin):
                yield TimedFrame(pixels(upright(image), size), begin)
            begin += seconds


def _durations(image: Image, name: str) -> Iterator[float]:
    """The time that each frame is visible, in seconds. While one is yielded, the picture is that frame."""
    count = _frames(image)
    if count > MOST_FRAMES:
        raise UnreadableFileError(name, f"has {count:,} frames, and at most {MOST_FRAMES:,} are read")
    size = image.size
    # A PNG may have a picture for readers that do not support animations.
    for number in range(int(bool(getattr(image, "default_image", False))), count):
        image.seek(number)
        if image.size != size:
            raise UnreadableFileError(name, f"has frames of different sizes; the first one is {size[0]} x {size[1]}")
        image.load()
        milliseconds = image.info.get("duration") or 0
        yield (milliseconds / 1000 or _UNTIMED) if count > 1 else 0.0


def _frames(image: Image) -> int:
    # Further pictures of an MPO are the same picture, smaller or from the side.
    return 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))


def _source(file: Path | BinaryIO) -> Path | bytes:
    if isinstance(file, Path):
        return file
    file.seek(0, io.SEEK_SET)
    return file.read()
