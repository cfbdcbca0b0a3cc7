"""Many files measured at once, by worker processes or on a cluster."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import replace
from typing import Final, TypeVar

from dream_nb.media.worker import MeasureOrder, Reading, read
from dream_nb.workers import Pool

Name = TypeVar("Name", bound=Hashable)

# Enough to keep every worker busy, and few enough that a cluster's bytes are not all in memory.
_WAITING: Final = 32


def measure_files(orders: Iterable[tuple[Name, MeasureOrder, Executor]]) -> Iterator[tuple[Name, Reading]]:
    """Measure files. What cannot be measured is told in its reading, and does not keep the rest from it.

    Args:
        orders: for each file a name of the caller's, what is to be measured, and what measures it. Another executor
            than our pool is sent the file's bytes: its machines may not have the file.

    Yields:
        The names with their readings, in the order in which they end.
    """
    running: dict[Future[Reading], tuple[Name, MeasureOrder]] = {}
    try:
        for name, order, executor in orders:
            while len(running) >= _WAITING:
                yield from _ended(running)
            sent = order
            if not isinstance(executor, Pool) and not isinstance(order.file, bytes):
                try:
                    sent = replace(order, file=order.file.read_bytes())
                except OSError as error:
                    yield name, Reading.failed(order, str(error))
                    continue
            running[executor.submit(read, sent)] = name, order
        while running:
            yield from _ended(running)
    finally:
        for future in running:
            future.cancel()


def _ended(running: dict[Future[Reading], tuple[Name, MeasureOrder]]) -> Iterator[tuple[Name, Reading]]:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        name, order = running.pop(future)
        try:
            reading = future.result()
        except Exception as error:  # noqa: BLE001 - a worker that died is a gap in one row
            reading = Reading.failed(order, f"{type(error).__name__}: {error}")
        yield name, reading
