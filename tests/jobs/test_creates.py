"""A create is sent once, as counted by the server's own record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dream_nb.api.errors import APIConnectionError, BadRequestError, OutcomeUnknownError
from dream_nb.library.ledger import Ledger
from dream_nb.requests.fields import make_request
from dream_nb.results.job import Job
from dream_nb.studio.faults import Fault
from tests.api.servers import free_port
from tests.jobs.hosted import HASTE, SECONDS, Hosted

REQUEST = make_request("a lake", kind="image")


def states(job: Job) -> list[str]:
    seen: list[str] = []
    job.on_change(lambda job: seen.append(f"{job.progress.state} {job.progress.note}".strip()))
    return seen


@pytest.mark.parametrize("answer", [429, 503])
def test_what_was_certainly_not_taken_is_sent_again(server: Hosted, answer: int) -> None:
    server.faults.add(Fault(method="POST", answer=answer, headers={"retry-after": "0"}, times=3))
    dream = server.session().submit(REQUEST).result(SECONDS)
    assert dream.state == "completed"
    assert (server.books.count("POST"), len(server.made)) == (4, 1)


def test_a_retry_after_is_honoured_and_told(server: Hosted) -> None:
    server.faults.add(Fault(method="POST", answer=429, headers={"retry-after": "2"}))
    job = server.session().submit(REQUEST)
    seen = states(job)
    job.result(SECONDS)
    assert "waiting sent again in 2 s: as the server asked" in seen
    assert len(server.made) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="POST", drop="after"),
        Fault(method="POST", cut=0.5),
    ],
    ids=["dropped", "cut"],
)
def test_a_create_whose_answer_got_lost_is_found_in_the_list(server: Hosted, fault: Fault) -> None:
    server.faults.add(fault)
    assert server.session().submit(REQUEST).result(SECONDS).state == "completed"
    assert (server.books.count("POST"), len(server.made)) == (1, 1)


def test_a_create_whose_answer_comes_too_late_is_found_in_the_list(server: Hosted) -> None:
    server.books.late = 2 * HASTE.call
    assert server.session().submit(REQUEST).result(SECONDS).state == "completed"
    assert (server.books.count("POST"), len(server.made)) == (1, 1)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="POST", drop="before"),
        Fault(method="POST", answer=500),
        Fault(method="POST", answer=502),
        Fault(method="POST", answer=503),
        Fault(method="POST", answer=504),
        Fault(method="POST", answer=201, body="{"),
        Fault(method="POST", answer=200, body="<h1>Welcome</h1>", headers={"content-type": "text/html"}),
    ],
    ids=["dropped", "500", "502", "503", "504", "malformed", "html"],
)
def test_what_is_not_in_the_list_is_never_sent_again_by_itself(server: Hosted, fault: Fault) -> None:
    server.faults.add(fault)
    session = server.session()
    for _ in range(2):
        with pytest.raises(
            OutcomeUnknownError,
            match=r"not sent again automatically.*%dreams lost, .* \(take=2\)",
        ):
            session.submit(REQUEST).result(SECONDS)
    assert (server.books.count("POST"), len(server.made)) == (1, 0)


def test_an_unknown_create_that_appears_later_is_found_when_its_cell_runs_again(server: Hosted) -> None:
    empty = '{"generations": [], "count": 0, "has_more": false, "limit": 100, "offset": 0}'
    server.faults.add(
        Fault(method="POST", drop="after"), Fault(method="GET", path="/generations", answer=200, body=empty, times=None)
    )
    session = server.session()
    with pytest.raises(OutcomeUnknownError):
        session.submit(REQUEST).result(SECONDS)
    server.faults.clear()
    assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert (server.books.count("POST"), len(server.made)) == (1, 1)


def test_fresh_sends_an_unknown_one_as_another_take(server: Hosted) -> None:
    server.faults.add(Fault(method="POST", answer=500))
    session = server.session()
    with pytest.raises(OutcomeUnknownError):
        session.submit(REQUEST).result(SECONDS)
    assert session.submit(REQUEST, fresh=True).result(SECONDS).take == 2


def test_an_unreadable_list_is_not_taken_for_an_empty_one(server: Hosted) -> None:
    server.faults.add(
        Fault(method="POST", drop="after"), Fault(method="GET", path="/generations", answer=500, times=None)
    )
    session = server.session()
    with pytest.raises(Exception, match="listGenerations: 500"):
        session.submit(REQUEST).result(SECONDS)
    server.faults.clear()
    assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert (server.books.count("POST"), len(server.made)) == (1, 1)


def test_two_lost_takes_of_one_request_get_a_generation_each(server: Hosted) -> None:
    server.faults.add(Fault(method="POST", drop="after", times=2))
    session = server.session()
    jobs = [session.submit(REQUEST, take=take) for take in (1, 2)]
    ids = {job.result(SECONDS).generation.id for job in jobs}
    assert len(ids) == len(server.made) == server.books.count("POST") == 2


def test_an_older_generation_of_the_same_request_is_not_taken_for_the_lost_one(server: Hosted) -> None:
    first = server.session().submit(REQUEST).result(SECONDS)
    server.faults.add(Fault(method="POST", drop="before"))
    with pytest.raises(OutcomeUnknownError):
        server.session().submit(REQUEST, take=2).result(SECONDS)
    assert [made["id"] for made in server.made] == [first.generation.id]


def test_a_refusal_says_why_and_may_be_sent_again(server: Hosted) -> None:
    server.faults.add(Fault(method="POST", answer=400, detail="no lakes today"))
    session = server.session()
    with pytest.raises(BadRequestError, match="generateImage: 400, no lakes today"):
        session.submit(REQUEST).result(SECONDS)
    assert session.submit(REQUEST).result(SECONDS).state == "completed"


def test_a_server_that_cannot_be_reached_is_tried_for_a_while_then_named(
    server: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUMAAI_BASE_URL", f"http://127.0.0.1:{free_port()}/dream-machine/v1")
    session = server.session()
    with pytest.raises(APIConnectionError, match=r"generateImage: no connection to 127\.0\.0\.1.*Check the network"):
        session.submit(REQUEST).result(SECONDS)
    record = session.library.ledger.all()[0]
    assert (record.state, record.sent_at) == ("intended", None)


def test_the_mark_is_committed_before_the_first_byte(server: Hosted, tmp_path: Path) -> None:
    server.faults.add(Fault(method="POST", delay=0.5))
    job = server.session().submit(REQUEST)
    while not server.books.count("POST"):
        assert not job.done()
    # Another process reads only what is committed.
    elsewhere = Ledger(tmp_path / "dreams" / "ledger.sqlite")
    (record,) = elsewhere.all()
    elsewhere.close()
    assert record.state == "sending"
    assert record.sent_at is not None
    assert datetime.now(UTC) - record.sent_at < timedelta(minutes=1)
    job.result(SECONDS)
