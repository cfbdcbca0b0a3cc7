"""A running request: a future for its Dream, and the interface of the session that makes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Final, Protocol

from dream_nb.api.errors import DreamError
from dream_nb.api.request_models import Request
from dream_nb.requests.plan import Ask, Plan
from dream_nb.results.dream import Dream
from dream_nb.results.pending import Pending

CANCELLED_UNSENT: Final = "cancelled before it was sent: run the cell again to make it"


class Maker(Protocol):
    """The interface of what makes dreams from requests: a `Session`."""

    @property
    def backend(self) -> str:
        """The backend that is used: "studio", "dream-machine", "luma", or the address of another server."""

    @property
    def executor(self) -> Executor:
        """The executor that draws and measures: the pool of worker processes, or a cluster."""

    def plan(self, asks: Sequence[Ask]) -> Plan:
        """Find what the library has already, and estimate the cost of the rest."""

    def submit(self, request: Request, *, take: int = 1, fresh: bool = False) -> Job:
        """Return the job of this request and take."""

    def start(self, plan: Plan, *, prompt: str | None = None) -> Pending[Any]:
        """Submit everything in a plan as one."""


class Job(Pending[Dream]):
    """A running request: a future for its Dream.

    Args:
        request: the request.
        take: the number of the result of this request, from 1.
        backend: the name of the backend that makes it.
        replayed: whether the dream was in the library, so that nothing was sent.
        expected: the seconds that such requests usually take, or None if that is unknown.
        age: the seconds since an earlier session sent the request, if one did.
        title: the title; by default the label of the request.

    Attributes:
        request: the request.
        take: the number of the result of this request, from 1.
        backend: the backend that makes it: "studio", "dream-machine", "luma", or the address of another server.
        title: the prompt. If the request changes another dream, also the title of that dream.
        replayed: whether the dream was in the library, so that nothing was sent.
        expected: the seconds that such requests usually take, or None if that is unknown.
    """

    def __init__(
        self,
        request: Request,
        take: int,
        backend: str,
        *,
        replayed: bool = False,
        expected: float | None = None,
        age: float = 0.0,
        title: str | None = None,
    ) -> None:
        super().__init__(request.label if title is None else title, replayed=replayed, expected=expected, age=age)
        self.request = request
        self.take = take
        self.backend = backend

    maker: Maker | None = None
    """The session that runs it."""

    canceller: Callable[[Job], None] | None = None
    """The function that cancels it. Set by the session that runs it."""

    cancelled = False
    """Whether it was cancelled before it was sent. Set by the session that runs it."""

    def cancel(self) -> None:
        """Cancel the job: the server deletes the generation and refunds it. The job ends with a `DreamCancelledError`.

        If it is just being sent, this waits for the server's answer, for at most ten seconds.

        Raises:
            DreamError: the job has ended, or the answer did not come; nothing has changed.
            APIError: the server did not confirm the deletion; the job continues.
        """
        if self.done() or self.canceller is None:
            raise DreamError("it has already ended, so it cannot be cancelled")
        self.canceller(self)
