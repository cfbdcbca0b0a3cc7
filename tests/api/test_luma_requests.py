"""Requests that the Luma API refuses are refused before they are sent, and a strict fake agrees."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.luma_limits import LUMA_RATIOS, RATIOS_OF
from dream_nb.api.luma_requests import FileRequest, LumaRequest, MediaReference, SourcePosition
from tests.fakes.luma_requests import refusal

PICTURE = {"url": "https://a.b/c.jpg"}
DATA = {"data": "YQ==", "media_type": "image/png"}
CLIP = {"url": "https://a.b/c.mp4", "media_type": "video/mp4"}
UUID = "00000000-0000-4000-8000-000000000001"
IMAGE = {"prompt": "a lake"}
EDIT = {"prompt": "a lake", "type": "image_edit", "source": PICTURE}
VIDEO = {"prompt": "a lake", "type": "video"}
VIDEO_EDIT = {"prompt": "a lake", "type": "video_edit", "source": CLIP}
REFRAME = {"prompt": "a lake", "type": "video_reframe", "source": CLIP}
LAYERS = {"prompt": "", "type": "layering", "source": PICTURE}
POSITION = {"x_norm": 0.0, "y_norm": -0.25, "w_norm": 2.0, "h_norm": 1.5}

Fields = dict[str, Any]


def found(kind: str, id_: str) -> Fields:
    """Find every generation and file that a request refers to."""
    return {"id": id_, "state": "completed" if kind == "generation_id" else "ready", "type": "video", "mime_type": "?"}


def video(base: Fields = VIDEO, **options: Any) -> Fields:
    return base | {"video": options}


def frames(count: int, **more: Any) -> Fields:
    return {"keyframes": [PICTURE] * count, "keyframe_indexes": list(range(count))} | more


TAKEN: dict[str, Fields] = {
    "an image": IMAGE,
    "an image of nine references": IMAGE | {"image_ref": [PICTURE] * 9},
    "an image of the longest prompt": {"prompt": "x" * 6000},
    "a manga": IMAGE | {"style": "manga", "aspect_ratio": "9:16"},
    "a manga of any ratio": IMAGE | {"style": "manga"},
    "an edit in the style manga": EDIT | {"style": "manga", "aspect_ratio": "16:9"},
    "an image of the better model": IMAGE | {"model": "uni-1-max", "web_search": True, "output_format": "jpeg"},
    "an edit of eight references": EDIT | {"image_ref": [DATA] * 8},
    "layers": LAYERS | {"layering": {"resolution": "1k"}},
    "layers with guidance": LAYERS | {"prompt": "x" * 500, "output_format": "png"},
    "a video": VIDEO,
    "a draft that loops": video(resolution="360p", duration="5s", loop=True),
    "a loop from a frame": video(loop=True, start_frame=PICTURE),
    "a video between frames": video(start_frame=PICTURE, end_frame=DATA),
    "an extension": video(start_frame={"generation_id": UUID}),
    "guide frames": video(**frames(64)),
    "a guide frame at the end": video(keyframes=[PICTURE], keyframe_indexes=[120]),
    "a guide frame at the end of a long video": video(duration="10s", keyframes=[DATA], keyframe_indexes=[240]),
    "guide frames in HDR": video(**frames(2, hdr=True, resolution="720p")),
    "HDR with EXR": video(hdr=True, exr_export=True, resolution="1080p"),
    "what is off": video(VIDEO_EDIT, loop=False),
    "a video edit": video(VIDEO_EDIT, edit={"auto_controls": True}),
    "a video edit from a frame": video(VIDEO_EDIT, start_frame=PICTURE, hdr=True, resolution="540p"),
    "a video edit by guide frames": video(VIDEO_EDIT, edit=frames(2, strength="adhere_1")),
    "a video edit by controls": video(VIDEO_EDIT, edit={"controls": {"pose": {"strength": "precise"}}}),
    "a reframe": video(REFRAME | {"aspect_ratio": "9:16"}, source_position=POSITION, resolution="360p"),
}


@pytest.mark.parametrize("fields", TAKEN.values(), ids=TAKEN.keys())
def test_what_the_api_takes_is_taken(fields: Fields) -> None:
    request = LumaRequest(**fields)
    assert refusal(request.wire(), found) is None
    # Every field is sent as it was given.
    assert fields.items() <= request.wire().items()


REFUSED: dict[str, tuple[Fields, str]] = {
    "no prompt": ({"prompt": " "}, "the prompt is empty"),
    "a prompt that is too long": ({"prompt": "x" * 6001}, "at most 6000 characters, not 6001"),
    "guidance that is too long": (LAYERS | {"prompt": "x" * 501}, "at most 500 characters, not 501"),
    "an unknown type": (IMAGE | {"type": "song"}, "type 'song' is not one of"),
    "an unknown ratio": (IMAGE | {"aspect_ratio": "9:21"}, "aspect ratio '9:21' is not one of"),
    "an image of a video's model": (IMAGE | {"model": "ray-3.2"}, "model ray-3.2 does not make type image"),
    "a video of an image's model": (VIDEO | {"model": "uni-1"}, "model uni-1 does not make type video"),
    "layers of the better model": (LAYERS | {"model": "uni-1-max"}, "uni-1-max does not make type layering"),
    "a manga in landscape": (IMAGE | {"style": "manga", "aspect_ratio": "16:9"}, "manga has the aspect ratios"),
    "ten references": (IMAGE | {"image_ref": [PICTURE] * 10}, "10 pictures; at most 9"),
    "nine references of an edit": (EDIT | {"image_ref": [PICTURE] * 9}, "9 pictures; at most 8"),
    "references of a video": (VIDEO | {"image_ref": [PICTURE]}, "image_ref is not an option of type video"),
    "an edit of nothing": (IMAGE | {"type": "image_edit"}, "image_edit needs a source"),
    "layers of nothing": ({"prompt": "", "type": "layering"}, "layering needs a source"),
    "a reframe of nothing": (VIDEO | {"type": "video_reframe"}, "video_reframe needs a source"),
    "a source of an image": (IMAGE | {"source": PICTURE}, "source is not an option of type image"),
    "a source of a video": (VIDEO | {"source": CLIP}, "source is not an option of type video"),
    "a style of a video": (VIDEO | {"style": "manga"}, "style is not an option of type video"),
    "a search for a video": (VIDEO | {"web_search": True}, "web_search is not an option"),
    "a format of a video": (VIDEO | {"output_format": "png"}, "output_format is not an option"),
    "layers without transparency": (LAYERS | {"output_format": "jpeg"}, "jpeg cannot be used with type layering"),
    "layering of an image": (IMAGE | {"layering": {"resolution": "1k"}}, "layering is not an option"),
    "video options of an image": (IMAGE | {"video": {"loop": True}}, "video is not an option of type image"),
    "a video as an image": (EDIT | {"source": CLIP}, "source: media_type 'video/mp4' does not match an image"),
    "an image as a video": (VIDEO_EDIT | {"source": DATA}, "source: media_type 'image/png' does not match a video"),
    "a video of unknown form": (VIDEO_EDIT | {"source": PICTURE}, "the url of a video must come with its media_type"),
    "a video as a reference": (IMAGE | {"image_ref": [PICTURE, CLIP]}, r"image_ref\.1: media_type"),
    "a video as a frame": (video(start_frame=CLIP), r"video\.start_frame: media_type"),
    "a video as a guide frame": (video(keyframes=[CLIP], keyframe_indexes=[0]), r"video\.keyframes\.0: media_type"),
    "a video as a guide frame of an edit": (
        video(VIDEO_EDIT, edit={"keyframes": [CLIP], "keyframe_indexes": [0]}),
        r"video\.edit\.keyframes\.0: media_type",
    ),
    "4k": (video(resolution="4k"), "resolution '4k' is not one of"),
    "nine seconds": (video(duration="9s"), "duration '9s' is not one of"),
    "a long loop": (video(loop=True, duration="10s"), "loop cannot be combined with duration 10s"),
    "a loop in HDR": (video(loop=True, hdr=True), "loop cannot be combined with hdr"),
    "a loop to an end": (video(loop=True, end_frame=PICTURE), "loop cannot be combined with end_frame"),
    "a loop of guide frames": (video(**frames(1, loop=True)), "keyframes cannot be combined with loop"),
    "guide frames and a start": (
        video(**frames(1, start_frame=PICTURE)),
        "keyframes cannot be combined with start_frame",
    ),
    "guide frames and an end": (video(**frames(1, end_frame=PICTURE)), "keyframes cannot be combined with end_frame"),
    "no guide frame": (video(keyframes=[], keyframe_indexes=[]), "1 to 64 keyframes, not 0"),
    "65 guide frames": (video(**frames(65)), "1 to 64 keyframes, not 65"),
    "guide frames without places": (video(keyframes=[PICTURE]), "must have the same length, not 1 and 0"),
    "places without guide frames": (video(keyframe_indexes=[1]), "must have the same length, not 0 and 1"),
    "a place too few": (video(keyframes=[PICTURE] * 2, keyframe_indexes=[1]), "must have the same length, not 2 and 1"),
    "a place twice": (video(keyframes=[PICTURE] * 2, keyframe_indexes=[1, 1]), "contains a frame twice"),
    "a place before the video": (video(keyframes=[PICTURE], keyframe_indexes=[-1]), "-1 is outside the video"),
    "a place behind the video": (video(keyframes=[PICTURE], keyframe_indexes=[121]), "121 is outside .* 0 to 120"),
    "a place behind a long video": (
        video(duration="10s", keyframes=[PICTURE], keyframe_indexes=[241]),
        "241 is outside the video, whose frames are 0 to 240",
    ),
    "EXR without HDR": (video(exr_export=True), "exr_export requires hdr=True"),
    "HDR of a draft": (video(hdr=True, resolution="360p"), "hdr requires resolution 720p or 1080p, not 360p"),
    "HDR at 540p": (video(hdr=True, resolution="540p"), "hdr requires resolution 720p or 1080p, not 540p"),
    "a long video from a frame": (
        video(start_frame=PICTURE, duration="10s"),
        "start_frame cannot be combined with duration 10s",
    ),
    "a long video to a frame": (
        video(end_frame=PICTURE, duration="10s"),
        "end_frame cannot be combined with duration 10s",
    ),
    "HDR from a frame": (video(start_frame=PICTURE, hdr=True), "start_frame cannot be combined with hdr"),
    "HDR of a reframe": (video(REFRAME, hdr=True), r"video\.hdr is not an option of type video_reframe"),
    "EXR of a reframe": (video(REFRAME, hdr=True, exr_export=True), r"video\.hdr is not an option"),
    "a loop of an edit": (video(VIDEO_EDIT, loop=True), r"video\.loop is not an option of type video_edit"),
    "an end of an edit": (video(VIDEO_EDIT, end_frame=PICTURE), r"video\.end_frame is not an option"),
    "guide frames of an edit": (video(VIDEO_EDIT, **frames(1)), r"video\.keyframes is not an option"),
    "a start of a reframe": (video(REFRAME, start_frame=PICTURE), r"video\.start_frame is not an option"),
    "controls of a reframe": (video(REFRAME, edit={"strength": "flex_1"}), r"video\.edit is not an option"),
    "controls of a video": (video(edit={"strength": "flex_1"}), r"video\.edit is not an option of type video:"),
    "a position of an edit": (video(VIDEO_EDIT, source_position=POSITION), r"video\.source_position is not an"),
    "both kinds of control": (
        video(VIDEO_EDIT, edit={"auto_controls": True, "controls": {}}),
        "auto_controls cannot be combined with",
    ),
    "automatic strength": (
        video(VIDEO_EDIT, edit={"auto_controls": True, "strength": "flex_1"}),
        "auto_controls cannot be combined with",
    ),
    "guide frames and a start of an edit": (
        video(VIDEO_EDIT, start_frame=PICTURE, edit=frames(1)),
        r"edit\.keyframes cannot be combined with start_frame",
    ),
    "guide frames of an edit without places": (
        video(VIDEO_EDIT, edit={"keyframes": [PICTURE]}),
        "must have the same length, not",
    ),
    "an unknown strength": (video(VIDEO_EDIT, edit={"strength": "adhere_4"}), "strength 'adhere_4' is not one of"),
    "too much blur": (video(VIDEO_EDIT, edit={"controls": {"depth": {"blur": 1.5}}}), "less than or equal to 1"),
    "too little freedom": (video(VIDEO_EDIT, edit={"controls": {"normals": {"augmentation": -0.1}}}), "or equal to 0"),
    "too sparse": (video(VIDEO_EDIT, edit={"controls": {"trajectory": {"sparsity": 2.0}}}), "less than or equal"),
    "an unknown pose": (video(VIDEO_EDIT, edit={"controls": {"pose": {"strength": "exact"}}}), "pose strength"),
    "no width": (video(REFRAME, source_position=POSITION | {"w_norm": 0.0}), "greater than 0"),
    "too much height": (video(REFRAME, source_position=POSITION | {"h_norm": 2.5}), "less than or equal to 2"),
    "no place at all": (video(REFRAME, source_position={"x_norm": 0.0}), "field required"),
    "an unknown field": (IMAGE | {"seed": 7}, "unknown field 'seed'"),
    "an unknown option": (video(fps=24), "unknown field 'fps'"),
}


@pytest.mark.parametrize(("fields", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_what_the_api_excludes_is_refused(fields: Fields, problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LumaRequest(**fields)
    with pytest.raises(InvalidRequestError, match=problem):
        raise InvalidRequestError.reading(caught.value)


# The prompt is a single space: the documentation only counts characters.
SERVER_TAKES = {"no prompt"}


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in SERVER_TAKES])
def test_a_strict_server_refuses_the_same(name: str) -> None:
    fields = dict(REFUSED[name][0])
    if fields.get("type", "").startswith("video"):
        fields.setdefault("model", "ray-3.2")
    refused = refusal(fields, found)
    assert refused is not None
    assert refused[0] in (400, 422)


REFERENCES: list[tuple[Fields, str]] = [
    ({}, "not none of them"),
    ({"media_type": "image/png"}, "not none of them"),
    ({"url": "https://a", "file_id": "a"}, "not url and file_id"),
    ({"data": "YQ==", "media_type": "image/png", "generation_id": "a"}, "not data and generation_id"),
    ({"url": ""}, "the url of a reference is empty"),
    ({"data": "YQ=="}, "data needs its media_type"),
    ({"data": "YQ==", "media_type": "png"}, "is not a MIME type"),
    ({"url": "https://a", "weight": 0.5}, "unknown field 'weight'"),
]


@pytest.mark.parametrize(("fields", "problem"), REFERENCES)
def test_a_reference_is_named_in_one_way(fields: Fields, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        MediaReference(**fields)


def test_a_picture_is_not_shown_as_a_whole() -> None:
    reference = MediaReference(data="QUJD" * 10_000, media_type="image/png")
    assert len(repr(reference)) < 300
    assert len(repr(LumaRequest(prompt="x", image_ref=[reference]))) < 700


@pytest.mark.parametrize("fields", [IMAGE, EDIT, LAYERS])
def test_what_costs_money_is_written_out_of_images(fields: Fields) -> None:
    assert LumaRequest(**fields).wire()["model"] == "uni-1"


@pytest.mark.parametrize("fields", [VIDEO, VIDEO_EDIT, REFRAME])
def test_what_costs_money_is_written_out_of_videos(fields: Fields) -> None:
    assert LumaRequest(**fields).wire()["model"] == "ray-3.2"


def test_a_model_of_tomorrow_may_be_asked() -> None:
    request = LumaRequest(prompt="a lake", type="video", model="ray-4", aspect_ratio="3:2")
    assert request.wire()["model"] == "ray-4"


@pytest.mark.parametrize(("model", "type_"), [("uni-1", "image"), ("uni-1-max", "image"), ("ray-3.2", "video")])
@pytest.mark.parametrize("ratio", LUMA_RATIOS)
def test_each_model_has_its_ratios(model: str, type_: str, ratio: str) -> None:
    fields: Fields = {"prompt": "a lake", "type": type_, "model": model, "aspect_ratio": ratio}
    is_taken = refusal(fields, found) is None
    assert is_taken == (ratio in RATIOS_OF[model])
    if is_taken:
        assert LumaRequest(**fields).aspect_ratio == ratio
    else:
        with pytest.raises(ValidationError, match=f"aspect ratio {ratio} is not one of {model}: "):
            LumaRequest(**fields)


def test_fields_of_tomorrow_go_into_extra() -> None:
    assert LumaRequest(prompt="a lake", extra={"seed": 7}).wire()["seed"] == 7
    assert LumaRequest.from_body({"prompt": "a lake", "seed": 7}).extra == {"seed": 7}


@pytest.mark.parametrize(
    ("extra", "problem"), [({"prompt": "b"}, "is a regular field"), ({"seed": float("nan")}, "valid JSON number")]
)
def test_extra_adds_only(extra: Fields, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        LumaRequest(prompt="a lake", extra=extra)


@pytest.mark.parametrize("name", ["x_norm", "y_norm"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_position_is_a_number(name: str, value: float) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        SourcePosition(**POSITION | {name: value})


@pytest.mark.parametrize("size", [0, -1, 5 * 2**30 + 1])
def test_a_file_has_a_size_that_can_be_uploaded(size: int) -> None:
    with pytest.raises(ValidationError, match="size_bytes"):
        FileRequest(mime_type="image/png", size_bytes=size)
    assert FileRequest(mime_type="image/png", size_bytes=5 * 2**30).size_bytes == 5 * 2**30
