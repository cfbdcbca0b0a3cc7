"""The map of dreams over two measures in JupyterLab."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.notebook.test_validation import SECONDS, execute

pytestmark = pytest.mark.browser

CELLS = (
    'import dream_nb\ns = dream_nb.sweep("a {calm|stormy} lake at {dawn|noon|night}", kind="image")',
    'm = s.map("brightness", "colourfulness")\nm',
    "print([d.prompt for d in m.selected])",
)


def test_it_zooms_moves_and_selects(open_cells: Callable[..., Lab], page: Page) -> None:
    lab = open_cells(*CELLS)
    lab.run_all()
    expect(page.locator(".dream_nb-scatter")).to_be_hidden()
    spots = page.locator(".dream-map-spot")
    expect(spots).to_have_count(6)
    dot = page.locator(".dream-map-dot").first
    spots.nth(1).locator("image").click()
    spots.nth(3).focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("2 selected")).to_be_visible()
    lab.run_until_printed(3, "['a calm lake at noon', 'a stormy lake at dawn']")
    plot = page.locator(".dream-map-plot").bounding_box()
    assert plot is not None
    ticks = page.locator(".dream-map-plot").text_content() or ""
    page.mouse.move(plot["x"] + plot["width"] / 2, plot["y"] + plot["height"] / 2)
    page.mouse.wheel(0, -100)
    expect(page.locator(".dream-map-plot")).not_to_have_text(ticks)
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".dream-map-plot")).to_have_text(ticks)
    before = float(dot.get_attribute("cx") or 0)
    page.mouse.move(plot["x"] + plot["width"] * 0.12, plot["y"] + plot["height"] * 0.06)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.12 + 40, plot["y"] + plot["height"] * 0.06, steps=4)
    page.mouse.up()
    assert float(dot.get_attribute("cx") or 0) == pytest.approx(before + 40 * 720 / plot["width"], abs=2)
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Clear selection").click()
    lab.run_until_printed(3, "[]")


@pytest.fixture
def executed(tmp_path: Path, small: None) -> Path:  # noqa: ARG001 - for its environment
    """A notebook with a map, run by a program, so that JupyterLab does not trust it."""
    (tmp_path / "work").mkdir()
    return execute(tmp_path / "work", "%load_ext dream_nb", *CELLS[:2])


IS_DRAWN = """() => {
    const image = document.querySelector('.dream_nb-static img.dream_nb-scatter');
    return image?.checkVisibility() && image.naturalWidth === 720;
}"""


def test_in_a_notebook_that_is_not_trusted_its_drawing_is_there(
    open_lab: Callable[..., Lab], page: Page, executed: Path
) -> None:
    page.route(
        "**/api/sessions**", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    open_lab(executed, kernel=False)
    page.wait_for_function(IS_DRAWN)
    # JupyterLab removes unknown elements, but keeps the text inside them.
    expect(page.locator(".dream_nb-static")).to_have_text("")


def test_in_a_saved_page_its_drawing_is_there(page: Page, executed: Path) -> None:
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(executed)]
    subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
    # Without a network, neither the widget manager nor a kernel is available.
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    page.goto(executed.with_suffix(".html").as_uri())
    page.wait_for_function(IS_DRAWN)
