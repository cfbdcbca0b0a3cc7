"""The outputs of a cell in JupyterLab while it runs, and in the saved notebook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from dream_nb.html.stand_in import VIEW
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser


def data(notebook: Path) -> list[dict[str, str]]:
    """The data of the outputs of the saved notebook's last cell, by MIME type."""
    return [output["data"] for output in nbformat.read(notebook, as_version=4).cells[-1].outputs]


def test_the_player_takes_the_place_of_the_card_and_a_replay_saves_the_same_outputs(
    open_cells: Callable[..., Lab], page: Page, tmp_path: Path
) -> None:
    saved = tmp_path / "work" / "notebook.ipynb"
    lab = open_cells("%dream a lake")
    lab.run_all()
    expect(page.locator("video")).to_be_visible()
    expect(page.locator(".dream-card:not(.dream-bare)")).to_have_count(0)
    lab.save()
    # The preview and its live parts.
    assert [sorted(types) for types in data(saved)] == [["text/html", "text/plain"], [VIEW]]
    before = data(saved)

    lab.run_all()
    note = page.get_by_text("from your library, nothing spent")
    expect(note).to_be_visible()
    expect(note).to_have_count(0, timeout=30_000)
    lab.save()
    preview, live = data(saved)
    assert preview == before[0]
    assert list(live) == [VIEW]
