"""The common code of the widgets, in a real page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

# A widget of one file, whose picture shows from where the page loaded it.
SHELF = '''
from pathlib import Path
import dream_nb
from dream_nb.notebook.widgets import base
from dream_nb.notebook.widgets.base import Widget, action

base._text = lambda name, text=base._text: SCRIPT if name == "shelf.js" else text(name)
SCRIPT = """
import { ask, button, element, errorLine, media } from "./base.js";
globalThis.loads = (globalThis.loads ?? 0) + 1;
export async function render({ model, el }) {
  const { line, tell } = errorLine(model);
  const picture = element("img", "shelf");
  el.append(picture, line, button("greet", () => ask(model, "greet").catch(tell)));
  try { picture.src = await media(model, { file: "it", url: model.get("url") }); }
  catch (error) { tell(error); }
}
"""

import traitlets
class Shelf(Widget):
    modules = ("shelf.js",)
    url = traitlets.Unicode().tag(sync=True)
    def file(self, name):
        return d.path if name == "it" else None
    @action
    def greet(self):
        raise dream_nb.DreamError("nobody is there: call again")

d = dream_nb.dream("a lighthouse", kind="image")
shelf, far = Shelf(url=d.url), Shelf(url="nowhere/" + d.url)
'''


def test_media_come_by_address_else_by_message_and_errors_are_shown(open_cells: Callable[..., Lab], page: Page) -> None:
    lab = open_cells(SHELF, "shelf", "far")
    lab.run_all()
    pictures = page.locator("img.shelf")
    expect(pictures).to_have_count(2)
    for index in range(2):
        page.wait_for_function("image => image.naturalWidth > 0", arg=pictures.nth(index).element_handle())
    assert re.search("/files/.*/dreams/lighthouse", pictures.nth(0).get_attribute("src") or "")
    assert (pictures.nth(1).get_attribute("src") or "").startswith("blob:")
    assert page.evaluate("() => globalThis.loads") == 1

    page.get_by_role("button", name="greet").first.click()
    expect(page.locator(".jp-OutputArea .dream-error").first).to_have_text("nobody is there: call again")
