"""A studio under test, either in this process or served on a loopback port."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import httpx2
import uvicorn
from PIL import Image
from starlette.types import ASGIApp

from dream_nb import workers
from dream_nb.api.errors import ClusterGoneError
from dream_nb.cluster import ClusterExecutor
from dream_nb.studio.app import create_app
from dream_nb.studio.faults import Faults
from dream_nb.studio.protocol import config
from dream_nb.studio.render import RenderedFile
from dream_nb.studio.settings import Settings

PREFIX = "/dream-machine/v1"
LUMA_PREFIX = "/luma/v1"
PROMPT = "a serene lake at sunset"
KEYS = {"ada": "key-of-ada", "bob": "key-of-bob"}
TINY = Settings(shorter_side=32, longest_seconds=0.2)
"""Settings with which a drawing takes a few milliseconds."""

PATIENCE = 240.0
"""Seconds after which a test gives up."""


def settings(**changes: Any) -> Settings:
    """The settings for tiny drawings, with these changes."""
    return replace(TINY, **changes)


def bearer(account: str = "ada") -> dict[str, str]:
    return {"Authorization": f"Bearer {KEYS[account]}"}


def picture(width: int = 8, height: int = 8) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 90, 30)).save(file, "PNG")
    return file.getvalue()


_DRAWINGS = ("render", "render_run", "join_runs", "render_several")


class Stalled(Executor):
    """An executor whose calls do not finish until a test sets their results in `futures`."""

    def __init__(self, max_workers: int = 4) -> None:
        self.max_workers = max_workers
        self.futures: list[Future[bytes]] = []

    def submit(self, fn: Callable[..., Any], /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        assert fn.__name__ in _DRAWINGS
        future: Future[bytes] = Future()
        future.set_running_or_notify_cancel()
        self.futures.append(future)
        return future


class Instant(ThreadPoolExecutor):
    """An executor that returns placeholder bytes instead of drawing, for tests that need no pictures."""

    def submit(self, fn: Callable[..., Any], /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        assert fn.__name__ in _DRAWINGS
        layer: dict[str, str | int] = {"index": 0, "label": "a", "description": "b", "alpha_hint": "none"}
        several = [RenderedFile(bytes(100), "png", "image", layer)]
        made = {"render_run": [bytes(100)], "render_several": several}.get(fn.__name__, bytes(100))
        return super().submit(lambda: made)


class FakeCluster:
    """Stands in for the cluster of a `ClusterExecutor`, and draws with the package's own pool."""

    def __init__(self, width: int, problem: str | None = None) -> None:
        self.width = width
        self.problem = problem
        self.note: str | None = None
        self.ends_calls = False

    def submit(self, call: Any) -> Future[Any]:
        if self.ends_calls:
            self.problem = "the dask scheduler is gone"
            raise ClusterGoneError(self.problem)
        return workers.pool().submit(call.work)

    @property
    def executor(self) -> ClusterExecutor:
        return ClusterExecutor(cast("Any", self), cast("Any", None))


@dataclass
class Machine:
    """A studio and a client of it with ada's key."""

    client: httpx2.AsyncClient
    app: ASGIApp

    async def create(self, body: Mapping[str, Any] | None = None, path: str = "/generations", **more: Any) -> Any:
        """Send a valid request; returns the new generation."""
        response = await self.client.post(path, json=body or {"prompt": PROMPT}, **more)
        assert response.status_code == 201, response.text
        return response.json()

    async def refusal(self, body: Any, path: str = "/generations", **more: Any) -> tuple[int, str]:
        """Send an invalid request; returns status and detail of the answer."""
        response = await self.client.post(path, json=body, **more)
        return response.status_code, response.json()["detail"]

    async def get(self, uid: str, account: str = "ada") -> Any:
        response = await self.client.get(f"/generations/{uid}", headers=bearer(account))
        assert response.status_code == 200, response.text
        return response.json()

    async def until(self, uid: str, *states: str, account: str = "ada", every: float = 0.01) -> Any:
        """Wait until the generation is in one of these states; returns it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                generation = await self.get(uid, account)
                if generation["state"] in states:
                    return generation
                await asyncio.sleep(every)

    async def finished(self, uid: str, account: str = "ada") -> Any:
        return await self.until(uid, "completed", "failed", account=account)

    async def made(self, body: Mapping[str, Any] | None = None, path: str = "/generations") -> Any:
        """Send a valid request and wait for its end; returns the completed generation."""
        generation = await self.finished((await self.create(body, path))["id"])
        assert generation["state"] == "completed", generation
        return generation

    async def balance(self, account: str = "ada") -> float:
        response = await self.client.get("/credits", headers=bearer(account))
        return float(response.json()["credit_balance"])


@asynccontextmanager
async def in_process(
    folder: Path,
    *,
    executor: Callable[[], Executor] = workers.pool,
    settings: Settings = TINY,
    faults: Faults | None = None,
    keys: Mapping[str, str] = KEYS,
    prefix: str = PREFIX,
) -> AsyncIterator[Machine]:
    """Run a studio on this event loop, with a client of the API below that prefix."""
    app = create_app(folder, keys=keys, executor=executor, settings=settings, faults=faults)
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=f"http://studio{prefix}", headers=bearer()) as client,
    ):
        yield Machine(client, app)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The server runs in a thread; pytest handles signals.
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # On a busy machine a connection may still be open; after this, no loop runs that could close it.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


@contextmanager
def served(app: ASGIApp, **options: Any) -> Iterator[str]:
    """Serve an application on a free loopback port, like the studio; yields its origin. `options` are uvicorn's."""
    server = _Server(config(app, port=0, log_level="critical", timeout_graceful_shutdown=1, **options))
    thread = threading.Thread(target=server.run, name="served", daemon=True)
    thread.start()
    wait_for(lambda: server.started or not thread.is_alive())
    assert server.started
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


def wait_for(condition: Callable[[], Any]) -> Any:
    """Wait until a condition is true; returns its value."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.005)
    raise AssertionError("waited in vain")


async def until(condition: Callable[[], Any]) -> Any:
    """Wait on this event loop until a condition is true; returns its value."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if result := condition():
                return result
            await asyncio.sleep(0.005)
