"""The pictures and generations that a request refers to, in all places where it can name them."""

from __future__ import annotations

from typing import Any

from dream_nb.requests.media import pictures_of, replace_media

PICTURE = "data:image/png;base64,AAAA"
DOCUMENT: dict[str, Any] = {
    "prompt": "data: a lake",
    "keyframes": {"frame0": {"type": "generation", "id": "one", "mask": PICTURE}},
    "style_ref": [{"url": PICTURE, "weight": 0.5}, {"url": "https://x.test/a.jpg"}],
}


def test_a_picture_beside_a_generation_is_found_too() -> None:
    assert pictures_of({"guide": {"type": "generation", "id": "one", "mask": PICTURE}}) == [PICTURE]


def test_pictures_are_replaced_wherever_they_are_and_a_prompt_is_none() -> None:
    replaced = replace_media(DOCUMENT, lambda _: "up")
    assert replaced["keyframes"]["frame0"] == {"type": "generation", "id": "one", "mask": "up"}
    assert replaced["style_ref"] == [{"url": "up", "weight": 0.5}, {"url": "https://x.test/a.jpg"}]
    assert replaced["prompt"] == "data: a lake"


def test_a_generation_gets_another_name() -> None:
    assert replace_media(DOCUMENT, None, str.upper)["keyframes"]["frame0"]["id"] == "ONE"
