"""Given frames in the Luma API: a start, an end, an earlier video to continue, and pictures anywhere in between."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.studio.machine import LUMA_PREFIX, PROMPT, Machine, in_process, settings
from tests.studio.render.clips import U8, decoded

pytestmark = pytest.mark.anyio

VIDEO: dict[str, Any] = {"prompt": PROMPT, "type": "video", "model": "ray-3.2", "aspect_ratio": "16:9"}
NEAR = 8.0
"""The largest mean difference between a given picture and its decoded frame, in levels."""
FAR = 25.0


@pytest.fixture
async def luma(tmp_path: Path) -> AsyncIterator[Machine]:
    """A studio that draws small videos of full length."""
    async with in_process(
        tmp_path, settings=settings(shorter_side=90, longest_seconds=None), prefix=LUMA_PREFIX
    ) as one:
        yield one


def pattern(seed: int, size: tuple[int, int] = (160, 90)) -> Image.Image:
    """A picture of large soft spots, different for each seed."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (4, 5, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)


def reference(image: Image.Image) -> dict[str, str]:
    file = io.BytesIO()
    image.save(file, "PNG")
    return {"data": base64.b64encode(file.getvalue()).decode(), "media_type": "image/png"}


async def frames(luma: Machine, generation: Any) -> list[U8]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(luma.app)) as plain:
        return decoded((await plain.get(generation["output"][0]["url"])).content).frames


async def drawn(luma: Machine, **video: Any) -> list[U8]:
    return await frames(luma, await luma.made(VIDEO | {"video": video}))


def away(frame: U8, image: Image.Image) -> float:
    wanted: NDArray[np.float64] = np.asarray(image.resize(frame.shape[1::-1]), np.float64)
    return float(np.abs(frame - wanted).mean())


async def test_a_start_frame_is_the_first(luma: Machine) -> None:
    start = pattern(1)
    clip = await drawn(luma, start_frame=reference(start))
    assert away(clip[0], start) < NEAR
    assert away(clip[-1], start) > FAR


async def test_an_end_frame_is_the_last(luma: Machine) -> None:
    end = pattern(2)
    clip = await drawn(luma, end_frame=reference(end))
    assert away(clip[-1], end) < NEAR
    assert away(clip[0], end) > FAR


async def test_a_video_goes_from_its_start_to_its_end(luma: Machine) -> None:
    start, end = pattern(1), pattern(2)
    clip = await drawn(luma, start_frame=reference(start), end_frame=reference(end))
    assert (away(clip[0], start) < NEAR, away(clip[-1], end) < NEAR) == (True, True)


async def test_a_video_goes_on_where_an_earlier_one_ends(luma: Machine) -> None:
    earlier = await luma.made(VIDEO)
    clip = await drawn(luma, start_frame={"generation_id": earlier["id"]})
    last = (await frames(luma, earlier))[-1]
    assert float(np.abs(clip[0].astype(float) - last).mean()) < NEAR


async def test_a_video_leads_to_where_a_later_one_begins(luma: Machine) -> None:
    later = await luma.made(VIDEO)
    clip = await drawn(luma, end_frame={"generation_id": later["id"]})
    first = (await frames(luma, later))[0]
    assert float(np.abs(clip[-1].astype(float) - first).mean()) < NEAR


@pytest.mark.parametrize("indexes", [[0], [119], [40, 41], [0, 30, 75, 119], [90, 10, 50]], ids=str)
async def test_each_guide_frame_is_at_its_place(luma: Machine, indexes: list[int]) -> None:
    guides = [pattern(index) for index in indexes]
    clip = await drawn(luma, keyframes=[*map(reference, guides)], keyframe_indexes=indexes)
    assert len(clip) == 120
    for index, guide in zip(indexes, guides, strict=True):
        seen = [away(frame, guide) for frame in clip]
        assert seen[index] < min(NEAR, min(seen) + 1.0)
        assert max(seen) > FAR


async def test_the_end_of_the_grid_is_the_last_frame(luma: Machine) -> None:
    guide = pattern(3)
    clip = await drawn(luma, duration="10s", keyframes=[reference(guide)], keyframe_indexes=[240])
    assert (len(clip), away(clip[-1], guide) < NEAR) == (240, True)


async def test_64_guide_frames_are_all_reached(luma: Machine) -> None:
    guides, indexes = [pattern(at % 5) for at in range(64)], [at * 119 // 63 for at in range(64)]
    clip = await drawn(luma, keyframes=[*map(reference, guides)], keyframe_indexes=indexes)
    assert max(away(clip[index], guide) for index, guide in zip(indexes, guides, strict=True)) < 2 * NEAR


async def test_a_loop_ends_where_it_begins(luma: Machine) -> None:
    start = pattern(4)
    for video in ({}, {"start_frame": reference(start)}):
        clip = [frame.astype(float) for frame in await drawn(luma, loop=True, **video)]
        steps = [float(np.abs(one - other).mean()) for one, other in itertools.pairwise(clip)]
        assert float(np.abs(clip[-1] - clip[0]).mean()) < 1.5 * max(steps)


@pytest.mark.parametrize(("size", "shape"), [((90, 160), (160, 90)), ((100, 100), (90, 90)), ((250, 100), (90, 210))])
async def test_without_a_ratio_a_video_has_that_of_its_given_frame(
    luma: Machine, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    body = {name: value for name, value in VIDEO.items() if name != "aspect_ratio"}
    given = reference(pattern(5, size))
    for video in ({"start_frame": given}, {"keyframes": [given], "keyframe_indexes": [0]}):
        clip = await frames(luma, await luma.made(body | {"video": video}))
        assert clip[0].shape[:2] == shape


async def test_a_shortened_video_has_its_guide_frames_nearer_together(tmp_path: Path) -> None:
    guides = [pattern(at) for at in range(3)]
    small = settings(shorter_side=90, longest_seconds=1.0)
    async with in_process(tmp_path / "short", settings=small, prefix=LUMA_PREFIX) as luma:
        clip = await drawn(luma, keyframes=[*map(reference, guides)], keyframe_indexes=[0, 60, 120])
    assert len(clip) == 24
    assert max(away(clip[at], guide) for at, guide in zip((0, 12, 23), guides, strict=True)) < NEAR


async def test_a_frame_that_cannot_be_read_fails_as_corrupt(luma: Machine) -> None:
    broken = {"data": base64.b64encode(b"no picture").decode(), "media_type": "image/png"}
    made = await luma.create(VIDEO | {"video": {"start_frame": broken}})
    failed = await luma.finished(made["id"])
    assert (failed["state"], failed["failure_code"]) == ("failed", "corrupt_input")
