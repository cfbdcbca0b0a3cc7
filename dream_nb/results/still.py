"""One picture of a result: what is seen of a job that ended where no widget is shown."""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING, Final

from dream_nb.api.errors import LibraryError
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.page import template
from dream_nb.results.storyboard import Storyboard

if TYPE_CHECKING:
    from PIL.Image import Image

VIEW: Final = "application/vnd.jupyter.widget-view+json"
"""The type of an output that is a widget."""

_SIDE: Final = 640
_MOST: Final = 16
_GAP: Final = 4
_QUALITY: Final = 75


def still(result: Dream | Dreams | Storyboard) -> bytes | None:
    """A JPEG of a dream, or of the first 16 of several side by side; None where their files are gone."""
    if isinstance(result, Storyboard):
        result = result.shots
    dreams = [result] if isinstance(result, Dream) else list(result[:_MOST])
    columns = max(1, math.ceil(math.sqrt(len(dreams))))
    try:
        pictures = [dream._reduced((_SIDE - _GAP * (columns - 1)) // columns) for dream in dreams]
    except LibraryError:
        return None
    if not pictures:
        return None
    file = io.BytesIO()
    _sheet(pictures, columns).save(file, "JPEG", quality=_QUALITY, optimize=True)
    return file.getvalue()


def stand_in(text: str = "", *, body: str = "", picture: bytes | None = None, why: str = "") -> str:
    """HTML that stands where a widget is not: in a page without a kernel, or without the widget's state.

    Args:
        text: what it is about, unless `body` says it.
        body: HTML of its own, already safe.
        picture: a JPEG above it.
        why: there is no picture.
    """
    from markupsafe import Markup

    uri = f"data:image/jpeg;name=dream_nb;base64,{base64.b64encode(picture).decode()}" if picture else ""
    return template("static.html").render(text=text, body=Markup(body), picture=uri, why=why)  # noqa: S704 - ours


def _sheet(pictures: list[Image], columns: int) -> Image:
    from PIL import Image

    if len(pictures) == 1:
        return pictures[0]
    width = max(picture.width for picture in pictures) + _GAP
    height = max(picture.height for picture in pictures) + _GAP
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (width * columns - _GAP, height * rows - _GAP), "white")
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (index % columns * width, index // columns * height))
    return sheet
