"""Text from others is never run as markup in a widget, preview or export; and every widget is accessible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.injections import INJECTIONS
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

# Dreams with these prompts and failures with these reasons, made from one real dream.
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
    answer = made.generation.model_copy(update={"id": f"generation-{place}"})
    session.library.ledger.update(record, state="taken", generation=answer, file=made._record.file, sha256=made.sha256)
    session.library.mark(record, note=text, tags=[text])
gallery = dream_nb.Gallery()
"""
# Only the dreams, without their cards.
MADE = SHOWN.partition("good.export")[0]
GRID = """
display(gallery)
dream_nb.Dreams(good, words=[{"column": text, "row": str(at % 2)} for at, text in enumerate(texts)]).grid(
    rows="row", columns="column")
"""
# Jobs under way and failed ones; nothing waits for them.
LIVE = """
from dream_nb.jobs.progress import Progress
from dream_nb.notebook.widgets.strip import Strip
from dream_nb.results.job import Job
def job(text):
    job = Job(made.request.model_copy(update={"prompt": text}), 1, "studio", expected=60.0)
    job.report(Progress("dreaming", 0.4, text))
    return job
shots = [{"prompt": text, "goes_on": True, "state": "waiting", "note": text, "fraction": None, "picture": ""}
         for text in texts]
ipywidgets.VBox([Strip(shots=shots, note=texts[9]), *(dream_nb.Card(job(text)) for text in texts)])
"""
PREVIEWS = """
from IPython.display import display
from dream_nb.requests.plan import Ask
display(*(dream_nb.Storyboard(texts[at : at + 24]) for at in range(0, len(texts), 24)))
display(session.plan([Ask(made.request.model_copy(update={"prompt": text})) for text in texts]))
display({"text/html": "".join(dream_nb.Panel(prompt=text).static() for text in texts)}, raw=True)
%dreams history -n100
"""
RAN = "() => globalThis.injected"


def test_no_text_runs_as_a_script(open_cells: Callable[..., Lab], page: Page, tmp_path: Path) -> None:
    assert len(INJECTIONS) >= 50
    open_cells(SHOWN, OTHERS).run_all()
    cards = page.locator(".dream-card")
    expect(cards).to_have_count(2 * len(INJECTIONS), timeout=240_000)
    expect(page.locator(".dream-panel")).to_be_visible()
    for index in range(0, 2 * len(INJECTIONS), 12):
        cards.nth(index).hover()
    assert cards.first.locator(".dream-prompt").inner_text() == INJECTIONS[0]
    assert page.evaluate(RAN) is None

    page.goto((tmp_path / "work" / "export" / "index.html").as_uri())
    expect(page.locator("figure")).to_have_count(len(INJECTIONS))
    assert page.evaluate(RAN) is None


def test_no_text_runs_as_a_script_in_gallery_and_grid(open_cells: Callable[..., Lab], page: Page) -> None:
    open_cells(MADE, WALLS, "from IPython.display import display" + GRID).run_all()
    tiles = page.locator(".dream-gallery [role=option]")
    expect(tiles.first).to_be_visible(timeout=240_000)
    expect(page.locator(".dream-gallery .dream-count")).to_contain_text(f"{len(INJECTIONS) + 1} dreams")
    page.get_by_role("listbox", name="dreams").focus()
    for key in ("Home", "Space", "ArrowRight", "Space", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".dream-gallery mark").first).to_be_visible()
    expect(page.locator(".dream-grid th[scope=col]").first).to_have_text(INJECTIONS[0])
    cells = page.locator(".dream-grid .dream-cell-compare")
    cells.nth(0).press("Enter")
    cells.nth(1).press("Enter")
    expect(page.locator(".dream-grid mark").first).to_be_visible()
    assert page.evaluate(RAN) is None


def test_no_text_runs_as_a_script_in_what_is_under_way_and_in_previews(
    open_cells: Callable[..., Lab], page: Page
) -> None:
    open_cells(MADE, WALLS, LIVE, PREVIEWS).run_all()
    live = page.locator(".dream-card[data-state=dreaming]")
    expect(live).to_have_count(len(INJECTIONS), timeout=240_000)
    expect(live.first.locator(".dream-note")).to_have_text(INJECTIONS[0])
    expect(page.locator(".dream-shot")).to_have_count(len(INJECTIONS))
    expect(page.get_by_text(f"1 · {INJECTIONS[0]}", exact=True)).to_be_visible()
    expect(page.locator("summary", has_text=INJECTIONS[0]).first).to_be_visible()
    expect(page.locator(".dream_nb-listing").get_by_text(INJECTIONS[0], exact=True).first).to_be_visible()
    # Dollar signs must not start a formula, in which a link could be a script.
    expect(page.locator("mjx-container")).to_have_count(0)
    assert page.evaluate(RAN) is None


CELLS = (
    "import dream_nb\nd = dream_nb.dream('a lake')\nn = d.extend('night falls')\ndream_nb.Card(n)",
    "dream_nb.Card(dream_nb.dream('a lake', kind='image'))",
    "dream_nb.Panel(prompt='a lake', frame0='nowhere')",
    """panel = dream_nb.Panel(prompt="a lake", kind="image")
panel.form = {**panel.form, "references": [{"role": "style_ref", "name": "", "weight": 0.5}]}
panel""",
    "g = dream_nb.Gallery()\ng.selected = dream_nb.Dreams([d])\ng",
    "dream_nb.Dreams([d, n], words=[{'time': 'dawn'}, {'time': 'night'}]).grid()",
    """import ipywidgets
from dream_nb.jobs.progress import Progress
from dream_nb.notebook.widgets.strip import Strip
from dream_nb.results.job import Job
from dream_nb.storyboard.film_strip import middle
live, failed = (Job(d.request, 1, "studio", expected=60.0) for _ in range(2))
live.report(Progress("dreaming", 0.4, "sent again in 3 s"))
failed.finish(None, ValueError("no such picture"))
card = dream_nb.Card(live)
card.waits = True
shot = {"prompt": "a lake", "goes_on": True, "state": "dreaming", "note": "", "fraction": 0.5, "picture": ""}
states = [{**shot, "state": state} for state in ("waiting", "dreaming", "failed")]
made = {**shot, "state": "completed", "picture": middle(d, 190)}
ipywidgets.VBox([card, dream_nb.Card(failed), Strip(shots=[*states, made])])""",
)
# Removes Jupyter's CSS variables, which pages such as those of VS Code and Colab do not have.
WITHOUT_VARIABLES = """() => {
    const strip = (rules) => [...rules ?? []].forEach(rule => {
        [...rule.style ?? []].filter(name => name.startsWith('--jp-')).forEach(name => rule.style.removeProperty(name));
        strip(rule.cssRules);
    });
    [...document.styleSheets].forEach(sheet => strip(sheet.cssRules));
    document.querySelectorAll('.dream-nb').forEach(widget => widget.parentElement.style.background = '#fff');
    return getComputedStyle(document.body).getPropertyValue('--jp-layout-color1');
}"""


def show_everything(lab: Lab) -> None:
    """Show every widget, and open its parts."""
    page = lab.page
    lab.run_all()
    expect(page.locator(".dream-panel")).to_have_count(2)
    expect(page.locator(".dream-card")).to_have_count(4)
    expect(page.locator(".dream-shot")).to_have_count(4)
    expect(page.locator(".dream-field .dream-error").filter(has_text="is not a URL")).to_be_visible()
    expect(page.get_by_role("button", name="Stop waiting")).to_be_visible()
    expect(page.locator(".dream-failed")).to_have_count(1)
    page.locator(".dream-lineage summary").click()
    page.get_by_role("button", name="compare: ").first.click()
    page.get_by_role("button", name="compare: ").nth(1).click()
    expect(page.locator(".dream-compare")).to_be_visible()
    page.locator(".dream-gallery").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()


def serious(page: Page) -> list[tuple[str, list[str]]]:
    """The serious and critical accessibility violations that axe finds in the widgets."""
    found = Axe().run(page, context=".dream-nb").response["violations"]
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(
    "theme",
    [
        "JupyterLab Light",
        *(
            pytest.param(theme, marks=pytest.mark.slow)
            for theme in ("JupyterLab Dark", "JupyterLab Dark High Contrast")
        ),
    ],
)
def test_axe_finds_nothing_serious(open_cells: Callable[..., Lab], page: Page, theme: str) -> None:
    lab = open_cells(*CELLS)
    lab.theme(theme)
    show_everything(lab)
    assert serious(page) == []


def test_a_white_page_without_jupyters_variables_is_readable(open_cells: Callable[..., Lab], page: Page) -> None:
    show_everything(open_cells(*CELLS))
    assert page.evaluate(WITHOUT_VARIABLES) == ""
    assert serious(page) == []
    # The page's colours cannot be restored.
    page.goto("about:blank")
