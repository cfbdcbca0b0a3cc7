"""The first tutorial notebook, as a person uses it in JupyterLab."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_first_dream.ipynb"

pytestmark = pytest.mark.browser

IS_SHOWN = "video => video.videoWidth > 0 && video.readyState >= 2"
HAS_PLAYED = "video => video.currentTime > 0.2 && !video.error"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A copy of the first notebook without outputs, in a new folder."""
    (tmp_path / "work").mkdir()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    path = tmp_path / "work" / NOTEBOOK.name
    nbformat.write(notebook, path)
    return path


def test_it_runs_shows_videos_that_play_and_reopens_without_a_kernel(
    notebook: Path, open_lab: Callable[[Path], Lab], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "270")
    lab = open_lab(notebook)
    lab.run_all()
    videos = page.locator("video")
    expect(videos).to_have_count(2)
    for index in range(2):
        page.wait_for_function(IS_SHOWN, arg=videos.nth(index).element_handle())
    assert videos.first.evaluate("video => [video.videoWidth, video.videoHeight]") == [480, 270]
    videos.first.evaluate("video => video.play()")
    page.wait_for_function(HAS_PLAYED, arg=videos.first.element_handle())
    expect(page.locator(".dream-card:not(.dream-bare)")).to_have_count(0)
    lab.run_all()
    told = page.get_by_text("from your library, nothing spent; -t makes another take")
    expect(told.first).to_be_visible()
    expect(told).to_have_count(0, timeout=240_000)
    lab.save()

    reopened = lab.reopen_without_kernel()
    expect(reopened.page.locator("video")).to_have_count(2)
    page.wait_for_function(IS_SHOWN, arg=page.locator("video").first.element_handle())
    expect(page.locator("img[alt='a lighthouse on a cliff in the fog']")).to_be_visible()


def test_a_copy_alone_still_shows_poster_and_prompt(
    page: Page, tmp_path: Path, open_lab: Callable[[Path], Lab]
) -> None:
    (tmp_path / "alone").mkdir()
    shutil.copy(NOTEBOOK, tmp_path / "alone")
    open_lab(tmp_path / "alone" / NOTEBOOK.name)
    video = page.locator("video").first
    video.scroll_into_view_if_needed()
    page.wait_for_function("video => video.error || video.networkState === 3", arg=video.element_handle())
    expect(page.get_by_text("a serene lake at sunset", exact=True)).to_be_visible()
    # The box shows the poster's warm sky and is not empty: the middle of its upper half has colour.
    picture = video.screenshot(path=tmp_path / "poster.png")
    assert _colourfulness(picture) > 30
    image = page.locator("img[alt='a lighthouse on a cliff in the fog']")
    assert image.evaluate("image => image.naturalWidth") == 640


def _colourfulness(png: bytes) -> float:
    import io

    import numpy as np
    from PIL import Image

    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=float)
    upper = pixels[: pixels.shape[0] // 2]
    return float(np.abs(upper[..., 0] - upper[..., 2]).mean())
