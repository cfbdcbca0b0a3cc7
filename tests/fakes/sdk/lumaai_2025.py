"""Run with lumaai 1.21: every operation of the API of 2025."""
# mypy: ignore-errors

from lumaai import LumaAI, NotFoundError, UnprocessableEntityError

client = LumaAI()

assert client.ping.check().message == "pong"
before = client.credits.get().credit_balance
assert "dolly_zoom" in client.generations.concepts.list()

first = client.generations.create(
    prompt="a serene lake",
    model="ray-flash-2",
    aspect_ratio="9:16",
    duration="5s",
    resolution="540p",
    loop=True,
    concepts=[{"key": "dolly_zoom"}],
)
assert (first.state, first.model, first.request.concepts[0].key) == ("queued", "ray-flash-2", "dolly_zoom")
video = client.generations.get(id=first.id)
assert (video.state, video.generation_type) == ("completed", "video")
assert video.assets.video.endswith(".mp4")
second = client.generations.video.create(
    prompt="and it goes on",
    model="ray-2",
    keyframes={"frame0": {"type": "generation", "id": video.id}, "frame1": {"type": "image", "url": "https://a.b/c"}},
    callback_url="http://127.0.0.1:9/hook",
)
assert second.request.keyframes.frame0.id == video.id
image = client.generations.image.create(
    prompt="a red fox",
    model="photon-1",
    format="png",
    image_ref=[{"url": "https://a.b/c.jpg", "weight": 0.5}],
    modify_image_ref={"url": "https://a.b/d.jpg", "weight": 1.0},
)
assert (image.generation_type, image.request.format) == ("image", "png")

page = client.generations.list(limit=2, offset=1)
assert (page.count, page.has_more, page.limit, page.offset) == (2, False, 2, 1)
assert [generation.id for generation in page.generations] == [second.id, first.id]
assert before - client.credits.get().credit_balance == 32 + 32 + 1.5
for wrong in ({"model": "ray-1"}, {"resolution": 540}, {"seed": 3}):
    try:
        client.generations.video.create(prompt="a lake", model="ray-2", extra_body=wrong)
    except UnprocessableEntityError as error:
        assert next(iter(wrong)) in error.body["detail"]  # noqa: PT017 - pytest is not needed here
    else:
        raise AssertionError(f"{wrong} was taken")
modified = client.generations.video.modify(
    generation_type="modify_video",
    media={"url": video.assets.video},
    model="ray-2",
    mode="flex_1",
    prompt="in deep snow",
    first_frame={"url": "https://a.b/c.jpg"},
)
assert (modified.state, modified.request.generation_type, modified.request.mode) == ("queued", "modify_video", "flex_1")
reframed = client.generations.video.reframe(
    generation_type="reframe_video",
    media={"url": video.assets.video},
    model="ray-flash-2",
    aspect_ratio="9:16",
    x_end=8,
)
assert (reframed.request.generation_type, reframed.request.aspect_ratio) == ("reframe_video", "9:16")
still = client.generations.get(id=image.id)
wider = client.generations.image.reframe(
    generation_type="reframe_image",
    media={"url": still.assets.image},
    model="photon-1",
    aspect_ratio="21:9",
    format="png",
)
assert (wider.generation_type, wider.request.generation_type) == ("image", "reframe_image")
larger = client.generations.upscale(id=video.id, resolution="4k")
assert (larger.generation_type, larger.request.resolution) == ("video", "4k")
louder = client.generations.audio(id=video.id, prompt="waves", negative_prompt="music")
assert (louder.request.generation_type, louder.request.prompt) == ("add_audio", "waves")
client.generations.delete(id=video.id)
try:
    client.generations.get(id=video.id)
except NotFoundError as error:
    assert error.body == {"detail": "Generation not found"}  # noqa: PT017 - pytest is not needed here
else:
    raise AssertionError("a deleted generation was found")
print("every operation works")
