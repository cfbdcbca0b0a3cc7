"""Fixtures of the client's tests."""

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
    """A key that occurs nowhere by chance."""
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
    """A server that misbehaves as it is told."""
    with servers.hostile() as server:
        yield server


@pytest.fixture
def connect(key: str) -> Iterator[Open]:
    """Makes a client that holds the key, and closes it at the end. It asks no server for its API, unless told to."""
    with ExitStack() as stack:

        def connect(base_url: str, **options: Any) -> DreamMachine:
            return stack.enter_context(DreamMachine(key, base_url, **{"api": "2024", **options}))

        yield connect


@pytest.fixture
def machine(studio: str, connect: Open) -> DreamMachine:
    """A client of the studio."""
    return connect(studio)
