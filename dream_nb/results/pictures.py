"""The pixels of a dream: its picture, its frames, one or all of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dream_nb.api.errors import LibraryError
from dream_nb.results import video
from dream_nb.results.video import Size, fitted

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from dream_nb.results.footage import Footage
    from dream_nb.results.video import Frame, Frames


def picture(dream: Footage) -> Image:
    """The picture of an image, or the first frame of a video, in RGB.

    Args:
        dream: whose.

    Raises:
        LibraryError: there is no file, or it does not decode.
    """
    if dream.kind == "video":
        from PIL import Image

        return Image.fromarray(video.frame_at(dream.path, 0.0))
    with _opened(dream.path) as image:
        return image.convert("RGB")


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    from PIL import Image

    try:
        with Image.open(path) as image:
            yield image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise LibraryError(
            f"{path.name!r} does not decode ({type(error).__name__}): run its cell again to fetch it anew, or remove it"
        ) from error


def size(dream: Footage) -> tuple[int, int]:
    """Width and height of a dream, in pixels.

    Args:
        dream: which.

    Raises:
        LibraryError: there is no file, or it does not decode.
    """
    if dream.facts is not None:
        return dream.facts.width, dream.facts.height
    with _opened(dream.path) as image:
        return image.size


def frames(dream: Footage, start: int, stop: int | None, step: int, size: Size | None) -> Iterator[Frame]:
    """The frames of a dream; see `Dream.frames`.

    Args:
        dream: whose.
        start, stop, step: which, as in a slice.
        size: width and height, or at most what longer side; None for all of it.

    Raises:
        ValueError: the step or the size is none.
        LibraryError: there is no file, or it does not decode.
    """
    if step < 1:
        raise ValueError(f"step {step} is not a number from 1")
    fitted(size, 1, 1)
    if dream.kind == "image":
        return iter([_still(dream, size)][start:stop:step])
    path = dream.path
    if start < 0 or (stop is not None and stop < 0):
        assert dream.facts is not None
        start, stop, _ = slice(start, stop).indices(dream.facts.frames)
    return video.iterate_frames(path, start, stop, step, size)


def frame_at(dream: Footage, seconds: float, size: Size | None) -> Frame:
    """The frame that is seen at a time; see `Dream.frame_at`.

    Args:
        dream: whose.
        seconds: from the beginning.
        size: width and height, or at most what longer side; None for all of it.

    Raises:
        ValueError: the time is negative, or the size is none.
        LibraryError: there is no file, or it does not decode.
    """
    if not seconds >= 0:
        raise ValueError(f"{seconds} s is before the beginning: a time is a number from 0")
    return _still(dream, size) if dream.kind == "image" else video.frame_at(dream.path, seconds, size)


def to_numpy(dream: Footage, size: Size | None, *, quiet: bool) -> Frames:
    """All frames of a dream at once; see `Dream.to_numpy`.

    Args:
        dream: whose.
        size: width and height, or at most what longer side; None for all of it.
        quiet: whether it prints nothing.

    Raises:
        MemoryError: there is not so much memory.
        LibraryError: there is no file, or it does not decode.
    """
    import numpy as np

    count = dream.facts.frames if dream.facts else 1
    width, height = fitted(size, *dream.size)
    if not quiet:
        megabytes = count * width * height * 3 / 1e6
        sys.stdout.write(f"{count} frame{'s' * (count != 1)} of {width} x {height}: {megabytes:,.1f} MB\n")
    whole = np.empty((count, height, width, 3), np.uint8)
    got = 0
    for frame in frames(dream, 0, None, 1, (width, height)):
        if got == len(whole):
            # A header may say fewer frames than there are, or none.
            whole = np.concatenate([whole, np.empty((max(16, got), height, width, 3), np.uint8)])
        whole[got] = frame
        got += 1
    return whole[:got]


def _still(dream: Footage, size: Size | None) -> Frame:
    import numpy as np

    image = dream.image
    return np.asarray(image if size is None else image.resize(fitted(size, *image.size)), dtype=np.uint8)
