"""The first minute: a line, a picture at once, and a video that plays. Also makes the README's animation of it.

`DREAM_NB_PICTURES=notebooks pytest tests/browser/test_first_minute.py` makes that animation again.
"""

from __future__ import annotations

import io
import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Page, expect

from tests.browser.lab import Lab, write_notebook

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("DREAM_NB_PICTURES")
AREA: FloatRect = {"x": 300, "y": 140, "width": 760, "height": 560}
STAGE = """() => {
    const video = document.querySelector('.dream_nb-preview video');
    if (video && !video.paused && video.currentTime > 0) return 'plays';
    if (document.querySelector('.dream-seen img')) return 'seen';
    return document.querySelector('.dream-wide') ? 'card' : 'line';
}"""
PLAYED = "() => document.querySelector('.dream_nb-preview video').currentTime > 2.8"


def test_a_picture_comes_before_the_video_and_in_its_place(
    open_lab: Callable[[Path], Lab], page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DREAM_NB_STUDIO_SECONDS", raising=False)
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "720")
    page.set_viewport_size({"width": 1100, "height": 760})
    lab = open_lab(write_notebook(tmp_path / "work" / "notebook.ipynb", "%dream a serene lake at sunset"))
    lab.run_cell(0)
    shots: list[tuple[float, str, bytes]] = []

    def look() -> str:
        stage = str(page.evaluate(STAGE))
        shots.append((time.monotonic(), stage, page.screenshot(type="jpeg", quality=92, clip=AREA)))
        return stage

    look()
    page.evaluate(
        """() => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1;
            window.jupyterapp.commands.execute('notebook:run-cell');
        }"""
    )
    end = time.monotonic() + 240
    while look() != "plays":
        assert time.monotonic() < end
    while not page.evaluate(PLAYED):
        look()
    stages = list(dict.fromkeys(stage for _, stage, _ in shots))
    assert stages in (["line", "card", "seen", "plays"], ["line", "seen", "plays"])
    expect(page.locator(".dream-wide")).to_have_count(0)
    if PICTURES:
        write_animation([(at, shot) for at, _, shot in shots], Path(PICTURES) / "first-dream.webp")


def write_animation(shots: list[tuple[float, bytes]], path: Path) -> None:
    """Write screenshots, each with the time when it was taken, as an animated WebP."""
    frames = [Image.open(io.BytesIO(shot)).convert("RGB").resize((640, 472)) for _, shot in shots]
    times = [at for at, _ in shots]
    lasts = [max(20, round(1000 * (later - at))) for at, later in itertools.pairwise(times)]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=[900, *lasts[1:], 900], loop=0, quality=55, method=6
    )
