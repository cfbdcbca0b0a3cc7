"""The key of the Luma API is sent to one origin only, even when files are uploaded elsewhere, and is never shown."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import logging
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from dream_nb.api import errors
from dream_nb.api.blocking_luma import Luma
from dream_nb.api.luma import INLINE_BYTES, AsyncLuma
from dream_nb.api.luma_models import PresignedUpload
from dream_nb.api.luma_requests import LumaRequest
from tests.api.leaks import LEAKS, seen
from tests.api.servers import Behaviour, Exchange, Hostile, hostile
from tests.fakes.luma import KEY, FakeLuma

LAKE = LumaRequest(prompt="a lake")
EMPTY = '{"data": [], "has_more": false}'
LARGE = bytes(INLINE_BYTES + 1)


@pytest.fixture
def other() -> Iterator[Hostile]:
    """Another server."""
    with hostile() as server:
        server.behaviour = lambda exchange: exchange.answer(200)
        yield server


def listed(exchange: Exchange) -> None:
    exchange.answer(200, EMPTY)


def got_key(server: Hostile) -> str:
    return server.requests[0].headers["authorization"]


def test_key_and_address_come_from_the_variables_of_this_api(
    hostile: Hostile, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.behaviour = listed
    monkeypatch.setenv("LUMA_AGENTS_API_KEY", key)
    monkeypatch.setenv("LUMA_BASE_URL", hostile.base_url)
    monkeypatch.setenv("LUMAAI_API_KEY", "the-other-api")
    with Luma() as luma:
        luma.list_files()
    assert (got_key(hostile), hostile.requests[0].path) == (f"Bearer {key}", "/v1/files")


def test_without_an_address_it_is_the_hosted_api(key: str) -> None:
    with Luma(key) as luma:
        assert luma.base_url == "https://agents.lumalabs.ai/v1"


@pytest.mark.parametrize("name", ["LUMA_AGENTS_API_KEY", "LUMAAI_API_KEY"])
def test_the_key_of_the_environment_goes_to_its_own_origin_only(
    hostile: Hostile, key: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, key)
    with pytest.raises(errors.ConfigurationError, match="no key for localhost: set LUMA_AGENTS_API_KEY"):
        Luma(base_url=hostile.base_url)


def test_the_key_of_the_other_api_is_not_used(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMAAI_API_KEY", key)
    with pytest.raises(errors.ConfigurationError, match="with LUMA_BASE_URL for another server"):
        Luma()


def test_plain_http_goes_to_this_machine_only(key: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="unencrypted"):
        Luma(key, "http://example.com/v1")


def test_what_is_no_address_is_refused(key: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"such as https://agents\.lumalabs\.ai/v1"):
        Luma(key, "agents.lumalabs.ai")


def test_a_file_is_put_elsewhere_without_the_key() -> None:
    with FakeLuma().running() as fake, Luma(KEY, fake.base_url) as luma:
        luma.upload_file(LARGE, mime_type="video/mp4")
        sent = fake.store_headers[0]
        assert "authorization" not in sent
        assert KEY not in str(sent)
        # The API itself received it.
        assert set(fake.keys) == {KEY}
        assert sent["host"] != fake.base_url.split("/")[2]


def test_a_client_of_ones_own_puts_files_without_what_it_sends_by_default(key: str, other: Hostile) -> None:
    async def main() -> None:
        async with (
            httpx2.AsyncClient(
                headers={"authorization": "Bearer own", "x-own": "secret"}, cookies={"a": "b"}, auth=("me", "secret")
            ) as http,
            AsyncLuma(key, "http://localhost:1/v1", http_client=http) as luma,
        ):
            await luma.put_file(PresignedUpload(url=f"http://127.0.0.1:{other.port}/a"), b"abc")

    asyncio.run(main())
    headers = other.requests[0].headers
    assert not headers.keys() & {"authorization", "x-own", "cookie"}
    assert (other.requests[0].method, other.requests[0].body) == ("PUT", b"abc")


def test_no_secret_header_is_sent_on_because_a_server_says_so(key: str, other: Hostile) -> None:
    told = {"Authorization": f"Bearer {key}", "Cookie": key, "Host": "elsewhere", "X-Amz-Acl": "private"}
    with Luma(key, "http://localhost:1/v1") as luma:
        luma.put_file(PresignedUpload(url=f"http://localhost:{other.port}/a", headers=told), b"abc")
    headers = other.requests[0].headers
    assert key not in str(headers)
    assert (headers["x-amz-acl"], headers["host"]) == ("private", f"localhost:{other.port}")


def test_a_key_that_the_server_sends_back_does_not_travel(hostile: Hostile, other: Hostile, key: str) -> None:
    upload = {"url": f"http://localhost:{other.port}/{key}", "method": "PUT", "headers": {"x-amz-meta-key": key}}
    file = {"id": "a", "state": "pending"}
    hostile.behaviour = lambda exchange: exchange.answer(201, json.dumps({"file": file, "upload": upload}))
    with Luma(key, hostile.base_url) as luma, contextlib.suppress(errors.APIError):
        luma.upload_file(LARGE, mime_type="video/mp4")
    assert key not in f"{other.requests[0].path}{other.requests[0].headers}"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a",
        "ftp://example.com/a",
        "https:///a",
        "https://me:secret@example.com/a",
        "/a",
        "",
        "https://h:b",
    ],
)
def test_an_address_that_is_not_safe_is_not_followed(hostile: Hostile, key: str, url: str) -> None:
    with (
        Luma(key, hostile.base_url) as luma,
        pytest.raises(errors.UnreadableAnswerError, match="not an https address") as caught,
    ):
        luma.put_file(PresignedUpload(url=url), b"a")
    assert caught.value.reached is False


def test_a_server_elsewhere_sends_nobody_to_this_machine(key: str, other: Hostile) -> None:
    with (
        Luma(key, "https://example.com/v1") as luma,
        pytest.raises(errors.UnreadableAnswerError, match="not an https address"),
    ):
        luma.put_file(PresignedUpload(url=f"http://127.0.0.1:{other.port}/a"), b"a")
    assert other.requests == []


@pytest.mark.parametrize("behaviour", LEAKS.values(), ids=LEAKS.keys())
@pytest.mark.parametrize(
    "call",
    [
        lambda luma: luma.create_generation(LAKE),
        lambda luma: luma.get_generation("a"),
        lambda luma: luma.upload_file(b"a", mime_type="image/png"),
        lambda luma: luma.list_files(),
    ],
    ids=["create", "get", "upload", "list"],
)
def test_no_error_shows_the_key(hostile: Hostile, key: str, behaviour: Behaviour, call: Callable[[Luma], Any]) -> None:
    hostile.behaviour = behaviour
    failed: list[errors.DreamError] = []
    with Luma(key, hostile.base_url, timeout=0.3) as luma:
        try:
            call(luma)
        except errors.DreamError as error:
            failed.append(error)
    for one in failed:
        assert key not in seen(one)
        assert (one.__cause__, one.__context__) == (None, None)
    assert got_key(hostile) == f"Bearer {key}"


def test_no_log_shows_the_key_nor_a_signature(hostile: Hostile, other: Hostile, key: str) -> None:
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(f"{record.name} {self.format(record)} {record.args!r}")

    handler, logger = Keep(), logging.getLogger("dream_nb.api")
    logger.addHandler(handler)
    logger.setLevel("DEBUG")
    try:
        hostile.behaviour = lambda exchange: exchange.answer(201, '{"id": "a", "state": "queued"}')
        with Luma(key, hostile.base_url) as luma:
            luma.create_generation(LumaRequest(prompt="x" * 100, user_id="ada"))
            luma.put_file(PresignedUpload(url=f"http://localhost:{other.port}/a?X-Amz-Signature=secret"), b"a")
    finally:
        logger.removeHandler(handler)
        logger.setLevel("NOTSET")
    text = "\n".join(said)
    assert "create_generation" in text
    assert "put_file" in text
    assert not any(secret in text for secret in (key, "secret", "x" * 100))


def test_no_repr_shows_the_key(key: str) -> None:
    with Luma(key, "http://localhost:1/v1") as luma:
        assert repr(luma) == "Luma('http://localhost:1/v1')"
        inside = [luma, luma._client, luma._client._connection, luma._client._connection._auth]
        assert key not in "".join(f"{thing!r} {vars(thing)!r}" for thing in inside)


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_a_client_is_not_pickled(key: str, copied: Callable[[object], object]) -> None:
    with Luma(key, "http://localhost:1/v1") as luma:
        for client in (luma, luma._client):
            with pytest.raises(TypeError, match="create a new one") as caught:
                copied(client)
            assert key not in str(caught.value)


def test_a_client_that_was_closed_reaches_nobody(hostile: Hostile, other: Hostile, key: str) -> None:
    luma = Luma(key, hostile.base_url)
    luma.close()
    for call in (
        lambda: luma.create_generation(LAKE),
        lambda: luma.put_file(PresignedUpload(url=f"http://localhost:{other.port}/a"), b"a"),
    ):
        with pytest.raises(errors.APIConnectionError, match="the client was closed") as caught:
            call()
        assert caught.value.reached is False
    assert (hostile.requests, other.requests) == ([], [])
