"""What all static HTML is made of: autoescaping templates, and media inside them."""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from jinja2 import Environment, Template

# With one of them a document is no XML.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader

    return Environment(loader=PackageLoader("dream_nb.html", ""), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def template(name: str) -> Template:
    """A template of this folder.

    Args:
        name: of its file.
    """
    return _environment().get_template(name)


def picture_uri(picture: bytes, kind: str = "jpeg") -> str:
    """A picture as a `data:` URI under the name that the pytest plugin knows.

    Args:
        picture: the bytes of its file.
        kind: "jpeg", "png", "gif" or "webp".
    """
    return f"data:image/{kind};name=dream_nb;base64,{base64.b64encode(picture).decode()}"


def drawing_uri(svg: str) -> str:
    """A drawing as a `data:` URI under the name that the pytest plugin knows.

    Args:
        svg: an SVG document. It loads nothing, but for `data:` URIs inside it.
    """
    # Not base64: the pictures inside are that already.
    return f"data:image/svg+xml;name=dream_nb,{quote(_NOT_IN_XML.sub('', svg), safe='/:;,=+()')}"


def video_uri(mp4: bytes) -> str:
    """A video as a `data:` URI under the name that the pytest plugin knows.

    Args:
        mp4: the bytes of an MP4.
    """
    return f"data:video/mp4;name=dream_nb;base64,{base64.b64encode(mp4).decode()}"
