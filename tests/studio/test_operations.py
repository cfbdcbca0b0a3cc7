"""The eight operations of the specification, in process."""

from __future__ import annotations

import asyncio
import io
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image
from starlette.types import Message

from dream_nb.studio.render import CAMERA_MOTIONS
from dream_nb.studio.store import Store
from tests.studio.machine import KEYS, PATIENCE, PREFIX, PROMPT, Instant, Machine, Stalled, bearer, in_process, settings

pytestmark = pytest.mark.anyio


def list_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_video_is_queued_then_completed_with_a_file_that_plays(machine: Machine) -> None:
    generation = await machine.create({"prompt": PROMPT, "aspect_ratio": "9:16", "loop": True})
    assert generation["state"] == "queued"
    generation = await machine.finished(generation["id"])
    assert generation["state"] == "completed"
    file = await machine.client.get(generation["assets"]["video"], headers={"Authorization": ""})
    with av.open(io.BytesIO(file.content), "r") as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.width < stream.height
        assert len(list(container.decode(stream))) == 5


async def test_an_image_is_made(machine: Machine) -> None:
    generation = await machine.made({"prompt": PROMPT, "aspect_ratio": "21:9"}, "/generations/image")
    file = await machine.client.get(generation["assets"]["image"])
    assert file.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(file.content)) as image:
        assert image.format == "JPEG"
        assert min(image.size) == 32


async def test_an_image_may_be_a_png(machine: Machine) -> None:
    generation = await machine.made({"prompt": PROMPT, "model": "photon-1", "format": "png"}, "/generations/image")
    file = await machine.client.get(generation["assets"]["image"])
    with Image.open(io.BytesIO(file.content)) as image:
        assert (image.format, file.headers["content-type"]) == ("PNG", "image/png")


async def test_the_path_of_2025_makes_videos_too(machine: Machine) -> None:
    body = {"prompt": PROMPT, "model": "ray-2", "duration": "5s", "resolution": "540p"}
    generation = await machine.made(body, "/generations/video")
    assert generation["generation_type"] == "video"
    assert generation["request"]["model"] == "ray-2"


async def test_what_was_asked_for_is_echoed_with_its_type_and_defaults(idle: Machine) -> None:
    generation = await idle.create({"prompt": PROMPT, "something_new": {"a": [1, None]}})
    assert generation["request"] == {
        "prompt": PROMPT,
        "aspect_ratio": "16:9",
        "generation_type": "video",
        "something_new": {"a": [1, None]},
    }


async def test_what_is_not_known_is_left_out_and_never_null(idle: Machine) -> None:
    generation = await idle.create()
    assert set(generation) == {"id", "generation_type", "state", "created_at", "take", "model", "request"}
    assert uuid.UUID(generation["id"]).version == 4
    assert abs((datetime.now(UTC) - datetime.fromisoformat(generation["created_at"])).total_seconds()) < 3600


async def test_identical_requests_are_counted_as_takes(idle: Machine) -> None:
    takes = [(await idle.create(body))["take"] for body in ({"prompt": PROMPT}, {"prompt": "else"}, {"prompt": PROMPT})]
    assert takes == [1, 1, 2]


async def test_another_callback_is_no_other_request(idle: Machine) -> None:
    await idle.create()
    assert (await idle.create({"prompt": PROMPT, "callback_url": "http://127.0.0.1:9/x"}))["take"] == 2


async def test_accounts_count_takes_apart(idle: Machine) -> None:
    await idle.create()
    assert (await idle.create(headers=bearer("bob")))["take"] == 1


async def test_a_header_chooses_the_take(idle: Machine) -> None:
    assert (await idle.create(headers={"Dream-Take": "7"}))["take"] == 7


@pytest.mark.parametrize("take", ["0", "-1", "x", "1.5", "9999999", ""])
async def test_a_take_that_is_none_is_refused(idle: Machine, take: str) -> None:
    status, detail = await idle.refusal({"prompt": PROMPT}, headers={"Dream-Take": take})
    assert (status, "Dream-Take" in detail) == (400, True)


async def test_the_same_take_is_the_same_picture(machine: Machine) -> None:
    made = [
        await machine.finished((await machine.create(path="/generations/image", headers={"Dream-Take": take}))["id"])
        for take in ("3", "3", "4")
    ]
    files = [(await machine.client.get(generation["assets"]["image"])).content for generation in made]
    pixels = [Image.open(io.BytesIO(file)).tobytes() for file in files]
    assert pixels[0] == pixels[1] != pixels[2]


async def test_progress_is_told_while_dreaming(idle: Machine, tmp_path: Path) -> None:
    uid = (await idle.create())["id"]
    await idle.until(uid, "dreaming")
    (tmp_path / "progress" / f"{uid}.0").write_text("0.250")
    assert (await idle.get(uid))["progress"] == 0.25
    listed = (await idle.client.get("/generations")).json()["generations"]
    assert listed[0]["progress"] == 0.25


class Unhurried(ThreadPoolExecutor):
    """Draws, and returns the result only when `let_go` is set."""

    def __init__(self) -> None:
        super().__init__(1)
        self.let_go = threading.Event()

    def submit(self, fn: Callable[..., Any], /, *given: Any, **more: Any) -> Future[Any]:
        def draw() -> Any:
            drawn = fn(*given, **more)
            self.let_go.wait(PATIENCE)
            return drawn

        return super().submit(draw)


async def test_a_video_shows_its_first_frame_while_it_is_drawn(tmp_path: Path) -> None:
    with Unhurried() as executor:
        async with in_process(tmp_path, executor=lambda: executor, settings=settings(shorter_side=360)) as machine:
            uid = (await machine.create())["id"]
            # In process, answers come without a pause, which the drawing needs.
            while "thumbnail" not in (generation := await machine.until(uid, "dreaming")).get("assets", {}):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            picture = Image.open(io.BytesIO((await machine.client.get(generation["assets"]["thumbnail"])).content))
            assert picture.size == (480, 270)
            executor.let_go.set()
            await machine.finished(uid)
            assert len(list((tmp_path / "assets").iterdir())) == 1


async def test_the_first_frame_is_gone_before_its_video_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Showing(Instant):
        def submit(self, fn: Callable[..., Any], /, *given: Any, **more: Any) -> Future[Any]:
            given[-1].write_bytes(b"a frame")
            return super().submit(fn, *given, **more)

    complete, kept = Store.complete, []

    def complete_and_look(store: Store, uid: str, *outputs: Any) -> bool:
        kept.append([path.suffix for path in (tmp_path / "assets").iterdir()])
        return complete(store, uid, *outputs)

    monkeypatch.setattr(Store, "complete", complete_and_look)
    with Showing(1) as executor:
        async with in_process(tmp_path, executor=lambda: executor) as machine:
            await machine.made()
    assert kept == [[".mp4"]]


async def test_without_a_word_from_the_worker_there_is_no_progress(idle: Machine) -> None:
    uid = (await idle.create())["id"]
    assert "progress" not in await idle.until(uid, "dreaming")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("uid", [str(uuid.UUID(int=7)), "no-uuid", "%00", "ä" * 50])
async def test_an_unknown_generation_is_not_found(idle: Machine, method: str, uid: str) -> None:
    response = await idle.client.request(method, f"/generations/{uid}")
    assert (response.status_code, "detail" in response.json()) == (404, True)


async def test_a_deleted_generation_is_forgotten_with_its_file(machine: Machine) -> None:
    generation = await machine.made()
    assert (await machine.client.delete(f"/generations/{generation['id']}")).status_code == 204
    assert (await machine.client.get(f"/generations/{generation['id']}")).status_code == 404
    assert (await machine.client.get(generation["assets"]["video"])).status_code == 404
    assert (await machine.client.get("/generations")).json()["count"] == 0


async def test_what_is_deleted_while_it_dreams_leaves_nothing(tmp_path: Path, stalled: Stalled) -> None:
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        uid = (await machine.create())["id"]
        await machine.until(uid, "dreaming")
        assert (await machine.client.delete(f"/generations/{uid}")).status_code == 204
        for future in stalled.futures:
            if not future.done():
                future.set_result(b"late")
        other = await machine.create()
        await machine.until(other["id"], "dreaming")
    assert list((tmp_path / "assets").iterdir()) == []


async def test_camera_motions_are_words_for_the_prompt(idle: Machine) -> None:
    motions = (await idle.client.get("/generations/camera_motion/list")).json()
    assert motions == list(CAMERA_MOTIONS)
    assert all(isinstance(motion, str) for motion in motions)


async def test_ping(idle: Machine) -> None:
    assert (await idle.client.get("/ping")).json() == {"message": "pong"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/generations", {"GET", "HEAD", "POST"}),
        ("GET", "/generations/image", {"POST"}),
        ("DELETE", "/generations/video", {"POST"}),
        ("PATCH", "/generations/no-uuid", {"GET", "HEAD", "DELETE"}),
        ("POST", "/credits", {"GET", "HEAD"}),
        ("POST", "/ping", {"GET", "HEAD"}),
    ],
)
async def test_another_method_is_405_and_told_which_there_are(
    idle: Machine, method: str, path: str, allowed: set[str]
) -> None:
    response = await idle.client.request(method, path)
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == allowed
    assert response.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/generations/", "/assets/../studio.sqlite", "/assets/x.mp4"])
async def test_another_path_is_404(idle: Machine, path: str) -> None:
    response = await idle.client.get(path)
    assert (response.status_code, "detail" in response.json()) == (404, True)


async def test_asset_urls_may_have_another_beginning(tmp_path: Path) -> None:
    options = settings(public_url="https://dreams.example/dream-machine/v1/")
    async with in_process(tmp_path, settings=options) as machine:
        generation = await machine.made()
    assert generation["assets"]["video"].startswith("https://dreams.example/dream-machine/v1/assets/")


async def test_the_file_tells_what_it_is_and_never_a_key(machine: Machine) -> None:
    generation = await machine.made()
    file = (await machine.client.get(generation["assets"]["video"])).content
    with av.open(io.BytesIO(file)) as container:
        metadata = " ".join(container.metadata.values())
    assert PROMPT in metadata
    assert generation["id"] in metadata
    assert "dream_nb studio (procedural)" in metadata
    assert not any(key.encode() in file for key in KEYS.values())


async def test_the_folder_holds_no_key_and_is_ignored_by_git(machine: Machine, tmp_path: Path) -> None:
    await machine.made({"prompt": "my secret dream"})
    assert (tmp_path / ".gitignore").read_text() == "*\n"
    for path in list_files(tmp_path):
        data = path.read_bytes()
        assert not any(key.encode() in data for key in KEYS.values()), path


async def test_a_create_whose_body_breaks_off_makes_nothing_and_is_no_defect(
    idle: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Message] = []

    async def broken_off() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        heard.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": f"{PREFIX}/generations",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in bearer().items()],
    }
    await idle.app(scope, broken_off, send)
    assert heard[0]["status"] == 400
    assert (await idle.client.get("/generations")).json()["count"] == 0
    assert caplog.text == ""


async def test_a_keyframe_at_an_address_that_is_none_fails_with_a_reason(machine: Machine) -> None:
    frame = {"type": "image", "url": "http://[:::]/a.jpg"}
    made = await machine.finished((await machine.create({"prompt": PROMPT, "keyframes": {"frame0": frame}}))["id"])
    assert made["failure_reason"] == "Failed to read user input frames: keyframes: this is not a URL"


async def test_a_defect_is_answered_and_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with in_process(tmp_path) as machine:
        monkeypatch.setattr(Store, "balance", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            await machine.balance()
    assert "GET /dream-machine/v1/credits: internal error of the studio" in caplog.text
