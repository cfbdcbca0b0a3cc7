"""The tutorials: each forces the studio, none carries a path or a key, and together they are small."""

from __future__ import annotations

import os
import re
import socketserver
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
KEY = "luma-secret-6d1f0b"


def read(path: Path) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def first_code(path: Path) -> str:
    return str(next(cell.source for cell in read(path).cells if cell.cell_type == "code"))


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A server in the place of the hosted API, and a key for it; what it is asked."""
    asked: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("LUMAAI_API_KEY", KEY)
        monkeypatch.setenv("LUMAAI_BASE_URL", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.delenv("DREAM_NB_BACKEND", raising=False)
        yield asked
        server.shutdown()


def test_there_are_tutorials() -> None:
    assert [path.name[:2] for path in NOTEBOOKS][:1] == ["01"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_first_cell_forces_the_studio_and_drops_every_key(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LUMAAI_API_KEY", "LUMAAI_BASE_URL", "LUMAAI_ANYTHING", "LUMA_AGENTS_API_KEY", "LUMA_BASE_URL"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("DREAM_NB_BACKEND", "dream-machine")
    exec(compile(first_code(path), path.name, "exec"), {})
    assert [name for name in os.environ if name.startswith(("LUMAAI_", "LUMA_"))] == []
    assert os.environ["DREAM_NB_BACKEND"] == "studio"


@pytest.mark.parametrize("number", [pytest.param("05", marks=pytest.mark.slow), "07"])
def test_where_a_key_is_set_only_the_studio_is_asked(
    number: str, canary: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "32")
    monkeypatch.setenv("DREAM_NB_STUDIO_SECONDS", "0.25")
    notebook = read(next(path for path in NOTEBOOKS if path.name.startswith(number)))
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}, timeout=120).execute()
    assert canary == []
    with sqlite3.connect(tmp_path / "dreams" / "ledger.sqlite") as ledger:
        assert ledger.execute("SELECT DISTINCT backend FROM requests").fetchall() == [("studio",)]
    ledger.close()
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
    assert [link for link in re.findall(r"\]\((\S+\.ipynb)\)", text) if not (path.parent / link).exists()] == []


def test_together_they_are_small() -> None:
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 125_000 * len(NOTEBOOKS)
