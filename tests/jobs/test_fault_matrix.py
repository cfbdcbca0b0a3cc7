"""Every fault at every kind of request: nothing is paid for twice, and no job is lost."""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dream_nb.api.errors import DreamError, OutcomeUnknownError
from dream_nb.requests.fields import make_request
from dream_nb.results.dream import Dream
from dream_nb.results.job import Job
from dream_nb.session import Session
from dream_nb.studio.faults import Fault
from tests.error_matrix import ErrorMatrix
from tests.jobs.gate import Gate
from tests.jobs.hosted import HASTE, SECONDS, Held, Hosted, hosted, use
from tests.studio.machine import PREFIX, wait_for

REQUEST = make_request("a lake", kind="image", format="png")
HTML = {"body": "<h1>Welcome</h1>", "headers": {"content-type": "text/html"}}
RULES: dict[str, dict[str, Any]] = {
    "dropped before the answer": {"drop": "after"},
    "dropped in the body": {"cut": 0.5},
    "read timeout": {"delay": 1.5 * HASTE.call},
    "500": {"answer": 500},
    "502": {"answer": 502},
    "503": {"answer": 503},
    "504": {"answer": 504},
    "429, again in 1 s": {"answer": 429, "headers": {"retry-after": "1"}},
    "429, again in 90 s": {"answer": 429, "headers": {"retry-after": "90"}},
    "malformed JSON": {"answer": 200, "body": "{"},
    "HTML": {"answer": 200} | HTML,
    "trickle": {"trickle": 1.2 * HASTE.call},
}
OF_ASSETS: dict[str, dict[str, Any]] = {
    "expired asset": {"answer": 403},
    "cut asset": {"cut": 0.9},
    "wrong type": {"answer": 200, "body": "GIF89a", "headers": {"content-type": "image/gif"}},
}
TROUBLES = ["refused", "DNS", *RULES]

_NAMED = re.compile(r"createGeneration|generateImage|getGeneration|listGenerations|deleteGeneration|download")
_NEXT = re.compile(r"[Cc]heck |again|[Ww]ait")


class Stage:
    """A session on a server behind a gate and a host name, both of which can fail."""

    def __init__(self, server: Hosted, executor: Held, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server, self.executor = server, executor
        self.gate = Gate(urlsplit(server.base_url).port or 0)
        self._knows_names = True
        resolve = socket.getaddrinfo

        def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            if host in ("localhost", b"localhost") and not self._knows_names:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return resolve("127.0.0.1" if host in ("localhost", b"localhost") else host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        monkeypatch.setenv("LUMAAI_BASE_URL", f"http://localhost:{self.gate.port}{PREFIX}")
        self.session = self._open()

    def _open(self) -> Session:
        return self.server.session(patience=replace(HASTE, download=2.5))

    def restart(self) -> None:
        self.session.close()
        self.session = self._open()

    @contextmanager
    def trouble(self, name: str, method: str, path: str, times: int) -> Iterator[Callable[[], int]]:
        """Cause a fault while the context is open; yields a function that returns how often it occurred."""
        looks, struck = self.looks(), self.server.faults.struck
        if name == "refused":
            self.gate.shut()
        elif name == "DNS":
            self._knows_names = False
            # Else a connection that has just been accepted would serve on.
            self.gate.shut()
        else:
            both = RULES | OF_ASSETS
            self.server.faults.add(Fault(method=method, path=path, times=times, **both[name]))
        # Refused connections are in no record, and one poll under way may have succeeded.
        yield lambda: max(self.looks() - looks - 1, self.server.faults.struck - struck)
        if name in ("refused", "DNS"):
            self.gate.open()
        self._knows_names = True
        self.server.faults.clear()

    def make(self) -> Dream:
        return self.session.submit(REQUEST).result(SECONDS)

    def looks(self) -> int:
        return self.session._backends.runner("dream-machine").watcher.calls


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.chdir(tmp_path)
    executor = Held()
    with hosted(tmp_path / "server", f"luma-{secrets.token_urlsafe(24)}", executor=lambda: executor) as server:
        use(server, monkeypatch)
        stage = Stage(server, executor, monkeypatch)
        yield stage
        executor.let_go()
        stage.session.close()
        stage.gate.shut()


Check = Callable[[BaseException | None], None]


@pytest.fixture
def check(error_matrix: ErrorMatrix, request: pytest.FixtureRequest) -> Check:
    """Checks an error: it is one of ours, says which operation it was and what to do next, and its text is reviewed."""
    operation = request.function.__name__.removeprefix("test_").replace("_", " ")

    def check(error: BaseException | None) -> None:
        if error is not None:
            assert isinstance(error, DreamError)
            assert _NAMED.search(str(error)), error
            assert _NEXT.search(str(error)), error
            # Which of them depends on what the server did before the fault, so they are reviewed together.
            error_matrix.review("a fault of a server", operation, f"{type(error).__name__}: {error}")

    return check


def settled(job: Job) -> BaseException | None:
    """How a job ended, or None if it is waiting for as long as the server asked."""
    wait_for(lambda: job.done() or "sent again in" in job.progress.note)
    return job.exception() if job.done() else None


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_create(stage: Stage, check: Check, trouble: str) -> None:
    with stage.trouble(trouble, "POST", "/generations*", times=1):
        job = stage.session.submit(REQUEST)
        check(settled(job))
        if trouble == "429, again in 90 s":
            assert re.search(r"sent again in (90 s|1:30|1.5 min)", job.progress.note), job.progress.note
    was_sent = bool(stage.server.made)
    stage.restart()
    try:
        again = stage.make()
    except OutcomeUnknownError as error:
        check(error)
        # The server did not accept it; only the user may send it again.
        assert not was_sent
        again = stage.session.submit(REQUEST, fresh=True).result(SECONDS)
    assert [made["id"] for made in stage.server.made] == [again.generation.id]


@pytest.mark.parametrize("number", [1, 2], ids=["poll", "list"])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_look(stage: Stage, trouble: str, number: int) -> None:
    stage.executor.holds = True
    jobs = [stage.session.submit(REQUEST, take=take) for take in range(1, number + 1)]
    # Each create has its answer, or the trouble would hit that too.
    wait_for(lambda: stage.looks() and all(job.progress.state in ("queued", "dreaming") for job in jobs))
    with stage.trouble(trouble, "GET", "/generations*", times=2) as met:
        wait_for(lambda: met() >= (1 if trouble == "429, again in 90 s" else 2))
        assert [job for job in jobs if job.done()] == []
    if trouble == "429, again in 90 s":
        stage.restart()
        jobs = stage.session.jobs()
    stage.executor.let_go()
    ids = {job.result(SECONDS).generation.id for job in jobs}
    assert len(ids) == len(stage.server.made) == stage.server.books.count("POST") == number


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_list_of_what_was_made_elsewhere(stage: Stage, check: Check, trouble: str) -> None:
    elsewhere = stage.server.client.post("/generations/image", json=REQUEST.wire()).json()["id"]
    with stage.trouble(trouble, "GET", "/generations*", times=1):
        try:
            jobs = stage.session.sync()
        except DreamError as error:
            check(error)
            jobs = []
    jobs = jobs or stage.session.sync()
    assert [job.result(SECONDS).generation.id for job in jobs] == [elsewhere]
    assert stage.server.books.count("POST") == 0


@pytest.mark.parametrize("trouble", [*TROUBLES, *OF_ASSETS])
@pytest.mark.parametrize("times", [1, 1000], ids=["once", "for long"])
def test_a_download(stage: Stage, check: Check, trouble: str, times: int) -> None:
    first = stage.make()
    content = first.path.read_bytes()
    first.path.unlink()
    with stage.trouble(trouble, "GET", "/assets/*", times=times):
        job = stage.session.submit(REQUEST)
        if times == 1 or trouble in ("refused", "DNS"):
            check(job.exception(SECONDS))
        else:
            wait_for(lambda: stage.server.books.count("GET", "/assets/") > 1)
    stage.restart()
    assert stage.make().path.read_bytes() == content
    assert len(stage.server.made) == stage.server.books.count("POST") == 1


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_deletion(stage: Stage, check: Check, trouble: str) -> None:
    dream = stage.make()
    with stage.trouble(trouble, "DELETE", "/generations/*", times=1):
        try:
            stage.session.delete(dream)
        except DreamError as error:
            check(error)
    stage.session.delete(dream)
    assert stage.server.made == []
    assert dream.path.exists()
    assert stage.server.books.count("POST") == 1
