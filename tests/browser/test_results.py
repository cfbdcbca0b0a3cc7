"""The result in a cell, as a person uses it in JupyterLab: static HTML, and live parts beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.many import write_many

pytestmark = pytest.mark.browser

PLAYS = "video => !video.paused && video.currentTime > 0"
FRAME = "video => Math.floor(video.currentTime * 24) + 1"


def test_a_dream_plays_by_itself_and_is_controlled_below_it(open_cells: Callable[..., Lab], page: Page) -> None:
    lab = open_cells("%dream a lake at noon --duration 9s")
    lab.run_all()
    video = page.locator(".dream_nb-preview video")
    page.wait_for_function(PLAYS, arg=video.element_handle())
    controls = page.get_by_role("group", name="playing")
    expect(controls).to_be_visible()
    # The browser's own controls would cover the picture.
    assert video.evaluate("video => video.controls") is False

    controls.get_by_role("button", name="pause").click()
    before = video.evaluate(FRAME)
    controls.get_by_role("button", name="one frame on").click()
    page.wait_for_function(f"([video, frame]) => ({FRAME})(video) === frame", arg=[video.element_handle(), before + 1])
    expect(controls.get_by_role("status")).to_contain_text(f"{before + 1} / ")
    controls.get_by_label("speed").select_option("0.25")
    assert video.evaluate("video => video.playbackRate") == 0.25
    video.click()
    page.wait_for_function("video => !video.paused", arg=video.element_handle())

    page.get_by_role("button", name="Another take").click()
    expect(page.locator(".dream-card:not(.dream-bare)")).to_be_visible()
    lab.save()

    reopened = lab.reopen_without_kernel()
    video = reopened.page.locator(".dream_nb-preview video")
    expect(video).to_be_visible()
    assert video.evaluate("video => video.controls") is True
    expect(page.get_by_role("group", name="playing")).to_have_count(0)
    expect(page.get_by_text("Error displaying widget")).to_have_count(0)


def test_a_video_stands_still_for_those_who_want_no_motion(open_cells: Callable[..., Lab], page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    lab = open_cells("%dream a lake at noon")
    lab.run_all()
    controls = page.get_by_role("group", name="playing")
    expect(controls.get_by_role("button", name="play", exact=True)).to_be_visible()
    assert page.locator(".dream_nb-preview video").evaluate("video => video.paused")


def test_a_sweep_is_a_grid_and_saved_it_is_its_overview(open_cells: Callable[..., Lab], page: Page) -> None:
    lab = open_cells("%dream a {calm|stormy} lake at {dawn|night} --image")
    lab.run_all()
    grid, overview = page.locator(".dream-grid"), page.locator(".dream_nb-overview")
    expect(grid).to_have_count(1)
    expect(grid.locator("img.dream-cell-picture")).to_have_count(4)
    expect(overview).to_be_hidden()
    lab.save()

    lab.reopen_without_kernel()
    expect(page.locator(".dream_nb-overview")).to_be_visible()
    expect(page.locator(".dream_nb-overview img")).to_have_count(4)
    expect(page.locator(".dream-grid")).to_have_count(0)


def test_a_sweep_under_way_fills_one_by_one_and_can_be_cancelled(
    open_cells: Callable[..., Lab], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "2160")
    open_cells("%dream a {calm|stormy} lake at {dawn|noon|night} --duration 9s --resolution 4k")
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    expect(page.get_by_role("timer")).to_be_visible()
    expect(page.get_by_text("0 of 6 done")).to_be_visible()
    expect(page.locator(".dream-cell")).to_have_count(6)
    # A cell shows the first picture of a video that is being drawn.
    expect(page.locator(".dream-cell-seen")).not_to_have_count(0, timeout=120_000)
    page.get_by_role("button", name="Cancel all").click()
    expect(page.locator(".dream-cell[data-state=failed]")).to_have_count(6)


def test_a_result_is_opened_in_a_gallery_below_it_and_then_in_the_one_that_is_there(
    open_cells: Callable[..., Lab], page: Page, tmp_path: Path
) -> None:
    (tmp_path / "work" / "dreams").mkdir(parents=True)
    lab = open_cells("d = %dream a lake --image", "import dream_nb\ng = dream_nb.Gallery(search='harbour')\ng")
    lab.run_cell(0)
    lab.run_cell(1)
    write_many(tmp_path / "work" / "dreams", 400)
    open_it = page.get_by_role("button", name="Open in gallery")
    open_it.focus()
    page.keyboard.press("Enter")
    wall = page.get_by_role("listbox")
    expect(wall).to_be_focused()
    chosen = wall.locator("[aria-selected=true]")
    expect(chosen).to_have_count(1)
    expect(chosen).to_have_attribute("aria-label", "a lake, image")
    expect(page.locator(".dream-gallery")).to_have_count(1)

    # The search of this gallery excludes the dream.
    lab.run_cell(2)
    last = page.locator(".dream-gallery").nth(1)
    expect(last.locator(".dream-count")).to_have_text("50 of 401")
    open_it.click()
    expect(last.locator(".dream-count")).to_have_text("401 dreams · 1 selected")
    expect(last.get_by_role("searchbox")).to_have_value("")
    expect(last.get_by_role("listbox")).to_be_focused()
    expect(last.get_by_role("listbox")).to_be_in_viewport()
    expect(page.locator(".dream-gallery")).to_have_count(2)


def test_a_file_that_is_missing_is_said_once_and_fetched_again(open_cells: Callable[..., Lab], page: Page) -> None:
    lab = open_cells(
        "d = %dream a lake --image\nd.path.unlink()",
        "%dreams show d",
        "h = %dreams history\nprint([one.take for one in h])",
    )
    lab.run_cell(0)
    lab.run_cell(1)
    lab.run_cell(2)
    shown = page.locator(".jp-Notebook-cell").nth(2)
    again = shown.get_by_role("button", name="Try again", exact=True)
    expect(again).to_be_visible()
    expect(shown.get_by_text("is no longer in 'dreams'")).to_have_count(1)
    again.click()
    expect(shown.locator(".dream-below img.dream-film, .dream-below .dream-picture img")).to_be_visible(timeout=60_000)
    lab.run_cell(3)
    expect(page.get_by_text("[1]", exact=True)).to_be_visible()
