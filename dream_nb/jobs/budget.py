"""The cost of create requests, the limits on spending, and the number of generations that run at once."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import anyio

from dream_nb.api.connection import origin_of
from dream_nb.api.errors import (
    APIError,
    AuthenticationError,
    BudgetError,
    ConfigurationError,
    DreamError,
    NotFoundError,
)
from dream_nb.api.models import Credits
from dream_nb.api.public_prices import public_price
from dream_nb.api.request_models import Request
from dream_nb.api.retry import Backoff, retried
from dream_nb.backends.backends import Backend
from dream_nb.backends.keys import address_of
from dream_nb.backends.patience import Patience
from dream_nb.backends.prices import Price, Prices, is_price, is_same, kind_to_say, price_kind, words_of
from dream_nb.jobs.account import Account, Charge
from dream_nb.jobs.commits import Commits
from dream_nb.jobs.locks import FileLock, TaskLock
from dream_nb.jobs.looks import Looks
from dream_nb.jobs.progress import Progress, Report, spoken
from dream_nb.library.ledger import Ledger
from dream_nb.library.record import Record
from dream_nb.requests.plan import about, dollars

logger = logging.getLogger("dream_nb.jobs")

_MINUTE: Final = 60.0
_PLURALS: Final = {
    "video": "videos",
    "image": "images",
    "modify_video": "modifications",
    "reframe_video": "reframed videos",
    "reframe_image": "reframed images",
    "upscale_video": "upscaled videos",
    "add_audio": "sound",
    "layering": "layers",
}
# Without a budget, the balance is read only for a limited time if others change it as well.
_MOST_CHECKS: Final = 3
# How long a create without checks waits for one in another notebook that reads the balance.
_LOCK_SECONDS: Final = 3.0
_SLACK: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on how much is asked of the hosted API at once. The defaults are below those of its lowest tier.

    Attributes:
        at_once: for each kind, the largest number of running generations.
        a_minute: for each kind, the largest number of create requests per minute.
    """

    at_once: Mapping[str, int] = field(default_factory=lambda: {"video": 10, "image": 40})
    a_minute: Mapping[str, int] = field(default_factory=lambda: {"video": 20, "image": 80})


class Allowance:
    """The limits on a session's spending at paid backends, and the amount spent, in USD cents.

    Args:
        budget: the most that the session may cost, or None.
        floor: the balance that must be left, or None.
        prices: prices by kind of request ("video", "image", "modify_video", or as `price_kind` returns them), which
            apply until the balance shows other prices.
        shared: whether others spend from the same balance. If so, only known prices count, not the changes of the
            balance.

    Attributes:
        source_seconds: a function that returns the playing time of the video that a request changes, if it is known.

    Raises:
        ConfigurationError: an amount is not valid.
    """

    def __init__(
        self,
        budget: float | None = None,
        floor: float | None = None,
        prices: Mapping[str, float] | None = None,
        *,
        shared: bool = False,
    ) -> None:
        self.budget = budget
        self.floor = floor
        self.shared = shared
        self.prices = prices or {}
        self.source_seconds: Callable[[Request], float | None] = lambda _: None
        self.seen: dict[tuple[str, str], float] = {}
        self._accounts: list[Account] = []

    @property
    def budget(self) -> float | None:
        """The most that the session may cost, or None."""
        return self._budget

    @budget.setter
    def budget(self, cents: float | None) -> None:
        self._budget = _amount("budget", cents)

    @property
    def floor(self) -> float | None:
        """The balance that must be left, or None."""
        return self._floor

    @floor.setter
    def floor(self, cents: float | None) -> None:
        self._floor = _amount("floor", cents)

    @property
    def prices(self) -> Mapping[str, float]:
        """The prices that were given, in USD cents by kind of request."""
        return self._prices

    @prices.setter
    def prices(self, prices: Mapping[str, float]) -> None:
        for kind, cents in prices.items():
            if not is_price(cents):
                raise ConfigurationError(f"prices[{kind!r}] is {cents!r}: give a positive number of USD cents")
        self._prices: Mapping[str, float] = MappingProxyType(dict(prices))

    @property
    def booked(self) -> float:
        """The amount spent by known prices: the sum for all generations that were created and not refunded."""
        return sum(account.booked for account in self._accounts)

    @property
    def lost(self) -> float:
        """How much the balances had fallen since the session's first create when they were last read; 0 if shared."""
        return 0.0 if self.shared else sum(account.lost for account in self._accounts)

    @property
    def spent(self) -> float:
        """The higher of `booked` and `lost`: never less than the real amount, as far as it can be known."""
        if self.shared:
            return self.booked
        return sum(max(account.booked, account.lost) for account in self._accounts)

    def open_account(self) -> Account:
        """Add the accounts of another backend that is paid from."""
        self._accounts.append(Account())
        return self._accounts[-1]

    def price(self, request: Request, origin: str) -> Price | None:
        """Return the price of a request at a server: observed in this session, given, seen earlier, or published.

        Args:
            request: the request.
            origin: the origin of the server.
        """
        kind = price_kind(request)
        if (cents := self.seen.get((origin, kind))) is not None:
            return Price(cents, is_sure=True)
        given = next((self.prices[name] for name in words_of(kind) if name in self.prices), None)
        if given is not None:
            return Price(given, is_sure=True)
        public = public_price(request, origin, source_seconds=self.source_seconds(request))
        return Prices(origin).find(kind) or (Price(public, is_public=True) if public is not None else None)

    def known(self, origin: str) -> dict[str, float]:
        """Return the prices in USD cents by kind: those given, those seen earlier, and those observed in this session.

        Args:
            origin: the origin of the server.
        """
        seen = {kind: cents for (where, kind), cents in self.seen.items() if where == origin}
        return Prices(origin).all() | dict(self.prices) | seen


def known_price(request: Request, allowance: Allowance, backend: str) -> Price | None:
    """Return the price of a request; None if it is unknown.

    Args:
        request: the request.
        allowance: the allowance of the session.
        backend: the name of a paid backend.
    """
    return allowance.price(request, origin_of(address_of(backend)))


class Budget:
    """Keeps the spending of one session at one paid backend within its allowance.

    With a budget or a floor, creates are sent one at a time, and the balance is read before and after each, so that
    even if prices change, no more than the budget and one create is spent. Otherwise only the first create at each
    price is sent alone.

    Args:
        backend: the paid backend.
        ledger: the ledger, which records the cost of each generation.
        commits: commits what the jobs of the session write.
        allowance: the allowance of the session.
        limits: the limits on how much is asked for at once.
        patience: the timeouts for reading a balance.
        looks: looks at generations whose cost does not show in the balance yet.
    """

    def __init__(
        self,
        backend: Backend,
        ledger: Ledger,
        commits: Commits,
        allowance: Allowance,
        limits: Limits,
        patience: Patience,
        looks: Looks,
    ) -> None:
        self._backend = backend
        self._looks = looks
        self._ledger = ledger
        self._commits = commits
        self._allowance = allowance
        self._patience = patience
        self._slots = {kind: anyio.CapacityLimiter(most) for kind, most in limits.at_once.items()}
        self._a_minute = limits.a_minute
        self._sent: dict[str, deque[float]] = {}
        self._origin = origin_of(backend.client.base_url)
        self._prices = Prices(self._origin)
        self._account = allowance.open_account() if backend.is_paid else Account()
        self._tasks = TaskLock()
        self._file = FileLock(self._prices.lock_path if backend.is_paid else None)
        self._reading = anyio.Lock()
        # By kind, the price at which creates need no more checks.
        self._checked: dict[str, float | None] = {}
        self._checks: dict[str, int] = {}
        self._dearest: dict[str, float] = {}
        self._bills_at_create = False
        self._named = False
        self._unpriced: set[str] = set()
        self._told = False

    @asynccontextmanager
    async def slot(self, request: Request, report: Report) -> AsyncIterator[None]:
        """Hold one of the slots for running generations."""
        slots = self._slots.get(request.kind)
        if slots is None or not self._backend.is_paid:
            yield
            return
        if not slots.available_tokens:
            report(Progress("waiting", note=f"{slots.total_tokens:g} are under way, which is the limit"))
        # The waiting job is the borrower: a limiter counts tasks, and one task may see several jobs through.
        async with slots:
            yield

    @asynccontextmanager
    async def purchase(self, record: Record, report: Report) -> AsyncIterator[None]:
        """Surround the create of a record: refuse it before, or derive its cost from the balance afterwards.

        Args:
            record: the ledger row of the request.
            report: a function that is called with what is being waited for.

        Raises:
            BudgetError: the create would exceed the budget or the floor, or this cannot be known. Nothing was sent.
        """
        if not self._backend.is_paid:
            yield
            return
        await self._keep_pace(record.request.kind, report)
        if self._is_watched(record.request):
            async with self._tasks.alone():
                # The create before it may have been the last one that had to be sent alone.
                if self._is_watched(record.request):
                    async with self._watched(record, report):
                        yield
                    return
        async with self._tasks.shared(), self._file.shared(_LOCK_SECONDS):
            async with self._booked(record, report) as charge:
                yield
            await self._commits.commit(lambda: self._ledger.update(record, charge=charge.cents or None))

    async def credits(self) -> Credits:
        """Return the balance of the account.

        Raises:
            APIError: the balance cannot be read.
        """
        return await self._read(self._patience.trying)

    async def ended(self, record: Record, *, is_refunded: bool) -> None:
        """Record that a generation has ended.

        Args:
            record: the ledger row of the generation.
            is_refunded: whether it failed or was cancelled. The server refunds it then, which counts once the refund is
                seen.
        """
        charge = self._account.find(record)
        if charge is None:
            return
        if is_refunded:
            self._account.expect_refund(charge)
        if charge.is_open or (is_refunded and self._is_guarded):
            await self._close(charge)

    @property
    def _is_guarded(self) -> bool:
        return self._allowance.budget is not None or self._allowance.floor is not None

    @property
    def _counts_balance(self) -> bool:
        """Whether changes of the balance count. They do not if others spend from it too, or if it cannot be read."""
        return self._backend.can("balance") and not self._allowance.shared

    def _is_watched(self, request: Request) -> bool:
        """Whether a create is sent alone, with the balance read before and after it."""
        kind, price = price_kind(request), self._allowance.price(request, self._origin)
        is_checked = kind in self._checked and self._checked[kind] == (price.cents if price else None)
        return self._is_guarded or not is_checked

    @asynccontextmanager
    async def _watched(self, record: Record, report: Report) -> AsyncIterator[None]:
        if self._is_guarded and self._counts_balance:
            await self._await_open(report)
        async with self._file.alone(self._patience.trying) as is_alone:
            price = self._allowance.price(record.request, self._origin)
            before = await self._look(is_needed=price is None)
            self._allow(record.request, price, before)
            self._account.begin(before if isinstance(before, float) else None)
            async with self._booked(record, report) as charge:
                # Whatever was known before, this create is checked.
                charge.is_open, charge.is_sure = True, False
                charge.before = before if isinstance(before, float) else None
                yield
            after = await self._look(is_needed=price is None) if charge.before is not None else None
            if isinstance(after, float):
                self._weigh_create(charge, price, after, is_alone, report)
            else:
                charge.cents = max(charge.cents, self._dearest.get(charge.kind, 0.0))
                if charge.before is None or not self._is_guarded:
                    charge.is_open = False
                    self._check_no_more(record.request)
        self._write(charge)

    @asynccontextmanager
    async def _booked(self, record: Record, report: Report) -> AsyncIterator[Charge]:
        """Add a create to the accounts, and remove it if it was never sent."""
        kind, price = price_kind(record.request), self._allowance.price(record.request, self._origin)
        self._name(report, record.request, price)
        cents = price.cents if price else self._dearest.get(kind, 0.0)
        is_sure = price is not None and self._allowance.seen.get((self._origin, kind)) == price.cents
        charge = self._account.add(record, kind, cents, is_sure=is_sure)
        try:
            yield charge
        except BaseException:
            if self._ledger.reread(record).state == "intended":
                self._account.drop(charge)
            raise
        generation = self._ledger.reread(record).generation
        charge.id = generation.id if generation else None

    def _weigh_create(self, charge: Charge, price: Price | None, after: float, is_alone: bool, report: Report) -> None:
        """Derive the cost of a create from the balance right after it."""
        assert charge.before is not None
        booked, lost = self._account.booked, self._account.lost
        charge.seen = _fall(charge.before, after)
        if price and not is_same(charge.seen, price.cents):
            # A refund at the same time is not part of the price.
            refunded = self._account.due(price.cents - charge.seen, self._account.created)
            if refunded:
                self._account.refund(refunded)
                charge.seen = price.cents
        is_exact = self._weigh(charge, price, charge.seen, is_alone=is_alone)
        is_moved = charge.seen > _SLACK
        self._bills_at_create |= is_exact
        charge.is_open = not is_exact and not (is_moved and (self._bills_at_create or not self._is_guarded))
        self._checks[charge.kind] = self._checks.get(charge.kind, 0) + 1
        if not is_exact and price and (not is_moved or self._checks[charge.kind] >= _MOST_CHECKS):
            self._check_no_more(charge.record.request)
        if is_moved:
            self._tell(booked, lost, report)

    def _weigh(self, charge: Charge, price: Price | None, fallen: float, *, is_alone: bool) -> bool:
        """Correct the accounts by the fall of the balance. Returns whether that is certainly the price."""
        kind = charge.kind
        if fallen <= _SLACK:
            charge.cents = max(charge.cents, self._dearest.get(kind, 0.0))
            return False
        seen = self._prices.observe(kind, fallen) if is_alone else None
        known = [found.cents for found in (price, seen) if found and found.is_sure]
        if any(is_same(cents, fallen) for cents in known):
            self._settle(kind, fallen)
            return True
        self._dearest[kind] = max(self._dearest.get(kind, 0.0), fallen)
        if self._allowance.shared:
            charge.cents = price.cents if price else fallen
            return False
        charge.cents = max(charge.cents, fallen)
        for other in self._account.charges:
            if other.kind == kind and not other.is_sure:
                other.cents = max(other.cents, fallen)
        return False

    def _settle(self, kind: str, cents: float) -> None:
        """Use a price from now on, and for everything that was created before it was certain."""
        self._allowance.seen[self._origin, kind] = self._checked[kind] = self._dearest[kind] = cents
        self._checks.pop(kind, None)
        for charge in self._account.charges:
            if charge.kind == kind and not charge.is_sure:
                charge.cents, charge.is_sure = cents, True
                self._write(charge)

    def _check_no_more(self, request: Request) -> None:
        price = self._allowance.price(request, self._origin)
        self._checked[price_kind(request)] = price.cents if price else None

    def _write(self, charge: Charge) -> None:
        if charge.id and charge.cents:
            generation = self._ledger.reread(charge.record).generation
            if generation is not None and generation.id == charge.id:
                self._ledger.update(charge.record, charge=charge.cents)

    async def _await_open(self, report: Report) -> None:
        """Wait until the balance shows the cost of earlier creates: some servers charge only at the end."""
        for charge in [charge for charge in self._account.charges if charge.is_open]:
            await self._await_end(charge, report)
            if charge.is_open and (error := await self._close(charge)):
                raise _unreadable("budget" if self._allowance.budget is not None else "floor", error)

    async def _await_end(self, charge: Charge, report: Report) -> None:
        backoff = Backoff(self._patience.look)
        generation = self._ledger.reread(charge.record).generation
        id_ = charge.id or (generation.id if generation else None)
        while id_ and charge.is_open:
            try:
                seen = await self._looks.generation(id_)
            except NotFoundError:
                return
            if seen.is_final:
                if seen.has_failed:
                    self._account.expect_refund(charge)
                return
            report(
                Progress("waiting", note="waiting until the balance includes the price of the request before this one")
            )
            await anyio.sleep(min(backoff.pause(), self._backend.widest_seconds))

    async def _close(self, charge: Charge) -> APIError | None:
        """Derive the cost of an ended generation from the balance. Returns the error if the balance cannot be read."""
        balance = await self._look()
        if isinstance(balance, APIError):
            return balance
        if not charge.is_open:
            return None
        charge.is_open = False
        if charge not in self._account.charges or charge.before is None or charge.number != self._account.created:
            return None
        booked, lost = self._account.booked, self._account.lost
        fallen = _fall(charge.before, balance)
        if not charge.is_refund_due:
            price = self._allowance.price(charge.record.request, self._origin)
            if price is None and is_same(fallen, 0.0):
                charge.is_sure = True
            elif charge.seen <= _SLACK:
                # Others had much time to spend in between, so this does not reveal a price.
                self._weigh(charge, price, fallen, is_alone=False)
                self._write(charge)
            self._tell(booked, lost, None)
        elif is_same(fallen, 0.0):
            # It was refunded already, or never charged.
            self._account.refund([charge])
        return None

    def _allow(self, request: Request, price: Price | None, balance: float | APIError) -> None:
        """Refuse a create that would exceed the budget or the floor."""
        allowance, cents = self._allowance, price.cents if price else 0.0
        if allowance.budget is not None:
            if price is None:
                raise BudgetError(
                    f"the price of {_in_words(request)} is unknown, so the budget cannot be checked: set "
                    f"prices={{{kind_to_say(request)!r}: cents}}, or remove the budget"
                )
            if isinstance(balance, APIError) and self._counts_balance:
                raise _unreadable("budget", balance)
            self._keep_budget(allowance.budget, cents)
        if allowance.floor is not None:
            if not self._backend.can("balance"):
                raise BudgetError(
                    f"the floor cannot be checked, because backend {self._backend.name!r} does not report a balance: "
                    "remove it, and set a budget, which counts known prices"
                )
            if isinstance(balance, APIError):
                raise _unreadable("floor", balance)
            if balance - cents < allowance.floor - _SLACK:
                raise BudgetError(
                    f"the balance is {dollars(balance)}, and the floor is {dollars(allowance.floor)}: lower floor= "
                    "(%config DreamMagics.floor) to continue"
                )

    def _keep_budget(self, budget: float, cents: float) -> None:
        allowance = self._allowance
        spent = allowance.spent
        if spent + cents <= budget + _SLACK:
            return
        both = ""
        if not is_same(allowance.lost, allowance.booked) and self._counts_balance:
            both = f" ({_both(allowance.booked, allowance.lost)})"
        raise BudgetError(
            f"this costs about {dollars(cents)}, and {dollars(max(0.0, budget - spent))} of the {dollars(budget)} "
            f"budget is left{both}: raise budget= (%config DreamMagics.budget) to continue"
        )

    def _tell(self, booked: float, lost: float, report: Report | None) -> None:
        """Report once that the accounts and the balance differ."""
        account, is_silent = self._account, self._told or self._allowance.budget is None or self._allowance.shared
        is_waiting = any(
            charge.is_refund_due or (charge.is_open and charge.seen <= _SLACK) for charge in account.charges
        )
        if is_silent or is_waiting or is_same(booked, lost):
            return
        self._told = True
        note = f"{_both(booked, lost)}: the budget counts the higher amount"
        logger.warning("%s", note)
        if report is not None:
            report(Progress("sending", note=note))

    async def _look(self, *, is_needed: bool = False) -> float | APIError:
        """Return the balance, or the error if it cannot be read. If it is not needed, this does not wait for it."""
        if not self._backend.can("balance"):
            return APIError("getCredits", "this API does not report a balance", reached=False)
        try:
            answer = await self._read(self._patience.trying if self._is_guarded or is_needed else 0.0)
        except APIError as error:
            return error
        return answer.credit_balance

    async def _read(self, seconds: float) -> Credits:
        # One at a time: an older answer that arrives later would look like a rise.
        async with self._reading:
            answer = await retried(self._backend.client.get_credits, first=self._patience.pause, seconds=seconds)
            self._account.read(answer.credit_balance)
        return answer

    def _name(self, report: Report, request: Request, price: Price | None) -> None:
        """Report who is paid and about how much at the first create, and at the first of each kind without a price."""
        kind = kind_to_say(request)
        if self._named and (price is not None or kind in self._unpriced):
            return
        self._named = True
        if price is None:
            self._unpriced.add(kind)
        cost = (
            about(price.cents, is_public=price.is_public) if price else f"the price of {_in_words(request)} is unknown"
        )
        report(Progress("sending", note=f"from {self._backend.client.base_url}, {cost}"))

    async def _keep_pace(self, kind: str, report: Report) -> None:
        most = self._a_minute.get(kind)
        if most is None:
            return
        sent = self._sent.setdefault(kind, deque())
        while True:
            now = anyio.current_time()
            while sent and sent[0] <= now - _MINUTE:
                sent.popleft()
            if len(sent) < most:
                sent.append(now)
                return
            wait = sent[0] + _MINUTE - now
            report(Progress("waiting", note=f"{most} were sent within a minute: the next in {spoken(wait)}"))
            await anyio.sleep(wait)


def _fall(before: float, after: float) -> float:
    """How much a balance has fallen, rounded to remove the noise of binary fractions, which would show in a price."""
    return round(before - after, 6)


def _amount(name: str, cents: float | None) -> float | None:
    if cents is None:
        return None
    if isinstance(cents, bool) or not isinstance(cents, int | float) or not 0 <= cents < math.inf:
        raise ConfigurationError(f"{name} is {cents!r}: give a number of USD cents, 0 or more, or None for no limit")
    return cents


def _both(booked: float, lost: float) -> str:
    return (
        f"known prices add up to {dollars(booked)}, and the balance has fallen by {dollars(lost)} since this session's "
        "first create"
    )


def _unreadable(what: str, error: APIError) -> DreamError:
    if isinstance(error, AuthenticationError):
        return error
    shared = ", or count known prices only with Session(shared=True)" if what == "budget" else ""
    return BudgetError(f"the {what} cannot be checked, because the balance cannot be read ({error}): remove it{shared}")


def _in_words(request: Request) -> str:
    """The kind of a request in ordinary words: "photon-1 16:9 images"."""
    kind, _, rest = kind_to_say(request).partition(" ")
    return f"{rest} {_PLURALS.get(kind, kind)}".strip()
