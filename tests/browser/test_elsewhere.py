"""A library outside the folder that Jupyter serves, and completion, in JupyterLab."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

HAS_PLAYED = "video => video.currentTime > 0.05 && video.videoWidth > 0 && !video.error"


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that JupyterLab does not serve."""
    with tempfile.TemporaryDirectory(prefix="dream_nb-elsewhere-") as folder:
        yield Path(folder)


def test_a_video_outside_jupyters_root_plays(
    open_cells: Callable[..., Lab], page: Page, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_LIBRARY", str(elsewhere))
    open_cells("%load_ext dream_nb", "%dream a lake").run_all()
    video = page.locator("video")
    expect(video).to_have_count(1)
    video.evaluate("video => video.play()")
    page.wait_for_function(HAS_PLAYED, arg=video.element_handle())


def test_flags_and_ids_are_completed(open_cells: Callable[..., Lab], page: Page) -> None:
    open_cells("%load_ext dream_nb", "%dream -i a lake in the fog", "").run_all()
    expect(page.locator("img[alt='a lake in the fog']")).to_be_visible()
    editor = page.locator(".jp-Notebook .cm-content").last
    editor.click()
    page.keyboard.type("%dream a hill --")
    page.keyboard.press("Tab")
    expect(page.locator(".jp-Completer-item", has_text="--aspect-ratio").first).to_be_visible(timeout=240_000)
    page.keyboard.press("Escape")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("%dreams show ")
    page.keyboard.press("Tab")
    expect(page.locator(".jp-Completer-item", has_text="a lake in the fog").first).to_be_visible(timeout=240_000)
