"""The client of the Luma API as a type checker sees it: checked by `mypy --strict`, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import assert_type

import httpx2

from dream_nb.api.blocking_luma import Luma
from dream_nb.api.errors import GenerationFailedError
from dream_nb.api.luma import AsyncLuma
from dream_nb.api.luma_models import CreatedFile, FilePage, LumaFile, LumaGeneration
from dream_nb.api.luma_prices import luma_price
from dream_nb.api.luma_requests import FileRequest, LumaRequest, MediaReference, VideoOptions

picture = MediaReference(url="https://a/b.jpg")
image = LumaRequest(prompt="a lake", style="manga", image_ref=[picture], web_search=True, extra={"seed": 7})
options = VideoOptions(duration="5s", resolution="720p", keyframes=[picture], keyframe_indexes=[60])
video = LumaRequest(prompt="a lake", type="video", aspect_ratio="21:9", video=options)
announced = FileRequest(mime_type="image/png", size_bytes=3)


def told(sent: int, size: int) -> None:
    print(sent / size)


def blocking() -> None:
    with Luma("key", "https://example.com", timeout=httpx2.Timeout(30, connect=5), deadline=None) as luma:
        assert_type(luma, Luma)
        made = luma.create_generation(video, request_id="take-1", headers={"X-Own": "a"})
        assert_type(made, LumaGeneration)
        assert_type(luma.get_generation(made.id).failure(), GenerationFailedError | None)
        created = luma.create_file(announced)
        assert_type(created, CreatedFile)
        if created.upload is not None:
            luma.put_file(created.upload, b"abc", progress=told)
        assert_type(luma.complete_file(created.file.id), LumaFile)
        assert_type(luma.upload_file(Path("a.png"), purpose="input", progress=told), LumaFile)
        assert_type(luma.send_file(b"abc", mime_type="image/png"), LumaFile)
        assert_type(luma.wait_for_file("a", seconds=5), LumaFile)
        assert_type(luma.list_files(limit=5, state="ready"), FilePage)
        assert_type(luma.iter_files(), Iterator[LumaFile])
        luma.delete_file("a")
        luma.create_generation(options)  # type: ignore[arg-type]


async def awaited() -> None:
    async with AsyncLuma(timeout=5, http_client=httpx2.AsyncClient()) as luma:
        assert_type(luma, AsyncLuma)
        assert_type(await luma.create_generation(image), LumaGeneration)
        assert_type(await luma.get_file("a"), LumaFile)
        assert_type(luma.iter_files(page=5), AsyncIterator[LumaFile])


assert_type(luma_price(video), float | None)
