"""A key works at the first attempt, on the API of 2024 and on that of 2025."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.errors import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    InvalidRequestError,
    NotFoundError,
    NotReplayedError,
    RateLimitError,
    ServerError,
    UnreadableAnswerError,
)
from dream_nb.notebook.magics.to_line import to_line
from dream_nb.notebook.widgets.panel import Panel
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask
from dream_nb.session import Session
from dream_nb.storyboard.storyboard import Shot, Storyboard
from tests.fakes.dream_machine import CONCEPTS, MOTIONS, FakeDreamMachine, Reply
from tests.jobs.hosted import HASTE, sidecar

SECONDS = 240
WORDS = ("/generations/concepts/list", "/generations/camera_motion/list")
MODEL = {"2024": None, "2025": "ray-2"}

Open = Callable[..., Session]


@pytest.fixture(params=["2024", "2025"])
def api(request: pytest.FixtureRequest) -> Literal["2024", "2025"]:
    found: Literal["2024", "2025"] = request.param
    return found


def _running(api: Literal["2024", "2025"], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    monkeypatch.chdir(folder)
    with FakeDreamMachine(api).running() as server:
        server.use(monkeypatch)
        yield server


@pytest.fixture
def fake(api: Literal["2024", "2025"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    """A strict fake of one API and then of the other, which this process uses as the hosted API."""
    yield from _running(api, tmp_path, monkeypatch)


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    """A strict fake of the newer API."""
    yield from _running("2025", tmp_path, monkeypatch)


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    """A strict fake of the older API."""
    yield from _running("2024", tmp_path, monkeypatch)


@pytest.fixture
def start() -> Iterator[Open]:
    """Opens sessions, and closes them at the end."""
    with contextlib.ExitStack() as stack:

        def start(library: str = "dreams", backend: str | None = "dream-machine", **given: Any) -> Session:
            options: Any = {"patience": replace(HASTE, call=10.0), "prices": {"video": 32.0, "image": 1.5}} | given
            return stack.enter_context(Session(library, backend, **options))

        yield start


def asked(fake: FakeDreamMachine) -> int:
    """The number of requests that detect the server's API."""
    return fake.count("GET", WORDS[0])


def models(fake: FakeDreamMachine) -> list[str | None]:
    """The models of the creates that the server received."""
    return [body.get("model") for body in fake.posts]


def test_a_video_works_at_the_first_try(fake: FakeDreamMachine, start: Open) -> None:
    dream = start().dream("a lake")
    assert (dream.state, models(fake), fake.count("POST")) == ("completed", [MODEL[fake.api]], 1)
    assert dream.path.read_bytes()


def test_an_image_works_at_the_first_try_and_names_its_model(fake: FakeDreamMachine, start: Open) -> None:
    dream = start().dream("a lake", kind="image")
    assert (dream.state, models(fake), fake.count("POST")) == ("completed", ["photon-1"], 1)


def test_the_model_is_in_request_ledger_and_sidecar(fake: FakeDreamMachine, start: Open) -> None:
    session = start()
    dream = session.dream("a lake")
    (record,) = session.library.ledger.all()
    kept = [dream.request.model, record.request.model, sidecar(dream.path)["request"].get("model")]
    assert kept == 3 * [MODEL[fake.api]]


def test_the_model_is_part_of_the_hash(newer: FakeDreamMachine, start: Open) -> None:
    session = start()
    named, plain = session.dream("a lake", model="ray-2"), session.dream("a lake")
    assert (named.hash, newer.count("POST")) == (plain.hash, 1)
    assert session.dream("a lake", model="ray-flash-2").hash != plain.hash


def test_a_dry_run_shows_the_model_and_sends_nothing(fake: FakeDreamMachine, start: Open) -> None:
    plan = start().plan([Ask(make_request("a lake"))])
    assert (plan.documents[0].get("model"), fake.count("POST")) == (MODEL[fake.api], 0)


def test_a_model_that_is_named_is_sent(newer: FakeDreamMachine, start: Open) -> None:
    start().dream("a lake", model="ray-flash-2")
    assert models(newer) == ["ray-flash-2"]


def test_a_sweep_names_the_model_in_each(fake: FakeDreamMachine, start: Open) -> None:
    start().sweep("a {red|blue} lake")
    assert models(fake) == 2 * [MODEL[fake.api]]


def test_a_storyboard_names_the_model_in_each_shot(fake: FakeDreamMachine, start: Open) -> None:
    shots: list[str | Shot] = ["a lake", Shot("night falls"), Shot("a city", cut=True)]
    board = Storyboard(shots, session=start())
    assert [document.get("model") for document in board.plan().documents] == 3 * [MODEL[fake.api]]
    board.make()
    assert (len(board.shots), models(fake), asked(fake)) == (3, 3 * [MODEL[fake.api]], 1)


def test_a_storyboard_that_was_made_is_replayed_without_the_server(fake: FakeDreamMachine, start: Open) -> None:
    Storyboard(["a lake", "night falls"], session=start()).make()
    calls = len(fake.calls)
    board = Storyboard(["a lake", "night falls"], session=start())
    assert board.plan().new == 0
    board.make()
    assert len(fake.calls) == calls


def test_what_goes_on_from_a_dream_keeps_its_model(fake: FakeDreamMachine, start: Open) -> None:
    dream = start().dream("a lake")
    dream.extend("night falls")
    dream.variations(1)
    assert models(fake) == 3 * [MODEL[fake.api]]


def test_a_panel_shows_motions_of_the_older_api_only_and_makes_videos(fake: FakeDreamMachine, start: Open) -> None:
    panel = Panel(start(), prompt="a lake")
    panel.begin()
    (job,) = panel.generate()
    job.result(SECONDS)
    assert list(panel.motions) == (MOTIONS if fake.api == "2024" else [])
    # The list of concepts is also requested to detect the server's API.
    assert (models(fake), asked(fake)) == ([MODEL[fake.api]], 1 if fake.api == "2024" else 2)
    assert panel.offers["concepts"] == (CONCEPTS if fake.api == "2025" else [])


def test_a_copied_line_and_code_ask_for_the_same(newer: FakeDreamMachine, start: Open) -> None:
    dream = start().dream("a lake")
    assert "model='ray-2'" in dream.to_code()
    line = to_line(dream.request, start().library, Path.cwd())
    assert "--model ray-2" in line
    assert start().dream("a lake", model="ray-2").hash == dream.hash
    assert newer.count("POST") == 1


def test_the_lists_are_those_of_the_api(fake: FakeDreamMachine, start: Open) -> None:
    session = start()
    expected = (MOTIONS, []) if fake.api == "2024" else ([], CONCEPTS)
    assert (session.camera_motions(), session.concepts()) == expected
    assert (session.camera_motions(), session.concepts()) == expected


def test_concepts_are_sent(newer: FakeDreamMachine, start: Open) -> None:
    start().dream("a lake", concepts=[{"key": "dolly_zoom"}])
    assert newer.posts[0]["concepts"] == [{"key": "dolly_zoom"}]


def test_twenty_at_once_ask_once_and_before_any_create(fake: FakeDreamMachine, start: Open) -> None:
    session = start()
    with ThreadPoolExecutor(20) as threads:
        jobs = list(threads.map(lambda n: session.submit(make_request(f"lake {n}")), range(20)))
    for job in jobs:
        job.result(SECONDS)
    assert (asked(fake), fake.count("POST"), len(fake.taken)) == (1, 20, 20)
    assert fake.calls.index(("GET", WORDS[0])) < [method for method, _ in fake.calls].index("POST")


def test_one_request_from_twenty_threads_is_sent_once(fake: FakeDreamMachine, start: Open) -> None:
    session = start()
    with ThreadPoolExecutor(20) as threads:
        jobs = list(threads.map(lambda _: session.submit(make_request("a lake")), range(20)))
    for job in jobs:
        job.result(SECONDS)
    assert fake.count("POST") == 1


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_question_that_fails_for_a_while_is_asked_again(fake: FakeDreamMachine, start: Open, status: int) -> None:
    fake.word_replies += [Reply(status), Reply(status), Reply(None)]
    assert start().dream("a lake").state == "completed"
    assert fake.count("POST") == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(500), ServerError),
        (Reply(429), RateLimitError),
        (Reply(None), APIConnectionError),
        (Reply(401), AuthenticationError),
        (Reply(403), AuthenticationError),
        (Reply(200, body="<html>"), UnreadableAnswerError),
        (Reply(200, body='{"concepts": []}'), UnreadableAnswerError),
        (Reply(302, headers={"location": "https://example.com/"}), UnreadableAnswerError),
        (Reply(404), NotFoundError),
    ],
)
def test_nothing_is_made_or_written_down_while_the_api_is_unknown(
    newer: FakeDreamMachine, start: Open, reply: Reply, error: type[APIError]
) -> None:
    newer.word_replies += [reply] * 1000
    session = start(patience=replace(HASTE, call=0.2, connect=0.1))
    with pytest.raises(error):
        session.dream("a lake")
    assert (newer.count("POST"), session.library.ledger.all()) == (0, [])
    newer.word_replies.clear()
    assert session.dream("a lake").state == "completed"
    assert newer.count("POST") == 1


@pytest.mark.parametrize("status", [400, 404, 405, 410, 422, 501])
def test_a_server_that_knows_no_concepts_is_asked_for_motions(
    older: FakeDreamMachine, start: Open, status: int
) -> None:
    older.word_replies += [Reply(status)]
    assert start().dream("a lake").state == "completed"
    assert [path for method, path in older.calls if method == "GET"][:2] == list(WORDS)
    assert (older.count("POST", "/generations"), models(older)) == (1, [None])


def test_a_wrong_address_is_told_by_its_name(newer: FakeDreamMachine, start: Open) -> None:
    newer.word_replies += [Reply(404), Reply(404)]
    with pytest.raises(NotFoundError, match="neither concepts nor camera motions"):
        start().dream("a lake")


def test_an_empty_list_of_concepts_is_one(newer: FakeDreamMachine, start: Open) -> None:
    newer.word_replies += [Reply(200, body="[]")]
    start().dream("a lake")
    assert models(newer) == ["ray-2"]


@pytest.mark.parametrize("options", [{"replay": "only"}, {"replay": "free"}, {}])
def test_what_was_made_is_replayed_without_key_and_network(
    fake: FakeDreamMachine, start: Open, monkeypatch: pytest.MonkeyPatch, options: Any
) -> None:
    made = start().dream("a lake")
    calls = len(fake.calls)
    for name in ("LUMAAI_API_KEY", "LUMAAI_BASE_URL", "DREAM_NB_BACKEND"):
        monkeypatch.delenv(name)
    for backend in (None, "dream-machine"):
        session = start(backend=backend, **options)
        assert session.dream("a lake").path == made.path
        plan = session.plan([Ask(make_request("a lake"))])
        assert (plan.new, plan.documents[0].get("model")) == (0, MODEL[fake.api])
    assert len(fake.calls) == calls


@pytest.mark.parametrize("replay", ["only", "free"])
def test_what_may_not_be_made_asks_nobody(newer: FakeDreamMachine, start: Open, replay: Any) -> None:
    session = start(replay=replay)
    plan = session.plan([Ask(make_request("a lake"))])
    with pytest.raises(NotReplayedError):
        session.dream("a lake")
    assert (plan.documents[0]["model"], newer.calls) == ("ray-2", [])


def test_what_the_older_api_made_is_replayed_once_the_server_is_newer(
    older: FakeDreamMachine, start: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = start().dream("a lake")
    with FakeDreamMachine("2025").running() as server:
        server.use(monkeypatch)
        session = start()
        assert session.dream("a lake").path == made.path
        assert (server.calls, older.count("POST")) == ([], 1)
        assert session.dream("a lake", fresh=True).request.model == "ray-2"


def test_what_failed_at_the_older_api_is_made_with_a_model_by_the_newer(
    older: FakeDreamMachine, start: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    older.fail = lambda _: "out of order"
    session = start()
    with contextlib.suppress(Exception):
        session.dream("a lake")
    session.close()
    with FakeDreamMachine("2025").running() as server:
        server.use(monkeypatch)
        made = start().dream("a lake")
        assert (models(server), made.request.model) == (["ray-2"], "ray-2")
        assert start().dream("a lake").path == made.path
        assert server.count("POST") == 1


def test_a_dream_that_was_paid_for_is_preferred_to_one_of_the_studio(
    newer: FakeDreamMachine, start: Open, monkeypatch: pytest.MonkeyPatch, small: None
) -> None:
    del small
    with start(backend="studio") as studio:
        studio.dream("a lake")
    paid = start().dream("a lake")
    monkeypatch.delenv("DREAM_NB_BACKEND")
    assert start(backend=None).dream("a lake").path == paid.path
    assert newer.count("POST") == 1


def test_a_lost_answer_is_found_by_its_echo(newer: FakeDreamMachine, start: Open) -> None:
    newer.replies += [Reply(None, taken=True)]
    assert start().dream("a lake").state == "completed"
    assert newer.count("POST") == 1


@pytest.mark.parametrize("way", ["bring_in", "sync"])
def test_what_was_made_elsewhere_answers_the_request_without_a_model(
    fake: FakeDreamMachine, start: Open, way: str
) -> None:
    start("elsewhere").dream("a lake")
    session = start()
    jobs = session.sync() if way == "sync" else [session.bring_in(fake.taken[0]["id"])]
    (dream,) = [job.result(SECONDS) for job in jobs]
    assert session.dream("a lake").path == dream.path
    assert fake.count("POST") == 1


def test_a_model_that_is_none_of_the_server_is_refused_and_named(newer: FakeDreamMachine, start: Open) -> None:
    with (
        pytest.warns(UserWarning, match="this version does not know model 'ray-9': it is sent unchanged"),
        pytest.raises(APIError, match="model"),
    ):
        start().dream("a lake", model="ray-9")
    assert newer.taken == []


def test_the_studio_is_not_asked_and_gets_no_model(tmp_path: Path, start: Open, small: None) -> None:
    del small
    dream = start(str(tmp_path / "dreams"), backend="studio").dream("a lake")
    assert dream.request.model is None


def test_an_image_needs_no_question(fake: FakeDreamMachine, start: Open) -> None:
    start().dream("a lake", kind="image")
    assert asked(fake) == 0


def test_no_number_that_json_lacks_gets_as_far_as_the_server(newer: FakeDreamMachine, start: Open) -> None:
    with pytest.raises(InvalidRequestError, match="extra"):
        start().dream("a lake", extra={"seed": float("nan")})
    assert newer.calls == []


def test_a_client_is_of_one_api(fake: FakeDreamMachine) -> None:
    client = AsyncDreamMachine("a-key", fake.base_url, api=fake.api)
    assert client.known_dialect is not None
    assert client.known_dialect.api == fake.api
