"""A served studio in place of the hosted API, and its own record of the requests."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dream_nb import workers
from dream_nb.backends.patience import Patience
from dream_nb.session import Session
from dream_nb.studio.app import create_app
from dream_nb.studio.faults import Faults
from dream_nb.studio.settings import Settings
from tests.studio.machine import PREFIX, TINY, picture, served

HASTE = Patience(call=1.0, connect=0.5, reconcile=0.5, job=240.0, download=60.0, look=0.02, pause=0.02, lease=1.0)
"""Short timeouts for tests."""

SECONDS = 240


class Books:
    """Records the requests to a server, and can delay an answer.

    Attributes:
        calls: method and path, below the prefix, of every request received.
        keys: the bearer keys received.
        late: seconds by which the next answer to a POST is delayed, although it is accepted at once.
        waits: an event for which that answer waits, or None.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lock = threading.Lock()
        self.calls: list[tuple[str, str]] = []
        self.keys: list[str] = []
        self.late = 0.0
        self.waits: threading.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (b"x-test", b"1") not in scope["headers"]:
            with self._lock:
                self.calls.append((scope["method"], scope["path"].removeprefix(PREFIX)))
                self.keys += [value.decode() for name, value in scope["headers"] if name == b"authorization"]
        if scope["type"] == "http" and scope["method"] == "POST" and (self.late or self.waits):
            (late, self.late), (waits, self.waits) = (self.late, 0.0), (self.waits, None)

            async def send_late(message: Message) -> None:
                await asyncio.sleep(late)
                if waits is not None:
                    await asyncio.to_thread(waits.wait, SECONDS)
                await send(message)

            await self._app(scope, receive, send_late)
        else:
            await self._app(scope, receive, send)

    def count(self, method: str, path: str = "") -> int:
        """The number of requests with this method and a path that begins like this."""
        with self._lock:
            return sum(asked == method and where.startswith(path) for asked, where in self.calls)


class Held(Executor):
    """An executor that returns every picture at once or, while it `holds`, when `let_go` is called."""

    max_workers = 8

    def __init__(self) -> None:
        self.holds = False
        self._held: list[Future[bytes]] = []

    def submit(self, fn: Callable[..., Any], /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        assert fn.__name__ == "render"
        future: Future[bytes] = Future()
        future.set_running_or_notify_cancel()
        self._held.append(future)
        if not self.holds:
            self.let_go()
        return future

    @property
    def waiting(self) -> int:
        """The number of pictures held."""
        return len(self._held)

    def let_go(self) -> None:
        """Return what is held, and from now on everything at once."""
        self.holds = False
        self.give()

    def give(self) -> None:
        """Return what is held."""
        while self._held:
            self._held.pop().set_result(picture())


@dataclass
class Hosted:
    """The server, with the means to inspect it and to open sessions on it."""

    base_url: str
    key: str
    faults: Faults
    books: Books
    folder: Path
    client: httpx2.Client
    sessions: ExitStack = field(default_factory=ExitStack)

    @property
    def made(self) -> list[dict[str, Any]]:
        """All generations that were created and not deleted, newest first."""
        answer = self.client.get("/generations")
        found: list[dict[str, Any]] = answer.json()["generations"]
        return found

    @property
    def balance(self) -> float:
        return float(self.client.get("/credits").json()["credit_balance"])

    def session(self, library: Path | str = "dreams", **given: Any) -> Session:
        """A session that uses this server; closed at the end of the test."""
        options: Any = {"patience": HASTE, "prices": {"video": 32.0, "image": 1.51}} | given
        return self.sessions.enter_context(Session(library, "dream-machine", **options))


@contextmanager
def hosted(
    folder: Path,
    key: str,
    *,
    settings: Settings = TINY,
    executor: Callable[[], Executor] = workers.pool,
    wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> Iterator[Hosted]:
    """Serve a studio, with its faults and its record of requests."""
    faults = Faults()
    app = create_app(folder, keys={"ada": key}, executor=executor, settings=settings, faults=faults)
    books = Books(app)
    with ExitStack() as stack:
        origin = stack.enter_context(served(wrap(books)))
        # The books count the requests of sessions, not those of tests.
        quiet = {"Authorization": f"Bearer {key}", "x-test": "1"}
        client = stack.enter_context(httpx2.Client(base_url=origin + PREFIX, headers=quiet, timeout=30))
        server = Hosted(origin + PREFIX, key, faults, books, folder, client)
        with server.sessions:
            yield server


def environment(server: Hosted) -> Mapping[str, str]:
    """Variables that make a process use the server as the hosted API."""
    return {"LUMAAI_API_KEY": server.key, "LUMAAI_BASE_URL": server.base_url, "DREAM_NB_BACKEND": "dream-machine"}


def use(server: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the server as the hosted API in this process."""
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)


def texts(folder: Path) -> str:
    """Every byte below a folder, as text."""
    return "\n".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


def sidecar(path: Path) -> dict[str, Any]:
    """The sidecar of a file."""
    document: dict[str, Any] = json.loads(path.with_name(path.name + ".json").read_text())
    return document
