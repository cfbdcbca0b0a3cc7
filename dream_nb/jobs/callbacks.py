"""Hears the server's callbacks. What they say is not trusted: each only means "ask now"."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

_MAX_HEAD: Final = 16 * 2**10
_MAX_BODY: Final = 2**20
_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Have the server tell what changed, instead of asking it all the time.

    Attributes:
        port: of loopback, on which a session listens; by default any that is free.
        public_url: what the world calls that port, where something passes on what comes there. By default only this
            machine can call it, which serves a studio.
    """

    port: int = 0
    public_url: str | None = None


@asynccontextmanager
async def listening(told: Callable[[str], None], callbacks: Callbacks) -> AsyncIterator[str]:
    """Listen on loopback, on a path that nobody can guess. Gives the callback URL.

    Args:
        told: is given the id of each generation that is said to have changed.
        callbacks: where.
    """
    path = f"/{secrets.token_urlsafe(24)}"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, RecursionError):
            status = "404 Not Found"
            async with asyncio.timeout(_SECONDS):
                asked, body = await _read(reader)
                if asked == path:
                    status = "200 OK"
                    uid = json.loads(body).get("id") if body.startswith(b"{") else None
                    if isinstance(uid, str):
                        told(uid)
                writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", callbacks.port, limit=_MAX_HEAD)
    async with server:
        yield (callbacks.public_url or f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}").rstrip("/") + path


async def _read(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """The path and body of a POST.

    Raises:
        ValueError: it is none, or too large.
    """
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError as error:
        raise ValueError("too many header fields") from error
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(fields.get("content-length", "0"))
    if method != "POST" or not 0 <= length <= _MAX_BODY:
        raise ValueError("no callback")
    return path, await reader.readexactly(length)
