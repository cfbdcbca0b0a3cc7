"""marimo as a notebook's kernel, tested with doubles; its page is tested in `tests/browser`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from dream_nb import marimo_kernel
from dream_nb.notebook.state import notebook_variables
from dream_nb.notebook.widgets.card import Card
from dream_nb.place import find_place
from dream_nb.results.dream import Dream
from dream_nb.session import Session
from tests.notebook.page import open_page

TUTORIAL = Path(__file__).parents[1] / "notebooks" / "marimo_first_dream.py"


class Marimo:
    """A double of marimo that runs a notebook on one thread.

    Args:
        folder: the folder of the notebook.
        mode: "edit" or "run".
        source: the address at which it serves a video.
    """

    def __init__(self, folder: Path, mode: str = "edit", source: str = "./@file/4-lake.mp4") -> None:
        self.folder = folder
        self.mode = mode
        self.source = source
        self.thread = threading.current_thread()

    def running_in_notebook(self) -> bool:
        return threading.current_thread() is self.thread

    def notebook_dir(self) -> Path:
        assert self.running_in_notebook()
        return self.folder

    def app_meta(self) -> SimpleNamespace:
        return SimpleNamespace(mode=self.mode)

    def video(self, data: bytes) -> SimpleNamespace:
        assert data
        return SimpleNamespace(text=f'<video src="{self.source}" controls></video>')


@pytest.fixture
def marimo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Marimo:
    double = Marimo(tmp_path / "notebooks")
    monkeypatch.setitem(sys.modules, "marimo", double)
    monkeypatch.setattr(marimo_kernel, "_seen", None)
    return double


def html_of(dream: Dream) -> str:
    return dream._repr_mimebundle_()["text/html"]


@pytest.mark.usefixtures("marimo")
def test_the_notebooks_folder_is_that_of_marimo_on_every_thread(tmp_path: Path) -> None:
    assert find_place().folder == tmp_path / "notebooks"
    found = []
    thread = threading.Thread(target=lambda: found.append(find_place().output))
    thread.start()
    thread.join()
    assert found == [tmp_path / "notebooks"]


def test_a_script_that_imports_marimo_is_no_notebook_of_it(
    marimo: Marimo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marimo.thread = threading.Thread()
    monkeypatch.chdir(tmp_path)
    assert not marimo_kernel.is_marimo()
    assert find_place().folder == tmp_path


@pytest.mark.parametrize(("mode", "known"), [("edit", True), ("run", False)])
def test_the_variables_of_an_app_are_nobodys(
    marimo: Marimo, monkeypatch: pytest.MonkeyPatch, mode: str, known: bool
) -> None:
    marimo.mode = mode
    monkeypatch.setattr(sys.modules["__main__"], "lake", 3, raising=False)
    assert ("lake" in notebook_variables()) is known


def test_a_preview_plays_the_copy_that_marimo_serves(session: Session, marimo: Marimo) -> None:
    html = html_of(session.dream("a lake"))
    assert f'<video src="{marimo.source}"' in html
    assert "coarse" not in html


def test_where_marimo_only_writes_a_page_a_preview_has_a_coarse_copy_inline(session: Session, marimo: Marimo) -> None:
    marimo.source = "data:video/mp4;base64,AAAA"
    html = html_of(session.dream("a lake"))
    assert '<video src="data:video/mp4;name=dream_nb;' in html
    assert "a coarse copy of the file" in html


@pytest.mark.usefixtures("marimo")
def test_a_picture_links_to_no_file_that_the_page_cannot_open(session: Session) -> None:
    html = html_of(session.dream("a lake", kind="image"))
    assert "<img" in html
    assert "<a " not in html


@pytest.mark.usefixtures("marimo")
def test_a_card_copies_python_where_cells_take_no_lines(session: Session) -> None:
    with open_page():
        dream = session.dream("a lake", kind="image")
        card = Card(dream)
        assert not card.has_magics
        assert card.copy_line() == {"line": dream.to_code()}


@pytest.mark.skipif(find_spec("marimo") is None, reason="marimo is not installed")
def test_the_notebook_that_comes_with_the_package_runs_as_a_script(tmp_path: Path) -> None:
    environment = os.environ | {"DREAM_NB_STUDIO_SIDE": "90", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, str(TUTORIAL)], cwd=tmp_path, env=environment, check=True)
    assert {path.suffix for path in (tmp_path / "dreams").glob("*.*")} >= {".mp4", ".jpg"}


def test_it_asks_the_studio_whatever_else_is_chosen() -> None:
    sessions = [line for line in TUTORIAL.read_text(encoding="utf-8").splitlines() if "Session(" in line]
    assert 'session = dream_nb.Session(backend="studio")' in sessions[-1]
    assert "dream_nb.dream(" not in TUTORIAL.read_text(encoding="utf-8")
