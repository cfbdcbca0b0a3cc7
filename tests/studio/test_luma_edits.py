"""Edits of the Luma API: videos with another look or another ratio, and edited pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from dream_nb.studio.render import Brief, render
from tests.studio.machine import LUMA_PREFIX, Machine, Stalled, in_process, settings
from tests.studio.render.clips import U8, decoded, distance
from tests.studio.render.sources import panning, written

pytestmark = pytest.mark.anyio

LOOK = "a desert at sunset, watercolour"
EDIT: dict[str, Any] = {"prompt": LOOK, "type": "video_edit", "model": "ray-3.2"}
REFRAME: dict[str, Any] = {"prompt": "a lake", "type": "video_reframe", "model": "ray-3.2"}


@pytest.fixture
async def luma(tmp_path: Path) -> AsyncIterator[Machine]:
    """A studio that draws in the requested size."""
    whole = settings(shorter_side=None, longest_seconds=None)
    async with in_process(tmp_path, settings=whole, prefix=LUMA_PREFIX) as machine:
        yield machine


def inline(data: bytes, media_type: str = "video/mp4") -> dict[str, str]:
    return {"data": base64.b64encode(data).decode(), "media_type": media_type}


@cache
def source(seconds: float = 0.5) -> bytes:
    """A small clip of a woman who walks."""
    prompt = "a woman walking in a street at noon, pan left"
    return render(Brief("video", prompt, width=192, height=108, seconds=seconds, fps=12))


def picture_of(prompt: str, size: tuple[int, int] = (192, 108)) -> bytes:
    return render(Brief("image", prompt, width=size[0], height=size[1], image_format="png"))


async def file_of(luma: Machine, generation: Any) -> bytes:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(luma.app)) as plain:
        return (await plain.get(generation["output"][0]["url"])).content


async def edited(luma: Machine, video: Any = None, base: Any = EDIT, **more: Any) -> list[U8]:
    """The frames of an edit of the source."""
    body = base | {"source": inline(source())} | more | ({"video": video} if video else {})
    return decoded(await file_of(luma, await luma.made(body))).frames


def away(clip: list[U8]) -> float:
    """The mean difference of a clip from the source, in levels."""
    return float(np.mean([distance(one, other) for one, other in zip(clip, decoded(source()).frames, strict=True)]))


async def test_an_edit_goes_as_far_from_its_source_as_is_asked(luma: Machine) -> None:
    strengths = ("adhere_1", "flex_1", "reimagine_3")
    gone = [away(await edited(luma, {"edit": {"strength": strength}})) for strength in strengths]
    assert gone[0] + 3 < gone[1] < gone[2] - 3


async def test_an_edit_is_as_long_as_its_source(luma: Machine) -> None:
    clip = decoded(await file_of(luma, await luma.made(EDIT | {"source": inline(source())})))
    assert (len(clip.frames), clip.rate, clip.frames[0].shape) == (6, 12.0, (108, 192, 3))


@pytest.mark.parametrize("control", ["depth", "normals", "pose"])
async def test_what_a_control_keeps_is_nearer_to_the_source(luma: Machine, control: str) -> None:
    far, near = [
        away(await edited(luma, {"edit": {"strength": "reimagine_3", "controls": {control: {"enabled": enabled}}}}))
        for enabled in (False, True)
    ]
    assert near < far - 0.2


async def test_a_face_that_is_kept_is_nearer_to_the_source(luma: Machine) -> None:
    face = Image.new("RGB", (192, 108), (40, 90, 60))
    face.paste((214, 160, 130), (70, 20, 122, 92))
    skin = np.asarray(face)
    clip = inline(written([skin] * 3))
    gone = []
    for enabled in (False, True):
        told = {"strength": "reimagine_3", "controls": {"face": {"enabled": enabled}}}
        frames = await edited(luma, {"edit": told}, source=clip)
        inside = frames[1][30:82, 80:112].astype(float)
        gone.append((float(inside.std(axis=(0, 1)).mean()), distance(frames[1][:, :60], skin[:, :60])))
    # The rest of the frame, which is not a face, becomes desert as before.
    assert gone[1][0] < gone[0][0] - 1.0
    assert abs(gone[1][1] - gone[0][1]) < 1.0


@pytest.mark.parametrize(
    ("control", "strict", "loose"),
    [
        ("depth", {"blur": 0.0}, {"blur": 1.0}),
        ("normals", {"augmentation": 0.0}, {"augmentation": 1.0}),
        ("pose", {"strength": "precise"}, {"strength": "coarse"}),
    ],
)
async def test_a_control_leaves_as_much_freedom_as_is_asked(
    luma: Machine, control: str, strict: Any, loose: Any
) -> None:
    near, far = [
        away(await edited(luma, {"edit": {"strength": "reimagine_3", "controls": {control: told}}}))
        for told in (strict, loose)
    ]
    assert near < far - 0.05


async def test_a_trajectory_that_is_not_kept_lets_the_scene_stand_still(luma: Machine) -> None:
    moving = inline(written(panning(step=6, width=192, height=108)))
    kept, left = [
        await edited(
            luma,
            {"edit": {"strength": "reimagine_3", "controls": {"trajectory": {"enabled": enabled}}}},
            source=moving,
        )
        for enabled in (True, False)
    ]
    assert distance(kept[0], left[0]) < 1.5
    assert distance(kept[-1], left[-1]) > 3.0


async def test_automatic_control_keeps_more_of_what_moves(luma: Machine) -> None:
    still = decoded(source()).frames[0]
    rng = np.random.default_rng(3)
    restless = [np.roll(still, int(rng.integers(-40, 40)), axis=1) for _ in range(6)]
    gone = []
    for pictures in ([still] * 6, restless):
        clip = await edited(luma, {"edit": {"auto_controls": True}}, source=inline(written(pictures)))
        gone.append(float(np.mean([distance(one, other) for one, other in zip(clip, pictures, strict=True)])))
    assert gone[1] < gone[0] - 1.0


async def test_guide_frames_of_an_edit_are_reached(luma: Machine) -> None:
    guides = [picture_of("a red fox"), picture_of("a city at night")]
    told = {"keyframes": [inline(guide, "image/png") for guide in guides], "keyframe_indexes": [1, 4]}
    clip = await edited(luma, {"edit": told})
    for at, guide in zip((1, 4), guides, strict=True):
        assert distance(clip[at], np.asarray(Image.open(io.BytesIO(guide), formats=["PNG"]))) < 8
    assert distance(clip[5], clip[4]) > 1


async def test_a_guide_frame_behind_the_source_is_refused(luma: Machine) -> None:
    told = {"keyframes": [inline(picture_of("a fox"), "image/png")], "keyframe_indexes": [6]}
    made = await luma.create(EDIT | {"source": inline(source()), "video": {"edit": told}})
    failed = await luma.finished(made["id"])
    assert (failed["state"], failed["failure_code"]) == ("failed", "invalid_request")
    assert failed["failure_reason"] == "keyframe index 6 is outside of the source, which has 6 frames"


async def test_an_edit_begins_with_its_start_frame(luma: Machine) -> None:
    start = picture_of("a red fox")
    clip = await edited(luma, {"start_frame": inline(start, "image/png")})
    assert distance(clip[0], np.asarray(Image.open(io.BytesIO(start), formats=["PNG"]))) < 8


@pytest.mark.parametrize(("resolution", "ratio", "shape"), [("360p", None, (360, 640)), ("360p", "1:1", (360, 360))])
async def test_an_edit_has_the_size_that_is_asked_for(
    luma: Machine, resolution: str, ratio: str | None, shape: tuple[int, int]
) -> None:
    clip = await edited(luma, {"resolution": resolution}, **({"aspect_ratio": ratio} if ratio else {}))
    assert clip[0].shape[:2] == shape


async def test_an_edit_of_an_earlier_generation(luma: Machine) -> None:
    video = {"prompt": "a lake at noon", "type": "video", "model": "ray-3.2", "video": {"resolution": "360p"}}
    earlier = await luma.made(video)
    await luma.made(EDIT | {"source": {"generation_id": earlier["id"]}, "video": {"resolution": "360p"}})


async def test_a_source_that_is_too_long_to_be_edited_is_refused(luma: Machine) -> None:
    black = np.zeros((32, 32, 3), np.uint8)
    long = inline(written([black] * 19, rate=1))
    failed = await luma.finished((await luma.create(EDIT | {"source": long}))["id"])
    assert (failed["failure_code"], failed["failure_reason"]) == (
        "invalid_request",
        "Video is too long: 19.0 s, and at most 18 s are edited",
    )
    assert (await luma.finished((await luma.create(REFRAME | {"source": long}))["id"]))["state"] == "completed"


@pytest.mark.parametrize(
    ("position", "rectangle"),
    [
        (None, (0, 119, 360, 242)),
        ({"x_norm": 0.5, "y_norm": 0.25, "w_norm": 0.5, "h_norm": 0.25}, (180, 90, 180, 90)),
        ({"x_norm": -0.5, "y_norm": 0.0, "w_norm": 1.0, "h_norm": 1.0}, (-180, 0, 360, 360)),
        ({"x_norm": -0.5, "y_norm": -0.5, "w_norm": 2.0, "h_norm": 2.0}, (-180, -180, 720, 720)),
    ],
    ids=str,
)
async def test_a_reframed_source_lies_where_it_is_put(
    luma: Machine, position: Any, rectangle: tuple[int, int, int, int]
) -> None:
    options = {"resolution": "360p"} | ({"source_position": position} if position else {})
    clip = await edited(luma, options, base=REFRAME, aspect_ratio="1:1")
    assert clip[0].shape[:2] == (360, 360)
    left, top, width, height = rectangle
    if position is None:
        height = round(360 * 108 / 192)
        top = (360 - height) // 2
    frame = decoded(source()).frames[0]
    laid = Image.new("RGB", (360, 360))
    laid.paste(Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS), (left, top))
    # Leave out the edges, which may be between two pixels.
    rows = slice(max(0, top + 4), min(360, top + height - 4))
    columns = slice(max(0, left + 4), min(360, left + width - 4))
    assert distance(clip[0][rows, columns], np.asarray(laid)[rows, columns]) < 6


async def test_an_edited_image_keeps_its_source_and_takes_on_the_prompt(luma: Machine) -> None:
    base = picture_of("a lighthouse on a cliff at noon", (960, 544))
    body = {"prompt": "a red dragon at night", "type": "image_edit", "source": inline(base, "image/png")}
    made = await luma.made(body | {"output_format": "png"})
    image = np.asarray(Image.open(io.BytesIO(await file_of(luma, made)), formats=["PNG"]))
    alone = picture_of("a red dragon at night", (image.shape[1], image.shape[0]))
    drawn = np.asarray(Image.open(io.BytesIO(alone), formats=["PNG"]))
    given = np.asarray(Image.open(io.BytesIO(base), formats=["PNG"]).resize(image.shape[1::-1]))
    assert abs(image.shape[1] / image.shape[0] - 960 / 544) < 0.03
    assert 5 < distance(image, given) < distance(drawn, given)


async def test_each_reference_of_an_image_counts(luma: Machine) -> None:
    shades = [Image.new("RGB", (16, 16), (level, 0, 0)) for level in range(20, 245, 25)]
    given = []
    for shade in shades:
        file = io.BytesIO()
        shade.save(file, "PNG")
        given.append(inline(file.getvalue(), "image/png"))
    pictures = []
    for references in (given, given[1:], [*given[:8], given[0]]):
        made = await luma.made({"prompt": "a lake", "image_ref": references, "output_format": "png"})
        pictures.append(await file_of(luma, made))
    assert len(set(pictures)) == 3


async def test_a_manga_is_drawn_upright_in_black_and_white(luma: Machine) -> None:
    made = await luma.made({"prompt": "a red fox in the snow", "style": "manga", "output_format": "png"})
    image = np.asarray(Image.open(io.BytesIO(await file_of(luma, made)), formats=["PNG"])).astype(int)
    assert image.shape[0] > 1.4 * image.shape[1]
    assert np.abs(image[..., 0] - image[..., 2]).mean() < 4
    assert image.std() > 40


async def test_the_plain_style_is_that_of_the_prompt(luma: Machine) -> None:
    one, other = [
        await file_of(luma, await luma.made({"prompt": "a lake", "output_format": "png"} | style))
        for style in ({}, {"style": "auto"})
    ]
    seen = [np.asarray(Image.open(io.BytesIO(data), formats=["PNG"])) for data in (one, other)]
    assert np.array_equal(seen[0], seen[1])


@pytest.mark.parametrize(("resolution", "longer"), [({}, 1024), ({"resolution": "2k"}, 2048)])
async def test_a_picture_is_taken_apart_into_its_layers(luma: Machine, resolution: Any, longer: int) -> None:
    body = {"prompt": "the fox", "type": "layering", "source": inline(picture_of("a red fox", (480, 270)), "image/png")}
    made = await luma.made(body | ({"layering": resolution} if resolution else {}))
    layers = made["output"]
    assert [(one["type"], one["layer"]["index"]) for one in layers] == [("image", at) for at in range(len(layers))]
    assert (layers[0]["layer"]["label"], layers[-1]["layer"]["label"]) == ("fox", "background")
    image = Image.new("RGBA", (longer, longer * 9 // 16))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(luma.app)) as plain:
        for one in reversed(layers):
            image.alpha_composite(Image.open(io.BytesIO((await plain.get(one["url"])).content), formats=["PNG"]))
    given = Image.open(io.BytesIO(picture_of("a red fox", (480, 270))), formats=["PNG"])
    wanted = np.asarray(given.resize(image.size, Image.Resampling.LANCZOS))
    assert distance(np.asarray(image.convert("RGB")), wanted) < 1


async def test_layers_that_are_under_way_have_no_file(tmp_path: Path, stalled: Stalled) -> None:
    async with in_process(tmp_path, executor=lambda: stalled, prefix=LUMA_PREFIX) as luma:
        body = {"prompt": "", "type": "layering", "source": inline(picture_of("a fox"), "image/png")}
        made = await luma.until((await luma.create(body))["id"], "processing")
        assert made["output"] is None


@pytest.mark.parametrize("kind", ["video", "video_edit"])
async def test_a_video_in_high_dynamic_range_comes_with_its_frames_in_exr(tmp_path: Path, kind: str) -> None:
    body: dict[str, Any] = {
        "prompt": LOOK,
        "type": kind,
        "model": "ray-3.2",
        "video": {"hdr": True, "exr_export": True},
    }
    if kind == "video_edit":
        body["source"] = inline(source())
    small = settings(shorter_side=54, longest_seconds=0.2)
    async with in_process(tmp_path, settings=small, prefix=LUMA_PREFIX) as luma:
        made = await luma.made(body)
        assert [one["type"] for one in made["output"]] == ["video", "exr"]
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(luma.app)) as plain:
            video, exr = [await plain.get(one["url"]) for one in made["output"]]
    assert (video.headers["content-type"], exr.headers["content-type"]) == ("video/mp4", "image/x-exr")
    assert decoded(video.content).pixels == "yuv420p10le"
    assert exr.content.startswith(b"\x76\x2f\x31\x01")


async def test_without_exr_high_dynamic_range_is_one_file(luma: Machine) -> None:
    body = {
        "prompt": LOOK,
        "type": "video_edit",
        "model": "ray-3.2",
        "source": inline(source()),
        "video": {"hdr": True},
    }
    made = await luma.made(body)
    assert [one["type"] for one in made["output"]] == ["video"]
    assert decoded(await file_of(luma, made)).pixels == "yuv420p10le"


async def test_an_image_that_was_made_can_be_edited(luma: Machine) -> None:
    earlier = await luma.made({"prompt": "a lake at noon", "aspect_ratio": "1:1"})
    body = {"prompt": "at night", "type": "image_edit", "source": {"generation_id": earlier["id"]}}
    made = await luma.made(body)
    image = Image.open(io.BytesIO(await file_of(luma, made)), formats=["JPEG"])
    assert image.size == (1024, 1024)


async def test_a_video_in_high_dynamic_range_can_be_edited(luma: Machine) -> None:
    first = await luma.made(EDIT | {"source": inline(source()), "video": {"hdr": True}})
    second = EDIT | {"source": {"generation_id": first["id"]}, "video": {"edit": {"strength": "adhere_1"}}}
    one, other = [decoded(await file_of(luma, made)) for made in (first, await luma.made(second))]
    assert (one.pixels, other.pixels) == ("yuv420p10le", "yuv420p")
    assert distance(one.frames[2], other.frames[2]) < 20
