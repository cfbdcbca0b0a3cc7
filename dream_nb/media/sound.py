"""The sound of videos: reading it as samples, cutting it to the sample, and writing it as AAC."""

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
"""The sample rate of all sound that is read, in samples per second."""

_CHANNELS: Final = 2
_LAYOUT: Final = "stereo"
_BIT_RATE: Final = 192_000
_SILENCE: Final = RATE
# Encoders of sound work in blocks, and fill up the last one. No encoder has longer blocks.
_BLOCK: Final = 2048
# Numbers of AAC frames, in samples: those until the encoder has settled, and those that are blended at the end.
_LEAD: Final = 4 * 1024
_TAIL: Final = 2 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """The sound of a video.

    Attributes:
        samples: an array of `float32`, samples x channels. Full scale is -1 to 1; decoded samples may exceed it.
        rate: the number of samples per second.
    """

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """The playing time in seconds."""
        return len(self.samples) / self.rate

    def __repr__(self) -> str:
        count, channels = self.samples.shape
        return f"Audio({count:,} samples x {channels}, {self.rate:,} a second, {self.seconds:.1f} s)"


def has_sound(file: Path | BinaryIO) -> bool:
    """Return whether a file has sound. Animated pictures have none.

    Args:
        file: the path of the file, or a binary file object.

    Raises:
        UnreadableFileError: the file is not a video.
    """
    if isinstance(file, Path) and format_of(file) in PICTURES:
        return False
    with opened(file) as container:
        return bool(container.streams.audio)


def read_audio(file: Path) -> Audio | None:
    """Return the whole sound of a video at its own rate, from the first frame on; None if it has no sound.

    Args:
        file: the path of the file.

    Raises:
        UnreadableFileError: the file cannot be decoded.
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
    """The sample, from the first frame, at which the file declares the end of its sound; None if it does not."""
    video, sound = container.streams.video[0], container.streams.audio[0]
    if not sound.duration or sound.time_base is None:
        return None
    zero = float((video.start_time or 0) * (video.time_base or 0))
    return round((float(((sound.start_time or 0) + sound.duration) * sound.time_base) - zero) * rate)


def iterate_heard(file: Path | BinaryIO) -> Iterator[Samples]:
    """Iterate over the sound of a video in one or two channels, for measures; empty if it has no sound.

    Args:
        file: the path of the file, or a binary file object.

    Yields:
        Arrays of `float32`, channels x samples, -1 to 1, with 48,000 samples per second.

    Raises:
        UnreadableFileError: the file cannot be decoded.
    """
    with opened(file) as container:
        if container.streams.audio:
            layout = "mono" if container.streams.audio[0].channels == 1 else _LAYOUT
            yield from (part for _, part in _from_first_frame(container, RATE, layout))


def iterate_samples(file: Path | BinaryIO, start: float, stop: float) -> Iterator[Samples]:
    """Iterate over the sound of a part of a video. Missing sound is silence.

    Args:
        file: the path of the file, or a binary file object.
        start: where the part begins, in seconds from the first frame.
        stop: where the part ends, in seconds from the first frame.

    Yields:
        Arrays of `float32`, 2 channels x samples, -1 to 1, with 48,000 samples per second; together exactly as long as
        the part.

    Raises:
        UnreadableFileError: the file cannot be decoded.
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
    """As `_resampled`, without anything before the first frame, and with gaps filled by silence."""
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
    """Samples in the given rate and layout, in parts, each with its time from the first frame in seconds."""
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
    """Add an AAC stream to a file that is about to be written.

    Args:
        container: the file. Nothing must have been written to it.
        is_quick: whether to use a faster encoder, which takes a fifth of the time and loses hardly more at this bit
            rate.
    """
    stream = container.add_stream("aac", rate=RATE, layout=_LAYOUT)
    stream.bit_rate = _BIT_RATE
    if is_quick:
        stream.options = {"aac_coder": "fast"}
    return stream


def write_sound(container: OutputContainer, stream: AudioStream, sound: Iterable[Samples]) -> None:
    """Write all the sound of a file. It is written before the video: the container interleaves them.

    Args:
        container: the file.
        stream: the stream that `add_sound` returned.
        sound: the samples, as `iterate_samples` returns them.
    """
    at = 0
    for samples in sound:
        container.mux(stream.encode(_frame(samples, at)))
        at += samples.shape[1]
    container.mux(stream.encode(None))


def write_loop(container: OutputContainer, stream: AudioStream, loop: Samples) -> None:
    """Write the sound of a file that is played in a loop, whose end leads to its beginning.

    AAC blends each frame with the one before, and fades in from silence. So the encoder gets the end of the loop before
    its beginning, and its beginning after its end; players skip what comes before the first frame.

    Args:
        container: the file. Its muxer must have the option `movie_timescale` set to `RATE`, so that the length of the
            sound is exact.
        stream: the stream that `add_sound` returned.
        loop: an array of `float32`, 2 channels x samples, -1 to 1, with 48,000 samples per second.
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
