"""Fixtures that all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dream_nb.default import close_default_session, forget_default_settings
from dream_nb.session import Session
from tests.environment import force_studio, keep_bytecode, use_unix_sockets
from tests.error_matrix import error_matrix  # noqa: F401 - a fixture

force_studio()
keep_bytecode()
use_unix_sockets()


_LONG = (
    "tests/browser/",
    "tests/notebook/test_validation.py",
    "tests/notebook/test_interrupts.py",
    "notebooks/",
)
"""Files that take minutes. They run first, so that no worker is left alone with one of them at the end."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores for `-n auto`: a test that waits for a browser or a kernel leaves its core idle."""
    return (os.cpu_count() or 1) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-slow", action="store_true", help="also run what is marked slow")
    parser.addoption("--renew-errors", action="store_true", help="write error_matrix.txt instead of comparing with it")


def pytest_configure(config: pytest.Config) -> None:
    # By default, xdist puts files with few tests last, and those take longest.
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
    if not config.getoption("--run-slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="slow: run with --run-slow"))


@pytest.fixture(autouse=True, scope="module")
def _default_session() -> Iterator[None]:
    # Otherwise the next module would use this one's session, and which module is next differs from run to run.
    yield
    close_default_session()
    forget_default_settings()


@pytest.fixture(autouse=True)
def _replay(monkeypatch: pytest.MonkeyPatch) -> None:
    # This package's pytest plugin sets the variable whenever notebooks are validated, so also for these tests.
    monkeypatch.delenv("DREAM_NB_REPLAY", raising=False)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the studio draw with a shorter side of 90 pixels."""
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "90")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: None) -> Iterator[Session]:  # noqa: ARG001
    """A session in an empty folder, whose studio draws small."""
    monkeypatch.chdir(tmp_path)
    with Session() as session:
        yield session
