"""Reads given pictures and clips within limits, crops them to the frame, or rejects them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import av
import numpy as np
from PIL import Image, ImageOps

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media.pictures import DAMAGE, MOST_PIXELS, read_picture
from dream_nb.studio.render.brief import UNREADABLE, Keyframe, RenderError
from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.planes import Planes, from_rgb


@contextmanager
def _refused() -> Iterator[None]:
    """Turn the errors of decoders about invalid files into a `RenderError` with the API's reason."""
    try:
        with warnings.catch_warnings():
            # Broken EXIF only warns, and tests turn warnings into errors.
            warnings.simplefilter("ignore")
            yield
    except (*DAMAGE, av.FFmpegError, UnreadableFileError) as error:
        raise RenderError(UNREADABLE) from error


def cropped(data: bytes, width: int, height: int) -> U8:
    """Return an encoded image cropped around its middle to the aspect ratio of a size, and scaled to that size.

    Args:
        data: the image, as a JPEG, PNG, WebP, GIF or AVIF file.
        width, height: the size of the result.

    Returns:
        An RGB array, height x width x 3.

    Raises:
        RenderError: the file is in another format, damaged or too large.
    """
    with _refused():
        return np.asarray(_fitted(read_picture(data, near=(width, height)), width, height))


def whole(data: bytes, longest: int) -> U8:
    """Return an encoded image, uncropped, as an RGB array, height x width x 3.

    Args:
        data: the image, as for `cropped`.
        longest: the longest longer side in pixels; larger images are reduced.

    Raises:
        RenderError: as for `cropped`.
    """
    with _refused():
        image = read_picture(data, near=(longest, longest))
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        return np.asarray(image)


def keyframe(frame: Keyframe, width: int, height: int) -> Planes:
    """Return the picture of a keyframe, cropped to the aspect ratio of a size and scaled to that size.

    Raises:
        RenderError: the file cannot be read, or is a video where a picture is expected, or the reverse.
    """
    if frame.end is None:
        return from_rgb(cropped(frame.data, width, height))
    with _refused():
        shown = _frame_of(frame.data, last=frame.end == "last")
        if (shown.width, shown.height, shown.format.name) == (width, height, "yuv420p"):
            y, u, v = (_pixels(plane) for plane in shown.planes)
            return Planes(y, u, v)
        image = Image.fromarray(shown.to_ndarray(format="rgb24"))
        return from_rgb(np.asarray(_fitted(image, width, height)))


def _fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


def _frame_of(data: bytes, last: bool) -> av.VideoFrame:
    with av.open(io.BytesIO(data), "r", format="mp4") as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        if stream.width * stream.height > MOST_PIXELS:
            raise ValueError(f"a video of {stream.width}x{stream.height}")
        shown = next(container.decode(stream))
        if last:
            if stream.duration:
                container.seek(stream.duration, stream=stream)
            for later in container.decode(stream):
                shown = later
        return shown


def _pixels(plane: av.video.plane.VideoPlane) -> U8:
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    pixels: U8 = rows[: plane.height, : plane.width].copy()
    return pixels
