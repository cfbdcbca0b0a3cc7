"""Servers on loopback: a real studio, a server that misbehaves in every way, and a proxy."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from dream_nb.studio.app import create_app
from dream_nb.studio.faults import Faults

PREFIX = "/dream-machine/v1"
PATIENCE = 120.0
"""Seconds after which a test gives up."""


def wait_for(condition: Callable[[], Any]) -> None:
    """Return as soon as the condition is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


class Idle(Executor):
    """Workers that never finish: every generation stays under way."""

    max_workers = 4

    def submit(self, _function: Callable[..., Any], /, *_arguments: Any, **_options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        return future


class _Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The server runs in a thread; pytest handles signals.
        yield


@contextmanager
def studio(folder: Path, keys: Mapping[str, str], faults: Faults | None = None) -> Iterator[str]:
    """Serve a studio that draws nothing; yields its base URL."""
    app = create_app(folder, keys=keys, executor=Idle, faults=faults)
    server = _Uvicorn(uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, name="studio", daemon=True)
    thread.start()
    wait_for(lambda: server.started or not thread.is_alive())
    assert server.started
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{PREFIX}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


@dataclass
class Exchange:
    """One received request, and the means to answer it badly."""

    connection: socket.socket
    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def head(self, status: int, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", "connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode())

    def answer(self, status: int, body: bytes | str = b"", **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.head(status, **{"content_type": "application/json", "content_length": str(len(data))} | headers)
        self.connection.sendall(data)

    def drop(self) -> None:
        """Reset the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def is_over(self, seconds: float) -> bool:
        """Whether the client hangs up within that time."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        try:
            return bool(readable) and not self.connection.recv(65536)
        except OSError:
            return True

    def stall(self) -> None:
        """Send nothing until the client hangs up."""
        end = time.monotonic() + PATIENCE
        while not self.is_over(0.05) and time.monotonic() < end:
            pass


Behaviour = Callable[[Exchange], None]


def fine(exchange: Exchange) -> None:
    exchange.answer(200, '{"credit_balance": 7}')


class Hostile:
    """A server that answers every request with its `behaviour`, and records them all."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour: Behaviour = fine
        self.takes_bodies = True
        self.requests: list[Exchange] = []
        self.done = 0
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.base_url = f"{'https' if tls else 'http'}://localhost:{self.port}/v1"
        self._acceptor = threading.Thread(target=self._accept, name="hostile", daemon=True)
        self._acceptor.start()

    @property
    def creates(self) -> int:
        """The number of POST requests received."""
        return sum(exchange.method == "POST" for exchange in self.requests)

    def close(self) -> None:
        # Closing alone does not wake a thread that waits in accept().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in [self._acceptor, *self._threads]:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(PATIENCE)
            with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as stream:
                exchange = self._read(stream)
                if exchange is not None:
                    self.requests.append(exchange)
                    self.behaviour(exchange)
        self.done += 1

    def _read(self, connection: socket.socket) -> Exchange | None:
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            if not part:
                return None
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        fields = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        while self.takes_bodies and len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        return Exchange(connection, method, path, headers, body)


@contextmanager
def hostile(tls: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    server = Hostile(tls)
    try:
        yield server
    finally:
        server.close()


def tunnel(exchange: Exchange) -> None:
    """The behaviour of a proxy that receives a CONNECT request."""
    host, _, port = exchange.path.partition(":")
    with socket.create_connection((host, int(port)), PATIENCE) as other:
        exchange.connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        ways = {exchange.connection: other, other: exchange.connection}
        while True:
            for ready in select.select(list(ways), [], [], PATIENCE)[0]:
                part = ready.recv(65536)
                if not part:
                    return
                ways[ready].sendall(part)


def free_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
