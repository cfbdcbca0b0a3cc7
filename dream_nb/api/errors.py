"""The errors of this package.

* DreamError
  x InvalidRequestError      the request violates the specification: nothing was sent
  x ConfigurationError       a key, an address or a setting is not valid: nothing was sent
  x GenerationFailedError    the server accepted the request, but could not make it
  x DreamCancelledError      the user cancelled it before it was made: it is refunded
  x SweepError               some dreams of a sweep could not be made; the others are in its `dreams`
  x OutcomeUnknownError      it is unknown whether the server accepted the request: it is not sent again automatically
  x NotReplayedError         the dream is not in the library, and nothing may be made: nothing was sent
  x BudgetError              it would cost more than is allowed: nothing was sent
  x LibraryError             the library's folder or a file in it cannot be used
    + UnreadableFileError    a picture or video that cannot be decoded, or is too large
  x ClusterGoneError         the dask cluster that draws or measures is gone
  x APIError                 a call to an API failed
    + BadRequestError        refused (400 and other 4xx): a parameter, the balance
    + AuthenticationError    the key was not accepted (401, 403)
    + NotFoundError          no such generation (404)
    + RateLimitError         too many requests (429); `retry_after` in seconds
    + ServerError            the server failed (5xx)
    + APIConnectionError     no connection, or it was cut off before an answer came; `reached` says which
    + APITimeoutError        no answer in time; `reached` says whether there was a connection
    + UnreadableAnswerError  an answer that is not the API's: HTML, incomplete, too large, or a redirect

The message of each is one line that says what was wrong, with the value, and what to do next. No error contains a key,
or refers to an object that does: errors can be pickled, copied and shown with all their variables.
"""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    import pydantic

Failed = TypeVar("Failed", bound="APIError")


class DreamError(Exception):
    """The base of all errors that this package raises. A notebook shows it as one line; `%tb` shows the traceback."""

    _shown = False

    def _render_traceback_(self) -> list[str]:
        """Give IPython one line at first, and the full traceback when `%tb` asks again."""
        if self._shown:
            return "".join(traceback.format_exception(self)).splitlines()
        self._shown = True
        return [f"{type(self).__name__}: {self}"]


class InvalidRequestError(DreamError, ValueError):
    """A request violates the specification. Nothing was sent.

    Args:
        *problems: one sentence for each wrong field.
        field: the first wrong field by its name in the request, or "prompt", "count" or "take"; None for anything else.

    Attributes:
        problems: the sentences that were given.
        field: the field that was given.
    """

    def __init__(self, *problems: str, field: str | None = None) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.field = field

    @classmethod
    def reading(cls, error: pydantic.ValidationError) -> Self:
        """Return an error with the problems that pydantic found, each as one sentence that names its field.

        Args:
            error: the error that pydantic raised.
        """
        problems = error.errors()
        field = next((str(problem["loc"][0]) for problem in problems if problem["loc"]), None)
        return cls(*(_sentence(problem["loc"], problem["type"], problem["msg"]) for problem in problems), field=field)


# Our own messages already name the field and the value.
_OWN_MESSAGES = frozenset({"enum", "unknown_field", "extra", "misplaced", "keyframe", "number", "luma"})


def _sentence(location: tuple[int | str, ...], kind: str, message: str) -> str:
    if kind in _OWN_MESSAGES:
        return message
    # A tagged union adds its tag to the location. A field's name never equals that of the field before it.
    field = ".".join(str(part) for part in location)
    return f"{field.replace('_', ' ')}: {message[:1].lower()}{message[1:]}"


class ConfigurationError(DreamError):
    """A key, an address, a folder or a setting is not valid. Nothing was sent."""


class LibraryError(DreamError):
    """The library's folder, or a file in it, cannot be used."""


class UnreadableFileError(LibraryError):
    """A picture or video cannot be read.

    Attributes:
        name: the name of the file.
        reason: the reason, worded to follow the name: "is cut off after 12 frames".
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name!r} {reason}: run its cell again to download it again, or remove it")
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the arguments, because the message alone is not enough."""
        return type(self), (self.name, self.reason)


class GenerationFailedError(DreamError):
    """A generation ended in the state "failed".

    Attributes:
        id: the id of the generation.
        reason: the `failure_reason` of the server.
        advice: what to do next, or an empty text.
        is_refunded: whether the server refunds it; this is unknown if the server canceled it, or if it expired.
        explanation: all of this as a text, worded to follow "not made".
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
        """Pickle the arguments, because the message alone is not enough."""
        return type(self), (self.id, self.reason, self.advice, self.is_refunded)


class DreamCancelledError(DreamError):
    """The user cancelled a generation before it was made."""


class SweepError(DreamError):
    """Some dreams of a sweep or a storyboard could not be made.

    Attributes:
        dreams: the dreams that were made (`Dreams`).
        errors: the errors of the others, by their prompts; the second one of the same prompt is named as in "a lake
            (2)".
    """

    def __init__(self, message: str, dreams: Any, errors: dict[str, BaseException]) -> None:
        super().__init__(message)
        self.dreams = dreams
        self.errors = errors

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the message and the reasons only, because dreams belong to their session."""
        return type(self), (*self.args, None, self.errors)


def reason_of(error: BaseException) -> str:
    """Return the reason why something was not made, worded to follow "not made".

    Args:
        error: the error that was raised.
    """
    return error.explanation if isinstance(error, GenerationFailedError) else str(error)


class OutcomeUnknownError(DreamError):
    """The answer to a create was lost, and the server does not list it. It is not sent again automatically."""


class NotReplayedError(DreamError):
    """A dream is not in the library, and nothing new may be made. Nothing was sent."""


class BudgetError(DreamError):
    """A create would cost more than is allowed. Nothing was sent."""


class ClusterGoneError(DreamError):
    """A dask cluster is gone, or its connection was closed. Unfinished drawings stay queued in the studio."""


class APIError(DreamError):
    """A call to an API failed.

    Attributes:
        operation: the name of the API's operation, such as "createGeneration".
        what: what went wrong, in a few words.
        status: the HTTP status, or None if there was no answer.
        detail: the server's explanation (`detail` of the schema `Error`), shortened to 500 characters, or None.
        request_id: the server's id of the call, or None.
        retry_after: the seconds that the server asks to wait before the next call, or None.
        reached: False if the server certainly accepted nothing of the request, otherwise True.
        advice: what to do next, without a full stop; by default that of the class.
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
        """Pickle all keyword arguments, which the positional arguments alone would lose."""
        return _rebuild, (type(self), self.args, self.__dict__)

    def advising(self, advice: str) -> Self:
        """Return the same error with other advice.

        Args:
            advice: what to do next, without a full stop.
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
    """The server has no such generation (404)."""

    advice = "Check the id and the base URL, and that the generation was made with this key"


class RateLimitError(APIError):
    """Too many requests (429)."""

    advice = "Wait, then send it again"


class ServerError(APIError):
    """The server failed (5xx)."""

    advice = "Nothing is wrong with the request; try again later"


class APIConnectionError(APIError):
    """There was no connection, or it was cut off before an answer came."""

    advice = "Check the network and the base URL"


class APITimeoutError(APIError):
    """The server did not answer in time."""

    advice = "Try again, or allow more time with timeout= and deadline="


class UnreadableAnswerError(APIError):
    """The answer is not the API's: it is HTML, incomplete, too large, or a redirect."""

    advice = "Check that the base URL is that of the API, and that no proxy answers in its place"
