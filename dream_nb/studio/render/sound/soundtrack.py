"""Adds a soundtrack to a video: copies its pictures, and generates its sound from words."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import av
from av.video.stream import VideoStream

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media import sound
from dream_nb.media.containers import is_cut_off
from dream_nb.media.joining import add_copy
from dream_nb.media.video import opened
from dream_nb.studio.render.brief import MOST_SECONDS, UNREADABLE, Brief, RenderError, Soundtrack
from dream_nb.studio.render.noise import F32
from dream_nb.studio.render.sound.hearing import sounds_of
from dream_nb.studio.render.sound.mix import performed


def add_sound(brief: Brief) -> bytes:
    """Return the video of a brief's edit as an MP4, with a soundtrack that replaces any sound that it has.

    The pictures and their times are not changed. The sound is as long as the pictures, and can be looped.

    Args:
        brief: a brief with a `Soundtrack` as its edit. Of the rest, only the prompt, the take and the tags are used.

    Raises:
        RenderError: the video cannot be read.
    """
    edit = brief.edit
    assert isinstance(edit, Soundtrack)
    file = io.BytesIO(edit.source)
    try:
        if is_cut_off(file):
            raise UnreadableFileError("the video", "is cut off")
        # Moving the index to the front requires a named file.
        with opened(file, threads=False) as source, tempfile.TemporaryDirectory(prefix="dream_nb-") as folder:
            pictures = [packet for packet in source.demux(source.streams.video[0]) if packet.size]
            loop = performed(
                sounds_of(brief.prompt, edit.scene, edit.unwanted),
                _samples(source.streams.video[0], pictures),
                *(brief.prompt, edit.scene, edit.unwanted, brief.take),
            )
            path = Path(folder) / "clip.mp4"
            _write(source.streams.video[0], pictures, loop, path, dict(brief.tags))
            return path.read_bytes()
    except UnreadableFileError as error:
        raise RenderError(UNREADABLE) from error


def _samples(stream: VideoStream, pictures: Sequence[av.Packet[VideoStream]]) -> int:
    """Return the number of samples of sound that are as long as the pictures."""
    base, rate = stream.time_base, stream.average_rate
    # If the container does not state how long a picture is shown, the frame rate decides.
    usual = round(1 / (rate * base)) if rate and base else 0
    ends = [(shown.pts or 0) + (shown.duration or usual) for shown in pictures if not shown.is_discard]
    if not ends or not base:
        raise UnreadableFileError("the video", "has no frames in it")
    seconds = (max(ends) - (stream.start_time or 0)) * base
    if seconds > MOST_SECONDS + 1:
        raise RenderError(f"Video is too long: {float(seconds):.1f} s, and at most {MOST_SECONDS} s are given sound")
    return max(1, round(seconds * sound.RATE))


def _write(
    stream: VideoStream, pictures: Iterable[av.Packet[VideoStream]], loop: F32, path: Path, tags: dict[str, str]
) -> None:
    options = {"movflags": "faststart+use_metadata_tags", "movie_timescale": str(sound.RATE)}
    with av.open(str(path), "w", format="mp4", options=options) as target:
        target.metadata.update(tags)
        try:
            copy = add_copy(target, stream)
        except ValueError as error:
            raise UnreadableFileError("the video", "is in a coding that an MP4 does not hold") from error
        sound.write_loop(target, sound.add_sound(target, is_quick=True), loop)
        # The sound begins at 0, so the first picture must too.
        begin = stream.start_time or 0
        for packet in pictures:
            packet.pts = None if packet.pts is None else packet.pts - begin
            packet.dts = None if packet.dts is None else packet.dts - begin
            packet.stream = copy
            target.mux(packet)
