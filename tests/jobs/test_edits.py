"""Other versions of a dream (modified, reframed, upscaled, with sound) are paid for once, whatever goes wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dream_nb.api import public_prices
from dream_nb.api.connection import origin_of
from dream_nb.api.errors import BudgetError, ConfigurationError, DreamError, InvalidRequestError, OutcomeUnknownError
from dream_nb.api.request_models import GenerationReference, Media, UnknownRequest
from dream_nb.library.catalogue import Catalogue, Filter
from dream_nb.lines.arguments import read_arguments
from dream_nb.lines.references import References
from dream_nb.notebook.widgets.gallery import Gallery
from dream_nb.notebook.widgets.grid import Grid
from dream_nb.requests.code import to_code
from dream_nb.requests.edits import audio_request, modify_request, reframe_request, upscale_request
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask
from dream_nb.requests.variants import as_it_is
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job
from dream_nb.session import Session
from dream_nb.storyboard.storyboard import Shot, Storyboard
from tests.fakes.dream_machine import FakeDreamMachine, Reply
from tests.jobs.hosted import HASTE, SECONDS

PROMPT = "a serene lake"
Make = Callable[[Dream], Job]
EDITS: dict[str, Callable[..., Any]] = {
    "modify": lambda dream, **more: dream.modify("in deep snow", **more),
    "reframe": lambda dream, **more: dream.reframe("9:16", **more),
    "upscale": lambda dream, **more: dream.upscale("720p", **more),
    "add_audio": lambda dream, **more: dream.add_audio("waves", negative_prompt="music", **more),
}
PATHS = {"modify": "/video/modify", "reframe": "/video/reframe", "upscale": "/{}/upscale", "add_audio": "/{}/audio"}


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    """A strict fake of the API of 2025 that this process uses as the hosted API."""
    monkeypatch.chdir(tmp_path)
    with FakeDreamMachine("2025").running() as server:
        server.use(monkeypatch)
        yield server


@pytest.fixture
def session(fake: FakeDreamMachine) -> Iterator[Session]:  # noqa: ARG001 - the server has to start first
    with Session("dreams", "dream-machine", patience=HASTE) as session:
        yield session


@pytest.fixture
def lake(session: Session) -> Dream:
    return session.submit(make_request(PROMPT)).result(SECONDS)


@pytest.fixture
def picture(session: Session) -> Dream:
    return session.submit(make_request("a fox", kind="image")).result(SECONDS)


def posts(fake: FakeDreamMachine) -> list[str]:
    return [path for method, path in fake.calls if method == "POST"]


def url_of(dream: Dream) -> str:
    assert dream.generation.assets is not None
    assert dream.generation.assets.video is not None
    return dream.generation.assets.video


@pytest.mark.parametrize("name", EDITS)
def test_each_is_sent_once_and_kept(fake: FakeDreamMachine, lake: Dream, name: str) -> None:
    made = EDITS[name](lake)
    assert posts(fake)[1:] == ["/generations" + PATHS[name].format(lake.generation.id)]
    assert made.path.is_file()
    assert (made.kind, made.state) == ("video", "completed")
    assert list(made.ancestors()) == [lake]
    assert list(lake.descendants()) == [made]


@pytest.mark.parametrize("name", EDITS)
def test_each_is_replayed_and_not_paid_again(fake: FakeDreamMachine, lake: Dream, name: str) -> None:
    made = EDITS[name](lake)
    job = EDITS[name](lake, wait=False)
    assert (job.replayed, job.result()) == (True, made)
    assert len(posts(fake)) == 2


def test_the_server_is_sent_the_url_that_the_file_has_now(fake: FakeDreamMachine, lake: Dream) -> None:
    lake.modify("in deep snow", mode="reimagine_3")
    assert fake.posts[1] == {
        "generation_type": "modify_video",
        "prompt": "in deep snow",
        "media": {"url": url_of(lake)},
        "model": "ray-2",
        "mode": "reimagine_3",
    }


def test_what_they_are_called_says_what_they_are_of(lake: Dream) -> None:
    larger = lake.reframe("9:16").upscale("720p")  # type: ignore[union-attr]
    assert isinstance(larger, Dream)
    loud = larger.add_audio("waves")
    assert isinstance(loud, Dream)
    assert loud.title == "a serene lake · 9:16 · upscaled to 720p · sound: waves"
    assert loud.path.name.startswith("serene-lake-9-16-upscaled-to-720p-sound-waves-")


def test_an_image_is_reframed(fake: FakeDreamMachine, picture: Dream) -> None:
    wide = picture.reframe("21:9", format="png")
    assert isinstance(wide, Dream)
    assert wide.kind == "image"
    assert posts(fake)[1:] == ["/generations/image/reframe"]


def test_an_axis_in_the_prompt_sweeps(fake: FakeDreamMachine, lake: Dream) -> None:
    made = lake.modify("in {snow|rain}")
    assert isinstance(made, Dreams)
    assert [dream.prompt for dream in made] == ["in snow", "in rain"]
    assert fake.prompts()[1:] == ["in snow", "in rain"]


def test_the_code_makes_it_again(lake: Dream) -> None:
    loud = lake.modify("in snow", mode="adhere_1").add_audio("wind")  # type: ignore[union-attr]
    assert isinstance(loud, Dream)
    assert loud.to_code().splitlines()[-3:] == [
        "dream1 = dream_nb.dream('a serene lake', model='ray-2', duration='5s', resolution='720p')",
        "dream2 = dream1.modify('in snow', model='ray-2', mode='adhere_1')",
        "dream = dream2.add_audio('wind')",
    ]


def test_a_video_of_the_web_is_modified(fake: FakeDreamMachine, session: Session) -> None:
    job = session.submit(modify_request("https://a.test/clip.mp4", "in snow"))
    job.result(SECONDS)
    assert fake.posts[0]["media"] == {"url": "https://a.test/clip.mp4"}


def test_a_file_is_uploaded_first(fake: FakeDreamMachine, lake: Dream, tmp_path: Path) -> None:
    kept: list[str] = []

    def upload(_data: bytes, name: str) -> str:
        kept.append(name)
        return f"https://bucket.test/{name}"

    with Session(tmp_path / "other", "dream-machine", patience=HASTE, uploader=upload) as session:
        session.submit(reframe_request(lake.path.resolve(), "9:16")).result(SECONDS)
    assert fake.posts[1]["media"] == {"url": f"https://bucket.test/{kept[0]}"}
    assert kept[0].endswith(".mp4")


BAD: dict[str, tuple[Callable[[Dream, Dream], object], str, str]] = {
    "a mode that does not exist": (
        lambda lake, _: lake.modify("snow", mode="flex"),
        r"mode 'flex' is not one of adhere_1, .*: did you mean 'flex_\d'\?",
        "mode",
    ),
    "modify of an image": (
        lambda _, fox: fox.modify("snow"),
        r"media: modify\(\) needs a video, and 'a fox' is an image: reframe\(\) changes images too",
        "media",
    ),
    "reframe to its own ratio": (
        lambda lake, _: lake.reframe("1:1"),
        r"aspect_ratio 1:1 is already that of 'a serene lake' \(16 x 16\): give another ratio, or the position",
        "aspect_ratio",
    ),
    "a ratio that is none": (lambda lake, _: lake.reframe("tall"), "aspect ratio 'tall' is not one of", "aspect_ratio"),
    "upscale to less": (
        lambda _, fox: upscale_request(fox, "720p"),
        r"media: upscale\(\) needs a video, and 'a fox' is an image",
        "media",
    ),
    "audio for an image": (lambda _, fox: fox.add_audio("waves"), r"media: add_audio\(\) needs a video", "media"),
    "audio for a file": (
        lambda lake, _: audio_request(lake.path, "waves"),
        r"media: add_audio\(\) needs a video made by the server, and .* is a file",
        "media",
    ),
    "a URL that says nothing": (
        lambda _lake, _fox: reframe_request("https://a.test/clip", "9:16"),
        "media: 'https://a.test/clip' may be a video or an image",
        "kind",
    ),
    "nothing at all": (lambda _lake, _fox: modify_request(None, "snow"), "media: the value is None: give", "media"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_names_field_and_value_and_sends_nothing(
    fake: FakeDreamMachine, lake: Dream, picture: Dream, name: str
) -> None:
    ask, message, field = BAD[name]
    with pytest.raises(InvalidRequestError, match=message) as caught:
        ask(lake, picture)
    assert caught.value.field == field
    assert len(posts(fake)) == 2


def test_upscaling_to_less_than_it_is_says_what_is_more(lake: Dream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dream, "size", (1280, 720))
    with pytest.raises(InvalidRequestError, match=r"resolution 540p is not higher .* 1280 x 720: choose 1080p or 4k"):
        lake.upscale("540p")


def test_a_source_of_another_backend_is_refused(fake: FakeDreamMachine, tmp_path: Path) -> None:
    with Session(tmp_path / "dreams", "studio") as studio:
        drawn = studio.submit(make_request("a pond")).result(SECONDS)
        request = modify_request(drawn, "in snow")
    with (
        Session(tmp_path / "dreams", "dream-machine", patience=HASTE) as session,
        pytest.raises(
            ConfigurationError, match="media was made by backend 'studio', but the backend is 'dream-machine'"
        ),
    ):
        session.submit(request)
    assert posts(fake) == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda pond: pond.modify("in snow", mode="adhere_1"),
        lambda pond: pond.reframe("9:16", "more sky", grid_position_y=4),
        lambda pond: pond.upscale("1080p"),
        lambda pond: pond.add_audio("rain", negative_prompt="wind"),
    ],
    ids=["modify", "reframe", "upscale", "audio"],
)
def test_the_studio_makes_other_versions_and_makes_none_twice(
    edit: Callable[[Dream], Dream], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "64")
    monkeypatch.setenv("DREAM_NB_STUDIO_SECONDS", "0.5")
    with Session(tmp_path / "dreams", "studio") as studio:
        pond = studio.submit(make_request("a pond")).result(SECONDS)
        made = edit(pond)
        assert made.path != pond.path
        assert [parent.generation.id for parent in made.ancestors()] == [pond.generation.id]
    with Session(tmp_path / "dreams", "studio") as later:
        assert edit(later.dreams()[-1]).path == made.path
        assert len(later.library.ledger.all()) == 2


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"duration": "7s"}, "duration: '7s' is not one of 5s, 9s"),
        ({"model": "ray-9"}, "model: 'ray-9' is not one of"),
        ({"concepts": [{"key": "fly"}]}, "concepts: 'fly' is not one of"),
    ],
    ids=["duration", "model", "concepts"],
)
def test_the_studio_refuses_what_no_documentation_lists_and_writes_nothing(
    fields: dict[str, Any], named: str, tmp_path: Path
) -> None:
    with Session(tmp_path / "dreams", "studio") as studio:
        with pytest.raises(InvalidRequestError, match=re.escape(named)):
            studio.submit(make_request("a pond", **fields))
        assert studio.library.ledger.all() == []


def test_a_source_that_is_gone_is_said_before_anything_is_sent(
    fake: FakeDreamMachine, session: Session, lake: Dream
) -> None:
    session.delete(lake)
    with pytest.raises(DreamError, match="is no longer on the server: give the file of its dream"):
        lake.modify("in snow")
    assert len(posts(fake)) == 1
    # Nothing is left that would block the next request.
    assert session.library.ledger.unknown("dream-machine") == []


# -- failures of a create ------------------------------------------------------------------------------------------

LOST = {
    "answer lost": Reply(taken=True),
    "502 after taking": Reply(502, taken=True),
    "400 after taking": Reply(400, taken=True),
    "not an answer": Reply(201, taken=True, body="{"),
}
NOT_TAKEN = {"answer lost": Reply(), "500": Reply(500), "429": Reply(429, headers={"retry-after": "1"})}


@pytest.mark.parametrize("name", ["modify", "reframe"])
@pytest.mark.parametrize("reply", LOST)
def test_what_was_taken_is_found_and_never_sent_again(
    fake: FakeDreamMachine, lake: Dream, name: str, reply: str
) -> None:
    fake.replies += [LOST[reply]]
    made = EDITS[name](lake)
    assert made.path.is_file()
    assert (len(posts(fake)), len(fake.taken)) == (2, 2)
    assert made.generation.id == fake.taken[1]["id"]


# Their answers do not say which video they belong to, so they may be another user's.
@pytest.mark.parametrize("name", ["upscale", "add_audio"])
@pytest.mark.parametrize("reply", LOST)
def test_what_may_be_anothers_is_settled_by_its_user_and_never_sent_again(
    fake: FakeDreamMachine, session: Session, lake: Dream, name: str, reply: str
) -> None:
    fake.replies += [LOST[reply]]
    with pytest.raises(OutcomeUnknownError, match=r"does not say which video|does not list it"):
        EDITS[name](lake)
    with pytest.raises(OutcomeUnknownError):
        EDITS[name](lake)
    (lost,) = session.lost()
    (candidate,) = lost.candidates
    job = session.settle(lost, candidate.generation.id)
    assert job is not None
    assert job.result(SECONDS).path.is_file()
    assert EDITS[name](lake) == job.result()
    assert (len(posts(fake)), len(fake.taken)) == (2, 2)


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("reply", NOT_TAKEN)
def test_what_was_not_taken_is_paid_once(fake: FakeDreamMachine, lake: Dream, name: str, reply: str) -> None:
    fake.replies += [NOT_TAKEN[reply]]
    try:
        EDITS[name](lake)
    except DreamError:
        # It is unknown whether it was accepted, so only the user may send it again.
        assert reply in ("answer lost", "500")
        assert fake.taken[1:] == []
        EDITS[name](lake, take=2)
    assert len(fake.taken) == 2


@pytest.mark.parametrize("name", ["upscale", "add_audio"])
def test_what_somebody_else_asked_for_is_never_taken_for_ones_own(
    fake: FakeDreamMachine, session: Session, lake: Dream, name: str
) -> None:
    # It was not accepted, and another user requests the same for another video.
    other = {"upscale": {"resolution": "720p"}, "add_audio": {"prompt": "waves", "negative_prompt": "music"}}[name]
    fake.replies += [Reply()]
    fake._take(other, "upscale_video" if name == "upscale" else "add_audio")
    with pytest.raises(OutcomeUnknownError):
        EDITS[name](lake)
    session.close()
    with Session("dreams", "dream-machine", patience=HASTE) as again:
        for job in again.jobs():
            assert isinstance(job.exception(SECONDS), OutcomeUnknownError)
        assert not any(record.generation for record in again.library.ledger.unknown("dream-machine"))
    assert len(posts(fake)) == 2


def test_a_row_whose_video_nobody_knows_is_never_sent(fake: FakeDreamMachine, session: Session) -> None:
    fake._take({"resolution": "4k"}, "upscale_video")
    made = session.bring_in(fake.taken[0]["id"]).result(SECONDS)
    with pytest.raises(InvalidRequestError, match="the server does not say which video this was made from"):
        made.variations(1)
    assert posts(fake) == []
    assert session.library.ledger.unknown("dream-machine") == []
    assert "bring_in('00000000-0000-4000-8000-000000000001')" in made.to_code()


def test_an_answer_with_the_servers_defaults_is_found(fake: FakeDreamMachine, lake: Dream) -> None:
    fake.echo = lambda request: {"resolution": "720p", "aspect_ratio": "16:9", "loop": False, **request}
    fake.replies += [Reply(taken=True)]
    assert lake.modify("in snow") is not None
    assert len(posts(fake)) == 2


def test_a_lost_create_is_found_although_its_video_is_gone(fake: FakeDreamMachine, lake: Dream) -> None:
    fake.replies += [Reply(400, taken=True)]
    fake.look_replies += [Reply(200, body=json.dumps(fake._shown(fake.taken[0]))), *[Reply(400)] * 20]
    with pytest.raises(DreamError):
        lake.modify("in snow")
    fake.look_replies.clear()
    fake.taken.remove(next(one for one in fake.taken if one["id"] == lake.generation.id))
    assert isinstance(lake.modify("in snow"), Dream)
    assert len(posts(fake)) == 2


CODE = """
import sys
from dream_nb.session import Session
from dream_nb.storyboard.storyboard import Shot, Storyboard
from tests.jobs.hosted import HASTE
from tests.jobs.test_edits import EDITS
session = Session("dreams", "dream-machine", patience=HASTE)
lake = session.dreams()[0]
print("ready", flush=True)
EDITS[sys.argv[1]](lake)
"""


@pytest.mark.parametrize("name", EDITS)
def test_a_kill_after_it_was_sent_pays_for_nothing_twice(
    fake: FakeDreamMachine, session: Session, lake: Dream, name: str
) -> None:
    assert lake.path.is_file()
    session.close()
    fake.holds = True
    with subprocess.Popen(
        [sys.executable, "-c", CODE, name], env=os.environ | fake.environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        while len(fake.taken) < 2:
            assert process.poll() is None
        process.kill()
    fake.holds = False
    with Session("dreams", "dream-machine", patience=HASTE) as again:
        for job in again.jobs():
            job.exception(SECONDS)
        for lost in again.lost():
            # The process was killed before the answer was recorded.
            assert name in ("upscale", "add_audio")
            again.settle(lost, fake.taken[1]["id"])
        made = EDITS[name](next(dream for dream in again.dreams() if dream.prompt == PROMPT))
        assert made.path.is_file()
    assert (len(posts(fake)), len(fake.taken)) == (2, 2)


# -- generations created elsewhere ---------------------------------------------------------------------------------


def seven_and_one(fake: FakeDreamMachine) -> None:
    """Give the account a generation of each of the seven kinds, and one of an unknown kind."""
    media = {"url": "https://a.test/lake.mp4"}
    modify = {"media": media, "model": "ray-2", "mode": "flex_1", "prompt": "in snow"}
    bodies: dict[str, dict[str, Any]] = {
        "video": {"prompt": "a lake", "model": "ray-2"},
        "image": {"prompt": "a fox", "model": "photon-1"},
        "modify_video": modify,
        "reframe_video": {"media": media, "model": "ray-2", "aspect_ratio": "9:16"},
        "reframe_image": {"media": {"url": "https://a.test/fox.jpg"}, "model": "photon-1", "aspect_ratio": "21:9"},
        "upscale_video": {"resolution": "4k"},
        "add_audio": {"prompt": "waves"},
        "restyle_video": {"style": "ink", "prompt": "waves"},
    }
    for asked, body in bodies.items():
        fake._take(body, asked)


@pytest.mark.parametrize("is_told", [True, False], ids=["typed echo", "untyped echo"])
def test_every_kind_is_brought_in_and_shown(fake: FakeDreamMachine, session: Session, is_told: bool) -> None:
    seven_and_one(fake)
    if not is_told:
        fake.echo = lambda request: {name: value for name, value in request.items() if name != "generation_type"}
    jobs = session.sync()
    dreams = [job.result(SECONDS) for job in jobs]
    assert len(dreams) == 8
    assert all(dream.path.is_file() for dream in dreams)
    assert [dream.kind for dream in dreams] == ["video", "image", "video", "video", "image", *["video"] * 3]
    assert Catalogue(session.library.ledger).count() == 8
    assert Gallery(session)._window({}, 0, 20)["count"] == 8
    assert all(dream._repr_mimebundle_()["text/html"] for dream in dreams)
    assert session.sync() == []
    assert posts(fake) == []


def test_a_request_for_sound_does_not_answer_for_a_create(fake: FakeDreamMachine, session: Session) -> None:
    fake._take({"prompt": "waves"}, "add_audio")
    fake.echo = lambda request: {"prompt": request["prompt"]}
    (job,) = session.sync()
    assert isinstance(job.result(SECONDS).request, UnknownRequest)
    fake.echo = lambda request: request
    made = session.submit(make_request("waves")).result(SECONDS)
    assert made.generation.id == fake.taken[1]["id"]
    assert posts(fake) == ["/generations/video"]


def test_an_unknown_kind_is_kept_whole(fake: FakeDreamMachine, session: Session) -> None:
    fake._take({"style": "ink", "strength": 0.5}, "restyle_image")
    made = session.bring_in(fake.taken[0]["id"]).result(SECONDS)
    assert made.kind == "image"
    assert isinstance(made.request, UnknownRequest)
    assert made.request.document == {"generation_type": "restyle_image", "style": "ink", "strength": 0.5}
    assert made.title == "restyle image"
    session.close()
    with Session("dreams", "dream-machine", patience=HASTE) as again:
        assert list(again.dreams()) == [made]
        with pytest.raises(InvalidRequestError, match="a request of an unknown kind cannot be sent again"):
            again.submit(made.request, fresh=True)


def test_a_reference_in_a_request_counts_by_what_it_is(session: Session, lake: Dream) -> None:
    request = modify_request(lake, "in snow")
    assert request.media == GenerationReference(id=lake.generation.id or "")
    named = session.library.ledger.hash(request)
    by_address = session.library.ledger.hash(request.model_copy(update={"media": Media(url=url_of(lake))}))
    assert named != by_address


# -- prices --------------------------------------------------------------------------------------------------------


@pytest.fixture
def _public(fake: FakeDreamMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apply the public prices of the hosted API to the server."""
    monkeypatch.setattr(public_prices, "ORIGIN", origin_of(fake.base_url))


@pytest.mark.usefixtures("_public")
def test_the_first_purchase_says_its_price_before(fake: FakeDreamMachine, session: Session) -> None:
    plan = session.plan([Ask(make_request(PROMPT)), Ask(make_request("a pond", aspect_ratio="1:1"))])
    assert plan.cost == "about $1.11 (public price, 2026)"
    assert [document["resolution"] for document in plan.documents] == ["720p", "720p"]
    assert posts(fake) == []


@pytest.mark.usefixtures("_public")
def test_the_balance_teaches_better(fake: FakeDreamMachine, session: Session) -> None:
    for prompt in ("a lake", "a pond"):
        session.submit(make_request(prompt)).result(SECONDS)
    assert session.plan([Ask(make_request("a hill"))]).cost == "about $0.32"
    assert session.prices == {"video ray-2 720p 5s 16:9": 32.0}
    assert fake.cost == 64


@pytest.mark.usefixtures("_public")
def test_a_budget_counts_public_prices(fake: FakeDreamMachine, tmp_path: Path) -> None:
    with Session(tmp_path / "dreams", "dream-machine", patience=HASTE, budget=50) as session:
        with pytest.raises(BudgetError, match=r"this costs about \$0.71, and \$0.50 of the \$0.50 budget is left"):
            session.submit(make_request(PROMPT)).result(SECONDS)
        session.submit(make_request(PROMPT, resolution="540p")).result(SECONDS)
    assert len(posts(fake)) == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("modify", "modify_video ray-2"),
        ("reframe", "reframe_video ray-2 9:16"),
        ("upscale", "upscale_video 720p"),
        ("add_audio", "add_audio"),
    ],
)
@pytest.mark.usefixtures("_public")
def test_a_budget_refuses_what_has_no_price_until_it_is_said(
    fake: FakeDreamMachine, session: Session, lake: Dream, name: str, kind: str
) -> None:
    session.allowance.budget = 500
    with pytest.raises(
        BudgetError, match=rf"is unknown, so the budget cannot be checked: set prices=\{{'{kind}': cents\}}"
    ):
        EDITS[name](lake)
    assert len(posts(fake)) == 1
    session.prices = {kind.partition(" ")[0]: 32}
    assert EDITS[name](lake).path.is_file()
    assert session.plan([Ask(EDITS[name](lake, wait=False).request, take=2)]).cost == "about $0.32"


def test_a_price_that_is_no_amount_is_refused(session: Session) -> None:
    with pytest.raises(ConfigurationError, match=r"prices\['add_audio'\] is 0: give a positive number of USD cents"):
        session.prices = {"add_audio": 0}
    with pytest.raises(TypeError):
        session.prices["add_audio"] = 3.0  # type: ignore[index]


# -- sound for storyboards -----------------------------------------------------------------------------------------


def test_a_storyboard_gives_its_shots_their_sound(fake: FakeDreamMachine, session: Session) -> None:
    shots: list[str | Shot] = ["a harbour", Shot("the sun climbs", sound="gulls"), Shot("a market", cut=True)]
    board = Storyboard(shots, session=session, sound="waves").make()
    heard = {body["prompt"] for path, body in zip(posts(fake), fake.posts, strict=True) if path.endswith("/audio")}
    assert (len(posts(fake)), heard) == (6, {"waves", "gulls"})
    assert [shot.title for shot in board.shots] == [
        "a harbour · sound: waves",
        "the sun climbs · sound: gulls",
        "a market · sound: waves",
    ]
    # A shot continues from the picture of the one before, without waiting for that one's sound.
    harbour = board.shots[0].ancestors()[0]
    goes_on = next(body for body in fake.posts if body.get("prompt") == "the sun climbs")
    assert goes_on["keyframes"]["frame0"]["id"] == harbour.generation.id
    assert board.path.is_file()
    # Running it again requests nothing.
    assert Storyboard(shots, session=session, sound="waves").make().shots == board.shots
    assert len(posts(fake)) == 6


def test_the_plan_of_a_storyboard_names_the_sounds(fake: FakeDreamMachine, session: Session) -> None:
    plan = Storyboard(["a harbour", Shot("a market", sound="bells")], session=session).plan()
    assert [document["generation_type"] for document in plan.documents] == ["video", "video", "add_audio"]
    assert plan.documents[2]["media"] == {"type": "generation", "id": "shot 2"}
    assert posts(fake) == []


def test_another_take_of_a_shot_keeps_the_sound_of_the_others(fake: FakeDreamMachine, session: Session) -> None:
    board = Storyboard(["a harbour", Shot("a market", cut=True)], session=session, sound="waves").make()
    again = board.redo(2)
    assert again.shots[0] == board.shots[0]
    assert again.shots[1] != board.shots[1]
    assert again.shots[1].title == "a market · sound: waves"
    assert len(posts(fake)) == 6


def test_a_server_that_makes_no_sound_is_asked_for_no_shot_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeDreamMachine("2024").running() as older:
        older.use(monkeypatch)
        with Session(tmp_path / "dreams", "dream-machine", patience=HASTE) as session:
            with pytest.raises(InvalidRequestError, match="which cannot add sound to a video"):
                Storyboard(["a harbour"], session=session, sound="waves").make()
            assert len(session.library.ledger.all()) == 0
        assert posts(older) == []


# -- files ---------------------------------------------------------------------------------------------------------


def test_one_reference_of_a_sweep_is_uploaded_once(fake: FakeDreamMachine, tmp_path: Path) -> None:
    kept: list[str] = []

    def upload(_data: bytes, name: str) -> str:
        kept.append(name)
        return f"https://bucket.test/{name}"

    with Session(tmp_path / "dreams", "dream-machine", patience=HASTE, uploader=upload) as session:
        made = session.sweep("a {lake|pond|hill}", kind="image", style_ref=Image.new("RGB", (8, 8), "red"))
    assert (len(made), len(kept)) == (3, 1)
    assert {body["style_ref"][0]["url"] for body in fake.posts} == {f"https://bucket.test/{kept[0]}"}


def test_a_file_without_a_place_for_it_is_refused(fake: FakeDreamMachine, session: Session, lake: Dream) -> None:
    with pytest.raises(ConfigurationError, match="accepts only URLs, not files of this machine: set DREAM_NB_UPLOADER"):
        session.submit(modify_request(lake.path, "in snow"))
    assert len(posts(fake)) == 1


# -- versions, created elsewhere, of dreams in this library --------------------------------------------------------


def test_another_version_that_was_made_elsewhere_knows_its_source(
    fake: FakeDreamMachine, session: Session, lake: Dream
) -> None:
    body = {"media": {"url": url_of(lake) + "?signed=1"}, "model": "ray-2", "mode": "flex_1", "prompt": "in snow"}
    fake._take({"generation_type": "modify_video", **body}, "modify_video")
    (job,) = session.sync()
    made = job.result(SECONDS)
    assert list(made.ancestors()) == [lake]
    # The same request made here finds it, and is not paid again.
    assert lake.modify("in snow") == made
    assert len(posts(fake)) == 1


def test_what_a_table_says_of_them(lake: Dream) -> None:
    loud = lake.add_audio("waves")
    assert isinstance(loud, Dream)
    table = loud.descendants() + Dreams([lake, loud])
    frame = table.to_pandas()
    assert list(frame["type"]) == ["video", "add_audio"]
    assert list(frame["title"]) == [PROMPT, f"{PROMPT} · sound: waves"]
    assert Grid([lake, loud]).column_words == [PROMPT, f"{PROMPT} · sound: waves"]


@pytest.mark.parametrize("words", ["lake", "upscale", "LAKE 720p"])
def test_the_gallery_finds_another_version_by_what_it_is_and_of_what(session: Session, lake: Dream, words: str) -> None:
    made = lake.upscale("720p")
    assert isinstance(made, Dream)
    found = Catalogue(session.library.ledger).window(0, 10, Filter(search=words))
    assert made._record.key in [record.key for record in found]
    assert Catalogue(session.library.ledger).count(Filter(search="lake 4k")) == 0


def test_two_that_ask_for_the_same_at_once_pay_once(fake: FakeDreamMachine, lake: Dream) -> None:
    jobs = [lake.upscale("720p", wait=False) for _ in range(3)]
    assert len({job.result(SECONDS) for job in jobs}) == 1
    assert len(posts(fake)) == 2


# -- dreams that continue from them --------------------------------------------------------------------------------


def test_what_goes_on_has_the_prompt_and_the_shape_of_the_scene(
    fake: FakeDreamMachine, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    tall = session.dream("a lake", aspect_ratio="9:16", model="ray-flash-2", resolution="540p")
    large = tall.upscale("4k")
    assert isinstance(large, Dream)
    loud = large.add_audio("waves, gulls")
    assert isinstance(loud, Dream)
    monkeypatch.setattr(Dream, "size", (90, 160))
    loud.extend()
    sent = fake.posts[-1]
    names = ("prompt", "model", "resolution", "aspect_ratio")
    assert [sent[name] for name in names] == ["a lake", "ray-flash-2", "540p", "9:16"]


def test_the_same_words_are_the_same_request_whatever_blanks_are_around_them(
    fake: FakeDreamMachine, lake: Dream
) -> None:
    assert lake.modify(" in snow ") == lake.modify("in snow")
    assert lake.add_audio("  ") == lake.add_audio()
    assert len(posts(fake)) == 3


@pytest.mark.parametrize(
    ("ask", "written"),
    [
        (lambda lake: lake.modify(as_it_is("in {snow|rain}")), "dream1.modify('in \\\\{snow|rain}', model='ray-2', "),
        (
            lambda lake: lake.modify("snow", first_frame="https://a.test/b.jpg"),
            "first_frame=Media(url='https://a.test/b.jpg')",
        ),
    ],
)
def test_the_printed_code_makes_the_same_request(
    fake: FakeDreamMachine, lake: Dream, ask: Callable[[Dream], Dream], written: str
) -> None:
    made = ask(lake)
    line = made.to_code().splitlines()[-1].removeprefix("dream = ")
    assert written in line
    assert eval(line, {"dream1": lake, "Media": Media}) == made
    assert len(posts(fake)) == 2


def test_the_printed_code_has_what_was_sent_besides(lake: Dream) -> None:
    request = upscale_request(lake, "720p", extra={"seed": 3})
    made = [(lake.request, 1, lake.generation.id), (request, 2, "x")]
    assert to_code(made).splitlines()[-1] == "dream = dream1.upscale('720p', extra={'seed': 3}, take=2)"


def test_a_library_replays_by_method_without_a_key(
    fake: FakeDreamMachine, lake: Dream, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = lake.modify("in snow")
    session.close()
    for name in fake.environment():
        monkeypatch.delenv(name)
    with Session("dreams") as again:
        (kept,) = [dream for dream in again.dreams() if dream.prompt == PROMPT]
        assert (again.backend, kept.modify("in snow")) == ("studio", made)


def test_what_is_newer_warns_in_the_line_that_asks(fake: FakeDreamMachine, lake: Dream) -> None:
    with pytest.warns(UserWarning, match="does not know resolution '8k'"):
        lake.upscale("8k")
    assert fake.posts[-1]["resolution"] == "8k"
    with pytest.raises(InvalidRequestError, match=r"resolution '720' is not one of .*: did you mean '720p'"):
        lake.upscale("720")


def test_an_id_of_the_library_is_checked_as_its_dream(fake: FakeDreamMachine, session: Session, picture: Dream) -> None:
    references = References({}, made=session.find)
    with pytest.raises(InvalidRequestError, match=r"media: add_audio\(\) needs a video, and '[0-9a-f-]+' is an image"):
        read_arguments(f"waves --audio {picture.generation.id}", None, references=references, defaults={})
    assert len(posts(fake)) == 1


def test_a_learned_price_is_that_of_the_same_source_only(fake: FakeDreamMachine, session: Session, lake: Dream) -> None:
    for take in (1, 2):
        lake.upscale("720p", take=take)
    pond = session.dream("a pond")
    assert session.plan([Ask(upscale_request(lake, "720p"), take=3)]).cost == "about $0.32"
    assert session.plan([Ask(upscale_request(pond, "720p"))]).cost == "price unknown"
    assert len(posts(fake)) == 4
