"""How databases are opened, and which are recognised as made by one of our scripts."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from dream_nb.api.errors import ConfigurationError
from dream_nb.library.library import Library
from dream_nb.sqlite import choose_journal, connect, differences, move, transaction
from dream_nb.studio.database import Database

connect_to = sqlite3.connect

SCHEMA = """
CREATE TABLE dreams (id TEXT PRIMARY KEY, prompt TEXT NOT NULL UNIQUE);
CREATE INDEX by_prompt ON dreams (prompt);
CREATE VIEW prompts AS SELECT prompt FROM dreams;
"""


def without_json(*_: object) -> sqlite3.Connection:
    """A database that cannot read JSON, like that of an SQLite built without it."""
    database = connect_to(":memory:")
    database.set_authorizer(lambda *asked: sqlite3.SQLITE_DENY if "json_extract" in asked else sqlite3.SQLITE_OK)
    return database


@pytest.mark.parametrize("open_one", [Library, lambda folder: Database(folder / "studio.sqlite", 1000)])
@pytest.mark.parametrize(
    ("version", "said"), [((3, 34, 1), "3.34.1"), ((3, 37, 0), "3.37.0 without JSON")], ids=["old", "no-json"]
)
def test_an_sqlite_that_does_not_do_is_told_in_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_one: Callable[[Path], object],
    version: tuple[int, int, int],
    said: str,
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    monkeypatch.setattr(sqlite3, "sqlite_version", ".".join(map(str, version)))
    monkeypatch.setattr(sqlite3, "connect", without_json)
    with pytest.raises(ConfigurationError, match=rf"needs SQLite 3\.37 or later, and this Python has {said}: use a"):
        open_one(tmp_path)
    assert list(tmp_path.iterdir()) == []


class Mount(NamedTuple):
    """A mounted file system, as psutil describes it."""

    mountpoint: str
    fstype: str
    opts: str = "rw"


def journal(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database:
        choose_journal(database, path)
        return str(database.execute("PRAGMA journal_mode").fetchone()[0])


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("disk", "wal"),
        ("disk/nfs", "delete"),
        ("disk/nfs/disk", "wal"),
        ("disk/nfsx", "wal"),
        ("disk/bucket", "delete"),
        ("disk/share", "delete"),
        ("disk/was local", "delete"),
        ("elsewhere", "delete"),
    ],
)
def test_only_a_local_file_system_gets_a_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, expected: str
) -> None:
    home = tmp_path.resolve()
    mounts = [
        Mount(f"{home}/disk", "ext4"),
        Mount(f"{home}/disk/nfs", "nfs4"),
        Mount(f"{home}/disk/nfs/disk", "APFS"),
        Mount(f"{home}/disk/bucket", "fuse.gcsfuse"),
        Mount(f"{home}/disk/share", "NTFS", "rw,remote"),
        Mount(f"{home}/disk/was local", "xfs"),
        Mount(f"{home}/disk/was local", "virtiofs"),
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
    assert journal(tmp_path / folder / "studio.sqlite") == expected


def test_where_the_mounts_cannot_be_read_there_is_a_rollback_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(psutil, "disk_partitions", denied)
    assert journal(tmp_path / "studio.sqlite") == "delete"


def test_a_file_that_another_process_has_locked_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    with (
        closing(sqlite3.connect(path, timeout=0)) as ours,
        closing(sqlite3.connect(path, check_same_thread=False)) as other,
    ):
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            ours.execute("PRAGMA journal_mode = WAL")
        threading.Timer(0.2, other.rollback).start()
        choose_journal(ours, path)
        assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_change_whose_journal_a_removed_file_of_that_name_takes_away_is_made(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as removed:
        removed.execute("CREATE TABLE dreams (id)")
        removed.execute("BEGIN IMMEDIATE")
        removed.execute("INSERT INTO dreams VALUES ('old')")
        for file in tmp_path.iterdir():
            file.unlink()
        with closing(sqlite3.connect(path, isolation_level=None)) as ours:
            ours.execute("CREATE TABLE dreams (id)")
            with transaction(ours):
                ours.execute("INSERT INTO dreams VALUES ('new')")
                removed.execute("COMMIT")
                assert [file.name for file in tmp_path.iterdir()] == [path.name]
            assert ours.execute("SELECT id FROM dreams").fetchall() == [("new",)]
            assert not ours.in_transaction
        with closing(sqlite3.connect(path)) as again:
            assert again.execute("SELECT id FROM dreams").fetchall() == [("new",)]


def test_a_transaction_that_fails_changes_nothing(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as database:
        database.execute("CREATE TABLE dreams (id UNIQUE)")
        with pytest.raises(sqlite3.IntegrityError), transaction(database):
            database.executemany("INSERT INTO dreams VALUES (?)", [("same",), ("same",)])
        assert database.execute("SELECT * FROM dreams").fetchall() == []


def test_a_name_that_means_something_in_a_uri_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "50% of it? #1.sqlite"
    with closing(connect(path)) as database:
        database.execute("CREATE TABLE dreams (id)")
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_opened_to_be_read_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        connect(tmp_path / "ledger.sqlite", "mode=ro").close()
    assert list(tmp_path.iterdir()) == []


def test_a_database_is_moved_with_the_logs_that_are_beside_it(tmp_path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"ledger.sqlite{suffix}").write_text(suffix)
    move(tmp_path / "ledger.sqlite", tmp_path / "aside.sqlite")
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"aside.sqlite": "", "aside.sqlite-wal": "-wal", "aside.sqlite-shm": "-shm"}


def differing(*statements: str) -> list[str]:
    """The differences from the schema above in a database after these statements."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(SCHEMA + ";".join(statements))
        return differences(database, SCHEMA)


def test_a_database_that_the_same_script_made_has_no_differences() -> None:
    assert differing() == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("CREATE TRIGGER spy AFTER INSERT ON dreams BEGIN DELETE FROM dreams; END", ["trigger spy"]),
        ("CREATE TABLE more (x)", ["table more"]),
        ("CREATE VIEW seen AS SELECT 1", ["view seen"]),
        ("CREATE INDEX again ON dreams (id, prompt)", ["index again"]),
        ("CREATE UNIQUE INDEX again ON dreams (prompt)", ["index again"]),
        ("DROP INDEX by_prompt", ["missing index by_prompt"]),
        ("DROP VIEW prompts", ["missing view prompts"]),
        ("ALTER TABLE dreams ADD COLUMN note DEFAULT 'x'", ["changed table dreams"]),
        ("DROP INDEX by_prompt; CREATE INDEX by_prompt ON dreams (id)", ["changed index by_prompt"]),
        ("DROP VIEW prompts; CREATE TABLE prompts (x)", ["table prompts", "missing view prompts"]),
        ("DROP TABLE dreams", ["missing index by_prompt", "missing table dreams"]),
    ],
)
def test_every_difference_is_named(statement: str, expected: list[str]) -> None:
    assert differing(statement) == expected


def test_the_names_of_strangers_stay_on_one_short_line() -> None:
    (shown,) = differing(f'CREATE TABLE "a\n\x1b[31m{"x" * 500}" (x)')
    assert shown.isprintable()
    assert len(shown) < 100


def test_what_analyze_writes_is_no_difference() -> None:
    assert differing("INSERT INTO dreams VALUES ('1', 'a lake')", "ANALYZE") == []


@pytest.mark.parametrize("kind", ["table", "trigger"])
@pytest.mark.parametrize("name", ["sqlite_stat1", "sqlite_autoindex_dreams_9"])
def test_a_trigger_under_a_name_of_sqlites_own_is_found(tmp_path: Path, kind: str, name: str) -> None:
    path = tmp_path / "crafted.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            f"{SCHEMA} CREATE TRIGGER spy AFTER INSERT ON dreams BEGIN DELETE FROM dreams; END;"
            f"PRAGMA writable_schema = ON; UPDATE sqlite_master SET name = '{name}', type = '{kind}' WHERE name = 'spy'"
        )
    with closing(sqlite3.connect(path)) as database:
        try:
            assert differences(database, SCHEMA) == [f"{kind} {name}"]
        except sqlite3.DatabaseError as error:  # newer versions of SQLite raise this themselves
            assert "malformed" in str(error)  # noqa: PT017


def test_rows_may_come_as_the_connection_likes_them(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as database:
        database.executescript(SCHEMA)
        database.row_factory = sqlite3.Row
        database.text_factory = bytes
        assert differences(database, SCHEMA) == []
        assert database.text_factory is bytes


def test_names_that_are_no_text_are_found(tmp_path: Path) -> None:
    path = tmp_path / "crafted.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(f"{SCHEMA} CREATE TABLE aaaa (x)")
    path.write_bytes(path.read_bytes().replace(b"aaaa", b"\xff\xfe\xff\xfe"))
    with closing(sqlite3.connect(path)) as database:
        assert len(differences(database, SCHEMA)) == 1


def test_what_is_no_database_is_an_error_of_sqlite(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"no database" * 100)
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as database, pytest.raises(sqlite3.DatabaseError):
        differences(database, SCHEMA)
