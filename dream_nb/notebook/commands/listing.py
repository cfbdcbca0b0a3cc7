"""The answers of `%dreams`: lists and facts, which show as small tables and are also objects."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, overload

from dream_nb.api.errors import LibraryError
from dream_nb.html.page import picture_uri, template
from dream_nb.results.dream import Dream

T_co = TypeVar("T_co", covariant=True)

_WIDEST: Final = 44
_LINE: Final = 100
_SIDE: Final = 96


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """The display form of an answer.

    Attributes:
        command: the subcommand.
        title: the answer in one line.
        headings: the headings of the columns; empty if the rows need none.
        rows: the rows, with one text per column.
        note: what to do next, or other remarks.
        before: the text to put before a word of a single column when it is copied.
    """

    command: str
    title: str
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    before: str = ""

    def __repr__(self) -> str:
        lines = [f"{f'%dreams {self.command}'.rstrip()} · {self.title}"]
        if self._is_plain:
            lines += textwrap.wrap(", ".join(row[0] for row in self.rows), _LINE)
        else:
            rows = [
                [*(_shortened(text, _WIDEST) for text in row[:-1]), _shortened(row[-1], _LINE)]
                for row in (self.headings, *self.rows)
                if row
            ]
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, self.note] if self.note else lines)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        page = template("listing.html").render(answer=self, is_plain=self._is_plain, pictures=self._pictures())
        return {"text/plain": repr(self), "text/html": page}

    @property
    def _is_plain(self) -> bool:
        """Whether it is a single column of words."""
        return bool(self.rows) and len(self.rows[0]) == 1

    def _pictures(self) -> list[str]:
        return []


@dataclass(frozen=True, kw_only=True, repr=False)
class Listing(_Answer, Sequence[T_co], Generic[T_co]):
    """A sequence of dreams, jobs, camera motions or checks, which shows as a table.

    Attributes:
        items: all items, even if the table shows only the first of them.
    """

    items: tuple[T_co, ...] = ()

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T_co]: ...
    def __getitem__(self, index: int | slice) -> T_co | Sequence[T_co]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def _pictures(self) -> list[str]:
        shown = self.items[: len(self.rows)]
        return [_picture(item) for item in shown if isinstance(item, Dream)]


@dataclass(frozen=True, kw_only=True, repr=False)
class Facts(_Answer, Mapping[str, Any]):
    """A few named facts.

    Attributes:
        facts: the facts by their names.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)


def _picture(dream: Dream) -> str:
    try:
        return picture_uri(dream._jpeg(_SIDE))
    except LibraryError:
        return ""


def _shortened(text: str, most: int) -> str:
    # A prompt may contain control sequences of terminals.
    line = "".join(letter if letter.isprintable() else "·" for letter in " ".join(text.split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"
