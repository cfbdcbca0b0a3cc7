"""HTML in the place of a widget, for a page without a kernel, or without the widget's state."""

from __future__ import annotations

from typing import Final

from dream_nb.html.page import picture_uri, template

VIEW: Final = "application/vnd.jupyter.widget-view+json"
"""The type of an output that is a widget."""

NOTHING: Final = {"text/html": "<!-- dream_nb: what stood here while the cell ran -->", "text/latex": ""}
"""An invisible output, which replaces one that is no longer needed, because a saved output cannot be removed.

It has LaTeX too: readers of notebooks warn of an output without a type that they know, and some do not take HTML.
"""


def stand_in(text: str = "", *, body: str = "", picture: bytes | None = None, why: str = "") -> str:
    """Return what a reader without widgets sees.

    Args:
        text: a description of the widget, unless `body` has it.
        body: additional HTML, which must be safe.
        picture: a JPEG to show above it.
        why: the reason why there is no picture.
    """
    from markupsafe import Markup

    uri = picture_uri(picture) if picture else ""
    return template("static.html").render(text=text, body=Markup(body), picture=uri, why=why)  # noqa: S704 - ours
