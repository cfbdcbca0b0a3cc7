"""Pictures: reading them in the same way from any source, scaling them down, and writing them as JPEG."""

from __future__ import annotations

import importlib
import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media.formats import AVIF, GIF, JPEG, PICTURES, PNG, WEBP, Format, format_of, named
from dream_nb.media.frames import Size, fitted

if TYPE_CHECKING:
    from PIL.Image import Image

    from dream_nb.media.frames import Frame

# Pillow's plugin for each format. That for JPEG also reads MPO, in which phones add a second picture. No other plugin
# is used: some start programs, and the file would choose what they do.
_READERS: Final[Mapping[Format, tuple[str, str]]] = {
    JPEG: ("JpegImagePlugin", "jpeg_factory"),
    PNG: ("PngImagePlugin", "PngImageFile"),
    WEBP: ("WebPImagePlugin", "WebPImageFile"),
    GIF: ("GifImagePlugin", "GifImageFile"),
    AVIF: ("AvifImagePlugin", "AvifImageFile"),
}
MOST_PIXELS: Final = 80_000_000
"""The largest number of pixels of a picture: twice that of most phone cameras, and a quarter of a gigabyte decoded."""

_MOST_TEXT: Final = 2**20
_PNG_SIGNATURE: Final = 8
_ORIENTATION: Final = 0x0112
_LYING: Final = frozenset({5, 6, 7, 8})
_FULL: Final = 65_535
# Reduce in whole steps first, as long as the result is still this many times larger than needed.
_FINER: Final = 2
SHOWN_QUALITY: Final = 70
"""The quality of JPEGs that are shown: they are small, and artefacts are hardly visible at these sizes."""

THUMBNAIL_QUALITY: Final = 80
"""The quality of the thumbnails that a studio serves."""

FILE_QUALITY: Final = 90
"""The quality of JPEGs that are results."""

# The orientation tag, which must be removed from a picture that has been rotated.
_TURNING: Final = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"})

DAMAGE: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    ArithmeticError,
    LookupError,
    TypeError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""The exceptions that Pillow's decoders raise for damaged files."""


def read_picture(source: Path | bytes, name: str | None = None, *, near: tuple[int, int] | None = None) -> Image:
    """Read a picture as people see it: upright, with 8 bits per channel in RGB, on white if it is transparent.

    For an animation, or a file with several pictures, this is the first one.

    Args:
        source: the path of a JPEG, PNG, WebP, GIF or AVIF file, or its bytes.
        name: the name of the picture in errors; by default the name of the file.
        near: the approximate width and height that are needed, in pixels, so that a large picture is read faster and
            with less memory; the result is at least that large, if the picture was. None reads all pixels.

    Raises:
        UnreadableFileError: the format is not supported, or the file is damaged or too large.
    """
    with opened_picture(source, name) as image:
        if near is not None and orientation(image) in _LYING:
            near = near[::-1]
        if near is not None:
            image.draft("RGB", near)
        image.load()
        return upright(image, near)


def upright(image: Image, near: tuple[int, int] | None = None) -> Image:
    """Return a decoded picture as people see it, as `read_picture` does.

    Args:
        image: the picture as Pillow reads it.
        near: the size that is needed, as for `read_picture`, of the stored picture.
    """
    return _on_white(turned(image), near)


def picture_size(source: Path | bytes, name: str | None = None) -> tuple[int, int]:
    """Return the width and height of a picture as people see it, in pixels, without decoding it.

    Args:
        source: the picture, as for `read_picture`.
        name: the name of the picture in errors; by default the name of the file.

    Raises:
        UnreadableFileError: as for `read_picture`, as far as the headers show it.
    """
    with opened_picture(source, name) as image:
        width, height = image.size
        return (height, width) if orientation(image) in _LYING else (width, height)


@contextmanager
def opened_picture(source: Path | bytes, name: str | None = None) -> Iterator[Image]:
    """Open a picture without decoding it. All problems with the file are reported in one sentence.

    Args:
        source: the picture, as for `read_picture`.
        name: the name of the picture in errors; by default the name of the file.

    Raises:
        UnreadableFileError: the format is not supported, or the file is damaged or too large.
    """
    from PIL import Image

    shown = name or (source.name if isinstance(source, Path) else "the picture")
    try:
        with _opened(source, shown) as image:
            yield image
    except Image.DecompressionBombError as error:
        raise UnreadableFileError(shown, _too_large(None)) from error
    except UnreadableFileError:
        raise
    except DAMAGE as error:
        reason = f"does not decode ({type(error).__name__})"
        if type(error) is ValueError and _has_much_text(source):
            reason = f"has more than {_MOST_TEXT // 2**20} MB of text in one block, which is more than is read"
        raise UnreadableFileError(shown, reason) from error


def _opened(source: Path | bytes, shown: str) -> Image:
    found = format_of(source)
    if found is None or found not in _READERS:
        raise UnreadableFileError(shown, f"is not a picture that can be read ({named(PICTURES)})")
    part, reader = _READERS[found]
    open_it = getattr(importlib.import_module(f"PIL.{part}"), reader)
    # Not with `Image.open`, which warns of large pictures: their size is checked here.
    image: Image = open_it(io.BytesIO(source) if isinstance(source, bytes) else str(source), "")
    if image.width * image.height > MOST_PIXELS:
        size = image.size
        image.close()
        raise UnreadableFileError(shown, _too_large(size))
    return image


def _too_large(size: tuple[int, int] | None) -> str:
    counted = f"{size[0]} x {size[1]}, too many pixels" if size else "too many pixels"
    return f"has {counted}: at most {MOST_PIXELS // 10**6} million are read, so make it smaller"


def orientation(image: Image) -> int:
    """Return the orientation in a picture's EXIF data, 1 to 8; 1 (upright) if it cannot be read.

    Args:
        image: the picture as Pillow reads it.
    """
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except DAMAGE:
        # Damaged metadata of the camera must not make the picture unreadable.
        return 1


def turned(image: Image) -> Image:
    """Rotate a decoded picture upright according to its EXIF data, and remove the orientation from these.

    Args:
        image: the picture as Pillow reads it.
    """
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(orientation(image))
    if turn is None:
        return image
    upright = image.transpose(turn)
    upright.info = {name: held for name, held in image.info.items() if name not in _TURNING}
    return upright


def _on_white(image: Image, near: tuple[int, int] | None) -> Image:
    """A picture of any mode in RGB, with white behind transparent parts."""
    from PIL import Image as Images

    if image.mode.startswith("I"):
        image = _eight_bits(image)
    elif image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = _with_alpha(image)
    elif image.mode != "RGB":
        image = image.convert("RGB")
    if near is not None:
        # A picture that is far too large is not composed at its full size, which would need three times its memory.
        times = min(image.width // (_FINER * near[0]), image.height // (_FINER * near[1]))
        if times > 1:
            image = image.reduce(times)
    if image.mode == "RGBA":
        image = Images.alpha_composite(Images.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _eight_bits(image: Image) -> Image:
    """16-bit grey as 8-bit RGBA, with its transparent grey."""
    import numpy as np
    from PIL import Image as Images

    grey: Any = np.asarray(image).astype(np.int64).clip(0, _FULL)
    small = ((grey * 255 + _FULL // 2) // _FULL).astype(np.uint8)
    hidden = image.info.get("transparency")
    if not isinstance(hidden, int):
        return Images.fromarray(small).convert("RGB")
    alpha = np.where(grey == hidden, 0, 255).astype(np.uint8)
    return Images.fromarray(np.dstack([small, small, small, alpha]))


def _with_alpha(image: Image) -> Image:
    hidden = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(hidden, tuple) and max(hidden) > 255:
        # Of 16 bits per channel Pillow reads the upper 8, but returns the transparent colour in full.
        image.info["transparency"] = tuple(value >> 8 for value in hidden)
    return image.convert("RGBA")


def _has_much_text(source: Path | bytes) -> bool:
    """Whether a PNG contains more text in one piece than Pillow reads, since it may decompress to any length."""
    if format_of(source) is not PNG:
        return False
    data = source.read_bytes() if isinstance(source, Path) else source
    at = _PNG_SIGNATURE
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if _text_length(kind, data[at + 8 : at + 8 + length]) > _MOST_TEXT:
            return True
        at += length + 12
    return False


def _text_length(kind: bytes, content: bytes) -> int:
    """The number of bytes of text in a chunk of a PNG (PNG, third edition, 11.3.3), counted up to the limit."""
    if kind == b"tEXt":
        return len(content)
    _, _, rest = content.partition(b"\0")
    if kind == b"zTXt":
        folded = rest[1:]
    elif kind == b"iTXt" and rest[:1] == b"\1":
        # The method is followed by a language and a translated keyword.
        folded = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    else:
        return len(content) if kind == b"iTXt" else 0
    try:
        return len(zlib.decompressobj().decompress(folded, _MOST_TEXT + 1))
    except zlib.error:
        return 0


def reduced(image: Image, side: int) -> Image:
    """Scale a picture down in place, and remove its metadata.

    Args:
        image: the picture.
        side: the largest length of its longer side, in pixels.
    """
    # The comment of a file names its generation. It does not belong in derived pictures, and in a notebook it would
    # change with every drawing.
    image.info.clear()
    image.thumbnail((side, side))
    return image


def jpeg(image: Image, *, quality: int = SHOWN_QUALITY) -> bytes:
    """Return a picture as the bytes of a JPEG.

    Args:
        image: the picture, in RGB; transparent parts become white.
        quality: the quality of the JPEG, from 1 to 95.
    """
    if image.mode == "RGBA":
        from PIL import Image

        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()


def pixels(image: Image, size: Size | None = None) -> Frame:
    """Return a picture as an array.

    Args:
        image: the picture, in RGB.
        size: the width and height in pixels, or one number that limits the longer side; None keeps the original size.

    Returns:
        An array of `uint8`, height x width x 3, RGB.
    """
    import numpy as np

    return np.asarray(image if size is None else image.resize(fitted(size, *image.size)), dtype=np.uint8)
