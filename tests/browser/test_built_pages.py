"""Pages that Sphinx built from a notebook, in a browser without a kernel."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.exported import open_exported
from tests.documents import SAVED, Built, build, write_project
from tests.notebook.test_validation import execute

pytest.importorskip("sphinx")
pytestmark = pytest.mark.browser

MILLISECONDS = 120_000
CELLS = (
    "%load_ext dream_nb\nimport dream_nb",
    "%dream a serene lake",
    "job = %dream --background a forest in the wind\njob.result(timeout=240);",
    "dream_nb.Panel(prompt='a harbour')",
    "dream_nb.Gallery()",
)
WIDGETS = ("a forest in the wind", "a harbour", "The gallery of 'dreams'")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An executed notebook with a video and widgets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DREAM_NB_STUDIO_SIDE", "90")
        patch.setenv("DREAM_NB_STUDIO_SECONDS", "1.5")
        return execute(tmp_path_factory.mktemp("saved"), *CELLS)


@pytest.fixture(scope="module", params=SAVED)
def built(request: pytest.FixtureRequest, saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The pages that each Sphinx extension for notebooks builds from it."""
    pytest.importorskip(request.param)
    project = tmp_path_factory.mktemp(request.param) / "project"
    project.mkdir()
    write_project(project, request.param, settings=SAVED[request.param])
    shutil.copytree(saved.parent, project / "notebooks")
    return build(project)


def test_a_video_plays(built: Built, page: Page) -> None:
    open_exported(page, built.folder, "notebooks/dreams.html", None)
    expect(page.locator("video")).to_have_count(1)
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.1", timeout=MILLISECONDS)


def test_a_widget_is_seen_as_its_stand_in_only(built: Built, page: Page, manager: Path) -> None:
    open_exported(page, built.folder, "notebooks/dreams.html", manager)
    # The page has created every widget, and none of them has found a kernel.
    made = f"() => document.querySelectorAll('[data-dream-nb]').length === {len(WIDGETS)}"
    page.wait_for_function(made, timeout=MILLISECONDS)
    page.wait_for_load_state("networkidle")
    shown = page.locator(".dream_nb-static").filter(visible=True)
    expect(shown).to_have_count(len(WIDGETS))
    for at, text in enumerate(WIDGETS):
        expect(shown.nth(at)).to_contain_text(text)
    expect(page.locator(".dream-nb")).to_have_count(0)
