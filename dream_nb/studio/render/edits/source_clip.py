"""The source video of an edit, which is measured once and then read frame by frame."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media.containers import is_cut_off
from dream_nb.media.pictures import DAMAGE, MOST_PIXELS
from dream_nb.media.video import opened
from dream_nb.studio.render.brief import LONGEST_SIDE, MOST_SECONDS, UNREADABLE, RenderError
from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.planes import Planes

_MOST_FRAMES: Final = 240 * MOST_SECONDS
_SHORTEST_SIDE: Final = 16
_FASTEST: Final = 60
_SLOWEST_UNEVEN: Final = 12
# How far a length may exceed its limit, in seconds, because containers round it.
_SLACK: Final = 0.1
# The approximate width of the reduced frames in which motion is measured, in pixels.
_SMALL: Final = 96
_SAMPLES: Final = 5
# The colour matrices that must be converted to BT.709: BT.601 with its two names, SMPTE 240M, and BT.2020 with its two
# names.
_OTHER_MATRICES: Final = {4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_BT709: Final = 1
_LIMITED, _FULL = 1, 2


@contextmanager
def _readable() -> Iterator[None]:
    """Turn the errors of decoders about damaged files into a `RenderError` with the API's reason."""
    try:
        yield
    except (*DAMAGE, av.FFmpegError, UnreadableFileError) as error:
        raise RenderError(UNREADABLE) from error


@dataclass(frozen=True, slots=True)
class _Times:
    """The frame rate of the result, and for each of its frames the number of the decoded frame that is shown."""

    rate: int | Fraction
    shown: tuple[int, ...]


class SourceClip:
    """A given video, with frames at a constant rate, as planes with even sides.

    Args:
        data: the video, as an MP4, QuickTime or WebM file.
        shorter_side: the largest shorter side in pixels; larger frames are scaled down. None keeps the size.
        longest_seconds: where to cut off the video, in seconds, or None.
        most_seconds: the longest video that is accepted, in seconds.

    Attributes:
        width, height: the size of the frames.
        rate: the number of frames per second.
        count: the number of frames.
        small: the brightness of each frame, greatly reduced: frames x height x width.
        samples: some frames spread over the clip, greatly reduced, to take colours from.

    Raises:
        RenderError: the data is not a supported video, or is damaged or too long.
    """

    def __init__(
        self,
        data: bytes,
        shorter_side: int | None = None,
        longest_seconds: float | None = None,
        most_seconds: float = MOST_SECONDS,
    ) -> None:
        self._data = data
        self._most_seconds = most_seconds
        self._scaler = VideoReformatter()
        self._until = math.inf if longest_seconds is None else longest_seconds
        with _readable():
            if is_cut_off(io.BytesIO(data)):
                raise ValueError("the file is cut off")
            self._told = self._examine()
        times: list[float] = []
        small: list[U8] = []
        samples: list[Planes] = []
        with _readable():
            for number, (at, shot) in enumerate(self._decoded(shorter_side)):
                if at >= self._until - 0.001 and times:
                    break
                times.append(at)
                reduced = max(1, round(shot.width / _SMALL))
                small.append(np.asarray(Image.fromarray(shot.y).reduce(reduced)))
                if number % 8 == 0:
                    samples.append(Planes(shot.y[::8, ::8].copy(), shot.u[::4, ::4].copy(), shot.v[::4, ::4].copy()))
            if not times:
                raise ValueError("a video without frames")
        self.width, self.height = shot.width, shot.height
        self._shorter_side = shorter_side
        self._times = _spread(times, min(self._until, self._seconds), self._told)
        self.rate, self.count = self._times.rate, len(self._times.shown)
        self.small: U8 = np.stack([small[at] for at in self._times.shown])
        self.samples = samples[:: math.ceil(len(samples) / _SAMPLES)]

    @property
    def seconds(self) -> float:
        """The length of the clip in seconds."""
        return float(self.count / Fraction(self.rate))

    def frames(self, size: tuple[int, int] | None = None, finest: bool = False) -> Iterator[Planes]:
        """Yield the frames in order. Each is a copy that may be changed.

        Args:
            size: the width and height of the frames, both even, or None for the size of the clip.
            finest: whether to scale with the Lanczos filter.

        Raises:
            RenderError: a frame cannot be decoded.
        """
        wanted = iter(self._times.shown)
        number = next(wanted)
        with _readable():
            for at, (_, shot) in enumerate(self._decoded(self._shorter_side, size, finest)):
                while at == number:
                    yield shot.copy()
                    number = next(wanted, -1)
                if number < 0:
                    return
        raise RenderError(UNREADABLE)

    def _examine(self) -> Fraction | None:
        """Check the limits before anything is decoded, and return the frame rate that the file states, or None."""
        with opened(io.BytesIO(self._data), threads=False) as container:
            stream = container.streams.video[0]
            if not 0 < stream.width * stream.height <= MOST_PIXELS:
                raise ValueError(f"a video of {stream.width}x{stream.height}")
            base = stream.time_base or Fraction(1)
            begin = end = None
            count = 0
            for packet in container.demux(stream):
                if not packet.size or packet.is_discard or packet.pts is None:
                    continue
                count += 1
                begin = packet.pts if begin is None else min(begin, packet.pts)
                last = packet.pts + (packet.duration or 0)
                end = last if end is None else max(end, last)
            seconds = float((end - begin) * base) if begin is not None and end is not None else 0.0
            if seconds > self._most_seconds + _SLACK:
                most = self._most_seconds
                raise RenderError(f"Video is too long: {seconds:.1f} s, and at most {most:g} s are edited")
            if count > _MOST_FRAMES:
                raise RenderError(f"Video has too many frames: {count}, and at most {_MOST_FRAMES} are edited")
            self._seconds = seconds
            told = stream.average_rate
            # PyAV 19 has its own type for rational numbers.
            return Fraction(told.numerator, told.denominator) if told else None

    def _decoded(
        self, shorter_side: int | None, size: tuple[int, int] | None = None, finest: bool = False
    ) -> Iterator[tuple[float, Planes]]:
        """Yield all frames with their times in seconds, counted from the first frame."""
        with opened(io.BytesIO(self._data), threads=False) as container:
            stream = container.streams.video[0]
            begin: float | None = None
            for number, frame in enumerate(container.decode(stream)):
                if number >= _MOST_FRAMES:
                    raise ValueError("more frames than packets")
                if frame.width * frame.height > MOST_PIXELS:
                    raise ValueError(f"a frame of {frame.width}x{frame.height}")
                quarters = round(frame.rotation / 90) % 4
                if size is None:
                    stored = frame.width, frame.height
                    size = _within(*(stored[::-1] if quarters % 2 else stored), shorter_side)
                at = frame.time if frame.time is not None else number / float(self._told or 24)
                begin = at if begin is None else begin
                yield max(0.0, at - begin), self._planes(frame, quarters, size, finest)

    def _planes(self, frame: av.VideoFrame, quarters: int, size: tuple[int, int], finest: bool) -> Planes:
        """Return a frame turned upright and scaled, in yuv420p of BT.709 with limited range.

        Args:
            frame: the decoded frame.
            quarters: how many quarter turns make it upright.
            size: the width and height of the upright frame, both even.
            finest: whether to scale with the Lanczos filter.
        """
        width, height = size[::-1] if quarters % 2 else size
        same_size = (frame.width // 2 * 2, frame.height // 2 * 2) == (width, height)
        matrix = _OTHER_MATRICES.get(int(frame.colorspace))
        full = int(frame.color_range) == _FULL or frame.format.name.startswith("yuvj") or frame.format.is_rgb
        if not same_size or matrix or full or frame.format.name != "yuv420p":
            how = Interpolation.LANCZOS if finest else Interpolation.BICUBIC
            frame = self._scaler.reformat(
                frame,
                width=None if same_size else width,
                height=None if same_size else height,
                format="yuv420p",
                src_colorspace=matrix or _BT709,
                dst_colorspace=_BT709,
                src_color_range=_FULL if full else _LIMITED,
                dst_color_range=_LIMITED,
                interpolation=how,
            )
        planes = []
        for plane, part in zip(frame.planes, (1, 2, 2), strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            planes.append(np.ascontiguousarray(np.rot90(rows[: height // part, : width // part], quarters)))
        return Planes(*planes)


def _within(width: int, height: int, shorter_side: int | None) -> tuple[int, int]:
    """Return a width and height within the limits, both even and of about the same ratio."""
    longer, shorter = max(width, height), min(width, height)
    scale = min(1.0, LONGEST_SIDE / longer, max(shorter_side or shorter, _SHORTEST_SIDE) / shorter)
    wide, high = (max(_SHORTEST_SIDE, int(side * scale + 1e-6) // 2 * 2) for side in (width, height))
    return wide, high


def _spread(times: list[float], seconds: float, told: Fraction | None) -> _Times:
    """Return a constant frame rate, and which of the frames to show at each of its steps.

    Args:
        times: the times of the frames in seconds.
        seconds: the length of the clip.
        told: the frame rate that the file states, or None.
    """
    count = len(times)
    measured = Fraction((count - 1) / times[-1]).limit_denominator(1001) if times[-1] > 0 else None
    for rate in (told, measured):
        if not rate or not 1 <= rate <= _FASTEST:
            continue
        step = 1 / float(rate)
        # WebM rounds its times to thousandths.
        if all(abs(time - number * step) < 0.5 * step for number, time in enumerate(times)):
            return _Times(_whole(rate), tuple(range(count)))
    rate = min(max(measured or Fraction(24), Fraction(_SLOWEST_UNEVEN)), Fraction(_FASTEST))
    length = max(seconds, times[-1])
    starts = np.asarray(times) - 0.001
    steps = np.arange(max(1, round(length * float(rate)))) / float(rate)
    return _Times(_whole(rate), tuple((np.searchsorted(starts, steps, side="right") - 1).tolist()))


def _whole(rate: Fraction) -> int | Fraction:
    return int(rate) if rate.denominator == 1 else rate
