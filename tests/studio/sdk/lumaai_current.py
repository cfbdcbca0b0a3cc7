"""Run with the current lumaai: what it shares with the specification."""
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
video = finished(
    client.generations.create(
        prompt="a serene lake",
        model="ray-flash-2",
        duration="5s",
        resolution="540p",
        loop=True,
        concepts=[{"key": "orbit_left"}],
    ).id
)
assert video.state == "completed", video
assert video.request.model == "ray-flash-2"
assert video.assets.video.endswith(".mp4")
second = client.generations.video.create(
    prompt="and it goes on", model="ray-2", keyframes={"frame0": {"type": "generation", "id": video.id}}
)
assert finished(second.id).state == "completed"
image = finished(client.generations.image.create(prompt="a red fox", model="photon-1", format="png").id)
assert image.state == "completed", image
assert image.assets.image.endswith(".png")
page = client.generations.list(limit=2, offset=0)
assert [generation.id for generation in page.generations] == [image.id, second.id]
assert before - client.credits.get().credit_balance == 32 + 32 + 1.5
client.generations.delete(id=video.id)
try:
    client.generations.get(id=video.id)
except lumaai.NotFoundError:
    pass
else:
    raise AssertionError("a deleted generation was found")
print("every operation works")
