"""Receives the server's callbacks. Their content is not trusted: each only causes the generation to be read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_HOST: Final = "127.0.0.1"
_MAX_BODY: Final = 2**20
_GRACE_SECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How the server can report changes, instead of being polled.

    Attributes:
        port: the port on the loopback interface that a session listens on; by default any free port.
        public_url: the public URL of that port, if something forwards requests to it. By default only this machine can
            reach it, which is enough for a studio.
    """

    port: int = 0
    public_url: str | None = None


@asynccontextmanager
async def listening(told: Callable[[str], None], callbacks: Callbacks) -> AsyncIterator[str]:
    """Listen on loopback, on a path that cannot be guessed. Yields the callback URL.

    Args:
        told: a function that is called with the id of each generation that is reported as changed.
        callbacks: the port and the public URL.

    Raises:
        OSError: the port cannot be opened.
    """
    # Imported here, because only sessions that use callbacks need a server.
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Route

    from dream_nb.studio.protocol import config

    path = f"/{secrets.token_urlsafe(24)}"
    app = Starlette(routes=[Route(path, _hearing(told), methods=["POST"])])
    with socket.create_server((_HOST, callbacks.port)) as listener:
        port = listener.getsockname()[1]
        options = config(
            app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=_GRACE_SECONDS
        )
        server = uvicorn.Server(options)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield (callbacks.public_url or f"http://{_HOST}:{port}").rstrip("/") + path
        finally:
            server.should_exit = True
            with anyio.CancelScope(shield=True):
                await serving


def _hearing(told: Callable[[str], None]) -> Callable[[Request], Awaitable[Response]]:
    from starlette.responses import Response

    async def hear(request: Request) -> Response:
        body = bytearray()
        if int(request.headers.get("content-length", "0")) <= _MAX_BODY:
            async for part in request.stream():
                body += part
                if len(body) > _MAX_BODY:
                    break
            else:
                if uid := _named(body):
                    told(uid)
                return Response()
        return Response(status_code=413, headers={"connection": "close"})

    return hear


def _named(body: bytearray) -> str | None:
    """The id in a callback, or None if there is none."""
    with contextlib.suppress(ValueError, RecursionError):
        document = json.loads(body)
        if isinstance(document, dict) and isinstance(document.get("id"), str):
            return str(document["id"])
    return None
