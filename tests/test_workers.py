"""Workers, started in all the ways in which a person may start them: nothing runs twice, nothing is left over."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from dream_nb.workers import Pool, WorkerDiedError, pool
from tests.kernel import start_kernel
from tests.notebook.test_magic import dreaming

SECONDS = 240
AUTOGROUP = Path("/proc/self/autogroup")
DREAM = "import dream_nb; print('begun'); print(dream_nb.dream('a small lake').path.stat().st_size > 0)"


def environment() -> dict[str, str]:
    return os.environ | {"DREAM_NB_STUDIO_SIDE": "90"}


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def run_python(folder: Path, *arguments: str, source: str | None = None) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(),
        input=source,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_a_command_line_draws_once(tmp_path: Path) -> None:
    assert run_python(tmp_path, "-c", DREAM) == "begun\nTrue\n"


def test_standard_input_draws_once(tmp_path: Path) -> None:
    assert run_python(tmp_path, "-", source=DREAM) == "begun\nTrue\n"


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(DREAM)
    assert run_python(tmp_path, "script.py") == "begun\nTrue\n"


def test_a_worker_is_nice_and_ignores_interrupts() -> None:
    assert pool().submit(os.nice, 0).result(SECONDS) >= 10
    assert pool().submit(signal.getsignal, signal.SIGINT).result(SECONDS) == signal.SIG_IGN


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this system has no autogroups")
def test_a_worker_is_nice_to_other_sessions_too() -> None:
    assert wait_until(lambda: "nice 10" in pool().submit(AUTOGROUP.read_text).result(SECONDS))


def test_a_worker_sees_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMAAI_API_KEY", "a-key-that-is-none")
    with Pool(1) as fresh:
        assert fresh.submit(os.getenv, "LUMAAI_API_KEY").result(SECONDS) is None


def test_an_error_of_a_call_is_raised_where_its_result_is_asked_for() -> None:
    with pytest.raises(ZeroDivisionError):
        pool().submit(divmod, 1, 0).result(SECONDS)


def test_what_a_call_prints_does_not_disturb_its_answer() -> None:
    assert pool().submit(print, "noise").result(SECONDS) is None


def test_calls_beyond_the_workers_wait_their_turn() -> None:
    with Pool(2) as fresh:
        futures = [fresh.submit(divmod, number, 2) for number in range(50)]
        assert [future.result(SECONDS) for future in futures] == [divmod(number, 2) for number in range(50)]


def test_a_pool_goes_on_after_a_worker_died() -> None:
    with Pool(1) as fresh:
        with pytest.raises(WorkerDiedError):
            fresh.submit(os._exit, 1).result(SECONDS)
        assert fresh.submit(divmod, 7, 2).result(SECONDS) == (3, 1)


def test_a_pool_that_is_shut_down_takes_no_calls() -> None:
    fresh = Pool(1)
    fresh.shutdown()
    with pytest.raises(RuntimeError, match="shut down"):
        fresh.submit(divmod, 1, 1)


def test_a_shutdown_at_once_ends_a_call_under_way() -> None:
    fresh = Pool(1)
    waiting = fresh.submit(time.sleep, 3600)
    assert wait_until(waiting.running)
    fresh.shutdown(cancel_futures=True)
    assert isinstance(waiting.exception(SECONDS), WorkerDiedError)


def test_a_kernel_ends_with_its_exit_handlers_run(tmp_path: Path) -> None:
    marker = tmp_path / "ended"
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="90") as kernel:
        kernel.run(f"import atexit, pathlib; atexit.register(pathlib.Path({str(marker)!r}).touch)")
        assert kernel.run("%dream a lake").error is None
        kernel.manager.shutdown_kernel()
    assert marker.exists()


def test_the_end_of_the_interpreter_waits_for_no_drawing(tmp_path: Path) -> None:
    begun = time.monotonic()
    source = "import time; from dream_nb.workers import pool; pool().submit(time.sleep, 3600); print('end')"
    assert run_python(tmp_path, "-c", source) == "end\n"
    assert time.monotonic() - begun < SECONDS


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_an_interrupt_of_the_whole_group_leaves_the_workers_drawing(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        kernel.run("%dream a valley", when=dreaming, then=kernel.manager.interrupt_kernel)
        assert kernel.run("d = %dream a valley").error is None


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_killed_kernel_leaves_no_process(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        pid = kernel.pid
        left: list[psutil.Process] = []

        def kill() -> None:
            left.extend(descendants(pid))
            os.kill(pid, signal.SIGKILL)

        with pytest.raises(queue.Empty):
            kernel.run("%dream a valley", when=dreaming, then=kill, seconds=5)
        assert left
        assert wait_until(lambda: not any(process.is_running() for process in left))


def kill_workers(pid: int) -> None:
    for process in descendants(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "dream_nb.workers" in " ".join(process.cmdline()):
                process.kill()


def test_a_drawing_outlives_its_worker(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        pid = kernel.pid
        answer = kernel.run("%dream a valley", when=dreaming, then=lambda: kill_workers(pid))
        assert answer.error is None


def test_workers_that_die_again_and_again_are_one_line(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        pid = kernel.pid
        ended = threading.Event()

        def kill_each() -> None:
            while not ended.wait(0.05):
                kill_workers(pid)

        killer = threading.Thread(target=kill_each)
        answer = kernel.run("%dream a valley", when=dreaming, then=killer.start)
        ended.set()
        killer.join()
        assert answer.error is not None
        assert len(answer.error["traceback"]) == 1
        assert "a studio worker ended while drawing" in answer.error["evalue"]
        assert list(tmp_path.glob("dreams/*.mp4")) == list(tmp_path.glob("dreams/*.part")) == []
        assert kernel.run("%dream a valley").error is None


def test_no_worker_sees_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["LUMAAI_API_KEY", "DREAM_NB_KEY", "DREAM_NB_STUDIO_KEY", "DREAM_NB_STUDIO_KEY_ADA", "DREAM_NB_STUDIO_SIDE"]
    for name in names:
        monkeypatch.setenv(name, "90")
    with Pool(1) as workers:
        seen = [name for name in names if workers.submit(os.getenv, name).result(SECONDS)]
    assert seen == ["DREAM_NB_STUDIO_SIDE"]
