"""Commits to the ledger that several jobs share, because forcing one to the disk takes longer than writing it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import anyio

from dream_nb.library.ledger_file import LedgerFile

# Commits begin at least this far apart, in seconds, so that the jobs of a busy session share them.
_APART: Final = 0.01
# The most writes of one commit, so that it does not keep the event loop for long.
_MOST: Final = 100

T = TypeVar("T")


class Commits:
    """Commits what the jobs of one event loop write at about the same time, in one transaction.

    Args:
        file: the file of the ledger.
    """

    def __init__(self, file: LedgerFile) -> None:
        self._file = file
        self._waiting: list[_Write] = []
        self._next = 0.0

    async def commit(self, run: Callable[[], T], undo: Callable[[T], object] | None = None) -> T:
        """Run a function that writes to the ledger, and return its result once it is committed.

        It is committed, or has failed, when this method ends, even if the caller is cancelled meanwhile.

        Args:
            run: the function. If it raises an error, nothing of it is written.
            undo: a function that is called with the result of `run` if that could not be committed.

        Raises:
            sqlite3.IntegrityError: another row has that id.
            LibraryError: it cannot be written, and nothing was.
        """
        loop = asyncio.get_running_loop()
        write = _Write(run, undo, loop.create_future())
        if not self._waiting:
            loop.call_at(max(loop.time(), self._next), self._commit)
        self._waiting.append(write)
        await _outlast(write.done)
        if write.error is not None:
            raise write.error
        result: T = write.result
        return result

    def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        writes, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        self._next = loop.time() + _APART
        if self._waiting:
            loop.call_soon(self._commit)
        if len(writes) == 1:
            writes[0].attempt(nullcontext())
        else:
            self._commit_together(writes)
        for write in writes:
            if not write.done.done():
                write.done.set_result(None)

    def _commit_together(self, writes: list[_Write]) -> None:
        try:
            with self._file.transaction():
                for write in writes:
                    write.attempt(self._file.part())
                    if write.error is not None and not self._file.is_in_transaction:
                        # After errors such as a full disk, SQLite has undone everything.
                        raise write.error
        except Exception as error:  # noqa: BLE001 - raised in all jobs
            undone = [write for write in writes if write.has_run]
            for write in writes:
                write.error = write.error or error
            for write in undone:
                # Whatever happens here, none of them counts as committed.
                with suppress(Exception):
                    write.revert()


@dataclass(slots=True, eq=False)
class _Write:
    """A write that waits for its commit.

    Attributes:
        done: done as soon as it is committed or has failed.
        has_run: whether `run` has returned.
        result: what it returned.
        error: why it is not committed.
    """

    run: Callable[[], Any]
    undo: Callable[[Any], object] | None
    done: asyncio.Future[None]
    has_run: bool = False
    result: Any = None
    error: Exception | None = None

    def attempt(self, part: AbstractContextManager[None]) -> None:
        try:
            with part:
                self.result = self.run()
            self.has_run = True
        except Exception as error:  # noqa: BLE001 - raised in its job
            self.error = error

    def revert(self) -> None:
        if self.undo is not None:
            self.undo(self.result)


async def _outlast(done: asyncio.Future[None]) -> None:
    """Wait for a future; if the task is cancelled meanwhile, raise that only afterwards."""
    cancelled = None
    with anyio.CancelScope(shield=True):
        while not done.done():
            try:
                await asyncio.wait({done})
            except asyncio.CancelledError as error:
                # The shield does not hold off a task's own `cancel()`.
                cancelled = error
    if cancelled is not None:
        raise cancelled
