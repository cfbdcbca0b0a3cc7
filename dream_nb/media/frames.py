"""Frames as arrays, each with the time at which it is seen: their sizes, their rate, which of them are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Frame = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
    Frames = np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]]

# A width and a height, or what the longer side is at most.
Size = tuple[int, int] | int

_LARGEST_SIDE: Final = 16384
TICK: Final = 0.0006
"""Seconds by which a time may be off: WebM counts in thousandths."""


class TimedFrame(NamedTuple):
    """A frame, and when it is first seen.

    Attributes:
        pixels: `uint8`, height x width x 3, RGB.
        seconds: from the first frame, which has 0.
    """

    pixels: Frame
    seconds: float


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """Read from the file's headers, as far as these say it.

    Attributes:
        width, height: pixels, as people see it: turned where the file says so.
        fps: frames a second, on the mean.
        frames: how many there are.
        seconds: how long it plays.
        is_even: whether all frames are seen for the same time; False where that is not certain.
        quarters: by how many right angles the file has its frames turned against the clock.
    """

    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    is_even: bool = True
    quarters: int = 0


def evenly(frames: Iterable[Frame], fps: float) -> Iterator[TimedFrame]:
    """Frames with their times, at a constant rate.

    Args:
        frames: the frames, in order.
        fps: frames a second.
    """
    for number, frame in enumerate(frames):
        yield TimedFrame(frame, number / fps)


def at_rate(frames: Iterable[TimedFrame], fps: float, seconds: float) -> Iterator[Frame]:
    """Frames at a constant rate: each is repeated, or left out, so that it is seen when it was seen before.

    Args:
        frames: the frames, in order; at least one is given.
        fps: the rate that is wanted, in frames a second.
        seconds: how long the last frame is seen, counted from the first.
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
    """What is seen from one time to another, from 0 on. It begins with the frame that is seen at the first.

    Args:
        frames: the frames, in order.
        start: seconds.
        stop: seconds.
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
    """The frames that are seen at some times, each once; after the end it is the last one.

    Args:
        frames: the frames, in order.
        times: in seconds, in order.
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
    """Which frames an animation takes, so that it has at most so many a second: asked for each frame in order.

    Args:
        fps: above 0.

    Returns:
        Whether a frame is taken, by its number and its time in seconds.
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


def fitted(size: Size | None, width: int, height: int) -> tuple[int, int]:
    """The size in pixels that is asked for.

    Args:
        size: width and height, or at most what longer side; None for all of it.
        width, height: of the picture.

    Raises:
        ValueError: it is not a size.
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
