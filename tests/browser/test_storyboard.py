"""A storyboard, as a person uses it in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.test_first_notebook import HAS_PLAYED

pytestmark = pytest.mark.browser


COUNT_STRIPS = """() => {
    window.strips = 0;
    const look = () => (window.strips += document.querySelectorAll('.dream-strip').length);
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""


def test_its_strip_shows_the_shots_as_they_come_and_then_the_film_which_they_seek(
    tmp_path: Path, open_lab: Callable[[Path], Lab], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "270")
    (tmp_path / "work").mkdir()
    sources = ["%load_ext dream_nb", "%%storyboard\na lake at dawn\nthe sun climbs\n---\na city at night\nrain"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "work" / "film.ipynb")
    open_lab(tmp_path / "work" / "film.ipynb")
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    tiles = page.locator(".dream-shot")
    expect(tiles).to_have_count(4, timeout=240_000)
    expect(tiles.nth(1)).to_contain_text("waits for 1")
    expect(tiles.nth(0).locator("img")).to_be_visible(timeout=240_000)
    video = page.locator("video")
    expect(video).to_have_count(1, timeout=240_000)
    expect(page.locator(".dream-strip")).to_have_count(0)
    expect(page.get_by_text("3 · 10.0 s")).to_be_visible()
    video.evaluate("video => video.play()")
    page.wait_for_function(HAS_PLAYED, arg=video.element_handle())

    shots = page.locator("figure .dream-shot-link")
    expect(shots).to_have_count(4)
    shots.nth(2).click()
    at = "([video, least]) => !video.seeking && video.currentTime >= least && video.currentTime < least + 4"
    page.wait_for_function(at, arg=[video.element_handle(), 10])
    expect(shots.nth(2)).to_have_attribute("aria-current", "true")
    expect(page.locator("figure [aria-current]")).to_have_count(1)
    # The link did not leave the notebook, and the film has the controls of a result.
    expect(page.get_by_role("group", name="playing").get_by_role("slider", name="time")).to_be_visible()
    page.get_by_role("button", name="pause").click()
    page.emulate_media(reduced_motion="reduce")
    shots.nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_function(at, arg=[video.element_handle(), 5])
    assert video.evaluate("video => video.paused")

    # A storyboard from the library is shown without a strip of progress.
    page.evaluate(COUNT_STRIPS)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    expect(page.get_by_text("from your library")).to_be_visible(timeout=60_000)
    expect(page.locator("figure .dream-shot-link")).to_have_count(4, timeout=60_000)
    assert page.evaluate("() => window.strips") == 0


def test_cancel_ends_the_cell_that_waits_for_it_and_nothing_more_is_asked_for(
    open_cells: Callable[..., Lab], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Large enough not to finish before it is cancelled.
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "2160")
    lab = open_cells(
        "%%storyboard --duration 9s --resolution 4k\na lake\nrain\n---\na city",
        "import dream_nb.default\nprint(dream_nb.default.default_session().jobs(), 'under way')",
    )
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    expect(page.get_by_role("button", name="Stop waiting")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Cancel all").click()
    expect(page.locator(".dream-shot[data-state=failed]")).to_have_count(2, timeout=60_000)
    expect(page.locator(".dream-shot[data-state=waiting]")).to_have_count(1)
    expect(page.get_by_text("Interrupted: no longer waiting; the storyboard continues").first).to_be_visible()
    expect(page.get_by_role("button", name="Cancel all")).to_have_count(0)
    lab.run_cell(2)
    expect(page.get_by_text("[] under way", exact=True)).to_be_visible()
