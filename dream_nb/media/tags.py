"""Metadata inside files. The pictures and sound of a file stay unchanged, byte for byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from dream_nb.media.containers import top_boxes
from dream_nb.media.formats import AVIF, GIF, JPEG, MOV, MP4, PNG, WEBP, format_of
from dream_nb.media.pictures import opened_picture
from dream_nb.media.posters import check_whole

_MAX_COMMENT: Final = 65_533
_MAX_BLOCK: Final = 255
_PNG_SIGNATURE: Final = 8
_GIF_HEADER: Final = 13
_HAS_COLOURS: Final = 0x80
# No other program uses it: readers of WebP skip chunks that they do not know.
_WEBP_CHUNK: Final = b"DrNb"
_UTF8: Final = 1
_HEADER: Final = 8


def write_tag(path: Path, key: str, text: str, title: str) -> None:
    """Write metadata into a file, and check that it is complete. If this fails, the file is unchanged.

    Args:
        path: the path of the file, under a name that nobody reads yet, because a process that is killed may leave an
            incomplete tag in it.
        key: the key of the metadata.
        text: the text of the metadata.
        title: the title of a video, which players show.

    Raises:
        ValueError: the format cannot contain metadata, or the file is damaged.
        UnreadableFileError: the file cannot be decoded.
        OSError: there is not enough space.
    """
    found = format_of(path)
    if found not in (MP4, MOV, AVIF, PNG, JPEG, GIF, WEBP):
        raise ValueError(f"{found.name if found else 'an unknown format'} cannot store it")
    if found in (MP4, MOV, AVIF):
        _append_box(path, key, text, title)
        return
    content = path.read_bytes()
    tagged = _with_comment(content, key, text)
    try:
        path.write_bytes(tagged)
        # Keep exactly what was checked.
        check_whole(path)
    except BaseException:
        path.write_bytes(content)
        raise


def _with_comment(content: bytes, key: str, text: str) -> bytes:
    """The bytes of a picture with its metadata."""
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
    """Return the metadata of a file under a key; None if there is none.

    Args:
        path: the path of the file. Its metadata is not trusted.
        key: the key of the metadata.

    Raises:
        ValueError: the file cannot be decoded up to the metadata.
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
        # The last value counts.
        return _said(_webp_comments(path.read_bytes())[::-1], key)
    if found in (JPEG, PNG, GIF):
        with opened_picture(path) as image:
            if found is PNG:
                text = getattr(image, "text", {}).get(key)
                return None if text is None else str(text)
            comments = [content for name, content in getattr(image, "applist", []) if name == "COM"]
            # Pillow concatenates the comments of a GIF.
            return _said(comments if found is JPEG else image.info.get("comment", b"").split(b"\n"), key)
    return None


def _said(comments: list[bytes], key: str) -> str | None:
    mark = f"{key}: ".encode()
    return next((comment.removeprefix(mark).decode() for comment in comments if comment.startswith(mark)), None)


def _append_box(path: Path, key: str, text: str, title: str) -> None:
    """Append a box `udta` after all others, as iTunes does, so that no other data moves and all offsets stay valid."""
    boxes, end = top_boxes(path), path.stat().st_size
    if not boxes or boxes[-1].end != end:
        raise ValueError("its last box does not end where the file does")
    if boxes[-1].kind == b"udta":
        # An existing value is written again.
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
            # Keep exactly what was checked.
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
    """Insert an iTXt chunk after the header. Pillow would write all pixels again."""
    end = _PNG_SIGNATURE + 12 + struct.unpack_from(">I", content, _PNG_SIGNATURE)[0]
    body = b"iTXt" + key.encode() + b"\0\0\0\0\0" + text.encode()
    return end, struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _jpeg_comment(content: bytes, comment: bytes) -> tuple[int, bytes]:
    """Insert a comment after the application segments. Pillow would encode all pixels again."""
    if len(comment) > _MAX_COMMENT:
        raise ValueError("it is too long for a comment")
    at = 2
    while content[at] == 0xFF and 0xE0 <= content[at + 1] <= 0xEF:
        if content[at + 4 : at + 8] == b"MPF\0":
            # The next value is the offset of the next picture, counted from here.
            break
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    return at, b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment


def _gif_comment(content: bytes, comment: bytes) -> tuple[int, bytes]:
    """Insert a comment after the header and its colour table, before all pictures."""
    packed = content[10]
    at = _GIF_HEADER + (3 << ((packed & 7) + 1) if packed & _HAS_COLOURS else 0)
    blocks = (comment[begin : begin + _MAX_BLOCK] for begin in range(0, len(comment), _MAX_BLOCK))
    return at, b"\x21\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def _webp_chunk(content: bytes, comment: bytes) -> tuple[bytes, int, bytes]:
    """Append a chunk after all others, which readers skip."""
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
