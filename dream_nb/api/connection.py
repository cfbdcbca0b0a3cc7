"""A connection to one server with its key. Each call is sent once, read within limits, and fails with our errors."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import AsyncIterable, Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import urlencode

import anyio
import httpx2
import pydantic
from pydantic import SecretStr

from dream_nb.api import errors
from dream_nb.api.answer import ENCODING, Answer
from dream_nb.api.departure import Departure
from dream_nb.api.hosted_apis import DREAM_MACHINE, HostedAPI
from dream_nb.api.loopback import is_loopback
from dream_nb.api.network import far_client, files_client, near_client
from dream_nb.api.redaction import redacted

TIMEOUT_SECONDS: Final = 30.0
DEADLINE_SECONDS: Final = 120.0

_MAX_DETAIL = 500
_MAX_WORDS = 200
_MAX_PORT = 65535

logger = logging.getLogger("dream_nb.api")
T = TypeVar("T")
Origin = tuple[str, str, int | None]


def hidden(key: str | SecretStr | None) -> SecretStr | None:
    """Return a key that no traceback shows, even if it prints variables."""
    return SecretStr(key) if isinstance(key, str) else key


class _Bearer(httpx2.Auth):
    """The key, for its own origin only."""

    def __init__(self, key: SecretStr, origin: Origin) -> None:
        self._key = key
        self._origin = origin

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        if _origin(request.url) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        yield request

    def hide(self, text: str) -> str:
        """Return a text of the server without the key, which it may have sent back."""
        return text.replace(self._key.get_secret_value(), "[key]")

    def hide_in(self, body: bytes) -> bytes:
        """Return a body without the key, because its contents are shown and recorded."""
        # No variable holds the key, because a traceback may show it. A key that is only a syllable would occur
        # everywhere.
        if len(self._key) < _SHORTEST_HIDDEN or self._key.get_secret_value().encode() not in body:
            return body
        return body.replace(self._key.get_secret_value().encode(), b"[key]")


@dataclass(frozen=True, slots=True)
class Content:
    """A body that is sent as it is, in parts.

    Attributes:
        parts: the parts of the body. They can be iterated over only once.
        size: the size of the body in bytes.
        headers: header fields that describe it.
    """

    parts: AsyncIterable[bytes]
    size: int
    headers: Mapping[str, str]


class Connection:
    """A connection to one server. It has the same arguments as `AsyncDreamMachine`, and `api`.

    Args:
        api: the API, which has the default address of the server and the variable of its key.
    """

    def __init__(
        self,
        key: SecretStr | None,
        base_url: str | None,
        *,
        timeout: float | httpx2.Timeout | None,
        deadline: float | None,
        http_client: httpx2.AsyncClient | None,
        api: HostedAPI = DREAM_MACHINE,
    ) -> None:
        home = os.environ.get(api.url_variable) or api.base_url
        url = _address(base_url or home, api.base_url)
        self.base_url = str(url).rstrip("/")
        if http_client is None:
            _check_safe(url)
        if key is None and _origin(url) == _origin(_address(home, api.base_url)):
            key = hidden(os.environ.get(api.key_variable))
        self._auth = _Bearer(_checked(key, url.host, api), _origin(url))
        self._is_near = url.scheme == "http"
        self._deadline = deadline
        self._owns_http = http_client is None
        if timeout is None and http_client is None:
            timeout = TIMEOUT_SECONDS
        self._timeout = httpx2.USE_CLIENT_DEFAULT if timeout is None else httpx2.Timeout(timeout)
        self._http = http_client or (near_client() if url.scheme == "http" else far_client())
        self._files: httpx2.AsyncClient | None = None
        self.clock_ahead: timedelta | None = None

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled, because the pickle would contain the key."""
        raise TypeError("a client has a key and open connections, so it cannot be pickled: create a new one instead")

    async def aclose(self) -> None:
        """Close the connections that this object opened."""
        if self._owns_http:
            await self._http.aclose()
        if self._files is not None:
            await self._files.aclose()

    async def ask(
        self,
        operation: str,
        read: Callable[[bytes], T],
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | Content | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        wait: float = 0.0,
    ) -> T:
        """Make one call. One with a `Content` has no deadline, because its time depends on its size, but timeouts.

        Args:
            operation: the name of the operation in the specification.
            read: a function that converts the body of the answer to the result, or raises ValueError.
            method: the HTTP method.
            path: the path below the base URL.
            body: the document of the request, or a content in another form.
            params: the query.
            headers: additional header fields.
            wait: the additional seconds that the server may take.

        Raises:
            APIError: the call failed; the class says how.
        """
        request = self._request(method, path, body, params, headers, wait)
        if logger.isEnabledFor(logging.DEBUG):
            shown = f"{body.size} bytes" if isinstance(body, Content) else _shown(params if body is None else body)
            logger.debug("%s: %s %s %s", operation, method, path, shown)
        began = time.perf_counter()
        deadline = None if self._deadline is None or isinstance(body, Content) else self._deadline + wait
        answer = await self._send(operation, request, deadline, self._http, self._auth)
        milliseconds = 1e3 * (time.perf_counter() - began)
        outcome = answer if isinstance(answer, errors.APIError) else self._outcome(operation, answer, read)
        if isinstance(outcome, errors.BadRequestError) and body is None:
            # A call with only an address has nothing that could be changed.
            outcome = outcome.advising(_READ_ADVICE)
        if isinstance(outcome, errors.APIError):
            logger.debug("%s: %s after %.0f ms: %s", operation, type(outcome).__name__, milliseconds, outcome)
            # Raised outside of any exception handler, so that no `__context__` leads from the error to the HTTP
            # client's request, which holds the key.
            raise outcome
        return outcome

    async def put(self, operation: str, address: str, content: Content) -> None:
        """Upload a file to the address that the server gave, usually on another server, without the key.

        Args:
            operation: the name of the operation in errors.
            address: the address, as the server gave it.
            content: the file, with the header fields that the server asked for.

        Raises:
            APIError: the file was not stored, or it is unknown whether it was.
        """
        if self._http.is_closed:
            raise errors.APIConnectionError(operation, "no connection (the client was closed)", reached=False)
        url = self._foreign(operation, address)
        # Not built by the client, because the default headers that the user gave it may be secret too.
        timeout = self._timeout if isinstance(self._timeout, httpx2.Timeout) else self._http.timeout
        request = httpx2.Request(
            "PUT",
            url,
            headers={**content.headers, "content-length": str(content.size)},
            content=content.parts,
            extensions={"timeout": timeout.as_dict()},
        )
        logger.debug("%s: PUT %s/… %d bytes", operation, url.host, content.size)
        answer = await self._send(operation, request, None, self._foreign_client(), None)
        failed = answer if isinstance(answer, errors.APIError) else _not_stored(operation, url.host, answer)
        if failed is not None:
            logger.debug("%s: %s: %s", operation, type(failed).__name__, failed)
            raise failed

    def _foreign(self, operation: str, address: str) -> httpx2.URL:
        """Return an address that the server gave, if it may be used."""
        try:
            url = httpx2.URL(address)
        except httpx2.InvalidURL:
            url = httpx2.URL()
        # Only a server on this machine may refer its clients to this machine.
        is_safe = url.scheme == "https" or (url.scheme == "http" and self._is_near and is_loopback(url.host))
        if not is_safe or not url.host or url.userinfo:
            raise errors.UnreadableAnswerError(operation, "the upload address is not an https address", reached=False)
        return url

    def _foreign_client(self) -> httpx2.AsyncClient:
        if not self._owns_http:
            return self._http
        if self._files is None:
            self._files = files_client(self.base_url, TIMEOUT_SECONDS)
        return self._files

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Content | None,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str] | None,
        wait: float,
    ) -> httpx2.Request:
        fields = {"accept": "application/json", "accept-encoding": ENCODING}
        content: bytes | AsyncIterable[bytes] | None = None
        if isinstance(body, Content):
            content = body.parts
            fields |= {**body.headers, "content-length": str(body.size)}
        elif body is not None:
            fields["content-type"] = "application/json"
            try:
                content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
            except UnicodeEncodeError:
                raise errors.InvalidRequestError(
                    "the request contains an unpaired surrogate: remove that character"
                ) from None
        # Not as `params`, with which the client would take the address apart and reassemble it.
        query = f"?{urlencode(params)}" if params else ""
        return self._http.build_request(
            method,
            self.base_url + path + query,
            headers=fields | {name.lower(): value for name, value in (headers or {}).items()},
            content=content,
            timeout=self._timeout_with(wait) if wait else self._timeout,
        )

    def _timeout_with(self, wait: float) -> httpx2.Timeout:
        """The timeouts of a call whose answer may take some seconds longer."""
        usual = self._timeout if isinstance(self._timeout, httpx2.Timeout) else self._http.timeout
        read = None if usual.read is None else usual.read + wait
        return httpx2.Timeout(connect=usual.connect, read=read, write=usual.write, pool=usual.pool)

    async def _send(
        self,
        operation: str,
        request: httpx2.Request,
        deadline: float | None,
        http: httpx2.AsyncClient,
        auth: httpx2.Auth | None,
    ) -> Answer | errors.APIError:
        """Send the request once. Redirects are not followed: they could repeat a create or send the key elsewhere."""
        host = request.url.host
        if http.is_closed:
            return errors.APIConnectionError(
                operation, f"no connection to {host} (the client was closed)", reached=False
            )
        departure = Departure(request)
        try:
            with anyio.fail_after(deadline), departure:
                response = await http.send(request, auth=auth, stream=True, follow_redirects=False)
                departure.has_answer()
                try:
                    answer = await Answer.read(response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx2.TimeoutException) as error:
            reached = departure.reached and not isinstance(error, _NOT_SENT)
            what = f"no answer from {host} in time" if reached else f"no connection to {host} in time"
            return errors.APITimeoutError(operation, what, reached=reached)
        except httpx2.HTTPError as error:
            reached = departure.reached and not isinstance(error, _NOT_SENT)
            what = f"the connection to {host} broke" if reached else f"no connection to {host}"
            why = self._words(str(error)) or type(error).__name__
            return errors.APIConnectionError(operation, f"{what} ({why})", reached=reached)
        except Exception as error:  # noqa: BLE001 - whatever it is, its frames hold the key
            why = f"{type(error).__name__}: {self._words(str(error))}".removesuffix(": ")
            # If the transport reports nothing, it is unknown how far the request came.
            reached = departure.reached or not departure.is_known
            return errors.APIConnectionError(operation, f"the call to {host} failed ({why})", reached=reached)
        except BaseException as ending:  # noqa: BLE001 - it is raised again
            departure.mark(ending)
            # A cancellation, or an interrupt. The frames below hold the key, and a notebook may show their variables.
            ending.__cause__ = ending.__context__ = None
            raise ending.with_traceback(None)  # noqa: B904 - it is the same exception
        logger.debug("%s: %d, %d bytes", operation, answer.status, len(answer.body))
        if answer.date is not None and auth is not None:
            self.clock_ahead = answer.date - datetime.now(UTC)
        return answer

    def _outcome(self, operation: str, answer: Answer, read: Callable[[bytes], T]) -> T | errors.APIError:
        if answer.is_refusal:
            return self._refusal(operation, answer)
        if answer.redirects_to:
            what = f"redirects to {answer.redirects_to}"
        elif not answer.is_success:
            what = f"has status {answer.status}"
        elif answer.flaw:
            what = answer.flaw
        else:
            try:
                return read(self._auth.hide_in(answer.body))
            except ValueError as error:
                what = f"is not in the API's format: {_reason(error)}"
            except Exception as error:  # noqa: BLE001 - whatever it is, the server may have taken the request
                what = f"cannot be read ({type(error).__name__})"
        return errors.UnreadableAnswerError(
            operation,
            f"the answer ({self._words(answer.content_type)}) {self._words(what)}",
            status=answer.status,
            request_id=self._words(answer.request_id) or None,
        )

    def _refusal(self, operation: str, answer: Answer) -> errors.APIError:
        detail = self._words(answer.detail, _MAX_DETAIL)
        what = f"{answer.status}, {detail}" if detail else f"{answer.status} without an explanation"
        kind = _BY_STATUS.get(
            answer.status, errors.ServerError if httpx2.codes.is_server_error(answer.status) else errors.BadRequestError
        )
        wait = answer.retry_after if kind is errors.RateLimitError else None
        return kind(
            operation,
            what.rstrip("."),
            status=answer.status,
            detail=detail or None,
            request_id=self._words(answer.request_id) or None,
            retry_after=answer.retry_after,
            advice=f"Wait {math.ceil(wait)} seconds, then send it again" if wait else None,
        )

    def _words(self, text: str | None, limit: int = _MAX_WORDS) -> str:
        """A foreign text made suitable for one line: without the key and control characters, and shortened."""
        text = self._auth.hide(text or "")[: 4 * limit]
        text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
        return text if len(text) <= limit else text[:limit] + "…"


_SHORTEST_HIDDEN: Final = 8
_NOT_SENT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
"""The errors after which it is certain that the server received nothing of the request."""

_READ_ADVICE: Final = "Try again later; if the error persists, report it to the provider of the server"

_UPLOAD_ADVICE: Final = "Upload the file again: the upload address may have expired"

_BY_STATUS: Final[Mapping[int, type[errors.APIError]]] = {
    401: errors.AuthenticationError,
    403: errors.AuthenticationError,
    404: errors.NotFoundError,
    429: errors.RateLimitError,
}


def _shown(document: Mapping[str, Any] | None) -> str:
    return "" if document is None else redacted(document)


def _not_stored(operation: str, host: str, answer: Answer) -> errors.APIError | None:
    if answer.is_success:
        return None
    kind = errors.ServerError if httpx2.codes.is_server_error(answer.status) else errors.BadRequestError
    what = f"{answer.status} from {host}, which stores the file"
    return kind(operation, what, status=answer.status, retry_after=answer.retry_after, advice=_UPLOAD_ADVICE)


def _reason(error: ValueError) -> str:
    if isinstance(error, pydantic.ValidationError):
        first: Any = error.errors(include_url=False, include_input=False)[0]
        return ".".join([str(part) for part in first["loc"]] or ["it"]) + f": {first['msg']}"
    return str(error)


def _address(base_url: str, example: str = DREAM_MACHINE.base_url) -> httpx2.URL:
    if "@" in base_url:
        raise errors.ConfigurationError(
            "the base URL must not contain a user name or password: pass the key as api_key="
        )
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL:
        url = httpx2.URL()
    if url.scheme not in {"http", "https"} or not url.host or (url.port or 0) > _MAX_PORT or url.query or url.fragment:
        # A text without a scheme is not shown, because it may be a key in the wrong place.
        shown = repr(base_url) if "://" in base_url else "given"
        raise errors.ConfigurationError(
            f"the base URL {shown} is not an http(s) address without a query, such as {example}"
        )
    return url


def safe_address(base_url: str) -> str:
    """Return a server's address in its standard spelling.

    Args:
        base_url: the address.

    Raises:
        ConfigurationError: it is not an http(s) address, or would send a key unencrypted.
    """
    url = _address(base_url)
    _check_safe(url)
    return str(url).rstrip("/")


def origin_of(base_url: str) -> str:
    """Return the origin of an address: scheme, host, and the port if it is not the default one of the scheme."""
    url = _address(base_url)
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _check_safe(url: httpx2.URL) -> None:
    if url.scheme == "http" and not is_loopback(url.host):
        shown = str(url).rstrip("/")
        raise errors.ConfigurationError(
            f"base URL {shown!r} would send the key unencrypted: use https, or a loopback address"
        )


def _checked(key: SecretStr | None, host: str, api: HostedAPI) -> SecretStr:
    if key is None or not key.get_secret_value().strip():
        raise errors.ConfigurationError(
            f"no key for {host}: set {api.key_variable} (with {api.url_variable} for another server), or pass api_key="
        )
    # The last newline of a file is often included. Anything else would cause an error that quotes the header.
    key = SecretStr(key.get_secret_value().strip())
    if not all("!" <= character <= "~" for character in key.get_secret_value()):
        raise errors.ConfigurationError(
            f"the key for {host} contains spaces or characters that are not allowed in a key: copy it again"
        )
    return key


def _origin(url: httpx2.URL) -> Origin:
    return url.scheme, url.host, url.port or {"https": 443, "http": 80}.get(url.scheme)
