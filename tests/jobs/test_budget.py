"""Prices are learned, shown and kept within the budget before anything is sent."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from dream_nb.api.errors import BudgetError
from dream_nb.api.portal import portal
from dream_nb.jobs.budget import Limits
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask
from dream_nb.results.job import Job
from dream_nb.studio.faults import Fault
from tests.jobs.hosted import SECONDS, Hosted, hosted, use
from tests.studio.machine import settings, wait_for

REQUEST = make_request("a lake", kind="image")
FLASH = make_request("a lake", kind="image", model="photon-flash-1")


def notes(job: Job) -> list[str]:
    seen: list[str] = []
    job.on_change(lambda job: seen.append(job.progress.note))
    return seen


def charges(server: Hosted) -> list[float | None]:
    return [record.charge for record in server.session().library.ledger.all()]


def test_a_price_is_learned_from_the_balance(server: Hosted) -> None:
    session = server.session(prices={})
    for take in (1, 2, 3, 4):
        session.submit(REQUEST, take=take).result(SECONDS)
    assert charges(server) == [1.51] * 4
    # The balance is read before and after the first two: a price that was seen twice is certain.
    assert server.books.count("GET", "/credits") == 4


def test_a_price_that_an_earlier_session_learned_is_checked_once(server: Hosted) -> None:
    with server.session(prices={}) as first:
        for take in (1, 2):
            first.submit(REQUEST, take=take).result(SECONDS)
    before = server.books.count("GET", "/credits")
    second = server.session(prices={})
    assert second.plan([Ask(REQUEST, 3)]).cents == 1.51
    for take in (3, 4, 5):
        second.submit(REQUEST, take=take).result(SECONDS)
    assert server.books.count("GET", "/credits") == before + 2


def test_a_price_that_was_given_is_checked_once(server: Hosted) -> None:
    session = server.session(prices={"image": 1.51})
    for take in (1, 2, 3):
        session.submit(REQUEST, take=take).result(SECONDS)
    assert server.books.count("GET", "/credits") == 2


def test_kinds_have_prices_of_their_own(server: Hosted) -> None:
    session = server.session(prices={})
    for request in (REQUEST, FLASH):
        session.submit(request).result(SECONDS)
    assert sorted(charge or 0 for charge in charges(server)) == [pytest.approx(0.39), 1.51]


def test_one_of_a_kind_is_sent_alone_until_its_price_is_known(server: Hosted) -> None:
    session = server.session(prices={})
    jobs = [session.submit(REQUEST, take=take) for take in range(1, 6)]
    for job in jobs:
        job.result(SECONDS)
    assert charges(server) == [1.51] * 5


def test_the_first_create_names_backend_and_estimate(server: Hosted) -> None:
    server.faults.add(Fault(method="POST", delay=0.2, times=None))
    session = server.session(prices={"image": 40.0})
    first = session.submit(REQUEST)
    told = notes(first)
    first.result(SECONDS)
    assert f"from {server.base_url}, about $0.40" in told
    second = session.submit(REQUEST, take=2)
    told = notes(second)
    second.result(SECONDS)
    assert set(told) == {""}


def test_what_would_break_the_budget_is_not_sent(server: Hosted) -> None:
    session = server.session(budget=3.02)
    for take in (1, 2):
        session.submit(REQUEST, take=take).result(SECONDS)
    with pytest.raises(BudgetError, match=r"about \$0\.015, and \$0\.00 of the \$0\.030 budget is left: raise budget="):
        session.submit(REQUEST, take=3).result(SECONDS)
    assert server.books.count("POST") == 2


def test_many_at_once_do_not_break_the_budget_either(server: Hosted) -> None:
    session = server.session(budget=4.0)
    errors = [job.exception(SECONDS) for job in [session.submit(REQUEST, take=take) for take in range(1, 6)]]
    assert [type(error) for error in errors].count(BudgetError) == 3
    assert server.books.count("POST") == 2


def test_a_budget_needs_a_price(server: Hosted) -> None:
    with pytest.raises(
        BudgetError, match=r"the price of photon-1 16:9 images is unknown.*set prices=\{'image photon-1 16:9'"
    ):
        server.session(prices={}, budget=100.0).submit(REQUEST).result(SECONDS)
    assert server.books.count("POST") == 0


def test_what_would_break_the_floor_is_not_sent(server: Hosted) -> None:
    session = server.session(floor=server.balance)
    with pytest.raises(BudgetError, match=r"the balance is \$10000\.00, and the floor is \$10000\.00: lower floor="):
        session.submit(REQUEST).result(SECONDS)
    assert server.books.count("POST") == 0


def test_what_was_refused_does_not_count(server: Hosted) -> None:
    session = server.session(budget=2.0)
    server.faults.add(Fault(method="POST", answer=400))
    assert session.submit(REQUEST).exception(SECONDS) is not None
    assert session.submit(REQUEST).result(SECONDS).state == "completed"


def test_what_failed_is_refunded(server: Hosted) -> None:
    session = server.session(budget=2.0)
    server.faults.add(Fault(fail="out of colours"))
    assert session.submit(REQUEST).exception(SECONDS) is not None
    assert session.submit(REQUEST).result(SECONDS).state == "completed"


def test_a_replay_needs_no_budget(server: Hosted) -> None:
    server.session().submit(REQUEST).result(SECONDS)
    assert server.session(budget=0.0).submit(REQUEST).replayed


def test_no_more_are_under_way_than_may_be(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # The server would answer a third one at the same time with 429.
    with hosted(tmp_path / "server", key, settings=settings(unfinished_limit=2)) as server:
        use(server, monkeypatch)
        session = server.session(limits=Limits(at_once={"image": 2}))
        jobs = [session.submit(REQUEST, take=take) for take in range(1, 7)]
        for job in jobs:
            job.result(SECONDS)
        assert server.books.count("POST") == 6


def test_creates_a_minute_are_kept(server: Hosted) -> None:
    session = server.session(limits=Limits(a_minute={"image": 2, "video": 2}))
    jobs = [session.submit(REQUEST, take=take) for take in range(1, 4)]
    for job in jobs[:2]:
        job.result(SECONDS)
    assert jobs[2].progress.state == "waiting"
    assert "2 were sent within a minute: the next in" in jobs[2].progress.note
    # Videos are counted separately.
    session.submit(make_request("a lake")).result(SECONDS)
    assert server.books.count("POST") == 3


def test_what_another_session_paid_is_not_refunded_to_this_one(server: Hosted) -> None:
    server.faults.add(Fault(method="GET", path="/generations*", answer=503, times=None))
    first = server.session()
    first.submit(make_request("a lake", kind="image"))
    wait_for(lambda: any(record.charge for record in first.library.ledger.all()))
    first.close()
    second = server.session(budget=2.0)
    second.submit(make_request("a hill", kind="image"))
    wait_for(lambda: second.allowance.spent == 1.51)
    (taken_up, _) = second.jobs()
    budget = second._backends._budgets["dream-machine"]
    portal.call(partial(budget.ended, second.library.ledger.all()[0], is_refunded=True))
    assert taken_up.request.prompt == "a lake"
    assert second.allowance.spent == 1.51
