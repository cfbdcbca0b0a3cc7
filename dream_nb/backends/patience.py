"""Timeouts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from dream_nb.api.errors import APIError
from dream_nb.api.retry import is_passing, retried

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Timeouts, in seconds.

    Attributes:
        call: the timeout of connecting, and of each read and write of a call.
        connect: how long a call that fails at once is retried before it is given up.
        reconcile: how long to wait for a create request of unknown outcome to appear in the server's list.
        job: the longest wait for a whole job. After that the wait ends; the generation continues on the server.
        download: the time limit for downloading one file, including all retries.
        look: the interval between two looks at running generations around their expected end.
        pause: the first pause between two tries.
        lease: the time after which another process takes over from one that has died.
    """

    call: float = 30.0
    connect: float = 15.0
    reconcile: float = 60.0
    job: float = 3600.0
    download: float = 900.0
    look: float = 0.35
    pause: float = 0.5
    lease: float = 6.0

    @property
    def trying(self) -> float:
        """The time limit for retrying a failing call. It allows for a retry after a timeout."""
        return self.call + self.connect

    async def retried(
        self, call: Callable[[], Awaitable[T]], *, may_pass: Callable[[APIError], bool] = is_passing
    ) -> T:
        """Call a function that changes nothing, and retry it within the time limit for a failing call.

        Args:
            call: the function.
            may_pass: a function that returns whether the call may succeed later, after an error.

        Raises:
            APIError: the error is permanent, or lasted too long.
        """
        return await retried(call, first=self.pause, seconds=self.trying, may_pass=may_pass)
