"""The contents of a video file: its size, its times, its frames. Animated pictures are read in the same way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media.animations import iterate_animation, read_animation_facts
from dream_nb.media.containers import is_cut_off, may_be_turned
from dream_nb.media.formats import HEAD, MATROSKA, MOV, MP4, PICTURES, VIDEOS, WEBM, Format, format_of, named
from dream_nb.media.frames import TICK, Size, TimedFrame, VideoFacts, fitted

if TYPE_CHECKING:
    from av import CodecContext, VideoFrame
    from av.container import InputContainer
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream

    from dream_nb.media.frames import Frame

# The number of frames that a video at a constant rate may lack, or have in excess.
_MOST_OFF: Final = 0.02
_DEMUXERS: Final = {MP4: "mov", MOV: "mov", WEBM: "matroska", MATROSKA: "matroska"}


@contextmanager
def opened(file: Path | BinaryIO, *, threads: bool = True) -> Iterator[InputContainer]:
    """Open a video file for decoding.

    Args:
        file: the path of the file, or a binary file object.
        threads: whether to decode with several threads.

    Raises:
        UnreadableFileError: the file is not a video, or cannot be decoded, here or later in the body.
    """
    import av

    name = _name(file)
    found = _format(file)
    if found not in VIDEOS:
        raise UnreadableFileError(name, f"is not a video that can be read ({named(VIDEOS)})")
    try:
        # The format is given, so that no other is tried: some demuxers open files that the file refers to.
        with av.open(str(file) if isinstance(file, Path) else file, "r", format=_DEMUXERS[found]) as container:
            if not container.streams.video:
                raise UnreadableFileError(name, "has no video stream")
            stream = container.streams.video[0]
            # PyAV's types do not say that a damaged header has none.
            context: CodecContext | None = stream.codec_context
            if context is None:
                raise UnreadableFileError(name, "does not decode (its coding is unknown)")
            context.thread_count = 0 if threads else 1
            stream.thread_type = "AUTO"
            yield container
    # PyAV decodes names and tags as UTF-8.
    except (av.FFmpegError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UnreadableFileError(name, f"does not decode ({reason})") from error


def _name(file: Path | BinaryIO) -> str:
    return file.name if isinstance(file, Path) else "the video"


def _format(file: Path | BinaryIO) -> Format | None:
    try:
        if isinstance(file, Path):
            return format_of(file)
        file.seek(0)
        head = file.read(HEAD)
        file.seek(0)
    except OSError as error:
        raise UnreadableFileError(_name(file), f"cannot be read ({error.strerror or error})") from error
    return format_of(head)


def read_facts(file: Path | BinaryIO) -> VideoFacts:
    """Return the facts of a video file.

    Args:
        file: the path of the file, or a binary file object.

    Raises:
        UnreadableFileError: the file is not a video.
    """
    import av

    if _format(file) in PICTURES:
        return read_animation_facts(file, _name(file))
    is_turned = may_be_turned(file)
    with opened(file) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 0)
        seconds = float((stream.duration or 0) * (stream.time_base or 0)) or (container.duration or 0) / av.time_base
        frames, end = _count(container, stream)
        # The length of a container is that of its longest stream.
        seconds = end if end and stream.duration is None else seconds
        if not frames:
            raise UnreadableFileError(_name(file), "has no frames")
        quarters = _first_quarters(container) if is_turned else 0
        width, height = (stream.height, stream.width) if quarters % 2 else (stream.width, stream.height)
        seconds = seconds or frames / (fps or 1)
        is_even = bool(fps) and stream.average_rate == stream.base_rate
        # WebM and Matroska state a rate that may not be exact.
        if abs(seconds * fps - frames) > max(1.5, _MOST_OFF * frames):
            fps, is_even = frames / seconds, False
        return VideoFacts(width, height, fps, frames, seconds, is_even, quarters)


def _first_quarters(container: InputContainer) -> int:
    container.seek(0)
    first = next(container.decode(video=0), None)
    return _quarters(first) if first is not None else 0


def _count(container: InputContainer, stream: VideoStream) -> tuple[int, float | None]:
    """The number of visible frames, since an edit list may skip some; and the end of the last one, if it was read."""
    entries = stream.index_entries
    # The index is complete in the header, or has only some key frames.
    if len(entries) >= stream.frames > 0:
        return sum(not entry.is_discard for entry in entries), None
    count, end = 0, 0
    for packet in container.demux(stream):
        if packet.size and not packet.is_discard:
            count += 1
            end = max(end, (packet.pts or 0) + (packet.duration or 0))
    base = float(stream.time_base or 0)
    return count, (end - (stream.start_time or 0)) * base or None


def _turned_size(frame: VideoFrame) -> tuple[int, int]:
    return (frame.height, frame.width) if _quarters(frame) % 2 else (frame.width, frame.height)


def _quarters(frame: VideoFrame) -> int:
    """The number of right angles by which a frame must be rotated counterclockwise for display."""
    return round(frame.rotation / 90) % 4


def iterate_frames(
    file: Path | BinaryIO,
    start: int = 0,
    stop: int | None = None,
    step: int = 1,
    size: Size | None = None,
    *,
    threads: bool = True,
) -> Iterator[Frame]:
    """Iterate over the frames of a video in order, with one in memory at a time.

    Args:
        file: the path of the file, or a binary file object.
        start: the index of the first frame, from 0.
        stop: the index of the first frame to leave out; None means the end.
        step: the distance between the frames.
        size: the width and height in pixels, or one number that limits the longer side; None keeps the original size.
        threads: whether to decode with several threads.

    Yields:
        Arrays of `uint8`, height x width x 3, RGB.

    Raises:
        UnreadableFileError: the file cannot be decoded.
    """

    def is_wanted(number: int, _: float) -> bool:
        return number >= start and (number - start) % step == 0

    for frame in iterate_timed(file, is_wanted, stop=stop, size=size, threads=threads):
        yield frame.pixels


def iterate_timed(
    file: Path | BinaryIO,
    wanted: Callable[[int, float], bool] = lambda _number, _seconds: True,
    *,
    stop: int | None = None,
    until: float = math.inf,
    size: Size | None = None,
    threads: bool = True,
) -> Iterator[TimedFrame]:
    """Iterate over the frames of a video with their times, in order, with one in memory at a time.

    Args:
        file: the path of the file, or a binary file object.
        wanted: a function of a frame's number and its time in seconds, which returns whether to include it.
        stop: the index of the first frame to leave out; None means the end.
        until: the time in seconds from which frames are left out.
        size: the width and height in pixels as people see it, or one number that limits the longer side; None keeps the
            original size.
        threads: whether to decode with several threads.

    Raises:
        UnreadableFileError: the file cannot be decoded.
    """
    # A wrong size is the caller's error, not the file's.
    fitted(size, 1, 1)
    last = math.inf if stop is None else stop

    def is_wanted(number: int, seconds: float) -> bool:
        return number < last and seconds < until - TICK and wanted(number, seconds)

    if _format(file) in PICTURES:
        yield from iterate_animation(file, _name(file), is_wanted, size)
        return
    # Import the whole package first: two threads that import a package and a part of it at once wait for each other.
    import av  # noqa: F401
    from av.video.reformatter import VideoReformatter

    with opened(file, threads=threads) as container:
        # One for all frames: creating one takes as long as decoding a frame.
        scaler = VideoReformatter()
        count = 0
        for number, (frame, seconds) in enumerate(_decoded(container)):
            if number >= last or seconds >= until - TICK:
                return
            if is_wanted(number, seconds):
                yield TimedFrame(_pixels(scaler, frame, size), seconds)
            count = number + 1
        # A truncated file can be decoded up to its end.
        if is_cut_off(file):
            of = container.streams.video[0].frames
            raise UnreadableFileError(_name(file), f"is cut off after {count}{f' of {of}' * bool(of)} frames")
        if not count:
            raise UnreadableFileError(_name(file), "has no frames")


def frame_at(file: Path, seconds: float, size: Size | None = None) -> Frame:
    """Return the frame that is visible at a time; after the end, this is the last frame.

    Args:
        file: the path of the file.
        seconds: the time in seconds from the beginning.
        size: the size of the frame, as in `iterate_timed`.

    Raises:
        UnreadableFileError: the file cannot be decoded.
    """
    fitted(size, 1, 1)
    if _format(file) in PICTURES:
        seen = None
        for frame in iterate_timed(file, size=size):
            if seen is not None and frame.seconds > seconds + TICK:
                break
            seen = frame.pixels
        if seen is None:
            raise UnreadableFileError(file.name, "has no frames")
        return seen
    # Import the whole package first: two threads that import a package and a part of it at once wait for each other.
    import av  # noqa: F401
    from av.video.reformatter import VideoReformatter

    with opened(file) as container:
        shown, is_last = _seen(container, seconds)
        if is_last and is_cut_off(file):
            raise UnreadableFileError(file.name, f"is cut off before {seconds:g} s")
        if shown is None:
            raise UnreadableFileError(file.name, "has no frames")
        return _pixels(VideoReformatter(), shown, size)


def check_first_frame(file: Path) -> None:
    """Check that the first frame of a video can be decoded.

    Args:
        file: the path of the file.

    Raises:
        UnreadableFileError: it cannot be decoded.
    """
    # In this thread, since starting others would take longer than one frame.
    with opened(file, threads=False) as container:
        if next(_decoded(container), None) is None:
            raise UnreadableFileError(file.name, "is cut off" if is_cut_off(file) else "has no frames")


def _decoded(container: InputContainer) -> Iterator[tuple[VideoFrame, float]]:
    """The frames from the container's position on, each with its time from the beginning of the video in seconds."""
    stream = container.streams.video[0]
    begin = float((stream.start_time or 0) * (stream.time_base or 0))
    fps = float(stream.average_rate or 0)
    for number, frame in enumerate(container.decode(stream)):
        # A stream without times plays at its frame rate.
        yield frame, max(0.0, frame.time - begin) if frame.time is not None else number / (fps or 1)


def _seen(container: InputContainer, seconds: float) -> tuple[VideoFrame | None, bool]:
    """The frame that is visible at a time, and whether it is the last one."""
    stream = container.streams.video[0]
    base = float(stream.time_base or 0)
    if base:
        length = (stream.duration or 0) * base or math.inf
        container.seek(int(min(seconds, length) / base) + (stream.start_time or 0), stream=stream)
    frames = _decoded(container)
    first = next(frames, None)
    if first is None or first[1] > seconds + TICK:
        # Some containers are searched by decoding times, which come before the presentation times.
        container.seek(0)
        frames = _decoded(container)
        first = next(frames, None)
    if first is None:
        return None, True
    seen = first[0]
    for frame, at in frames:
        if at > seconds + TICK:
            return seen, False
        seen = frame
    return seen, True


def _pixels(scaler: VideoReformatter, frame: VideoFrame, size: Size | None) -> Frame:
    import numpy as np

    width, height = fitted(size, *_turned_size(frame))
    quarters = _quarters(frame)
    if quarters % 2:
        width, height = height, width
    # AREA weighs every pixel, so that nothing shimmers in scaled-down frames.
    how = "AREA" if (width, height) != (frame.width, frame.height) else None
    shown = cast("Frame", scaler.reformat(frame, width, height, format="rgb24", interpolation=how).to_ndarray())
    return np.ascontiguousarray(np.rot90(shown, quarters)) if quarters else shown
