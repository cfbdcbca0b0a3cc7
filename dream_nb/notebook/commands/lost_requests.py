"""`%dreams lost`: creates of unknown outcome, their possible answers, and the user's decisions about them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dream_nb.api.errors import InvalidRequestError
from dream_nb.backends.abilities import can
from dream_nb.jobs.lost import Candidate, Lost
from dream_nb.notebook.commands.listing import Facts, Listing
from dream_nb.session import Session

_HEADINGS: Final = ("number", "request", "possible result", "made", "differences")
_SHORT_ID: Final = 8


def list_lost(session: Session) -> Listing[Lost]:
    """List the creates of unknown outcome, each with its possible answers.

    Args:
        session: the session whose library and server are used.

    Raises:
        APIError: the server cannot be reached.
    """
    found = session.lost()
    rows: list[tuple[str, ...]] = []
    for number, lost in enumerate(found, 1):
        take = f", take {lost.take}" if lost.take > 1 else ""
        sent = f"{lost.request.label}{take} · {lost.sent_at.astimezone():%d %b %H:%M:%S}"
        shown = [_row(candidate) for candidate in lost.candidates] or [(_nothing_listed(lost), "", "")]
        rows += [(str(number), sent, *shown[0]), *(("", "", *row) for row in shown[1:])]
    note = (
        "%dreams lost 1 --is ID records that this generation is the result of number 1, and downloads it. %dreams lost "
        "1 --not-taken records that the server did not accept it: its cell then sends it again. It is not sent again "
        "in any other way."
    ) + _to_quote(found)
    count = f"{len(found)} {'request' if len(found) == 1 else 'requests'} with an unknown outcome"
    return Listing(
        command="lost",
        title=count if found else "the outcome of every request is known",
        headings=_HEADINGS if rows else (),
        rows=tuple(rows),
        note=note if rows else "",
        items=tuple(found),
    )


def settle_lost(session: Session, what: str, words: list[str]) -> Facts:
    """Resolve one of the creates.

    Args:
        session: the session whose library and server are used.
        what: the number of the create in the list.
        words: `--is` and a generation's id or its beginning, or `--not-taken`.

    Raises:
        InvalidRequestError: the list has no such number, or not exactly one generation with that id.
        DreamError: an error of `Session.settle`.
    """
    found = session.lost()
    if not what.isdecimal() or not 1 <= int(what) <= len(found):
        raise InvalidRequestError(f"{what!r} is not the number of a request: %dreams lost lists {len(found)}")
    lost = found[int(what) - 1]
    prompt = lost.request.label
    if words == ["--not-taken"]:
        session.settle(lost, None)
        return Facts(
            command="lost",
            title=f"{prompt!r}, take {lost.take}, is marked as not accepted: its cell sends it when it runs again",
            facts={"prompt": prompt, "take": lost.take, "id": None},
        )
    given = _id_of(words)
    ids = [one.generation.id or "" for one in lost.candidates if (one.generation.id or "").startswith(given)]
    if len(ids) > 1:
        raise InvalidRequestError(f"{len(ids)} ids begin with {given!r}: give more characters")
    chosen = ids[0] if ids else given
    session.settle(lost, chosen)
    return Facts(
        command="lost",
        title=f"generation {chosen} is {prompt!r}, take {lost.take}: its cell shows it when it runs again",
        facts={"prompt": prompt, "take": lost.take, "id": chosen},
    )


def _id_of(words: list[str]) -> str:
    for word in words:
        name, _, value = word.partition("=")
        if name == "--is" and value:
            return value
    raise InvalidRequestError("%dreams lost NUMBER needs --is ID or --not-taken")


def _row(candidate: Candidate) -> tuple[str, str, str]:
    generation = candidate.generation
    return (
        f"{(generation.id or '')[:_SHORT_ID]} {generation.state or ''}".strip(),
        _after(candidate.after),
        ", ".join(candidate.differences) or "nothing",
    )


def _after(after: timedelta | None) -> str:
    if after is None:
        return "at an unknown time"
    seconds = round(abs(after.total_seconds()))
    long = f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"
    return f"{long} {'before' if after < timedelta() else 'after'} it was sent"


def _nothing_listed(lost: Lost) -> str:
    """The text for a create without possible answers."""
    return "no match on the server" if can(lost.backend, "list") else f"{lost.backend} cannot list generations"


def _to_quote(found: list[Lost]) -> str:
    """The ids that the provider's support needs to find creates that the server does not list."""
    named = [(number, lost.record.request_id) for number, lost in enumerate(found, 1) if lost.record.request_id]
    if not named:
        return ""
    told = ", ".join(f"{id_} (number {number})" for number, id_ in named)
    return f" The provider's support can look up a request by its id: {told}."
