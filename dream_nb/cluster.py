"""A dask cluster as a pool of workers. Its width follows the cluster, and no call waits for a cluster that is gone.

Only `ClusterConnection` imports dask. Another executor can be dask's only if other code has imported dask.
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

# The interval between two looks at a client, in seconds. A look only reads an attribute.
_LOOK_SECONDS: Final = 0.25
_FIRST_LOOK_SECONDS: Final = 0.02
# The interval between two questions for the number of threads, which the scheduler has to answer.
_ASK_SECONDS: Final = 2.0
# How long to wait for a scheduler that restarts, or for a connection that is interrupted.
_GRACE_SECONDS: Final = 5.0
# How long to wait for an answer of a connected scheduler, which may be busy.
_SILENT_SECONDS: Final = 30.0
# After a longer gap this process itself was stopped or busy, so the gap does not count as waiting.
_LONGEST_LOOK: Final = 1.0
_CONNECT_SECONDS: Final = 10.0
# How often a call is sent again after the cluster dropped it, which happens at every restart of its workers.
_MOST_TRIES: Final = 3
_CLOSED: Final = ("closing", "closed")
_DIED: Final = "the dask workers that ran this call ended before it was done"

_lock = threading.Lock()
_clusters: weakref.WeakKeyDictionary[Any, _Cluster] = weakref.WeakKeyDictionary()


def as_pool(executor: Executor) -> Executor:
    """Return an executor whose calls always end, and that reports its width: for dask's, a `ClusterExecutor`.

    Args:
        executor: any executor. One that is not dask's is returned unchanged.
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
    """The number of calls that an executor can run at once now; 0 if it can run none, or if this is not known yet.

    Args:
        executor: an executor that `as_pool` returned.
    """
    if isinstance(executor, ClusterExecutor):
        return executor.max_workers
    known = getattr(executor, "max_workers", None) or getattr(executor, "_max_workers", None)
    return int(known) if known else os.cpu_count() or 1


def problem(executor: Executor) -> str | None:
    """The reason why nothing can run on an executor now, as a clause; None if something can.

    Args:
        executor: an executor that `as_pool` returned.
    """
    return executor.problem if isinstance(executor, ClusterExecutor) else None


def note(executor: Executor) -> str | None:
    """The reason why submitted calls do not begin yet, although they may at any time; None if they do.

    Args:
        executor: an executor that `as_pool` returned.
    """
    return executor.note if isinstance(executor, ClusterExecutor) else None


class ClusterExecutor(Executor):
    """dask's executor with the interface and guarantees of this package's own pool.

    Args:
        cluster: the cluster.
        executor: a `distributed.ClientExecutor` of the cluster.
    """

    def __init__(self, cluster: _Cluster, executor: Executor) -> None:
        self._cluster = cluster
        self._executor = executor

    @property
    def max_workers(self) -> int:
        """The number of calls that run at once: the cluster's threads; 0 before it is known, and when it is gone."""
        return self._cluster.width

    @property
    def problem(self) -> str | None:
        """The reason why nothing can run now, or None."""
        return self._cluster.problem

    @property
    def note(self) -> str | None:
        """The reason why submitted calls do not begin yet, although they may at any time, or None."""
        return self._cluster.note

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn(*args, **kwargs)` on the cluster.

        The future raises the function's own exception, `WorkerDiedError` if dask gave the call up because its workers
        died, or `ClusterGoneError` a few seconds after the scheduler has gone.

        Raises:
            ClusterGoneError: the scheduler has gone already.
            RuntimeError: the executor is shut down.
        """
        return self._cluster.submit(_Call(self._executor, functools.partial(fn, *args, **kwargs), Future()))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more calls. dask's executor cancels the calls that it does not wait for."""
        self._executor.shutdown(wait=wait and not cancel_futures)


@dataclass(eq=False, slots=True)
class _Call:
    """A call on a cluster.

    Attributes:
        executor: the dask executor that the call is submitted to.
        work: the function to call, with its arguments.
        future: the future of the caller.
        sent: dask's own future.
        tries: the number of times that the call was submitted.
        is_dropped: whether dask cancelled the call although this was not requested.
    """

    executor: Executor
    work: functools.partial[Any]
    future: Future[Any]
    sent: Future[Any] | None = None
    tries: int = 0
    is_dropped: bool = False


class _Cluster:
    """A dask cluster as one of its clients sees it. A thread watches it until that client is closed.

    Args:
        client: the `distributed.Client`. Only a weak reference to it is kept.

    Attributes:
        problem: the reason why nothing can run now, as a clause, or None.
        note: the reason why submitted calls do not begin yet, although they may at any time, as a clause, or None.
    """

    def __init__(self, client: Any) -> None:
        self._client = weakref.ref(client)
        self._address = _address(client)
        self._lock = threading.Lock()
        self._calls: set[_Call] = set()
        self._width = 0
        self._question: Future[dict[str, int]] | None = None
        self._unasked = _ASK_SECONDS
        # Seconds without a connection, and seconds without an answer.
        self._lost = self._silent = 0.0
        self.problem: str | None = None
        self.note: str | None = None
        threading.Thread(target=self._watch, name="dream_nb-cluster", daemon=True).start()

    @property
    def width(self) -> int:
        """The number of calls that can run at once; 0 if none can, or if this is not known yet."""
        return 0 if self.problem else self._width

    def submit(self, call: _Call) -> Future[Any]:
        """Submit a call, and return its future."""
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
            # dask's own error for a closed client is not a RuntimeError.
            if client is None or client.status in _CLOSED:
                raise _gone(self._closed()) from error
            raise
        return call.future

    def _send(self, call: _Call) -> None:
        call.tries, call.is_dropped = call.tries + 1, False
        # Impure calls get a unique name: for a known name, dask returns the earlier result.
        call.sent = call.executor.submit(call.work, pure=False)
        call.sent.add_done_callback(lambda sent: self._came(call, sent))

    def _came(self, call: _Call, sent: Future[Any]) -> None:
        if sent.cancelled():
            # The connection broke, or the workers were restarted: the next look decides what to do.
            call.is_dropped = True
        elif error := sent.exception():
            self._end(call, WorkerDiedError(_DIED) if type(error).__name__ == "KilledWorker" else error)
        elif self._take(call) and call.future.set_running_or_notify_cancel():
            call.future.set_result(sent.result())

    def _end(self, call: _Call, error: BaseException) -> None:
        if self._take(call) and call.future.set_running_or_notify_cancel():
            call.future.set_exception(error)

    def _take(self, call: _Call) -> bool:
        """Claim a call that has not ended, so that the caller may end it. Returns False if it has ended."""
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
        """Check the cluster, and end or resend the calls that it dropped. False if no more looks are needed.

        Args:
            seconds: the time since the last look.
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
        # dask closes a client that could not find its scheduler.
        what = "the dask scheduler" if self._lost else "the connection to the dask scheduler"
        return f"{what} at {self._address} is {'gone' if self._lost else 'closed'}"

    def _send_again(self, call: _Call) -> None:
        if call.tries >= _MOST_TRIES:
            call.future.cancel()
            return
        try:
            self._send(call)
        except Exception as error:  # noqa: BLE001 - re-raised in whoever waits for the call
            self._end(call, error)

    def _ask_later(self) -> None:
        if self._question is not None:
            self._question.cancel()
        self._question, self._unasked, self._silent = None, _ASK_SECONDS, 0.0

    def _ask(self, client: Any, seconds: float) -> None:
        """Ask for the number of threads of the cluster on dask's own event loop, so that nothing here waits."""
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
            # A client that is being closed has no scheduler any more.
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
    """The number of calls to give a cluster with these threads at once. A cluster without threads may start some."""
    count = sum(threads.values())
    adaptive = getattr(getattr(client, "cluster", None), "_adaptive", None)
    if getattr(adaptive, "periodic_callback", None) is not None and len(threads) < getattr(adaptive, "maximum", 0):
        # An adaptive cluster grows only while something waits for a thread.
        count *= 2
    return max(1, count)


class ClusterConnection:
    """A connection to a cluster that reconnects after its scheduler has gone. Calling it returns the executor.

    Args:
        address: the address of the scheduler, such as "tcp://127.0.0.1:8786".
        told: a function that is called with a line of text when the scheduler disappears, and when it returns.

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
        """Return the executor of the cluster. If the connection is closed, a new one is begun in the background."""
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
            except Exception:  # noqa: BLE001 - whatever the error is, a later try may succeed
                time.sleep(_LOOK_SECONDS)
                continue
            with self._lock:
                self._client, self._is_connecting = client, False
                if self._is_closed:
                    client.close()
                    return
            self._told(f"the dask scheduler at {self._address} is back")
            return
