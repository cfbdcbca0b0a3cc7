"""Run with lumaai 1.7: every operation of the specification, with the unmodified official client."""
# mypy: ignore-errors

import time

import lumaai
from lumaai import LumaAI

client = LumaAI()


def finished(uid: str) -> lumaai.types.Generation:
    end = time.monotonic() + 60
    while (generation := client.generations.get(id=uid)).state not in ("completed", "failed"):
        assert time.monotonic() < end
        time.sleep(0.05)
    return generation


assert client.ping.check().message == "pong"
before = client.credits.get().credit_balance
assert before > 0
motions = client.generations.camera_motion.list()
assert "camera orbit left" in motions, motions

first = client.generations.create(prompt="a serene lake", aspect_ratio="9:16", loop=True)
assert first.state == "queued"
assert first.request.prompt == "a serene lake"
video = finished(first.id)
assert video.state == "completed", video
assert video.assets.video.endswith(".mp4")

extended = client.generations.create(
    prompt="and it goes on",
    keyframes={"frame0": {"type": "generation", "id": video.id}},
    callback_url="http://127.0.0.1:9/hook",
)
assert extended.request.keyframes.frame0.id == video.id
image = finished(
    client.generations.image.create(
        prompt="a red fox", model="photon-flash-1", image_ref=[{"url": "https://fox.invalid/a.jpg", "weight": 0.5}]
    ).id
)
assert image.state == "failed"
assert "fox.invalid" in image.failure_reason
image = finished(client.generations.image.create(prompt="a red fox", aspect_ratio="1:1").id)
assert image.state == "completed", image
assert image.generation_type == "image"
assert image.request.model == "photon-1"
assert finished(extended.id).state == "completed"

page = client.generations.list(limit=2, offset=1)
assert (page.count, page.has_more, page.limit, page.offset) == (2, True, 2, 1)
assert [generation.id for generation in page.generations][1] == extended.id
assert abs(before - client.credits.get().credit_balance - (32 + 32 + 0.85)) < 1e-6

client.generations.delete(id=video.id)
try:
    client.generations.get(id=video.id)
except lumaai.NotFoundError as error:
    assert video.id in error.body["detail"]  # noqa: PT017 - pytest is not in this environment
else:
    raise AssertionError("a deleted generation was found")
try:
    client.generations.create(prompt="ab")
except lumaai.BadRequestError as error:
    assert error.body["detail"].startswith("prompt: ")  # noqa: PT017 - pytest is not in this environment
else:
    raise AssertionError("a prompt of two characters was taken")
try:
    LumaAI(auth_token="wrong").credits.get()
except lumaai.AuthenticationError:
    pass
else:
    raise AssertionError("a wrong key was taken")
print("every operation works")
