"""Session: what everything above asks."""

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
from dream_nb.lookup import Choices, Lookup, Replay, choose_replay, is_to_buy
from dream_nb.place import find_place, is_fixed, library_folder
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
    """A library, a backend, and what is under way between them.

    What an earlier session left under way is taken up again.

    Args:
        library: the folder of the results, absolute or seen from the notebook's folder, which outside of a notebook is
            the working directory; `~` is the home folder. By default `DREAM_NB_LIBRARY`, else "dreams".
        backend: "studio", "dream-machine", "luma", or the URL of another server with a key of its own; "hosted" is the
            first of the hosted APIs that there is a key for. By default `DREAM_NB_BACKEND`, else hosted where there is
            a key, else the studio. Between the hosted APIs a model decides that a request names. The library gives
            what it has of another backend only where none is set.
        replay: "only" makes nothing, "free" only what costs nothing: what is not in the library is an error. By
            default `DREAM_NB_REPLAY`, else "off".
        budget: USD cents that this session may cost, or None.
        floor: the balance in USD cents below which nothing is paid for, or None.
        prices: what a kind of request costs, in USD cents, until the balance says otherwise: {"video": 32.0}, or more
            exactly {"video ray-2 1080p": 160.0}. Publicly known prices count where nothing else is known.
        limits: how much is asked of the hosted API at once.
        patience: the timeouts.
        callbacks: where the server tells what changed, instead of being asked all the time; None asks.
        executor: gives what draws and measures, such as `lambda: client.get_executor()` of a dask cluster; by default
            this process's pool of workers. It is asked again and again: another client may take the place of one that
            was closed.
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
        """The backend that is asked; `use` changes it."""
        return self._choices.backend

    @property
    def replay(self) -> Replay:
        """What may be made: "off" makes everything, "free" what costs nothing, "only" nothing."""
        return self._choices.replay

    @replay.setter
    def replay(self, value: Replay) -> None:
        self._choices.replay = value

    @property
    def executor(self) -> Executor:
        """What draws and measures."""
        return self._executor()

    @property
    def prices(self) -> Mapping[str, float]:
        """USD cents by kind of request: as given, and as the balance of the backend has taught.

        Publicly known prices, which count where nothing else is known, are not among them. Setting it says what kinds
        cost until the balance says otherwise, in the place of what was given before:
        `session.prices = {"modify_video": 40, "video ray-2 1080p": 160}`.
        """
        backend = self.backend
        if not is_paid(backend):
            return MappingProxyType(dict(self.allowance.prices))
        return MappingProxyType(self.allowance.known(origin_of(address_of(backend))))

    @prices.setter
    def prices(self, prices: Mapping[str, float]) -> None:
        self.allowance.prices = prices

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
        self._running.close(seconds)
        self._backends.close(None if until is None else max(0.0, until - time.monotonic()))

    def _end(self, seconds: float) -> None:
        """Close it at exit. The ledger has a turn of its own: whoever is still writing to it may hold it."""
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
        """Make a dream, or take it from the library, and wait for it.

        Args:
            prompt: what to dream.
            kind: "video" or "image".
            take: which result of the same request, from 1.
            fresh: whether to make a new take, whatever is there.
            **fields: the other fields of `GenerationRequest` or `ImageGenerationRequest`. `frame0` and `frame1` take
                what `dream_nb.keyframe` takes; `image_ref`, `style_ref`, `character_ref` and `modify_image_ref` what
                `dream_nb.reference` takes, such as "palette.jpg:0.6", a path, a picture in memory, or a tuple of a
                picture and its weight; the first three also a list of it.

        Raises:
            InvalidRequestError: a field breaks the specification; nothing was sent.
            DreamError: it could not be made.
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
        # Once: an open file or an iterator may give its pictures only once.
        fields = read_fields(fields)
        asks = [
            ask
            for variant in expand(prompt)
            for ask in takes_of(make_request(variant.prompt, kind=kind, **fields), variant.words, takes, fresh=fresh)
        ]
        self._warn(ask.request for ask in asks)
        return self.start(self.plan(asks), prompt=prompt).result()

    def _warn(self, requests: Iterable[Request]) -> None:
        """Warn of what this version does not know, in the line that called the session."""
        if is_paid(self.backend) and (note := newer_note(requests)):
            warnings.warn(note, stacklevel=3)

    def plan(self, asks: Sequence[Ask]) -> Plan:
        """What of this is there, and what the rest would cost. Nothing is sent.

        Args:
            asks: what is asked for.

        Raises:
            ConfigurationError: a keyframe is of another backend, which the one that is asked does not know.
            APIError: the backend did not say which API it has.
        """
        return Plan(tuple(self._lookup.entry(ask) for ask in asks), self.backend)

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
        lookup, running = self._lookup, self._running
        # Without the lock: the backend may have to be asked.
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
        """The job of a row that is under way here, which from now on is asked for; None where there is none to join."""
        is_asked = record.backend == self._choices.asked_for(record.request)
        may_send = is_asked and self._lookup.may_make(record.backend)
        return self._running.join(record, may_send=may_send)

    def use(self, backend: str) -> None:
        """Ask another backend from now on. What is under way goes on at its own.

        Args:
            backend: "studio", "dream-machine", "luma", "hosted", or the URL of another server.

        Raises:
            ConfigurationError: no such backend, or there is no key for it.
        """
        name = choose_backend(backend)
        if is_paid(name):
            need_key(name)
        with self._running.lock:
            self._choices.backend = name
            self._choices.is_chosen = True

    def renew(self, backend: str) -> None:
        """Use the key that a backend has now for what is sent from now on. What is under way goes on.

        Args:
            backend: whose key changed.
        """
        self._backends.renew(backend)

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
        return self._backends.credits(self.backend)

    @property
    def operations(self) -> frozenset[str]:
        """What the backend can be asked for, as values of `generation_type`.

        A server that was not asked yet counts as one of the newest API.
        """
        return frozenset((self._backends.known_dialect(self.backend) or NEWEST).operations)

    @property
    def lists(self) -> Literal["camera motions", "concepts"] | None:
        """What the backend lists for prompts: `camera_motions`, `concepts`, or nothing.

        Raises:
            APIError: it did not say which API it has.
        """
        return self._backends.dialect(self.backend).lists

    def camera_motions(self) -> list[str]:
        """The camera motions that the backend lists, to be written into a prompt.

        The newer API of the hosted servers lists `concepts` instead, and no camera motions.

        Raises:
            APIError: it cannot be asked.
        """
        return self._backends.camera_motions(self.backend)

    def concepts(self) -> list[str]:
        """The keys of the concepts that the backend lists, for `concepts=[{"key": …}]`.

        Servers of the older API list `camera_motions` instead, and no concepts. The studio lists both.

        Raises:
            APIError: it cannot be asked.
        """
        return self._backends.concepts(self.backend)

    def stop(self, job: Job) -> None:
        """Wait no longer for a job. What was sent goes on at its server: the same request comes back to it.

        Args:
            job: of this session.
        """
        self._running.stop(job)

    def jobs(self) -> list[Job]:
        """What is under way in this session, oldest first."""
        return self._running.jobs()

    def dreams(self) -> Dreams:
        """Every dream in the library, newest first."""
        records = [record for record in self.library.ledger.all() if self.library.path(record) is not None]
        return Dreams(self._running.dream(record) for record in reversed(records))

    def history(self) -> Dreams:
        """Everything that the library knows, newest first, whatever became of it."""
        return Dreams(self._running.dream(record) for record in reversed(self.library.ledger.all()))

    def find(self, id: str) -> Dream | None:  # noqa: A002 - the field's name in the specification
        """The dream of a generation of the backend, whatever became of it; None where the library does not know it.

        Args:
            id: the generation's.
        """
        record = self.library.ledger.find_id(self.backend, id)
        return self._running.dream(record) if record is not None else None

    def bring_in(self, id: str) -> Job:  # noqa: A002 - the field's name in the specification
        """Bring a generation that was made elsewhere with the same key into the library.

        Args:
            id: the generation's.

        Raises:
            APIError: the server does not know it, or cannot be asked.
            GenerationFailedError: it could not be made.
            DreamError: it may be what a request that is just being sent makes.
        """
        return self._claims.bring_in(self.backend, id)

    def sync(self) -> list[Job]:
        """Bring all of the account's generations into the library that are not there, and have not failed.

        Those of this library whose file has not come yet, and which no job fetches, are asked for again.

        One that is certainly the answer to a create whose outcome is unknown settles that. One that does not say its
        request, or that only may be the answer to a create, since it was made at about that time, is left out: `lost`
        shows it, and `bring_in` brings it in.

        Returns:
            A job for each: those that were known come first, then the others, oldest first.

        Raises:
            APIError: the server cannot be asked.
        """
        return self._claims.sync(self.backend)

    def lost(self) -> list[Lost]:
        """The creates of which nobody knows whether they were taken, oldest first, with what may be their answers.

        Those of the backend come first, then those of each hosted API that there is a key for.

        Raises:
            APIError: the server cannot be asked.
        """
        others = [name for name in HOSTED_APIS if name != self.backend and find_key(name)]
        return [one for name in (self.backend, *others) for one in self._claims.lost(name)]

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
        return self._claims.settle(lost, id)

    def delete(self, dream: Dream, *, files: bool = False) -> None:
        """Delete a dream at its server, and keep its row as deleted. The file stays, and is still replayed.

        Args:
            dream: the dream to delete.
            files: whether to move its file into the trash, from where `restore` brings it back for 30 days.

        Raises:
            APIError: the server did not delete it; nothing has changed here.
            ConfigurationError: the backend cannot delete generations, and `files` is False; nothing has changed.
            LibraryError: it is of no library, or of one that cannot be written.
        """
        record = self.library.ledger.find(dream.hash, dream.take, dream.backend)
        if record is None or self.library.read_only:
            raise LibraryError(f"{dream!r} is not in a writable library: nothing was deleted")
        is_there = record.generation is not None and record.state != "deleted"
        # What cannot be deleted at its server can still be moved into the trash here.
        if is_there and (can(record.backend, "delete") or not files):
            self._backends.delete(choose_backend(record.backend), (record.generation and record.generation.id) or "")
        if files:
            self.library.discard(record)
        else:
            self.library.ledger.update(record, state="deleted")

    def trash(self) -> list[Trashed]:
        """What was deleted with its file and can be restored, deleted last first."""
        return self.library.trash.all()

    def restore(self, dream: Dream) -> Dream:
        """Bring a dream back from the trash. At its server it stays deleted.

        Args:
            dream: the dream to restore.

        Raises:
            LibraryError: it is not in the trash, its file is gone, or the library cannot be written.
        """
        return self._running.dream(self.library.restore(dream._record))

    def empty_trash(self) -> int:
        """Remove for good what is in the trash.

        Returns:
            How many dreams were removed.

        Raises:
            LibraryError: the library cannot be written.
        """
        return self.library.empty_trash()

    def cancel(self, job: Job) -> None:
        """Have the server delete what it has not made yet, with its refund. See `Job.cancel`.

        Args:
            job: of this session.

        Raises:
            DreamError: it has ended, is just being sent, or the server did not delete it.
        """
        self._running.cancel(job)

    def _take_up(self) -> None:
        """Look for what was under way, and download it. Nothing is created: this session was not asked for it."""
        for record in self.library.ledger.under_way():
            with self._running.lock, contextlib.suppress(DreamError):
                if is_paid(record.backend) and find_key(record.backend) is None:
                    continue
                self._running.start(self._backends.runner(choose_backend(record.backend)), record)
