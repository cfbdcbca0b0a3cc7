"""A long wait in JupyterLab: besides the card, the tab's title counts, and a notification tells its end."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab

# These tests replace the tab's clock and add scripts, which cannot be undone.
pytestmark = [pytest.mark.browser, pytest.mark.own_tab]

# Records the notifications and the requests for permission. A real request waits for a person.
RECORD = """
window.told = [];
window.asked = 0;
window.Notification = class extends EventTarget {
    static permission = 'default';
    static async requestPermission() {
        window.asked += 1;
        return (this.permission = 'granted');
    }
    constructor(text) {
        super();
        window.told.push(text);
    }
};
Object.defineProperty(Document.prototype, 'hidden', { get: () => Boolean(window.isHidden) });
"""
LONG = 25_000
SLOW = "--duration 9s --resolution 4k -b"


def test_the_title_counts_and_the_end_is_told_to_who_allowed_that(
    open_cells: Callable[..., Lab], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "2160")
    page.add_init_script(RECORD)
    page.clock.install()
    lab = open_cells(
        f"calm = %dream a calm lake {SLOW}",
        f"storms = %dream a lake in {{rain|fog}} {SLOW}",
        "calm.cancel()",
        f"again = %dream a lake at night {SLOW}",
        "again.cancel()",
    )
    for number in range(3):
        lab.run_cell(number)
    plain = page.title()
    tell = page.get_by_role("button", name="Notify me when it is done")
    expect(page.get_by_role("timer")).to_have_count(2)
    expect(tell).to_have_count(0)

    page.clock.fast_forward(LONG)
    expect(page).to_have_title(re.compile(r"^\(2 · 0:[23]\d\) " + re.escape(plain)))
    expect(tell).to_have_count(2)
    # Permission is requested only at a click, and only once.
    assert page.evaluate("window.asked") == 0
    tell.first.focus()
    page.keyboard.press("Enter")
    told = page.get_by_role("button", name="You are notified when it is done")
    expect(told).to_have_count(2)
    told.first.click()
    tell.first.click()
    assert page.evaluate("window.asked") == 1

    page.evaluate("window.isHidden = true")
    lab.run_cell(3)
    expect(page).to_have_title(re.compile(r"^\(0:[23]\d\) "))
    assert page.evaluate("window.told") == ["Cancelled: a calm lake"]
    # Cancelling here does not notify, even if the page is hidden when the job ends.
    page.get_by_role("button", name="Cancel all").click()
    # The title alone proves nothing: JupyterLab also rewrites it without the time.
    expect(page.locator(".dream-cell[data-state=failed]")).to_have_count(2)
    expect(page).to_have_title(plain)
    assert page.evaluate("window.told.length") == 1
    page.evaluate("window.isHidden = false")

    # The title is restored, whatever removes the card.
    lab.run_cell(4)
    page.clock.fast_forward(LONG)
    expect(page).to_have_title(re.compile(r"^\(0:[23]\d\) "))
    lab.execute("notebook:clear-all-cell-outputs")
    expect(page).to_have_title(plain)
    lab.run_cell(4)
    page.clock.fast_forward(LONG)
    expect(page).to_have_title(re.compile(r"^\([01]:\d\d\) "))
    lab.run_cell(5)
    expect(page).to_have_title(plain)
    # A person who looks at the page is not notified.
    assert page.evaluate("window.told.length") == 1
    lab.run_cell(4)
    page.clock.fast_forward(LONG)
    expect(page).to_have_title(re.compile(r"^\([01]:\d\d\) "))
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(page.locator(".dream-failed")).to_contain_text("The kernel was restarted")
    expect(page).to_have_title(plain)


def test_the_end_of_a_cell_that_waited_long_is_told(
    open_cells: Callable[..., Lab], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "540")
    page.add_init_script(f"{RECORD}; window.isHidden = true; localStorage.setItem('dream_nb.tell', 'on');")
    page.add_init_script("Notification.permission = 'granted'")
    page.clock.install()
    lab = open_cells("%dream a lake in {rain|fog} --duration 9s")
    lab.run_cell(0)
    plain = page.title()
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    expect(page.get_by_role("timer")).to_be_visible()
    page.clock.fast_forward(LONG)
    expect(page).to_have_title(re.compile(r"^\(0:[23]\d\) "))
    expect(page.locator(".dream-transport")).to_be_visible(timeout=240_000)
    assert page.evaluate("window.told") == ["Done: a lake in {rain|fog}"]
    expect(page).to_have_title(plain)
