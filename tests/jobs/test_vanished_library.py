"""If the folder of an open session is removed, renamed, checked out or replaced, no request is paid for twice."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dream_nb.api.errors import DreamError, LibraryError
from dream_nb.library.ledger import Ledger
from dream_nb.library.repair import rebuild_ledger
from dream_nb.requests.fields import make_request
from dream_nb.results.job import Job
from dream_nb.session import Session
from tests.fakes.dream_machine import FakeDreamMachine, Reply
from tests.jobs.hosted import HASTE, SECONDS
from tests.studio.machine import wait_for

REQUEST = make_request("a lake", kind="image")
PRICES = {"video": 32.0, "image": 1.5}
DREAMS = Path("dreams")
LEDGER = DREAMS / "ledger.sqlite"
SECOND_PROCESS = """
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from tests.jobs.hosted import HASTE
with Session("dreams", patience=HASTE, prices={"image": 1.5}) as session:
    print(session.submit(make_request("a lake", kind="image")).result(240).path.is_file())
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    """A fake of the hosted API, and a committed library with one unrelated dream."""
    monkeypatch.chdir(tmp_path)
    with FakeDreamMachine("2024").running() as fake:
        fake.use(monkeypatch)
        with opened() as session:
            session.submit(make_request("a hill", kind="image")).result(SECONDS)
        git("init", "-q")
        git("add", "dreams")
        git("commit", "-q", "-m", "the library")
        fake.posts.clear()
        yield fake


ATTEMPTS = 20


def git(*arguments: str, check: bool = True) -> None:
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "safe.directory=*"]
    subprocess.run(["git", *author, *arguments], check=check, capture_output=True)


def opened() -> Session:
    return Session("dreams", patience=HASTE, prices=PRICES)


def removed() -> None:
    # Rename first, in one step: an open session may create a new ledger meanwhile.
    shutil.rmtree(DREAMS.rename("removed"))


def replaced() -> None:
    """Replace the library by another."""
    DREAMS.rename("before")
    DREAMS.mkdir()
    Ledger(LEDGER).close()


def unlinked() -> None:
    for path in DREAMS.glob("ledger.sqlite*"):
        path.unlink()


def cleaned() -> None:
    git("rm", "-q", "--cached", "-r", "dreams")
    # An open session may write a new ledger meanwhile; git then reports that it could not remove the folder.
    git("clean", "-fdxq", check=False)


def checked_out() -> None:
    LEDGER.unlink()
    # git does not overwrite a ledger that an open session creates at that moment, so try again.
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(subprocess.CalledProcessError):
            git("checkout", "-q", "--", "dreams")
            return
    git("checkout", "-q", "--", "dreams")


def copied() -> None:
    shutil.copy(LEDGER, "copy")
    Path("copy").replace(LEDGER)


CHANGES: dict[str, Callable[[], object]] = {
    "removed": removed,
    "renamed": lambda: DREAMS.rename("before"),
    "another library in its place": replaced,
    "ledger deleted": LEDGER.unlink,
    "ledger and log deleted": unlinked,
    "cleaned": cleaned,
    "checked out": checked_out,
    "rewritten by a copy": copied,
}
every_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


def under_way(session: Session, fake: FakeDreamMachine) -> Job:
    fake.holds = True
    job = session.submit(REQUEST)
    wait_for(lambda: any(record.generation for record in session.library.ledger.under_way()))
    return job


def ask(session: Session) -> None:
    """Submit as often as a user would: an error says that nothing was lost, or how to continue."""
    for _ in range(3):
        try:
            assert session.submit(REQUEST).result(SECONDS).path.is_file()
            return
        except DreamError:
            continue


@every_change
def test_a_change_before_the_create_is_noticed_and_loses_no_intent(
    fake: FakeDreamMachine, change: Callable[[], object]
) -> None:
    with opened() as session:
        change()
        ask(session)
        assert [record.request for record in Ledger(LEDGER).all() if record.request == REQUEST] == [REQUEST]
    with opened() as session:
        ask(session)
    assert len(fake.posts) == 1


@every_change
def test_a_change_while_a_dream_is_made_does_not_send_it_again(
    fake: FakeDreamMachine, change: Callable[[], object]
) -> None:
    with opened() as session:
        job = under_way(session, fake)
        change()
        with opened() as second:
            again = second.submit(REQUEST)
            fake.holds = False
            job.exception(SECONDS)
            again.exception(SECONDS)
            ask(second)
        ask(session)
    assert len(fake.posts) == 1


@every_change
def test_a_change_between_two_sessions_does_not_send_what_was_under_way_again(
    fake: FakeDreamMachine, change: Callable[[], object]
) -> None:
    with opened() as session:
        under_way(session, fake)
    change()
    fake.holds = False
    with opened() as session:
        ask(session)
    assert len(fake.posts) == 1


@pytest.mark.parametrize("name", ["removed", "checked out", "ledger deleted"])
def test_another_process_does_not_send_it_again_either(fake: FakeDreamMachine, name: str) -> None:
    with opened() as session:
        under_way(session, fake)
        CHANGES[name]()
        fake.holds = False
        done = subprocess.run(
            [sys.executable, "-c", SECOND_PROCESS], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    assert done.stdout == "True\n", done.stderr
    assert len(fake.posts) == 1


@every_change
def test_a_create_whose_answer_got_lost_is_not_sent_again_after_a_change(
    fake: FakeDreamMachine, change: Callable[[], object]
) -> None:
    fake.replies.append(Reply(taken=True))
    fake.hides = 10**6
    with opened() as session, pytest.raises(DreamError):
        session.submit(REQUEST).result(SECONDS)
    change()
    fake.hides, fake._hidden = 0, dict.fromkeys(fake._hidden, 0)
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).path.is_file()
    assert len(fake.posts) == 1


def test_a_truncated_ledger_is_rebuilt_and_sends_nothing_twice(fake: FakeDreamMachine) -> None:
    with opened() as session:
        under_way(session, fake)
        os.truncate(LEDGER, 0)
        fake.holds = False
        ask(session)
    assert rebuild_ledger(DREAMS).rows >= 1
    with opened() as session:
        ask(session)
    assert len(fake.posts) == 1


def test_a_foreign_ledger_in_the_place_of_ours_gets_no_create(fake: FakeDreamMachine) -> None:
    with opened() as session:
        replaced()
        shutil.copy(LEDGER, "foreign")
        with sqlite3.connect("foreign") as database:
            database.execute("CREATE VIEW all_of_it AS SELECT * FROM requests")
        database.close()
        Path("foreign").replace(LEDGER)
        with pytest.raises(
            LibraryError, match=r"was replaced while it was open, and .*view all_of_it.*nothing was sent"
        ):
            session.submit(REQUEST).result(SECONDS)
    assert fake.posts == []


def test_what_failed_is_sent_again_after_the_library_was_removed(fake: FakeDreamMachine) -> None:
    fake.fail = lambda _: "out of colours"
    with opened() as session:
        assert session.submit(REQUEST).exception(SECONDS) is not None
    shutil.rmtree(DREAMS)
    fake.fail = lambda _: None
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert len(fake.posts) == 2


def test_what_failed_before_the_library_was_removed_answers_no_later_create(fake: FakeDreamMachine) -> None:
    fake.fail = lambda _: "out of colours"
    with opened() as session:
        assert session.submit(REQUEST).exception(SECONDS) is not None
    shutil.rmtree(DREAMS)
    fake.fail = lambda _: None
    fake.replies.append(Reply(502, taken=True))
    fake.hides = 1
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[-1]["id"]
    assert len(fake.posts) == 2


def test_what_was_made_is_fetched_again_after_the_library_was_removed(fake: FakeDreamMachine) -> None:
    with opened() as session:
        first = session.submit(REQUEST).result(SECONDS).generation.id
    shutil.rmtree(DREAMS)
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).generation.id == first
    assert len(fake.posts) == 1


def test_what_was_deleted_at_its_server_is_not_remembered(fake: FakeDreamMachine) -> None:
    with opened() as session:
        session.delete(session.submit(REQUEST).result(SECONDS), files=True)
    shutil.rmtree(DREAMS)
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert len(fake.posts) == 2


def kept() -> None:
    shutil.copy(LEDGER, "older")


def put_back() -> None:
    shutil.copy("older", "copy")
    Path("copy").replace(LEDGER)


def test_an_older_ledger_that_knows_a_failure_does_not_send_again_what_was_sent_since(fake: FakeDreamMachine) -> None:
    fake.fail = lambda _: "out of colours"
    with opened() as session:
        assert session.submit(REQUEST).exception(SECONDS) is not None
    kept()
    fake.fail = lambda _: None
    with opened() as session:
        under_way(session, fake)
    put_back()
    fake.holds = False
    with opened() as session:
        ask(session)
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[-1]["id"]
    assert len(fake.posts) == 2


def test_an_older_ledger_that_waits_for_what_failed_since_does_not_send_again_what_was_sent_since(
    fake: FakeDreamMachine,
) -> None:
    with opened() as session:
        under_way(session, fake)
        kept()
        fake.fail = lambda _: "out of colours"
        fake.holds = False
        assert session.submit(REQUEST).exception(SECONDS) is not None
        fake.fail = lambda _: None
        under_way(session, fake)
    put_back()
    fake.holds = False
    with opened() as session:
        ask(session)
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[-1]["id"]
    assert len(fake.posts) == 2


def test_a_create_whose_answer_the_installation_knows_is_not_unknown(fake: FakeDreamMachine) -> None:
    """The process ended after the note of the installation and before the ledger was written; the list differs."""
    fake.echo = lambda request: request | {"prompt": request["prompt"] + ", highly detailed"}
    with opened() as session:
        under_way(session, fake)
    with closing(sqlite3.connect(LEDGER)) as database:
        database.execute("UPDATE requests SET state = 'sending', id = NULL, generation = NULL WHERE file IS NULL")
        database.commit()
    fake.holds = False
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[-1]["id"]
    assert len(fake.posts) == 1


def test_a_library_that_was_moved_and_came_back_is_not_held_up_by_what_failed_meanwhile(fake: FakeDreamMachine) -> None:
    with opened() as session:
        under_way(session, fake)
    DREAMS.rename("elsewhere")
    fake.fail, fake.holds = (lambda _: "out of colours"), False
    with Session("elsewhere", patience=HASTE, prices=PRICES) as session:
        wait_for(lambda: not session.jobs())
    Path("elsewhere").rename(DREAMS)
    fake.fail = lambda _: None
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert len(fake.posts) == 2


def test_a_link_that_leads_to_another_folder_keeps_what_is_sent_from_there(fake: FakeDreamMachine) -> None:
    DREAMS.rename("one")
    Path("two").mkdir()
    DREAMS.symlink_to("one")
    with opened() as session:
        DREAMS.unlink()
        DREAMS.symlink_to("two")
        under_way(session, fake)
    LEDGER.unlink()
    fake.holds = False
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert len(fake.posts) == 1


def test_a_job_that_is_cancelled_after_its_row_is_gone_ends(fake: FakeDreamMachine) -> None:
    with opened() as session:
        job = under_way(session, fake)
        session.library.ledger.file.write("DELETE FROM requests")
        job.cancelled = True
        session.stop(job)
        assert isinstance(job.exception(SECONDS), DreamError)
