"""The Luma API of the studio: images and videos from prompts, the answers, and who may see them."""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from dream_nb.api.luma import AsyncLuma
from dream_nb.api.luma_requests import LumaRequest
from dream_nb.studio.luma_answers import API_VERSION
from tests.studio.machine import KEYS, LUMA_PREFIX, PREFIX, PROMPT, Machine, Stalled, bearer, in_process, settings
from tests.studio.render.clips import decoded

pytestmark = pytest.mark.anyio

VIDEO: dict[str, Any] = {"prompt": PROMPT, "type": "video", "model": "ray-3.2"}

SOURCE = {"url": "https://a.b/c.jpg"}
CLIP = {"url": "https://a.b/c.mp4", "media_type": "video/mp4"}


async def file_of(machine: Machine, generation: Any, at: int = 0) -> httpx2.Response:
    """The answer at the URL of an output, which requires no key."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(machine.app)) as plain:
        return await plain.get(generation["output"][at]["url"])


async def test_a_create_answers_with_what_it_made(luma: Machine) -> None:
    made = await luma.create(VIDEO | {"aspect_ratio": "9:16"})
    assert uuid.UUID(made["id"])
    known = {name: made[name] for name in ("model", "state", "type", "failure_code", "failure_reason", "output")}
    assert known == {
        "model": "ray-3.2",
        "state": "queued",
        "type": "video",
        "failure_code": None,
        "failure_reason": None,
        "output": None,
    }


async def test_what_was_asked_for_is_not_echoed(luma: Machine) -> None:
    assert PROMPT not in str({**await luma.made(), "drawn": None})


async def test_a_video_is_drawn_in_its_ratio(luma: Machine) -> None:
    made = await luma.made(VIDEO | {"aspect_ratio": "9:16"})
    assert [(one["type"], one["layer"]) for one in made["output"]] == [("video", None)]
    frames = decoded((await file_of(luma, made)).content)
    assert frames.frames[0].shape == (56, 32, 3)


@pytest.mark.parametrize(
    ("asked", "kind"), [({}, "JPEG"), ({"output_format": "jpeg"}, "JPEG"), ({"output_format": "png"}, "PNG")]
)
async def test_an_image_has_the_format_that_was_asked_for(luma: Machine, asked: Any, kind: str) -> None:
    made = await luma.made({"prompt": PROMPT, "aspect_ratio": "3:1"} | asked)
    image = Image.open(io.BytesIO((await file_of(luma, made)).content), formats=["JPEG", "PNG"])
    assert (image.format, image.size) == (kind, (96, 32))


async def test_the_better_model_makes_larger_images(tmp_path: Path) -> None:
    async with in_process(tmp_path, settings=settings(shorter_side=None), prefix=LUMA_PREFIX) as luma:
        sizes = []
        for model in ("uni-1", "uni-1-max"):
            made = await luma.made({"prompt": PROMPT, "model": model, "aspect_ratio": "1:1"})
            sizes.append(Image.open(io.BytesIO((await file_of(luma, made)).content), formats=["JPEG"]).size)
    assert sizes == [(1024, 1024), (2048, 2048)]


async def test_a_draft_is_a_quarter_of_the_work(tmp_path: Path) -> None:
    async with in_process(tmp_path, settings=settings(shorter_side=None), prefix=LUMA_PREFIX) as luma:
        shapes = []
        for resolution in ("360p", "720p"):
            made = await luma.made(VIDEO | {"video": {"resolution": resolution}})
            shapes.append(decoded((await file_of(luma, made)).content).frames[0].shape)
    assert shapes == [(360, 640, 3), (720, 1280, 3)]


async def test_a_video_is_as_long_as_was_asked_for(tmp_path: Path) -> None:
    async with in_process(tmp_path, settings=settings(longest_seconds=None), prefix=LUMA_PREFIX) as luma:
        counts = []
        for duration in ("5s", "10s"):
            made = await luma.made(VIDEO | {"video": {"duration": duration}})
            counts.append(len(decoded((await file_of(luma, made)).content).frames))
    assert counts == [120, 240]


async def test_the_same_take_of_a_request_is_the_same_picture(luma: Machine) -> None:
    pictures = []
    for take in (1, 2, 1):
        made = await luma.create({"prompt": PROMPT}, headers={"Dream-Take": str(take)})
        done = await luma.finished(made["id"])
        assert done["take"] == take
        picture = Image.open(io.BytesIO((await file_of(luma, done)).content), formats=["JPEG"])
        pictures.append(picture.tobytes())
    assert pictures[0] == pictures[2] != pictures[1]


async def test_without_a_take_the_studio_counts(luma: Machine) -> None:
    takes = [(await luma.create({"prompt": PROMPT, "user_id": user}))["take"] for user in ("a", "b", "a")]
    assert takes == [1, 2, 3]


async def test_what_is_done_tells_the_words_that_are_drawn(luma: Machine) -> None:
    made = await luma.made({"prompt": "a quokka at a lake"})
    assert ("lake" in made["drawn"], made["unknown"]) == (True, ["quokka"])


async def test_what_is_drawn_is_processing(tmp_path: Path, stalled: Stalled) -> None:
    async with in_process(tmp_path, executor=lambda: stalled, prefix=LUMA_PREFIX) as luma:
        made = await luma.create()
        assert (await luma.until(made["id"], "processing"))["output"] is None


async def test_the_dialects_do_not_see_each_others_generations(luma: Machine) -> None:
    made = await luma.create()
    origin = str(luma.client.base_url).removesuffix(f"{LUMA_PREFIX}/")
    older = f"{origin}{PREFIX}/generations"
    other = (await luma.client.post(older, json={"prompt": PROMPT})).json()
    assert [one["id"] for one in (await luma.client.get(older)).json()["generations"]] == [other["id"]]
    assert (await luma.client.get(f"{older}/{made['id']}")).status_code == 404
    assert (await luma.client.delete(f"{older}/{made['id']}")).status_code == 404
    assert (await luma.client.get(f"/generations/{other['id']}")).status_code == 404


async def test_a_generation_belongs_to_its_account(luma: Machine) -> None:
    made = await luma.create()
    assert (await luma.client.get(f"/generations/{made['id']}", headers=bearer("bob"))).status_code == 404


async def test_an_answer_names_the_version_and_the_request(luma: Machine) -> None:
    answer = await luma.client.post("/generations", json={"prompt": PROMPT}, headers={"X-Request-Id": "take-1"})
    assert (answer.headers["x-api-version"], answer.headers["x-request-id"]) == (API_VERSION, "take-1")
    refused = await luma.client.get("/generations", headers={"X-Request-Id": "look"})
    assert (refused.status_code, refused.headers["x-request-id"]) == (405, "look")


async def test_only_a_signed_address_is_answered(luma: Machine) -> None:
    made = await luma.made()
    url = made["output"][0]["url"]
    assert (await file_of(luma, made)).status_code == 200
    plain = {"output": [{"url": url.partition("?")[0]}]}
    assert (await file_of(luma, plain)).status_code == 403
    forged = {"output": [{"url": url.replace("expires=", "expires=1")}]}
    assert (await file_of(luma, forged)).status_code == 403


async def test_a_signed_address_wants_no_key(luma: Machine) -> None:
    made = await luma.made()
    assert (await luma.client.get(made["output"][0]["url"])).status_code == 400


async def test_an_address_expires_and_a_look_gives_a_fresh_one(tmp_path: Path) -> None:
    async with in_process(tmp_path, settings=settings(address_seconds=-1), prefix=LUMA_PREFIX) as luma:
        made = await luma.made()
        assert (await file_of(luma, made)).status_code == 403
    async with in_process(tmp_path, prefix=LUMA_PREFIX) as luma:
        assert (await file_of(luma, await luma.get(made["id"]))).status_code == 200


async def test_the_balance_is_that_of_the_account(tmp_path: Path) -> None:
    async with in_process(tmp_path, settings=settings(balance=31), prefix=LUMA_PREFIX) as luma:
        await luma.create(VIDEO | {"video": {"resolution": "720p", "duration": "5s"}})
        status, detail = await luma.refusal(VIDEO | {"video": {"resolution": "720p", "duration": "5s"}})
        assert (status, detail) == (402, "Insufficient balance: this costs 30 cents, and 1 are left")


@pytest.mark.parametrize(
    ("body", "cents"),
    [
        ({}, 4.04),
        ({"model": "uni-1-max", "web_search": True}, 10),
        ({"type": "layering", "source": SOURCE}, 4.34),
        ({"type": "image_edit", "source": SOURCE, "image_ref": [SOURCE]}, 4.64),
        (VIDEO, 30),
        (VIDEO | {"video": {"duration": "10s", "resolution": "1080p", "hdr": True, "exr_export": True}}, 1080),
        (VIDEO | {"type": "video_edit", "source": CLIP, "video": {"resolution": "360p"}}, 72),
        (VIDEO | {"type": "video_reframe", "source": CLIP, "video": {"resolution": "1080p"}}, 60),
    ],
)
async def test_prices_are_those_of_the_public_table(luma: Machine, body: Any, cents: float) -> None:
    balance = f"http://studio{PREFIX}/credits"
    before = (await luma.client.get(balance)).json()["credit_balance"]
    await luma.create({"prompt": PROMPT} | body)
    assert before - (await luma.client.get(balance)).json()["credit_balance"] == pytest.approx(cents)


async def test_our_own_client_reads_what_the_studio_says_of_itself(luma: Machine) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(luma.app)) as http:
        client = AsyncLuma(KEYS["ada"], f"http://localhost{LUMA_PREFIX}", http_client=http)
        request = LumaRequest(prompt="a quokka at a lake")
        made = await client.create_generation(request, headers={"Dream-Take": "3"})
        await luma.finished(made.id)
        done = await client.get_generation(made.id)
    assert done.model_extra == {"take": 3, "drawn": ["lake"], "unknown": ["quokka"]}
    assert done.output is not None
    assert done.output[0].type == "image"


async def test_a_word_that_is_not_drawn_is_moderated(luma: Machine) -> None:
    failed = await luma.finished((await luma.create({"prompt": "gore"}))["id"])
    assert (failed["state"], failed["failure_code"]) == ("failed", "content_moderated")
    assert failed["failure_reason"] == "Contains blacklisted words"
