"""The studio serves requests for the Luma API without a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dream_nb.api.errors import InvalidRequestError
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask
from dream_nb.session import Session
from tests.fakes.luma import FakeLuma
from tests.jobs.hosted import HASTE


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)
    with Session("dreams", "studio", patience=HASTE) as session:
        yield session


def test_a_video_of_ray_3_2_is_made(session: Session) -> None:
    dream = session.dream("a lake at sunset", model="ray-3.2", resolution="360p")
    assert (dream.state, min(dream.size), dream.backend) == ("completed", 360, "studio")
    assert dream.generation.model == "ray-3.2"


def test_it_says_what_it_drew(session: Session) -> None:
    dream = session.dream("a lake at sunset and a quibblefrotz", model="ray-3.2", resolution="360p")
    assert "quibblefrotz" in (dream.generation.model_extra or {})["unknown"]


def test_a_plan_writes_out_what_would_be_billed(session: Session) -> None:
    plan = session.plan([Ask(make_request("a lake", model="ray-3.2"))])
    assert plan.documents[0]["video"] == {"resolution": "720p", "duration": "5s"}


def test_both_apis_are_asked_in_one_session(session: Session) -> None:
    dreams: list[Any] = [session.dream("a lake", kind="image", model=model) for model in ("photon-1", "uni-1")]
    assert [dream.generation.model for dream in dreams] == ["photon-1", "uni-1"]


def test_what_one_api_has_made_is_looked_for_there(session: Session) -> None:
    first = session.dream("a lake", model="ray-3.2", resolution="360p")
    first.path.unlink()
    again = session.dream("a lake", model="ray-3.2", resolution="360p")
    assert again.generation.id == first.generation.id


def test_a_guide_frame_is_reached(session: Session) -> None:
    red = np.zeros((90, 160, 3), np.uint8)
    red[..., 0] = 220
    dream = session.dream("a walk", model="ray-3.2", resolution="360p", guide_frames=[(red, "2.5s")])
    middle = dream.frame_at(2.5).astype(float).mean(axis=(0, 1))
    assert middle[0] > 120
    assert middle[0] > 2 * middle[2]


def test_a_request_is_the_same_where_only_what_is_free_is_made(session: Session, tmp_path: Path) -> None:
    drawn = session.dream("a lake", model="ray-3.2", resolution="360p")
    with Session(tmp_path / "free", "studio", replay="free", patience=HASTE) as free:
        assert free.dream("a lake", model="ray-3.2", resolution="360p").path.name == drawn.path.name


def test_takes_differ(session: Session) -> None:
    takes = [session.dream("a lake", model="ray-3.2", resolution="360p", take=take) for take in (1, 2)]
    assert takes[0].path.read_bytes() != takes[1].path.read_bytes()


def test_a_create_whose_answer_was_lost_is_drawn_again(session: Session) -> None:
    request = session._lookup.as_sent(make_request("a lake", model="ray-3.2", resolution="360p"), 1, fresh=False)
    ledger = session.library.ledger
    ledger.update(ledger.intend(request, 1, "studio"), state="sending", sent_at="2026-01-01T00:00:00+00:00")
    assert session.submit(request).result(240).state == "completed"


def test_what_only_the_luma_api_can_do_needs_one_of_its_models(session: Session) -> None:
    with pytest.raises(InvalidRequestError, match=r"hdr: only the Luma API supports this: .*model=\"ray-3.2\""):
        session.dream("a lake", hdr=True)


def test_a_request_that_the_luma_api_would_refuse_is_refused(session: Session) -> None:
    with pytest.raises(InvalidRequestError, match="loop"):
        session.dream("a lake", model="ray-3.2", duration="10s", loop=True)


def test_a_line_with_a_model_is_the_same_on_the_studio_and_on_the_server(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = session.dream("a lake", model="ray-3.2", resolution="360p")
    with FakeLuma().running() as luma:
        luma.use(monkeypatch)
        with Session(tmp_path / "paid", "luma", patience=HASTE) as paid:
            assert paid.dream("a lake", resolution="360p").hash == drawn.hash
