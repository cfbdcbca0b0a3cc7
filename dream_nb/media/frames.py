"""Frames as arrays with their times: their sizes, their rate, and the selection of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Frame = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
    Frames = np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]]

# A width and a height, or the largest length of the longer side.
Size = tuple[int, int] | int

_LARGEST_SIDE: Final = 16384
TICK: Final = 0.0006
"""The tolerance of times in seconds. WebM counts in thousandths of a second."""


class TimedFrame(NamedTuple):
    """A frame, and the time at which it is first visible.

    Attributes:
        pixels: an array of `uint8`, height x width x 3, RGB.
        seconds: the time in seconds from the first frame, which is at 0.
    """

    pixels: Frame
    seconds: float


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """The facts of a video, read from the file's headers as far as they state them.

    Attributes:
        width, height: the size in pixels as people see it, after any rotation.
        fps: the average frame rate, in frames per second.
        frames: the number of frames.
        seconds: the playing time in seconds.
        is_even: whether all frames have the same duration; False if that is not certain.
        quarters: the number of right angles by which the stored frames are rotated counterclockwise.
    """

    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    is_even: bool = True
    quarters: int = 0


def evenly(frames: Iterable[Frame], fps: float) -> Iterator[TimedFrame]:
    """Yield frames with their times, at a constant rate.

    Args:
        frames: the frames in order.
        fps: the frame rate, in frames per second.
    """
    for number, frame in enumerate(frames):
        yield TimedFrame(frame, number / fps)


def at_rate(frames: Iterable[TimedFrame], fps: float, seconds: float) -> Iterator[Frame]:
    """Yield frames at a constant rate. Frames are repeated or left out so that each keeps its time.

    Args:
        frames: the frames in order; at least one.
        fps: the new rate, in frames per second.
        seconds: the time until which the last frame is visible, from the first.
    """
    shown: TimedFrame | None = None
    count = 0
    for frame in frames:
        if shown is not None:
            upto = round(frame.seconds * fps)
            for _ in range(upto - count):
                yield shown.pixels
            count = max(count, upto)
        shown = frame
    if shown is not None:
        for _ in range(max(round(seconds * fps) - count, 0 if count else 1)):
            yield shown.pixels


def part_of(frames: Iterable[TimedFrame], start: float, stop: float) -> Iterator[TimedFrame]:
    """Yield the frames that are visible between two times. The first of them is at 0 seconds.

    Args:
        frames: the frames in order.
        start: the first time, in seconds.
        stop: the second time, in seconds.
    """
    seen: TimedFrame | None = None
    for frame in frames:
        if frame.seconds >= stop - TICK:
            break
        if seen is not None and frame.seconds > start + TICK:
            yield TimedFrame(seen.pixels, max(0.0, seen.seconds - start))
        seen = frame
    if seen is not None:
        yield TimedFrame(seen.pixels, max(0.0, seen.seconds - start))


def seen_at(frames: Iterable[TimedFrame], times: Sequence[float]) -> Iterator[TimedFrame]:
    """Yield the frames that are visible at some times, each once; after the end, this is the last frame.

    Args:
        frames: the frames in order.
        times: the times in seconds, in order.
    """
    left = list(times)
    seen: TimedFrame | None = None
    for frame in frames:
        if seen is not None and left and left[0] < frame.seconds - TICK:
            yield seen
            while left and left[0] < frame.seconds - TICK:
                left.pop(0)
        seen = frame
    if seen is not None and left:
        yield seen


def at_most(fps: float) -> Callable[[int, float], bool]:
    """Return a function that selects frames so that there are at most so many per second. It is called in order.

    Args:
        fps: the largest frame rate, above 0.

    Returns:
        A function of a frame's number and its time in seconds, which returns whether to include the frame.
    """
    last = float("-inf")

    def is_taken(_: int, seconds: float) -> bool:
        nonlocal last
        if seconds < last + 1 / fps - TICK:
            return False
        last = seconds
        return True

    return is_taken


def stacked(frames: Iterable[Frame], count: int, width: int, height: int) -> Frames:
    """Return frames as one array.

    Args:
        frames: the frames, all of the same size.
        count: the number of frames, as far as the file states it.
        width, height: the size of the frames in pixels.

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
            # A header may state fewer frames than there are, or none.
            whole = np.concatenate([whole, np.empty((max(16, got), height, width, 3), np.uint8)])
        whole[got] = frame
        got += 1
    return whole[:got]


def fitted(size: Size | None, width: int, height: int) -> tuple[int, int]:
    """Return the requested size in pixels.

    Args:
        size: the width and height, or the largest length of the longer side; None keeps the original size.
        width, height: the size of the picture.

    Raises:
        ValueError: size is not valid.
    """
    if size is None:
        return width, height
    sides = tuple(size) if isinstance(size, Iterable) else (size,)
    if not 1 <= len(sides) <= 2 or not all(isinstance(side, Integral) and 0 < side <= _LARGEST_SIDE for side in sides):
        raise ValueError(f"size {size!r} is not valid: give the longer side in pixels, or (width, height)")
    if len(sides) == 1:
        scale = min(1.0, int(sides[0]) / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))
    return int(sides[0]), int(sides[1])
