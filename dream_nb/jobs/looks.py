"""Looks at generations, one at a time: which refusal is asked again, and what the last one means."""

from __future__ import annotations

import time
from typing import Final, TypeVar

from dream_nb.api.errors import APIError, AuthenticationError, NotFoundError
from dream_nb.api.models import Generation
from dream_nb.api.retry import is_passing, retried
from dream_nb.backends.backends import Backend
from dream_nb.backends.patience import Patience
from dream_nb.jobs.progress import spoken

Failed = TypeVar("Failed", bound=APIError)

_GOES_ON: Final = "the generation continues on the server"


class Looks:
    """Asks one backend for generations, and remembers when it last named each of them.

    A server that has just named a generation may still refuse a look at it: not all of it knows it yet, or its gateway
    fails. Such a look is repeated for a while, whatever it is refused with. A studio forgets for good, and at once.

    Args:
        backend: the backend that is asked.
        patience: the timeouts.
    """

    def __init__(self, backend: Backend, patience: Patience) -> None:
        self._backend = backend
        self._patience = patience
        self._recent = patience.trying if backend.is_paid else 0.0
        self._named: dict[str, float] = {}

    def note(self, id: str, age: float = 0.0) -> None:  # noqa: A002 - the field's name in the specification
        """Take note that the server named a generation.

        Args:
            id: the generation's.
            age: seconds since it did so.
        """
        at = time.monotonic() - max(0.0, age)
        self._named[id] = max(at, self._named.get(id, at))

    async def generation(self, id: str) -> Generation:  # noqa: A002 - the field's name in the specification
        """A generation by its id, asked for again for a while where that goes wrong.

        Args:
            id: the generation's.

        Raises:
            APIError: the server refuses it, or could not be asked in time.
        """
        found = await retried(
            lambda: self._backend.client.get_generation(id),
            first=self._patience.pause,
            seconds=self._patience.trying,
            may_pass=lambda error: self.may_pass(error, id),
        )
        self.note(id)
        return found

    def may_pass(self, error: APIError, id: str) -> bool:  # noqa: A002 - the field's name in the specification
        """Whether a look that failed may go well later.

        Args:
            error: what it failed with.
            id: of the generation that was asked for.
        """
        return is_passing(error) or self._age(id) < self._recent

    def is_gone(self, error: APIError, id: str) -> bool:  # noqa: A002 - the field's name in the specification
        """Whether a generation is no longer at its server: it is not found, and was last named long ago.

        Args:
            error: what the last look failed with.
            id: of the generation that was asked for.
        """
        return isinstance(error, NotFoundError) and self._age(id) >= self._patience.job

    def explained(self, error: Failed, id: str) -> Failed:  # noqa: A002 - the field's name in the specification
        """The error of the last look at a generation that is not gone, with what that means for it.

        Args:
            error: what the look failed with.
            id: of the generation that was asked for.
        """
        if is_passing(error):
            return error
        if isinstance(error, AuthenticationError):
            return error.advising(f"{error.advice}. Meanwhile {_GOES_ON}: run the cell again to download it")
        when = f"{spoken(self._age(id))} ago" if id in self._named else "before"
        named = f"The server reported it {when}, so it is not sent again"
        return error.advising(f"{named}: run the cell again to check once more")

    def _age(self, id: str) -> float:  # noqa: A002 - the field's name in the specification
        """Seconds since the server last named a generation, as far as this session has seen."""
        return time.monotonic() - self._named.get(id, float("-inf"))
