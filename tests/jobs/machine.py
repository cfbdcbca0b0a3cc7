"""A state machine that looks for faults by random sequences of what users, servers, file systems and strangers do.

After every step these hold: the server accepted at most what was requested and allowed; everything paid for is in a
library, under way, or reported as unknown with a way to settle it; budgets are kept; and the key is in no file.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import numpy  # noqa: F401 - hypothesis inspects it, and one of our threads may be importing it at that time
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pydantic import SecretStr

from dream_nb import sqlite
from dream_nb.api.dialects import spellings
from dream_nb.api.errors import DreamError
from dream_nb.api.request_models import Request
from dream_nb.backends.keys import forget, remember
from dream_nb.backends.patience import Patience
from dream_nb.jobs.budget import Limits
from dream_nb.library import schema
from dream_nb.library.ledger import Ledger
from dream_nb.requests.fields import make_request
from dream_nb.requests.identity import request_hash
from dream_nb.results.job import Job
from dream_nb.session import Session
from tests.fakes.dream_machine import KEY, FakeDreamMachine, Reply

# All timeouts are short, so that thousands of steps fit into a test.
SHORT: Final = Patience(
    call=2.0, connect=0.05, reconcile=0.03, job=20.0, download=5.0, look=0.002, pause=0.002, lease=0.15
)
LIMITS: Final = Limits(at_once={"image": 40, "video": 40}, a_minute={"image": 100_000, "video": 100_000})
SECONDS: Final = 30.0
PROMPTS: Final = ("a lake", "a hill", "a film")
PRICES: Final = (0.0, 0.75, 1.5, 15.0)
STRANGERS: Final = ("bought by a stranger", "a lake")
NAMES: Final = ("one", "two")
DREAMS: Final = Path("dreams")
LEDGER: Final = DREAMS / "ledger.sqlite"

ORDERS: Final[dict[str, Callable[[list[dict[str, Any]]], list[dict[str, Any]]]]] = {
    "newest first": list,
    "oldest first": lambda listed: listed[::-1],
    "shuffled": lambda listed: sorted(listed, key=lambda one: str(hash(one["id"]))),
}
PROCESS: Final = """
import sys
from tests.jobs.machine import LIMITS, SHORT, request_of
from dream_nb.session import Session
session = Session("dreams", patience=SHORT, prices={"image": 1.5, "video": 1.5}, limits=LIMITS)
session.submit(request_of(sys.argv[1]))
print("submitted", flush=True)
sys.stdin.read()
"""
STRANGER: Final = """
import contextlib, json, os, sqlite3, sys
for line in sys.stdin:
    folder, path, statement, values = json.loads(line)
    os.chdir(folder)
    rows = []
    with contextlib.suppress(sqlite3.Error, OSError):
        if os.path.exists(path):
            with contextlib.closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as database:
                rows = database.execute(statement, values).fetchall()
    print(json.dumps(rows), flush=True)
"""
# Concurrency makes every run different, so a fault is reported as it was first found.
FOUND: Final[list[str]] = []

prompts = st.sampled_from(PROMPTS)
takes = st.integers(1, 2)
names = st.sampled_from(NAMES)
# An index into a list. The length depends on concurrent work, which must not change what hypothesis draws.
numbers = st.integers(0, 9)


def request_of(prompt: str) -> Request:
    return make_request(prompt, kind="video" if prompt == "a film" else "image")


def step(**given: Any) -> Callable[[Callable[..., None]], Any]:
    """A rule whose calls are recorded, so that a fault can be reported with the steps that led to it."""

    def decorate(function: Callable[..., None]) -> Any:
        @functools.wraps(function)
        def told(self: PaidWork, **values: Any) -> None:
            words = ", ".join(f"{name}={value!r}" for name, value in values.items())
            self.told.append(f"    machine.{function.__name__}({words})")
            try:
                function(self, **values)
            except Exception as error:
                FOUND.append("\n".join([f"{type(error).__name__}: {error}", *self.told]))
                raise

        decorated: Callable[[Callable[..., None]], Any] = rule(**given)
        return decorated(told)

    return decorate


class Stranger:
    """A separate program that reads and writes databases; in this process, SQLite would treat it as one of us."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", STRANGER]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, path: Path, statement: str, *values: object) -> list[list[Any]]:
        """Execute a statement; returns its rows, or none if it fails or the file does not exist."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(Path.cwd()), str(path), statement, values]) + "\n")
        self._process.stdin.flush()
        rows: list[list[Any]] = json.loads(self._process.stdout.readline())
        return rows

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait(SECONDS)


class PaidWork(RuleBasedStateMachine):
    """Sessions of one library, a server that charges money, and the events that affect them.

    `asked` has the requested takes of each prompt. `excused` counts further creates of a prompt that are excused: the
    server lied, the user said that a request was not accepted, or a stranger changed the rows of the library.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.stack = ExitStack()
        self.stranger = self.stack.enter_context(closing(Stranger()))
        self.home = Path.cwd()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.stack.callback(os.chdir, self.home)
        os.chdir(self.folder)
        self.state = self.folder / "state"
        self.fakes = self.fake, self.other = FakeDreamMachine(), FakeDreamMachine("2024")
        self.budget: float | None = None
        self._patch(sqlite, "_PATIENCE_SECONDS", 0.2)
        self._patch(schema, "_BUSY_SECONDS", 0.5)
        self.opened = 0
        self.sessions: dict[str, Session] = {}
        self.jobs: list[tuple[Session, Job]] = []
        self.asked: dict[str, set[int]] = {prompt: set() for prompt in PROMPTS}
        self.excused: Counter[str] = Counter()
        self.removed: set[str] = set()
        self.copies = 0
        self.fresh = itertools.count(1000)

    def _patch(self, module: Any, name: str, value: float) -> None:
        self.stack.callback(setattr, module, name, getattr(module, name))
        setattr(module, name, value)

    def _set(self, variables: dict[str, str]) -> None:
        for name, value in variables.items():
            self.stack.callback(_restore, name, os.environ.get(name))
            os.environ[name] = value

    def teardown(self) -> None:
        for session in self.sessions.values():
            session.close()
        self.no_file_holds_the_key()
        self.stack.close()

    def session(self, name: str) -> Session:
        if name not in self.sessions:
            prices = {"image": 1.5, "video": 1.5}
            self.sessions[name] = Session("dreams", patience=SHORT, prices=prices, limits=LIMITS, budget=self.budget)
            self.opened += 1
        return self.sessions[name]

    # Actions of users.

    @initialize(api=st.sampled_from(["2024", "2025"]), budget=st.sampled_from([None, 4.0, 20.0]))
    def begin(self, api: Literal["2024", "2025"], budget: float | None) -> None:
        self.told.append(f"    machine.begin({api=}, {budget=})")
        self.fake.api, self.budget = api, budget
        for fake in self.fakes:
            fake.price = lambda _: 1.5
            self.stack.enter_context(fake.running())
        self._set(self.fake.environment() | {"DREAM_NB_STATE": str(self.state)})
        remember(self.other.base_url, SecretStr(KEY))
        self.stack.callback(forget, self.other.base_url)
        self.session("one")

    @step(name=names, prompt=prompts, take=takes)
    def ask(self, name: str, prompt: str, take: int) -> None:
        session = self._opened(name)
        if session is None:
            return
        self.asked[prompt].add(take)
        with contextlib.suppress(DreamError):
            self.jobs.append((session, session.submit(request_of(prompt), take=take)))

    @step(name=names, prompt=prompts)
    def ask_for_a_fresh_one(self, name: str, prompt: str) -> None:
        session = self._opened(name)
        if session is None:
            return
        with contextlib.suppress(DreamError):
            job = session.submit(request_of(prompt), fresh=True)
            self.asked[prompt].add(next(self.fresh))
            self.jobs.append((session, job))

    @step(name=names)
    def ask_for_all(self, name: str) -> None:
        for prompt in PROMPTS:
            self.ask(name=name, prompt=prompt, take=1)

    @step()
    def wait(self) -> None:
        self.fake.holds = self.other.holds = False
        for _, job in self.jobs:
            job.exception(SECONDS)
        self.jobs.clear()

    @step(number=numbers)
    def cancel(self, number: int) -> None:
        if self.jobs:
            session, job = self.jobs[number % len(self.jobs)]
            with contextlib.suppress(DreamError):
                session.cancel(job)

    @step(number=numbers)
    def stop(self, number: int) -> None:
        if self.jobs:
            session, job = self.jobs[number % len(self.jobs)]
            session.stop(job)

    @step(name=names)
    def close(self, name: str) -> None:
        if name in self.sessions:
            self._end(name)

    @step(name=names)
    def crash(self, name: str) -> None:
        """Simulate the end of a process: its connections drop, and it writes nothing more."""
        session = self.sessions.get(name)
        if session is None:
            return
        ledger = session.library.ledger
        with ledger.file.lock:
            ledger.file._why_closed = "is gone"
        creates = ledger._creates
        with creates._lock:
            if creates._database is not None:
                creates._database.close()
            creates._is_open, creates._database = True, None
        self._end(name)

    @step(prompt=prompts, number=numbers, milliseconds=st.integers(0, 30))
    def kill_a_process(self, prompt: str, number: int, milliseconds: int) -> None:
        """Another notebook submits a request and is killed at some point. This takes as long as many other steps."""
        if number or self.budget is not None:
            return
        self.asked[prompt].add(1)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
        with subprocess.Popen(
            [sys.executable, "-c", PROCESS, prompt],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            if process.stdout.readline():
                time.sleep(milliseconds / 1000)
            process.kill()

    @step(name=names, replay=st.sampled_from(["off", "free", "only"]))
    def choose_replay(self, name: str, replay: Any) -> None:
        if (session := self._opened(name)) is not None:
            session.replay = replay

    @step(name=names, other=st.booleans())
    def use(self, name: str, other: bool) -> None:
        if (session := self._opened(name)) is not None:
            session.use(self.other.base_url if other else "dream-machine")

    @step(name=names)
    def sync(self, name: str) -> None:
        if (session := self._opened(name)) is not None:
            with contextlib.suppress(DreamError):
                self.jobs += [(session, job) for job in session.sync()]

    @step(name=names, number=numbers)
    def bring_in(self, name: str, number: int) -> None:
        if (session := self._opened(name)) is not None and self.fake.taken:
            with contextlib.suppress(DreamError):
                self.jobs.append((session, session.bring_in(self.fake.taken[number % len(self.fake.taken)]["id"])))

    @step(name=names, says=st.booleans())
    def settle(self, name: str, says: bool) -> None:
        """The user settles lost requests: chooses the likeliest candidate, or says that it was not accepted."""
        if (session := self._opened(name)) is None:
            return
        with contextlib.suppress(DreamError):
            for lost in session.lost():
                if lost.candidates and says:
                    session.settle(lost, lost.candidates[0].generation.id)
                elif not says:
                    self.excused[lost.request.prompt or ""] += 1
                    session.settle(lost, None)

    @step(name=names, number=numbers)
    def delete(self, name: str, number: int) -> None:
        if (session := self._opened(name)) is None:
            return
        with contextlib.suppress(DreamError):
            dreams = session.dreams()
            if dreams:
                dream = dreams[number % len(dreams)]
                self.removed.add(dream.generation.id or "")
                session.delete(dream, files=True)

    # Actions of servers.

    @step(status=st.sampled_from([None, 408, 500, 502, 504]), taken=st.booleans())
    def lose_the_next_answer(self, status: int | None, taken: bool) -> None:
        self.fake.replies.append(Reply(status, taken=taken))

    @step(status=st.sampled_from([400, 401, 402, 403, 409, 422, 425, 429, 503]))
    def refuse_the_next_create(self, status: int) -> None:
        self.fake.replies.append(Reply(status, headers={"retry-after": "0"}))

    @step(status=st.sampled_from([400, 402, 409, 425, 429, 503]))
    def refuse_what_was_taken(self, status: int) -> None:
        if not self.fake.hides:
            self.fake.replies.append(Reply(status, taken=True, headers={"retry-after": "0"}))

    @step(looks=st.sampled_from([0, 1, 3, 30]))
    def list_late(self, looks: int) -> None:
        if not any(reply and reply.taken and reply.status for reply in self.fake.replies):
            self.fake.hides = looks

    @step(order=st.sampled_from(["newest first", "oldest first", "shuffled"]))
    def order_the_list(self, order: str) -> None:
        self.fake.order = ORDERS[order]

    @step(holds=st.booleans())
    def hold(self, holds: bool) -> None:
        self.fake.holds = self.other.holds = holds

    @step(reason=st.sampled_from([None, "out of colours", "Frame moderation failed"]))
    def fail(self, reason: str | None) -> None:
        self.fake.fail = lambda _: reason

    @step(price=st.sampled_from(PRICES))
    def change_the_price(self, price: float) -> None:
        self.fake.price = lambda _: price

    @step(cents=st.sampled_from([-50.0, 7.0, 500.0]))
    def spend_elsewhere(self, cents: float) -> None:
        self.fake.spend(cents)

    @step(minutes=st.sampled_from([-180, -5, 0, 5, 180]))
    def move_the_clock(self, minutes: int) -> None:
        self.fake.clock = self.fake.date = timedelta(minutes=minutes)

    # Changes of the library.

    @step(how=st.sampled_from(["removed", "renamed", "ledger removed", "older ledger", "truncated"]))
    def change_the_library(self, how: str) -> None:
        if not LEDGER.exists():
            return
        self.copies += 1
        if how == "removed":
            shutil.rmtree(DREAMS, ignore_errors=True)
        elif how == "renamed":
            DREAMS.rename(f"renamed-{self.copies}")
        elif how == "ledger removed":
            LEDGER.unlink()
        elif how == "older ledger":
            older = sorted(Path().glob("kept-*.sqlite"))
            if older:
                shutil.copy(older[0], "copy")
                Path("copy").replace(LEDGER)
        else:
            os.truncate(LEDGER, 0)

    @step()
    def keep_a_copy_of_the_ledger(self) -> None:
        if LEDGER.exists():
            self.copies += 1
            self.stranger.run(LEDGER, "VACUUM INTO ?", f"kept-{self.copies}.sqlite")

    @step(
        prompt=st.sampled_from(STRANGERS),
        state=st.sampled_from(["intended", "sending", "unknown", "taken", "deleted", "nonsense"]),
        generation=st.sampled_from([None, "queued", "failed", "completed"]),
        take=st.integers(0, 3),
        hash_of=st.sampled_from(["a lake", STRANGERS[0]]),
    )
    def write_a_row(self, prompt: str, state: str, generation: str | None, take: int, hash_of: str) -> None:
        """A stranger writes a row into the ledger."""
        id_ = f"stranger-{self.copies}" if generation else None
        self.copies += 1
        now = datetime.now(UTC).isoformat()
        self.stranger.run(
            LEDGER,
            "INSERT OR IGNORE INTO requests (hash, take, backend, request, written_at, state, sent_at, id, generation)"
            " VALUES (?, ?, 'hosted', ?, ?, ?, ?, ?, ?)",
            request_hash(request_of(hash_of)),
            take,
            json.dumps(request_of(prompt).wire()),
            now,
            state,
            now,
            id_,
            json.dumps({"id": id_, "state": generation}) if generation else None,
        )

    # Invariants.

    @invariant()
    def nothing_is_created_that_nobody_asked_for(self) -> None:
        for prompt, count in self._live().items():
            self._check(prompt in self.asked, f"{prompt!r} was never asked for")
            most = 2 * len(self.asked[prompt]) if self.other.taken else len(self.asked[prompt])
            self._check(
                count <= most + self.excused[prompt], f"{count} of {prompt!r} are paid for, and {most} were asked for"
            )

    @invariant()
    def nothing_that_was_paid_for_is_lost(self) -> None:
        # In this order, because a request accepted in the meantime may not be recorded yet.
        taken = list(self.fake.taken)
        ids, prompts = self._known()
        for one in taken:
            if one["state"] != "failed" and one["id"] not in ids | self.removed:
                prompt = one["_request"]["prompt"]
                is_known = prompt in prompts or self.excused[prompt] > 0
                self._check(is_known, f"{prompt!r} was paid for as {one['id']}, and nothing knows of it")

    @invariant()
    def what_is_paid_is_within_the_budgets(self) -> None:
        if self.budget is not None:
            paid = sum(fake.cost for fake in self.fakes)
            servers = 2 if self.other.taken else 1
            most = self.opened * (self.budget + servers * max(PRICES))
            self._check(paid <= most, f"{paid} was paid by {self.opened} sessions with a budget of {self.budget} each")

    def _check(self, holds: bool, fault: str) -> None:
        if not holds:
            FOUND.append("\n".join([fault, *self.told]))
            raise AssertionError(FOUND[-1])

    def _live(self) -> Counter[str]:
        """The prompts of the generations that were paid for; failed ones are refunded."""
        return Counter(
            one["_request"]["prompt"]
            for fake in self.fakes
            for one in fake.taken
            if one["state"] != "failed" and fake.fail(one["_request"]) is None
        )

    def _known(self) -> tuple[set[str], set[str]]:
        """The ids recorded in a ledger or by the installation, and the prompts of requests under way or unknown."""
        ids: set[str] = set()
        hashes: set[str] = set()
        for path in [LEDGER, *Path().glob("renamed-*/ledger.sqlite")]:
            ids |= {row[0] for row in self.stranger.run(path, "SELECT id FROM requests WHERE id IS NOT NULL")}
            ids |= {row[0] for row in self.stranger.run(path, "SELECT id FROM past")}
            hashes |= {row[0] for row in self.stranger.run(path, "SELECT hash FROM requests WHERE sent_at IS NOT NULL")}
        for digest, id_ in self.stranger.run(self.state / "creates.sqlite", "SELECT hash, id FROM creates"):
            ids |= {id_} if id_ else set()
            hashes |= {digest}
        digests = {prompt: {request_hash(one) for one in spellings(request_of(prompt))} for prompt in PROMPTS}
        return ids, {prompt for prompt in PROMPTS if digests[prompt] & hashes}

    def no_file_holds_the_key(self) -> None:
        for path in self.folder.rglob("*"):
            assert not path.is_file() or KEY.encode() not in path.read_bytes(), path

    def _opened(self, name: str) -> Session | None:
        try:
            return self.session(name)
        except DreamError:
            # Do what the error says: rebuild the damaged ledger.
            from dream_nb.library.repair import rebuild_ledger

            for other in list(self.sessions):
                self._end(other)
            rebuild_ledger(DREAMS)
            return self.session(name)

    def _end(self, name: str) -> None:
        session = self.sessions.pop(name)
        self.jobs = [(known, job) for known, job in self.jobs if known is not session]
        with contextlib.suppress(DreamError):
            session.close()


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


__all__ = ["Ledger", "PaidWork"]
