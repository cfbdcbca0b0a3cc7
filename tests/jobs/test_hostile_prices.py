"""However prices and balances behave, at most the budget and one create is paid, and no less than that is reported.

A fake server on loopback records what was really paid.
"""

from __future__ import annotations

import itertools
import json
import logging
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dream_nb.api.connection import origin_of
from dream_nb.api.errors import (
    BudgetError,
    ConfigurationError,
    GenerationFailedError,
    NotReplayedError,
    OutcomeUnknownError,
)
from dream_nb.backends.prices import Price, Prices
from dream_nb.jobs.budget import Allowance
from dream_nb.jobs.locks import FileLock
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask
from dream_nb.session import Session
from tests.fakes.dream_machine import FakeDreamMachine, Reply
from tests.jobs.hosted import HASTE, SECONDS
from tests.studio.machine import wait_for

# The timeout is long, so that what is learned does not depend on the load of the machine.
CALM = replace(HASTE, call=30.0)
KIND = "image photon-1 16:9"
REQUEST = make_request("a lake", kind="image", model="photon-1")
FLASH = make_request("a lake", kind="image", model="photon-flash-1")


class Shop:
    """The fake server, with sessions that use it.

    Attributes:
        fake: the server.
        sessions: closes what is opened.
    """

    def __init__(self, fake: FakeDreamMachine, sessions: ExitStack) -> None:
        self.fake = fake
        self.sessions = sessions
        self._names = itertools.count(1)
        self._takes = itertools.count(1)

    def session(self, **options: Any) -> Session:
        """A session in a new library; closed at the end of the test."""
        library = f"library-{next(self._names)}"
        return self.sessions.enter_context(Session(library, "dream-machine", **{"patience": CALM} | options))

    def learned(self, cents: float) -> None:
        """Let an earlier session learn the price of an image."""
        self.costs(cents)
        with self.session() as session:
            assert self.buy(session, 2) == 2
        assert self.price() == cents

    def costs(self, *cents: float) -> None:
        """Set the prices of the next images, in order; the last price stays."""
        prices = iter(cents)
        last = cents[-1]
        self.fake.price = lambda _: next(prices, last)

    def price(self) -> float | None:
        """The price of an image that this installation assumes."""
        with self.session() as session:
            return session.plan([Ask(REQUEST, next(self._takes))]).cents

    def buy(self, session: Session, count: int, *, at_once: bool = False) -> int:
        """Request that many images. Returns how many were created; the others were refused because of the budget."""
        takes = [next(self._takes) for _ in range(count)]
        if at_once:
            jobs = [session.submit(REQUEST, take=take) for take in takes]
            errors = [job.exception(SECONDS) for job in jobs]
        else:
            errors = [session.submit(REQUEST, take=take).exception(SECONDS) for take in takes]
        assert [error for error in errors if error is not None and type(error) is not BudgetError] == []
        return errors.count(None)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.chdir(tmp_path)
    with FakeDreamMachine().running() as fake, ExitStack() as sessions:
        fake.use(monkeypatch)
        yield Shop(fake, sessions)


def kept(session: Session, fake: FakeDreamMachine, *, dearest: float, before: float = 0.0) -> None:
    """Assert that at most the budget and one create was paid, and that the session reports no less than that."""
    paid = round(fake.cost - before, 6)
    budget = session.allowance.budget
    assert budget is None or paid <= budget + dearest
    assert session.allowance.spent >= paid


# Prices that change.


@pytest.mark.parametrize("at_once", [False, True])
def test_a_price_that_was_learned_at_4_and_is_now_40(shop: Shop, at_once: bool) -> None:
    shop.learned(4.0)
    shop.costs(40.0)
    before = shop.fake.cost
    session = shop.session(budget=40.0)
    assert shop.buy(session, 10, at_once=at_once) == 1
    kept(session, shop.fake, dearest=40.0, before=before)
    assert session.allowance.spent == 40.0


@pytest.mark.parametrize("at_once", [False, True])
def test_a_price_that_was_given_as_4_and_is_40(shop: Shop, at_once: bool) -> None:
    shop.costs(40.0)
    session = shop.session(budget=100.0, prices={"image": 4.0})
    assert shop.buy(session, 10, at_once=at_once) == 2
    kept(session, shop.fake, dearest=40.0)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("cheap", [0, 1, 3])
def test_a_price_that_rises_tenfold_while_the_session_goes_on(shop: Shop, cheap: int, at_once: bool) -> None:
    shop.costs(*[4.0] * cheap, 40.0)
    session = shop.session(budget=60.0, prices={"image": 4.0})
    shop.buy(session, 10, at_once=at_once)
    kept(session, shop.fake, dearest=40.0)


def test_a_price_that_rose_is_learned(shop: Shop) -> None:
    shop.learned(4.0)
    shop.costs(40.0)
    assert shop.buy(shop.session(budget=100.0), 10) == 2
    assert shop.price() == 40.0


def test_a_price_that_halves_is_learned_and_the_books_are_corrected(shop: Shop) -> None:
    shop.learned(32.0)
    shop.costs(16.0)
    session = shop.session(budget=80.0)
    assert shop.buy(session, 10) == 5
    assert (session.allowance.spent, session.allowance.booked, shop.price()) == (80.0, 80.0, 16.0)
    assert [record.charge for record in session.library.ledger.all() if record.charge] == [16.0] * 5


@pytest.mark.parametrize("at_once", [False, True])
def test_creates_that_are_free_at_first(shop: Shop, at_once: bool) -> None:
    shop.costs(0.0, 0.0, 0.0, 40.0)
    session = shop.session(budget=100.0, prices={"image": 4.0})
    shop.buy(session, 10, at_once=at_once)
    kept(session, shop.fake, dearest=40.0)


def test_a_free_create_teaches_no_price(shop: Shop) -> None:
    shop.costs(0.0, 0.0, 4.0)
    session = shop.session()
    assert shop.buy(session, 4) == 4
    assert (session.allowance.spent, shop.price()) == (8.0, 4.0)


def test_a_given_price_that_is_next_to_nothing(shop: Shop) -> None:
    shop.costs(8.0)
    session = shop.session(budget=8.0, prices={"image": 1e-9})
    assert shop.buy(session, 10, at_once=True) <= 2
    kept(session, shop.fake, dearest=8.0)


def test_the_first_create_at_each_price_goes_alone_without_a_budget_too(shop: Shop) -> None:
    shop.costs(40.0)
    session = shop.session(prices={"image": 4.0})
    shop.buy(session, 5, at_once=True)
    kept(session, shop.fake, dearest=40.0)
    assert session.allowance.spent == 200.0


# Other users of the same account.


def test_what_others_spend_counts_in_the_budget(shop: Shop) -> None:
    shop.learned(4.0)
    session = shop.session(budget=20.0)
    assert shop.buy(session, 1) == 1
    shop.fake.spend(13.0)
    with pytest.raises(BudgetError, match=r"known prices add up to \$0\.04, and the balance has fallen by \$0\.17"):
        session.submit(REQUEST, take=500).result(SECONDS)


def test_what_others_spend_does_not_count_where_the_key_is_shared(shop: Shop) -> None:
    shop.learned(4.0)
    shop.fake.price = spending(shop.fake, 500.0, 3.0, 70.0)
    session = shop.session(budget=12.0, shared=True)
    assert shop.buy(session, 5) == 3
    assert session.allowance.spent == 12.0


def test_a_price_that_rose_is_learned_where_the_key_is_shared(shop: Shop) -> None:
    shop.learned(4.0)
    shop.costs(40.0)
    session = shop.session(budget=100.0, shared=True)
    assert shop.buy(session, 10) == 2
    assert (session.allowance.spent, shop.price()) == (80.0, 40.0)


def test_somebody_who_spends_while_a_price_is_learned_does_not_stay_in_it(shop: Shop) -> None:
    shop.fake.price = spending(shop.fake, 500.0)
    session = shop.session()
    assert shop.buy(session, 1) == 1
    # A price that was seen once is only an upper bound.
    assert session.allowance.spent == 504.0
    assert shop.buy(session, 2) == 2
    assert (shop.price(), session.allowance.booked, session.allowance.spent) == (4.0, 12.0, 512.0)


def test_a_fall_beside_another_process_that_buys_teaches_no_price(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.costs(4.0)
    prices = Prices(origin_of(shop.fake.base_url))

    @asynccontextmanager
    async def in_vain(_lock: FileLock, _seconds: float) -> AsyncIterator[bool]:
        yield False

    with monkeypatch.context() as patched:
        patched.setattr(FileLock, "alone", in_vain)
        assert shop.buy(shop.session(), 1) == 1
    assert prices.find(KIND) is None
    assert shop.buy(shop.session(), 1) == 1
    assert prices.find(KIND) == Price(4.0)


def test_a_lock_that_another_process_holds_is_not_held_alone(tmp_path: Path) -> None:
    path = tmp_path / "prices.lock"

    async def is_alone() -> bool:
        async with FileLock(path).alone(0.0) as is_free:
            return is_free

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM sqlite_master")
        assert not anyio.run(is_alone)
    assert anyio.run(is_alone)


def test_a_fall_while_a_generation_was_made_teaches_no_price(shop: Shop) -> None:
    shop.costs(4.0)
    shop.fake.billing = "completion"
    session = shop.session()
    assert shop.buy(session, 1) == 1
    assert session.allowance.booked == 4.0
    assert Prices(origin_of(shop.fake.base_url)).find(KIND) is None


def test_somebody_who_spends_does_not_change_a_sure_price(shop: Shop) -> None:
    shop.learned(4.0)
    shop.fake.price = spending(shop.fake, 500.0)
    assert shop.buy(shop.session(budget=1000.0), 1) == 1
    assert shop.price() == 4.0


def test_a_top_up_while_a_price_is_learned_does_not_stay_in_it(shop: Shop) -> None:
    shop.fake.price = spending(shop.fake, -3.0)
    session = shop.session()
    assert shop.buy(session, 3, at_once=True) == 3
    assert shop.price() == 4.0
    kept(session, shop.fake, dearest=4.0)


@pytest.mark.parametrize("top_up", [4.0, 5.0, 1000.0])
def test_a_top_up_does_not_extend_the_budget(shop: Shop, top_up: float) -> None:
    shop.costs(4.0)
    session = shop.session(budget=20.0, prices={"image": 4.0})
    assert shop.buy(session, 2) == 2
    shop.fake.spend(-top_up)
    assert shop.buy(session, 5) == 3
    kept(session, shop.fake, dearest=4.0)
    assert session.allowance.spent == 20.0


def test_a_top_up_during_a_create_hides_nothing(shop: Shop) -> None:
    shop.fake.price = spending(shop.fake, *[-1000.0] * 10)
    session = shop.session(budget=20.0, prices={"image": 4.0})
    assert shop.buy(session, 10, at_once=True) == 5
    kept(session, shop.fake, dearest=4.0)


def test_two_sessions_that_learn_at_once_learn_the_same(shop: Shop) -> None:
    shop.costs(4.0)
    first, second = shop.session(), shop.session()
    jobs = [session.submit(REQUEST, take=take) for take in range(1, 9) for session in (first, second)]
    assert [job.exception(SECONDS) for job in jobs] == [None] * 16
    assert shop.price() == 4.0


SCRIPT = """
import sys
from dataclasses import replace
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from tests.jobs.hosted import HASTE

with Session(sys.argv[1], "dream-machine", patience=replace(HASTE, call=30.0)) as session:
    request = make_request("a lake", kind="image", model="photon-1")
    print("ready", flush=True)
    sys.stdin.readline()
    jobs = [session.submit(request, take=take) for take in range(1, 9)]
    for job in jobs:
        job.result(240)
"""


def test_two_processes_that_learn_at_once_learn_the_same(shop: Shop) -> None:
    shop.costs(4.0)
    run = [sys.executable, "-c", SCRIPT]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen([*run, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for name in ("first", "second")
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        codes = [process.wait(SECONDS) for process in processes]
    assert (codes, len(shop.fake.taken), shop.price()) == ([0, 0], 16, 4.0)


def test_two_sessions_with_budgets_on_one_key(shop: Shop) -> None:
    shop.costs(4.0)
    sessions = [shop.session(budget=40.0, prices={"image": 4.0}) for _ in range(2)]
    jobs = [session.submit(REQUEST, take=take) for take in range(1, 13) for session in sessions]
    errors = [job.exception(SECONDS) for job in jobs]
    assert {type(error) for error in errors} <= {type(None), BudgetError}
    for session in sessions:
        assert 4.0 * sum(record.charge is not None for record in session.library.ledger.all()) <= 44.0
        assert session.allowance.spent >= session.allowance.booked


# Refunds.


def failing(fake: FakeDreamMachine, count: int) -> None:
    """Let the next generations fail."""
    reasons = iter(["out of colours"] * count)
    failed: dict[str, str | None] = {}
    fake.fail = lambda request: failed.setdefault(json.dumps(request) + str(id(request)), next(reasons, None))


def fail(session: Session, take: int) -> None:
    with pytest.raises(GenerationFailedError):
        session.submit(REQUEST, take=take).result(SECONDS)


def test_a_refund_counts_once_the_balance_shows_it(shop: Shop) -> None:
    shop.costs(4.0)
    shop.fake.refunds = False
    failing(shop.fake, 2)
    session = shop.session(budget=12.0, prices={"image": 4.0})
    fail(session, 501)
    fail(session, 502)
    assert session.allowance.spent == 8.0
    assert shop.buy(session, 2) == 1
    shop.fake.refund()
    assert shop.buy(session, 3) == 2
    kept(session, shop.fake, dearest=4.0)
    assert (session.allowance.spent, shop.fake.cost) == (12.0, 12.0)


def test_a_refund_that_comes_at_once_counts_at_once(shop: Shop) -> None:
    shop.costs(4.0)
    failing(shop.fake, 1)
    session = shop.session(budget=4.0, prices={"image": 4.0})
    fail(session, 501)
    assert (session.allowance.spent, shop.buy(session, 3)) == (0.0, 1)


def test_a_refund_that_never_comes_stays_paid(shop: Shop) -> None:
    shop.costs(4.0)
    shop.fake.refunds = False
    failing(shop.fake, 1)
    session = shop.session(budget=12.0, prices={"image": 4.0})
    fail(session, 501)
    shop.fake.spend(-1000.0)
    assert shop.buy(session, 5) == 2
    kept(session, shop.fake, dearest=4.0)


def test_a_refund_during_a_create_is_not_part_of_its_price(shop: Shop) -> None:
    shop.learned(4.0)
    shop.fake.refunds = False
    failing(shop.fake, 1)
    before = shop.fake.cost
    session = shop.session(budget=8.0)
    fail(session, 501)

    def price(_: dict[str, Any]) -> float:
        shop.fake.refund()
        return 4.0

    shop.fake.price = price
    assert shop.buy(session, 3) == 2
    kept(session, shop.fake, dearest=4.0, before=before)
    assert shop.price() == 4.0


def test_what_is_cancelled_counts_until_its_refund(shop: Shop) -> None:
    shop.costs(4.0)
    shop.fake.holds = True
    session = shop.session(budget=4.0, prices={"image": 4.0})
    job = session.submit(REQUEST, take=501)
    seen_by_server(session)
    job.cancel()
    assert session.allowance.spent == 0.0
    shop.fake.holds = False
    assert shop.buy(session, 2) == 1


# Creates that are charged when they are completed.


@pytest.mark.parametrize("cents", [2.0, 4.0, 40.0])
@pytest.mark.parametrize("at_once", [False, True])
def test_what_is_charged_on_completion(shop: Shop, cents: float, at_once: bool) -> None:
    shop.fake.billing = "completion"
    shop.costs(cents)
    session = shop.session(budget=60.0, prices={"image": 4.0})
    made = shop.buy(session, 20, at_once=at_once)
    assert made >= 60.0 // max(cents, 4.0)
    kept(session, shop.fake, dearest=cents)


def test_a_failure_that_was_never_charged(shop: Shop) -> None:
    shop.fake.billing = "completion"
    shop.costs(4.0)
    failing(shop.fake, 1)
    session = shop.session(budget=4.0, prices={"image": 4.0})
    fail(session, 501)
    assert (session.allowance.spent, shop.buy(session, 2)) == (0.0, 1)


def test_a_job_that_nobody_waits_for_is_not_forgotten(shop: Shop) -> None:
    shop.fake.billing = "completion"
    shop.fake.holds = True
    shop.costs(40.0)
    session = shop.session(budget=44.0, prices={"image": 4.0})
    job = session.submit(REQUEST, take=501)
    seen_by_server(session)
    session.stop(job)
    job = session.submit(REQUEST, take=502)
    shop.fake.holds = False
    assert job.exception(SECONDS) is None
    assert shop.buy(session, 2) == 0
    kept(session, shop.fake, dearest=40.0)


# Lost answers.


@pytest.mark.parametrize("cents", [4.0, 40.0])
def test_a_create_whose_answer_is_lost_counts(shop: Shop, cents: float) -> None:
    shop.costs(cents)
    shop.fake.replies += [Reply(taken=True), None, Reply(taken=True)]
    session = shop.session(budget=60.0, prices={"image": 4.0})
    shop.buy(session, 20)
    kept(session, shop.fake, dearest=cents)


def test_a_create_of_which_nobody_knows_whether_it_was_taken_counts(shop: Shop) -> None:
    shop.costs(40.0)
    shop.fake.replies += [Reply(taken=True), Reply()]
    shop.fake.hides = 1_000_000
    session = shop.session(budget=100.0, prices={"image": 4.0})
    for take in (501, 502):
        assert isinstance(session.submit(REQUEST, take=take).exception(SECONDS), OutcomeUnknownError)
    shop.fake.hides = 0
    shop.buy(session, 5)
    kept(session, shop.fake, dearest=40.0)


def test_a_create_that_is_refused_does_not_count(shop: Shop) -> None:
    shop.costs(4.0)
    shop.fake.replies += [Reply(400), Reply(402), Reply(422)]
    session = shop.session(budget=4.0, prices={"image": 4.0})
    for take in (501, 502, 503):
        assert session.submit(REQUEST, take=take).exception(SECONDS) is not None
    assert (session.allowance.spent, shop.buy(session, 2)) == (0.0, 1)


# Values that are not amounts.


@pytest.mark.parametrize("cents", [0, -100, float("inf"), float("nan"), True, "4", None, 10**400])
def test_a_price_that_is_none_is_refused(shop: Shop, cents: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"prices\['image'\] is .*: give a positive number of USD cents"):
        shop.session(budget=8.0, prices={"image": cents})


@pytest.mark.parametrize("name", ["budget", "floor"])
@pytest.mark.parametrize("cents", [-1, float("inf"), float("nan"), True, "4"])
def test_a_limit_that_is_none_is_refused(shop: Shop, name: str, cents: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name} is .*: give a number of USD cents, 0 or more, or None"):
        shop.session(**{name: cents})
    session = shop.session(**{name: 8.0})
    with pytest.raises(ConfigurationError, match=f"{name} is "):
        setattr(session.allowance, name, cents)
    assert getattr(session.allowance, name) == 8.0


@pytest.mark.parametrize("cents", [0.0, -100.0, 1e-9, 9e999, None])
def test_a_ledger_has_no_say_in_prices(shop: Shop, cents: float | None) -> None:
    shop.costs(8.0)
    library = Path("foreign")
    Session(library, "dream-machine").close()
    with sqlite3.connect(library / "ledger.sqlite") as database:
        database.execute("CREATE TABLE prices (backend TEXT, kind TEXT, cents REAL)")
        database.execute("INSERT INTO prices VALUES ('hosted', ?, ?)", (KIND, cents))
    database.close()
    session = shop.sessions.enter_context(Session(library, "dream-machine", patience=CALM, budget=8.0))
    with pytest.raises(NotReplayedError, match=r"its ledger cannot be used: .*table prices"):
        session.submit(REQUEST, take=501).result(SECONDS)
    assert shop.fake.posts == []


@pytest.mark.parametrize(
    "cents", ["0", "-100", "NaN", "Infinity", "1e999", "true", '"4"', "null", "[]", "{}", "1" + "0" * 400]
)
def test_a_price_of_the_installation_is_checked_when_it_is_read(shop: Shop, cents: str) -> None:
    shop.learned(4.0)
    path = price_file(shop)
    text = path.read_text(encoding="utf-8").replace("4.0", cents)
    path.write_text(text, encoding="utf-8")
    assert shop.price() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"prices": 3}', "[" * 100_000, "\0\udcff"])
def test_damaged_prices_are_learned_again(shop: Shop, text: str) -> None:
    shop.learned(4.0)
    price_file(shop).write_text(text, encoding="utf-8", errors="surrogatepass")
    assert shop.price() is None
    shop.learned(4.0)


def test_prices_of_another_server_do_not_count(shop: Shop) -> None:
    shop.learned(4.0)
    assert Prices("https://other.example").find(KIND) is None
    price_file(shop).write_text(price_file(shop).read_text(encoding="utf-8").replace("127.0.0.1", "127.0.0.2"))
    assert shop.price() is None


def test_prices_are_learned_where_nothing_can_be_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_STATE", "relative")
    shop.learned(4.0)
    session = shop.session(budget=8.0)
    assert shop.buy(session, 4) == 2


# A balance that cannot be read.

NO_BALANCES = {
    "404": Reply(404),
    "500": Reply(500),
    "NaN": Reply(200, body='{"credit_balance": NaN}'),
    "infinite": Reply(200, body='{"credit_balance": 1e999}'),
    "absent": Reply(200, body="{}"),
    "null": Reply(200, body='{"credit_balance": null}'),
    "dropped": Reply(),
}


@pytest.mark.parametrize("reply", NO_BALANCES.values(), ids=NO_BALANCES)
@pytest.mark.parametrize("limit", ["budget", "floor"])
def test_nothing_is_sent_where_a_limit_cannot_be_kept(shop: Shop, limit: str, reply: Reply) -> None:
    shop.fake.no_balance = reply
    session = shop.session(prices={"image": 4.0}, patience=HASTE, **{limit: 100.0})
    with pytest.raises(BudgetError, match=f"the {limit} cannot be checked, because the balance cannot be read"):
        session.submit(REQUEST).result(SECONDS)
    assert shop.fake.posts == []


@pytest.mark.parametrize("reply", [NO_BALANCES["404"], NO_BALANCES["500"]], ids=["404", "500"])
def test_a_balance_that_can_be_read_no_more_stops_what_comes(shop: Shop, reply: Reply) -> None:
    session = shop.session(prices={"image": 4.0}, budget=100.0, patience=HASTE)

    def price(_: dict[str, Any]) -> float:
        shop.fake.no_balance = reply
        return 40.0

    shop.fake.price = price
    assert shop.buy(session, 2, at_once=True) == 1
    shop.fake.no_balance = None
    assert shop.buy(session, 1) == 1
    kept(session, shop.fake, dearest=40.0)


def test_without_a_limit_a_balance_is_not_needed(shop: Shop) -> None:
    shop.fake.no_balance = Reply(404)
    assert shop.buy(shop.session(), 3, at_once=True) == 3
    session = shop.session(prices={"image": 1.5})
    assert shop.buy(session, 3, at_once=True) == 3
    assert session.allowance.spent == 4.5


def test_a_shared_key_needs_no_balance_for_its_budget(shop: Shop) -> None:
    shop.fake.no_balance = Reply(404)
    session = shop.session(prices={"image": 1.5}, budget=3.0, shared=True)
    assert shop.buy(session, 4, at_once=True) == 2


def test_a_floor_holds_for_many_at_once(shop: Shop) -> None:
    shop.costs(40.0)
    shop.fake.balance = 200.0
    shop.buy(shop.session(prices={"image": 4.0}, floor=100.0), 10, at_once=True)
    assert shop.fake.balance >= 60.0


@pytest.mark.parametrize(("balance", "made"), [(0.3, 1), (0.29, 0)])
def test_a_create_may_leave_exactly_the_floor(shop: Shop, balance: float, made: int) -> None:
    # In floating point, 0.3 - 0.1 is less than 0.2.
    shop.costs(0.1)
    shop.fake.balance = balance
    assert shop.buy(shop.session(prices={"image": 0.1}, floor=0.2), 2) == made


# What is reported.


def test_both_amounts_are_told_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.learned(4.0)
    shop.costs(40.0)
    with caplog.at_level(logging.WARNING, logger="dream_nb.jobs"):
        shop.buy(shop.session(budget=1000.0), 4)
    (told,) = [message for message in caplog.messages if "known prices" in message]
    assert told.startswith("known prices add up to $0.04, and the balance has fallen by $0.40 since this session's")


def test_where_both_are_the_same_nothing_is_told(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.learned(4.0)
    failing(shop.fake, 1)
    session = shop.session(budget=1000.0)
    fail(session, 501)
    shop.buy(session, 4, at_once=True)
    assert [message for message in caplog.messages if "known prices" in message] == []


def test_what_the_balance_lost_is_seen_when_it_is_looked_at(shop: Shop) -> None:
    shop.learned(4.0)
    session = shop.session()
    shop.buy(session, 1)
    shop.costs(40.0)
    before = shop.fake.cost
    shop.buy(session, 3, at_once=True)
    session.credits()
    assert session.allowance.spent == 4.0 + shop.fake.cost - before


def test_what_was_spent_before_the_first_create_does_not_count(shop: Shop) -> None:
    shop.learned(4.0)
    session = shop.session(budget=8.0)
    session.credits()
    shop.fake.spend(500.0)
    assert shop.buy(session, 4) == 2


def test_amounts_have_no_noise_of_binary_fractions(shop: Shop) -> None:
    shop.fake.balance = 123_456.7
    shop.costs(0.2)
    session = shop.session()
    shop.buy(session, 3)
    assert (shop.price(), session.allowance.spent) == (0.2, 0.6)


def test_a_price_that_changes_once_and_back_is_told_right(shop: Shop) -> None:
    shop.costs(4.0, 4.0, 40.0, 4.0)
    session = shop.session(budget=1000.0, prices={"image": 4.0})
    shop.buy(session, 5)
    assert session.allowance.spent == shop.fake.cost == 56.0


def test_the_price_of_a_model_counts_before_that_of_its_kind() -> None:
    allowance = Allowance(prices={"image": 1.5, KIND: 4.0})
    assert [allowance.price(request, "https://a.test") for request in (REQUEST, FLASH)] == [
        Price(4.0, is_sure=True),
        Price(1.5, is_sure=True),
    ]


def test_kinds_are_learned_apart(shop: Shop) -> None:
    shop.fake.price = lambda request: 4.0 if request["model"] == "photon-1" else 1.0
    session = shop.session()
    jobs = [session.submit(request, take=take) for take in range(1, 6) for request in (REQUEST, FLASH)]
    assert [job.exception(SECONDS) for job in jobs] == [None] * 10
    assert session.allowance.spent == 25.0
    assert (shop.price(), session.plan([Ask(FLASH, 9)]).cents) == (4.0, 1.0)


# Random events.

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("price"), st.sampled_from([0.0, 0.5, 2.0, 4.0, 40.0])),
        st.tuples(st.just("others"), st.sampled_from([1.0, 7.0, 500.0])),
        st.tuples(st.just("top-up"), st.sampled_from([3.0, 1000.0])),
        st.tuples(st.just("fail"), st.sampled_from([1.0, 2.0])),
        st.tuples(st.just("refund"), st.just(0.0)),
        st.tuples(st.just("buy"), st.sampled_from([1.0, 3.0])),
    ),
    min_size=3,
    max_size=12,
)


@given(EVENTS, st.sampled_from(["create", "completion"]), st.booleans())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_happens(shop: Shop, events: list[tuple[str, float]], billing: Any, refunds: bool) -> None:
    fake = shop.fake
    fake.billing, fake.refunds, fake.fail = billing, refunds, lambda _: None
    shop.costs(4.0)
    before, dearest = fake.cost, 4.0
    with shop.session(budget=50.0, prices={"image": 4.0}) as session:
        for event, amount in events:
            if event == "price":
                shop.costs(amount)
                dearest = max(dearest, amount)
            elif event in ("others", "top-up"):
                fake.spend(amount if event == "others" else -amount)
            elif event == "fail":
                failing(fake, int(amount))
            elif event == "refund":
                fake.refund()
            else:
                jobs = [session.submit(REQUEST, fresh=True) for _ in range(int(amount))]
                errors = {type(job.exception(SECONDS)) for job in jobs}
                assert errors <= {type(None), BudgetError, GenerationFailedError}
            kept(session, fake, dearest=dearest, before=before)


def spending(fake: FakeDreamMachine, *cents: float) -> Callable[[dict[str, Any]], float]:
    """A price of 4; at each create, another user spends the next of these amounts."""
    amounts = iter(cents)

    def price(_: dict[str, Any]) -> float:
        fake.spend(next(amounts, 0.0))
        return 4.0

    return price


def price_file(shop: Shop) -> Path:
    path = Prices(shop.fake.base_url.removesuffix("/dream-machine/v1"))._path
    assert path is not None
    return path


def seen_by_server(session: Session) -> None:
    """Wait until the server has accepted a request of this session."""
    wait_for(lambda: any(record.state == "taken" for record in session.library.ledger.all()))
