"""Files made of a dream: a part of it, or an animation for pages that play no video."""

from __future__ import annotations

import itertools
import math
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dream_nb.api.errors import LibraryError
from dream_nb.files import given_path
from dream_nb.library.inscriptions import tell_shots

if TYPE_CHECKING:
    from dream_nb.results.footage import Footage
    from dream_nb.results.video import Frame, Size

# Hardly to be told from what it was, and small enough to be sent.
_CRF: Final = 16
_GIF_COLOURS: Final = 256


def clip(dream: Footage, start: float, stop: float | None, path: Path | str | None) -> Path:
    """A part of a video as an MP4; see `Dream.clip`.

    Args:
        dream: of which.
        start, stop: seconds from the beginning.
        path: where to, or None.

    Raises:
        ValueError: it is no video, or there is nothing between start and stop.
        LibraryError: there is no file, or it cannot be decoded or written.
    """
    facts = dream.facts
    if facts is None:
        raise ValueError(f"{dream.prompt!r} is an image: only a video has parts")
    end = facts.seconds if stop is None else min(stop, facts.seconds)
    first, last = round(start * facts.fps), round(end * facts.fps)
    if not 0 <= first < last:
        raise ValueError(f"there is nothing between {start} s and {end:g} s of a video of {facts.seconds:g} s")
    beside = given_path(path) if path else dream.path.with_name(f"{dream.path.stem}-{start:g}-{end:g}.mp4")
    with written(beside) as partial:
        encode(dream.frames(first, last), partial, facts.fps, tell_shots([dream._record]))
    return beside


def encode(
    frames: Iterable[Frame], path: Path, fps: float, tags: Mapping[str, str] | None = None, *, crf: int = _CRF
) -> None:
    """Write frames as an MP4 in H.264.

    Args:
        frames: `uint8`, height x width x 3, RGB, all of the same size; an odd last row or column is left out.
        path: where to.
        fps: frames a second.
        tags: what the file says of itself, or None.
        crf: how coarse it may be, from 0 to 51.

    Raises:
        LibraryError: it cannot be encoded here.
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


def animate(dream: Footage, suffix: str, path: Path | str | None, fps: float, size: Size) -> Path:
    """A dream as an animated GIF or WebP; see `Dream.to_gif`.

    Args:
        dream: of which.
        suffix: ".gif" or ".webp".
        path: where to, or None.
        fps: frames a second, at most.
        size: width and height, or at most what longer side.

    Raises:
        ValueError: fps or size is none.
        LibraryError: there is no file, or it cannot be decoded or written.
    """
    from PIL import Image

    if not fps > 0:
        raise ValueError(f"fps {fps} is not a number above 0")
    own = dream.fps or fps
    every = max(1, math.ceil(own / fps - 1e-9))
    # A GIF counts in hundredths of a second.
    milliseconds = max(20, 10 * round(100 * every / own)) if suffix == ".gif" else round(1000 * every / own)
    pictures = (Image.fromarray(frame) for frame in dream.frames(step=every, size=size))
    if suffix == ".gif":
        pictures = (picture.quantize(_GIF_COLOURS, Image.Quantize.MEDIANCUT) for picture in pictures)
    beside = given_path(path) if path else dream.path.with_suffix(suffix)
    first = next(pictures)
    with written(beside) as partial:
        # Pillow takes the rest as it needs it: one frame in memory at a time.
        rest = itertools.chain(pictures)
        first.save(partial, suffix[1:], save_all=True, append_images=rest, duration=milliseconds, loop=0)
    return beside


@contextmanager
def written(path: Path | str) -> Iterator[Path]:
    """A file beside the final one, for the body to write; then renamed in one step.

    Args:
        path: where it ends.

    Raises:
        LibraryError: it cannot be written there.
    """
    final = Path(path)
    partial = final.with_name(f"{secrets.token_hex(8)}{final.suffix}.part")
    try:
        yield partial
        partial.replace(final)
    except OSError as error:
        # A source that does not decode says so itself; what is left is the target.
        raise LibraryError(
            f"{str(final)!r} cannot be written ({error.strerror or error}): give another path"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
