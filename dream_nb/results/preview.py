"""The static preview: what a saved notebook shows without a kernel, and without the library."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import TYPE_CHECKING, Final

from dream_nb.api.errors import LibraryError

if TYPE_CHECKING:
    from jinja2 import Template

    from dream_nb.results.dream import Dream

# A picture's poster is all that a page without the library shows of it; a video's waits for a click.
_POSTER_SIDE: Final = {"video": 480, "image": 640}
_POSTER_QUALITY: Final = 70


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("dream_nb.results", "")
    return Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
        "preview.html"
    )


def preview(dream: Dream) -> str:
    """The dream as HTML: a player, or a picture, that points to the file by its relative address; a poster; the prompt.

    The poster stands inline, as a video's first sight or as the picture itself: front ends strip most styles, and any
    fallback written in them, from notebooks that they do not trust.

    It is the same for a new and a replayed dream, but for the poster's bytes, which depend on the JPEG encoder.
    """
    facts = None
    try:
        facts = dream.facts
        poster = f"data:image/jpeg;name=dream_nb;base64,{base64.b64encode(_poster(dream)).decode()}"
        width, height = dream.image.size
    except LibraryError:
        poster, (width, height) = "", (16, 9)
    return _template().render(dream=dream, facts=facts, poster=poster, width=width, height=height)


def _poster(dream: Dream) -> bytes:
    image = dream.image.copy()
    # A file's comment names its generation: in a notebook it would change with every drawing.
    image.info.clear()
    image.thumbnail((_POSTER_SIDE[dream.kind],) * 2)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_POSTER_QUALITY, optimize=True)
    return file.getvalue()
