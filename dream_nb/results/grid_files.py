"""A sweep on its axes as a file: one picture with its words, or one film in which all videos play together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dream_nb.api.errors import LibraryError
from dream_nb.files import given_path, written
from dream_nb.media.axes import Layout
from dream_nb.media.encoding import encode
from dream_nb.media.frames import at_rate, evenly
from dream_nb.media.sheets import Player, draw_grid, play_grid, play_side
from dream_nb.results.dream import Dream
from dream_nb.results.made_file import MadeFile

_PICTURE_SIDE: Final = 320
_FILM_SIDE: Final = 480
_FPS: Final = 24.0


def write_picture(layout: Layout, dreams: Sequence[Dream | None], path: Path | str | None) -> Path:
    """Write dreams on their axes as a PNG. The places of missing pictures are grey.

    Args:
        layout: the place of each dream.
        dreams: the dreams in order, with None for missing ones.
        path: the path of the new file; None means beside the first file.

    Returns:
        The path of the new file.

    Raises:
        LibraryError: no file can be read, or the new file cannot be written.
    """
    there = _there(dreams)
    target = given_path(path) if path else _beside(there, "png")
    image = draw_grid(layout, {number: dream.image for number, dream in there.items()}, _PICTURE_SIDE)
    with written(target) as partial:
        image.save(partial, "PNG", optimize=True)
    return MadeFile(target)


def write_film(layout: Layout, dreams: Sequence[Dream | None], path: Path | str | None) -> Path:
    """Write dreams on their axes as one MP4 in which all play together. The places of missing videos are grey.

    Args:
        layout: the place of each dream.
        dreams: the dreams in order, with None for missing ones.
        path: the path of the new file; None means beside the first file.

    Returns:
        The path of the new file.

    Raises:
        LibraryError: no file can be read, one is incomplete, or the new file cannot be written.
    """
    there = _there(dreams)
    target = given_path(path) if path else _beside(there, "mp4")
    first = next(iter(there.values())).size
    side = min(play_side(layout, first, _FILM_SIDE), max(first))
    fps = max((dream.fps or 0) for dream in there.values()) or _FPS
    players = {
        number: Player(at_rate(dream._timed(side), fps, dream.duration or 0.0), dream.size)
        for number, dream in there.items()
    }
    with written(target) as partial:
        encode(evenly(play_grid(layout, players, side), fps), partial, fps)
    return MadeFile(target)


def _there(dreams: Sequence[Dream | None]) -> dict[int, Dream]:
    """The dreams whose pictures are available, by their numbers."""
    there: dict[int, Dream] = {}
    problem = None
    for number, dream in enumerate(dreams):
        if dream is None or not dream.url:
            continue
        try:
            # A picture that was loaded before is still available if its file is gone.
            _ = dream.path, dream.image
        except LibraryError as error:
            problem = problem or error
        else:
            there[number] = dream
    if there:
        return there
    raise problem or LibraryError("nothing is ready yet: wait for the first result")


def _beside(there: dict[int, Dream], suffix: str) -> Path:
    identity = hashlib.sha256("\n".join(f"{dream.hash}-{dream.take}" for dream in there.values()).encode()).hexdigest()
    first = next(iter(there.values())).path
    return first.with_name(f"{first.stem}-grid-{identity[:12]}.{suffix}")
