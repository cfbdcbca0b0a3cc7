"""A create whose answer was lost is found if that is certain, else shown, and never sent again automatically."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request as Call
from starlette.responses import Response

from dream_nb.api.canonical import request_from
from dream_nb.api.errors import APIError, DreamError, OutcomeUnknownError
from dream_nb.api.models import Generation
from dream_nb.api.portal import portal
from dream_nb.api.request_models import ImageGenerationRequest, Request
from dream_nb.requests.fields import make_request
from dream_nb.requests.identity import answers
from dream_nb.session import Session
from tests.fakes.dream_machine import FakeDreamMachine, Reply
from tests.jobs.hosted import HASTE, SECONDS, Held
from tests.studio.machine import until, wait_for

PROMPT = "a  serene lac Léman\nat sunset"
REQUEST = make_request(PROMPT, kind="image", image_ref=[{"url": "https://example.org/a.jpg?signed=1", "weight": 0.85}])
Echo = Callable[[dict[str, Any]], dict[str, Any] | None]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    """A fake that this process uses as the hosted API, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    with FakeDreamMachine("2024").running() as fake:
        fake.use(monkeypatch)
        yield fake


def opened() -> Session:
    return Session("dreams", patience=HASTE, prices={"video": 32.0, "image": 1.5})


def without(name: str) -> Echo:
    return lambda request: {key: value for key, value in request.items() if key != name}


def prompted(change: Callable[[str], str]) -> Echo:
    return lambda request: request | {"prompt": change(request["prompt"])}


def referring(**fields: object) -> Echo:
    return lambda request: request | {"image_ref": [request["image_ref"][0] | fields]}


CERTAIN: dict[str, Echo] = {
    "as it was sent": lambda request: request,
    "prompt trimmed": prompted(str.strip),
    "white space collapsed": prompted(lambda prompt: " ".join(prompt.split())),
    "another Unicode form": prompted(lambda prompt: unicodedata.normalize("NFD", prompt)),
    "another signature": referring(url="https://example.org/a.jpg?signed=2&expires=9"),
    "without a signature": referring(url="https://example.org/a.jpg"),
    "a weight in single precision": referring(weight=0.8500000238418579),
    "default ratio left out": without("aspect_ratio"),
    "default model left out": without("model"),
    "type left out": without("generation_type"),
    "fields added": lambda request: request | {"seed": 3, "loop": False},
}
NEAR: dict[str, tuple[Echo, str]] = {
    "prompt enhanced": (prompted(lambda prompt: prompt + ", highly detailed"), "its prompt is"),
    "model renamed": (lambda request: request | {"model": "photon-1-preview"}, "its model is photon-1-preview"),
    "no request": (lambda _: None, "its request is missing"),
    "another picture": (referring(url="https://example.org/b.jpg"), "its image_ref is"),
    "a reference added": (lambda request: request | {"style_ref": [{"url": "https://x"}]}, "it has style_ref"),
}


@pytest.mark.parametrize("echo", CERTAIN.values(), ids=CERTAIN)
def test_an_echo_that_says_the_same_is_found(fake: FakeDreamMachine, echo: Echo) -> None:
    fake.echo = echo
    fake.replies.append(Reply(taken=True))
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[0]["id"]
    assert len(fake.posts) == 1


@pytest.mark.parametrize(("echo", "words"), NEAR.values(), ids=NEAR)
def test_an_echo_that_says_something_else_is_shown_with_what_differs(
    fake: FakeDreamMachine, echo: Echo, words: str
) -> None:
    fake.echo = echo
    fake.replies.append(Reply(taken=True))
    with opened() as session:
        with pytest.raises(OutcomeUnknownError, match=r"with %dreams lost.*another take \(take=2\)"):
            session.submit(REQUEST).result(SECONDS)
        (lost,) = session.lost()
        (candidate,) = lost.candidates
        assert words in " ".join(candidate.differences)
        job = session.settle(lost, candidate.generation.id)
        assert job is not None
        assert job.result(SECONDS).prompt == PROMPT
        assert session.submit(REQUEST).replayed
        assert session.lost() == []
    assert len(fake.posts) == 1


def test_a_create_that_was_not_taken_may_be_sent_again_once_that_is_said(fake: FakeDreamMachine) -> None:
    fake.replies.append(Reply())
    with opened() as session:
        with pytest.raises(OutcomeUnknownError):
            session.submit(REQUEST).result(SECONDS)
        (lost,) = session.lost()
        assert lost.candidates == ()
        assert session.settle(lost, None) is None
        assert session.submit(REQUEST).result(SECONDS).state == "completed"
    assert (len(fake.posts), len(fake.taken)) == (2, 1)


def test_what_is_settled_is_not_settled_again(fake: FakeDreamMachine) -> None:
    fake.replies.append(Reply())
    with opened() as session:
        with pytest.raises(OutcomeUnknownError):
            session.submit(REQUEST).result(SECONDS)
        (lost,) = session.lost()
        session.settle(lost, None)
        session.submit(REQUEST).result(SECONDS)
        with pytest.raises(DreamError, match="is already known: nothing changed"):
            session.settle(lost, None)
    assert len(fake.taken) == 1


def test_the_generation_of_another_request_settles_nothing(fake: FakeDreamMachine) -> None:
    with opened() as session:
        other = session.submit(make_request("a hill", kind="image")).result(SECONDS).generation.id
        fake.replies.append(Reply())
        with pytest.raises(OutcomeUnknownError):
            session.submit(REQUEST).result(SECONDS)
        (lost,) = session.lost()
        with pytest.raises(DreamError, match="belongs to another request in this library"):
            session.settle(lost, other)
        assert session.lost() != []


def test_an_image_is_not_settled_by_a_video(fake: FakeDreamMachine) -> None:
    film = fake._take({"prompt": PROMPT, "generation_type": "video"}, "video")
    fake.replies.append(Reply())
    with opened() as session:
        with pytest.raises(OutcomeUnknownError):
            session.submit(REQUEST).result(SECONDS)
        (lost,) = session.lost()
        with pytest.raises(DreamError, match=r"is video, and .* asked for image: nothing changed"):
            session.settle(lost, film["id"])
        assert session.lost() != []


def lost_and_late(fake: FakeDreamMachine, session: Session) -> str:
    """Send a create that is accepted, but that the list shows only after it was given up. Returns its id."""
    fake.replies.append(Reply(taken=True))
    fake.hides = 10**6
    with pytest.raises(OutcomeUnknownError):
        session.submit(REQUEST).result(SECONDS)
    fake.hides, fake._hidden = 0, dict.fromkeys(fake._hidden, 0)
    return str(fake.taken[0]["id"])


def test_bringing_it_in_by_its_id_settles_it(fake: FakeDreamMachine) -> None:
    with opened() as session:
        id_ = lost_and_late(fake, session)
        assert session.bring_in(id_).result(SECONDS).take == 1
        assert session.submit(REQUEST).replayed
        assert len(session.library.ledger.all()) == 1
    assert len(fake.posts) == 1


def test_bringing_everything_in_settles_it(fake: FakeDreamMachine) -> None:
    with opened() as session:
        lost_and_late(fake, session)
        (job,) = session.sync()
        assert job.result(SECONDS).take == 1
        assert session.submit(REQUEST).replayed
        assert len(session.library.ledger.all()) == 1
    assert len(fake.posts) == 1


def test_asking_three_times_pays_once(fake: FakeDreamMachine) -> None:
    with opened() as session:
        lost_and_late(fake, session)
        for _ in range(3):
            session.submit(REQUEST).result(SECONDS)
    assert len(fake.posts) == 1


@pytest.mark.parametrize("older", [0, 3, 250])
def test_a_list_that_begins_with_the_oldest_is_read_to_its_end(fake: FakeDreamMachine, older: int) -> None:
    for number in range(older):
        fake._take({"prompt": f"older {number}"}, "image")
    fake.order = lambda listed: listed[::-1]
    fake.replies.append(Reply(taken=True))
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[-1]["id"]
    assert len(fake.posts) == 1


CLOCKS = [timedelta(), timedelta(minutes=-7), timedelta(minutes=7), timedelta(hours=-3), timedelta(hours=3)]


@pytest.mark.parametrize("date", CLOCKS, ids=str)
@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_clocks_of_list_and_answers_may_differ(fake: FakeDreamMachine, clock: timedelta, date: timedelta) -> None:
    fake.clock, fake.date, fake.holds = clock, date, True
    fake.replies.append(Reply(taken=True))
    with opened() as session:
        job = session.submit(REQUEST)
        wait_for(lambda: session.library.ledger.all()[0].generation or job.done())
        fake.holds = False
        assert job.result(SECONDS).generation.id == fake.taken[0]["id"]
    assert len(fake.posts) == 1


@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_a_clock_that_was_seen_before_finds_what_is_finished_already(fake: FakeDreamMachine, clock: timedelta) -> None:
    fake.clock = clock
    with opened() as session:
        session.submit(make_request("a hill", kind="image")).result(SECONDS)
        fake.replies.append(Reply(taken=True))
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[1]["id"]
    assert len(fake.posts) == 2


def test_a_clock_that_is_a_moment_behind_finds_what_is_finished_already(fake: FakeDreamMachine) -> None:
    # More than the error of the Date header, which has whole seconds.
    fake.clock = timedelta(seconds=-2)
    fake.replies.append(Reply(taken=True))
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[0]["id"]
    assert len(fake.posts) == 1


@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_what_may_be_the_answer_was_made_at_its_time_by_the_clock_of_the_server(
    fake: FakeDreamMachine, clock: timedelta
) -> None:
    fake.clock, fake.echo = clock, prompted(lambda prompt: prompt + ", highly detailed")
    with opened() as session:
        session.submit(make_request("a hill", kind="image")).result(SECONDS)
        fake.replies.append(Reply(taken=True))
        with pytest.raises(OutcomeUnknownError):
            session.submit(REQUEST).result(SECONDS)
        (lost,) = session.lost()
        assert [one.generation.id for one in lost.nearest] == [fake.taken[1]["id"]]
        assert session.sync() == []


@pytest.mark.parametrize("sent", [timedelta(minutes=-1), timedelta(hours=1)], ids=["a minute ago", "clock set back"])
def test_how_long_a_generation_took_is_unknown_where_its_end_was_not_seen(
    fake: FakeDreamMachine, sent: timedelta
) -> None:
    with opened() as session:
        ledger = session.library.ledger
        ledger.update(
            ledger.intend(REQUEST, 1, "dream-machine"),
            state="taken",
            sent_at=(datetime.now(UTC) + sent).isoformat(),
            generation=Generation.from_answer(fake._shown(fake._take(REQUEST.wire(), "image"))),
        )
    with opened() as session:
        (job,) = session.jobs()
        assert job.result(SECONDS).seconds is None


@pytest.mark.parametrize("age", [timedelta(minutes=30), timedelta(seconds=20)], ids=str)
def test_an_older_generation_of_the_same_request_is_not_taken_for_the_lost_one(
    fake: FakeDreamMachine, age: timedelta
) -> None:
    older = fake._take(REQUEST.wire(), "image")
    older["created_at"] = (datetime.now(UTC) - age).isoformat()
    fake._advance(older)
    fake.replies.append(Reply())
    with opened() as session:
        with pytest.raises(OutcomeUnknownError):
            session.submit(REQUEST).result(SECONDS)
        (lost,) = session.lost()
        assert [one.generation.id for one in lost.candidates] == [older["id"]]


def test_a_clock_that_was_set_back_does_not_prolong_the_look(fake: FakeDreamMachine) -> None:
    with opened() as session:
        record = session.library.ledger.intend(REQUEST, 1, "dream-machine")
        later = datetime.now(UTC) + timedelta(hours=1)
        session.library.ledger.update(record, state="sending", sent_at=later.isoformat())
    with opened() as session:
        (job,) = session.jobs()
        with pytest.raises(OutcomeUnknownError):
            job.result(SECONDS)
    assert fake.posts == []


SAYS_NOT_TAKEN = [400, 402, 409, 410, 425, 429, 503]
REFUSES = [401, 403, 404, 405, 413, 415, 422]


@pytest.mark.parametrize("status", SAYS_NOT_TAKEN)
def test_what_was_taken_all_the_same_is_not_sent_again(fake: FakeDreamMachine, status: int) -> None:
    fake.replies.append(Reply(status, taken=True, headers={"retry-after": "0"}))
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[0]["id"]
    assert len(fake.posts) == 1


@pytest.mark.parametrize("status", [400, 402, 409, 410])
def test_what_may_have_been_taken_is_looked_for_before_it_is_sent_again(fake: FakeDreamMachine, status: int) -> None:
    fake.replies.append(Reply(status, taken=True))
    fake.hides = 1
    with opened() as session:
        with pytest.raises(APIError, match=str(status)):
            session.submit(REQUEST).result(SECONDS)
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[0]["id"]
    assert len(fake.posts) == 1


@pytest.mark.parametrize("status", SAYS_NOT_TAKEN)
def test_what_was_not_taken_may_be_sent_again(fake: FakeDreamMachine, status: int) -> None:
    fake.replies.append(Reply(status, headers={"retry-after": "0"}))
    with opened() as session:
        for _ in range(2):
            if session.submit(REQUEST).exception(SECONDS) is None:
                break
        assert session.submit(REQUEST).replayed
    assert (len(fake.posts), len(fake.taken)) == (2, 1)


@pytest.mark.parametrize("status", REFUSES)
def test_what_was_certainly_refused_is_not_looked_for(fake: FakeDreamMachine, status: int) -> None:
    fake.replies.append(Reply(status))
    with opened() as session:
        with pytest.raises(APIError, match=str(status)):
            session.submit(REQUEST).result(SECONDS)
        (record,) = session.library.ledger.all()
        assert (record.state, record.sent_at) == ("intended", None)
    assert fake.calls.count(("GET", "/generations")) == 0


def test_what_a_refused_create_may_have_made_is_not_brought_in_as_another_take(fake: FakeDreamMachine) -> None:
    fake.replies.append(Reply(400, taken=True))
    fake.hides = 1
    with opened() as session:
        with pytest.raises(APIError, match="400"):
            session.submit(REQUEST).result(SECONDS)
        assert session.sync() == []
        assert session.submit(REQUEST).result(SECONDS).take == 1
    assert len(fake.posts) == 1


def test_what_a_refused_create_may_have_made_is_remembered_beside_the_ledger(fake: FakeDreamMachine) -> None:
    with opened():
        shutil.copy("dreams/ledger.sqlite", "older.sqlite")
    fake.replies.append(Reply(400, taken=True))
    fake.hides = 1
    with opened() as session, pytest.raises(APIError, match="400"):
        session.submit(REQUEST).result(SECONDS)
    Path("older.sqlite").replace("dreams/ledger.sqlite")
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[0]["id"]
    assert len(fake.posts) == 1


def test_a_clock_of_the_server_that_jumps_loses_nothing(fake: FakeDreamMachine) -> None:
    fake.clock = fake.date = timedelta(hours=-3)
    fake.replies.append(Reply(425, taken=True, headers={"retry-after": "1"}))
    with opened() as session:
        job = session.submit(REQUEST)
        wait_for(lambda: fake.posts)
        fake.clock = fake.date = timedelta()
        assert job.result(SECONDS).generation.id == fake.taken[0]["id"]
    assert len(fake.posts) == 1


def test_what_another_session_finds_while_this_one_looks_stays_found(fake: FakeDreamMachine) -> None:
    fake.replies.append(Reply(taken=True))
    fake.hides = 10**6
    with Session("dreams", patience=replace(HASTE, reconcile=3.0), prices={"image": 1.5}) as session:
        job = session.submit(REQUEST)
        wait_for(lambda: fake.count("GET", "/generations") > 1)
        (row,) = session.library.ledger.under_way()
        assert session.library.ledger.claim(row, Generation(id=fake.taken[0]["id"], state="queued")) is not None
        assert job.result(SECONDS).generation.id == fake.taken[0]["id"]
    assert len(fake.posts) == 1


def test_what_another_session_is_sending_is_not_settled(fake: FakeDreamMachine) -> None:
    fake.replies.append(Reply())
    with opened() as session:
        with pytest.raises(OutcomeUnknownError):
            session.submit(REQUEST).result(SECONDS)
        (lost,) = session.lost()
        assert session.library.ledger.lease(lost.record, "another session", 60)
        with pytest.raises(DreamError, match="another notebook is working on it"):
            session.settle(lost, None)
        assert session.library.ledger.reread(lost.record).state == "unknown"


OTHERS: dict[str, tuple[Request, dict[str, Any]]] = {
    "an end where none was asked for": (
        make_request("a lake", frame0="https://example.org/a.jpg"),
        {"keyframes": {name: {"type": "image", "url": "https://example.org/a.jpg"} for name in ("frame0", "frame1")}},
    ),
    "a second character": (
        make_request("a lake", kind="image", character_ref={"identity0": {"images": ["https://example.org/a.jpg"]}}),
        {"character_ref": {f"identity{at}": {"images": ["https://example.org/a.jpg"]} for at in (0, 1)}},
    ),
    "concepts where none were asked for": (make_request("a lake"), {"concepts": [{"key": "orbit_left"}]}),
    "another picture behind the same address": (
        make_request("a lake", frame0="https://example.org/picture?id=1"),
        {"keyframes": {"frame0": {"type": "image", "url": "https://example.org/picture?id=2"}}},
    ),
    "another picture that was uploaded": (
        make_request("a lake", frame0="data:image/png;base64,iVBORw0KGgox"),
        {"keyframes": {"frame0": {"type": "image", "url": f"https://example.org/{'0' * 24}.png?signed=1"}}},
    ),
    "another picture in a data: URI": (
        make_request("a lake", frame0="data:image/png;base64,iVBORw0KGgox"),
        {"keyframes": {"frame0": {"type": "image", "url": "data:image/png;base64,QkJC"}}},
    ),
    "another address as the prompt": (
        make_request("https://example.org/picture.jpg?id=1"),
        {"prompt": "https://example.org/picture.jpg?id=2"},
    ),
}


@pytest.mark.parametrize(("sent", "given"), OTHERS.values(), ids=OTHERS)
def test_a_generation_of_another_request_is_no_answer(sent: Request, given: dict[str, Any]) -> None:
    generation = Generation(id="x", state="queued", generation_type=sent.generation_type)
    assert answers(generation.model_copy(update={"request": sent}), sent)
    assert not answers(generation.model_copy(update={"request": request_from(sent.wire() | given)}), sent)


def test_what_may_be_the_answer_to_a_lost_create_is_not_brought_in_beside_it(fake: FakeDreamMachine) -> None:
    fake.echo = prompted(lambda prompt: prompt + ", highly detailed")
    older = fake._take(make_request("an older hill", kind="image").wire(), "image")
    older["created_at"] = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    fake.replies.append(Reply(taken=True))
    with opened() as session:
        with pytest.raises(OutcomeUnknownError):
            session.submit(REQUEST).result(SECONDS)
        (job,) = session.sync()
        assert job.result(SECONDS).generation.id == older["id"]
        (lost,) = session.lost()
        settled = session.settle(lost, fake.taken[1]["id"])
        assert settled is not None
        assert settled.result(SECONDS).prompt == PROMPT


def test_of_two_that_may_be_it_the_one_that_failed_is_left(fake: FakeDreamMachine) -> None:
    fake.fail = lambda _: "out of colours"
    with Session("elsewhere", patience=HASTE, prices={"image": 1.5}) as session:
        assert session.submit(REQUEST).exception(SECONDS) is not None
    fake.fail = lambda _: None
    fake.replies.append(Reply(502, taken=True))
    with opened() as session:
        assert session.submit(REQUEST).result(SECONDS).generation.id == fake.taken[-1]["id"]
    assert len(fake.posts) == 2


class Reluctant(FakeDreamMachine):
    """A fake that delays the answers to accepted creates while `waits` is True."""

    waits = False

    async def _create(self, request: Call, kind: str) -> Response:
        answer = await super()._create(request, kind)
        if answer.status_code == 201:
            await until(lambda: not self.waits)
        return answer


@pytest.fixture
def reluctant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reluctant]:
    monkeypatch.chdir(tmp_path)
    fake = Reluctant("2024")
    with fake.running():
        fake.use(monkeypatch)
        yield fake


def with_a_sure_price(fake: FakeDreamMachine) -> Session:
    """A session that knows the price for certain, so that its creates need not be sent one by one."""
    session = Session("dreams", patience=replace(HASTE, call=30.0), prices={"image": 1.5})
    session.submit(make_request("a hill", kind="image")).result(SECONDS)
    fake.posts.clear()
    return session


def test_a_take_is_not_sent_while_another_one_is_looked_for(reluctant: Reluctant) -> None:
    with with_a_sure_price(reluctant) as session:
        looks = reluctant.count("GET", "/generations")
        reluctant.replies.append(Reply())
        lost = session.submit(REQUEST)
        wait_for(lambda: reluctant.count("GET", "/generations") > looks)
        # If it were sent now, it would be in the list before its row has its id.
        reluctant.waits = True
        other = session.submit(REQUEST, take=2)
        with pytest.raises(OutcomeUnknownError):
            lost.result(SECONDS)
        reluctant.waits = False
        assert other.result(SECONDS).generation.id == reluctant.taken[-1]["id"]
    assert len(reluctant.posts) == 2


def test_a_take_is_not_looked_for_while_another_one_is_being_sent(reluctant: Reluctant) -> None:
    with with_a_sure_price(reluctant) as session:
        reluctant.waits = True
        other = session.submit(REQUEST, take=2)
        wait_for(lambda: len(reluctant.posts) == 1)
        reluctant.replies.append(Reply())
        lost = session.submit(REQUEST)
        wait_for(lambda: len(reluctant.posts) == 2)
        reluctant.replies.append(Reply(401))
        # A complete request with another prompt takes long enough for a request for the list.
        with pytest.raises(APIError, match="401"):
            session.submit(make_request("a wood", kind="image")).result(SECONDS)
        reluctant.waits = False
        assert other.result(SECONDS).generation.id == reluctant.taken[-1]["id"]
        with pytest.raises(OutcomeUnknownError):
            lost.result(SECONDS)


@pytest.mark.parametrize("made", [1, 2])
def test_a_lost_take_of_the_studio_is_found_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: int
) -> None:
    monkeypatch.chdir(tmp_path)
    with Session("dreams", "studio", patience=HASTE, executor=Held) as session:
        ledger, client = session.library.ledger, session._backends.runner("studio").backend.client
        request = ImageGenerationRequest(prompt="a lake")
        sent_at = datetime.now(UTC).isoformat()
        ledger.update(ledger.intend(request, 2, "studio"), state="sending", sent_at=sent_at)
        portal.call(partial(client.create, request, headers={"Dream-Take": str(made)}))
    with Session("dreams", "studio", patience=HASTE, executor=Held) as session:
        (job,) = session.jobs()
        assert isinstance(job.exception(SECONDS), OutcomeUnknownError) == (made == 1)
