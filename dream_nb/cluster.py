"""A dask cluster as a pool of workers: as wide as it is at the moment, and no call waits for one that is gone.

dask is imported by `ClusterConnection` alone. Elsewhere, an executor can be dask's only where somebody has imported it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Final

from dream_nb.api.errors import ClusterGoneError, ConfigurationError
from dream_nb.workers import WorkerDiedError

# Between two looks at a client. Each reads an attribute.
_LOOK_SECONDS: Final = 0.25
_FIRST_LOOK_SECONDS: Final = 0.02
# Between two questions for the threads, each answered by the scheduler.
_ASK_SECONDS: Final = 2.0
# A scheduler that is restarted, or a connection that breaks for a moment, is waited for.
_GRACE_SECONDS: Final = 5.0
# Without any answer from a scheduler that is connected: a busy one takes its time.
_SILENT_SECONDS: Final = 30.0
# A process that was stopped, or in the middle of a long call, has not waited all that time.
_LONGEST_LOOK: Final = 1.0
_CONNECT_SECONDS: Final = 10.0
# How often a call goes to a cluster that drops it: at every restart of its workers.
_MOST_TRIES: Final = 3
_CLOSED: Final = ("closing", "closed")
_DIED: Final = "the dask workers that ran this call ended before it was done"

_lock = threading.Lock()
_clusters: weakref.WeakKeyDictionary[Any, _Cluster] = weakref.WeakKeyDictionary()


def as_pool(executor: Executor) -> Executor:
    """An executor whose calls always end, and that says how many run at once: dask's as a `ClusterExecutor`.

    Args:
        executor: any executor. What is not dask's is given back as it is.
    """
    dask = sys.modules.get("distributed.cfexecutor")
    if dask is None or not isinstance(executor, dask.ClientExecutor):
        return executor
    client = executor._client
    with _lock:
        cluster = _clusters.get(client)
        if cluster is None:
            cluster = _clusters[client] = _Cluster(client)
    return ClusterExecutor(cluster, executor)


def width(executor: Executor) -> int:
    """How many calls an executor runs at once, at this moment; 0 where nothing can run, or that is not known yet.

    Args:
        executor: what `as_pool` gave.
    """
    if isinstance(executor, ClusterExecutor):
        return executor.max_workers
    known = getattr(executor, "max_workers", None) or getattr(executor, "_max_workers", None)
    return int(known) if known else os.cpu_count() or 1


def problem(executor: Executor) -> str | None:
    """Why nothing runs on an executor at the moment, as a clause; None where something does.

    Args:
        executor: what `as_pool` gave.
    """
    return executor.problem if isinstance(executor, ClusterExecutor) else None


def note(executor: Executor) -> str | None:
    """Why what was handed to an executor does not begin, though it may at any time; None where it begins.

    Args:
        executor: what `as_pool` gave.
    """
    return executor.note if isinstance(executor, ClusterExecutor) else None


class ClusterExecutor(Executor):
    """dask's executor, with the manners of our own pool.

    Args:
        cluster: the cluster.
        executor: a `distributed.ClientExecutor` of it.
    """

    def __init__(self, cluster: _Cluster, executor: Executor) -> None:
        self._cluster = cluster
        self._executor = executor

    @property
    def max_workers(self) -> int:
        """How many calls run at once: the threads that the cluster has now. 0 before they are known, and when it is
        gone."""
        return self._cluster.width

    @property
    def problem(self) -> str | None:
        """Why nothing runs at the moment, or None."""
        return self._cluster.problem

    @property
    def note(self) -> str | None:
        """Why what was handed over does not begin, though it may at any time, or None."""
        return self._cluster.note

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn(*args, **kwargs)` on the cluster.

        The future raises what the function raised, `WorkerDiedError` where dask gave the call up because its workers
        died, or `ClusterGoneError` a few seconds after the scheduler was gone.

        Raises:
            ClusterGoneError: the scheduler is gone already.
            RuntimeError: the executor is shut down.
        """
        return self._cluster.submit(_Call(self._executor, functools.partial(fn, *args, **kwargs), Future()))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls. dask's executor cancels what it does not wait for."""
        self._executor.shutdown(wait=wait and not cancel_futures)


@dataclass(eq=False, slots=True)
class _Call:
    """A call on a cluster.

    Attributes:
        executor: hands it over.
        work: what is called.
        future: of whoever asked for it.
        sent: dask's own future.
        tries: how often it was handed over.
        is_dropped: whether dask has cancelled it, which nobody had asked for.
    """

    executor: Executor
    work: functools.partial[Any]
    future: Future[Any]
    sent: Future[Any] | None = None
    tries: int = 0
    is_dropped: bool = False


class _Cluster:
    """A dask cluster as one of its clients sees it, looked at by a thread until that client is closed.

    Args:
        client: the `distributed.Client`. Only a weak reference to it is kept.

    Attributes:
        problem: why nothing runs at the moment, as a clause, or None.
        note: why what was handed over does not begin, though it may at any time, as a clause, or None.
    """

    def __init__(self, client: Any) -> None:
        self._client = weakref.ref(client)
        self._address = _address(client)
        self._lock = threading.Lock()
        self._calls: set[_Call] = set()
        self._width = 0
        self._question: Future[dict[str, int]] | None = None
        self._unasked = _ASK_SECONDS
        # Seconds without a connection, and without an answer.
        self._lost = self._silent = 0.0
        self.problem: str | None = None
        self.note: str | None = None
        threading.Thread(target=self._watch, name="dream_nb-cluster", daemon=True).start()

    @property
    def width(self) -> int:
        """How many calls run at once; 0 where none can, or that is not known yet."""
        return 0 if self.problem else self._width

    def submit(self, call: _Call) -> Future[Any]:
        """Hand a call over; gives back its future."""
        with self._lock:
            if self.problem:
                raise _gone(self.problem)
            self._calls.add(call)
        call.future.add_done_callback(lambda _: self._forget(call))
        try:
            self._send(call)
        except Exception as error:
            self._take(call)
            client = self._client()
            # dask's own error of a closed client is no RuntimeError.
            if client is None or client.status in _CLOSED:
                raise _gone(self._closed()) from error
            raise
        return call.future

    def _send(self, call: _Call) -> None:
        call.tries, call.is_dropped = call.tries + 1, False
        # What is not pure gets a name of its own: under the same one, dask gives back how it ended before.
        call.sent = call.executor.submit(call.work, pure=False)
        call.sent.add_done_callback(lambda sent: self._came(call, sent))

    def _came(self, call: _Call, sent: Future[Any]) -> None:
        if sent.cancelled():
            # Its connection broke, or its workers were restarted: the next look decides what becomes of it.
            call.is_dropped = True
        elif error := sent.exception():
            self._end(call, WorkerDiedError(_DIED) if type(error).__name__ == "KilledWorker" else error)
        elif self._take(call) and call.future.set_running_or_notify_cancel():
            call.future.set_result(sent.result())

    def _end(self, call: _Call, error: BaseException) -> None:
        if self._take(call) and call.future.set_running_or_notify_cancel():
            call.future.set_exception(error)

    def _take(self, call: _Call) -> bool:
        """Whether a call had not ended yet: it is the caller's to end."""
        with self._lock:
            was_there = call in self._calls
            self._calls.discard(call)
            return was_there

    def _forget(self, call: _Call) -> None:
        """Cancel a call whose future was cancelled."""
        if call.future.cancelled() and self._take(call):
            call.future.set_running_or_notify_cancel()
            if call.sent is not None:
                call.sent.cancel()

    def _watch(self) -> None:
        last = time.monotonic()
        while True:
            now = time.monotonic()
            if not self._look(min(now - last, _LONGEST_LOOK)):
                return
            last = now
            time.sleep(_LOOK_SECONDS if self._width or self.problem else _FIRST_LOOK_SECONDS)

    def _look(self, seconds: float) -> bool:
        """See whether the cluster is there, and end or send again what it dropped. False when there is no more to see.

        Args:
            seconds: since the last look.
        """
        client = self._client()
        status = "closed" if client is None else client.status
        if status == "running":
            self._lost = 0.0
            self._address = _address(client) or self._address
            self._ask(client, seconds)
        else:
            self._lost += seconds if status not in _CLOSED else 0.0
            self._ask_later()
        why: str | None = None
        if status in _CLOSED:
            why = self._closed()
        elif self._lost > _GRACE_SECONDS:
            why = f"the dask scheduler at {self._address} is gone"
        elif self._silent > _SILENT_SECONDS:
            why = f"the dask scheduler at {self._address} does not answer"
        with self._lock:
            self.problem = why
            calls = list(self._calls)
        for call in calls:
            if why:
                self._end(call, _gone(why))
            elif call.is_dropped and status == "running":
                self._send_again(call)
        return status not in _CLOSED

    def _closed(self) -> str:
        # A client that has looked for its scheduler in vain is closed by dask.
        what = "the dask scheduler" if self._lost else "the connection to the dask scheduler"
        return f"{what} at {self._address} is {'gone' if self._lost else 'closed'}"

    def _send_again(self, call: _Call) -> None:
        if call.tries >= _MOST_TRIES:
            call.future.cancel()
            return
        try:
            self._send(call)
        except Exception as error:  # noqa: BLE001 - whoever waits for the call has to hear it
            self._end(call, error)

    def _ask_later(self) -> None:
        if self._question is not None:
            self._question.cancel()
        self._question, self._unasked, self._silent = None, _ASK_SECONDS, 0.0

    def _ask(self, client: Any, seconds: float) -> None:
        """Find out how many threads the cluster has, on dask's own event loop: nothing here waits for it."""
        self._silent += seconds
        self._unasked += seconds
        if self._question is not None and self._question.done():
            question, self._question = self._question, None
            with contextlib.suppress(Exception):
                threads = question.result()
                self._width = _width_of(client, threads)
                self.note = None if threads else f"the dask cluster at {self._address} has no workers"
                self._silent = 0.0
        if self._question is None and self._unasked >= _ASK_SECONDS:
            self._unasked = 0.0
            # A client that is just being closed has no scheduler any more.
            with contextlib.suppress(Exception):
                self._question = asyncio.run_coroutine_threadsafe(_threads_of(client), client.loop.asyncio_loop)


def _gone(problem: str) -> ClusterGoneError:
    return ClusterGoneError(f"{problem}: connect to a running cluster, then run the cell again")


async def _threads_of(client: Any) -> dict[str, int]:
    threads: dict[str, int] = await client.scheduler.ncores(workers=None)
    return threads


def _address(client: Any) -> str:
    return str(getattr(getattr(client, "scheduler", None), "address", "") or "")


def _width_of(client: Any, threads: dict[str, int]) -> int:
    """How many calls a cluster of these threads is given at once. One without any may get some for what waits."""
    count = sum(threads.values())
    adaptive = getattr(getattr(client, "cluster", None), "_adaptive", None)
    if getattr(adaptive, "periodic_callback", None) is not None and len(threads) < getattr(adaptive, "maximum", 0):
        # It grows only as long as something waits for a thread.
        count *= 2
    return max(1, count)


class ClusterConnection:
    """A connection to a cluster, made anew after its scheduler was gone. Call it for the executor.

    Args:
        address: of the scheduler, such as "tcp://127.0.0.1:8786".
        told: is called with a line when the scheduler is gone, and when it is there again.

    Raises:
        ConfigurationError: dask is not installed, or no scheduler answers at the address.
    """

    def __init__(self, address: str, told: Callable[[str], None]) -> None:
        self._address = address
        self._told = told
        self._lock = threading.Lock()
        self._is_closed = self._is_connecting = False
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise ConfigurationError("dask is not installed: pip install 'dream_nb[distributed]'") from None
        try:
            self._client = self._connect()
        except (OSError, ValueError, ImportError) as error:
            raise ConfigurationError(
                f"no dask scheduler answers at {address} ({error}): start one with dask scheduler"
            ) from None

    def __call__(self) -> Executor:
        """The executor of the cluster. Where the connection is closed, another one is begun in the background."""
        with self._lock:
            if self._client.status == "closed" and not (self._is_connecting or self._is_closed):
                self._is_connecting = True
                threading.Thread(target=self._reconnect, name="dream_nb-connection", daemon=True).start()
            executor: Executor = self._client.get_executor()
        return executor

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._is_closed = True
        with contextlib.suppress(Exception):
            self._client.close(timeout=_GRACE_SECONDS)

    def _connect(self) -> Any:
        import distributed

        open_client: Callable[..., Any] = distributed.Client
        return open_client(self._address, timeout=_CONNECT_SECONDS, set_as_default=False, name="dream_nb")

    def _reconnect(self) -> None:
        self._told(f"the dask scheduler at {self._address} is gone: queued generations are drawn when it is back")
        while not self._is_closed:
            try:
                client = self._connect()
            except Exception:  # noqa: BLE001 - whatever answers there, it may be another thing later
                time.sleep(_LOOK_SECONDS)
                continue
            with self._lock:
                self._client, self._is_connecting = client, False
                if self._is_closed:
                    client.close()
                    return
            self._told(f"the dask scheduler at {self._address} is back")
            return
