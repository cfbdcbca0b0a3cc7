"""The fake of the Luma API is strict and its records are right, because other tests rely on both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.fakes.dream_machine import Reply
from tests.fakes.luma import FAILURES, KEY, FakeLuma
from tests.fakes.luma_requests import refusal

NOBODY = "00000000-0000-4000-8000-ffffffffffff"
LAKE = {"prompt": "a lake"}
CLIP = {"url": "https://a.b/c.mp4", "media_type": "video/mp4"}
VIDEO = {"prompt": "a lake", "type": "video", "model": "ray-3.2"}


@pytest.fixture
def fake() -> Iterator[FakeLuma]:
    with FakeLuma().running() as fake:
        yield fake


@pytest.fixture
def client(fake: FakeLuma) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=fake.base_url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        yield client


def announced(client: httpx2.Client, **more: Any) -> Any:
    return client.post("/files", json={"mime_type": "image/png", "size_bytes": 3} | more).json()


def put(upload: Any, data: bytes = b"abc", **changes: Any) -> int:
    return httpx2.put(upload["url"], content=data, headers=upload["headers"] | changes).status_code


def test_a_create_is_made_and_fetched(client: httpx2.Client) -> None:
    answer = client.post("/generations", json=LAKE, headers={"X-Request-Id": "take-1"})
    assert (answer.status_code, answer.headers["x-request-id"], answer.headers["x-api-version"]) == (
        201,
        "take-1",
        "2026-04-01",
    )
    seen = client.get(f"/generations/{answer.json()['id']}").json()
    assert "prompt" not in seen
    assert (answer.json()["state"], seen["state"]) == ("queued", "completed")
    assert httpx2.get(seen["output"][0]["url"]).content.startswith(b"\xff\xd8")


def test_the_address_of_an_output_lives_an_hour(fake: FakeLuma, client: httpx2.Client) -> None:
    id_ = client.post("/generations", json=LAKE).json()["id"]
    url = client.get(f"/generations/{id_}").json()["output"][0]["url"]
    fake.clock += timedelta(minutes=59)
    assert httpx2.get(url).status_code == 200
    fake.clock += timedelta(minutes=2)
    assert httpx2.get(url).status_code == 403
    fresh = client.get(f"/generations/{id_}").json()["output"][0]["url"]
    assert httpx2.get(fresh).status_code == 200


def test_an_output_wants_no_key(client: httpx2.Client) -> None:
    id_ = client.post("/generations", json=LAKE).json()["id"]
    url = client.get(f"/generations/{id_}").json()["output"][0]["url"]
    assert client.get(url).status_code == 400


def test_a_dropped_create_may_have_been_taken(fake: FakeLuma, client: httpx2.Client) -> None:
    fake.replies += [Reply(taken=True), Reply()]
    for _ in range(2):
        with pytest.raises(httpx2.HTTPError):
            client.post("/generations", json=LAKE)
    assert (len(fake.posts), len(fake.taken), fake.count("POST", "/generations")) == (2, 1, 2)


def test_there_is_no_list_of_generations_and_no_delete(client: httpx2.Client) -> None:
    assert client.get("/generations").status_code == 405
    assert client.delete(f"/generations/{NOBODY}").status_code == 405
    assert [client.get(path).status_code for path in ("/credits", "/ping")] == [404, 404]


@pytest.mark.parametrize("code", FAILURES)
def test_a_generation_fails_for_each_reason(fake: FakeLuma, client: httpx2.Client, code: str) -> None:
    fake.fail = lambda _: (code, "on purpose")
    id_ = client.post("/generations", json=LAKE).json()["id"]
    seen = client.get(f"/generations/{id_}").json()
    assert (seen["state"], seen["failure_code"], seen["output"]) == ("failed", code, None)


def test_another_key_is_refused(fake: FakeLuma, client: httpx2.Client) -> None:
    assert client.post("/generations", json=LAKE, headers={"Authorization": "Bearer other"}).status_code == 401
    assert (fake.keys, fake.posts) == (["other"], [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ({}, 400),
        ({"prompt": 7}, 400),
        ({"prompt": ""}, 422),
        (LAKE | {"seed": 7}, 400),
        (LAKE | {"type": None}, 400),
        (LAKE | {"image_ref": None}, 400),
        (LAKE | {"callback_url": "https://a.b"}, 400),
        (LAKE | {"image_ref": [{"url": "a.jpg"}]}, 400),
        (LAKE | {"image_ref": [{"url": "https://a.b", "weight": 0.5}]}, 400),
        (LAKE | {"image_ref": [{"file_id": "a"}]}, 400),
        (LAKE | {"image_ref": [{"file_id": NOBODY}]}, 422),
        (LAKE | {"image_ref": [{"generation_id": NOBODY}]}, 422),
        (LAKE | {"image_ref": [{"data": "?", "media_type": "image/png"}]}, 422),
        (LAKE | {"image_ref": [{"data": "YQ=="}]}, 422),
        (LAKE | {"type": "image_edit", "source": {"generation_id": NOBODY}}, 422),
        (LAKE | {"type": "layering", "source": {"generation_id": NOBODY}}, 422),
        (VIDEO | {"video": {"loop": "yes"}}, 400),
        (VIDEO | {"video": {"keyframes": [], "keyframe_indexes": []}}, 422),
    ],
)
def test_what_a_strict_server_refuses(fake: FakeLuma, client: httpx2.Client, body: Any, status: int) -> None:
    assert (client.post("/generations", json=body).status_code, fake.taken) == (status, [])


def test_what_is_null_is_as_good_as_left_out() -> None:
    body = LAKE | {"aspect_ratio": None, "source": None, "video": None, "layering": None, "user_id": None}
    assert refusal(body, lambda *_: None) is None


def test_a_picture_that_is_too_large_has_a_status_of_its_own() -> None:
    data = "AAAA" * (50 * 2**20 // 3 + 1)
    refused = refusal(LAKE | {"image_ref": [{"data": data, "media_type": "image/png"}]}, lambda *_: None)
    assert refused is not None
    assert refused[0] == 413


@pytest.mark.parametrize(("made", "status"), [("video", 201), ("image", 422)])
def test_a_generation_goes_on_where_its_kind_does(client: httpx2.Client, made: str, status: int) -> None:
    id_ = client.post("/generations", json=VIDEO if made == "video" else LAKE).json()["id"]
    extension = VIDEO | {"video": {"start_frame": {"generation_id": id_}}}
    assert client.post("/generations", json=extension).status_code == 422
    client.get(f"/generations/{id_}")
    assert client.post("/generations", json=extension).status_code == status


def test_a_file_is_put_once_it_was_announced(fake: FakeLuma, client: httpx2.Client) -> None:
    created = announced(client)
    assert client.post(f"/files/{created['id']}/complete").status_code == 422
    assert put(created["upload"]) == 200
    assert client.get(f"/files/{created['id']}").json()["state"] == "pending"
    assert client.post(f"/files/{created['id']}/complete").json()["state"] == "pending"
    assert client.get(f"/files/{created['id']}").json()["state"] == "ready"
    assert fake.stored == {created["id"]: b"abc"}


@pytest.mark.parametrize(
    ("data", "changes", "status"),
    [
        (b"abcd", {}, 400),
        (b"abc", {"Content-Type": "image/jpeg"}, 403),
        (b"abc", {"x-amz-meta-file": "other"}, 403),
        (b"abc", {"Authorization": f"Bearer {KEY}"}, 400),
    ],
)
def test_the_store_is_as_strict(
    fake: FakeLuma, client: httpx2.Client, data: bytes, changes: dict[str, str], status: int
) -> None:
    assert put(announced(client)["upload"], data, **changes) == status
    assert fake.stored == {}


def test_an_address_of_the_store_expires(fake: FakeLuma, client: httpx2.Client) -> None:
    upload = announced(client)["upload"]
    fake.clock += timedelta(hours=2)
    assert put(upload) == 403
    assert put(announced(client)["upload"] | {"url": upload["url"] + "0"}) == 403


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"size_bytes": 0}, 400),
        ({"size_bytes": 5 * 2**30 + 1}, 413),
        ({"size_bytes": "3"}, 400),
        ({"mime_type": "png"}, 400),
        ({"purpose": "other"}, 400),
        ({"expires_at": "tomorrow"}, 400),
        ({"sha256": "a"}, 400),
    ],
)
def test_what_is_announced_has_a_form(fake: FakeLuma, client: httpx2.Client, more: Any, status: int) -> None:
    answer = client.post("/files", json={"mime_type": "image/png", "size_bytes": 3} | more)
    assert (answer.status_code, fake.files) == (status, [])


def test_a_file_comes_inline_up_to_the_cap(fake: FakeLuma, client: httpx2.Client) -> None:
    fake.inline_cap = 5
    for data, status in ((b"\r\n--a", 201), (b"abcdef", 413), (b"", 400)):
        answer = client.post("/files", files={"file": ("a.png", data, "image/png")}, data={"purpose": "input"})
        assert answer.status_code == status
    assert list(fake.stored.values()) == [b"\r\n--a"]
    assert client.post("/files", files={"other": ("a.png", b"a", "image/png")}).status_code == 400


def test_a_file_may_fail(fake: FakeLuma, client: httpx2.Client) -> None:
    fake.pending, fake.reject = 1, lambda _: "on purpose"
    id_ = client.post("/files", files={"file": ("a.png", b"abc", "image/png")}).json()["id"]
    seen = [client.get(f"/files/{id_}").json() for _ in range(2)]
    assert [(one["state"], one["failure_reason"]) for one in seen] == [("pending", None), ("failed", "on purpose")]
    assert client.post("/generations", json=LAKE | {"image_ref": [{"file_id": id_}]}).status_code == 422


def test_a_file_of_another_kind_is_refused(client: httpx2.Client) -> None:
    id_ = client.post("/files", files={"file": ("a.png", b"abc", "image/png")}).json()["id"]
    client.get(f"/files/{id_}")
    edit = {"prompt": "x", "type": "video_edit", "model": "ray-3.2"}
    assert client.post("/generations", json=edit | {"source": {"file_id": id_}}).status_code == 422
    assert client.post("/generations", json=edit | {"source": CLIP}).status_code == 201


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"state": "x"}, {"offset": 1}])
def test_a_list_that_there_is_not_is_refused(client: httpx2.Client, query: dict[str, Any]) -> None:
    assert client.get("/files", params=query).status_code == 400
