"""Deliberate faults of a served studio."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dream_nb.studio.faults import Fault, Faults
from tests.studio.machine import PROMPT, in_process, wait_for

BODY = {"prompt": PROMPT}


def made(client: httpx2.Client) -> int:
    return int(client.get("/generations").json()["count"])


def test_the_next_two_posts_answer_503(client: httpx2.Client, faults: Faults) -> None:
    faults.add(Fault(method="POST", answer=503, times=2))
    statuses = [client.post("/generations", json=BODY).status_code for _ in range(3)]
    assert (statuses, made(client)) == ([503, 503, 201], 1)


def test_only_the_third_poll_fails(client: httpx2.Client, faults: Faults) -> None:
    faults.add(Fault(method="GET", path="/generations*", skip=2, answer=500))
    assert [client.get("/generations").status_code for _ in range(4)] == [200, 200, 500, 200]


def test_429_comes_with_retry_after(client: httpx2.Client, faults: Faults) -> None:
    faults.add(Fault(answer=429, headers={"Retry-After": "90"}, detail="slow down"))
    response = client.post("/generations", json=BODY)
    assert (response.status_code, response.headers["retry-after"]) == (429, "90")
    assert response.json() == {"detail": "slow down"}


def test_the_connection_drops_after_the_request_was_taken(client: httpx2.Client, faults: Faults) -> None:
    faults.add(Fault(method="POST", drop="after"))
    with pytest.raises(httpx2.RemoteProtocolError):
        client.post("/generations", json=BODY)
    assert made(client) == 1


def test_the_connection_drops_before_the_request_was_taken(client: httpx2.Client, faults: Faults) -> None:
    faults.add(Fault(method="POST", drop="before"))
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        client.post("/generations", json=BODY)
    assert made(client) == 0


def test_the_asset_is_cut_in_half(client: httpx2.Client, faults: Faults) -> None:
    uid = client.post("/generations/image", json=BODY).json()["id"]
    wait_for(lambda: client.get(f"/generations/{uid}").json()["state"] == "completed")
    url = client.get(f"/generations/{uid}").json()["assets"]["image"]
    whole = client.get(url).content
    faults.add(Fault(path="/assets/*", cut=0.5))
    received: list[bytes] = []

    def receive() -> None:
        with client.stream("GET", url) as response:
            for chunk in response.iter_raw():
                received.append(chunk)  # noqa: PERF402 - keeps what came before the error

    with pytest.raises(httpx2.RemoteProtocolError):
        receive()
    assert b"".join(received) == whole[: len(whole) // 2]
    assert client.get(url).content == whole


def test_an_answer_may_come_late(client: httpx2.Client, faults: Faults) -> None:
    faults.add(Fault(path="/ping", delay=30))
    with pytest.raises(httpx2.ReadTimeout):
        client.get("/ping", timeout=0.2)
    assert client.get("/ping").status_code == 200


def test_an_answer_may_trickle_and_comes_whole(client: httpx2.Client, faults: Faults) -> None:
    whole = client.get("/generations/camera_motion/list").content
    faults.add(Fault(trickle=0.2))
    with client.stream("GET", "/generations/camera_motion/list") as response:
        parts = list(response.iter_raw())
    assert len(parts) > 1
    assert b"".join(parts) == whole


def test_a_page_of_html_may_come_instead(client: httpx2.Client, faults: Faults) -> None:
    faults.add(Fault(answer=200, body="<h1>Welcome</h1>", headers={"content-type": "text/html"}))
    response = client.get("/credits")
    assert (response.text, response.headers["content-type"]) == ("<h1>Welcome</h1>", "text/html")


def test_the_next_drawing_fails_and_is_refunded(client: httpx2.Client, faults: Faults) -> None:
    before = client.get("/credits").json()
    faults.add(Fault(fail="Frame moderation failed"))
    uid = client.post("/generations", json=BODY).json()["id"]
    wait_for(lambda: client.get(f"/generations/{uid}").json()["state"] == "failed")
    assert client.get(f"/generations/{uid}").json()["failure_reason"] == "Frame moderation failed"
    assert client.get("/credits").json() == before


def test_faults_may_be_taken_back(client: httpx2.Client, faults: Faults) -> None:
    faults.add(Fault(answer=500, times=None))
    assert [client.get("/ping").status_code for _ in range(3)] == [500] * 3
    faults.clear()
    assert client.get("/ping").status_code == 200


def test_rules_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text(json.dumps([{"method": "POST", "answer": 503, "times": 1}, {"cut": 0.5, "path": "/assets/*"}]))
    faults = Faults.from_file(file)
    assert [rule for rule, _ in faults._rules] == [
        Fault(method="POST", answer=503, times=1),
        Fault(cut=0.5, path="/assets/*"),
    ]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"anser": 503}]', '[{"answer": "503"}]', '[{"drop": "never"}]'])
def test_a_file_without_rules_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "faults.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r".+"):
        Faults.from_file(file)


@pytest.mark.anyio
async def test_in_process_a_dropped_connection_is_an_error_too(tmp_path: Path) -> None:
    async with in_process(tmp_path, faults=Faults(Fault(drop="after"))) as machine:
        with pytest.raises(ConnectionAbortedError):
            await machine.client.post("/generations", json=BODY)
        assert (await machine.client.get("/generations")).json()["count"] == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/faults"), ("PUT", "/settings"), ("POST", "/generations?faults=1"), ("GET", "/ping?answer=503")],
)
def test_nothing_can_be_switched_on_over_the_network(
    client: httpx2.Client, faults: Faults, method: str, path: str
) -> None:
    rules: Any = [{"answer": 503, "times": None}]
    headers = {"faults": json.dumps(rules), "x-fault": "503"}
    client.request(method, path, json=BODY | {"faults": rules}, headers=headers)
    assert faults._rules == []
    assert client.get("/ping").status_code == 200
