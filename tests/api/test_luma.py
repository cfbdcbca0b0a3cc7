"""Every operation of the Luma API, with both clients, against a strict fake."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dream_nb.api.blocking_luma import Luma
from dream_nb.api.errors import (
    APITimeoutError,
    BadRequestError,
    InvalidRequestError,
    NotFoundError,
    UnreadableAnswerError,
)
from dream_nb.api.luma import INLINE_BYTES, AsyncLuma
from dream_nb.api.luma_models import CreatedFile, FilePage, LumaFile, LumaGeneration, PresignedUpload
from dream_nb.api.luma_requests import FileRequest, LumaRequest, MediaReference, VideoOptions
from tests.fakes.luma import FAILURES, KEY, FakeLuma, error

Call = Callable[..., Any]
OPERATIONS = [
    name
    for name, member in vars(AsyncLuma).items()
    if inspect.isfunction(member) and not name.startswith("_") and name != "aclose"
]
LARGE = bytes(range(256)) * (INLINE_BYTES // 256 + 1)


@pytest.fixture
def fake() -> Iterator[FakeLuma]:
    with FakeLuma().running() as fake:
        yield fake


@pytest.fixture(params=["Luma", "AsyncLuma"])
def call(request: pytest.FixtureRequest, fake: FakeLuma) -> Iterator[Call]:
    """Calls a method of either client and returns its result (for an iterator, a list of its items)."""
    if request.param == "Luma":
        with Luma(KEY, fake.base_url) as luma:

            def direct(name: str, *arguments: Any, **options: Any) -> Any:
                result = getattr(luma, name)(*arguments, **options)
                return list(result) if isinstance(result, Iterator) else result

            yield direct
        return

    async def run(name: str, *arguments: Any, **options: Any) -> Any:
        async with AsyncLuma(KEY, fake.base_url) as luma:
            result = getattr(luma, name)(*arguments, **options)
            return [item async for item in result] if isinstance(result, AsyncIterator) else await result

    yield lambda *arguments, **options: asyncio.run(run(*arguments, **options))


def declared(client: type, name: str) -> list[tuple[str, object, object, object]]:
    parameters = inspect.signature(getattr(client, name)).parameters.values()
    return [(item.name, item.kind, item.default, item.annotation) for item in parameters]


@pytest.mark.parametrize("name", [*OPERATIONS, "__init__"])
def test_both_clients_take_the_same_arguments(name: str) -> None:
    assert declared(Luma, name) == declared(AsyncLuma, name)


@pytest.mark.parametrize("name", OPERATIONS)
def test_both_clients_give_and_say_the_same(name: str) -> None:
    result = inspect.signature(getattr(AsyncLuma, name)).return_annotation
    assert inspect.signature(getattr(Luma, name)).return_annotation == result.removeprefix("Async")
    assert inspect.getdoc(getattr(Luma, name)) == inspect.getdoc(getattr(AsyncLuma, name))


def test_a_create_gives_the_queued_generation(fake: FakeLuma, call: Call) -> None:
    made = call("create_generation", LumaRequest(prompt="a lake"))
    assert isinstance(made, LumaGeneration)
    assert (made.state, made.type, made.model, made.is_final) == ("queued", "image", "uni-1", False)
    assert fake.posts == [{"prompt": "a lake", "type": "image", "model": "uni-1"}]


def test_a_create_has_a_request_id_of_its_own(fake: FakeLuma, call: Call) -> None:
    for _ in range(2):
        call("create_generation", LumaRequest(prompt="a lake"))
    assert None not in fake.request_ids
    assert len(set(fake.request_ids)) == 2


def test_the_request_id_of_a_create_may_be_given(fake: FakeLuma, call: Call) -> None:
    call("create_generation", LumaRequest(prompt="a lake"), request_id="take-1", headers={"x-request-id": "other"})
    assert fake.request_ids == ["take-1"]


@pytest.mark.parametrize("name", [" ", "a\nb", "ä", "x" * 129])
def test_a_request_id_that_no_header_can_hold_is_refused(fake: FakeLuma, call: Call, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="request_id"):
        call("create_generation", LumaRequest(prompt="a lake"), request_id=name)
    assert fake.posts == []


def test_a_generation_is_looked_at_until_it_is_made(fake: FakeLuma, call: Call) -> None:
    fake.looks = 1
    id_ = call("create_generation", LumaRequest(prompt="a lake")).id
    states = [call("get_generation", id_).state for _ in range(4)]
    assert states == ["queued", "processing", "processing", "completed"]


def test_another_look_gives_fresh_addresses(call: Call) -> None:
    id_ = call("create_generation", LumaRequest(prompt="a lake")).id
    first, second = (call("get_generation", id_).output[0].url for _ in range(2))
    assert first != second


def test_a_video_with_exr_has_two_files(call: Call) -> None:
    options = VideoOptions(resolution="720p", duration="5s", hdr=True, exr_export=True)
    made = call("create_generation", LumaRequest(prompt="a lake", type="video", video=options))
    output = call("get_generation", made.id).output
    assert [one.url.partition("?")[0].rpartition(".")[2] for one in output] == ["mp4", "exr"]


def test_a_layering_has_one_picture_a_layer(call: Call) -> None:
    request = LumaRequest(prompt="", type="layering", source=MediaReference(url="https://a.b/c.png"))
    output = call("get_generation", call("create_generation", request).id).output
    assert [(one.layer.index, one.layer.label) for one in output] == [(0, "fox"), (1, "trees"), (2, "background")]


@pytest.mark.parametrize("code", FAILURES)
def test_each_failure_code_has_its_advice(fake: FakeLuma, call: Call, code: str) -> None:
    fake.fail = lambda _: (code, "In the server's words.")
    seen = call("get_generation", call("create_generation", LumaRequest(prompt="a lake")).id)
    failure = seen.failure()
    assert (failure.reason, failure.id) == (f"{code}: In the server's words.", seen.id)
    assert len(failure.advice) > 10
    assert "or make another take" not in failure.advice


def test_a_failure_code_of_tomorrow_has_advice_too() -> None:
    told = LumaGeneration.from_answer({"id": "a", "state": "failed", "failure_code": "out_of_paint"})
    failure = told.failure()
    assert failure is not None
    assert "out_of_paint" in str(failure)
    assert failure.advice


def test_what_was_made_has_no_failure() -> None:
    assert LumaGeneration.from_answer({"id": "a", "state": "completed"}).failure() is None


def test_a_generation_that_is_not_there(call: Call) -> None:
    with pytest.raises(NotFoundError, match="Generation not found"):
        call("get_generation", "00000000-0000-4000-8000-ffffffffffff")


@pytest.mark.parametrize("name", ["get_generation", "get_file", "complete_file", "delete_file"])
@pytest.mark.parametrize("id_", ["", ".", ".."])
def test_what_is_no_id_is_not_asked_for(fake: FakeLuma, call: Call, name: str, id_: str) -> None:
    with pytest.raises(InvalidRequestError, match="is not the id of"):
        call(name, id_)
    assert fake.calls == []


def test_a_small_file_goes_up_inline(fake: FakeLuma, call: Call, tmp_path: Path) -> None:
    (tmp_path / 'a "ä".png').write_bytes(b"\r\n--picture\r\n")
    until = datetime.now(UTC) + timedelta(days=1)
    file = call(
        "upload_file", tmp_path / 'a "ä".png', purpose="reference", expires_at=until, user_id="ada", progress=None
    )
    assert (file.state, file.mime_type, file.size_bytes) == ("pending", "image/png", 13)
    assert (file.filename, file.purpose, file.user_id) == ("a %22ä%22.png", "reference", "ada")
    assert file.expires_at == until
    assert (fake.stored[file.id], fake.count("POST"), fake.store_headers) == (b"\r\n--picture\r\n", 1, [])


def test_a_large_file_is_put_where_the_server_says(fake: FakeLuma, call: Call, tmp_path: Path) -> None:
    (tmp_path / "walk.mp4").write_bytes(LARGE)
    file = call("upload_file", tmp_path / "walk.mp4", purpose="input")
    assert (file.state, file.mime_type, file.size_bytes, file.filename) == (
        "pending",
        "video/mp4",
        len(LARGE),
        "walk.mp4",
    )
    assert fake.stored[file.id] == LARGE
    assert [path for method, path in fake.calls if method == "POST"] == ["/files", f"/files/{file.id}/complete"]


def test_a_file_that_is_too_large_for_this_server_is_put_too(fake: FakeLuma, call: Call) -> None:
    fake.inline_cap = 3
    file = call("upload_file", b"abcd", mime_type="image/png")
    assert (fake.stored[file.id], len(fake.store_headers)) == (b"abcd", 1)


def test_sending_a_file_inline_is_refused_where_it_is_too_large(fake: FakeLuma, call: Call) -> None:
    fake.inline_cap = 3
    with pytest.raises(BadRequestError, match="upload it with upload_file") as caught:
        call("send_file", b"abcd", mime_type="image/png")
    assert caught.value.status == 413


@pytest.mark.parametrize("data", [b"abcd", LARGE], ids=["inline", "put"])
def test_progress_reaches_the_size_of_the_file(call: Call, data: bytes) -> None:
    told: list[tuple[int, int]] = []
    call("upload_file", data, mime_type="image/png", progress=lambda *now: told.append(now))
    assert told[-1] == (len(data), len(data))
    assert [sent for sent, _ in told] == sorted({sent for sent, _ in told})
    assert (len(told) > 1) == (data is LARGE)


def test_a_file_may_be_announced_put_and_completed_step_by_step(fake: FakeLuma, call: Call) -> None:
    request = FileRequest(mime_type="image/png", size_bytes=4, filename="a.png", purpose="input")
    created = call("create_file", request)
    assert isinstance(created, CreatedFile)
    assert created.upload is not None
    call("put_file", created.upload, b"abcd")
    assert call("complete_file", created.file.id).state == "pending"
    assert fake.stored[created.file.id] == b"abcd"


def test_a_file_is_not_complete_without_its_bytes(call: Call) -> None:
    created = call("create_file", FileRequest(mime_type="image/png", size_bytes=4))
    with pytest.raises(BadRequestError, match="No bytes were uploaded"):
        call("complete_file", created.file.id)


@pytest.mark.parametrize(
    ("file", "options", "problem"),
    [
        (b"", {"mime_type": "image/png"}, "is empty"),
        (b"a", {}, "the type of the file is unknown"),
        (b"a", {"filename": "a.nothing"}, "the type of 'a.nothing' is unknown"),
        ("nowhere/a.png", {}, "'a.png' cannot be read"),
        (b"a", {"mime_type": "image/png\r\nx: y"}, "is not a MIME type"),
        (b"a", {"mime_type": "image/png", "purpose": "inputs"}, "purpose 'inputs' is not one of"),
        (b"a", {"mime_type": "image/png", "expires_at": datetime(2026, 1, 1)}, "must have a time zone"),  # noqa: DTZ001
    ],
)
@pytest.mark.parametrize("name", ["upload_file", "send_file"])
def test_a_file_that_does_not_fit_is_not_sent(
    fake: FakeLuma, call: Call, name: str, file: Any, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        call(name, file, **options)
    assert fake.calls == []


def test_a_file_is_waited_for_until_it_is_ready(fake: FakeLuma, call: Call) -> None:
    fake.pending = 2
    file = call("upload_file", b"abcd", mime_type="image/png")
    fake.file_replies += [error(503), None]
    assert call("wait_for_file", file.id).state == "ready"
    assert fake.count("GET", f"/files/{file.id}") == 4


def test_a_file_that_was_rejected_says_why(fake: FakeLuma, call: Call) -> None:
    fake.reject = lambda _: "It shows a person."
    file = call("upload_file", b"abcd", mime_type="image/png", filename="a.png")
    with pytest.raises(InvalidRequestError, match=r"rejected 'a.png': It shows a person\. Use another file"):
        call("wait_for_file", file.id)


def test_a_file_that_is_not_ready_in_time(fake: FakeLuma, call: Call) -> None:
    fake.pending = 1000
    file = call("upload_file", b"abcd", mime_type="image/png")
    with pytest.raises(APITimeoutError, match="still pending after 0 seconds"):
        call("wait_for_file", file.id, seconds=0)


def test_waiting_for_a_file_ends_with_what_will_not_pass(fake: FakeLuma, call: Call) -> None:
    with pytest.raises(NotFoundError):
        call("wait_for_file", "nothing")
    assert fake.count("GET") == 1


def test_a_file_that_is_ready_can_be_referred_to(call: Call) -> None:
    file = call("upload_file", b"abcd", mime_type="image/png")
    request = LumaRequest(prompt="like it", image_ref=[MediaReference(file_id=file.id)])
    with pytest.raises(BadRequestError, match="not ready"):
        call("create_generation", request)
    call("wait_for_file", file.id)
    assert call("create_generation", request).state == "queued"


def test_files_are_listed_page_by_page(call: Call) -> None:
    ids = [call("upload_file", b"abcd", mime_type="image/png").id for _ in range(3)]
    page = call("list_files", limit=2)
    assert ([file.id for file in page.data], page.has_more) == (ids[:0:-1], True)
    assert [file.id for file in call("list_files", cursor=page.next_cursor).data] == ids[:1]
    assert [file.id for file in call("iter_files", page=1)] == ids[::-1]


def test_files_are_listed_by_purpose_and_state(call: Call) -> None:
    first = call("upload_file", b"abcd", mime_type="image/png", purpose="reference")
    second = call("upload_file", b"abcd", mime_type="image/png", purpose="input")
    call("delete_file", second.id)
    assert [file.id for file in call("list_files", purpose="reference", state="ready").data] == [first.id]
    assert [file.id for file in call("iter_files", state="deleted")] == [second.id]
    assert call("list_files", purpose="input", state="ready").data == []


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": 101}, {"purpose": "other"}, {"state": "lost"}])
def test_a_list_that_there_is_not_is_not_asked_for(fake: FakeLuma, call: Call, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        call("list_files", **options)
    assert fake.calls == []


def test_a_file_is_deleted(call: Call) -> None:
    file = call("upload_file", b"abcd", mime_type="image/png")
    assert call("delete_file", file.id) is None
    seen = call("get_file", file.id)
    assert (seen.state, seen.is_final, seen.deleted_at is not None) == ("deleted", True, True)
    with pytest.raises(InvalidRequestError, match="was deleted on the server: upload it again"):
        call("wait_for_file", file.id)


def test_a_list_that_leads_back_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"data": [{"id": "a", "state": "ready"}], "has_more": True, "next_cursor": "same"}
    with Luma(KEY, "http://localhost:1") as luma:
        monkeypatch.setattr(luma, "list_files", lambda **_: FilePage.from_answer(page))
        with pytest.raises(UnreadableAnswerError, match="links back"):
            list(luma.iter_files())


def test_answers_of_tomorrow_are_read() -> None:
    told = {
        "id": "a",
        "state": "paused",
        "type": "song",
        "model": "ray-4",
        "created_at": "yesterday",
        "output": [{"type": "song", "url": "https://a/b", "layer": {"index": "first", "label": "x"}}, {"type": "lost"}],
        "progress": 0.5,
    }
    seen = LumaGeneration.from_answer(told)
    assert (seen.state, seen.type, seen.model, seen.created_at, seen.is_final) == (
        "paused",
        "song",
        "ray-4",
        None,
        False,
    )
    assert seen.output is not None
    assert [(one.type, one.url, one.layer and one.layer.label) for one in seen.output] == [("song", "https://a/b", "x")]
    assert seen.model_extra == {"progress": 0.5}


@pytest.mark.parametrize("document", [{}, {"id": "a"}, {"state": "queued"}, {"id": "", "state": "queued"}, b"[]"])
@pytest.mark.parametrize("schema", [LumaGeneration, LumaFile])
def test_an_answer_without_id_or_state_says_nothing(schema: type[LumaGeneration], document: Any) -> None:
    with pytest.raises(ValueError, match="validation error"):
        schema.from_answer(document)


def test_where_a_file_goes_is_not_shown() -> None:
    upload = PresignedUpload(url="https://store/a?signature=secret", headers={"x-secret": "secret"})
    assert "secret" not in f"{upload!r}{upload}{CreatedFile(file=LumaFile(id='a', state='pending'), upload=upload)!r}"
