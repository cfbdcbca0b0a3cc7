"""The backends and their keys: the embedded studio, one of the hosted APIs, or another server."""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import httpx2

from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.dialect import API, Dialect
from dream_nb.api.errors import ConfigurationError
from dream_nb.api.luma import AsyncLuma
from dream_nb.api.luma_dialect import LUMA_DIALECT, is_of_dream_machine, is_of_luma, named_model, speaks_luma
from dream_nb.api.network import files_client
from dream_nb.api.request_models import Request
from dream_nb.backends.abilities import Ability, can
from dream_nb.backends.keys import HOSTED_APIS, Key, address_of, find_key
from dream_nb.backends.luma_client import LumaClient
from dream_nb.backends.patience import Patience
from dream_nb.backends.server_client import ServerClient
from dream_nb.backends.studio_client import StudioClient
from dream_nb.workers import pool

BACKENDS: Final = ("studio", *HOSTED_APIS)

_HOSTED: Final = "hosted"
"""The name that stands for the first hosted API that has a key."""

STUDIO_API: Final[API] = "2025"
"""The version of the API that requests to the studio use. It serves the older one too."""

_STUDIO_URL: Final = "http://studio/dream-machine/v1"
_STUDIO_LUMA_URL: Final = "http://studio/luma/v1"
_ACCOUNT: Final = "notebook"


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend, which requests are sent to.

    Attributes:
        name: "studio", "dream-machine", "luma", or the URL of another server of the Dream Machine API.
        client: the client for the operations of its API.
        files: the client that downloads files, which never carries a key.
        tightest_seconds: the shortest interval between two looks at running generations, near their expected end.
        widest_seconds: the longest interval between two looks.
        account: the account that stores local files, if the API has one, or None.
        eager_seconds: the seconds after a create in which it is looked at often, because its first picture comes then.
    """

    name: str
    client: ServerClient
    files: httpx2.AsyncClient
    tightest_seconds: float
    widest_seconds: float
    eager_seconds: float = 0.0
    account: AsyncLuma | None = None

    @property
    def is_paid(self) -> bool:
        """Whether a create costs money."""
        return is_paid(self.name)

    def can(self, ability: Ability) -> bool:
        """Return whether it can do something; see `abilities.can`."""
        return can(self.name, ability)

    def lists(self, request: Request) -> bool:
        """Whether a lost request can be looked for in a list. The Luma API has none, not even at the studio."""
        return self.can("list") and self.known_dialect(request) is not LUMA_DIALECT

    def known_dialect(self, request: Request) -> Dialect | None:
        """Return the dialect for a request, if it is known without asking the server."""
        return LUMA_DIALECT if self.name == "studio" and speaks_luma(request) else self.client.known_dialect

    async def dialect(self, request: Request) -> Dialect:
        """Return the dialect for a request. This asks the server once, unless the dialect is already known.

        Raises:
            APIError: the server did not say.
        """
        return self.known_dialect(request) or await self.client.dialect()

    def take_header(self, take: int) -> dict[str, str]:
        """Return the header that tells a studio which take to draw. Other servers get no such header."""
        return {"Dream-Take": str(take)} if self.name == "studio" else {}


def is_paid(name: str) -> bool:
    """Return whether a create on that backend may cost money."""
    return name != "studio"


def choose_backend(name: str | None = None) -> str:
    """Return the name of the backend: as given, or of `DREAM_NB_BACKEND`, or a hosted API with a key, or the studio.

    Args:
        name: "studio", "dream-machine", "luma", the URL of another server, or "hosted" for the first hosted API that
            has a key. The URL of a hosted API becomes its name.

    Raises:
        ConfigurationError: the backend is unknown.
    """
    name = name or os.environ.get("DREAM_NB_BACKEND") or _with_key() or "studio"
    if name == _HOSTED:
        return _with_key() or next(iter(HOSTED_APIS))
    if name in BACKENDS:
        return name
    if "://" not in name:
        raise ConfigurationError(_no_backend(name))
    url = address_of(name)
    return next((hosted for hosted in HOSTED_APIS if url == address_of(hosted)), url)


def _with_key() -> str | None:
    """The first hosted API that has a key, or None."""
    return next((name for name in HOSTED_APIS if find_key(name)), None)


def backend_of_model(request: Request, backend: str) -> str:
    """Return the backend for a request. If the user named a model, it decides between the hosted APIs.

    Args:
        request: the request.
        backend: the backend to use if the model does not decide.
    """
    model = named_model(request)
    if backend not in HOSTED_APIS or model is None:
        return backend
    if is_of_luma(model):
        return "luma"
    return "dream-machine" if is_of_dream_machine(model) else backend


@lru_cache(maxsize=64)
def is_backend(name: object) -> bool:
    """Return whether this is the name of a backend, in its standard spelling."""
    try:
        return isinstance(name, str) and (name in BACKENDS or ("://" in name and address_of(name) == name))
    except ConfigurationError:
        return False


def _no_backend(name: str) -> str:
    known = (*BACKENDS, _HOSTED)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f": did you mean {near[0]}?" if near else ""
    # A value unlike any of these is not shown, because it may be a key in the wrong place.
    is_word = (name.isalpha() and name.islower()) or difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    shown = f" {name!r}" if is_word else ""
    return f"backend{shown} is not one of {', '.join(known)}, or a URL such as https://host/dream-machine/v1{hint}"


@asynccontextmanager
async def open_backend(
    key: Key | None, name: str, folder: Path, patience: Patience, executor: Callable[[], Executor] = pool
) -> AsyncIterator[Backend]:
    """Open a backend.

    Args:
        key: the key of the backend; None for the studio, which creates its own.
        name: the name of the backend.
        folder: the folder of the library; a studio stores its state below it.
        patience: the timeouts.
        executor: a function that returns the executor that draws for a studio.
    """
    opened = _open_studio(folder / ".studio", executor) if key is None else _open_server(key, name, patience)
    async with opened as backend:
        yield backend


@asynccontextmanager
async def _open_server(key: Key, name: str, patience: Patience) -> AsyncIterator[Backend]:
    async with _connected(key, name, patience) as client, files_client(key.base_url, patience.call) as files:
        account = client.luma if isinstance(client, LumaClient) else None
        yield Backend(name, client, files, tightest_seconds=patience.look, widest_seconds=10.0, account=account)


@asynccontextmanager
async def _connected(key: Key, name: str, patience: Patience) -> AsyncIterator[ServerClient]:
    if name == "luma":
        async with AsyncLuma(key.secret, key.base_url, timeout=patience.call) as luma:
            yield LumaClient(luma, name)
    else:
        async with AsyncDreamMachine(key.secret, key.base_url, timeout=patience.call) as machine:
            yield machine


@asynccontextmanager
async def _open_studio(folder: Path, executor: Callable[[], Executor]) -> AsyncIterator[Backend]:
    # The only import of a later part: the studio is not loaded when a hosted API is used.
    from dream_nb.studio.app import create_app

    key = secrets.token_urlsafe(16)
    app = create_app(folder, keys={_ACCOUNT: key}, executor=executor)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app, raise_app_exceptions=False)) as http,
        StudioClient(key, _STUDIO_URL, api=STUDIO_API, http_client=http) as client,
        AsyncLuma(key, _STUDIO_LUMA_URL, http_client=http) as luma,
    ):
        client.luma = LumaClient(luma, "studio")
        yield Backend("studio", client, http, tightest_seconds=0.15, widest_seconds=0.3, eager_seconds=0.5)
