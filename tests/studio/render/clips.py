"""Helpers for the tests of drawings: decoding a clip, and measuring differences between pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dream_nb.studio.render import Brief
from dream_nb.studio.render.frames import shots

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]


def small(prompt: str = "a serene lake at sunset", **fields: Any) -> Brief:
    """A brief for half a second at 160x90."""
    return Brief(**{"kind": "video", "prompt": prompt, "width": 160, "height": 90, "seconds": 0.5, **fields})


def still(prompt: str = "a serene lake at sunset", **fields: Any) -> Brief:
    """A brief for an image of 160x90."""
    return Brief(**{"kind": "image", "prompt": prompt, "width": 160, "height": 90, **fields})


def rgb_frames(brief: Brief) -> Iterator[U8]:
    """The frames of a brief before encoding: RGB arrays, height x width x 3. An image has one frame."""
    return (shot.rgb() for shot in shots(brief))


@dataclass
class Clip:
    """A decoded MP4."""

    frames: list[U8]
    codec: str
    pixels: str
    rate: float
    tags: dict[str, str]


def decoded(data: bytes) -> Clip:
    """The frames and properties of an MP4."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(stream)]
        return Clip(
            frames,
            stream.codec_context.name,
            str(stream.pix_fmt),
            float(stream.average_rate or 0),
            dict(container.metadata),
        )


def distance(one: U8, other: U8) -> float:
    """The mean difference of two pictures, in levels."""
    return float(np.abs(one.astype(float) - other).mean())


def psnr(one: U8, other: U8) -> float:
    """The peak signal-to-noise ratio of two pictures, in dB."""
    error = float(((one.astype(float) - other) ** 2).mean())
    return 99.0 if error == 0 else 10 * float(np.log10(255**2 / error))


def png(picture: U8) -> bytes:
    """A picture as a PNG file."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "png")
    return out.getvalue()
