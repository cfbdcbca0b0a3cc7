"""A file that is not a picture, or one that is too large, is refused with a clear error, and starts no program."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from struct import pack

import pytest
from PIL import EpsImagePlugin, Image

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media import animations
from dream_nb.media.formats import format_of
from dream_nb.media.pictures import MOST_PIXELS, jpeg, picture_size, read_picture
from dream_nb.media.posters import check_whole, read_poster
from dream_nb.media.video import read_facts
from tests.media.odd_pictures import moving, scene, written

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    return pack(">I", len(body)) + kind + body + pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 4 * min(height, 100)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("read", [read_picture, picture_size, read_poster, check_whole, format_of])
def test_no_file_starts_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object]
) -> None:
    def start(*_: object, **__: object) -> None:
        pytest.fail("Ghostscript was started")

    # Another library may have made Pillow load all its plugins.
    Image.init()
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", start)
    file = tmp_path / "photo.jpg"
    file.write_bytes(POSTSCRIPT)
    if read is format_of:
        assert format_of(file) is None
        return
    with pytest.raises(UnreadableFileError, match=r"'photo\.jpg' is not a .* that can be read"):
        read(file)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (png(20_000, 20_000), "has 20000 x 20000, too many pixels: at most 80 million are read, so make it smaller"),
        (png(9_000, 9_000), "has 9000 x 9000, too many pixels: at most 80 million are read, so make it smaller"),
        (
            png(1, 1, chunk(b"zTXt", b"note\0\0" + zlib.compress(b"x" * (2**20 + 9)))),
            "has more than 1 MB of text in one block, which is more than is read",
        ),
        (
            png(1, 1, chunk(b"iTXt", b"note\0\1\0\0\0" + zlib.compress(b"x" * (2**20 + 9)))),
            "has more than 1 MB of text in one block, which is more than is read",
        ),
        (written(scene(), "JPEG")[:-200], "does not decode (OSError)"),
        (b"", "is not a picture that can be read (JPEG, PNG, WebP, GIF, AVIF)"),
        (b"BM" + bytes(60), "is not a picture that can be read (JPEG, PNG, WebP, GIF, AVIF)"),
    ],
    ids=["bomb", "large", "zTXt", "iTXt", "cut", "empty", "bmp"],
)
def test_each_bound_has_its_sentence(tmp_path: Path, data: bytes, reason: str) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(data)
    for source in (file, data):
        with pytest.raises(UnreadableFileError) as caught:
            read_picture(source, "a.png")
        assert caught.value.reason == reason


def test_a_picture_at_the_bound_is_read() -> None:
    assert picture_size(png(MOST_PIXELS // 8_000, 8_000)) == (10_000, 8_000)


def test_an_animation_of_too_many_frames_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animations, "MOST_FRAMES", 1)
    file = tmp_path / "a.gif"
    file.write_bytes(moving("GIF"))
    with pytest.raises(UnreadableFileError, match="has 2 frames, and at most 1 are read"):
        read_facts(file)


def test_a_large_picture_is_read_at_a_part_of_its_size() -> None:
    file = io.BytesIO()
    Image.new("RGB", (3200, 1800), (10, 200, 10)).save(file, "PNG")
    small = read_picture(file.getvalue(), near=(160, 90))
    assert 160 <= small.width <= 640


def test_a_jpeg_of_a_transparent_picture_is_white_there() -> None:
    picture = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    with Image.open(io.BytesIO(jpeg(picture))) as white:
        assert white.getpixel((8, 8)) == (255, 255, 255)
