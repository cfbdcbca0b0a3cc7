"""A dask cluster of separate processes on loopback: a scheduler, and workers of one thread each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.studio.machine import PATIENCE, wait_for

_ROOT = Path(__file__).parents[2]


class DaskCluster:
    """A cluster and its client.

    Attributes:
        address: the address of the scheduler.
        client: a `distributed.Client`.
        scheduler: the process of the scheduler.
        workers: the processes of the workers, by name.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        import distributed

        file = folder / "scheduler.json"
        self.scheduler = _started("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        wait_for(lambda: file.is_file() and file.read_text().endswith("}"))
        self.address: str = json.loads(file.read_text())["address"]
        self._started = 0
        self.start_workers(workers)
        self.client: Any = distributed.Client(self.address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
        self.wait_for(workers)

    def start_workers(self, count: int) -> None:
        """Start more workers, without waiting for them."""
        for _ in range(count):
            self._started += 1
            name = f"worker-{self._started}"
            self.workers[name] = _started(
                "dask_worker", self.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--name", name
            )

    def wait_for(self, count: int) -> None:
        """Wait until the scheduler has this number of workers."""
        wait_for(lambda: len(self.client.nthreads()) == count)

    def busy(self) -> list[str]:
        """The names of the workers that have tasks."""
        names = {address: worker["name"] for address, worker in self.client.scheduler_info()["workers"].items()}
        return [names[address] for address, tasks in self.client.processing().items() if tasks and address in names]

    def done(self) -> int:
        """The number of tasks that the workers have executed."""
        counts: dict[str, int] = self.client.run(_executed)
        return sum(counts.values())

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Suspend all current workers: they are alive, but their tasks do not end."""
        stopped = list(self.workers.values())
        for process in stopped:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in stopped:
                process.send_signal(signal.SIGCONT)

    def kill_scheduler(self) -> None:
        """Kill the scheduler."""
        self.scheduler.kill()
        self.scheduler.wait(PATIENCE)

    def restart_scheduler(self) -> None:
        """Start a scheduler without workers at the address of the one that was killed."""
        port = self.address.rpartition(":")[2]
        self.scheduler = _started("dask_scheduler", "--host", "127.0.0.1", "--port", port)

    def kill(self, name: str) -> None:
        """Kill a worker."""
        process = self.workers.pop(name)
        process.kill()
        process.wait(PATIENCE)

    def close(self) -> None:
        """Close the client, and kill the workers and the scheduler."""
        self.client.close()
        for process in (*self.workers.values(), self.scheduler):
            process.kill()
            process.wait(PATIENCE)


def _executed(dask_worker: Any) -> int:
    return int(dask_worker.state.executed_count)


def _started(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *arguments],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def running_cluster(folder: Path, workers: int) -> Iterator[DaskCluster]:
    """Run a cluster whose workers have one thread each.

    Args:
        folder: an empty folder for its files.
        workers: the number of workers.
    """
    cluster = DaskCluster(folder, workers)
    try:
        yield cluster
    finally:
        cluster.close()
