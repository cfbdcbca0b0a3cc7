"""The open backends of a session, each with its runner."""

from __future__ import annotations

import threading
import time
import warnings
import weakref
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, ExitStack
from functools import partial
from typing import Any, Final, TypeVar

from dream_nb.api.dialect import Dialect
from dream_nb.api.dialects import DIALECTS
from dream_nb.api.errors import ConfigurationError, LibraryError, NotFoundError
from dream_nb.api.luma_dialect import LUMA_DIALECT, speaks_luma
from dream_nb.api.models import Credits, Generation
from dream_nb.api.pages import Pages
from dream_nb.api.portal import Entered, portal
from dream_nb.api.request_models import Request
from dream_nb.backends.abilities import can, lacks, need
from dream_nb.backends.backends import STUDIO_API, Backend, open_backend
from dream_nb.backends.keys import need_key
from dream_nb.backends.patience import Patience
from dream_nb.jobs.account_files import AccountFiles
from dream_nb.jobs.budget import Allowance, Budget, Limits
from dream_nb.jobs.callbacks import Callbacks, listening
from dream_nb.jobs.commits import Commits
from dream_nb.jobs.leases import Leases
from dream_nb.jobs.looks import Looks
from dream_nb.jobs.runner import Runner
from dream_nb.jobs.uploads import Uploads
from dream_nb.library.ledger_file import FORKED
from dream_nb.library.library import Library
from dream_nb.workers import pool

T = TypeVar("T")
_PAGE: Final = 100


class OpenBackends:
    """Opens backends when they are first needed. Its methods wait; the work is done on the background loop.

    Args:
        library: the library for all results.
        patience: the timeouts.
        allowance: the limits on spending.
        limits: the limits on how much is asked for at once.
        callbacks: how servers can report changes, or None.
        executor: a function that returns the executor that draws for a studio.
        uploads: uploads pictures that the hosted API has to download.
    """

    def __init__(
        self,
        library: Library,
        patience: Patience,
        allowance: Allowance,
        limits: Limits,
        callbacks: Callbacks | None = None,
        executor: Callable[[], Executor] = pool,
        uploads: Uploads | None = None,
    ) -> None:
        self._executor = executor
        self.uploads = uploads or Uploads()
        self._callbacks = callbacks
        self._callback_url: str | None = None
        self._library = library
        self._patience = patience
        self._allowance = allowance
        self._limits = limits
        self._lock = threading.Lock()
        self._entered: list[Entered[Any]] = []
        self._runners: dict[str, Runner] = {}
        self._budgets: dict[str, Budget] = {}
        # Including those whose key was replaced: their jobs continue.
        self._opened: list[Runner] = []
        self._why_closed = ""
        self._commits = Commits(library.ledger.file)
        self._leases: Leases | None = None

    def close(self, seconds: float | None = None) -> None:
        """Close the backends.

        Args:
            seconds: the longest wait in seconds; None waits without a limit.

        Raises:
            TimeoutError: they were not closed in that time.
        """
        if not self._lock.acquire(timeout=-1 if seconds is None else seconds):
            raise TimeoutError
        try:
            self._why_closed = self._why_closed or "is closed: open a new one"
            self._runners.clear()
            self._opened.clear()
            entered, self._entered = self._entered, []
        finally:
            self._lock.release()
        until = None if seconds is None else time.monotonic() + seconds
        with ExitStack() as stack:
            for each in entered:
                stack.callback(_close, each, until)

    def let_go(self) -> None:
        """Drop everything in a forked child, which has none of the threads that it needs."""
        self._lock = threading.Lock()
        self._why_closed = FORKED
        self._runners, self._opened, self._entered = {}, [], []

    def _enter(self, manager: AbstractAsyncContextManager[T]) -> T:
        entered = portal.entered(manager)
        self._entered.append(entered)
        return entered.value

    def runner(self, name: str) -> Runner:
        """Return the runner of a backend.

        Raises:
            ConfigurationError: the backend has no key, or the port for callbacks is in use.
            LibraryError: the session was closed.
        """
        with self._lock:
            if self._why_closed:
                raise LibraryError(f"the session of {self._library.folder.name!r} {self._why_closed}")
            if name not in self._runners:
                # Not on the loop, because finding a key may ask the user.
                key = None if name == "studio" else need_key(name)
                if self._callbacks is not None and not can(name, "callbacks"):
                    warnings.warn(lacks(name, "callbacks"), stacklevel=2)
                elif self._callbacks is not None and self._callback_url is None:
                    self._callback_url = self._listen(self._callbacks)
                opened = open_backend(key, name, self._library.folder, self._patience, self._executor)
                backend = self._enter(opened)
                self._runners[name] = portal.call(self._engage, backend)
                self._opened.append(self._runners[name])
            return self._runners[name]

    def _listen(self, callbacks: Callbacks) -> str:
        try:
            return self._enter(listening(_weakly(self._told), callbacks))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on port {callbacks.port} ({error.strerror or error}): give Callbacks another port, or "
                "0 for any free one"
            ) from error

    def renew(self, name: str) -> None:
        """Open a backend again when it is next needed, with its key at that time. Running jobs continue."""
        with self._lock:
            self._runners.pop(name, None)

    async def _engage(self, backend: Backend) -> Runner:
        # On the loop, because locks and limiters belong to it.
        ledger, patience = self._library.ledger, self._patience
        commits = self._commits
        self._leases = self._leases or Leases(ledger, commits, patience.lease)
        looks = Looks(backend, patience)
        budget = Budget(backend, ledger, commits, self._allowance, self._limits, patience, looks)
        self._budgets[backend.name] = budget
        uploads: Uploads | AccountFiles | None = None if backend.can("files") else self.uploads
        if backend.account is not None:
            uploads = AccountFiles(backend.account, patience)
        callback_url = self._callback_url if backend.can("callbacks") else None
        return Runner(backend, self._library, commits, self._leases, budget, looks, patience, callback_url, uploads)

    def _told(self, id: str) -> None:  # noqa: A002 - the field's name in the specification
        for runner in list(self._opened):
            runner.watcher.ask_now(id)

    def generation(self, name: str, id: str) -> Generation:  # noqa: A002 - the name in the specification
        """Return a generation of the account."""
        client = self.runner(name).backend.client
        found: Generation = portal.call(self._patience.retried, lambda: client.get_generation(id))
        return found

    def generations(self, name: str) -> list[Generation]:
        """Return all generations of the account, newest first.

        Raises:
            ConfigurationError: the backend does not list generations.
        """
        need(name, "list")
        return portal.call(self._list, self.runner(name).backend)

    async def _list(self, backend: Backend) -> list[Generation]:
        found: list[Generation] = []
        pages = Pages(_PAGE)
        while not pages.ended:
            # Each page has its own timeout: a large account has hundreds of pages.
            listed = partial(backend.client.list_generations, limit=_PAGE, offset=pages.offset)
            found += pages.new(await self._patience.retried(listed))
        return found

    def credits(self, name: str) -> Credits:
        """Return the balance of the account.

        Raises:
            ConfigurationError: the backend has no balance.
        """
        need(name, "balance")
        self.runner(name)
        return portal.call(self._budgets[name].credits)

    def known_dialect(self, name: str, request: Request | None = None) -> Dialect | None:
        """Return the dialect for a request, if it is known without asking the server.

        Args:
            name: the name of the backend.
            request: the request, whose model decides if a server has both APIs.
        """
        if name == "luma" or (name == "studio" and request is not None and speaks_luma(request)):
            return LUMA_DIALECT
        if name == "studio":
            return DIALECTS[STUDIO_API]
        runner = self._runners.get(name)
        return runner.backend.client.known_dialect if runner is not None else None

    def dialect(self, name: str, request: Request | None = None) -> Dialect:
        """Return the dialect for a request. The server is asked at the first call.

        Args:
            name: the name of the backend.
            request: the request, whose model decides if a server has both APIs.

        Raises:
            APIError: the server did not say.
            ConfigurationError: the backend has no key.
        """
        known = self.known_dialect(name, request)
        if known is not None:
            return known
        found: Dialect = portal.call(self._patience.retried, self.runner(name).backend.client.dialect)
        return found

    def camera_motions(self, name: str) -> list[str]:
        """Return the camera motions of the server; empty if it lists concepts instead. The studio lists both."""
        if name != "studio" and self.dialect(name).lists != "camera motions":
            return []
        found: list[str] = portal.call(self._patience.retried, self.runner(name).backend.client.get_camera_motion)
        return found

    def concepts(self, name: str) -> list[str]:
        """Return the keys of the server's concepts; empty if it lists camera motions instead."""
        if self.dialect(name).lists != "concepts":
            return []
        found: list[str] = portal.call(self._patience.retried, self.runner(name).backend.client.get_concepts)
        return found

    def delete(self, name: str, id: str) -> None:  # noqa: A002 - the name in the specification
        """Delete a generation from its server. One that the server no longer knows counts as deleted.

        Raises:
            APIError: the server did not confirm the deletion.
            ConfigurationError: the backend cannot delete generations.
        """
        need(name, "delete")
        client = self.runner(name).backend.client
        try:
            portal.call(self._patience.retried, lambda: client.delete_generation(id))
        except NotFoundError:
            return


def _weakly(told: Callable[[str], None]) -> Callable[[str], None]:
    """Return a bound method that does not keep its object alive, so that an unused session is closed."""
    method = weakref.WeakMethod(told)

    def tell(id: str) -> None:  # noqa: A002 - the field's name in the specification
        bound = method()
        if bound is not None:
            bound(id)

    return tell


def _close(entered: Entered[Any], until: float | None) -> None:
    entered.close(None if until is None else max(0.0, until - time.monotonic()))
