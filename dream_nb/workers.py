"""The one pool of worker processes, for the studio's drawing and for measures.

Studio and jobs both use it; it uses neither.

Plain subprocesses instead of `multiprocessing` or loky, for the sake of notebooks: those start trackers that ignore
SIGTERM inside the kernel's process group, and ipykernel waits for them at its end until it is killed itself.
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

_NICE: Final = 10
# Beside a busy kernel on all of its cores: a tenth of the time would be too much to take from it.
_NICE_SESSION: Final = 15
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
    """A worker process ended in the middle of a call. The pool goes on with a new one."""


def _reset_lock() -> None:
    global _lock  # noqa: PLW0603 - the thread that holds the old one is not in a forked child
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_lock)


def pool() -> Pool:
    """The pool of this process: as many workers as it may use cores, each started when it is first needed."""
    global _pool  # noqa: PLW0603 - one pool a process is the point
    with _lock:
        if _pool is None or _pool.is_shut_down:
            _pool = Pool()
        return _pool


def close_pool() -> None:
    """End the workers at once; the next use of `pool()` starts new ones."""
    with _lock:
        if _pool is not None:
            _pool.shutdown(cancel_futures=True)


class Pool(Executor):
    """Worker processes that a notebook's interrupt does not reach and that never outlive their parent.

    They never import the user's main module, run at nice 10, in a process group of their own, without the key in their
    environment. Functions, arguments and results travel pickled.

    Args:
        max_workers: how many processes; by default one for each core that this process may use.
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

        The future raises what the function raised, or `WorkerDiedError` where its process ended.

        Raises:
            RuntimeError: the pool is shut down.
            WorkerDiedError: no process can be started: the interpreter is exiting.
            pickle.PicklingError: the function or an argument cannot travel.
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
        """Start workers before there is work for them; not where any runs already, or the pool is shut down.

        Args:
            function: what each of them calls first, without arguments.
            most: how many at most.
        """
        with contextlib.suppress(RuntimeError, WorkerDiedError):
            for number in range(min(most, self.max_workers)):
                # Whoever submits meanwhile starts the others.
                if len(self._workers) > number:
                    return
                self.submit(function)

    def _start(self) -> None:
        worker = _Worker(self._calls, self._idle)
        try:
            worker.start()
        except RuntimeError as error:
            # Those that run already do it, later.
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
            # A worker may take the last call first.
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
        """In a child: the workers are the parent's, and must not take its end for one of theirs."""
        self._lock = threading.Lock()
        self.is_shut_down = True
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.let_go()


class _Worker(threading.Thread):
    """A thread that hands calls to a process of its own. A daemon: the interpreter ends without waiting for it."""

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
            # It holds neither call nor result while it waits: a clip may be large.
            del taken, future, call
            self._idle.release()
        self._kill()

    def _answer(self, future: Future[Any], call: bytes) -> None:
        try:
            succeeded, value = self._call(call)
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits for the call has to hear it
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
        # A pool may be shut down while a process is being started: that one must not be left.
        with self._lock:
            if self._is_over:
                raise WorkerDiedError(_DIED)
            if self._process is None:
                self._process = _start()
            return self._process

    def end(self) -> None:
        """End the process, whatever it does, and start no other. Its call ends in `WorkerDiedError`."""
        with self._lock:
            self._is_over = True
            if self._process is not None:
                self._process.kill()

    def let_go(self) -> None:
        """Close a forked child's copies of the pipes: a worker ends when nobody has its pipe open any more."""
        process, self._process = self._process, None
        if process is None:
            return
        # It is no child of this process, which can neither wait for it nor has to.
        process.returncode = 0
        for pipe in (process.stdin, process.stdout):
            # Below the buffer: what the parent was just writing is not to be written a second time.
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
                # What was still to be written to a dead process cannot be.
                with contextlib.suppress(OSError):
                    pipe.close()


def _start() -> subprocess.Popen[bytes]:
    environment = {
        name: value for name, value in os.environ.items() if not (name.startswith("LUMAAI_") or _KEY.fullmatch(name))
    }
    # What this process can import, its worker can; and nothing else is taken from its main module.
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
    """A worker's life: calls come in on standard input, answers go out on standard output, both framed pickles."""
    # Before a thread waits for standard input: Windows lets nobody look at a pipe that is being read, and what NumPy
    # loads looks at it (numpy/numpy#24290).
    import numpy  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    threading.Thread(target=_give_way, daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    # What a called function prints must not come between the answers.
    os.dup2(2, 1)
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    source = os.fdopen(os.dup(0), "rb")
    # Later libraries look at nothing, and a function that is called here reads nothing.
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
    """Have Linux's autogroups know how nice this worker is.

    They share the time between sessions, and a worker is a session of its own: its niceness would count inside it only.
    """
    with contextlib.suppress(OSError):
        while True:
            try:
                _AUTOGROUP.write_text(str(_NICE_SESSION))
            except BlockingIOError:  # one that is not root may do this every tenth of a second
                time.sleep(_AUTOGROUP_PAUSE)
            else:
                return


def _listen(source: IO[bytes], calls: queue.SimpleQueue[bytes]) -> None:
    try:
        while True:
            calls.put(_read(source))
    except EOFError:
        # The parent has ended: so does its worker, in the middle of whatever it draws.
        os._exit(0)


def _pickled_failure(error: Exception) -> bytes:
    try:
        failure = pickle.dumps((False, error))
        pickle.loads(failure)  # noqa: S301 - some errors pickle, and cannot be read back
    except Exception:  # noqa: BLE001 - an error that cannot travel is told by its words
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
