"""Encodes pixels as a PNG whose bytes depend only on the pixels, and not on the version of a compression library."""

from __future__ import annotations

import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from dream_nb.api.errors import InvalidRequestError
from dream_nb.media.pictures import DAMAGE, turned

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Pixels = np.ndarray[Any, np.dtype[np.uint8]]

LARGEST: Final = 20 * 2**20
"""The bytes of the largest picture that may be sent."""

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEADER: Final = struct.Struct(">IIBBBBB")
_RGB: Final = 2
_RGBA: Final = 6
# zlib's header: deflate with a window of 32 KB, at the fastest level, which does not restrict what follows.
_ZLIB: Final = b"\x78\x01"
_BLOCK: Final = 65_535
_BLOCK_HEADER: Final = struct.Struct("<BHH")
# The signature, three chunks of which one has a header, and zlib's header and checksum.
_BESIDES: Final = 8 + 3 * 12 + 13 + 2 + 4
# The suggested size must be small enough, although headers are a larger part of a smaller file.
_MARGIN: Final = 0.999
_OPAQUE: Final = 255
_GREYS: Final = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_MOST_GREY: Final = 65_535
_CHANNELS: Final = (1, 3, 4)


def is_image(value: object) -> TypeGuard[Image]:
    """Return whether a value is a Pillow image, without importing Pillow."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def is_array(value: object) -> bool:
    """Return whether a value is an array, or a tensor that NumPy can read as one."""
    return all(hasattr(value, name) for name in ("__array__", "shape", "dtype"))


def image_png(image: Image) -> bytes:
    """Return the PNG of an image: upright, with 8 bits per channel, in RGB, or in RGBA if it is not fully opaque.

    Args:
        image: a Pillow image in any mode that Pillow can convert. 16 bits per channel are scaled to 8, as are floats
            from 0 to 1.

    Raises:
        InvalidRequestError: it cannot be converted or decoded, or its PNG would be too large.
    """
    import numpy as np

    # Before decoding, which a picture of a few bytes may make expensive.
    _check_size(image.width, image.height)
    try:
        # Decode first: some formats know their orientation only then.
        image.load()
        upright = turned(image)
        if upright.mode in _GREYS:
            return _png(_from_16_bits(np.asarray(upright)))
        if upright.mode == "F":
            return _png(_as_bytes(np.asarray(upright)[..., np.newaxis]))
        return _png(np.asarray(upright.convert("RGBA" if upright.has_transparency_data else "RGB")))
    except InvalidRequestError:
        raise
    except DAMAGE as error:
        raise InvalidRequestError(
            f"the image of {image.width} x {image.height} pixels, mode {image.mode}, cannot be read "
            f"({type(error).__name__}): give an image in the mode RGB, RGBA or L"
        ) from error


def array_png(value: Any) -> bytes:
    """Return the PNG of an array, in RGB, or in RGBA if it is not fully opaque.

    Args:
        value: an array of height x width for grey, or height x width x 1, 3 or 4 channels (grey, RGB, RGBA), with
            `uint8`, floats from 0 to 1, or truth values, which are black and white.

    Raises:
        InvalidRequestError: it has another shape or type, a float is not from 0 to 1, or its PNG would be too large.
    """
    import numpy as np

    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidRequestError(
            f"the {type(value).__name__} cannot be read as an array ({type(error).__name__}): give a NumPy array"
        ) from error
    shape = " x ".join(map(str, array.shape)) or "no dimensions"
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim != 3 or array.shape[2] not in _CHANNELS or 0 in array.shape:
        raise InvalidRequestError(
            f"the array has the shape {shape}: give height x width, or height x width x 3 or 4{_hint(array.shape)}"
        )
    return _png(_as_bytes(array))


def _hint(shape: tuple[int, ...]) -> str:
    """A suggestion for an array of another shape."""
    if len(shape) == 4:
        return ", such as frames[0]"
    if len(shape) == 3 and shape[0] in _CHANNELS:
        return ", such as array.transpose(1, 2, 0)"
    return ""


def _as_bytes(array: np.ndarray[Any, np.dtype[Any]]) -> Pixels:
    import numpy as np

    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(_OPAQUE)
    if array.dtype.kind == "f":
        # NaN is not in this range either.
        if not np.all((array >= 0) & (array <= 1)):
            raise InvalidRequestError(
                f"the pixels are floats from {np.min(array):g} to {np.max(array):g}: give floats from 0 to 1, or uint8"
            )
        scaled: Pixels = np.rint(array.astype(np.float64) * _OPAQUE).astype(np.uint8)
        return scaled
    raise InvalidRequestError(f"the array has the type {array.dtype}: give uint8, or floats from 0 to 1")


def _from_16_bits(greys: np.ndarray[Any, Any]) -> Pixels:
    import numpy as np

    if greys.min() < 0 or greys.max() > _MOST_GREY:
        raise InvalidRequestError(
            f"the image has values from {greys.min()} to {greys.max()}, but 16 bits end at {_MOST_GREY}: give an "
            "image of 8 bits, such as one in the mode L"
        )
    scaled = (greys.astype(np.uint32) * _OPAQUE + _MOST_GREY // 2) // _MOST_GREY
    return scaled.astype(np.uint8)[..., np.newaxis]


def _check_size(width: int, height: int, channels: int = 3) -> None:
    if width < 1 or height < 1:
        raise InvalidRequestError(f"the image has {width} x {height} pixels: give an image that is not empty")
    size = height * (width * channels + 1)
    size += _BESIDES + (size // _BLOCK + 1) * _BLOCK_HEADER.size
    if size <= LARGEST:
        return
    scale = (LARGEST / size) ** 0.5 * _MARGIN
    raise InvalidRequestError(
        f"the image has {width} x {height} pixels, {size / 2**20:.0f} MB as a PNG: make it smaller than 20 MB "
        f"({int(width * scale)} x {int(height * scale)}), or save it as a JPEG and give that file"
    )


def _png(pixels: Pixels) -> bytes:
    """The PNG of an array of height x width x 1, 3 or 4."""
    import numpy as np

    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    if pixels.shape[2] == 4 and (pixels[..., 3] == _OPAQUE).all():
        pixels = pixels[..., :3]
    height, width, channels = pixels.shape
    _check_size(width, height, channels)
    # Each row begins with its filter type: 0, none.
    rows = np.zeros((height, 1 + width * channels), np.uint8)
    rows[:, 1:] = pixels.reshape(height, width * channels)
    header = _HEADER.pack(width, height, 8, _RGB if channels == 3 else _RGBA, 0, 0, 0)
    return b"".join(
        [_SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", _stored(rows.tobytes())), _chunk(b"IEND", b"")]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def _stored(data: bytes) -> bytes:
    """A zlib stream of deflate's "stored" blocks, because each compressor would write different bytes."""
    parts = [_ZLIB]
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK]
        is_last = start + _BLOCK >= len(data)
        parts += [_BLOCK_HEADER.pack(is_last, len(block), len(block) ^ 0xFFFF), block]
    return b"".join([*parts, struct.pack(">I", zlib.adler32(data))])
