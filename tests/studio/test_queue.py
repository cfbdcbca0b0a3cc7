"""The queue: what is drawn next when workers die, executors end, or studios share a folder."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dream_nb import sqlite, workers
from dream_nb.studio.alive import Presence
from dream_nb.studio.store import Store
from tests.studio.machine import (
    LUMA_PREFIX,
    PROMPT,
    FakeCluster,
    Instant,
    Machine,
    Stalled,
    in_process,
    settings,
    until,
)
from tests.studio.render.clips import decoded

pytestmark = pytest.mark.anyio


class Deadly(Executor):
    """The pool, but the workers die in the first `times` drawings."""

    max_workers = 2

    def __init__(self, times: int) -> None:
        self.times = times

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.times -= 1
        if self.times < 0:
            return workers.pool().submit(fn, *args, **kwargs)
        # A worker that runs out of memory ends like this.
        return workers.pool().submit(os._exit, 9)


async def test_a_drawing_whose_worker_died_is_drawn_again(tmp_path: Path) -> None:
    executor = Deadly(1)
    async with in_process(tmp_path, executor=lambda: executor) as machine:
        await machine.made()


async def test_a_drawing_whose_worker_dies_twice_fails_with_a_plain_reason_and_a_refund(tmp_path: Path) -> None:
    executor = Deadly(2)
    async with in_process(tmp_path, executor=lambda: executor) as machine:
        before = await machine.balance()
        generation = await machine.finished((await machine.create())["id"])
        assert generation["state"] == "failed"
        assert generation["failure_reason"] == "a studio worker ended while drawing this, twice: run it again"
        assert await machine.balance() == before
        await machine.made()


async def test_a_defect_of_the_drawing_fails_the_generation_and_says_so(idle: Machine, stalled: Stalled) -> None:
    before = await idle.balance()
    uid = (await idle.create())["id"]
    await until(lambda: stalled.futures)
    stalled.futures[0].set_exception(ZeroDivisionError("at frame 7"))
    generation = await idle.finished(uid)
    assert generation["failure_reason"] == "the studio could not draw this (ZeroDivisionError): run it again"
    assert await idle.balance() == before


async def test_an_executor_that_is_shut_down_leaves_the_generation_queued(tmp_path: Path) -> None:
    asked: list[Executor] = []

    def executor() -> Executor:
        asked.append(ThreadPoolExecutor(1) if len(asked) > 1 else closed)
        return asked[-1]

    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    async with in_process(tmp_path, executor=executor, settings=settings(lease_seconds=0.3)) as machine:
        await machine.made(path="/generations/image")
    assert asked.count(closed) == 2
    for other in asked:
        other.shutdown()


async def test_a_drawing_that_its_executor_gave_up_is_drawn_again(tmp_path: Path) -> None:
    class Fickle(Stalled):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            if not self.futures:
                self.futures.append(Future())
                self.futures[0].cancel()
                return self.futures[0]
            return workers.pool().submit(fn, *args, **kwargs)

    fickle = Fickle()
    async with in_process(tmp_path, executor=lambda: fickle, settings=settings(lease_seconds=0.3)) as machine:
        await machine.made(path="/generations/image")


async def test_what_is_not_finished_when_a_studio_stops_is_made_by_the_next(tmp_path: Path, stalled: Stalled) -> None:
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        uids = [(await machine.create())["id"] for _ in range(6)]
        await until(lambda: stalled.futures)
    async with in_process(tmp_path) as machine:
        for uid in uids:
            assert (await machine.finished(uid))["state"] == "completed"


async def test_the_oldest_is_drawn_first(tmp_path: Path) -> None:
    stalled = Stalled(max_workers=1)
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        first, second = [(await machine.create())["id"] for _ in range(2)]
        await machine.until(first, "dreaming")
        assert (await machine.get(second))["state"] == "queued"
        await until(lambda: len(stalled.futures) == 1)
        stalled.futures[0].set_result(b"file")
        await machine.until(second, "dreaming")
        assert (await machine.get(first))["state"] == "completed"


async def test_a_drawing_that_is_deleted_makes_room_at_once(tmp_path: Path) -> None:
    # With so long a lease, only the deletion can wake the queue.
    slow = settings(lease_seconds=1000.0)
    stalled = Stalled(max_workers=1)
    async with in_process(tmp_path, executor=lambda: stalled, settings=slow) as machine:
        first, second = [(await machine.create())["id"] for _ in range(2)]
        await until(lambda: stalled.futures)
        await machine.client.delete(f"/generations/{first}")
        await machine.until(second, "dreaming")


async def test_a_drawing_that_is_deleted_before_it_began_makes_room(tmp_path: Path) -> None:
    stalled = Stalled(max_workers=1)
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        # In process, nothing else runs between these two requests.
        await machine.client.delete(f"/generations/{(await machine.create())['id']}")
        await machine.until((await machine.create())["id"], "dreaming")


async def test_what_a_worker_shows_of_a_deleted_drawing_does_not_stay(tmp_path: Path) -> None:
    shown: list[tuple[Path, ...]] = []

    class Showing(Stalled):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            shown.append(args[1:])
            return super().submit(fn, *args, **kwargs)

    showing = Showing(max_workers=1)
    async with in_process(tmp_path, executor=lambda: showing) as machine:
        uid = (await machine.create())["id"]
        await until(lambda: showing.futures)
        await machine.client.delete(f"/generations/{uid}")
        await machine.until((await machine.create())["id"], "dreaming")
        assert [path.parent.name for path in shown[0]] == ["progress", "assets"]
        for path in shown[0]:
            path.write_text("0.5")
        showing.futures[0].set_result(b"file")
        assert not any(path.exists() for path in shown[0])


async def test_what_a_killed_studio_said_of_its_progress_does_not_stay(tmp_path: Path) -> None:
    (tmp_path / "progress").mkdir()
    (tmp_path / "progress" / "deleted-since").write_text("0.5")
    async with in_process(tmp_path):
        assert list((tmp_path / "progress").iterdir()) == []


def test_a_studio_whose_sign_is_taken_away_is_gone(tmp_path: Path) -> None:
    with closing(Presence(tmp_path)) as one, closing(Presence(tmp_path)) as other:
        assert not one.is_gone(other.name)
        other.close()
        assert one.is_gone(other.name)


async def test_on_a_network_file_system_the_database_keeps_a_rollback_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_is_local", lambda _path: False)
    async with in_process(tmp_path) as machine:
        await machine.made()
        assert not (tmp_path / "studio.sqlite-wal").exists()


class Asked(Executor):
    """An executor of two workers that records its calls, and does nothing."""

    max_workers = 2

    def __init__(self) -> None:
        self.calls: list[tuple[str, Future[Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        self.calls.append((fn.__name__, future))
        return future

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


LARGE = settings(shorter_side=360, longest_seconds=5.0)
"""Drawings that are worth dividing."""


async def test_a_clip_is_drawn_by_all_workers_that_are_free(tmp_path: Path) -> None:
    asked = Asked()
    async with in_process(tmp_path, executor=lambda: asked, settings=LARGE) as machine:
        uid = (await machine.create())["id"]
        await until(lambda: len(asked.calls) == 2)
        assert asked.names == ["render_run", "render_run"]
        for _, future in asked.calls:
            future.set_result([b"part"])
        await until(lambda: len(asked.calls) == 3)
        assert asked.names[2] == "join_runs"
        asked.calls[2][1].set_result(b"file")
        made = await machine.finished(uid)
        assert (await machine.client.get(made["assets"]["video"])).content == b"file"


async def test_with_work_queued_each_worker_draws_its_own_clip(tmp_path: Path) -> None:
    stalled = Stalled(max_workers=1)
    async with in_process(tmp_path, executor=lambda: stalled, settings=LARGE) as machine:
        for _ in range(3):
            await machine.create()
    asked = Asked()
    async with in_process(tmp_path, executor=lambda: asked, settings=LARGE):
        await until(lambda: len(asked.calls) == 2)
        assert asked.names == ["render", "render"]


async def test_a_worker_whose_part_is_done_goes_on_with_the_next_clip(tmp_path: Path) -> None:
    asked = Asked()
    async with in_process(tmp_path, executor=lambda: asked, settings=LARGE) as machine:
        await machine.create()
        await until(lambda: len(asked.calls) == 2)
        second = (await machine.create())["id"]
        assert (await machine.get(second))["state"] == "queued"
        asked.calls[1][1].set_result([b"part"])
        await machine.until(second, "dreaming")
        await until(lambda: len(asked.calls) == 3)
        assert asked.names[2] == "render"


async def test_a_part_that_fails_fails_the_clip_and_makes_room(tmp_path: Path) -> None:
    asked = Asked()
    async with in_process(tmp_path, executor=lambda: asked, settings=LARGE) as machine:
        uid = (await machine.create())["id"]
        await until(lambda: len(asked.calls) == 2)
        asked.calls[0][1].set_exception(ZeroDivisionError())
        assert (await machine.finished(uid))["state"] == "failed"
        await machine.until((await machine.create())["id"], "dreaming")


async def test_a_clip_one_of_whose_workers_died_is_drawn_again_by_one(tmp_path: Path) -> None:
    asked = Asked()
    async with in_process(tmp_path, executor=lambda: asked, settings=LARGE) as machine:
        uid = (await machine.create())["id"]
        await until(lambda: len(asked.calls) == 2)
        asked.calls[0][1].set_exception(workers.WorkerDiedError())
        await until(lambda: len(asked.calls) == 3)
        assert asked.names[2] == "render"
        asked.calls[2][1].set_result(b"file")
        assert (await machine.finished(uid))["state"] == "completed"


async def test_the_progress_of_all_parts_is_told_together(tmp_path: Path) -> None:
    asked = Asked()
    async with in_process(tmp_path, executor=lambda: asked, settings=LARGE) as machine:
        uid = (await machine.create())["id"]
        await until(lambda: len(asked.calls) == 2)
        for run, part in enumerate(("0.250", "0.500")):
            (tmp_path / "progress" / f"{uid}.{run}").write_text(part)
        assert (await machine.get(uid))["progress"] == 0.75
        await machine.client.delete(f"/generations/{uid}")
        await until(lambda: not list((tmp_path / "progress").iterdir()))


async def test_a_clip_that_is_drawn_in_parts_is_whole(tmp_path: Path) -> None:
    async with in_process(tmp_path, settings=LARGE) as machine:
        made = await machine.made()
        clip = decoded((await machine.client.get(made["assets"]["video"])).content)
        assert len(clip.frames) == 120
        assert clip.tags["prompt"] == PROMPT


async def test_any_executor_draws(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        async with in_process(tmp_path, executor=lambda: executor) as machine:
            await machine.made(path="/generations/image")


async def test_two_studios_share_a_queue_and_draw_nothing_twice(tmp_path: Path) -> None:
    drawn: list[str] = []

    class Counting(Executor):
        max_workers = 2

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            drawn.append(dict(args[0].tags)["request_id"])
            return workers.pool().submit(fn, *args, **kwargs)

    executors = Counting(), Counting()
    async with (
        in_process(tmp_path, executor=lambda: executors[0]) as one,
        in_process(tmp_path, executor=lambda: executors[1]) as other,
    ):
        uids = [(await machine.create({"prompt": PROMPT}))["id"] for machine in (one, other) * 8]
        for uid in uids:
            assert (await one.finished(uid))["state"] == "completed"
            assert (await other.get(uid))["state"] == "completed"
    assert sorted(drawn) == sorted(uids)


async def test_what_a_studio_queued_is_drawn_by_another_that_is_free(tmp_path: Path) -> None:
    busy = Stalled(max_workers=1)
    quick = settings(lease_seconds=0.3)
    async with in_process(tmp_path, executor=lambda: busy, settings=quick) as one:
        first = (await one.create())["id"]
        await one.until(first, "dreaming")
        async with in_process(tmp_path, settings=quick) as other:
            second = (await one.create())["id"]
            assert (await other.finished(second))["state"] == "completed"
            assert (await one.get(first))["state"] == "dreaming"


async def test_a_studio_that_draws_for_another_keeps_to_the_size_that_was_asked_there(tmp_path: Path) -> None:
    busy = Stalled(max_workers=1)
    quick = settings(lease_seconds=0.3)
    async with in_process(tmp_path, executor=lambda: busy, settings=quick) as one:
        await one.until((await one.create())["id"], "dreaming")
        async with in_process(tmp_path, settings=replace(quick, shorter_side=64, longest_seconds=0.5)) as other:
            made = await other.finished((await one.create())["id"])
            frames = decoded((await other.client.get(made["assets"]["video"])).content).frames
    assert (min(frames[0].shape[:2]), len(frames)) == (32, 5)


@pytest.mark.parametrize("number", [-1, 3, 99])
async def test_a_database_of_another_format_is_left_alone(tmp_path: Path, number: int) -> None:
    async with in_process(tmp_path):
        pass
    path = tmp_path / "studio.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {number}")
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match=f"has format {number}, .* move the file away"):
        async with in_process(tmp_path):
            pass
    assert path.read_bytes() == before


async def test_a_lease_is_renewed_for_as_long_as_its_studio_draws(tmp_path: Path) -> None:
    slow, other = Stalled(), Stalled()
    quick = settings(lease_seconds=0.3)
    async with (
        in_process(tmp_path, executor=lambda: slow, settings=quick) as one,
        in_process(tmp_path, executor=lambda: other, settings=quick),
    ):
        uid = (await one.create())["id"]
        await until(lambda: slow.futures)
        await asyncio.sleep(1.0)  # the time of three leases
        assert other.futures == []
        slow.futures[0].set_result(b"file")
        assert (await one.finished(uid))["state"] == "completed"


async def test_a_lease_that_ran_out_is_taken_over_and_the_first_studio_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slow, renew = Stalled(), Store.renew
    quick = settings(lease_seconds=0.3)

    def sleep(store: Store, uids: Iterable[str], lease_until: float) -> None:
        if store.owner != first:
            renew(store, uids, lease_until)

    async with in_process(tmp_path, executor=lambda: slow, settings=quick) as one:
        (first,) = [sign.name for sign in (tmp_path / "studios").iterdir()]
        # The machine of the first studio is suspended: the studio neither renews its lease nor ends.
        monkeypatch.setattr(Store, "renew", sleep)
        uid = (await one.create())["id"]
        await until(lambda: slow.futures)
        async with in_process(tmp_path, settings=quick) as other:
            generation = await other.finished(uid)
            assert generation["state"] == "completed"
            slow.futures[0].set_exception(ZeroDivisionError())
            await until(lambda: "could not be drawn" in caplog.text)
            assert await one.get(uid) == generation
            assert await one.balance() == 1_000_000 - 32


async def test_a_studio_that_was_killed_is_not_waited_for(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from tests.studio.machine import *\n"
        "async def main():\n"
        "    async with in_process(Path(sys.argv[1]), executor=Stalled) as one:\n"
        "        uid = (await one.create())['id']\n"
        "        await one.until(uid, 'dreaming')\n"
        "        print(uid, flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    uid = (await process.stdout.readline()).decode().strip()
    process.kill()
    await process.wait()
    # Its lease lasts far longer than this test waits.
    with closing(sqlite3.connect(tmp_path / "studio.sqlite")) as connection, connection:
        connection.execute("UPDATE generations SET lease_until = lease_until + 1000000")
    async with in_process(tmp_path) as machine:
        assert (await machine.finished(uid))["state"] == "completed"


async def test_a_cancelled_caller_never_cancels_a_create(idle: Machine) -> None:
    for rounds in range(30):
        task = asyncio.create_task(idle.client.post("/generations", json={"prompt": f"{PROMPT} {rounds}"}))
        for _ in range(rounds):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    balance = await idle.balance()
    page = (await idle.client.get("/generations")).json()
    # Every accepted request is complete: recorded, charged once, and drawn like any other.
    assert page["count"] >= 20
    assert balance == 1_000_000 - 32 * page["count"]
    for generation in page["generations"]:
        assert generation["state"] in ("queued", "dreaming")


async def test_two_hundred_creates_while_listing_and_polling(tmp_path: Path) -> None:
    with Instant(4) as executor:
        async with in_process(tmp_path, executor=lambda: executor) as machine:

            async def make(number: int) -> str:
                uid = str((await machine.create({"prompt": f"dream {number}"}))["id"])
                await machine.until(uid, "completed", every=0.2)
                return uid

            async def look() -> None:
                while True:
                    page = (await machine.client.get("/generations", params={"limit": 50})).json()
                    seen = [generation["id"] for generation in page["generations"]]
                    assert len(seen) == len(set(seen)) == page["count"]
                    await asyncio.sleep(0.05)

            watching = [asyncio.create_task(look()) for _ in range(3)]
            made = await asyncio.gather(*(make(number) for number in range(200)))
            for task in watching:
                task.cancel()
            ended = await asyncio.gather(*watching, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ended)
            page = (await machine.client.get("/generations", params={"limit": 1000})).json()
            assert {generation["id"] for generation in page["generations"]} == set(made)
            assert await machine.balance() == 1_000_000 - 200 * 32


async def test_the_loop_answers_while_pictures_are_drawn(machine: Machine) -> None:
    uids = [(await machine.create())["id"] for _ in range(4)]
    answers = [await machine.client.get("/ping") for _ in range(50)]
    assert all(answer.status_code == 200 for answer in answers)
    for uid in uids:
        await machine.finished(uid)


def test_two_hundred_creates_over_the_network(client: httpx2.Client) -> None:
    async def main() -> None:
        limits = httpx2.Limits(max_connections=50)
        async with httpx2.AsyncClient(
            base_url=client.base_url, headers=client.headers, timeout=60, limits=limits
        ) as everybody:
            bodies = [{"prompt": f"dream {number}"} for number in range(200)]
            made = await asyncio.gather(*(everybody.post("/generations/image", json=body) for body in bodies))
            assert {response.status_code for response in made} == {201}
            uids = {response.json()["id"] for response in made}
            assert len(uids) == 200
            while True:
                page = (await everybody.get("/generations", params={"limit": 1000})).json()
                assert {generation["id"] for generation in page["generations"]} == uids
                states = {generation["state"] for generation in page["generations"]}
                if states == {"completed"}:
                    break
                assert "failed" not in states
                await asyncio.sleep(0.1)

    asyncio.run(asyncio.wait_for(main(), 120))


async def test_what_is_queued_for_a_cluster_that_is_gone_says_so_and_is_drawn_when_it_is_back(tmp_path: Path) -> None:
    gone = FakeCluster(2, "the dask scheduler is gone")
    async with in_process(tmp_path, executor=lambda: gone.executor) as machine:
        uid = (await machine.create())["id"]
        generation = await machine.get(uid)
        assert (generation["state"], generation["stalled"]) == ("queued", "the dask scheduler is gone")
        gone.problem = None
        assert "stalled" not in await machine.finished(uid)


async def test_a_cluster_without_workers_is_told_of_while_it_is_waited_for(tmp_path: Path) -> None:
    empty = FakeCluster(0)
    empty.note = "the dask cluster has no workers"
    async with in_process(tmp_path, executor=lambda: empty.executor) as machine:
        uid = (await machine.create())["id"]
        assert (await machine.get(uid))["note"] == empty.note
        empty.note, empty.width = None, 1
        assert "note" not in await machine.finished(uid)


async def test_the_luma_api_tells_of_a_cluster_that_is_gone_too(tmp_path: Path) -> None:
    gone = FakeCluster(2, "the dask scheduler is gone")
    async with in_process(tmp_path, executor=lambda: gone.executor, prefix=LUMA_PREFIX) as machine:
        uid = (await machine.create({"prompt": PROMPT}))["id"]
        assert (await machine.get(uid))["stalled"] == "the dask scheduler is gone"


async def test_a_cluster_that_goes_away_in_the_middle_costs_nothing_but_time(tmp_path: Path) -> None:
    going = FakeCluster(2)
    going.ends_calls = True
    async with in_process(tmp_path, executor=lambda: going.executor) as machine:
        uid = (await machine.create())["id"]
        await until(lambda: going.problem)
        assert (await machine.until(uid, "queued"))["stalled"] == going.problem
        going.ends_calls, going.problem = False, None
        assert (await machine.finished(uid))["state"] == "completed"
        assert await machine.balance() == 1_000_000 - 32


async def test_another_cluster_takes_the_place_of_one_that_is_gone(tmp_path: Path) -> None:
    clusters = [FakeCluster(2, "the dask scheduler is gone")]
    async with in_process(tmp_path, executor=lambda: clusters[-1].executor) as machine:
        uid = (await machine.create())["id"]
        assert "stalled" in await machine.get(uid)
        clusters.append(FakeCluster(2))
        assert "stalled" not in await machine.get(uid)
        assert (await machine.finished(uid))["state"] == "completed"


async def test_a_cluster_that_grows_is_given_more_at_once(tmp_path: Path) -> None:
    stalled = Stalled()

    class Growing(FakeCluster):
        def submit(self, call: Any) -> Future[Any]:
            return stalled.submit(call.work.func)

    growing = Growing(1)
    async with in_process(tmp_path, executor=lambda: growing.executor) as machine:
        uids = [(await machine.create())["id"] for _ in range(3)]
        await machine.until(uids[0], "dreaming")
        assert (await machine.get(uids[1]))["state"] == "queued"
        growing.width = 2
        await machine.until(uids[1], "dreaming")
        assert (await machine.get(uids[2]))["state"] == "queued"
