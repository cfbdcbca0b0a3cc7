"""The requests that the API refuses, each with a detail that names the field."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from dream_nb.studio.rules import is_http_url
from tests.studio.machine import PROMPT, Machine, bearer, in_process, picture, settings

pytestmark = pytest.mark.anyio

IMAGE = "/generations/image"
VIDEO = "/generations"
URL = "https://example.com/a.jpg"
DATA = "data:image/png;base64," + base64.b64encode(picture()).decode()
FRAME = {"type": "image", "url": URL}
LONGEST_URL = URL.ljust(2048, "a")


def prompted(**fields: Any) -> dict[str, Any]:
    return {"prompt": PROMPT, **fields}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (VIDEO, {}, "prompt"),
        (VIDEO, {"keyframes": {}}, "prompt"),
        (VIDEO, {"prompt": "ab"}, "prompt"),
        (VIDEO, {"prompt": "a" * 5001}, "prompt"),
        (VIDEO, {"prompt": 5}, "prompt"),
        (VIDEO, {"prompt": None}, "prompt"),
        (VIDEO, prompted(aspect_ratio="7:3"), "aspect_ratio"),
        (VIDEO, prompted(aspect_ratio=None), "aspect_ratio"),
        (VIDEO, prompted(generation_type="image"), "generation_type"),
        (VIDEO, prompted(loop="yes"), "loop"),
        (VIDEO, prompted(loop=None), "loop"),
        (VIDEO, prompted(loop=True, keyframes={"frame0": FRAME, "frame1": FRAME}), "loop"),
        (VIDEO, prompted(keyframes=[]), "keyframes"),
        (VIDEO, prompted(keyframes={"frame0": None}), "keyframes.frame0"),
        (VIDEO, prompted(keyframes={"frame0": {"type": "video", "url": URL}}), "keyframes.frame0"),
        (VIDEO, prompted(keyframes={"frame1": {"type": "image"}}), "keyframes.frame1.url"),
        (VIDEO, prompted(keyframes={"frame1": {"type": "image", "url": "ftp://a/b"}}), "keyframes.frame1.url"),
        (VIDEO, prompted(keyframes={"frame0": {"type": "generation"}}), "keyframes.frame0.id"),
        (VIDEO, prompted(keyframes={"frame0": {"type": "generation", "id": "nobody"}}), "keyframes.frame0.id"),
        (VIDEO, prompted(callback_url="data:image/png,x"), "callback_url"),
        (VIDEO, prompted(callback_url="/hook"), "callback_url"),
        (VIDEO, prompted(callback_url="https://a b/"), "callback_url"),
        (VIDEO, prompted(callback_url="http://a:99999/"), "callback_url"),
        (VIDEO, prompted(callback_url="http://user:password@a/"), "callback_url"),
        (VIDEO, prompted(callback_url="http://a/\n"), "callback_url"),
        (VIDEO, prompted(callback_url="http:///a"), "callback_url"),
        (VIDEO, prompted(duration="60s"), "duration"),
        (VIDEO, prompted(duration="5s\n"), "duration"),
        (VIDEO, prompted(resolution="8k"), "resolution"),
        (IMAGE, {}, "prompt"),
        (IMAGE, prompted(model="photon-9"), "model"),
        (IMAGE, prompted(model=None), "model"),
        (IMAGE, prompted(model="photon-1", format="gif"), "format"),
        (VIDEO, prompted(callback_url=LONGEST_URL + "a"), "callback_url"),
        (IMAGE, prompted(image_ref=[{"url": LONGEST_URL + "a"}]), "image_ref.0.url"),
        (IMAGE, prompted(image_ref={"url": URL}), "image_ref"),
        (IMAGE, prompted(image_ref=[{"url": URL}] * 5), "image_ref"),
        (IMAGE, prompted(image_ref=[{"url": URL}, {"url": "file:///etc/passwd"}]), "image_ref.1.url"),
        (IMAGE, prompted(image_ref=[{"url": URL, "weight": 1.5}]), "image_ref.0.weight"),
        (IMAGE, prompted(image_ref=[{"url": URL, "weight": "1"}]), "image_ref.0.weight"),
        (IMAGE, prompted(image_ref=[{"url": None}]), "image_ref.0.url"),
        (IMAGE, prompted(style_ref=[{"url": "javascript:alert(1)"}]), "style_ref.0.url"),
        (IMAGE, prompted(character_ref={"identity0": {"images": [URL] * 5}}), "character_ref.identity0.images"),
        (IMAGE, prompted(character_ref={"identity0": {"images": ["x"]}}), "character_ref.identity0.images.0"),
        (IMAGE, prompted(modify_image_ref={"url": URL, "weight": -0.1}), "modify_image_ref.weight"),
        (IMAGE, prompted(modify_image_ref={"url": "data:image/png;base64,???"}), "modify_image_ref.url"),
        (IMAGE, prompted(modify_image_ref={"url": "data:nothing"}), "modify_image_ref.url"),
        (IMAGE, prompted(modify_image_ref={"url": "data:image/png,AAAA"}), "modify_image_ref.url"),
        (IMAGE, prompted(modify_image_ref={"url": "data:image/png;base64,QUJD="}), "modify_image_ref.url"),
        (IMAGE, prompted(modify_image_ref={"url": "https://e.com/" + "a" * 2048}), "modify_image_ref.url"),
    ],
)
async def test_a_request_that_breaks_a_rule_is_refused_and_costs_nothing(
    idle: Machine, path: str, body: Any, field: str
) -> None:
    before = await idle.balance()
    status, detail = await idle.refusal(body, path)
    assert (status, detail.partition(": ")[0]) == (400, field)
    assert await idle.balance() == before
    assert (await idle.client.get("/generations")).json()["count"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"a"', b"null", b'{"prompt": NaN}', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_refused(idle: Machine, body: bytes) -> None:
    response = await idle.client.post(VIDEO, content=body)
    assert response.status_code == 400
    assert "body" in response.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (VIDEO, {"prompt": "abc"}),
        (VIDEO, {"prompt": "語" * 5000}),
        (VIDEO, {"keyframes": {"frame0": FRAME}}),
        (VIDEO, prompted(loop=True, keyframes={"frame0": FRAME})),
        (VIDEO, prompted(keyframes={"frame0": FRAME, "frame1": {"type": "image", "url": DATA}})),
        (VIDEO, prompted(callback_url="https://hooks.example.com/x?y=1")),
        (VIDEO, prompted(callback_url="HTTPS://[2606:4700::1111]:8443?ä=1#b")),
        (VIDEO, prompted(model=None, duration=None, resolution=None)),
        (IMAGE, prompted(image_ref=[{"url": URL, "weight": 0}, {"url": DATA, "weight": 1}, {}, {"url": URL}])),
        (IMAGE, prompted(style_ref=[{"url": URL}], character_ref={"identity0": {"images": [URL] * 4}})),
        (VIDEO, prompted(callback_url=LONGEST_URL)),
        (IMAGE, prompted(image_ref=[{"url": LONGEST_URL}])),
        (IMAGE, prompted(character_ref={}, image_ref=[])),
        (IMAGE, prompted(modify_image_ref={"url": DATA, "weight": 0.5})),
    ],
)
async def test_a_request_that_keeps_the_rules_is_taken(idle: Machine, path: str, body: Any) -> None:
    assert (await idle.create(body, path))["state"] == "queued"


async def test_a_keyframe_has_to_be_completed(idle: Machine) -> None:
    uid = (await idle.create())["id"]
    status, detail = await idle.refusal(prompted(keyframes={"frame0": {"type": "generation", "id": uid}}))
    assert status == 400
    assert detail.startswith("keyframes.frame0.id: ")
    assert "dreaming" in detail


async def test_a_keyframe_of_another_account_is_unknown(machine: Machine) -> None:
    uid = (await machine.made())["id"]
    body = prompted(keyframes={"frame1": {"type": "generation", "id": uid}})
    status, detail = await machine.refusal(body, headers=bearer("bob"))
    assert (status, detail) == (400, f"keyframes.frame1.id: generation not found: '{uid}'")


async def test_a_completed_keyframe_is_taken(machine: Machine) -> None:
    uid = (await machine.made())["id"]
    generation = await machine.made(prompted(keyframes={"frame0": {"type": "generation", "id": uid}}))
    assert generation["request"]["keyframes"]["frame0"] == {"type": "generation", "id": uid}


async def test_a_body_that_is_too_long_is_413(tmp_path: Any) -> None:
    async with in_process(tmp_path, settings=settings(max_body=1000)) as machine:
        status, detail = await machine.refusal({"prompt": PROMPT, "padding": "a" * 1000})
    assert (status, "1000 bytes" in detail) == (413, True)


async def test_too_many_unfinished_generations_are_429_for_that_account_only(tmp_path: Any, stalled: Any) -> None:
    options = settings(unfinished_limit=2)
    async with in_process(tmp_path, executor=lambda: stalled, settings=options) as machine:
        for _ in range(2):
            await machine.create()
        response = await machine.client.post(VIDEO, json={"prompt": PROMPT})
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) > 0
        await machine.create(headers=bearer("bob"))


async def test_too_many_creates_a_minute_are_429_until_the_minute_is_over(tmp_path: Any, stalled: Any) -> None:
    options = settings(creates_per_minute=3)
    async with in_process(tmp_path, executor=lambda: stalled, settings=options) as machine:
        for _ in range(3):
            await machine.create()
        response = await machine.client.post(VIDEO, json={"prompt": PROMPT})
    assert response.status_code == 429
    assert 0 < int(response.headers["retry-after"]) <= 60


async def test_words_on_the_blacklist_fail_the_generation_and_are_refunded(machine: Machine) -> None:
    before = await machine.balance()
    generation = await machine.finished((await machine.create({"prompt": "a scene full of Gore!"}))["id"])
    assert (generation["state"], generation["failure_reason"]) == ("failed", "Contains blacklisted words")
    assert "assets" not in generation
    assert await machine.balance() == before


async def test_the_longest_address_of_a_server_is_that_of_a_picture() -> None:
    assert is_http_url(LONGEST_URL)
    assert not is_http_url(LONGEST_URL + "a")
