"""The pictures of an image request, by role."""

from __future__ import annotations

import pytest

from dream_nb.api.errors import InvalidRequestError
from dream_nb.requests.fields import make_request
from dream_nb.requests.roles import RolePicture, as_fields, references_of

PICTURES = [
    RolePicture("image_ref", "https://x.test/a.jpg", 0.5),
    RolePicture("style_ref", "https://x.test/b.jpg"),
    RolePicture("character_ref", "https://x.test/c.jpg"),
    RolePicture("character_ref", "https://x.test/d.jpg"),
    RolePicture("modify_ref", "https://x.test/e.jpg", 1.0),
]


def test_what_goes_into_the_fields_of_a_request_comes_out_of_them() -> None:
    request = make_request("a lake", kind="image", **as_fields(PICTURES))
    assert references_of(request) == PICTURES


def test_only_one_picture_can_be_changed() -> None:
    with pytest.raises(InvalidRequestError, match="only one picture can be changed") as caught:
        as_fields([PICTURES[-1], PICTURES[-1]])
    assert caught.value.field == "modify_ref"
