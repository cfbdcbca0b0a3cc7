"""Measures many files at once, in worker processes or on a cluster."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from dream_nb.api.errors import ClusterGoneError
from dream_nb.cluster import as_pool, width
from dream_nb.media.worker import MeasureOrder, Reading, read
from dream_nb.workers import Pool

Name = TypeVar("Name", bound=Hashable)

# Enough to keep every worker busy, and few enough that the bytes for a cluster fit in memory.
_WAITING: Final = 32
_SPARE: Final = 8
_MOST_TRIES: Final = 2


@dataclass(slots=True)
class _Sent(Generic[Name]):
    """A running measurement: the caller's name for it, the order, the executor, and the number of tries."""

    name: Name
    order: MeasureOrder
    executor: Executor
    tries: int = 0

    def submit(self) -> Future[Reading]:
        """Submit it to its executor.

        Raises:
            OSError: the file cannot be read.
            ClusterGoneError: the cluster that should measure it is gone.
        """
        self.tries += 1
        order = self.order
        if not isinstance(self.executor, Pool) and not isinstance(order.file, bytes):
            order = replace(order, file=order.file.read_bytes())
        return self.executor.submit(read, order)


def measure_files(orders: Iterable[tuple[Name, MeasureOrder, Executor]]) -> Iterator[tuple[Name, Reading]]:
    """Measure files. The reading of a file that cannot be measured says why, and the others are not affected.

    Args:
        orders: for each file, a name of the caller's, the order, and the executor. Executors other than our own pool
            receive the file's bytes, because their machines may not have the file.

    Yields:
        The names with their readings, in the order of completion.
    """
    running: dict[Future[Reading], _Sent[Name]] = {}
    try:
        for name, order, executor in orders:
            sent = _Sent(name, order, as_pool(executor))
            while len(running) >= max(_WAITING, width(sent.executor) + _SPARE):
                yield from _ended(running)
            yield from _begun(sent, running)
        while running:
            yield from _ended(running)
    finally:
        for future in running:
            future.cancel()


def _begun(sent: _Sent[Name], running: dict[Future[Reading], _Sent[Name]]) -> Iterator[tuple[Name, Reading]]:
    """Begin to measure a file. If that is impossible, its reading is yielded."""
    try:
        running[sent.submit()] = sent
    except OSError as error:
        yield sent.name, Reading.failed(sent.order, str(error))
    except ClusterGoneError as error:
        yield sent.name, _failed(sent, error)


def _ended(running: dict[Future[Reading], _Sent[Name]]) -> Iterator[tuple[Name, Reading]]:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        sent = running.pop(future)
        try:
            reading = future.result()
        except Exception as error:  # noqa: BLE001 - a worker that died is a gap in one row
            if isinstance(error, BrokenExecutor) and sent.tries < _MOST_TRIES:
                yield from _begun(sent, running)
                continue
            reading = _failed(sent, error)
        yield sent.name, reading


def _failed(sent: _Sent[Name], error: Exception) -> Reading:
    return Reading.failed(sent.order, f"{type(error).__name__}: {error}")
