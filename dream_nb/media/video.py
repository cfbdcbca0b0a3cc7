"""What a video file holds: its size, its times, its frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from dream_nb.api.errors import LibraryError

if TYPE_CHECKING:
    import numpy as np
    from av import CodecContext, VideoFrame
    from av.container import InputContainer
    from av.video.reformatter import VideoReformatter

    Frame = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
    Frames = np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]]

# A width and a height, or what the longer side is at most.
Size = tuple[int, int] | int

_LARGEST_SIDE: Final = 16384
_AGAIN: Final = "run its cell again to fetch it anew, or remove it"


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """Read from the file's header, and from its packets what that does not say.

    Attributes:
        width, height: pixels.
        fps: frames a second.
        frames: how many there are.
        seconds: how long it plays.
    """

    width: int
    height: int
    fps: float
    frames: int
    seconds: float


@contextmanager
def opened(file: Path | BinaryIO, *, threads: bool = True) -> Iterator[InputContainer]:
    """A video file, ready to be decoded.

    Args:
        file: its path, or its bytes as a file.
        threads: whether several threads decode.

    Raises:
        LibraryError: it does not decode, here or later in the body.
    """
    import av

    try:
        with av.open(str(file) if isinstance(file, Path) else file, "r") as container:
            if not container.streams.video:
                raise LibraryError(f"{_name(file)} has no video in it")
            stream = container.streams.video[0]
            # PyAV's types do not say that a damaged header leaves none.
            context: CodecContext | None = stream.codec_context
            if context is None:
                raise LibraryError(f"{_name(file)} does not decode (its coding is unknown): {_AGAIN}")
            context.thread_count = 0 if threads else 1
            stream.thread_type = "AUTO"
            yield container
    # PyAV reads names and tags as UTF-8.
    except (av.FFmpegError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise LibraryError(f"{_name(file)} does not decode ({reason}): {_AGAIN}") from error


def _name(file: Path | BinaryIO) -> str:
    return repr(file.name) if isinstance(file, Path) else "the video"


def read_facts(file: Path | BinaryIO) -> VideoFacts:
    """The facts of a video file, without decoding it.

    Args:
        file: where it lies, or its bytes as a file.

    Raises:
        LibraryError: it is no video.
    """
    import av

    with opened(file) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 0)
        seconds = float((stream.duration or 0) * (stream.time_base or 0)) or (container.duration or 0) / av.time_base
        # What was written as a stream says no number in its header: its packets are counted.
        frames = stream.frames or sum(bool(packet.size) for packet in container.demux(stream))
        return VideoFacts(stream.width, stream.height, fps, frames, seconds or frames / (fps or 1))


def iterate_frames(
    file: Path | BinaryIO,
    start: int = 0,
    stop: int | None = None,
    step: int = 1,
    size: Size | None = None,
    *,
    threads: bool = True,
) -> Iterator[Frame]:
    """The frames of a video in order, one in memory at a time.

    Args:
        file: where it lies, or its bytes as a file.
        start: the number of the first frame, from 0.
        stop: the number of the first frame that is left out; None goes to the end.
        step: every how many frames.
        size: width and height, or at most what longer side, in pixels; None leaves them as they are.
        threads: whether several threads decode.

    Yields:
        `uint8`, height x width x 3, RGB.

    Raises:
        LibraryError: it does not decode.
    """
    # The whole first: two threads that import a package and a part of it at once wait for each other.
    import av  # noqa: F401
    from av.video.reformatter import VideoReformatter

    with opened(file, threads=threads) as container:
        stream = container.streams.video[0]
        width, height = fitted(size, stream.width, stream.height)
        # One for all frames: to set one up costs as much as to decode a frame.
        scaler = VideoReformatter()
        count = 0
        for number, frame in enumerate(container.decode(video=0)):
            if stop is not None and number >= stop:
                return
            if number >= start and (number - start) % step == 0:
                yield _pixels(scaler, frame, width, height)
            count = number + 1
        # A file that was cut decodes as far as it goes.
        if count < stream.frames and (stop is None or count < stop):
            raise LibraryError(f"{_name(file)} is cut off after {count} of {stream.frames} frames: {_AGAIN}")


def frame_at(file: Path, seconds: float, size: Size | None = None) -> Frame:
    """The frame that is seen at a time; after the end the last one.

    Args:
        file: where it lies.
        seconds: from the beginning.
        size: as in `iterate_frames`.

    Raises:
        LibraryError: it does not decode.
    """
    # The whole first: two threads that import a package and a part of it at once wait for each other.
    import av  # noqa: F401
    from av.video.reformatter import VideoReformatter

    with opened(file) as container:
        stream = container.streams.video[0]
        begin = float((stream.start_time or 0) * (stream.time_base or 0))
        length = float((stream.duration or 0) * (stream.time_base or 0))
        if stream.time_base:
            container.seek(int((begin + min(seconds, length)) / stream.time_base), stream=stream)
        seen = None
        # A file's times are rounded to its ticks.
        tick = float(stream.time_base or 0) / 2
        for frame in container.decode(video=0):
            if seen is not None and frame.time is not None and frame.time - begin > seconds + tick:
                break
            seen = frame
        if seen is None or (seen.time or 0.0) - begin < min(seconds, length) - 2 / float(stream.average_rate or 1):
            raise LibraryError(f"{_name(file)} is cut off before {seconds:g} s: {_AGAIN}")
        width, height = fitted(size, stream.width, stream.height)
        return _pixels(VideoReformatter(), seen, width, height)


def at_rate(frames: Iterable[Frame], fps: float, wanted: float) -> Iterator[Frame]:
    """Frames in another rate: each is repeated, or left out, so that it is seen when it was seen before.

    Args:
        frames: the frames, in order.
        fps: their rate, in frames a second; 0 where it is unknown, which leaves them as they are.
        wanted: the rate that is wanted.

    Yields:
        The same frames.
    """
    count = 0
    for number, frame in enumerate(frames, 1):
        upto = round(number * wanted / fps) if fps else number
        for _ in range(upto - count):
            yield frame
        count = upto


def stacked(frames: Iterable[Frame], count: int, width: int, height: int) -> Frames:
    """Frames as one array.

    Args:
        frames: the frames, all of the same size.
        count: how many there are, as far as the file says.
        width, height: their size in pixels.

    Returns:
        `uint8`, frames x height x width x 3, RGB.

    Raises:
        MemoryError: there is too little memory.
    """
    import numpy as np

    whole = np.empty((count, height, width, 3), np.uint8)
    got = 0
    for frame in frames:
        if got == len(whole):
            # A header may say fewer frames than there are, or none.
            whole = np.concatenate([whole, np.empty((max(16, got), height, width, 3), np.uint8)])
        whole[got] = frame
        got += 1
    return whole[:got]


def _pixels(scaler: VideoReformatter, frame: VideoFrame, width: int, height: int) -> Frame:
    # AREA weighs every pixel: nothing shimmers in what is reduced.
    how = "AREA" if (width, height) != (frame.width, frame.height) else None
    return cast("Frame", scaler.reformat(frame, width, height, format="rgb24", interpolation=how).to_ndarray())


def fitted(size: Size | None, width: int, height: int) -> tuple[int, int]:
    """The size in pixels that is asked for.

    Args:
        size: width and height, or at most what longer side; None for all of it.
        width, height: of the picture.

    Raises:
        ValueError: it is no size.
    """
    if size is None:
        return width, height
    sides = tuple(size) if isinstance(size, Iterable) else (size,)
    if not 1 <= len(sides) <= 2 or not all(isinstance(side, Integral) and 0 < side <= _LARGEST_SIDE for side in sides):
        raise ValueError(f"size {size!r} is neither a longer side in pixels nor (width, height)")
    if len(sides) == 1:
        scale = min(1.0, int(sides[0]) / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))
    return int(sides[0]), int(sides[1])
