"""Finds the requests whose results a session has, and determines how others would be sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

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
from dream_nb.replay import Replay
from dream_nb.requests.identity import is_same_request
from dream_nb.requests.media import references_in
from dream_nb.requests.plan import Ask, Entry
from dream_nb.running import Running

_DEFAULTS: Final = ("model", "resolution", "duration")


@dataclass(slots=True)
class Choices:
    """The choices that can be changed while a session is open.

    Attributes:
        backend: the backend that is used.
        is_chosen: whether the user named it. If so, results of other backends in the library are not used.
        replay: what may be made.
    """

    backend: str
    is_chosen: bool
    replay: Replay

    def asked_for(self, request: Request) -> str:
        """Return the backend for a request. A model that it names chooses between the hosted APIs.

        Args:
            request: the request.
        """
        return backend_of_model(request, self.backend)

    def only(self, request: Request) -> str | None:
        """Return the one backend whose results count for a request, or None if those of every backend do.

        Args:
            request: the request.
        """
        return self.asked_for(request) if self.is_chosen else None


class Lookup:
    """Finds the rows of requests, and determines what would be sent for the others. It writes nothing.

    Args:
        choices: the backend, and what may be made.
        library: the library of the rows.
        backends: the open backends.
        running: the running jobs.
        allowance: the allowance, which has the prices.
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
        """Return the row of a request, whatever was known of its sources when it was written.

        It may have been written for a backend that requires a model, or for one that does not.

        Args:
            request: the request.
            take: the number of its take, from 1.
        """
        ledger, backend = self._library.ledger, self._choices.only(request)
        found: list[Record] = []
        for spelling in spellings(request):
            records = (ledger.find(digest, take, backend) for digest in ledger.hashes(spelling))
            # The ledger may come with a repository: a row counts for the request that it contains, not for its hash.
            same = (record for record in records if record is not None and is_same_request(record.request, spelling))
            found += islice(same, 1)
        return min(found, key=_standing, default=None)

    def as_sent(self, request: Request, take: int, *, fresh: bool) -> Request:
        """Return the request to submit: with the defaults of the backend's API, unless the result is available.

        Args:
            request: the request of the user.
            take: the number of its take, from 1.
            fresh: whether to make a new take even if the library has one.

        Raises:
            APIError: the backend did not say which API it has.
            ConfigurationError: the backend has no key, or a keyframe belongs to another backend.
        """
        backend = self._choices.asked_for(request)
        is_new = isinstance(request, GenerationRequest | ImageGenerationRequest)
        # Versions of the Dream Machine API differ in videos only, and the studio accepts those of both.
        is_same_in_all = isinstance(request, ImageGenerationRequest) and backend != "luma"
        if is_new and not speaks_luma(request) and (backend == "studio" or is_same_in_all):
            return request
        with self._running.lock:
            record = None if fresh else self.known(request, take)
            if record is not None and (not _is_to_send(record) or self._running.find(record)):
                return _spelled(request, record)
        if not self.may_make(backend):
            # The request will be refused.
            return request
        self.check_keyframes(request, backend)
        dialect = self._backends.dialect(backend, request)
        dialect.check(request)
        return dialect.complete(request)

    def entry(self, ask: Ask) -> Entry:
        """Return the state of a request, and what it would cost.

        Args:
            ask: the request with its take.

        Raises:
            APIError: the backend did not say which API it has.
            ConfigurationError: a keyframe belongs to another backend.
        """
        if not ask.fresh:
            record = self.known(ask.request, ask.take)
            if record is not None and self._library.holds(record):
                return Entry(
                    replace(ask, request=_spelled(ask.request, record)), "in the library", 0.0, made_by=record.backend
                )
            if record is not None and _may_have_left(record):
                return Entry(replace(ask, request=_spelled(ask.request, record)), "under way", 0.0)
        backend = self._choices.asked_for(ask.request)
        self.check_keyframes(ask.request, backend)
        if backend == "studio":
            self._check_for_studio(ask.request)
            if speaks_luma(ask.request):
                ask = replace(ask, request=self._planned(ask.request))
            return Entry(ask, "new", 0.0, backend=backend)
        ask = replace(ask, request=self._planned(ask.request))
        price = known_price(ask.request, self._allowance, backend)
        is_public = price is not None and price.is_public
        return Entry(ask, "new", price.cents if price else None, is_public=is_public, backend=backend)

    def _planned(self, request: Request) -> Request:
        """The request as the backend would receive it; if it cannot be reached, as the current hosted API would.

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
        """Refuse at once what the studio would refuse: it knows only values that this version knows."""
        self._backends.dialect("studio", request).check(request)
        if speaks_luma(request):
            return
        for field, reason in undocumented(request):
            # In the words of the user: `concepts.0.key` is a detail of the API.
            named = field.partition(".")[0]
            raise InvalidRequestError(f"{named}: {reason}", field=named)
        try:
            type(request).from_body(request.wire())
        except pydantic.ValidationError as error:
            raise InvalidRequestError.reading(error) from None

    def backend_for(self, request: Request, record: Record | None) -> str:
        """Return the backend of a request: that of its model or of the session, or one that may have been paid.

        Args:
            request: the request.
            record: the row of the request, or None.

        Raises:
            ConfigurationError: the row names no backend.
        """
        if record is None or not _may_have_left(record):
            return self._choices.asked_for(request)
        return choose_backend(record.backend)

    def check_keyframes(self, request: Request, backend: str) -> None:
        """Refuse a request that refers to a generation which, as far as the library knows, belongs to another backend.

        Args:
            request: the request.
            backend: the backend that the request would be sent to.

        Raises:
            ConfigurationError: a keyframe belongs to another backend.
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
        """Return whether anything may be made at a backend.

        Args:
            backend: the backend.
        """
        replay = self._choices.replay
        return not self._library.read_only and (replay == "off" or (replay == "free" and not is_paid(backend)))

    def refuse(self, request: Request, take: int, backend: str) -> None:
        """Raise an error if a request that is not in the library must not be made.

        Args:
            request: the request.
            take: the number of its take, from 1.
            backend: the backend that it would be sent to.

        Raises:
            InvalidRequestError: the studio cannot make it.
            NotReplayedError: nothing new may be made.
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
                f"{what}, and DREAM_NB_REPLAY={self._choices.replay} allows nothing new: run the "
                "notebook without it first, and keep the library beside it"
            )


def is_to_buy(record: Record | None) -> bool:
    """Return whether requesting this would make something new, as far as its row shows.

    Args:
        record: the row, or None if there is none.
    """
    return record is None or record.state == "intended" or record.has_failed


def _may_have_left(record: Record) -> bool:
    """Whether a request was sent, or may have been, and has not failed."""
    return record.state in ("sending", "unknown", "taken") and not record.has_failed


def _is_to_send(record: Record) -> bool:
    """Whether a row has to be sent, or sent again, before there is a dream."""
    return not record.is_finished and is_to_buy(record)


def _standing(record: Record) -> tuple[bool, bool, bool]:
    """How close a row is to a paid dream, from the lowest to the highest."""
    return not record.is_finished, _is_to_send(record), record.backend == "studio"


def _spelled(request: Request, record: Record) -> Request:
    """A request with the defaults that its row states: those of the API that made it."""
    named = {name: getattr(record.request, name, None) for name in _DEFAULTS if getattr(request, name, None) is None}
    missing = {name: value for name, value in named.items() if value is not None}
    return request.model_copy(update=missing) if missing else request
