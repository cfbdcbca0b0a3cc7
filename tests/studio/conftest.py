"""Fixtures for the tests of the studio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from dream_nb.studio.app import create_app
from dream_nb.studio.faults import Faults
from tests.studio.machine import KEYS, LUMA_PREFIX, PREFIX, TINY, Machine, Stalled, bearer, in_process, served


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    """A studio in this process that draws tiny pictures."""
    async with in_process(tmp_path) as machine:
        yield machine


@pytest.fixture
async def luma(tmp_path: Path) -> AsyncIterator[Machine]:
    """A studio in this process that draws tiny pictures, with a client of its Luma API."""
    async with in_process(tmp_path, prefix=LUMA_PREFIX) as machine:
        yield machine


@pytest.fixture
def stalled() -> Stalled:
    return Stalled()


@pytest.fixture
async def idle(tmp_path: Path, stalled: Stalled) -> AsyncIterator[Machine]:
    """A studio in this process whose drawings end only when a test ends them."""
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        yield machine


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def client(tmp_path: Path, faults: Faults) -> Iterator[httpx2.Client]:
    """A client with ada's key of a studio served on loopback."""
    app = create_app(tmp_path, keys=KEYS, settings=TINY, faults=faults)
    with served(app) as origin, httpx2.Client(base_url=origin + PREFIX, headers=bearer(), timeout=30) as client:
        yield client
