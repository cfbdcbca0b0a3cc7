"""The widgets outside JupyterLab: in Notebook 7, and in Voila, which has no notebook around them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import free_port, serve, serve_lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("small")]

CELLS = (
    "import dream_nb\ndream_nb.Card(dream_nb.dream('a lake'))",
    "dream_nb.Panel(prompt='a lighthouse', kind='image')",
)


def use(page: Page) -> None:
    """Play the card, and make a dream in the panel."""
    video = page.locator("video.dream-film")
    expect(video).to_have_count(1, timeout=240_000)
    video.focus()
    video.press("ArrowRight")
    page.wait_for_function("video => video.readyState >= 2 && video.currentTime > 0", arg=video.element_handle())
    go = page.locator(".dream-go")
    expect(go).to_have_text("Dream an image")
    expect(go).to_be_enabled()
    go.click()
    expect(page.locator("img.dream-film[alt='a lighthouse']")).to_be_visible(timeout=240_000)


def test_in_notebook_7(page: Page, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "work" / "notebook.ipynb", *CELLS)
    with serve_lab(path.parent, tmp_path / "state") as url:
        page.goto(f"{url}/notebooks/{path.name}")
        page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.info")
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        use(page)


def test_in_voila(page: Page, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "work" / "notebook.ipynb", *CELLS)
    port = free_port()
    command = ["-m", "voila", str(path), "--no-browser", f"--port={port}", "--Voila.open_browser=False"]
    environment = os.environ | {"IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "run")}
    with serve(command, f"http://127.0.0.1:{port}", "", tmp_path / "voila.log", environment) as url:
        page.goto(url)
        use(page)
        # Voila does not serve the videos, so they come through the kernel.
        assert (page.locator("video.dream-film").get_attribute("src") or "").startswith("blob:")
