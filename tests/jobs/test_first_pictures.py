"""The first picture of a generation is shown before it is done, and never instead of it."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dream_nb.api.models import Generation
from dream_nb.api.request_models import GenerationRequest
from dream_nb.jobs.first_pictures import FirstPicture
from dream_nb.session import Session
from tests.studio.machine import until

SECONDS = 240
PICTURE = b"\xff\xd8\xff and so on"


def generation(url: object) -> Generation:
    return Generation.from_answer({"id": "1", "state": "dreaming", "assets": {"thumbnail": url}})


async def shown(url: object, content: bytes = PICTURE, status: int = 200) -> tuple[list[bytes], list[str]]:
    """The pictures shown of a generation with this URL, and the paths that were requested."""
    asked: list[str] = []

    async def answer(request: Request) -> Response:
        asked.append(request.url.path)
        return Response(content, status)

    app = Starlette(routes=[Route("/{name}", answer)])
    pictures: list[bytes] = []
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as files:
        first = FirstPicture(files, pictures.append)
        for _ in range(3):
            first.look(generation(url))
        if first._task is not None:
            await first._task
    return pictures, asked


@pytest.mark.anyio
async def test_it_is_fetched_once() -> None:
    assert await shown("http://files.example/first.jpeg") == ([PICTURE], ["/first.jpeg"])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("content", "status"),
    [(b"<html>", 200), (PICTURE, 404), (PICTURE + bytes(2**20), 200)],
    ids=["page", "404", "large"],
)
async def test_what_is_no_small_picture_is_not_shown(content: bytes, status: int) -> None:
    assert await shown("http://files.example/first.jpeg", content, status) == ([], ["/first.jpeg"])


@pytest.mark.anyio
@pytest.mark.parametrize("url", [None, 7, "", "http://["])
async def test_what_is_no_address_changes_nothing(url: object) -> None:
    pictures, _ = await shown(url)
    assert pictures == []


@pytest.mark.anyio
async def test_one_that_is_on_its_way_is_given_up_at_the_end() -> None:
    async def answer(_: Request) -> Response:
        await until(lambda: False)
        return Response(PICTURE)

    pictures: list[bytes] = []
    app = Starlette(routes=[Route("/{name}", answer)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as files:
        first = FirstPicture(files, pictures.append)
        first.look(generation("http://files.example/first.jpeg"))
        first.close()
        assert first._task is not None
        await until(first._task.done)
    assert pictures == []


def test_the_studio_shows_its_first_frame_while_it_draws_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "540")
    monkeypatch.delenv("DREAM_NB_STUDIO_SECONDS", raising=False)
    with Session(library=tmp_path / "dreams", backend="studio") as session:
        job = session.submit(GenerationRequest(prompt="a lake"))
        seen: list[tuple[str, bool]] = []
        job.on_change(lambda job: seen.append((job.progress.state, job.picture is not None)))
        job.result(SECONDS)
    assert ("dreaming", True) in seen
    assert job.picture is not None
    assert job.picture.startswith(b"\xff\xd8\xff")
