"""Run with lumaai 1.21: the operations of the API of 2025 that this package uses."""
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
client.generations.delete(id=video.id)
try:
    client.generations.get(id=video.id)
except NotFoundError as error:
    assert error.body == {"detail": "Generation not found"}  # noqa: PT017 - pytest is not needed here
else:
    raise AssertionError("a deleted generation was found")
print("every operation works")
