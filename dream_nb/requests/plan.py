"""What would be requested, what the library has already, and what the rest would cost. Nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.luma_dialect import LUMA_DIALECT, speaks_luma
from dream_nb.api.public_prices import DATED
from dream_nb.api.request_models import Request
from dream_nb.api.schemas import shortened
from dream_nb.html.page import template
from dream_nb.requests.identity import MAX_TAKE, check_take
from dream_nb.requests.media import replace_media
from dream_nb.requests.newer import newer_note

Standing = Literal["in the library", "under way", "new"]
_MOST_SHOWN = 24
_SMALL: Final = 10


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for one dream.

    Attributes:
        request: the request.
        take: the number of the result of this request, from 1.
        fresh: whether to make a new take even if the library has one.
        words: for a sweep, the value on each axis.
    """

    request: Request
    take: int = 1
    fresh: bool = False
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One dream of a plan.

    Attributes:
        ask: the request for this dream.
        standing: "in the library" and "under way" cost nothing more; "new" would be sent.
        cents: the estimated cost in USD cents; None if it is unknown.
        is_public: whether the cost is only a public price, and was not observed here.
        backend: the backend that a new one would be sent to; None for the others.
        made_by: the backend that made the one in the library; None for the others.
    """

    ask: Ask
    standing: Standing
    cents: float | None
    is_public: bool = False
    backend: str | None = None
    made_by: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The JSON that would be sent, except for two kinds of references.

        Local files are `data:` URIs, whatever their uploaded address would be. A generation that is changed is given by
        its id, although the server is sent the address of its file, or the id as part of the path.
        """
        request = self.ask.request
        return LUMA_DIALECT.write(request).wire() if speaks_luma(request) else request.wire()


@dataclass(frozen=True)
class Plan:
    """What would be requested. `%dream --dry-run` shows a plan.

    Attributes:
        entries: one entry for each dream, in order.
        backend: the backend that would be used: "studio", "dream-machine", "luma", or a URL; of several, their names
            joined by "and".
    """

    entries: tuple[Entry, ...]
    backend: str

    @classmethod
    def of(cls, entries: Iterable[Entry], backend: str) -> Plan:
        """Return the plan of several dreams. A model that a request names may choose another backend for it.

        Args:
            entries: one entry for each dream, in order.
            backend: the backend of the session.
        """
        entries = tuple(entries)
        asked = dict.fromkeys(entry.backend for entry in entries if entry.backend)
        return cls(entries, " and ".join(asked) or backend)

    @property
    def new(self) -> int:
        """The number of dreams that would be sent."""
        return sum(entry.standing == "new" for entry in self.entries)

    @property
    def cents(self) -> float | None:
        """The estimated cost in USD cents; None if a price is unknown."""
        costs = [entry.cents for entry in self.entries]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The exact JSON of each request."""
        return [entry.document for entry in self.entries]

    @property
    def cost(self) -> str:
        """The estimated cost in words."""
        if self.backend == "studio":
            return "free"
        if not self.new:
            return "nothing more to pay"
        if self.cents is None:
            return "price unknown"
        return about(self.cents, is_public=any(entry.is_public for entry in self.entries))

    @property
    def summary(self) -> str:
        """The number of dreams, those that the library has, and the estimated cost, in one line."""
        count = f"{len(self.entries)} {'dream' if len(self.entries) == 1 else 'dreams'}"
        who = "the studio" if self.backend == "studio" else self.backend
        there = sum(entry.standing == "in the library" for entry in self.entries)
        by_studio = sum(entry.made_by == "studio" for entry in self.entries) if self.backend != "studio" else 0
        drawn = f" ({by_studio} drawn by the studio: %dreams use chooses where to make it instead)" if by_studio else ""
        unknown = "" if self.backend == "studio" else newer_note(entry.ask.request for entry in self.entries)
        return (
            f"{count} of {who}: {there} in the library{drawn}, {self.new} to make, {self.cost}; nothing was sent"
        ) + (f"; {unknown}" if unknown else "")

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        shown = [_shortened(entry.document) for entry in self.entries[:_MOST_SHOWN]]
        text = json.dumps(shown if len(self) > 1 else shown[0], indent=2, ensure_ascii=False)
        return "\n".join(filter(None, [self.summary, text, self._rest]))

    @property
    def _rest(self) -> str:
        """A note about the entries that are not shown."""
        more = len(self) - _MOST_SHOWN
        return f"and {more:,} more: Plan.documents has all" if more > 0 else ""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        rows = [
            (entry, json.dumps(_shortened(entry.document), indent=2, ensure_ascii=False))
            for entry in self.entries[:_MOST_SHOWN]
        ]
        return {
            "text/plain": repr(self),
            "text/html": template("plan.html").render(plan=self, rows=rows, rest=self._rest),
        }


def _shortened(document: Any) -> Any:
    """A document with its embedded pictures shortened. `Plan.documents` has them in full."""
    return replace_media(document, shortened)


def dollars(cents: float) -> str:
    """Format an amount: "$0.32".

    Args:
        cents: the amount in USD cents.
    """
    # Images cost fractions of a cent.
    is_plain = cents == round(cents) or cents >= _SMALL
    return f"${cents / 100:.2f}" if is_plain else f"${cents / 100:.3f}"


def about(cents: float, *, is_public: bool) -> str:
    """Format an estimate: "about $0.71 (public price, 2026)".

    Args:
        cents: the amount in USD cents.
        is_public: whether it is only a public price.
    """
    return f"about {dollars(cents)}" + (f" (public price, {DATED})" if is_public else "")


def takes_of(
    request: Request, words: Mapping[str, str], takes: int = 1, *, first: int = 1, fresh: bool = False
) -> list[Ask]:
    """Return several takes of one request. If there are more than one, they form an axis named "take".

    Raises:
        InvalidRequestError: the number of takes, the first or the last take is not from 1 to 10,000.
    """
    if not 1 <= takes <= MAX_TAKE:
        raise InvalidRequestError(f"{takes} takes: give a number from 1 to {MAX_TAKE:,}", field="count")
    for take in (first, first + takes - 1):
        check_take(take)
    if takes == 1:
        return [Ask(request, first, fresh, words)]
    return [Ask(request, take, fresh, {**words, "take": str(take)}) for take in range(first, first + takes)]
