"""Joins several videos into one file: copied packet by packet if their streams allow it, otherwise encoded again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dream_nb.api.errors import UnreadableFileError
from dream_nb.files import written
from dream_nb.media.containers import is_cut_off
from dream_nb.media.encoding import encode
from dream_nb.media.formats import PICTURES, format_of
from dream_nb.media.frames import VideoFacts, at_rate, evenly
from dream_nb.media.posters import check_whole
from dream_nb.media.sound import add_sound, has_sound, iterate_samples, write_sound
from dream_nb.media.video import iterate_timed, opened, read_facts

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream

    from dream_nb.media.frames import Frame
    from dream_nb.media.sound import Samples


class _UnevenError(Exception):
    """The streams are too different to be copied one after the other."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A video that becomes part of a film.

    Attributes:
        file: the path of the video.
        facts: its size and times.
        is_heard: whether it has sound.
    """

    file: Path
    facts: VideoFacts
    is_heard: bool

    @property
    def sound(self) -> Iterator[Samples]:
        """Return its sound, or silence, for its playing time."""
        return iterate_samples(self.file, 0.0, self.facts.seconds)


def join(files: Sequence[Path], path: Path, tags: Mapping[str, str]) -> None:
    """Write several videos as one file, with their sound.

    Args:
        files: the paths of the videos, in order; at least one. Streams of the same size, rate and coding are copied;
            others are encoded in the size and rate of the first, with black bars if the shape differs, and silence if
            there is no sound.
        path: the path of the film.
        tags: metadata of the film.

    Raises:
        LibraryError: a file is missing or cannot be decoded, or the film cannot be written.
    """
    sources = [_Source(file, read_facts(file), has_sound(file)) for file in files]
    for file in files:
        # Otherwise the packets of an incomplete file would be copied.
        if is_cut_off(file):
            raise UnreadableFileError(file.name, "is cut off")
    with written(path) as partial:
        # Here, because with a source open, errors would be attributed to that source.
        partial.touch()
        try:
            _copy(sources, partial, tags)
            _check_copy(sources, partial)
        except (_UnevenError, UnreadableFileError):
            _encode(sources, partial, tags)


def _check_copy(sources: Sequence[_Source], path: Path) -> None:
    """Check that the copy can be decoded and is complete."""
    check_whole(path)
    if read_facts(path).frames != sum(source.facts.frames for source in sources):
        raise _UnevenError


def _encode(sources: Sequence[_Source], path: Path, tags: Mapping[str, str]) -> None:
    first = sources[0].facts
    fps = first.fps or 24.0
    frames = (frame for source in sources for frame in _fitted(source, first, fps))
    is_heard = any(source.is_heard for source in sources)
    sound = (part for source in sources for part in source.sound)
    encode(evenly(frames, fps), path, fps, tags, sound=sound if is_heard else None)


def _copy(sources: Sequence[_Source], path: Path, tags: Mapping[str, str]) -> None:
    import av

    if any(format_of(source.file) in PICTURES for source in sources):
        raise _UnevenError
    options = {"movflags": "faststart+use_metadata_tags"}
    with opened(sources[0].file) as first, av.open(str(path), "w", format="mp4", options=options) as target:
        kinds = _kinds(sources)
        target.metadata.update(dict(tags))
        # All streams are created before the first packet, because then the header is written.
        try:
            outputs = {kind: add_copy(target, _stream(first, kind)) for kind in kinds}
        except ValueError:
            raise _UnevenError from None
        if "audio" not in kinds and any(source.is_heard for source in sources):
            write_sound(target, add_sound(target), (part for source in sources for part in source.sound))
        ends: dict[str, float] = dict.fromkeys(kinds, 0.0)
        last: dict[str, int | None] = dict.fromkeys(kinds)
        for one in sources:
            begin = max(ends.values())
            with opened(one.file) as source:
                _append(source, target, outputs, begin, ends, last)


def add_copy(target: OutputContainer, template: VideoStream | AudioStream) -> Any:
    """Add a stream for the packets of another stream.

    The codec tag is kept: Apple's players refuse `hev1` instead of `hvc1`.

    Args:
        target: the output file. Nothing must have been written to it.
        template: the other stream.

    Raises:
        ValueError: the format of the file does not support that coding.
    """
    stream: Any = target.add_stream_from_template(template, opaque=True)
    # PyAV 17 lets the muxer choose a tag.
    stream.time_base = template.time_base
    if template.codec_context.codec_tag.isalnum():
        stream.codec_context.codec_tag = template.codec_context.codec_tag
    return stream


def _append(
    source: InputContainer,
    target: OutputContainer,
    outputs: Mapping[str, Any],
    begin: float,
    ends: dict[str, float],
    last: dict[str, int | None],
) -> None:
    """Copy the packets of one file to the film, from the given time in seconds; `ends` and `last` are updated."""
    streams = {kind: _stream(source, kind) for kind in outputs}
    zero = min(float((stream.start_time or 0) * _base(stream)) for stream in streams.values())
    shifts = {kind: round((begin - zero) / _base(stream)) for kind, stream in streams.items()}
    for packet in source.demux(list(streams.values())):
        if not packet.size:
            continue
        if packet.dts is None or packet.pts is None:
            raise _UnevenError
        kind, base = packet.stream.type, _base(packet.stream)
        shift, previous = shifts[kind], last[kind]
        is_lead = kind == "audio" and (packet.pts + (packet.duration or 0)) * base <= zero
        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        if is_lead and previous is not None and packet.dts <= previous:
            # Inaudible samples that an encoder needs at its start: the sound before continues until here.
            continue
        if previous is not None and packet.dts <= previous:
            raise _UnevenError
        last[kind] = packet.dts
        ends[kind] = max(ends[kind], float((packet.pts + (packet.duration or 0)) * base))
        packet.stream = outputs[kind]
        target.mux(packet)


def _kinds(sources: Sequence[_Source]) -> list[str]:
    """The kinds of streams to copy: the video, and the sound if all have the same coding.

    Raises:
        _UnevenError: the codings of the videos differ.
    """
    videos, sounds = set(), set()
    for source in sources:
        with opened(source.file) as container:
            videos.add((*_coding(container.streams.video[0]), source.facts.quarters))
            sounds.add(_coding(container.streams.audio[0]) if container.streams.audio else None)
    if len(videos) > 1:
        raise _UnevenError
    return ["video", "audio"] if len(sounds) == 1 and None not in sounds else ["video"]


def _stream(container: InputContainer, kind: str) -> VideoStream | AudioStream:
    return container.streams.video[0] if kind == "video" else container.streams.audio[0]


def _base(stream: Any) -> float:
    return float(stream.time_base or 0)


def _coding(stream: VideoStream | AudioStream) -> tuple[object, ...]:
    """Everything that a header states about a stream, which must be true for all packets."""
    context: Any = stream.codec_context
    shape = (
        (context.width, context.height, context.pix_fmt, stream.average_rate)
        if stream.type == "video"
        else (context.sample_rate, context.layout.name)
    )
    return stream.type, context.name, context.extradata, stream.time_base, *shape


def _fitted(source: _Source, like: VideoFacts, fps: float) -> Iterator[Frame]:
    """The frames of a file at a rate and in the size of another video, with black bars if the shape differs."""
    import numpy as np

    facts = source.facts
    scale = min(like.width / facts.width, like.height / facts.height)
    width, height = round(facts.width * scale), round(facts.height * scale)
    left, top = (like.width - width) // 2, (like.height - height) // 2
    for frame in at_rate(iterate_timed(source.file, size=(width, height)), fps, facts.seconds):
        placed = frame
        if (width, height) != (like.width, like.height):
            placed = np.zeros((like.height, like.width, 3), np.uint8)
            placed[top : top + height, left : left + width] = frame
        yield placed
