"""What a file says of itself, beside its pictures and sound, which stay byte for byte as they are."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from dream_nb.files import replacing
from dream_nb.media.containers import top_boxes
from dream_nb.media.formats import AVIF, GIF, JPEG, MOV, MP4, PNG, WEBP, format_of
from dream_nb.media.pictures import opened_picture
from dream_nb.media.posters import check_whole

_MAX_COMMENT: Final = 65_533
_MAX_BLOCK: Final = 255
_PNG_SIGNATURE: Final = 8
_GIF_HEADER: Final = 13
_HAS_COLOURS: Final = 0x80
# No other program uses it: readers of WebP pass over chunks that they do not know.
_WEBP_CHUNK: Final = b"DrNb"
_UTF8: Final = 1
_HEADER: Final = 8


def write_tag(path: Path, key: str, text: str, title: str) -> None:
    """Have a file say something of itself, and see that it is whole. Where that cannot be, it stays as it was.

    Args:
        path: of the file, under a name that nobody reads yet: a process that is killed may leave half a tag in it.
        key: under which it is said.
        text: what is said.
        title: of a video, which players show.

    Raises:
        ValueError: its format has no place for it, or it is damaged.
        UnreadableFileError: it does not decode.
        OSError: there is no room.
    """
    found = format_of(path)
    if found not in (MP4, MOV, AVIF, PNG, JPEG, GIF, WEBP):
        raise ValueError(f"{found.name if found else 'an unknown format'} cannot store it")
    if found in (MP4, MOV, AVIF):
        _append_box(path, key, text, title)
        return
    with replacing(path) as partial:
        partial.write_bytes(_with_comment(path.read_bytes(), key, text))
        # What is kept is what was checked.
        check_whole(partial)


def _with_comment(content: bytes, key: str, text: str) -> bytes:
    """A picture's bytes with what it says of itself."""
    found = format_of(content)
    comment = f"{key}: {text}".encode()
    try:
        if found is PNG:
            at, part = _png_text(content, key, text)
        elif found is JPEG:
            at, part = _jpeg_comment(content, comment)
        elif found is GIF:
            at, part = _gif_comment(content, comment)
        else:
            content, at, part = _webp_chunk(content, comment)
    except (IndexError, struct.error) as error:
        raise ValueError("it ends within its header") from error
    return content[:at] + part + content[at:]


def read_tag(path: Path, key: str) -> str | None:
    """What a file says of itself under a key; None where it says nothing.

    Args:
        path: the file. What it says is not trusted.
        key: under which it was said.

    Raises:
        ValueError: it does not decode as far as that.
        OSError: it cannot be read.
    """
    found = format_of(path)
    if found in (MP4, MOV, AVIF):
        import av

        try:
            with av.open(str(path), "r", format="mov") as container:
                return container.metadata.get(key)
        except av.FFmpegError as error:
            raise ValueError("it is not an MP4 file") from error
    if found is WEBP:
        # What was said last counts.
        return _said(_webp_comments(path.read_bytes())[::-1], key)
    if found in (JPEG, PNG, GIF):
        with opened_picture(path) as image:
            if found is PNG:
                text = getattr(image, "text", {}).get(key)
                return None if text is None else str(text)
            comments = [content for name, content in getattr(image, "applist", []) if name == "COM"]
            # Pillow puts the comments of a GIF below each other.
            return _said(comments if found is JPEG else image.info.get("comment", b"").split(b"\n"), key)
    return None


def _said(comments: list[bytes], key: str) -> str | None:
    mark = f"{key}: ".encode()
    return next((comment.removeprefix(mark).decode() for comment in comments if comment.startswith(mark)), None)


def _append_box(path: Path, key: str, text: str, title: str) -> None:
    """A box `udta` behind all others, as iTunes writes its tags: nothing before it moves, so that all offsets stay."""
    boxes, end = top_boxes(path), path.stat().st_size
    if not boxes or boxes[-1].end != end:
        raise ValueError("its last box does not end where the file does")
    if boxes[-1].kind == b"udta":
        # What it says already is said anew.
        end = boxes[-1].begin - _HEADER
    handler = _box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
    named = _box(b"\xa9nam", _data(title))
    tag = _box(
        b"----", _box(b"mean", bytes(4), b"com.apple.iTunes"), _box(b"name", bytes(4), key.encode()), _data(text)
    )
    with path.open("rb+", buffering=0) as file:
        file.seek(end)
        said = file.read()
        try:
            _end_with(file, end, _box(b"udta", _box(b"meta", bytes(4), handler, _box(b"ilst", named, tag))))
            # What is kept is what was checked.
            check_whole(path)
        except BaseException:
            _end_with(file, end, said)
            raise


def _end_with(file: BinaryIO, at: int, content: bytes) -> None:
    file.seek(at)
    file.truncate()
    file.write(content)


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _data(text: str) -> bytes:
    return _box(b"data", struct.pack(">II", _UTF8, 0), text.encode())


def _png_text(content: bytes, key: str, text: str) -> tuple[int, bytes]:
    """An iTXt chunk after the header. Pillow would write all pixels anew."""
    end = _PNG_SIGNATURE + 12 + struct.unpack_from(">I", content, _PNG_SIGNATURE)[0]
    body = b"iTXt" + key.encode() + b"\0\0\0\0\0" + text.encode()
    return end, struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _jpeg_comment(content: bytes, comment: bytes) -> tuple[int, bytes]:
    """A comment after the application segments. Pillow would code all pixels anew."""
    if len(comment) > _MAX_COMMENT:
        raise ValueError("it is too long for a comment")
    at = 2
    while content[at] == 0xFF and 0xE0 <= content[at + 1] <= 0xEF:
        if content[at + 4 : at + 8] == b"MPF\0":
            # From here on it counts how far the next picture is.
            break
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    return at, b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment


def _gif_comment(content: bytes, comment: bytes) -> tuple[int, bytes]:
    """A comment after the header and its table of colours, before all pictures."""
    packed = content[10]
    at = _GIF_HEADER + (3 << ((packed & 7) + 1) if packed & _HAS_COLOURS else 0)
    blocks = (comment[begin : begin + _MAX_BLOCK] for begin in range(0, len(comment), _MAX_BLOCK))
    return at, b"\x21\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def _webp_chunk(content: bytes, comment: bytes) -> tuple[bytes, int, bytes]:
    """A chunk behind all others, which readers pass over."""
    part = _WEBP_CHUNK + struct.pack("<I", len(comment)) + comment + b"\0" * (len(comment) % 2)
    end = struct.unpack_from("<I", content, 4)[0] + 8
    return content[:4] + struct.pack("<I", end - 8 + len(part)) + content[8:], end, part


def _webp_comments(content: bytes) -> list[bytes]:
    return [body for kind, body in _chunks(content) if kind == _WEBP_CHUNK]


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, at)
        yield kind, content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
