"""The base of all static HTML: autoescaping templates, and media inside them."""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from jinja2 import Environment, Template

# A document with one of these characters is not valid XML.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader

    return Environment(loader=PackageLoader("dream_nb.html", ""), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def template(name: str) -> Template:
    """Return a template of this folder.

    Args:
        name: the file name of the template.
    """
    return _environment().get_template(name)


def picture_uri(picture: bytes, kind: str = "jpeg") -> str:
    """Return a picture as a `data:` URI, under the name that the pytest plugin recognises.

    Args:
        picture: the bytes of the picture's file.
        kind: the format: "jpeg", "png", "gif" or "webp".
    """
    return f"data:image/{kind};name=dream_nb;base64,{base64.b64encode(picture).decode()}"


def drawing_uri(svg: str) -> str:
    """Return a drawing as a `data:` URI, under the name that the pytest plugin recognises.

    Args:
        svg: an SVG document. It loads nothing except `data:` URIs inside it.
    """
    # Not base64, because the pictures inside it are encoded already.
    return f"data:image/svg+xml;name=dream_nb,{quote(_NOT_IN_XML.sub('', svg), safe='/:;,=+()')}"


def video_uri(mp4: bytes) -> str:
    """Return a video as a `data:` URI, under the name that the pytest plugin recognises.

    Args:
        mp4: the bytes of an MP4.
    """
    return f"data:video/mp4;name=dream_nb;base64,{base64.b64encode(mp4).decode()}"
