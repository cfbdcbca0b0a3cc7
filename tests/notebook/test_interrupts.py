"""Interrupts sent to a real kernel end the cell without an error, but not the work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from dream_nb.studio.faults import Fault
from tests.jobs.hosted import environment, hosted
from tests.kernel import Kernel, Message, start_kernel
from tests.notebook.test_magic import INTERRUPTED, previews, told


def says(state: str) -> Callable[[Message], bool]:
    """A function that tells whether a message has that state of a card, or of a cell of a grid."""

    def look(message: Message) -> bool:
        data = message["content"].get("data", {}) if message["msg_type"] == "comm_msg" else {}
        traits = data.get("state", {})
        cells = traits.get("states", [])
        return any(state in str(one.get("state", "")) for one in (traits, *cells))

    return look


def rows(kernel: Kernel, variable: str) -> str | None:
    return kernel.run(
        f"len({variable}._library.ledger.all()), len(list({variable}._library.folder.glob('*.mp4')))"
    ).result


# Code that interrupts its own process as soon as the cell waits.
SOON = """
import os, signal, sys, threading, time, traceback, dream_nb
def soon():
    waits = dream_nb.Job.exception.__code__
    while not any(at.f_code is waits for at, _ in traceback.walk_stack(sys._current_frames()[main])):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
main = threading.main_thread().ident
threading.Thread(target=soon).start()
"""


def test_while_it_waits(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        answer = kernel.run("%dream a valley", when=says("dreaming"), then=kernel.manager.interrupt_kernel)
        assert (answer.error, told(answer)) == (None, INTERRUPTED)
        kernel.run(
            "import dream_nb.default; (job,) = dream_nb.default.default_session().jobs(); made = job.result(240)"
        )
        assert previews(kernel.run("d = %dream a valley")) == 1
        assert rows(kernel, "d") == "(1, 1)"


def test_while_it_sweeps(tmp_path: Path) -> None:
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="360") as kernel:
        source = "%dream a valley at {dawn|noon|dusk}"
        answer = kernel.run(source, when=says("dreaming"), then=kernel.manager.interrupt_kernel)
        assert (answer.error, told(answer)) == (None, INTERRUPTED.replace("dream continues", "dreams continue"))
        kernel.run(f"s = {source}")
        assert kernel.run("[d.state for d in s]").result == "['completed', 'completed', 'completed']"
        assert rows(kernel, "s[0]") == "(3, 3)"


def test_while_it_downloads(tmp_path: Path) -> None:
    with hosted(tmp_path / "server", "the-key-8813") as server:
        server.faults.add(Fault(path="/assets/*", trickle=3.0))
        with start_kernel(tmp_path, **environment(server)) as kernel:
            answer = kernel.run("%dream a valley", when=says("downloading"), then=kernel.manager.interrupt_kernel)
            assert (answer.error, told(answer)) == (None, INTERRUPTED)
            assert previews(kernel.run("d = %dream a valley")) == 1
            assert rows(kernel, "d") == "(1, 1)"
        assert len(server.made) == 1


def test_while_a_job_is_waited_for(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        answer = kernel.run(f"job = %dream a valley --background\n{SOON}job.result()")
        assert (answer.error, told(answer)) == (None, INTERRUPTED)
        assert kernel.run("d = job.result(240)\nd.state").result == "'completed'"
        assert rows(kernel, "d") == "(1, 1)"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("dream_nb.dream('a valley')", "dream continues"),
        ("dream_nb.sweep('a valley at {dawn|dusk}')", "dreams continue"),
        ("dream_nb.Storyboard(['a hill', 'a pond']).make()", "storyboard continues"),
    ],
)
def test_while_a_call_waits(tmp_path: Path, source: str, what: str) -> None:
    with start_kernel(tmp_path) as kernel:
        answer = kernel.run(f"{SOON}{source}")
        assert (answer.error, told(answer)) == (None, INTERRUPTED.replace("dream continues", what))


def is_begun(message: Message) -> bool:
    """Whether the cell has printed "begun"."""
    return message["msg_type"] == "stream" and "begun" in message["content"]["text"]


@pytest.mark.parametrize(
    ("awaited", "what"),
    [
        ("job", "dream continues"),
        ("asyncio.wait_for(job, 600)", "dream continues"),
        ("asyncio.gather(job, other)", "dreams continue"),
        ("board.start()", "storyboard continues"),
    ],
)
def test_while_a_job_is_awaited(tmp_path: Path, awaited: str, what: str) -> None:
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="1080") as kernel:
        kernel.run("import asyncio, dream_nb\nboard = dream_nb.Storyboard(['a hill'])")
        kernel.run("job = %dream a valley -b\nother = %dream a river -b")
        answer = kernel.run(f"print('begun')\nawait {awaited}", when=is_begun, then=kernel.manager.interrupt_kernel)
        assert (answer.error, told(answer)) == (None, f"begun\n{INTERRUPTED.replace('dream continues', what)}")
        assert kernel.run("[job.done() and job.exception() for job in (job, other)]").result == "[False, False]"


def test_an_interrupt_of_something_else_is_shown_as_before(tmp_path: Path) -> None:
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="1080") as kernel:
        kernel.run("import asyncio\njob = %dream a valley -b")
        answer = kernel.run("await asyncio.wait_for(job, 0.2)")
        assert answer.error is not None
        assert answer.error["ename"] == "TimeoutError"
        source = "print('begun')\nwhile True: await asyncio.sleep(0.05)"
        answer = kernel.run(source, when=is_begun, then=kernel.manager.interrupt_kernel)
        assert answer.error is not None
        assert answer.error["ename"] == "CancelledError"


def test_a_wait_that_the_cell_itself_cancels_is_shown_as_before(tmp_path: Path) -> None:
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="1080") as kernel:
        kernel.run("import asyncio\njob = %dream a valley -b\nasync def wait(): await job")
        answer = kernel.run("task = asyncio.create_task(wait())\nawait asyncio.sleep(0)\ntask.cancel()\nawait task")
        assert answer.error is not None
        assert answer.error["ename"] == "CancelledError"


def test_before_anything_is_sent(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        kernel.run("def plan(*_): raise KeyboardInterrupt\nimport dream_nb\ndream_nb.Session.plan = plan")
        answer = kernel.run("%dream a valley -D")
        assert answer.error is None
        assert told(answer) == "Interrupted: %dreams jobs lists what was sent before that and is still under way.\n"


def test_the_cells_below_an_interrupted_one_do_not_run(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        first = kernel.client.execute("%dream a valley")
        second = kernel.client.execute("ran = True")
        kernel.answer(first, when=says("dreaming"), then=kernel.manager.interrupt_kernel)
        while (message := kernel.client.get_shell_msg(timeout=240))["parent_header"]["msg_id"] != second:
            pass
        assert message["content"]["status"] == "aborted"
        assert kernel.run("'ran' in globals()").result == "False"


def test_a_program_that_runs_notebooks_sees_the_interrupt(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_code_cell(source) for source in ("%load_ext dream_nb", SOON, "%dream a valley", "ran = True")
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}})
    with pytest.raises(CellExecutionError, match="Interrupted: no longer waiting; the dream continues"):
        client.execute()
    assert cells[3].execution_count is None


def test_another_handler_of_exceptions_is_asked_as_before() -> None:
    seen: list[object] = []
    shell = InteractiveShell()
    shell.set_custom_exc((ZeroDivisionError,), lambda _, kind, *__, **___: seen.append(kind))
    shell.run_line_magic("load_ext", "dream_nb")
    shell.run_cell("1 / 0")
    shell.run_line_magic("unload_ext", "dream_nb")
    shell.run_cell("1 / 0")
    assert seen == [ZeroDivisionError] * 2
    assert shell.custom_exceptions == (ZeroDivisionError,)


def test_the_kernel_is_of_use_after_an_interrupt(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        kernel.run("%dream a valley", when=says("dreaming"), then=kernel.manager.interrupt_kernel)
        assert kernel.run("6 * 7").result == "42"
        assert kernel.run("%dreams jobs").error is None
        assert previews(kernel.run("%dream -i a hill")) == 1
