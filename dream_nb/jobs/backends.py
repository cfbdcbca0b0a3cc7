"""Who is asked, and with which key: the embedded studio, or the hosted API."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import httpx2

from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.errors import ConfigurationError
from dream_nb.jobs.patience import Patience
from dream_nb.workers import pool

BackendName = Literal["studio", "hosted"]
BACKENDS: Final[tuple[BackendName, ...]] = ("studio", "hosted")

_STUDIO_URL: Final = "http://studio/dream-machine/v1"
_ACCOUNT: Final = "notebook"


@dataclass(frozen=True, slots=True)
class Backend:
    """Where requests go.

    Attributes:
        name: "studio" or "hosted".
        client: the operations of its API.
        files: fetches assets, and never carries a key.
        tightest_seconds: between two looks at what is under way, where its end is expected.
        widest_seconds: between two looks, at most.
    """

    name: BackendName
    client: AsyncDreamMachine
    files: httpx2.AsyncClient
    tightest_seconds: float
    widest_seconds: float

    @property
    def is_paid(self) -> bool:
        """Whether a create costs money."""
        return self.name == "hosted"

    def take_header(self, take: int) -> dict[str, str]:
        """What tells a studio, and no one else, which take to draw."""
        return {"Dream-Take": str(take)} if self.name == "studio" else {}


def choose_backend(name: str | None = None) -> BackendName:
    """The backend by its name, else `DREAM_NB_BACKEND`, else hosted where `LUMAAI_API_KEY` is set, else the studio.

    Raises:
        ConfigurationError: no such backend.
    """
    name = name or os.environ.get("DREAM_NB_BACKEND") or ("hosted" if os.environ.get("LUMAAI_API_KEY") else "studio")
    if name not in BACKENDS:
        raise ConfigurationError(f"backend {name!r} is not one of {', '.join(BACKENDS)}")
    return name


@asynccontextmanager
async def open_backend(
    name: BackendName, folder: Path, patience: Patience, executor: Callable[[], Executor] = pool
) -> AsyncIterator[Backend]:
    """A backend, ready to be asked.

    Args:
        name: which.
        folder: the library's; a studio keeps what it remembers below it.
        patience: how long is waited for what.
        executor: gives what draws for a studio.
    """
    opened = _open_studio(folder / ".studio", executor) if name == "studio" else _open_hosted(patience)
    async with opened as backend:
        yield backend


@asynccontextmanager
async def _open_hosted(patience: Patience) -> AsyncIterator[Backend]:
    async with (
        AsyncDreamMachine(timeout=patience.call) as client,
        httpx2.AsyncClient(timeout=patience.call, follow_redirects=True) as files,
    ):
        yield Backend("hosted", client, files, tightest_seconds=patience.look, widest_seconds=10.0)


@asynccontextmanager
async def _open_studio(folder: Path, executor: Callable[[], Executor]) -> AsyncIterator[Backend]:
    # The one import upwards from here: the studio stays out of memory where the hosted API is asked.
    from dream_nb.studio.app import create_app

    key = secrets.token_urlsafe(16)
    app = create_app(folder, keys={_ACCOUNT: key}, executor=executor)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as http,
        AsyncDreamMachine(key, _STUDIO_URL, http_client=http) as client,
    ):
        yield Backend("studio", client, http, tightest_seconds=0.15, widest_seconds=0.3)
