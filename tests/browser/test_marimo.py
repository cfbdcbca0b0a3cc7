"""The widgets and previews in marimo, whose page puts each widget into a shadow root and serves no files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.marimo_page import serve_marimo, write_marimo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("marimo") is None, reason="marimo is not installed"),
]

TUTORIAL = Path(__file__).parents[2] / "notebooks" / "marimo_first_dream.py"
SMALL = {"DREAM_NB_STUDIO_SIDE": "90"}
# On a busy machine it takes long to start a server, a kernel and workers for the first result.
FAR = 240_000
PLAYS = "video => video.readyState >= 2 && video.currentTime > 0 && video.videoWidth > 0 && !video.error"

# A job that ends as soon as the file `seen` exists.
WAITING = """import pathlib, threading, time
from dream_nb.results.job import Job
made = dream_nb.dream('a lake', kind='image')
job = Job(made.request, 1, 'studio')
def finish():
    while not pathlib.Path({seen!r}).exists():
        time.sleep(0.05)
    job.finish(made, None)
threading.Thread(target=finish, daemon=True).start()
job.result()"""


def plays(page: Page, video: Locator) -> None:
    """Wait until the only video found plays."""
    expect(video).to_have_count(1, timeout=FAR)
    page.wait_for_function(PLAYS, arg=video.element_handle())


def plays_when_stepped(page: Page, card: Locator) -> None:
    """Step the video of a card by a frame, so that it is loaded, and wait until it shows the frame."""
    video = card.locator("video.dream-film")
    expect(video).to_have_count(1, timeout=FAR)
    video.focus()
    video.press("ArrowRight")
    page.wait_for_function(PLAYS, arg=video.element_handle())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marimo")


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[str]:
    """A marimo app with a preview, a card and a panel."""
    cells = (
        "lake = dream_nb.dream('a serene lake')\nlake",
        "dream_nb.Card(lake)",
        "panel = dream_nb.Panel()\npanel",
    )
    with serve_marimo(write_marimo(folder / "work" / "app.py", *cells), folder, "run", **SMALL) as url:
        yield url


def test_the_preview_of_a_dream_in_the_library_beside_the_notebook_plays(app: str, folder: Path, page: Page) -> None:
    page.goto(app)
    plays(page, page.locator(".dream_nb-preview video"))
    assert list((folder / "work" / "dreams").glob("serene-lake-*.mp4"))


def test_a_card_has_its_style_inside_the_shadow_root_and_plays(app: str, page: Page) -> None:
    page.goto(app)
    card = page.locator(".dream-card")
    expect(card).to_have_count(1, timeout=FAR)
    assert card.evaluate("card => card.getRootNode() instanceof ShadowRoot")
    expect(card).to_have_css("border-top-left-radius", "8px")
    plays_when_stepped(page, card)


def test_what_the_panel_makes_stands_in_it_and_goes_on_from_there(app: str, page: Page) -> None:
    page.goto(app)
    form = page.locator(".dream-panel")
    form.get_by_label("Prompt", exact=True).fill("a whale under the moon", timeout=FAR)
    go = form.locator(".dream-go")
    expect(go).to_have_text("Dream a video")
    expect(go).to_be_enabled(timeout=FAR)
    go.click()
    cards = page.locator(".dream-cards .dream-card")
    expect(cards).to_have_count(1, timeout=FAR)
    plays_when_stepped(page, cards)
    # A form in a card in the panel works too.
    cards.get_by_role("button", name="Extend").click()
    cards.get_by_label("Extend: describe what happens").fill("night falls")
    cards.get_by_label("Extend: describe what happens").press("Enter")
    expect(cards).to_have_count(2, timeout=FAR)
    expect(cards.locator("video.dream-film")).to_have_count(2, timeout=FAR)
    cards.first.get_by_role("button", name="Open in gallery").click()
    expect(page.locator(".dream-cards .dream-gallery")).to_be_visible(timeout=FAR)


def test_the_panel_says_what_is_wrong_and_its_card_why_nothing_was_made(app: str, page: Page) -> None:
    page.goto(app)
    form = page.locator(".dream-panel")
    form.get_by_label("Prompt", exact=True).fill("a scene of gore", timeout=FAR)
    begins = form.get_by_label("Begins with: a library file, URL")
    begins.fill("nowhere.jpg")
    begins.press("Tab")
    wrong = form.locator(".dream-field", has=page.get_by_text("Begins with", exact=True)).locator(".dream-error")
    expect(wrong).to_contain_text("'nowhere.jpg'", timeout=FAR)
    expect(form.locator(".dream-go")).to_be_disabled()
    begins.fill("")
    begins.press("Tab")
    expect(form.locator(".dream-go")).to_be_enabled(timeout=FAR)
    form.locator(".dream-go").click()
    failed = page.locator(".dream-cards .dream-card").get_by_role("alert").filter(has_text="Not made")
    expect(failed).to_contain_text("Contains blacklisted words", timeout=FAR)


def test_a_cell_that_waits_shows_the_card_of_its_job_and_then_its_result(page: Page, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    notebook = write_marimo(tmp_path / "work" / "waits.py", WAITING.format(seen=str(seen)))
    with serve_marimo(notebook, tmp_path, "run", **SMALL) as url:
        page.goto(url)
        card = page.locator(".dream-card")
        expect(card).to_have_count(1, timeout=FAR)
        # While a cell runs, marimo receives no messages from the page. It has its own button to interrupt.
        expect(card.get_by_role("button", name="Stop waiting")).to_have_count(0)
        seen.touch()
        expect(page.locator(".dream_nb-preview img[alt='a lake']")).to_be_visible(timeout=FAR)
        expect(card).to_have_count(0)


def test_a_cell_that_runs_again_shows_one_card_that_plays(page: Page, tmp_path: Path) -> None:
    cells = ("lake = dream_nb.dream('a serene lake')", "dream_nb.Card(lake)")
    notebook = write_marimo(tmp_path / "work" / "again.py", *cells)
    with serve_marimo(notebook, tmp_path, "edit", **SMALL) as url:
        page.goto(url)
        card = page.locator(".dream-card")
        expect(card).to_have_count(1, timeout=FAR)
        card.evaluate("card => { card.dataset.earlier = ''; }")
        # The cells that depend on this one run again too.
        page.locator(".cm-content").nth(1).click()
        page.keyboard.press("ControlOrMeta+Enter")
        expect(page.locator(".dream-card[data-earlier]")).to_have_count(0, timeout=FAR)
        plays_when_stepped(page, card)


def test_gallery_and_grid_show_their_pictures_and_a_dark_page_has_dark_cards(page: Page, tmp_path: Path) -> None:
    cells = (
        "hours = dream_nb.sweep('a lake at {dawn|dusk}')\nhours",
        "dream_nb.Grid(hours)",
        "hours\ndream_nb.Gallery()",
    )
    notebook = write_marimo(tmp_path / "work" / "many.py", *cells)
    with serve_marimo(notebook, tmp_path, "run", theme="dark", **SMALL) as url:
        page.goto(url)
        expect(page.locator(".dream-gallery .dream-tile img")).to_have_count(2, timeout=FAR)
        expect(page.locator(".dream-grid video")).to_have_count(2, timeout=FAR)
        for video in page.locator(".dream-grid video").all():
            page.wait_for_function(PLAYS, arg=video.element_handle())
        colour = page.locator(".dream-gallery").evaluate("gallery => getComputedStyle(gallery).backgroundColor")
        assert max(int(part) for part in re.findall(r"\d+", colour)) < 64, colour
        # The page cannot open the files, so there are no links to them.
        expect(page.locator(".dream_nb-overview img")).to_have_count(2)
        expect(page.locator(".dream_nb-overview a")).to_have_count(0)


def test_the_notebook_that_comes_with_the_package_runs_as_an_app(page: Page, tmp_path: Path) -> None:
    notebook = tmp_path / "work" / TUTORIAL.name
    notebook.parent.mkdir()
    notebook.write_bytes(TUTORIAL.read_bytes())
    with serve_marimo(notebook, tmp_path, "run", **SMALL) as url:
        page.goto(url)
        plays(page, page.locator(".dream_nb-preview video"))
        expect(page.locator(".dream_nb-overview img")).to_have_count(2, timeout=FAR)
        expect(page.locator(".dream-card")).to_have_count(1, timeout=FAR)
        expect(page.locator(".dream-go")).to_be_enabled(timeout=FAR)
        expect(page.locator(".dream-go")).to_have_text("Dream a video")
