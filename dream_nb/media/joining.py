"""Several videos as one file: copied packet by packet where their streams allow, else encoded anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dream_nb.api.errors import LibraryError
from dream_nb.files import written
from dream_nb.media.encoding import encode
from dream_nb.media.video import VideoFacts, at_rate, iterate_frames, opened, read_facts

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream

    from dream_nb.media.video import Frame


class _UnevenError(Exception):
    """The streams do not follow each other as they are."""


def join(files: Sequence[Path], path: Path, tags: Mapping[str, str]) -> None:
    """Write several videos as one file.

    Args:
        files: at least one video, in their order. Streams of the same size, rate and coding are copied; others are
            encoded in the size and rate of the first, with black beside what is of another shape. Sound is kept where
            all have it in the same coding.
        path: where the film is written.
        tags: what the film says of itself.

    Raises:
        LibraryError: a file is missing or does not decode, or the film cannot be written.
    """
    facts = [read_facts(file) for file in files]
    for file, fact in zip(files, facts, strict=True):
        _check_whole(file, fact)
    with written(path) as partial:
        # Here: with a source open, what goes wrong would be said of that.
        partial.touch()
        try:
            _copy(files, partial, tags)
        except _UnevenError:
            first = facts[0]
            frames = (frame for file, fact in zip(files, facts, strict=True) for frame in _fitted(file, fact, first))
            encode(frames, partial, first.fps, tags)


def read_tag(path: Path, name: str) -> str | None:
    """What a video says of itself under a name; None where it says nothing, or is not there.

    Args:
        path: the file.
        name: of the tag.
    """
    if not path.is_file():
        return None
    try:
        with opened(path) as container:
            return container.metadata.get(name)
    except LibraryError:
        return None


def _check_whole(file: Path, facts: VideoFacts) -> None:
    """Refuse a file that was cut: its packets would be copied as far as they go."""
    with opened(file) as container:
        packets = sum(bool(packet.size) for packet in container.demux(video=0))
    if packets < facts.frames:
        raise LibraryError(f"{file.name!r} is cut off after {packets} of {facts.frames} frames: run its cell again")


def _copy(files: Sequence[Path], path: Path, tags: Mapping[str, str]) -> None:
    import av

    options = {"movflags": "faststart+use_metadata_tags"}
    with opened(files[0]) as first, av.open(str(path), "w", format="mp4", options=options) as target:
        kinds = _kinds(files, first)
        target.metadata.update(dict(tags))
        # Both are made before the first packet: then the header is written.
        for kind in kinds:
            target.add_stream_from_template(_stream(first, kind))
        ends: dict[str, float] = dict.fromkeys(kinds, 0.0)
        last: dict[str, int | None] = dict.fromkeys(kinds)
        for file in files:
            begin = max(ends.values())
            with opened(file) as source:
                _append(source, target, kinds, begin, ends, last)


def _append(
    source: InputContainer,
    target: OutputContainer,
    kinds: Sequence[str],
    begin: float,
    ends: dict[str, float],
    last: dict[str, int | None],
) -> None:
    """Copy the packets of one file to where the film has come, in seconds; `ends` and `last` go on with them."""
    streams = {kind: _stream(source, kind) for kind in kinds}
    outputs = dict(zip(kinds, target.streams, strict=True))
    zero = min(float((stream.start_time or 0) * _base(stream)) for stream in streams.values())
    shifts = {kind: round((begin - zero) / _base(stream)) for kind, stream in streams.items()}
    for packet in source.demux(list(streams.values())):
        if packet.dts is None or packet.pts is None:
            continue
        kind, base = packet.stream.type, _base(packet.stream)
        shift, previous = shifts[kind], last[kind]
        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        if previous is not None and packet.dts <= previous:
            raise _UnevenError
        last[kind] = packet.dts
        ends[kind] = max(ends[kind], float((packet.pts + (packet.duration or 0)) * base))
        packet.stream = outputs[kind]
        target.mux(packet)


def _kinds(files: Sequence[Path], first: InputContainer) -> list[str]:
    """Which streams are copied: the video, and the sound where all have it.

    Raises:
        _UnevenError: the videos are not coded alike.
    """
    videos, sounds = set(), set()
    for file in files:
        with opened(file) as container:
            videos.add(_coding(container.streams.video[0]))
            sounds.add(_coding(container.streams.audio[0]) if container.streams.audio else None)
    if len(videos) > 1:
        raise _UnevenError
    return ["video", "audio"] if first.streams.audio and len(sounds) == 1 else ["video"]


def _stream(container: InputContainer, kind: str) -> VideoStream | AudioStream:
    return container.streams.video[0] if kind == "video" else container.streams.audio[0]


def _base(stream: Any) -> float:
    return float(stream.time_base or 0)


def _coding(stream: VideoStream | AudioStream) -> tuple[object, ...]:
    """All that one header says of a stream: it has to hold for every packet."""
    context: Any = stream.codec_context
    shape = (
        (context.width, context.height, context.pix_fmt, stream.average_rate)
        if stream.type == "video"
        else (context.sample_rate, context.layout.name)
    )
    return stream.type, context.name, context.extradata, stream.time_base, *shape


def _fitted(file: Path, facts: VideoFacts, like: VideoFacts) -> Iterator[Frame]:
    """The frames of a file in the rate and size of another, with black beside them where the shape differs."""
    import numpy as np

    scale = min(like.width / facts.width, like.height / facts.height)
    width, height = round(facts.width * scale), round(facts.height * scale)
    left, top = (like.width - width) // 2, (like.height - height) // 2
    for frame in at_rate(iterate_frames(file, size=(width, height)), facts.fps, like.fps):
        placed = frame
        if (width, height) != (like.width, like.height):
            placed = np.zeros((like.height, like.width, 3), np.uint8)
            placed[top : top + height, left : left + width] = frame
        yield placed
