"""Encodes frames to a file: MP4, JPEG or PNG."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image, PngImagePlugin

from dream_nb.files import replacing
from dream_nb.media.pictures import FILE_QUALITY, THUMBNAIL_QUALITY
from dream_nb.studio.render.brief import Brief, Soundtrack
from dream_nb.studio.render.edits.carried_sound import carry_sound
from dream_nb.studio.render.edits.edited import Edited, edited
from dream_nb.studio.render.finish.copyright import credited
from dream_nb.studio.render.finish.hdr import BT2020, HLG, hlg, linear
from dream_nb.studio.render.finish.parts import frames_of, parts_of
from dream_nb.studio.render.frames import shots
from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.sound.soundtrack import add_sound

# Slower presets make no visible difference, and a person is waiting.
PRESET: Final = "ultrafast"
THUMBNAIL_SIDE: Final = 480
_BT709: Final = 1
# All frames get the same quality, because the last frame of a part or a loop is followed by the first of the next.
_STEADY: Final = "ipratio=1:pbratio=1:no-psy=1:aq-mode=0:sliced-threads=0"


def write(brief: Brief, progress: Path | None = None, thumbnail: Path | None = None) -> bytes:
    """Draw a brief, and return the file; see `dream_nb.studio.render.render`."""
    brief = credited(brief)
    report = Report(progress)
    report(0.0)
    if isinstance(brief.edit, Soundtrack):
        data = add_sound(brief)
    else:
        made = made_of(brief)
        if made.brief.kind == "image":
            data = _image(made.brief, next(iter(made.shots)).rgb() if made.picture is None else made.picture)
        else:
            frames = counted(made.shots, made.brief.frames, report, thumbnail)
            data = join_parts(made.brief, encode_parts(frames, made.brief), made.sound)
    report(1.0, at_once=True)
    return data


def made_of(brief: Brief) -> Edited:
    """Draw or edit as a brief says, and return the result for encoding."""
    return Edited(brief, shots(brief), brief.sound) if brief.edit is None else edited(brief)


def write_run(brief: Brief, run: range, progress: Path | None = None, thumbnail: Path | None = None) -> list[bytes]:
    """Draw some parts of a clip; see `dream_nb.studio.render.render_run`."""
    frames = list(frames_of(brief, run))
    report = Report(progress, len(frames) / brief.frames)
    report(0.0)
    drawn = counted(shots(brief, frames), len(frames), report, thumbnail)
    made = list(encode_parts(drawn, brief, parts_of(brief)[run.start : run.stop]))
    report(1.0, at_once=True)
    return made


class Report:
    """Reports the progress of a drawing by overwriting a small file, at most five times a second.

    Args:
        path: the path of the file, or None to report nothing.
        share: the fraction of the whole that this drawing is.
    """

    def __init__(self, path: Path | None, share: float = 1.0) -> None:
        self.path = path
        self.share = share
        self.last = 0.0

    def __call__(self, part: float, at_once: bool = False) -> None:
        """Report the fraction that is done.

        Args:
            part: the fraction of this drawing, from 0 to 1.
            at_once: whether to write it even if the last report was a moment ago.
        """
        now = time.monotonic()
        if self.path is None or (now - self.last < 0.2 and not at_once):
            return
        self.last = now
        with contextlib.suppress(OSError), replacing(self.path) as beside:
            beside.write_text(f"{part * self.share:.3f}")


def counted(shots: Iterable[Planes], frames: int, report: Report, thumbnail: Path | None) -> Iterator[Planes]:
    """Yield the same frames, and report the progress.

    Args:
        shots: the frames.
        frames: the number of frames.
        report: the report to update.
        thumbnail: the path for a thumbnail of the first frame, or None.
    """
    for done, shot in enumerate(shots, 1):
        if done == 1 and thumbnail is not None:
            _show_early(shot, thumbnail)
        yield shot
        report(0.99 * done / frames)


def _show_early(shot: Planes, path: Path) -> None:
    image = Image.fromarray(shot.rgb())
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    with contextlib.suppress(OSError), replacing(path) as beside:
        image.save(beside, "jpeg", quality=THUMBNAIL_QUALITY)


def encode_parts(shots: Iterable[Planes], brief: Brief, parts: Sequence[range] | None = None) -> Iterator[bytes]:
    """Encode each part separately, and yield them as MP4 files.

    Args:
        shots: the frames of these parts, in order.
        brief: the brief, with the size, length and frame rate.
        parts: the frame numbers of each part; None means the whole clip.
    """
    frames = iter(shots)
    for part in parts_of(brief) if parts is None else parts:
        yield _encode(itertools.islice(frames, len(part)), brief)


def _encode(shots: Iterable[Planes], brief: Brief) -> bytes:
    data = io.BytesIO()
    width, height = brief.size
    with av.open(data, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(brief.fps), options=_options(brief))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p10le" if brief.hdr else "yuv420p"
        stream.codec_context.time_base = 1 / Fraction(brief.fps)
        context = stream.codec_context
        context.thread_count = 1
        context.color_range = 1  # limited
        context.colorspace = context.color_primaries = BT2020 if brief.hdr else _BT709
        context.color_trc = HLG if brief.hdr else _BT709
        for at, shot in enumerate(shots):
            frame = hlg(linear(shot)) if brief.hdr else _frame(shot, width, height)
            frame.pts = at
            frame.time_base = 1 / Fraction(brief.fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return data.getvalue()


def _frame(shot: Planes, width: int, height: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, pixels_of in zip(frame.planes, shot.all, strict=True):
        _fill(plane, pixels_of)
    return frame


def _options(brief: Brief) -> dict[str, str]:
    width, height = brief.size
    times = width * height / (1280 * 720)
    # Five seconds of 720p stay below 4 MB whatever is drawn. The buffer is small, because each part may start with a
    # full one.
    most = int(5_650_000 * max(0.05, times) ** 0.75)
    # Compression errors are more visible at the seam of a loop.
    finest = 15.5 if brief.loop else 18.0
    return {
        "preset": PRESET,
        # Compression errors are more visible in small frames than in large ones.
        "crf": f"{min(21.0, max(11.0, finest + 1.7 * math.log2(times))):.1f}",
        "threads": "1",
        "maxrate": str(most),
        "bufsize": str(most // 6),
        "x264-params": _STEADY,
    }


def _fill(plane: av.video.plane.VideoPlane, pixels: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> None:
    height, width = pixels.shape
    into = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    into[:height, :width] = pixels


def join_parts(brief: Brief, parts: Iterable[bytes], sound: bytes | None = None) -> bytes:
    """Join parts into one MP4 that can be played before it is completely loaded. Packets are copied, not re-encoded.

    Args:
        brief: the brief, with the length, frame rate and tags.
        parts: the encoded parts, in order.
        sound: a video whose sound to copy, up to the length of the result, or None.

    Raises:
        RenderError: the video with the sound cannot be read.
    """
    made = iter(parts)
    first = next(made)
    # Moving the index to the front requires a named file.
    with tempfile.TemporaryDirectory(prefix="dream_nb-") as folder:
        path = Path(folder) / "clip.mp4"
        with (
            av.open(str(path), "w", format="mp4", options={"movflags": "faststart+use_metadata_tags"}) as container,
            av.open(io.BytesIO(first), "r") as template,
        ):
            for key, value in brief.tags:
                container.metadata[key] = value
            stream = container.add_stream_from_template(template.streams.video[0])
            stream.time_base = template.streams.video[0].time_base
            if sound is not None:
                # The sound comes first, so that the container interleaves the pictures with it.
                carry_sound(sound, container, brief.frames / float(brief.fps))
            for frames, part in zip(parts_of(brief), itertools.chain([first], made), strict=True):
                _append(part, container, stream, frames.start / Fraction(brief.fps))
        return path.read_bytes()


def _append(part: bytes, container: av.container.OutputContainer, stream: VideoStream, begin: Fraction) -> None:
    with av.open(io.BytesIO(part), "r") as source:
        video = source.streams.video[0]
        assert video.time_base is not None
        shift = int(begin / Fraction(video.time_base.numerator, video.time_base.denominator))
        for packet in source.demux(video):
            if packet.dts is None or packet.pts is None:
                continue
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = stream
            container.mux(packet)


def _image(brief: Brief, picture: U8) -> bytes:
    image = Image.fromarray(picture)
    out = io.BytesIO()
    if brief.image_format == "png":
        image.save(out, "png", pnginfo=png_tags(brief), compress_level=3)
    else:
        comment = "\n".join(f"{key}: {value}" for key, value in brief.tags)
        image.save(out, "jpeg", quality=FILE_QUALITY, comment=comment.encode()[:60000])
    return out.getvalue()


def png_tags(brief: Brief) -> PngImagePlugin.PngInfo:
    """Return the tags of a brief as the metadata of a PNG."""
    info = PngImagePlugin.PngInfo()
    for key, value in brief.tags:
        info.add_itxt(key, value)
    return info
