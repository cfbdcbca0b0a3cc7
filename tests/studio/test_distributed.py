"""Drawing clips on a dask cluster that grows, shrinks and ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import psutil
import pytest

from dream_nb import workers
from dream_nb.cluster import as_pool, width
from tests.studio.dask_processes import DaskCluster, running_cluster
from tests.studio.machine import PATIENCE, PROMPT, Machine, in_process, settings, wait_for
from tests.studio.program import Program, running, start
from tests.studio.render.clips import decoded

distributed = pytest.importorskip("distributed", reason="dask is not installed: pip install dream_nb[distributed]")

pytestmark = [
    pytest.mark.anyio,
    # dask warns about the end of its cluster, and about the machine.
    pytest.mark.filterwarnings("ignore"),
]


class Watched(Executor):
    """Wraps an executor, and records the processes that drew for it."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.max_workers = 4
        self.drawn_by: set[int] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        drawn: Future[Any] = Future()

        def pass_on(done: Future[Any]) -> None:
            try:
                process, file = done.result()
            except Exception as error:
                drawn.set_exception(error)
                raise
            self.drawn_by.add(process)
            drawn.set_result(file)

        self._executor.submit(draw, fn, *args, **kwargs).add_done_callback(pass_on)
        return drawn


def draw(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    import os

    return os.getpid(), fn(*args, **kwargs)


async def eight_clips(folder: Path, executor: Executor) -> None:
    """Draw eight clips, and assert that all files differ."""
    async with in_process(folder, executor=lambda: executor, settings=settings(shorter_side=90)) as machine:
        uids = [(await machine.create({"prompt": f"{PROMPT} {number}"}))["id"] for number in range(8)]
        made = [await machine.finished(uid) for uid in uids]
        assert {generation["state"] for generation in made} == {"completed"}, made
        files = {(await machine.client.get(generation["assets"]["video"])).content for generation in made}
        assert len(files) == 8


async def test_eight_clips_are_drawn_by_both_processes_of_a_cluster(tmp_path: Path) -> None:
    def open_cluster() -> Any:
        return distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs="ERROR"
        )

    cluster = await asyncio.to_thread(open_cluster)
    client = await asyncio.to_thread(distributed.Client, cluster, timeout=PATIENCE)
    try:
        executor = Watched(client.get_executor(pure=False))
        await eight_clips(tmp_path, executor)
        assert len(executor.drawn_by) == 2
    finally:
        await asyncio.to_thread(client.close)
        await asyncio.to_thread(cluster.close)


async def test_the_executor_of_a_cluster_is_taken_as_it_is(tmp_path: Path) -> None:
    def open_client() -> Any:
        return distributed.Client(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs="ERROR"
        )

    client = await asyncio.to_thread(open_client)
    try:
        await eight_clips(tmp_path, client.get_executor())
    finally:
        await asyncio.to_thread(client.close)


async def test_eight_clips_are_drawn_by_the_studios_own_workers(tmp_path: Path) -> None:
    await eight_clips(tmp_path, workers.pool())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), 3) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared: DaskCluster) -> DaskCluster:
    """A scheduler and three workers, each a process with one thread."""
    shared.start_workers(3 - len(shared.workers))
    shared.wait_for(3)
    # The pool asks for the number of workers only now and then.
    wait_for(lambda: width(as_pool(shared.client.get_executor())) == 3)
    return shared


LONG = settings(shorter_side=180, longest_seconds=5.0)
"""Drawings that take some time, but are not worth dividing."""
LARGE = settings(shorter_side=360, longest_seconds=5.0)
"""Drawings that are worth dividing."""


async def in_state(machine: Machine, uids: list[str], state: str) -> int:
    return [(await machine.get(uid))["state"] for uid in uids].count(state)


async def several(machine: Machine, count: int) -> list[str]:
    return [(await machine.create({"prompt": f"{PROMPT} {number}"}))["id"] for number in range(count)]


async def test_as_many_are_drawn_at_once_as_the_cluster_has_threads_and_more_when_it_grows(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    async with in_process(tmp_path, executor=cluster.client.get_executor, settings=LONG) as machine:
        with cluster.standing_still():
            uids = await several(machine, 6)
            for uid in uids[:3]:
                await machine.until(uid, "dreaming")
            assert await in_state(machine, uids, "dreaming") == 3
            cluster.start_workers(1)
            for uid in uids[3:]:
                # The fourth worker draws the others, one by one.
                assert (await machine.finished(uid))["state"] == "completed"
            assert await in_state(machine, uids, "dreaming") == 3
        for uid in uids:
            assert (await machine.finished(uid))["state"] == "completed"
    cluster.kill(next(reversed(cluster.workers)))
    await asyncio.to_thread(cluster.wait_for, 3)


async def test_a_clip_whose_worker_is_killed_is_finished_by_the_others(cluster: DaskCluster, tmp_path: Path) -> None:
    async with in_process(tmp_path, executor=cluster.client.get_executor, settings=LONG) as machine:
        with cluster.standing_still():
            uids = await several(machine, 3)
            busy = await asyncio.to_thread(wait_for, lambda: len(found := cluster.busy()) == 3 and found)
            cluster.kill(busy[0])
        for uid in uids:
            assert (await machine.finished(uid))["state"] == "completed"


async def test_the_parts_of_one_clip_are_drawn_by_all_workers(cluster: DaskCluster, tmp_path: Path) -> None:
    async with in_process(tmp_path, executor=cluster.client.get_executor, settings=LARGE) as machine:
        with cluster.standing_still():
            uid = (await machine.create())["id"]
            await asyncio.to_thread(wait_for, lambda: len(cluster.busy()) == 3)
        made = await machine.finished(uid)
        clip = decoded((await machine.client.get(made["assets"]["video"])).content)
        assert len(clip.frames) == 120


def finished(studio: Program, uid: str) -> None:
    wait_for(lambda: studio.client.get(f"/generations/{uid}").json()["state"] == "completed")


def test_the_program_draws_on_a_cluster(cluster: DaskCluster, tmp_path: Path) -> None:
    before = cluster.done()
    with running(tmp_path, "--dask", cluster.address) as studio:
        uids = [
            studio.client.post("/generations", json={"prompt": f"{PROMPT} {number}"}).json()["id"]
            for number in range(4)
        ]
        for uid in uids:
            finished(studio, uid)
        workers = [
            process for process in psutil.Process(studio.process.pid).children() if "_serve" in str(process.cmdline())
        ]
        assert workers == []
        # dask's own calls do not count as tasks.
        assert cluster.done() - before == 4
        assert studio.end(signal.SIGTERM) == 0
        assert studio.process.stderr is not None
        assert studio.process.stderr.read() == ""


@pytest.mark.slow
def test_the_program_goes_on_when_its_scheduler_is_back(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    with running_cluster(tmp_path / "cluster", 1) as cluster, running(tmp_path, "--dask", cluster.address) as studio:
        cluster.kill_scheduler()
        uid = studio.client.post("/generations", json={"prompt": PROMPT}).json()["id"]
        why = wait_for(lambda: studio.client.get(f"/generations/{uid}").json().get("stalled"))
        assert why == f"the dask scheduler at {cluster.address} is gone"
        assert studio.process.stderr is not None
        while "queued generations are drawn when it is back" not in (line := studio.process.stderr.readline()):
            assert line
        cluster.restart_scheduler()
        cluster.start_workers(1)
        finished(studio, uid)


def test_the_program_says_in_one_line_that_no_scheduler_answers(tmp_path: Path) -> None:
    process = start("--library", tmp_path, "--dask", "tcp://127.0.0.1:1")
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("no dask scheduler answers at tcp://127.0.0.1:1 (")
