"""The sound of videos: read as samples, cut to the sample, written as AAC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from dream_nb.media.formats import PICTURES, format_of
from dream_nb.media.video import opened

if TYPE_CHECKING:
    import numpy as np
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer

    Samples = np.ndarray[tuple[int, int], np.dtype[np.float32]]

RATE: Final = 48_000
"""Samples a second of all sound that is read."""

_CHANNELS: Final = 2
_LAYOUT: Final = "stereo"
_BIT_RATE: Final = 192_000
_SILENCE: Final = RATE
# Coders of sound work in blocks, of which the last is filled up. None has longer ones.
_BLOCK: Final = 2048
# Frames of AAC, in samples: so many pass until its coder has settled, and so many are blended at the end.
_LEAD: Final = 4 * 1024
_TAIL: Final = 2 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """The sound of a dream.

    Attributes:
        samples: `float32`, samples x channels. Full scale is -1 to 1; what is decoded may go beyond it.
        rate: samples a second.
    """

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.rate

    def __repr__(self) -> str:
        count, channels = self.samples.shape
        return f"Audio({count:,} samples x {channels}, {self.rate:,} a second, {self.seconds:.1f} s)"


def has_sound(file: Path | BinaryIO) -> bool:
    """Whether a file has sound. A picture that moves has none.

    Args:
        file: its path, or its bytes as a file.

    Raises:
        UnreadableFileError: it is not a video.
    """
    if isinstance(file, Path) and format_of(file) in PICTURES:
        return False
    with opened(file) as container:
        return bool(container.streams.audio)


def read_audio(file: Path) -> Audio | None:
    """The whole sound of a video at its own rate, beginning with the first frame; None where it has none.

    Args:
        file: its path.

    Raises:
        UnreadableFileError: it does not decode.
    """
    import numpy as np

    if format_of(file) in PICTURES:
        return None
    with opened(file) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        rate, layout = stream.rate, stream.layout.name
        parts = [part for _, part in _from_first_frame(container, rate, layout)]
        end = _declared_end(container, rate)
    whole = np.concatenate(parts, axis=1) if parts else np.zeros((stream.channels, 0), np.float32)
    if end is not None and 0 < whole.shape[1] - end < _BLOCK:
        whole = whole[:, :end]
    return Audio(np.ascontiguousarray(whole.T), rate)


def _declared_end(container: InputContainer, rate: int) -> int | None:
    """The sample, from the first frame, at which a file says that its sound ends; None where it does not say."""
    video, sound = container.streams.video[0], container.streams.audio[0]
    if not sound.duration or sound.time_base is None:
        return None
    zero = float((video.start_time or 0) * (video.time_base or 0))
    return round((float(((sound.start_time or 0) + sound.duration) * sound.time_base) - zero) * rate)


def iterate_heard(file: Path | BinaryIO) -> Iterator[Samples]:
    """The sound of a video in one or two channels, as a measure of it wants them; nothing where it has none.

    Args:
        file: its path, or its bytes as a file.

    Yields:
        `float32`, channels x samples, -1 to 1, 48,000 a second.

    Raises:
        UnreadableFileError: it does not decode.
    """
    with opened(file) as container:
        if container.streams.audio:
            layout = "mono" if container.streams.audio[0].channels == 1 else _LAYOUT
            yield from (part for _, part in _from_first_frame(container, RATE, layout))


def iterate_samples(file: Path | BinaryIO, start: float, stop: float) -> Iterator[Samples]:
    """The sound of a part of a video, with silence where it has none.

    Args:
        file: its path, or its bytes as a file.
        start: seconds from the first frame.
        stop: seconds from the first frame.

    Yields:
        `float32`, 2 channels x samples, -1 to 1, 48,000 a second; together exactly as long as the part.

    Raises:
        UnreadableFileError: it does not decode.
    """
    wanted = round((stop - start) * RATE)
    given = 0
    if not has_sound(file):
        yield from _silence(wanted)
        return
    with opened(file) as container:
        for at, samples in _resampled(container, RATE, _LAYOUT):
            begin = round((at - start) * RATE)
            if begin >= wanted:
                break
            if begin > given:
                yield from _silence(begin - given)
                given = begin
            part = samples[:, given - begin : wanted - begin]
            if part.shape[1]:
                yield part
                given += part.shape[1]
    yield from _silence(wanted - given)


def _from_first_frame(container: InputContainer, rate: int, layout: str) -> Iterator[tuple[float, Samples]]:
    """As `_resampled`, without what comes before the first frame, and with silence where the sound has gaps."""
    given = 0
    for at, samples in _resampled(container, rate, layout):
        begin = round(at * rate)
        if begin > given:
            for part in _silence(begin - given, len(samples)):
                yield at, part
            given = begin
        part = samples[:, given - begin :]
        if part.shape[1]:
            yield at, part
            given += part.shape[1]


def _resampled(container: InputContainer, rate: int, layout: str) -> Iterator[tuple[float, Samples]]:
    """Samples of that rate and layout, each part with its time from the first frame in seconds."""
    import av

    video, sound = container.streams.video[0], container.streams.audio[0]
    zero = float((video.start_time or 0) * (video.time_base or 0))
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
    at: float | None = None
    for decoded in container.decode(sound):
        if at is None or (decoded.time is not None and abs(decoded.time - zero - at) > 0.1):
            at = (decoded.time or 0.0) - zero
        for frame in resampler.resample(decoded):
            samples: Any = frame.to_ndarray()
            yield at, samples
            at += samples.shape[1] / rate
    for frame in resampler.resample(None):
        rest: Any = frame.to_ndarray()
        yield at or 0.0, rest


def _silence(count: int, channels: int = _CHANNELS) -> Iterator[Samples]:
    import numpy as np

    while count > 0:
        length = min(count, _SILENCE)
        yield np.zeros((channels, length), np.float32)
        count -= length


def add_sound(container: OutputContainer, *, is_quick: bool = False) -> AudioStream:
    """A stream of AAC for a file that is about to be written.

    Args:
        container: the file. Nothing has been written to it.
        is_quick: whether the coder is used that takes a fifth of the time; at this bit rate it loses hardly more.
    """
    stream = container.add_stream("aac", rate=RATE, layout=_LAYOUT)
    stream.bit_rate = _BIT_RATE
    if is_quick:
        stream.options = {"aac_coder": "fast"}
    return stream


def write_sound(container: OutputContainer, stream: AudioStream, sound: Iterable[Samples]) -> None:
    """Write all the sound of a file. It comes before the video: the container puts them beside each other.

    Args:
        container: the file.
        stream: as `add_sound` made it.
        sound: its samples, as `iterate_samples` gives them.
    """
    at = 0
    for samples in sound:
        container.mux(stream.encode(_frame(samples, at)))
        at += samples.shape[1]
    container.mux(stream.encode(None))


def write_loop(container: OutputContainer, stream: AudioStream, loop: Samples) -> None:
    """Write all the sound of a file that may be played again and again, whose end leads to its beginning.

    AAC blends each of its frames with the one before, and fades in from silence. So the coder is given the end of the
    loop before its beginning, and its beginning after its end; players leave out what comes before the first frame.

    Args:
        container: the file. The option `movie_timescale` of its muxer has to be `RATE`, for the length of the sound to
            be exact.
        stream: as `add_sound` made it.
        loop: `float32`, 2 channels x samples, -1 to 1, 48,000 a second.
    """
    import numpy as np

    count = loop.shape[1]
    around = loop[:, np.arange(-_LEAD, count + _TAIL) % count]
    for packet in [*stream.encode(_frame(around, -_LEAD)), *stream.encode(None)]:
        if packet.pts is not None and packet.pts < count:
            packet.duration = min(packet.duration or 0, count - packet.pts)
            container.mux(packet)


def _frame(samples: Samples, at: int) -> AudioFrame:
    import av
    import numpy as np

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=_LAYOUT)
    frame.sample_rate, frame.pts = RATE, at
    return frame
