"""The tutorials: each chooses the studio, none contains a path or a key, and together they are small."""

from __future__ import annotations

import re
import socketserver
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.pages import GUIDE, anchors

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
KEY = "luma-secret-6d1f0b"
BEGINNING = "%load_ext dream_nb\n%dreams use studio"
QUICK = ("01", "07")


def read(path: Path) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def first_code(path: Path) -> str:
    return str(next(cell.source for cell in read(path).cells if cell.cell_type == "code"))


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Keys, and a server in place of both hosted APIs; yields the first lines of the requests that it receives."""
    asked: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for key, url in (("LUMAAI_API_KEY", "LUMAAI_BASE_URL"), ("LUMA_AGENTS_API_KEY", "LUMA_BASE_URL")):
            monkeypatch.setenv(key, KEY)
            monkeypatch.setenv(url, f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.delenv("DREAM_NB_BACKEND", raising=False)
        yield asked
        server.shutdown()


def run(notebook: nbformat.NotebookNode, folder: Path) -> None:
    NotebookClient(notebook, resources={"metadata": {"path": str(folder)}}, timeout=300).execute()


def backends(folder: Path) -> list[str]:
    """The backends to which the requests in a folder's library were sent."""
    with sqlite3.connect(folder / "dreams" / "ledger.sqlite") as ledger:
        found = [name for (name,) in ledger.execute("SELECT DISTINCT backend FROM requests")]
    ledger.close()
    return found


def test_there_are_tutorials() -> None:
    assert [path.name[:2] for path in NOTEBOOKS][:1] == ["01"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_first_cell_loads_dream_nb_and_chooses_the_studio_in_one_line(path: Path) -> None:
    assert first_code(path) == BEGINNING


@pytest.mark.parametrize("backend", ["hosted", "dream-machine", "luma"])
def test_the_studio_is_asked_whatever_the_environment_chooses(
    backend: str, canary: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_BACKEND", backend)
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "32")
    cells = [BEGINNING, "%dream -i a lake", "%dream -i a lake -m photon-1", "%dream -i a lake -m uni-1"]
    run(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), tmp_path)
    assert canary == []
    assert backends(tmp_path) == ["studio"]


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=() if path.name[:2] in QUICK else pytest.mark.slow) for path in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_where_keys_are_set_only_the_studio_is_asked(
    path: Path, canary: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "64")
    monkeypatch.setenv("DREAM_NB_STUDIO_SECONDS", "0.5")
    notebook = read(path)
    run(notebook, tmp_path)
    assert canary == []
    assert backends(tmp_path) == ["studio"]
    assert [path.name for path in tmp_path.iterdir()] == ["dreams"]
    assert KEY not in nbformat.writes(notebook)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_saved_as_it_was_run_without_what_differs_each_time(path: Path) -> None:
    notebook = read(path)
    assert [cell.source for cell in notebook.cells if cell.cell_type == "code" and not cell.execution_count] == []
    assert "widgets" not in notebook.metadata
    assert {key for cell in notebook.cells for key in cell.metadata} <= {"tags"}
    text = re.sub(r"base64,[A-Za-z0-9+/=]+", "", path.read_text(encoding="utf-8"))
    assert re.findall(r"/(?:home|root|tmp|Users|var)/[^\s\"']*|studio-[\w-]{20,}", text) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_links_lead_to_notebooks_that_are_there(path: Path) -> None:
    text = "".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert [link for link in re.findall(r"\]\((\S+\.(?:ipynb|py))\)", text) if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_links_into_the_guide_lead_to_headings(path: Path) -> None:
    text = "".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert set(re.findall(r"\]\(README\.md#(\S+?)\)", text)) <= set(anchors(GUIDE))


def test_the_first_links_to_all_others_and_to_the_guide() -> None:
    text = "".join(cell.source for cell in read(NOTEBOOKS[0]).cells if cell.cell_type == "markdown")
    assert {path.name for path in NOTEBOOKS[1:]} | {"README.md"} <= set(re.findall(r"\]\((\S+?)\)", text))


def test_together_they_are_small() -> None:
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 125_000 * len(NOTEBOOKS)
