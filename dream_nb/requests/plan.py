"""What would be asked for, what of it there is, and what the rest would cost: nothing of it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
    """One dream that is asked for.

    Attributes:
        request: what.
        take: which result of it, from 1.
        fresh: whether a new take is made, whatever is there.
        words: the word that it has on each axis of a sweep.
    """

    request: Request
    take: int = 1
    fresh: bool = False
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One dream of a plan.

    Attributes:
        ask: what is asked for.
        standing: "in the library" and "under way" cost nothing more; "new" would be sent.
        cents: what it would cost in USD cents; None where that is unknown.
        is_public: whether that is only publicly known, and was not seen here.
    """

    ask: Ask
    standing: Standing
    cents: float | None
    is_public: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """The JSON that would be sent, in which two things stand by their own names.

        Files of this machine are `data:` URIs, whatever address they get. A generation that another version is made of
        is its id: the server is sent the address of its file, or the id in the path.
        """
        request = self.ask.request
        return LUMA_DIALECT.write(request).wire() if speaks_luma(request) else request.wire()


@dataclass(frozen=True)
class Plan:
    """What would be asked for. `%dream --dry-run` shows it.

    Attributes:
        entries: one for each dream, in their order.
        backend: who would be asked: "studio", "dream-machine", "luma", or a URL.
    """

    entries: tuple[Entry, ...]
    backend: str

    @property
    def new(self) -> int:
        """How many would be sent."""
        return sum(entry.standing == "new" for entry in self.entries)

    @property
    def cents(self) -> float | None:
        """What it would cost in USD cents; None where a price is not known."""
        costs = [entry.cents for entry in self.entries]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The exact JSON of each request."""
        return [entry.document for entry in self.entries]

    @property
    def cost(self) -> str:
        """The estimate in words."""
        if self.backend == "studio":
            return "costs nothing"
        if not self.new:
            return "costs nothing more"
        if self.cents is None:
            return "price unknown"
        return about(self.cents, is_public=any(entry.is_public for entry in self.entries))

    @property
    def summary(self) -> str:
        """Count, what there is, and the estimate, in one line."""
        count = f"{len(self.entries)} {'dream' if len(self.entries) == 1 else 'dreams'}"
        who = "the studio" if self.backend == "studio" else self.backend
        there = sum(entry.standing == "in the library" for entry in self.entries)
        unknown = "" if self.backend == "studio" else newer_note(entry.ask.request for entry in self.entries)
        return (f"{count} of {who}: {there} in the library, {self.new} to make, {self.cost}; nothing was sent") + (
            f"; {unknown}" if unknown else ""
        )

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        shown = [_shortened(entry.document) for entry in self.entries[:_MOST_SHOWN]]
        text = json.dumps(shown if len(self) > 1 else shown[0], indent=2, ensure_ascii=False)
        return "\n".join(filter(None, [self.summary, text, self._rest]))

    @property
    def _rest(self) -> str:
        """What is not shown."""
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
    """A document with the pictures in it cut short: `Plan.documents` has the whole."""
    return replace_media(document, shortened)


def dollars(cents: float) -> str:
    """An amount as people write it: "$0.32".

    Args:
        cents: the amount in USD cents.
    """
    # Images cost fractions of a cent.
    is_plain = cents == round(cents) or cents >= _SMALL
    return f"${cents / 100:.2f}" if is_plain else f"${cents / 100:.3f}"


def about(cents: float, *, is_public: bool) -> str:
    """An estimate in words: "about $0.71 (public price, 2026)".

    Args:
        cents: the amount in USD cents.
        is_public: whether it is only publicly known.
    """
    return f"about {dollars(cents)}" + (f" (public price, {DATED})" if is_public else "")


def takes_of(
    request: Request, words: Mapping[str, str], takes: int = 1, *, first: int = 1, fresh: bool = False
) -> list[Ask]:
    """So many takes of one request; several are an axis of their own, "take".

    Raises:
        InvalidRequestError: the number, the first or the last take is not from 1 to 10,000.
    """
    if not 1 <= takes <= MAX_TAKE:
        raise InvalidRequestError(f"{takes} takes: give a number from 1 to {MAX_TAKE:,}", field="count")
    for take in (first, first + takes - 1):
        check_take(take)
    if takes == 1:
        return [Ask(request, first, fresh, words)]
    return [Ask(request, take, fresh, {**words, "take": str(take)}) for take in range(first, first + takes)]
