"""A dask cluster as a pool of workers, with a fake client that fails as dask's does."""

from __future__ import annotations

import asyncio
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from dream_nb import cluster, workers
from dream_nb.api.errors import ClusterGoneError, ConfigurationError
from dream_nb.cluster import ClusterConnection, ClusterExecutor, as_pool, note, problem, width
from dream_nb.workers import WorkerDiedError
from tests.studio.machine import PATIENCE, until, wait_for

distributed = pytest.importorskip("distributed", reason="dask is not installed: pip install dream_nb[distributed]")

dask_executors: Any = pytest.importorskip("distributed.cfexecutor")

ADDRESS = "tcp://127.0.0.1:1"


class Client:
    """A fake dask client with what `as_pool` uses. Its calls end when a test ends them."""

    def __init__(self, *threads: int, answers: bool = True) -> None:
        self.status = "running"
        self.threads = list(threads)
        self.cluster: Any = None
        self.answers = answers
        self.loop = SimpleNamespace(asyncio_loop=asyncio.new_event_loop())
        self.scheduler = SimpleNamespace(address=ADDRESS, ncores=self._ncores)
        self.sent: list[Future[Any]] = []
        self._thread = threading.Thread(target=self.loop.asyncio_loop.run_forever, daemon=True)
        self._thread.start()

    async def _ncores(self, workers: None) -> dict[str, int]:  # noqa: ARG002 - the signature of dask's
        await until(lambda: self.answers)
        return {f"tcp://worker-{number}": count for number, count in enumerate(self.threads)}

    def submit(self, *_args: Any, pure: bool) -> Future[Any]:
        """The future of a call, as dask's executor returns it."""
        assert not pure
        if self.status == "closed":
            raise distributed.client.ClosedClientError("Client is closed")
        self.sent.append(Future())
        return self.sent[-1]

    def lose(self) -> None:
        """Do what dask does first when the connection breaks."""
        self.status = "connecting"
        for future in self.sent:
            future.cancel()

    def close(self) -> None:
        self.status = "closed"
        loop = self.loop.asyncio_loop
        if loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(_end_tasks(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join(PATIENCE)
        loop.close()


async def _end_tasks() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[Client, ClusterExecutor]]]:
    """Opens a client whose workers have these numbers of threads; returns it and its pool. All timeouts are short."""
    for name in ("_LOOK_SECONDS", "_ASK_SECONDS"):
        monkeypatch.setattr(cluster, name, 0.01)
    monkeypatch.setattr(cluster, "_GRACE_SECONDS", 0.05)
    clients: list[Client] = []

    class ClientExecutor(dask_executors.ClientExecutor):  # type: ignore[misc]
        def submit(self, fn: Any, *args: Any, **kwargs: Any) -> Future[Any]:
            return self._client.submit(fn, *args, **kwargs)  # type: ignore[no-any-return]

    def open_client(*threads: int, answers: bool = True) -> tuple[Client, ClusterExecutor]:
        client = Client(*threads, answers=answers)
        clients.append(client)
        executor = as_pool(ClientExecutor(client))
        assert isinstance(executor, ClusterExecutor)
        return client, executor

    yield open_client
    for client in clients:
        client.close()


Open = Callable[..., tuple[Client, ClusterExecutor]]


def test_other_executors_are_taken_as_they_are() -> None:
    pool = workers.pool()
    with ThreadPoolExecutor(3) as threads:
        assert as_pool(pool) is pool
        assert as_pool(threads) is threads
        assert (width(pool), width(threads)) == (pool.max_workers, 3)
        assert (problem(pool), problem(threads)) == (None, None)


def test_a_cluster_is_as_wide_as_its_threads_as_it_grows_and_shrinks(opened: Open) -> None:
    client, executor = opened(4, 2)
    wait_for(lambda: width(executor) == 6)
    client.threads.append(8)
    wait_for(lambda: width(executor) == 14)
    del client.threads[1:]
    wait_for(lambda: width(executor) == 4)


def test_a_cluster_is_given_nothing_before_it_has_said_how_wide_it_is(opened: Open) -> None:
    client, executor = opened(4, answers=False)
    assert width(executor) == 0
    client.answers = True
    wait_for(lambda: width(executor) == 4)


def test_a_cluster_without_workers_is_given_one_call_so_that_it_may_grow(opened: Open) -> None:
    client, executor = opened()
    wait_for(lambda: width(executor) == 1)
    assert note(executor) == f"the dask cluster at {ADDRESS} has no workers"
    client.threads = [2]
    client.cluster = SimpleNamespace(_adaptive=SimpleNamespace(periodic_callback=object(), maximum=2))
    wait_for(lambda: width(executor) == 4)
    assert note(executor) is None
    client.threads = [2, 2]
    wait_for(lambda: width(executor) == 4)


def test_a_call_gives_what_its_function_gave_or_raised(opened: Open) -> None:
    client, executor = opened(1)
    given, raised = executor.submit(sum, [1, 2]), executor.submit(sum, [1, 2])
    client.sent[0].set_result(3)
    client.sent[1].set_exception(ZeroDivisionError("at frame 7"))
    assert given.result(PATIENCE) == 3
    with pytest.raises(ZeroDivisionError, match="at frame 7"):
        raised.result(PATIENCE)


def test_a_call_whose_workers_died_ends_as_in_a_pool_whose_worker_died(opened: Open) -> None:
    client, executor = opened(1)
    call = executor.submit(sum, [1])
    client.sent[0].set_exception(distributed.KilledWorker("sum-1", SimpleNamespace(address=ADDRESS), 3))
    with pytest.raises(WorkerDiedError):
        call.result(PATIENCE)


def test_a_call_that_is_cancelled_is_cancelled_on_the_cluster(opened: Open) -> None:
    client, executor = opened(1)
    assert executor.submit(sum, [1]).cancel()
    assert client.sent[0].cancelled()


def test_a_scheduler_that_is_gone_ends_every_call_and_takes_no_more(opened: Open) -> None:
    client, executor = opened(1)
    wait_for(lambda: width(executor) == 1)
    calls = [executor.submit(sum, [1]) for _ in range(3)]
    client.lose()
    for call in calls:
        with pytest.raises(
            ClusterGoneError, match=f"dask scheduler at {ADDRESS} is gone: connect to a running cluster"
        ):
            call.result(PATIENCE)
    assert (problem(executor), width(executor)) == (f"the dask scheduler at {ADDRESS} is gone", 0)
    with pytest.raises(ClusterGoneError):
        executor.submit(sum, [1])


def test_a_scheduler_that_is_back_in_time_is_sent_again_what_it_lost(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_GRACE_SECONDS", PATIENCE)
    client, executor = opened(1)
    call = executor.submit(sum, [1])
    client.lose()
    client.status = "running"
    wait_for(lambda: len(client.sent) == 2)
    client.sent[1].set_result(1)
    assert call.result(PATIENCE) == 1


def test_a_scheduler_that_is_back_later_is_used_again(opened: Open) -> None:
    client, executor = opened(2)
    client.lose()
    wait_for(lambda: problem(executor))
    client.status = "running"
    wait_for(lambda: width(executor) == 2)
    assert problem(executor) is None


def test_a_call_that_is_dropped_again_and_again_is_given_up(opened: Open) -> None:
    client, executor = opened(1)
    call = executor.submit(sum, [1])
    for number in range(3):
        wait_for(functools.partial(lambda number: len(client.sent) > number, number))
        client.sent[number].cancel()
    with pytest.raises(CancelledError):
        call.result(PATIENCE)
    assert len(client.sent) == 3


def test_a_scheduler_that_does_not_answer_is_not_waited_for_without_end(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_SILENT_SECONDS", 0.05)
    client, executor = opened(1)
    client.answers = False
    with pytest.raises(ClusterGoneError, match=f"the dask scheduler at {ADDRESS} does not answer: "):
        executor.submit(sum, [1]).result(PATIENCE)
    client.answers = True
    wait_for(lambda: problem(executor) is None)


def test_a_client_that_its_user_closed_ends_every_call(opened: Open) -> None:
    client, executor = opened(1)
    call = executor.submit(sum, [1])
    client.close()
    with pytest.raises(ClusterGoneError, match=f"the connection to the dask scheduler at {ADDRESS} is closed: "):
        call.result(PATIENCE)
    with pytest.raises(ClusterGoneError):
        executor.submit(sum, [1])


@pytest.mark.parametrize("how", [{"wait": False}, {"cancel_futures": True}])
def test_it_is_shut_down_as_any_executor(opened: Open, how: dict[str, bool]) -> None:
    client, executor = opened(1)
    cancelled: list[Any] = []
    client.cancel = cancelled.append  # type: ignore[attr-defined]
    executor.shutdown(**how)
    assert cancelled == [[]]


def test_a_client_that_is_closed_just_now_is_gone_too(opened: Open) -> None:
    client, executor = opened(1)

    def refuse(*_args: Any, **_kwargs: Any) -> Future[Any]:
        client.status = "closed"
        raise distributed.client.ClosedClientError("Client is closed")

    client.submit = refuse  # type: ignore[method-assign]
    with pytest.raises(ClusterGoneError, match="is closed: connect to a running cluster"):
        executor.submit(sum, [1])


def test_a_question_to_a_scheduler_that_is_gone_is_not_left_behind(opened: Open) -> None:
    client, executor = opened(1)
    wait_for(lambda: width(executor) == 1)
    client.answers = False
    wait_for(lambda: asyncio.all_tasks(client.loop.asyncio_loop))
    client.lose()
    wait_for(lambda: not asyncio.all_tasks(client.loop.asyncio_loop))


def test_an_executor_that_is_shut_down_says_so(opened: Open) -> None:
    client, executor = opened(1)

    def refuse(*_args: Any, **_kwargs: Any) -> Future[Any]:
        raise RuntimeError("cannot schedule new futures after shutdown")

    client.submit = refuse  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(sum, [1])


def test_a_scheduler_that_is_not_there_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.5)
    with pytest.raises(ConfigurationError, match=f"no dask scheduler answers at {ADDRESS} .*: start one with"):
        ClusterConnection(ADDRESS, pytest.fail)


def test_dask_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigurationError, match=r"dask is not installed: pip install 'dream_nb\[distributed\]'"):
        ClusterConnection(ADDRESS, pytest.fail)


def test_a_connection_that_was_lost_is_made_anew_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dask:
        status = "running"

        def get_executor(self) -> Any:
            return self

        def close(self, timeout: float | None = None) -> None:  # noqa: ARG002 - the signature of dask's
            self.status = "closed"

    clients = [Dask(), Dask()]
    coming: list[Any] = [clients[0], OSError("refused"), clients[1]]

    def connect(_: ClusterConnection) -> Any:
        if isinstance(found := coming.pop(0), OSError):
            raise found
        return found

    monkeypatch.setattr(ClusterConnection, "_connect", connect)
    told: list[str] = []
    connection = ClusterConnection(ADDRESS, told.append)
    assert _given(connection) is clients[0]
    clients[0].status = "closed"
    wait_for(lambda: _given(connection) is clients[1])
    wait_for(lambda: len(told) == 2)
    assert "is gone: queued generations are drawn when it is back" in told[0]
    assert told[1].endswith("is back")
    connection.close()
    assert clients[1].status == "closed"


def _given(connection: ClusterConnection) -> Any:
    return connection()


def test_nothing_looks_at_a_client_that_is_closed(opened: Open) -> None:
    client, executor = opened(1)
    wait_for(lambda: width(executor) == 1)
    client.close()
    wait_for(lambda: not any(thread.name == "dream_nb-cluster" for thread in threading.enumerate()))
