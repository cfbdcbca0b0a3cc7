"""Unusual videos as cameras, phones and programs write them: a second of the scene, then a second of its negative."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageOps

from tests.media.odd_pictures import scene

SIZE = 160, 90
FPS = 10
COUNT = 20


def picture(number: int, size: tuple[int, int] = SIZE) -> np.ndarray[Any, Any]:
    """A frame: the scene in the first half, and its mirrored negative in the second."""
    shown = scene().resize(size, Image.Resampling.NEAREST)
    return np.asarray(shown if number < COUNT // 2 else ImageOps.invert(ImageOps.mirror(shown)))


def write(
    path: Path,
    *,
    codec: str = "libx264",
    container: str = "mp4",
    pixels: str = "yuv420p",
    size: tuple[int, int] = SIZE,
    count: int = COUNT,
    times: Sequence[float] | None = None,
    rotation: int = 0,
    tag: str | None = None,
    sound: str | None = None,
    codec_options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> None:
    """Write a video of that many frames, at 10 per second or at the given times."""
    with av.open(str(path), "w", format=container, options=container_options or {}) as target:
        stream: Any = target.add_stream(codec, rate=FPS, options=codec_options or {})
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        if tag:
            stream.codec_context.codec_tag = tag
        base = Fraction(1, 1000)
        if times is not None:
            stream.codec_context.time_base = base
        heard: Any = target.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        if heard is not None:
            tone(target, heard, COUNT / FPS)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture(number, size)), format="rgb24")
            if times is not None:
                frame.time_base, frame.pts = base, round(times[number] / base)
            target.mux(stream.encode(frame.reformat(format=pixels)))
        target.mux(stream.encode(None))
    if rotation:
        turn(path, rotation)


def turn(path: Path, degrees: int) -> None:
    """Set the matrix in the track's header so that players rotate the video counterclockwise by `degrees`."""
    sine, cosine = round(math.sin(math.radians(degrees))), round(math.cos(math.radians(degrees)))
    matrix = struct.pack(">9i", *(one << 16 for one in (cosine, -sine, 0, sine, cosine, 0, 0, 0)), 1 << 30)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + len(matrix)] = matrix
    path.write_bytes(data)


def elsewhere(path: Path, container: str) -> None:
    """Write an AV1 video in another process, because the encoder raises its process to real-time priority if it can."""
    options = {"codec": "libsvtav1", "container": container, "codec_options": {"preset": "12"}}
    source = (
        f"from pathlib import Path; from tests.media.odd_videos import write; write(Path({str(path)!r}), **{options})"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", source], cwd=root, check=True, capture_output=True)


def tone(target: Any, stream: Any, seconds: float) -> None:
    """Encode silence for the first half and a tone for the second."""
    samples = np.sin(np.arange(round(seconds * 48_000), dtype=np.float32) / 20) * 0.5
    samples[: len(samples) // 2] = 0
    kind = "s16" if stream.codec_context.name.startswith("pcm") else "fltp"
    for begin in range(0, len(samples), 960):
        part = np.stack([samples[begin : begin + 960]] * 2).astype(np.float32)
        if kind == "s16":
            part = np.ascontiguousarray((part * 32767).astype(np.int16).T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(part, format=kind, layout="stereo")
        frame.sample_rate, frame.pts = 48_000, begin
        target.mux(stream.encode(frame))
    target.mux(stream.encode(None))


def trimmed(path: Path) -> None:
    """Write a video whose edit list skips its first half second, which begins with the only key frame."""
    write(path.with_suffix(".whole.mp4"), count=COUNT, codec_options={"g": "100", "bf": "0"})
    with av.open(str(path.with_suffix(".whole.mp4"))) as source, av.open(str(path), "w", format="mp4") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        shift = round(0.5 / (stream.time_base or 1))
        for packet in source.demux(stream):
            if packet.size and packet.pts is not None and packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, copy
                target.mux(packet)
    path.with_suffix(".whole.mp4").unlink()


UNEVEN = [number / 10 for number in range(10)] + [1 + number / 2 for number in range(7)]
"""The times of ten frames in the first second, and of two per second after it; the picture changes at 1.0 s."""

ODD: dict[str, Callable[[Path], None]] = {
    "plain.mp4": write,
    "sound.mp4": lambda path: write(path, sound="aac"),
    "ten-bit.mp4": lambda path: write(path, pixels="yuv420p10le"),
    "444.mp4": lambda path: write(path, pixels="yuv444p"),
    "hevc.mp4": lambda path: write(path, codec="libx265", tag="hvc1", codec_options={"x265-params": "log-level=0"}),
    "hevc10.mov": lambda path: write(
        path, codec="libx265", container="mov", pixels="yuv420p10le", codec_options={"x265-params": "log-level=0"}
    ),
    "vp9.webm": lambda path: write(path, codec="libvpx-vp9", container="webm", sound="libopus"),
    "vp9.mp4": lambda path: write(path, codec="libvpx-vp9"),
    "av1.mp4": lambda path: elsewhere(path, "mp4"),
    "av1.webm": lambda path: elsewhere(path, "webm"),
    "mov.mov": lambda path: write(path, container="mov", sound="pcm_s16le"),
    "prores.mov": lambda path: write(path, codec="prores_ks", container="mov", pixels="yuv422p10le"),
    # Matroska stores no decoding times.
    "b-frames.mkv": lambda path: write(path, container="matroska", codec_options={"bf": "3"}),
    "b-frames.mp4": lambda path: write(path, codec_options={"bf": "3"}),
    "open-gop.mp4": lambda path: write(path, codec_options={"g": "5", "bf": "3", "x264-params": "open-gop=1"}),
    "fragmented.mp4": lambda path: write(path, container_options={"movflags": "frag_keyframe+empty_moov"}),
    "header-first.mp4": lambda path: write(path, container_options={"movflags": "faststart"}),
    "turned.mp4": lambda path: write(path, rotation=90),
    "upside-down.mp4": lambda path: write(path, rotation=180),
    "turned.mov": lambda path: write(path, container="mov", rotation=-90),
}
"""Functions that write each file, by its name. Each plays for two seconds, and its picture changes in the middle."""
