"""The small pictures of a grid. Those of dreams in a library are made once and stored beside the files."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dream_nb.api.errors import LibraryError
from dream_nb.library.library import Library
from dream_nb.library.thumbnails import Thumbnails
from dream_nb.results.dream import Dream
from dream_nb.workers import pool

_SIDE: Final = 288


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """The small picture of a dream.

    Attributes:
        jpeg: the picture; empty if there is none.
        problem: the reason why there is none; otherwise empty.
    """

    jpeg: bytes
    problem: str


class GridPictures:
    """Makes small pictures of dreams. Can be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Path, Thumbnails] = {}

    def make(self, dreams: Sequence[Dream], *, here: bool = False) -> list[SmallPicture]:
        """Return the small picture of each dream.

        Args:
            dreams: the dreams.
            here: whether to use this thread instead of the worker processes, which may be busy drawing.
        """
        libraries: dict[Path, list[Dream]] = {}
        for dream in dreams:
            if isinstance(dream._library, Library):
                libraries.setdefault(dream._library.folder, []).append(dream)
        for kept in libraries.values():
            # If the folder cannot be written, they are made below, every time.
            with contextlib.suppress(OSError):
                self._thumbnails(kept[0]).make([dream._record for dream in kept], here=here)
        return [self._picture(dream) for dream in dreams]

    def _thumbnails(self, dream: Dream) -> Thumbnails:
        library = dream._library
        assert isinstance(library, Library)
        with self._lock:
            if library.folder not in self._kept:
                # The machines of a cluster may not have access to the library.
                self._kept[library.folder] = Thumbnails(library, pool)
            return self._kept[library.folder]

    def _picture(self, dream: Dream) -> SmallPicture:
        try:
            if isinstance(dream._library, Library):
                place = self._thumbnails(dream).made(dream._record)
                with contextlib.suppress(OSError):
                    if place is not None:
                        return SmallPicture(place.read_bytes(), "")
            return SmallPicture(dream._jpeg(_SIDE), "")
        except LibraryError as error:
            return SmallPicture(b"", str(error))
