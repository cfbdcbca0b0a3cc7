"""Source videos for the tests of edits: drawn small, or written as other programs write them."""

from __future__ import annotations

import functools
import io
from fractions import Fraction
from typing import Any

import av
import numpy as np

from dream_nb.studio.render import Brief, render
from tests.studio.render.clips import F64, U8, small


@functools.cache
def drawn(prompt: str, seconds: float = 1.0, width: int = 160, height: int = 90, loop: bool = False) -> bytes:
    """A clip drawn by the studio, 12 frames per second."""
    return render(small(prompt, seconds=seconds, width=width, height=height, loop=loop, fps=12))


def written(
    pictures: list[U8],
    rate: Fraction | int = 12,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    container: str = "mp4",
    times: list[float] | None = None,
    full_range: bool = False,
    sound: float = 0.0,
    options: dict[str, str] | None = None,
) -> bytes:
    """Encode pictures as a video.

    Args:
        times: the time of each picture in seconds, or None for a constant rate.
        full_range: whether values range from 0 to 255.
        sound: the seconds of a tone, or 0.
        options: the options of the codec.
    """
    out = io.BytesIO()
    height, width = pictures[0].shape[:2]
    with av.open(out, "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=Fraction(rate), options=options or {"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        context = stream.codec_context
        context.color_range, context.colorspace = (2 if full_range else 1), 1
        base = Fraction(1, 12_000) if times else 1 / Fraction(rate)
        context.time_base = base
        tone: Any = file.add_stream("aac", rate=48_000, layout="stereo") if sound else None
        if tone:
            samples = np.sin(np.arange(round(48_000 * sound)) * 2 * np.pi * 440 / 48_000).astype(np.float32)
            for at in range(0, len(samples), 1024):
                part = av.AudioFrame.from_ndarray(
                    np.stack([samples[at : at + 1024]] * 2), format="fltp", layout="stereo"
                )
                part.sample_rate, part.pts = 48_000, at
                file.mux(tone.encode(part))
            file.mux(tone.encode(None))
        for at, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(
                format=pixels, dst_colorspace=1, src_color_range=2, dst_color_range=2 if full_range else 1
            )
            frame.pts = round(times[at] / base) if times else at
            frame.time_base = base
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def panning(frames: int = 12, step: int = 4, width: int = 160, height: int = 90, seed: int = 3) -> list[U8]:
    """Pictures of blobs that move to the left by `step` pixels from one to the next."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    wide = width + step * frames
    small_ = rng.integers(30, 225, (height // 12 + 1, wide // 12 + 1, 3), dtype=np.uint8)
    whole = np.asarray(Image.fromarray(small_).resize((wide, height), Image.Resampling.BICUBIC))
    return [whole[:, at * step : at * step + width].copy() for at in range(frames)]


def heard(data: bytes) -> F64:
    """The samples of the first channel of a file's sound; empty if it has none."""
    with av.open(io.BytesIO(data), "r") as file:
        if not file.streams.audio:
            return np.zeros(0)
        return np.concatenate([np.asarray(f.to_ndarray()[0], float) for f in file.decode(audio=0)])


def turned(data: bytes) -> bytes:
    """The MP4 with a header that makes players rotate it by 90 degrees."""
    at = data.index(b"tkhd") + 4 + 40
    matrix = np.array([0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000], ">i4").tobytes()
    return data[:at] + matrix + data[at + len(matrix) :]


def edit_of(edit: Any, prompt: str = "", **fields: Any) -> Brief:
    """The brief of an edit."""
    return Brief(**{"kind": "video", "prompt": prompt, "edit": edit, **fields})
