"""Session and Job: what everything above asks."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Literal

import pydantic

from dream_nb.api.errors import DreamError, InvalidRequestError
from dream_nb.api.models import GenerationRequest, ImageGenerationRequest
from dream_nb.api.portal import portal
from dream_nb.jobs.backends import Backend, BackendName, choose_backend, open_backend
from dream_nb.jobs.ledger import Record, Request
from dream_nb.jobs.library import Library
from dream_nb.jobs.runner import Progress, Runner
from dream_nb.results.dream import Dream

_LOOK_SECONDS: Final = 0.1
_MAX_TAKE: Final = 10_000


class Job:
    """A request under way: a future for its Dream.

    Giving up a wait, by a timeout, an interrupt or a cancelled `await`, never touches the job.

    Attributes:
        request: what was asked for.
        take: which result of it.
        backend: who makes it, "studio" or "hosted".
        replayed: whether the library had it, so that nothing was sent.
    """

    def __init__(self, request: Request, take: int, backend: str, *, replayed: bool = False) -> None:
        self.request = request
        self.take = take
        self.backend = backend
        self.replayed = replayed
        self._began = time.monotonic()
        self._done: Future[Dream] = Future()
        self._progress = Progress("completed", 1.0) if replayed else Progress("sending")
        self._listeners: list[Callable[[Job], None]] = []
        self._lock = threading.Lock()

    @property
    def progress(self) -> Progress:
        """Where it stands: its state, and the fraction done where the server says it."""
        return self._progress

    @property
    def seconds(self) -> float:
        """Seconds since it was submitted in this session."""
        return time.monotonic() - self._began

    def done(self) -> bool:
        """Whether it has ended, well or badly."""
        return self._done.done()

    def result(self, timeout: float | None = None) -> Dream:
        """Wait for the dream.

        Args:
            timeout: seconds to wait at most.

        Raises:
            TimeoutError: it is not done yet; it goes on.
            DreamError: why it could not be made.
        """
        return self._done.result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait, and give what `result` would raise, or None."""
        return self._done.exception(timeout)

    def __await__(self) -> Generator[Any, None, Dream]:
        return self._wait().__await__()

    async def _wait(self) -> Dream:
        # Short looks instead of a wrapped future: a kernel's interrupt arrives between them, and cancels nothing.
        while not self._done.done():  # noqa: ASYNC110 - an event belongs to one loop, and any may wait
            await asyncio.sleep(_LOOK_SECONDS)
        return self._done.result()

    def on_change(self, listener: Callable[[Job], None]) -> None:
        """Call the listener, now and whenever the job's progress changes or it ends, from whichever thread that is."""
        with self._lock:
            self._listeners.append(listener)
        listener(self)

    def off_change(self, listener: Callable[[Job], None]) -> None:
        """Call the listener no more."""
        with self._lock:
            self._listeners.remove(listener)

    def _report(self, progress: Progress) -> None:
        self._progress = progress
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(self)

    def _finish(self, dream: Dream | None, error: BaseException | None) -> None:
        # Told before who waits wakes up, and may have put away what is told.
        self._report(Progress("completed", 1.0) if error is None else Progress("failed"))
        if error is not None:
            self._done.set_exception(error)
        elif dream is not None:
            self._done.set_result(dream)

    def __repr__(self) -> str:
        return f"Job({self.request.prompt!r}, {self._progress.state})"


class Session:
    """A library, a backend, and what is under way between them.

    Args:
        library: the folder of the results; by default `DREAM_NB_LIBRARY`, else `dreams` in the working directory.
        backend: "studio" or "hosted"; by default `DREAM_NB_BACKEND`, else hosted where `LUMAAI_API_KEY` is set, else
            the studio.

    Raises:
        LibraryError: the folder cannot be written.
        ConfigurationError: no such backend.
    """

    def __init__(self, library: Path | str | None = None, backend: BackendName | None = None) -> None:
        self.home = Path.cwd()
        self.backend = choose_backend(backend)
        self.library = Library(self.home / (library or os.environ.get("DREAM_NB_LIBRARY") or "dreams"))
        self._lock = threading.RLock()
        self._exit = ExitStack()
        self._exit.callback(self.library.close)
        self._opened: Backend | None = None
        self._running: dict[tuple[str, int], tuple[Job, Future[None]]] = {}

    def close(self) -> None:
        """Stop what is under way here and close backend and library. What was sent goes on at its server."""
        with self._lock:
            for _, followed in self._running.values():
                followed.cancel()
            wait([followed for _, followed in self._running.values()])
            self._running.clear()
            self._exit.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def dream(self, prompt: str, *, kind: Literal["video", "image"] = "video", take: int = 1, **fields: Any) -> Dream:
        """Make a dream, or take it from the library, and wait for it.

        Args:
            prompt: what to dream.
            kind: "video" or "image".
            take: which result of the same request, from 1.
            **fields: the other fields of `GenerationRequest` or `ImageGenerationRequest`.

        Raises:
            InvalidRequestError: a field breaks the specification; nothing was sent.
            DreamError: it could not be made.
        """
        return self.submit(make_request(prompt, kind=kind, **fields), take=take).result()

    def submit(self, request: Request, *, take: int = 1) -> Job:
        """Give back the job of this request and take: from the library, the one under way, or a new one.

        Raises:
            InvalidRequestError: the take is not a number from 1 to 10,000.
            ConfigurationError: there is no key for the backend.
        """
        if not 1 <= take <= _MAX_TAKE:
            raise InvalidRequestError(f"take {take} is not a number from 1 to {_MAX_TAKE:,}")
        with self._lock:
            digest = self.library.ledger.hash(request)
            running, _ = self._running.get((digest, take), (None, None))
            if running is not None and not running.done():
                return running
            record = self.library.ledger.find(digest, take)
            if record is not None and self.library.path(record) is not None:
                job = Job(request, take, record.backend, replayed=True)
                job._finish(self._dream(record), None)
                return job
            runner = Runner(self._backend(), self.library)
            record = self.library.ledger.intend(request, take, self.backend)
            job = Job(request, take, self.backend)
            self._running[digest, take] = job, portal.start(self._follow, runner, record, job)
            return job

    async def _follow(self, runner: Runner, record: Record, job: Job) -> None:
        try:
            dream = self._dream(await runner.run(record, job._report))
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits for the job has to hear it
            job._finish(None, error)
        except BaseException:
            job._finish(None, DreamError("the session was closed before the dream was done: run its cell again"))
            raise
        else:
            job._finish(dream, None)

    def _dream(self, record: Record) -> Dream:
        return Dream(record, self.library, self.home)

    def _backend(self) -> Backend:
        if self._opened is None:
            self._opened = self._exit.enter_context(portal.entered(open_backend(self.backend, self.library.folder)))
        return self._opened


def make_request(prompt: str, *, kind: Literal["video", "image"] = "video", **fields: Any) -> Request:
    """A request of that kind, checked.

    Raises:
        InvalidRequestError: the prompt is empty, or a field breaks the specification.
    """
    if not prompt.strip():
        raise InvalidRequestError('the prompt is empty: say what to dream, such as "a serene lake at sunset"')
    schema = ImageGenerationRequest if kind == "image" else GenerationRequest
    try:
        return schema(prompt=prompt, **fields)
    except pydantic.ValidationError as error:
        raise InvalidRequestError.reading(error) from None


_default: Session | None = None
_default_lock = threading.Lock()


def default_session() -> Session:
    """The session that `%dream` and `dream_nb.dream` ask, opened at first use."""
    global _default  # noqa: PLW0603 - one default a process is the point
    with _default_lock:
        if _default is None:
            _default = Session()
            # A closed ledger is one plain file, which can be copied or committed.
            atexit.register(close_default_session)
        return _default


def close_default_session() -> None:
    """Close the default session; the next use opens a new one."""
    global _default  # noqa: PLW0603 - see default_session
    with _default_lock:
        if _default is not None:
            _default.close()
            _default = None
            atexit.unregister(close_default_session)


def dream(prompt: str, *, kind: Literal["video", "image"] = "video", take: int = 1, **fields: Any) -> Dream:
    """`Session.dream` on the default session: make a dream, or take it from the library, and wait for it."""
    return default_session().dream(prompt, kind=kind, take=take, **fields)
