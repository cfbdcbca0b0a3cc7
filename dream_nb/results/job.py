"""A request under way: a future for its Dream, and the session that makes it."""

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
    """Who makes dreams of requests: a `Session`."""

    @property
    def backend(self) -> str:
        """Who is asked: "studio", "dream-machine", "luma", or the address of another server."""

    @property
    def executor(self) -> Executor:
        """What draws and measures: the pool of worker processes, or a cluster."""

    def plan(self, asks: Sequence[Ask]) -> Plan:
        """What of this is there, and what the rest would cost."""

    def submit(self, request: Request, *, take: int = 1, fresh: bool = False) -> Job:
        """Give back the job of this request and take."""

    def start(self, plan: Plan, *, prompt: str | None = None) -> Pending[Any]:
        """Submit everything that a plan holds, as one."""


class Job(Pending[Dream]):
    """A request under way: a future for its Dream.

    Args:
        request: what was asked for.
        take: the number of the result of this request, from 1.
        backend: who makes it.
        replayed: whether the library had it, so that nothing was sent.
        expected: seconds that such a request has taken before, or None where that is unknown.
        age: seconds since it was sent, where an earlier session sent it.
        title: what it is called; by default what its request is.

    Attributes:
        request: what was asked for.
        take: the number of the result of this request, from 1.
        backend: who makes it: "studio", "dream-machine", "luma", or the address of another server.
        title: the prompt; of another version of a dream also what that was.
        replayed: whether the library had it, so that nothing was sent.
        expected: seconds that such a request has taken before, or None where that is unknown.
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
    """How its session cancels it. For the session that runs it."""

    cancelled = False
    """Whether it was cancelled before it was sent. For the session that runs it."""

    def cancel(self) -> None:
        """Have the server delete it, which refunds it; it ends with a `DreamCancelledError`.

        Raises:
            DreamError: it has ended, or is just being sent; nothing has changed.
            APIError: the server did not delete it, as far as is known; it goes on.
        """
        if self.done() or self.canceller is None:
            raise DreamError("it has already ended, so it cannot be cancelled")
        self.canceller(self)
