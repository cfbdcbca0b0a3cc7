"""The SQLite record of every request: written before it is sent."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sqlite3
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, combinations
from pathlib import Path, PurePath
from typing import Final, Literal, get_args

from pydantic_core import from_json

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import Generation
from dream_nb.backends.backends import is_backend, is_paid
from dream_nb.library.creates import Creates, Sent
from dream_nb.library.schema import open_database
from dream_nb.lifetime import Stage, close_at_exit, keep_for_ever, let_go_after_fork
from dream_nb.requests.identity import MAX_TAKE, Request, is_same_request, read_request, request_hash
from dream_nb.sqlite import transaction

State = Literal["intended", "sending", "unknown", "taken", "deleted"]
_STATES: Final = frozenset(get_args(State))

REBUILD: Final = (
    "%dreams check --rebuild keeps it aside, and writes a new one from its sound rows and from the JSON files beside "
    "the pictures and videos"
)
"""What to do about a ledger that is damaged, or not as this package makes it."""

logger = logging.getLogger("dream_nb.library")
# Named, so that a row can be read by place.
_COLUMNS: Final = (
    "hash, take, backend, request, written_at, source, state, sent_at,"
    " generation, seconds, queued, charge, file, sha256, stars, note, tags, id"
)
_ROWS: Final = f"SELECT {_COLUMNS} FROM requests"  # noqa: S608 - ours
_KEY: Final = "hash = ? AND take = ? AND backend = ?"
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_MOST_RENAMED: Final = 4
_CLOCK_ROWS: Final = 9
FORKED: Final = (
    "was opened before this process was forked, and cannot be used in the child: open a session here with "
    "Session(library=…), or start the process with the method 'spawn'"
)
_YEARS: Final = (1971, 2261)
# What reading a row raises that says anything but what this package writes.
_DAMAGED: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
# Ids are found by their backend, of which there are few: each is the first after the one before.
_OF_ID: Final = (
    "WITH RECURSIVE backends (name) AS (SELECT min(backend) FROM requests WHERE id IS NOT NULL UNION ALL"
    " SELECT (SELECT min(backend) FROM requests WHERE id IS NOT NULL AND backend > name) FROM backends"
    " WHERE name IS NOT NULL)"
    " SELECT hash, take, backend FROM backends CROSS JOIN requests ON backend = name AND id = ?"
    " ORDER BY written_at LIMIT 1"
)
# What the index `unfinished` holds.
_UNFINISHED: Final = "file IS NULL AND state IN ('sending', 'taken')"
# SQLite may read a generation otherwise than the parser does: nothing that costs depends on this.
_UNDER_WAY: Final = (
    f"{_UNFINISHED} AND (state = 'sending'"
    " OR coalesce(iif(json_valid(generation), json_extract(generation, '$.state'), ''), '') <> 'failed')"
)
# What would be paid for twice if it were forgotten: in flight, or held by a process that sees it through.
_CARRIED: Final = "file IS NULL AND (state IN ('sending', 'unknown', 'taken') OR owner IS NOT NULL)"
_ALL_COLUMNS: Final = f"{_COLUMNS}, owner, lease_until"


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

    Its file may be removed, renamed or replaced while it is open (`git clean`, `git checkout`). Before each change the
    file is therefore compared with the one that was opened; where it is another one, what is under way is written into
    that one, which is used from then on.

    Args:
        path: the SQLite file; made where it is missing.
        read_only: whether nothing may be written, not even beside it.

    Attributes:
        path: as above.
        problem: why it is read only although the folder can be written, or an empty text.
        read_only: whether nothing is written.

    Raises:
        ValueError: it is a link.
        sqlite3.Error: it is not an SQLite file.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._lock = threading.RLock()
        self.path = path.absolute()
        database, self.problem = open_database(self.path, read_only=read_only)
        self._hold(database)
        self._place = _place_of(path)
        self._why_closed = ""
        self._in_flight: dict[tuple[str, int, str], Record] = {}
        self._functions: dict[str, tuple[int, Callable[..., int | str | float | None]]] = {}
        self._name = path.absolute().parent.name
        self._creates = Creates(path.parent)
        self.read_only = read_only or bool(self.problem)
        close_at_exit(self, Stage.LEDGER)
        let_go_after_fork(self)

    def _hold(self, database: sqlite3.Connection) -> None:
        self._opened = database
        # One that nobody holds any more is closed without a warning.
        self._collected = weakref.finalize(self, database.close)
        self._collected.atexit = False

    @property
    def advice(self) -> str:
        """What to do where it is read only, as a sentence without its full stop."""
        return (
            REBUILD if self.problem else "Choose another library with DREAM_NB_LIBRARY, or copy it to a folder of yours"
        )

    def close(self) -> None:
        """Close the file. What is asked later raises `LibraryError`."""
        with self._lock:
            self._why_closed = self._why_closed or "was closed: open it again with Session(library=…)"
            self._close_file()
            self._creates.close()

    def _close_file(self) -> None:
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

    def add_function(self, name: str, arguments: int, function: Callable[..., int | str | float | None]) -> None:
        """Give SQL a function of ours, also where another file takes the place of this one.

        Args:
            name: what SQL calls it.
            arguments: how many it takes.
            function: gives the same for the same arguments.
        """
        with self._lock:
            self._functions[name] = arguments, function
            self._database.create_function(name, arguments, function, deterministic=True)

    def stamp(self) -> tuple[int, int]:
        """Two numbers that change whenever something was written, here or by another process."""
        with self._lock:
            return self._database.total_changes, int(self._read("PRAGMA data_version")[0][0])

    def _read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """The rows that a statement gives which changes nothing."""
        with self._lock:
            try:
                return self._database.execute(statement, values).fetchall()
            except sqlite3.OperationalError as error:
                # A ledger may come with a repository, and hold anything. It costs time, so only where there is need.
                if "Could not decode" not in str(error):
                    raise self._failure(error) from error
            except sqlite3.Error as error:
                raise self._failure(error) from error
            self._opened.text_factory = partial(str, encoding="utf-8", errors="replace")
            try:
                return self._opened.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise self._failure(error) from error

    def _write(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Change something, and give what the statement returns.

        Raises:
            sqlite3.IntegrityError: another row has that id.
            LibraryError: it cannot be written.
        """
        return self._change(statement, *values)[0]

    def _change(self, statement: str, *values: object) -> tuple[list[sqlite3.Row], int]:
        """As `_write`, with the number of rows that were changed."""
        with self._lock:
            self._check_place()
            try:
                with contextlib.nullcontext() if self._database.in_transaction else transaction(self._database):
                    done = self._database.execute(statement, values)
                    rows = done.fetchall()
                return rows, done.rowcount
            except sqlite3.IntegrityError:
                raise
            except sqlite3.Error as error:
                raise self._failure(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._check_place()
            try:
                with transaction(self._database):
                    yield
            except sqlite3.IntegrityError:
                raise
            except sqlite3.Error as error:
                raise self._failure(error) from error

    def _failure(self, error: sqlite3.Error) -> LibraryError:
        """What is raised where SQLite fails."""
        where = f"the ledger of the library {self._name!r}"
        if self.read_only and "readonly" in str(error):
            return LibraryError(f"{where} is not written: {self.problem or 'its file is read only'}. {self.advice}")
        return sqlite_failure(error, where)

    def _check_place(self) -> None:
        """See that the file is still the one that was opened; else go over to the one that is there now."""
        if self.read_only or self._why_closed:
            return
        if self._opened.in_transaction or _place_of(self.path) == self._place:
            return
        rows: list[sqlite3.Row] = []
        # What was unlinked can still be read, unless it was emptied or overwritten.
        with contextlib.suppress(sqlite3.Error):
            rows = self._opened.execute(f"SELECT {_ALL_COLUMNS} FROM requests WHERE {_CARRIED}").fetchall()  # noqa: S608
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            database, problem = open_database(self.path)
        except (OSError, ValueError, sqlite3.Error) as error:
            raise LibraryError(
                f"the library {self._name!r} was removed or replaced while it was open, and cannot be opened anew "
                f"({error}): nothing was sent. {REBUILD}"
            ) from error
        if problem:
            database.close()
            raise LibraryError(
                f"the ledger of the library {self._name!r} was replaced while it was open, and {problem}: nothing was "
                f"sent. {REBUILD}"
            )
        # Of a file that was emptied or overwritten only memory knows them.
        carried = {_key(record): _values(record) for record in self._in_flight.values()}
        carried |= {(row["hash"], row["take"], row["backend"]): dict(row) for row in rows}
        try:
            with transaction(database):
                for values in carried.values():
                    _carry(database, values)
        except sqlite3.Error as error:
            # It may be removed or replaced once more at this moment.
            database.close()
            raise self._failure(error) from error
        self._close_file()
        self._hold(database)
        self._place = _place_of(self.path)
        # What leads there may be a link, which now leads elsewhere.
        self._creates.close()
        self._creates = Creates(self.path.parent)
        for name, (arguments, function) in self._functions.items():
            database.create_function(name, arguments, function, deterministic=True)
        logger.warning(
            "the library %r was removed or replaced while it was open: %d requests that were under way were written "
            "into the ledger that is there now",
            self._name,
            len(carried),
        )

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
        rows = self._read(of_file if name.startswith("sha256:") else _OF_ID, name.removeprefix("sha256:"))
        return f"{rows[0]['hash']}:{rows[0]['take']}" if rows else name

    def find(self, hash: str, take: int, backend: str | None = None) -> Record | None:  # noqa: A002 - the column's name
        """The record of a request and take: of that backend, else the finished one, the hosted first; or None."""
        rows = self._read(
            f"{_ROWS} WHERE hash = ? AND take = ? AND backend = coalesce(?, backend)"
            " ORDER BY file IS NULL, backend = 'studio'",
            hash,
            take,
            backend,
        )
        return next(_records(rows), None)

    def find_id(self, backend: str, id: str) -> Record | None:  # noqa: A002 - the field's name in the specification
        """The record of a generation, or None."""
        return next(_records(self._read(f"{_ROWS} WHERE backend = ? AND id = ?", backend, id)), None)

    def naming(self, backend: str, id: str) -> list[Record]:  # noqa: A002 - the field's name in the specification
        """The records whose requests hold an id, oldest first."""
        return list(
            _records(
                self._read(
                    f"{_ROWS} WHERE backend = ? AND instr(request, ?) ORDER BY written_at",
                    backend,
                    id,
                )
            )
        )

    def all(self) -> list[Record]:
        """Every record, oldest first."""
        return list(_records(self._read(f"{_ROWS} ORDER BY written_at")))

    def files(self, *, starred: bool = True) -> dict[str, str]:
        """When each finished file was asked for (UTC, ISO 8601), by its name, oldest first.

        Args:
            starred: whether those with stars are among them.
        """
        rows = self._read(
            "SELECT file, written_at FROM requests WHERE file IS NOT NULL AND (? OR stars = 0) ORDER BY written_at",
            starred,
        )
        return {row["file"]: row["written_at"] for row in rows}

    def under_way(self, backend: str | None = None) -> list[Record]:
        """What may have left this machine and is neither in the library nor failed, oldest first."""
        rows = self._read(
            f"{_ROWS} WHERE {_UNFINISHED} AND backend = coalesce(?, backend) ORDER BY written_at", backend
        )
        return [record for record in _records(rows) if not record.has_failed]

    def unknown(self, backend: str) -> list[Record]:
        """The creates of which nobody knows whether they were taken, oldest first; some may be on their way.

        Those are among them of which only the server says that it did not take them: intended, and sent before.
        """
        rows = self._read(
            f"{_ROWS} WHERE backend = ? AND id IS NULL AND sent_at IS NOT NULL"
            " AND state IN ('intended', 'sending', 'unknown') ORDER BY sent_at",
            backend,
        )
        return list(_records(rows))

    def is_claimed(self, backend: str, id: str) -> bool:  # noqa: A002 - the field's name in the specification
        """Whether a generation belongs, or once belonged, to a row, be it of a ledger that was here before."""
        return self._creates.is_past(backend, id) or bool(
            self._read(
                "SELECT 1 FROM requests WHERE backend = ?1 AND id = ?2"
                " UNION ALL SELECT 1 FROM past WHERE backend = ?1 AND id = ?2",
                backend,
                id,
            )
        )

    def backend_of(self, id: str) -> str | None:  # noqa: A002 - the field's name in the specification
        """The backend that made a generation, or None where it is not known here."""
        rows = self._read(_OF_ID, id)
        return str(rows[0]["backend"]) if rows else None

    def next_take(self, hash: str) -> int:  # noqa: A002 - the column's name
        """The first take of a request that is on no backend, after those that are."""
        rows = self._read("SELECT take FROM requests WHERE hash = ? AND take BETWEEN 1 AND ?", hash, MAX_TAKE)
        takes = {row[0] for row in rows}
        last = max(takes, default=0)
        return last + 1 if last < MAX_TAKE else next((one for one in range(1, last) if one not in takes), last + 1)

    def intend(self, request: Request, take: int | None, backend: str) -> Record:
        """Write the intent to send a request, or give back the row that is there. Without a take it is a new one."""
        with self._transaction():
            digest = self.hash(request)
            take = take if take is not None else self.next_take(digest)
            if take > MAX_TAKE:
                raise LibraryError(f"the library {self._name!r} has all {MAX_TAKE:,} takes of {request.prompt!r}")
            self._write(
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
        if record is None or not is_same_request(record.request, request):
            raise LibraryError(
                f"the ledger's row of {request.prompt!r}, take {take}, is damaged, or says something else: {REBUILD}"
            )
        return record

    def recall(self, record: Record) -> Record:
        """Bring a row up to what this installation knows to have sent, where the ledger does not know it (any more).

        Args:
            record: the row, before its request is sent.
        """
        is_open = record.state != "deleted" and (record.generation is None or record.has_failed)
        sent = self._creates.find(_key(record)) if is_open and is_paid(record.backend) else None
        if sent is None or not self._is_news(record, sent):
            return record
        return self._restore(record, sent)

    def _is_news(self, record: Record, sent: Sent) -> bool:
        """Whether a create is another one than the row tells of."""
        if sent.id is None:
            return record.has_failed or record.sent_at is None
        if self._read("SELECT 1 FROM past WHERE backend = ? AND id = ?", record.backend, sent.id):
            # It failed, or was cancelled, while the library lay somewhere else.
            self._creates.forget(_key(record), sent.id)
            return False
        return record.generation is None or record.generation.id != sent.id

    def _restore(self, record: Record, sent: Sent) -> Record:
        if record.generation is not None:
            self._write("INSERT OR IGNORE INTO past VALUES (?, ?)", record.backend, record.generation.id)
        restored = self.update(record, state="sending", sent_at=sent.sent_at.isoformat(), id=None, generation=None)
        if sent.id is None:
            return restored
        known = Generation(id=sent.id, state="queued", generation_type=record.request.generation_type)
        return self.claim(restored, known) or restored

    def mark_sending(self, record: Record, owner: str) -> Record | None:
        """Commit that the request leaves now. None where it must not: it was sent before, by whichever process."""
        begun = False
        try:
            with self._transaction():
                marked = self._write(
                    f"UPDATE requests SET state = 'sending', sent_at = ? WHERE {_KEY}"  # noqa: S608 - ours
                    f" AND state = 'intended' AND owner = ? RETURNING {_COLUMNS}",
                    datetime.now(UTC).isoformat(),
                    *_key(record),
                    owner,
                )
                if not marked:
                    return None
                begun = not is_paid(record.backend) or self._creates.begin(_key(record))
                if not begun and (sent := self._creates.find(_key(record))) is not None:
                    self._restore(record, sent)
                    return None
            return self._noted(_record(marked[0], record.request))
        except BaseException:
            if begun:
                self._creates.forget(_key(record))
            raise

    def not_taken(self, record: Record, *, is_certain: bool = True) -> Record:
        """Write that the server did not take a create, which may be sent again.

        Args:
            record: the row that was marked as sending.
            is_certain: False where the server only says so: it is looked for before it is sent again.
        """
        changed = self._write(
            f"UPDATE requests SET state = 'intended', sent_at = iif(?, NULL, sent_at) WHERE {_KEY} AND id IS NULL"  # noqa: S608 - ours
            " RETURNING 1",
            is_certain,
            *_key(record),
        )
        # Meanwhile it may have been found, or settled.
        if changed and is_certain:
            self._creates.forget(_key(record))
        return self.reread(record)

    def give_up(self, record: Record) -> Record:
        """Write that nobody knows whether a create was taken, unless that is known by now."""
        self._write(
            f"UPDATE requests SET state = 'unknown' WHERE {_KEY} AND id IS NULL AND state <> 'deleted'",  # noqa: S608 - ours
            *_key(record),
        )
        return self.reread(record)

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
            guessed = self._write(
                "UPDATE requests SET state = iif(sent_at IS NULL, 'intended', 'sending'), id = NULL, generation = NULL"
                " WHERE backend = ? AND id = ? AND NOT (hash = ? AND take = ?) RETURNING hash, take, backend",
                record.backend,
                generation.id,
                record.hash,
                record.take,
            )
            if is_paid(record.backend):
                for key in guessed:
                    self._creates.unname(tuple(key))
                self._creates.name(_key(record), generation.id or "")
            return self.update(record, generation=generation)

    def update(self, record: Record, **columns: object) -> Record:
        """Write what became known of a request: `state`, `generation`, `file`, … Gives back the new row."""
        values: dict[str, object] = dict(columns)
        generation = values.get("generation")
        if isinstance(generation, Generation):
            document = json.dumps(generation.wire(), ensure_ascii=False)
            values = {"state": "taken"} | values | {"id": generation.id, "generation": document}
            if generation.id and is_paid(record.backend):
                self._creates.found(_key(record), generation.id)
        # Either may be sent again.
        if isinstance(generation, Generation) and generation.state == "failed":
            self._creates.forget(_key(record), generation.id)
        elif values.get("state") == "deleted":
            self._creates.forget(_key(record), record.generation.id if record.generation else None)
        names = ", ".join(f"{name} = ?" for name in values)
        return self._row(
            record,
            self._write(
                f"UPDATE requests SET {names} WHERE {_KEY} RETURNING {_COLUMNS}",  # noqa: S608 - names are ours
                *values.values(),
                *_key(record),
            ),
        )

    def follow(self, record: Record, **columns: object) -> Record:
        """As `update`, of what became of the generation that a record has.

        A session that was suspended for longer than its lease may see its generation fail after another one has sent
        the request again: that says nothing of the later create.

        Raises:
            LibraryError: the request has another generation by now, or none.
        """
        with self._transaction():
            of_id = record.generation.id if record.generation else None
            if is_paid(record.backend) and not self._has(record, of_id):
                raise LibraryError(
                    f"{record.request.prompt!r}, take {record.take}, has another generation by now: run the cell again"
                )
            return self.update(record, **columns)

    def _has(self, record: Record, of_id: str | None) -> bool:
        if self._read(f"SELECT 1 FROM requests WHERE {_KEY} AND id IS ?", *_key(record), of_id):  # noqa: S608 - ours
            return True
        # An older ledger may have taken the place of the one that knew it.
        sent = self._creates.find(_key(record))
        return sent is not None and sent.id == of_id

    def reread(self, record: Record) -> Record:
        """The row as it is now."""
        return self._row(record, self._read(f"{_ROWS} WHERE {_KEY}", *_key(record)))

    def _row(self, record: Record, rows: list[sqlite3.Row]) -> Record:
        try:
            return self._noted(_record(rows[0], record.request))
        except (IndexError, *_DAMAGED) as error:
            raise LibraryError(
                f"the row of {record.request.prompt!r}, take {record.take}, is no longer in the ledger of the library "
                f"{self._name!r}, or is damaged: run the cell again"
            ) from error

    def _noted(self, record: Record) -> Record:
        """Remember what is in flight: it is written anew where the file is replaced."""
        if record.file is None and record.state in ("sending", "unknown", "taken") and not record.has_failed:
            self._in_flight[_key(record)] = record
        else:
            self._in_flight.pop(_key(record), None)
        return record

    def forget(self, record: Record) -> Record:
        """Clear what is known of the generation, so that the same request and take can be sent again."""
        with self._transaction():
            if record.generation is not None:
                self._write("INSERT OR IGNORE INTO past VALUES (?, ?)", record.backend, record.generation.id)
            self._creates.forget(_key(record), record.generation.id if record.generation else None)
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
                f"UPDATE requests SET owner = ?, lease_until = ? WHERE {_KEY}"  # noqa: S608 - ours
                " AND (owner IS NULL OR owner = ? OR lease_until IS NULL OR lease_until < ? OR lease_until > ?)",
                owner,
                now + seconds,
                *_key(record),
                owner,
                now,
                # A clock that was set back must not lock a row for good.
                now + 10 * seconds,
            )[1]
        )

    def renew(self, owner: str, seconds: float) -> None:
        """Hold on to what a process has."""
        self._write("UPDATE requests SET lease_until = ? WHERE owner = ?", time.time() + seconds, owner)

    def release(self, record: Record, owner: str) -> None:
        """Let another process have a row."""
        self._write(
            f"UPDATE requests SET owner = NULL, lease_until = NULL WHERE {_KEY} AND owner = ?",  # noqa: S608 - ours
            *_key(record),
            owner,
        )

    def clock_ahead(self, backend: str) -> timedelta | None:
        """How far the clock in a server's answers is ahead of this machine's, by the last creates; None if unknown."""
        rows = self._read(
            f"{_ROWS} WHERE backend = ? AND sent_at IS NOT NULL AND id IS NOT NULL ORDER BY sent_at DESC LIMIT ?",
            backend,
            _CLOCK_ROWS,
        )
        ahead = [
            utc(record.generation.created_at) - record.sent_at
            for record in _records(rows)
            if record.sent_at and record.generation and record.generation.created_at
            # A ledger may come with a repository, and hold any time.
            if is_sane(record.generation.created_at)
        ]
        return sorted(ahead)[len(ahead) // 2] if ahead else None

    def durations(self, backend: str, kind: str) -> list[float]:
        """How long the last of such generations took, in seconds."""
        rows = self._read(
            "SELECT seconds FROM requests WHERE backend = ? AND seconds IS NOT NULL"
            " AND iif(json_valid(request), json_extract(request, '$.generation_type'), '') = ?"
            " ORDER BY sent_at DESC LIMIT 50",
            backend,
            kind,
        )
        # A file that is being replaced may give anything.
        return [float(row[0]) for row in rows if isinstance(row[0], int | float)]

    def measures(self, sha256: str) -> dict[str, str]:
        """What was measured of a file: JSON by the name and version of each measure."""
        rows = self._read("SELECT name, value FROM measures WHERE sha256 = ?", sha256)
        return {row["name"]: row["value"] for row in rows}

    def keep_measures(self, sha256: str, values: Mapping[str, str]) -> None:
        """Keep what was measured of a file."""
        with self._transaction():
            for name, value in values.items():
                self._write("INSERT OR REPLACE INTO measures VALUES (?, ?, ?)", sha256, name, value)

    def insert(self, record: Record) -> None:
        """Put in a row that was made elsewhere, unless the request and take, or the generation, is there."""
        values = _values(record)
        places = ", ".join("?" * len(values))
        self._write(
            f"INSERT INTO requests ({', '.join(values)}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608 - ours
            *values.values(),
        )


def sqlite_failure(error: sqlite3.Error, where: str) -> LibraryError:
    """What is raised where SQLite fails: what is wrong, and what to do.

    Args:
        error: what SQLite says.
        where: the ledger, in words.
    """
    words = str(error)
    if getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY_DBMOVED":
        return LibraryError(f"{where} was removed or replaced at this moment: run the cell again")
    if "readonly" in words:
        return LibraryError(f"{where} cannot be written: make its file writable, or choose another library")
    if "full" in words:
        return LibraryError(f"{where} cannot be written, for the disk is full: make room, then run the cell again")
    if "locked" in words or "busy" in words:
        return LibraryError(f"{where} is locked by another program: close that, then run the cell again")
    if isinstance(error, sqlite3.OperationalError) and ("disk I/O" in words or "unable to open" in words):
        return LibraryError(f"{where} cannot be read or written ({words}): check the disk, then run the cell again")
    return LibraryError(f"{where} is damaged ({words}): {REBUILD}")


def _key(record: Record) -> tuple[str, int, str]:
    return record.hash, record.take, record.backend


def _place_of(path: Path) -> tuple[int, int] | None:
    """Which file lies at a path: its device and inode, or None where there is none, or where it was emptied."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked before every change, and twice as fast
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None


def _values(record: Record) -> dict[str, object]:
    """A record as the columns of its row."""
    return {
        "hash": record.hash,
        "take": record.take,
        "backend": record.backend,
        "request": json.dumps(record.request.wire(), ensure_ascii=False),
        "written_at": record.written_at.isoformat(),
        "source": record.source,
        "state": record.state,
        "sent_at": record.sent_at.isoformat() if record.sent_at else None,
        "id": record.generation.id if record.generation else None,
        "generation": json.dumps(record.generation.wire(), ensure_ascii=False) if record.generation else None,
        "seconds": record.seconds,
        "queued": record.queued,
        "charge": record.charge,
        "file": record.file,
        "sha256": record.sha256,
        "stars": record.stars,
        "note": record.note,
        "tags": json.dumps(record.tags, ensure_ascii=False),
    }


def _carry(database: sqlite3.Connection, values: Mapping[str, object]) -> None:
    """Write a row into another ledger, unless that knows more of it than that it was intended."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in values if name not in ("hash", "take", "backend"))
    places = ", ".join("?" * len(values))
    try:
        database.execute(
            f"INSERT INTO requests ({', '.join(values)}) VALUES ({places}) ON CONFLICT (hash, take, backend)"  # noqa: S608
            f" DO UPDATE SET {changes} WHERE requests.file IS NULL AND requests.state = 'intended'",
            tuple(values.values()),
        )
    except sqlite3.IntegrityError:
        logger.warning("a request that was under way is in the ledger already, under another name")


def _source() -> str:
    # A name only: where somebody's files lie has no place in what may be committed.
    return PurePath(os.environ.get("JPY_SESSION_NAME") or (sys.argv[0] if sys.argv else "")).name


def _records(rows: list[sqlite3.Row]) -> Iterator[Record]:
    for row in rows:
        try:
            yield _record(row)
        except _DAMAGED as error:
            # A ledger may come with a repository, and hold anything.
            logger.warning("a row of the library's ledger is ignored: it is damaged (%s)", type(error).__name__)


def _record(row: sqlite3.Row, known: Request | None = None) -> Record:
    """The record of a row, with its request where that is known: a row keeps its own for good.

    Raises:
        ValueError: it says something that no row of this package does.
    """
    # Looking each column up by its name takes as long as finding the row.
    digest, take, backend, request, written_at, source, state, sent_at = row[:8]
    generation, seconds, queued, charge, file, sha256, stars, note, tags, id_ = row[8:]
    if not (_HASH.fullmatch(digest) and 1 <= take <= MAX_TAKE and state in _STATES and is_backend(backend)):
        raise ValueError("a hash, take, state or backend that no row has")
    answer = Generation.from_answer(generation) if generation else None
    # Its id finds it in the column, and is asked for as the answer has it: they must not be two.
    if id_ != (answer.id if answer else None):
        raise ValueError("the id of another generation")
    if answer is not None and not answer.id:
        # It cannot be asked for.
        answer = None
    return Record(
        hash=digest,
        take=take,
        backend=backend,
        request=known or read_request(from_json(request)),
        written_at=moment(written_at),
        source=source,
        state=state,
        sent_at=moment(sent_at) if sent_at else None,
        generation=answer,
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
    return utc(read)


def utc(time: datetime) -> datetime:
    """A time with a zone: without one it is UTC."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def is_sane(time: datetime) -> bool:
    """Whether a time can be said in every zone, and in every table."""
    return _YEARS[0] <= time.year <= _YEARS[1]


def _float(value: float | None) -> float | None:
    # What SQLite gives back of a change is the number as it was given, which may be whole.
    return None if value is None else float(value)
