"""The fake refuses everything in the body of a create that the specification does not have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.schemas import REQUESTS

MODIFY = {
    "generation_type": "modify_video",
    "media": {"url": "https://a.test/lake.mp4"},
    "model": "ray-2",
    "mode": "flex_1",
}
PICTURE = {"type": "image", "url": "https://a.test/lake.png"}


@pytest.mark.parametrize(
    ("api", "kind", "body"),
    [
        ("2024", "video", {}),
        ("2024", "video", {"prompt": "a lake", "keyframes": {"frame0": PICTURE}, "loop": False}),
        ("2024", "image", {"image_ref": [{"url": "https://a.test/lake.png", "weight": 0.5}, {}]}),
        ("2025", "video", {"model": "ray-2", "duration": "7s", "concepts": [{"key": "dolly_zoom"}]}),
        ("2025", "image", {"model": "photon-1", "format": "png"}),
        ("2025", "modify_video", MODIFY),
        ("2025", "upscale_video", {}),
        ("2025", "add_audio", {"prompt": "waves"}),
    ],
)
def test_what_keeps_the_specification_is_taken(api: str, kind: str, body: Any) -> None:
    assert REQUESTS[api, kind](body, "") is None


@pytest.mark.parametrize(
    ("api", "kind", "body", "field"),
    [
        ("2024", "video", {"model": "ray-2"}, "model"),
        ("2024", "video", {"prompt": 5}, "prompt"),
        ("2024", "video", {"loop": "yes"}, "loop"),
        ("2024", "video", {"aspect_ratio": "7:3"}, "aspect_ratio"),
        ("2024", "video", {"callback_url": "hook"}, "callback_url"),
        ("2024", "video", {"keyframes": []}, "keyframes"),
        ("2024", "video", {"keyframes": {"frame0": {"type": "video"}}}, "keyframes.frame0"),
        ("2024", "video", {"keyframes": {"frame0": {"type": "image"}}}, "keyframes.frame0.url"),
        ("2024", "video", {"keyframes": {"frame1": {"type": "generation", "id": "last"}}}, "keyframes.frame1.id"),
        ("2024", "image", {"image_ref": PICTURE}, "image_ref"),
        ("2024", "image", {"image_ref": [{}, {"weight": "1"}]}, "image_ref.1.weight"),
        ("2024", "image", {"format": "png"}, "format"),
        ("2025", "video", {"prompt": "a lake"}, "model"),
        ("2025", "video", {"model": "ray-2", "concepts": [{}]}, "concepts.0.key"),
        ("2025", "image", {"model": "photon-1", "format": "gif"}, "format"),
        ("2025", "modify_video", MODIFY | {"mode": "flex_4"}, "mode"),
        ("2025", "modify_video", MODIFY | {"aspect_ratio": "1:1"}, "aspect_ratio"),
        ("2025", "reframe_video", MODIFY, "mode"),
        ("2025", "reframe_image", {"x_start": 0.5}, "aspect_ratio"),
        ("2025", "upscale_video", {"media": {"url": "https://a.test/lake.mp4"}}, "media"),
        ("2025", "add_audio", {"negative_prompt": 3}, "negative_prompt"),
    ],
)
def test_what_breaks_the_specification_is_refused_by_name(api: str, kind: str, body: Any, field: str) -> None:
    problem = REQUESTS[api, kind](body, "")
    assert problem is not None
    assert problem.partition(": ")[0] == field
