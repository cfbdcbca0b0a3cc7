"""Session: the library, the backend and the jobs that everything above works with."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from dream_nb.api.connection import origin_of
from dream_nb.api.dialects import NEWEST
from dream_nb.api.errors import DreamError, LibraryError
from dream_nb.api.models import Credits
from dream_nb.api.portal import portal
from dream_nb.api.request_models import Request
from dream_nb.backends.abilities import can
from dream_nb.backends.backends import choose_backend, is_paid
from dream_nb.backends.keys import HOSTED_APIS, address_of, find_key, need_key
from dream_nb.backends.patience import Patience
from dream_nb.claims import Claims
from dream_nb.jobs.budget import Allowance, Limits
from dream_nb.jobs.callbacks import Callbacks
from dream_nb.jobs.lost import Lost
from dream_nb.jobs.open_backends import OpenBackends
from dream_nb.jobs.order import Order
from dream_nb.jobs.uploads import Uploader, Uploads
from dream_nb.library.library import Library
from dream_nb.library.neighbours import check_neighbours
from dream_nb.library.record import Record
from dream_nb.library.trash import Trashed
from dream_nb.lifetime import Stage, close_at_exit, let_go_after_fork
from dream_nb.lookup import Choices, Lookup, is_to_buy
from dream_nb.place import find_place, is_fixed, library_folder
from dream_nb.replay import Replay, choose_replay
from dream_nb.requests.fields import make_request, read_fields
from dream_nb.requests.identity import check_take
from dream_nb.requests.newer import newer_note
from dream_nb.requests.plan import Ask, Plan, takes_of
from dream_nb.requests.variants import expand
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job
from dream_nb.results.sweep import Sweep
from dream_nb.running import Running
from dream_nb.workers import pool


class Session:
    """A library, a backend, and the jobs between them.

    A new session continues what an earlier session has left unfinished.

    Args:
        library: the folder of the library, absolute or relative to the notebook's folder (outside of a notebook, to the
            working directory); `~` is the home folder. By default `DREAM_NB_LIBRARY`, or else "dreams".
        backend: "studio", "dream-machine", "luma", or the URL of another server, which has its own key; "hosted" means
            the first hosted API that has a key. By default `DREAM_NB_BACKEND`; without it hosted if there is a key, and
            otherwise the studio. If hosted, the model that a request names chooses between the hosted APIs. Results of
            other backends in the library are reused only if no backend is set.
        replay: "only" makes nothing new, "free" makes only what costs nothing; anything else that is not in the library
            is an error. By default `DREAM_NB_REPLAY`, or else "off".
        budget: the most that this session may cost, in USD cents, or None.
        floor: the balance that must be left, in USD cents, or None.
        prices: prices by kind of request, in USD cents, which apply until the balance shows other prices: {"video":
            32.0}, or more specifically {"video ray-2 1080p": 160.0}. Public prices are used if nothing else is known.
        limits: limits on how much is asked of the hosted API at once.
        patience: the timeouts.
        callbacks: how the server can report changes, instead of being polled; None polls.
        executor: a function that returns the executor to draw and measure on, such as `lambda: client.get_executor()`
            of a dask cluster; by default this process's pool of workers. It is called repeatedly, so that a new client
            can replace one that was closed.
        shared: whether others spend from the same balance. If so, a budget counts known prices only, not the changes of
            the balance.
        uploader: where to upload local pictures for the hosted API, which accepts only URLs: a function that takes the
            bytes and a name and returns a URL, or a folder that fsspec can write, such as "s3://bucket/prefix". By
            default `DREAM_NB_UPLOADER`.

    Attributes:
        backend: the backend that is used; `use` changes it.
        replay: the same as the argument.
        library: the files and their ledger.
        allowance: `budget` and `floor`, which may be changed, and `spent`, the amount spent so far in USD cents: the
            higher of `booked` (by known prices) and `lost` (by the balance).

    Raises:
        LibraryError: the folder cannot be used.
        ConfigurationError: the backend or the value of replay is unknown, the library is a URL, or an amount is not
            valid.
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
        is_chosen = bool(backend or os.environ.get("DREAM_NB_BACKEND"))
        self._choices = Choices(choose_backend(backend), is_chosen, choose_replay(replay))
        self.allowance = allowance = Allowance(budget, floor, prices, shared=shared)
        self.library = Library(library_folder(library))
        self.allowance.source_seconds = self.library.source_seconds
        self._is_fixed = is_fixed(library)
        self._uploads = Uploads(uploader)
        self._backends = OpenBackends(
            self.library, patience or Patience(), allowance, limits or Limits(), callbacks, executor, self._uploads
        )
        self._running = Running(self.library, self.home, self)
        self._lookup = Lookup(self._choices, self.library, self._backends, self._running, allowance)
        self._claims = Claims(self.library, self._backends, self._running, self._lookup)
        close_at_exit(self, Stage.SESSION)
        let_go_after_fork(self)
        if not self.library.read_only and self.replay != "only":
            self._take_up()

    @property
    def backend(self) -> str:
        """The backend that is used; `use` changes it."""
        return self._choices.backend

    @property
    def replay(self) -> Replay:
        """What may be made: "off" allows everything, "free" only what costs nothing, "only" nothing new."""
        return self._choices.replay

    @replay.setter
    def replay(self, value: Replay) -> None:
        self._choices.replay = value

    @property
    def executor(self) -> Executor:
        """The executor that draws and measures."""
        return self._executor()

    @property
    def prices(self) -> Mapping[str, float]:
        """Prices in USD cents by kind of request: those that were given, and those learned from the backend's balance.

        Public prices, which apply if nothing else is known, are not included. Setting this property replaces the prices
        that were given before; they apply until the balance shows other prices: `session.prices = {"modify_video": 40,
        "video ray-2 1080p": 160}`.
        """
        backend = self.backend
        if not is_paid(backend):
            return MappingProxyType(dict(self.allowance.prices))
        return MappingProxyType(self.allowance.known(origin_of(address_of(backend))))

    @prices.setter
    def prices(self, prices: Mapping[str, float]) -> None:
        self.allowance.prices = prices

    def close(self) -> None:
        """Stop all jobs and close the backend and the library. Generations that were sent continue on their server.

        Raises:
            RuntimeError: a listener called this on the background loop, which must not wait.
        """
        portal.check_elsewhere()
        self._stop_all(None)
        self.library.close()

    def _stop_all(self, seconds: float | None) -> None:
        """Stop all jobs and close the backends. Raises TimeoutError if that takes longer than `seconds`."""
        until = None if seconds is None else time.monotonic() + seconds
        self._running.close(seconds)
        self._backends.close(None if until is None else max(0.0, until - time.monotonic()))

    def _end(self, seconds: float) -> None:
        """Close the session at exit. The ledger is closed last, because something may still be writing to it."""
        self._stop_all(seconds)

    def _forked(self) -> None:
        self._running.let_go()
        self._backends.let_go()

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
        """Make a dream or take it from the library, and wait for it.

        Args:
            prompt: the prompt.
            kind: the kind of result: "video" or "image".
            take: the number of the result of this request, from 1.
            fresh: whether to make a new take even if the library has one.
            **fields: other fields of `GenerationRequest` or `ImageGenerationRequest`. `frame0` and `frame1` take what
                `dream_nb.keyframe` takes. `image_ref`, `style_ref`, `character_ref` and `modify_image_ref` take what
                `dream_nb.reference` takes, such as "palette.jpg:0.6", a path, a picture in memory, or a tuple of a
                picture and its weight; the first three also take a list.

        Raises:
            InvalidRequestError: a field violates the specification; nothing was sent.
            DreamError: the dream could not be made.
        """
        request = make_request(prompt, kind=kind, **fields)
        self._warn([request])
        return self.submit(request, take=take, fresh=fresh).result()

    def sweep(
        self,
        prompt: str,
        *,
        kind: Literal["video", "image"] = "video",
        takes: int = 1,
        fresh: bool = False,
        **fields: Any,
    ) -> Dreams:
        """Make a dream for every combination of a prompt's alternatives, and wait for all.

        Args:
            prompt: the prompt. `{dawn|noon}` in it is an axis named by its position ("1", "2", …), and
                `{time=dawn|noon}` is an axis named "time"; several axes are combined. A backslash before a brace makes
                it literal.
            kind: the kind of result: "video" or "image".
            takes: the number of results of each request.
            fresh: whether to make new takes even if the library has some.
            **fields: other fields, as for `dream`.

        Returns:
            The dreams with their words, in order; the last axis changes fastest.

        Raises:
            InvalidRequestError: a field violates the specification; nothing was sent.
            SweepError: some dreams could not be made; the others are in its `dreams`.
        """
        # Read fields only once: an open file or an iterator may give its pictures only once.
        fields = read_fields(fields)
        asks = [
            ask
            for variant in expand(prompt)
            for ask in takes_of(make_request(variant.prompt, kind=kind, **fields), variant.words, takes, fresh=fresh)
        ]
        self._warn(ask.request for ask in asks)
        return self.start(self.plan(asks), prompt=prompt).result()

    def _warn(self, requests: Iterable[Request]) -> None:
        """Warn of what this version does not know. The warning points to the line that called the session."""
        if is_paid(self.backend) and (note := newer_note(requests)):
            warnings.warn(note, stacklevel=3)

    def plan(self, asks: Sequence[Ask]) -> Plan:
        """Find what the library has already, and estimate the cost of the rest. Nothing is sent.

        Args:
            asks: the requests with their takes.

        Raises:
            ConfigurationError: a keyframe belongs to another backend, and is unknown to the one that is used.
            APIError: the backend did not say which API it has.
        """
        return Plan.of((self._lookup.entry(ask) for ask in asks), self.backend)

    def start(self, plan: Plan, *, prompt: str | None = None) -> Sweep:
        """Submit everything in a plan as one.

        Args:
            plan: the plan.
            prompt: the prompt of the whole, for display.

        Raises:
            DreamError: as for `submit`; nothing more is sent.
        """
        jobs = [self.submit(entry.ask.request, take=entry.ask.take, fresh=entry.ask.fresh) for entry in plan.entries]
        return Sweep(
            jobs, [entry.ask.words for entry in plan.entries], prompt=prompt, note=plan.cost if plan.new else ""
        )

    def submit(self, request: Request, *, take: int = 1, fresh: bool = False) -> Job:
        """Return the job of a request and take: from the library, one that is running, or a new one.

        Args:
            request: the request.
            take: the number of the result of this request, from 1.
            fresh: whether to make a new take even if the library has one.

        Raises:
            InvalidRequestError: take is not a number from 1 to 10,000.
            NotReplayedError: the dream is not in the library, and nothing new may be made.
            ConfigurationError: there is no key for the backend, a keyframe belongs to another backend, or a library
                nearby has a dream that would be paid for again.
            APIError: the backend did not say which API it has. Nothing was sent.
        """
        check_take(take)
        lookup, running = self._lookup, self._running
        # Outside the lock, because the backend may have to be asked.
        request = lookup.as_sent(request, take, fresh=fresh)
        with running.lock:
            record = None if fresh else lookup.known(request, take)
            if record is not None and (job := self._join(record)):
                return job
            if record is not None and self.library.holds(record):
                return running.replayed(record)
            backend = lookup.backend_for(request, record)
            lookup.check_keyframes(request, backend)
            lookup.refuse(request, take, backend)
            if is_paid(backend) and is_to_buy(record):
                if not can(backend, "files"):
                    self._uploads.check(request)
                if not (fresh or self._is_fixed):
                    check_neighbours(self.library, request, take, self._choices.only(request))
            runner = self._backends.runner(backend)
            if record is None or record.backend != backend:
                record = self.library.ledger.intend(request, None if fresh else take, backend)
            order = Order(is_given=backend == self._choices.asked_for(request))
            return self._join(record) or running.start(runner, record, order)

    def _join(self, record: Record) -> Job | None:
        """Return the running job of a ledger row, and mark it as asked for; None if no such job can be joined."""
        is_asked = record.backend == self._choices.asked_for(record.request)
        may_send = is_asked and self._lookup.may_make(record.backend)
        return self._running.join(record, may_send=may_send)

    def use(self, backend: str) -> None:
        """Switch to another backend. Jobs that are running continue on their own.

        Args:
            backend: "studio", "dream-machine", "luma", "hosted", or the URL of another server.

        Raises:
            ConfigurationError: the backend is unknown, or has no key.
        """
        name = choose_backend(backend)
        if is_paid(name):
            need_key(name)
        with self._running.lock:
            self._choices.backend = name
            self._choices.is_chosen = True

    def renew(self, backend: str) -> None:
        """Use a backend's current key from now on. Jobs that are running continue.

        Args:
            backend: the backend whose key has changed.
        """
        self._backends.renew(backend)

    def upload_to(self, uploader: Uploader | str | None) -> None:
        """Upload pictures to another place from now on.

        Args:
            uploader: the uploader, as for the session; None means `DREAM_NB_UPLOADER`.
        """
        self._uploads.choose(uploader)

    def credits(self) -> Credits:
        """The balance at the backend, in USD cents.

        Raises:
            APIError: the balance cannot be read.
        """
        return self._backends.credits(self.backend)

    @property
    def operations(self) -> frozenset[str]:
        """The kinds of requests that the backend accepts, as values of `generation_type`.

        A server that has not been asked yet is assumed to have the newest API.
        """
        return frozenset((self._backends.known_dialect(self.backend) or NEWEST).operations)

    @property
    def lists(self) -> Literal["camera motions", "concepts"] | None:
        """What the backend can list for prompts: `camera_motions`, `concepts`, or nothing.

        Raises:
            APIError: the backend did not say which API it has.
        """
        return self._backends.dialect(self.backend).lists

    def camera_motions(self) -> list[str]:
        """The camera motions that the backend lists, to be used in a prompt.

        The newer API of the hosted servers lists `concepts` instead.

        Raises:
            APIError: the list cannot be read.
        """
        return self._backends.camera_motions(self.backend)

    def concepts(self) -> list[str]:
        """The keys of the concepts that the backend lists, for `concepts=[{"key": …}]`.

        Servers of the older API list `camera_motions` instead. The studio lists both.

        Raises:
            APIError: the list cannot be read.
        """
        return self._backends.concepts(self.backend)

    def stop(self, job: Job) -> None:
        """Stop waiting for a job. The generation continues on the server; making the same request again returns to it.

        Args:
            job: a job of this session.
        """
        self._running.stop(job)

    def jobs(self) -> list[Job]:
        """The running jobs of this session, oldest first."""
        return self._running.jobs()

    def dreams(self) -> Dreams:
        """All dreams in the library, newest first."""
        records = [record for record in self.library.ledger.all() if self.library.path(record) is not None]
        return Dreams(self._running.dream(record) for record in reversed(records))

    def history(self) -> Dreams:
        """Everything in the library's ledger, newest first, including failed and unfinished generations."""
        return Dreams(self._running.dream(record) for record in reversed(self.library.ledger.all()))

    def find(self, id: str) -> Dream | None:  # noqa: A002 - the field's name in the specification
        """Return the dream of a generation of the backend, whatever its state; None if the library does not know it.

        Args:
            id: the id of the generation.
        """
        record = self.library.ledger.find_id(self.backend, id)
        return self._running.dream(record) if record is not None else None

    def bring_in(self, id: str) -> Job:  # noqa: A002 - the field's name in the specification
        """Import a generation that was made elsewhere with the same key into the library.

        Args:
            id: the id of the generation.

        Raises:
            APIError: the server does not know the generation, or cannot be reached.
            GenerationFailedError: the generation failed.
            DreamError: the generation may be the result of a request that is just being sent.
        """
        return self._claims.bring_in(self.backend, id)

    def sync(self) -> list[Job]:
        """Import all generations of the account that are not in the library and have not failed.

        Generations of this library whose file is still missing, and that no job is fetching, are fetched again.

        A generation that is certainly the answer to a create of unknown outcome resolves it. Generations that do not
        state their request are skipped, as are those that only might be the answer to a create because they were made
        at about that time: `lost` shows them, and `bring_in` imports them.

        Returns:
            A job for each generation: first those that the library knew, then the others, oldest first.

        Raises:
            APIError: the server cannot be reached.
        """
        return self._claims.sync(self.backend)

    def lost(self) -> list[Lost]:
        """List the creates of unknown outcome, oldest first, with the generations that may be their answers.

        Creates of the current backend come first, then those of each hosted API that has a key.

        Raises:
            APIError: the server cannot be reached.
        """
        others = [name for name in HOSTED_APIS if name != self.backend and find_key(name)]
        return [one for name in (self.backend, *others) for one in self._claims.lost(name)]

    def settle(self, lost: Lost, id: str | None) -> Job | None:  # noqa: A002 - the field's name in the specification
        """Resolve a create of unknown outcome.

        Args:
            lost: the create.
            id: the id of the generation that is its answer; None means that the server did not accept it, so that it
                may be sent again.

        Returns:
            The job that fetches the generation, or None.

        Raises:
            APIError: the server does not know that generation, or cannot be reached.
            DreamError: the outcome is known by now, another session is sending the create or looking for it, or the
                generation belongs to another create or is of another kind.
        """
        return self._claims.settle(lost, id)

    def delete(self, dream: Dream, *, files: bool = False) -> None:
        """Delete a dream from its server and mark it as deleted in the ledger. Its file is kept, and still replayed.

        Args:
            dream: the dream to delete.
            files: whether to move its file to the trash as well. `restore` can bring it back for 30 days.

        Raises:
            APIError: the server did not delete it; nothing has changed in the library.
            ConfigurationError: the backend cannot delete generations, and `files` is False; nothing has changed.
            LibraryError: the dream belongs to no library, or its library cannot be written.
        """
        record = self.library.ledger.find(dream.hash, dream.take, dream.backend)
        if record is None or self.library.read_only:
            raise LibraryError(f"{dream!r} is not in a writable library: nothing was deleted")
        is_there = record.generation is not None and record.state != "deleted"
        # A dream that its server cannot delete can still be moved to the trash.
        if is_there and (can(record.backend, "delete") or not files):
            self._backends.delete(choose_backend(record.backend), (record.generation and record.generation.id) or "")
        if files:
            self.library.discard(record)
        else:
            self.library.ledger.update(record, state="deleted")

    def trash(self) -> list[Trashed]:
        """The dreams that were deleted with their files and can be restored, most recently deleted first."""
        return self.library.trash.all()

    def restore(self, dream: Dream) -> Dream:
        """Restore a dream from the trash. It stays deleted on its server.

        Args:
            dream: the dream to restore.

        Raises:
            LibraryError: the dream is not in the trash, its file is gone, or the library cannot be written.
        """
        return self._running.dream(self.library.restore(dream._record))

    def empty_trash(self) -> int:
        """Permanently remove everything in the trash.

        Returns:
            The number of dreams that were removed.

        Raises:
            LibraryError: the library cannot be written.
        """
        return self.library.empty_trash()

    def cancel(self, job: Job) -> None:
        """Cancel a job: the server deletes the unfinished generation and refunds it. See `Job.cancel`.

        Args:
            job: a job of this session.

        Raises:
            DreamError: the job has ended, is still being sent, or the server did not delete the generation.
        """
        self._running.cancel(job)

    def _take_up(self) -> None:
        """Find unfinished generations, and download them. Nothing is created, since this session was not asked to."""
        for record in self.library.ledger.under_way():
            with self._running.lock, contextlib.suppress(DreamError):
                if is_paid(record.backend) and find_key(record.backend) is None:
                    continue
                self._running.start(self._backends.runner(choose_backend(record.backend)), record)
