"""The listing and the completion of `%dreams` in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

ROWS = """() => [...document.querySelectorAll('.jp-Completer-item')].map(row => {
    const about = row.querySelector('.jp-Completer-typeExtended');
    return [row.getBoundingClientRect().height, about.getClientRects().length && about.scrollHeight];
})"""


def test_an_entry_copies_itself_and_a_description_stays_on_its_row(open_cells: Callable[..., Lab], page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_cells("%dreams motions").run_all()
    entry = page.get_by_role("button", name="camera orbit left")
    entry.click()
    expect(entry).to_have_attribute("title", "Copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == "camera orbit left"
    page.get_by_role("button", name="camera pan right").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="camera pan right")).to_have_attribute("title", "Copied")
    page.evaluate(
        """async () => {
            await window.jupyterapp.commands.execute('notebook:insert-cell-below');
            await window.jupyterapp.commands.execute('notebook:enter-edit-mode');
        }"""
    )
    page.keyboard.type("%dreams ")
    page.keyboard.press("Tab")
    expect(page.locator(".jp-Completer-item").first).to_be_visible()
    assert [row for row in page.evaluate(ROWS) if row[1] > row[0]] == []
