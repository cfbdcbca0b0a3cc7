"""The Luma API as a backend: the same requests, sent once to a server that has no list to search for them."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dream_nb.api.errors import (
    APIError,
    BudgetError,
    ConfigurationError,
    DreamError,
    GenerationFailedError,
    InvalidRequestError,
    OutcomeUnknownError,
)
from dream_nb.default import close_default_session
from dream_nb.jobs import watcher
from dream_nb.jobs.callbacks import Callbacks
from dream_nb.lines.arguments import read_arguments
from dream_nb.lines.references import References
from dream_nb.media.pictures import read_picture
from dream_nb.notebook.magics.storyboards import read_storyboard
from dream_nb.notebook.magics.to_line import to_line
from dream_nb.requests.edits import modify_request, reframe_request, upscale_request
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask
from dream_nb.session import Session
from tests.fakes.dream_machine import FakeDreamMachine, Reply, clip, picture
from tests.fakes.luma import FAILURES, FakeLuma, error
from tests.jobs.hosted import HASTE, SECONDS

LOST = Reply(taken=True)
"""The server accepts a create, and the connection breaks before its answer."""


@pytest.fixture
def luma(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLuma]:
    """A strict fake of the Luma API, whose key is the only one of this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DREAM_NB_BACKEND")
    with FakeLuma().running() as fake:
        fake.use(monkeypatch)
        yield fake


@pytest.fixture
def session(luma: FakeLuma) -> Iterator[Session]:  # noqa: ARG001
    with Session(patience=HASTE) as session:
        yield session


def reopened(**given: Any) -> Session:
    return Session(patience=HASTE, **given)


def test_with_no_other_key_a_line_makes_a_video_at_the_first_try(session: Session, luma: FakeLuma) -> None:
    dream = session.dream("a serene lake at sunset")
    assert (dream.backend, dream.state, dream.path.read_bytes()[:8]) == ("luma", "completed", clip()[:8])
    assert luma.posts == [
        {
            "prompt": "a serene lake at sunset",
            "type": "video",
            "model": "ray-3.2",
            "aspect_ratio": "16:9",
            "video": {"duration": "5s", "resolution": "720p"},
        }
    ]


def test_an_image_is_made(session: Session, luma: FakeLuma) -> None:
    dream = session.dream("a poster", kind="image", aspect_ratio="1:1", format="png")
    assert (dream.kind, luma.posts[0]["model"], luma.posts[0]["output_format"]) == ("image", "uni-1", "png")


def test_a_second_run_sends_nothing(session: Session, luma: FakeLuma) -> None:
    first = session.dream("a lake")
    session.close()
    with reopened() as again:
        assert again.dream("a lake") == first
    assert luma.count("POST") == 1


def test_the_model_and_what_is_billed_stand_in_a_plan(session: Session, luma: FakeLuma) -> None:
    plan = session.plan([Ask(make_request("a lake"))])
    assert plan.documents[0].items() >= {"model": "ray-3.2", "video": {"resolution": "720p", "duration": "5s"}}.items()
    assert luma.calls == []


def test_a_plan_names_the_backend_that_a_model_chooses(luma: FakeLuma, monkeypatch: pytest.MonkeyPatch) -> None:
    # This server is never contacted: image models are the same in both versions of its API.
    monkeypatch.setenv("LUMAAI_API_KEY", "a-key-of-the-other-api")
    monkeypatch.setenv("LUMAAI_BASE_URL", "http://127.0.0.1:9/dream-machine/v1")
    older = Ask(make_request("a lake", kind="image", model="photon-1"))
    newer = Ask(make_request("a lake", model="ray-3.2"))
    with reopened(backend="dream-machine") as session:
        assert [session.plan([ask]).backend for ask in (older, newer)] == ["dream-machine", "luma"]
        assert session.plan([older, newer]).summary.startswith("2 dreams of dream-machine and luma: 0 in the library")
    assert luma.calls == []


def test_a_create_leaves_with_the_request_id_that_the_ledger_has(session: Session, luma: FakeLuma) -> None:
    session.dream("a lake")
    (record,) = session.library.ledger.all()
    assert luma.request_ids == [record.request_id]


def test_a_lost_answer_says_what_to_quote_to_support(session: Session, luma: FakeLuma) -> None:
    luma.replies.append(LOST)
    with pytest.raises(OutcomeUnknownError) as caught:
        session.dream("a lake")
    assert f"quote the request id {luma.request_ids[0]} to its support" in str(caught.value)
    assert "may have been made and billed" in str(caught.value)


def test_what_was_lost_is_not_sent_again(session: Session, luma: FakeLuma) -> None:
    luma.replies.append(LOST)
    for _ in range(2):
        with pytest.raises(OutcomeUnknownError):
            session.dream("a lake")
    session.close()
    with reopened() as later, pytest.raises(OutcomeUnknownError):
        later.dream("a lake")
    assert (luma.count("POST"), luma.count("GET")) == (1, 0)


def test_what_was_lost_is_sent_as_the_next_take(session: Session, luma: FakeLuma) -> None:
    luma.replies.append(LOST)
    with pytest.raises(OutcomeUnknownError, match=r"another take \(take=2\)"):
        session.dream("a lake")
    assert session.dream("a lake", take=2).state == "completed"
    assert luma.count("POST") == 2


def test_what_was_lost_is_sent_again_once_its_user_says_that_it_was_not_taken(session: Session, luma: FakeLuma) -> None:
    luma.replies.append(Reply(taken=False))
    with pytest.raises(OutcomeUnknownError):
        session.dream("a lake")
    (lost,) = session.lost()
    assert session.settle(lost, None) is None
    assert session.dream("a lake").state == "completed"


def test_what_was_lost_is_fetched_by_the_id_that_support_gives(session: Session, luma: FakeLuma) -> None:
    luma.replies.append(LOST)
    with pytest.raises(OutcomeUnknownError):
        session.dream("a lake")
    (lost,) = session.lost()
    job = session.settle(lost, luma.taken[0]["id"])
    assert job is not None
    assert job.result(SECONDS).request.prompt == "a lake"
    assert luma.count("POST") == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 413, 422])
def test_a_refusal_is_final(session: Session, luma: FakeLuma, status: int) -> None:
    luma.replies.append(error(status))
    with pytest.raises(APIError) as caught:
        session.dream("a lake")
    assert caught.value.status == status
    assert session.dream("a lake").state == "completed"
    assert luma.count("POST") == 2


def test_what_was_sent_too_often_is_sent_after_the_pause_that_is_asked_for(session: Session, luma: FakeLuma) -> None:
    luma.replies.append(error(429, **{"Retry-After": "0"}))
    assert session.dream("a lake").state == "completed"
    assert (luma.count("POST"), len(luma.taken)) == (2, 1)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_after_an_error_of_the_server_nobody_knows(session: Session, luma: FakeLuma, status: int) -> None:
    luma.replies.append(Reply(status))
    with pytest.raises(OutcomeUnknownError):
        session.dream("a lake")
    assert luma.count("POST") == 1


def test_an_address_that_has_expired_is_asked_for_anew(session: Session, luma: FakeLuma) -> None:
    luma.looks = 1
    job = session.submit(make_request("a lake"))
    dream = job.result(SECONDS)
    session.close()
    dream.path.unlink()
    luma.clock = timedelta(hours=2)
    with reopened() as later:
        assert later.dream("a lake").path.is_file()
    assert luma.count("POST") == 1


@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_code_says_what_to_do(session: Session, luma: FakeLuma, code: str) -> None:
    luma.fail = lambda _: (code, "in the words of the server")
    with pytest.raises(GenerationFailedError, match=f"{code}: in the words of the server") as caught:
        session.dream("a lake")
    assert not caught.value.is_refunded
    assert "refunded" not in str(caught.value)


def test_a_generation_is_asked_for_by_itself_and_listed_nowhere(session: Session, luma: FakeLuma) -> None:
    luma.looks = 2
    session.sweep("a {red|green|blue} lake")
    asked = {path for method, path in luma.calls if method == "GET" and path.startswith("/generations")}
    assert asked == {f"/generations/{one['id']}" for one in luma.taken}


def test_looks_a_minute_are_bounded(session: Session, luma: FakeLuma, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "_MOST_A_MINUTE", 4)
    monkeypatch.setattr(watcher, "_MINUTE", 0.5)
    luma.holds = True
    jobs = [session.submit(make_request(f"a lake {number}", kind="image")) for number in range(3)]
    watching = session._backends.runner("luma").watcher
    pauses: list[float] = []
    real = asyncio.sleep

    async def counted(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 20:
            luma.holds = False
        await real(seconds)

    monkeypatch.setattr(asyncio, "sleep", counted)
    for job in jobs:
        job.result(SECONDS)
    assert watching.calls
    assert max(pauses) > 0.1


def test_edits_name_their_source_by_its_id(session: Session, luma: FakeLuma) -> None:
    lake = session.dream("a lake")
    id_ = luma.taken[0]["id"]
    session.submit(modify_request(lake, "at night", mode="adhere_2")).result(SECONDS)
    session.submit(reframe_request(lake, "9:16")).result(SECONDS)
    lake.extend("then it rains")
    assert [post["type"] for post in luma.posts[1:]] == ["video_edit", "video_reframe", "video"]
    assert luma.posts[1]["source"] == luma.posts[2]["source"] == {"generation_id": id_}
    assert luma.posts[1]["video"] == {"resolution": "720p", "edit": {"strength": "adhere_2"}}
    assert luma.posts[3]["video"]["start_frame"] == {"generation_id": id_}


def test_a_picture_of_this_machine_goes_along(session: Session, luma: FakeLuma, tmp_path: Path) -> None:
    (tmp_path / "hall.jpg").write_bytes(picture())
    session.dream("a walk", frame0=tmp_path / "hall.jpg")
    assert luma.posts[0]["video"]["start_frame"]["media_type"] == "image/jpeg"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A picture that is too large to be sent in a request."""
    file = io.BytesIO()
    Image.effect_noise((700, 700), 90).save(file, "PNG")
    path = tmp_path / "large.png"
    path.write_bytes(file.getvalue())
    assert len(file.getvalue()) > 250_000
    return path


def test_a_large_file_is_uploaded_and_named_by_its_id(session: Session, luma: FakeLuma, large: Path) -> None:
    luma.pending = 2
    session.dream("a walk", frame0=large)
    (file,) = luma.files
    assert luma.posts[0]["video"]["start_frame"] == {"file_id": file["id"]}
    assert luma.stored[file["id"]] == large.read_bytes()


def test_a_file_above_the_cap_is_put_where_the_server_says(session: Session, luma: FakeLuma, large: Path) -> None:
    luma.inline_cap = 100_000
    session.dream("a walk", frame0=large)
    assert (luma.count("PUT"), len(luma.stored)) == (1, 1)
    assert "authorization" not in luma.store_headers[0]


def test_the_same_file_goes_up_once(session: Session, luma: FakeLuma, large: Path) -> None:
    session.sweep("a walk in {spring|summer|autumn}", frame0=large)
    session.close()
    with reopened() as later:
        later.dream("a walk in winter", frame0=large)
    assert (len(luma.files), len(luma.posts)) == (1, 4)


def test_a_file_that_the_server_rejects_says_why_and_nothing_is_asked_for(
    session: Session, luma: FakeLuma, large: Path
) -> None:
    luma.reject = lambda _: "the picture has 12 channels"
    with pytest.raises(InvalidRequestError, match="the picture has 12 channels"):
        session.dream("a walk", frame0=large)
    assert luma.posts == []


def test_a_replay_knows_a_file_by_its_bytes(session: Session, luma: FakeLuma, large: Path) -> None:
    first = session.dream("a walk", frame0=large)
    moved = large.rename(large.with_name("moved.png"))
    assert session.dream("a walk", frame0=moved) == first
    assert len(luma.posts) == 1


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"aspect_ratio": "9:21"}, "aspect ratio '9:21'"),
        ({"resolution": "4k"}, "resolution '4k'"),
        ({"concepts": [{"key": "orbit_left"}]}, "concepts"),
        ({"callback_url": "https://example.org/done"}, "callback_url"),
        ({"kind": "image", "image_ref": "https://example.org/a.jpg:0.5"}, "image_ref.weight"),
        ({"kind": "image", "style_ref": "https://example.org/a.jpg"}, "style_ref"),
        ({"duration": "10s", "loop": True}, "loop"),
    ],
)
def test_what_the_api_cannot_do_is_refused_by_name(
    session: Session, luma: FakeLuma, fields: dict[str, Any], name: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        session.dream("a lake", **fields)
    assert name in str(caught.value)
    assert luma.calls == []


def test_an_operation_that_the_api_lacks_says_who_has_it(session: Session, luma: FakeLuma) -> None:
    lake = session.dream("a lake")
    with pytest.raises(InvalidRequestError, match=r"the Luma API cannot upscale a video: .*use dream-machine"):
        session.submit(upscale_request(lake, "4k")).result(SECONDS)
    assert luma.count("POST") == 1


def test_the_account_cannot_be_listed(session: Session) -> None:
    with pytest.raises(ConfigurationError, match="cannot list generations"):
        session.sync()


def test_a_generation_is_brought_in_by_its_id(session: Session, luma: FakeLuma, tmp_path: Path) -> None:
    made = session.dream("a lake").generation.id
    session.close()
    with reopened(library=tmp_path / "elsewhere") as other:
        dream = other.bring_in(made or "").result(SECONDS)
        assert (dream.kind, dream.path.is_file(), dream.title) == ("video", True, f"generation {made}")
    assert luma.count("POST") == 1


def test_a_balance_cannot_be_asked_for(session: Session) -> None:
    with pytest.raises(ConfigurationError, match="does not report a balance"):
        session.credits()


def test_a_floor_cannot_be_kept(session: Session, luma: FakeLuma) -> None:
    session.allowance.floor = 100
    with pytest.raises(BudgetError, match="the floor cannot be checked"):
        session.dream("a lake")
    assert luma.calls == []


def test_a_budget_counts_known_prices_from_the_first_request(luma: FakeLuma) -> None:
    with reopened(budget=70, prices={"video": 30}) as session:
        session.dream("a lake")
        session.dream("a hill")
        with pytest.raises(BudgetError, match=r"\$0\.10 of the \$0\.70 budget is left"):
            session.dream("a river")
        assert session.allowance.spent == 60
    assert luma.count("POST") == 2


def test_the_price_of_a_change_goes_by_the_length_of_its_source(session: Session) -> None:
    lake = session.dream("a lake")
    seconds = session.library.source_seconds(modify_request(lake, "at night"))
    assert seconds == pytest.approx(lake.duration, abs=0.1)


def test_a_budget_needs_a_price(luma: FakeLuma) -> None:
    with (
        reopened(budget=70) as session,
        pytest.raises(BudgetError, match="is unknown, so the budget cannot be checked"),
    ):
        session.dream("a lake")
    assert luma.calls == []


def test_what_was_sent_cannot_be_cancelled(session: Session, luma: FakeLuma) -> None:
    luma.holds = True
    job = session.submit(make_request("a lake"))
    while not luma.taken:
        assert not job.done()
    with pytest.raises(DreamError, match=r"cannot cancel|is being sent"):
        job.cancel()
    luma.holds = False
    assert job.result(SECONDS).state == "completed"


def test_a_dream_is_deleted_here_only(session: Session, luma: FakeLuma) -> None:
    dream = session.dream("a lake")
    with pytest.raises(ConfigurationError, match="cannot delete generations"):
        session.delete(dream)
    session.delete(dream, files=True)
    assert not session.dreams()
    assert luma.count("DELETE") == 0


def test_nobody_is_called_back(luma: FakeLuma) -> None:
    with reopened(callbacks=Callbacks()) as session, pytest.warns(UserWarning, match="does not support callbacks"):
        session.dream("a lake")
    assert "callback_url" not in json.dumps(luma.posts)


@pytest.fixture
def machine(luma: FakeLuma, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:  # noqa: ARG001
    """A fake of the other API, whose key this process has too."""
    with FakeDreamMachine("2025").running() as machine:
        machine.use(monkeypatch)
        monkeypatch.delenv("DREAM_NB_BACKEND")
        yield machine


def test_with_both_keys_the_dream_machine_is_asked(machine: FakeDreamMachine, luma: FakeLuma) -> None:
    with reopened() as session:
        session.dream("a lake")
    assert (len(machine.posts), len(luma.posts)) == (1, 0)


@pytest.mark.parametrize(("model", "kind"), [("ray-3.2", "video"), ("uni-1-max", "image")])
def test_a_model_of_the_luma_api_is_asked_for_there(
    machine: FakeDreamMachine, luma: FakeLuma, model: str, kind: Any
) -> None:
    with reopened() as session:
        assert session.dream("a lake", kind=kind, model=model).backend == "luma"
    assert (machine.posts, [post["model"] for post in luma.posts]) == ([], [model])


def test_a_model_of_the_dream_machine_is_asked_for_there(machine: FakeDreamMachine, luma: FakeLuma) -> None:
    with reopened() as session:
        session.use("luma")
        assert session.dream("a lake", model="ray-2").backend == "dream-machine"
    assert (len(machine.posts), luma.posts) == (1, [])


@pytest.mark.usefixtures("luma")
def test_a_second_key_buys_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with reopened() as session:
        first = [session.dream("a lake"), session.dream("a lake", kind="image")]
    with FakeDreamMachine("2025").running() as machine:
        machine.use(monkeypatch)
        monkeypatch.delenv("DREAM_NB_BACKEND")
        with reopened() as session:
            assert session.backend == "dream-machine"
            assert [session.dream("a lake"), session.dream("a lake", kind="image")] == first
        assert machine.posts == []


def test_what_one_backend_made_is_not_shown_as_what_another_was_chosen_for(
    machine: FakeDreamMachine, luma: FakeLuma
) -> None:
    with reopened() as session:
        session.dream("a lake")
        session.use("luma")
        assert session.dream("a lake").backend == "luma"
    assert (len(machine.posts), len(luma.posts)) == (1, 1)


def test_the_key_of_the_luma_api_goes_nowhere_else(machine: FakeDreamMachine, luma: FakeLuma) -> None:
    with reopened() as session:
        session.dream("a lake")
        session.dream("a lake", model="ray-3.2")
    assert len(set(luma.keys)) == len(set(machine.keys)) == 1
    assert set(luma.keys).isdisjoint(machine.keys)


def test_guide_frames_stand_anywhere_in_a_video(session: Session, luma: FakeLuma, tmp_path: Path) -> None:
    for name in ("hall", "garden"):
        (tmp_path / f"{name}.jpg").write_bytes(picture())
    guides = [("hall.jpg", 0), "garden.jpg@2.5s", ("https://example.org/sea.jpg", "120")]
    dream = session.dream("a walk through the house", model="ray-3.2", guide_frames=guides)
    assert luma.posts[0]["video"]["keyframe_indexes"] == [0, 60, 120]
    assert [set(one) for one in luma.posts[0]["video"]["keyframes"]] == [{"data", "media_type"}] * 2 + [{"url"}]
    # The library recognises the pictures, whatever their file names.
    (tmp_path / "hall.jpg").rename(tmp_path / "entrance.jpg")
    guides[0] = ("entrance.jpg", "0s")
    assert session.dream("a walk through the house", model="ray-3.2", guide_frames=guides) == dream
    assert len(luma.posts) == 1


def test_a_dream_may_be_a_guide_frame(session: Session, luma: FakeLuma) -> None:
    still = session.dream("a hall", kind="image")
    walk = session.dream("a walk", guide_frames=[(still, "1s")])
    (guide,) = luma.posts[1]["video"]["keyframes"]
    assert luma.taken[0]["id"] in guide["url"]
    assert list(walk.ancestors()) == [still]


def test_a_video_as_a_guide_frame_is_its_last_frame(session: Session, luma: FakeLuma) -> None:
    lake = session.dream("a lake")
    session.dream("a walk", guide_frames=[(lake, "1s")])
    (guide,) = luma.posts[1]["video"]["keyframes"]
    assert np.array_equal(np.asarray(read_picture(base64.b64decode(guide["data"]))), lake.last_frame)


def test_a_video_that_is_not_here_is_no_guide_frame(session: Session, luma: FakeLuma) -> None:
    lake = session.dream("a lake")
    lake.path.unlink()
    with pytest.raises(
        InvalidRequestError, match=r"guide_frames\[0\]: generation .* is a video, and its file is not in"
    ):
        session.dream("a walk", guide_frames=[(lake, "1s")])
    assert len(luma.posts) == 1


def test_a_shot_with_guide_frames_goes_on_from_the_one_before(session: Session, luma: FakeLuma, tmp_path: Path) -> None:
    (tmp_path / "hall.jpg").write_bytes(picture())
    cell = "a garden\nthrough the house --keyframe hall.jpg@2.5s\n"
    board, _ = read_storyboard(
        "-m ray-3.2", cell, references=References({}, home=session.home), defaults={}, session=session
    )
    film = board.make()
    first, second = (post["video"] for post in luma.posts)
    assert ("keyframes" in first, second["keyframe_indexes"]) == (False, [0, 60])
    assert "start_frame" not in second
    assert len(film.shots) == 2
    assert list(film.shots[1].ancestors()) == [film.shots[0]]


def test_a_draft_is_finished_as_a_new_sample(session: Session, luma: FakeLuma) -> None:
    draft = session.dream("a harbour at dawn", resolution="360p")
    with pytest.warns(UserWarning, match=r"finish\('1080p'\) is a new sample of the prompt, and is paid for"):
        final = draft.finish("1080p")
    assert [post["video"]["resolution"] for post in luma.posts] == ["360p", "1080p"]
    assert (final.prompt, final.take) == (draft.prompt, 1)


def test_what_an_edit_keeps_is_said_signal_by_signal(session: Session, luma: FakeLuma) -> None:
    lake = session.dream("a lake")
    lake.modify("at night", strength="adhere_2", controls={"pose": {"strength": "precise"}}, resolution="1080p")
    lake.modify("in snow", auto_controls=True, guide_frames=[(lake.poster, 12)])
    edits = [post["video"] for post in luma.posts[1:]]
    assert edits[0] == {
        "resolution": "1080p",
        "edit": {"strength": "adhere_2", "controls": {"pose": {"strength": "precise"}}},
    }
    assert (edits[1]["edit"]["auto_controls"], edits[1]["edit"]["keyframe_indexes"]) == (True, [12])
    assert "strength" not in edits[1]["edit"]


def test_a_reframed_video_lies_where_it_is_put(session: Session, luma: FakeLuma) -> None:
    session.dream("a lake").reframe("9:16", position=(0.0, 0.25, 1.0, 0.5))
    assert luma.posts[1]["video"] == {
        "resolution": "720p",
        "source_position": {"x_norm": 0.0, "y_norm": 0.25, "w_norm": 1.0, "h_norm": 0.5},
    }


def test_an_image_has_a_style_and_may_search_the_web(session: Session, luma: FakeLuma) -> None:
    session.dream("a poster", kind="image", style="manga", web_search=True, aspect_ratio="2:3")
    assert luma.posts[0].items() >= {"style": "manga", "web_search": True, "aspect_ratio": "2:3"}.items()


def test_a_manga_without_a_ratio_has_one_of_its_style(session: Session, luma: FakeLuma) -> None:
    session.dream("a poster", kind="image", style="manga")
    assert luma.posts[0]["aspect_ratio"] == "2:3"


def test_high_dynamic_range_is_asked_for(session: Session, luma: FakeLuma) -> None:
    session.dream("a lake", hdr=True)
    assert luma.posts[0]["video"]["hdr"] is True


def test_what_only_the_luma_api_can_do_is_refused_elsewhere(machine: FakeDreamMachine) -> None:
    with (
        reopened() as session,
        pytest.raises(InvalidRequestError, match=r"hdr: only the Luma API supports this: .*ray-3.2"),
    ):
        session.dream("a lake", hdr=True)
    assert machine.posts == []


def test_what_is_given_as_nothing_is_the_same_request(session: Session, luma: FakeLuma) -> None:
    first = session.dream("a lake")
    assert session.dream("a lake", hdr=None, guide_frames=None) == first
    assert len(luma.posts) == 1


def test_a_dream_goes_on_at_the_api_that_made_it(machine: FakeDreamMachine, luma: FakeLuma) -> None:
    with reopened() as session:
        lake = session.dream("a lake", model="ray-3.2", duration="10s")
        lake.extend("then it rains")
        lake.modify("at night")
        still = session.dream("a poster", kind="image", model="uni-1")
        still.extend("it moves")
    assert machine.posts == []
    assert [post["model"] for post in luma.posts] == ["ray-3.2", "ray-3.2", "ray-3.2", "uni-1", "ray-3.2"]
    assert luma.posts[1]["video"]["duration"] == "5s"


def test_the_line_of_a_card_makes_it_again(session: Session, luma: FakeLuma, tmp_path: Path) -> None:
    (tmp_path / "hall.jpg").write_bytes(picture())
    made: list[Any] = [
        session.dream("a walk", guide_frames=["hall.jpg@1s"], hdr=True),
        session.dream("a poster", kind="image", style="manga", web_search=True, aspect_ratio="2:3"),
    ]
    made.append(made[0].reframe("9:16", position=(0.0, 0.25, 1.0, 0.5)))
    for dream in made:
        line = to_line(dream.request, session.library, session.home)
        named = References({}, home=session.home, made=session.find)
        (ask,) = read_arguments(line.removeprefix("%dream "), None, references=named, defaults={}).asks
        assert session.submit(ask.request).result(SECONDS) == dream
    assert len(luma.posts) == 3


def test_the_code_of_a_dream_makes_it_again(session: Session, luma: FakeLuma, tmp_path: Path) -> None:
    (tmp_path / "hall.jpg").write_bytes(picture())
    walk = session.dream("a walk", guide_frames=["hall.jpg@1s"], hdr=True)
    night: Any = walk.modify("at night", auto_controls=True)
    names: dict[str, Any] = {}
    with session:
        code = night.to_code()
    exec(code, names)
    assert names["dream"] == night
    assert len(luma.posts) == 2
    close_default_session()


def test_a_name_of_who_asks_is_sent_as_the_field_that_it_is(session: Session, luma: FakeLuma) -> None:
    session.dream("a lake", extra={"user_id": "ada"})
    assert luma.posts[0]["user_id"] == "ada"
