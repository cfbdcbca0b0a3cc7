"""The encoders: frames as an MP4 in H.264, or as an animation for pages that play no video."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from dream_nb.api.errors import LibraryError

if TYPE_CHECKING:
    from dream_nb.media.video import Frame

# Hardly to be told from what it was, and small enough to be sent.
_CRF: Final = 16
_GIF_COLOURS: Final = 256
_SMALL_STEP: Final = 2
_SMALL_SIDE: Final = 320
_SMALL_CRF: Final = 32
_SMALL_BYTES: Final = 600_000


def encode(
    frames: Iterable[Frame], path: Path, fps: float, tags: Mapping[str, str] | None = None, *, crf: int = _CRF
) -> None:
    """Write frames as an MP4 in H.264.

    Args:
        frames: `uint8`, height x width x 3, RGB, all of the same size; an odd last row or column is left out.
        path: where the file is written.
        fps: frames a second.
        tags: what the file says of itself, or None.
        crf: the rate factor of H.264, from 0 (lossless) to 51.

    Raises:
        LibraryError: H.264 cannot be encoded on this machine.
    """
    import av
    from av.codec.codec import UnknownCodecError

    rate = Fraction(fps).limit_denominator(1001)
    options = {"movflags": "faststart+use_metadata_tags"}
    try:
        with av.open(str(path), "w", format="mp4", options=options) as container:
            container.metadata.update(tags or {})
            stream = container.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": str(crf)})
            stream.pix_fmt = "yuv420p"
            for number, frame in enumerate(frames):
                if number == 0:
                    stream.height, stream.width = (side // 2 * 2 for side in frame.shape[:2])
                even: Any = frame[: stream.height, : stream.width]
                container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
            container.mux(stream.encode(None))
    except (av.FFmpegError, UnknownCodecError) as error:
        # That there is no room says whoever writes the file.
        if isinstance(error, OSError):
            raise
        raise LibraryError(f"no H.264 can be encoded here ({error}): %dreams check says what is missing") from error


def frame_step(own: float, wanted: float) -> int:
    """Every how many frames an animation takes, so that it has at most as many a second as wanted.

    Args:
        own: frames a second of the video.
        wanted: frames a second of the animation, at most; above 0.
    """
    return max(1, math.ceil(own / wanted - 1e-9))


def encode_small(frames: Callable[[int, int], Iterable[Frame]], fps: float) -> bytes:
    """A coarse copy of a video, small enough for a notebook's output.

    Args:
        frames: gives every so many frames with a longer side of at most so many pixels.
        fps: frames a second of the video.

    Returns:
        An MP4; nothing where even the copy is too large.

    Raises:
        LibraryError: H.264 cannot be encoded on this machine.
    """
    with tempfile.TemporaryDirectory(prefix="dream_nb-") as folder:
        path = Path(folder) / "small.mp4"
        encode(frames(_SMALL_STEP, _SMALL_SIDE), path, fps / _SMALL_STEP, crf=_SMALL_CRF)
        data = path.read_bytes()
    return data if len(data) <= _SMALL_BYTES else b""


def animate(frames: Iterable[Frame], path: Path, suffix: Literal[".gif", ".webp"], fps: float) -> None:
    """Write frames as an animation that repeats.

    Args:
        frames: `uint8`, height x width x 3, RGB; at least one.
        path: where the file is written.
        suffix: what is written: a GIF, or a WebP.
        fps: frames a second.
    """
    from PIL import Image

    # A GIF counts in hundredths of a second.
    milliseconds = max(20, 10 * round(100 / fps)) if suffix == ".gif" else round(1000 / fps)
    pictures = (Image.fromarray(frame) for frame in frames)
    if suffix == ".gif":
        pictures = (picture.quantize(_GIF_COLOURS, Image.Quantize.MEDIANCUT) for picture in pictures)
    first = next(pictures)
    # Pillow takes the rest as it needs it: one frame in memory at a time.
    rest = itertools.chain(pictures)
    first.save(path, suffix[1:], save_all=True, append_images=rest, duration=milliseconds, loop=0)
