"""The panel and its cards, as a person uses them in JupyterLab."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, write_notebook

pytestmark = pytest.mark.browser


PASTE = """async (slot) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
    const pen = canvas.getContext('2d');
    pen.fillStyle = 'teal';
    pen.fillRect(0, 0, 64, 36);
    const data = new DataTransfer();
    data.items.add(new File([await new Promise((done) => canvas.toBlob(done))], 'pasted.png', { type: 'image/png' }));
    slot.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_a_dream_is_made_in_the_panel_and_goes_on_from_there(open_cells: Callable[..., Lab], page: Page) -> None:
    lab = open_cells("panel = %dream\npanel", "import time\nprint(len(panel.dreams), panel.code)")
    lab.run_all()
    form = page.locator(".dream-panel")
    prompt = form.get_by_label("Prompt", exact=True)
    go = form.locator(".dream-go")
    expect(go).to_be_disabled()

    # An example fills in the empty form.
    example = form.get_by_role("group", name="examples").get_by_role("button").nth(1)
    example.click()
    expect(prompt).to_have_value("a lighthouse in a storm at {dusk|night}")
    expect(go).to_have_text("Dream 2 videos")
    expect(example).to_be_hidden()

    # A brace that is not closed gives a warning, but the prompt can still be submitted.
    prompt.fill("a lake at {dawn|noon")
    warning = form.locator(".dream-wide .dream-error")
    expect(warning).to_contain_text("A brace is not closed")
    expect(go).to_be_enabled()

    # An error is shown beside the wrong field, and the form cannot be submitted.
    prompt.fill("a lake at {dawn|noon}")
    expect(warning).to_have_text("")
    form.get_by_label("Begins with: a file, URL").fill("nowhere.jpg")
    form.get_by_label("Begins with: a file, URL").press("Tab")
    wrong = form.locator(".dream-field", has=page.get_by_text("Begins with", exact=True)).locator(".dream-error")
    expect(wrong).to_contain_text("does not exist")
    expect(go).to_be_disabled()

    # Pasting a picture in its place corrects the field.
    form.locator(".dream-well:visible").first.evaluate(PASTE)
    expect(form.locator(".dream-slot:visible img").first).to_be_visible()
    expect(wrong).to_have_text("")
    expect(go).to_have_text("Dream 2 videos")
    expect(form.locator(".dream-cost")).to_have_text("free")
    expect(form.locator(".dream-code")).to_contain_text("--frame0 dreams/pictures/")
    go.click()
    cards = page.locator(".dream-card")
    expect(cards).to_have_count(2)
    expect(page.locator("video.dream-film")).to_have_count(2, timeout=240_000)

    # The arrow keys step the player by frames, and do not reach the notebook's shortcuts.
    video = page.locator("video.dream-film").first
    video.focus()
    video.press("ArrowRight")
    page.wait_for_function("video => video.paused && video.currentTime > 0", arg=video.element_handle())
    before = video.evaluate("video => video.currentTime")
    video.press("ArrowRight")
    page.wait_for_function("([video, at]) => video.currentTime > at", arg=[video.element_handle(), before])

    # An extension appears as another card.
    cards.first.get_by_role("button", name="Extend").click()
    cards.first.get_by_label("Extend: describe what happens").fill("night falls")
    cards.first.get_by_label("Extend: describe what happens").press("Enter")
    expect(cards).to_have_count(3)
    expect(page.locator("video.dream-film")).to_have_count(3, timeout=240_000)
    expect(page.locator(".dream-lineage").first).to_be_visible()

    # A dream used as a keyframe shows its picture in the panel, and the focus moves to the prompt.
    page.set_viewport_size({"width": 1280, "height": 500})
    keyframe = cards.last.get_by_role("button", name="As keyframe")
    keyframe.scroll_into_view_if_needed()
    keyframe.click()
    expect(prompt).to_be_focused()
    expect(prompt).to_be_in_viewport()
    expect(form.locator(".dream-slot-title:visible")).to_have_text("a lake at noon")
    expect(form.get_by_label("Begins with: a file, URL")).to_be_hidden()


MISALIGNED = """panel => {
    const grid = panel.querySelector('.dream-fields');
    const { left, right } = grid.getBoundingClientRect();
    const widths = getComputedStyle(grid).gridTemplateColumns.split(' ').map(parseFloat);
    const starts = widths.map((_, at) => widths.slice(0, at).reduce((sum, width) => sum + width + 16, left));
    return [...grid.children].filter(field => field.offsetParent).filter(field => {
        const box = field.getBoundingClientRect();
        return box.right > right + 1 || !starts.some(start => Math.abs(start - box.left) < 1);
    }).map(field => field.textContent);
}"""
CUT_OFF = """panel => {
    const pen = document.createElement('canvas').getContext('2d');
    return [...panel.querySelectorAll('input[placeholder]')].filter(input => input.offsetParent).filter(input => {
        const style = getComputedStyle(input);
        pen.font = style.font;
        const room = input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
        return pen.measureText(input.placeholder).width > room;
    }).map(input => input.placeholder);
}"""


def test_its_controls_are_aligned_and_its_hints_whole_at_any_width(open_cells: Callable[..., Lab], page: Page) -> None:
    lab = open_cells("import dream_nb\ndream_nb.Panel()")
    lab.run_all()
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    form = page.locator(".dream-panel")
    form.get_by_role("button", name="a whale under the moon").click()
    expect(form.locator(".dream-go")).to_be_enabled()
    for kind in ("Video", "Image", "Modify"):
        form.locator("label", has_text=kind).click()
        if kind == "Image":
            form.get_by_role("button", name="Add a picture").click()
        for width in (600, 900, 1400):
            page.set_viewport_size({"width": width, "height": 1000})
            assert form.evaluate(MISALIGNED) == [], (kind, width)
            assert form.evaluate(CUT_OFF) == [], (kind, width)


# Collects the places in the queue, which may be shown only for a moment.
KEEP_PLACES = """() => {
    globalThis.places = new Set();
    new MutationObserver(() => document.querySelectorAll('.dream-time').forEach(time => places.add(time.textContent)))
        .observe(document.body, { subtree: true, childList: true });
}"""


def test_a_large_batch_is_a_grid_and_a_small_one_shows_its_queue(open_cells: Callable[..., Lab], page: Page) -> None:
    lab = open_cells("import dream_nb\npanel = dream_nb.Panel(prompt='a lake at {dawn|noon|dusk|night}')\npanel",
                     "print(len(panel.dreams))")  # fmt: skip
    lab.run_cell(0)
    lab.run_cell(1)
    form = page.locator(".dream-panel")
    page.evaluate(KEEP_PLACES)
    form.locator(".dream-go").click()
    cards = page.locator(".dream-card")
    expect(cards).to_have_count(4)
    # The cards are in the order of the prompts.
    expect(cards.locator(".dream-prompt").first).to_have_text("a lake at dawn")
    expect(page.locator("video.dream-film")).to_have_count(4, timeout=240_000)
    assert "2nd in the queue" in page.evaluate("() => [...globalThis.places]")

    form.locator("label", has_text="Image").click()
    form.get_by_label("Prompt", exact=True).fill("a {city|castle} at {dawn|noon|dusk|night}")
    expect(form.locator(".dream-go")).to_have_text("Dream 8 images")
    form.locator(".dream-go").click()
    grid = page.locator(".dream-cards .dream-grid")
    expect(grid.locator(".dream-cell[data-state=completed]")).to_have_count(8, timeout=240_000)
    # The card that counted them has been removed.
    expect(cards).to_have_count(4)
    lab.run_cell(2)
    expect(page.locator(".jp-OutputArea-output pre").last).to_have_text("12\n")


def test_a_busy_cell_delays_and_loses_nothing(open_cells: Callable[..., Lab], page: Page, tmp_path: Path) -> None:
    lab = open_cells(
        "import dream_nb, pathlib, time\ndream_nb.Panel(prompt='a lake', kind='image')",
        "while not pathlib.Path('go').exists(): time.sleep(0.05)",
    )
    lab.execute("notebook:move-cursor-up")
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    prompt = page.locator(".dream-panel").get_by_label("Prompt", exact=True)
    prompt.fill("a lighthouse")
    expect(prompt).to_have_value("a lighthouse")
    (tmp_path / "work" / "go").touch()
    go = page.locator(".dream-go")
    expect(go).to_have_text("Dream an image")
    go.click()
    expect(page.locator("img.dream-film[alt='a lighthouse']")).to_be_visible(timeout=240_000)


def test_stop_waiting_ends_the_cell_and_the_dream_goes_on(
    open_cells: Callable[..., Lab], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "360")
    open_cells("d = %dream a lake at noon --duration 9s")
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.get_by_role("button", name="Stop waiting").click()
    expect(page.get_by_text("Interrupted: no longer waiting").first).to_be_visible()
    expect(page.locator("[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    expect(page.get_by_role("button", name="Stop waiting")).to_have_count(0)
    expect(page.locator("video.dream-film")).to_be_visible(timeout=240_000)


def test_cancel_has_the_server_delete_what_is_not_made_yet(
    open_cells: Callable[..., Lab], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Large enough not to finish before it is cancelled.
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "2160")
    lab = open_cells(
        "job = %dream a lake at noon -b --duration 9s --resolution 4k", "print(type(job.exception()).__name__)"
    )
    lab.run_cell(0)
    lab.run_cell(1)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".dream-failed")).to_contain_text("Cancelled")
    lab.run_cell(2)
    expect(page.get_by_text("DreamCancelledError", exact=True)).to_be_visible()


def test_cancel_on_the_card_of_a_waiting_cell_ends_the_cell_and_cancels(
    open_cells: Callable[..., Lab], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "2160")
    lab = open_cells(
        "d = %dream a lake at noon --duration 9s --resolution 4k",
        "import dream_nb.default\nprint(dream_nb.default.default_session().jobs(), 'under way')",
    )
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".dream-failed")).to_contain_text("Cancelled")
    expect(page.get_by_text("Interrupted: no longer waiting").first).to_be_visible()
    lab.run_cell(2)
    expect(page.get_by_text("[] under way", exact=True)).to_be_visible()


def test_a_button_says_at_once_that_a_busy_kernel_acts_later(
    open_cells: Callable[..., Lab], page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "2160")
    lab = open_cells(
        "job = %dream a lake at noon -b --duration 9s --resolution 4k",
        "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.05)",
    )
    lab.run_cell(0)
    lab.run_cell(1)
    page.evaluate(
        """() => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2;
            window.jupyterapp.commands.execute('notebook:run-cell');
        }"""
    )
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The kernel is busy with a cell: this happens when the cell has finished")).to_be_visible()
    (tmp_path / "work" / "go").touch()
    expect(page.locator(".dream-failed")).to_contain_text("Cancelled")
    expect(page.get_by_text("The kernel is busy")).to_have_count(0)


RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
EDIT = "source => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.setSource(source)"


def count_requests(folder: Path) -> int:
    """The number of requests in the ledger of a library."""
    with contextlib.closing(sqlite3.connect(folder / "ledger.sqlite")) as database:
        return int(database.execute("SELECT count(*) FROM requests").fetchone()[0])


def test_a_card_whose_kernel_was_restarted_finds_its_dream_again_and_asks_for_no_other(
    open_cells: Callable[..., Lab], page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "2160")
    lab = open_cells("job = %dream a lake at noon -b --duration 9s --resolution 4k")
    lab.run_cell(0)
    lab.run_cell(1)
    timer = page.get_by_role("timer")
    expect(timer).to_be_visible()
    page.evaluate(RESTART)
    alert = page.locator(".dream-failed")
    expect(alert).to_contain_text("The kernel was restarted")
    expect(timer).to_have_count(0)
    expect(page.locator(".dream-card").get_by_role("button")).to_have_text(["Find it again"])

    # Finding it again also loads the extension.
    alert.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(timer).to_be_visible(timeout=60_000)
    expect(alert).to_have_count(0)

    page.evaluate(RESTART)
    expect(alert).to_be_visible()
    page.evaluate(EDIT, "job = %dream a lake at night -b")
    alert.get_by_role("button").click()
    expect(page.get_by_text("Nothing was sent: this cell was changed")).to_be_visible(timeout=60_000)
    assert count_requests(tmp_path / "work" / "dreams") == 1
    # Running the changed cell creates it.
    lab.run_cell(1)
    expect(timer).to_be_visible()
    assert count_requests(tmp_path / "work" / "dreams") == 2


def test_a_sweep_and_a_storyboard_whose_kernel_was_restarted_say_so_too(
    open_cells: Callable[..., Lab], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "2160")
    lab = open_cells(
        "sweep = %dream a {calm|stormy} lake -b --duration 9s --resolution 4k",
        "%%storyboard -b --duration 9s --resolution 4k\na lake\nrain",
    )
    for number in range(3):
        lab.run_cell(number)
    expect(page.get_by_role("timer")).to_have_count(2)
    page.evaluate(RESTART)
    expect(page.get_by_role("button", name="Find it again")).to_have_count(2)
    expect(page.get_by_role("timer")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel all")).to_have_count(0)
    page.get_by_role("button", name="Find it again").first.click()
    expect(page.get_by_role("button", name="Cancel all")).to_be_visible(timeout=60_000)


CELLS = ("import dream_nb\ndream_nb.Card(dream_nb.dream('a lake'))", "dream_nb.Panel(prompt='a <b>lake</b>')")


def executed(tmp_path: Path) -> Path:
    """A notebook run as by `jupyter execute`: it has the widgets' state, and JupyterLab does not trust it."""
    from nbclient import NotebookClient

    path = write_notebook(tmp_path / "work" / "notebook.ipynb", *CELLS)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}).execute()
    nbformat.write(notebook, path)
    return path


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_without_a_kernel_or_state_it_is_a_picture_and_text(
    open_lab: Callable[..., Lab], page: Page, tmp_path: Path
) -> None:
    path = executed(tmp_path)
    assert path.stat().st_size < 300_000
    notebook = nbformat.read(path, as_version=4)
    del notebook.metadata["widgets"]
    nbformat.write(notebook, path)
    page.route(
        "**/api/sessions**", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    lab = open_lab(path, kernel=False)
    expect(lab.page.get_by_text("A panel of dream_nb")).to_be_visible()
    expect(lab.page.get_by_text("a <b>lake</b>", exact=True)).to_be_visible()
    expect(lab.page.locator("figure video")).to_have_count(1)
