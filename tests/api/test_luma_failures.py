"""Failures of the Luma API: which error each becomes, and that no create is sent twice."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from dream_nb.api import errors
from dream_nb.api.blocking_luma import Luma
from dream_nb.api.luma import INLINE_BYTES
from dream_nb.api.luma_models import PresignedUpload
from dream_nb.api.luma_requests import FileRequest, LumaRequest
from tests.api.servers import Behaviour, Exchange, Hostile, free_port
from tests.fakes.dream_machine import Reply
from tests.fakes.luma import ERRORS, KEY, FakeLuma, error

LAKE = LumaRequest(prompt="a lake")
CREATED = '{"id": "a", "state": "queued"}'
LOST = "It may have been made and billed, and this API cannot list generations"


@pytest.fixture
def fake() -> Iterator[FakeLuma]:
    with FakeLuma().running() as fake:
        yield fake


@pytest.fixture
def luma(fake: FakeLuma) -> Iterator[Luma]:
    with Luma(KEY, fake.base_url) as luma:
        yield luma


REFUSALS: dict[int, tuple[type[errors.APIError], str]] = {
    400: (errors.BadRequestError, "Change the request as described"),
    401: (errors.AuthenticationError, "Check the key of the Luma API: LUMA_AGENTS_API_KEY"),
    402: (errors.BadRequestError, "Add funds to the account"),
    403: (errors.AuthenticationError, "Check that the account is active"),
    413: (errors.BadRequestError, "upload it with upload_file"),
    422: (errors.BadRequestError, "Change the request as described"),
    429: (errors.RateLimitError, "Wait 7 seconds, then send it again"),
}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refused_create_says_why_and_what_to_do(fake: FakeLuma, luma: Luma, status: int) -> None:
    fake.replies.append(error(status, **{"Retry-After": "7"}))
    kind, advice = REFUSALS[status]
    with pytest.raises(kind, match=advice) as caught:
        luma.create_generation(LAKE, request_id="take-1")
    told = caught.value
    assert (told.status, told.detail, told.retry_after) == (status, ERRORS[status], 7)
    assert LOST not in str(told)
    assert (len(fake.posts), fake.taken) == (1, [])


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_fails_may_have_taken_a_create(fake: FakeLuma, luma: Luma, status: int) -> None:
    fake.replies.append(Reply(status, taken=True))
    with pytest.raises(errors.ServerError, match=LOST) as caught:
        luma.create_generation(LAKE, request_id="take-1")
    assert "X-Request-Id take-1" in str(caught.value)
    assert (len(fake.posts), len(fake.taken)) == (1, 1)


def test_a_server_that_asks_to_wait_has_taken_nothing(fake: FakeLuma, luma: Luma) -> None:
    fake.replies.append(error(503, **{"Retry-After": "7"}))
    with pytest.raises(errors.ServerError, match="try again later") as caught:
        luma.create_generation(LAKE)
    assert LOST not in str(caught.value)
    assert len(fake.posts) == 1


def test_a_lost_answer_says_that_it_may_have_been_billed(fake: FakeLuma, luma: Luma) -> None:
    fake.replies.append(Reply(taken=True))
    with pytest.raises(errors.APIConnectionError, match=LOST) as caught:
        luma.create_generation(LAKE, request_id="take-1")
    assert "before its support has told you the outcome of X-Request-Id take-1" in str(caught.value)
    assert (caught.value.request_id, caught.value.reached) == ("take-1", True)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert (len(fake.posts), fake.request_ids, len(fake.taken)) == (1, ["take-1"], 1)


def test_a_lost_answer_has_the_request_id_that_was_sent(fake: FakeLuma, luma: Luma) -> None:
    fake.replies.append(Reply(taken=True))
    with pytest.raises(errors.APIConnectionError) as caught:
        luma.create_generation(LAKE)
    assert [caught.value.request_id] == fake.request_ids


def half_a_body(exchange: Exchange) -> None:
    exchange.head(201, content_type="application/json", content_length=str(len(CREATED)))
    exchange.connection.sendall(CREATED[:9].encode())


UNREADABLE: dict[str, Behaviour] = {
    "html": lambda exchange: exchange.answer(200, "<!doctype html>", content_type="text/html"),
    "half a body": half_a_body,
    "no id": lambda exchange: exchange.answer(201, '{"state": "queued"}'),
    "a list": lambda exchange: exchange.answer(201, "[]"),
    "a redirect": lambda exchange: exchange.answer(307, location="https://elsewhere.example/v1/generations"),
}


@pytest.mark.parametrize("behaviour", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_answer_that_cannot_be_read_may_have_been_billed(hostile: Hostile, behaviour: Behaviour) -> None:
    hostile.behaviour = behaviour
    with Luma(KEY, hostile.base_url) as luma, pytest.raises(errors.UnreadableAnswerError, match=LOST):
        luma.create_generation(LAKE)
    assert len(hostile.requests) == 1


def test_an_answer_that_does_not_come_in_time_may_have_been_billed(hostile: Hostile) -> None:
    hostile.behaviour = lambda exchange: exchange.stall()
    with Luma(KEY, hostile.base_url, timeout=0.2) as luma, pytest.raises(errors.APITimeoutError, match=LOST):
        luma.create_generation(LAKE)
    assert len(hostile.requests) == 1


def test_what_never_left_this_machine_was_not_billed() -> None:
    with (
        Luma(KEY, f"http://localhost:{free_port()}/v1") as luma,
        pytest.raises(errors.APIConnectionError, match="Check the network") as caught,
    ):
        luma.create_generation(LAKE)
    assert caught.value.reached is False
    assert LOST not in str(caught.value)


CALLS: dict[str, Callable[[Luma], object]] = {
    "get_generation": lambda luma: luma.get_generation("a"),
    "create_file": lambda luma: luma.create_file(FileRequest(mime_type="image/png", size_bytes=1)),
    "send_file": lambda luma: luma.send_file(b"a", mime_type="image/png"),
    "upload_file": lambda luma: luma.upload_file(b"a", mime_type="image/png"),
    "complete_file": lambda luma: luma.complete_file("a"),
    "get_file": lambda luma: luma.get_file("a"),
    "list_files": lambda luma: luma.list_files(),
    "delete_file": lambda luma: luma.delete_file("a"),
}
"""A call of every other operation."""


@pytest.mark.parametrize("status", [400, 401, 402, 403, 422, 429, 500, 502, 503])
@pytest.mark.parametrize("name", CALLS)
def test_no_operation_is_sent_again(fake: FakeLuma, luma: Luma, name: str, status: int) -> None:
    replies = fake.look_replies if name == "get_generation" else fake.file_replies
    replies.append(Reply(status))
    with pytest.raises(errors.APIError) as caught:
        CALLS[name](luma)
    assert caught.value.status == status
    assert LOST not in str(caught.value)
    assert len(fake.calls) == 1


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_a_file_that_was_not_stored_is_not_completed(fake: FakeLuma, luma: Luma, status: int) -> None:
    fake.put_replies.append(Reply(status, body="<Error><Code>AccessDenied</Code></Error>"))
    with pytest.raises(errors.APIError, match="Upload the file again") as caught:
        luma.upload_file(bytes(INLINE_BYTES + 1), mime_type="image/png")
    assert (caught.value.operation, caught.value.status) == ("put_file", status)
    # The status comes from another server, so it says nothing about the key.
    assert not isinstance(caught.value, errors.AuthenticationError)
    assert (fake.count("PUT"), fake.count("POST")) == (1, 1)


def test_an_address_that_has_expired_is_said_to_be(fake: FakeLuma, luma: Luma) -> None:
    created = luma.create_file(FileRequest(mime_type="image/png", size_bytes=1))
    assert created.upload is not None
    fake.clock += timedelta(hours=2)
    with pytest.raises(errors.BadRequestError, match="may have expired"):
        luma.put_file(created.upload, b"a")


def test_another_size_than_was_announced_is_not_stored(fake: FakeLuma, luma: Luma) -> None:
    created = luma.create_file(FileRequest(mime_type="image/png", size_bytes=2))
    assert created.upload is not None
    with pytest.raises(errors.BadRequestError, match="400 from localhost"):
        luma.put_file(created.upload, b"a")
    assert fake.stored == {}


def test_a_store_that_hangs_up_is_told(fake: FakeLuma, luma: Luma) -> None:
    fake.put_replies.append(Reply())
    created = luma.create_file(FileRequest(mime_type="image/png", size_bytes=1))
    assert created.upload is not None
    with pytest.raises(errors.APIConnectionError, match="put_file: the connection to localhost broke"):
        luma.put_file(created.upload, b"a")
    assert fake.count("PUT") == 1


def test_a_store_that_redirects_is_not_followed(hostile: Hostile) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(307, location=f"{hostile.base_url}/other")
    upload = PresignedUpload(url=f"http://localhost:{hostile.port}/a")
    with Luma(KEY, hostile.base_url) as luma, pytest.raises(errors.BadRequestError, match="307 from localhost"):
        luma.put_file(upload, b"a")
    assert len(hostile.requests) == 1


def test_an_upload_has_no_deadline(fake: FakeLuma) -> None:
    with Luma(KEY, fake.base_url, deadline=0.0) as luma:
        with pytest.raises(errors.APITimeoutError):
            luma.list_files()
        assert luma.send_file(b"abcd", mime_type="image/png").state == "pending"


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_another_method_than_put_is_not_used(fake: FakeLuma, luma: Luma, method: str) -> None:
    fake.upload = lambda upload: upload | {"method": method}
    with pytest.raises(errors.UnreadableAnswerError, match=f"with {method}, not PUT"):
        luma.upload_file(bytes(INLINE_BYTES + 1), mime_type="image/png")
    assert fake.store_headers == []


def test_an_announced_file_needs_a_place(fake: FakeLuma, luma: Luma) -> None:
    fake.file_replies.append(Reply(201, body='{"file": {"id": "a", "state": "pending"}, "upload": null}'))
    with pytest.raises(errors.UnreadableAnswerError, match="has no upload address"):
        luma.upload_file(bytes(INLINE_BYTES + 1), mime_type="image/png")
    assert fake.store_headers == []
