"""The parts of a clip: frames that are encoded for themselves, so that several workers can draw one clip."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from dream_nb.studio.render.brief import Brief

FRAMES: Final = 30
# A scene is set up once for each run. Below this many pixels in all, that takes longer than a second worker saves.
_WORTH_DIVIDING: Final = 20_000_000


def parts_of(brief: Brief) -> list[range]:
    """The frames of each part.

    They depend on the length of the clip alone: the file is the same, however many workers draw it.
    """
    count = max(1, round(brief.frames / FRAMES))
    ends = [brief.frames * number // count for number in range(count + 1)]
    return [range(begin, end) for begin, end in itertools.pairwise(ends)]


def runs_of(brief: Brief, workers: int) -> list[range]:
    """Which parts each of several workers draws, by their numbers; one run where the clip cannot, or need not, be cut.

    Args:
        brief: the clip. The result of an edit follows its source from its first frame on, and is never cut.
        workers: how many are free, at least one.
    """
    parts = len(parts_of(brief))
    width, height = brief.size
    if brief.kind == "image" or brief.edit is not None or width * height * brief.frames < _WORTH_DIVIDING:
        return [range(parts)]
    count = min(workers, parts)
    ends = [parts * number // count for number in range(count + 1)]
    return [range(begin, end) for begin, end in itertools.pairwise(ends)]


def frames_of(brief: Brief, run: range) -> Iterator[int]:
    """The numbers of the frames of a run."""
    for part in parts_of(brief)[run.start : run.stop]:
        yield from part
