"""What all static HTML is made of: autoescaping templates, and small pictures inside them."""

from __future__ import annotations

import base64
import io
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jinja2 import Template
    from PIL.Image import Image

    from dream_nb.results.footage import Footage

_QUALITY: Final = 70
_CLIP_SIDE: Final = 320
_CLIP_EVERY: Final = 2
_CLIP_CRF: Final = 32
_CLIP_BYTES: Final = 600_000


@cache
def template(name: str) -> Template:
    """A template of this room.

    Args:
        name: of its file.
    """
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("dream_nb.results", "")
    return Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(name)


def small_picture(dream: Footage, side: int) -> str:
    """A dream's picture as a `data:` URI: a JPEG under the name that the pytest plugin knows.

    Args:
        dream: whose.
        side: its longer side in pixels, at most.

    Raises:
        LibraryError: there is no file, or it does not decode.
    """
    return as_uri(dream._reduced(side), side)


def as_uri(image: Image, side: int) -> str:
    """A picture as a `data:` URI: a JPEG under the name that the pytest plugin knows.

    Args:
        image: which; it is made smaller in place.
        side: its longer side in pixels, at most.
    """
    # A file's comment names its generation: in a notebook it would change with every drawing.
    image.info.clear()
    image.thumbnail((side, side))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;name=dream_nb;base64,{base64.b64encode(file.getvalue()).decode()}"


def small_video(dream: Footage) -> str:
    """A coarse copy of a video as a `data:` URI, under the name that the pytest plugin knows; empty where it is large.

    Args:
        dream: whose.

    Raises:
        LibraryError: there is no file, or it does not decode.
    """
    from dream_nb.results.clips import encode

    assert dream.fps is not None  # it is a video
    with tempfile.TemporaryDirectory(prefix="dream_nb-") as folder:
        path = Path(folder) / "small.mp4"
        encode(dream.frames(step=_CLIP_EVERY, size=_CLIP_SIDE), path, (dream.fps or 24.0) / _CLIP_EVERY, crf=_CLIP_CRF)
        data = path.read_bytes()
    return f"data:video/mp4;name=dream_nb;base64,{base64.b64encode(data).decode()}" if len(data) <= _CLIP_BYTES else ""
