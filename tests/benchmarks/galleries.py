"""A large library in a page, beside plain widgets. `python -m tests.benchmarks.galleries WHO` is measured."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.benchmarks.bench import Bench, Figure, Once, Pair, SkipBenchError
from tests.benchmarks.process import python
from tests.browser.chromium import find_chromium
from tests.many import write_many

if TYPE_CHECKING:
    from playwright.sync_api import Page

_BESIDE: Final = 500
"""JupyterLab does not cope with more at once: 1,000 pictures of 21 KB were never shown."""

_QUIET: Final = 1000
_CELLS: Final = {
    "own": ("import dream_nb\nfrom dream_nb.notebook.widgets import gallery", "dream_nb.Gallery()"),
    "ipywidgets": (
        "import ipywidgets, pathlib\nfiles = sorted(pathlib.Path('dreams').glob('dream-*.jpg'))[:COUNT]",
        "ipywidgets.GridBox([ipywidgets.Image(value=file.read_bytes()) for file in files])",
    ),
}
_IS_SEEN: Final = """() => [...document.querySelectorAll('.jp-OutputArea img')].some(image => image.naturalWidth > 0)"""


def main() -> None:
    """Open a notebook in JupyterLab, run the cell that shows the library, and print the measurements."""
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import OPTIONS
    from tests.browser.lab import Lab, Traffic, serve_lab, write_notebook

    who, state = sys.argv[1], Path("jupyter")
    state.mkdir(exist_ok=True)
    cells = [cell.replace("COUNT", str(_BESIDE)) for cell in _CELLS[who]]
    notebook = write_notebook(Path("work") / "notebook.ipynb", *cells)
    with serve_lab(notebook.parent.resolve(), state.resolve()) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=OPTIONS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        traffic = Traffic(page)
        lab = Lab(page, url, notebook.name)
        lab.run_cell(0)
        lab.run_cell(1)
        heap, sent, began = _heap(page), traffic.bytes, time.perf_counter()
        lab.run_cell(2)
        page.wait_for_function(_IS_SEEN)
        seen = time.perf_counter() - began
        while (before := traffic.bytes) is not None:
            page.wait_for_timeout(_QUIET)
            if traffic.bytes == before:
                break
        print(json.dumps({"first": seen, "bytes": traffic.bytes - sent, "heap": _heap(page) - heap}))
        browser.close()


def _heap(page: Page) -> float:
    """The memory that the page's scripts use, in bytes."""
    tools = page.context.new_cdp_session(page)
    tools.send("HeapProfiler.collectGarbage")
    tools.send("Performance.enable")
    metrics: list[dict[str, Any]] = tools.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "JSHeapUsedSize")


@contextmanager
def prepare(folder: Path, size: int) -> Iterator[Once]:
    """Measure with a library of that many images."""
    if find_chromium() is None or not all(map(importlib.util.find_spec, ("jupyterlab", "playwright"))):
        raise SkipBenchError("it needs a Chromium, and the extra `test` for JupyterLab and Playwright")
    (folder / "work" / "dreams").mkdir(parents=True)
    write_many(folder / "work" / "dreams", size)

    def shown(who: str) -> dict[str, float]:
        measured: dict[str, float] = python("-m", "tests.benchmarks.galleries", who, cwd=folder).output
        return measured

    def once(*, beside: bool) -> Mapping[str, Pair]:
        own = shown("own")
        other = shown("ipywidgets") if beside else None
        units = {"first": 1.0, "bytes": 1e3, "heap": 1e6}
        return {name: (own[name] / unit, other[name] / unit if other else None) for name, unit in units.items()}

    yield once


_OTHER: Final = f"GridBox of {_BESIDE} `Image`"
GALLERY = Bench(
    name="gallery",
    figures={
        "first": Figure("gallery of 10,000: first tile seen", _OTHER, "s", 2, "value"),
        "bytes": Figure("the same: bytes on the websocket", _OTHER, "KB", 300, "value"),
        "heap": Figure("the same: memory of the page's scripts", _OTHER, "MB"),
    },
    prepare=prepare,
    size=10_000,
    tiny=40,
    repeats=3,
    grows=("first", "bytes"),
    counted="dreams",
)

if __name__ == "__main__":
    main()
