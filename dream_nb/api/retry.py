"""Which call may be sent again, and when."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio

from dream_nb.api.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    RateLimitError,
    ServerError,
    UnreadableAnswerError,
)

T = TypeVar("T")

_REQUEST_TIMEOUT: Final = 408
_UNAVAILABLE: Final = 503
_MAX_PAUSE: Final = 30.0
# The key, the address or the form of the request was wrong, so that nothing came of it.
_REFUSED: Final = frozenset({401, 403, 404, 405, 406, 411, 413, 414, 415, 417, 422, 426, 431})
# Sent too early or too often: the same request is taken at another time.
_LATER: Final = frozenset({425, 429})


def was_refused(error: APIError) -> bool:
    """Whether it is certain that the server took nothing of the request."""
    return not error.reached or error.status in _REFUSED


def says_not_taken(error: APIError) -> bool:
    """Whether the server says that it took nothing, which is so nearly always: its list tells."""
    status = error.status or 0
    is_refusal = 400 <= status < 500 and status != _REQUEST_TIMEOUT
    return is_refusal or (status == _UNAVAILABLE and error.retry_after is not None)


def may_be_taken_later(error: APIError) -> bool:
    """Whether a create that was not taken may be sent again as it is, after a pause."""
    if not error.reached:
        return True
    return error.status in _LATER or (error.status == _UNAVAILABLE and error.retry_after is not None)


def is_passing(error: APIError) -> bool:
    """Whether the same call may go well later. After a create this means that nobody knows whether it was taken."""
    passing = (APIConnectionError, APITimeoutError, RateLimitError, ServerError, UnreadableAnswerError)
    return isinstance(error, passing) or error.status == _REQUEST_TIMEOUT or error.status in _LATER


class Backoff:
    """Pauses between tries: each about twice as long as the one before, scattered, and never shorter than asked for.

    Args:
        first: seconds of the first pause, about.
    """

    def __init__(self, first: float) -> None:
        self._next = first

    def pause(self, error: APIError | None = None) -> float:
        """Seconds to wait after that error. A `Retry-After` of any length is honoured."""
        pause = self._next * random.uniform(0.75, 1.25)  # noqa: S311 - it hides nothing
        self._next = min(2 * self._next, _MAX_PAUSE)
        return max(pause, error.retry_after or 0.0) if error else pause


async def retried(
    call: Callable[[], Awaitable[T]],
    *,
    first: float,
    seconds: float,
    may_pass: Callable[[APIError], bool] = is_passing,
) -> T:
    """What a call that changes nothing gives, tried again for some time while what goes wrong may pass.

    Args:
        call: sends it once.
        first: seconds of the first pause.
        seconds: after which its error is given up to.
        may_pass: whether the call may go well later, after that error.

    Raises:
        APIError: it does not pass, or did not in time.
    """
    backoff, end = Backoff(first), anyio.current_time() + seconds
    while True:
        try:
            return await call()
        except APIError as error:
            pause = backoff.pause(error)
            if not may_pass(error) or anyio.current_time() + pause > end:
                raise
        await anyio.sleep(pause)
