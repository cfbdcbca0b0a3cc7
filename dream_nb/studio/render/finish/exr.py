"""Writes frames to one OpenEXR file with a part for each: half floats in linear light, with the primaries of ACES.

OpenEXR writes each frame to a temporary file, and this module joins the results. To write such a file itself, OpenEXR
needs all frames at once, which would take gigabytes for ten seconds.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import OpenEXR

from dream_nb.studio.render.noise import F32

# The compression level of DWAB in the files of the hosted API.
_LEVEL: Final = 45.0
_LINES: Final = 256
"""The number of lines in a chunk of DWAB."""
_TO_AP0: Final = np.array(
    [[0.43963, 0.38299, 0.17739], [0.08978, 0.81344, 0.09679], [0.01754, 0.11155, 0.87091]], np.float32
)
_AP0: Final = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
_HEAD: Final = struct.pack("<II", 20000630, 2 | 0x1000)
_SINGLE: Final = 8


class ExrFile:
    """A file of several frames, which are added one by one.

    Args:
        rate: the number of frames per second.
        tags: keys and values for the metadata of each part.
    """

    def __init__(self, rate: int | Fraction, tags: Iterable[tuple[str, str]]) -> None:
        self._rate = Fraction(rate)
        self._tags = dict(tags)
        self._heads: list[bytes] = []
        self._chunks: list[list[bytes]] = []

    def add(self, light: F32) -> None:
        """Add a frame.

        Args:
            light: the frame in linear light with the primaries of BT.709, height x width x 3.
        """
        header: dict[str, Any] = {
            "type": OpenEXR.scanlineimage,
            "compression": OpenEXR.DWAB_COMPRESSION,
            "dwaCompressionLevel": _LEVEL,
            "chromaticities": _AP0,
            **self._tags,
        }
        pixels = np.ascontiguousarray((light @ _TO_AP0.T).astype(np.float16))
        # OpenEXR can only write to named files.
        with tempfile.TemporaryDirectory(prefix="dream_nb-") as folder:
            path = Path(folder) / "frame.exr"
            with OpenEXR.File(header, {"RGB": pixels}) as file:
                file.write(str(path))
            head, chunks = _taken_apart(path.read_bytes(), -(-len(light) // _LINES))
        head += _attribute("framesPerSecond", "rational", struct.pack("<iI", *self._rate.as_integer_ratio()))
        head += _attribute("name", "string", f"frame.{len(self._heads):04d}".encode())
        head += _attribute("chunkCount", "int", struct.pack("<i", len(chunks)))
        self._heads.append(head + b"\0")
        self._chunks.append(chunks)

    def data(self) -> bytes:
        """Return the bytes of the file."""
        return _joined(self._heads, self._chunks)


def _taken_apart(data: bytes, count: int) -> tuple[bytes, list[bytes]]:
    """Return the attributes and the chunks of a file with one part.

    Args:
        data: the file.
        count: the number of its chunks.
    """
    at = _SINGLE
    while data[at]:
        for _ in range(2):
            at = data.index(b"\0", at) + 1
        (size,) = struct.unpack_from("<i", data, at)
        at += 4 + size
    places = struct.unpack_from(f"<{count}Q", data, at + 1)
    return data[_SINGLE:at], [
        data[place : place + 8 + struct.unpack_from("<i", data, place + 4)[0]] for place in places
    ]


def _joined(heads: list[bytes], chunks: list[list[bytes]]) -> bytes:
    """Return a file with several parts.

    Args:
        heads: the header of each part.
        chunks: the chunks of each part.
    """
    head = _HEAD + b"".join(heads) + b"\0"
    place = len(head) + 8 * sum(map(len, chunks))
    places = []
    for found in chunks:
        for chunk in found:
            places.append(place)
            # In such a file, each chunk begins with the number of its part (4 bytes).
            place += 4 + len(chunk)
    parts = [struct.pack("<i", number) + chunk for number, found in enumerate(chunks) for chunk in found]
    return head + struct.pack(f"<{len(places)}Q", *places) + b"".join(parts)


def _attribute(name: str, kind: str, value: bytes) -> bytes:
    return f"{name}\0{kind}\0".encode() + struct.pack("<i", len(value)) + value
