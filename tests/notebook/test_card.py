"""The card without a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

from dream_nb.api.request_models import ImageGenerationRequest
from dream_nb.jobs.progress import Progress
from dream_nb.notebook.widgets.card import Card
from dream_nb.notebook.widgets.gallery import Gallery
from dream_nb.notebook.widgets.panel import Panel
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job
from dream_nb.session import Session
from tests.notebook.page import Page

SECONDS = 240


def test_a_card_shows_its_dream_after_the_session_was_closed(page: Page, session: Session) -> None:  # noqa: ARG001
    dream = session.submit(ImageGenerationRequest(prompt="a lake")).result(SECONDS)
    session.close()
    card = Card(dream)
    assert (card.state, card.film["name"], card.lineage) == ("completed", dream.path.name, [])


def test_it_says_what_the_studio_drew_and_did_not_know(page: Page, session: Session) -> None:  # noqa: ARG001
    dream = session.submit(ImageGenerationRequest(prompt="a red fox, quixotic snow")).result(SECONDS)
    assert (dream.drawn, dream.unknown) == (("fox", "snow"), ("quixotic",))
    assert Card(dream).facts[-2:] == ["drew: fox, snow", "not understood: quixotic"]


def test_it_says_whether_another_state_follows(page: Page, session: Session) -> None:  # noqa: ARG001
    card = Card(session.submit(ImageGenerationRequest(prompt="a lake")).result(SECONDS))
    assert card.ended
    for state, ended in (("dreaming", False), ("downloading", False), ("failed", True)):
        card.state = state
        assert card.ended is ended, state


def test_a_failed_dream_says_why(page: Page, session: Session) -> None:  # noqa: ARG001
    job = session.submit(ImageGenerationRequest(prompt="a scene of gore"))
    assert job.exception(SECONDS) is not None
    (dream,) = [Dream(record, session.library, session.home) for record in session.library.ledger.all()]
    card = Card(dream)
    assert card.problem["title"] == "Not made: Contains blacklisted words"
    assert "blacklisted" in card.static()


def test_a_dream_whose_file_is_gone_says_so(page: Page, session: Session) -> None:  # noqa: ARG001
    dream = session.submit(ImageGenerationRequest(prompt="a lake")).result(SECONDS)
    dream.path.unlink()
    assert Card(dream).problem["title"] == "File not found"


def test_try_again_asks_the_session_that_made_it(page: Page, session: Session, tmp_path: Path) -> None:
    with Session(library=tmp_path / "other") as other:
        job = other.submit(ImageGenerationRequest(prompt="a scene of gore"))
        assert job.exception(SECONDS) is not None
        card = Card(job)
        page.wait_for(lambda: card.problem or None)
        page.ask(card, "again")
        (again,) = [one.shown for one in card._under]
        assert again.exception(SECONDS) is not None
    assert session.library.ledger.all() == []


def test_try_again_on_a_sweep_asks_for_what_could_not_be_made(page: Page, session: Session) -> None:
    asks = [Ask(ImageGenerationRequest(prompt=prompt)) for prompt in ("a lake", "a scene of gore")]
    sweep = session.start(session.plan(asks), prompt="a {lake|scene of gore}")
    assert sweep.exception(SECONDS) is not None
    card = Card(sweep)
    page.wait_for(lambda: card.problem or None)
    page.ask(card, "again")
    (again,) = [one.shown for one in card._under]
    assert isinstance(again, Job)
    assert again.title == "a scene of gore"
    assert {record.request.prompt for record in session.library.ledger.all()} == {"a lake", "a scene of gore"}


def test_a_panel_for_the_keyframe_asks_the_session_that_made_it(page: Page, session: Session) -> None:
    card = Card(session.submit(ImageGenerationRequest(prompt="a lake")).result(SECONDS))
    page.ask(card, "keyframe")
    (panel,) = card._under
    assert isinstance(panel, Panel)
    assert panel._session is session


def test_the_lineage_is_a_tree(page: Page, session: Session) -> None:  # noqa: ARG001
    first = session.dream("a lake")
    then = first.extend("night falls")
    first.interpolate(then, "clouds")
    first.reverse_extend("dawn")
    lines = [(line["prompt"], line["depth"], line["relation"]) for line in Card(first).lineage]
    assert lines[0] == ("a lake", 0, "this")
    assert sorted(lines[1:]) == [("clouds", 2, "after"), ("dawn", 1, "after"), ("night falls", 1, "after")]
    assert lines.index(("clouds", 2, "after")) == lines.index(("night falls", 1, "after")) + 1


def test_before_anything_is_seen_it_has_the_colours_of_its_prompt(page: Page, session: Session) -> None:
    job = session.submit(ImageGenerationRequest(prompt="a lake at night"))
    other = session.submit(ImageGenerationRequest(prompt="a lake at sunset"))
    cards = Card(job), Card(other)
    night = page.wait_for(lambda: cards[0].colours or None)
    sunset = page.wait_for(lambda: cards[1].colours or None)
    assert len(night) == len(sunset) == 4
    assert night != sunset


def test_it_shows_the_picture_that_its_request_goes_on_from(page: Page, session: Session) -> None:
    source = session.submit(ImageGenerationRequest(prompt="a lake")).result(SECONDS)
    job = session.submit(make_request("the wind rises", frame0=source))
    card = Card(job)
    page.wait_for(lambda: card.sight or None)
    assert card.sight_is_source or job.picture is not None
    assert card.sight.startswith(b"\xff\xd8\xff")


def test_the_first_picture_of_its_server_takes_the_place_of_the_source(page: Page, session: Session) -> None:
    source = session.submit(ImageGenerationRequest(prompt="a lake")).result(SECONDS)
    job = session.submit(make_request("the wind rises", frame0=source))
    card = Card(job)
    page.wait_for(lambda: card.sight or None)
    job.report(Progress("dreaming", picture=b"a picture", video="https://files.example/so-far.mp4"))
    assert (card.sight, card.sight_is_source) == (b"a picture", False)
    assert card.moving == "https://files.example/so-far.mp4"


def test_it_is_shown_in_a_gallery_that_the_page_has_else_in_one_below_it(page: Page, session: Session) -> None:
    lake = session.dream("a lake", kind="image")
    session.dream("a city", kind="image")
    card, gallery = Card(lake), Gallery(session)
    assert card.kept
    page.ask(card, "show_in_gallery", shown=["another notebook's", gallery.model_id])
    assert list(gallery.selected) == [lake]
    assert card.below == []

    page.ask(card, "show_in_gallery", shown=[])
    (below,) = card._under
    assert isinstance(below, Gallery)
    assert (list(below.selected), below.point["at"]) == ([lake], 1)


def test_a_file_of_no_library_has_no_gallery(page: Page, session: Session, tmp_path: Path) -> None:  # noqa: ARG001
    (tmp_path / "files").mkdir()
    lake = session.dream("a lake", kind="image")
    shutil.copy(lake.path, tmp_path / "files")
    assert not Card(Dreams.from_files(tmp_path / "files")[0]).kept
