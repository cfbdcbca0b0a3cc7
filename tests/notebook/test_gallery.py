"""The gallery, without a browser."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from pathlib import Path

import pytest

from dream_nb.api.errors import InvalidRequestError
from dream_nb.library.catalogue import Filter
from dream_nb.notebook.widgets.gallery import Gallery
from dream_nb.session import Session
from tests.many import write_many
from tests.notebook.page import Page


@pytest.fixture
def gallery(page: Page, session: Session) -> Gallery:  # noqa: ARG001
    write_many(session.library.folder, 200)
    return Gallery(session)


def test_it_opens_with_a_window_and_says_how_many_there_are(page: Page, gallery: Gallery) -> None:
    state = page.opened[gallery.model_id]
    assert state["total"] == 200
    assert len(state["first"]["rows"]) == 36
    assert len(json.dumps(state["first"])) < 20_000


def test_a_window_is_never_large(page: Page, gallery: Gallery) -> None:
    answer, _ = page.ask(gallery, "window", filters={"search": "lake"}, offset=0, limit=10_000)
    assert answer["count"] == len(answer["rows"]) == 25
    assert len(page.ask(gallery, "window", filters={}, offset=0, limit=10_000)[0]["rows"]) == 120


def test_small_pictures_are_made_once_and_kept(page: Page, gallery: Gallery, session: Session) -> None:
    rows = gallery.first["rows"][:3]
    keys = [row["key"] for row in rows]
    assert "made" not in rows[0]
    assert page.ask(gallery, "pictures", keys=keys)[0]["problems"] == {}
    made = [Path(row["small"]) for row in rows]
    assert all(path.is_relative_to("dreams/thumbnails") and path.stat().st_size < 12_000 for path in made)
    times = [path.stat().st_mtime_ns for path in made]
    page.ask(gallery, "pictures", keys=keys)
    assert [path.stat().st_mtime_ns for path in made] == times
    assert Gallery(session).first["rows"][0]["made"]
    answer, (picture,) = page.ask(gallery, "read", file=f"small:{keys[0]}", at=0, length=1 << 20)
    assert answer["type"] == "image/jpeg"
    assert picture == made[0].read_bytes()


def test_small_pictures_are_made_on_this_machine_whatever_draws(page: Page, session: Session) -> None:
    write_many(session.library.folder, 3)

    def elsewhere() -> Executor:
        raise AssertionError("a cluster may not have the library")

    with Session(session.library.folder, executor=elsewhere) as other:
        gallery = Gallery(other)
        page.ask(gallery, "pictures", keys=[row["key"] for row in gallery.first["rows"]])
        assert len(list((session.library.folder / "thumbnails").glob("*.jpg"))) == 3


def test_a_damaged_file_is_said_and_hides_no_other(page: Page, gallery: Gallery) -> None:
    keys = [row["key"] for row in gallery.first["rows"][:2]]
    Path("dreams/dream-199.jpg").unlink()
    Path("dreams/dream-199.jpg").write_bytes(b"no picture")
    problems = page.ask(gallery, "pictures", keys=keys)[0]["problems"]
    assert list(problems) == keys[:1]
    assert "is not a picture or video" in problems[keys[0]]


def test_the_selection_is_live_in_both_directions(gallery: Gallery) -> None:
    heard: list[int] = []
    gallery.observe(lambda _: heard.append(len(gallery.selected)), "chosen")
    gallery.chosen = [row["key"] for row in gallery.first["rows"][:2]]
    assert [dream.prompt.split()[3] for dream in gallery.selected] == ["199", "198"]
    gallery.selected = gallery.selected[:1]
    assert gallery.chosen == [gallery.first["rows"][0]["key"]]
    assert heard == [2, 1]


def test_stars_notes_and_tags_are_kept_in_the_library(page: Page, gallery: Gallery) -> None:
    keys = [row["key"] for row in gallery.first["rows"][:2]]
    page.ask(gallery, "mark", keys=keys, stars=5, note="good", tag=" sea ")
    gallery.chosen = keys
    assert [(dream.stars, dream.note, dream.tags) for dream in gallery.selected] == [(5, "good", ("sea",))] * 2
    page.ask(gallery, "mark", keys=keys[:1], untag="sea")
    assert [dream.tags for dream in gallery.selected] == [(), ("sea",)]
    assert "whole number" in page.ask(gallery, "mark", keys=keys, stars=9)[0]["error"]


def test_every_state_and_number_of_stars_that_it_offers_can_be_chosen(page: Page, gallery: Gallery) -> None:
    for state in gallery.choices["state"]:
        assert "error" not in page.ask(gallery, "window", filters={"state": state}, offset=0, limit=1)[0]
    for stars in gallery.choices["stars"]:
        assert "error" not in page.ask(gallery, "mark", keys=[gallery.first["rows"][0]["key"]], stars=stars)[0]


def test_deleting_takes_file_small_picture_and_selection(page: Page, gallery: Gallery) -> None:
    # Remove the ids, so that no server needs to be asked.
    ledger = gallery._session.library.ledger
    keys = [row["key"] for row in gallery.first["rows"][:2]]
    for record in gallery._catalogue.find(keys):
        ledger.update(record, id=None, generation=None)
    page.ask(gallery, "pictures", keys=keys)
    gallery.chosen = keys
    answer, _ = page.ask(gallery, "delete", keys=keys[:1])
    assert (answer["count"], answer["restorable"], answer["problem"]) == (1, keys[:1], "")
    assert gallery.chosen == keys[1:]
    assert gallery.total == 199
    assert not Path("dreams/dream-199.jpg").exists()
    assert len(list(Path("dreams/thumbnails").iterdir())) == 1


def test_what_was_deleted_is_restored_and_selected(page: Page, gallery: Gallery) -> None:
    key = gallery.first["rows"][0]["key"]
    page.ask(gallery, "delete", keys=[key])
    assert page.ask(gallery, "restore", keys=[key])[0]["count"] == 1
    assert (gallery.chosen, gallery.total) == ([key], 200)
    assert Path("dreams/dream-199.jpg").exists()
    assert "is not in the trash" in page.ask(gallery, "restore", keys=[key])[0]["error"]


def test_it_hears_of_a_dream_that_is_made_elsewhere(page: Page, gallery: Gallery, session: Session) -> None:
    session.dream("a lighthouse", kind="image")
    page.wait_for(lambda: gallery.total == 201 or None)
    assert page.ask(gallery, "window", filters={}, offset=0, limit=1)[0]["rows"][0]["prompt"] == "a lighthouse"


def test_it_exports_and_goes_on(page: Page, gallery: Gallery, session: Session) -> None:
    made = session.dream("a lake")
    gallery.selected = [made]
    answer, _ = page.ask(gallery, "export", keys=gallery.chosen, folder="shared")
    assert answer["page"] == "shared/index.html"
    assert Path("shared/index.html").is_file()
    page.ask(gallery, "extend", keys=gallery.chosen, prompt="the sun climbs")
    page.wait_for(lambda: gallery._catalogue.count(Filter(search="climbs", state="completed")) or None)
    assert page.ask(gallery, "export", keys=gallery.chosen, folder=" ")[0]["error"]


def test_shown_it_has_a_picture_and_a_text_that_is_the_same_at_every_run(gallery: Gallery) -> None:
    html = gallery.static()
    assert "The gallery of &#39;dreams&#39;" in html
    assert 1_000 < len(html) < 60_000


def test_takes_of_one_prompt_have_captions_of_their_own(page: Page, session: Session) -> None:  # noqa: ARG001
    for take in (1, 2):
        session.dream("a lake", kind="image", take=take)
    rows = Gallery(session).first["rows"]
    assert [(row["prompt"], row.get("caption")) for row in rows] == [("a lake", "a lake · take 2"), ("a lake", None)]


def test_a_dream_that_is_pointed_to_is_selected_and_seen_whatever_is_looked_for(
    gallery: Gallery, session: Session
) -> None:
    gallery.filters = {"kind": "video"}
    admitted = gallery.dreams[3]
    gallery.show(admitted)
    assert (list(gallery.selected), gallery.filters, gallery.point) == (
        [admitted],
        {"kind": "video"},
        {"at": 3, "turn": 1},
    )
    other = session.history().filter(kind="image")[5]
    gallery.show(other)
    assert (list(gallery.selected), gallery.filters) == ([other], {})
    assert gallery.dreams[gallery.point["at"]] == other


def test_a_wrong_filter_is_an_error_at_once(page: Page, session: Session) -> None:  # noqa: ARG001
    with pytest.raises(InvalidRequestError, match="'colour' is not a filter"):
        Gallery(session, colour="red")
