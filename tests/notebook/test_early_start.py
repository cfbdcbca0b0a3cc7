"""Workers start while a person types, but not if nothing will be drawn here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from IPython.core.interactiveshell import InteractiveShell

from dream_nb import workers
from dream_nb.notebook import early_start
from dream_nb.notebook.early_start import EarlyStart
from dream_nb.studio.render import get_ready
from tests.kernel import start_kernel


class Pool:
    """Records what is started early."""

    def __init__(self) -> None:
        self.started: list[tuple[Callable[[], None], int]] = []

    def start_early(self, function: Callable[[], None], most: int) -> None:
        self.started.append((function, most))


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Pool:
    pool = Pool()
    monkeypatch.setattr(workers, "pool", lambda: pool)
    monkeypatch.setattr(early_start, "_IDLE_SECONDS", 0.0)
    return pool


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell()
    EarlyStart(shell).install()
    yield shell
    EarlyStart.uninstall_from(shell)


def pause(shell: InteractiveShell) -> None:
    """Simulate the pause after the last cell."""
    for early in waiting(shell):
        early._wait()
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()


def waiting(shell: InteractiveShell) -> list[EarlyStart]:
    callbacks: list[Any] = shell.events.callbacks["post_run_cell"]
    return [callback.__self__ for callback in callbacks if isinstance(getattr(callback, "__self__", None), EarlyStart)]


def test_workers_start_when_a_kernel_has_nothing_to_do(tmp_path: Path) -> None:
    with start_kernel(tmp_path, DREAM_NB_BACKEND="studio") as kernel:
        # Look from outside the kernel, because no worker starts while a cell runs.
        process = psutil.Process(int(kernel.manager.provisioner.pid))  # type: ignore[union-attr]
        with_workers = time.monotonic() + 60
        while not process.children():
            assert time.monotonic() < with_workers
            time.sleep(0.02)
        answer = kernel.run("from dream_nb import workers; 1 <= len(workers.pool()._workers) <= 4")
        assert answer.result == "True"


def test_a_pause_starts_workers_once(shell: InteractiveShell, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_BACKEND", "studio")
    pause(shell)
    pause(shell)
    assert pool.started == [(get_ready, 4)]


@pytest.mark.parametrize(
    "variables",
    [
        {"DREAM_NB_BACKEND": "dream-machine"},
        {"DREAM_NB_BACKEND": "https://elsewhere.example/v1"},
        {"DREAM_NB_BACKEND": "", "LUMAAI_API_KEY": "a-key"},
        {"DREAM_NB_BACKEND": "studio", "DREAM_NB_REPLAY": "only"},
    ],
)
def test_no_worker_starts_where_nothing_is_drawn_here(
    shell: InteractiveShell, pool: Pool, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    pause(shell)
    assert pool.started == []


def test_without_a_key_the_studio_is_likely(
    shell: InteractiveShell, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DREAM_NB_BACKEND", raising=False)
    pause(shell)
    assert len(pool.started) == 1


def test_an_unknown_replay_mode_is_left_to_the_first_dream(
    shell: InteractiveShell, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_BACKEND", "studio")
    monkeypatch.setenv("DREAM_NB_REPLAY", "sometimes")
    pause(shell)
    assert len(pool.started) == 1


def test_a_cell_that_follows_at_once_starts_nothing(
    shell: InteractiveShell, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early_start, "_IDLE_SECONDS", 600.0)
    (early,) = waiting(shell)
    shell.run_cell("1")
    timer = early._timer
    assert timer is not None
    assert timer.is_alive()
    shell.run_cell("seen = 1")
    timer.join(10)
    assert not timer.is_alive()
    assert early._timer is not timer
    assert pool.started == []


def test_unloading_ends_the_wait(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_start, "_IDLE_SECONDS", 600.0)
    shell = InteractiveShell()
    EarlyStart(shell).install()
    shell.run_cell("1")
    EarlyStart.uninstall_from(shell)
    shell.run_cell("1")
    assert waiting(shell) == []
    assert pool.started == []
