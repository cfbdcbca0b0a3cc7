"""A generation that is not finished is cancelled on the server, which refunds it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dream_nb.api.errors import APIError, DreamCancelledError, DreamError, SweepError
from dream_nb.jobs.budget import Limits
from dream_nb.jobs.progress import Report
from dream_nb.library.record import Record
from dream_nb.notebook.widgets.awaited import AwaitedWidget
from dream_nb.notebook.widgets.card import Card
from dream_nb.notebook.widgets.grid import Grid
from dream_nb.notebook.widgets.strip import Strip
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask
from dream_nb.results.dream import Dream
from dream_nb.results.job import Job
from dream_nb.results.sweep import cancel_all
from dream_nb.session import Session
from dream_nb.storyboard.shooting import Shooting
from dream_nb.storyboard.storyboard import Shot, Storyboard
from dream_nb.studio.faults import Fault
from tests.fakes.dream_machine import FakeDreamMachine
from tests.jobs.hosted import HASTE, SECONDS, Held, Hosted
from tests.notebook.page import open_page
from tests.studio.machine import wait_for

VIDEO = make_request("a lake")
IMAGE = make_request("a lake", kind="image")


def under_way(session: Session) -> None:
    """Wait until a generation under way has its id from the server."""
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
    runner = session._backends.runner("dream-machine")
    send = runner._sender.send

    async def send_and_cancel(record: Record, report: Report) -> None:
        await send(record, report)
        await runner.cancel(record)

    monkeypatch.setattr(runner._sender, "send", send_and_cancel)
    with pytest.raises(DreamCancelledError, match="refunded: run the cell again"):
        session.submit(VIDEO).result(SECONDS)


@pytest.mark.usefixtures("held")
def test_one_that_is_being_sent_is_cancelled_when_its_answer_is_there(slow_server: Hosted) -> None:
    session, before = slow_server.session(), slow_server.balance
    slow_server.books.waits = answers = threading.Event()
    job = session.submit(VIDEO)
    wait_for(lambda: slow_server.books.count("POST"))
    with ThreadPoolExecutor(1) as pool:
        cancelling = pool.submit(job.cancel)
        with pytest.raises(TimeoutError):
            cancelling.result(0.1)
        answers.set()
        cancelling.result(SECONDS)
    with pytest.raises(DreamCancelledError, match="refunded: run the cell again"):
        job.result(SECONDS)
    assert (slow_server.made, slow_server.balance) == ([], before)


def test_one_that_its_server_refuses_while_it_is_cancelled_is_not_sent_again(slow_server: Hosted) -> None:
    session = slow_server.session()
    slow_server.faults.add(Fault(method="POST", answer=429, delay=0.3, headers={"retry-after": "60"}))
    job = session.submit(VIDEO)
    wait_for(lambda: slow_server.books.count("POST"))
    job.cancel()
    with pytest.raises(DreamCancelledError, match="before it was sent"):
        job.result(SECONDS)
    assert slow_server.books.count("POST") == 1


def test_one_whose_answer_does_not_come_is_not_cancelled(
    slow_server: Hosted, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dream_nb.jobs.runner._ANSWER_SECONDS", 0.05)
    session = slow_server.session()
    slow_server.books.waits = answers = threading.Event()
    job = session.submit(VIDEO)
    wait_for(lambda: slow_server.books.count("POST"))
    with pytest.raises(DreamError, match="still being sent: cancel it again when its server has answered"):
        job.cancel()
    answers.set()
    held.let_go()
    assert job.result(SECONDS).state == "completed"


def test_what_was_not_sent_is_not_sent(slow_server: Hosted) -> None:
    session = slow_server.session(limits=Limits(at_once={"image": 1}))
    session.submit(IMAGE)
    under_way(session)
    second = session.submit(IMAGE, take=2)
    second.cancel()
    with pytest.raises(DreamCancelledError, match="before it was sent"):
        second.result(SECONDS)
    assert slow_server.books.count("POST") == 1


def test_of_a_sweep_nothing_more_is_sent_while_it_is_cancelled(slow_server: Hosted, held: Held) -> None:
    session = slow_server.session(limits=Limits(at_once={"image": 1}))
    sweep = session.start(session.plan([Ask(IMAGE, take) for take in range(1, 5)]))
    under_way(session)
    sweep.cancel()
    with pytest.raises(SweepError):
        sweep.result(SECONDS)
    held.let_go()
    assert (slow_server.made, slow_server.books.count("POST")) == ([], 1)


def test_of_a_sweep_all_that_are_being_sent_are_cancelled_at_once() -> None:
    together = threading.Barrier(3)

    def wait_for_all(_: Job) -> None:
        together.wait(SECONDS)

    def sent() -> Job:
        job = Job(IMAGE, 1, "dream-machine")
        job.canceller = wait_for_all
        return job

    cancel_all([sent() for _ in range(3)])
    assert not together.broken


def test_what_has_ended_is_not_cancelled(server: Hosted) -> None:
    job = server.session().submit(IMAGE)
    job.result(SECONDS)
    with pytest.raises(DreamError, match="cannot be cancelled"):
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
            wait_for(lambda: again.progress.note == "another notebook is working on it")
            second.cancel(again)
            assert isinstance(job.exception(SECONDS), DreamError)
            assert isinstance(again.exception(SECONDS), DreamCancelledError)
        assert (len(fake.posts), len(fake.taken)) == (1, 0)


SHOTS: list[str | Shot] = ["a lake", "the sun climbs", Shot("a city", cut=True), "rain"]


def begun(session: Session, count: int) -> Shooting:
    """A storyboard of which `count` shots are under way."""
    shooting = Storyboard(SHOTS, session=session).start()
    wait_for(lambda: sum(record.generation is not None for record in session.library.ledger.all()) == count)
    return shooting


def test_a_storyboard_asks_for_nothing_more_and_is_made_when_it_is_asked_for_again(
    slow_server: Hosted, held: Held
) -> None:
    session, before = slow_server.session(), slow_server.balance
    shooting = begun(session, 2)
    shooting.cancel()
    with pytest.raises(SweepError) as caught:
        shooting.result(SECONDS)
    assert str(caught.value) == (
        "shot 1 of 4 not made: 'a lake': cancelled and refunded: run the cell again to make it "
        "(and 1 more). Not started, because they follow it: shots 2, 4."
    )
    assert [type(error) for error in caught.value.errors.values()] == [DreamCancelledError] * 2
    assert (slow_server.made, slow_server.balance, slow_server.books.count("POST")) == ([], before, 2)
    with pytest.raises(DreamError, match="nothing can be cancelled"):
        shooting.cancel()
    held.let_go()
    assert len(shooting.board.start().result(SECONDS).shots) == 4


def test_of_a_storyboard_what_is_made_stays(slow_server: Hosted, held: Held) -> None:
    session = slow_server.session()
    board = Storyboard(["a lake", "the sun climbs"], session=session)
    shooting = board.start()
    under_way(session)
    # The server may not have begun to draw yet; calling `give` before that would have no effect.
    wait_for(lambda: held.waiting)
    # Only the first: the second is requested when that has been downloaded.
    held.give()
    wait_for(lambda: len(board.shots) == 1)
    shooting.cancel()
    assert isinstance(shooting.exception(SECONDS), SweepError)
    assert [shot.prompt for shot in board.shots] == ["a lake"]


def test_a_shot_that_is_asked_for_while_its_storyboard_is_cancelled_is_cancelled_too(
    slow_server: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = slow_server.session()
    board = Storyboard(["a lake"], session=session)
    submit = board._submit

    def submit_late(number: int, before: Dream | None) -> Job:
        # At this point `cancel` does not know the job yet.
        shooting.cancel()
        return submit(number, before)

    monkeypatch.setattr(board, "_submit", submit_late)
    shooting = Shooting(board, "dream-machine")
    shooting.begin()
    assert isinstance(shooting.exception(SECONDS), SweepError)
    assert slow_server.made == []


@pytest.mark.parametrize("kind", ["card", "grid", "strip"])
def test_a_widget_cancels_and_tells_the_balance(slow_server: Hosted, kind: str) -> None:
    session = slow_server.session()
    with open_page() as page:
        widget: AwaitedWidget
        if kind == "card":
            widget = Card(session.submit(VIDEO))
        elif kind == "grid":
            plan = session.plan([Ask(VIDEO), Ask(VIDEO, 2)])
            widget = Grid(session.start(plan))
        else:
            widget = Strip.of(begun(session, 2))
        # A request that is just being sent cannot be cancelled.
        wait_for(lambda: widget.cancels and all(record.generation for record in session.library.ledger.all()))
        answer, _ = page.ask(widget, "cancel")
        assert "error" not in answer
        wait_for(lambda: bool(widget.outcome))
        assert widget.balance == f"your balance is ${slow_server.balance / 100:.2f} now"
        wait_for(lambda: not widget.cancels)


def test_what_was_cancelled_ends_otherwise_than_what_was_not_made(slow_server: Hosted, held: Held) -> None:
    session = slow_server.session()
    job, sweep = session.submit(VIDEO), session.start(session.plan([Ask(VIDEO), Ask(make_request("gore"))]))
    assert (job.outcome, sweep.outcome) == (None, None)
    under_way(session)
    job.cancel()
    sweep.exception(SECONDS)
    assert (job.outcome, sweep.outcome) == ("cancelled", "not made")
    held.let_go()
    job = session.submit(VIDEO)
    job.result(SECONDS)
    assert job.outcome == "done"
