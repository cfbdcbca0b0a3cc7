"""Creates of unknown outcome, and the generations in the server's list that may be their answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dream_nb.api.models import Generation
from dream_nb.api.request_models import Request
from dream_nb.library.record import Record, utc
from dream_nb.requests.identity import differences

_MOST: Final = 5
_NEAR: Final = timedelta(days=1)
_MINUTES: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A generation that may be the answer to a create.

    Attributes:
        generation: the generation as the server lists it.
        differences: how its request differs from the request that was sent, in a few words each.
        after: how long after the create it was made, by the clock of the server; None if the server does not say.
    """

    generation: Generation
    differences: tuple[str, ...]
    after: timedelta | None


@dataclass(frozen=True, slots=True)
class Lost:
    """A create whose answer was lost.

    Attributes:
        request: the request.
        take: the number of the result of this request.
        backend: the backend that the request was sent to.
        sent_at: when it was sent (UTC).
        candidates: the generations that may be its answer, most likely first.
        record: its ledger row.
    """

    request: Request
    take: int
    backend: str
    sent_at: datetime
    candidates: tuple[Candidate, ...]
    record: Record

    @property
    def nearest(self) -> list[Candidate]:
        """The candidates that were made within minutes of the create, or at an unknown time."""
        return [one for one in self.candidates if one.after is None or abs(one.after) <= _MINUTES]


def find_candidates(record: Record, generations: Iterable[Generation], ahead: timedelta) -> Lost:
    """Return the generations in a server's list that may be the answer to a create: of the same kind and time.

    Args:
        record: the ledger row of the create.
        generations: the generations of the list that belong to no other row.
        ahead: how far the server's clock is ahead of this machine's.
    """
    sent_at = utc(record.sent_at or record.written_at)
    near = []
    for generation in generations:
        after = utc(generation.created_at) - sent_at - ahead if generation.created_at else None
        if generation.kind == record.request.kind and (after is None or abs(after) <= _NEAR):
            near.append(Candidate(generation, tuple(differences(generation, record.as_sent)), after))
    near.sort(key=lambda one: (len(one.differences), abs(one.after) if one.after is not None else _NEAR))
    return Lost(record.request, record.take, record.backend, sent_at, tuple(near[:_MOST]), record)
