"""The static preview: what a saved notebook shows without a kernel, and without the library."""

from __future__ import annotations

from dataclasses import dataclass

from dream_nb.html.page import template


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is shown of a dream.

    Attributes:
        kind: "video" or "image".
        prompt: the prompt.
        url: the address of the file, seen from the notebook; empty where the front end opens no files.
        source: what a player plays: the same address, or a copy of the video as a `data:` URI.
        is_copy: whether that is a copy.
        poster: a small picture as a `data:` URI; empty where there is none.
        size: width and height in pixels.
        seconds: how long a video plays; None where that is unknown, and for an image.
        problem: why the file cannot be shown; empty where it can.
        take: which result of the same request.
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
    """What is shown of a file that was made of dreams.

    Attributes:
        name: of the file.
        url: its address, seen from the notebook; empty where the front end opens no files.
        source: what is shown: the same address, or a copy as a `data:` URI.
        is_copy: whether that is a copy.
        poster: a small picture of a video as a `data:` URI; empty for a picture.
        size: width and height in pixels.
        seconds: how long a video plays; None for a picture.
    """

    name: str
    url: str
    source: str
    is_copy: bool
    poster: str
    size: tuple[int, int]
    seconds: float | None


def file_preview(shown: FilePreview) -> str:
    """A file as HTML: a player or a picture that points to it by its relative address, with its name.

    Args:
        shown: what is shown of it.
    """
    return template("file.html").render(shown=shown, width=shown.size[0], height=shown.size[1])


def preview(shown: Preview) -> str:
    """A dream as HTML: a player, or a picture, that points to the file by its relative address; a poster; the prompt.

    The poster stands inline, as a video's first sight or as the picture itself: front ends strip most styles, and any
    fallback written in them, from notebooks that they do not trust.

    It is the same for a new and a replayed dream, but for the bytes of poster and copy, which depend on their
    encoders.

    Args:
        shown: what is shown of it.
    """
    return template("preview.html").render(shown=shown, width=shown.size[0], height=shown.size[1])
