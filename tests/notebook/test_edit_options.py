"""The options of lines that request another version of something, and the values that they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import REQUESTS
from dream_nb.lines.arguments import read_arguments
from dream_nb.lines.references import References

ID = "00000000-0000-4000-8000-000000000001"
CLIP = Generation(id=ID, generation_type="video", state="completed")


def read(line: str, **defaults: Any) -> list[Any]:
    variables = {"clip": CLIP, "season": "snow"}
    return [ask.request for ask in read_arguments(line, None, references=References(variables), defaults=defaults).asks]


@pytest.mark.parametrize(
    ("line", "type_", "fields"),
    [
        ("in snow --modify clip", "modify_video", {"prompt": "in snow", "mode": "flex_1", "model": "ray-2"}),
        ("in {{season}} --modify clip --mode adhere_2 -m ray-flash-2", "modify_video", {"model": "ray-flash-2"}),
        (f"--reframe {ID} --kind video -a 9:16", "reframe_video", {"aspect_ratio": "9:16", "prompt": None}),
        ("the sea --reframe https://a.test/b.png -a 21:9 --format png", "reframe_image", {"format": "png"}),
        ("--reframe clip -a 1:1 --set x_start=3 --set x_end=90", "reframe_video", {"x_start": 3, "x_end": 90}),
        ("--upscale clip -r 4k", "upscale_video", {"resolution": "4k"}),
        ("--audio clip", "add_audio", {"prompt": None}),
        ("gulls --audio clip --negative-prompt music", "add_audio", {"negative_prompt": "music"}),
    ],
)
def test_a_line_becomes_the_request_of_its_operation(line: str, type_: str, fields: dict[str, Any]) -> None:
    (request,) = read(line)
    assert type(request) is REQUESTS[type_]
    assert {name: getattr(request, name) for name in fields} == fields


def test_an_axis_and_takes_multiply() -> None:
    assert [request.prompt for request in read("in {snow|rain} --modify clip -n 2")] == ["in snow"] * 2 + [
        "in rain"
    ] * 2


def test_the_settings_for_new_videos_do_not_count() -> None:
    (request,) = read("--audio clip", aspect_ratio="9:16", duration="9s", loop=True)
    assert request.wire() == {"generation_type": "add_audio", "media": {"type": "generation", "id": ID}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--modify clip --reframe clip", "--modify and --reframe are separate requests: use one at a time"),
        ("--modify clip --loop", "--loop cannot be combined with --modify: leave out one of them"),
        ("--upscale clip -r 4k -a 1:1", "--aspect-ratio cannot be combined with --upscale"),
        ("--upscale clip -r 4k --exr", "--exr cannot be combined with --upscale"),
        ("a lake --image --exr", "--exr is for videos, and --image for images"),
        ("a lake --mode flex_1", "--mode requires --modify: add it, such as --modify last"),
        ("a lake --negative-prompt music", "--negative-prompt requires --audio"),
        ("gulls --audio clip --set negative_prompt=3", "negative prompt: input should be a valid string"),
        ("--reframe clip", "--reframe needs the new ratio: add -a, such as -a 9:16"),
        ("--upscale clip", "--upscale needs the new resolution: add -r, such as -r 4k"),
        ("a lake --upscale clip -r 4k", "--upscale takes no prompt: leave out 'a lake'"),
        ("snow --modify clip --mode flex", "mode 'flex' is not one of"),
        ("snow --modify clyp", "--modify: 'clyp' is not a URL, variable, file or id: did you mean clip?"),
        (
            "a lake --set 'media={}'",
            "'media' is a field of a request to modify a video, and this is a request for a",
        ),
        ("a lake --set mode='\"flex_1\"'", "'mode' is a field of a request to modify a video"),
    ],
)
def test_what_does_not_fit_is_said_in_the_words_of_the_line(line: str, message: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read(line)
    assert message in str(caught.value)
