"""Grids of very many videos, as a person uses them in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dream_nb.media.encoding import encode
from dream_nb.media.frames import TimedFrame
from tests.browser.lab import Lab, Traffic
from tests.many import write_many

pytestmark = pytest.mark.browser

MOST_BYTES = 3_000_000
SHOW = """import itertools
import dream_nb
from dream_nb.default import default_session
words = [{{"light": f"light {{row}}", "place": f"place {{column}}"}}
         for row, column in itertools.product(range({rows}), range({columns}))]
dream_nb.Dreams(default_session().history(), words=words).grid()"""
# The number of cells in view, how many of them play, and whether all of them have pictures.
SEEN = """() => {
    const box = document.querySelector('.dream-grid-scroll').getBoundingClientRect();
    const seen = [...document.querySelectorAll('.dream-cell')].filter(cell => {
        const { left, right, top, bottom } = cell.getBoundingClientRect();
        const [above, below] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)];
        return right > box.left && left < box.right && bottom > above && top < below;
    });
    const playing = seen.filter(cell => cell.querySelector('video')?.paused === false).length;
    return { seen: seen.length, playing, pictured: seen.every(cell => cell.querySelector('img').naturalWidth) };
}"""
ALL_PLAY = f"""() => {{
    const {{ seen, playing, pictured }} = ({SEEN})();
    return seen > 8 && pictured && playing === Math.min(seen, 24);
}}"""
LOADED = "() => document.querySelectorAll('video').length"


@pytest.fixture
def write_library(tmp_path: Path) -> Callable[[int], None]:
    """Writes a library of that many videos where the notebook looks for it."""

    def write(count: int) -> None:
        folder = tmp_path / "work" / "dreams"
        folder.mkdir(parents=True)
        ramp = np.linspace(0, 255, 320, dtype=np.uint8)
        frames = [np.stack([np.roll(ramp, 8 * at)[None].repeat(180, 0)] * 3, axis=-1) for at in range(48)]
        film = tmp_path / "work" / "film.mp4"
        encode((TimedFrame(frame, at / 24) for at, frame in enumerate(frames)), film, 24.0)
        write_many(folder, count, video=film)

    return write


@pytest.mark.parametrize(("rows", "columns"), [(5, 8), (20, 20)])
def test_all_cells_are_reached_and_those_in_view_play(
    write_library: Callable[[int], None], open_cells: Callable[..., Lab], page: Page, rows: int, columns: int
) -> None:
    write_library(rows * columns)
    traffic = Traffic(page)
    lab = open_cells(SHOW.format(rows=rows, columns=columns))
    lab.run_all()
    expect(page.locator(".dream-cell")).to_have_count(rows * columns)
    page.wait_for_function(ALL_PLAY, timeout=60_000)
    assert page.evaluate(LOADED) <= 24
    scroll = page.locator(".dream-grid-scroll")
    assert scroll.evaluate("box => box.clientHeight <= 540 && box.scrollWidth > box.clientWidth")

    # Scroll both ways to the last cell; the words of its row and column stay in view.
    scroll.evaluate("box => box.scrollTo(box.scrollWidth, box.scrollHeight)")
    expect(page.locator(".dream-cell").last).to_be_in_viewport()
    expect(page.get_by_role("columnheader", name=f"place {columns - 1}")).to_be_in_viewport()
    expect(page.get_by_role("rowheader", name=f"light {rows - 1}")).to_be_in_viewport()
    page.wait_for_function(ALL_PLAY, timeout=60_000)
    # Videos that left the view are unloaded.
    page.wait_for_function(f"() => ({LOADED})() <= 24")

    page.locator(".dream-cell-open").last.click()
    place = page.locator(".dream-large-place")
    expect(place).to_have_text(f"{rows * columns} of {rows * columns}")
    page.keyboard.press("ArrowLeft")
    expect(place).to_have_text(f"{rows * columns - 1} of {rows * columns}")
    page.keyboard.press("Escape")
    expect(page.locator(".dream-cell-open").nth(-2)).to_be_focused()
    assert traffic.bytes < MOST_BYTES
