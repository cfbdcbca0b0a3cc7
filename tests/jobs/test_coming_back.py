"""Jobs under way survive interrupts, restarts and other notebooks."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dream_nb.api.errors import DreamCancelledError, DreamError, GenerationFailedError, LibraryError
from dream_nb.api.portal import portal
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask
from dream_nb.studio.faults import Fault
from tests.jobs.hosted import HASTE, SECONDS, Hosted, environment
from tests.kernel import start_kernel
from tests.studio.machine import wait_for

REQUEST = make_request("a lake", kind="image")
PROCESS = """
import sys, time
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from tests.jobs.hosted import HASTE
print("ready", flush=True)
sys.stdin.readline()
with Session("dreams", "dream-machine", patience=HASTE, prices={"image": 1.5}) as session:
    job = session.submit(make_request("a lake", kind="image"))
    print(job.result(240).generation.id, flush=True)
"""


def process(server: Hosted, code: str = PROCESS) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | environment(server),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_closed_session_is_taken_up_by_the_next_one(server: Hosted) -> None:
    server.faults.add(Fault(method="GET", path="/generations*", answer=503, times=None))
    first = server.session()
    first.submit(REQUEST)
    wait_for(lambda: first.library.ledger.under_way() and first.library.ledger.under_way()[0].generation)
    first.close()
    server.faults.clear()
    second = server.session()
    (job,) = second.jobs()
    assert second.submit(REQUEST) is job
    assert job.result(SECONDS).state == "completed"
    assert server.books.count("POST") == 1


def test_what_was_never_sent_is_not_sent_by_a_restart(server: Hosted) -> None:
    first = server.session()
    first.library.ledger.intend(REQUEST, 1, "dream-machine")
    first.close()
    assert server.session().jobs() == []
    assert server.books.count("POST") == 0


def test_a_create_that_a_dead_process_sent_is_found(server: Hosted) -> None:
    server.books.late = 2.0
    dead = process(server)
    assert dead.stdin is not None
    assert dead.stdout is not None
    dead.stdin.write("\n")
    dead.stdin.flush()
    wait_for(lambda: server.made)
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    (job,) = server.session().jobs()
    assert job.result(SECONDS).generation.id == server.made[0]["id"]
    assert server.books.count("POST") == 1


def test_two_processes_with_one_request_send_it_once(server: Hosted) -> None:
    both = [process(server) for _ in range(2)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    ids = {one.communicate("\n", timeout=SECONDS)[0] for one in both}
    assert ids == {server.made[0]["id"] + "\n"}
    assert server.books.count("POST") == len(server.made) == 1


def test_a_failure_that_another_notebook_saw_is_told_and_not_paid_for_again(server: Hosted) -> None:
    server.faults.add(Fault(fail="out of colours"))
    # The failure must stay unknown until both have submitted, or the second would request it again.
    server.books.waits = asked = threading.Event()
    both = [server.session(patience=replace(HASTE, call=SECONDS)) for _ in range(2)]
    jobs = [session.submit(REQUEST) for session in both]
    asked.set()
    for job in jobs:
        with pytest.raises(GenerationFailedError, match="out of colours"):
            job.result(SECONDS)
    assert server.books.count("POST") == 1


def test_a_failed_one_is_sent_again_as_the_same_take(server: Hosted) -> None:
    server.faults.add(Fault(fail="out of colours"))
    session = server.session()
    with pytest.raises(GenerationFailedError, match="out of colours"):
        session.submit(REQUEST).result(SECONDS)
    assert session.submit(REQUEST).result(SECONDS).take == 1
    assert len(server.made) == 2


def test_a_moderated_one_is_sent_again_only_fresh(server: Hosted) -> None:
    server.faults.add(Fault(fail="Frame moderation failed"))
    session = server.session()
    for _ in range(2):
        with pytest.raises(GenerationFailedError, match=r"Frame moderation failed .*ask for another take \(take=…\)"):
            session.submit(REQUEST).result(SECONDS)
    assert server.books.count("POST") == 1
    assert session.submit(REQUEST, fresh=True).result(SECONDS).take == 2


def test_a_generation_made_elsewhere_is_brought_in_by_its_id(server: Hosted) -> None:
    uid = server.client.post("/generations/image", json={"prompt": "a hill", "aspect_ratio": "1:1"}).json()["id"]
    session = server.session()
    dream = session.bring_in(uid).result(SECONDS)
    assert (dream.prompt, dream.image.size, dream.generation.id) == ("a hill", (32, 32), uid)
    again = session.submit(make_request("a hill", kind="image", aspect_ratio="1:1"))
    assert (again.replayed, server.books.count("POST")) == (True, 0)


def test_everything_made_elsewhere_is_brought_in_once(server: Hosted) -> None:
    for prompt in ("a hill", "a hill", "a pond"):
        server.client.post("/generations/image", json={"prompt": prompt})
    session = server.session()
    session.submit(REQUEST).result(SECONDS)
    dreams = [job.result(SECONDS) for job in session.sync()]
    assert [(dream.prompt, dream.take) for dream in dreams] == [("a hill", 1), ("a hill", 2), ("a pond", 1)]
    assert session.sync() == []


def test_an_awaited_job_notices_an_interrupt_and_goes_on(tmp_path: Path, small: None) -> None:  # noqa: ARG001
    interrupted = 0.0
    source = (
        "from dream_nb.requests.fields import make_request; from dream_nb.session import Session\n"
        "session = Session('awaited')\n"
        "job = session.submit(make_request('a lake in the rain'))\n"
        "print('waiting', flush=True)\n"
        "await job"
    )
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="720") as kernel:

        def interrupt() -> None:
            nonlocal interrupted
            time.sleep(0.3)
            interrupted = time.monotonic()
            kernel.manager.interrupt_kernel()

        answer = kernel.run(source, when=lambda message: message["msg_type"] == "stream", then=interrupt)
        assert answer.error is None
        assert "Interrupted: no longer waiting" in answer.outputs[-1]["text"]
        assert kernel.run("job.done()").result == "False"
        assert kernel.run("job.result(240).state").result == "'completed'"


def test_cancelling_a_wait_leaves_the_job_alone(server: Hosted) -> None:
    job = server.session().submit(REQUEST)

    async def main() -> None:
        async def wait() -> None:
            await job

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    assert job.result(SECONDS).state == "completed"


def test_a_job_that_takes_too_long_is_no_longer_waited_for_and_goes_on(server: Hosted) -> None:
    server.faults.add(Fault(method="GET", path="/generations*", trickle=0.8, times=None))
    with (
        server.session(patience=replace(HASTE, job=0.2)) as session,
        pytest.raises(DreamError, match=r"not done after .* continues on the server: run the cell again to rejoin"),
    ):
        session.submit(REQUEST).result(SECONDS)
    server.faults.clear()
    assert server.session().submit(REQUEST).result(SECONDS).state == "completed"
    assert (server.books.count("POST"), len(server.made)) == (1, 1)


def test_what_a_dead_process_held_is_taken_over_when_its_lease_ends(server: Hosted) -> None:
    with server.session() as dead:
        record = dead.library.ledger.intend(REQUEST, 1, "dream-machine")
        assert dead.library.ledger.lease(record, "a process that died", HASTE.lease)
    session = server.session()
    job = session.submit(REQUEST)
    wait_for(lambda: job.progress.note == "another notebook is working on it")
    assert job.result(SECONDS).state == "completed"
    assert server.books.count("POST") == 1


def test_a_request_is_the_same_after_the_library_learned_of_what_it_goes_on_from(server: Hosted) -> None:
    uid = server.client.post("/generations/image", json={"prompt": "a hill"}).json()["id"]
    wait_for(lambda: server.made[0]["state"] == "completed")
    session = server.session()
    request = make_request("the hill by night", frame0=uid)
    first = session.submit(request).result(SECONDS)
    [job.result(SECONDS) for job in session.sync()]
    again = session.submit(request)
    assert (again.replayed, again.result().generation.id) == (True, first.generation.id)
    assert session.bring_in(first.generation.id or "").replayed
    assert session.plan([Ask(request)]).new == 0
    assert server.books.count("POST") == 1


def test_a_failed_one_is_brought_in_as_its_reason_and_never_sent(server: Hosted) -> None:
    uid = server.client.post("/generations/image", json={"prompt": "gore"}).json()["id"]
    wait_for(lambda: server.made[0]["state"] == "failed")
    session = server.session()
    for _ in range(2):
        with pytest.raises(GenerationFailedError, match="blacklisted"):
            session.bring_in(uid)
    assert server.books.count("POST") == 0


def test_the_answer_to_a_create_that_is_on_its_way_is_not_brought_in_as_another(server: Hosted) -> None:
    server.books.late = 1.0
    session = server.session()
    job = session.submit(REQUEST)
    wait_for(lambda: server.made)
    assert session.sync() == []
    with pytest.raises(DreamError, match="that is being sent"):
        session.bring_in(server.made[0]["id"])
    assert job.result(SECONDS).take == 1
    assert [record.take for record in session.library.ledger.all()] == [1]


def test_a_generation_that_does_not_say_its_request_is_left_out(
    server: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = server.client.post("/generations/image", json={"prompt": "a hill"}).json()["id"]
    session = server.session()
    listed = session._backends.generations("dream-machine")
    nameless = [listed[0].model_copy(update={"id": "x", "request": None}), *listed]
    monkeypatch.setattr(session._backends, "generations", lambda _backend: nameless)
    assert [job.result(SECONDS).generation.id for job in session.sync()] == [uid]


def test_a_job_is_cancelled_after_another_key_was_given(slow_server: Hosted) -> None:
    session = slow_server.session()
    job = session.submit(REQUEST)
    wait_for(lambda: any(record.generation for record in session.library.ledger.all()))
    session.renew("dream-machine")
    job.cancel()
    with pytest.raises(DreamCancelledError):
        job.result(SECONDS)


def test_the_proxy_of_the_environment_is_not_asked_for_files_of_this_machine(
    server: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert server.session().submit(REQUEST).result(SECONDS).state == "completed"


def test_a_row_that_another_process_took_over_is_said_to_be_with_it(server: Hosted) -> None:
    session = server.session()
    runner = session._backends.runner("dream-machine")
    record = session.library.ledger.intend(REQUEST, 1, "dream-machine")
    session.library.ledger.lease(record, "another", 60.0)
    with pytest.raises(DreamError, match="another notebook has taken it over"):
        portal.call(runner._sender.send, record, lambda _: None)
    assert server.books.count("POST") == 0


def test_what_another_row_has_is_not_brought_in_and_leaves_no_row(server: Hosted) -> None:
    session = server.session()
    made = session.submit(REQUEST).result(SECONDS)
    with pytest.raises(DreamError, match="imported by another notebook"):
        session._claims.take("dream-machine", made.generation)
    assert len(session.library.ledger.all()) == 1


def test_a_session_that_was_closed_asks_nobody(server: Hosted) -> None:
    session = server.session()
    session.submit(REQUEST).result(SECONDS)
    session.close()
    for ask in (session.credits, lambda: session.submit(REQUEST, fresh=True), lambda: session.submit(REQUEST)):
        with pytest.raises(LibraryError, match="is closed: open"):
            ask()


def test_a_session_that_is_open_outlives_what_others_end(server: Hosted) -> None:
    session = server.session()
    session.credits()
    portal.stop()
    assert session.submit(REQUEST).result(SECONDS).state == "completed"
