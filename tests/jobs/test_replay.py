"""Running a notebook again pays for nothing twice."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import dream_nb
from dream_nb.api.errors import ConfigurationError, LibraryError, NotReplayedError
from dream_nb.library.library import Library
from dream_nb.requests.fields import make_request
from dream_nb.requests.sources import picture
from dream_nb.session import Session
from tests.jobs.hosted import SECONDS, Hosted, sidecar, texts

REQUEST = make_request("a lake", kind="image")


@pytest.fixture
def made(server: Hosted) -> Path:
    """A closed library with one dream of the hosted API."""
    with server.session() as session:
        session.submit(REQUEST).result(SECONDS)
    return Path("dreams")


@pytest.fixture
def _offline(made: Path, server: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - the dream exists first
    for name in ("LUMAAI_API_KEY", "LUMAAI_BASE_URL", "DREAM_NB_BACKEND"):
        monkeypatch.delenv(name)
    server.faults.clear()


def test_a_replay_says_that_nothing_was_spent(server: Hosted, made: Path) -> None:
    calls = len(server.books.calls)
    job = server.session(made).submit(REQUEST)
    assert job.progress.note == "from your library, nothing spent; -t makes another take"
    assert len(server.books.calls) == calls


@pytest.mark.usefixtures("_offline")
def test_a_hosted_dream_is_replayed_without_key_and_network(made: Path) -> None:
    with Session(made) as session:
        job = session.submit(REQUEST)
        assert (job.replayed, job.result().backend, session.backend) == (True, "dream-machine", "studio")


def test_a_chosen_backend_takes_no_dream_of_another(made: Path) -> None:
    with Session(made, "studio") as session:
        assert session.submit(REQUEST).result(SECONDS).backend == "studio"


def test_fresh_makes_the_next_take_at_every_run(server: Hosted, made: Path) -> None:
    session = server.session(made)
    takes = [session.submit(REQUEST, fresh=True).result(SECONDS).take for _ in range(2)]
    assert (takes, len(server.made)) == ([2, 3], 3)


@pytest.mark.parametrize("replay", ["only", "free"])
def test_a_miss_is_an_error_and_not_a_purchase(server: Hosted, made: Path, replay: str) -> None:
    session = server.session(made, replay=replay)
    assert session.submit(REQUEST).result().state == "completed"
    with pytest.raises(NotReplayedError, match=r"'a pond', take 1, is not in the library 'dreams'.*allows nothing new"):
        session.submit(make_request("a pond"))
    assert server.books.count("POST") == 1


def test_free_makes_what_costs_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_REPLAY", "free")
    with Session("elsewhere") as free:
        assert free.submit(REQUEST).result(SECONDS).backend == session.backend


def test_an_unknown_replay_names_the_choices(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="replay 'never' is not one of off, free, only"):
        Session(tmp_path, replay="never")  # type: ignore[arg-type]


READ_ONLY = """
import os, sys
from dream_nb.requests.sources import picture
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from dream_nb.api.errors import NotReplayedError
if os.geteuid() == 0:
    # The superuser may write anywhere.
    os.setuid(65534)
with Session("dreams") as session:
    dream = session.submit(make_request("a lake", kind="image")).result()
    print(dream.path.read_bytes().hex())
    try:
        session.submit(make_request("a pond"))
    except NotReplayedError as error:
        print(error)
"""


@pytest.mark.usefixtures("_offline")
@pytest.mark.skipif(os.name != "posix", reason="needs users")
def test_a_read_only_copy_is_replayed_byte_for_byte(made: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(made, copy / "dreams", ignore=shutil.ignore_patterns(".studio"))
        content = next(copy.glob("dreams/*.jpg")).read_bytes()
        for path in [*copy.rglob("*"), copy]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        command = [sys.executable, "-c", READ_ONLY]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        for path in (copy, copy / "dreams"):
            path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    shown, miss = done.stdout.splitlines()
    assert bytes.fromhex(shown) == content
    assert "is not in the library 'dreams', and the folder is not writable" in miss


def test_a_closed_library_is_plain_files(made: Path) -> None:
    names = sorted(path.name for path in made.iterdir())
    assert [name.rpartition("-")[0] or name for name in names] == ["lake", "lake", "ledger.sqlite"]


def test_the_ledger_is_whole_as_soon_as_nothing_is_in_flight(server: Hosted, tmp_path: Path) -> None:
    server.session().submit(REQUEST).result(SECONDS)
    (tmp_path / "copy").mkdir()
    shutil.copy("dreams/ledger.sqlite", tmp_path / "copy" / "ledger.sqlite")
    (record,) = Library(tmp_path / "copy").ledger.all()
    assert record.file is not None


def test_sidecars_rebuild_a_lost_ledger(made: Path, server: Hosted) -> None:
    (made / "ledger.sqlite").unlink()
    job = server.session(made).submit(REQUEST)
    assert (job.replayed, job.result().generation.id) == (True, server.made[0]["id"])


def test_a_sidecar_holds_the_request_and_where_it_came_from(made: Path, server: Hosted) -> None:
    (picture,) = made.glob("*.jpg")
    document = sidecar(picture)
    assert document["request"]["prompt"] == "a lake"
    assert document["generation"]["id"] == server.made[0]["id"]
    assert (document["version"], document["take"], document["backend"]) == (1, 1, "dream-machine")


def test_a_sidecar_names_the_version_of_the_library_that_wrote_it(made: Path) -> None:
    (picture,) = made.glob("*.jpg")
    assert sidecar(picture)["dream_nb"] == dream_nb.__version__


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"hash": "../x"},
        {"hash": 64 * "0"},
        {"take": "1"},
        {"take": 0},
        {"backend": "elsewhere"},
        {"request": {"generation_type": "video", "keyframes": 7}},
        {"request": None},
        {"sha256": None},
        {"written_at": "yesterday"},
        {"generation": 7},
    ],
)
def test_a_sidecar_that_is_none_is_ignored_with_a_line(
    made: Path, change: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    (picture,) = made.glob("*.jpg")
    path = picture.with_name(picture.name + ".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    (made / "ledger.sqlite").unlink()
    assert Library(made).ledger.all() == []
    (line,) = caplog.messages
    assert line.startswith(f"{path.name} is ignored: it is not the sidecar of a dream")


def test_a_sidecar_of_a_link_is_ignored(made: Path, tmp_path: Path) -> None:
    (picture,) = made.glob("*.jpg")
    picture.rename(tmp_path / "outside.jpg")
    picture.symlink_to(tmp_path / "outside.jpg")
    (made / "ledger.sqlite").unlink()
    assert Library(made).ledger.all() == []


@pytest.mark.parametrize("column", ["request", "generation", "written_at", "sent_at"])
def test_a_damaged_row_is_ignored_with_a_line(made: Path, column: str, caplog: pytest.LogCaptureFixture) -> None:
    database = sqlite3.connect(made / "ledger.sqlite")
    database.execute(f"UPDATE requests SET {column} = '{{['")
    database.commit()
    database.close()
    for path in made.glob("*.json"):
        path.unlink()
    library = Library(made)
    assert library.ledger.all() == library.ledger.under_way() == []
    assert "a row of the library's ledger is ignored" in caplog.text


def test_a_ledger_that_is_none_is_one_clear_line(made: Path) -> None:
    (made / "ledger.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(LibraryError, match=r"ledger.sqlite' is damaged .*%dreams check --rebuild moves it aside"):
        Library(made)


def test_a_ledger_that_is_a_link_is_refused(made: Path, tmp_path: Path) -> None:
    (made / "ledger.sqlite").rename(tmp_path / "elsewhere.sqlite")
    (made / "ledger.sqlite").symlink_to(tmp_path / "elsewhere.sqlite")
    with pytest.raises(LibraryError, match="is a link"):
        Library(made)


def test_the_key_is_in_no_file(made: Path, server: Hosted) -> None:
    assert server.key in server.books.keys[0]
    assert server.key not in texts(made)


def test_a_library_that_was_moved_is_replayed(made: Path, server: Hosted, tmp_path: Path) -> None:
    moved = made.rename(tmp_path / "elsewhere")
    job = server.session(moved).submit(REQUEST)
    assert (job.replayed, job.result().path.absolute().parent) == (True, moved)


def test_what_was_pruned_is_fetched_again_and_not_paid_for(made: Path, server: Hosted) -> None:
    session = server.session(made)
    content = session.library.prune(0)[0].name
    job = session.submit(REQUEST)
    assert (job.result(SECONDS).path.name, server.books.count("POST")) == (content, 1)


def test_a_picture_of_the_library_counts_as_what_made_it(tmp_path: Path, small: None) -> None:  # noqa: ARG001
    digests, files = [], []
    for name in ("here", "there"):
        with Session(tmp_path / name) as session:
            boat = session.dream("a red boat", kind="image")
            follows = session.dream("a ship", kind="image", style_ref=[{"url": picture(boat)}])
            digests.append(follows.hash)
            files.append(boat.sha256)
    assert files[0] != files[1]
    assert digests[0] == digests[1]
