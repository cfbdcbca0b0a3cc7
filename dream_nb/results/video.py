"""What a video file holds: its size, its times, its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """Read from the file's header.

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


def read_facts(path: Path) -> VideoFacts:
    """The facts of a video file, without decoding it."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 0)
        seconds = float((stream.duration or 0) * (stream.time_base or 0)) or stream.frames / (fps or 1)
        return VideoFacts(stream.width, stream.height, fps, stream.frames, seconds)


def iterate_frames(path: Path) -> Iterator[np.ndarray]:
    """Every frame of a video in order, one in memory at a time: `uint8`, height x width x 3, RGB."""
    import av

    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")
