"""Run with lumaai 1.7: every operation of the API of 2024."""
# mypy: ignore-errors

from lumaai import LumaAI, NotFoundError

client = LumaAI()

assert client.ping.check().message == "pong"
before = client.credits.get().credit_balance
assert "camera orbit left" in client.generations.camera_motion.list()

first = client.generations.create(prompt="a serene lake", aspect_ratio="9:16", loop=True)
assert (first.state, first.request.prompt, first.request.loop) == ("queued", "a serene lake", True)
video = client.generations.get(id=first.id)
assert (video.state, video.generation_type) == ("completed", "video")
assert video.assets.video.endswith(".mp4")
second = client.generations.create(
    prompt="and it goes on",
    keyframes={"frame0": {"type": "generation", "id": video.id}, "frame1": {"type": "image", "url": "https://a.b/c"}},
    callback_url="http://127.0.0.1:9/hook",
)
assert second.request.keyframes.frame0.id == video.id
image = client.generations.image.create(
    prompt="a red fox",
    model="photon-flash-1",
    image_ref=[{"url": "https://a.b/c.jpg", "weight": 0.5}],
    character_ref={"identity0": {"images": ["https://a.b/d.jpg"]}},
)
assert (image.generation_type, image.request.model) == ("image", "photon-flash-1")

page = client.generations.list(limit=2, offset=1)
assert (page.count, page.has_more, page.limit, page.offset) == (2, False, 2, 1)
assert [generation.id for generation in page.generations] == [second.id, first.id]
assert before - client.credits.get().credit_balance == 32 + 32 + 1.5
client.generations.delete(id=video.id)
try:
    client.generations.get(id=video.id)
except NotFoundError as error:
    assert error.body == {"detail": "Generation not found"}  # noqa: PT017 - pytest is not in this environment
else:
    raise AssertionError("a deleted generation was found")
print("every operation works")
