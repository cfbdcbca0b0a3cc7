"""The SQLite record of every request: written before it is sent."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from dream_nb.api.models import Generation, GenerationRequest, ImageGenerationRequest

Request = GenerationRequest | ImageGenerationRequest

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS requests (
    hash TEXT NOT NULL,
    take INTEGER NOT NULL,
    backend TEXT NOT NULL,
    request TEXT NOT NULL,
    written_at TEXT NOT NULL,
    sending INTEGER NOT NULL DEFAULT 0,
    id TEXT,
    generation TEXT,
    file TEXT,
    sha256 TEXT,
    PRIMARY KEY (hash, take, backend)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS by_id ON requests (backend, id) WHERE id IS NOT NULL;
"""


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the ledger: one request, from the intent to its file.

    Attributes:
        hash: the request hash (`request_hash`), 64 hexadecimal digits.
        take: which result of this request it is, from 1.
        backend: "studio" or "hosted".
        request: the request as it was sent.
        written_at: when the intent was written (UTC).
        sending: whether the POST may have left this machine.
        generation: the last answer of the server, or None before the first.
        file: the finished file's name inside the library, or None.
        sha256: of that file, or None.
    """

    hash: str
    take: int
    backend: str
    request: Request
    written_at: datetime
    sending: bool = False
    generation: Generation | None = None
    file: str | None = None
    sha256: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether its file is in the library."""
        return self.file is not None


def request_hash(request: Request, identify: Callable[[str], str] = str) -> str:
    """The sha256 of the canonical request: what makes two requests one and the same.

    Defaults are written out, `callback_url` does not count, `loop=False` is the same as none, and a picture in a
    `data:` URI counts as the sha256 of its bytes.

    Args:
        request: the request.
        identify: gives the lasting name of a generation's id (hash and take where the ledger knows it).
    """
    document = _canonical(request.wire(), identify)
    document.pop("callback_url", None)
    if not document.get("loop"):
        document.pop("loop", None)
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _canonical(value: Any, identify: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_canonical(item, identify) for item in value]
    if isinstance(value, str) and value.startswith("data:"):
        return "sha256:" + hashlib.sha256(_data_bytes(value)).hexdigest()
    if not isinstance(value, dict):
        return value
    if value.get("type") == "generation" and isinstance(value.get("id"), str):
        return value | {"id": identify(value["id"])}
    return {key: _canonical(item, identify) for key, item in value.items()}


def _data_bytes(uri: str) -> bytes:
    import base64
    from urllib.parse import unquote_to_bytes

    head, _, body = uri.partition(",")
    raw = unquote_to_bytes(body)
    return base64.b64decode(raw) if head.endswith(";base64") else raw


class Ledger:
    """The ledger of one library. Safe to use from several threads and from several processes.

    Args:
        path: the SQLite file; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file; its write-ahead log goes back into it."""
        with self._lock:
            self._database.close()

    def _execute(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()

    def hash(self, request: Request) -> str:
        """The request hash, with the generations that it names known by their own hash and take."""
        return request_hash(request, self._lasting_name)

    def _lasting_name(self, id: str) -> str:  # noqa: A002 - the field's name in the specification
        rows = self._execute("SELECT hash, take FROM requests WHERE id = ?", id)
        return f"{rows[0]['hash']}:{rows[0]['take']}" if rows else id

    def find(self, hash: str, take: int, backend: str | None = None) -> Record | None:  # noqa: A002 - the column's name
        """The record of a request and take: of that backend, else the finished one, the hosted first; or None."""
        rows = self._execute(
            "SELECT * FROM requests WHERE hash = ? AND take = ? AND backend = coalesce(?, backend)"
            " ORDER BY file IS NULL, backend = 'studio'",
            hash,
            take,
            backend,
        )
        return _record(rows[0]) if rows else None

    def intend(self, request: Request, take: int, backend: str) -> Record:
        """Write the intent to send a request, or give back the row that is there."""
        digest = self.hash(request)
        self._execute(
            "INSERT INTO requests (hash, take, backend, request, written_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            digest,
            take,
            backend,
            json.dumps(request.wire(), ensure_ascii=False),
            datetime.now(UTC).isoformat(),
        )
        record = self.find(digest, take, backend)
        assert record is not None
        return record

    def update(self, record: Record, **columns: object) -> Record:
        """Write what became known of a request: `sending`, `generation`, `file`, `sha256`. Gives back the new row."""
        values: dict[str, object] = dict(columns)
        generation = values.get("generation")
        if isinstance(generation, Generation):
            values |= {"id": generation.id, "generation": json.dumps(generation.wire(), ensure_ascii=False)}
        names = ", ".join(f"{name} = ?" for name in values)
        self._execute(
            f"UPDATE requests SET {names} WHERE hash = ? AND take = ? AND backend = ?",  # noqa: S608 - names are ours
            *values.values(),
            record.hash,
            record.take,
            record.backend,
        )
        updated = self.find(record.hash, record.take, record.backend)
        assert updated is not None
        return updated

    def forget(self, record: Record) -> Record:
        """Clear what is known of the generation, so that the same request and take can be sent again."""
        return self.update(record, sending=0, id=None, generation=None, file=None, sha256=None)


def _record(row: sqlite3.Row) -> Record:
    document = json.loads(row["request"])
    kind = ImageGenerationRequest if document["generation_type"] == "image" else GenerationRequest
    return Record(
        hash=row["hash"],
        take=row["take"],
        backend=row["backend"],
        request=kind.from_answer(document),
        written_at=datetime.fromisoformat(row["written_at"]),
        sending=bool(row["sending"]),
        generation=Generation.from_answer(row["generation"]) if row["generation"] else None,
        file=row["file"],
        sha256=row["sha256"],
    )
