"""Fixtures for the tests of the clients."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dream_nb.api.blocking import DreamMachine
from dream_nb.studio.faults import Faults
from tests.api import servers

Open = Callable[..., DreamMachine]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SSLKEYLOGFILE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def key() -> str:
    """A random key, which cannot occur anywhere by chance."""
    return f"luma-{secrets.token_urlsafe(24)}"


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def studio(tmp_path: Path, key: str, faults: Faults) -> Iterator[str]:
    """The base URL of a served studio that knows the key."""
    with servers.studio(tmp_path, {"ada": key}, faults) as base_url:
        yield base_url


@pytest.fixture
def hostile() -> Iterator[servers.Hostile]:
    """A server that misbehaves as the test tells it to."""
    with servers.hostile() as server:
        yield server


@pytest.fixture
def connect(key: str) -> Iterator[Open]:
    """Makes clients that hold the key, and closes them at the end. By default they do not detect the server's API."""
    with ExitStack() as stack:

        def connect(base_url: str, **options: Any) -> DreamMachine:
            return stack.enter_context(DreamMachine(key, base_url, **{"api": "2024", **options}))

        yield connect


@pytest.fixture
def machine(studio: str, connect: Open) -> DreamMachine:
    """A client of the studio."""
    return connect(studio)
