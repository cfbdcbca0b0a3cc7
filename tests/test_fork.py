"""A forked child inherits nothing that is open from its parent, and nothing that it would wait for."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.api.servers import free_port
from tests.jobs.hosted import Held, Hosted, environment, hosted
from tests.scripts import Ended, run
from tests.studio.machine import wait_for

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

OPEN = """
import os, sys
import dream_nb
s = dream_nb.Session('dreams', 'studio')
s.credits()
def child(function):
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        print(function())
    except dream_nb.DreamError as error:
        print(type(error).__name__, error)
    sys.exit(7)
"""
PICTURE = "dream_nb.ImageGenerationRequest(prompt='a small lake')"
OURS = "dream_nb.Session({!r}, 'studio').dream('a small lake', kind='image').state"
SLOW = "dream_nb.GenerationRequest(prompt='a small lake')"
# Python 3.12 and later warn of every fork of a process with threads, which is what these tests do.
ANY_FORK = "ignore:This process (pid=:DeprecationWarning"


def script(folder: Path, source: str, server: Hosted | None = None) -> Ended:
    (folder / "script.py").write_text(OPEN + source)
    return run(folder, "-W", "always", "-W", ANY_FORK, "script.py", environment=environment(server) if server else None)


@pytest.fixture
def stalled(tmp_path: Path) -> Iterator[Hosted]:
    """A hosted server that accepts requests and never completes them."""
    held = Held()
    held.holds = True
    with hosted(tmp_path / "server", "luma-of-a-test-of-forks", executor=lambda: held) as server:
        yield server
        held.let_go()


@pytest.mark.parametrize("ending", ["sys.exit(0)", "os._exit(0)", "s.close()", "1 / 0"])
def test_a_child_that_only_exits_ends(tmp_path: Path, ending: str) -> None:
    source = f"pid = os.fork()\nif not pid:\n    {ending}\nelse:\n    os.waitpid(pid, 0)\n"
    source += "    print(s.credits() is not None)\n"
    ended = script(tmp_path, source)
    assert (ended.code, ended.out) == (0, "True\n")
    assert ended.err == "" or "ZeroDivisionError" in ended.err


@pytest.mark.parametrize(
    "use",
    [
        "s.dream('a lake')",
        "s.dreams()",
        "s.credits()",
        f"s.submit({PICTURE})",
        "s.sync()",
        "s.library.size()",
        "s.library.ledger.all()",
    ],
)
def test_a_session_of_the_parent_says_to_open_another_one(tmp_path: Path, use: str) -> None:
    ended = script(tmp_path, f"sys.exit(child(lambda: {use}))")
    assert (ended.code, ended.err) == (7, "")
    assert ended.out.startswith("LibraryError the ")
    assert "fork" in ended.out
    assert "open" in ended.out


@pytest.mark.parametrize("folder", ["dreams", "others"])
def test_a_session_that_is_opened_in_the_child_works(tmp_path: Path, folder: str) -> None:
    source = f"code = child(lambda: {OURS.format(folder)})\nprint(s.dream('a large lake', kind='image').state)"
    assert script(tmp_path, source) == Ended(0, "completed\ncompleted\n", "")


def test_the_default_session_of_the_child_is_its_own(tmp_path: Path) -> None:
    source = "dream_nb.dream('a small lake', kind='image')\n"
    source += "child(lambda: dream_nb.dream('a large lake', kind='image').state)\n"
    assert script(tmp_path, source) == Ended(0, "completed\n", "")


def test_a_child_of_a_child_works(tmp_path: Path) -> None:
    source = (
        f"def deeper():\n    child(lambda: {OURS.format('third')})\n    return {OURS.format('second')}\nchild(deeper)\n"
    )
    assert script(tmp_path, source) == Ended(0, "completed\ncompleted\n", "")


def test_a_job_of_the_parent_is_not_waited_for_in_the_child(tmp_path: Path, stalled: Hosted) -> None:
    source = "h = dream_nb.Session('paid', 'hosted', prices={'video': 1.0})\n"
    source += f"job = h.submit({SLOW})\nchild(job.result)\nprint(job.done())\n"
    ended = script(tmp_path, source, stalled)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("DreamError it is under way in the parent process of this one")
    assert ended.out.endswith("\nFalse\n")


def test_what_was_made_before_the_fork_is_there_in_the_child(tmp_path: Path) -> None:
    source = f"job = s.submit({PICTURE})\njob.result()\nchild(lambda: job.result().path.is_file())\n"
    assert script(tmp_path, source) == Ended(0, "True\n", "")


def test_a_fork_sends_nothing_again(tmp_path: Path, stalled: Hosted) -> None:
    source = "h = dream_nb.Session('paid', 'hosted', prices={'video': 1.0})\n"
    source += f"jobs = [h.submit({SLOW.replace('small', 'very small')})]\n"
    source += f"for n in range(5):\n    jobs.append(h.submit({SLOW}, take=n + 1))\n    child(lambda: n)\n"
    source += "import time\nwhile any(job.progress.state in ('sending', 'waiting') for job in jobs): time.sleep(0.01)\n"
    assert script(tmp_path, source, stalled) == Ended(0, "0\n1\n2\n3\n4\n", "")
    assert stalled.books.count("POST") == len(stalled.made) == 6


@pytest.mark.parametrize("work", ["return 1", f"return 1 if {OURS.format('others')} == 'completed' else 0"])
def test_a_pool_of_forked_processes_works(tmp_path: Path, work: str) -> None:
    source = f"import multiprocessing\nfrom concurrent.futures import ProcessPoolExecutor\ndef work(_):\n    {work}\n"
    source += "with ProcessPoolExecutor(2, multiprocessing.get_context('fork')) as pool:\n"
    source += "    print(sum(pool.map(work, range(4))))\n"
    assert script(tmp_path, source) == Ended(0, "4\n", "")


def test_a_forked_process_is_joined(tmp_path: Path) -> None:
    source = "import multiprocessing\np = multiprocessing.get_context('fork').Process(target=print, args=('child',))\n"
    assert script(tmp_path, source + "p.start(); p.join(); print(p.exitcode)") == Ended(0, "child\n0\n", "")


def test_a_client_works_on_both_sides_of_a_fork(tmp_path: Path, stalled: Hosted) -> None:
    source = "m = dream_nb.DreamMachine()\nm.ping()\n"
    source += "child(lambda: m.ping().message)\nprint(m.ping().message)\nm.close()\n"
    assert script(tmp_path, source, stalled) == Ended(0, "pong\npong\n", "")


def test_a_clients_own_http_client_is_not_used_in_the_child(tmp_path: Path, stalled: Hosted) -> None:
    source = "import httpx2\nm = dream_nb.DreamMachine(http_client=httpx2.AsyncClient())\nm.ping()\nchild(m.ping)\n"
    ended = script(tmp_path, source, stalled)
    assert ended.out.startswith("ConfigurationError the http_client of DreamMachine(")
    assert "create a DreamMachine here" in ended.out


def test_forks_in_the_midst_of_writing_leave_the_ledger_whole(tmp_path: Path) -> None:
    source = f"jobs = [s.submit({PICTURE}, take=take) for take in range(1, 9)]\n"
    source += "pids = []\nwhile not all(job.done() for job in jobs):\n    pid = os.fork()\n"
    source += "    if not pid: sys.exit(0)\n    os.waitpid(pid, 0)\n"
    source += "print({job.result().state for job in jobs})\n"
    assert script(tmp_path, source) == Ended(0, "{'completed'}\n", "")
    with contextlib.closing(sqlite3.connect(tmp_path / "dreams" / "ledger.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(file) FROM requests").fetchone() == (8,)


LEAVES_A_CHILD = """
pid = os.fork()
if not pid:
    print(os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(0)
"""


def test_a_child_keeps_no_port_of_its_parent_open(tmp_path: Path) -> None:
    # The child lives as long as the parent, which holds the other end of a pipe open.
    source = "import socket\nfrom dream_nb.jobs.callbacks import Callbacks\n"
    source += f"port = {free_port()}\nc = dream_nb.Session('c', 'studio', callbacks=Callbacks(port))\nc.credits()\n"
    source += "near, far = os.pipe()\nbegun, begins = os.pipe()\n"
    source += "if not os.fork():\n    os.close(far)\n    os.write(begins, b'.')\n"
    source += "    os.read(near, 1)\n    os._exit(0)\n"
    source += "os.read(begun, 1)\n"
    source += "c.close()\nsocket.create_server(('127.0.0.1', port)).close()\nprint('free')\n"
    assert script(tmp_path, source) == Ended(0, "free\n", "")


def test_a_child_keeps_no_worker_of_its_parent_alive(tmp_path: Path) -> None:
    source = "from dream_nb.workers import pool\nprint(pool().submit(os.getpid).result())\n" + LEAVES_A_CHILD
    (tmp_path / "script.py").write_text(OPEN + source + "os._exit(0)\n")
    with subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        worker, child = int(process.stdout.readline()), int(process.stdout.readline())
        wait_for(lambda: not psutil.pid_exists(worker))
        assert psutil.pid_exists(child)
        process.stdin.close()
