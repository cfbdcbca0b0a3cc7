"""A session returns dreams: new ones, those of its library, and those under way."""

from __future__ import annotations

import asyncio
import itertools
import socket
from pathlib import Path
from typing import Any

import pytest

from dream_nb.api.errors import ConfigurationError, DreamError, GenerationFailedError, InvalidRequestError
from dream_nb.api.request_models import GenerationRequest
from dream_nb.default import close_default_session, default_session, known_default_session
from dream_nb.jobs.callbacks import Callbacks
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask, Plan
from dream_nb.session import Session
from dream_nb.studio import answers

SECONDS = 240


def test_a_dream_is_made_and_kept(session: Session) -> None:
    dream = session.dream("a lake")
    assert dream.state == "completed"
    assert dream.path.parent == Path("dreams")
    assert dream.image.size == (160, 90)


def test_the_same_request_comes_from_the_library(session: Session) -> None:
    first = session.dream("a lake")
    job = session.submit(GenerationRequest(prompt="a lake"))
    assert job.replayed
    assert job.result().generation.id == first.generation.id


def test_a_new_session_finds_what_an_older_one_made(session: Session) -> None:
    made = session.dream("a lake")
    session.close()
    with Session() as later:
        assert later.submit(GenerationRequest(prompt="a lake")).result().generation.id == made.generation.id


def test_a_request_under_way_is_joined_not_sent_again(session: Session) -> None:
    job = session.submit(GenerationRequest(prompt="a lake"))
    assert session.submit(GenerationRequest(prompt="a lake")) is job
    assert job.result(SECONDS).state == "completed"


def test_a_removed_file_is_made_again(session: Session) -> None:
    first = session.dream("a lake")
    first.path.unlink()
    assert session.dream("a lake").path.exists()


def test_a_wait_that_ends_early_leaves_the_job_alone(session: Session) -> None:
    job = session.submit(GenerationRequest(prompt="a lake"))
    with pytest.raises(TimeoutError):
        job.result(0)
    assert job.result(SECONDS).state == "completed"


def test_a_job_is_awaited_from_any_loop_and_a_cancelled_wait_leaves_it_alone(session: Session) -> None:
    job = session.submit(GenerationRequest(prompt="a lake"))

    async def main() -> str:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_wait(), 0.01)
        return (await job).state

    async def _wait() -> None:
        await job

    assert asyncio.run(main()) == "completed"


def test_progress_goes_from_sending_to_completed(session: Session) -> None:
    job = session.submit(GenerationRequest(prompt="a lake"))
    states: list[str] = []
    job.on_change(lambda job: states.append(job.progress.state))
    job.result(SECONDS)
    assert states[-1] == "completed"
    assert set(states) <= {"sending", "queued", "dreaming", "downloading", "completed"}


def test_a_failed_generation_says_why_and_is_sent_again_next_time(session: Session) -> None:
    request = make_request("a lake", keyframes={"frame0": {"type": "image", "url": "data:text/html;base64,PHA+"}})
    for _ in range(2):
        with pytest.raises(GenerationFailedError, match="not made: Failed to read user input frames"):
            session.submit(request).result(SECONDS)


def test_a_job_that_failed_shows_its_reason(session: Session) -> None:
    job = session.submit(make_request("gore", kind="image"))
    job.exception(SECONDS)
    assert repr(job).startswith("Job('gore', failed: Contains blacklisted words")


def test_a_plan_says_what_the_studio_drew_if_another_backend_is_used(session: Session) -> None:
    session.dream("a lake", kind="image")
    plan = session.plan([Ask(make_request("a lake", kind="image"))])
    assert "drawn by" not in plan.summary
    assert "1 in the library (1 drawn by the studio: %dreams use" in Plan(plan.entries, "luma").summary


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_an_empty_prompt_is_refused_before_anything_is_sent(session: Session, prompt: str) -> None:
    with pytest.raises(InvalidRequestError, match="the prompt is empty"):
        session.dream(prompt)


def test_an_unknown_backend_names_the_choices(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="backend 'cloud' is not one of studio, dream-machine, luma, hosted"):
        Session(tmp_path, backend="cloud")


def test_the_hosted_backend_without_a_key_says_what_to_set(tmp_path: Path) -> None:
    with (
        Session(tmp_path, backend="dream-machine") as session,
        pytest.raises(ConfigurationError, match="set LUMAAI_API_KEY"),
    ):
        session.dream("a lake")


def test_a_closed_session_leaves_one_plain_ledger_file(session: Session) -> None:
    session.dream("a lake")
    session.close()
    assert sorted(path.name for path in Path("dreams").glob("ledger*")) == ["ledger.sqlite"]


def test_a_defect_of_the_studio_ends_no_job(
    session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    written, calls = answers.generation, itertools.count()

    def sometimes(*args: Any) -> bytes:
        # The first call answers the create.
        if next(calls) in (1, 2):
            raise ZeroDivisionError
        return written(*args)

    monkeypatch.setattr(answers, "generation", sometimes)
    assert session.dream("a lake").state == "completed"
    assert next(calls) > 3
    assert caplog.text.count("internal error of the studio") == 2


def test_a_listener_that_fails_ends_no_job(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    job = session.submit(GenerationRequest(prompt="a lake"))
    calls = itertools.count()

    def fail(_job: object) -> None:
        if next(calls):
            raise ZeroDivisionError

    job.on_change(fail)
    assert job.result(SECONDS).state == "completed"
    assert "ZeroDivisionError" in caplog.text


def test_a_listener_may_ask_what_is_under_way_while_the_session_closes(session: Session) -> None:
    job = session.submit(GenerationRequest(prompt="a lake"))
    job.on_change(lambda _: session.jobs())
    session.close()
    assert job.done()


def test_a_listener_may_stop_its_job(session: Session) -> None:
    job = session.submit(GenerationRequest(prompt="a lake"))
    job.on_change(session.stop)
    with pytest.raises(DreamError, match="stopped waiting"):
        job.result(SECONDS)


def test_a_listener_that_would_wait_for_its_own_loop_is_told_to_start_a_thread(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    job = session.submit(GenerationRequest(prompt="a lake"))
    job.on_end(lambda _: session.credits())
    job.result(SECONDS)
    session.close()
    assert "start a thread" in caplog.text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"prompt": "half \ud800"}, "an unpaired surrogate: remove that character"),
        ({"prompt": "a lake", "frame0": "data:image/png;base64,abc"}, "is not a valid data: URI"),
    ],
)
def test_what_no_request_can_hold_is_said_in_one_line(session: Session, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        session.dream(**fields)


@pytest.mark.parametrize("take", ["2", 1.5, 0, 10_001, True])
def test_a_take_is_a_whole_number(session: Session, take: Any) -> None:
    with pytest.raises(InvalidRequestError, match="is not a number from 1 to 10,000"):
        session.submit(GenerationRequest(prompt="a lake"), take=take)


def test_a_port_that_is_taken_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            Session("dreams", "studio", callbacks=Callbacks(port)) as session,
            pytest.raises(ConfigurationError, match=f"port {port} .*: give Callbacks another port"),
        ):
            session.credits()


def test_a_listener_may_ask_for_the_default_session_while_that_closes(session: Session) -> None:  # noqa: ARG001 - for its folder
    job = default_session().submit(GenerationRequest(prompt="a lake"))
    job.on_change(lambda _: known_default_session())
    close_default_session()
    assert job.done()


@pytest.mark.parametrize("name", [".gitignore", "assets", "progress", "studios", "studio.sqlite", ""])
def test_a_studio_that_leads_elsewhere_is_not_opened(session: Session, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    (outside / "inside").mkdir(parents=True)
    (outside / "letter").write_text("mine")
    folder = session.library.folder / ".studio"
    if name:
        folder.mkdir()
    (folder / name).symlink_to(outside)
    with pytest.raises(RuntimeError, match="is a link"):
        session.credits()
    assert (outside / "letter").read_text() == "mine"
    assert sorted(path.name for path in outside.iterdir()) == ["inside", "letter"]
