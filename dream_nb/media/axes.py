"""The places of a sweep's dreams on two axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from dream_nb.api.errors import InvalidRequestError

# A single longer axis is folded into several rows.
_LONGEST_ROW: Final = 10


def square(count: int) -> int:
    """Return the number of columns of a wall of pictures that is about as wide as high.

    Args:
        count: the number of pictures.
    """
    return max(1, math.ceil(math.sqrt(count)))


def axes_of(words: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return the axes of a sweep, each with its words in order of first appearance.

    Args:
        words: for each dream, its word on each axis.
    """
    axes: dict[str, list[str]] = {}
    for word in words:
        for axis, value in word.items():
            if value not in axes.setdefault(axis, []):
                axes[axis].append(value)
    return axes


def are_on_axes(words: Sequence[Mapping[str, str]]) -> bool:
    """Return whether all dreams have a word on all axes. Otherwise a table would have holes.

    Args:
        words: for each dream, its word on each axis.
    """
    return bool(words) and bool(words[0]) and all(word.keys() == words[0].keys() for word in words)


@dataclass(frozen=True, slots=True)
class Layout:
    """A grid: the headings of its rows and columns, and the place of each dream.

    Attributes:
        rows: the heading of each row; a single empty text without such an axis.
        columns: the heading of each column; empty texts without such an axis.
        places: for each dream its row, its column, and its words on the other axes. Several may share a place.
    """

    rows: list[str]
    columns: list[str]
    places: list[tuple[int, int, str]]

    @classmethod
    def of(cls, words: Sequence[Mapping[str, str]], rows: str | None = None, columns: str | None = None) -> Self:
        """Return the grid of a sweep.

        Args:
            words: for each dream, its word on each axis.
            rows: the axis of the rows; by default the last one that is not that of the columns. Dreams that are not all
                on the same axes, and those on a single axis of more than 10 words, are laid out as a plain wall unless
                an axis is named.
            columns: the axis of the columns; by default the last one that is not that of the rows.

        Raises:
            InvalidRequestError: an axis is unknown, or both are the same.
        """
        axes = axes_of(words)
        for wanted in (rows, columns):
            if wanted is not None and wanted not in axes:
                there = f"the axes are {', '.join(axes)}" if axes else "these dreams have no axes"
                raise InvalidRequestError(f"no axis {wanted!r}: {there}")
        if rows is not None and rows == columns:
            raise InvalidRequestError(f"rows and columns are both {rows!r}: give two different axes")
        across = columns or next((axis for axis in reversed(axes) if axis != rows), None)
        down = rows or next((axis for axis in reversed(axes) if axis != across), None)
        is_long = len(axes) == 1 and len(words) > _LONGEST_ROW
        is_free = rows is None and columns is None
        if (across is None and down is None) or (is_free and (is_long or not are_on_axes(words))):
            width = square(len(words))
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
        """Return the numbers of the dreams in each place, by row and column. Dreams in the same place are stacked."""
        stacks: dict[tuple[int, int], list[int]] = {}
        for number, (row, column, _) in enumerate(self.places):
            stacks.setdefault((row, column), []).append(number)
        return stacks

    @property
    def depths(self) -> list[int]:
        """Return the largest number of stacked dreams in each row."""
        stacks = self.stacks
        return [
            max(len(stacks.get((row, column), [])) or 1 for column in range(len(self.columns)))
            for row in range(len(self.rows))
        ]


def _heads(axes: Mapping[str, list[str]], axis: str | None, words: Sequence[Mapping[str, str]]) -> list[str]:
    if axis is None:
        return [""]
    # A dream without a word on this axis gets a separate place.
    return [*axes[axis], *([""] if any(axis not in word for word in words) and "" not in axes[axis] else [])]
