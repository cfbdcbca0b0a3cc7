"""An ordered collection of dreams: a sweep, a gallery selection, a history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import overload

from dream_nb.results.dream import Dream


class Dreams(Sequence[Dream]):
    """An ordered collection of dreams. It does not change; what takes some of them gives a new one.

    Args:
        dreams: in their order.
        words: for each dream of a sweep the word that it has on each axis, such as `{"time": "dawn"}`; by default none.

    Raises:
        ValueError: there are not as many words as dreams.
    """

    def __init__(self, dreams: Iterable[Dream] = (), *, words: Iterable[Mapping[str, str]] | None = None) -> None:
        self._dreams = tuple(dreams)
        self._words = tuple(dict(word) for word in words) if words is not None else ({},) * len(self._dreams)
        if len(self._words) != len(self._dreams):
            raise ValueError(f"{len(self._words)} words for {len(self._dreams)} dreams: give each dream its own")

    @property
    def words(self) -> list[dict[str, str]]:
        """For each dream of a sweep the word that it has on each axis."""
        return [dict(word) for word in self._words]

    @property
    def axes(self) -> dict[str, list[str]]:
        """The axes of a sweep, each with its words in the order in which they first appear."""
        axes: dict[str, list[str]] = {}
        for word in self._words:
            for axis, value in word.items():
                if value not in axes.setdefault(axis, []):
                    axes[axis].append(value)
        return axes

    def __len__(self) -> int:
        return len(self._dreams)

    def __iter__(self) -> Iterator[Dream]:
        return iter(self._dreams)

    @overload
    def __getitem__(self, index: int) -> Dream: ...
    @overload
    def __getitem__(self, index: slice) -> Dreams: ...
    def __getitem__(self, index: int | slice) -> Dream | Dreams:
        if isinstance(index, slice):
            return Dreams(self._dreams[index], words=self._words[index])
        return self._dreams[index]

    def __repr__(self) -> str:
        return f"Dreams({len(self)})"
