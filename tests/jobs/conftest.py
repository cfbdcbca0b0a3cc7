"""Fixtures for the tests of paid work."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.hosted import Held, Hosted, hosted, use


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation state for each test: a server on the port of an earlier one must not inherit its prices."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("DREAM_NB_STATE", str(folder))
    return folder


@pytest.fixture
def key() -> str:
    """A random key, which cannot occur anywhere by chance."""
    return f"luma-{secrets.token_urlsafe(24)}"


@pytest.fixture
def server(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    """A served studio that this process uses as the hosted API, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    with hosted(tmp_path / "server", key) as server:
        use(server, monkeypatch)
        yield server


@pytest.fixture
def held() -> Held:
    """The executor of `slow_server`, which completes nothing before `let_go` is called."""
    held = Held()
    held.holds = True
    return held


@pytest.fixture
def slow_server(tmp_path: Path, key: str, held: Held, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    """Like `server`, but generations stay under way until `held.let_go()`, so that there is time to cancel them."""
    monkeypatch.chdir(tmp_path)
    with hosted(tmp_path / "server", key, executor=lambda: held) as server:
        use(server, monkeypatch)
        yield server
