"""The studio's queue, which draws generations on any executor."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import re
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic_core import to_json

from dream_nb.api.errors import ClusterGoneError
from dream_nb.cluster import ClusterExecutor, as_pool, note, problem, width
from dream_nb.studio.alive import Presence
from dream_nb.studio.assets import AssetFiles, new_name, thumbnail_of
from dream_nb.studio.faults import Faults
from dream_nb.studio.record import Output, StoredGeneration
from dream_nb.studio.render import (
    Brief,
    RenderedFile,
    RenderError,
    join_runs,
    render,
    render_run,
    render_several,
    runs_of,
)
from dream_nb.studio.settings import Settings
from dream_nb.studio.store import Store

logger = logging.getLogger("dream_nb.studio")
_BEATS_PER_LEASE = 3
# How often a cluster is asked for its width, because it does not notify the studio when it grows.
_CLUSTER_SECONDS = 1.0
# The same before it first answers.
_FIRST_SECONDS = 0.05
# The Luma API's failure code for a drawing that failed through no fault of its request.
_DEFECT = "generation_failed"
_ID = re.compile(r"[0-9a-f-]{36}")


class RequestInputs(Protocol):
    """Converts the requests of one dialect to briefs."""

    def asked(self, record: StoredGeneration) -> Any:
        """Return the request of a generation. Raises `RenderError` if the request is not valid."""

    async def brief(self, record: StoredGeneration, request: Any) -> Brief:
        """Return the brief of a generation with that request."""


class Queue:
    """Takes generations from the store and submits them to the executor.

    Args:
        store: the store, shared with other studios on the same folder.
        presence: knows which of those studios are running.
        assets: the folder of the files.
        progress: a folder for the files in which workers report their progress.
        inputs: the converters to briefs, one for each dialect.
        executor: a function that returns the executor; it is called repeatedly, since the executor may be a new one
            after its workers died.
        changed: a function that is called after the state of a generation has changed.
        settings: the settings, with limits and refused words.
        faults: the failures to inject.
    """

    def __init__(
        self,
        *,
        store: Store,
        presence: Presence,
        assets: AssetFiles,
        progress: Path,
        inputs: Mapping[str, RequestInputs],
        executor: Callable[[], Executor],
        changed: Callable[[], None],
        settings: Settings,
        faults: Faults | None,
    ) -> None:
        self._store = store
        self._presence = presence
        self._assets = assets
        self._progress = progress
        self._inputs = inputs
        self._given = executor
        self._asked: Executor | None = None
        self._changed = changed
        self._settings = settings
        self._faults = faults
        self._writing: set[str] = set()
        self._dreaming: dict[str, _Drawing] = {}
        self._heart: asyncio.Task[None] | None = None
        self._second_tries = asyncio.Lock()

    def start(self) -> None:
        """Begin to draw, on the running loop."""
        self._progress.mkdir(parents=True, exist_ok=True)
        for left in filter(Path.is_file, self._progress.iterdir()):
            record = self._store.find(left.stem)
            if record is None or record.state != "dreaming":
                left.unlink(missing_ok=True)
        self._heart = asyncio.create_task(self._beat())

    async def stop(self) -> None:
        """Stop drawing. Unfinished generations are queued again."""
        heart, self._heart = self._heart, None
        tasks = [*(drawing.task for drawing in self._dreaming.values()), *([heart] if heart else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Look for work, because something was queued, or a worker became free."""
        if self._heart is None:
            return
        try:
            self._take_work()
        except Exception:
            # Generations are stored before this is called, so the next heartbeat tries again.
            logger.exception("the studio's queue is interrupted at the moment")

    def cancel(self, uid: str) -> None:
        """Stop drawing a generation that was deleted."""
        if uid not in self._writing and (drawing := self._dreaming.get(uid)):
            drawing.task.cancel()

    def progress(self, uid: str) -> float | None:
        """Return the fraction done of a drawing, from 0 to 1; None if its workers have not reported it."""
        # Another studio on this folder may draw it, so only the files show how many runs it has.
        said: list[float] = []
        with contextlib.suppress(OSError, ValueError):
            while True:
                said.append(float(self._said(uid, len(said)).read_text()))
        return min(1.0, max(0.0, sum(said))) if said else None

    def _said(self, uid: str, run: int = 0) -> Path:
        # As with assets, a database may contain any name.
        return self._progress / f"{uid if _ID.fullmatch(uid) else 'nobody'}.{run}"

    def thumbnail(self, asset: str) -> str | None:
        """Return the name of the file with a video's first frame while it is drawn; None before it exists."""
        name = thumbnail_of(asset)
        return name if (self._assets.folder / name).is_file() else None

    def _take_work(self) -> None:
        free = self._width() - sum(drawing.workers for drawing in self._dreaming.values())
        taken: list[StoredGeneration] = []
        try:
            while len(taken) < free:
                record = self._store.claim(self._lease(), [*self._dreaming, *(one.id for one in taken)])
                if record is None:
                    break
                taken.append(record)
        finally:
            # Even if claiming the next one fails, these have been claimed by this studio.
            for number, record in enumerate(taken):
                self._begin(record, free // len(taken) + (number < free % len(taken)))

    def _executor(self) -> Executor:
        self._asked = as_pool(self._given())
        return self._asked

    def _width(self) -> int:
        """The number of workers that may be used now."""
        executor = self._executor()
        if problem(executor):
            return 0
        return self._settings.at_once or width(executor)

    def stalled(self) -> str | None:
        """Return why no queued generation is being drawn, as a clause; None otherwise."""
        if self._asked is not None and problem(self._asked):
            # The executor may just have been replaced.
            with contextlib.suppress(Exception):
                self._executor()
            return problem(self._asked)
        return None

    def note(self) -> str | None:
        """Return why nothing is being drawn now although it may start at any time, as a clause; None otherwise."""
        return None if self._asked is None else note(self._asked)

    def _begin(self, record: StoredGeneration, workers: int) -> None:
        """Draw a claimed generation, with the given number of workers."""
        drawing = self._dreaming[record.id] = _Drawing(record, workers)
        drawing.task = asyncio.create_task(self._finish(drawing))
        # A callback rather than `finally` in the task: a task that is cancelled before it starts never runs its body.
        drawing.task.add_done_callback(functools.partial(self._end, record))
        self._changed()

    def _lease(self) -> float:
        return time.time() + self._settings.lease_seconds

    async def _beat(self) -> None:
        # Polls, because other studios that die do not notify this one, and may leave unfinished work.
        while True:
            with contextlib.suppress(sqlite3.Error):
                self._store.renew(list(self._dreaming), self._lease())
                for owner in self._store.others():
                    if self._presence.is_gone(owner):
                        self._store.forfeit(owner)
            self.wake()
            self._changed()
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        """The seconds until the next heartbeat."""
        pause = self._settings.lease_seconds / _BEATS_PER_LEASE
        if not isinstance(self._asked, ClusterExecutor):
            return pause
        is_known = width(self._asked) or problem(self._asked)
        return min(pause, _CLUSTER_SECONDS if is_known else _FIRST_SECONDS)

    def _end(self, record: StoredGeneration, task: asyncio.Task[bool]) -> None:
        """Free the slot of a drawing."""
        self._dreaming.pop(record.id, None)
        self._tidy(record)
        if not task.cancelled() and (error := task.exception()):
            logger.error("the outcome of generation %s could not be stored", record.id, exc_info=error)
        elif task.cancelled() or task.result():
            self._store.release(record.id)
        self._changed()
        # If nothing could be drawn, because the executor is shutting down, the next heartbeat tries again.
        if task.cancelled() or not (task.exception() or task.result()):
            self.wake()

    def _tidy(self, record: StoredGeneration) -> None:
        """Remove the temporary files of a drawing."""
        if record.id not in self._dreaming:
            with contextlib.suppress(OSError):
                for said in self._progress.glob(f"{record.id}.*"):
                    said.unlink(missing_ok=True)
            self._remove_thumbnail(record)

    def _remove_thumbnail(self, record: StoredGeneration) -> None:
        with contextlib.suppress(OSError):
            self._assets.remove(thumbnail_of(record.asset))

    async def _finish(self, drawing: _Drawing) -> bool:
        """Draw a generation, and store its outcome. Returns True if it has to be drawn again later."""
        record = drawing.record
        try:
            await self._keep(record, await self._draw(drawing, await self._brief(record)))
        except RenderError as error:
            self._store.fail(record.id, str(error), error.code)
        except (_NoExecutorError, ClusterGoneError):
            return True
        except BrokenExecutor:
            self._store.fail(record.id, "a studio worker ended while drawing this, twice: run it again", _DEFECT)
        except Exception as error:
            logger.exception("generation %s could not be drawn", record.id)
            reason = f"the studio could not draw this ({type(error).__name__}): run it again"
            self._store.fail(record.id, reason, _DEFECT)
        return False

    async def _keep(self, record: StoredGeneration, files: Sequence[RenderedFile]) -> None:
        names = [record.asset, *(new_name(file.suffix) for file in files[1:])]
        # A thread cannot be cancelled, so `cancel` leaves this generation alone meanwhile: if it was deleted, its files
        # are removed below.
        self._writing.add(record.id)
        try:
            for name, file in zip(names, files, strict=True):
                await asyncio.to_thread(self._assets.write, name, file.data)
        finally:
            self._writing.discard(record.id)
        # Before completion is recorded, so that no thumbnail remains beside a completed file if this studio is killed.
        self._remove_thumbnail(record)
        outputs = [
            Output(name, file.type, to_json(file.layer).decode() if file.layer else None)
            for name, file in zip(names, files, strict=True)
        ]
        is_one = len(files) == 1 and files[0].layer is None
        if not self._store.complete(record.id, () if is_one else outputs):
            kept = () if self._store.find(record.id) is None else (record.asset,)
            self._assets.remove(*(name for name in names if name not in kept))

    async def _brief(self, record: StoredGeneration) -> Brief:
        """The brief of a generation. Its row may come from somebody else, so it is checked like a new request."""
        inputs = self._inputs[record.api]
        asked = inputs.asked(record)
        words = set(re.findall(r"\w+", (asked.prompt or "").lower()))
        if words & self._settings.blacklist:
            raise RenderError("Contains blacklisted words", "content_moderated")
        if self._faults and (fault := self._faults.failure()):
            raise RenderError(fault.fail or "", fault.code)
        brief: Brief = await inputs.brief(record, asked)
        return brief

    async def _draw(self, drawing: _Drawing, brief: Brief) -> list[RenderedFile]:
        try:
            return await self._submit(drawing, brief)
        except BrokenExecutor:
            async with self._second_tries:
                self._keep_workers(drawing, 1)
                return await self._submit(drawing, brief)

    async def _submit(self, drawing: _Drawing, brief: Brief) -> list[RenderedFile]:
        if brief.is_several:
            self._keep_workers(drawing, 1)
            files: list[RenderedFile] = await self._call(
                drawing.record, render_several, brief, *self._shown(drawing.record)
            )
            return files
        return [RenderedFile(await self._one(drawing, brief), drawing.record.asset.partition(".")[2], brief.kind)]

    async def _one(self, drawing: _Drawing, brief: Brief) -> bytes:
        runs = runs_of(brief, drawing.workers)
        self._keep_workers(drawing, len(runs))
        if len(runs) == 1:
            data: bytes = await self._call(drawing.record, render, brief, *self._shown(drawing.record))
            return data
        made = [asyncio.create_task(self._run(drawing, brief, run, number)) for number, run in enumerate(runs)]
        try:
            parts = await asyncio.gather(*made)
        finally:
            # If one run fails, the others are not needed.
            for task in made:
                task.cancel()
        joined: bytes = await self._call(drawing.record, join_runs, brief, parts)
        return joined

    async def _run(self, drawing: _Drawing, brief: Brief, run: range, number: int) -> list[bytes]:
        progress, thumbnail = self._shown(drawing.record, number)
        made: list[bytes] = await self._call(
            drawing.record, render_run, brief, run, progress, None if number else thumbnail
        )
        # One worker is kept to join the runs.
        self._keep_workers(drawing, max(1, drawing.workers - 1))
        return made

    def _keep_workers(self, drawing: _Drawing, count: int) -> None:
        """Return workers that a drawing no longer needs."""
        if count < drawing.workers:
            drawing.workers = count
            self.wake()

    def _shown(self, record: StoredGeneration, run: int = 0) -> tuple[Path, Path]:
        """The files in which a worker reports its progress and the first frame."""
        return self._said(record.id, run), self._assets.place(thumbnail_of(record.asset))

    async def _call(self, record: StoredGeneration, work: Callable[..., Any], *args: object) -> Any:
        # In a thread, because starting worker processes would block the event loop.
        future = await asyncio.to_thread(self._hand_over, record, work, *args)
        return await asyncio.wrap_future(future)

    def _hand_over(self, record: StoredGeneration, work: Callable[..., Any], *args: object) -> Future[Any]:
        try:
            future = self._executor().submit(work, *args)
        except BrokenExecutor:
            raise
        except RuntimeError as error:
            # Executors raise this once they are shut down: when the interpreter exits, or before a new one is ready.
            raise _NoExecutorError from error
        # A worker cannot be cancelled either: it keeps writing the temporary files of a deleted generation to the end.
        future.add_done_callback(lambda _: self._tidy(record))
        return future


@dataclass(slots=True)
class _Drawing:
    """A generation that this studio is drawing.

    Attributes:
        record: the generation.
        workers: the number of workers that are reserved for it.
        task: the task that draws it.
    """

    record: StoredGeneration
    workers: int
    task: asyncio.Task[bool] = field(init=False)


class _NoExecutorError(Exception):
    """Nothing can be drawn at the moment."""
