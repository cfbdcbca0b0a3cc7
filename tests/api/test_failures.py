"""Hostile answers and broken connections: which error each becomes, and that nothing is ever sent twice."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest

from dream_nb.api import errors
from dream_nb.api.answer import MAX_BYTES, Answer
from dream_nb.api.blocking import DreamMachine
from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.request_models import GenerationRequest
from dream_nb.studio.faults import Fault, Faults
from tests.api.conftest import Open
from tests.api.servers import Behaviour, Exchange, Hostile, free_port, wait_for

VIDEO = GenerationRequest(prompt="a serene lake at sunset")
CREATED = '{"id": "a", "state": "queued"}'
HTML = "<!doctype html><title>Sign in</title>"


def says(status: int, body: bytes | str = b"", **headers: str) -> Behaviour:
    return lambda exchange: exchange.answer(status, body, **headers)


def half_a_body(exchange: Exchange) -> None:
    exchange.head(201, content_type="application/json", content_length=str(len(CREATED)))
    exchange.connection.sendall(CREATED[:9].encode())


def reset_in_the_body(exchange: Exchange) -> None:
    half_a_body(exchange)
    exchange.drop()


def endless(exchange: Exchange) -> None:
    exchange.head(201, content_type="application/json")
    while True:
        exchange.connection.sendall(b" " * 65536)


def endless_error(exchange: Exchange) -> None:
    exchange.head(503, content_type="application/json", retry_after="5")
    while True:
        exchange.connection.sendall(b" " * 65536)


def trickle(exchange: Exchange) -> None:
    exchange.head(201, content_type="application/json")
    while not exchange.is_over(0.01):
        exchange.connection.sendall(b" ")


def bomb(exchange: Exchange) -> None:
    exchange.answer(201, gzip.compress(b" " * (4 * MAX_BYTES)), content_encoding="gzip")


def bomb_of_nothing(exchange: Exchange) -> None:
    """Send an endless body that decompresses to a few bytes."""
    exchange.head(201, content_type="application/json", content_encoding="gzip")
    exchange.connection.sendall(gzip.compress(b"{}"))
    while True:
        exchange.connection.sendall(bytes(65536))


def half_a_gzip(exchange: Exchange) -> None:
    exchange.answer(201, gzip.compress(CREATED.encode())[:-9], content_encoding="gzip")


def not_http(exchange: Exchange) -> None:
    exchange.connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


def drop(exchange: Exchange) -> None:
    exchange.drop()


def hang_up(_exchange: Exchange) -> None:
    pass


HOSTILE: dict[str, tuple[Behaviour, type[errors.APIError], str]] = {
    "HTML": (says(200, HTML, content_type="text/html"), errors.UnreadableAnswerError, "text/html"),
    "HTML that is said to be JSON": (says(201, HTML), errors.UnreadableAnswerError, "is not in the API's"),
    "nothing": (says(204), errors.UnreadableAnswerError, "is not in the API's"),
    "JSON of another kind": (says(201, '["a"]'), errors.UnreadableAnswerError, "is not in the API's"),
    "JSON has no id": (says(201, '{"message": "pong"}'), errors.UnreadableAnswerError, "has no id"),
    "JSON nested without end": (says(201, "[" * 100_000), errors.UnreadableAnswerError, "recursion"),
    "bytes that are no text": (says(201, b'{"id": "\xff\xfe"}'), errors.UnreadableAnswerError, "is not in the API's"),
    "half a body": (half_a_body, errors.UnreadableAnswerError, "was cut off"),
    "a reset in the body": (reset_in_the_body, errors.UnreadableAnswerError, "was cut off"),
    "an endless stream": (endless, errors.UnreadableAnswerError, "larger than 16 MB"),
    "a gzip bomb": (bomb, errors.UnreadableAnswerError, "larger than 16 MB"),
    "a gzip bomb of nothing": (bomb_of_nothing, errors.UnreadableAnswerError, "larger than 16 MB"),
    "half a gzip": (half_a_gzip, errors.UnreadableAnswerError, "was cut off"),
    "no gzip at all": (
        says(201, CREATED, content_encoding="gzip"),
        errors.UnreadableAnswerError,
        "not valid gzip data",
    ),
    "another compression": (says(201, CREATED, content_encoding="br"), errors.UnreadableAnswerError, "not requested"),
    "a trickle": (trickle, errors.APITimeoutError, "no answer from localhost in time"),
    "silence": (Exchange.stall, errors.APITimeoutError, "no answer from localhost in time"),
    "another protocol": (not_http, errors.APIConnectionError, "broke"),
    "a reset": (drop, errors.APIConnectionError, "broke"),
    "no answer": (hang_up, errors.APIConnectionError, "broke"),
    "an endless error": (endless_error, errors.ServerError, "503 without an explanation"),
    "an HTML error": (says(502, HTML, content_type="text/html"), errors.ServerError, "502 without an explanation"),
    "a server error": (says(500, '{"detail": "out of order"}'), errors.ServerError, "500, out of order"),
    "a rate limit": (says(429, '{"detail": "slowly"}', retry_after="9"), errors.RateLimitError, "429, slowly"),
    "a forbidden key": (says(403, '{"detail": "no"}'), errors.AuthenticationError, "403, no"),
    "too large a request": (says(413, '{"detail": "too large"}'), errors.BadRequestError, "413, too large"),
    "a status of its own": (says(304), errors.UnreadableAnswerError, "has status 304"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_create_is_sent_once_and_fails_by_one_class(hostile: Hostile, connect: Open, name: str) -> None:
    hostile.behaviour, kind, words = HOSTILE[name]
    with pytest.raises(errors.APIError) as caught:
        connect(hostile.base_url, deadline=0.3 if kind is errors.APITimeoutError else 60).create_generation(VIDEO)
    error = caught.value
    assert (type(error), hostile.creates) == (kind, 1)
    assert words in str(error)
    assert str(error).startswith("createGeneration: ")
    assert "\n" not in str(error)
    assert error.reached


def test_a_body_that_the_server_did_not_take_is_not_sent_again(hostile: Hostile, connect: Open) -> None:
    hostile.takes_bodies = False
    hostile.behaviour = drop
    large = GenerationRequest(prompt="a lake", extra={"picture": "a" * 8_000_000})
    with pytest.raises(errors.APIConnectionError) as caught:
        connect(hostile.base_url).create_generation(large)
    assert (hostile.creates, caught.value.reached) == (1, True)


def test_a_studio_that_took_a_create_and_hung_up_made_it_once(machine: DreamMachine, faults: Faults) -> None:
    faults.add(Fault(method="POST", drop="after"))
    with pytest.raises(errors.APIConnectionError) as caught:
        machine.create_generation(VIDEO)
    assert caught.value.reached
    assert len(machine.list_generations().generations) == 1


def test_what_was_refused_reached_nobody(connect: Open) -> None:
    with pytest.raises(errors.APIConnectionError, match="no connection to localhost") as caught:
        connect(f"http://localhost:{free_port()}").create_generation(VIDEO)
    assert not caught.value.reached
    assert caught.value.status is None


def test_a_handshake_without_an_end_reached_nobody(connect: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        machine = connect(f"https://localhost:{listener.getsockname()[1]}", timeout=httpx2.Timeout(30, connect=0.2))
        with pytest.raises(errors.APITimeoutError, match="no connection to localhost") as caught:
            machine.create_generation(VIDEO)
    assert not caught.value.reached


def test_the_read_timeout_counts_between_two_parts(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = Exchange.stall
    with pytest.raises(errors.APITimeoutError) as caught:
        connect(hostile.base_url, timeout=httpx2.Timeout(30, read=0.1), deadline=None).create_generation(VIDEO)
    assert caught.value.reached


def test_a_call_that_waits_in_vain_for_a_free_connection_reached_nobody(hostile: Hostile, key: str) -> None:
    hostile.behaviour = Exchange.stall

    async def main() -> errors.APITimeoutError:
        limits = httpx2.Limits(max_connections=1)
        async with (
            httpx2.AsyncClient(limits=limits) as http,
            AsyncDreamMachine(
                key, hostile.base_url, api="2024", http_client=http, timeout=httpx2.Timeout(30, pool=0.1)
            ) as machine,
        ):
            first = asyncio.create_task(machine.get_credits())
            await asyncio.to_thread(wait_for, lambda: hostile.requests)
            with pytest.raises(errors.APITimeoutError) as caught:
                await machine.create_generation(VIDEO)
            first.cancel()
            await asyncio.wait([first])
            return caught.value

    assert not asyncio.run(main()).reached
    assert hostile.creates == 0


def test_the_timeouts_of_a_client_of_ones_own_count(hostile: Hostile, key: str) -> None:
    hostile.behaviour = Exchange.stall
    http = httpx2.AsyncClient(timeout=0.1)
    with DreamMachine(key, hostile.base_url, http_client=http) as machine, pytest.raises(errors.APITimeoutError):
        machine.get_credits()


def test_a_body_that_a_hook_has_read_is_still_there(hostile: Hostile, key: str) -> None:
    async def read(response: httpx2.Response) -> None:
        await response.aread()

    async def main() -> float:
        async with (
            httpx2.AsyncClient(event_hooks={"response": [read]}) as http,
            AsyncDreamMachine(key, hostile.base_url, api="2024", http_client=http) as machine,
        ):
            return (await machine.get_credits()).credit_balance

    assert asyncio.run(main()) == 7


def test_a_compressed_answer_is_read(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = says(200, gzip.compress(b'{"credit_balance": 7}'), content_encoding="gzip")
    assert connect(hostile.base_url).get_credits().credit_balance == 7


class OnePart(httpx2.AsyncByteStream):
    """A body that arrives in one part."""

    def __init__(self, part: bytes) -> None:
        self._part = part

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._part


def test_a_gzip_bomb_is_not_unfolded_beyond_the_limit() -> None:
    part = gzip.compress(b" " * (4 * MAX_BYTES))
    response = httpx2.Response(200, headers={"content-encoding": "gzip"}, stream=OnePart(part))
    assert len(asyncio.run(Answer.read(response)).body) == MAX_BYTES + 1


@pytest.mark.parametrize("balance", ["NaN", "Infinity", "1e999", '"much"', "null"])
def test_a_balance_is_a_number(hostile: Hostile, connect: Open, balance: str) -> None:
    hostile.behaviour = says(200, f'{{"credit_balance": {balance}}}')
    with pytest.raises(errors.UnreadableAnswerError, match="credit_balance"):
        connect(hostile.base_url).get_credits()


def test_a_page_of_a_proxy_is_no_proof_of_a_deletion(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = says(200, HTML, content_type="text/html")
    with pytest.raises(errors.UnreadableAnswerError, match="deleteGeneration"):
        connect(hostile.base_url).delete_generation("a")


def failure(hostile: Hostile, connect: Open, behaviour: Behaviour) -> errors.APIError:
    hostile.behaviour = behaviour
    with pytest.raises(errors.APIError) as caught:
        connect(hostile.base_url).get_credits()
    return caught.value


def test_a_call_that_sends_nothing_is_not_told_to_change_its_request(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = says(400, '{"detail": "no"}')
    client = connect(hostile.base_url)
    calls: list[Callable[[], object]] = [
        client.get_credits,
        client.list_generations,
        lambda: client.get_generation("a"),
        lambda: client.delete_generation("a"),
    ]
    for call in calls:
        with pytest.raises(errors.BadRequestError, match=r"400, no\. Try again later"):
            call()


def test_a_long_detail_is_cut(hostile: Hostile, connect: Open) -> None:
    error = failure(hostile, connect, says(400, json.dumps({"detail": "so long " * 1_250_000})))
    assert error.detail is not None
    assert error.detail.startswith("so long so long")
    assert len(error.detail) == 501
    assert len(str(error)) < 700


def test_a_detail_of_several_lines_and_escapes_is_one_line(hostile: Hostile, connect: Open) -> None:
    error = failure(hostile, connect, says(400, json.dumps({"detail": "no\n\x1b[31msuch\r\nthing\x00"})))
    assert error.detail == "no [31msuch thing"


def test_a_detail_that_is_no_text_is_told_as_json(hostile: Hostile, connect: Open) -> None:
    error = failure(hostile, connect, says(422, json.dumps({"detail": [{"loc": ["prompt"], "msg": "too short"}]})))
    assert error.detail == '[{"loc":["prompt"],"msg":"too short"}]'


def test_the_servers_name_for_the_call_is_kept(hostile: Hostile, connect: Open) -> None:
    assert failure(hostile, connect, says(500, x_request_id="req-17")).request_id == "req-17"
    assert failure(hostile, connect, says(200, HTML, x_request_id="req-18")).request_id == "req-18"
    assert failure(hostile, connect, says(500)).request_id is None


DATE = "Mon, 23 Nov 2026 05:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("90", 90.0),
        ("1.5", 1.5),
        ("Mon, 23 Nov 2026 05:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 05:01:30 -0000", 90.0),
        ("Mon, 23 Nov 2026 04:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("9" * 4000, None),
        ("Mon, 23 Nov 99999 05:01:30 GMT", None),
        ("Mon, 23 Nov 2026 05:01:30 +9999999999", None),
        ("5, 7", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_servers_clock(
    hostile: Hostile, connect: Open, value: str, seconds: float | None
) -> None:
    assert failure(hostile, connect, says(429, date=DATE, retry_after=value)).retry_after == seconds


def test_retry_after_as_a_date_needs_no_clock_of_the_server(hostile: Hostile, connect: Open) -> None:
    error = failure(hostile, connect, says(429, retry_after="Mon, 23 Nov 2096 05:00:00 GMT"))
    assert error.retry_after is not None
    assert error.retry_after > 0


Act = Callable[[DreamMachine], object]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("act", [lambda m: m.create_generation(VIDEO), lambda m: m.get_credits()])
def test_a_redirect_is_told_and_not_followed(hostile: Hostile, connect: Open, status: int, act: Act) -> None:
    other = f"http://127.0.0.1:{free_port()}/elsewhere?token=secret"
    hostile.behaviour = says(status, location=other)
    machine = connect(hostile.base_url)
    with pytest.raises(errors.UnreadableAnswerError, match=r"redirects to 127\.0\.0\.1") as caught:
        act(machine)
    assert "secret" not in str(caught.value)
    assert (caught.value.status, len(hostile.requests)) == (status, 1)


def test_a_redirect_to_no_address_is_told(hostile: Hostile, connect: Open) -> None:
    assert "invalid address" in str(failure(hostile, connect, says(302, location="http://a:b")))
