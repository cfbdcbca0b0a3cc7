"""Clients of the served studio that send too little or too much."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from dream_nb.studio.app import create_app
from dream_nb.studio.protocol import LARGEST_HEAD, Protocol
from tests.studio.machine import KEYS, PATIENCE, PREFIX, TINY, bearer, served, wait_for

PING = f"GET {PREFIX}/ping HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEYS['ada']}\r\n".encode()
CREATE = PING.replace(b"GET", b"POST").replace(b"/ping", b"/generations") + b"Content-Length: 100000\r\n\r\n"


class Hasty(Protocol):
    """A protocol with short timeouts."""

    head_seconds = 0.3
    body_seconds = 0.3


class Patient(Protocol):
    """A protocol that waits longer for a request than these tests take."""

    head_seconds = PATIENCE


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[str]:
    """The origin of a studio with short timeouts."""
    with served(create_app(tmp_path, keys=KEYS, settings=TINY), http=Hasty) as origin:
        yield origin


@contextlib.contextmanager
def connected(origin: str) -> Iterator[socket.socket]:
    address = urlsplit(origin)
    with closing(socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE)) as client:
        yield client


def received(client: socket.socket) -> bytes:
    """Receive everything until the server ends the connection."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while piece := client.recv(65_536):
            answer += piece
    return answer


def drip(client: socket.socket, beginning: bytes, drop: bytes) -> bytes:
    """Send a beginning, then `drop` repeatedly until the server ends the connection. Returns what it answered."""
    ended = threading.Event()

    def send() -> None:
        with contextlib.suppress(OSError):
            client.sendall(beginning)
            while not ended.wait(0.02):
                client.sendall(drop)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        return received(client)
    finally:
        ended.set()
        sending.join()


@pytest.mark.parametrize("said", [b"", b"G", PING, PING + b"X-Half: "], ids=["nothing", "a letter", "lines", "half"])
def test_whoever_sends_half_a_head_is_cut_off(studio: str, said: bytes) -> None:
    with connected(studio) as client:
        client.sendall(said)
        assert received(client) == b""


def test_half_a_second_head_is_cut_off_too(studio: str) -> None:
    with connected(studio) as client:
        client.sendall(PING + b"\r\n" + PING)
        assert received(client).count(b"200 OK") == 1


def test_a_byte_now_and_then_does_not_prolong_the_head(studio: str) -> None:
    with connected(studio) as client:
        assert drip(client, PING + b"X-Slow: ", b"x") == b""


@pytest.mark.parametrize("drop", [b"", b"x"])
def test_whoever_sends_half_a_body_is_cut_off(studio: str, drop: bytes) -> None:
    with connected(studio) as client:
        assert b"201" not in drip(client, CREATE, drop)
    with httpx2.Client(base_url=studio + PREFIX, headers=bearer(), timeout=PATIENCE) as other:
        assert other.get("/generations").json()["count"] == 0


@pytest.mark.parametrize(
    "head", [PING + b"X-Long: " + b"x" * 2 * LARGEST_HEAD, PING + b"X: x\r\n" * LARGEST_HEAD], ids=["long", "many"]
)
def test_a_head_that_is_too_long_is_refused(tmp_path: Path, head: bytes) -> None:
    with (
        served(create_app(tmp_path, keys=KEYS, settings=TINY), http=Patient) as origin,
        connected(origin) as client,
    ):
        # It is refused before the rest is read, so the client may only see the end of the connection.
        assert b"200 OK" not in drip(client, head, b"")


def test_the_time_counts_anew_for_every_request(tmp_path: Path) -> None:
    connections: list[Protocol] = []

    class Watched(Patient):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            connections.append(self)

    def deadline() -> float:
        handle = connections[0]._deadline
        return handle.when() if handle else 0.0

    with (
        served(create_app(tmp_path, keys=KEYS, settings=TINY), http=Watched) as origin,
        httpx2.Client(base_url=origin + PREFIX, headers=bearer(), timeout=PATIENCE) as client,
    ):
        ends = [0.0]
        for _ in range(3):
            assert client.get("/ping").status_code == 200
            wait_for(lambda: deadline() > ends[-1])
            ends.append(deadline())
        assert len(connections) == 1


def test_many_who_say_nothing_keep_nobody_out(studio: str) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connected(studio)).sendall(b"GET")
        assert httpx2.get(f"{studio}{PREFIX}/ping", headers=bearer(), timeout=PATIENCE).status_code == 200
