"""What creates cost, what they may cost, and how many may be under way."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio

from dream_nb.api.errors import APIError, BudgetError
from dream_nb.api.models import ImageGenerationRequest
from dream_nb.api.retry import retried
from dream_nb.jobs.backends import Backend
from dream_nb.jobs.identity import Request
from dream_nb.jobs.ledger import Ledger, Record
from dream_nb.jobs.patience import Patience
from dream_nb.jobs.progress import Progress, Report, spoken

_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked of the hosted API, by kind. The defaults stay under its lowest tier.

    Attributes:
        at_once: generations under way.
        a_minute: creates within a minute.
    """

    at_once: Mapping[str, int] = field(default_factory=lambda: {"video": 10, "image": 40})
    a_minute: Mapping[str, int] = field(default_factory=lambda: {"video": 20, "image": 80})


@dataclass(slots=True)
class Allowance:
    """What may be spent on paid backends in one session, in USD cents.

    Attributes:
        budget: in this session at most, or None.
        floor: what has to be left of the balance, or None.
        prices: what a kind of request costs ("video", "image", or `price_kind`), where it is not to be learned.
        spent: what was spent, as far as prices are known.
    """

    budget: float | None = None
    floor: float | None = None
    prices: Mapping[str, float] = field(default_factory=dict)
    spent: float = 0.0


def price_kind(request: Request) -> str:
    """What a price depends on, as far as requests show it: "image photon-1", "video ray-2 5s 720p"."""
    parts = [request.generation_type, request.model]
    if not isinstance(request, ImageGenerationRequest):
        parts += [request.duration, request.resolution]
    return " ".join(part for part in parts if part)


def known_price(request: Request, allowance: Allowance, ledger: Ledger, backend: str) -> float | None:
    """What a request costs in USD cents: as it was given, else as it was learned; None where neither is."""
    kind = price_kind(request)
    given = allowance.prices.get(kind, allowance.prices.get(kind.partition(" ")[0]))
    return given if given is not None else ledger.price(backend, kind)


class Budget:
    """The purse of one session at one paid backend.

    Args:
        backend: who is paid.
        ledger: remembers prices.
        allowance: what may be spent.
        limits: how much is asked for at once.
        patience: how long a balance is waited for.
    """

    def __init__(
        self, backend: Backend, ledger: Ledger, allowance: Allowance, limits: Limits, patience: Patience
    ) -> None:
        self._backend = backend
        self._ledger = ledger
        self._allowance = allowance
        self._patience = patience
        self._slots = {kind: anyio.CapacityLimiter(most) for kind, most in limits.at_once.items()}
        self._a_minute = limits.a_minute
        self._sent: dict[str, deque[float]] = {}
        self._gate = anyio.Lock()
        self._learning = anyio.Lock()
        self._under_way = 0
        self._disturbed = False
        self._named = False
        self._paid: dict[tuple[str, int], float] = {}

    @asynccontextmanager
    async def slot(self, request: Request, report: Report) -> AsyncIterator[None]:
        """Hold one of the places for generations under way."""
        slots = self._slots.get(request.generation_type)
        if slots is None or not self._backend.is_paid:
            yield
            return
        if not slots.available_tokens:
            report(Progress("waiting", note=f"{slots.total_tokens:g} are under way, as many as may be"))
        # Whoever waits is one job: a limiter counts tasks, and a task may see several through.
        async with slots:
            yield

    @asynccontextmanager
    async def purchase(self, record: Record, report: Report) -> AsyncIterator[None]:
        """Stand around the create of a record: refuses it before, and learns from the balance what it cost.

        Raises:
            BudgetError: it would break the budget or the floor, or its price is not known. Nothing was sent.
        """
        if not self._backend.is_paid:
            yield
            return
        kind = price_kind(record.request)
        price = self._price(record.request)
        await self._keep_pace(record.request.generation_type, report)
        if price is None:
            async with self._learning:
                price = self._price(record.request)
                if price is None:
                    async with self._unknown(record, kind, report):
                        yield
                    return
        async with self._known(record, price, report):
            yield

    def give_back(self, record: Record) -> None:
        """Count a generation that failed as not paid for, where this session paid: the server refunds it."""
        paid = self._paid.pop((record.hash, record.take), 0.0)
        self._allowance.spent = max(0.0, self._allowance.spent - paid)

    def _price(self, request: Request) -> float | None:
        return known_price(request, self._allowance, self._ledger, self._backend.name)

    @asynccontextmanager
    async def _known(self, record: Record, price: float, report: Report) -> AsyncIterator[None]:
        async with self._gate:
            await self._allow(price)
            self._allowance.spent += price
        self._name(report, f"about {dollars(price)}")
        self._disturbed = True
        try:
            yield
        except BaseException:
            if self._ledger.reread(record).state == "intended":
                self._allowance.spent -= price
            raise
        self._paid[record.hash, record.take] = price
        self._ledger.update(record, charge=price)

    @asynccontextmanager
    async def _unknown(self, record: Record, kind: str, report: Report) -> AsyncIterator[None]:
        if self._allowance.budget is not None:
            raise BudgetError(
                f"what a {kind} costs is not known, so a budget cannot be kept: set prices={{{kind!r}: cents}}, or "
                "make one without a budget"
            )
        await self._allow(0.0)
        before = await self._balance()
        self._name(report, "its price is not known yet")
        self._disturbed = False
        yield
        try:
            cost = before - await self._balance()
        except APIError:
            return
        if cost > 0 and not self._disturbed:
            self._ledger.learn_price(self._backend.name, kind, cost)
            self._ledger.update(record, charge=cost)
            self._allowance.spent += cost
            self._paid[record.hash, record.take] = cost

    async def _allow(self, price: float) -> None:
        budget, floor = self._allowance.budget, self._allowance.floor
        if budget is not None and self._allowance.spent + price > budget:
            left = max(0.0, budget - self._allowance.spent)
            raise BudgetError(
                f"this costs about {dollars(price)}, and {dollars(left)} of the budget of {dollars(budget)} are left: "
                "raise budget= (%config DreamMagics.budget) to go on"
            )
        if floor is not None and (balance := await self._balance()) - price < floor:
            raise BudgetError(
                f"the balance is {dollars(balance)}, and {dollars(floor)} have to be left: lower floor= "
                "(%config DreamMagics.floor) to go on"
            )

    async def _balance(self) -> float:
        client, patience = self._backend.client, self._patience
        answer = await retried(client.get_credits, first=patience.pause, seconds=patience.trying)
        return answer.credit_balance

    def _name(self, report: Report, cost: str) -> None:
        if not self._named:
            self._named = True
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


def dollars(cents: float) -> str:
    """USD cents as people write them: "$0.32"."""
    # Images cost fractions of a cent.
    return f"${cents / 100:.2f}" if cents == round(cents) else f"${cents / 100:.3f}"
