"""Every operation of the specification, with both clients, against a served studio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from dream_nb.api.blocking import DreamMachine
from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.errors import (
    AuthenticationError,
    BadRequestError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from dream_nb.api.request_models import GenerationRequest, ImageGenerationRequest, ImageRef
from dream_nb.studio.faults import Fault, Faults
from tests.api.conftest import Open
from tests.api.servers import Exchange, Hostile

PROMPT = "a serene lake at sunset"
Call = Callable[..., Any]


@pytest.fixture(params=["DreamMachine", "AsyncDreamMachine"])
def call(request: pytest.FixtureRequest, studio: str, key: str) -> Iterator[Call]:
    """Calls a method of either client and returns its result (for an iterator, a list of its items)."""
    if request.param == "DreamMachine":
        with DreamMachine(key, studio) as machine:

            def direct(name: str, *arguments: Any, **options: Any) -> Any:
                result = getattr(machine, name)(*arguments, **options)
                return list(result) if isinstance(result, Iterator) else result

            yield direct
        return

    async def run(name: str, *arguments: Any, **options: Any) -> Any:
        async with AsyncDreamMachine(key, studio) as machine:
            result = getattr(machine, name)(*arguments, **options)
            return [item async for item in result] if isinstance(result, AsyncIterator) else await result

    yield lambda *arguments, **options: asyncio.run(run(*arguments, **options))


def test_create_generation_gives_the_queued_generation(call: Call) -> None:
    generation = call("create_generation", GenerationRequest(prompt=PROMPT, loop=True))
    assert (generation.state, generation.kind, generation.request.loop) == ("queued", "video", True)


def test_generate_image_gives_the_queued_generation(call: Call) -> None:
    generation = call("generate_image", ImageGenerationRequest(prompt=PROMPT, model="photon-flash-1"))
    assert (generation.state, generation.kind, generation.request.model) == ("queued", "image", "photon-flash-1")


def test_get_generation_finds_what_was_created(call: Call) -> None:
    created = call("create_generation", GenerationRequest(prompt=PROMPT))
    found = call("get_generation", created.id)
    assert (found.id, found.request.prompt) == (created.id, PROMPT)


def test_list_generations_gives_one_page_newest_first(call: Call) -> None:
    ids = [call("create_generation", GenerationRequest(prompt=f"{PROMPT} {n}")).id for n in range(3)]
    page = call("list_generations", limit=2, offset=1)
    assert [generation.id for generation in page.generations] == [ids[1], ids[0]]
    assert (page.count, page.has_more, page.limit, page.offset) == (2, False, 2, 1)


def test_iter_generations_gives_all_pages(call: Call) -> None:
    ids = [call("create_generation", GenerationRequest(prompt=f"{PROMPT} {n}")).id for n in range(5)]
    assert [generation.id for generation in call("iter_generations", page=2)] == ids[::-1]


def test_iter_documents_gives_all_pages_as_the_server_wrote_them(call: Call) -> None:
    ids = [call("create_generation", GenerationRequest(prompt=f"{PROMPT} {n}")).id for n in range(5)]
    documents = call("iter_documents", page=2)
    assert [document["id"] for document in documents] == ids[::-1]
    assert documents[0]["request"]["prompt"] == f"{PROMPT} 4"


def test_delete_generation_removes_it(call: Call) -> None:
    created = call("create_generation", GenerationRequest(prompt=PROMPT))
    call("delete_generation", created.id)
    with pytest.raises(NotFoundError):
        call("get_generation", created.id)


def test_get_credits_is_in_cents(call: Call) -> None:
    before = call("get_credits").credit_balance
    call("create_generation", GenerationRequest(prompt=PROMPT))
    assert before - call("get_credits").credit_balance == pytest.approx(70.78)


def test_get_camera_motion_lists_texts(call: Call) -> None:
    assert "camera orbit left" in [motion.lower() for motion in call("get_camera_motion")]


def test_ping_is_answered(call: Call) -> None:
    assert call("ping").message == "pong"


def test_a_refusal_tells_the_servers_detail(call: Call) -> None:
    with pytest.raises(BadRequestError, match="prompt") as caught:
        call("create_generation", GenerationRequest(prompt="ab"))
    error = caught.value
    assert (error.operation, error.status) == ("createGeneration", 400)
    assert f"400, {str(error.detail).rstrip('.')}. " in str(error)


def test_an_unknown_generation_is_not_found(machine: DreamMachine) -> None:
    with pytest.raises(NotFoundError) as caught:
        machine.delete_generation("123e4567-e89b-12d3-a456-426614174000")
    assert (caught.value.operation, caught.value.status) == ("deleteGeneration", 404)


def test_a_wrong_key_is_an_authentication_error(studio: str) -> None:
    with DreamMachine("another-key", studio) as machine, pytest.raises(AuthenticationError) as caught:
        machine.get_credits()
    assert caught.value.status == 401


def test_a_rate_limit_tells_how_long_to_wait(machine: DreamMachine, faults: Faults) -> None:
    faults.add(Fault(answer=429, headers={"retry-after": "90"}))
    with pytest.raises(RateLimitError) as caught:
        machine.get_credits()
    assert caught.value.retry_after == 90


def test_an_unavailable_server_tells_how_long_to_wait(machine: DreamMachine, faults: Faults) -> None:
    faults.add(Fault(answer=503, headers={"retry-after": "5"}))
    with pytest.raises(ServerError) as caught:
        machine.get_credits()
    assert (caught.value.status, caught.value.retry_after) == (503, 5)


def sent_by(hostile: Hostile, call: Callable[[], object]) -> dict[str, Any]:
    hostile.behaviour = lambda exchange: exchange.answer(201, '{"id": "a", "state": "queued"}')
    call()
    document: dict[str, Any] = json.loads(hostile.requests[0].body)
    return document


def test_typed_additions_of_the_hosted_api_are_sent(hostile: Hostile, connect: Open) -> None:
    additions: dict[str, Any] = {
        "model": "ray-2",
        "duration": "5s",
        "resolution": "720p",
        "concepts": [{"key": "dolly_zoom"}],
    }
    machine = connect(hostile.base_url)
    sent = sent_by(hostile, lambda: machine.create_generation(GenerationRequest(prompt=PROMPT, **additions)))
    assert sent == {"prompt": PROMPT, "aspect_ratio": "16:9", "generation_type": "video"} | additions


def test_the_format_of_an_image_is_sent(hostile: Hostile, connect: Open) -> None:
    machine = connect(hostile.base_url)
    request = ImageGenerationRequest(prompt=PROMPT, format="png", image_ref=[ImageRef(url="https://a/b.png", weight=1)])
    sent = sent_by(hostile, lambda: machine.generate_image(request))
    assert (sent["format"], sent["image_ref"]) == ("png", [{"url": "https://a/b.png", "weight": 1}])


def test_extra_fields_are_sent_beside_the_others(hostile: Hostile, connect: Open) -> None:
    machine = connect(hostile.base_url)
    request = GenerationRequest(prompt=PROMPT, extra={"seed": 7, "hdr": {"on": True}})
    sent = sent_by(hostile, lambda: machine.create_generation(request))
    assert (sent["seed"], sent["hdr"]) == (7, {"on": True})


def test_further_headers_go_with_a_create(hostile: Hostile, connect: Open, key: str) -> None:
    machine = connect(hostile.base_url)
    headers = {"Dream-Take": "2", "Authorization": "Bearer mine"}
    sent_by(hostile, lambda: machine.create_generation(GenerationRequest(prompt=PROMPT), headers=headers))
    got = hostile.requests[0].headers
    assert (got["dream-take"], got["authorization"]) == ("2", f"Bearer {key}")


def test_an_id_is_one_segment_of_the_path(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(200, '{"id": "a"}')
    connect(hostile.base_url).get_generation("a/../b?c#d")
    assert hostile.requests[0].path == "/v1/generations/a%2F..%2Fb%3Fc%23d"


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_what_is_no_id_is_not_sent(hostile: Hostile, connect: Open, id: str) -> None:  # noqa: A002
    with pytest.raises(InvalidRequestError, match="is not the id"):
        connect(hostile.base_url).delete_generation(id)
    assert hostile.requests == []


def test_half_a_character_is_not_sent(hostile: Hostile, connect: Open) -> None:
    with pytest.raises(InvalidRequestError, match="an unpaired surrogate"):
        connect(hostile.base_url).create_generation(GenerationRequest(prompt="a \ud800 lake"))
    assert hostile.requests == []


def test_a_number_that_json_lacks_is_not_sent_as_null(hostile: Hostile, connect: Open) -> None:
    # model_copy() does not validate.
    request = GenerationRequest(prompt="a lake").model_copy(update={"extra": {"seed": float("nan")}})
    with pytest.raises(InvalidRequestError, match=r"extra\.seed: nan"):
        connect(hostile.base_url).create_generation(request)
    assert hostile.requests == []


def test_prompts_of_any_script_arrive_as_they_are(hostile: Hostile, connect: Open) -> None:
    machine = connect(hostile.base_url)
    prompt = "静かな湖 🌅 {x} $5 \\n"
    sent = sent_by(hostile, lambda: machine.create_generation(GenerationRequest(prompt=prompt)))
    assert sent["prompt"] == prompt


def answers_with(status: int, body: str, **headers: str) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.answer(status, body, **headers)


def test_a_lying_content_type_does_not_matter(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = answers_with(200, '{"credit_balance": 7}', content_type="text/html")
    assert connect(hostile.base_url).get_credits().credit_balance == 7


def test_any_success_of_a_delete_will_do(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = answers_with(200, '{"ok": true}')
    connect(hostile.base_url).delete_generation("a")
    assert hostile.requests[0].method == "DELETE"
