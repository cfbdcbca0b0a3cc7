"""From frames to a file: MP4, JPEG or PNG."""

from __future__ import annotations

import contextlib
import io
import math
import tempfile
import time
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image, PngImagePlugin

from dream_nb.files import replacing
from dream_nb.studio.render.brief import Brief, Soundtrack
from dream_nb.studio.render.edits.carried_sound import carry_sound
from dream_nb.studio.render.edits.edited import Edited, edited
from dream_nb.studio.render.frames import shots
from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.sound.soundtrack import add_sound

PRESET = "veryfast"
THUMBNAIL_SIDE = 320
# All frames alike good, for the last frame of a loop is seen beside the first. Trellis makes files an eighth smaller. A
# short look ahead keeps memory low.
_STEADY = (
    "ipratio=1:pbratio=1:no-mbtree=1:no-psy=1:aq-mode=0:trellis=1:rc-lookahead=12:sync-lookahead=0:sliced-threads=0"
)


def write(brief: Brief, progress: Path | None = None, thumbnail: Path | None = None) -> bytes:
    """The file of a brief; see `dream_nb.studio.render.render`."""
    report = Report(progress)
    report(0.0)
    if isinstance(brief.edit, Soundtrack):
        data = add_sound(brief)
        report(1.0, at_once=True)
        return data
    made = Edited(brief, shots(brief), brief.sound) if brief.edit is None else edited(brief)
    brief = made.brief
    if brief.kind == "image":
        data = _image(brief, next(iter(made.shots)).rgb() if made.picture is None else made.picture)
    else:
        with tempfile.TemporaryDirectory(prefix="dream_nb-") as folder:
            path = Path(folder) / "clip.mp4"
            encode(_counted(made.shots, brief.frames, report, thumbnail), path, brief, made.sound)
            data = path.read_bytes()
    report(1.0, at_once=True)
    return data


class Report:
    """Tells how far a drawing is, by overwriting a small file at most five times a second."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.last = 0.0

    def __call__(self, part: float, at_once: bool = False) -> None:
        """Say what fraction is done."""
        now = time.monotonic()
        if self.path is None or (now - self.last < 0.2 and not at_once):
            return
        self.last = now
        with contextlib.suppress(OSError), replacing(self.path) as beside:
            beside.write_text(f"{part:.3f}")


def _counted(shots: Iterable[Planes], frames: int, report: Report, thumbnail: Path | None) -> Iterable[Planes]:
    for done, shot in enumerate(shots, 1):
        if done == 1 and thumbnail is not None:
            _show_early(shot, thumbnail)
        yield shot
        report(0.99 * done / frames)


def _show_early(shot: Planes, path: Path) -> None:
    image = Image.fromarray(shot.rgb())
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    with contextlib.suppress(OSError), replacing(path) as beside:
        image.save(beside, "jpeg", quality=80)


def encode(shots: Iterable[Planes], path: Path, brief: Brief, sound: bytes | None = None) -> None:
    """Write frames as an MP4 that plays before it is wholly loaded.

    Args:
        path: a file; moving the index to its front needs a name.
        brief: for size, length, rate and tags.
        sound: a video whose sound the file gets, as far as it is long; or None.

    Raises:
        RenderError: that video cannot be read.
    """
    width, height = brief.size
    pixels = width * height
    # Five seconds of 720p stay below 4 MB whatever is drawn.
    most = int(5_300_000 * max(0.05, pixels / (1280 * 720)) ** 0.75)
    # The seam of a loop shows what was lost.
    finest = 14.5 if brief.loop else 17.0
    options = {
        "preset": PRESET,
        # Small frames show every error, large ones hide it.
        "crf": f"{min(21.0, max(11.0, finest + 1.7 * math.log2(pixels / (1280 * 720)))):.1f}",
        "threads": "1",
        "maxrate": str(most),
        "bufsize": str(most),
        "x264-params": _STEADY,
    }
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart+use_metadata_tags"}) as container:
        for key, value in brief.tags:
            container.metadata[key] = value
        stream = container.add_stream("libx264", rate=Fraction(brief.fps), options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = 1 / Fraction(brief.fps)
        context = stream.codec_context
        context.thread_count = 1
        context.color_range, context.colorspace = 1, 1  # limited range, BT.709
        context.color_primaries, context.color_trc = 1, 1
        if sound is not None:
            # Before the pictures: the container puts it beside them.
            carry_sound(sound, container, brief.frames / float(brief.fps))
        for at, shot in enumerate(shots):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane, pixels_of in zip(frame.planes, shot.all, strict=True):
                _fill(plane, pixels_of)
            frame.pts = at
            frame.time_base = 1 / Fraction(brief.fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _fill(plane: av.video.plane.VideoPlane, pixels: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> None:
    height, width = pixels.shape
    into = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    into[:height, :width] = pixels


def _image(brief: Brief, picture: U8) -> bytes:
    image = Image.fromarray(picture)
    out = io.BytesIO()
    if brief.image_format == "png":
        info = PngImagePlugin.PngInfo()
        for key, value in brief.tags:
            info.add_itxt(key, value)
        image.save(out, "png", pnginfo=info, compress_level=3)
    else:
        comment = "\n".join(f"{key}: {value}" for key, value in brief.tags)
        image.save(out, "jpeg", quality=90, comment=comment.encode()[:60000])
    return out.getvalue()
