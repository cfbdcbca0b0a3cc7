"""What can go wrong, one class a kind.

* DreamError
  x InvalidRequestError      the request breaks the specification: nothing was sent
  x ConfigurationError       a key, an address or a setting does not fit: nothing was sent
  x GenerationFailedError    the server took the request, and could not make it
  x DreamCancelledError      its user had the server delete it before it was made: it is refunded
  x SweepError               some dreams of a sweep could not be made; the others are in its `dreams`
  x OutcomeUnknownError      nobody knows whether the server took the request: it is not sent again by itself
  x NotReplayedError         it is not in the library, and nothing may be made: nothing was sent
  x BudgetError              it would cost more than is allowed: nothing was sent
  x LibraryError             the library's folder or a file in it cannot be used
    + UnreadableFileError    a picture or video that does not decode, or is too large
  x ClusterGoneError         the dask cluster that draws or measures is gone
  x APIError                 a call to a Dream Machine failed
    + BadRequestError        refused (400 and other 4xx): a parameter, the balance
    + AuthenticationError    the key was not accepted (401, 403)
    + NotFoundError          no such generation (404)
    + RateLimitError         too many requests (429); `retry_after` in seconds
    + ServerError            the server failed (5xx)
    + APIConnectionError     no connection, or it broke before an answer came; `reached` tells which
    + APITimeoutError        no answer in time; `reached` tells whether there was a connection
    + UnreadableAnswerError  an answer that is not the API's: HTML, half a body, too much of it, a redirect

Each is one line that says what was wrong, with which value, and what to do next. None ever holds a key, nor leads to
an object that does: each can be pickled, copied and shown with all its variables.
"""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    import pydantic

Failed = TypeVar("Failed", bound="APIError")


class DreamError(Exception):
    """Whatever this package raises on purpose. In a notebook it shows as one line, then by `%tb` as a whole."""

    _shown = False

    def _render_traceback_(self) -> list[str]:
        """Give IPython one line the first time, and the whole traceback when `%tb` asks again."""
        if self._shown:
            return "".join(traceback.format_exception(self)).splitlines()
        self._shown = True
        return [f"{type(self).__name__}: {self}"]


class InvalidRequestError(DreamError, ValueError):
    """A request that breaks the specification. Nothing was sent.

    Args:
        *problems: one sentence for each field that is wrong.
        field: the first field that is wrong, by its name in the request, or "prompt", "count" or "take"; None where it
            is none of them.

    Attributes:
        problems: as above.
        field: as above.
    """

    def __init__(self, *problems: str, field: str | None = None) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.field = field

    @classmethod
    def reading(cls, error: pydantic.ValidationError) -> Self:
        """The problems that pydantic found, each as one sentence that names its field.

        Args:
            error: what pydantic raised.
        """
        problems = error.errors()
        field = next((str(problem["loc"][0]) for problem in problems if problem["loc"]), None)
        return cls(*(_sentence(problem["loc"], problem["type"], problem["msg"]) for problem in problems), field=field)


# Messages of our own already name the field and the value.
_OWN_MESSAGES = frozenset({"enum", "unknown_field", "extra", "misplaced", "keyframe", "number", "luma"})


def _sentence(location: tuple[int | str, ...], kind: str, message: str) -> str:
    if kind in _OWN_MESSAGES:
        return message
    # A tagged union puts its tag into the location; a field name never equals the field before it.
    field = ".".join(str(part) for part in location)
    return f"{field.replace('_', ' ')}: {message[:1].lower()}{message[1:]}"


class ConfigurationError(DreamError):
    """A key, an address, a folder or a setting that does not fit. Nothing was sent."""


class LibraryError(DreamError):
    """The library's folder, or a file in it, that cannot be used."""


class UnreadableFileError(LibraryError):
    """A picture or video that cannot be read.

    Attributes:
        name: of the file.
        reason: why, as it is said after the name: "is cut off after 12 frames".
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name!r} {reason}: run its cell again to download it again, or remove it")
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the arguments: the message alone would not do."""
        return type(self), (self.name, self.reason)


class GenerationFailedError(DreamError):
    """A generation that ended in the state failed.

    Attributes:
        id: the generation's id.
        reason: the `failure_reason` that the server gave.
        advice: what to do next, or nothing.
        is_refunded: whether the server refunds it; of what it canceled, or what expired there, nobody knows.
        explanation: all of this, as it is said after "not made".
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - the field's name in the specification
        reason: str,
        advice: str = "",
        is_refunded: bool = True,
    ) -> None:
        self.explanation = f"{reason.rstrip('.')} (generation {id}){advice and f'. {advice}.'}"
        super().__init__(f"not made: {self.explanation}")
        self.id = id
        self.reason = reason
        self.advice = advice
        self.is_refunded = is_refunded

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the arguments: the message alone would not do."""
        return type(self), (self.id, self.reason, self.advice, self.is_refunded)


class DreamCancelledError(DreamError):
    """A generation that its user cancelled before it was made."""


class SweepError(DreamError):
    """A sweep or a storyboard of which some dreams could not be made.

    Attributes:
        dreams: those that were made (`Dreams`).
        errors: why the others were not, one error each, by their prompts: the second of one prompt as "a lake (2)".
    """

    def __init__(self, message: str, dreams: Any, errors: dict[str, BaseException]) -> None:
        super().__init__(message)
        self.dreams = dreams
        self.errors = errors

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the message and the reasons: dreams belong to their session."""
        return type(self), (*self.args, None, self.errors)


def reason_of(error: BaseException) -> str:
    """Why something was not made, as it is said after "not made".

    Args:
        error: what was raised.
    """
    return error.explanation if isinstance(error, GenerationFailedError) else str(error)


class OutcomeUnknownError(DreamError):
    """A create whose answer got lost, and that the server's list does not show. It is not sent again by itself."""


class NotReplayedError(DreamError):
    """A dream that is not in the library, where only what is there may be shown. Nothing was sent."""


class BudgetError(DreamError):
    """A create that would cost more than is allowed. Nothing was sent."""


class ClusterGoneError(DreamError):
    """A dask cluster that is gone, or whose connection was closed. What was to be drawn stays queued in the studio."""


class APIError(DreamError):
    """A call to a Dream Machine that failed.

    Attributes:
        operation: the operation of the API, such as "createGeneration".
        what: what went wrong, in a few words.
        status: the HTTP status, or None where there was no answer.
        detail: what the server said (`detail` of the schema `Error`), shortened to 500 characters, or None.
        request_id: the server's name for the call, or None.
        retry_after: seconds that the server asks to wait before the next call, or None.
        reached: False where it is certain that the server took nothing of the request, True otherwise.
        advice: what to do next, without its full stop; by default that of the class.
        at: when the call ended (UTC).
    """

    advice: str = "See the server's message"

    def __init__(
        self,
        operation: str,
        what: str,
        *,
        status: int | None = None,
        detail: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        reached: bool = True,
        advice: str | None = None,
    ) -> None:
        if advice is not None:
            self.advice = advice
        super().__init__(f"{operation}: {what}. {self.advice}.")
        self.operation = operation
        self.what = what
        self.status = status
        self.detail = detail
        self.request_id = request_id
        self.retry_after = retry_after
        self.reached = reached
        self.at = datetime.now(UTC)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by what the error says: positional arguments alone would lose the keywords."""
        return _rebuild, (type(self), self.args, self.__dict__)

    def advising(self, advice: str) -> Self:
        """The same error with other advice.

        Args:
            advice: what to do next, without its full stop.
        """
        args = (f"{self.operation}: {self.what}. {advice}.",)
        return _rebuild(type(self), args, self.__dict__ | {"advice": advice})


def _rebuild(kind: type[Failed], args: tuple[Any, ...], state: dict[str, Any]) -> Failed:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class BadRequestError(APIError):
    """The server refused the request (400, or another 4xx)."""

    advice = "Change the request as described, then send it again"


class AuthenticationError(APIError):
    """The key was not accepted (401, 403)."""

    advice = "Check the key of this server: %dreams key asks for a new one, %dreams check shows where it comes from"


class NotFoundError(APIError):
    """The server knows no such generation (404)."""

    advice = "Check the id and the base URL, and that the generation was made with this key"


class RateLimitError(APIError):
    """Too many requests (429)."""

    advice = "Wait, then send it again"


class ServerError(APIError):
    """The server failed (5xx)."""

    advice = "Nothing is wrong with the request; try again later"


class APIConnectionError(APIError):
    """There was no connection, or it broke before an answer came."""

    advice = "Check the network and the base URL"


class APITimeoutError(APIError):
    """The server did not answer in time."""

    advice = "Try again, or allow more time with timeout= and deadline="


class UnreadableAnswerError(APIError):
    """An answer that is not the API's: HTML, half a body, more than the limit, a redirect."""

    advice = "Check that the base URL is that of the API, and that no proxy answers in its place"
