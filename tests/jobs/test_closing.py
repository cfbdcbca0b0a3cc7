"""A session that is closed while it sends: a request that was not sent leaves no trace."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from dream_nb.library.ledger import Ledger
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from tests.api.test_departure import unreachable
from tests.jobs.hosted import HASTE, SECONDS, Hosted
from tests.studio.machine import wait_for

REQUESTS = [make_request(f"a lake, number {number}", kind="image") for number in range(5)]


def states(library: Path) -> Counter[str]:
    """The number of rows of a library in each state."""
    ledger = Ledger(library / "ledger.sqlite", read_only=False)
    try:
        return Counter(record.state for record in ledger.all())
    finally:
        ledger.close()


def settled(server: Hosted, session: Session, library: Path) -> Counter[str]:
    """The states of a library after a later session has finished the jobs under way without a new create."""
    before = server.books.count("POST")
    with session:
        for job in session.jobs():
            job.exception(SECONDS)
    assert server.books.count("POST") == before
    return states(library)


@pytest.mark.parametrize("is_warm", [False, True])
@pytest.mark.parametrize("wait_for_posts", range(4))
def test_closing_right_after_five_submits_leaves_nothing_unknown(
    server: Hosted, tmp_path: Path, wait_for_posts: int, *, is_warm: bool
) -> None:
    library = tmp_path / "dreams"
    session = server.session(library)
    if is_warm:
        session.credits()
    for request in REQUESTS:
        session.submit(request)
    wait_for(lambda: server.books.count("POST") >= wait_for_posts)
    session.close()
    left = states(library)
    assert left["intended"] == len(REQUESTS) - server.books.count("POST")
    later = settled(server, server.session(library), library)
    assert later == Counter(intended=left["intended"], taken=len(server.made)) - Counter()


def test_what_did_not_leave_is_sent_once_when_it_is_asked_for_again(server: Hosted, tmp_path: Path) -> None:
    session = server.session(tmp_path / "dreams")
    for request in REQUESTS:
        session.submit(request)
    session.close()
    with server.session(tmp_path / "dreams") as later:
        for job in [later.submit(request) for request in REQUESTS]:
            assert job.result(SECONDS).state == "completed"
    assert server.books.count("POST") == len(server.made) == len(REQUESTS)


def test_one_that_waits_for_its_server_is_intended_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with unreachable() as base_url:
        monkeypatch.setenv("LUMAAI_API_KEY", "a-key")
        monkeypatch.setenv("LUMAAI_BASE_URL", base_url)
        session = Session(tmp_path, "dream-machine", patience=HASTE, prices={"image": 1.5})
        session.submit(REQUESTS[0])
        wait_for(lambda: any(record.state == "sending" for record in session.library.ledger.all()))
        session.close()
    assert states(tmp_path) == Counter(intended=1)


def test_one_that_the_studio_did_not_get_is_intended_again(tmp_path: Path) -> None:
    session = Session(tmp_path, "studio")
    session.credits()
    for request in REQUESTS:
        session.submit(request)
    session.close()
    left = states(tmp_path)
    with Session(tmp_path, "studio", patience=HASTE) as later:
        for job in later.jobs():
            job.exception(SECONDS)
    assert states(tmp_path) == Counter(intended=left["intended"], taken=len(REQUESTS) - left["intended"]) - Counter()


def test_a_job_that_is_stopped_before_it_left_is_intended_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unreachable() as base_url:
        monkeypatch.setenv("LUMAAI_API_KEY", "a-key")
        monkeypatch.setenv("LUMAAI_BASE_URL", base_url)
        with Session(tmp_path, "dream-machine", patience=HASTE, prices={"image": 1.5}) as session:
            job = session.submit(REQUESTS[0])
            wait_for(lambda: any(record.state == "sending" for record in session.library.ledger.all()))
            session.stop(job)
            assert [record.state for record in session.library.ledger.all()] == ["intended"]
