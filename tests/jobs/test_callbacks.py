"""A callback only causes a poll; its contents are not used."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dream_nb.jobs import callbacks
from dream_nb.jobs.callbacks import Callbacks
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from tests.jobs.hosted import HASTE, SECONDS, Held, Hosted, hosted, use
from tests.studio.machine import picture, wait_for

REQUEST = make_request("a lake", kind="image", format="png")


class Waiting(Executor):
    """An executor whose calls do not finish until a test sets their results in `futures`."""

    max_workers = 4

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []

    def submit(self, _fn: Any, /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        self.futures.append(future)
        return future


def callback_url(session: Session) -> str:
    url = session._backends._callback_url
    assert url is not None
    return url


def looks(server: Hosted) -> int:
    return server.books.count("GET", "/generations")


def test_while_callbacks_come_nothing_is_polled(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    waiting = Waiting()
    with hosted(tmp_path / "server", key, executor=lambda: waiting) as server:
        use(server, monkeypatch)
        job = server.session(callbacks=Callbacks()).submit(REQUEST)
        wait_for(lambda: job.progress.state == "dreaming")
        waiting.futures[0].set_result(picture())
        assert job.result(SECONDS).state == "completed"
        # One for the callback of "dreaming" and one for "completed".
        assert looks(server) <= 2


def test_where_no_callback_arrives_it_is_polled_again(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dream_nb.jobs.watcher._SAFETY_SECONDS", 0.5)
    executor = Held()
    with hosted(tmp_path / "server", key, executor=lambda: executor) as server:
        use(server, monkeypatch)
        # Nothing listens at this URL.
        session = server.session(callbacks=Callbacks(public_url="http://127.0.0.1:9"))
        assert session.submit(REQUEST).result(SECONDS).state == "completed"
        monkeypatch.setattr("dream_nb.jobs.watcher._SAFETY_SECONDS", 10.0 * SECONDS)
        executor.holds = True
        job = session.submit(REQUEST, take=2)
        wait_for(lambda: job.progress.state == "dreaming")
        executor.let_go()
        assert job.result(SECONDS).state == "completed"


def test_a_callback_that_comes_before_the_answer_to_the_create_is_heard(
    server: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dream_nb.jobs.watcher._SAFETY_SECONDS", 10.0 * SECONDS)
    named, told = callbacks._named, threading.Event()

    def hear(body: bytearray) -> str | None:
        if json.loads(body)["state"] == "completed":
            told.set()
        return named(body)

    monkeypatch.setattr(callbacks, "_named", hear)
    session = server.session(callbacks=Callbacks(), patience=replace(HASTE, call=SECONDS))
    server.books.waits = told
    assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert looks(server) == 1


def test_what_an_earlier_process_sent_is_polled(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dream_nb.jobs.watcher._SAFETY_SECONDS", 10.0 * SECONDS)
    executor = Held()
    executor.holds = True
    with hosted(tmp_path / "server", key, executor=lambda: executor) as server:
        use(server, monkeypatch)
        with server.session(callbacks=Callbacks()) as session:
            session.submit(REQUEST)
            wait_for(lambda: server.books.count("POST") == 1)
            wait_for(lambda: looks(server) > 0)
        job = server.session(callbacks=Callbacks()).submit(REQUEST)
        executor.let_go()
        assert job.result(SECONDS).state == "completed"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"id": 7}', b'{"id": "unknown", "state": "completed"}', b"{", b"[" * 100_000]
)
def test_what_a_callback_says_is_not_believed(server: Hosted, body: bytes) -> None:
    session = server.session(callbacks=Callbacks())
    job = session.submit(REQUEST)
    for _ in range(2):
        assert httpx2.post(callback_url(session), content=body).status_code == 200
    assert job.result(SECONDS).state == "completed"


def test_a_callback_in_chunks_is_heard(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    waiting = Waiting()
    with hosted(tmp_path / "server", key, executor=lambda: waiting) as server:
        use(server, monkeypatch)
        session = server.session(callbacks=Callbacks())
        job = session.submit(REQUEST)
        wait_for(lambda: job.progress.state == "dreaming")
        before = looks(server)
        generation = session.library.ledger.all()[0].generation
        assert generation is not None
        parts = (part.encode() for part in ('{"id": "', generation.id or "", '"}'))
        assert httpx2.post(callback_url(session), content=parts).status_code == 200
        wait_for(lambda: looks(server) > before)
        waiting.futures[0].set_result(picture())
        assert job.result(SECONDS).state == "completed"


def test_another_path_is_unknown(server: Hosted) -> None:
    session = server.session(callbacks=Callbacks())
    session.submit(REQUEST).result(SECONDS)
    other = callback_url(session).rpartition("/")[0] + "/guess"
    assert httpx2.post(other, content=b"{}").status_code == 404


def test_a_body_without_end_is_hung_up_on(server: Hosted) -> None:
    session = server.session(callbacks=Callbacks())
    session.submit(REQUEST).result(SECONDS)
    url = httpx2.URL(callback_url(session))
    with socket.create_connection((url.host, url.port or 0), timeout=SECONDS) as connection:
        connection.sendall(f"POST {url.path} HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            # read() returns only because the server closes the connection.
            assert answer.read().startswith(b"HTTP/1.1 413 ")


def test_it_listens_on_this_machine_only_and_ends_with_the_session(server: Hosted) -> None:
    session = server.session(callbacks=Callbacks())
    session.submit(REQUEST).result(SECONDS)
    url = httpx2.URL(callback_url(session))
    assert url.host == "127.0.0.1"
    session.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((url.host, url.port or 0))
