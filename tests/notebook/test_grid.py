"""The grid, without a browser."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path

import pytest
from PIL import Image

from dream_nb.library import small_videos
from dream_nb.media.axes import Layout
from dream_nb.media.video import read_facts
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask
from dream_nb.results.dreams import Dreams
from dream_nb.session import Session
from tests.notebook.page import Page

PROMPT = "a {mood=calm|stormy} lake at {time=dawn|noon}"


@pytest.fixture
def dreams(page: Page, session: Session) -> Dreams:  # noqa: ARG001
    return session.sweep(PROMPT, kind="image")


def test_words_head_rows_and_columns(dreams: Dreams) -> None:
    grid = dreams.grid(rows="time", columns="mood")
    assert (grid.row_words, grid.column_words) == (["dawn", "noon"], ["calm", "stormy"])
    assert [(cell["row"], cell["column"]) for cell in grid.cells] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert dreams.grid().column_words == ["dawn", "noon"]


def test_an_unknown_axis_is_an_error_that_names_those_there_are(dreams: Dreams) -> None:
    with pytest.raises(ValueError, match="no axis 'place': the axes are mood, time"):
        dreams.grid(rows="place")


@pytest.mark.parametrize("count", [0, 2001])
def test_there_is_something_in_it_and_not_too_much(page: Page, dreams: Dreams, count: int) -> None:  # noqa: ARG001
    with pytest.raises(ValueError, match=f"1 to 2000 dreams, not {count}"):
        Dreams([dreams[0]] * count).grid()


def test_only_the_pictures_that_are_asked_for_travel_and_are_kept_beside_the_files(page: Page, dreams: Dreams) -> None:
    grid = dreams.grid()
    opened = page.opened[grid.comm.comm_id]
    assert "data:" not in str(opened)
    answer, pictures = page.ask(grid, "pictures", numbers=[1, 3, 9])
    assert answer["numbers"] == [1, 3]
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)
    assert len(list((dreams[0].path.parent / "thumbnails").glob("*.jpg"))) == 2


def test_facts_of_one_are_told_when_it_is_asked_for(page: Page, dreams: Dreams) -> None:
    answer, _ = page.ask(dreams.grid(), "facts", number=2)
    width, height = dreams[2].size
    assert answer["facts"][0] == f"{width}×{height}"
    assert "no dream number 9" in page.ask(dreams.grid(), "facts", number=9)[0]["error"]


def test_a_third_axis_stands_below_and_a_missing_word_has_its_place() -> None:
    words = [{"a": "1", "b": "x", "c": "p"}, {"a": "1", "b": "x", "c": "q"}, {"a": "2"}]
    layout = Layout.of(words, "a", "b")
    assert layout.columns == ["x", ""]
    assert layout.places == [(0, 0, "p"), (0, 0, "q"), (1, 1, "")]


def test_a_long_axis_that_is_alone_is_a_wall_unless_it_is_named() -> None:
    words = [{"hour": str(hour)} for hour in range(12)]
    layout = Layout.of(words)
    assert (len(layout.rows), len(layout.columns), layout.places[5]) == (3, 4, (1, 1, "5"))
    assert Layout.of(words, columns="hour").rows == [""]
    assert Layout.of(words[:10]).rows == [""]


def test_dreams_without_words_are_a_square() -> None:
    assert Layout.of([{}] * 5).places == [(0, 0, ""), (0, 1, ""), (0, 2, ""), (1, 0, ""), (1, 1, "")]


def test_a_sweep_under_way_fills_it(page: Page, session: Session) -> None:
    asks = [Ask(make_request(f"a {word} lake", kind="image"), 1, False, {"mood": word}) for word in ("calm", "stormy")]
    sweep = session.start(session.plan(asks))
    grid = sweep.grid(columns="mood")
    assert grid.column_words == ["calm", "stormy"]
    page.wait_for(lambda: all(state["url"] for state in grid.states) or None)
    page.wait_for(lambda: all(state["state"] == "completed" for state in grid.states) or None)
    assert grid.dreams.words == [{"mood": "calm"}, {"mood": "stormy"}]
    # The pictures are sent unasked, because the kernel is busy with the waiting cell and could not answer.
    page.wait_for(
        lambda: {0, 1} <= {(sent.get("content") or {}).get("picture") for _, sent, _ in page.messages} or None
    )


def test_the_best_is_picked_here_and_there(dreams: Dreams) -> None:
    grid = dreams.grid()
    assert grid.best is None
    grid.picked = 2
    assert grid.best == dreams[2]
    grid.best = dreams[1]
    assert grid.picked == 1
    with pytest.raises(ValueError, match="is not in this grid"):
        dreams[:2].grid().best = dreams[3]


def test_it_is_written_as_one_picture_and_as_one_film(page: Page, session: Session) -> None:
    grid = session.sweep(PROMPT).grid()
    with Image.open(grid.to_png()) as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 2 * 160
    answer, _ = page.ask(grid, "export", form="mp4")
    facts = read_facts(Path(answer["path"]))
    (longest,) = {dream.facts.frames for dream in grid.dreams if dream.facts}
    assert facts.frames == longest
    assert facts.width > 2 * 160


def test_only_its_own_files_are_read(page: Page, dreams: Dreams) -> None:
    grid = dreams.grid()
    assert page.ask(grid, "read", file="0", at=0, length=10)[1]
    for name in ("9", "-1", "ledger.sqlite", "../x", "²"):
        assert page.ask(grid, "read", file=name, at=0, length=10)[0]["error"]


def test_shown_it_has_a_picture_and_a_text(dreams: Dreams) -> None:
    html = dreams.grid().static()
    assert "data:image/jpeg" in html
    assert "calm, stormy by dawn, noon" in html


def test_a_large_video_has_a_small_copy_that_is_made_once(
    page: Page,  # noqa: ARG001
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(small_videos, "_SMALL_BYTES", 0)
    dream = session.dream("a lake")
    grid = Dreams([dream]).grid()
    small = grid.file("small-0")
    assert small is not None
    assert small.parent.name == "thumbnails"
    facts = read_facts(small)
    assert (max(facts.width, facts.height) <= 320, facts.frames) == (True, read_facts(dream.path).frames)
    made = small.stat().st_mtime_ns
    assert grid.file("small-0") == small
    assert small.stat().st_mtime_ns == made


def test_small_copies_and_pictures_are_made_on_this_machine_whatever_draws(
    page: Page, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_videos, "_SMALL_BYTES", 0)
    session.dream("a lake")

    def elsewhere() -> Executor:
        raise AssertionError("a cluster may not have the library")

    with Session(session.library.folder, executor=elsewhere) as other:
        grid = other.dreams().grid()
        assert (small := grid.file("small-0")) is not None
        assert small.parent.name == "thumbnails"
        page.ask(grid, "pictures", numbers=[0])
        assert len(list(small.parent.glob("*.jpg"))) == 1


def test_what_is_small_has_no_copy(page: Page, session: Session) -> None:  # noqa: ARG001
    dream = session.dream("a lake")
    small = Dreams([dream]).grid().file("small-0")
    assert small is not None
    assert small.samefile(dream.path)
    assert Dreams([dream]).grid().file("small-9") is None
