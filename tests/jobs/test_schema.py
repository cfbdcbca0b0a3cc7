"""Older ledgers become newer ones; newer ones are left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from dream_nb.jobs.ledger import Ledger
from dream_nb.jobs.schema import VERSION

FIRST = """
CREATE TABLE requests (
    hash TEXT NOT NULL, take INTEGER NOT NULL, backend TEXT NOT NULL, request TEXT NOT NULL, written_at TEXT NOT NULL,
    sending INTEGER NOT NULL DEFAULT 0, id TEXT, generation TEXT, file TEXT, sha256 TEXT,
    PRIMARY KEY (hash, take, backend)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX by_id ON requests (backend, id) WHERE id IS NOT NULL;
INSERT INTO requests VALUES
    ('a', 1, 'studio', '{"prompt": "a"}', '2026-01-01T00:00:00+00:00', 1, 'x', '{"id": "x"}', 'a.mp4', '00'),
    ('b', 1, 'hosted', '{"prompt": "b"}', '2026-01-02T00:00:00+00:00', 1, NULL, NULL, NULL, NULL),
    ('c', 1, 'hosted', '{"prompt": "c"}', '2026-01-03T00:00:00+00:00', 0, NULL, NULL, NULL, NULL);
"""


def test_a_ledger_of_the_first_format_is_read(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "ledger.sqlite")
    database.executescript(FIRST)
    database.close()
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert [(record.request.prompt, record.state, record.file) for record in ledger.all()] == [
        ("a", "taken", "a.mp4"),
        ("b", "sending", None),
        ("c", "intended", None),
    ]
    ledger.close()
    assert len(Ledger(tmp_path / "ledger.sqlite").all()) == 3


SECOND = """
CREATE TABLE requests (
    hash TEXT NOT NULL, take INTEGER NOT NULL, backend TEXT NOT NULL, request TEXT NOT NULL, written_at TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, sent_at TEXT, id TEXT, generation TEXT, seconds REAL,
    charge REAL, file TEXT, sha256 TEXT, owner TEXT, lease_until REAL, PRIMARY KEY (hash, take, backend)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX by_id ON requests (backend, id) WHERE id IS NOT NULL;
CREATE TABLE past (backend TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (backend, id)) STRICT, WITHOUT ROWID;
CREATE TABLE prices (
    backend TEXT NOT NULL, kind TEXT NOT NULL, cents REAL NOT NULL, PRIMARY KEY (backend, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO requests (hash, take, backend, request, written_at, state, id, generation, file, sha256) VALUES
    ('a', 1, 'studio', '{"prompt": "a"}', '2026-01-01T00:00:00+00:00', 'taken', 'x', '{"id": "x"}', 'a.mp4', '00');
PRAGMA user_version = 2;
"""


def test_a_ledger_of_an_earlier_format_is_read_where_it_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    database = sqlite3.connect(path)
    database.executescript(SECOND)
    database.close()
    written = path.read_bytes()
    assert [record.file for record in Ledger(path, read_only=True).all()] == ["a.mp4"]
    assert (path.read_bytes(), [found.name for found in tmp_path.iterdir()]) == (written, ["ledger.sqlite"])


def test_a_ledger_of_the_second_format_gains_stars_notes_and_tags(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "ledger.sqlite")
    database.executescript(SECOND)
    database.close()
    ledger = Ledger(tmp_path / "ledger.sqlite")
    record = ledger.all()[0]
    assert (record.file, record.stars, record.note, record.tags) == ("a.mp4", 0, "", ())
    assert ledger.update(record, stars=3).stars == 3


THIRD = (
    SECOND.replace("sha256 TEXT, owner", "sha256 TEXT, stars INTEGER, note TEXT, tags TEXT, owner")
    .replace("file, sha256) VALUES", "file, sha256, stars, note, tags) VALUES")
    .replace("'a.mp4', '00')", "'a.mp4', '00', 4, 'fine', '[]')")
    .replace("user_version = 2", "user_version = 3")
)


def test_a_ledger_of_the_third_format_gains_the_time_in_the_queue(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "ledger.sqlite")
    database.executescript(THIRD)
    database.close()
    ledger = Ledger(tmp_path / "ledger.sqlite")
    record = ledger.all()[0]
    assert (record.file, record.stars, record.queued) == ("a.mp4", 4, None)
    assert ledger.update(record, queued=2.5).queued == 2.5


def test_what_is_asked_all_the_time_is_found_by_an_index(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    asked: list[str] = []
    ledger._database.set_trace_callback(asked.append)
    ledger.settle()
    ledger.under_way()
    ledger.files()
    ledger.durations("studio", "video")
    ledger._database.set_trace_callback(None)
    plans = [
        step["detail"]
        for statement in asked
        if statement.startswith("SELECT")
        for step in ledger._execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    assert [plan for plan in plans if plan.startswith(("SCAN", "SEARCH")) and " INDEX " not in plan] == []
    assert len(plans) >= 4


def test_a_ledger_of_a_later_format_is_refused(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "ledger.sqlite")
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    with pytest.raises(ValueError, match=f"written by a later version of dream_nb .format {VERSION + 1}."):
        Ledger(tmp_path / "ledger.sqlite")


def test_everything_is_written_through_to_the_disk(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert [ledger._execute(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous")] == ["wal", 2]
