"""Divides a clip into parts that are encoded separately, so that several workers can draw one clip."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from dream_nb.studio.render.brief import Brief

FRAMES: Final = 30
# A scene is set up once for each run. Below this many pixels in total, that takes longer than a second worker saves.
_WORTH_DIVIDING: Final = 20_000_000


def parts_of(brief: Brief) -> list[range]:
    """Return the frame numbers of each part.

    They depend only on the length of the clip, so the file is the same no matter how many workers draw it.
    """
    count = max(1, round(brief.frames / FRAMES))
    ends = [brief.frames * number // count for number in range(count + 1)]
    return [range(begin, end) for begin, end in itertools.pairwise(ends)]


def runs_of(brief: Brief, workers: int) -> list[range]:
    """Return the numbers of the parts that each of several workers draws.

    There is only one run if the clip cannot be divided, or is too small for it to be worthwhile.

    Args:
        brief: the clip. An edit reads its source from the first frame on, and is never divided.
        workers: the number of free workers, at least one.
    """
    parts = len(parts_of(brief))
    width, height = brief.size
    if brief.kind == "image" or brief.edit is not None or width * height * brief.frames < _WORTH_DIVIDING:
        return [range(parts)]
    count = min(workers, parts)
    ends = [parts * number // count for number in range(count + 1)]
    return [range(begin, end) for begin, end in itertools.pairwise(ends)]


def frames_of(brief: Brief, run: range) -> Iterator[int]:
    """Yield the frame numbers of a run."""
    for part in parts_of(brief)[run.start : run.stop]:
        yield from part
