"""One watcher follows all jobs under way, with few calls."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

import pytest

from dream_nb.api.errors import DreamError
from dream_nb.api.models import Generation
from dream_nb.api.portal import portal
from dream_nb.jobs import runner
from dream_nb.jobs.pace import Pace
from dream_nb.jobs.watcher import _Followed
from dream_nb.requests.fields import make_request
from dream_nb.studio.faults import Fault
from tests.jobs.hosted import SECONDS, Held, Hosted, hosted, use
from tests.studio.machine import wait_for

REQUEST = make_request("a lake", kind="image")


@pytest.mark.parametrize(
    "fault",
    [
        {"answer": 500},
        {"answer": 502},
        {"answer": 503},
        {"answer": 504},
        {"answer": 429, "headers": {"retry-after": "0"}},
        {"drop": "before"},
        {"drop": "after"},
        {"cut": 0.5},
        {"delay": 1.5},
        {"answer": 200, "body": "{"},
        {"answer": 200, "body": "<h1>Hello</h1>", "headers": {"content-type": "text/html"}},
    ],
    ids=["500", "502", "503", "504", "429", "dropped", "late drop", "cut", "late", "malformed", "html"],
)
def test_no_blip_of_a_look_fails_a_job(server: Hosted, fault: dict[str, object]) -> None:
    server.faults.add(Fault(method="GET", path="/generations*", times=2, **fault))  # type: ignore[arg-type]
    assert server.session().submit(REQUEST).result(SECONDS).state == "completed"
    assert len(server.made) == server.books.count("POST") == 1


def test_many_are_followed_by_pages_of_the_list(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    executor = Held()
    executor.holds = True
    with hosted(tmp_path / "server", key, executor=lambda: executor) as server:
        use(server, monkeypatch)
        session = server.session()
        jobs = [session.submit(REQUEST, take=take) for take in range(1, 21)]
        wait_for(lambda: server.books.count("POST") == len(jobs))
        looks = server.books.count("GET", "/generations")
        wait_for(lambda: server.books.count("GET", "/generations") > looks)
        one_by_one = server.books.count("GET", "/generations/")
        executor.let_go()
        for job in jobs:
            job.result(SECONDS)
        # Only the last few jobs may be polled one by one.
        assert server.books.count("GET", "/generations/") - one_by_one < len(jobs) / 2


def test_what_was_seen_to_begin_knows_how_long_it_waited_for_its_turn(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # On a busy machine, the first look may come late.
    monkeypatch.setattr(runner, "_SOON_SECONDS", SECONDS)
    executor = Held()
    executor.holds = True
    with hosted(tmp_path / "server", key, executor=lambda: executor) as server:
        use(server, monkeypatch)
        began = time.monotonic()
        job = server.session().submit(REQUEST)
        wait_for(lambda: job.progress.state == "dreaming")
        # What ends sooner after it was first seen may have ended before.
        begun = time.monotonic() - began
        wait_for(lambda: time.monotonic() - began > 2 * begun)
        executor.let_go()
        dream = job.result(SECONDS)
        assert dream.seconds is not None
        assert dream.seconds_queued is not None
        assert dream.seconds_dreaming is not None
        assert dream.seconds_queued + dream.seconds_dreaming == pytest.approx(dream.seconds)


def test_a_look_comes_soon_where_the_end_is_expected_and_late_before() -> None:
    pace = Pace.learned([11.8, 12.0, 12.1, 12.3], tightest=0.4, widest=10)
    assert pace.pause(0.0) > 3
    assert pace.pause(11.9) == 0.2
    assert pace.pause(60.0) > 3


def test_looks_are_no_closer_than_usual_where_times_vary() -> None:
    pace = Pace.learned([12.0, 20.0, 31.0, 44.0], tightest=0.4, widest=10)
    assert pace.pause(25.0) == 0.4


def test_the_first_look_never_skips_the_time_at_which_such_jobs_end() -> None:
    pace = Pace.learned([11.8, 12.0, 12.1, 12.3], tightest=0.4, widest=60)
    age = 0.0
    while age < 10:
        age += pace.pause(age)
    assert age < 11.8


def test_nothing_learned_means_looks_that_grow_with_the_time_it_takes() -> None:
    pace = Pace.learned([], tightest=0.4, widest=10)
    assert pace.pause(0.0) == pytest.approx(4.0)
    assert pace.pause(1.0) == pytest.approx(3.0)
    assert pace.pause(4.0) == pytest.approx(0.56)
    assert pace.pause(20.0) == pytest.approx(0.8)
    assert pace.pause(1000.0) == 10


def test_two_that_follow_one_generation_both_hear_of_its_end(server: Hosted) -> None:
    session = server.session()
    runner = session._backends.runner("dream-machine")
    uid = server.client.post("/generations/image", json={"prompt": "a lake"}).json()["id"]
    generation = Generation(id=uid, state="queued")
    futures = [portal.start(runner.watcher.follow, generation, "image", lambda _: None) for _ in range(2)]
    assert [future.result(SECONDS).state for future in futures] == ["completed", "completed"]


def test_what_goes_wrong_with_one_ends_no_other(server: Hosted) -> None:
    server.faults.add(Fault(method="GET", path="/generations*", delay=0.1, times=None))
    session = server.session()
    runner = session._backends.runner("dream-machine")
    uid = server.client.post("/generations", json={"prompt": "a lake"}).json()["id"]

    def fail(_: Generation) -> None:
        raise ZeroDivisionError

    one = portal.start(runner.watcher.follow, Generation(id=uid, state="queued"), "video", fail)
    other = portal.start(runner.watcher.follow, Generation(id=uid, state="queued"), "video", lambda _: None)
    with contextlib.suppress(DreamError):
        one.result(SECONDS)
    assert other.result(SECONDS).state == "completed"


@pytest.mark.parametrize("fault", [{"answer": 200, "body": "{}"}, {"answer": 403}, {"answer": 405}])
def test_a_list_that_cannot_be_read_is_gone_around(server: Hosted, fault: dict[str, Any]) -> None:
    server.faults.add(Fault(method="GET", path="/generations", times=None, **fault))
    session = server.session()
    jobs = [session.submit(REQUEST, take=take) for take in (1, 2, 3)]
    assert [job.result(SECONDS).take for job in jobs] == [1, 2, 3]


def test_an_answer_that_comes_after_it_was_given_up_changes_nothing(server: Hosted) -> None:
    watcher = server.session()._backends.runner("dream-machine").watcher
    seen: list[Generation] = []

    async def late() -> None:
        followed = _Followed("x", "image", seen.append, asyncio.get_running_loop().create_future(), 0.0, False, 0.0)
        watcher._saw(followed, Generation(id="x", state="dreaming"))

    portal.call(late)
    assert seen == []
