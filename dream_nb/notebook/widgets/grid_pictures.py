"""The small pictures of a grid: those of a library are kept beside its files, and made once."""

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
        jpeg: the picture; empty where there is none.
        problem: why there is none; else empty.
    """

    jpeg: bytes
    problem: str


class GridPictures:
    """Makes the small pictures of dreams. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Path, Thumbnails] = {}

    def make(self, dreams: Sequence[Dream], *, here: bool = False) -> list[SmallPicture]:
        """The small picture of each.

        Args:
            dreams: the dreams.
            here: whether in this thread, and not in worker processes that may be drawing.
        """
        libraries: dict[Path, list[Dream]] = {}
        for dream in dreams:
            if isinstance(dream._library, Library):
                libraries.setdefault(dream._library.folder, []).append(dream)
        for kept in libraries.values():
            # Where the folder cannot be written they are made below, each time.
            with contextlib.suppress(OSError):
                self._thumbnails(kept[0]).make([dream._record for dream in kept], here=here)
        return [self._picture(dream) for dream in dreams]

    def _thumbnails(self, dream: Dream) -> Thumbnails:
        library = dream._library
        assert isinstance(library, Library)
        with self._lock:
            if library.folder not in self._kept:
                # The machines of a cluster may not have the library.
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
