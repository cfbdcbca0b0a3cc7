"""Interrupts sent to a real kernel: the cell ends, the work does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dream_nb.studio.faults import Fault
from tests.jobs.hosted import environment, hosted
from tests.kernel import Kernel, Message, start_kernel
from tests.notebook.test_magic import line, previews


def says(state: str) -> Callable[[Message], bool]:
    """Whether a card says so."""

    def look(message: Message) -> bool:
        data = message["content"].get("data", {}) if message["msg_type"] == "comm_msg" else {}
        return state in str(data.get("state", {}).get("state", ""))

    return look


def rows(kernel: Kernel, variable: str) -> str | None:
    return kernel.run(
        f"len({variable}._library.ledger.all()), len(list({variable}._library.folder.glob('*.mp4')))"
    ).result


def test_while_it_waits(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        answer = kernel.run("%dream a valley", when=says("dreaming"), then=kernel.manager.interrupt_kernel)
        assert "no longer waiting; the dream goes on" in line(answer)
        kernel.run(
            "import dream_nb.default; (job,) = dream_nb.default.default_session().jobs(); made = job.result(240)"
        )
        assert previews(kernel.run("d = %dream a valley")) == 1
        assert rows(kernel, "d") == "(1, 1)"


def test_while_it_sweeps(tmp_path: Path) -> None:
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="180") as kernel:
        source = "%dream a valley at {dawn|noon|dusk}"
        answer = kernel.run(source, when=says("dreaming"), then=kernel.manager.interrupt_kernel)
        assert "no longer waiting; the dream goes on" in line(answer)
        kernel.run(f"s = {source}")
        assert kernel.run("[d.state for d in s]").result == "['completed', 'completed', 'completed']"
        assert rows(kernel, "s[0]") == "(3, 3)"


def test_while_it_downloads(tmp_path: Path) -> None:
    with hosted(tmp_path / "server", "the-key-8813") as server:
        server.faults.add(Fault(path="/assets/*", trickle=3.0))
        with start_kernel(tmp_path, **environment(server)) as kernel:
            answer = kernel.run("%dream a valley", when=says("downloading"), then=kernel.manager.interrupt_kernel)
            assert "no longer waiting; the dream goes on" in line(answer)
            assert previews(kernel.run("d = %dream a valley")) == 1
            assert rows(kernel, "d") == "(1, 1)"
        assert len(server.made) == 1


def test_while_a_job_is_waited_for(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        kernel.run("job = %dream a valley --background")
        answer = kernel.run("job.result()", when=says("dreaming"), then=kernel.manager.interrupt_kernel)
        assert answer.error is None or answer.error["ename"] == "KeyboardInterrupt"
        assert kernel.run("d = job.result(240)\nd.state").result == "'completed'"
        assert rows(kernel, "d") == "(1, 1)"


def test_the_kernel_is_of_use_after_an_interrupt(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        kernel.run("%dream a valley", when=says("dreaming"), then=kernel.manager.interrupt_kernel)
        assert kernel.run("6 * 7").result == "42"
        assert kernel.run("%dreams jobs").error is None
        assert previews(kernel.run("%dream -i a hill")) == 1
