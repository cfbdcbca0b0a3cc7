"""A client used on its own detects which API a server has, and writes requests in that API's form."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from dream_nb.api import errors
from dream_nb.api.blocking import DreamMachine
from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.dialects import DIALECTS, NEWEST, spellings
from dream_nb.api.request_models import GenerationRequest, ImageGenerationRequest
from tests.api.servers import Exchange, Hostile
from tests.fakes.dream_machine import CONCEPTS, KEY, MOTIONS, FakeDreamMachine, Reply

VIDEO = GenerationRequest(prompt="a lake")
IMAGE = ImageGenerationRequest(prompt="a lake")
CONCEPTS_PATH = "/generations/concepts/list"
PATHS = {"2024": "/generations", "2025": "/generations/video"}


@pytest.fixture(params=["2024", "2025"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeDreamMachine]:
    with FakeDreamMachine(request.param).running() as fake:
        yield fake


@pytest.fixture
def machine(fake: FakeDreamMachine) -> Iterator[DreamMachine]:
    """A client that has to detect the server's API."""
    with DreamMachine(KEY, fake.base_url) as machine:
        yield machine


def creates(fake: FakeDreamMachine) -> list[str]:
    return [path for method, path in fake.calls if method == "POST"]


def test_a_video_goes_where_the_server_takes_it(fake: FakeDreamMachine, machine: DreamMachine) -> None:
    generation = machine.create_generation(VIDEO)
    assert generation.state == "queued"
    assert creates(fake) == [PATHS[fake.api]]
    assert fake.posts[0].get("model") == (None if fake.api == "2024" else "ray-2")


def test_the_server_is_asked_once_for_all_videos(fake: FakeDreamMachine, machine: DreamMachine) -> None:
    for _ in range(3):
        machine.create_generation(VIDEO)
    assert (fake.count("GET", CONCEPTS_PATH), fake.count("POST")) == (1, 3)


def test_it_is_asked_once_by_many_at_once(fake: FakeDreamMachine) -> None:
    async def main() -> None:
        async with AsyncDreamMachine(KEY, fake.base_url) as machine:
            await asyncio.gather(*(machine.create_generation(VIDEO) for _ in range(20)))

    asyncio.run(main())
    assert (fake.count("GET", CONCEPTS_PATH), fake.count("POST")) == (1, 20)


def test_many_that_wait_share_a_failure_and_ask_again_later(fake: FakeDreamMachine) -> None:
    fake.word_replies += [Reply(500)]

    async def main() -> list[Any]:
        async with AsyncDreamMachine(KEY, fake.base_url) as machine:
            asked = [machine.create_generation(VIDEO) for _ in range(20)]
            found: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
            await machine.create_generation(VIDEO)
            return found

    found = asyncio.run(main())
    assert {type(error) for error in found} == {errors.ServerError}
    assert len({id(error) for error in found}) == 20
    assert (fake.count("GET", CONCEPTS_PATH), fake.count("POST")) == (2, 1)


@pytest.mark.parametrize("reply", [Reply(500), Reply(429), Reply(403), Reply(None), Reply(200, body="<html>")])
def test_a_create_behind_a_question_without_answer_was_not_sent(
    fake: FakeDreamMachine, machine: DreamMachine, reply: Reply
) -> None:
    fake.word_replies += [reply]
    with pytest.raises(errors.APIError, match="getConcepts") as caught:
        machine.create_generation(VIDEO)
    assert (caught.value.reached, fake.count("POST")) == (False, 0)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_an_image_is_created_alike_everywhere(fake: FakeDreamMachine, machine: DreamMachine) -> None:
    machine.generate_image(IMAGE)
    assert fake.calls == [("POST", "/generations/image")]
    assert fake.posts[0]["model"] == "photon-1"


def test_who_says_which_api_it_is_asks_nothing(fake: FakeDreamMachine) -> None:
    with DreamMachine(KEY, fake.base_url, api=fake.api) as machine:
        machine.create_generation(VIDEO)
        assert machine.dialect().api == fake.api
    assert fake.calls == [("POST", PATHS[fake.api])]


@pytest.mark.parametrize("client", [DreamMachine, AsyncDreamMachine])
def test_there_is_no_other_api(client: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="api '2023' is not one of 2024, 2025"):
        client(KEY, "http://localhost", api="2023")


def test_the_lists_of_the_api_are_there(fake: FakeDreamMachine, machine: DreamMachine) -> None:
    if fake.api == "2024":
        assert machine.get_camera_motion() == MOTIONS
        with pytest.raises(errors.NotFoundError):
            machine.get_concepts()
    else:
        assert machine.get_concepts() == CONCEPTS
        with pytest.raises(errors.NotFoundError):
            machine.get_camera_motion()


def test_concepts_may_be_objects(hostile: Hostile) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(200, '[{"key": "dolly_zoom", "name": "Dolly"}, "orbit"]')
    with DreamMachine(KEY, hostile.base_url) as machine:
        assert machine.get_concepts() == ["dolly_zoom", "orbit"]
        assert machine.dialect().api == "2025"


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_either_list_is_no_dream_machine(hostile: Hostile, status: int) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.answer(status, '{"detail": "nothing here"}')

    hostile.behaviour = answer
    with (
        DreamMachine(KEY, hostile.base_url) as machine,
        pytest.raises(errors.NotFoundError, match="neither concepts nor camera motions") as caught,
    ):
        machine.create_generation(VIDEO)
    assert (caught.value.status, caught.value.reached, hostile.creates) == (status, False, 0)


@pytest.mark.parametrize("request_", [VIDEO, IMAGE])
@pytest.mark.parametrize("api", DIALECTS)
def test_completing_changes_nothing_that_is_there(
    request_: GenerationRequest | ImageGenerationRequest, api: Literal["2024", "2025"]
) -> None:
    before = copy.deepcopy(request_)
    completed = DIALECTS[api].complete(request_)
    assert request_ == before
    assert DIALECTS[api].complete(completed) is completed
    named = request_.model_copy(update={"model": "another"})
    assert DIALECTS[api].complete(named) is named


def test_a_request_has_one_spelling_for_each_way_to_write_it() -> None:
    assert [(one.model, one.resolution) for one in spellings(VIDEO)] == [
        (None, None),
        ("ray-2", None),
        ("ray-2", "720p"),
        ("ray-3.2", None),
        ("ray-3.2", "720p"),
    ]
    assert spellings(NEWEST.complete(VIDEO)) == [NEWEST.complete(VIDEO)]
    assert [one.model for one in spellings(IMAGE)] == ["photon-1", "uni-1"]
