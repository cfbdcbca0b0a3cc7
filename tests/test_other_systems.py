"""Differences on Windows and macOS, tested with doubles: each branch of the code runs on every system."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import anyio
import psutil
import pytest

from dream_nb import place, systems, workers
from dream_nb.api.errors import LibraryError
from dream_nb.api.portal import portal
from dream_nb.files import written
from dream_nb.notebook.widgets.gallery import Gallery
from dream_nb.results.made_file import address, is_apart
from dream_nb.results.pending import Pending
from dream_nb.session import Session
from dream_nb.sqlite import _is_local, connect, uri_of
from dream_nb.storyboard.film_strip import film_strip
from dream_nb.storyboard.storyboard import Storyboard
from dream_nb.studio import locks
from dream_nb.studio.alive import Presence
from dream_nb.systems import interrupt_main_thread, put_in_place, remove, wait_for
from tests.scripts import run


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the package treat this system as Windows."""
    monkeypatch.setattr(systems, "is_windows", lambda: True)


class InUse:
    """Another program that has a file open, so that the first attempts to change the file fail.

    Args:
        monkeypatch: undoes the patch after the test.
        name: the method of `Path` that fails.
        times: how often it fails; None means always.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, times: int | None) -> None:
        self.count = 0
        real: Callable[..., Any] = getattr(Path, name)

        def change(path: Path, *arguments: Any, **options: Any) -> Any:
            self.count += 1
            if times is None or self.count <= times:
                raise PermissionError(errno.EACCES, "Access is denied", str(path))
            return real(path, *arguments, **options)

        monkeypatch.setattr(Path, name, change)


@pytest.mark.usefixtures("windows")
def test_a_file_that_is_being_played_is_replaced_when_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new")
    old.write_text("old")
    player = InUse(monkeypatch, "replace", 3)
    assert put_in_place(new, old) == old
    assert (old.read_text(), player.count) == ("new", 4)


@pytest.mark.usefixtures("windows")
def test_a_file_that_is_being_played_is_removed_when_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file := tmp_path / "lake.mp4").touch()
    player = InUse(monkeypatch, "unlink", 3)
    remove(file)
    assert (file.exists(), player.count) == (False, 4)


def test_a_file_that_is_not_there_is_removed(tmp_path: Path) -> None:
    remove(tmp_path / "nothing")


@pytest.mark.usefixtures("windows")
def test_where_it_stays_open_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "_BUSY_SECONDS", 0.1)
    InUse(monkeypatch, "replace", None)
    message = r"lake\.mp4' cannot be written \(another program, such as a player, has it open: close it there"
    with pytest.raises(LibraryError, match=message), written(tmp_path / "lake.mp4") as partial:
        partial.touch()
    assert list(tmp_path.iterdir()) == []


def test_elsewhere_a_refusal_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player = InUse(monkeypatch, "replace", 1)
    (tmp_path / "new").touch()
    with pytest.raises(PermissionError, match="Access is denied"):
        put_in_place(tmp_path / "new", tmp_path / "old")
    assert player.count == 1


@pytest.mark.usefixtures("windows")
def test_deleting_a_dream_that_is_being_played_changes_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    dream = session.dream("a hill", kind="image")
    monkeypatch.setattr(systems, "_BUSY_SECONDS", 0.1)
    with monkeypatch.context() as inside:
        InUse(inside, "replace", None)
        with pytest.raises(LibraryError, match="another program, such as a player, has it open"):
            session.delete(dream, files=True)
    assert dream.path.is_file()
    session.delete(dream, files=True)
    assert len(session.trash()) == 1


@pytest.mark.usefixtures("windows")
def test_pruning_names_the_file_that_is_being_played(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    dream = session.dream("a hill", kind="image")
    monkeypatch.setattr(systems, "_BUSY_SECONDS", 0.1)
    with monkeypatch.context() as inside:
        InUse(inside, "unlink", None)
        with pytest.raises(LibraryError, match=rf"{dream.path.name}' cannot be removed \(another program"):
            session.library.prune(0)
    assert dream.path.is_file()


@pytest.mark.usefixtures("windows")
def test_a_dream_is_made_where_this_is_taken_for_windows(session: Session) -> None:
    assert session.dream("a lake").path.is_file()


@pytest.mark.parametrize("is_windows", [False, True])
def test_a_wait_ends_with_what_is_waited_for(monkeypatch: pytest.MonkeyPatch, is_windows: bool) -> None:
    monkeypatch.setattr(systems, "is_windows", lambda: is_windows)
    future: Future[int] = Future()
    threading.Timer(0.05, future.set_result, (3,)).start()
    wait_for(future)
    assert future.result(0) == 3


@pytest.mark.parametrize("is_windows", [False, True])
def test_a_wait_ends_with_its_time(monkeypatch: pytest.MonkeyPatch, is_windows: bool) -> None:
    monkeypatch.setattr(systems, "is_windows", lambda: is_windows)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        Pending[int]("a lake").exception(0.3)
    assert 0.25 < time.monotonic() - began < 5


@pytest.mark.usefixtures("windows")
def test_a_wait_is_never_longer_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    # Windows delivers an interrupt only between two waits.
    future: Future[int] = Future()
    waits: list[float | None] = []

    def wait(_: object, timeout: float | None = None) -> None:
        waits.append(timeout)
        if len(waits) == 5:
            future.set_result(1)

    monkeypatch.setattr(systems, "wait", wait)
    wait_for(future)
    assert waits == [0.1] * 5


@pytest.mark.usefixtures("windows")
def test_a_call_of_the_loop_can_be_interrupted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(systems, "wait", interrupt)

    with pytest.raises(KeyboardInterrupt):
        portal.call(anyio.sleep_forever)


@pytest.mark.usefixtures("windows")
def test_stopping_raises_a_signal_and_ends_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    # On Windows, os.kill ends the process at once with all signals but two.
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("the kernel would be gone"))
    with pytest.raises(KeyboardInterrupt):
        interrupt_main_thread()


def test_stopping_from_another_thread_ends_a_wait(tmp_path: Path) -> None:
    source = """
import os, threading
from concurrent.futures import Future
from dream_nb import systems
systems.is_windows = lambda: True
os.kill = None
waiting, wait = threading.Event(), systems.wait
def told(*given):
    waiting.set()
    return wait(*given)
systems.wait = told
def stop():
    waiting.wait()
    systems.interrupt_main_thread()
threading.Thread(target=stop).start()
try:
    systems.wait_for(Future())
except KeyboardInterrupt:
    print("interrupted")
"""
    assert run(tmp_path, "-c", source, seconds=60).out == "interrupted\n"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (PureWindowsPath(r"C:\Users\ada\my dreams\ledger.sqlite"), "file:///C:/Users/ada/my%20dreams/ledger.sqlite"),
        (PureWindowsPath(r"\\server\share\dreams\ledger.sqlite"), "file:////server/share/dreams/ledger.sqlite"),
        (PureWindowsPath(r"\\?\C:\long\ledger.sqlite"), "file:////%3F/C:/long/ledger.sqlite"),
        (PurePosixPath("/home/ada/50% #1?/ledger.sqlite"), "file:///home/ada/50%25%20%231%3F/ledger.sqlite"),
    ],
)
def test_sqlite_is_given_the_whole_path(path: PureWindowsPath | PurePosixPath, uri: str) -> None:
    assert uri_of(path) == uri


def test_sqlite_takes_a_share_for_a_path_and_not_for_a_host(tmp_path: Path) -> None:
    # After an empty authority (`//`), a name that begins with two slashes is still a path.
    share = f"file:///{tmp_path.as_posix()}/ledger.sqlite"
    assert share.startswith("file:////")
    with closing(sqlite3.connect(share, uri=True)) as database:
        database.execute("CREATE TABLE t (a)")
    assert (tmp_path / "ledger.sqlite").is_file()
    with pytest.raises(sqlite3.OperationalError, match="invalid uri authority: server"):
        sqlite3.connect("file://server/share/ledger.sqlite", uri=True)


@pytest.mark.parametrize("name", ["a?b.sqlite", "a#b%20.sqlite", "ä ö.sqlite"])
def test_sqlite_opens_whatever_a_file_is_called(tmp_path: Path, name: str) -> None:
    with closing(connect(tmp_path / name)) as database:
        database.execute("CREATE TABLE t (a)")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.fixture
def drives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make relative paths between folders impossible, as between drives."""

    def refuse(path: str, start: str) -> str:
        raise ValueError(f"path is on mount 'D:', start on mount 'C:': {path} {start}")

    monkeypatch.setattr(os.path, "relpath", refuse)


@pytest.mark.usefixtures("drives")
def test_a_file_on_another_drive_has_an_address(tmp_path: Path) -> None:
    url = address(tmp_path / "a lake.mp4", Path("/home"))
    assert url == (tmp_path / "a lake.mp4").as_uri()
    assert is_apart(url, tmp_path / "a lake.mp4")


@pytest.mark.usefixtures("drives")
def test_a_gallery_shows_a_library_on_another_drive(session: Session) -> None:
    session.dream("a hill", kind="image")
    gallery = Gallery(session)
    (row,) = gallery.window({}, 0, 10)["rows"]
    assert row["file"].startswith("file:///")
    gallery.close()


@pytest.mark.usefixtures("drives")
def test_a_film_of_a_library_on_another_drive_is_shown(session: Session) -> None:
    board = Storyboard(["a hill", "night falls"], session=session)
    board.make()
    assert 'src="data:video/mp4' in film_strip(board)


def test_a_worker_has_numpy_before_anything_waits_for_its_input(tmp_path: Path) -> None:
    # numpy/numpy#24290: on Windows the import would block while a thread waits for input.
    source = """
import sys, threading
from dream_nb import workers
begun = threading.Thread.start
def start(self):
    if self._target is workers._listen:
        print("numpy" in sys.modules, file=sys.stderr, flush=True)
    begun(self)
threading.Thread.start = start
workers._serve()
"""
    # The input is empty, so the worker ends at once.
    assert run(tmp_path, "-c", source, source="").err.split() == ["True"]


def standard_input() -> tuple[bool, bytes]:
    """Whether standard input is a pipe, and otherwise what can be read from it."""
    is_pipe = stat.S_ISFIFO(os.fstat(0).st_mode)
    return is_pipe, b"" if is_pipe else os.read(0, 1)


def test_nothing_that_a_worker_calls_meets_its_pipe() -> None:
    with workers.Pool(1) as pool:
        assert pool.submit(standard_input).result(60) == (False, b"")
        assert pool.submit(os.getpid).result(60) != os.getpid()


def test_a_worker_does_without_what_only_linux_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(workers, "_AUTOGROUP", tmp_path / "no" / "autogroup")
    workers._give_way()
    assert list(tmp_path.iterdir()) == []


def test_the_program_that_started_a_kernel_is_found_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.stat

    def without(path: Path, **options: Any) -> os.stat_result:
        if path.as_posix().startswith("/proc"):
            raise FileNotFoundError(path)
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", without)
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getpid()))
    process = place._parent(os.environ)
    assert process is not None
    command = place._command(process)
    assert command is not None
    assert not command.reads_pipe


@pytest.mark.usefixtures("windows")
def test_on_windows_the_parent_of_a_kernel_is_its_first_ancestor_that_is_no_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launcher: Any = SimpleNamespace(cmdline=lambda: ["python.exe", "-m", "ipykernel_launcher", "-f", "kernel.json"])
    lab: Any = SimpleNamespace(cmdline=lambda: ["jupyter-lab.exe"])
    monkeypatch.setattr(psutil, "Process", lambda *_: SimpleNamespace(parents=lambda: [launcher, lab]))
    # On Windows the variable holds a handle.
    assert place._parent({"JPY_PARENT_PID": "1234"}) is lab


def test_a_studio_does_without_locks_on_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(locks, "fcntl", None)
    first, second = Presence(tmp_path), Presence(tmp_path)
    # It is unknown whether it is gone, so the lease has to expire.
    assert not second.is_gone(first.name)
    first.close()
    assert second.is_gone(first.name)
    second.close()


@pytest.mark.parametrize(
    ("kind", "options", "is_local"),
    [("NTFS", "rw,fixed", True), ("NTFS", "rw,remote", False), ("apfs", "rw,local", True), ("smbfs", "rw", False)],
)
def test_only_a_drive_of_this_machine_shares_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, options: str, is_local: bool
) -> None:
    drive = SimpleNamespace(mountpoint="/", fstype=kind, opts=options)
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: [drive])
    assert _is_local(tmp_path / "a.sqlite") == is_local


def test_a_library_works_where_nothing_can_be_forked(tmp_path: Path) -> None:
    source = (
        "import os\n"
        "for name in ('register_at_fork', 'fork', 'nice', 'sched_getaffinity'):\n"
        "    delattr(os, name) if hasattr(os, name) else None\n"
        "import sys; sys.modules['fcntl'] = None\n"
        "import dream_nb; print(dream_nb.dream('a lake', kind='image').path.suffix)"
    )
    ended = run(tmp_path, "-c", source)
    assert (ended.code, ended.out) == (0, ".jpg\n"), ended.err


def test_an_interrupt_is_a_signal_to_this_process(tmp_path: Path) -> None:
    # This is what "Stop waiting" in a page does on this system, with the real signal.
    source = (
        "import threading, dream_nb.systems as systems; from concurrent.futures import Future\n"
        "threading.Timer(0.3, systems.interrupt_main_thread).start()\n"
        "systems.wait_for(Future())"
    )
    process = subprocess.run([sys.executable, "-c", source], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert process.returncode in {-signal.SIGINT, 1}
    assert b"KeyboardInterrupt" in process.stderr
