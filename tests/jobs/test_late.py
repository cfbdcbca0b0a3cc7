"""A paid result that comes late, or that its server shows in another form, is fetched and never paid for again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import Response

from dream_nb.api.errors import APIError, AuthenticationError, DreamError, GenerationFailedError, NotFoundError
from dream_nb.library.catalogue import Catalogue, Filter
from dream_nb.notebook.widgets.card import Card
from dream_nb.notebook.widgets.gallery import Gallery
from dream_nb.requests.fields import make_request
from dream_nb.results.job import Job
from dream_nb.session import Session
from tests.fakes.dream_machine import KEY, FakeDreamMachine, Reply
from tests.jobs.hosted import HASTE, SECONDS
from tests.studio.machine import wait_for

REQUEST = make_request("a lake", kind="image")
LATE = r"is completed and paid for, but the server has not provided its file yet: run the cell again"
ANOTHER = re.compile(r"another take|[Cc]hange the request|-t \d")
Document = dict[str, Any]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    """A strict fake that this process uses as the hosted API, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    with FakeDreamMachine().running() as fake:
        fake.use(monkeypatch)
        yield fake


@pytest.fixture
def start() -> Iterator[Callable[..., Session]]:
    """Opens sessions, and closes them at the end."""
    with ExitStack() as stack:

        def start(backend: str = "dream-machine", **given: Any) -> Session:
            options: Any = {"patience": HASTE, "prices": {"video": 32.0, "image": 1.5}} | given
            return stack.enter_context(Session("dreams", backend, **options))

        yield start


def holding(assets: Any) -> Callable[[Document], Document]:
    """For `fake.shows`: show these assets of completed generations."""
    return lambda shown: shown | {"assets": assets} if shown["state"] == "completed" else shown


def without(*names: str) -> Callable[[Document], Document]:
    return lambda shown: {name: value for name, value in shown.items() if name not in names}


def plainly(shown: Document) -> Document:
    return shown


def stated(state: str) -> Callable[[Document], Document]:
    """For `fake.shows`: show failed generations with another state and without a reason."""
    return lambda shown: shown | {"state": state, "failure_reason": None} if shown["state"] == "failed" else shown


def looks(fake: FakeDreamMachine) -> int:
    """The number of requests for a generation by its id."""
    return fake.count("GET", "/generations/0")


def bought_late(fake: FakeDreamMachine, session: Session) -> str:
    """Pay for a dream whose file is missing. Returns the generation's id."""
    fake.shows = holding(None)
    with pytest.raises(DreamError, match=LATE):
        session.submit(REQUEST).result(SECONDS)
    id_: str = fake.taken[0]["id"]
    return id_


@pytest.mark.parametrize(
    "assets",
    [None, {}, [], {"image": None}, {"image": ""}, {"image": "s3://bucket/a.jpg"}, ["https://a/b", "https://a/c"]],
)
def test_a_completed_one_is_asked_for_again_until_its_file_is_there(
    fake: FakeDreamMachine, start: Callable[..., Session], assets: Any
) -> None:
    fake.shows = holding(assets)
    notes: list[str] = []
    job = start().submit(REQUEST)
    job.on_change(lambda job: notes.append(job.progress.note))
    wait_for(lambda: "the server has not provided its file yet: trying again" in notes)
    seen = looks(fake)
    wait_for(lambda: looks(fake) > seen)
    fake.shows = plainly
    assert job.result(SECONDS).image.size == (16, 16)
    assert len(fake.posts) == 1


@pytest.mark.parametrize(
    "form",
    [
        lambda url: [{"type": "image", "url": url}],
        lambda url: [url],
        lambda url: [{"type": "thumbnail", "url": "https://a/b"}, {"type": "IMAGE", "url": url}],
        lambda url: {"image": {"url": url}},
        lambda url: {"url": url},
    ],
)
def test_assets_of_another_form_are_fetched(
    fake: FakeDreamMachine, start: Callable[..., Session], form: Callable[[str], Any]
) -> None:
    fake.shows = lambda shown: shown | {"assets": form(shown["assets"]["image"])} if "assets" in shown else shown
    assert start().submit(REQUEST).result(SECONDS).image.size == (16, 16)


def test_a_file_that_does_not_come_in_time_is_said_to_be_paid_for(
    fake: FakeDreamMachine, start: Callable[..., Session]
) -> None:
    id_ = bought_late(fake, session := start())
    with pytest.raises(DreamError, match=f"generation {id_} {LATE}") as caught:
        session.submit(REQUEST).result(SECONDS)
    assert not ANOTHER.search(str(caught.value))
    assert len(fake.posts) == 1


def by_the_cell(session: Session, _id: str) -> Job:
    return session.submit(REQUEST)


def by_its_id(session: Session, id_: str) -> Job:
    return session.bring_in(id_)


def by_sync(session: Session, _id: str) -> Job:
    (job,) = session.sync()
    return job


@pytest.mark.parametrize("way", [by_the_cell, by_its_id, by_sync])
def test_a_late_file_is_asked_for_by_every_later_run(
    fake: FakeDreamMachine, start: Callable[..., Session], way: Callable[[Session, str], Job]
) -> None:
    id_ = bought_late(fake, session := start())
    seen = looks(fake)
    with pytest.raises(DreamError, match=LATE):
        way(session, id_).result(SECONDS)
    assert looks(fake) > seen
    fake.shows = plainly
    assert way(session, id_).result(SECONDS).generation.id == id_
    assert session.submit(REQUEST).replayed
    assert len(fake.posts) == 1


def test_a_late_file_is_asked_for_by_the_next_session(fake: FakeDreamMachine, start: Callable[..., Session]) -> None:
    with start() as first:
        bought_late(fake, first)
    fake.shows = plainly
    (job,) = start().jobs()
    assert job.result(SECONDS).image.size == (16, 16)
    assert len(fake.posts) == 1


def test_sync_leaves_alone_what_is_under_way_and_what_is_there(
    fake: FakeDreamMachine, start: Callable[..., Session]
) -> None:
    session = start()
    session.submit(REQUEST).result(SECONDS)
    fake.holds = True
    job = session.submit(REQUEST, take=2)
    wait_for(lambda: any(record.take == 2 and record.generation for record in session.library.ledger.all()))
    assert session.sync() == []
    fake.holds = False
    assert job.result(SECONDS).take == 2


def test_what_was_called_completed_and_then_failed_is_refunded(
    fake: FakeDreamMachine, start: Callable[..., Session]
) -> None:
    session = start(budget=10)
    fake.fail = lambda _: "no colours left"
    fake.shows = lambda shown: shown | {"state": "completed"} if shown["state"] == "failed" else shown
    job = session.submit(REQUEST)
    wait_for(lambda: job.progress.state == "downloading")
    fake.shows = plainly
    with pytest.raises(GenerationFailedError, match="no colours left"):
        job.result(SECONDS)
    assert session.allowance.spent == 0.0


@pytest.mark.parametrize("number", [1, 2], ids=["poll", "list"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 425])
def test_a_look_that_is_refused_for_a_moment_ends_no_job(
    fake: FakeDreamMachine, start: Callable[..., Session], status: int, number: int
) -> None:
    fake.holds = True
    session = start()
    jobs = [session.submit(REQUEST, take=take) for take in range(1, number + 1)]
    wait_for(lambda: fake.count("GET", "/generations"))
    fake.look_replies += [Reply(status)] * 4
    wait_for(lambda: not fake.look_replies)
    fake.holds = False
    assert [job.result(SECONDS).image.size for job in jobs] == [(16, 16)] * number
    assert len(fake.posts) == number


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_a_look_that_stays_refused_advises_no_other_take(
    fake: FakeDreamMachine, start: Callable[..., Session], status: int
) -> None:
    fake.every_look = Reply(status)
    session = start()
    with pytest.raises(APIError, match=rf"getGeneration: {status}, on purpose.*run the cell again") as caught:
        session.submit(REQUEST).result(SECONDS)
    assert not ANOTHER.search(str(caught.value))
    assert looks(fake) > 1
    fake.every_look = None
    assert session.submit(REQUEST).result(SECONDS).take == 1
    assert len(fake.posts) == 1


def test_a_key_that_is_refused_while_it_is_made_is_to_be_checked(
    fake: FakeDreamMachine, start: Callable[..., Session]
) -> None:
    fake.every_look = Reply(403)
    with pytest.raises(AuthenticationError, match=r"Check the key .*the generation continues on the server"):
        start().submit(REQUEST).result(SECONDS)


def test_a_look_too_early_is_waited_for_like_a_server_that_is_busy(
    fake: FakeDreamMachine, start: Callable[..., Session]
) -> None:
    session = start(patience=replace(HASTE, call=0.2, connect=0.0))
    fake.every_look = Reply(425)
    job = session.submit(REQUEST)
    wait_for(lambda: job.seconds > 1.0)
    assert not job.done()
    fake.every_look = None
    assert job.result(SECONDS).image.size == (16, 16)


def test_one_that_the_account_cannot_list_is_followed_by_its_id(
    fake: FakeDreamMachine, start: Callable[..., Session]
) -> None:
    fake.order = lambda _: []
    session = start()
    jobs = [session.submit(REQUEST, take=take) for take in (1, 2)]
    assert [job.result(SECONDS).take for job in jobs] == [1, 2]


def gone(fake: FakeDreamMachine, start: Callable[..., Session], *, age: timedelta) -> Session:
    """A session whose dream was sent that long ago; the file is lost, and the server no longer knows the generation."""
    with start() as first:
        dream = first.submit(REQUEST).result(SECONDS)
        dream.path.unlink()
        ledger = first.library.ledger
        record = ledger.find(dream.hash, 1, "dream-machine")
        assert record is not None
        ledger.update(record, sent_at=(datetime.now(UTC) - age).isoformat())
    fake.taken.clear()
    fake.asset = lambda *_: Response(status_code=404)
    return start()


def test_one_that_its_server_lost_long_ago_is_said_to_be_gone(
    fake: FakeDreamMachine, start: Callable[..., Session]
) -> None:
    session = gone(fake, start, age=timedelta(days=30))
    with pytest.raises(DreamError, match=r"no longer on the server, .* another take \(take=2\)"):
        session.submit(REQUEST).result(SECONDS)
    assert looks(fake) == fake.count("GET", "/generations/") <= 2


def test_one_that_its_server_named_a_while_ago_is_not_said_to_be_gone(
    fake: FakeDreamMachine, start: Callable[..., Session]
) -> None:
    session = gone(fake, start, age=timedelta(seconds=30))
    with pytest.raises(APIError, match=r"404.* reported it .* ago, so it is not sent again: run the cell") as caught:
        session.submit(REQUEST).result(SECONDS)
    assert not ANOTHER.search(str(caught.value))


def test_a_studio_that_forgot_is_asked_anew_without_a_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Callable[..., Session]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "32")
    patience = replace(HASTE, call=10 * SECONDS)
    with start("studio", patience=patience) as first:
        first.submit(REQUEST).result(SECONDS).path.unlink()
    shutil.rmtree(tmp_path / "dreams" / ".studio")
    # If it were polled as long as a hosted server is, it would not come in time.
    assert start("studio", patience=patience).submit(REQUEST).result(SECONDS).path.exists()


@pytest.mark.parametrize(("state", "why"), [("CANCELLED", "the server canceled it"), ("Expired", "it expired on")])
def test_what_was_canceled_or_has_expired_was_not_made(
    fake: FakeDreamMachine, start: Callable[..., Session], state: str, why: str
) -> None:
    fake.fail = lambda _: "in the server's words"
    fake.shows = stated(state)
    session = start()
    with pytest.raises(GenerationFailedError, match=rf"not made: {why}.*Run the cell again to make it"):
        session.submit(REQUEST).result(SECONDS)
    (record,) = session.library.ledger.all()
    assert record.has_failed
    assert session.history()[0].state == state.lower().replace("ll", "l")
    fake.fail, fake.shows = lambda _: None, plainly
    assert session.submit(REQUEST).result(SECONDS).take == 1
    assert len(fake.posts) == 2


def canceled(fake: FakeDreamMachine, session: Session) -> None:
    fake.fail = lambda _: "in the server's words"
    fake.shows = stated("canceled")
    with pytest.raises(GenerationFailedError):
        session.submit(REQUEST).result(SECONDS)


def test_the_refund_of_what_was_canceled_is_seen(fake: FakeDreamMachine, start: Callable[..., Session]) -> None:
    fake.refunds = False
    canceled(fake, session := start(budget=100))
    assert session.allowance.spent == 1.5
    fake.refund()
    session.credits()
    assert session.allowance.spent == 0.0


def test_what_was_canceled_is_found_among_the_failed(fake: FakeDreamMachine, start: Callable[..., Session]) -> None:
    canceled(fake, session := start())
    catalogue = Catalogue(session.library.ledger)
    assert [catalogue.count(Filter(state=state)) for state in ("failed", "under way")] == [1, 0]


def test_widgets_show_what_was_canceled_as_not_made(fake: FakeDreamMachine, start: Callable[..., Session]) -> None:
    canceled(fake, session := start())
    card = Card(session.history()[0])
    assert (card.state, card.problem["title"], card.problem["facts"]) == (
        "failed",
        "Not made: the server canceled it",
        "",
    )
    (record,) = session.library.ledger.all()
    row = Gallery(session)._row(record)
    assert (row["state"], row["reason"]) == ("failed", "the server canceled it")


def test_what_was_canceled_has_no_file(fake: FakeDreamMachine, start: Callable[..., Session]) -> None:
    canceled(fake, session := start())
    with pytest.raises(DreamError, match=r"was not made \(the server canceled it\)"):
        _ = session.history()[0].path


def test_what_was_canceled_is_not_brought_in(fake: FakeDreamMachine, start: Callable[..., Session]) -> None:
    fake.fail = lambda _: "in the server's words"
    fake.shows = stated("expired")
    key = {"Authorization": f"Bearer {KEY}"}
    made = httpx2.post(
        f"{fake.base_url}/generations/image", json={"prompt": "a hill", "model": "photon-1"}, headers=key
    )
    session = start()
    assert session.sync() == []
    with pytest.raises(GenerationFailedError, match="it expired"):
        session.bring_in(made.json()["id"])


def test_a_library_one_folder_up_has_not_paid_for_what_was_canceled(
    fake: FakeDreamMachine, start: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    canceled(fake, start())
    Path("nb").mkdir()
    monkeypatch.chdir("nb")
    fake.fail, fake.shows = lambda _: None, plainly
    assert start().submit(REQUEST).result(SECONDS).take == 1


def test_a_state_in_capitals_is_understood(fake: FakeDreamMachine, start: Callable[..., Session]) -> None:
    fake.shows = lambda shown: shown | {"state": shown["state"].upper()}
    assert start().submit(REQUEST).result(SECONDS).state == "completed"


def test_an_unknown_state_is_shown_and_waited_for(fake: FakeDreamMachine, start: Callable[..., Session]) -> None:
    fake.shows = lambda shown: shown | {"state": "Paused"}
    job = start().submit(REQUEST)
    wait_for(lambda: job.progress.state == "Paused")
    fake.shows = plainly
    assert job.result(SECONDS).state == "completed"


def test_a_failure_reason_that_is_an_object_is_shown(fake: FakeDreamMachine, start: Callable[..., Session]) -> None:
    fake.fail = lambda _: "x"
    reason = {"code": "E7", "message": "no colours left"}
    fake.shows = lambda shown: shown | {"failure_reason": reason} if shown["state"] == "failed" else shown
    with pytest.raises(GenerationFailedError, match="not made: no colours left"):
        start().submit(REQUEST).result(SECONDS)


@pytest.mark.parametrize("number", [1, 2], ids=["poll", "list"])
def test_the_kind_is_known_where_the_server_does_not_say_it(
    fake: FakeDreamMachine, start: Callable[..., Session], number: int
) -> None:
    fake.shows = without("generation_type", "request")
    session = start()
    jobs = [session.submit(REQUEST, take=take) for take in range(1, number + 1)]
    assert [job.result(SECONDS).image.size for job in jobs] == [(16, 16)] * number


@pytest.mark.parametrize("way", [by_its_id, by_sync])
def test_the_request_is_known_where_the_server_does_not_say_it(
    fake: FakeDreamMachine, start: Callable[..., Session], way: Callable[[Session, str], Job]
) -> None:
    id_ = bought_late(fake, session := start())
    fake.shows = without("generation_type", "request")
    assert way(session, id_).result(SECONDS).request == REQUEST


def test_how_long_images_take_is_learned_where_the_server_does_not_say_the_kind(
    fake: FakeDreamMachine, start: Callable[..., Session]
) -> None:
    fake.shows = without("generation_type", "request")
    fake.holds = True
    session = start()
    job = session.submit(REQUEST)
    watcher = session._backends.runner("dream-machine").watcher
    wait_for(lambda: watcher._paces)
    assert list(watcher._paces) == ["image"]
    fake.holds = False
    job.result(SECONDS)


def test_an_id_that_the_server_never_named_is_asked_for_once(
    fake: FakeDreamMachine, start: Callable[..., Session]
) -> None:
    with pytest.raises(NotFoundError):
        start().bring_in("00000000-0000-4000-8000-00000000000f")
    assert looks(fake) == 1


@pytest.mark.parametrize("status", [400, 404])
def test_what_a_list_has_just_named_is_asked_for_again(
    fake: FakeDreamMachine, start: Callable[..., Session], status: int
) -> None:
    with start() as first:
        bought_late(fake, first)
        (record,) = first.library.ledger.all()
        first.library.ledger.update(record, sent_at=(datetime.now(UTC) - timedelta(days=30)).isoformat())
    fake.every_look = Reply(status)
    with start() as session:
        (job,) = session.jobs()
        assert job.exception(SECONDS) is not None
        fake.every_look, fake.shows = None, plainly
        # The list is answered as usual, the request for the generation is refused.
        fake.look_replies += [None, Reply(status)]
        assert by_sync(session, "").result(SECONDS).take == 1
