"""Pictures: opened, reduced, and written as JPEG."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

from dream_nb.api.errors import LibraryError
from dream_nb.media.video import Size, fitted, frame_at

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from dream_nb.media.video import Frame

Kind = Literal["video", "image"]

# Of every JPEG that is shown: small, and artefacts are hardly seen at these sizes.
_QUALITY: Final = 70


def picture(path: Path, kind: Kind, *, near: int | None = None) -> Image:
    """The picture of an image, or the first frame of a video, in RGB.

    Args:
        path: the file.
        kind: "video" or "image".
        near: about how many pixels of the longer side are needed, so that a large JPEG is decoded faster; None decodes
            all of it.

    Raises:
        LibraryError: it does not decode.
    """
    if kind == "video":
        from PIL import Image

        return Image.fromarray(frame_at(path, 0.0))
    with opened_picture(path) as image:
        if near is not None:
            image.draft("RGB", (near, near))
        return image.convert("RGB")


@contextmanager
def opened_picture(path: Path) -> Iterator[Image]:
    """The picture in a file, not yet decoded.

    Args:
        path: the file.

    Raises:
        LibraryError: it does not decode, here or later in the body.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            yield image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise LibraryError(
            f"{path.name!r} does not decode ({type(error).__name__}): run its cell again to fetch it anew, or remove it"
        ) from error


def reduced(image: Image, side: int) -> Image:
    """A picture made smaller in place, without what its file says of itself.

    Args:
        image: the picture.
        side: its longer side in pixels, at most.
    """
    # A file's comment names its generation: it has no place in what is made of the picture, and in a notebook it
    # would change with every drawing.
    image.info.clear()
    image.thumbnail((side, side))
    return image


def jpeg(image: Image) -> bytes:
    """A picture as the bytes of a JPEG.

    Args:
        image: the picture, in RGB.
    """
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return file.getvalue()


def pixels(image: Image, size: Size | None = None) -> Frame:
    """A picture as an array.

    Args:
        image: the picture, in RGB.
        size: width and height, or at most what longer side, in pixels; None leaves it as it is.

    Returns:
        `uint8`, height x width x 3, RGB.
    """
    import numpy as np

    return np.asarray(image if size is None else image.resize(fitted(size, *image.size)), dtype=np.uint8)
