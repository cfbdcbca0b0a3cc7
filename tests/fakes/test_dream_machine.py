"""The fake is strict and its records are right, because other tests rely on both."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.fakes.dream_machine import KEY, FakeDreamMachine, Reply

BODY = {"prompt": "a lake", "model": "photon-1"}


@pytest.fixture
def fake() -> Iterator[FakeDreamMachine]:
    with FakeDreamMachine().running() as fake:
        yield fake


@pytest.fixture
def client(fake: FakeDreamMachine) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=fake.base_url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        yield client


def test_a_create_is_completed_charged_and_fetched(fake: FakeDreamMachine, client: httpx2.Client) -> None:
    made = client.post("/generations/image", json=BODY).json()
    seen = client.get(f"/generations/{made['id']}").json()
    assert (made["state"], seen["state"], fake.cost) == ("queued", "completed", 1.5)
    assert httpx2.get(seen["assets"]["image"]).content.startswith(b"\xff\xd8")


def test_a_dropped_create_may_have_been_taken(fake: FakeDreamMachine, client: httpx2.Client) -> None:
    fake.replies += [Reply(taken=True), Reply()]
    for _ in range(2):
        with pytest.raises(httpx2.HTTPError):
            client.post("/generations/image", json=BODY)
    assert (len(fake.posts), len(fake.taken)) == (2, 1)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/generations", BODY, 405),
        ("/generations/video", {"prompt": "a lake"}, 422),
        ("/generations/video", {"prompt": "a lake", "model": "photon-1"}, 422),
        ("/generations/image", BODY | {"seed": 3}, 422),
    ],
)
def test_what_a_strict_server_refuses(
    fake: FakeDreamMachine, client: httpx2.Client, path: str, body: dict[str, object], status: int
) -> None:
    assert (client.post(path, json=body).status_code, fake.taken) == (status, [])


def test_what_was_never_charged_is_not_given_back(fake: FakeDreamMachine, client: httpx2.Client) -> None:
    fake.billing, fake.fail = "completion", lambda _: "out of colours"
    made = client.post("/generations/image", json=BODY).json()
    client.get(f"/generations/{made['id']}")
    fake.refund()
    assert (fake.cost, fake.balance) == (0.0, 1_000_000.0)


def test_the_balance_may_be_missing(fake: FakeDreamMachine, client: httpx2.Client) -> None:
    assert client.get("/credits").json() == {"credit_balance": 1_000_000.0}
    fake.no_balance = Reply(404)
    assert client.get("/credits").status_code == 404


def test_another_key_is_refused(fake: FakeDreamMachine, client: httpx2.Client) -> None:
    assert client.get("/generations", headers={"Authorization": "Bearer other"}).status_code == 403
    assert fake.keys == ["other"]
