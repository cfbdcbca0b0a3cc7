"""The SQLite record of every request: written before it is sent."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain, combinations
from pathlib import Path, PurePath
from typing import Final, Literal

from pydantic_core import from_json

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import Generation
from dream_nb.jobs.identity import Request, read_request, request_hash
from dream_nb.jobs.schema import open_database
from dream_nb.lifetime import Stage, close_at_exit, keep_for_ever, let_go_after_fork

State = Literal["intended", "sending", "unknown", "taken", "deleted"]

logger = logging.getLogger("dream_nb.jobs")
# Named, so that a row can be read by place.
_COLUMNS: Final = (
    "hash, take, backend, request, written_at, source, state, sent_at,"
    " generation, seconds, queued, charge, file, sha256, stars, note, tags"
)
_ROWS: Final = f"SELECT {_COLUMNS} FROM requests"  # noqa: S608 - ours
_MOST_RENAMED: Final = 4
FORKED: Final = (
    "was opened before this process was forked, and cannot be used in the child: open a session here with "
    "Session(library=…), or start the process with the method 'spawn'"
)
_YEARS: Final = (1971, 2261)
# Ids are found by their backend, of which there are few: each is the first after the one before.
_OF_ID: Final = (
    "WITH RECURSIVE backends (name) AS (SELECT min(backend) FROM requests WHERE id IS NOT NULL UNION ALL"
    " SELECT (SELECT min(backend) FROM requests WHERE id IS NOT NULL AND backend > name) FROM backends"
    " WHERE name IS NOT NULL)"
    " SELECT hash, take, backend FROM backends CROSS JOIN requests ON backend = name AND id = ?"
    " ORDER BY written_at LIMIT 1"
)
# Its first line is that of the index `unfinished`.
_UNDER_WAY: Final = (
    "file IS NULL AND state IN ('sending', 'taken')"
    " AND (state = 'sending'"
    " OR coalesce(iif(json_valid(generation), json_extract(generation, '$.state'), ''), '') <> 'failed')"
)


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the ledger: one request, from the intent to its file.

    Attributes:
        hash: the request hash (`request_hash`), 64 hexadecimal digits.
        take: which result of this request it is, from 1.
        backend: "studio" or "hosted".
        request: the request as it was sent.
        written_at: when the intent was written (UTC).
        source: the notebook or script that it came from.
        state: "intended" before anything left this machine, "sending" from just before the first byte, "taken" once
            the server named it, "unknown" where nobody knows whether it was taken, "deleted".
        sent_at: when it was marked as sending (UTC), or None.
        generation: the last answer of the server, or None before the first.
        seconds: from the create until it was seen to be completed, or None.
        queued: seconds from the create until it was seen to be dreaming, or None.
        charge: what it cost in USD cents, or None where that is not known.
        file: the finished file's name inside the library, or None.
        sha256: of that file, or None.
        stars: what its user thinks of it, from 0 to 5.
        note: what its user says of it.
        tags: what its user files it under, without repeats.
    """

    hash: str
    take: int
    backend: str
    request: Request
    written_at: datetime
    source: str = ""
    state: State = "intended"
    sent_at: datetime | None = None
    generation: Generation | None = None
    seconds: float | None = None
    queued: float | None = None
    charge: float | None = None
    file: str | None = None
    sha256: str | None = None
    stars: int = 0
    note: str = ""
    tags: tuple[str, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether its file is in the library."""
        return self.file is not None

    @property
    def has_failed(self) -> bool:
        """Whether the server took it and could not make it."""
        return self.generation is not None and self.generation.state == "failed"


class Ledger:
    """The ledger of one library. Safe to use from several threads and from several processes.

    Args:
        path: the SQLite file; made where it is missing.
        read_only: whether nothing may be written, not even beside it.

    Raises:
        ValueError: it was written by a later version, or is a link.
        sqlite3.Error: it is no SQLite file.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._lock = threading.RLock()
        self._opened = open_database(path, read_only=read_only)
        self._why_closed = ""
        self._name = path.parent.name
        self.read_only = read_only
        # One that nobody holds any more is closed without a warning.
        self._collected = weakref.finalize(self, self._opened.close)
        self._collected.atexit = False
        close_at_exit(self, Stage.LEDGER)
        let_go_after_fork(self)

    def close(self) -> None:
        """Close the file; its write-ahead log goes back into it. What is asked later raises `LibraryError`."""
        with self._lock:
            self._why_closed = self._why_closed or "was closed: open it again with Session(library=…)"
            # Not by calling the finalizer: at exit it does nothing.
            if self._collected.detach() is not None:
                self._opened.close()

    def _end(self, seconds: float) -> None:
        if self._lock.acquire(timeout=seconds):
            try:
                self.close()
            finally:
                self._lock.release()

    def _forked(self) -> None:
        """In a child nothing of the parent's connection may be used: SQLite would damage the file."""
        self._lock = threading.RLock()
        self._why_closed = FORKED
        if self._collected.detach() is not None:
            keep_for_ever(self._opened)

    @property
    def _database(self) -> sqlite3.Connection:
        # A card, or a dream that somebody kept, may ask after its session was closed.
        if self._why_closed:
            raise LibraryError(f"the library {self._name!r} {self._why_closed}")
        return self._opened

    def settle(self) -> None:
        """Write the log back into the file where nothing is in flight, so that it can be copied as it is."""
        if not self._execute(f"SELECT 1 FROM requests WHERE {_UNDER_WAY} LIMIT 1"):  # noqa: S608 - ours
            self._execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _execute(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._database.execute(statement, values).fetchall()
            except sqlite3.OperationalError as error:
                # A ledger may come with a repository, and hold anything. It costs time, so only where there is need.
                if "Could not decode" not in str(error) or not statement.startswith("SELECT"):
                    raise
                self._database.text_factory = partial(str, encoding="utf-8", errors="replace")
                return self._database.execute(statement, values).fetchall()

    def _change(self, statement: str, *values: object) -> int:
        with self._lock:
            return self._database.execute(statement, values).rowcount

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                # A commit that fails, as one that waits for readers in vain, leaves the transaction open.
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def hash(self, request: Request) -> str:
        """The request hash, with the generations and pictures of the library known by their own hash and take.

        A picture's bytes say when it was made: drawn anew, they are others.
        """
        return request_hash(request, self._lasting_name)

    def hashes(self, request: Request) -> Iterator[str]:
        """The request hash, then those that it had before the ledger knew the generations and pictures in it."""
        renamed: dict[str, str] = {}

        def lasting(name: str) -> str:
            renamed[name] = self._lasting_name(name)
            return renamed[name]

        yield request_hash(request, lasting)
        # Each may have come to be known before or after the request was written down.
        names = [name for name, known in renamed.items() if known != name][:_MOST_RENAMED]
        for raw in chain.from_iterable(combinations(names, count) for count in range(1, len(names) + 1)):
            yield request_hash(request, (renamed | {name: name for name in raw}).__getitem__)

    def _lasting_name(self, name: str) -> str:
        of_file = "SELECT hash, take FROM requests WHERE sha256 = ? ORDER BY written_at LIMIT 1"
        rows = self._execute(of_file if name.startswith("sha256:") else _OF_ID, name.removeprefix("sha256:"))
        return f"{rows[0]['hash']}:{rows[0]['take']}" if rows else name

    def find(self, hash: str, take: int, backend: str | None = None) -> Record | None:  # noqa: A002 - the column's name
        """The record of a request and take: of that backend, else the finished one, the hosted first; or None."""
        rows = self._execute(
            f"{_ROWS} WHERE hash = ? AND take = ? AND backend = coalesce(?, backend)"
            " ORDER BY file IS NULL, backend = 'studio'",
            hash,
            take,
            backend,
        )
        return next(_records(rows), None)

    def find_id(self, backend: str, id: str) -> Record | None:  # noqa: A002 - the field's name in the specification
        """The record of a generation, or None."""
        return next(_records(self._execute(f"{_ROWS} WHERE backend = ? AND id = ?", backend, id)), None)

    def naming(self, backend: str, id: str) -> list[Record]:  # noqa: A002 - the field's name in the specification
        """The records whose requests hold an id, oldest first."""
        return list(
            _records(
                self._execute(
                    f"{_ROWS} WHERE backend = ? AND instr(request, ?) ORDER BY written_at",
                    backend,
                    id,
                )
            )
        )

    def all(self) -> list[Record]:
        """Every record, oldest first."""
        return list(_records(self._execute(f"{_ROWS} ORDER BY written_at")))

    def files(self, *, starred: bool = True) -> dict[str, str]:
        """When each finished file was asked for (UTC, ISO 8601), by its name, oldest first.

        Args:
            starred: whether those with stars are among them.
        """
        rows = self._execute(
            "SELECT file, written_at FROM requests WHERE file IS NOT NULL AND (? OR stars = 0) ORDER BY written_at",
            starred,
        )
        return {row["file"]: row["written_at"] for row in rows}

    def under_way(self, backend: str | None = None) -> list[Record]:
        """What may have left this machine and is neither in the library nor failed, oldest first."""
        return list(
            _records(
                self._execute(
                    f"{_ROWS} WHERE {_UNDER_WAY} AND backend = coalesce(?, backend) ORDER BY written_at",
                    backend,
                )
            )
        )

    def is_claimed(self, backend: str, id: str) -> bool:  # noqa: A002 - the field's name in the specification
        """Whether a generation belongs, or once belonged, to a row."""
        return bool(
            self._execute(
                "SELECT 1 FROM requests WHERE backend = ?1 AND id = ?2"
                " UNION ALL SELECT 1 FROM past WHERE backend = ?1 AND id = ?2",
                backend,
                id,
            )
        )

    def backend_of(self, id: str) -> str | None:  # noqa: A002 - the field's name in the specification
        """The backend that made a generation, or None where it is not known here."""
        rows = self._execute(_OF_ID, id)
        return str(rows[0]["backend"]) if rows else None

    def next_take(self, hash: str) -> int:  # noqa: A002 - the column's name
        """The first take of a request that is on no backend."""
        return int(self._execute("SELECT coalesce(max(take), 0) + 1 FROM requests WHERE hash = ?", hash)[0][0])

    def intend(self, request: Request, take: int | None, backend: str) -> Record:
        """Write the intent to send a request, or give back the row that is there. Without a take it is a new one."""
        with self._transaction():
            digest = self.hash(request)
            take = take if take is not None else self.next_take(digest)
            self._execute(
                "INSERT INTO requests (hash, take, backend, request, written_at, source, state)"
                " VALUES (?, ?, ?, ?, ?, ?, 'intended') ON CONFLICT DO NOTHING",
                digest,
                take,
                backend,
                json.dumps(request.wire(), ensure_ascii=False),
                datetime.now(UTC).isoformat(),
                _source(),
            )
        record = self.find(digest, take, backend)
        if record is None:
            raise LibraryError(f"the ledger's row of {request.prompt!r}, take {take}, is damaged: use --fresh")
        return record

    def mark_sending(self, record: Record, owner: str) -> Record | None:
        """Commit that the request leaves now. None where it must not: another process has it, or has sent it."""
        marked = self._execute(
            "UPDATE requests SET state = 'sending', sent_at = ? WHERE hash = ? AND take = ? AND backend = ?"  # noqa: S608
            f" AND state = 'intended' AND owner = ? RETURNING {_COLUMNS}",
            datetime.now(UTC).isoformat(),
            *_key(record),
            owner,
        )
        return _record(marked[0], record.request) if marked else None

    def claim(self, record: Record, generation: Generation) -> Record | None:
        """Write that a generation was found to be this request's. None where it belongs to another row."""
        if self.is_claimed(record.backend, generation.id or ""):
            return None
        try:
            return self.update(record, generation=generation)
        except sqlite3.IntegrityError:
            return None

    def answered(self, record: Record, generation: Generation) -> Record:
        """Write the server's own answer to the create. A row that only guessed that id has to look again."""
        with self._transaction():
            self._change(
                "UPDATE requests SET state = iif(sent_at IS NULL, 'intended', 'sending'), id = NULL, generation = NULL"
                " WHERE backend = ? AND id = ? AND NOT (hash = ? AND take = ?)",
                record.backend,
                generation.id,
                record.hash,
                record.take,
            )
            return self.update(record, generation=generation)

    def update(self, record: Record, **columns: object) -> Record:
        """Write what became known of a request: `state`, `generation`, `file`, … Gives back the new row."""
        values: dict[str, object] = dict(columns)
        generation = values.get("generation")
        if isinstance(generation, Generation):
            document = json.dumps(generation.wire(), ensure_ascii=False)
            values = {"state": "taken"} | values | {"id": generation.id, "generation": document}
        names = ", ".join(f"{name} = ?" for name in values)
        rows = self._execute(
            f"UPDATE requests SET {names} WHERE hash = ? AND take = ? AND backend = ?"  # noqa: S608 - names are ours
            f" RETURNING {_COLUMNS}",
            *values.values(),
            *_key(record),
        )
        return _record(rows[0], record.request)

    def reread(self, record: Record) -> Record:
        """The row as it is now."""
        rows = self._execute(f"{_ROWS} WHERE hash = ? AND take = ? AND backend = ?", *_key(record))
        return _record(rows[0], record.request)

    def forget(self, record: Record) -> Record:
        """Clear what is known of the generation, so that the same request and take can be sent again."""
        with self._transaction():
            if record.generation is not None:
                self._change("INSERT OR IGNORE INTO past VALUES (?, ?)", record.backend, record.generation.id)
            return self.update(
                record,
                state="intended",
                sent_at=None,
                id=None,
                generation=None,
                seconds=None,
                queued=None,
                charge=None,
                file=None,
                sha256=None,
            )

    def lease(self, record: Record, owner: str, seconds: float) -> bool:
        """Take a row for a process, for some time. False where another one has it."""
        now = time.time()
        return bool(
            self._change(
                "UPDATE requests SET owner = ?, lease_until = ? WHERE hash = ? AND take = ? AND backend = ?"
                " AND (owner IS NULL OR owner = ? OR lease_until < ? OR lease_until > ?)",
                owner,
                now + seconds,
                *_key(record),
                owner,
                now,
                # A clock that was set back must not lock a row for good.
                now + 10 * seconds,
            )
        )

    def renew(self, owner: str, seconds: float) -> None:
        """Hold on to what a process has."""
        self._change("UPDATE requests SET lease_until = ? WHERE owner = ?", time.time() + seconds, owner)

    def release(self, record: Record, owner: str) -> None:
        """Let another process have a row."""
        self._change(
            "UPDATE requests SET owner = NULL, lease_until = NULL"
            " WHERE hash = ? AND take = ? AND backend = ? AND owner = ?",
            *_key(record),
            owner,
        )

    def durations(self, backend: str, kind: str) -> list[float]:
        """How long the last of such generations took, in seconds."""
        rows = self._execute(
            "SELECT seconds FROM requests WHERE backend = ? AND seconds IS NOT NULL"
            " AND iif(json_valid(request), json_extract(request, '$.generation_type'), '') = ?"
            " ORDER BY sent_at DESC LIMIT 50",
            backend,
            kind,
        )
        return [float(row[0]) for row in rows]

    def price(self, backend: str, kind: str) -> float | None:
        """What a request of that kind cost last, in USD cents, or None."""
        rows = self._execute("SELECT cents FROM prices WHERE backend = ? AND kind = ?", backend, kind)
        return float(rows[0][0]) if rows else None

    def learn_price(self, backend: str, kind: str, cents: float) -> None:
        """Remember what a request of that kind costs."""
        self._change("INSERT OR REPLACE INTO prices VALUES (?, ?, ?)", backend, kind, cents)

    def measures(self, sha256: str) -> dict[str, str]:
        """What was measured of a file: JSON by the name and version of each measure."""
        rows = self._execute("SELECT name, value FROM measures WHERE sha256 = ?", sha256)
        return {row["name"]: row["value"] for row in rows}

    def keep_measures(self, sha256: str, values: Mapping[str, str]) -> None:
        """Keep what was measured of a file."""
        with self._transaction():
            for name, value in values.items():
                self._change("INSERT OR REPLACE INTO measures VALUES (?, ?, ?)", sha256, name, value)

    def insert(self, record: Record) -> None:
        """Put in a row that was made elsewhere, unless the request and take, or the generation, is there."""
        self._change(
            "INSERT INTO requests (hash, take, backend, request, written_at, source, state, sent_at, id, generation,"
            " seconds, queued, charge, file, sha256, stars, note, tags)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            *_key(record),
            json.dumps(record.request.wire(), ensure_ascii=False),
            record.written_at.isoformat(),
            record.source,
            record.state,
            record.sent_at.isoformat() if record.sent_at else None,
            record.generation.id if record.generation else None,
            json.dumps(record.generation.wire(), ensure_ascii=False) if record.generation else None,
            record.seconds,
            record.queued,
            record.charge,
            record.file,
            record.sha256,
            record.stars,
            record.note,
            json.dumps(record.tags, ensure_ascii=False),
        )


def _key(record: Record) -> tuple[str, int, str]:
    return record.hash, record.take, record.backend


def _source() -> str:
    # A name only: where somebody's files lie has no place in what may be committed.
    return PurePath(os.environ.get("JPY_SESSION_NAME") or (sys.argv[0] if sys.argv else "")).name


def _records(rows: list[sqlite3.Row]) -> Iterator[Record]:
    for row in rows:
        try:
            yield _record(row)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # A ledger may come with a repository, and hold anything.
            logger.warning("a row of the library's ledger is ignored: it is damaged (%s)", type(error).__name__)


def _record(row: sqlite3.Row, known: Request | None = None) -> Record:
    """The record of a row, with its request where that is known: a row keeps its own for good."""
    # Looking each column up by its name takes as long as finding the row.
    digest, take, backend, request, written_at, source, state, sent_at = row[:8]
    generation, seconds, queued, charge, file, sha256, stars, note, tags = row[8:]
    return Record(
        hash=digest,
        take=take,
        backend=backend,
        request=known or read_request(from_json(request)),
        written_at=moment(written_at),
        source=source,
        state=state,
        sent_at=moment(sent_at) if sent_at else None,
        generation=Generation.from_answer(generation) if generation else None,
        seconds=_float(seconds),
        queued=_float(queued),
        charge=_float(charge),
        file=file,
        sha256=sha256,
        stars=stars,
        note=note,
        tags=tuple(str(tag) for tag in json.loads(tags)) if tags != "[]" else (),
    )


def moment(text: str) -> datetime:
    """A time of a ledger or sidecar, which may come with a repository: without a zone it is UTC. Raises ValueError."""
    read = datetime.fromisoformat(text)
    if not is_sane(read):
        raise ValueError("a time in which nothing was dreamt")
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def is_sane(time: datetime) -> bool:
    """Whether a time can be said in every zone, and in every table."""
    return _YEARS[0] <= time.year <= _YEARS[1]


def _float(value: float | None) -> float | None:
    # What SQLite gives back of a change is the number as it was given, which may be whole.
    return None if value is None else float(value)
