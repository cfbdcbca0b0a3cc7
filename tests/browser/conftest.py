"""Fixtures: Chromium, and a JupyterLab that shows the folders of the tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser.chromium import OPTIONS, find_chromium
from tests.browser.exported import download_manager
from tests.browser.lab import Lab, LabServer, close_notebooks, serve_lab, write_notebook

# On a busy machine a kernel may take this long to answer a page; no test measures that.
expect.set_options(timeout=30_000)

VIEWPORT: Final[ViewportSize] = {"width": 1280, "height": 1000}


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


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """A tab that the tests of a file share: loading JupyterLab takes longer than most of them."""
    context = browser.new_context(viewport=VIEWPORT)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """The tab of the file, reset to the state of a new one; with the mark `own_tab`, a new tab."""
    if request.node.get_closest_marker("own_tab"):
        context = browser.new_context(viewport=VIEWPORT)
        yield context.new_page()
        context.close()
        return
    tab: Page = request.getfixturevalue("tab")
    yield tab
    tab.unroute_all(behavior="ignoreErrors")
    tab.emulate_media(media="null", color_scheme="null", reduced_motion="null", forced_colors="null")
    tab.set_viewport_size(VIEWPORT)
    tab.context.clear_permissions()
    if "/lab" not in tab.url:
        tab.goto("about:blank")


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script of the widget manager for exported pages."""
    return download_manager(tmp_path_factory.mktemp("manager"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab that shows all folders of the tests: starting one takes longer than most of them."""
    state = tmp_path_factory.mktemp("jupyter")
    with serve_lab(tmp_path_factory.getbasetemp(), state) as url:
        yield LabServer(url, tmp_path_factory.getbasetemp(), state)


@pytest.fixture
def open_lab(page: Page, server: LabServer) -> Iterator[Callable[..., Lab]]:
    """Opens a notebook in JupyterLab with default settings; its kernel gets the environment of the test."""
    server.forget_settings()

    def open_notebook(notebook: Path, *, kernel: bool = True) -> Lab:
        server.give_kernels(os.environ)
        return Lab(page, server.url, str(notebook.relative_to(server.root)), kernel=kernel)

    yield open_notebook
    close_notebooks(page)
    server.end_kernels()


@pytest.fixture
def open_cells(
    open_lab: Callable[..., Lab],
    tmp_path: Path,
    small: None,  # noqa: ARG001
) -> Callable[..., Lab]:
    """Opens a notebook of these cells, with the studio drawing small."""
    return lambda *cells: open_lab(write_notebook(tmp_path / "work" / "notebook.ipynb", *cells))
