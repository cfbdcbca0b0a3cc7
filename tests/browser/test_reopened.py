"""A notebook that was saved in JupyterLab, and opened again without its widgets."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

CELLS = (
    "import dream_nb\nlake = dream_nb.dream('a lake')\ndream_nb.Card(lake)",
    "dream_nb.Panel(prompt='a harbour')",
    "dream_nb.Gallery()",
    "dream_nb.sweep('a field at {time=dawn|noon}', kind='image').grid()",
    "job = %dream a forest -b",
    "job.result()\nNone",
)
TEXTS = ("a lake", "a harbour", "The gallery of 'dreams'", "dawn, noon", "a forest")


@pytest.mark.parametrize("reopen", [Lab.reopen_without_kernel, pytest.param(Lab.reopen, marks=pytest.mark.slow)])
def test_each_widget_leaves_a_picture_and_text(
    open_cells: Callable[..., Lab], page: Page, reopen: Callable[[Lab], Lab]
) -> None:
    lab = open_cells(*CELLS)
    lab.run_all()
    expect(page.locator(".dream-gallery")).to_be_visible()
    expect(page.locator(".dream_nb-static").filter(visible=True)).to_have_count(0)

    lab.save()
    reopen(lab)
    static = page.locator(".dream_nb-static").filter(visible=True)
    expect(static).to_have_count(len(TEXTS))
    for at, text in enumerate(TEXTS):
        expect(static.nth(at)).to_contain_text(text)
    for at in (0, 2, 3, 4):
        expect(static.nth(at).locator("img, video")).to_be_visible()
    expect(page.get_by_text(re.compile("Loading widget|displaying widget")).filter(visible=True)).to_have_count(0)
