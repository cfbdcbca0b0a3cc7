"""What is not made yet is cancelled at its server, which refunds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dream_nb.api.errors import APIError, DreamCancelledError, DreamError
from dream_nb.jobs.budget import Limits
from dream_nb.jobs.progress import Report
from dream_nb.library.record import Record
from dream_nb.requests.inputs import make_request
from dream_nb.session import Session
from dream_nb.studio.faults import Fault
from tests.fakes.dream_machine import FakeDreamMachine
from tests.jobs.hosted import HASTE, SECONDS, Held, Hosted
from tests.studio.machine import wait_for

VIDEO = make_request("a lake")
IMAGE = make_request("a lake", kind="image")


def under_way(session: Session) -> None:
    """Wait until the server has named what is under way."""
    wait_for(lambda: any(record.generation for record in session.library.ledger.all()))


def test_it_is_deleted_refunded_and_made_when_it_is_asked_for_again(slow_server: Hosted, held: Held) -> None:
    session, before = slow_server.session(), slow_server.balance
    job = session.submit(VIDEO)
    under_way(session)
    job.cancel()
    with pytest.raises(DreamCancelledError, match="refunded: run the cell again"):
        job.result(SECONDS)
    assert slow_server.made == []
    assert slow_server.balance == before
    held.let_go()
    assert session.submit(VIDEO).result(SECONDS).take == 1


def test_one_that_is_cancelled_as_soon_as_its_answer_is_there_is_told_so(
    slow_server: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = slow_server.session()
    runner = session._backends.runner("hosted")
    send = runner._sender.send

    async def send_and_cancel(record: Record, report: Report) -> None:
        await send(record, report)
        await runner.cancel(record)

    monkeypatch.setattr(runner._sender, "send", send_and_cancel)
    with pytest.raises(DreamCancelledError, match="refunded: run the cell again"):
        session.submit(VIDEO).result(SECONDS)


def test_what_was_not_sent_is_not_sent(slow_server: Hosted) -> None:
    session = slow_server.session(limits=Limits(at_once={"image": 1}))
    session.submit(IMAGE)
    under_way(session)
    second = session.submit(IMAGE, take=2)
    second.cancel()
    with pytest.raises(DreamCancelledError, match="before it was sent"):
        second.result(SECONDS)
    assert slow_server.books.count("POST") == 1


def test_what_has_ended_is_not_cancelled(server: Hosted) -> None:
    job = server.session().submit(IMAGE)
    job.result(SECONDS)
    with pytest.raises(DreamError, match="nothing to cancel"):
        job.cancel()


def test_what_the_server_does_not_delete_goes_on(slow_server: Hosted, held: Held) -> None:
    session = slow_server.session()
    slow_server.faults.add(Fault(method="DELETE", answer=403, times=None))
    job = session.submit(VIDEO)
    under_way(session)
    with pytest.raises(APIError, match="deleteGeneration: 403"):
        job.cancel()
    held.let_go()
    assert job.result(SECONDS).state == "completed"


def test_what_another_notebook_has_in_hand_is_cancelled_and_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with FakeDreamMachine("2024").running() as fake:
        fake.use(monkeypatch)
        fake.holds = True
        with (
            Session("dreams", patience=HASTE, prices={"image": 1.5}) as first,
            Session("dreams", patience=HASTE, prices={"image": 1.5}) as second,
        ):
            job = first.submit(IMAGE)
            under_way(first)
            again = second.submit(IMAGE)
            wait_for(lambda: again.progress.note == "another notebook is at it")
            second.cancel(again)
            assert isinstance(job.exception(SECONDS), DreamError)
            assert isinstance(again.exception(SECONDS), DreamCancelledError)
        assert (len(fake.posts), len(fake.taken)) == (1, 0)
