"""The operations of the Dream Machine API, in its own names."""

from __future__ import annotations

import ipaddress
import logging
import os
import time
from collections.abc import AsyncIterator, Generator, Mapping
from types import TracebackType
from typing import Final, Self, TypeVar

import anyio
import httpx2
import pydantic
from pydantic import SecretStr

from dream_nb.api import errors
from dream_nb.api.models import (
    Credits,
    Error,
    Generation,
    GenerationRequest,
    ImageGenerationRequest,
    ListGenerationResponse,
    Pong,
    _Schema,
)

DEFAULT_BASE_URL: Final = "https://api.lumalabs.ai/dream-machine/v1"
"""The server that the specification names."""

MAX_ANSWER_BYTES: Final = 16 * 2**20
_MAX_DETAIL = 500

logger = logging.getLogger("dream_nb.api")
S = TypeVar("S", bound=_Schema)


class _Bearer(httpx2.Auth):
    """The key, for one origin and no other."""

    def __init__(self, key: str, origin: tuple[str, str, int | None]) -> None:
        self._key = SecretStr(key)
        self._origin = origin

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        if _origin(request.url) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        yield request


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"https": 443, "http": 80}.get(url.scheme)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class AsyncDreamMachine:
    """A client of one Dream Machine: the hosted API, a studio, or any other server of the specification.

    Args:
        api_key: the bearer key. By default `LUMAAI_API_KEY`, which belongs to the origin of `LUMAAI_BASE_URL`
            (or of the hosted API) and is never sent to another.
        base_url: the server. By default `LUMAAI_BASE_URL`, else the one that the specification names.
        timeout: seconds for connecting and for each read and write, or an `httpx2.Timeout`.
        deadline: seconds for a whole call, reading its answer included.
        http_client: an `httpx2.AsyncClient` of your own, for proxies, certificates or transports; you close it.

    Raises:
        ConfigurationError: no key for this address, or plain http to another machine.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx2.Timeout = 30.0,
        deadline: float = 120.0,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        home = os.environ.get("LUMAAI_BASE_URL") or DEFAULT_BASE_URL
        self.base_url = (base_url or home).rstrip("/")
        url = httpx2.URL(self.base_url)
        if url.scheme not in {"http", "https"} or not url.host:
            raise errors.ConfigurationError(f"base URL {self.base_url!r} is not an http(s) address")
        if url.scheme == "http" and http_client is None and not _is_loopback(url.host):
            raise errors.ConfigurationError(
                f"base URL {self.base_url!r} would send the key in the clear: use https, or a loopback address"
            )
        if api_key is None and _origin(url) == _origin(httpx2.URL(home)):
            api_key = os.environ.get("LUMAAI_API_KEY")
        if not api_key:
            raise errors.ConfigurationError(
                f"no key for {url.host}: set LUMAAI_API_KEY (with LUMAAI_BASE_URL for another server), or pass api_key="
            )
        self._auth = _Bearer(api_key, _origin(url))
        self._deadline = deadline
        self._owns_http = http_client is None
        # A redirected create could be sent twice, and an API has no reason to redirect: so none is followed.
        self._http = http_client or httpx2.AsyncClient(timeout=timeout, follow_redirects=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._owns_http:
            await self._http.aclose()

    async def create_generation(
        self, request: GenerationRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
        """`createGeneration`: ask for a video. Sent once, never retried here. Gives back the queued generation."""
        return await self._read(Generation, "createGeneration", "POST", "/generations", request, headers=headers)

    async def generate_image(
        self, request: ImageGenerationRequest, *, headers: Mapping[str, str] | None = None
    ) -> Generation:
        """`generateImage`: ask for an image. Sent once, never retried here. Gives back the queued generation."""
        return await self._read(Generation, "generateImage", "POST", "/generations/image", request, headers=headers)

    async def get_generation(self, id: str) -> Generation:  # noqa: A002 - the parameter's name in the specification
        """`getGeneration`: a generation by its id."""
        return await self._read(Generation, "getGeneration", "GET", f"/generations/{_segment(id)}")

    async def list_generations(self, *, limit: int = 100, offset: int = 0) -> ListGenerationResponse:
        """`listGenerations`: one page of the account's generations, newest first."""
        params = {"limit": limit, "offset": offset}
        return await self._read(ListGenerationResponse, "listGenerations", "GET", "/generations", params=params)

    async def iter_generations(self, *, page: int = 100) -> AsyncIterator[Generation]:
        """All of the account's generations, newest first, `page` of them a call; a page is asked for when needed.

        A generation that moves to a later page while newer ones are made is given once.
        """
        seen: set[str | None] = set()
        offset = 0
        while True:
            answer = await self.list_generations(limit=page, offset=offset)
            for generation in answer.generations:
                if generation.id not in seen:
                    seen.add(generation.id)
                    yield generation
            offset += len(answer.generations)
            more = len(answer.generations) == page if answer.has_more is None else answer.has_more
            if not more or not answer.generations:
                return

    async def delete_generation(self, id: str) -> None:  # noqa: A002 - the parameter's name in the specification
        """`deleteGeneration`: remove a generation, or cancel it where the server still can."""
        await self._send("deleteGeneration", "DELETE", f"/generations/{_segment(id)}")

    async def get_credits(self) -> Credits:
        """`getCredits`: the balance, in USD cents."""
        return await self._read(Credits, "getCredits", "GET", "/credits")

    async def get_camera_motion(self) -> list[str]:
        """`getCameraMotion`: the camera motions that a prompt may name."""
        answer = await self._send("getCameraMotion", "GET", "/generations/camera_motion/list")
        try:
            return pydantic.TypeAdapter(list[str]).validate_json(answer.content)
        except pydantic.ValidationError as error:
            raise _unreadable("getCameraMotion", answer, "is not a list of strings") from error

    async def ping(self) -> Pong:
        """`ping`: whether the server runs."""
        return await self._read(Pong, "ping", "GET", "/ping")

    async def _read(
        self,
        schema: type[S],
        operation: str,
        method: str,
        path: str,
        body: GenerationRequest | ImageGenerationRequest | None = None,
        *,
        params: Mapping[str, int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> S:
        answer = await self._send(operation, method, path, body, params=params, headers=headers)
        try:
            return schema.from_answer(answer.content)
        except ValueError as error:
            raise _unreadable(operation, answer, f"is not a {schema.__name__}") from error

    async def _send(
        self,
        operation: str,
        method: str,
        path: str,
        body: GenerationRequest | ImageGenerationRequest | None = None,
        *,
        params: Mapping[str, int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        request = self._http.build_request(
            method,
            self.base_url + path,
            params=params,
            headers=headers,
            json=None if body is None else body.wire(),
        )
        began = time.perf_counter()
        try:
            with anyio.fail_after(self._deadline):
                response = await self._http.send(request, auth=self._auth, stream=True)
                try:
                    answer = await _bounded(operation, response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx2.TimeoutException) as error:
            host = request.url.host
            raise errors.APITimeoutError(operation, f"no answer from {host} in time") from error
        except (httpx2.DecodingError, httpx2.RemoteProtocolError) as error:
            raise errors.UnreadableAnswerError(operation, f"the answer broke off or is malformed ({error})") from error
        except httpx2.TransportError as error:
            broken = errors.APIConnectionError(operation, f"no connection to {request.url.host} ({error})")
            broken.reached = not isinstance(error, httpx2.ConnectError | httpx2.ProxyError)
            raise broken from error
        logger.debug("%s %s %s %.0f ms", method, path, answer.status_code, 1e3 * (time.perf_counter() - began))
        if not answer.is_success:
            raise _refusal(operation, answer)
        return answer


async def _bounded(operation: str, response: httpx2.Response) -> httpx2.Response:
    """The answer read to its end, or refused when it is more than the limit."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise errors.UnreadableAnswerError(
                operation, f"the answer is larger than {MAX_ANSWER_BYTES // 2**20} MB", status=response.status_code
            )
        parts.append(part)
    headers = {name: value for name, value in response.headers.items() if name.lower() not in _TRANSFER_HEADERS}
    return httpx2.Response(response.status_code, headers=headers, content=b"".join(parts))


# The body is decoded by now: these would have it decoded or measured again.
_TRANSFER_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def _segment(id: str) -> str:  # noqa: A002 - the parameter's name in the specification
    from urllib.parse import quote

    if not id:
        raise errors.InvalidRequestError("a generation's id must not be empty")
    return quote(id, safe="")


def _request_id(answer: httpx2.Response) -> str | None:
    return answer.headers.get("x-request-id")


def _unreadable(operation: str, answer: httpx2.Response, what: str) -> errors.UnreadableAnswerError:
    kind = answer.headers.get("content-type", "no content type")
    return errors.UnreadableAnswerError(
        operation, f"the answer ({kind}) {what}", status=answer.status_code, request_id=_request_id(answer)
    )


_BY_STATUS: Final[Mapping[int, type[errors.APIError]]] = {
    401: errors.AuthenticationError,
    403: errors.AuthenticationError,
    404: errors.NotFoundError,
    429: errors.RateLimitError,
}


def _refusal(operation: str, answer: httpx2.Response) -> errors.APIError:
    status = answer.status_code
    if answer.is_redirect or status < 400:  # noqa: PLR2004 - where HTTP's errors begin
        return _unreadable(operation, answer, f"has status {status}")
    kind = _BY_STATUS.get(status, errors.ServerError if answer.is_server_error else errors.BadRequestError)
    detail = _detail(answer)
    what = f"{status}, {detail}" if detail else f"{status} without a reason"
    error = kind(operation, what.rstrip("."), status=status, detail=detail, request_id=_request_id(answer))
    if isinstance(error, errors.RateLimitError):
        error.retry_after = retry_after(answer)
    return error


def _detail(answer: httpx2.Response) -> str | None:
    try:
        detail = Error.from_answer(answer.content).detail
    except ValueError:
        return None
    if detail is None or len(detail) <= _MAX_DETAIL:
        return detail
    return detail[:_MAX_DETAIL] + "…"


def retry_after(answer: httpx2.Response) -> float | None:
    """Seconds that the answer's `Retry-After` asks to wait (RFC 9110, 10.2.3: seconds or a date), or None."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    value = answer.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
