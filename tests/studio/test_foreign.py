"""A studio's folder from someone else, who may have written anything into it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dream_nb import installation
from dream_nb.studio import database
from dream_nb.studio.database import Database
from dream_nb.studio.render import Brief, Resample
from dream_nb.studio.settings import Settings
from tests.studio.machine import (
    LUMA_PREFIX,
    PREFIX,
    PROMPT,
    TINY,
    Instant,
    Machine,
    in_process,
    picture,
    served,
    settings,
    until,
)

pytestmark = pytest.mark.anyio

ASSET = "0123456789abcdef0123456789abcdef.mp4"
IMAGE = {"kind": "image", "asset": ASSET.replace("mp4", "jpg")}
LARGEST = 2**27


class Recording(Instant):
    """Draws nothing, and records the briefs."""

    def __init__(self) -> None:
        super().__init__(2)
        self.briefs: list[Brief] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.briefs.append(args[0])
        return super().submit(fn, *args, **kwargs)


@dataclass
class Neighbour:
    """Another server on this machine, and the requests that it received."""

    origin: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    neighbour = Neighbour()

    async def answer(request: Request) -> Response:
        body = await request.body()
        neighbour.asked.append(json.loads(body)["id"] if body else request.url.path)
        return Response(picture())

    with served(Starlette(routes=[Route("/{path}", answer, methods=["GET", "POST"])])) as origin:
        neighbour.origin = origin
        yield neighbour


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A studio's folder with an empty database of our schema."""
    folder = tmp_path / ".studio"
    folder.mkdir()
    Database(folder / "studio.sqlite", LARGEST).close()
    return folder


@asynccontextmanager
async def opened(folder: Path, settings: Settings = TINY, prefix: str = PREFIX) -> Any:
    """Run a studio on the folder that records what it would draw."""
    with Recording() as executor:
        async with in_process(folder, executor=lambda: executor, settings=settings, prefix=prefix) as machine:
            yield machine, executor


def execute(folder: Path, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(folder / "studio.sqlite")) as connection, connection:
        return connection.execute(statement, values).fetchall()


def write(folder: Path, request: Any = None, **columns: Any) -> str:
    """Write a row into the database as a stranger would. Returns the value of its `id` column."""
    row = {
        "id": str(uuid.uuid4()),
        "account": "ada",
        "api": "dream-machine",
        "kind": "video",
        "state": "queued",
        "take": 1,
        "request": request if isinstance(request, str | bytes) else json.dumps({"prompt": PROMPT} | (request or {})),
        "created": "2026-01-01T00:00:00.000000+00:00",
        "base_url": f"http://studio{PREFIX}",
        "asset": f"{uuid.uuid4().hex}.mp4",
        "price": 0,
        # Without these it would be drawn in full size, which takes twenty seconds of processor time.
        "shorter_side": TINY.shorter_side,
        "longest_seconds": TINY.longest_seconds,
        "model": "ray-2",
    } | columns
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    execute(folder, f"INSERT INTO generations ({names}) VALUES ({marks})", *row.values())
    return str(row["id"])


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# Callbacks


async def test_a_callback_that_lies_in_the_database_is_not_delivered(
    folder: Path, neighbour: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        uid = write(folder, state="completed", callback_url=f"{neighbour.origin}/shutdown")
        execute(folder, "INSERT INTO callbacks (generation, state) VALUES (?, 'completed')", uid)
    async with opened(folder) as (machine, _):
        ours = await machine.made({"prompt": PROMPT, "callback_url": f"{neighbour.origin}/hook"})
        await until(lambda: len(neighbour.asked) >= 2)
    assert set(neighbour.asked) == {ours["id"]}
    assert warnings(caplog) == ["3 callbacks were dropped: this installation did not accept them"]


async def test_a_request_of_the_luma_api_that_lies_in_the_database_fetches_nothing(
    folder: Path, neighbour: Neighbour
) -> None:
    request = {"prompt": PROMPT, "type": "image", "image_ref": [{"url": f"{neighbour.origin}/picture"}]}
    row = {"api": "luma", "kind": "image", "model": "uni-1", "asset": f"{uuid.uuid4().hex}.jpg"}
    uid = write(folder, request, **row)
    async with opened(folder, settings(fetch_loopback=True), LUMA_PREFIX) as (machine, _):
        failed = await machine.finished(uid)
    assert failed["failure_reason"].endswith("this generation was not asked for here, so nothing is fetched")
    assert neighbour.asked == []


async def elsewhere(_machine: Machine, _folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_secrets", {})
    monkeypatch.setenv("DREAM_NB_STATE", str(_folder.parent / "other-state"))


async def without_seal(_machine: Machine, folder: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    execute(folder, "UPDATE generations SET seal = NULL")


async def with_a_made_up_seal(_machine: Machine, folder: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    execute(folder, "UPDATE generations SET seal = ?", "0" * 64)


async def with_the_seal_of_another(machine: Machine, folder: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    other = (await machine.create({"prompt": PROMPT}))["id"]
    execute(folder, "UPDATE generations SET seal = (SELECT seal FROM generations WHERE id = ?)", other)


async def with_another_address(_machine: Machine, folder: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    execute(folder, "UPDATE generations SET callback_url = callback_url || '/x' WHERE callback_url IS NOT NULL")


@pytest.mark.parametrize(
    "change", [elsewhere, without_seal, with_a_made_up_seal, with_the_seal_of_another, with_another_address]
)
async def test_a_queued_generation_of_another_installation_is_drawn_and_tells_nobody(
    change: Any, folder: Path, neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch, stalled: Any
) -> None:
    async with in_process(folder, executor=lambda: stalled) as machine:
        await machine.create({"prompt": PROMPT, "callback_url": f"{neighbour.origin}/hook"})
        uid = (await machine.client.get("/generations")).json()["generations"][-1]["id"]
        await change(machine, folder, monkeypatch)
        execute(folder, "DELETE FROM callbacks")
    asked = len(neighbour.asked)
    async with opened(folder) as (machine, _):
        assert (await machine.finished(uid))["state"] == "completed"
        ours = await machine.made({"prompt": PROMPT, "callback_url": f"{neighbour.origin}/ours"})
        await until(lambda: neighbour.asked.count(ours["id"]) == 2)
    assert neighbour.asked[asked:] == [ours["id"]] * 2


@pytest.mark.parametrize(("state", "tries"), [("deleted", 0), ("completed", -(10**9)), ("completed", "x")])
async def test_a_callback_with_odd_values_is_not_delivered(
    folder: Path, neighbour: Neighbour, state: str, tries: Any
) -> None:
    async with opened(folder) as (machine, _):
        ours = await machine.made({"prompt": PROMPT, "callback_url": f"{neighbour.origin}/hook"})
        await until(lambda: len(neighbour.asked) == 2)
    execute(folder, "DELETE FROM callbacks")
    execute(folder, "INSERT INTO callbacks (generation, state, tries) VALUES (?, ?, ?)", ours["id"], state, tries)
    async with opened(folder):
        await until(lambda: execute(folder, "SELECT 1 FROM callbacks WHERE outcome LIKE 'dropped%'"))
    assert len(neighbour.asked) == 2


async def test_nothing_is_fetched_for_a_generation_that_nobody_asked_for_here(
    folder: Path, neighbour: Neighbour
) -> None:
    url = f"{neighbour.origin}/beacon"
    uid = write(folder, {"keyframes": {"frame0": {"type": "image", "url": url}}})
    async with opened(folder, settings(fetch_loopback=True)) as (machine, executor):
        generation = await machine.finished(uid)
        assert "was not asked for here" in generation["failure_reason"]
        await machine.made({"keyframes": {"frame0": {"type": "image", "url": f"{neighbour.origin}/ours"}}})
    assert neighbour.asked == ["/ours"]
    assert len(executor.briefs) == 1


# Rows


@pytest.mark.parametrize(
    "columns",
    [
        {"shorter_side": 30_000},
        {"shorter_side": 0},
        {"shorter_side": -1080},
        {"shorter_side": "large"},
        {"shorter_side": 1e300},
        {"longest_seconds": 1e9},
        {"longest_seconds": -1.0},
        {"longest_seconds": float("inf")},
        {"longest_seconds": "long"},
        {"model": b"\xff\xfe"},
        {"source": "../victim"},
        {"take": 0},
        {"take": 2**62},
        {"take": "first"},
        {"price": -(10**9)},
        {"price": 2**62},
        {"price": "dear"},
        {"kind": "film"},
        {"asset": "../../../victim.mp4"},
        {"asset": f"{ASSET}/../x"},
        {"asset": "x"},
        {"id": "../victim"},
        {"id": b"\xff\xfe"},
        {"account": b"\x00"},
        {"created": "yesterday"},
        {"base_url": "file:///etc"},
        {"callback_url": "file:///etc"},
        {"failure_reason": b"\xff"},
        {"request": "no JSON"},
        {"request": "[]"},
        {"request": '{"prompt": NaN}'},
        {"request": b"\xff\xff"},
        {"request": ""},
    ],
    ids=str,
)
async def test_a_row_that_no_studio_wrote_is_dropped_and_holds_up_nobody(
    folder: Path, columns: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    victim = folder.parent / "victim"
    victim.write_text("x")
    write(folder, **columns)
    write(folder, **columns | ({"id": "../victim2"} if "id" in columns else {}))
    async with opened(folder) as (machine, executor):
        await machine.made()
        assert len(executor.briefs) == 1
        assert (await machine.client.get("/generations")).json()["count"] == 1
    assert warnings(caplog) == ["2 queued generations were dropped: they were not written by a studio"]
    assert victim.read_text() == "x"


async def test_a_row_that_is_too_large_is_not_read(folder: Path) -> None:
    write(folder, '{"prompt": "%s"}' % ("x" * 300_000))
    async with opened(folder, settings(max_body=2**10)) as (machine, executor):
        await machine.made({"prompt": PROMPT})
        assert len(executor.briefs) == 1


@pytest.mark.parametrize(
    ("request_", "columns", "field"),
    [
        ({"duration": "600s"}, {}, "duration"),
        ({"resolution": "30000p"}, {}, "resolution"),
        ({"aspect_ratio": "100:1"}, {}, "aspect_ratio"),
        ({"prompt": "x" * 5001}, {}, "prompt"),
        ({"prompt": 5}, {}, "prompt"),
        ({"loop": "yes"}, {}, "loop"),
        ({"generation_type": "image"}, {}, "generation_type"),
        ({"keyframes": {"frame0": {"type": "image", "url": "file:///etc/passwd"}}}, {}, "keyframes.frame0.url"),
        ({"keyframes": {"frame0": {"type": "image", "url": "/etc/passwd"}}}, {}, "keyframes.frame0.url"),
        ({"keyframes": {"frame0": {"type": "file", "path": "/etc/passwd"}}}, {}, "keyframes.frame0"),
        ({"image_ref": [{"url": "http://x/"}] * 9}, IMAGE, "image_ref"),
        ({"image_ref": [{"url": "file:///etc/passwd"}]}, IMAGE, "image_ref.0.url"),
        ({"style_ref": [{"url": "http://x/", "weight": 1e9}]}, IMAGE, "style_ref.0.weight"),
        ({"character_ref": {"identity0": {"images": ["ftp://x/"]}}}, IMAGE, "character_ref.identity0.images.0"),
        ({"modify_image_ref": {"url": "http://x/", "weight": -1}}, IMAGE, "modify_image_ref.weight"),
        ({"model": "photon-9000"}, IMAGE, "model"),
        ({"format": "exe"}, IMAGE, "format"),
    ],
    ids=str,
)
async def test_a_row_whose_request_the_api_refuses_fails_with_the_reason(
    folder: Path, request_: dict[str, Any], columns: dict[str, Any], field: str
) -> None:
    uid = write(folder, request_, **columns)
    async with opened(folder) as (machine, executor):
        generation = await machine.finished(uid)
        assert generation["state"] == "failed"
        assert generation["failure_reason"].startswith(f"Invalid request: {field}:")
        assert executor.briefs == []


async def test_a_keyframe_that_is_not_completed_fails(folder: Path) -> None:
    first = write(folder, state="failed")
    uid = write(folder, {"keyframes": {"frame0": {"type": "generation", "id": first}}})
    async with opened(folder) as (machine, executor):
        generation = await machine.finished(uid)
        assert f"generation {first} is failed" in generation["failure_reason"]
        assert executor.briefs == []


async def test_odd_rows_that_are_finished_break_no_answer(folder: Path) -> None:
    for columns in ({"request": "no JSON"}, {"request": '{"a": NaN}'}, {"asset": "../x"}, {"created": "x"}):
        write(folder, state="completed", **columns)
    whole = write(folder, state="completed")
    async with opened(folder) as (machine, _):
        page = json.loads((await machine.client.get("/generations")).content)
        assert [generation["id"] for generation in page["generations"]] == [whole]


@pytest.mark.parametrize("balance", ["rich", b"\x00", 1e300])
async def test_an_odd_balance_and_odd_counts_break_no_answer(folder: Path, balance: Any) -> None:
    execute(folder, "INSERT INTO accounts VALUES ('bob', ?)", balance)
    async with opened(folder) as (machine, _):
        await machine.made()
        assert await machine.balance("bob") == 1_000_000
        for count in ("many", 1e300, -5, 2**62):
            execute(folder, "UPDATE takes SET count = ?", count)
            assert 1 <= (await machine.create())["take"] <= 10**6


async def test_an_odd_time_does_not_bar_an_account(folder: Path) -> None:
    async with opened(folder, settings(creates_per_minute=1)) as (machine, _):
        await machine.made()
        execute(folder, "UPDATE generations SET created = 'x'")
        await machine.made()
        execute(folder, "UPDATE generations SET created = '9999-01-01T00:00:00.000000+00:00'")
        response = await machine.client.post("/generations", json={"prompt": PROMPT})
        assert int(response.headers["retry-after"]) <= 60


async def test_the_name_of_a_studio_leads_to_no_other_file(folder: Path) -> None:
    victim = folder.parent / "victim"
    victim.write_text("x")
    uid = write(folder, state="dreaming", owner="../../victim", lease_until=1e300)
    async with opened(folder) as (machine, _):
        assert (await machine.finished(uid))["state"] == "completed"
    assert victim.read_text() == "x"


# Files


async def test_links_are_removed_and_their_targets_left_alone(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    victim = folder.parent / "victim"
    victim.write_text("x")
    uid = write(folder, asset=ASSET)
    for name in ("assets", "progress", "studios"):
        (folder / name).mkdir()
    links = [
        folder / "progress" / uid,
        folder / "progress" / f"{uid}.new",
        folder / "assets" / ASSET,
        folder / "assets" / f"{Path(ASSET).stem}.jpeg",
        folder / "assets" / f"{Path(ASSET).stem}.jpeg.part",
        folder / "studios" / ("0" * 16),
    ]
    for link in links:
        link.symlink_to(victim)
    async with in_process(folder) as machine:
        assert (await machine.finished(uid))["state"] == "completed"
    assert victim.read_text() == "x"
    assert not any(link.is_symlink() for link in links)
    assert warnings(caplog) == [f"{folder}: {len(links)} links were removed: a studio does not create links"]


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
async def test_a_link_in_the_place_of_the_database_or_its_logs_is_refused(tmp_path: Path, suffix: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("x")
    folder = tmp_path / ".studio"
    folder.mkdir()
    (folder / f"studio.sqlite{suffix}").symlink_to(victim)
    with pytest.raises(RuntimeError, match="is a link"):
        async with in_process(folder):
            pass
    assert victim.read_text() == "x"


async def test_a_link_that_appears_later_is_neither_served_nor_drawn_from(folder: Path) -> None:
    secret = folder.parent / "private.jpg"
    secret.write_bytes(picture())
    name = ASSET.replace("mp4", "jpg")
    earlier = write(folder, state="completed", **IMAGE)
    async with opened(folder) as (machine, executor):
        (folder / "assets" / name).symlink_to(secret)
        assert (await machine.client.get(f"/assets/{name}")).status_code == 404
        uid = (await machine.create({"keyframes": {"frame0": {"type": "generation", "id": earlier}}}))["id"]
        assert "is gone" in (await machine.finished(uid))["failure_reason"]
        assert executor.briefs == []


async def test_a_huge_keyframe_of_the_folder_reaches_no_memory(folder: Path) -> None:
    earlier = write(folder, state="completed", asset=ASSET)
    (folder / "assets").mkdir()
    with (folder / "assets" / ASSET).open("wb") as file:
        file.truncate(2**40)
    uid = write(folder, {"keyframes": {"frame0": {"type": "generation", "id": earlier}}})
    async with opened(folder) as (machine, executor):
        assert "is gone" in (await machine.finished(uid))["failure_reason"]
        assert executor.briefs == []


async def test_a_picture_of_too_many_pixels_among_the_files_fails(folder: Path) -> None:
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    name = ASSET.replace("mp4", "png")
    (folder / "assets").mkdir()
    (folder / "assets" / name).write_bytes(bomb.getvalue())
    url = f"http://studio{PREFIX}/assets/{name}"
    uid = write(folder, {"keyframes": {"frame0": {"type": "image", "url": url}}})
    async with in_process(folder) as machine:
        assert (await machine.finished(uid))["failure_reason"].startswith("Failed to read user input frames")


# The database


def statement(sql: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(sql)

    return change


def scribble(path: Path) -> None:
    path.write_bytes(b"not a database, " * 500)


def later_file_format(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[44:48] = (99).to_bytes(4, "big")
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (statement("CREATE TRIGGER spy AFTER INSERT ON generations BEGIN DELETE FROM accounts; END"), "trigger spy"),
        (statement("CREATE VIEW seen AS SELECT * FROM generations"), "view seen"),
        (statement("CREATE TABLE more (x)"), "table more"),
        (statement("DROP INDEX pages"), "missing index pages"),
        (statement("ALTER TABLE accounts ADD COLUMN x DEFAULT 5"), "changed table accounts"),
        (statement("PRAGMA user_version = 0"), "index inputs_of"),
        (scribble, "not a database"),
        (later_file_format, "unsupported file format"),
    ],
)
async def test_a_database_that_is_not_ours_is_set_aside(
    folder: Path, change: Callable[[Path], None], named: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder / "studio.sqlite"
    write(folder)
    change(path)
    before = path.read_bytes()
    async with opened(folder) as (machine, executor):
        await machine.made()
        assert len(executor.briefs) == 1
    (message,) = warnings(caplog)
    assert named in message
    assert "kept as studio-aside-1.sqlite" in message
    assert (folder / "studio-aside-1.sqlite").read_bytes() == before


async def test_what_was_set_aside_before_stays(folder: Path) -> None:
    for _ in range(2):
        scribble(folder / "studio.sqlite")
        async with opened(folder):
            pass
    assert (folder / "studio-aside-1.sqlite").exists()
    assert (folder / "studio-aside-2.sqlite").exists()


async def test_the_log_of_a_foreign_database_does_not_get_into_ours(folder: Path) -> None:
    path = folder / "studio.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("CREATE TABLE more (x)")
        connection.commit()
        log = path.with_name("studio.sqlite-wal").read_bytes()
    path.with_name("studio.sqlite-wal").write_bytes(log)
    async with opened(folder):
        pass
    assert execute(folder, "SELECT * FROM sqlite_master WHERE name = 'more'") == []


def test_of_studios_that_find_a_foreign_database_at_once_none_loses_what_another_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "studio.sqlite"
    scribble(path)
    together, set_aside = threading.Barrier(2), database._set_aside

    def wait_and_set_aside(path: Path) -> Path:
        # Give another thread time to reach this point too, if it can.
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(0.3)
        return set_aside(path)

    monkeypatch.setattr(database, "_set_aside", wait_and_set_aside)

    def use(number: int) -> None:
        with closing(Database(path, LARGEST)) as opened:
            opened.execute("INSERT INTO accounts VALUES (?, 0)", (str(number),))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(8)))
    assert len(execute(folder, "SELECT * FROM accounts")) == 8
    assert len(list(folder.glob("studio-aside-*.sqlite"))) == 1


def test_a_database_that_others_keep_locked_is_not_set_aside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    path = folder / "studio.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            Database(path, LARGEST)
    assert path.exists()
    assert list(folder.glob("studio-aside-*")) == []


async def test_what_a_stranger_has_upscaled_is_never_larger_or_longer_than_the_api_allows(folder: Path) -> None:
    asset = f"{uuid.uuid4().hex}.mp4"
    source = write(
        folder,
        {"generation_type": "video", "duration": "99999999s", "resolution": "540p", "aspect_ratio": "21:9"},
        state="completed",
        asset=asset,
        shorter_side=2160,
        longest_seconds=None,
    )
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / asset).write_bytes(b"x")
    write(
        folder,
        '{"generation_type": "upscale_video", "resolution": "4k"}',
        source=source,
        lines=2160,
        shorter_side=2160,
        longest_seconds=None,
    )
    async with opened(folder) as (machine, executor):
        await machine.made()
        brief = next(brief for brief in executor.briefs if brief.edit is not None)
    # It is only resampled, although the API would not accept such a request.
    assert isinstance(brief.edit, Resample)
    assert brief.edit.lines <= 2160
