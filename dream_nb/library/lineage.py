"""What a generation comes from and what came of it, through keyframes that are generations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from dream_nb.api.request_models import (
    GenerationRequest,
    ImageGenerationRequest,
    ModifyVideoRequest,
    UnknownRequest,
)
from dream_nb.library.ledger import Ledger
from dream_nb.library.record import Record
from dream_nb.requests.media import source_ids

# Their prompt says what is to be seen. All others show what they come from.
_OF_THEIR_OWN: Final = (GenerationRequest, ImageGenerationRequest, ModifyVideoRequest, UnknownRequest)
_MOST_NAMED: Final = 20


def title(ledger: Ledger, record: Record) -> str:
    """What a row is called: its prompt; of another version of something what that is called, and what is new.

    Args:
        ledger: where what it comes from is looked up.
        record: the row.
    """
    words = [record.request.label]
    seen = {_key(record)}
    while not isinstance(record.request, _OF_THEIR_OWN) and len(words) < _MOST_NAMED:
        source = next((ledger.find_id(record.backend, named) for named in source_ids(record.request)), None)
        # A ledger may come with a repository, and hold a circle.
        if source is None or _key(source) in seen:
            break
        record = source
        seen.add(_key(record))
        words.append(record.request.label)
    return " · ".join(filter(None, reversed(words)))


def ratio(ledger: Ledger, record: Record) -> str:
    """The aspect ratio that a row was asked for in; of another version without one that of what it comes from.

    Args:
        ledger: where what it comes from is looked up.
        record: the row.
    """
    told = (one.request.aspect_ratio for one in [record, *ancestors(ledger, record)])
    return record.request.aspect_ratio or next(filter(None, told), None) or "16:9"


def ancestors(ledger: Ledger, record: Record) -> list[Record]:
    """The rows that a row comes from, the nearest first.

    Args:
        ledger: where they are looked up.
        record: the row to begin with.
    """

    def parents(child: Record) -> Iterable[Record | None]:
        return (ledger.find_id(child.backend, named) for named in source_ids(child.request))

    return _walk(record, parents)


def descendants(ledger: Ledger, record: Record) -> list[Record]:
    """The rows that come from a row, the nearest first.

    Args:
        ledger: where they are looked up.
        record: the row to begin with.
    """

    def children(parent: Record) -> Iterable[Record]:
        id = parent.generation.id if parent.generation else None  # noqa: A001 - the field's name in the specification
        named = ledger.naming(parent.backend, id) if id else []
        return (child for child in named if id in source_ids(child.request))

    return _walk(record, children)


def in_order(record: Record, known: Iterable[Record]) -> list[Record]:
    """Rows in the order in which they have to be made: each once, after those that it comes from; the row is the last.

    Args:
        record: the row that is made last.
        known: the rows that it comes from.
    """
    by_id: Mapping[str | None, Record] = {one.generation.id: one for one in known if one.generation is not None}
    ordered: list[Record] = []
    # A ledger may hold a circle, and a chain that is longer than calls may be deep.
    seen, way = {_key(record)}, [record]
    while way:
        parents = [by_id[named] for named in source_ids(way[-1].request) if named in by_id]
        parent = next((one for one in parents if _key(one) not in seen), None)
        if parent is None:
            ordered.append(way.pop())
        else:
            seen.add(_key(parent))
            way.append(parent)
    return ordered


def _walk(record: Record, near: Callable[[Record], Iterable[Record | None]]) -> list[Record]:
    found: list[Record] = []
    wave = [record]
    # A ledger may come with a repository, and hold a circle.
    seen = {_key(record)}
    while wave:
        nearest = [other for one in wave for other in near(one) if other is not None]
        wave = []
        for other in nearest:
            if _key(other) not in seen:
                seen.add(_key(other))
                wave.append(other)
        found += wave
    return found


def _key(record: Record) -> tuple[str, int, str]:
    return record.hash, record.take, record.backend
