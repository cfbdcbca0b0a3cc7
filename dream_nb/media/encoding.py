"""Encoders: frames as an MP4 in H.264, or as an animation for pages that play no video; and parts of videos."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from dream_nb.api.errors import LibraryError
from dream_nb.media.frames import TICK, TimedFrame, VideoFacts, evenly, part_of
from dream_nb.media.sound import add_sound, has_sound, iterate_samples, write_sound
from dream_nb.media.video import iterate_timed, read_facts

if TYPE_CHECKING:
    from av import Packet
    from av.container import OutputContainer
    from av.video.stream import VideoStream
    from PIL import Image

    from dream_nb.media.sound import Samples

# Hardly distinguishable from the original, and small enough to be sent.
_CRF: Final = 16
_GIF_COLOURS: Final = 256
_SMALL_STEP: Final = 2
_SMALL_SIDE: Final = 320
_SMALL_CRF: Final = 32
_SMALL_BYTES: Final = 600_000
# The frame rate of a video that does not state it.
_USUAL_FPS: Final = 24.0
_SLOWEST: Final = Fraction(1, 100)
_FASTEST: Final = Fraction(1000)
# The approximate time base of frames, in ticks per second.
_TICKS: Final = 90_000


def encode(
    frames: Iterable[TimedFrame],
    path: Path,
    fps: float,
    tags: Mapping[str, str] | None = None,
    *,
    crf: int = _CRF,
    seconds: float | None = None,
    sound: Iterable[Samples] | None = None,
) -> None:
    """Write frames as an MP4 in H.264, each with its time.

    Args:
        frames: the frames, all of the same size; at least one. An odd last row or column is left out.
        path: the path of the new file.
        fps: the average frame rate, in frames per second.
        tags: metadata of the file, or None.
        crf: the rate factor of H.264, from 0 (lossless) to 51.
        seconds: the time until which the last frame is visible, for frames at arbitrary times; None means a constant
            rate.
        sound: samples, as `iterate_samples` returns them; written as AAC.

    Raises:
        LibraryError: H.264 cannot be encoded on this machine.
    """
    import av
    from av.codec.codec import UnknownCodecError

    options = {"movflags": "faststart+use_metadata_tags"}
    # If frames were reordered, the container would mistake another frame for the last.
    order = {} if seconds is None else {"bf": "0"}
    rate = min(max(Fraction(fps).limit_denominator(1001), _SLOWEST), _FASTEST)
    try:
        with av.open(str(path), "w", format="mp4", options=options) as container:
            container.metadata.update(tags or {})
            stream = container.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": str(crf)} | order)
            stream.pix_fmt = "yuv420p"
            # A whole number of ticks per frame.
            stream.codec_context.time_base = 1 / (rate * max(1, _TICKS // rate.numerator))
            rest = iter(frames)
            first = next(rest)
            stream.height, stream.width = (max(2, side // 2 * 2) for side in first.pixels.shape[:2])
            if sound is not None:
                write_sound(container, add_sound(container), sound)
            _write_frames(container, stream, itertools.chain([first], rest), seconds)
    except (av.FFmpegError, UnknownCodecError) as error:
        # The caller, which writes the file, reports errors such as a full disk.
        if isinstance(error, OSError):
            raise
        raise LibraryError(
            f"H.264 video cannot be encoded on this machine ({error}): %dreams check says what is missing"
        ) from error


def _write_frames(
    container: OutputContainer, stream: VideoStream, frames: Iterable[TimedFrame], seconds: float | None
) -> None:
    """Encode and write frames; `seconds` as in `encode`."""
    import av
    import numpy as np

    base = stream.codec_context.time_base or Fraction(1)
    # The duration of each frame in ticks once it is known; otherwise it is that of the one before.
    lengths: dict[int | None, int] = {}
    held: list[Packet[VideoStream]] = []
    last: int | None = None

    def write(packets: Iterable[Packet[VideoStream]]) -> None:
        held.extend(packets)
        while held and (seconds is None or held[0].pts in lengths):
            packet = held.pop(0)
            packet.duration = lengths.pop(packet.pts, packet.duration)
            container.mux(packet)

    for frame in frames:
        pixels: Any = frame.pixels[: stream.height, : stream.width]
        if pixels.shape[:2] != (stream.height, stream.width):
            # H.264 does not support a side of one pixel.
            short = stream.height - pixels.shape[0], stream.width - pixels.shape[1]
            pixels = np.pad(pixels, ((0, short[0]), (0, short[1]), (0, 0)), "edge")
        shown = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        shown.time_base, shown.pts = base, round(frame.seconds / base)
        if last is not None and seconds is not None:
            lengths[last] = shown.pts - last
        last = shown.pts
        write(stream.encode(shown))
    if last is not None and seconds is not None:
        lengths[last] = max(1, round(seconds / base) - last)
    write(stream.encode(None))


def encode_small(file: Path, facts: VideoFacts) -> bytes:
    """Return a coarse copy of a video, small enough for a notebook's output, with sound if there is room for it.

    Args:
        file: the path of the video.
        facts: the facts of the video.

    Returns:
        The bytes of an MP4; empty if even the copy is too large.

    Raises:
        LibraryError: the video does not decode, or H.264 cannot be encoded on this machine.
    """
    with tempfile.TemporaryDirectory(prefix="dream_nb-") as folder:
        path = Path(folder) / "small.mp4"
        fps = (facts.fps or _USUAL_FPS) / _SMALL_STEP
        sounds = [iterate_samples(file, 0.0, facts.seconds)] if has_sound(file) else []
        for sound in [*sounds, None]:
            frames = iterate_timed(file, lambda number, _: number % _SMALL_STEP == 0, size=_SMALL_SIDE)
            encode(frames, path, fps, crf=_SMALL_CRF, seconds=None if facts.is_even else facts.seconds, sound=sound)
            data = path.read_bytes()
            if len(data) <= _SMALL_BYTES:
                return data
    return b""


def cut(file: Path, path: Path, start: float, stop: float, tags: Mapping[str, str]) -> None:
    """Write a part of a video as an MP4 with its sound, from the frame that is visible at one time to another time.

    Args:
        file: the path of the video.
        path: the path of the new file.
        start: where the part begins, in seconds from the beginning. If all frames have the same duration, it is rounded
            to the nearest frame.
        stop: where the part ends, likewise.
        tags: metadata of the file.

    Raises:
        ValueError: there is nothing between start and stop.
        LibraryError: the video does not decode, or H.264 cannot be encoded on this machine.
    """
    facts = read_facts(file)
    begin, end = start, min(stop, facts.seconds)
    if facts.is_even:
        begin, end = (round(time * facts.fps) / facts.fps for time in (begin, end))
    if not 0 <= begin < end - TICK:
        raise ValueError(f"the part from {start} s to {stop:g} s is empty: the video has {facts.seconds:g} s")
    # If frames have different durations, the one that is visible at the start may have begun long before.
    since = begin - TICK if facts.is_even else 0.0
    frames = part_of(iterate_timed(file, lambda _, seconds: seconds >= since, until=end), begin, end)
    if facts.is_even:
        # WebM rounds the times of frames.
        frames = evenly((frame.pixels for frame in frames), facts.fps)
    sound = iterate_samples(file, begin, end) if has_sound(file) else None
    length = None if facts.is_even else end - begin
    encode(frames, path, facts.fps or _USUAL_FPS, tags, seconds=length, sound=sound)


def animate(frames: Iterable[TimedFrame], path: Path, suffix: Literal[".gif", ".webp"], seconds: float) -> None:
    """Write frames as an animation that loops, each visible as long as it was.

    Args:
        frames: the frames; at least one.
        path: the path of the new file.
        suffix: the format: that of a GIF, or of a WebP.
        seconds: the time until which the last frame is visible.
    """

    durations: list[int] = []

    def pictures() -> Iterator[Image.Image]:
        shown: TimedFrame | None = None
        for frame in frames:
            if shown is not None:
                durations.append(_milliseconds(shown.seconds, frame.seconds, suffix))
                yield _drawn(shown, suffix)
            shown = frame
        if shown is not None:
            durations.append(_milliseconds(shown.seconds, seconds, suffix))
            yield _drawn(shown, suffix)

    every = pictures()
    first = next(every)
    # Pillow asks for the duration of a frame once it has it. It holds one GIF frame in memory at a time, or all of a
    # WebP.
    first.save(path, suffix[1:], save_all=True, append_images=every, duration=durations, loop=0)


def _drawn(frame: TimedFrame, suffix: str) -> Image.Image:
    from PIL import Image

    picture = Image.fromarray(frame.pixels)
    return picture.quantize(_GIF_COLOURS, Image.Quantize.MEDIANCUT) if suffix == ".gif" else picture


def _milliseconds(begin: float, end: float, suffix: str) -> int:
    """The duration of a frame, rounded so that errors do not add up."""
    if suffix == ".gif":
        # GIF counts in hundredths of a second, and players replace one hundredth by ten.
        return max(20, 10 * (round(end * 100) - round(begin * 100)))
    return max(1, round(end * 1000) - round(begin * 1000))
