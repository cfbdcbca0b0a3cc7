"""Pictures: read in one way wherever they come from, reduced, and written as JPEG."""

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

# What of Pillow reads each format. That of JPEG reads MPO too, with which phones write a second picture behind the
# first. Nothing else is asked: some parts of it start a program, and the file chooses what that does.
_READERS: Final[Mapping[Format, tuple[str, str]]] = {
    JPEG: ("JpegImagePlugin", "jpeg_factory"),
    PNG: ("PngImagePlugin", "PngImageFile"),
    WEBP: ("WebPImagePlugin", "WebPImageFile"),
    GIF: ("GifImagePlugin", "GifImageFile"),
    AVIF: ("AvifImagePlugin", "AvifImageFile"),
}
MOST_PIXELS: Final = 80_000_000
"""Of a picture. Twice as many as the cameras of most phones give, and a quarter of a gigabyte when decoded."""

_MOST_TEXT: Final = 2**20
_PNG_SIGNATURE: Final = 8
_ORIENTATION: Final = 0x0112
_LYING: Final = frozenset({5, 6, 7, 8})
_FULL: Final = 65_535
# Reduced in whole steps first, as long as that leaves it so many times finer than it is wanted.
_FINER: Final = 2
# Of every JPEG that is shown: small, and artefacts are hardly seen at these sizes.
_QUALITY: Final = 70

# Where a picture's file says how it is turned; said of the turned one, it would be turned again.
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
"""What Pillow's decoders raise on damaged files."""


def read_picture(source: Path | bytes, name: str | None = None, *, near: tuple[int, int] | None = None) -> Image:
    """A picture as people see it: upright, 8 bits a channel in RGB, with white where it is transparent.

    Of an animation, and of a file with several pictures, it is the first one.

    Args:
        source: the path of a JPEG, PNG, WebP, GIF or AVIF file, or its bytes.
        name: what errors call it; by default the name of the file.
        near: about how many pixels in width and height are needed, so that a large picture is read faster and in less
            memory; it has at least so many, where it had them. None reads all of them.

    Raises:
        UnreadableFileError: it is none of these, is damaged, or is too large.
    """
    with opened_picture(source, name) as image:
        if near is not None and orientation(image) in _LYING:
            near = near[::-1]
        if near is not None:
            image.draft("RGB", near)
        image.load()
        return upright(image, near)


def upright(image: Image, near: tuple[int, int] | None = None) -> Image:
    """A decoded picture as people see it: as `read_picture` gives it.

    Args:
        image: as Pillow reads it.
        near: as for `read_picture`, of the picture as it is stored.
    """
    return _on_white(turned(image), near)


def picture_size(source: Path | bytes, name: str | None = None) -> tuple[int, int]:
    """Width and height of a picture as people see it, in pixels. It is not decoded.

    Args:
        source: as for `read_picture`.
        name: what errors call it; by default the name of the file.

    Raises:
        UnreadableFileError: as for `read_picture`, as far as its headers tell.
    """
    with opened_picture(source, name) as image:
        width, height = image.size
        return (height, width) if orientation(image) in _LYING else (width, height)


@contextmanager
def opened_picture(source: Path | bytes, name: str | None = None) -> Iterator[Image]:
    """A picture as its file has it, not yet decoded. Whatever is wrong with the file is said as one sentence.

    Args:
        source: as for `read_picture`.
        name: what errors call it; by default the name of the file.

    Raises:
        UnreadableFileError: it is none of the formats, is damaged, or is too large.
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
    # Not by `Image.open`, which warns of large pictures: how large they may be is asked here.
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
    """How a picture's EXIF data say that it is turned: 1 to 8; 1, which is upright, where they cannot be read.

    Args:
        image: as Pillow reads it.
    """
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except DAMAGE:
        # What the camera wrote beside the picture does not keep it from being seen.
        return 1


def turned(image: Image) -> Image:
    """A decoded picture turned upright, as its EXIF data say; what it says of that is left out then.

    Args:
        image: as Pillow reads it.
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
    """A picture of any mode in RGB, with white behind what is transparent."""
    from PIL import Image as Images

    if image.mode.startswith("I"):
        image = _eight_bits(image)
    elif image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = _with_alpha(image)
    elif image.mode != "RGB":
        image = image.convert("RGB")
    if near is not None:
        # What is far too large is not put on paper at its size: that would take its memory three times.
        times = min(image.width // (_FINER * near[0]), image.height // (_FINER * near[1]))
        if times > 1:
            image = image.reduce(times)
    if image.mode == "RGBA":
        image = Images.alpha_composite(Images.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _eight_bits(image: Image) -> Image:
    """Grey of 16 bits as RGBA of 8, with its transparent grey."""
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
        # Of 16 bits a channel Pillow reads the upper 8, but gives the transparent colour whole.
        image.info["transparency"] = tuple(value >> 8 for value in hidden)
    return image.convert("RGBA")


def _has_much_text(source: Path | bytes) -> bool:
    """Whether a PNG holds more text in one piece than Pillow reads: it may unfold to any length."""
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
    """How many bytes of text a chunk of a PNG holds (PNG, third edition, 11.3.3), counted up to what is too much."""
    if kind == b"tEXt":
        return len(content)
    _, _, rest = content.partition(b"\0")
    if kind == b"zTXt":
        folded = rest[1:]
    elif kind == b"iTXt" and rest[:1] == b"\1":
        # After the method stand a language and a translated keyword.
        folded = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    else:
        return len(content) if kind == b"iTXt" else 0
    try:
        return len(zlib.decompressobj().decompress(folded, _MOST_TEXT + 1))
    except zlib.error:
        return 0


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
        image: the picture, in RGB; where it is transparent, the JPEG is white.
    """
    if image.mode == "RGBA":
        from PIL import Image

        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
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
