"""Looks at single generations: which refusals are retried, and what the last one means."""

from __future__ import annotations

import time
from typing import Final, TypeVar

from dream_nb.api.errors import APIError, AuthenticationError, NotFoundError
from dream_nb.api.models import Generation
from dream_nb.api.retry import is_passing
from dream_nb.backends.backends import Backend
from dream_nb.backends.patience import Patience
from dream_nb.jobs.progress import spoken

Failed = TypeVar("Failed", bound=APIError)

_GOES_ON: Final = "the generation continues on the server"


class Looks:
    """Reads generations from one backend, and remembers when it last named each of them.

    A server that has just named a generation may still refuse a look at it, because not all of its parts know it yet,
    or its gateway fails. Such a look is repeated for a while, whatever the refusal. A refusal by a studio, however,
    is final.

    Args:
        backend: the backend.
        patience: the timeouts.
    """

    def __init__(self, backend: Backend, patience: Patience) -> None:
        self._backend = backend
        self._patience = patience
        self._recent = patience.trying if backend.is_paid else 0.0
        self._named: dict[str, float] = {}

    def note(self, id: str, age: float = 0.0) -> None:  # noqa: A002 - the field's name in the specification
        """Record that the server named a generation.

        Args:
            id: the id of the generation.
            age: the seconds since it did so.
        """
        at = time.monotonic() - max(0.0, age)
        self._named[id] = max(at, self._named.get(id, at))

    async def generation(self, id: str) -> Generation:  # noqa: A002 - the field's name in the specification
        """Return a generation. If that fails, it is tried again for a while.

        Args:
            id: the id of the generation.

        Raises:
            APIError: the server refuses, or could not be reached in time.
        """
        found = await self._patience.retried(
            lambda: self._backend.client.get_generation(id), may_pass=lambda error: self.may_pass(error, id)
        )
        self.note(id)
        return found

    def may_pass(self, error: APIError, id: str) -> bool:  # noqa: A002 - the field's name in the specification
        """Return whether a failed look may succeed later.

        Args:
            error: the error of the look.
            id: the id of the generation.
        """
        return is_passing(error) or self._age(id) < self._recent

    def is_gone(self, error: APIError, id: str) -> bool:  # noqa: A002 - the field's name in the specification
        """Return whether a generation is gone from its server: it is not found, and was last named long ago.

        Args:
            error: the error of the last look.
            id: the id of the generation.
        """
        return isinstance(error, NotFoundError) and self._age(id) >= self._patience.job

    def explained(self, error: Failed, id: str) -> Failed:  # noqa: A002 - the field's name in the specification
        """Return the error of the last look at a generation that is not gone, with an explanation.

        Args:
            error: the error of the look.
            id: the id of the generation.
        """
        if is_passing(error):
            return error
        if isinstance(error, AuthenticationError):
            return error.advising(f"{error.advice}. Meanwhile {_GOES_ON}: run the cell again to download it")
        when = f"{spoken(self._age(id))} ago" if id in self._named else "before"
        named = f"The server reported it {when}, so it is not sent again"
        return error.advising(f"{named}: run the cell again to check once more")

    def _age(self, id: str) -> float:  # noqa: A002 - the field's name in the specification
        """Seconds since the server last named a generation, as far as this session knows."""
        return time.monotonic() - self._named.get(id, float("-inf"))
