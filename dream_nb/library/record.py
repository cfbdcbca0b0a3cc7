"""A row of the ledger: how it is written, and how it is read, whatever it contains."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

from pydantic_core import from_json

from dream_nb.api.canonical import request_from
from dream_nb.api.models import Generation
from dream_nb.api.request_models import Kind, Request, UnknownRequest
from dream_nb.backends.backends import is_backend
from dream_nb.library.creates import Key
from dream_nb.requests.identity import MAX_TAKE

State = Literal["intended", "sending", "unknown", "taken", "deleted"]
_STATES: Final = frozenset(get_args(State))

# Named, so that a row can be read by position.
COLUMNS: Final = (
    "hash, take, backend, request, written_at, source, state, sent_at, sent,"
    " generation, seconds, queued, charge, file, sha256, stars, note, tags, request_id, further, id"
)
"""The columns that `record_of` reads, in its order."""

DAMAGED: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""The exceptions that `record_of` may raise for a row that this package did not write."""

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_YEARS: Final = (1971, 2261)

logger = logging.getLogger("dream_nb.library")


@dataclass(frozen=True, slots=True)
class FurtherFile:
    """A further file of a generation: an EXR beside a video, or a layer of a picture.

    Attributes:
        name: its name in the library.
        sha256: the sha256 of its bytes, 64 hexadecimal digits.
        label: what it shows, in a word or two; empty if unknown.
    """

    name: str
    sha256: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the ledger: one request, from the intent to its file.

    Attributes:
        hash: the request hash (`request_hash`), 64 hexadecimal digits.
        take: the number of this result of the request, from 1.
        backend: "studio", "dream-machine", "luma", or the URL of another server.
        request: the request as it was sent.
        written_at: when the intent was written (UTC).
        source: the notebook or script that made the request.
        state: "intended" before anything was sent, "sending" from just before the first byte, "taken" once the server
            has named it, "unknown" if it is unknown whether the server accepted it, "deleted".
        sent_at: when it was marked as sending (UTC), or None.
        sent: the request as it was sent to the server, if that contains the URL of a generation's file; or None.
        generation: the last answer of the server, or None before the first.
        seconds: seconds from the create until it was seen to be completed, or None.
        queued: seconds from the create until it was seen to be dreaming, or None.
        charge: the cost in USD cents, or None if it is unknown.
        file: the finished file's name in the library, or None.
        sha256: the sha256 of that file, or None.
        stars: the user's rating, from 0 to 5.
        note: the user's note.
        tags: the user's tags, without duplicates.
        further: the further files.
        request_id: the `X-Request-Id` that it was sent with, by which the provider's support can find it; or None.
    """

    hash: str
    take: int
    backend: str
    request: Request
    written_at: datetime
    source: str = ""
    state: State = "intended"
    sent_at: datetime | None = None
    sent: Request | None = None
    generation: Generation | None = None
    seconds: float | None = None
    queued: float | None = None
    charge: float | None = None
    file: str | None = None
    sha256: str | None = None
    stars: int = 0
    note: str = ""
    tags: tuple[str, ...] = ()
    request_id: str | None = None
    further: tuple[FurtherFile, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its files in the library, the first one first; empty if it is not finished."""
        return (self.file, *(one.name for one in self.further)) if self.file is not None else ()

    @property
    def key(self) -> Key:
        """The unique key of the row: request hash, take and backend."""
        return self.hash, self.take, self.backend

    @property
    def as_sent(self) -> Request:
        """The request as the server's answers show it."""
        return self.sent or self.request

    @property
    def kind(self) -> Kind:
        """The kind of result: "video" or "image"."""
        if isinstance(self.request, UnknownRequest) and self.generation is not None:
            return self.generation.kind
        return self.request.kind

    @property
    def is_finished(self) -> bool:
        """Whether its file is in the library."""
        return self.file is not None

    @property
    def has_failed(self) -> bool:
        """Whether the server accepted it and it ended without a result."""
        return self.generation is not None and self.generation.has_failed


def columns_of(record: Record) -> dict[str, object]:
    """Return a record as the columns of its row."""
    return {
        "hash": record.hash,
        "take": record.take,
        "backend": record.backend,
        "request": json.dumps(record.request.wire(), ensure_ascii=False),
        "written_at": record.written_at.isoformat(),
        "source": record.source,
        "state": record.state,
        "sent_at": record.sent_at.isoformat() if record.sent_at else None,
        "sent": json.dumps(record.sent.wire(), ensure_ascii=False) if record.sent else None,
        "request_id": record.request_id,
        "further": further_json(record.further),
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


def records_of(rows: list[sqlite3.Row]) -> Iterator[Record]:
    """Return the records of rows. Damaged rows are left out, with a line in the log.

    Args:
        rows: the rows, as selected by `COLUMNS`.
    """
    for row in rows:
        try:
            yield record_of(row)
        except DAMAGED as error:
            # A ledger may come with a repository, and may contain anything.
            logger.warning("a row of the library's ledger is ignored: it is damaged (%s)", type(error).__name__)


def record_of(row: sqlite3.Row, known: Request | None = None) -> Record:
    """Return the record of a row, with its request if that is known: the request of a row never changes.

    Raises:
        ValueError: it contains something that no row of this package does.
    """
    # Looking up each column by its name would take as long as finding the row.
    digest, take, backend, request, written_at, source, state, sent_at, sent = row[:9]
    generation, seconds, queued, charge, file, sha256, stars, note, tags, request_id, further, id_ = row[9:]
    if not (_HASH.fullmatch(digest) and 1 <= take <= MAX_TAKE and state in _STATES and is_backend(backend)):
        raise ValueError("the hash, take, state or backend is not valid")
    answer = Generation.from_answer(generation) if generation else None
    # The row is found by the id in the column, and requested by the id in the answer, so both must be the same.
    if id_ != (answer.id if answer else None):
        raise ValueError("its id is not that of its generation")
    if answer is not None and not answer.id:
        # A generation without an id cannot be requested.
        answer = None
    return Record(
        hash=digest,
        take=take,
        backend=backend,
        request=known or request_from(from_json(request)),
        written_at=moment(written_at),
        source=source,
        state=state,
        sent_at=moment(sent_at) if sent_at else None,
        sent=request_from(from_json(sent)) if sent else None,
        generation=answer,
        seconds=_float(seconds),
        queued=_float(queued),
        charge=_float(charge),
        file=file,
        sha256=sha256,
        stars=stars,
        note=note,
        tags=tuple(str(tag) for tag in json.loads(tags)) if tags != "[]" else (),
        request_id=request_id,
        further=further_from(json.loads(further)) if further != "[]" else (),
    )


def further_json(further: Iterable[FurtherFile]) -> str:
    """Return further files in the form of the column `further`.

    Args:
        further: the files.
    """
    return json.dumps([asdict(one) for one in further], ensure_ascii=False)


def further_from(documents: Any) -> tuple[FurtherFile, ...]:
    """Return the further files of a ledger or sidecar, which may come with a repository.

    Args:
        documents: the list, as JSON returns it.

    Raises:
        ValueError: it is not a list of files.
    """
    if not isinstance(documents, list):
        raise ValueError("its further files are not a list")
    found = tuple(FurtherFile(str(one["name"]), str(one["sha256"]), str(one["label"])) for one in documents)
    if not all(_HASH.fullmatch(one.sha256) for one in found):
        raise ValueError("not a valid sha256")
    return found


def moment(text: str) -> datetime:
    """Return a time of a ledger or sidecar, which may be foreign; UTC if it has no zone. Raises ValueError."""
    read = datetime.fromisoformat(text)
    if not is_sane(read):
        raise ValueError("not a plausible date")
    return utc(read)


def utc(time: datetime) -> datetime:
    """Return a time with a zone; UTC if it has none."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def is_sane(time: datetime) -> bool:
    """Return whether a time can be expressed in every zone, and in every table."""
    return _YEARS[0] <= time.year <= _YEARS[1]


def _float(value: float | None) -> float | None:
    # RETURNING yields a number as it was passed to SQLite, which may be an int.
    return None if value is None else float(value)
