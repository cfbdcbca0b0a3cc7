"""The studio accepts the same requests of the Luma API as the strict fake, and refuses others with the same status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dream_nb.studio.luma_rules import Known, read_luma_request
from dream_nb.studio.rules import Refusal
from tests.api.test_luma_requests import REFUSED, TAKEN
from tests.fakes.luma_requests import refusal
from tests.studio.machine import Machine

IDS = {
    "video": "00000000-0000-4000-8000-000000000001",
    "image": "00000000-0000-4000-8000-000000000002",
    "unfinished": "00000000-0000-4000-8000-000000000003",
    "nobody's": "00000000-0000-4000-8000-000000000004",
    "picture": "00000000-0000-4000-8000-000000000005",
    "clip": "00000000-0000-4000-8000-000000000006",
    "pending": "00000000-0000-4000-8000-000000000007",
}
GENERATIONS = {
    IDS["video"]: ("video", "completed"),
    IDS["image"]: ("image", "completed"),
    IDS["unfinished"]: ("video", "processing"),
}
FILES = {
    IDS["picture"]: ("image/png", "ready"),
    IDS["clip"]: ("video/mp4", "ready"),
    IDS["pending"]: ("image/png", "pending"),
}
IMAGE = {"prompt": "a lake"}
VIDEO = IMAGE | {"type": "video", "model": "ray-3.2"}
EDIT = IMAGE | {"type": "image_edit"}
VIDEO_EDIT = IMAGE | {"type": "video_edit", "model": "ray-3.2"}
LAYERS = IMAGE | {"type": "layering"}
PICTURE = {"url": "https://a.b/c.jpg"}


class Account:
    """The generations and files that both servers assume to exist."""

    def generation(self, uid: str) -> tuple[str, str] | None:
        return GENERATIONS.get(uid)

    def file(self, uid: str) -> tuple[str, str] | None:
        return FILES.get(uid)


def known_to_the_fake(kind: str, uid: str) -> dict[str, Any] | None:
    found = (GENERATIONS if kind == "generation_id" else FILES).get(uid.lower())
    return found and {"type": found[0], "mime_type": found[0], "state": found[1]}


def status(body: Any, known: Known | None = None) -> int | None:
    """The status with which the studio refuses a body, or None if it accepts it."""
    try:
        read_luma_request(json.dumps(body).encode(), known or Account())
    except Refusal as refused:
        return refused.status
    return None


def both(body: Any) -> tuple[int | None, int | None]:
    refused = refusal(body, known_to_the_fake)
    return status(body), refused and refused[0]


def with_model(fields: dict[str, Any]) -> dict[str, Any]:
    return ({"model": "ray-3.2"} if fields.get("type", "").startswith("video") else {}) | fields


@pytest.mark.parametrize("fields", TAKEN.values(), ids=TAKEN.keys())
def test_what_the_api_takes_is_taken(fields: dict[str, Any]) -> None:
    assert both(with_model(fields)) == (None, None)


# A blank prompt is refused here; the documentation only counts characters.
STRICTER = {"no prompt"}


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in STRICTER])
def test_what_the_api_excludes_is_refused_with_its_status(name: str) -> None:
    ours, theirs = both(with_model(REFUSED[name][0]))
    assert ours is not None
    assert ours == theirs


REFERENCES = [
    {},
    PICTURE,
    PICTURE | {"media_type": "image/jpeg"},
    PICTURE | {"media_type": "video/mp4"},
    PICTURE | {"media_type": "jpeg"},
    PICTURE | {"weight": 0.5},
    PICTURE | {"file_id": IDS["picture"]},
    {"url": "a.jpg"},
    {"url": "ftp://a.b/c.jpg"},
    {"url": 7},
    {"url": None, "file_id": IDS["picture"]},
    {"data": "YQ=="},
    {"data": "YQ==", "media_type": "image/png"},
    {"data": "YQ==", "media_type": "video/mp4"},
    {"data": "?", "media_type": "image/png"},
    {"file_id": "a"},
    *({"file_id": IDS[name]} for name in ("picture", "clip", "pending", "nobody's")),
    *({"generation_id": IDS[name]} for name in ("video", "image", "unfinished", "nobody's")),
    {"generation_id": IDS["image"].upper()},
]


@pytest.mark.parametrize("reference", REFERENCES, ids=str)
def test_a_reference_is_judged_alike_wherever_it_stands(reference: dict[str, Any]) -> None:
    bodies = [
        IMAGE | {"image_ref": [reference]},
        EDIT | {"source": reference},
        LAYERS | {"source": reference},
        VIDEO | {"video": {"start_frame": reference}},
        VIDEO | {"video": {"end_frame": reference}},
        VIDEO | {"video": {"keyframes": [reference], "keyframe_indexes": [7]}},
        VIDEO_EDIT | {"source": reference},
        VIDEO_EDIT | {"source": {"generation_id": IDS["video"]}, "video": {"start_frame": reference}},
    ]
    judged = [both(body) for body in bodies]
    assert [ours for ours, _ in judged] == [theirs for _, theirs in judged]


@pytest.mark.parametrize(
    "body",
    [
        [],
        7,
        {},
        {"prompt": 7},
        {"prompt": None},
        {"prompt": ""},
        IMAGE | {"seed": 7},
        IMAGE | {"extra": {"seed": 7}},
        IMAGE | {"callback_url": "https://a.b"},
        IMAGE | {"type": None},
        IMAGE | {"model": None},
        IMAGE | {"style": None},
        IMAGE | {"web_search": None},
        IMAGE | {"web_search": "yes"},
        IMAGE | {"image_ref": None},
        IMAGE | {"model": "uni-2"},
        IMAGE | {"aspect_ratio": "5:4"},
        IMAGE | {"type": "video"},
        VIDEO | {"video": {"loop": "yes"}},
        VIDEO | {"video": {"hdr": True, "duration": None, "resolution": None}},
        VIDEO | {"video": {"keyframes": [], "keyframe_indexes": []}},
        VIDEO | {"video": {"keyframes": [PICTURE], "keyframe_indexes": [1.5]}},
        LAYERS | {"source": PICTURE, "layering": {"resolution": None}},
        LAYERS | {"source": PICTURE, "layering": {}},
        LAYERS | {"source": PICTURE, "layering": {"resolution": "4k"}},
        VIDEO_EDIT | {"source": None},
        IMAGE | {"aspect_ratio": None, "source": None, "video": None, "layering": None, "user_id": None},
    ],
    ids=str,
)
def test_forms_are_judged_alike(body: Any) -> None:
    ours, theirs = both(body)
    assert ours == theirs


def test_a_picture_that_is_too_large_has_a_status_of_its_own() -> None:
    data = "AAAA" * (50 * 2**20 // 3 + 1)
    assert both(IMAGE | {"image_ref": [{"data": data, "media_type": "image/png"}]}) == (413, 413)


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"", b"{", b'{"prompt": NaN}', b"\xff"])
async def test_what_is_not_json_is_refused(luma: Machine, body: bytes) -> None:
    answer = await luma.client.post("/generations", content=body)
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


@pytest.mark.anyio
@pytest.mark.parametrize(("key", "status"), [({"Authorization": "Bearer other"}, 401), ({"Authorization": ""}, 401)])
async def test_a_key_is_needed(luma: Machine, key: dict[str, str], status: int) -> None:
    answer = await luma.client.post("/generations", json=IMAGE, headers=key)
    assert (answer.status_code, list(answer.json())) == (status, ["detail"])
