"""What one session has spent at one account: by its own books, and by the balance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from dream_nb.backends.prices import is_same
from dream_nb.library.record import Record

_MOST_COMBINED: Final = 10


@dataclass(slots=True, eq=False)
class Charge:
    """What one create costs.

    Attributes:
        record: the row of the ledger.
        kind: what its price depends on.
        cents: what it counts as, in USD cents.
        number: how many creates the account had with this one.
        is_sure: whether `cents` is what it really costs.
        is_open: whether it may not be on the balance yet.
        is_refund_due: whether the generation has failed or was cancelled.
        before: the balance before it, or None where that is unknown or there were other creates at the same time.
        seen: by how much the balance fell when it was created.
        id: the generation's id, once it is known.
    """

    record: Record
    kind: str
    cents: float
    number: int
    is_sure: bool = False
    is_open: bool = False
    is_refund_due: bool = False
    before: float | None = None
    seen: float = 0.0
    id: str | None = None


@dataclass(slots=True, eq=False)
class Account:
    """The books of one session at one account, and the balances that it has read.

    Attributes:
        charges: what was created and not refunded, oldest first.
        created: how many creates there were.
    """

    charges: list[Charge] = field(default_factory=list)
    created: int = 0
    _first: float | None = None
    _last: float | None = None
    _rises: list[tuple[float, int]] = field(default_factory=list)
    _latest: dict[tuple[str, int, str], Charge] = field(default_factory=dict)

    @property
    def booked(self) -> float:
        """The known prices of everything that was created and not refunded, in USD cents."""
        return round(sum(charge.cents for charge in list(self.charges)), 6)

    @property
    def lost(self) -> float:
        """How much the balance has fallen since the first create, in USD cents. Top-ups do not count."""
        if self._first is None or self._last is None:
            return 0.0
        return max(0.0, round(self._first + sum(rise for rise, _ in self._rises) - self._last, 6))

    def begin(self, balance: float | None) -> None:
        """Count what the balance loses from now on, if nothing was counted before.

        Args:
            balance: what there is before the first create, or None where that is unknown.
        """
        if self._first is None:
            self._first = self._last = balance

    def add(self, record: Record, kind: str, cents: float, *, is_sure: bool = False) -> Charge:
        """Enter a create.

        Args:
            record: the row of the ledger.
            kind: what its price depends on.
            cents: what it counts as.
            is_sure: whether this is what it costs.
        """
        self.created += 1
        charge = Charge(record, kind, cents, self.created, is_sure)
        self.charges.append(charge)
        self._latest[record.key] = charge
        return charge

    def drop(self, charge: Charge) -> None:
        """Forget a create that never reached the server."""
        if charge in self.charges:
            self.charges.remove(charge)

    def find(self, record: Record) -> Charge | None:
        """The charge of a record's generation, where this session created it."""
        charge = self._latest.get(record.key)
        id_ = record.generation.id if record.generation else None
        is_same_one = charge is not None and charge in self.charges and charge.id in (None, id_)
        return charge if is_same_one else None

    def read(self, balance: float) -> None:
        """Take note of the balance. A rise is a refund where one of that amount is due, and a top-up elsewhere."""
        if self._last is None:
            # Before the first create nothing counts.
            if self.charges:
                self._first = self._last = balance
            return
        rise, self._last = balance - self._last, balance
        if rise > 0 and not is_same(rise, 0.0):
            self._rises.append((rise, self.created))
            self._match()

    def expect_refund(self, charge: Charge) -> None:
        """Take note that a generation has failed or was cancelled. It counts until its refund is seen.

        Args:
            charge: of this account.
        """
        charge.is_refund_due = True
        self._match()

    def due(self, cents: float, created: int) -> Sequence[Charge] | None:
        """The charges whose refunds come to an amount together, or None.

        Args:
            cents: the amount.
            created: the number of the last create that may be among them.
        """
        due = [charge for charge in self.charges if charge.is_refund_due and charge.cents and charge.number <= created]
        return next((some for some in _some(due) if is_same(sum(charge.cents for charge in some), cents)), None)

    def refund(self, charges: Sequence[Charge]) -> None:
        """Count charges as given back."""
        for charge in charges:
            self.charges.remove(charge)

    def _match(self) -> None:
        """Find the refunds that are due among the rises of the balance, which may have come first."""
        for rise in list(self._rises):
            if (refunded := self.due(*rise)) is not None:
                self._rises.remove(rise)
                self.refund(refunded)


def _some(due: list[Charge]) -> Iterator[Sequence[Charge]]:
    """The ways in which several refunds may come together; not all of them where there are many."""
    yield from (due[:count] for count in range(len(due), 0, -1))
    last = due[-_MOST_COMBINED:]
    for count in range(1, len(last)):
        yield from combinations(last, count)
