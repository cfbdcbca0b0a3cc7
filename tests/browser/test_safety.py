"""Other people's text is text in every widget, preview and export; and each widget can be used by everybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.injections import INJECTIONS
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

# Dreams with these prompts, failures with these reasons, and a panel of them all: made of one real dream.
SHOWN = f"""
import dataclasses, ipywidgets, dream_nb
from dream_nb.results.dream import Dream
texts = {list(INJECTIONS)!r}
made = dream_nb.dream("a lake", kind="image")
def dream(text, **generation):
    record = made._record
    request = record.request.model_copy(update={{"prompt": text}})
    changed = record.generation.model_copy(update=generation)
    return Dream(dataclasses.replace(record, request=request, generation=changed), made._library, made._home)
good = dream_nb.Dreams(dream(text) for text in texts)
bad = [dream(text, state="failed", failure_reason=text) for text in texts]
good.export("export")
ipywidgets.VBox([dream_nb.Card(one) for one in [*good, *bad]])
"""
OTHERS = """
from IPython.display import display
display(good, *list(good)[:30])
panel = dream_nb.Panel(prompt="\\n".join(texts), frame0=texts[9])
panel.error = texts[9]
panel.form = {**panel.form, "references": [{"role": "image_ref", "name": text, "weight": 0.5} for text in texts[:9]]}
panel
"""
WALLS = """
session = dream_nb.default.default_session()
for place, text in enumerate(texts):
    record = session.library.ledger.intend(made.request.model_copy(update={"prompt": text}), None, "studio")
    session.library.ledger.update(record, state="taken", file=made._record.file, sha256=made.sha256)
    session.library.mark(record, note=text, tags=[text])
gallery = dream_nb.Gallery()
"""
GRID = """
display(gallery)
dream_nb.Dreams(good, words=[{"column": text, "row": str(at % 2)} for at, text in enumerate(texts)]).grid(
    rows="row", columns="column")
"""
RAN = "() => globalThis.injected"


def test_no_text_runs_as_a_script(open_cells: Callable[..., Lab], page: Page, tmp_path: Path) -> None:
    assert len(INJECTIONS) >= 50
    open_cells(SHOWN, OTHERS).run_all()
    cards = page.locator(".dream-card")
    expect(cards).to_have_count(2 * len(INJECTIONS), timeout=60_000)
    expect(page.locator(".dream-panel")).to_be_visible()
    for index in range(0, 2 * len(INJECTIONS), 12):
        cards.nth(index).hover()
    assert cards.first.locator(".dream-prompt").inner_text() == INJECTIONS[0]
    assert page.evaluate(RAN) is None

    page.goto((tmp_path / "work" / "export" / "index.html").as_uri())
    expect(page.locator("figure")).to_have_count(len(INJECTIONS))
    assert page.evaluate(RAN) is None


def test_no_text_runs_as_a_script_in_gallery_and_grid(open_cells: Callable[..., Lab], page: Page) -> None:
    open_cells(
        SHOWN.rpartition("\n")[0].rpartition("\n")[0], WALLS, "from IPython.display import display" + GRID
    ).run_all()
    tiles = page.locator(".dream-gallery [role=option]")
    expect(tiles.first).to_be_visible(timeout=60_000)
    expect(page.locator(".dream-gallery .dream-count")).to_contain_text(f"{len(INJECTIONS) + 1} dreams")
    page.get_by_role("listbox", name="dreams").focus()
    for key in ("Home", "Space", "ArrowRight", "Space", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".dream-gallery mark").first).to_be_visible()
    expect(page.locator(".dream-grid th[scope=col]").first).to_have_text(INJECTIONS[0])
    cells = page.locator(".dream-grid .dream-cell-take")
    cells.nth(0).press("Enter")
    cells.nth(1).press("Enter")
    expect(page.locator(".dream-grid mark").first).to_be_visible()
    assert page.evaluate(RAN) is None


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_axe_finds_nothing_serious(open_cells: Callable[..., Lab], page: Page, theme: str) -> None:
    lab = open_cells(
        "import dream_nb\nd = dream_nb.dream('a lake')\nn = d.extend('night falls')\ndream_nb.Card(n)",
        "dream_nb.Card(dream_nb.dream('a lake', kind='image'))",
        "dream_nb.Panel(prompt='a lake', frame0='nowhere')",
        "panel = dream_nb.Panel(prompt='a lake', kind='image')\n"
        "panel.form = {**panel.form, 'references': [{'role': 'style_ref', 'name': '', 'weight': 0.5}]}\npanel",
        "g = dream_nb.Gallery()\ng.selected = dream_nb.Dreams([d])\ng",
        "dream_nb.Dreams([d, n], words=[{'time': 'dawn'}, {'time': 'night'}]).grid()",
    )
    lab.theme(theme)
    lab.run_all()
    expect(page.locator(".dream-panel")).to_have_count(2)
    expect(page.locator(".dream-card")).to_have_count(2)
    expect(page.locator(".dream-field .dream-error").filter(has_text="no URL")).to_be_visible()
    page.locator(".dream-lineage summary").click()
    found = Axe().run(page, context=".dream-nb").response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious] == []
