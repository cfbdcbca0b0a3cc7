"""A notebook that was exported as HTML, in a page with the widget manager but without a kernel."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.exported import open_exported
from tests.notebook.test_validation import execute

pytestmark = pytest.mark.browser

SECONDS = 240
CELLS = (
    "%load_ext dream_nb\nimport dream_nb",
    "lake = dream_nb.dream('a lake', kind='image')\ndream_nb.Card(lake)",
    "dream_nb.Panel(prompt='a harbour')",
    "dream_nb.Gallery()",
    "dream_nb.Dreams([lake]).grid()",
)
TEXTS = ("a lake", "a harbour", "The gallery of 'dreams'", "Grid(1)")


@pytest.fixture
def open_cells(page: Page, manager: Path, tmp_path: Path, small: None) -> Callable[..., None]:  # noqa: ARG001
    """Runs cells, exports them as HTML, and opens the page."""

    def run_and_open(*cells: str) -> None:
        saved = execute(tmp_path, *cells)
        command = [sys.executable, "-m", "nbconvert", "--to", "html", str(saved)]
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        open_exported(page, tmp_path, saved.with_suffix(".html").name, manager)

    return run_and_open


def test_a_widget_that_is_revived_without_a_kernel_leaves_its_stand_in(
    open_cells: Callable[..., None], page: Page
) -> None:
    open_cells(*CELLS)
    # The manager has created every view.
    expect(page.locator(".widget-subarea > *")).to_have_count(len(TEXTS))
    page.wait_for_function("() => document.querySelectorAll('[data-dream-nb]').length === 4")
    page.wait_for_load_state("networkidle")
    static = page.locator(".dream_nb-static").filter(visible=True)
    expect(static).to_have_count(len(TEXTS))
    for at, text in enumerate(TEXTS):
        expect(static.nth(at)).to_contain_text(text)
    for picture in static.locator("img").all():
        assert picture.evaluate("image => image.naturalWidth")
    expect(page.locator(".dream-nb")).to_have_count(0)
