"""A notebook that was exported as HTML, in a page that reaches the widget manager and no kernel."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.notebook.test_validation import execute

pytestmark = pytest.mark.browser

MANAGER = "@jupyter-widgets/html-manager@1.0.15"
SECONDS = 240
CELLS = (
    "%load_ext dream_nb\nimport dream_nb",
    "lake = dream_nb.dream('a lake', kind='image')\ndream_nb.Card(lake)",
    "dream_nb.Panel(prompt='a harbour')",
    "dream_nb.Gallery()",
    "dream_nb.Dreams([lake]).grid()",
)
TEXTS = ("a lake", "a harbour", "The gallery of 'dreams'", "Grid(1)")
ADDRESS = "http://page.test"
# Where `pip` puts what the widgets' own packages bring for other pages.
SHARE = Path(sysconfig.get_path("data")) / "share" / "jupyter"
ELSEWHERE = {
    r"/require(\.min)?\.js$": SHARE / "voila" / "templates" / "base" / "static" / "require.min.js",
    r"/anywidget@[^/]*/dist/index\.js$": SHARE / "nbextensions" / "anywidget" / "index.js",
}


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script that brings widgets to exported pages."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on this machine: it brings the widget manager of exported pages")
    folder = tmp_path_factory.mktemp("manager")
    command = [npm, "pack", "--silent", "--no-update-notifier", f"--cache={folder / 'cache'}", MANAGER]
    try:
        packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not download {MANAGER} within {SECONDS} s")
    if packed.returncode:
        pytest.skip(f"npm could not download {MANAGER}: {packed.stderr.strip()[-200:]}")
    script = folder / "embed-amd.js"
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        file = archive.extractfile("package/dist/embed-amd.js")
        assert file is not None
        script.write_bytes(file.read())
    return script


@pytest.fixture
def open_exported(page: Page, manager: Path, tmp_path: Path, small: None) -> Callable[..., None]:  # noqa: ARG001
    """Runs these cells, exports them, and opens the page, with what it asks for elsewhere on this machine too."""

    def fulfil(route: Route) -> None:
        url = route.request.url
        if url.startswith(f"{ADDRESS}/"):
            file = tmp_path / url.removeprefix(f"{ADDRESS}/")
        elif url.endswith("/embed-amd.js"):
            file = manager
        else:
            file = next((path for pattern, path in ELSEWHERE.items() if re.search(pattern, url)), Path("none"))
        if file.is_file():
            route.fulfill(path=file)
        else:
            route.abort()

    def open_cells(*cells: str) -> None:
        saved = execute(tmp_path, *cells)
        command = [sys.executable, "-m", "nbconvert", "--to", "html", str(saved)]
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        page.route("**/*", fulfil)
        page.goto(f"{ADDRESS}/{saved.with_suffix('.html').name}")

    return open_cells


def test_a_widget_that_is_revived_without_a_kernel_leaves_its_stand_in(
    open_exported: Callable[..., None], page: Page
) -> None:
    open_exported(*CELLS)
    # The manager has made each view.
    expect(page.locator(".widget-subarea > *")).to_have_count(len(TEXTS))
    page.wait_for_function("() => document.querySelectorAll('[data-dream-nb]').length === 4")
    page.wait_for_load_state("networkidle")
    static = page.locator(".dream_nb-static").filter(visible=True)
    expect(static).to_have_count(len(TEXTS))
    for at, text in enumerate(TEXTS):
        expect(static.nth(at)).to_contain_text(text)
    for picture in static.locator("img").all():
        assert picture.evaluate("image => image.naturalWidth")
    expect(page.locator(".dream-nb")).to_have_count(0)
