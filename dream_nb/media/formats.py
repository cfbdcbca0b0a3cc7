"""The format of a file according to its first bytes, whatever its name or source says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

HEAD: Final = 4096
"""The number of bytes at the beginning of a file that are enough to recognise its format."""


@dataclass(frozen=True, slots=True)
class Format:
    """A supported format of pictures or videos.

    Attributes:
        name: its usual name, such as "JPEG".
        suffix: the suffix of its files, such as ".jpg".
        media_type: its media type, such as "image/jpeg".
        kind: "image" or "video". An animation is an image.
    """

    name: str
    suffix: str
    media_type: str
    kind: Literal["image", "video"]


JPEG: Final = Format("JPEG", ".jpg", "image/jpeg", "image")
PNG: Final = Format("PNG", ".png", "image/png", "image")
WEBP: Final = Format("WebP", ".webp", "image/webp", "image")
GIF: Final = Format("GIF", ".gif", "image/gif", "image")
AVIF: Final = Format("AVIF", ".avif", "image/avif", "image")
MP4: Final = Format("MP4", ".mp4", "video/mp4", "video")
MOV: Final = Format("MOV", ".mov", "video/quicktime", "video")
WEBM: Final = Format("WebM", ".webm", "video/webm", "video")
MATROSKA: Final = Format("Matroska", ".mkv", "video/x-matroska", "video")

PICTURES: Final = (JPEG, PNG, WEBP, GIF, AVIF)
VIDEOS: Final = (MP4, MOV, WEBM, MATROSKA)

# The boxes at the beginning of QuickTime files that are older than `ftyp`.
_OLD_BOXES: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
# Brands of unsupported pictures in the same container: HEIC and related formats.
_OTHER_PICTURES: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"crx "})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})


def named(formats: Sequence[Format]) -> str:
    """Return the names of formats, as errors list them.

    Args:
        formats: the formats, such as `PICTURES`.
    """
    return ", ".join(one.name for one in formats)


NOT_READ: Final = f"is not a picture or video that can be read ({named((*PICTURES, *VIDEOS))})"
"""The reason why a file of another format is not read, worded to follow its name."""


def format_of(file: Path | bytes) -> Format | None:
    """Return the format of a file, or None if it is not supported.

    Args:
        file: the path of the file, or its first bytes.

    Raises:
        OSError: it cannot be read.
    """
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return format_of(opened.read(HEAD))
    head = file[:HEAD]
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        # The document type is in the header, which is short.
        return WEBM if b"webm" in head[:64] else MATROSKA
    if head[4:8] == b"ftyp":
        return _branded(head)
    return MOV if head[4:8] in _OLD_BOXES else None


def _branded(head: bytes) -> Format | None:
    """The format of a file that begins with the box `ftyp`, which lists its brands."""
    length = int.from_bytes(head[:4], "big")
    major = head[8:12]
    brands = {major, *(head[at : at + 4] for at in range(16, min(length, len(head)), 4))}
    if brands & _AVIF_BRANDS:
        return AVIF
    if major in _OTHER_PICTURES:
        return None
    return MOV if major == b"qt  " else MP4
