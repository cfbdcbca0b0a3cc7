"""What a session has of a request, and how the rest would be sent."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Literal, get_args

import pydantic

from dream_nb.api.dialects import NEWEST, spellings
from dream_nb.api.documented import undocumented
from dream_nb.api.errors import ConfigurationError, InvalidRequestError, NotReplayedError
from dream_nb.api.luma_dialect import speaks_luma
from dream_nb.api.request_models import GenerationRequest, ImageGenerationRequest, Request
from dream_nb.backends.backends import backend_of_model, choose_backend, is_paid
from dream_nb.backends.keys import find_key
from dream_nb.jobs.budget import Allowance, known_price
from dream_nb.jobs.open_backends import OpenBackends
from dream_nb.library.library import Library
from dream_nb.library.record import Record
from dream_nb.requests.identity import is_same_request
from dream_nb.requests.media import references_in
from dream_nb.requests.plan import Ask, Entry
from dream_nb.running import Running

Replay = Literal["off", "free", "only"]

_DEFAULTS: Final = ("model", "resolution", "duration")
REPLAYS: Final[tuple[Replay, ...]] = get_args(Replay)
"""What may be made: everything, what costs nothing, or nothing."""


@dataclass(slots=True)
class Choices:
    """What may be changed while a session is open.

    Attributes:
        backend: the backend that is asked.
        is_chosen: whether somebody named it. Then the library gives nothing that another one has made.
        replay: what may be made.
    """

    backend: str
    is_chosen: bool
    replay: Replay

    def asked_for(self, request: Request) -> str:
        """The backend that is asked for a request: a model that it names decides between the hosted APIs.

        Args:
            request: the request.
        """
        return backend_of_model(request, self.backend)

    def only(self, request: Request) -> str | None:
        """The one backend whose results of a request count, or None where those of every backend do.

        Args:
            request: the request.
        """
        return self.asked_for(request) if self.is_chosen else None


class Lookup:
    """Finds the rows of requests, and says what would be sent for the others. Nothing is written here.

    Args:
        choices: whom the session asks, and what may be made.
        library: where the rows are.
        backends: the open backends.
        running: the jobs under way.
        allowance: knows the prices.
    """

    def __init__(
        self, choices: Choices, library: Library, backends: OpenBackends, running: Running, allowance: Allowance
    ) -> None:
        self._choices = choices
        self._library = library
        self._backends = backends
        self._running = running
        self._allowance = allowance

    def known(self, request: Request, take: int) -> Record | None:
        """The row of a request, whatever was known of what it goes on from when it was written.

        It may have been written by a backend that needs a model, or by one that needs none.

        Args:
            request: the request.
            take: the number of its take, from 1.
        """
        ledger, backend = self._library.ledger, self._choices.only(request)
        found: list[Record] = []
        for spelling in spellings(request):
            records = (ledger.find(digest, take, backend) for digest in ledger.hashes(spelling))
            # A ledger may come with a repository: a row counts for what its request says, not for its hash.
            same = (record for record in records if record is not None and is_same_request(record.request, spelling))
            found += islice(same, 1)
        return min(found, key=_standing, default=None)

    def as_sent(self, request: Request, take: int, *, fresh: bool) -> Request:
        """The request as it is to be submitted: with the defaults of the backend's API, unless it is at hand.

        Args:
            request: the request as it was asked for.
            take: the number of its take, from 1.
            fresh: whether a new take is made, whatever is there.

        Raises:
            APIError: the backend did not say which API it has.
            ConfigurationError: there is no key for it, or a keyframe is of another one.
        """
        backend = self._choices.asked_for(request)
        is_new = isinstance(request, GenerationRequest | ImageGenerationRequest)
        # Versions of the Dream Machine API differ in videos only, and the studio takes those of both.
        is_same_in_all = isinstance(request, ImageGenerationRequest) and backend != "luma"
        if is_new and not speaks_luma(request) and (backend == "studio" or is_same_in_all):
            return request
        with self._running.lock:
            record = None if fresh else self.known(request, take)
            if record is not None and (not _is_to_send(record) or self._running.find(record)):
                return _spelled(request, record)
        if not self.may_make(backend):
            # It will be refused.
            return request
        self.check_keyframes(request, backend)
        dialect = self._backends.dialect(backend, request)
        dialect.check(request)
        return dialect.complete(request)

    def entry(self, ask: Ask) -> Entry:
        """How a request stands, and what it would cost.

        Args:
            ask: what is asked for.

        Raises:
            APIError: the backend did not say which API it has.
            ConfigurationError: a keyframe is of another backend.
        """
        if not ask.fresh:
            record = self.known(ask.request, ask.take)
            if record is not None and self._library.holds(record):
                return Entry(replace(ask, request=_spelled(ask.request, record)), "in the library", 0.0)
            if record is not None and _may_have_left(record):
                return Entry(replace(ask, request=_spelled(ask.request, record)), "under way", 0.0)
        backend = self._choices.asked_for(ask.request)
        self.check_keyframes(ask.request, backend)
        if backend == "studio":
            self._check_for_studio(ask.request)
            if speaks_luma(ask.request):
                ask = replace(ask, request=self._planned(ask.request))
            return Entry(ask, "new", 0.0)
        ask = replace(ask, request=self._planned(ask.request))
        price = known_price(ask.request, self._allowance, backend)
        return Entry(ask, "new", price.cents if price else None, is_public=price is not None and price.is_public)

    def _planned(self, request: Request) -> Request:
        """The request as the backend would be sent it; where that cannot be asked, as the hosted API of today would.

        Raises:
            APIError: the backend did not say which API it has.
        """
        backend = self._choices.asked_for(request)
        dialect = self._backends.known_dialect(backend, request)
        is_new = isinstance(request, GenerationRequest | ImageGenerationRequest)
        if dialect is None and (not is_new or len(spellings(request)) > 1):
            may_send = self._choices.replay == "off" and not self._library.read_only and find_key(backend) is not None
            dialect = self._backends.dialect(backend, request) if may_send else NEWEST
        if dialect is None:
            return request
        dialect.check(request)
        return dialect.complete(request)

    def _check_for_studio(self, request: Request) -> None:
        """Refuse at once what the studio would: it knows no value that this version does not."""
        self._backends.dialect("studio", request).check(request)
        if speaks_luma(request):
            return
        for field, reason in undocumented(request):
            # In the words of whoever asked: `concepts.0.key` is a matter of the wire.
            named = field.partition(".")[0]
            raise InvalidRequestError(f"{named}: {reason}", field=named)
        try:
            type(request).from_body(request.wire())
        except pydantic.ValidationError as error:
            raise InvalidRequestError.reading(error) from None

    def backend_for(self, request: Request, record: Record | None) -> str:
        """The backend that is asked for a request: that of its model or the session's, unless it may have been paid for
        elsewhere.

        Args:
            request: the request.
            record: its row, or None.

        Raises:
            ConfigurationError: the row names no backend.
        """
        if record is None or not _may_have_left(record):
            return self._choices.asked_for(request)
        return choose_backend(record.backend)

    def check_keyframes(self, request: Request, backend: str) -> None:
        """Refuse what goes on from a generation that, as far as the library knows, is another backend's.

        Args:
            request: the request.
            backend: the backend that is asked for it.

        Raises:
            ConfigurationError: a keyframe is of another one.
        """
        ledger = self._library.ledger
        for name, reference in references_in(request).items():
            if not ledger.is_claimed(backend, reference.id):
                owner = ledger.backend_of(reference.id)
                if owner is not None:
                    raise ConfigurationError(
                        f"{name} was made by backend {owner!r}, but the backend is {backend!r}: switch with %dreams "
                        f"use {owner}, or Session(backend={owner!r})"
                    )

    def may_make(self, backend: str) -> bool:
        """Whether anything may be made there.

        Args:
            backend: the backend.
        """
        replay = self._choices.replay
        return not self._library.read_only and (replay == "off" or (replay == "free" and not is_paid(backend)))

    def refuse(self, request: Request, take: int, backend: str) -> None:
        """Raise why a request that is not in the library must not be made, if so.

        Args:
            request: the request.
            take: the number of its take, from 1.
            backend: the backend that would be asked.

        Raises:
            InvalidRequestError: the studio cannot make it.
            NotReplayedError: nothing may be made.
        """
        if backend == "studio":
            self._check_for_studio(request)
        what = f"{request.label!r}, take {take}, is not in the library {self._library.folder.name!r}"
        if self._library.read_only:
            ledger = self._library.ledger
            why = f"its ledger cannot be used: {ledger.problem}" if ledger.problem else "the folder is not writable"
            raise NotReplayedError(f"{what}, and {why}. {ledger.advice}")
        if not self.may_make(backend):
            raise NotReplayedError(
                f"{what}, and DREAM_NB_REPLAY={self._choices.replay} lets nothing be made: run the "
                "notebook without it first, and keep the library beside it"
            )


def is_to_buy(record: Record | None) -> bool:
    """Whether asking for a request makes something new, as far as its row tells.

    Args:
        record: the row, or None where there is none.
    """
    return record is None or record.state == "intended" or record.has_failed


def choose_replay(value: str | None = None) -> Replay:
    """What may be made, by its name, else `DREAM_NB_REPLAY`, else "off": everything.

    Raises:
        ConfigurationError: no such value.
    """
    value = value or os.environ.get("DREAM_NB_REPLAY") or "off"
    if value not in REPLAYS:
        raise ConfigurationError(f"replay {value!r} is not one of {', '.join(REPLAYS)}")
    return value


def _may_have_left(record: Record) -> bool:
    """Whether a request was sent, or may have been, and has not failed."""
    return record.state in ("sending", "unknown", "taken") and not record.has_failed


def _is_to_send(record: Record) -> bool:
    """Whether a row has to be sent, or sent again, before there is a dream."""
    return not record.is_finished and is_to_buy(record)


def _standing(record: Record) -> tuple[bool, bool, bool]:
    """How near a row is to a dream that was paid for, the least first."""
    return not record.is_finished, _is_to_send(record), record.backend == "studio"


def _spelled(request: Request, record: Record) -> Request:
    """A request with what its row names and it does not: the defaults of the API that made it."""
    named = {name: getattr(record.request, name, None) for name in _DEFAULTS if getattr(request, name, None) is None}
    missing = {name: value for name, value in named.items() if value is not None}
    return request.model_copy(update=missing) if missing else request
