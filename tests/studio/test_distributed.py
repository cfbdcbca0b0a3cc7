"""Eight clips on the processes of a dask cluster, and the same eight on the studio's own workers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from dream_nb import workers
from tests.studio.machine import PATIENCE, PROMPT, in_process, settings

distributed = pytest.importorskip("distributed", reason="dask is not installed: pip install dream_nb[distributed]")

pytestmark = [
    pytest.mark.anyio,
    # dask's own affairs: the end of its cluster, and what it thinks of the machine.
    pytest.mark.filterwarnings("ignore"),
]


class Watched(Executor):
    """An executor, and the processes that drew for it."""

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
    """Draw eight clips, each a file of its own."""
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
