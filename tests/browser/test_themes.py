"""The widgets in light and dark themes. Also makes the pictures of them in `notebooks/`.

`DREAM_NB_PICTURES=notebooks pytest tests/browser/test_themes.py` makes these pictures again.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("DREAM_NB_PICTURES")
PANEL = """import dream_nb
panel = dream_nb.Panel(prompt="a serene lake surrounded by mountains at {dawn|sunset}, camera orbit left")
for job in panel.generate():
    job.result()
panel"""
GRID = 'coast = dream_nb.sweep("a rocky coast in {weather=fog|a thunderstorm} at {time=dawn|noon|night}")\ncoast.grid()'
GALLERY = """places = ["a harbour at dusk", "a castle in the snow", "a waterfall in autumn", "a desert at noon"]
places += ["a city in the rain at night", "a field of poppies in summer, watercolour", "a whale under the moon"]
found = dream_nb.sweep("{" + "|".join(places) + "}", kind="image")
for place, dream in enumerate(found):
    dream.mark(stars=5 - place % 3)
gallery = dream_nb.Gallery()
gallery.selected = found[:2]
gallery"""
STRIP = """from dream_nb.notebook.widgets.strip import Strip
shot = {"prompt": "a lake", "goes_on": True, "state": "dreaming", "note": "", "fraction": 0.5, "picture": ""}
Strip(shots=[shot, {**shot, "state": "failed", "note": "why"}])"""
# True if all pictures and videos are shown; a player that has loaded nothing yet shows its poster.
ALL_SHOWN = """widget => [...widget.querySelectorAll('img')].every(img => img.naturalWidth || !img.offsetParent)
    && [...widget.querySelectorAll('video')].every(video =>
        (video.readyState === 4 && !video.seeking) || (video.preload === 'none' && !video.closest('.dream-compare')))"""
STYLES_DIFFER = """() => {
    const parts = [...document.querySelectorAll('.dream-nb, .dream-nb *')].filter(part => part.className);
    const look = () => parts.map(part => ({...getComputedStyle(part)}));
    const before = look();
    const sheets = [...document.querySelectorAll('style')].filter(sheet => sheet.textContent.includes('.dream-nb'));
    sheets.reverse().forEach(sheet => document.head.append(sheet));
    return look().flatMap((after, at) => Object.keys(after)
        .filter(name => isNaN(name) && after[name] !== before[at][name])
        .map(name => `${parts[at].className}: ${name}: ${before[at][name]} or ${after[name]}`));
}"""


def keep(widget: Locator, name: str) -> Image.Image:
    """Take a screenshot of a widget; it is also written to a file if `DREAM_NB_PICTURES` is set."""
    widget.scroll_into_view_if_needed()
    widget.page.mouse.move(0, 0)
    widget.page.wait_for_function(ALL_SHOWN, arg=widget.element_handle())
    data = widget.screenshot(type="jpeg", quality=80)
    if PICTURES:
        (Path(PICTURES) / name).write_bytes(data)
    return Image.open(io.BytesIO(data))


def test_widgets_follow_the_theme(open_cells: Callable[..., Lab], page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    if PICTURES:
        monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "360")
    # In a screenshot of a widget that is higher than the window, the toolbar would cover a part.
    page.set_viewport_size({"width": 1280, "height": 1300})
    lab = open_cells(PANEL, GRID, GALLERY)
    lab.run_all()
    grid = page.locator(".dream-grid")
    for column, row in (("dawn", "fog"), ("night", "fog")):
        grid.get_by_role("button", name=f"compare: a rocky coast in {row} at {column}").click()
    page.get_by_role("slider", name="time of all").fill("500")
    expect(grid.locator(".dream-clock")).to_have_text("0:02 / 0:05")
    widgets = {
        "panel": page.locator(".jp-OutputArea-output", has=page.locator(".dream-panel")).first,
        "grid": grid,
        "gallery": page.locator(".dream-gallery"),
    }
    for theme in ("light", "dark"):
        lab.theme(f"JupyterLab {theme.title()}")
        for name, widget in widgets.items():
            # The corner of the picture shows the widget's background.
            ground = keep(widget, f"{name}-{theme}.jpg").convert("L").getpixel((8, 8))
            assert isinstance(ground, int)
            assert (ground > 200) if theme == "light" else (ground < 60), (name, theme, ground)


@pytest.mark.slow
def test_the_order_in_which_widgets_are_first_shown_changes_no_style(
    open_cells: Callable[..., Lab], page: Page
) -> None:
    open_cells(PANEL, GRID, GALLERY, STRIP).run_all()
    page.get_by_role("button", name="compare").first.click()
    assert page.evaluate(STYLES_DIFFER) == []
