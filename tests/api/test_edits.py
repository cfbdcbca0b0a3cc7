"""The five operations of 2025 that make another version of a generation, with both clients, on a strict fake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dream_nb.api.blocking import DreamMachine
from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.errors import InvalidRequestError, NotFoundError
from dream_nb.api.request_models import (
    AudioGenerationRequest,
    GenerationReference,
    GenerationRequest,
    Media,
    ModifyVideoRequest,
    ReframeImageRequest,
    ReframeVideoRequest,
    UnknownRequest,
    UpscaleVideoGenerationRequest,
)
from tests.fakes.dream_machine import KEY, FakeDreamMachine

VIDEO = Media(url="https://a.test/lake.mp4")
IMAGE = Media(url="https://a.test/lake.jpg")
ID = "00000000-0000-4000-8000-000000000001"

CALLS: dict[str, tuple[tuple[Any, ...], str]] = {
    "modify_video": (
        (ModifyVideoRequest(media=VIDEO, mode="flex_1", prompt="in deep snow", first_frame=IMAGE),),
        "/generations/video/modify",
    ),
    "reframe_video": (
        (ReframeVideoRequest(media=VIDEO, aspect_ratio="9:16", x_start=0, x_end=8),),
        "/generations/video/reframe",
    ),
    "reframe_image": (
        (ReframeImageRequest(media=IMAGE, aspect_ratio="21:9", format="png"),),
        "/generations/image/reframe",
    ),
    "upscale_generation": ((ID, UpscaleVideoGenerationRequest(resolution="4k")), f"/generations/{ID}/upscale"),
    "add_audio_to_generation": (
        (ID, AudioGenerationRequest(prompt="waves", negative_prompt="music")),
        f"/generations/{ID}/audio",
    ),
}
Call = Callable[..., Any]


@pytest.fixture
def fake() -> Iterator[FakeDreamMachine]:
    with FakeDreamMachine().running() as fake:
        yield fake


@pytest.fixture(params=["DreamMachine", "AsyncDreamMachine"])
def call(request: pytest.FixtureRequest, fake: FakeDreamMachine) -> Iterator[Call]:
    """Calls a method of either client."""
    if request.param == "DreamMachine":
        with DreamMachine(KEY, fake.base_url) as machine:
            yield lambda name, *arguments: getattr(machine, name)(*arguments)
        return

    async def run(name: str, *arguments: Any) -> Any:
        async with AsyncDreamMachine(KEY, fake.base_url) as machine:
            return await getattr(machine, name)(*arguments)

    yield lambda name, *arguments: asyncio.run(run(name, *arguments))


def posts(fake: FakeDreamMachine) -> list[str]:
    return [path for method, path in fake.calls if method == "POST"]


@pytest.mark.parametrize("name", CALLS)
def test_each_is_sent_once_and_its_echo_is_read_as_what_it_is(fake: FakeDreamMachine, call: Call, name: str) -> None:
    call("create_generation", GenerationRequest(prompt="a lake"))
    arguments, path = CALLS[name]
    made = call(name, *arguments)
    asked = arguments[-1]
    assert posts(fake)[1:] == [path]
    assert (type(made.request), made.kind, made.state) == (type(asked), asked.kind, "queued")
    assert made.request == asked


def test_the_request_says_which_operation_creates_it(fake: FakeDreamMachine, call: Call) -> None:
    source = call("create_generation", GenerationRequest(prompt="a lake"))
    call("create", AudioGenerationRequest(media=GenerationReference(id=source.id), prompt="waves"))
    assert posts(fake)[1:] == [f"/generations/{source.id}/audio"]
    assert fake.posts[1] == {"generation_type": "add_audio", "prompt": "waves"}


@pytest.mark.parametrize("name", CALLS)
def test_a_server_of_2024_is_sent_nothing_that_it_cannot_do(name: str) -> None:
    with FakeDreamMachine("2024").running() as fake, DreamMachine(KEY, fake.base_url) as machine:
        with pytest.raises(InvalidRequestError, match=r"Dream Machine API of 2024, which cannot .+: choose a backend"):
            getattr(machine, name)(*CALLS[name][0])
        assert posts(fake) == []


def test_a_generation_in_the_place_of_a_url_is_refused_before_it_is_sent(fake: FakeDreamMachine, call: Call) -> None:
    with pytest.raises(InvalidRequestError, match="media: the server needs the URL of a file"):
        call("modify_video", ModifyVideoRequest(media=GenerationReference(id=ID), mode="flex_1"))
    assert posts(fake) == []


def test_an_upscale_of_nothing_is_refused_before_it_is_sent(fake: FakeDreamMachine, call: Call) -> None:
    with pytest.raises(InvalidRequestError, match="media: the server does not say which video"):
        call("create", UpscaleVideoGenerationRequest(resolution="4k"))
    assert posts(fake) == []


def test_a_request_of_an_unknown_kind_is_never_sent(fake: FakeDreamMachine, call: Call) -> None:
    with pytest.raises(InvalidRequestError, match="can only be imported"):
        call("create", UnknownRequest(document={"prompt": "a lake"}))
    assert posts(fake) == []


def test_sound_for_an_unknown_generation_is_not_found(call: Call) -> None:
    with pytest.raises(NotFoundError) as caught:
        call("add_audio_to_generation", ID, AudioGenerationRequest(prompt="waves"))
    assert caught.value.operation == "addAudioToGeneration"


def test_the_concepts_of_the_server_are_listed(call: Call) -> None:
    assert "dolly_zoom" in call("get_concepts")
