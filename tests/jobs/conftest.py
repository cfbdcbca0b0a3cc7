"""Fixtures of the tests of paid work."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.hosted import Held, Hosted, hosted, use


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state of the installation for each test: a server that has the port of an earlier one has no price yet."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("DREAM_NB_STATE", str(folder))
    return folder


@pytest.fixture
def key() -> str:
    """A key that occurs nowhere by chance."""
    return f"luma-{secrets.token_urlsafe(24)}"


@pytest.fixture
def server(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    """A served studio that this process takes for the hosted API, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    with hosted(tmp_path / "server", key) as server:
        use(server, monkeypatch)
        yield server


@pytest.fixture
def held() -> Held:
    """Draws for `slow_server`, which completes nothing before it is let go."""
    held = Held()
    held.holds = True
    return held


@pytest.fixture
def slow_server(tmp_path: Path, key: str, held: Held, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    """As `server`, but what it was asked for is under way until `held` is let go: it can be cancelled in peace."""
    monkeypatch.chdir(tmp_path)
    with hosted(tmp_path / "server", key, executor=lambda: held) as server:
        use(server, monkeypatch)
        yield server
