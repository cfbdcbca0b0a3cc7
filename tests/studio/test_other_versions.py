"""Other versions of generations through the studio's API, measured on the pixels and samples of the files."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.studio.machine import Machine, in_process, settings
from tests.studio.render.clips import U8

pytestmark = pytest.mark.anyio

VIDEO = "/generations/video"
LAKE = "a mountain lake in summer, pine trees"


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Machine]:
    """A studio whose drawings are large enough to be measured."""
    async with in_process(tmp_path, settings=settings(shorter_side=90, longest_seconds=0.5)) as machine:
        yield machine


async def file_of(machine: Machine, generation: Any) -> bytes:
    (url,) = generation["assets"].values()
    response = await machine.client.get(url)
    assert response.status_code == 200
    return response.content


def frames(data: bytes) -> list[U8]:
    with av.open(io.BytesIO(data), "r") as container:
        return [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)]


def packets(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data), "r") as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def has_sound(data: bytes) -> bool:
    with av.open(io.BytesIO(data)) as container:
        return bool(container.streams.audio)


def apart(one: U8, other: U8) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def detail(picture: U8) -> float:
    grey = picture.astype(float).mean(axis=2)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())


async def drawn(machine: Machine, **fields: Any) -> Any:
    return await machine.made({"prompt": LAKE, "model": "ray-2", **fields}, VIDEO)


async def edited(machine: Machine, path: str, **fields: Any) -> Any:
    response = await machine.client.post(path, json=fields)
    assert response.status_code in (200, 201), response.text
    generation = await machine.finished(response.json()["id"])
    assert generation["state"] == "completed", generation
    return generation


async def modified(machine: Machine, url: str, **fields: Any) -> Any:
    whole = {"generation_type": "modify_video", "media": {"url": url}, "model": "ray-2", "mode": "flex_2", **fields}
    return await edited(machine, f"{VIDEO}/modify", **whole)


async def test_a_modified_video_has_the_size_and_length_of_its_source_and_another_look(small: Machine) -> None:
    lake = await drawn(small)
    winter = await modified(small, lake["assets"]["video"], prompt="deep winter, snow")
    before, after = frames(await file_of(small, lake)), frames(await file_of(small, winter))
    assert [frame.shape for frame in after] == [frame.shape for frame in before]
    assert apart(before[0], after[0]) > 8


async def test_a_video_that_is_sent_along_is_modified_as_one_at_an_address(small: Machine) -> None:
    lake = await drawn(small)
    data = await file_of(small, lake)
    sent = f"data:video/mp4;base64,{base64.b64encode(data).decode()}"
    one = await modified(small, lake["assets"]["video"], prompt="a red desert")
    other = await modified(small, sent, prompt="a red desert")
    assert packets(await file_of(small, one)) == packets(await file_of(small, other))
    # A source sent inline is kept as a file; otherwise every answer with the list would contain it.
    assert len(other["request"]["media"]["url"]) < 200


async def test_a_first_frame_is_what_a_modified_video_begins_with(small: Machine) -> None:
    lake = await drawn(small)
    desert = await small.made({"prompt": "a red desert at noon"}, "/generations/image")
    plain = await modified(small, lake["assets"]["video"], prompt="a red desert")
    led = await modified(
        small, lake["assets"]["video"], prompt="a red desert", first_frame={"url": desert["assets"]["image"]}
    )
    first = frames(await file_of(small, plain))[0]
    picture = Image.open(io.BytesIO(await file_of(small, desert))).resize((first.shape[1], first.shape[0]))
    assert apart(frames(await file_of(small, led))[0], np.asarray(picture)) < 0.6 * apart(first, np.asarray(picture))


async def test_a_reframed_video_has_its_source_in_the_middle(small: Machine) -> None:
    lake = await drawn(small)
    fields = {"generation_type": "reframe_video", "media": {"url": lake["assets"]["video"]}, "model": "ray-2"}
    wide = await edited(small, f"{VIDEO}/reframe", **fields, aspect_ratio="21:9")
    before, after = frames(await file_of(small, lake)), frames(await file_of(small, wide))
    left = (after[0].shape[1] - before[0].shape[1]) // 2
    assert after[0].shape[1] > 1.2 * before[0].shape[1]
    assert apart(after[3][:, left : left + before[3].shape[1]], before[3]) < 5


async def test_a_reframed_image_keeps_its_pixels_in_its_format(small: Machine) -> None:
    fox = await small.made({"prompt": "a red fox", "model": "photon-1", "format": "png"}, "/generations/image")
    before = np.asarray(Image.open(io.BytesIO(await file_of(small, fox))).convert("RGB"))
    wide = await edited(
        small,
        "/generations/image/reframe",
        generation_type="reframe_image",
        media={"url": fox["assets"]["image"]},
        model="photon-1",
        aspect_ratio="21:9",
        format="png",
        resized_width=before.shape[1],
        resized_height=before.shape[0],
        grid_position_x=10,
        grid_position_y=0,
    )
    image = Image.open(io.BytesIO(await file_of(small, wide)))
    after = np.asarray(image.convert("RGB"))
    rows = min(before.shape[0], after.shape[0])
    assert image.format == "PNG"
    assert np.array_equal(after[:rows, 10 : 10 + before.shape[1]], before[:rows, : after.shape[1] - 10])


async def test_an_upscaled_video_of_the_studio_has_detail_that_enlarging_does_not_give(small: Machine) -> None:
    lake = await drawn(small)
    large = await edited(small, f"/generations/{lake['id']}/upscale", resolution="1080p")
    before, after = frames(await file_of(small, lake))[0], frames(await file_of(small, large))[0]
    assert min(after.shape[:2]) == pytest.approx(1.5 * min(before.shape[:2]), abs=2)
    size = (after.shape[1], after.shape[0])
    enlarged = np.asarray(Image.fromarray(before).resize(size, Image.Resampling.LANCZOS))
    other = frames(await file_of(small, await drawn(small)))[0]
    assert apart(after, enlarged) < 0.5 * apart(np.asarray(Image.fromarray(other).resize(size)), enlarged)
    assert detail(after) > 1.1 * detail(enlarged)


async def test_what_the_studio_did_not_draw_from_nothing_is_resampled(small: Machine) -> None:
    lake = await drawn(small)
    winter = await modified(small, lake["assets"]["video"], prompt="deep winter, snow")
    large = await edited(small, f"/generations/{winter['id']}/upscale", resolution="1080p")
    before, after = frames(await file_of(small, winter))[0], frames(await file_of(small, large))[0]
    size = (after.shape[1], after.shape[0])
    assert size[1] == pytest.approx(1.5 * before.shape[0], abs=2)
    assert apart(after, np.asarray(Image.fromarray(before).resize(size, Image.Resampling.LANCZOS))) < 5


async def test_without_a_resolution_a_video_gets_the_next(small: Machine) -> None:
    lake = await drawn(small, resolution="540p")
    large = await edited(small, f"/generations/{lake['id']}/upscale")
    before, after = frames(await file_of(small, lake))[0], frames(await file_of(small, large))[0]
    assert after.shape[0] == pytest.approx(before.shape[0] * 720 / 540, abs=2)


async def test_sound_is_added_beside_the_same_pictures(small: Machine) -> None:
    lake = await drawn(small)
    heard = await edited(small, f"/generations/{lake['id']}/audio", prompt="rain")
    before, after = await file_of(small, lake), await file_of(small, heard)
    assert (has_sound(before), has_sound(after)) == (False, True)
    assert packets(after) == packets(before)


@pytest.mark.parametrize("operation", ["modify", "reframe", "upscale"])
async def test_another_version_keeps_the_sound(small: Machine, operation: str) -> None:
    lake = await drawn(small)
    heard = await edited(small, f"/generations/{lake['id']}/audio", prompt="rain")
    url = {"url": heard["assets"]["video"]}
    if operation == "modify":
        made = await modified(small, url["url"], prompt="at night")
    elif operation == "reframe":
        fields = {"generation_type": "reframe_video", "media": url, "model": "ray-2", "aspect_ratio": "1:1"}
        made = await edited(small, f"{VIDEO}/reframe", **fields)
    else:
        made = await edited(small, f"/generations/{heard['id']}/upscale", resolution="1080p")
    assert has_sound(await file_of(small, made))


async def test_without_words_sound_goes_by_what_is_seen_first(small: Machine) -> None:
    rain = await drawn(small, prompt="heavy rain on a lake")
    large = await edited(small, f"/generations/{rain['id']}/upscale", resolution="1080p")
    silent = await edited(small, f"/generations/{large['id']}/audio", negative_prompt="rain, water, waves")
    told = await edited(small, f"/generations/{large['id']}/audio")

    async def loudness(generation: Any) -> float:
        with av.open(io.BytesIO(await file_of(small, generation)), "r") as container:
            samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
        return float(np.sqrt((samples**2).mean()))

    assert await loudness(told) > 3 * await loudness(silent)


@pytest.mark.parametrize("operation", ["upscale", "audio"])
async def test_a_source_that_is_deleted_meanwhile_fails_with_a_refund(
    tmp_path: Path, operation: str, stalled: Any
) -> None:
    one_at_a_time = settings(at_once=1)
    async with in_process(tmp_path, settings=one_at_a_time) as machine:
        uid = (await machine.made())["id"]
    async with in_process(tmp_path, executor=lambda: stalled, settings=one_at_a_time) as machine:
        before = await machine.balance()
        await machine.create({"prompt": "what is drawn first"}, "/generations/image")
        queued = (await machine.client.post(f"/generations/{uid}/{operation}", json={})).json()["id"]
        await machine.client.delete(f"/generations/{uid}")
    async with in_process(tmp_path, settings=one_at_a_time) as machine:
        generation = await machine.finished(queued)
        assert generation["state"] == "failed"
        assert f"generation {uid} was deleted" in generation["failure_reason"]
        assert before - await machine.balance() == pytest.approx(1.51)


@pytest.mark.parametrize(
    ("path", "fields", "media"),
    [
        (f"{VIDEO}/modify", {"generation_type": "modify_video", "mode": "flex_1", "model": "ray-2"}, "image"),
        (f"{VIDEO}/reframe", {"generation_type": "reframe_video", "aspect_ratio": "1:1", "model": "ray-2"}, "image"),
        (
            "/generations/image/reframe",
            {"generation_type": "reframe_image", "aspect_ratio": "1:1", "model": "photon-1"},
            "video",
        ),
    ],
)
async def test_a_source_of_the_other_kind_fails(small: Machine, path: str, fields: Any, media: str) -> None:
    source = await (drawn(small) if media == "video" else small.made({"prompt": "a fox"}, "/generations/image"))
    generation = await small.create({**fields, "media": {"url": source["assets"][media]}}, path)
    generation = await small.finished(generation["id"])
    assert generation["state"] == "failed"
    assert "Failed to read user input frames" in generation["failure_reason"]
