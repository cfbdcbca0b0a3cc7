"""The static preview: what a saved notebook shows without a kernel, and without the library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dream_nb.api.errors import LibraryError
from dream_nb.place import find_place
from dream_nb.results.page import small_picture, small_video, template

if TYPE_CHECKING:
    from dream_nb.results.dream import Dream

# A picture's poster is all that a page without the library shows of it; a video's waits for a click.
_POSTER_SIDE: Final = {"video": 480, "image": 640}


def preview(dream: Dream) -> str:
    """The dream as HTML: a player, or a picture, that points to the file by its relative address; a poster; the prompt.

    The address is seen from the folder that the notebook's output is written to.

    The poster stands inline, as a video's first sight or as the picture itself: front ends strip most styles, and any
    fallback written in them, from notebooks that they do not trust.

    Of a file outside the notebook's folder, which Jupyter may not serve, the player has a coarse copy inline.

    It is the same for a new and a replayed dream, but for the bytes of poster and copy, which depend on their
    encoders.

    Args:
        dream: which. Without a file it is its prompt, and why there is none.
    """
    facts, poster, problem, source = None, "", "", dream.url
    width, height = 16, 9
    try:
        # What was seen of it before does not make up for the file.
        _ = dream.path
        facts = dream.facts
        poster = small_picture(dream, _POSTER_SIDE[dream.kind])
        width, height = dream.size
        if dream.kind == "video" and _is_apart(dream):
            source = small_video(dream) or dream.url
    except LibraryError as error:
        problem = str(error)
    return template("preview.html").render(
        dream=dream, facts=facts, poster=poster, source=source, width=width, height=height, problem=problem
    )


def _is_apart(dream: Dream) -> bool:
    """Whether a page may not reach a file: Jupyter serves what lies below its root, and no hidden folder."""
    parts = dream.url.split("/")
    if ":" in dream.url or any(part.startswith(".") and part != ".." for part in parts):
        return True
    # What lies beside the notebook is shown from there, also where its output is written elsewhere.
    path = Path(os.path.abspath(dream.path))  # noqa: PTH100 - links stay as they are
    return ".." in parts and not path.is_relative_to(find_place().folder)
