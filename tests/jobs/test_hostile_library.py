"""A library from someone else spends nothing, whatever is written in it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

from dream_nb.api.errors import DreamError, LibraryError, NotReplayedError
from dream_nb.library.ledger import Ledger
from dream_nb.library.repair import rebuild_ledger
from dream_nb.requests.fields import make_request
from dream_nb.requests.identity import request_hash
from dream_nb.session import Session
from tests.fakes.dream_machine import FakeDreamMachine, Reply
from tests.jobs.hosted import HASTE, SECONDS
from tests.kernel import start_kernel
from tests.studio.machine import wait_for

REQUEST = make_request("a lake", kind="image")
PRICES = {"video": 32.0, "image": 1.5}
FAILED = '{"id": "x", "state": "failed"}'
# Of two equal keys, SQLite reads the first and Python's parser the last.
TWO_FACED = '{"id": "x", "state": "dreaming", "state": "failed"}'


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    """A fake that this process uses as the hosted API, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    with FakeDreamMachine("2024").running() as fake:
        fake.use(monkeypatch)
        yield fake


def plant(folder: Path, count: int = 1, /, **columns: Any) -> None:
    """Write rows into the ledger of a library, as a stranger would."""
    folder.mkdir(exist_ok=True)
    Ledger(folder / "ledger.sqlite").close()
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as database:
        for number in range(count):
            request = make_request(f"bought {number}", kind="image") if count > 1 else REQUEST
            row: dict[str, object] = {
                "hash": request_hash(request),
                "take": 1,
                "backend": "dream-machine",
                "request": json.dumps(request.wire()),
                "written_at": datetime.now(UTC).isoformat(),
                "sent_at": datetime.now(UTC).isoformat(),
                "state": "sending",
            } | columns
            if count > 1 and "id" in row:
                row["id"] = f"{row['id']}{number}"
                row["generation"] = str(row["generation"]).replace('"x"', f'"{row["id"]}"')
            names, places = ", ".join(row), ", ".join("?" * len(row))
            database.execute(f"INSERT INTO requests ({names}) VALUES ({places})", tuple(row.values()))
        database.commit()


def change(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def opened(**given: Any) -> Session:
    """A session on the library, after every job that it resumed has ended."""
    session = Session("dreams", patience=HASTE, prices=PRICES, **given)
    wait_for(lambda: not session.jobs())
    return session


ROWS: dict[str, dict[str, object]] = {
    "failed while sending": {"generation": FAILED, "id": "x"},
    "failed while sending, without its id": {"generation": FAILED},
    "failed while taken": {"state": "taken", "generation": FAILED, "id": "x"},
    "two states": {"state": "taken", "generation": TWO_FACED, "id": "x"},
    "taken without a generation": {"state": "taken"},
    "an id that is not the generation's": {"state": "taken", "generation": FAILED, "id": "y"},
    "never answered": {},
    "unknown to the server": {"state": "taken", "generation": '{"id": "x", "state": "queued"}', "id": "x"},
    "a take of nobody": {"take": 0, "generation": FAILED, "id": "x"},
    "a hash of nobody": {"hash": "0", "generation": FAILED, "id": "x"},
    "the hash of another": {"hash": request_hash(make_request("a hill")), "generation": FAILED, "id": "x"},
    "a state of nobody": {"state": "send me", "generation": FAILED, "id": "x"},
    "intended": {"state": "intended", "sent_at": None},
    "intended, with a lease": {"state": "intended", "owner": "x", "lease_until": 9e9},
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_opening_a_library_creates_nothing(fake: FakeDreamMachine, row: dict[str, object]) -> None:
    plant(Path("dreams"), **row)
    opened().close()
    assert fake.posts == []


@pytest.mark.parametrize(
    "given",
    [{}, {"backend": "studio"}, {"backend": "dream-machine"}, {"replay": "free"}, {"replay": "only"}],
    ids=["as it is", "for the studio", "for the hosted API", "free", "only"],
)
def test_sixty_rows_create_nothing_however_the_library_is_opened(fake: FakeDreamMachine, given: dict[str, str]) -> None:
    plant(Path("dreams"), 60, generation=FAILED, id="x", state="taken")
    opened(**given).close()
    assert fake.posts == []


@pytest.mark.parametrize(("name", "value"), [("DREAM_NB_BACKEND", "studio"), ("DREAM_NB_REPLAY", "free")])
def test_the_environment_buys_nothing_either(
    fake: FakeDreamMachine, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    plant(Path("dreams"), 60, generation=FAILED)
    monkeypatch.setenv(name, value)
    opened().close()
    assert fake.posts == []


def test_what_was_only_taken_up_is_sent_when_its_cell_asks_for_it(fake: FakeDreamMachine) -> None:
    plant(Path("dreams"), generation=FAILED, id="x", state="taken")
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert len(fake.posts) == 1


def test_a_job_that_was_taken_up_may_be_asked_for_while_it_looks(fake: FakeDreamMachine) -> None:
    plant(Path("dreams"))
    with Session("dreams", patience=HASTE, prices=PRICES) as session:
        job = session.submit(REQUEST)
        with pytest.raises(DreamError):
            job.result(SECONDS)
    assert fake.posts == []


def test_a_replay_that_is_free_asks_for_nothing_that_was_taken_up(fake: FakeDreamMachine) -> None:
    plant(Path("dreams"), generation=FAILED)
    with Session("dreams", patience=HASTE, prices=PRICES, replay="free") as session, pytest.raises(DreamError):
        session.submit(REQUEST).result(SECONDS)
    assert fake.posts == []


def test_another_backend_than_the_one_asked_for_gets_no_create(fake: FakeDreamMachine) -> None:
    plant(Path("dreams"), state="taken", generation='{"id": "x", "state": "queued"}', id="x")
    with Session("dreams", "studio", patience=HASTE) as session:
        assert session.submit(REQUEST).result(SECONDS).backend == "studio"
    assert fake.posts == []


def test_a_row_under_the_hash_of_another_prompt_does_not_choose_what_is_bought(fake: FakeDreamMachine) -> None:
    other = make_request("a huge film", model="ray-2", resolution="4k")
    plant(Path("dreams"), state="taken", generation=FAILED, id="x", request=json.dumps(other.wire()))
    with (
        opened() as session,
        pytest.raises(LibraryError, match=r"'a lake', take 1, is damaged or inconsistent"),
    ):
        session.submit(REQUEST)
    rebuild_ledger(Path("dreams"))
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).prompt == "a lake"
    assert [post["prompt"] for post in fake.posts] == ["a lake"]


SCHEMAS = {
    "trigger again": "CREATE TRIGGER again AFTER UPDATE OF state ON requests WHEN NEW.state = 'taken'"
    " BEGIN UPDATE requests SET state = 'intended', file = NULL WHERE hash = NEW.hash; END",
    "view seen": "CREATE VIEW seen AS SELECT * FROM requests",
    "table more": "CREATE TABLE more (x)",
    "index later": "CREATE INDEX later ON requests (note)",
    "missing index timed": "DROP INDEX timed",
    "changed table requests": "ALTER TABLE requests ADD COLUMN more TEXT",
}


@pytest.mark.parametrize(("found", "statement"), SCHEMAS.items(), ids=SCHEMAS)
def test_a_ledger_with_another_schema_is_only_read(fake: FakeDreamMachine, found: str, statement: str) -> None:
    with opened() as session:
        path = session.submit(REQUEST).result(SECONDS).path
    change(Path("dreams"), statement)
    before = (path.parent / "ledger.sqlite").read_bytes()
    with opened() as session:
        assert session.submit(REQUEST).result().path == path
        with pytest.raises(NotReplayedError, match=rf"{found}.*%dreams check --rebuild"):
            session.submit(make_request("a hill", kind="image"))
        with pytest.raises(LibraryError, match=found):
            session.library.ledger.intend(REQUEST, 7, "dream-machine")
    assert (len(fake.posts), (path.parent / "ledger.sqlite").read_bytes()) == (1, before)


@pytest.mark.parametrize("statement", SCHEMAS.values(), ids=SCHEMAS)
def test_a_rebuilt_ledger_is_ours_and_has_lost_nothing(fake: FakeDreamMachine, statement: str) -> None:
    with opened() as session:
        dream = session.submit(REQUEST).result(SECONDS)
        dream.mark(stars=4)
    change(Path("dreams"), statement)
    rebuilt = rebuild_ledger(Path("dreams"))
    with opened() as session:
        again = session.submit(REQUEST).result(SECONDS)
        assert (again.stars, session.library.ledger.problem, rebuilt.rows) == (4, "", 1)
        session.submit(make_request("a hill", kind="image")).result(SECONDS)
    assert (len(fake.posts), rebuilt.aside.is_file()) == (2, True)


def linked(path: Path) -> None:
    path.rename("elsewhere.sqlite")
    path.symlink_to(Path("elsewhere.sqlite").absolute())


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no database": lambda path: path.write_bytes(b"no database" * 100),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "a link": linked,
    "an older format": lambda path: change(path.parent, "PRAGMA user_version = 4"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_ledger_is_rebuilt_from_the_sidecars(
    fake: FakeDreamMachine, damage: Callable[[Path], object]
) -> None:
    with opened() as session:
        session.submit(REQUEST).result(SECONDS)
    damage(Path("dreams/ledger.sqlite"))
    rebuild_ledger(Path("dreams"))
    with opened() as session:
        assert session.submit(REQUEST).replayed
    assert len(fake.posts) == 1


def test_a_rebuilt_ledger_keeps_what_is_under_way(fake: FakeDreamMachine) -> None:
    fake.holds = True
    with Session("dreams", patience=HASTE, prices=PRICES) as session:
        session.submit(REQUEST)
        wait_for(lambda: fake.taken and session.library.ledger.under_way()[0].generation)
    change(Path("dreams"), "CREATE TABLE more (x)")
    rebuild_ledger(Path("dreams"))
    fake.holds = False
    with Session("dreams", patience=HASTE, prices=PRICES) as session:
        assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert len(fake.posts) == 1


def test_an_old_ledger_is_kept_aside_under_a_name_of_its_own(fake: FakeDreamMachine) -> None:
    plant(Path("dreams"))
    first, second = (rebuild_ledger(Path("dreams")).aside for _ in range(2))
    assert first != second
    assert first.is_file()
    assert second.is_file()
    assert fake.posts == []


def test_a_library_without_a_ledger_needs_no_rebuilding(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="has no ledger to rebuild"):
        rebuild_ledger(tmp_path)


def leave_a_log(folder: Path, journal: str) -> None:
    """Leave a ledger of 1,000 rows and its log as a program would that is killed while it changes the rows."""
    source = folder.with_name("source.sqlite")
    with closing(Ledger(source)) as ledger:
        for number in range(1000):
            ledger.intend(make_request(f"later {number}"), 1, "studio")
    with closing(sqlite3.connect(source, isolation_level=None)) as database:
        database.execute(f"PRAGMA journal_mode = {journal}")
        # The cache is so small that changes are written at once.
        database.execute("PRAGMA cache_size = 2")
        database.execute("BEGIN")
        database.execute("UPDATE requests SET note = hex(randomblob(300))")
        if journal == "WAL":
            database.execute("COMMIT")
        folder.mkdir()
        for path in source.parent.glob("source.sqlite*"):
            shutil.copy(path, folder / path.name.replace("source", "ledger"))


@pytest.mark.parametrize(("journal", "log"), [("WAL", "ledger.sqlite-wal"), ("DELETE", "ledger.sqlite-journal")])
def test_the_log_of_another_ledger_is_put_aside(
    fake: FakeDreamMachine, caplog: pytest.LogCaptureFixture, journal: str, log: str
) -> None:
    leave_a_log(Path("dreams"), journal)
    Path("dreams/ledger.sqlite").unlink()
    plant(Path("committed"), 40, state="taken", generation=FAILED, id="x")
    Path("committed/ledger.sqlite").rename("dreams/ledger.sqlite")
    with opened() as session:
        assert f"{log} belonged to another ledger, and is kept as {log}-1" in caplog.text
        assert len(session.library.ledger.all()) == 40
        assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert len(fake.posts) == 1


@pytest.mark.parametrize(("journal", "length"), [("WAL", 600), ("DELETE", 0)])
def test_what_a_killed_program_had_finished_is_kept_and_the_rest_undone(
    caplog: pytest.LogCaptureFixture, journal: str, length: int, tmp_path: Path
) -> None:
    leave_a_log(tmp_path / "dreams", journal)
    with closing(Ledger(tmp_path / "dreams" / "ledger.sqlite")) as ledger:
        assert [len(record.note) for record in ledger.all()] == [length] * 1000
    assert "another ledger" not in caplog.text
    assert [path.name for path in (tmp_path / "dreams").iterdir()] == ["ledger.sqlite"]


def test_a_read_only_ledger_with_half_a_change_is_told_as_damaged(tmp_path: Path) -> None:
    leave_a_log(tmp_path / "dreams", "DELETE")
    path = tmp_path / "dreams" / "ledger.sqlite"
    before = path.read_bytes()
    with closing(Ledger(path, read_only=True)) as ledger, pytest.raises(LibraryError, match="is damaged"):
        ledger.all()
    assert path.read_bytes() == before


LINES = (
    "%dream --dry-run -i a lake",
    "%dreams history",
    "%dreams check",
    "%dreams jobs",
    "import dream_nb; dream_nb.Gallery()",
)


def test_no_line_of_a_notebook_that_makes_nothing_buys_anything(fake: FakeDreamMachine, tmp_path: Path) -> None:
    plant(Path("dreams"), 60, state="taken", generation=FAILED, id="x")
    with start_kernel(tmp_path, **fake.environment()) as kernel:
        for source in LINES:
            assert kernel.run(source).error is None, source
        assert kernel.run("from dream_nb.default import default_session; len(default_session().jobs())").result == "0"
    assert fake.posts == []


def test_nbval_buys_nothing(fake: FakeDreamMachine, tmp_path: Path) -> None:
    plant(Path("dreams"), 60, state="taken", generation=FAILED, id="x")
    cells = [nbformat.v4.new_code_cell(source) for source in ("%load_ext dream_nb", "d = %dream --dry-run -i a pond")]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "x"}})
    nbformat.write(notebook, tmp_path / "theirs.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q", "theirs.ipynb"]
    done = subprocess.run(
        command, env=os.environ | fake.environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert fake.posts == []


QUEUED = '{"id": "x", "state": "queued"}'
ODD: dict[str, dict[str, object]] = {
    "taken without a generation": {"state": "taken"},
    "taken without an id": {"state": "taken", "generation": '{"state": "queued"}'},
    "taken with an empty id": {"state": "taken", "generation": '{"id": "", "state": "queued"}', "id": ""},
    "unknown with a generation": {"state": "unknown", "generation": QUEUED, "id": "x"},
    "finished with a file that is not there": {"state": "taken", "file": "../x.jpg"},
    "held for ever": {"owner": "x", "lease_until": None},
    "tags without an end": {"tags": "[" * 100_000},
    "the last take of all": {"take": 2**63 - 1},
    "a last take": {"take": 10_000},
    "answered by the first clock": {
        "generation": '{"id": "x", "state": "queued", "created_at": "0001-01-01T00:00:00Z"}',
        "id": "x",
        "take": 2,
    },
}


@pytest.mark.parametrize("row", ODD.values(), ids=ODD)
def test_whatever_a_row_says_each_error_is_one_of_ours(fake: FakeDreamMachine, row: dict[str, object]) -> None:
    plant(Path("dreams"), **row)
    fake.replies.append(Reply(408, taken=True))
    with opened() as session:
        for fresh in (False, True, False):
            with contextlib.suppress(DreamError):
                session.submit(REQUEST, fresh=fresh).result(SECONDS)
        for lost in session.lost():
            session.settle(lost, None)
        with contextlib.suppress(DreamError):
            session.submit(REQUEST).result(SECONDS)
        session.sync()
        session.history()
    assert len(fake.taken) <= 2
