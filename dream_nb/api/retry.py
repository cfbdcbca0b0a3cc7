"""Which calls may be sent again, and when."""

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
# The key, the address or the form of the request was wrong, so it had no effect.
_REFUSED: Final = frozenset({401, 403, 404, 405, 406, 411, 413, 414, 415, 417, 422, 426, 431})
# Sent too early or too often: the same request is accepted at another time.
_LATER: Final = frozenset({425, 429})


def was_refused(error: APIError) -> bool:
    """Return whether the server certainly accepted nothing of the request."""
    return not error.reached or error.status in _REFUSED


def says_not_taken(error: APIError) -> bool:
    """Return whether the server says that it accepted nothing, which is nearly always true: its list shows it."""
    status = error.status or 0
    is_refusal = 400 <= status < 500 and status != _REQUEST_TIMEOUT
    return is_refusal or (status == _UNAVAILABLE and error.retry_after is not None)


def may_be_taken_later(error: APIError) -> bool:
    """Return whether a create that was not accepted may be sent again unchanged, after a pause."""
    if not error.reached:
        return True
    return error.status in _LATER or (error.status == _UNAVAILABLE and error.retry_after is not None)


def is_passing(error: APIError) -> bool:
    """Return whether the same call may succeed later. For a create, this means that its outcome is unknown."""
    passing = (APIConnectionError, APITimeoutError, RateLimitError, ServerError, UnreadableAnswerError)
    return isinstance(error, passing) or error.status == _REQUEST_TIMEOUT or error.status in _LATER


class Backoff:
    """Pauses between tries: each about twice as long as the one before, randomised, and never shorter than requested.

    Args:
        first: the approximate length of the first pause, in seconds.
    """

    def __init__(self, first: float) -> None:
        self._next = first

    def pause(self, error: APIError | None = None) -> float:
        """Return the seconds to wait after an error. A `Retry-After` of any length is respected."""
        pause = self._next * random.uniform(0.75, 1.25)  # noqa: S311 - not used for security
        self._next = min(2 * self._next, _MAX_PAUSE)
        return max(pause, error.retry_after or 0.0) if error else pause


async def retried(
    call: Callable[[], Awaitable[T]],
    *,
    first: float,
    seconds: float,
    may_pass: Callable[[APIError], bool] = is_passing,
) -> T:
    """Call a function that changes nothing, and retry it for some time while its errors may be temporary.

    Args:
        call: the function.
        first: the first pause in seconds.
        seconds: the time in seconds after which its error is raised.
        may_pass: a function that returns whether the call may succeed later, after an error.

    Raises:
        APIError: the error is permanent, or lasted too long.
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
