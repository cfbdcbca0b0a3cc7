"""The lineage of generations: their sources and what was made from them, through keyframes that are generations."""

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

# Requests whose own prompt describes what is seen. All others show what their source shows.
_OF_THEIR_OWN: Final = (GenerationRequest, ImageGenerationRequest, ModifyVideoRequest, UnknownRequest)
_MOST_NAMED: Final = 20


def title(ledger: Ledger, record: Record) -> str:
    """Return the title of a row: its prompt; for a change of another dream, the title of that dream and the change.

    Args:
        ledger: the ledger in which sources are looked up.
        record: the row.
    """
    words = [record.request.label]
    seen = {_key(record)}
    while not isinstance(record.request, _OF_THEIR_OWN) and len(words) < _MOST_NAMED:
        source = next((ledger.find_id(record.backend, named) for named in source_ids(record.request)), None)
        # A ledger may come with a repository, and may contain a cycle.
        if source is None or _key(source) in seen:
            break
        record = source
        seen.add(_key(record))
        words.append(record.request.label)
    return " · ".join(filter(None, reversed(words)))


def ratio(ledger: Ledger, record: Record) -> str:
    """Return the requested aspect ratio of a row; for a change without one, that of its source.

    Args:
        ledger: the ledger in which sources are looked up.
        record: the row.
    """
    told = (one.request.aspect_ratio for one in [record, *ancestors(ledger, record)])
    return record.request.aspect_ratio or next(filter(None, told), None) or "16:9"


def ancestors(ledger: Ledger, record: Record) -> list[Record]:
    """Return the rows that a row was made from, nearest first.

    Args:
        ledger: the ledger in which they are looked up.
        record: the row to begin with.
    """

    def parents(child: Record) -> Iterable[Record | None]:
        return (ledger.find_id(child.backend, named) for named in source_ids(child.request))

    return _walk(record, parents)


def descendants(ledger: Ledger, record: Record) -> list[Record]:
    """Return the rows that were made from a row, nearest first.

    Args:
        ledger: the ledger in which they are looked up.
        record: the row to begin with.
    """

    def children(parent: Record) -> Iterable[Record]:
        id = parent.generation.id if parent.generation else None  # noqa: A001 - the field's name in the specification
        named = ledger.naming(parent.backend, id) if id else []
        return (child for child in named if id in source_ids(child.request))

    return _walk(record, children)


def in_order(record: Record, known: Iterable[Record]) -> list[Record]:
    """Return rows in the order in which they must be made: each once, after its sources; the row itself is last.

    Args:
        record: the row that is made last.
        known: the rows that it was made from.
    """
    by_id: Mapping[str | None, Record] = {one.generation.id: one for one in known if one.generation is not None}
    ordered: list[Record] = []
    # A ledger may contain a cycle, or a chain that is longer than the recursion limit.
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
    # A ledger may come with a repository, and may contain a cycle.
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
