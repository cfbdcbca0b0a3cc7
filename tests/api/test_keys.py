"""A key is sent to one origin only, and appears in nothing that a user can see."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Literal

import anyio
import httpx2
import pytest
from pydantic import SecretStr

from dream_nb.api import errors
from dream_nb.api.blocking import DreamMachine
from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.models import Generation
from dream_nb.api.request_models import GenerationRequest
from dream_nb.api.retry import is_passing, was_refused
from tests.api.conftest import Open
from tests.api.leaks import LEAKS, seen, stay_silent
from tests.api.servers import Behaviour, Exchange, Hostile, fine, free_port, hostile, wait_for

VIDEO = GenerationRequest(prompt="a serene lake at sunset")


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LUMAAI_API_KEY", "LUMAAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def got_key(server: Hostile) -> str:
    return server.requests[0].headers["authorization"]


def test_the_key_is_the_argument(hostile: Hostile, connect: Open, key: str) -> None:
    connect(hostile.base_url).get_credits()
    assert got_key(hostile) == f"Bearer {key}"


def test_the_key_may_be_a_secret(hostile: Hostile, key: str) -> None:
    with DreamMachine(SecretStr(key), hostile.base_url) as machine:
        machine.get_credits()
    assert got_key(hostile) == f"Bearer {key}"


def test_key_and_address_come_from_the_environment(hostile: Hostile, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMAAI_API_KEY", key)
    monkeypatch.setenv("LUMAAI_BASE_URL", hostile.base_url)
    with DreamMachine() as machine:
        machine.get_credits()
    assert got_key(hostile) == f"Bearer {key}"


def test_without_an_address_it_is_the_server_of_the_specification(key: str) -> None:
    with DreamMachine(key) as machine:
        assert machine.base_url == "https://api.lumalabs.ai/dream-machine/v1"


def test_the_key_of_the_environment_goes_to_its_own_origin_only(
    hostile: Hostile, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUMAAI_API_KEY", key)
    with pytest.raises(errors.ConfigurationError, match="no key for localhost"):
        DreamMachine(base_url=hostile.base_url)


def test_another_path_of_the_same_origin_has_the_same_key(
    hostile: Hostile, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUMAAI_API_KEY", key)
    monkeypatch.setenv("LUMAAI_BASE_URL", hostile.base_url)
    with DreamMachine(base_url=hostile.base_url.replace("/v1", "/v2")) as machine:
        machine.get_credits()
    assert got_key(hostile) == f"Bearer {key}"


def test_a_last_newline_is_not_part_of_a_key(hostile: Hostile, key: str) -> None:
    with DreamMachine(f" {key}\n", hostile.base_url) as machine:
        machine.get_credits()
    assert got_key(hostile) == f"Bearer {key}"


@pytest.mark.parametrize("base_url", ["http://example.com/v1", "http://10.0.0.1", "http://evil.localhost", "http://0"])
def test_plain_http_goes_to_this_machine_only(key: str, base_url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="unencrypted"):
        DreamMachine(key, base_url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"])
def test_plain_http_may_stay_on_this_machine(key: str, host: str) -> None:
    with DreamMachine(key, f"http://{host}:8000/v1") as machine:
        assert machine.base_url == f"http://{host}:8000/v1"


def test_plain_http_may_go_where_a_client_of_ones_own_takes_it(key: str) -> None:
    async def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"credit_balance": 7})

    async def main() -> float:
        async with (
            httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http,
            AsyncDreamMachine(key, "http://studio", http_client=http) as machine,
        ):
            return (await machine.get_credits()).credit_balance

    assert asyncio.run(main()) == 7


def test_plain_http_goes_through_no_proxy(hostile: Hostile, connect: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with_proxy = Hostile()
    try:
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://localhost:{with_proxy.port}")
        connect(hostile.base_url).get_credits()
    finally:
        with_proxy.close()
    assert (len(hostile.requests), with_proxy.requests) == (1, [])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("follow", [False, True])
def test_a_key_does_not_travel_by_a_redirect(hostile: Hostile, key: str, status: int, follow: bool) -> None:
    other = Hostile()
    hostile.behaviour = lambda exchange: exchange.answer(status, location=f"http://127.0.0.1:{other.port}/v1/credits")

    async def main() -> None:
        async with (
            httpx2.AsyncClient(follow_redirects=follow) as http,
            AsyncDreamMachine(key, hostile.base_url, api="2024", http_client=http) as machine,
        ):
            for call in (machine.get_credits(), machine.create_generation(VIDEO)):
                with pytest.raises(errors.UnreadableAnswerError):
                    await call

    try:
        asyncio.run(main())
    finally:
        other.close()
    assert (len(hostile.requests), other.requests) == (2, [])


BAD_ADDRESSES = ["api.lumalabs.ai", "ftp://example.com", "https://", "https://h:99999", "https://h:b", "https://h/?a=b"]


@pytest.mark.parametrize("base_url", BAD_ADDRESSES)
def test_what_is_no_address_is_refused(key: str, base_url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="is not an http"):
        DreamMachine(key, base_url)


def test_an_address_with_a_password_is_refused_unseen(key: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="user name or password") as caught:
        DreamMachine("a", f"https://me:{key}@example.com")
    assert key not in str(caught.value)


def test_arguments_in_the_wrong_order_show_no_key(key: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        DreamMachine("https://example.com", key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("client", [DreamMachine, AsyncDreamMachine])
@pytest.mark.parametrize(
    "made", [lambda key: f"{key} {key}", lambda key: f"{key}\n{key}", lambda key: f"schlüssel{key}"]
)
def test_a_key_with_letters_that_no_key_has_is_refused_unseen(
    client: Callable[[str], object], made: Callable[[str], str], key: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match="characters that are not allowed in a key") as caught:
        client(made(key))
    assert key not in seen(caught.value)


@pytest.mark.parametrize("empty", [None, "", " \n"])
def test_without_a_key_it_says_how_to_give_one(empty: str | None) -> None:
    with pytest.raises(errors.ConfigurationError, match="set LUMAAI_API_KEY"):
        DreamMachine(empty)


def test_the_search_would_find_a_key(key: str) -> None:
    def leak() -> None:
        secret = key
        raise errors.DreamError(f"a{len(secret)}")

    with pytest.raises(errors.DreamError) as caught:
        leak()
    assert key in seen(caught.value)


@pytest.fixture
def records() -> Iterator[list[str]]:
    """The records of every logger, at every level."""
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(f"{record.name} {self.format(record)} {record.args!r} {record.__dict__!r}")

    names = ["", "dream_nb.api", "httpx2", "httpcore2", "asyncio", "anyio"]
    levels = {name: logging.getLogger(name).level for name in names}
    handler = Keep(level=0)
    logging.getLogger().addHandler(handler)
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield said
    logging.getLogger().removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize("name", LEAKS)
def test_no_failure_shows_the_key(hostile: Hostile, connect: Open, key: str, name: str) -> None:
    hostile.behaviour = LEAKS[name]
    machine = connect(hostile.base_url, deadline=0.3 if name == "silence" else 60)
    with pytest.raises(errors.APIError) as caught:
        machine.create_generation(VIDEO)
    assert got_key(hostile) == f"Bearer {key}"
    assert key not in seen(caught.value)


def test_no_failure_leads_to_the_request(hostile: Hostile, connect: Open) -> None:
    for behaviour in LEAKS.values():
        hostile.behaviour = behaviour
        with pytest.raises(errors.APIError) as caught:
            connect(hostile.base_url, deadline=0.3).create_generation(VIDEO)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)


class Fails(httpx2.AsyncBaseTransport):
    """A transport that raises an unexpected error after the key was put into the request."""

    def __init__(self, error: BaseException, *, when: Literal["sending", "reading", "closing"]) -> None:
        self._error = error
        self._when = when

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        sent = dict(request.headers)
        assert sent["authorization"]
        if self._when == "sending":
            try:
                raise OSError(f"a lower error that knows {sent}")
            except OSError:
                raise self._error  # noqa: B904 - the context is what leaks
        return httpx2.Response(201, stream=_Broken(self._error, self._when, sent))


class _Broken(httpx2.AsyncByteStream):
    def __init__(self, error: BaseException, when: str, sent: dict[str, str]) -> None:
        self._error, self._when, self._sent = error, when, sent

    async def __aiter__(self) -> AsyncIterator[bytes]:
        headers = self._sent
        if self._when == "reading" and headers:
            raise self._error
        yield b'{"id": "a", "state": "queued"}'

    async def aclose(self) -> None:
        headers = self._sent
        if self._when == "closing" and headers:
            raise self._error


def fails_with(error: BaseException, key: str, when: Literal["sending", "reading", "closing"]) -> BaseException:
    """The error that a create raises if its transport fails like this."""
    secret, transport = SecretStr(key), Fails(error, when=when)

    async def main() -> None:
        async with (
            httpx2.AsyncClient(transport=transport) as http,
            AsyncDreamMachine(secret, "http://localhost", api="2024", http_client=http) as machine,
        ):
            await machine.create_generation(VIDEO)

    with pytest.raises(type(error) if not isinstance(error, Exception) else errors.APIError) as caught:
        asyncio.run(main())
    return caught.value


@pytest.mark.parametrize("when", ["sending", "reading", "closing"])
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ValueError("Illegal header value b'Bearer {key}'"),
        RuntimeError("unable to perform operation on <TCPTransport closed=True>"),
        RecursionError("maximum recursion depth exceeded"),
        OSError(28, "No space left on device"),
        TypeError("a bytes-like object is required"),
        ExceptionGroup("several", [ValueError("one"), KeyError("other")]),
        anyio.ClosedResourceError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_goes_wrong_below_a_send_leaves_without_the_key(
    error: Exception, when: Literal["sending", "reading", "closing"], key: str
) -> None:
    error = copy.copy(error)
    error.args = tuple(one.replace("{key}", key) if isinstance(one, str) else one for one in error.args)
    told = fails_with(error, key, when)
    assert isinstance(told, errors.APIConnectionError)
    # It is unknown whether the request arrived, so it is looked for and not sent again.
    assert (told.reached, is_passing(told), was_refused(told)) == (True, True, False)
    assert type(error).__name__ in str(told)
    assert (told.__cause__, told.__context__) == (None, None)
    assert key not in seen(told)


@pytest.mark.parametrize("when", ["sending", "reading", "closing"])
def test_an_interrupt_below_a_send_shows_no_key(when: Literal["sending", "reading", "closing"], key: str) -> None:
    assert key not in seen(fails_with(SystemExit("stop"), key, when))


@pytest.mark.parametrize("error", [MemoryError(), RecursionError()], ids=lambda error: type(error).__name__)
def test_an_answer_that_cannot_be_read_here_may_have_been_taken(
    hostile: Hostile, connect: Open, error: Exception, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(201, '{"id": "a", "state": "queued"}')

    def read(_: object) -> object:
        raise error

    monkeypatch.setattr(Generation, "from_answer", read)
    with pytest.raises(errors.UnreadableAnswerError) as caught:
        connect(hostile.base_url).create_generation(VIDEO)
    assert (caught.value.reached, is_passing(caught.value)) == (True, True)
    assert key not in seen(caught.value)


def test_a_client_that_was_closed_reached_nobody(hostile: Hostile, connect: Open, key: str) -> None:
    machine = connect(hostile.base_url)
    machine.close()
    with pytest.raises(errors.APIConnectionError, match="the client was closed") as caught:
        machine.create_generation(VIDEO)
    assert (caught.value.reached, hostile.requests) == (False, [])
    assert key not in seen(caught.value)


def test_a_cancelled_call_shows_no_key(hostile: Hostile, key: str) -> None:
    hostile.behaviour = stay_silent

    async def main() -> BaseException:
        async with AsyncDreamMachine(key, hostile.base_url, api="2024") as machine:
            call = asyncio.create_task(machine.create_generation(VIDEO))
            await asyncio.to_thread(wait_for, lambda: hostile.requests)
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await call
            return caught.value

    error = asyncio.run(main())
    frames = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    assert not any("httpcore" in name or "httpx" in name for name in frames)
    assert key not in seen(error)


@pytest.mark.parametrize("behaviour", [fine, Exchange.drop, lambda exchange: exchange.answer(401, '{"detail": "no"}')])
def test_no_log_shows_the_key(
    hostile: Hostile, connect: Open, key: str, records: list[str], behaviour: Behaviour
) -> None:
    hostile.behaviour = behaviour
    machine = connect(hostile.base_url)
    for call in (machine.get_credits, lambda: machine.create_generation(VIDEO)):
        with contextlib.suppress(errors.APIError):
            call()
    text = "\n".join(records)
    assert "dream_nb.api" in text
    assert "httpcore2" in text
    assert key not in text


def test_no_repr_shows_the_key(connect: Open, key: str) -> None:
    machine = connect(f"http://localhost:{free_port()}/v1")
    assert repr(machine).startswith("DreamMachine('http://localhost:")
    inside = [machine, machine._client, machine._client._connection, machine._client._connection._auth]
    assert key not in "".join(f"{thing!r} {vars(thing)!r}" for thing in inside)


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_a_client_is_not_pickled(connect: Open, key: str, copied: Callable[[object], object]) -> None:
    machine = connect(f"http://localhost:{free_port()}")
    for client in (machine, machine._client):
        with pytest.raises(TypeError, match="create a new one") as caught:
            copied(client)
        assert key not in str(caught.value)


def test_hostile_servers_do_receive_the_key_that_is_searched_for(key: str) -> None:
    with hostile() as server, DreamMachine(key, server.base_url) as machine:
        machine.get_credits()
        assert key in got_key(server)
