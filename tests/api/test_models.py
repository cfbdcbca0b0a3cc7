"""Requests are checked strictly; answers are read tolerantly."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.models import Generation, ListGenerationResponse
from dream_nb.api.request_models import (
    GenerationRequest,
    ImageGenerationRequest,
    Media,
    ModifyVideoRequest,
    UnknownRequest,
)


def refusal(**fields: object) -> str:
    with pytest.raises(pydantic.ValidationError) as caught:
        GenerationRequest(**fields)  # type: ignore[arg-type]
    return str(InvalidRequestError.reading(caught.value))


def test_a_wrong_aspect_ratio_names_the_value_and_the_choices() -> None:
    wrong = refusal(prompt="a lake", aspect_ratio="16x9")
    assert wrong == ("aspect ratio '16x9' is not one of 1:1, 16:9, 9:16, 4:3, 3:4, 21:9, 9:21: did you mean '16:9'?")


def test_a_ratio_and_a_model_that_may_be_newer_are_taken() -> None:
    assert GenerationRequest(prompt="a lake", aspect_ratio="3:2").aspect_ratio == "3:2"
    assert ImageGenerationRequest(prompt="a lake", model="photon-2").model == "photon-2"


def test_a_mode_that_does_not_exist_names_the_near_one() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        ModifyVideoRequest(media=Media(url="https://a/b.mp4"), mode="flex1")
    assert str(InvalidRequestError.reading(caught.value)).endswith("reimagine_3: did you mean 'flex_1'?")


def test_a_misspelt_field_is_refused_with_the_near_one() -> None:
    assert refusal(apsect_ratio="1:1") == "unknown field 'apsect_ratio': did you mean 'aspect_ratio'?"


def test_a_wrong_type_names_its_field() -> None:
    assert refusal(loop="yes") == "loop: input should be a valid boolean"


def test_every_problem_of_a_request_is_told() -> None:
    assert refusal(loop="yes", aspect_ratio="wide").count(";") == 1


def test_a_keyframe_without_a_type_says_what_a_keyframe_is() -> None:
    assert "'image' (with a url) or 'generation' (with an id)" in refusal(
        keyframes={"frame0": {"url": "https://a/b.jpg"}}
    )


def test_defaults_are_written_out_and_nothing_else() -> None:
    assert GenerationRequest(prompt="a lake").wire() == {
        "prompt": "a lake",
        "aspect_ratio": "16:9",
        "generation_type": "video",
    }
    assert ImageGenerationRequest(prompt="a lake").wire()["model"] == "photon-1"


def test_extra_fields_are_sent_as_they_are() -> None:
    assert GenerationRequest(prompt="a lake", extra={"seed": 7}).wire()["seed"] == 7


def test_extra_cannot_replace_a_field() -> None:
    assert "'loop' is a regular field" in refusal(extra={"loop": False})


@pytest.mark.parametrize("name", ["media", "mode", "first_frame", "negative_prompt", "grid_position_x"])
def test_extra_cannot_turn_a_create_into_another_operation(name: str) -> None:
    assert f"'{name}' is a field of " in refusal(prompt="a lake", extra={name: "x"})


def test_an_answer_keeps_what_is_unknown() -> None:
    document = {"prompt": "x", "aspect_ratio": "16:9", "seed": 7}
    generation = Generation.from_answer({"id": "a", "version": "v2", "request": document})
    assert generation.wire() == {
        "id": "a",
        "version": "v2",
        "request": {"prompt": "x", "aspect_ratio": "16:9", "generation_type": "video", "seed": 7},
    }


def test_an_answer_may_hold_unknown_enum_values() -> None:
    generation = Generation.from_answer({"id": "a", "state": "paused", "request": {"aspect_ratio": "2:1"}})
    assert generation.state == "paused"
    assert isinstance(generation.request, GenerationRequest)
    assert generation.request.aspect_ratio == "2:1"


def test_an_answer_may_hold_nulls_anywhere() -> None:
    generation = Generation.from_answer(
        '{"id": "a", "assets": null, "failure_reason": null,'
        ' "request": {"generation_type": "image", "model": null, "style_ref": null, "aspect_ratio": null}}'
    )
    assert generation.assets is None
    assert generation.kind == "image"


def test_a_page_is_read_with_only_its_generations() -> None:
    assert ListGenerationResponse.from_answer('{"generations": [{"id": "a"}]}').generations[0].id == "a"


@pytest.mark.parametrize("document", ["<html>", "[]", '{"id": 3, "request": []}', "", "null"])
def test_what_is_not_a_generation_is_a_value_error(document: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Generation.from_answer(document)


def test_a_servers_reading_is_strict_about_enums_and_keeps_unknown_fields() -> None:
    assert GenerationRequest.from_body({"prompt": "x", "seed": 7}).extra == {"seed": 7}
    with pytest.raises(pydantic.ValidationError, match="is not one of"):
        GenerationRequest.from_body({"prompt": "x", "aspect_ratio": "7:3"})


@pytest.mark.parametrize(
    "odd",
    [
        {"request": ["a lake"]},
        {"created_at": "yesterday"},
        {"assets": []},
        {"failure_reason": {}},
    ],
)
def test_what_cannot_be_read_of_one_generation_hides_no_other(odd: dict[str, object]) -> None:
    page = ListGenerationResponse.from_answer(
        {"generations": [{"id": "a", "state": "completed", **odd}, {"id": "b", "state": "queued"}]}
    )
    assert [generation.id for generation in page.generations] == ["a", "b"]
    assert getattr(page.generations[0], next(iter(odd))) is None


MEDIA = {"url": "https://a/b.mp4"}


@pytest.mark.parametrize(
    ("request_", "parent", "told"),
    [
        ({"generation_type": "add_audio", "prompt": "waves"}, "video", "add_audio"),
        ({"generation_type": "upscale_video", "resolution": "4k"}, None, "upscale_video"),
        ({"prompt": "waves"}, "add_audio", "add_audio"),
        ({"resolution": "4k"}, "upscale_video", "upscale_video"),
        ({"media": MEDIA, "mode": "flex_1", "model": "ray-2"}, "video", "modify_video"),
        ({"media": MEDIA, "aspect_ratio": "1:1", "model": "ray-2"}, "video", "reframe_video"),
        ({"media": MEDIA, "aspect_ratio": "1:1", "model": "photon-1"}, "image", "reframe_image"),
        ({"prompt": "a lake", "model": "photon-1"}, "image", "image"),
        ({"prompt": "a lake", "model": "ray-2"}, "video", "video"),
        ({"prompt": "a lake", "model": "ray-2"}, None, "video"),
        # A server of 2024 shows these fields, which only a create has.
        ({"prompt": "a lake", "aspect_ratio": "16:9", "loop": True}, None, "video"),
        ({"prompt": "a lake", "image_ref": [{"url": "https://a/b.jpg"}]}, "image", "image"),
        ({"prompt": "a fox", "model": "photon-1"}, None, "image"),
        # This may be a create or a request for sound or an upscale: default values do not tell them apart.
        ({"prompt": "waves", "loop": False, "keyframes": {}}, "video", "unknown"),
        ({"generation_type": ["video"], "prompt": "waves"}, "video", "unknown"),
        ({"prompt": "waves"}, "video", "unknown"),
        ({"prompt": "waves"}, None, "unknown"),
        ({"resolution": "4k"}, "video", "unknown"),
        ({"media": MEDIA, "prompt": "waves"}, "video", "unknown"),
        ({"prompt": "a lake", "model": "ray-2"}, "restyle_video", "unknown"),
        ({"generation_type": "restyle_video", "model": "ray-2", "media": MEDIA, "mode": "flex_1"}, "video", "unknown"),
        # The fields do not fit the kind.
        ({"generation_type": "modify_video", "prompt": "in snow"}, "video", "unknown"),
        ({"prompt": "a lake", "model": "x", "keyframes": {"frame0": {"type": "video", "id": "x"}}}, "video", "unknown"),
    ],
)
def test_an_echo_is_read_as_what_tells_it(request_: dict[str, Any], parent: str | None, told: str) -> None:
    generation = Generation.from_answer({"id": "a", "generation_type": parent, "request": request_})
    assert generation.request is not None
    assert generation.request.generation_type == told
    # The request is kept whole, and can be read back from what was written.
    kept = generation.request.wire()
    assert kept["document"] == request_ if told == "unknown" else request_.items() <= kept.items()
    assert Generation.from_answer(generation.wire()) == generation


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"generation_type": "restyle_image"}, "image"),
        ({"generation_type": "restyle"}, "video"),
        ({"assets": {"image": "https://a/b.jpg"}}, "image"),
        ({"assets": {"video": "https://a/b.mp4", "image": "https://a/b.jpg"}}, "video"),
        ({}, "video"),
    ],
)
def test_what_an_unknown_kind_makes_is_told_by_its_type_or_its_assets(answer: dict[str, Any], kind: str) -> None:
    generation = Generation.from_answer({"id": "a", "request": {"style": "ink"}, **answer})
    assert generation.kind == kind
    assert isinstance(generation.request, UnknownRequest)
    assert generation.request.kind == kind


@pytest.mark.parametrize(
    "assets",
    [
        {"video": "https://a/b"},
        [{"type": "video", "url": "https://a/b"}],
        [{"type": "image/jpeg", "url": "https://a/c"}, {"type": "Video", "url": "https://a/b"}],
        ["https://a/b"],
        "https://a/b",
        {"url": "https://a/b"},
        {"video": {"url": "https://a/b"}},
        {"video": ["https://a/b"]},
        ["https://a/c.jpg", "https://a/b"],
    ],
)
def test_an_asset_is_read_in_whichever_form_its_meaning_is_clear(assets: object) -> None:
    generation = Generation.from_answer({"id": "a", "state": "completed", "assets": assets})
    assert generation.assets is not None
    assert generation.assets.of("video") == "https://a/b"


@pytest.mark.parametrize(
    "assets",
    [
        None,
        {},
        [],
        "",
        5,
        [None],
        {"video": None},
        {"video": " "},
        ["https://a/b", "https://a/c"],
        [{"type": "thumbnail", "url": "https://a/b.mp4"}],
        {"url": "https://a/b.jpg"},
        {"image": "https://a/b.jpg"},
    ],
)
def test_an_asset_whose_meaning_is_not_clear_is_not_there(assets: object) -> None:
    generation = Generation.from_answer({"id": "a", "state": "completed", "assets": assets})
    assert generation.assets is None or generation.assets.of("video") is None


def test_an_address_tells_by_its_suffix_what_it_is_of() -> None:
    generation = Generation.from_answer({"id": "a", "assets": ["https://a/c.jpg?signed=1", "https://a/b.mp4"]})
    assert generation.assets is not None
    assert generation.assets.wire() == {"image": "https://a/c.jpg?signed=1", "video": "https://a/b.mp4"}


@pytest.mark.parametrize(
    ("written", "read", "is_final", "has_failed"),
    [
        ("COMPLETED", "completed", True, False),
        ("Dreaming", "dreaming", False, False),
        (" failed ", "failed", True, True),
        ("canceled", "canceled", True, True),
        ("CANCELLED", "canceled", True, True),
        ("Expired", "expired", True, True),
        ("Paused", "Paused", False, False),
    ],
)
def test_a_state_is_read_in_whichever_case(written: str, read: str, is_final: bool, has_failed: bool) -> None:
    generation = Generation.from_answer({"id": "a", "state": written})
    assert (generation.state, generation.is_final, generation.has_failed) == (read, is_final, has_failed)


@pytest.mark.parametrize(
    ("state", "reason", "why"),
    [
        ("failed", "no colours left", "no colours left"),
        ("failed", None, "the server gave no reason"),
        ("canceled", None, "the server canceled it"),
        ("expired", "no worker", "it expired on the server: no worker"),
        ("completed", None, ""),
    ],
)
def test_what_was_not_made_says_why(state: str, reason: str | None, why: str) -> None:
    document = {"id": "a", "state": state, "failure_reason": reason}
    assert Generation.from_answer(document).why_not_made == why


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ({"code": "moderation", "message": "not allowed"}, "not allowed"),
        ({"detail": "not allowed"}, "not allowed"),
        ({"reason": ["one", "two"]}, "one; two"),
        ({"error": {"message": "not allowed"}}, "not allowed"),
        ({"code": 5}, "code 5"),
        ({"stage": 2, "why": "x"}, '{"stage":2,"why":"x"}'),
        ([{"message": "one"}, "two"], "one; two"),
        (5, "5"),
    ],
)
def test_a_failure_reason_is_text_whatever_its_form(reason: object, words: str) -> None:
    assert Generation.from_answer({"id": "a", "failure_reason": reason}).failure_reason == words


def test_a_failure_reason_of_an_object_has_a_bounded_length() -> None:
    generation = Generation.from_answer({"id": "a", "failure_reason": {"message": "so long " * 1000}})
    assert len(generation.failure_reason or "") == 501


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    ("where", "fields"),
    [
        ("extra.seed", {"extra": {"seed": "X"}}),
        ("extra.a.b.1", {"extra": {"a": {"b": [0, "X"]}}}),
        ("concepts.0.strength", {"concepts": [{"key": "orbit", "strength": "X"}]}),
    ],
)
def test_a_number_that_json_lacks_is_refused_by_its_place(number: float, where: str, fields: Any) -> None:
    assert refusal(**put(fields, number)) == f"{where}: {number} is not a valid JSON number"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("where", "fields"),
    [
        ("image_ref.0.weight", {"image_ref": [{"url": "https://a/b", "weight": "X"}]}),
        ("style_ref.1.weight", {"style_ref": [{"url": "https://a/b"}, {"url": "https://a/b", "weight": "X"}]}),
        ("modify_image_ref.weight", {"modify_image_ref": {"url": "https://a/b", "weight": "X"}}),
    ],
)
def test_a_weight_that_json_lacks_is_refused_by_its_place(number: float, where: str, fields: Any) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        ImageGenerationRequest(prompt="a lake", **put(fields, number))
    assert str(InvalidRequestError.reading(caught.value)) == f"{where}: {number} is not a valid JSON number"


def put(value: Any, number: float) -> Any:
    """The fields, with "X" replaced by that number."""
    if isinstance(value, dict):
        return {name: put(item, number) for name, item in value.items()}
    if isinstance(value, list):
        return [put(item, number) for item in value]
    return number if value == "X" else value


def test_an_answer_with_such_a_number_is_read() -> None:
    answer = Generation.from_answer('{"id": "a", "request": {"prompt": "a lake", "seed": NaN}}')
    assert answer.request is not None
    assert answer.request.prompt == "a lake"


@pytest.mark.parametrize("told", ["mp4", "output", "file", "VIDEO", "video/mp4", None])
def test_an_asset_of_another_type_is_known_by_its_suffix(told: str | None) -> None:
    answer = {"id": "1", "state": "completed", "assets": [{"type": told, "url": "https://a.example/b.mp4"}]}
    assets = Generation.from_answer(answer).assets
    assert assets is not None
    assert assets.of("video") == "https://a.example/b.mp4"
