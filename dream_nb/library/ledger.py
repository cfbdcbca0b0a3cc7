"""The SQLite record of every request: written before it is sent."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import Request
from dream_nb.backends.backends import is_paid
from dream_nb.library.creates import Creates, Sent
from dream_nb.library.in_flight import InFlight
from dream_nb.library.ledger_file import REBUILD, LedgerFile
from dream_nb.library.record import COLUMNS, Record, columns_of, further_json, record_of
from dream_nb.library.rows import KEY, Rows
from dream_nb.lifetime import Stage, close_at_exit
from dream_nb.requests.identity import MAX_TAKE, is_same_request


class Ledger(Rows):
    """The ledger of one library, for reading and writing.

    It can be used from several threads and processes, even if its file is removed or replaced meanwhile.

    Args:
        path: the path of the SQLite file, which is created if missing.
        read_only: whether nothing may be written, not even beside it.

    Attributes:
        file: the SQLite file.
        path: the path of the SQLite file.
        problem: why it is read only although the folder can be written, or an empty text.
        read_only: whether nothing is written.

    Raises:
        ValueError: the path is a link.
        sqlite3.Error: the file is not an SQLite file.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        in_flight, self._creates = InFlight(), Creates(path.parent)
        super().__init__(LedgerFile(path, in_flight, self._creates.move, read_only=read_only), in_flight)
        self.path, self.problem, self.read_only = self.file.path, self.file.problem, self.file.read_only
        close_at_exit(self, Stage.LEDGER)

    @property
    def advice(self) -> str:
        """What to do if it is read only, as a sentence without a full stop."""
        return self.file.advice

    def close(self) -> None:
        """Close the file. Later reads raise `LibraryError`."""
        with self.file.lock:
            self.file.close()
            self._creates.close()

    def _end(self, seconds: float) -> None:
        lock = self.file.lock
        if lock.acquire(timeout=seconds):
            try:
                self.close()
            finally:
                lock.release()

    def is_claimed(self, backend: str, id: str) -> bool:  # noqa: A002 - the field's name in the specification
        """Return whether a generation belongs or once belonged to a row, including rows of earlier ledgers here."""
        return self._creates.is_past(backend, id) or bool(
            self.file.read(
                "SELECT 1 FROM requests WHERE backend = ?1 AND id = ?2"
                " UNION ALL SELECT 1 FROM past WHERE backend = ?1 AND id = ?2",
                backend,
                id,
            )
        )

    def intend(self, request: Request, take: int | None, backend: str) -> Record:
        """Write the intent to send a request, or return the existing row. Without a take, a new one is used."""
        with self.file.transaction():
            digest = self.hash(request)
            take = take if take is not None else self.next_take(digest)
            if take > MAX_TAKE:
                raise LibraryError(
                    f"the library {self.file.name!r} already has the maximum of {MAX_TAKE:,} takes of {request.label!r}"
                )
            self.file.write(
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
                f"the ledger's row of {request.label!r}, take {take}, is damaged or inconsistent: {REBUILD}"
            )
        return record

    def recall(self, record: Record) -> Record:
        """Update a row with what this installation knows to have sent, if the ledger does not know it.

        Args:
            record: the row, before its request is sent.
        """
        is_open = record.state != "deleted" and (record.generation is None or record.has_failed)
        sent = self._creates.find(record.key) if is_open and is_paid(record.backend) else None
        if sent is None or not self._is_news(record, sent):
            return record
        return self._restore(record, sent)

    def _is_news(self, record: Record, sent: Sent) -> bool:
        """Whether a create is a different one from that of the row."""
        if sent.id is None:
            return record.has_failed or record.sent_at is None
        if self.file.read("SELECT 1 FROM past WHERE backend = ? AND id = ?", record.backend, sent.id):
            # It failed, or was cancelled, while the library was elsewhere.
            self._creates.forget(record.key, sent.id)
            return False
        return record.generation is None or record.generation.id != sent.id

    def _restore(self, record: Record, sent: Sent) -> Record:
        if record.generation is not None:
            self.file.write("INSERT OR IGNORE INTO past VALUES (?, ?)", record.backend, record.generation.id)
        restored = self.update(record, state="sending", sent_at=sent.sent_at.isoformat(), id=None, generation=None)
        if sent.id is None:
            return restored
        known = Generation(id=sent.id, state="queued", generation_type=record.request.kind)
        return self.claim(restored, known) or restored

    def mark_sending(
        self, record: Record, owner: str, sent: Request | None = None, request_id: str | None = None
    ) -> Record | None:
        """Commit that the request is sent now. Returns None if it must not be, because a process has sent it before.

        Args:
            record: the row.
            owner: the name under which this process holds the row.
            sent: the request as it is sent, if it differs from that of the row.
            request_id: the `X-Request-Id` that it is sent with, or None.
        """
        begun = False
        try:
            with self.file.transaction():
                marked = self.file.write(
                    f"UPDATE requests SET state = 'sending', sent_at = ?, sent = ?, request_id = ? WHERE {KEY}"  # noqa: S608 - ours
                    f" AND state = 'intended' AND owner = ? RETURNING {COLUMNS}",
                    datetime.now(UTC).isoformat(),
                    json.dumps(sent.wire(), ensure_ascii=False) if sent else None,
                    request_id,
                    *record.key,
                    owner,
                )
                if not marked:
                    return None
                begun = not is_paid(record.backend) or self._creates.begin(record.key)
                if not begun and (earlier := self._creates.find(record.key)) is not None:
                    self._restore(record, earlier)
                    return None
            return self._in_flight.note(record_of(marked[0], record.request))
        except BaseException:
            if begun:
                self._creates.forget(record.key)
            raise

    def unmark(self, record: Record) -> None:
        """Forget that a request is sent now, because that could not be committed, and nothing was sent.

        Args:
            record: the row as `mark_sending` returned it.
        """
        self._in_flight.note(replace(record, state="intended"))
        if is_paid(record.backend):
            self._creates.forget(record.key)

    def not_taken(self, record: Record, *, is_certain: bool = True) -> Record:
        """Record that the server did not accept a create, which may be sent again.

        Args:
            record: the row that was marked as sending.
            is_certain: False if only the server says so: then it is looked for before it is sent again.
        """
        changed = self.file.write(
            f"UPDATE requests SET state = 'intended', sent_at = iif(?, NULL, sent_at) WHERE {KEY} AND id IS NULL"  # noqa: S608 - ours
            " RETURNING 1",
            is_certain,
            *record.key,
        )
        # It may have been found or resolved meanwhile.
        if changed and is_certain:
            self._creates.forget(record.key)
        return self.reread(record)

    def give_up(self, record: Record) -> Record:
        """Record that the outcome of a create is unknown, unless it is known by now."""
        self.file.write(
            f"UPDATE requests SET state = 'unknown' WHERE {KEY} AND id IS NULL AND state <> 'deleted'",  # noqa: S608 - ours
            *record.key,
        )
        return self.reread(record)

    def claim(self, record: Record, generation: Generation) -> Record | None:
        """Record that a generation was found to be this request's. Returns None if it belongs to another row."""
        if self.is_claimed(record.backend, generation.id or ""):
            return None
        try:
            return self.update(record, generation=generation)
        except sqlite3.IntegrityError:
            return None

    def answered(self, record: Record, generation: Generation) -> Record:
        """Record the server's own answer to the create. Another row that was assumed to have this id loses it."""
        with self.file.transaction():
            guessed = self.file.write(
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
                self._creates.name(record.key, generation.id or "")
            return self.update(record, generation=generation)

    def update(self, record: Record, **columns: object) -> Record:
        """Update a row: `state`, `generation`, `file`, … Returns the new row."""
        values: dict[str, object] = dict(columns)
        generation = values.get("generation")
        if isinstance(generation, Generation):
            document = json.dumps(generation.wire(), ensure_ascii=False)
            values = {"state": "taken"} | values | {"id": generation.id, "generation": document}
            if generation.id and is_paid(record.backend):
                self._creates.found(record.key, generation.id)
        # The request of a failed or deleted generation may be sent again.
        if isinstance(generation, Generation) and generation.has_failed:
            self._creates.forget(record.key, generation.id)
        elif values.get("state") == "deleted":
            self._creates.forget(record.key, record.generation.id if record.generation else None)
        names = ", ".join(f"{name} = ?" for name in values)
        return self._row(
            record,
            self.file.write(
                f"UPDATE requests SET {names} WHERE {KEY} RETURNING {COLUMNS}",  # noqa: S608 - names are ours
                *values.values(),
                *record.key,
            ),
        )

    def follow(self, record: Record, **columns: object) -> Record:
        """Update a row, as `update` does, about the generation that a record has.

        A session that was suspended for longer than its lease may see its generation fail after another session has
        sent the request again: this says nothing about the later create.

        Raises:
            LibraryError: the request has another generation by now, or none.
        """
        with self.file.transaction():
            of_id = record.generation.id if record.generation else None
            if is_paid(record.backend) and not self._has(record, of_id):
                raise LibraryError(
                    f"{record.request.label!r}, take {record.take}, now has another generation: run the cell again"
                )
            return self.update(record, **columns)

    def finish(self, record: Record, file: str, sha256: str) -> Record:
        """Update a row, as `follow` does, whose files are in the library. No process has to hold it any more.

        Args:
            record: the row, with its further files.
            file: the name of the first file.
            sha256: the sha256 of its bytes.

        Raises:
            LibraryError: the request has another generation by now, or none.
        """
        further = further_json(record.further)
        return self.follow(record, file=file, sha256=sha256, further=further, owner=None, lease_until=None)

    def _has(self, record: Record, of_id: str | None) -> bool:
        if self.file.read(f"SELECT 1 FROM requests WHERE {KEY} AND id IS ?", *record.key, of_id):  # noqa: S608 - ours
            return True
        # The ledger may have been replaced by an older one, which does not have the generation.
        sent = self._creates.find(record.key)
        return sent is not None and sent.id == of_id

    def forget(self, record: Record) -> Record:
        """Clear what is known of the generation, so that the same request and take can be sent again."""
        with self.file.transaction():
            if record.generation is not None:
                self.file.write("INSERT OR IGNORE INTO past VALUES (?, ?)", record.backend, record.generation.id)
            self._creates.forget(record.key, record.generation.id if record.generation else None)
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
                further="[]",
            )

    def lease(self, record: Record, owner: str, seconds: float) -> bool:
        """Take a lease on a row for a process, for some time. False if another process has it."""
        now = time.time()
        return bool(
            self.file.change(
                f"UPDATE requests SET owner = ?, lease_until = ? WHERE {KEY}"  # noqa: S608 - ours
                " AND (owner IS NULL OR owner = ? OR lease_until IS NULL OR lease_until < ? OR lease_until > ?)",
                owner,
                now + seconds,
                *record.key,
                owner,
                now,
                # A clock that was set back must not lock a row for ever.
                now + 10 * seconds,
            )[1]
        )

    def renew(self, owner: str, seconds: float) -> None:
        """Renew the leases of a process."""
        self.file.write("UPDATE requests SET lease_until = ? WHERE owner = ?", time.time() + seconds, owner)

    def release(self, record: Record, owner: str) -> None:
        """End the lease on a row."""
        self.file.write(
            f"UPDATE requests SET owner = NULL, lease_until = NULL WHERE {KEY} AND owner = ?",  # noqa: S608 - ours
            *record.key,
            owner,
        )

    def keep_measures(self, sha256: str, values: Mapping[str, str]) -> None:
        """Store the measures of a file."""
        with self.file.transaction():
            for name, value in values.items():
                self.file.write("INSERT OR REPLACE INTO measures VALUES (?, ?, ?)", sha256, name, value)

    def insert(self, record: Record) -> None:
        """Insert a row that was made elsewhere, unless its request and take, or its generation, exists."""
        values = columns_of(record)
        places = ", ".join("?" * len(values))
        self.file.write(
            f"INSERT INTO requests ({', '.join(values)}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608 - ours
            *values.values(),
        )


def _source() -> str:
    # Only the name, because the ledger may be committed, and paths are private.
    return PurePath(os.environ.get("JPY_SESSION_NAME") or (sys.argv[0] if sys.argv else "")).name
