"""A program that leaves something open ends, and dream_nb prints nothing about that."""

from __future__ import annotations

import gc
import socket
import subprocess
import textwrap
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from dream_nb.api.portal import portal
from dream_nb.jobs.callbacks import Callbacks
from dream_nb.lifetime import Stage, close_at_exit
from dream_nb.session import Session
from tests.api.servers import free_port
from tests.jobs.hosted import Held, Hosted, environment, hosted
from tests.kernel import start_kernel
from tests.scripts import SECONDS, Ended, run
from tests.studio.machine import wait_for

OPEN = "import dream_nb\ns = dream_nb.Session('dreams', 'studio')\n"
DREAM = "print(s.dream('a small lake', kind='image').state)\n"
DONE = Ended(0, "completed\n", "")
ENDLESS = "job = s.submit(dream_nb.GenerationRequest(prompt='a small lake'))\n"
# A listener that the event loop calls, and that never returns.
STUCK = """
import threading, time
here, stuck = threading.get_ident(), threading.Event()
def listen(_job):
    if threading.get_ident() != here:
        stuck.set()
        time.sleep(3600)
job.on_change(listen)
stuck.wait()
print('stuck')
"""
# Python shuts its thread pools down as soon as the main thread has ended.
LATE = """
import concurrent.futures.thread, threading, time
def make():
    while not concurrent.futures.thread._shutdown: time.sleep(0.01)
    print(s.dream('a small lake', kind='image').state)
"""

WITH_A_SESSION = {
    "after a dream": OPEN + DREAM,
    "with the default session": "import dream_nb\nprint(dream_nb.dream('a small lake', kind='image').state)\n",
    "with several sessions": OPEN + "t = dream_nb.Session('others', 'studio')\nt.credits()\n" + DREAM,
    "with two sessions of one library": OPEN + "t = dream_nb.Session('dreams', 'studio')\nt.credits()\n" + DREAM,
    "with a session in a cycle": OPEN + "class C: pass\nc = C(); c.c, c.s = c, s\n" + DREAM,
    "with a session in a suspended generator": OPEN
    + "def g():\n    with dream_nb.Session('others', 'studio') as t:\n        t.credits()\n        yield\n"
    + "h = g(); next(h)\n"
    + DREAM,
    "with a session that listens for callbacks": "import dream_nb\nfrom dream_nb.jobs.callbacks import Callbacks\n"
    "s = dream_nb.Session('dreams', 'studio', callbacks=Callbacks())\n" + DREAM,
    "with a session that drew on threads": OPEN.replace("'studio'", "'studio', executor=lambda: pool")
    + "import concurrent.futures\npool = concurrent.futures.ThreadPoolExecutor(2)\n"
    + DREAM,
    "with a session closed by hand": OPEN + DREAM + "s.close()\n",
    "in an event loop": OPEN
    + "import asyncio\nasync def main(): print((await s.submit(dream_nb.ImageGenerationRequest("
    + "prompt='a small lake'))).state)\nasyncio.run(main())\n",
    "while a thread of its own is dreaming": OPEN + LATE + "threading.Thread(target=make).start()\n",
    "while a thread of its own opens a session": OPEN
    + LATE.replace("    print", "    s = dream_nb.Session('others', 'studio')\n    print")
    + "threading.Thread(target=make).start()\n",
    "while a future of its own is dreaming": OPEN
    + LATE
    + "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor(1).submit(make)\n",
}


@pytest.mark.parametrize("name", WITH_A_SESSION)
def test_a_script_ends(tmp_path: Path, name: str) -> None:
    (tmp_path / "script.py").write_text(WITH_A_SESSION[name])
    assert run(tmp_path, "-W", "always", "script.py") == DONE


def test_a_command_line_ends(tmp_path: Path) -> None:
    assert run(tmp_path, "-c", OPEN + DREAM) == DONE


def test_a_program_on_standard_input_ends(tmp_path: Path) -> None:
    assert run(tmp_path, "-", source=OPEN + DREAM) == DONE


def test_an_interactive_interpreter_ends(tmp_path: Path) -> None:
    ended = run(tmp_path, "-i", "-q", "-c", OPEN, source=DREAM + "exit()\n")
    assert (ended.code, ended.out) == (0, "completed\n")


def test_an_exception_ends_a_script_as_any_other(tmp_path: Path) -> None:
    ended = run(tmp_path, "-c", OPEN + DREAM + "1 / 0\n")
    assert (ended.code, ended.out) == (1, "completed\n")
    assert ended.err.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_an_exit_code_is_kept(tmp_path: Path) -> None:
    assert run(tmp_path, "-c", OPEN + DREAM + "raise SystemExit(3)\n") == Ended(3, "completed\n", "")


def test_what_was_open_at_exit_leaves_one_plain_ledger_file(tmp_path: Path) -> None:
    run(tmp_path, "-c", OPEN + DREAM)
    assert sorted(path.name for path in tmp_path.glob("dreams/ledger*")) == ["ledger.sqlite"]


def test_everything_is_closed_before_the_interpreter_ends(tmp_path: Path) -> None:
    # The first registered function is called last.
    source = "import atexit, logging, threading\natexit.register(lambda: print(threading.active_count()))\n"
    source += "logging.basicConfig(level=logging.DEBUG)\n"
    ended = run(tmp_path, "-c", source + OPEN + "m = dream_nb.DreamMachine('a-key', 'http://127.0.0.1:1')\n" + DREAM)
    assert (ended.code, ended.out) == (0, "completed\n1\n")
    assert "could not be closed" not in ended.err


def test_a_spawned_process_ends(tmp_path: Path) -> None:
    source = f"def work():\n{textwrap.indent(OPEN + DREAM, '    ')}"
    source += "if __name__ == '__main__':\n    import multiprocessing\n"
    source += "    child = multiprocessing.get_context('spawn').Process(target=work)\n"
    source += "    child.start(); child.join(); print(child.exitcode)\n"
    (tmp_path / "script.py").write_text(source)
    assert run(tmp_path, "script.py") == Ended(0, "completed\n0\n", "")


def test_workers_of_a_parallel_test_run_end(tmp_path: Path) -> None:
    for name in ("one", "two"):
        body = OPEN.replace("'dreams'", f"'{name}'").replace("\n", "\n    ")
        (tmp_path / f"test_{name}.py").write_text(f"def test_it():\n    {body}assert s.credits() is not None\n")
    ended = run(tmp_path, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", seconds=2 * SECONDS)
    assert (ended.code, "2 passed" in ended.out) == (0, True)


@pytest.fixture
def stalled(tmp_path: Path) -> Iterator[Hosted]:
    """A hosted server that accepts requests and never completes them."""
    held = Held()
    held.holds = True
    with hosted(tmp_path / "server", "luma-of-a-test-of-exits", executor=lambda: held) as server:
        yield server
        held.let_go()


UNDER_WAY = OPEN.replace("'studio'", "'hosted', prices={'video': 1.0}") + ENDLESS
TAKEN = "import time\nwhile job.progress.state in ('sending', 'waiting'): time.sleep(0.01)\n"


@pytest.mark.parametrize(
    ("source", "out"),
    [
        (UNDER_WAY + TAKEN + "print(1)", "1\n"),
        (UNDER_WAY + "print(1)", "1\n"),
        (UNDER_WAY + STUCK, "stuck\n"),
        (UNDER_WAY + TAKEN + "del s, job; import gc; gc.collect()", ""),
    ],
    ids=["taken", "just submitted", "a listener blocks the loop", "nobody holds it"],
)
def test_a_job_under_way_keeps_no_script_from_ending(tmp_path: Path, stalled: Hosted, source: str, out: str) -> None:
    assert run(tmp_path, "-c", source, environment=environment(stalled)) == Ended(0, out, "")


def test_a_daemon_thread_that_waits_for_a_job_keeps_no_script_from_ending(tmp_path: Path, stalled: Hosted) -> None:
    source = UNDER_WAY + TAKEN + "import threading; threading.Thread(target=job.exception, daemon=True).start()"
    assert run(tmp_path, "-c", source, environment=environment(stalled)) == Ended(0, "", "")


def test_a_job_under_way_at_exit_is_taken_up_by_the_next_script(tmp_path: Path, stalled: Hosted) -> None:
    for _ in range(2):
        run(tmp_path, "-c", UNDER_WAY + TAKEN, environment=environment(stalled))
    assert len(stalled.made) == 1


def test_a_client_that_was_not_closed_keeps_no_script_from_ending(tmp_path: Path, stalled: Hosted) -> None:
    source = "import dream_nb\nm = dream_nb.DreamMachine()\nprint(m.ping().message)\n"
    assert run(tmp_path, "-W", "always", "-c", source, environment=environment(stalled)) == Ended(0, "pong\n", "")


def test_a_server_that_never_answers_keeps_no_script_from_ending(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = {"LUMAAI_API_KEY": "a-key", "LUMAAI_BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/v1"}
        source = "import dream_nb, threading\nm = dream_nb.DreamMachine()\n"
        source += "threading.Thread(target=m.ping, daemon=True).start()\n"
        assert run(tmp_path, "-c", source, environment=there).code == 0


def test_a_notebook_with_a_job_under_way_ends_by_itself(tmp_path: Path, stalled: Hosted) -> None:
    with start_kernel(tmp_path, **environment(stalled)) as kernel:
        assert kernel.run("%config DreamMagics.budget = 1000").error is None
        assert kernel.run("import dream_nb; s = dream_nb.Session(prices={'video': 1.0})").error is None
        assert kernel.run("job = s.submit(dream_nb.GenerationRequest(prompt='a lake'))").error is None
        wait_for(lambda: stalled.made)
        provisioner = kernel.manager.provisioner
        assert provisioner is not None
        process: subprocess.Popen[bytes] = provisioner.process  # type: ignore[attr-defined]
        kernel.manager.shutdown_kernel()
    # A kernel that does not end would be killed.
    assert process.returncode == 0


REPLACED = {
    "a session": "s = dream_nb.Session('dreams', 'studio'); s.credits()\n",
    "a session of another library": "s = dream_nb.Session('others', 'studio'); s.credits()\n",
    "a session that was not used": "s = dream_nb.Session('dreams', 'studio')\n",
    "a client": "s = dream_nb.DreamMachine(); s.ping()\n",
    "the default session": "close_default_session(); default_session().credits()\n",
}


@pytest.mark.parametrize("name", REPLACED)
def test_what_is_replaced_says_nothing(tmp_path: Path, stalled: Hosted, name: str) -> None:
    source = "import dream_nb, gc\nfrom dream_nb.default import close_default_session, default_session\n"
    source += (REPLACED[name] + "gc.collect()\n") * 3
    assert run(tmp_path, "-W", "always", "-c", source, environment=environment(stalled)) == Ended(0, "", "")


def is_free(port: int) -> bool:
    # Try to bind instead of to connect: asyncio loses a connection that it accepts while it closes.
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_a_session_that_nobody_holds_any_more_is_closed(tmp_path: Path) -> None:
    port = free_port()
    session: Session | None = Session(tmp_path, "studio", callbacks=Callbacks(port))
    assert session is not None
    session.credits()
    assert not is_free(port)
    session = None

    def is_closed() -> bool:
        # Repeat this, because the event loop may still be finishing its last call.
        gc.collect()
        return is_free(port)

    wait_for(is_closed)


def test_a_library_outlives_the_session_that_opened_it(tmp_path: Path) -> None:
    library = Session(tmp_path, "studio").library
    gc.collect()
    assert library.ledger.all() == []


def test_a_session_may_be_collected_on_the_background_loop(tmp_path: Path) -> None:
    class Cycle:
        session: Session
        itself: object

    cycle = Cycle()
    cycle.session, cycle.itself = Session(tmp_path, "studio"), cycle
    cycle.session.credits()
    gone = weakref.ref(cycle.session)

    async def collect() -> None:
        gc.collect()

    gc.disable()
    try:
        del cycle
        portal.start(collect).result(SECONDS)
    finally:
        gc.enable()
    assert gone() is None


def test_a_session_cannot_be_closed_on_the_background_loop(tmp_path: Path) -> None:
    with Session(tmp_path, "studio") as session:

        async def close() -> None:
            session.close()

        with pytest.raises(RuntimeError, match="where nothing can be waited for"):
            portal.start(close).result(SECONDS)


def test_one_that_cannot_be_closed_keeps_nothing_else_open(tmp_path: Path) -> None:
    source = "from dream_nb.lifetime import *\nclass Bad:\n    def _end(self, seconds): raise OSError\n"
    source += "class Good:\n    def _end(self, seconds): print('closed')\n"
    source += "bad, good = Bad(), Good()\nclose_at_exit(bad, Stage.SESSION); close_at_exit(good, Stage.CLIENT)\n"
    assert run(tmp_path, "-c", source) == Ended(0, "closed\n", "")


def test_what_was_collected_is_not_closed_at_exit() -> None:
    class Thing:
        def _end(self, seconds: float) -> None:
            raise AssertionError(seconds)

    thing = Thing()
    close_at_exit(thing, Stage.CLIENT)
    gone = weakref.ref(thing)
    del thing
    assert gone() is None
