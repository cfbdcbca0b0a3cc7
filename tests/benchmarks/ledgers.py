"""A large ledger, beside bare sqlite3 with the same statements."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from dream_nb.api.request_models import GenerationRequest
from dream_nb.library.ledger import Ledger
from dream_nb.requests.identity import request_hash
from dream_nb.session import Session
from tests.benchmarks.bench import Bench, Figure, Once, Pair

_FINDS: Final = 200
_INTENTS: Final = 50


def asked(number: int) -> GenerationRequest:
    """The request of a row."""
    return GenerationRequest(prompt=f"a serene lake at sunset, number {number}", loop=True)


def fill(folder: Path, rows: int) -> None:
    """Make a library whose ledger has that many finished rows; their files do not exist."""
    folder.mkdir(parents=True)
    path = folder / "ledger.sqlite"
    Ledger(path).close()
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany(
            "INSERT INTO requests (hash, take, backend, request, written_at, state, sent_at, id, generation, seconds,"
            " charge, file, sha256) VALUES (?, 1, 'studio', ?, ?, 'taken', ?, ?, ?, 9.5, 32, ?, ?)",
            map(_row, range(rows)),
        )


def _row(number: int) -> tuple[object, ...]:
    request = asked(number)
    digest = request_hash(request)
    day, second = divmod(number, 86_400)
    moment = f"2026-01-{1 + day:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000000+00:00"
    uid = f"00000000-0000-4000-8000-{number:012d}"
    document = {
        "id": uid,
        "generation_type": "video",
        "state": "completed",
        "created_at": moment,
        "assets": {"video": f"http://studio/dream-machine/v1/assets/{uid}.mp4"},
        "request": request.wire(),
    }
    asset = f"serene-lake-at-sunset-{digest[:12]}.mp4"
    return digest, json.dumps(request.wire()), moment, moment, uid, json.dumps(document), asset, digest


@contextmanager
def prepare(folder: Path, size: int) -> Iterator[Once]:
    """Measure with a library of that many rows, and bare sqlite3 with a copy of its ledger."""
    library, copy = folder / "dreams", folder / "copy.sqlite"
    fill(library, size)
    path = library / "ledger.sqlite"
    shutil.copyfile(path, copy)
    numbers = itertools.count()

    def once(*, beside: bool) -> Mapping[str, Pair]:
        wanted = [asked(next(numbers) * 7919 % size) for _ in range(_FINDS)]
        with _recorded() as recorded:
            milliseconds, said = {}, {}
            for name, part in _parts(library, wanted):
                recorded.clear()
                began = time.perf_counter()
                part()
                milliseconds[name] = 1000 * (time.perf_counter() - began)
                said[name] = list(recorded)
        other = _repeated(copy, said) if beside else {}
        times = {"find": _FINDS, "intend": _INTENTS}
        return {
            name: (own / times.get(name, 1), other[name] / times.get(name, 1) if beside else None)
            for name, own in milliseconds.items()
        }

    yield once


def _parts(library: Path, wanted: list[GenerationRequest]) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the name of each measurement, and the function to time."""
    opened: list[Ledger] = []
    yield "open", lambda: opened.append(Ledger(library / "ledger.sqlite"))
    with closing(opened[0]) as ledger:
        digests = [ledger.hash(request) for request in wanted]

        def find() -> None:
            for digest in digests:
                assert ledger.find(digest, 1, "studio") is not None

        def intend() -> None:
            for request in wanted[:_INTENTS]:
                ledger.intend(request, None, "studio")

        yield "find", find
        yield "intend", intend
    sessions: list[Session] = []
    yield "session", lambda: sessions.append(Session(library, "studio"))
    sessions[0].close()


class _Recording(sqlite3.Connection):
    """A connection that records its statements."""

    said: ClassVar[list[tuple[Any, ...]]] = []

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        self.said.append(statement)
        return super().execute(*statement)


@contextmanager
def _recorded() -> Iterator[list[tuple[Any, ...]]]:
    """Record all statements, with their values, of connections that are opened in the context."""
    connect = sqlite3.connect
    sqlite3.connect = partial(connect, factory=_Recording)  # type: ignore[assignment]
    try:
        yield _Recording.said
    finally:
        sqlite3.connect = connect


def _repeated(path: Path, said: Mapping[str, list[tuple[Any, ...]]]) -> dict[str, float]:
    """Milliseconds that the same statements take on a bare connection, including its opening if that is measured."""
    took: dict[str, float] = {}
    for name, statements in said.items():
        began = time.perf_counter()
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            if name in {"find", "intend"}:
                began = time.perf_counter()
            for statement in statements:
                connection.execute(*statement).fetchall()
            took[name] = 1000 * (time.perf_counter() - began)
    return took


LEDGER = Bench(
    name="ledger",
    figures={
        "open": Figure("ledger of 100,000 rows: opening", "bare sqlite3, the same statements", "ms", 3),
        "find": Figure("ledger of 100,000 rows: finding a request", "bare sqlite3, the same statements", "ms", 3),
        "intend": Figure("ledger of 100,000 rows: writing an intent", "bare sqlite3, the same statements", "ms", 3),
        "session": Figure("a session on that library: opening", "bare sqlite3, the same statements", "ms", 2),
    },
    prepare=prepare,
    size=100_000,
    tiny=20,
    repeats=7,
)
