"""A lease survives a ledger that cannot be written for a moment."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from dream_nb.api.errors import LibraryError
from dream_nb.api.request_models import GenerationRequest
from dream_nb.jobs.commits import Commits
from dream_nb.jobs.leases import Leases
from dream_nb.library.ledger import Ledger
from dream_nb.library.record import Record
from tests.studio.machine import until

pytestmark = pytest.mark.anyio
SECONDS = 0.4
OTHER = "another process"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Shaky(Ledger):
    """A ledger whose disk fails when a test wants it to, and which counts renewals and failures."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path
        self.fails: Callable[[], BaseException | None] = lambda: None
        self.beats = self.failures = 0
        self.file.read("PRAGMA busy_timeout = 0")
        self._changed, self.file.change = self.file.change, self._change  # type: ignore[method-assign]

    def _change(self, statement: str, *values: object) -> tuple[list[sqlite3.Row], int]:
        self.beats += "SET lease_until" in statement
        try:
            if error := self.fails():
                raise error
            return self._changed(statement, *values)
        except BaseException:
            self.failures += 1
            raise

    def owner(self) -> tuple[str | None, float | None]:
        with closing(sqlite3.connect(self.path)) as database:
            owner, lease_until = database.execute("SELECT owner, lease_until FROM requests").fetchone()
            return owner, lease_until


@pytest.fixture
def ledger(tmp_path: Path) -> Shaky:
    return Shaky(tmp_path / "ledger.sqlite")


@pytest.fixture
def leases(ledger: Shaky) -> Leases:
    return Leases(ledger, Commits(ledger.file), SECONDS)


@asynccontextmanager
async def held(leases: Leases, ledger: Ledger) -> AsyncIterator[Record]:
    record = ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    async with leases.held(record, lambda _: None, lambda _: False) as record:
        yield record


async def renewed(ledger: Shaky) -> None:
    """Wait for the next renewal that succeeds."""
    before = ledger.owner()[1] or 0.0
    await until(lambda: (ledger.owner()[1] or 0.0) > before)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("database is locked"),
        sqlite3.OperationalError("disk I/O error"),
        sqlite3.DatabaseError("database disk image is malformed"),
        LibraryError("the library cannot be written"),
        OSError("no space left on device"),
        MemoryError(),
    ],
    ids=repr,
)
async def test_a_beat_that_fails_is_followed_by_others(leases: Leases, ledger: Shaky, error: Exception) -> None:
    async with held(leases, ledger):
        ledger.fails = lambda: error
        await until(lambda: ledger.failures == 2)
        ledger.fails = lambda: None
        await renewed(ledger)
        await renewed(ledger)


async def test_a_lock_of_another_process_is_outlived(
    leases: Leases, ledger: Shaky, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        async with held(leases, ledger) as record:
            other.execute("BEGIN IMMEDIATE")
            await until(lambda: ledger.failures)
            other.execute("ROLLBACK")
            await renewed(ledger)
            assert not ledger.lease(record, OTHER, SECONDS)
    assert len(warnings(caplog)) <= 1


async def test_a_lease_that_is_really_lost_is_told_once(
    leases: Leases, ledger: Shaky, caplog: pytest.LogCaptureFixture
) -> None:
    async with held(leases, ledger):
        ledger.fails = lambda: sqlite3.OperationalError("disk I/O error")
        await until(lambda: warnings(caplog))
        failures = ledger.failures
        await until(lambda: ledger.failures > failures + 8)
        ledger.fails = lambda: None
        await renewed(ledger)
    (message,) = warnings(caplog)
    assert "disk I/O error" in message
    assert "another process may take over" in message


async def test_what_another_process_took_over_stays_its_own(leases: Leases, ledger: Shaky) -> None:
    async with held(leases, ledger) as record:
        ledger.fails = lambda: sqlite3.OperationalError("disk I/O error")
        with closing(Ledger(ledger.path)) as other:
            await until(lambda: other.lease(record, OTHER, 60.0))
        ledger.fails = lambda: None
        beats = ledger.beats
        await until(lambda: ledger.beats > beats + 1)
        assert ledger.owner()[0] == OTHER
        assert ledger.mark_sending(record, leases.owner) is None
    assert ledger.owner()[0] == OTHER


async def test_a_release_that_fails_spoils_no_result_and_is_made_up_for(leases: Leases, ledger: Shaky) -> None:
    second = ledger.intend(GenerationRequest(prompt="a second lake"), 1, "studio")
    async with leases.held(second, lambda _: None, lambda _: False):
        async with held(leases, ledger) as record:
            ledger.fails = lambda: sqlite3.OperationalError("disk I/O error")
        ledger.fails = lambda: None
        await until(lambda: ledger.lease(record, OTHER, 60.0))


async def test_what_is_held_again_is_not_released_for_the_time_before(leases: Leases, ledger: Shaky) -> None:
    second = ledger.intend(GenerationRequest(prompt="a second lake"), 1, "studio")
    async with leases.held(second, lambda _: None, lambda _: False):
        async with held(leases, ledger) as record:
            ledger.fails = lambda: sqlite3.OperationalError("disk I/O error")
        ledger.fails = lambda: None
        async with held(leases, ledger):
            beats = ledger.beats
            await until(lambda: ledger.beats > beats + 1)
            assert not ledger.lease(record, OTHER, SECONDS)


async def test_a_heart_that_stopped_beats_again_for_the_next(leases: Leases, ledger: Shaky) -> None:
    second = ledger.intend(GenerationRequest(prompt="a second lake"), 1, "studio")
    async with leases.held(second, lambda _: None, lambda _: False):
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if "_beat" in repr(task):
                task.cancel()
                await until(task.done)
        async with held(leases, ledger):
            beats = ledger.beats
            await until(lambda: ledger.beats > beats)


async def test_those_who_ask_at_once_share_a_transaction(leases: Leases, ledger: Shaky) -> None:
    records = [ledger.intend(GenerationRequest(prompt=f"lake {number}"), 1, "studio") for number in range(5)]
    begun: list[str] = []
    ledger.file._opened.set_trace_callback(lambda said: begun.append(said) if said.startswith("BEGIN") else None)
    reached = asyncio.Barrier(len(records))

    async def hold(record: Record) -> None:
        async with leases.held(record, lambda _: None, lambda _: False):
            await reached.wait()
            assert len(begun) == 1
            await reached.wait()

    await asyncio.gather(*map(hold, records))


@pytest.mark.parametrize("turns", [1, 2, 3])
async def test_what_was_stopped_while_it_asked_holds_nothing(leases: Leases, ledger: Shaky, turns: int) -> None:
    async def hold() -> None:
        async with held(leases, ledger):
            await asyncio.sleep(SECONDS)

    task = asyncio.create_task(hold())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert ledger.owner() == (None, None)
