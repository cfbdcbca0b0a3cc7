"""Session: what everything above asks."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal, NamedTuple

from dream_nb.api.dialects import NEWEST, spellings
from dream_nb.api.errors import (
    ConfigurationError,
    DreamCancelledError,
    DreamError,
    LibraryError,
    NotReplayedError,
    UnreadableAnswerError,
)
from dream_nb.api.models import Credits, Generation, GenerationReference, ImageGenerationRequest
from dream_nb.api.portal import portal
from dream_nb.backends.backends import choose_backend, is_paid
from dream_nb.backends.keys import find_key, need_key
from dream_nb.backends.patience import Patience
from dream_nb.jobs.budget import Allowance, Limits, known_price
from dream_nb.jobs.callbacks import Callbacks
from dream_nb.jobs.lost import Lost, find_candidates
from dream_nb.jobs.open_backends import Desk
from dream_nb.jobs.order import Order
from dream_nb.jobs.runner import Runner, failure
from dream_nb.jobs.uploads import Uploader, Uploads
from dream_nb.library.library import Library
from dream_nb.library.neighbours import check_neighbours
from dream_nb.library.record import Record
from dream_nb.lifetime import Stage, close_at_exit, let_go_after_fork
from dream_nb.place import find_place, is_fixed, library_folder
from dream_nb.requests.identity import Request, answers, check_take, is_same_request
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.inputs import make_request
from dream_nb.results.job import Job
from dream_nb.results.plan import Ask, Entry, Plan, takes_of
from dream_nb.results.sweep import Sweep
from dream_nb.results.variants import expand
from dream_nb.workers import pool

Replay = Literal["off", "free", "only"]

_SETTLE_SECONDS: Final = 10.0
_REPLAYS: Final[tuple[Replay, ...]] = ("off", "free", "only")


class _Running(NamedTuple):
    """A job of a session, what sees it through, and whether the session was asked for it."""

    job: Job
    followed: Future[None]
    runner: Runner
    order: Order


class Session:
    """A library, a backend, and what is under way between them.

    What an earlier session left under way is taken up again.

    Args:
        library: the folder of the results, absolute or seen from the notebook's folder, which outside of a notebook is
            the working directory; `~` is the home folder. By default `DREAM_NB_LIBRARY`, else "dreams".
        backend: "studio", "hosted", or the URL of another server with a key of its own; by default
            `DREAM_NB_BACKEND`, else hosted where there is a key for it, else the studio. The library gives what it has
            of another backend only where none is set.
        replay: "only" makes nothing, "free" only what costs nothing: what is not in the library is an error. By
            default `DREAM_NB_REPLAY`, else "off".
        budget: USD cents that this session may cost, or None.
        floor: USD cents that have to be left of the balance, or None.
        prices: what a kind of request costs, in USD cents, until the balance says otherwise: {"video": 32.0}.
        limits: how much is asked of the hosted API at once.
        patience: how long is waited for what.
        callbacks: where the server tells what changed, instead of being asked all the time; None asks.
        executor: gives what draws and measures, such as `lambda: client.get_executor()` of a dask cluster; by default
            this process's pool of workers.
        shared: whether others spend from the same balance. Then a budget counts known prices only, and not what the
            balance loses.
        uploader: where pictures of this machine go for the hosted API, which takes only URLs: a function of the bytes
            and a name that gives back a URL, or a folder that fsspec reaches, such as "s3://bucket/prefix". By default
            `DREAM_NB_UPLOADER`.

    Attributes:
        backend: who is asked; `use` changes it.
        replay: as above.
        library: the files and their ledger.
        allowance: `budget` and `floor`, which may be changed, and what was `spent` so far, in USD cents: the higher of
            `booked` (known prices) and `lost` (by the balance).

    Raises:
        LibraryError: the folder cannot be used.
        ConfigurationError: no such backend, no such value of replay, the library is a URL, or an amount is not one.
    """

    def __init__(
        self,
        library: Path | str | None = None,
        backend: str | None = None,
        *,
        replay: Replay | None = None,
        budget: float | None = None,
        floor: float | None = None,
        prices: Mapping[str, float] | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
        callbacks: Callbacks | None = None,
        executor: Callable[[], Executor] = pool,
        uploader: Uploader | str | None = None,
        shared: bool = False,
    ) -> None:
        self._executor = executor
        self.home = find_place().output
        self.backend = choose_backend(backend)
        self.replay = choose_replay(replay)
        self._is_chosen = bool(backend or os.environ.get("DREAM_NB_BACKEND"))
        self.allowance = allowance = Allowance(budget, floor, prices, shared=shared)
        self.library = Library(library_folder(library))
        self._is_fixed = is_fixed(library)
        self._uploads = Uploads(uploader)
        self._desk = Desk(
            self.library, patience or Patience(), allowance, limits or Limits(), callbacks, executor, self._uploads
        )
        self._lock = threading.RLock()
        self._running: dict[tuple[str, int, str], _Running] = {}
        self._is_closed = False
        close_at_exit(self, Stage.SESSION)
        let_go_after_fork(self)
        if not self.library.read_only and self.replay != "only":
            self._take_up()

    @property
    def executor(self) -> Executor:
        """What draws and measures."""
        return self._executor()

    def close(self) -> None:
        """Stop what is under way here and close backend and library. What was sent goes on at its server.

        Raises:
            RuntimeError: a listener calls it on the background loop, where nothing can be waited for.
        """
        portal.check_elsewhere()
        self._stop_all(None)
        self.library.close()

    def _stop_all(self, seconds: float | None) -> None:
        """Stop what is under way and close the backends; raises TimeoutError where that takes longer."""
        until = None if seconds is None else time.monotonic() + seconds
        if not self._lock.acquire(timeout=-1 if seconds is None else seconds):
            raise TimeoutError
        try:
            self._is_closed = True
            ending = [running.followed for running in self._running.values()]
            self._running.clear()
        finally:
            self._lock.release()
        # Without the lock: listeners of what ends may ask this session something.
        for followed in ending:
            followed.cancel()
        wait(ending, None if until is None else max(0.0, until - time.monotonic()))
        self._desk.close(None if until is None else max(0.0, until - time.monotonic()))

    def _end(self, seconds: float) -> None:
        """Close it at exit. The ledger has a turn of its own: whoever is still writing to it may hold it."""
        self._stop_all(seconds)

    def _forked(self) -> None:
        self._lock = threading.RLock()
        self._running.clear()
        self._is_closed = True
        self._desk.let_go()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def dream(
        self,
        prompt: str,
        *,
        kind: Literal["video", "image"] = "video",
        take: int = 1,
        fresh: bool = False,
        **fields: Any,
    ) -> Dream:
        """Make a dream, or take it from the library, and wait for it.

        Args:
            prompt: what to dream.
            kind: "video" or "image".
            take: which result of the same request, from 1.
            fresh: whether to make a new take, whatever is there.
            **fields: the other fields of `GenerationRequest` or `ImageGenerationRequest`; `frame0` and `frame1` take
                a `Dream`, a `Generation`, the `Path` of a picture, a URL, or a generation's id.

        Raises:
            InvalidRequestError: a field breaks the specification; nothing was sent.
            DreamError: it could not be made.
        """
        return self.submit(make_request(prompt, kind=kind, **fields), take=take, fresh=fresh).result()

    def sweep(
        self,
        prompt: str,
        *,
        kind: Literal["video", "image"] = "video",
        takes: int = 1,
        fresh: bool = False,
        **fields: Any,
    ) -> Dreams:
        """Make every dream that a prompt stands for, and wait for all.

        Args:
            prompt: `{dawn|noon}` in it is an axis named by its place ("1", "2", …), `{time=dawn|noon}` one named
                "time"; several give their product. A backslash before the brace makes it literal.
            kind: "video" or "image".
            takes: how many results of each request.
            fresh: whether to make new takes, whatever is there.
            **fields: as for `dream`.

        Returns:
            The dreams, the last axis fastest, each with its words.

        Raises:
            InvalidRequestError: a field breaks the specification; nothing was sent.
            SweepError: some could not be made; the others are in its `dreams`.
        """
        asks = [
            ask
            for variant in expand(prompt)
            for ask in takes_of(make_request(variant.prompt, kind=kind, **fields), variant.words, takes, fresh=fresh)
        ]
        return self.start(self.plan(asks), prompt=prompt).result()

    def plan(self, asks: Sequence[Ask]) -> Plan:
        """What of this is there, and what the rest would cost. Nothing is sent.

        Args:
            asks: what is asked for.

        Raises:
            ConfigurationError: a keyframe is of another backend, which the one that is asked does not know.
            APIError: the backend did not say which API it has.
        """
        return Plan(tuple(self._entry(ask) for ask in asks), self.backend)

    def start(self, plan: Plan, *, prompt: str | None = None) -> Sweep:
        """Submit everything that a plan holds, as one.

        Args:
            plan: what is asked for.
            prompt: what stands for the whole where it is shown.

        Raises:
            DreamError: as for `submit`; nothing more is sent.
        """
        jobs = [self.submit(entry.ask.request, take=entry.ask.take, fresh=entry.ask.fresh) for entry in plan.entries]
        return Sweep(
            jobs, [entry.ask.words for entry in plan.entries], prompt=prompt, note=plan.cost if plan.new else ""
        )

    def submit(self, request: Request, *, take: int = 1, fresh: bool = False) -> Job:
        """Give back the job of this request and take: from the library, the one under way, or a new one.

        Args:
            request: what is asked for.
            take: which result of it.
            fresh: whether to make a new take, whatever is there.

        Raises:
            InvalidRequestError: the take is not a number from 1 to 10,000.
            NotReplayedError: it is not in the library, and nothing may be made.
            ConfigurationError: there is no key for the backend, a keyframe is of another one, or a library nearby
                holds what would be paid for again.
            APIError: the backend did not say which API it has. Nothing was sent.
        """
        check_take(take)
        # Without the lock: the backend may have to be asked.
        request = self._as_sent(request, take, fresh=fresh)
        with self._lock:
            record = None if fresh else self._known(request, take)
            if record is not None and (running := self._join(record)):
                return running
            if record is not None and self.library.holds(record):
                return self._replayed(record)
            backend = self.backend
            if record is not None and record.state in ("sending", "unknown", "taken") and not record.has_failed:
                # It may have been paid for there.
                backend = choose_backend(record.backend)
            self._check_keyframes(request, backend)
            self._refuse(request, take, backend)
            if is_paid(backend) and (record is None or record.state == "intended" or record.has_failed):
                self._uploads.check(request)
                if not (fresh or self._is_fixed):
                    check_neighbours(self.library, request, take, self.backend if self._is_chosen else None)
            runner = self._desk.runner(backend)
            if record is None or record.backend != backend:
                record = self.library.ledger.intend(request, None if fresh else take, backend)
            return self._join(record) or self._start(runner, record, Order(is_given=backend == self.backend))

    def _known(self, request: Request, take: int) -> Record | None:
        """The row of a request, whatever was known of what it goes on from when it was written.

        It may have been written by a backend that needs a model, or by one that needs none.
        """
        ledger, backend = self.library.ledger, self.backend if self._is_chosen else None
        found: list[Record] = []
        for spelling in spellings(request):
            records = (ledger.find(digest, take, backend) for digest in ledger.hashes(spelling))
            # A ledger may come with a repository: a row counts for what its request says, not for its hash.
            same = (record for record in records if record is not None and is_same_request(record.request, spelling))
            found += islice(same, 1)
        return min(found, key=_standing, default=None)

    def _as_sent(self, request: Request, take: int, *, fresh: bool) -> Request:
        """The request as it is to be submitted: with the defaults of the backend's API, unless it is at hand.

        Raises:
            APIError: the backend did not say which API it has.
            ConfigurationError: there is no key for it, or a keyframe is of another one.
        """
        if self.backend == "studio" or isinstance(request, ImageGenerationRequest):
            return request
        with self._lock:
            record = None if fresh else self._known(request, take)
            if record is not None and (not _is_to_send(record) or self._under_way(record)):
                return _spelled(request, record)
        if self.library.read_only or self.replay != "off":
            # It will be refused.
            return request
        self._check_keyframes(request, self.backend)
        return self._desk.dialect(self.backend).complete(request)

    def _planned(self, request: Request) -> Request:
        """The request as the backend would be sent it; where that cannot be asked, as the hosted API of today would.

        Raises:
            APIError: the backend did not say which API it has.
        """
        dialect = self._desk.known_dialect(self.backend)
        if dialect is None and len(spellings(request)) > 1:
            may_send = self.replay == "off" and not self.library.read_only and find_key(self.backend) is not None
            dialect = self._desk.dialect(self.backend) if may_send else NEWEST
        return dialect.complete(request) if dialect is not None else request

    def _under_way(self, record: Record) -> Job | None:
        """The job of a row in this session, where it has one that has not ended."""
        running = self._running.get((record.hash, record.take, record.backend))
        return running.job if running is not None and not running.job.done() else None

    def _join(self, record: Record) -> Job | None:
        """The job of a row that is under way here, which from now on is asked for; None where there is none to join."""
        if (job := self._under_way(record)) is None:
            return None
        running = self._running[record.hash, record.take, record.backend]
        if record.backend != self.backend or not self._may_make(record.backend) or running.order.give():
            return job
        # It ends, for nobody had asked for it until now: a job that was asked for takes its place.
        wait([running.followed])
        return None

    def _entry(self, ask: Ask) -> Entry:
        if not ask.fresh:
            record = self._known(ask.request, ask.take)
            if record is not None and self.library.holds(record):
                return Entry(replace(ask, request=_spelled(ask.request, record)), "in the library", 0.0)
            if record is not None and record.state in ("sending", "unknown", "taken") and not record.has_failed:
                return Entry(replace(ask, request=_spelled(ask.request, record)), "under way", 0.0)
        self._check_keyframes(ask.request, self.backend)
        if self.backend == "studio":
            return Entry(ask, "new", 0.0)
        ask = replace(ask, request=self._planned(ask.request))
        return Entry(ask, "new", known_price(ask.request, self.allowance, self.backend))

    def _check_keyframes(self, request: Request, backend: str) -> None:
        """Refuse what goes on from a generation that, as far as the library knows, is another backend's."""
        ledger, frames = self.library.ledger, getattr(request, "keyframes", None)
        for name in ("frame0", "frame1"):
            frame = getattr(frames, name, None)
            if isinstance(frame, GenerationReference) and not ledger.is_claimed(backend, frame.id):
                owner = ledger.backend_of(frame.id)
                if owner is not None:
                    raise ConfigurationError(
                        f"{name} was made by backend {owner!r}, and {backend!r} is asked, which does not know it: "
                        f"%dreams use {owner}, or Session(backend={owner!r}), asks that one"
                    )

    def use(self, backend: str) -> None:
        """Ask another backend from now on. What is under way goes on at its own.

        Args:
            backend: "studio", "hosted", or the URL of another server.

        Raises:
            ConfigurationError: no such backend, or there is no key for it.
        """
        name = choose_backend(backend)
        if is_paid(name):
            need_key(name)
        with self._lock:
            self.backend = name
            self._is_chosen = True

    def renew(self, backend: str) -> None:
        """Use the key that a backend has now for what is sent from now on. What is under way goes on.

        Args:
            backend: whose key changed.
        """
        self._desk.renew(backend)

    def upload_to(self, uploader: Uploader | str | None) -> None:
        """Upload pictures elsewhere from now on.

        Args:
            uploader: as for the session; None is `DREAM_NB_UPLOADER`.
        """
        self._uploads.choose(uploader)

    def credits(self) -> Credits:
        """The balance at the backend, in USD cents.

        Raises:
            APIError: it cannot be asked.
        """
        return self._desk.credits(self.backend)

    def camera_motions(self) -> list[str]:
        """The camera motions that the backend lists, to be written into a prompt.

        The newer API of the hosted servers lists `concepts` instead, and no camera motions.

        Raises:
            APIError: it cannot be asked.
        """
        return self._desk.camera_motions(self.backend)

    def concepts(self) -> list[str]:
        """The keys of the concepts that the backend lists, for `concepts=[{"key": …}]`.

        The studio and servers of the older API list `camera_motions` instead, and no concepts.

        Raises:
            APIError: it cannot be asked.
        """
        return self._desk.concepts(self.backend)

    def stop(self, job: Job) -> None:
        """Wait no longer for a job. What was sent goes on at its server: the same request comes back to it.

        Args:
            job: of this session.
        """
        for running in list(self._running.values()):
            if running.job is job:
                running.followed.cancel()
                if not portal.is_here:
                    wait([running.followed])

    def jobs(self) -> list[Job]:
        """What is under way in this session, oldest first."""
        return [running.job for running in list(self._running.values()) if not running.job.done()]

    def dreams(self) -> Dreams:
        """Every dream in the library, newest first."""
        records = [record for record in self.library.ledger.all() if self.library.path(record) is not None]
        return Dreams(self._dream(record) for record in reversed(records))

    def history(self) -> Dreams:
        """Everything that the library knows, newest first, whatever became of it."""
        return Dreams(self._dream(record) for record in reversed(self.library.ledger.all()))

    def bring_in(self, id: str) -> Job:  # noqa: A002 - the field's name in the specification
        """Bring a generation that was made elsewhere with the same key into the library.

        Args:
            id: the generation's.

        Raises:
            APIError: the server does not know it, or cannot be asked.
            GenerationFailedError: it could not be made.
            DreamError: it may be what a request that is just being sent makes.
        """
        known = self.library.ledger.find_id(self.backend, id)
        if known is None:
            return self._bring_in(self._desk.generation(self.backend, id))
        _check_made(known.generation)
        with self._lock:
            # By its own row: asked for by its request, it might be made anew.
            if running := self._under_way(known):
                return running
            if self.library.holds(known):
                return self._replayed(known)
            self._refuse(known.request, known.take, self.backend)
            return self._start(self._desk.runner(self.backend), known)

    def sync(self) -> list[Job]:
        """Bring all of the account's generations into the library that are not there, and have not failed.

        One that is certainly the answer to a create whose outcome is unknown settles that. One that does not say its
        request, or that only may be the answer to a create, since it was made at about that time, is left out: `lost`
        shows it, and `bring_in` brings it in.

        Returns:
            A job for each that was not known, oldest first.

        Raises:
            APIError: the server cannot be asked.
        """
        ledger = self.library.ledger
        listed = [
            generation
            for generation in self._desk.generations(self.backend)
            if generation.state != "failed" and not ledger.is_claimed(self.backend, generation.id or "")
        ]
        ahead = ledger.clock_ahead(self.backend) or timedelta()
        awaited = ledger.unknown(self.backend)
        near = {one.generation.id for record in awaited for one in find_candidates(record, listed, ahead).nearest}
        return [
            self._bring_in(generation)
            for generation in reversed(listed)
            # One that does not say what was asked for has no place in a library.
            if generation.request is not None
            and not self._is_awaited(generation)
            and (generation.id not in near or self._lost_row(generation) is not None)
        ]

    def lost(self) -> list[Lost]:
        """The creates of which nobody knows whether they were taken, oldest first, with what may be their answers.

        Raises:
            APIError: the server cannot be asked.
        """
        ledger, backend = self.library.ledger, self.backend
        records = [record for record in ledger.unknown(backend) if self._under_way(record) is None]
        if not records:
            return []
        listed = self._desk.generations(backend)
        free = [one for one in listed if one.id and not ledger.is_claimed(backend, one.id)]
        ahead = ledger.clock_ahead(backend) or timedelta()
        return [find_candidates(record, free, ahead) for record in records]

    def settle(self, lost: Lost, id: str | None) -> Job | None:  # noqa: A002 - the field's name in the specification
        """Say what became of a create whose outcome is unknown.

        Args:
            lost: the create.
            id: the generation that is its answer; None says that the server did not take it, so that it may be sent
                again.

        Returns:
            The job that fetches the generation, or None.

        Raises:
            APIError: the server does not know that generation, or cannot be asked.
            DreamError: the create is known by now, another session is sending it or looking for it, or the generation
                belongs to another one or is of another kind.
        """
        ledger = self.library.ledger
        generation = None if id is None else self._desk.generation(lost.backend, id)
        with self._lock, self._held(lost):
            record = ledger.recall(ledger.reread(lost.record))
            if record.generation is not None or record.sent_at is None or self._under_way(record) is not None:
                raise DreamError(f"what became of {lost.request.prompt!r}, take {lost.take}, is known: nothing changed")
            if generation is None:
                ledger.not_taken(record)
                return None
            if _is_of_another_kind(generation, record.request):
                raise DreamError(
                    f"generation {id} is {generation.kind}, and {lost.request.prompt!r} asked for "
                    f"{record.request.generation_type}: nothing changed"
                )
            claimed = ledger.claim(record, generation)
            if claimed is None:
                raise DreamError(f"generation {id} belongs to another request of this library: nothing changed")
            return self._start(self._desk.runner(lost.backend), claimed)

    @contextlib.contextmanager
    def _held(self, lost: Lost) -> Iterator[None]:
        """Hold the row of a create that nobody else is sending or looking for."""
        ledger, owner = self.library.ledger, secrets.token_hex(8)
        if not ledger.lease(ledger.reread(lost.record), owner, _SETTLE_SECONDS):
            raise DreamError(
                f"what became of {lost.request.prompt!r}, take {lost.take}, is not settled, since another notebook is "
                "at it: wait until it has ended there"
            )
        try:
            yield
        finally:
            ledger.release(lost.record, owner)

    def delete(self, dream: Dream, *, files: bool = False) -> None:
        """Delete a dream at its server, and keep its row as deleted. The file stays, and is still replayed.

        Args:
            dream: which.
            files: whether to remove the file too.

        Raises:
            APIError: the server did not delete it; nothing has changed here.
            LibraryError: it is of no library, or of one that cannot be written.
        """
        record = self.library.ledger.find(dream.hash, dream.take, dream.backend)
        if record is None or self.library.read_only:
            raise LibraryError(f"{dream!r} is not in a library that can be written: nothing was deleted")
        if record.generation is not None and record.state != "deleted":
            self._desk.delete(choose_backend(record.backend), record.generation.id or "")
        record = self.library.ledger.update(record, state="deleted")
        if files:
            self.library.remove(record)

    def cancel(self, job: Job) -> None:
        """Have the server delete what it has not made yet, with its refund. See `Job.cancel`.

        Args:
            job: of this session.

        Raises:
            DreamError: it has ended, is just being sent, or the server did not delete it.
        """
        with self._lock:
            at = next((at for at, known in self._running.items() if known.job is job and not job.done()), None)
            record = self.library.ledger.find(*at) if at else None
            if at is None or record is None:
                raise DreamError("it is not under way in this session: there is nothing to cancel")
            # The one that sees it through: a key that was given since has opened another.
            running = self._running[at]
        if not portal.call(self._cancel_unsent, record, job, running.followed):
            portal.call(running.runner.cancel, record)

    async def _cancel_unsent(self, record: Record, job: Job, followed: Future[None]) -> bool:
        # On the loop that sends: between the look and the cancelling nothing leaves.
        if self.library.ledger.reread(record).state != "intended":
            return False
        job.cancelled = True
        followed.cancel()
        return True

    def _take_up(self) -> None:
        """Look for what was under way, and download it. Nothing is created: this session was not asked for it."""
        for record in self.library.ledger.under_way():
            with self._lock, contextlib.suppress(DreamError):
                if is_paid(record.backend) and find_key(record.backend) is None:
                    continue
                self._start(self._desk.runner(choose_backend(record.backend)), record)

    def _bring_in(self, generation: Generation) -> Job:
        request = generation.request
        if request is None:
            raise UnreadableAnswerError("getGeneration", f"generation {generation.id} does not say its request")
        _check_made(generation)
        if self._is_awaited(generation):
            raise DreamError(
                f"generation {generation.id} may be what a request makes whose answer is awaited: wait for its job"
            )
        ledger = self.library.ledger
        with self._lock:
            runner = self._desk.runner(self.backend)
            # Looked up before a row is written for it, which would stay.
            is_free = not ledger.is_claimed(self.backend, generation.id or "")
            row = self._lost_row(generation) or ledger.intend(request, None, self.backend) if is_free else None
            record = ledger.claim(row, generation) if row is not None else None
            if record is None:
                raise DreamError(f"generation {generation.id} is being brought in by another notebook")
            return self._start(runner, record)

    def _lost_row(self, generation: Generation) -> Record | None:
        """The row of the create that a generation certainly answers, where the outcome of that was unknown."""
        rows = self.library.ledger.unknown(self.backend)
        return next((row for row in rows if row.state == "unknown" and answers(generation, row.request)), None)

    def _is_awaited(self, generation: Generation) -> bool:
        """Whether it may be the answer to a create that is on its way: to that it belongs, and to no other row."""
        awaited = self.library.ledger.unknown(self.backend)
        return any(record.state != "unknown" and answers(generation, record.request) for record in awaited)

    def _start(self, runner: Runner, record: Record, order: Order | None = None) -> Job:
        """See a row through. Without an order it is looked for and downloaded, and never sent."""
        if self._is_closed:
            raise LibraryError(f"the session of {self.library.folder.name!r} was closed: open another one")
        took = self.library.ledger.durations(record.backend, record.request.generation_type)
        age = (datetime.now(UTC) - record.sent_at).total_seconds() if record.sent_at else 0.0
        expected = median(took) if took else None
        job = Job(record.request, record.take, record.backend, expected=expected, age=max(0.0, age))
        job.maker, job.canceller = self, self.cancel
        order = order or Order()
        followed = portal.start(self._follow, runner, record, job, order)
        self._running[record.hash, record.take, record.backend] = _Running(job, followed, runner, order)
        return job

    def _replayed(self, record: Record) -> Job:
        job = Job(record.request, record.take, record.backend, replayed=True)
        job.maker = self
        job.finish(self._dream(record), None)
        return job

    def _refuse(self, request: Request, take: int, backend: str) -> None:
        what = f"{request.prompt!r}, take {take}, is not in the library {self.library.folder.name!r}"
        if self.library.read_only:
            ledger = self.library.ledger
            why = f"its ledger is not used: {ledger.problem}" if ledger.problem else "the folder cannot be written"
            raise NotReplayedError(f"{what}, and {why}. {ledger.advice}")
        if not self._may_make(backend):
            raise NotReplayedError(
                f"{what}, and DREAM_NB_REPLAY={self.replay} lets nothing be made: run the notebook without it first, "
                "and keep the library beside it"
            )

    def _may_make(self, backend: str) -> bool:
        return not self.library.read_only and (self.replay == "off" or (self.replay == "free" and not is_paid(backend)))

    async def _follow(self, runner: Runner, record: Record, job: Job, order: Order) -> None:
        try:
            dream = self._dream(await runner.run(record, job.report, order))
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits for the job has to hear it
            job.finish(None, error)
        except BaseException:
            job.finish(None, self._why_stopped(record, job))
            raise
        else:
            job.finish(dream, None)

    def _why_stopped(self, record: Record, job: Job) -> DreamError:
        """What is raised in whoever waits for a job that was stopped or cancelled."""
        # The row may be gone, as the library may: its job ends all the same.
        with contextlib.suppress(DreamError):
            if job.cancelled and self.library.ledger.reread(record).state == "intended":
                return DreamCancelledError("cancelled before it was sent: run the cell again to make it after all")
        return DreamError("stopped waiting; what was sent continues on the server: run the cell again to rejoin it")

    def _dream(self, record: Record) -> Dream:
        return Dream(record, self.library, self.home, self)


def _is_to_send(record: Record) -> bool:
    """Whether a row has to be sent, or sent again, before there is a dream."""
    return not record.is_finished and (record.state == "intended" or record.has_failed)


def _standing(record: Record) -> tuple[bool, bool, bool]:
    """How near a row is to a dream that was paid for, the least first."""
    return not record.is_finished, _is_to_send(record), record.backend == "studio"


def _spelled(request: Request, record: Record) -> Request:
    """A request with the model that its row names, which is the default of an API where the request names none."""
    if request.model is not None or record.request.model is None:
        return request
    return request.model_copy(update={"model": record.request.model})


def _is_of_another_kind(generation: Generation, request: Request) -> bool:
    is_told = generation.generation_type is not None or generation.request is not None
    return is_told and generation.kind != request.generation_type


def _check_made(generation: Generation | None) -> None:
    """Raise why a generation could not be made, if it could not."""
    if generation is not None and generation.state == "failed":
        raise failure(generation)


def choose_replay(value: str | None = None) -> Replay:
    """What may be made, by its name, else `DREAM_NB_REPLAY`, else "off": everything.

    Raises:
        ConfigurationError: no such value.
    """
    value = value or os.environ.get("DREAM_NB_REPLAY") or "off"
    if value not in _REPLAYS:
        raise ConfigurationError(f"replay {value!r} is not one of {', '.join(_REPLAYS)}")
    return value
