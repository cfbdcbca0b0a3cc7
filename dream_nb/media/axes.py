"""Where the dreams of a sweep stand on two axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from dream_nb.api.errors import InvalidRequestError

# A longer axis that is alone is folded into a wall.
_LONGEST_ROW: Final = 10


def axes_of(words: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """The axes of a sweep, each with its words in the order in which they first appear.

    Args:
        words: for each dream the word that it has on each axis.
    """
    axes: dict[str, list[str]] = {}
    for word in words:
        for axis, value in word.items():
            if value not in axes.setdefault(axis, []):
                axes[axis].append(value)
    return axes


def are_on_axes(words: Sequence[Mapping[str, str]]) -> bool:
    """Whether dreams belong on common axes: each has a word on all of them. Others would leave a table of holes.

    Args:
        words: for each dream the word that it has on each axis.
    """
    return bool(words) and bool(words[0]) and all(word.keys() == words[0].keys() for word in words)


@dataclass(frozen=True, slots=True)
class Layout:
    """A grid: what heads its rows and columns, and where each dream stands.

    Attributes:
        rows: what heads each row; a single empty text where there is no such axis.
        columns: what heads each column; empty texts where there is no such axis.
        places: for each dream its row, its column, and its words on the other axes. Several may share a place.
    """

    rows: list[str]
    columns: list[str]
    places: list[tuple[int, int, str]]

    @classmethod
    def of(cls, words: Sequence[Mapping[str, str]], rows: str | None = None, columns: str | None = None) -> Self:
        """The grid of a sweep.

        Args:
            words: for each dream the word that it has on each axis.
            rows: the axis that heads the rows; by default the last that is not that of the columns. Dreams that are
                not all on the same axes, and those on a single axis of more than 10 words, are a plain wall unless one
                is named.
            columns: the axis that heads the columns; by default the last that is not that of the rows.

        Raises:
            InvalidRequestError: there is no such axis, or both are the same.
        """
        axes = axes_of(words)
        for wanted in (rows, columns):
            if wanted is not None and wanted not in axes:
                there = f"the axes are {', '.join(map(repr, axes))}" if axes else "these dreams have no axes"
                raise InvalidRequestError(f"no axis {wanted!r}: {there}")
        if rows is not None and rows == columns:
            raise InvalidRequestError(f"rows and columns are both {rows!r}: give two different axes")
        across = columns or next((axis for axis in reversed(axes) if axis != rows), None)
        down = rows or next((axis for axis in reversed(axes) if axis != across), None)
        is_long = len(axes) == 1 and len(words) > _LONGEST_ROW
        is_free = rows is None and columns is None
        if (across is None and down is None) or (is_free and (is_long or not are_on_axes(words))):
            width = math.ceil(math.sqrt(len(words)))
            places = [(number // width, number % width, " · ".join(word.values())) for number, word in enumerate(words)]
            return cls([""] * math.ceil(len(words) / width), [""] * width, places)
        heads = [_heads(axes, axis, words) for axis in (down, across)]
        places = [
            (
                heads[0].index(word.get(down, "") if down else ""),
                heads[1].index(word.get(across, "") if across else ""),
                " · ".join(value for axis, value in word.items() if axis not in (down, across)),
            )
            for word in words
        ]
        return cls(heads[0], heads[1], places)

    @property
    def stacks(self) -> dict[tuple[int, int], list[int]]:
        """The numbers of the dreams in each place, by row and column: several are shown below each other."""
        stacks: dict[tuple[int, int], list[int]] = {}
        for number, (row, column, _) in enumerate(self.places):
            stacks.setdefault((row, column), []).append(number)
        return stacks

    @property
    def depths(self) -> list[int]:
        """How many are shown below each other in each row, at most."""
        stacks = self.stacks
        return [
            max(len(stacks.get((row, column), [])) or 1 for column in range(len(self.columns)))
            for row in range(len(self.rows))
        ]


def _heads(axes: Mapping[str, list[str]], axis: str | None, words: Sequence[Mapping[str, str]]) -> list[str]:
    if axis is None:
        return [""]
    # A dream without a word on this axis has a place of its own.
    return [*axes[axis], *([""] if any(axis not in word for word in words) and "" not in axes[axis] else [])]
