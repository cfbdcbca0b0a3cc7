"""What the paths of 2025 refuse, so that requests that work here work with a key; and what `lenient` accepts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dream_nb.api.request_models import CONCEPTS
from tests.studio.machine import PROMPT, Machine, bearer, in_process, settings, until

pytestmark = pytest.mark.anyio

VIDEO = "/generations/video"
MODIFY = f"{VIDEO}/modify"
REFRAME = f"{VIDEO}/reframe"
REFRAME_IMAGE = "/generations/image/reframe"
IMAGE = "/generations/image"
URL = "https://example.com/a"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def video(**fields: Any) -> dict[str, Any]:
    return {"prompt": PROMPT, "model": "ray-2", **fields}


def image(**fields: Any) -> dict[str, Any]:
    return {"prompt": PROMPT, "model": "photon-1", **fields}


def modify(**fields: Any) -> dict[str, Any]:
    whole = {"generation_type": "modify_video", "media": {"url": URL}, "model": "ray-2", "mode": "flex_1", **fields}
    return {name: value for name, value in whole.items() if value is not ...}


def reframe(**fields: Any) -> dict[str, Any]:
    whole = {
        "generation_type": "reframe_video",
        "media": {"url": URL},
        "model": "ray-2",
        "aspect_ratio": "9:16",
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def reframe_image(**fields: Any) -> dict[str, Any]:
    return reframe(**{"generation_type": "reframe_image", "model": "photon-1", **fields})


UNDOCUMENTED = [
    (VIDEO, {"prompt": PROMPT}, "model"),
    (VIDEO, video(model=None), "model"),
    (VIDEO, video(model="ray-3"), "model"),
    (VIDEO, video(duration="7s"), "duration"),
    (VIDEO, video(duration=None), "duration"),
    (VIDEO, video(duration="10s"), "duration"),
    (VIDEO, video(concepts=[{"key": "fly"}]), "concepts.0.key"),
    (VIDEO, video(concepts=[{"key": "static"}, {}]), "concepts.1.key"),
    (VIDEO, video(concepts=[{"key": 3}]), "concepts.0.key"),
    (MODIFY, modify(model=...), "model"),
    (MODIFY, modify(generation_type=...), "generation_type"),
    (REFRAME, reframe(model=...), "model"),
    (REFRAME_IMAGE, reframe_image(model=...), "model"),
    (IMAGE, {"prompt": PROMPT, "format": "png"}, "model"),
    (IMAGE, {"prompt": PROMPT, "sync": False}, "model"),
    (IMAGE, image(format=None), "format"),
    (VIDEO, video(sync=True), "sync"),
    (VIDEO, video(promt="a lake"), "promt"),
    (VIDEO, video(concepts=[{"key": "static", "strength": 1}]), "concepts.0.strength"),
    (MODIFY, modify(media={"url": URL, "start": 3}), "media.start"),
    (REFRAME, reframe(format="png"), "format"),
]
"""Path, body, and the field that is refused, except by a lenient studio."""

BROKEN = [
    (VIDEO, video(resolution="8k"), "resolution"),
    (VIDEO, video(prompt="ab"), "prompt"),
    (VIDEO, video(prompt="a" * 5001), "prompt"),
    (MODIFY, modify(mode="wild_1"), "mode"),
    (MODIFY, modify(mode=...), "mode"),
    (MODIFY, modify(media=...), "media"),
    (MODIFY, modify(media={"id": UNKNOWN}), "media"),
    (MODIFY, modify(media={"url": "ftp://a/b"}), "media.url"),
    (MODIFY, modify(first_frame={"url": "x"}), "first_frame.url"),
    (MODIFY, modify(model="photon-1"), "model"),
    (MODIFY, modify(prompt="ab"), "prompt"),
    (MODIFY, modify(prompt=None), "prompt"),
    (MODIFY, modify(callback_url="x"), "callback_url"),
    (REFRAME, reframe(aspect_ratio="2:1"), "aspect_ratio"),
    (REFRAME, reframe(aspect_ratio=...), "aspect_ratio"),
    (REFRAME, reframe(x_start=10, x_end=10), "x_end"),
    (REFRAME, reframe(y_end=0), "y_end"),
    (REFRAME, reframe(resized_width=0), "resized_width"),
    (REFRAME, reframe(grid_position_x=2**15), "grid_position_x"),
    (REFRAME, reframe(grid_position_x=1.5), "grid_position_x"),
    (REFRAME_IMAGE, reframe_image(format="gif"), "format"),
    (REFRAME_IMAGE, reframe_image(model="ray-2"), "model"),
    (IMAGE, image(sync_timeout=-1), "sync_timeout"),
    (IMAGE, image(sync="yes"), "sync"),
]
"""Path, body, and the field that every studio refuses."""


@pytest.fixture
async def lenient(tmp_path: Path, stalled: Any) -> AsyncIterator[Machine]:
    options = settings(lenient=True)
    async with in_process(tmp_path, executor=lambda: stalled, settings=options) as machine:
        yield machine


@pytest.mark.parametrize(("path", "body", "field"), UNDOCUMENTED + BROKEN)
async def test_what_the_server_would_refuse_is_refused_and_costs_nothing(
    idle: Machine, path: str, body: Any, field: str
) -> None:
    before = await idle.balance()
    status, detail = await idle.refusal(body, path)
    assert (status, detail.partition(": ")[0]) == (400, field)
    assert await idle.balance() == before


@pytest.mark.parametrize(("path", "body", "field"), UNDOCUMENTED)
async def test_a_lenient_studio_takes_what_is_only_undocumented(
    lenient: Machine, path: str, body: Any, field: str
) -> None:
    del field
    assert (await lenient.create(body, path))["state"] == "queued"


@pytest.mark.parametrize(("path", "body", "field"), BROKEN)
async def test_a_lenient_studio_refuses_what_it_cannot_do(lenient: Machine, path: str, body: Any, field: str) -> None:
    status, detail = await lenient.refusal(body, path)
    assert (status, detail.partition(": ")[0]) == (400, field)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (VIDEO, video()),
        (VIDEO, video(model="ray-1-6", duration="9s", resolution="4k", concepts=[{"key": key} for key in CONCEPTS])),
        (MODIFY, modify(mode="reimagine_3", model="ray-flash-2", first_frame={"url": URL})),
        (MODIFY, modify(prompt="")),
        (REFRAME, reframe(grid_position_x=-5, x_start=0, x_end=9, y_start=3, y_end=4, resized_width=1)),
        (REFRAME_IMAGE, reframe_image(format="png", prompt="more sky")),
    ],
)
async def test_what_is_documented_is_taken(idle: Machine, path: str, body: Any) -> None:
    assert (await idle.create(body, path))["state"] == "queued"


@pytest.mark.parametrize(
    "body", [{"prompt": PROMPT, "model": "ray-9", "duration": "7s", "concepts": [{"key": "fly"}]}, {"prompt": PROMPT}]
)
async def test_the_path_of_2024_stays_as_lax_as_2024_was(idle: Machine, body: Any) -> None:
    assert (await idle.create(body))["state"] == "queued"


async def test_a_loop_that_leads_to_an_earlier_video_is_refused(machine: Machine) -> None:
    uid = (await machine.made())["id"]
    frames = {"frame1": {"type": "generation", "id": uid}}
    status, detail = await machine.refusal(video(loop=True, keyframes=frames), VIDEO)
    assert (status, detail.partition(": ")[0]) == (400, "loop")
    assert (await machine.create(video(loop=True, keyframes={"frame0": frames["frame1"]}), VIDEO))["model"] == "ray-2"


@pytest.mark.parametrize(
    ("path", "body", "model"),
    [
        ("/generations", {"prompt": PROMPT}, "ray-1-6"),
        ("/generations", {"prompt": PROMPT, "model": "ray-flash-2"}, "ray-flash-2"),
        (VIDEO, video(), "ray-2"),
        ("/generations/image", {"prompt": PROMPT}, "photon-1"),
        (MODIFY, modify(model="ray-flash-2"), "ray-flash-2"),
        (REFRAME_IMAGE, reframe_image(), "photon-1"),
    ],
)
async def test_every_generation_tells_its_model(idle: Machine, path: str, body: Any, model: str) -> None:
    uid = (await idle.create(body, path))["id"]
    assert (await idle.get(uid))["model"] == model


@pytest.mark.parametrize(
    ("path", "body", "cents"),
    [
        ("/generations", {"prompt": PROMPT}, 32.0),
        (VIDEO, video(), 70.78),
        (VIDEO, video(model="ray-flash-2", resolution="540p", duration="9s"), 24.63),
        (VIDEO, video(resolution="1080p", aspect_ratio="1:1"), 89.58),
        ("/generations/image", {"prompt": PROMPT, "model": "photon-flash-1"}, 0.39),
        (MODIFY, modify(), 70.78),
        (REFRAME, reframe(model="ray-flash-2"), 24.33),
        (REFRAME_IMAGE, reframe_image(), 1.51),
    ],
)
async def test_prices_follow_the_public_table(idle: Machine, path: str, body: Any, cents: float) -> None:
    before = await idle.balance()
    await idle.create(body, path)
    assert before - await idle.balance() == pytest.approx(cents, abs=0.006)


@pytest.mark.parametrize("operation", ["upscale", "audio"])
async def test_a_video_of_nobody_is_unknown(machine: Machine, operation: str) -> None:
    uid = (await machine.made())["id"]
    for path, headers in ((UNKNOWN, bearer("ada")), (uid, bearer("bob"))):
        response = await machine.client.post(f"/generations/{path}/{operation}", json={}, headers=headers)
        assert response.status_code == 404


@pytest.mark.parametrize("operation", ["upscale", "audio"])
async def test_only_a_completed_video_is_upscaled_or_given_sound(idle: Machine, operation: str) -> None:
    for path, word in (("/generations", "dreaming"), ("/generations/image", "image")):
        uid = (await idle.create(path=path))["id"]
        if word == "dreaming":
            await idle.until(uid, "dreaming")
        status, detail = await idle.refusal({}, f"/generations/{uid}/{operation}")
        assert status == 400
        assert word in detail


@pytest.mark.parametrize("between", ["", "audio", "modify", "reframe"])
async def test_a_resolution_that_is_not_higher_than_that_of_the_video_is_refused(
    machine: Machine, between: str
) -> None:
    made = await machine.made(video(resolution="1080p"), VIDEO)
    if between == "audio":
        made = await machine.finished(
            (await machine.client.post(f"/generations/{made['id']}/audio", json={})).json()["id"]
        )
    elif between:
        body = {"modify": modify, "reframe": reframe}[between](media={"url": made["assets"]["video"]})
        made = await machine.made(body, f"{VIDEO}/{between}")
    status, detail = await machine.refusal({"resolution": "720p"}, f"/generations/{made['id']}/upscale")
    assert (status, detail) == (400, "resolution: 720p is not higher than 1080 lines, which the video has")


async def test_each_upscale_without_a_resolution_goes_one_further_and_costs_what_it_makes(machine: Machine) -> None:
    uid = (await machine.made(video(resolution="540p"), VIDEO))["id"]
    cents = []
    for _ in range(3):
        before = await machine.balance()
        response = await machine.client.post(f"/generations/{uid}/upscale", json={})
        uid = (await machine.finished(response.json()["id"]))["id"]
        cents.append(round(before - await machine.balance(), 2))
    assert cents == [24.33, 54.74, 218.97]
    status, detail = await machine.refusal({}, f"/generations/{uid}/upscale")
    assert (status, detail) == (400, "resolution: the video has 2160 lines, which is the highest resolution")


async def test_a_field_of_another_request_is_never_read(idle: Machine) -> None:
    broken = {"prompt": PROMPT, "media": {"url": "data:" + "x" * 3000}}
    assert (await idle.create(broken))["state"] == "queued"


@pytest.mark.parametrize("segment", ["video", "image", "concepts", "camera_motion"])
async def test_a_word_of_a_path_is_no_id(idle: Machine, segment: str) -> None:
    response = await idle.client.post(f"/generations/{segment}/audio", json={})
    assert response.status_code in (404, 405)
    assert "generation '" not in response.text


async def test_the_concepts_are_listed(idle: Machine) -> None:
    assert (await idle.client.get("/generations/concepts/list")).json() == list(CONCEPTS)


async def test_a_picture_that_is_waited_for_is_there_with_the_answer(machine: Machine) -> None:
    generation = await machine.create(image(sync=True), IMAGE)
    assert generation["state"] == "completed"
    assert (await machine.client.get(generation["assets"]["image"])).status_code == 200


@pytest.mark.parametrize("seconds", [0.0, 0.4])
async def test_a_wait_ends_after_its_timeout(idle: Machine, seconds: float) -> None:
    began = time.monotonic()
    assert (await idle.create(image(sync=True, sync_timeout=seconds), IMAGE))["state"] != "completed"
    # Not earlier, and long before the default of a minute.
    assert seconds <= time.monotonic() - began < 30


async def test_a_wait_ends_with_the_studio_and_is_answered(tmp_path: Path, stalled: Any) -> None:
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        waiting = asyncio.create_task(machine.create(image(sync=True, sync_timeout=600), IMAGE))
        await until(lambda: stalled.futures)
        app: Any = machine.app
        app.state.operations.stop_waiting()
        assert (await waiting)["state"] in ("queued", "dreaming")


async def test_a_wait_for_what_is_deleted_ends_with_404(idle: Machine, stalled: Any) -> None:
    waiting = asyncio.create_task(idle.client.post(IMAGE, json=image(sync=True, sync_timeout=600)))
    await until(lambda: stalled.futures)
    (uid,) = [one["id"] for one in (await idle.client.get("/generations")).json()["generations"]]
    await idle.client.delete(f"/generations/{uid}")
    assert (await waiting).status_code == 404


async def test_how_an_answer_comes_makes_no_other_request(idle: Machine) -> None:
    first = await idle.create(image(), IMAGE)
    second = await idle.create(image(sync=True, sync_timeout=0), IMAGE)
    assert [first["take"], second["take"]] == [1, 2]
