"""The public API as a type checker sees it: checked by `mypy --strict`, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal, assert_type

import httpx2

from dream_nb.api.blocking import DreamMachine
from dream_nb.api.canonical import (
    ControlledModifyRequest,
    GuidedVideoRequest,
    GuideFrame,
    PlacedReframeRequest,
    StyledImageRequest,
)
from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.dream_machine_dialect import DreamMachineDialect
from dream_nb.api.errors import APIError, RateLimitError
from dream_nb.api.models import Credits, Generation, ListGenerationResponse, Pong
from dream_nb.api.request_models import (
    AudioGenerationRequest,
    GenerationReference,
    GenerationRequest,
    ImageGenerationRequest,
    ImageReference,
    Keyframes,
    LayeringRequest,
    Media,
    ModifyVideoRequest,
    ReframeImageRequest,
    ReframeVideoRequest,
    UpscaleVideoGenerationRequest,
)

frames = Keyframes(frame0=ImageReference(url="https://a/b.jpg"), frame1=GenerationReference(id="a"))
video = GenerationRequest(
    prompt="a lake",
    aspect_ratio="21:9",
    loop=True,
    keyframes=frames,
    model="ray-2",
    duration="5s",
    resolution="720p",
    concepts=[{"key": "dolly_zoom"}],
    extra={"seed": 7},
)
image = ImageGenerationRequest(prompt="a lake", format="png")
clip = Media(url="https://a/b.mp4")
modify = ModifyVideoRequest(media=clip, mode="flex_1", prompt="in snow", first_frame=Media(url="https://a/b.jpg"))
reframe = ReframeVideoRequest(media=GenerationReference(id="a"), aspect_ratio="9:16", x_start=0, x_end=8)
wider = ReframeImageRequest(media=clip, aspect_ratio="21:9", format="png")
upscale = UpscaleVideoGenerationRequest(resolution="4k")
sound = AudioGenerationRequest(prompt="waves", negative_prompt="music")


def blocking() -> None:
    with DreamMachine("key", "https://example.com", timeout=httpx2.Timeout(30, connect=5), deadline=None) as machine:
        assert_type(machine, DreamMachine)
        assert_type(machine.base_url, str)
        assert_type(machine.create_generation(video), Generation)
        assert_type(machine.generate_image(image, headers={"Dream-Take": "2"}), Generation)
        assert_type(machine.modify_video(modify), Generation)
        assert_type(machine.reframe_video(reframe), Generation)
        assert_type(machine.reframe_image(wider), Generation)
        assert_type(machine.upscale_generation("a", upscale), Generation)
        assert_type(machine.add_audio_to_generation("a", sound), Generation)
        assert_type(machine.create(modify), Generation)
        machine.modify_video(reframe)  # type: ignore[arg-type]
        assert_type(machine.get_generation("a"), Generation)
        assert_type(machine.list_generations(limit=10, offset=20), ListGenerationResponse)
        assert_type(machine.iter_generations(page=10), Iterator[Generation])
        assert_type(machine.iter_documents(page=10), Iterator[dict[str, Any]])
        assert_type(machine.get_credits(), Credits)
        assert_type(machine.get_camera_motion(), list[str])
        assert_type(machine.get_concepts(), list[str])
        assert_type(machine.dialect(), DreamMachineDialect)
        assert_type(machine.ping(), Pong)
        machine.delete_generation("a")
        machine.create_generation(image)  # type: ignore[arg-type]


async def awaited() -> None:
    async with AsyncDreamMachine(timeout=5, http_client=httpx2.AsyncClient()) as machine:
        assert_type(machine, AsyncDreamMachine)
        assert_type(await machine.create_generation(video), Generation)
        assert_type(await machine.generate_image(image), Generation)
        assert_type(await machine.modify_video(modify), Generation)
        assert_type(await machine.upscale_generation("a", upscale), Generation)
        assert_type(await machine.get_generation("a"), Generation)
        assert_type(await machine.list_generations(), ListGenerationResponse)
        assert_type(machine.iter_generations(), AsyncIterator[Generation])
        assert_type(machine.iter_documents(), AsyncIterator[dict[str, Any]])
        assert_type((await machine.get_credits()).credit_balance, float)
        assert_type(await machine.get_camera_motion(), list[str])
        assert_type(await machine.get_concepts(), list[str])
        assert_type(await machine.dialect(), DreamMachineDialect)
        assert_type(await machine.ping(), Pong)
        await machine.delete_generation("a")


def told(error: APIError) -> None:
    assert_type(error.status, int | None)
    assert_type(error.detail, str | None)
    assert_type(error.request_id, str | None)
    assert_type(error.reached, bool)
    if isinstance(error, RateLimitError):
        assert_type(error.retry_after, float | None)


guided = GuidedVideoRequest(
    prompt="a walk", guide_frames=[GuideFrame(frame=ImageReference(url="https://a/b.jpg"), at=60)], hdr=True
)
styled = StyledImageRequest(prompt="a poster", style="manga", web_search=True)
controlled = ControlledModifyRequest(media=GenerationReference(id="a"), mode="flex_1", auto_controls=True)
placed = PlacedReframeRequest(
    media=GenerationReference(id="a"), aspect_ratio="9:16", source_position=[0.0, 0.25, 1.0, 0.5]
)
layering = LayeringRequest(media=GenerationReference(id="a"), resolution="2k", prompt="the fox apart")
assert_type(layering.kind, Literal["video", "image"])
assert_type((guided.model, styled.model, controlled.model, placed.model), tuple[str | None, str, str, str])
assert_type(guided.guide_frames, list[GuideFrame] | None)
