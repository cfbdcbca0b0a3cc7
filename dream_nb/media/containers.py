"""The outermost structure of a file: whether it is complete, and whether a video in it may be rotated."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from dream_nb.media.formats import AVIF, HEAD, MATROSKA, MOV, MP4, WEBM, WEBP, format_of

_LONG: Final = 1
_TO_THE_END: Final = 0
_UPRIGHT: Final = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
# The offset of the matrix in the box `tkhd`, by the version of that box.
_MATRIX_AT: Final = {0: 40, 1: 52}
# The kinds of outermost boxes.
_KINDS: Final = frozenset(
    {
        b"ftyp",
        b"styp",
        b"moov",
        b"moof",
        b"mfra",
        b"mdat",
        b"meta",
        b"udta",
        b"uuid",
        b"sidx",
        b"ssix",
        b"free",
        b"skip",
    }
    | {b"wide", b"pnot", b"PICT", b"pdin", b"emsg", b"prft"}
)
_SEGMENT: Final = 0x18538067
# More boxes than any writer makes: a file that claims more is damaged.
_MOST_BOXES: Final = 1_000_000


class Box(NamedTuple):
    """A box of an MP4, QuickTime or AVIF file.

    Attributes:
        kind: its type, four bytes.
        begin: the offset of its content in the file.
        end: the offset at which the box says that it ends, which may be beyond the end of the file; None if it extends
            to the end of the file, however long that gets.
    """

    kind: bytes
    begin: int
    end: int | None


@contextmanager
def _reading(file: Path | BinaryIO) -> Iterator[tuple[BinaryIO, int]]:
    """The file, and its size in bytes. The position of an open file is restored."""
    if isinstance(file, Path):
        with file.open("rb") as opened:
            yield opened, file.stat().st_size
        return
    was = file.tell()
    try:
        yield file, file.seek(0, io.SEEK_END)
    finally:
        file.seek(was)


def boxes(file: BinaryIO, begin: int, end: int) -> Iterator[Box]:
    """Iterate over consecutive boxes in a part of a file, without those within them.

    Args:
        file: an MP4, QuickTime or AVIF file.
        begin: the offset of the first box.
        end: the offset at which the last one ends.
    """
    for _ in range(_MOST_BOXES):
        if begin + 8 > end:
            return
        file.seek(begin)
        head = file.read(16)
        if len(head) < 8:
            # An inner box that was cut off.
            return
        size, kind = struct.unpack_from(">I4s", head)
        start = begin + 8
        if size == _LONG:
            if len(head) < 16:
                return
            size, start = struct.unpack_from(">Q", head, 8)[0], begin + 16
        if size == _TO_THE_END:
            yield Box(kind, start, None)
            return
        yield Box(kind, start, begin + size)
        if size < start - begin:
            return
        begin += size


def top_boxes(file: Path) -> list[Box]:
    """Return the outermost boxes of an MP4, QuickTime or AVIF file.

    Args:
        file: the path of the file.

    Raises:
        OSError: it cannot be read.
    """
    with _reading(file) as (opened, size):
        return list(boxes(opened, 0, size))


def is_cut_off(file: Path | BinaryIO) -> bool:
    """Return whether a file ends earlier than its own headers say, because a download or a copy was interrupted.

    Args:
        file: the path of the file, or a file object.

    Raises:
        OSError: it cannot be read.
    """
    with _reading(file) as (opened, size):
        opened.seek(0)
        head = opened.read(HEAD)
        found = format_of(head)
        if found in (MP4, MOV, AVIF):
            # A server or a copy may have added something else after the last box.
            return any(box.kind in _KINDS and (box.end or 0) > size for box in boxes(opened, 0, size))
        if found is WEBP:
            return int.from_bytes(head[4:8], "little") + 8 > size
        if found in (WEBM, MATROSKA):
            return _segment_end(head) > size
    return False


def may_be_turned(file: Path | BinaryIO) -> bool:
    """Return whether a video may be rotated. If so, its first frame shows how.

    Args:
        file: the path of the file, or a file object.

    Raises:
        OSError: it cannot be read.
    """
    with _reading(file) as (opened, size):
        opened.seek(0)
        if format_of(opened.read(HEAD)) not in (MP4, MOV):
            return True
        moov = next((box for box in boxes(opened, 0, size) if box.kind == b"moov"), None)
        if moov is None:
            return True
        tracks = [box for box in boxes(opened, moov.begin, moov.end or size) if box.kind == b"trak"]
        headers = [
            header
            for track in tracks
            for header in boxes(opened, track.begin, track.end or size)
            if header.kind == b"tkhd"
        ]
        return any(_matrix(opened, header) != _UPRIGHT for header in headers)


def _matrix(file: BinaryIO, header: Box) -> bytes:
    file.seek(header.begin)
    content = file.read(100)
    at = _MATRIX_AT.get(content[0] if content else 0, len(content))
    return content[at : at + len(_UPRIGHT)]


def _segment_end(head: bytes) -> int:
    """The end of the segment of a WebM or Matroska file, as it states it; 0 if it does not."""
    at = 0
    for _ in range(2):
        name, at = _ebml_number(head, at, keep_mark=True)
        length, at = _ebml_number(head, at, keep_mark=False)
        if name == _SEGMENT:
            return 0 if length < 0 else at + length
        at += max(0, length)
    return 0


def _ebml_number(data: bytes, at: int, *, keep_mark: bool) -> tuple[int, int]:
    """A number of variable length (RFC 8794, 4), or -1 if all its bits are set, and the offset of its end."""
    first = data[at] if at < len(data) else 0
    width = 9 - first.bit_length()
    number = int.from_bytes(data[at : at + width], "big")
    if not keep_mark:
        number &= (1 << (7 * width)) - 1
        if number == (1 << (7 * width)) - 1:
            number = -1
    return number, at + width
