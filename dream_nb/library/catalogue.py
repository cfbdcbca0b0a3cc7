"""The catalogue: finds dreams with SQL and returns parts of a long list, never all of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Any, Final, Self

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.request_models import KIND_OF
from dream_nb.library.ledger import Ledger
from dream_nb.library.record import Record, records_of
from dream_nb.library.rows import HAS_FAILED, ROWS, UNFINISHED
from dream_nb.library.schema import SHOWN

# SQLite may read a generation in a different way than the parser, so nothing that costs money depends on this.
_UNDER_WAY: Final = f"{UNFINISHED} AND (state = 'sending' OR NOT {HAS_FAILED})"
_STATES: Final = {
    "completed": "file IS NOT NULL",
    "failed": f"file IS NULL AND {HAS_FAILED}",
    "under way": _UNDER_WAY,
}
STATES: Final = tuple(_STATES)
"""The values of `Filter.state`."""
_RATIO: Final = "iif(json_valid(request), json_extract(request, '$.aspect_ratio'), '') = ?"
_TYPE: Final = "json_extract(request, '$.generation_type')"
_IMAGES: Final = ", ".join(f"'{name}'" for name, kind in KIND_OF.items() if kind == "image")
# A request of a kind that this version does not know states its kind of result.
_KIND: Final = (
    f"iif(json_valid(request), iif({_TYPE} IN ({_IMAGES}), 'image',"
    f" iif({_TYPE} = 'unknown', json_extract(request, '$.kind'), 'video')), '') = ?"
)
_PROMPT: Final = "coalesce(json_extract(request, '$.prompt'), json_extract(request, '$.document.prompt'), '')"
_SOURCE: Final = (
    "SELECT iif(json_valid(source.request), json_extract(source.request, '$.prompt'), '') FROM requests AS source"
    " WHERE source.backend = requests.backend AND source.id = json_extract(requests.request, '$.media.id')"
)
_EDIT: Final = (
    f"' ' || replace(coalesce({_TYPE}, ''), '_', ' ') || ' ' || coalesce(json_extract(request, '$.resolution'), '')"
    f" || ' ' || coalesce(json_extract(request, '$.aspect_ratio'), '') || ' ' || coalesce(({_SOURCE}), '')"
)
# A change of another dream is also found by its kind and its source, as in its title.
_WORDS: Final = f"iif(json_valid(request), {_PROMPT} || iif({_TYPE} IN ('video', 'image'), '', {_EDIT}), '')"
_TAGGED: Final = "EXISTS (SELECT 1 FROM json_each(iif(json_valid(tags), tags, '[]')) WHERE value = ?)"
_KEY_DIGITS: Final = 16
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Filter:
    """The conditions of a search. Empty values match everything.

    Attributes:
        search: words that all occur in prompt, note or tags, in upper or lower case. A change of another dream is also
            found by its kind ("upscale 4k") and by the prompt of its source.
        kind: the kind of result: "video" or "image".
        state: the state: "completed", "failed" or "under way".
        ratio: the aspect ratio, such as "16:9".
        backend: the backend that made it.
        since, until: the first and the last day, in UTC, of the request, such as "2026-11-01".
        stars: the minimum number of stars.
        tag: one of its tags.
    """

    search: str = ""
    kind: str = ""
    state: str = ""
    ratio: str = ""
    backend: str = ""
    since: str = ""
    until: str = ""
    stars: int = 0
    tag: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the filter that a page or a user has written.

        Raises:
            InvalidRequestError: a value is not valid.
        """
        for name, value in values.items():
            if name not in {field.name for field in fields(cls)}:
                raise InvalidRequestError(f"{name!r} is not a filter: use {', '.join(asdict(cls()))}")
            if type(value) is not (int if name == "stars" else str):
                raise InvalidRequestError(f"{name} {value!r} is not a {'number' if name == 'stars' else 'text'}")
        made = cls(**values)
        if made.state and made.state not in _STATES:
            raise InvalidRequestError(f"state {made.state!r} is not one of {', '.join(_STATES)}")
        for name in ("since", "until"):
            try:
                date.fromisoformat(getattr(made, name) or "2026-01-01")
            except ValueError:
                raise InvalidRequestError(f"{name} {getattr(made, name)!r} is not a day such as 2026-11-30") from None
        return made

    def where(self) -> tuple[str, list[object]]:
        """Return the condition in SQL, and its values; cheap conditions come first."""
        parts, values = [SHOWN], list[object]()

        def add(condition: str, *given: object) -> None:
            parts.append(condition)
            values.extend(given)

        if self.stars:
            add("stars >= ?", self.stars)
        if self.backend:
            add("backend = ?", self.backend)
        if self.since:
            add("written_at >= ?", self.since)
        if self.until:
            add("written_at < ?", (date.fromisoformat(self.until) + timedelta(days=1)).isoformat())
        if self.state:
            add(_STATES[self.state])
        for name, condition in (("kind", _KIND), ("ratio", _RATIO), ("tag", _TAGGED)):
            if getattr(self, name):
                add(condition, getattr(self, name))
        for word in self.search.split():
            add(f"contains(?, CAST({_WORDS} AS BLOB), CAST(note AS BLOB), CAST(tags AS BLOB))", word.casefold())
        return " AND ".join(f"({part})" for part in parts), values


class Catalogue:
    """The rows of a ledger, newest first, in parts. Can be used from several threads.

    Args:
        ledger: the ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # SQLite's own comparisons ignore case only in ASCII.
        ledger.add_function("contains", 4, _contains)

    def stamp(self) -> tuple[int, int]:
        """A value that changes whenever the ledger was written, by this or another process."""
        return self._ledger.stamp()

    def count(self, chosen: Filter | None = None) -> int:
        """Return the number of dreams.

        Args:
            chosen: the filter; by default all dreams.
        """
        where, values = (chosen or Filter()).where()
        return int(self._ledger.file.read(f"SELECT count(*) FROM requests WHERE {where}", *values)[0][0])  # noqa: S608 - ours

    def window(self, offset: int, limit: int, chosen: Filter | None = None) -> list[Record]:
        """Return some records, newest first. Damaged ones are left out.

        Args:
            offset: the number of records to skip.
            limit: the largest number of records, at most 1,000.
            chosen: the filter; by default all dreams.
        """
        return list(records_of(self._rows(ROWS, offset, min(limit, _MOST), chosen)))

    def keys(self, chosen: Filter | None = None, offset: int = 0, limit: int = -1) -> list[str]:
        """Return the short names of some dreams, newest first; see `key`.

        Args:
            chosen: the filter; by default all dreams.
            offset: the number of names to skip.
            limit: the largest number of names; by default all.
        """
        rows = self._rows("SELECT hash, take, backend FROM requests", offset, limit, chosen)
        return [_key(row["hash"], row["take"], row["backend"]) for row in rows]

    def _rows(self, select: str, offset: int, limit: int, chosen: Filter | None) -> list[sqlite3.Row]:
        where, values = (chosen or Filter()).where()
        # The wide rows are read only if they are shown.
        return self._ledger.file.read(
            f"{select} JOIN (SELECT hash AS h, take AS t, backend AS b FROM requests"  # noqa: S608 - ours
            f" WHERE {where} ORDER BY written_at DESC, hash, take LIMIT ? OFFSET ?)"
            " ON hash = h AND take = t AND backend = b ORDER BY written_at DESC, hash, take",
            *values,
            limit,
            max(0, offset),
        )

    def find(self, keys: Iterable[str]) -> list[Record]:
        """Return the records with these short names, in order. Missing or damaged ones are left out.

        Args:
            keys: the short names, as `key` returns them.
        """
        found: list[Record] = []
        for name in keys:
            digest, take, backend = _parted(name)
            rows = self._ledger.file.read(
                f"{ROWS} WHERE hash >= ? AND hash < ? AND take = ? AND backend = ?",
                digest,
                digest + "g",
                take,
                backend,
            )
            found += records_of(rows)
        return found

    def backends(self) -> list[str]:
        """Return the backends of all dreams, sorted by name."""
        rows = self._ledger.file.read(f"SELECT DISTINCT backend FROM requests WHERE {SHOWN} ORDER BY backend")  # noqa: S608 - ours
        return [row[0] for row in rows]

    def tags(self) -> list[str]:
        """Return all tags, sorted by name; the first 1,000."""
        rows = self._ledger.file.read(
            "SELECT DISTINCT value FROM requests, json_each(iif(json_valid(tags), tags, '[]')) WHERE tags <> '[]'"  # noqa: S608 - ours
            f" AND {SHOWN} ORDER BY value LIMIT ?",
            _MOST,
        )
        return [str(row[0]) for row in rows]


def key(record: Record) -> str:
    """Return the short name of a record: its take, the beginning of its request hash, and its backend.

    Args:
        record: the record.
    """
    return _key(record.hash, record.take, record.backend)


def _key(digest: str, take: int, backend: str) -> str:
    return f"{take}-{digest[:_KEY_DIGITS]}-{backend}"


def _parted(name: str) -> tuple[str, int, str]:
    take, _, rest = name.partition("-")
    digest, _, backend = rest.partition("-")
    return digest, int(take) if take.isdecimal() else 0, backend


def _contains(word: str, prompt: bytes, note: bytes, tags: bytes) -> bool:
    # The ledger may come with a repository, and may contain anything, including texts that are not valid.
    if any(word in text.decode(errors="replace").casefold() for text in (prompt, note)):
        return True
    # As in JSON: a text in quotes, with its backslashes doubled.
    try:
        return tags != b"[]" and any(word in str(tag).casefold() for tag in json.loads(tags))
    except (ValueError, TypeError, RecursionError):
        return False
