"""Copies the sound of a source into the file that is made from it."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import av

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media.pictures import DAMAGE
from dream_nb.media.sound import add_sound, iterate_samples, write_sound
from dream_nb.media.video import opened
from dream_nb.studio.render.brief import UNREADABLE, RenderError

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

# The codecs that players expect in an MP4. Sound in other codecs is encoded again.
_COPIED: Final = frozenset({"aac", "mp3"})


def carry_sound(source: bytes, into: OutputContainer, seconds: float) -> None:
    """Copy the sound of a source into a file, beginning at the first frame. Does nothing if the source has no sound.

    Args:
        source: the source, as an MP4, QuickTime or WebM file.
        into: the file. All its other streams have been added, but nothing has been written to it yet.
        seconds: where to cut off the sound.

    Raises:
        RenderError: the source is not a video, or its sound cannot be decoded.
    """
    with _readable(), opened(io.BytesIO(source), threads=False) as container:
        if not container.streams.audio:
            return
        sound = container.streams.audio[0]
        packets = _packets(container, seconds) if sound.codec_context.name in _COPIED else []
        if packets:
            stream: Any = into.add_stream_from_template(sound, opaque=True)
            for packet in packets:
                packet.stream = stream
                into.mux(packet)
            return
    with _readable():
        write_sound(into, add_sound(into), iterate_samples(io.BytesIO(source), 0.0, seconds))


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (*DAMAGE, av.FFmpegError, UnreadableFileError) as error:
        # A full disk is not a fault of the source.
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise RenderError(UNREADABLE) from error


def _packets(container: InputContainer, seconds: float) -> list[Any]:
    """Return the packets of the sound, with times counted from the first frame.

    The list is empty if a packet has no time, or if the times are out of order.
    """
    video, sound = container.streams.video[0], container.streams.audio[0]
    zero = float((video.start_time or 0) * (video.time_base or 0))
    base = float(sound.time_base or 0)
    shift = round(zero / base) if base else 0
    kept: list[Any] = []
    for packet in container.demux(sound):
        if not packet.size:
            continue
        if packet.pts is None or packet.dts is None:
            return []
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        if kept and packet.dts <= kept[-1].dts:
            return []
        # One packet before the first frame is kept, to prepare the decoder.
        if packet.pts + 2 * (packet.duration or 0) > 0 and packet.pts * base < seconds:
            kept.append(packet)
    return kept
