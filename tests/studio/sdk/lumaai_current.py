"""Run with lumaai 1.21: every operation of the API of 2025, until it is finished."""
# mypy: ignore-errors

import time

import httpx
import lumaai
from lumaai import LumaAI

client = LumaAI()


def finished(generation: lumaai.types.Generation) -> lumaai.types.Generation:
    end = time.monotonic() + 60
    while (found := client.generations.get(id=generation.id)).state not in ("completed", "failed"):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert found.state == "completed", found
    return found


def refused(call, *words: str) -> None:
    try:
        call()
    except lumaai.BadRequestError as error:
        assert all(word in error.body["detail"] for word in words), error.body  # noqa: PT017 - no pytest in here
    else:
        raise AssertionError(f"{words} was taken")


def is_video(generation: lumaai.types.Generation) -> bool:
    return httpx.get(generation.assets.video).content[4:8] == b"ftyp"


assert client.ping.check().message == "pong"
before = client.credits.get().credit_balance
assert "dolly_zoom" in client.generations.concepts.list()

video = finished(
    client.generations.create(
        prompt="a serene lake",
        model="ray-flash-2",
        duration="5s",
        resolution="540p",
        loop=True,
        concepts=[{"key": "orbit_left"}],
    )
)
assert (video.model, video.request.model, video.request.concepts[0].key) == ("ray-flash-2", "ray-flash-2", "orbit_left")
assert is_video(video)
second = client.generations.video.create(
    prompt="and it goes on",
    model="ray-2",
    keyframes={"frame0": {"type": "generation", "id": video.id}},
    callback_url="http://127.0.0.1:9/hook",
)
assert second.request.keyframes.frame0.id == video.id
finished(second)
image = client.generations.image.create(prompt="a red fox", model="photon-1", format="png", sync=True, sync_timeout=60)
assert (image.state, image.request.format) == ("completed", "png")
assert image.assets.image.endswith(".png")

page = client.generations.list(limit=2, offset=0)
assert [generation.id for generation in page.generations] == [image.id, second.id]
assert abs(before - client.credits.get().credit_balance - (13.69 + 70.78 + 1.51)) < 1e-6

modified = finished(
    client.generations.video.modify(
        generation_type="modify_video",
        media={"url": video.assets.video},
        model="ray-2",
        mode="flex_1",
        prompt="in deep snow",
        first_frame={"url": image.assets.image},
    )
)
assert (modified.generation_type, modified.request.generation_type) == ("video", "modify_video")
assert (modified.model, modified.request.mode) == ("ray-2", "flex_1")
assert is_video(modified)
reframed = finished(
    client.generations.video.reframe(
        generation_type="reframe_video",
        media={"url": video.assets.video},
        model="ray-flash-2",
        aspect_ratio="9:16",
        x_end=8,
    )
)
assert (reframed.request.generation_type, reframed.request.aspect_ratio) == ("reframe_video", "9:16")
assert is_video(reframed)
wider = finished(
    client.generations.image.reframe(
        generation_type="reframe_image",
        media={"url": image.assets.image},
        model="photon-flash-1",
        aspect_ratio="21:9",
        format="png",
    )
)
assert (wider.generation_type, wider.request.generation_type, wider.model) == (
    "image",
    "reframe_image",
    "photon-flash-1",
)
assert httpx.get(wider.assets.image).content[1:4] == b"PNG"
larger = finished(client.generations.upscale(id=video.id, resolution="1080p"))
assert (larger.generation_type, larger.request.resolution, larger.model) == ("video", "1080p", "ray-flash-2")
assert is_video(larger)
louder = finished(client.generations.audio(id=video.id, prompt="waves", negative_prompt="music"))
assert (louder.request.generation_type, louder.request.prompt) == ("add_audio", "waves")
assert is_video(louder)
assert b"mp4a" in httpx.get(louder.assets.video).content

refused(lambda: client.generations.video.create(prompt="a lake", model="ray-9"), "model: ")
refused(lambda: client.generations.video.create(prompt="a lake", model="ray-2", duration="7s"), "duration: ")
refused(lambda: client.generations.video.create(prompt="a lake", model="ray-2", concepts=[{"key": "fly"}]), "fly")
refused(lambda: client.generations.upscale(id=video.id, resolution="540p"), "resolution: ")
client.generations.delete(id=video.id)
for gone in (client.generations.get, client.generations.upscale, client.generations.audio):
    try:
        gone(id=video.id)
    except lumaai.NotFoundError as error:
        assert video.id in error.body["detail"]  # noqa: PT017 - no pytest in here
    else:
        raise AssertionError("a deleted generation was found")
print("every operation works")
