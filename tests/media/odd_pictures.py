"""Unusual pictures as cameras, phones and programs write them, each with the picture that people see."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

SIZE = 96, 54
ORIENTATION = 0x0112


def scene(mode: str = "RGB") -> Image.Image:
    """Red above green, with a blue corner at the upper left, so that rotations and reflections can be noticed."""
    picture = Image.new("RGB", SIZE, (200, 30, 30))
    picture.paste((30, 160, 30), (0, 27, 96, 54))
    picture.paste((30, 30, 220), (0, 0, 32, 18))
    return picture.convert(mode)


def written(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int, kind: str = "JPEG", **options: Any) -> bytes:
    """The scene as a rotated camera stores it, with its orientation in the EXIF data."""
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return written(scene().transpose(back), kind, exif=exif, **options)


def hidden(mode: str, kind: str, **options: Any) -> bytes:
    """The scene with a transparent lower half, whose colour must not be seen."""
    picture = scene("RGBA")
    picture.paste((255, 0, 255, 0), (0, 27, 96, 54))
    return written(picture.convert(mode), kind, **options)


def on_white() -> Image.Image:
    picture = scene()
    picture.paste("white", (0, 27, 96, 54))
    return picture


def ramp() -> Image.Image:
    """A gradient from black at the left to white at the right."""
    return Image.fromarray(np.tile(np.linspace(0, 255, 96).round().astype(np.uint8), (54, 1))).convert("RGB")


def png16(colour: int, rows: np.ndarray[Any, Any], *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with 16 bits per channel, which Pillow cannot write; `colour` is its colour type."""
    height, width = rows.shape[:2]
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)),
        *chunks,
        (b"IDAT", zlib.compress(lines)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


GREY16 = np.tile(np.linspace(0, 65535, 96).round(), (54, 1))


def grey16_hidden() -> bytes:
    rows = GREY16.copy()
    rows[27:] = 12345
    return png16(0, rows, (b"tRNS", struct.pack(">H", 12345)))


def ramp_on_white() -> Image.Image:
    picture = ramp()
    picture.paste("white", (0, 27, 96, 54))
    return picture


def rgb16_hidden() -> bytes:
    rows = np.asarray(scene()).astype(np.uint16) * 257
    rows[27:] = (0xFF00, 0x0100, 0xFF00)
    return png16(2, rows, (b"tRNS", struct.pack(">HHH", 0xFF00, 0x0100, 0xFF00)))


def palette_hidden() -> bytes:
    picture = Image.new("P", SIZE, 0)
    picture.putpalette([200, 30, 30, 255, 0, 255, 30, 30, 220])
    picture.paste(1, (0, 27, 96, 54))
    picture.paste(2, (0, 0, 32, 18))
    return written(picture, "PNG", transparency=1)


def phone() -> bytes:
    """A JPEG followed by a second picture, as phones write them."""
    return written(scene(), "MPO", save_all=True, append_images=[Image.new("RGB", SIZE, "black")], quality=95)


def moving(kind: str) -> bytes:
    return written(scene(), kind, save_all=True, append_images=[Image.new("RGB", SIZE, "black")], duration=500)


def commented() -> bytes:
    information = PngImagePlugin.PngInfo()
    information.add_itxt("note", "x" * 10_000, zip=True)
    return written(scene(), "PNG", pnginfo=information)


def broken_exif() -> bytes:
    return written(scene(), "JPEG", quality=95, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")


ODD: dict[str, tuple[Callable[[], bytes], Callable[[], Image.Image]]] = {
    "plain.jpg": (lambda: written(scene(), "JPEG", quality=95), scene),
    "progressive.jpg": (lambda: written(scene(), "JPEG", quality=95, progressive=True), scene),
    "grey.jpg": (lambda: written(scene("L"), "JPEG", quality=95), lambda: scene("L").convert("RGB")),
    "cmyk.jpg": (lambda: written(scene("CMYK"), "JPEG", quality=95), scene),
    "phone.jpg": (phone, scene),
    "broken-exif.jpg": (broken_exif, scene),
    **{f"exif{number}.jpg": (partial(turned, number, quality=95), scene) for number in range(2, 9)},
    "exif6.png": (lambda: turned(6, "PNG"), scene),
    "exif6.webp": (lambda: turned(6, "WEBP", lossless=True), scene),
    "exif6.avif": (lambda: turned(6, "AVIF", quality=95), scene),
    "plain.png": (lambda: written(scene(), "PNG"), scene),
    "commented.png": (commented, scene),
    "one-bit.png": (lambda: written(ramp().convert("1"), "PNG"), lambda: ramp().convert("1").convert("RGB")),
    "palette.png": (lambda: written(scene().quantize(8), "PNG"), scene),
    "palette-hidden.png": (palette_hidden, on_white),
    "rgba.png": (lambda: hidden("RGBA", "PNG"), on_white),
    "la.png": (lambda: hidden("LA", "PNG"), lambda: on_white().convert("L").convert("RGB")),
    "grey16.png": (lambda: png16(0, GREY16), ramp),
    "grey16-hidden.png": (grey16_hidden, ramp_on_white),
    "rgb16-hidden.png": (rgb16_hidden, on_white),
    "rgba.webp": (lambda: hidden("RGBA", "WEBP", lossless=True), on_white),
    "rgba.gif": (lambda: hidden("RGBA", "GIF"), on_white),
    "rgba.avif": (lambda: hidden("RGBA", "AVIF", quality=95), on_white),
    "moving.gif": (lambda: moving("GIF"), scene),
    "moving.webp": (lambda: moving("WEBP"), scene),
    "moving.png": (lambda: moving("PNG"), scene),
}
"""Functions that make the bytes and the expected picture of each file, by the file's name."""
