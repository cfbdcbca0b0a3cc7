"""Reads the rows of a ledger; nothing is changed."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import chain, combinations
from typing import Final

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import NOT_MADE_STATES
from dream_nb.api.request_models import KINDS, Request
from dream_nb.library.in_flight import InFlight
from dream_nb.library.ledger_file import LedgerFile
from dream_nb.library.record import COLUMNS, DAMAGED, Record, further_from, is_sane, record_of, records_of, utc
from dream_nb.requests.identity import MAX_TAKE, request_hash

ROWS: Final = f"SELECT {COLUMNS} FROM requests"  # noqa: S608 - ours
KEY: Final = "hash = ? AND take = ? AND backend = ?"
UNFINISHED: Final = "file IS NULL AND state IN ('sending', 'taken')"
"""The condition of the index `unfinished`."""

HAS_FAILED: Final = (
    "coalesce(iif(json_valid(generation), json_extract(generation, '$.state'), ''), '')"
    f" IN ({', '.join(map(repr, NOT_MADE_STATES))})"
)
"""The condition for a generation that ended without being made. SQLite may parse it differently than `record_of`."""

OF_FILE: Final = "SELECT hash, take FROM requests WHERE sha256 = ? ORDER BY written_at LIMIT 1"
"""Selects the request and take that a file was made by."""

_MOST_RENAMED: Final = 4
_CLOCK_ROWS: Final = 9
# The index of ids begins with the backend, so the id is looked up in each backend. There are few, and each is found as
# the first one after the one before.
_OF_ID: Final = (
    "WITH RECURSIVE backends (name) AS (SELECT min(backend) FROM requests WHERE id IS NOT NULL UNION ALL"
    " SELECT (SELECT min(backend) FROM requests WHERE id IS NOT NULL AND backend > name) FROM backends"
    " WHERE name IS NOT NULL)"
    " SELECT hash, take, backend FROM backends CROSS JOIN requests ON backend = name AND id = ?"
    " ORDER BY written_at LIMIT 1"
)


class Rows:
    """The rows of one ledger, for reading. Can be used from several threads.

    Args:
        file: the file of the ledger.
        in_flight: remembers the rows in flight among those that are read.

    Attributes:
        file: the file of the ledger.
    """

    def __init__(self, file: LedgerFile, in_flight: InFlight) -> None:
        self.file = file
        self._in_flight = in_flight

    def add_function(self, name: str, arguments: int, function: Callable[..., int | str | float | None]) -> None:
        """Add one of our functions to SQL; see `LedgerFile.add_function`."""
        self.file.add_function(name, arguments, function)

    def stamp(self) -> tuple[int, int]:
        """Return two numbers that change whenever something was written, by this or another process."""
        return self.file.stamp()

    def hash(self, request: Request) -> str:
        """Return the request hash, in which generations and pictures of the library count as their own hash and take.

        The bytes of a picture do not count, because they may differ when it is made again.
        """
        return request_hash(request, self._lasting_name)

    def hashes(self, request: Request) -> Iterator[str]:
        """Return the request hash, and those that it had before the ledger knew the generations and pictures in it."""
        renamed: dict[str, str] = {}

        def lasting(name: str) -> str:
            renamed[name] = self._lasting_name(name)
            return renamed[name]

        yield request_hash(request, lasting)
        # Each may have become known before or after the request was recorded.
        names = [name for name, known in renamed.items() if known != name][:_MOST_RENAMED]
        for raw in chain.from_iterable(combinations(names, count) for count in range(1, len(names) + 1)):
            yield request_hash(request, (renamed | {name: name for name in raw}).__getitem__)

    def _lasting_name(self, name: str) -> str:
        rows = self.file.read(OF_FILE if name.startswith("sha256:") else _OF_ID, name.removeprefix("sha256:"))
        return f"{rows[0]['hash']}:{rows[0]['take']}" if rows else name

    def find(self, hash: str, take: int, backend: str | None = None) -> Record | None:  # noqa: A002 - the column's name
        """Return the record of a request and take: of that backend, or else the finished one, hosted first; or None."""
        rows = self.file.read(
            f"{ROWS} WHERE hash = ? AND take = ? AND backend = coalesce(?, backend)"
            " ORDER BY file IS NULL, backend = 'studio'",
            hash,
            take,
            backend,
        )
        return next(records_of(rows), None)

    def find_id(self, backend: str, id: str) -> Record | None:  # noqa: A002 - the field's name in the specification
        """Return the record of a generation, or None."""
        return next(records_of(self.file.read(f"{ROWS} WHERE backend = ? AND id = ?", backend, id)), None)

    def id_of_file(self, backend: str, url: str) -> str | None:
        """Return the id of the generation whose file has that address, ignoring signatures; None if it is unknown.

        Args:
            backend: the backend that made it.
            url: the address.
        """
        address = url.partition("?")[0]
        rows = self.file.read(f"{ROWS} WHERE backend = ? AND id IS NOT NULL AND instr(generation, ?)", backend, address)
        for record in records_of(rows):
            assets = record.generation.assets if record.generation else None
            if assets is not None and address in {(assets.of(kind) or "").partition("?")[0] for kind in KINDS}:
                return record.generation.id if record.generation else None
        return None

    def naming(self, backend: str, id: str) -> list[Record]:  # noqa: A002 - the field's name in the specification
        """Return the records whose requests contain an id, oldest first."""
        return list(
            records_of(
                self.file.read(
                    f"{ROWS} WHERE backend = ? AND instr(request, ?) ORDER BY written_at",
                    backend,
                    id,
                )
            )
        )

    def all(self) -> list[Record]:
        """Return every record, oldest first."""
        return list(records_of(self.file.read(f"{ROWS} ORDER BY written_at")))

    def files(self, *, starred: bool = True) -> dict[tuple[str, ...], str]:
        """Return the times of finished requests (UTC, ISO 8601), by the names of their files, oldest first.

        Args:
            starred: whether to include those with stars.
        """
        rows = self.file.read(
            "SELECT file, further, written_at FROM requests WHERE file IS NOT NULL AND (? OR stars = 0)"
            " ORDER BY written_at",
            starred,
        )
        return {(row["file"], *_further_names(row["further"])): row["written_at"] for row in rows}

    def unknown_files(self, names: Iterable[str]) -> list[str]:
        """Return those of some names that are not the finished file of any row, in order.

        Args:
            names: names of files in the library's folder.
        """
        given = list(names)
        if not given:
            return []
        # By position, because a name that is not valid text can be passed to SQLite, but not read back.
        rows = self.file.read(
            "SELECT key FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM requests WHERE file = value)",
            json.dumps(given),
        )
        return [given[row["key"]] for row in rows]

    def under_way(self, backend: str | None = None) -> list[Record]:
        """Return the records that may have been sent and are neither in the library nor failed, oldest first."""
        rows = self.file.read(
            f"{ROWS} WHERE {UNFINISHED} AND backend = coalesce(?, backend) ORDER BY written_at", backend
        )
        return [record for record in records_of(rows) if not record.has_failed]

    def unknown(self, backend: str) -> list[Record]:
        """Return the creates of unknown outcome, oldest first; some may just be being sent.

        They include those that only the server claims not to have accepted: intended, and sent before.
        """
        rows = self.file.read(
            f"{ROWS} WHERE backend = ? AND id IS NULL AND sent_at IS NOT NULL"
            " AND state IN ('intended', 'sending', 'unknown') ORDER BY sent_at",
            backend,
        )
        return list(records_of(rows))

    def backend_of(self, id: str) -> str | None:  # noqa: A002 - the field's name in the specification
        """Return the backend that made a generation, or None if it is unknown here."""
        rows = self.file.read(_OF_ID, id)
        return str(rows[0]["backend"]) if rows else None

    def next_take(self, hash: str) -> int:  # noqa: A002 - the column's name
        """Return the first take of a request that exists on no backend, after those that do."""
        rows = self.file.read("SELECT take FROM requests WHERE hash = ? AND take BETWEEN 1 AND ?", hash, MAX_TAKE)
        takes = {row[0] for row in rows}
        last = max(takes, default=0)
        return last + 1 if last < MAX_TAKE else next((one for one in range(1, last) if one not in takes), last + 1)

    def reread(self, record: Record) -> Record:
        """Return the current row."""
        return self._row(record, self.file.read(f"{ROWS} WHERE {KEY}", *record.key))

    def _row(self, record: Record, rows: list[sqlite3.Row]) -> Record:
        try:
            return self._in_flight.note(record_of(rows[0], record.request))
        except (IndexError, *DAMAGED) as error:
            raise LibraryError(
                f"the row of {record.request.label!r}, take {record.take}, is no longer in the ledger of the library "
                f"{self.file.name!r}, or is damaged: run the cell again"
            ) from error

    def clock_ahead(self, backend: str) -> timedelta | None:
        """Return how far the clock of a server is ahead of this machine's, by the last creates; None if unknown."""
        rows = self.file.read(
            f"{ROWS} WHERE backend = ? AND sent_at IS NOT NULL AND id IS NOT NULL ORDER BY sent_at DESC LIMIT ?",
            backend,
            _CLOCK_ROWS,
        )
        ahead = [
            utc(record.generation.created_at) - record.sent_at
            for record in records_of(rows)
            if record.sent_at and record.generation and record.generation.created_at
            # A ledger may come with a repository, and may contain any time.
            if is_sane(record.generation.created_at)
        ]
        return sorted(ahead)[len(ahead) // 2] if ahead else None

    def durations(self, backend: str, kind: str) -> list[float]:
        """Return how long the last such generations took, in seconds."""
        rows = self.file.read(
            "SELECT seconds FROM requests WHERE backend = ? AND seconds IS NOT NULL"
            " AND iif(json_valid(request), json_extract(request, '$.generation_type'), '') = ?"
            " ORDER BY sent_at DESC LIMIT 50",
            backend,
            kind,
        )
        # A file that is being replaced may return anything.
        return [float(row[0]) for row in rows if isinstance(row[0], int | float)]

    def measures(self, sha256: str) -> dict[str, str]:
        """Return the measures of a file: JSON by the name and version of each measure."""
        rows = self.file.read("SELECT name, value FROM measures WHERE sha256 = ?", sha256)
        return {row["name"]: row["value"] for row in rows}


def _further_names(further: str) -> tuple[str, ...]:
    if further == "[]":
        return ()
    # A ledger may come with a repository, and may contain anything.
    with contextlib.suppress(*DAMAGED):
        return tuple(one.name for one in further_from(json.loads(further)))
    return ()
