"""Readers-writer locks between the tasks of a session, and between the processes of a user."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio

from dream_nb.sqlite import connect

_POLL_SECONDS: Final = 0.02


class TaskLock:
    """A readers-writer lock for tasks of one event loop. It serves tasks in order."""

    def __init__(self) -> None:
        self._gate = anyio.Lock()
        self._idle = anyio.Event()
        self._inside = 0

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Hold the lock together with other tasks."""
        async with self._gate:
            self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._idle.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Hold the lock exclusively."""
        async with self._gate:
            while self._inside:
                self._idle = anyio.Event()
                await self._idle.wait()
            yield


class FileLock:
    """A readers-writer lock for processes. The system releases it when a process ends.

    It uses SQLite's locks, which work on all systems. Nothing is written to the file.

    Args:
        path: the path of the file, which is created if missing; None if there is no place for it.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._entering = anyio.Lock()
        self._held: sqlite3.Connection | None = None
        self._readers = 0

    @asynccontextmanager
    async def shared(self, seconds: float) -> AsyncIterator[None]:
        """Hold the lock together with others, in this process and outside. If that fails, continue without it.

        Args:
            seconds: the longest wait, in seconds.
        """
        async with self._entering:
            if not self._readers:
                self._held, _ = await self._take("BEGIN", seconds)
            self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1
            if not self._readers:
                _close(self._held)
                self._held = None

    @asynccontextmanager
    async def alone(self, seconds: float) -> AsyncIterator[bool]:
        """Hold the lock exclusively; no task of this process may hold it already. If that fails, continue without it.

        Args:
            seconds: the longest wait, in seconds.

        Yields:
            Whether no other process holds it, as far as is known.
        """
        held, is_free = await self._take("BEGIN EXCLUSIVE", seconds)
        try:
            yield is_free
        finally:
            _close(held)

    async def _take(self, begin: str, seconds: float) -> tuple[sqlite3.Connection | None, bool]:
        end = anyio.current_time() + seconds
        while self._path is not None:
            connection = None
            try:
                connection = connect(self._path, patience=0)
                connection.execute(begin)
                # A plain transaction acquires its lock at the first read.
                connection.execute("SELECT 1 FROM sqlite_master").fetchall()
            except sqlite3.Error as error:
                _close(connection)
                if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                    break
            else:
                return connection, True
            if anyio.current_time() >= end:
                return None, False
            await anyio.sleep(_POLL_SECONDS)
        # The file system has no locks, so no other process can hold it either.
        return None, True


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(sqlite3.Error):
            connection.close()
