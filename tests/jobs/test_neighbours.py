"""A request that a library one folder up or down has paid for is not paid for again in a new library."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dream_nb.api.errors import ConfigurationError, GenerationFailedError
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from dream_nb.studio.faults import Fault
from tests.jobs.hosted import SECONDS, Hosted

REQUEST = make_request("a lake", kind="image")
OTHER = make_request("a hill", kind="image")


def go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)


def buy(server: Hosted, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a library in that folder, let it pay for the request, and close it."""
    go(folder, monkeypatch)
    with server.session() as session:
        session.submit(REQUEST).result(SECONDS)
    return folder / "dreams"


def creates(server: Hosted) -> int:
    return server.books.count("POST")


@pytest.mark.parametrize(("before", "after"), [(".", "nb"), ("nb", ".")])
@pytest.mark.parametrize("library", [None, "dreams"])
def test_it_is_refused_and_both_are_named(
    server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, library: str | None
) -> None:
    there = buy(server, tmp_path / "project" / before, monkeypatch)
    go(tmp_path / "project" / after, monkeypatch)
    with server.session(library) as session:  # type: ignore[arg-type]
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="nothing was sent") as caught:
                session.submit(REQUEST)
        assert session.library.ledger.all() == []
    assert f"{str(there)!r} has it, {str(Path.cwd() / 'dreams')!r} would pay for it again" in str(caught.value)
    assert creates(server) == 1


def test_a_library_is_no_neighbour_of_its_own(server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buy(server, tmp_path / "project", monkeypatch)
    go(tmp_path / "project" / "nb", monkeypatch)
    with server.session("../dreams") as session:
        assert session.submit(REQUEST).replayed
        session.submit(OTHER).result(SECONDS)
    assert creates(server) == 2


def test_the_one_that_is_chosen_by_its_whole_path_is_used(
    server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = buy(server, tmp_path / "project", monkeypatch)
    go(tmp_path / "project" / "nb", monkeypatch)
    monkeypatch.setenv("DREAM_NB_LIBRARY", str(there))
    assert server.session(None).submit(REQUEST).replayed  # type: ignore[arg-type]
    assert creates(server) == 1
    monkeypatch.setenv("DREAM_NB_LIBRARY", str(Path.cwd() / "dreams"))
    server.session(None).submit(REQUEST).result(SECONDS)  # type: ignore[arg-type]
    assert creates(server) == 2


def test_what_it_does_not_hold_is_made(server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buy(server, tmp_path, monkeypatch)
    go(tmp_path / "nb", monkeypatch)
    with server.session() as session:
        session.submit(OTHER).result(SECONDS)
        session.submit(REQUEST, take=2).result(SECONDS)
        session.submit(REQUEST, fresh=True).result(SECONDS)
    assert creates(server) == 4


def test_a_library_that_was_begun_only_later_is_still_a_new_one(
    server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buy(server, tmp_path, monkeypatch)
    go(tmp_path / "nb", monkeypatch)
    with server.session() as session:
        session.submit(OTHER).result(SECONDS)
    with server.session() as session, pytest.raises(ConfigurationError, match="nothing was sent"):
        session.submit(REQUEST)


def test_a_library_that_had_bought_before_is_one_of_its_own(
    server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path / "nb", monkeypatch)
    with server.session() as session:
        session.submit(OTHER).result(SECONDS)
        buy(server, tmp_path, monkeypatch)
        session.submit(REQUEST).result(SECONDS)
    assert creates(server) == 3


def test_what_its_open_session_has_under_way_counts(
    server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, monkeypatch)
    with server.session() as session:
        session.submit(REQUEST).result(SECONDS)
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "dreams").iterdir()}
        go(tmp_path / "nb", monkeypatch)
        with server.session() as other, pytest.raises(ConfigurationError, match="nothing was sent"):
            other.submit(REQUEST)
        assert {path: path.stat().st_mtime_ns for path in (tmp_path / "dreams").iterdir()} == before


def test_a_request_that_goes_on_from_a_dream_is_found_too(
    server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, monkeypatch)
    with server.session() as session:
        lake = session.dream("a lake")
        further = make_request("night falls", frame0=lake.generation.id)
        session.submit(further).result(SECONDS)
    go(tmp_path / "nb", monkeypatch)
    with server.session() as session, pytest.raises(ConfigurationError, match="'night falls', take 1, is in"):
        session.submit(further)


def test_what_costs_nothing_is_made(server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buy(server, tmp_path, monkeypatch)
    go(tmp_path / "nb", monkeypatch)
    with Session(None, "studio") as session:
        assert session.submit(REQUEST).result(SECONDS).backend == "studio"


def test_what_the_studio_drew_there_is_paid_for_here(
    server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, monkeypatch)
    with Session(None, "studio") as session:
        session.submit(REQUEST).result(SECONDS)
    go(tmp_path / "nb", monkeypatch)
    server.session().submit(REQUEST).result(SECONDS)
    assert creates(server) == 1


def test_what_failed_there_is_sent_here(server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.faults.add(Fault(fail="Frame moderation failed"))
    go(tmp_path, monkeypatch)
    with server.session() as session, pytest.raises(GenerationFailedError):
        session.submit(REQUEST).result(SECONDS)
    go(tmp_path / "nb", monkeypatch)
    server.session().submit(REQUEST).result(SECONDS)


def damage(library: Path, how: str) -> None:
    """Replace a ledger by something that cannot be read, or must not be."""
    ledger = library / "ledger.sqlite"
    if how == "folder":
        ledger.unlink()
        ledger.mkdir()
    elif how == "pipe":
        ledger.unlink()
        os.mkfifo(ledger)
    elif how == "cut":
        os.truncate(ledger, ledger.stat().st_size // 2)
    elif how == "noise":
        ledger.write_bytes(os.urandom(8192))
    elif how == "linked file":
        shutil.move(ledger, library.parent.parent / "elsewhere.sqlite")
        ledger.symlink_to(library.parent.parent / "elsewhere.sqlite")
    elif how == "linked folder":
        shutil.move(library, library.parent.parent / "elsewhere")
        library.symlink_to(library.parent.parent / "elsewhere")
    else:
        with closing(sqlite3.connect(ledger)) as database:
            database.executescript(how)


ENDLESS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT max(n) FROM numbers"


@pytest.mark.parametrize(
    "how",
    [
        "folder",
        "pipe",
        "cut",
        "noise",
        "linked file",
        "linked folder",
        "PRAGMA user_version = 999",
        "DROP TABLE requests",
        "ALTER TABLE requests RENAME TO kept; CREATE VIEW requests AS SELECT * FROM kept",
        f"ALTER TABLE requests RENAME TO kept; CREATE VIEW requests AS SELECT *, ({ENDLESS}) FROM kept",
        "ALTER TABLE requests ADD COLUMN more TEXT GENERATED ALWAYS AS (hex(zeroblob(99999999)))",
        "UPDATE requests SET sent_at = 'yesterday'",
        "UPDATE requests SET sent_at = NULL, written_at = '0000'",
        "UPDATE requests SET backend = CAST(x'ff' AS TEXT)",
    ],
)
def test_one_that_cannot_be_read_counts_as_none(
    server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    damage(buy(server, tmp_path / "project", monkeypatch), how)
    go(tmp_path / "project" / "nb", monkeypatch)
    server.session().submit(REQUEST).result(SECONDS)
    assert creates(server) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_one_that_may_not_be_read_counts_as_none(
    server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = buy(server, tmp_path / "project", monkeypatch)
    library.chmod(0)
    go(tmp_path / "project" / "nb", monkeypatch)
    server.session().submit(REQUEST).result(SECONDS)
    library.chmod(0o755)


def test_one_that_is_further_away_is_not_looked_for(
    server: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buy(server, tmp_path, monkeypatch)
    go(tmp_path / "below" / "nb", monkeypatch)
    server.session().submit(REQUEST).result(SECONDS)
    assert creates(server) == 2
