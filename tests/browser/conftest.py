"""Chromium, and JupyterLab over a folder of the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import OPTIONS, find_chromium
from tests.browser.lab import Lab, serve_lab, write_notebook


@pytest.fixture(scope="module")  # not longer: while Playwright runs, asyncio finds its loop running in this thread
def browser() -> Iterator[Browser]:
    found = find_chromium()
    if found is None:
        reason = "no Chromium on this machine: install Debian's package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    yield context.new_page()
    context.close()


@pytest.fixture
def open_lab(page: Page, tmp_path: Path) -> Iterator[Callable[[Path], Lab]]:
    """Opens a notebook in a JupyterLab of its own, rooted in the notebook's folder."""
    with ExitStack() as stack:

        def open_notebook(notebook: Path, *, kernel: bool = True) -> Lab:
            state = tmp_path / "jupyter"
            state.mkdir(exist_ok=True)
            url = stack.enter_context(serve_lab(notebook.parent, state))
            return Lab(page, url, notebook.name, kernel=kernel)

        yield open_notebook


@pytest.fixture
def open_cells(
    open_lab: Callable[[Path], Lab],
    tmp_path: Path,
    small: None,  # noqa: ARG001
) -> Callable[..., Lab]:
    """Opens a notebook of these cells, with the studio drawing small."""
    return lambda *cells: open_lab(write_notebook(tmp_path / "work" / "notebook.ipynb", *cells))
