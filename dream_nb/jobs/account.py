"""The spending of one session at one account: by its own records, and by the balance."""

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
    """The cost of one create.

    Attributes:
        record: the ledger row of the request.
        kind: everything that its price depends on.
        cents: the amount that it counts as, in USD cents.
        number: the number of creates of the account, including this one.
        is_sure: whether `cents` is the real cost.
        is_open: whether it may not be part of the balance yet.
        is_refund_due: whether the generation has failed or was cancelled.
        before: the balance before it, or None if this is unknown or other creates happened at the same time.
        seen: the fall of the balance when it was created.
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
    """The accounts of one session at one account, and the balances that it has read.

    Attributes:
        charges: everything that was created and not refunded, oldest first.
        created: the number of creates.
    """

    charges: list[Charge] = field(default_factory=list)
    created: int = 0
    _first: float | None = None
    _last: float | None = None
    _rises: list[tuple[float, int]] = field(default_factory=list)
    _latest: dict[tuple[str, int, str], Charge] = field(default_factory=dict)

    @property
    def booked(self) -> float:
        """The sum of the known prices of everything that was created and not refunded, in USD cents."""
        return round(sum(charge.cents for charge in list(self.charges)), 6)

    @property
    def lost(self) -> float:
        """The fall of the balance since the first create, in USD cents. Top-ups do not count."""
        if self._first is None or self._last is None:
            return 0.0
        return max(0.0, round(self._first + sum(rise for rise, _ in self._rises) - self._last, 6))

    def begin(self, balance: float | None) -> None:
        """Begin to count falls of the balance, if this has not begun before.

        Args:
            balance: the balance before the first create, or None if it is unknown.
        """
        if self._first is None:
            self._first = self._last = balance

    def add(self, record: Record, kind: str, cents: float, *, is_sure: bool = False) -> Charge:
        """Add a create.

        Args:
            record: the ledger row of the request.
            kind: everything that its price depends on.
            cents: the amount that it counts as, in USD cents.
            is_sure: whether this is the real cost.
        """
        self.created += 1
        charge = Charge(record, kind, cents, self.created, is_sure)
        self.charges.append(charge)
        self._latest[record.key] = charge
        return charge

    def drop(self, charge: Charge) -> None:
        """Remove a create that never reached the server."""
        if charge in self.charges:
            self.charges.remove(charge)

    def find(self, record: Record) -> Charge | None:
        """Return the charge of a record's generation, if this session created it."""
        charge = self._latest.get(record.key)
        id_ = record.generation.id if record.generation else None
        is_same_one = charge is not None and charge in self.charges and charge.id in (None, id_)
        return charge if is_same_one else None

    def read(self, balance: float) -> None:
        """Record the balance. A rise is a refund if one of that amount is due, and otherwise a top-up."""
        if self._last is None:
            # Nothing counts before the first create.
            if self.charges:
                self._first = self._last = balance
            return
        rise, self._last = balance - self._last, balance
        if rise > 0 and not is_same(rise, 0.0):
            self._rises.append((rise, self.created))
            self._match()

    def expect_refund(self, charge: Charge) -> None:
        """Record that a generation has failed or was cancelled. It counts until its refund is seen.

        Args:
            charge: a charge of this account.
        """
        charge.is_refund_due = True
        self._match()

    def due(self, cents: float, created: int) -> Sequence[Charge] | None:
        """Return the charges whose refunds add up to an amount, or None.

        Args:
            cents: the amount in USD cents.
            created: the number of the last create that may be among them.
        """
        due = [charge for charge in self.charges if charge.is_refund_due and charge.cents and charge.number <= created]
        return next((some for some in _some(due) if is_same(sum(charge.cents for charge in some), cents)), None)

    def refund(self, charges: Sequence[Charge]) -> None:
        """Count charges as refunded."""
        for charge in charges:
            self.charges.remove(charge)

    def _match(self) -> None:
        """Find the refunds that are due among the rises of the balance, which may have come before."""
        for rise in list(self._rises):
            if (refunded := self.due(*rise)) is not None:
                self._rises.remove(rise)
                self.refund(refunded)


def _some(due: list[Charge]) -> Iterator[Sequence[Charge]]:
    """Combinations of refunds that may arrive together; not all of them if there are many."""
    yield from (due[:count] for count in range(len(due), 0, -1))
    last = due[-_MOST_COMBINED:]
    for count in range(1, len(last)):
        yield from combinations(last, count)
