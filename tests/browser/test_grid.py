"""The grid, as a person uses it in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

GRID = (
    'dreams = dream_nb.sweep("a {mood=calm|stormy} lake at {time=dawn|night}")\n'
    'g = dreams.grid(rows="time", columns="mood")\ng'
)
ALL_PLAY = """() => {
    const videos = [...document.querySelectorAll('video.dream-cell-picture')];
    return videos.length === 4 && videos.every(video => !video.paused && video.currentTime > 0.1);
}"""
TIMES = "() => [...document.querySelectorAll('video')].map(video => video.currentTime)"


def test_one_button_plays_all_and_one_line_moves_all(
    open_cells: Callable[..., Lab], page: Page, tmp_path: Path
) -> None:
    # Otherwise the videos play as soon as they are in view.
    page.emulate_media(reduced_motion="reduce")
    lab = open_cells("import dream_nb\n" + GRID, "print(g.best and g.best.prompt)")
    lab.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell') }")
    for number in (0, 1):
        lab.run_cell(number)
    table = page.get_by_role("table", name="by axis")
    expect(table.get_by_role("columnheader")).to_have_text(["calm", "stormy"])
    expect(table.get_by_role("rowheader")).to_have_text(["dawn", "night"])

    play = page.get_by_role("button", name="play all")
    play.click()
    page.wait_for_function(ALL_PLAY)
    page.get_by_role("button", name="pause all").click()
    times = page.evaluate(TIMES)
    assert max(times) - min(times) < 0.1
    line = page.get_by_role("slider", name="time of all")
    line.fill("500")
    page.wait_for_function(
        """() => [...document.querySelectorAll('video')].every(video =>
            !video.seeking && Math.abs(video.currentTime - video.duration / 2) < 0.05)"""
    )

    table.get_by_role("button", name="compare: a calm lake at dawn").click()
    table.get_by_role("button", name="open: a calm lake at dawn").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("c")
    stage = page.get_by_role("group", name="A and B")
    expect(stage.locator("mark")).to_have_text(["only in A: dawn", "only in B: night"])
    divider = stage.get_by_role("slider", name="divider")
    divider.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "60")
    box = stage.locator(".dream-ab").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
    page.mouse.up()
    expect(divider).to_have_attribute("aria-valuenow", "25")
    page.wait_for_function(
        """() => [...document.querySelectorAll('video.dream-layer')].every(video =>
            video.readyState >= 2 && Math.abs(video.currentTime - video.duration / 2) < 0.05)"""
    )

    table.get_by_role("button", name="best: a stormy lake at night").click()
    expect(table.get_by_role("button", name="best: a stormy lake at night")).to_have_attribute("aria-pressed", "true")
    lab.run_until_printed(2, "a stormy lake at night")

    page.get_by_role("button", name="Side-by-side film").click()
    expect(page.locator(".dream-grid .dream-said")).to_contain_text("Written: dreams/", timeout=240_000)
    assert len(list((tmp_path / "work" / "dreams").glob("*-grid-*.mp4"))) == 1


def test_videos_play_together_as_soon_as_they_are_seen(
    open_cells: Callable[..., Lab], page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Large enough for the library to make small copies.
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "720")
    monkeypatch.setenv("DREAM_NB_STUDIO_SECONDS", "2")
    lab = open_cells("import dream_nb\n" + GRID.replace("night", "storm"))
    lab.run_all()
    page.wait_for_function(ALL_PLAY, timeout=240_000)
    assert page.evaluate("() => [...document.querySelectorAll('video')].every(video => video.videoWidth === 320)")
    assert len(list((tmp_path / "work" / "dreams" / "thumbnails").glob("*.mp4"))) == 4
    page.get_by_role("button", name="pause all").click()
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(video => video.paused)")


def test_a_click_shows_one_large_and_the_keys_lead_to_its_neighbours_and_back(
    open_cells: Callable[..., Lab], page: Page
) -> None:
    open_cells("import dream_nb\n" + GRID).run_all()
    page.wait_for_function(ALL_PLAY, timeout=240_000)
    table = page.get_by_role("table", name="by axis")
    # Only one cell can be reached with the Tab key; the next stops are that cell's buttons.
    assert page.locator(".dream-cell-open[tabindex='0']").count() == 1
    table.get_by_role("button", name="open: a calm lake at dawn").click()
    large = page.locator(".dream-large")
    expect(large).to_be_focused()
    expect(table).to_be_hidden()
    expect(large.get_by_text("a calm lake at dawn")).to_be_visible()
    expect(large.locator(".dream-facts")).to_contain_text("5.0 s")
    expect(large.get_by_role("button", name="previous")).to_be_disabled()
    # It plays the full file, not the small copy.
    source = "() => document.querySelector('.dream-large video').src"
    page.wait_for_function(f"() => /files.*\\/dreams\\/[^/]+mp4/.test(({source})())")
    page.wait_for_function("() => !document.querySelector('.dream-large video').paused")
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('.dream-large video').paused")
    page.keyboard.press("ArrowRight")
    expect(large.get_by_text("a stormy lake at dawn")).to_be_visible()
    large.get_by_role("button", name="next").click()
    expect(large.locator(".dream-large-place")).to_have_text("3 of 4")
    page.keyboard.press("Escape")
    expect(table.get_by_role("button", name="open: a calm lake at night")).to_be_focused()
    page.wait_for_function(ALL_PLAY)

    # With the keyboard only.
    page.keyboard.press("ArrowRight")
    page.keyboard.press("b")
    expect(table.get_by_role("button", name="best: a stormy lake at night")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(large.locator(".dream-large-place")).to_have_text("4 of 4")
    expect(large.get_by_role("button", name="next")).to_be_disabled()
    page.keyboard.press("Escape")

    # While all are paused, a video plays as long as the pointer is over it.
    page.get_by_role("button", name="pause all").click()
    playing = "() => [...document.querySelectorAll('video')].filter(video => !video.paused).length"
    page.wait_for_function(f"() => ({playing})() === 0")
    table.get_by_role("button", name="open: a calm lake at dawn").hover()
    page.wait_for_function(f"() => ({playing})() === 1")
    page.mouse.move(5, 5)
    page.wait_for_function(f"() => ({playing})() === 0")
