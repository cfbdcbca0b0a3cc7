"""The static preview: what a saved notebook shows without a kernel, and without the library."""

from __future__ import annotations

from dataclasses import dataclass

from dream_nb.html.page import template


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The contents of a dream's preview.

    Attributes:
        kind: the kind of result: "video" or "image".
        prompt: the prompt.
        url: the address of the file, relative to the notebook; empty if the front end cannot open files.
        source: the address for the player: the same address, or a copy of the video as a `data:` URI.
        is_copy: whether `source` is a copy.
        poster: a small picture as a `data:` URI; empty if there is none.
        size: width and height in pixels.
        seconds: the playing time of a video in seconds; None if it is unknown, and for an image.
        problem: why the file cannot be shown; empty if it can.
        take: the number of this result of the request.
        is_loop: whether a video loops.
        is_studio: whether the studio drew it.
    """

    kind: str
    prompt: str
    url: str
    source: str
    is_copy: bool
    poster: str
    size: tuple[int, int]
    seconds: float | None
    problem: str
    take: int
    is_loop: bool
    is_studio: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePreview:
    """The contents of the preview of a file that was derived from dreams.

    Attributes:
        name: the name of the file.
        url: its address, relative to the notebook; empty if the front end cannot open files.
        source: the address to show: the same address, or a copy as a `data:` URI.
        is_copy: whether `source` is a copy.
        poster: a small picture of a video as a `data:` URI; empty for a picture.
        size: width and height in pixels.
        seconds: the playing time of a video in seconds; None for a picture.
    """

    name: str
    url: str
    source: str
    is_copy: bool
    poster: str
    size: tuple[int, int]
    seconds: float | None


def file_preview(shown: FilePreview) -> str:
    """Return a file as HTML: a player or a picture that refers to it by its relative address, with its name.

    Args:
        shown: the contents of the preview.
    """
    return template("file.html").render(shown=shown, width=shown.size[0], height=shown.size[1])


def preview(shown: Preview) -> str:
    """Return a dream as HTML: a player or a picture that refers to the file by its relative address; the prompt.

    The poster is embedded, as the first picture of a video or as the picture itself: front ends remove most styles, and
    any fallback in them, from notebooks that they do not trust.

    The HTML is the same for a new and a replayed dream, except for the bytes of poster and copy, which depend on their
    encoders.

    Args:
        shown: the contents of the preview.
    """
    return template("preview.html").render(shown=shown, width=shown.size[0], height=shown.size[1])
