"""The pool of worker processes, for the studio's drawing and for measures.

Both the studio and the jobs use it; it uses neither.

It uses plain subprocesses instead of `multiprocessing` or loky because of notebooks: those start trackers that ignore
SIGTERM inside the kernel's process group, and ipykernel waits for these at its end until it is killed.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import IO, Any, Final

from dream_nb.lifetime import Stage, close_at_exit, let_go_after_fork

# A worker gets a tenth of the time of a busy kernel. With less, other programs on all cores would stop the drawing.
_NICE: Final = 10
_AUTOGROUP: Final = Path("/proc/self/autogroup")
_AUTOGROUP_PAUSE: Final = 0.1
_LENGTH: Final = struct.Struct(">Q")
_DIED: Final = "a worker process ended before its work was done"
_NOT_STARTED: Final = "worker processes cannot be started while Python is exiting"
_KEY: Final = re.compile(r"DREAM_NB_(?:\w+_)?KEY(?:_\w+)?")
_SERVE: Final = "from dream_nb.workers import _serve; _serve()"

_lock = threading.Lock()
_pool: Pool | None = None


class WorkerDiedError(BrokenExecutor):
    """A worker process ended during a call. The pool continues with a new process."""


def _reset_lock() -> None:
    global _lock  # noqa: PLW0603 - the thread that holds the old one is not in a forked child
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_lock)


def pool() -> Pool:
    """Return the pool of this process, with as many workers as usable cores, each started when it is first needed."""
    global _pool  # noqa: PLW0603 - a process has one pool
    with _lock:
        if _pool is None or _pool.is_shut_down:
            _pool = Pool()
        return _pool


def close_pool() -> None:
    """End the workers at once. The next use of `pool()` starts new ones."""
    with _lock:
        if _pool is not None:
            _pool.shutdown(cancel_futures=True)


class Pool(Executor):
    """A pool of worker processes that a notebook's interrupt does not reach and that never outlive their parent.

    The workers never import the user's main module. They run at nice 10, in their own process groups, without the
    key in their environment. Functions, arguments and results are pickled.

    Args:
        max_workers: the number of processes; by default one for each core that this process may use.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        self.max_workers = max_workers or _cores()
        self.is_shut_down = False
        self._calls: queue.SimpleQueue[tuple[Future[Any], bytes] | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._workers: list[_Worker] = []
        self._lock = threading.Lock()
        close_at_exit(self, Stage.WORKERS)
        let_go_after_fork(self)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn(*args, **kwargs)` in a worker.

        The future raises the function's own exception, or `WorkerDiedError` if its process ended.

        Raises:
            RuntimeError: the pool is shut down.
            WorkerDiedError: no process can be started, because the interpreter is exiting.
            pickle.PicklingError: the function or an argument cannot be pickled.
        """
        call = pickle.dumps((fn, args, kwargs))
        future: Future[Any] = Future()
        with self._lock:
            if self.is_shut_down:
                raise RuntimeError("this pool of workers is shut down: get a new one from dream_nb.workers.pool()")
            if not self._idle.acquire(blocking=False) and len(self._workers) < self.max_workers:
                self._start()
            self._calls.put((future, call))
        return future

    def start_early(self, function: Any, most: int) -> None:
        """Start workers before there is work for them, unless some run already or the pool is shut down.

        Args:
            function: the function that each of them calls first, without arguments.
            most: the largest number of workers to start.
        """
        with contextlib.suppress(RuntimeError, WorkerDiedError):
            for number in range(min(most, self.max_workers)):
                # Calls that are submitted meanwhile start the others.
                if len(self._workers) > number:
                    return
                self.submit(function)

    def _start(self) -> None:
        worker = _Worker(self._calls, self._idle)
        try:
            worker.start()
        except RuntimeError as error:
            # Workers that are running already do this later.
            if not self._workers:
                raise WorkerDiedError(_NOT_STARTED) from error
        else:
            self._workers.append(worker)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers when their calls are done; with `cancel_futures` at once."""
        with self._lock:
            self.is_shut_down = True
        if cancel_futures:
            for worker in self._workers:
                worker.end()
            # A worker may take the last call before this thread does.
            with contextlib.suppress(queue.Empty):
                while True:
                    if waiting := self._calls.get_nowait():
                        waiting[0].cancel()
        for _ in self._workers:
            self._calls.put(None)
        if wait:
            for worker in self._workers:
                worker.join()

    def _end(self, seconds: float) -> None:
        self.shutdown(wait=False, cancel_futures=True)
        until = time.monotonic() + seconds
        for worker in self._workers:
            worker.join(max(0.0, until - time.monotonic()))

    def _forked(self) -> None:
        """Drop the workers in a forked child: they are the parent's, and must not mistake its end for the parent's."""
        self._lock = threading.Lock()
        self.is_shut_down = True
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.let_go()


class _Worker(threading.Thread):
    """A thread that passes calls to its own process. As a daemon, it does not keep the interpreter from ending."""

    def __init__(self, calls: queue.SimpleQueue[tuple[Future[Any], bytes] | None], idle: threading.Semaphore) -> None:
        super().__init__(name="dream_nb-worker", daemon=True)
        self._calls = calls
        self._idle = idle
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = False
        self._lock = threading.Lock()

    def run(self) -> None:
        while (taken := self._calls.get()) is not None:
            future, call = taken
            if future.set_running_or_notify_cancel():
                self._answer(future, call)
            # Keep neither call nor result while waiting: a clip may be large.
            del taken, future, call
            self._idle.release()
        self._kill()

    def _answer(self, future: Future[Any], call: bytes) -> None:
        try:
            succeeded, value = self._call(call)
        except Exception as error:  # noqa: BLE001 - re-raised in whoever waits for the call
            future.set_exception(error)
        else:
            if succeeded:
                future.set_result(value)
            else:
                future.set_exception(value)

    def _call(self, call: bytes) -> Any:
        process = self._ready()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _write(process.stdin, call)
            return pickle.loads(_read(process.stdout))  # noqa: S301 - the answer of our own process
        except (EOFError, OSError) as error:
            self._kill()
            raise WorkerDiedError(_DIED) from error

    def _ready(self) -> subprocess.Popen[bytes]:
        # If the pool is shut down while a process is being started, that process must be ended too.
        with self._lock:
            if self._is_over:
                raise WorkerDiedError(_DIED)
            if self._process is None:
                self._process = _start()
            return self._process

    def end(self) -> None:
        """End the process at once, and start no other. Its call ends with `WorkerDiedError`."""
        with self._lock:
            self._is_over = True
            if self._process is not None:
                self._process.kill()

    def let_go(self) -> None:
        """Close a forked child's copies of the pipes: a worker ends when no process has its pipe open any more."""
        process, self._process = self._process, None
        if process is None:
            return
        # It is not a child of this process, which can neither wait for it nor needs to.
        process.returncode = 0
        for pipe in (process.stdin, process.stdout):
            # Bypass the buffer: data that the parent was just writing must not be written twice.
            with contextlib.suppress(OSError, AttributeError):
                pipe.raw.close()  # type: ignore[union-attr]

    def _kill(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                # Closing flushes data that was not yet written, which fails if the process is dead.
                with contextlib.suppress(OSError):
                    pipe.close()


def _start() -> subprocess.Popen[bytes]:
    environment = {
        name: value for name, value in os.environ.items() if not (name.startswith("LUMAAI_") or _KEY.fullmatch(name))
    }
    # The worker can import what this process can import, but takes nothing else from its main module.
    environment["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def _serve() -> None:
    """Run a worker: framed pickles of calls come in on standard input, and answers go out on standard output."""
    # Before a thread waits for standard input: on Windows nothing can examine a pipe that is being read, and what NumPy
    # loads examines it (numpy/numpy#24290).
    import numpy  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    threading.Thread(target=_give_way, daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    # Output of a called function must not come between the answers.
    os.dup2(2, 1)
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    source = os.fdopen(os.dup(0), "rb")
    # Neither libraries that are loaded later nor called functions may use standard input, from which calls are read.
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a name that is no path on Windows
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=_listen, args=(source, calls), daemon=True).start()
    while True:
        try:
            function, args, kwargs = pickle.loads(calls.get())  # noqa: S301 - our parent's own call
            answer = pickle.dumps((True, function(*args, **kwargs)))
        except Exception as error:  # noqa: BLE001 - it is raised again where the call came from
            answer = _pickled_failure(error)
        _write(answers, answer)


def _give_way() -> None:
    """Set the niceness of this worker's autogroup on Linux.

    Autogroups share the time between sessions, and each worker is a session: its own niceness counts only inside it.
    """
    with contextlib.suppress(OSError):
        while True:
            try:
                _AUTOGROUP.write_text(str(_NICE))
            except BlockingIOError:  # users other than root may do this once every tenth of a second
                time.sleep(_AUTOGROUP_PAUSE)
            else:
                return


def _listen(source: IO[bytes], calls: queue.SimpleQueue[bytes]) -> None:
    try:
        while True:
            calls.put(_read(source))
    except EOFError:
        # The parent has ended, so the worker ends too, even while it draws.
        os._exit(0)


def _pickled_failure(error: Exception) -> bytes:
    try:
        failure = pickle.dumps((False, error))
        pickle.loads(failure)  # noqa: S301 - some errors pickle, and cannot be read back
    except Exception:  # noqa: BLE001 - an error that cannot be pickled is sent as text
        return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return failure


def _write(stream: IO[bytes], content: bytes) -> None:
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
