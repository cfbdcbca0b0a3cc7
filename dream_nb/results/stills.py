"""One picture of several dreams, for jobs that end where no widget is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dream_nb.api.errors import LibraryError
from dream_nb.media.axes import square
from dream_nb.media.pictures import jpeg
from dream_nb.media.sheets import sheet
from dream_nb.results.dream import Dream

_SIDE: Final = 640
_MOST: Final = 16


def still(dreams: Sequence[Dream]) -> bytes | None:
    """Return a JPEG of a dream, or of the first 16 dreams in a grid; None if their files are missing.

    Args:
        dreams: the dreams.
    """
    shown = dreams[:_MOST]
    columns = square(len(shown))
    side = _SIDE // columns
    try:
        pictures = [dream._reduced(side) for dream in shown]
    except LibraryError:
        return None
    if not pictures:
        return None
    return jpeg(pictures[0] if len(pictures) == 1 else sheet([(picture, "") for picture in pictures], columns, side))
