"""The map of dreams on two measures in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab

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
    lab.run_cell(3)
    expect(page.get_by_text("[]", exact=True)).to_be_visible()
