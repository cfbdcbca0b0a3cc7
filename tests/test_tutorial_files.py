"""`dream_nb.tutorials()` gives the tutorials to whoever installed the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import dream_nb
from tests.pages import ROOT, links


def test_every_tutorial_is_copied_with_its_guide(tmp_path: Path) -> None:
    folder = dream_nb.tutorials(tmp_path / "mine")
    assert folder == tmp_path / "mine"
    theirs = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {path.name for path in folder.glob("*.ipynb")} == theirs
    assert (folder / "marimo_first_dream.py").read_bytes() == (
        ROOT / "notebooks" / "marimo_first_dream.py"
    ).read_bytes()
    for name in theirs:
        assert json.loads((folder / name).read_text(encoding="utf-8"))["cells"]


def test_its_guide_links_to_nothing_that_stays_behind(tmp_path: Path) -> None:
    folder = dream_nb.tutorials(tmp_path / "mine")
    names = {link.partition("#")[0] for link in links(folder / "README.md")} - {""}
    assert {name for name in names if not (folder / name).is_file()} == set()


def test_by_default_they_are_put_beside_you(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert dream_nb.tutorials() == Path("dream_nb-tutorials")
    assert (tmp_path / "dream_nb-tutorials" / "01_first_dream.ipynb").is_file()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    work = tmp_path / "01_first_dream.ipynb"
    work.write_text("mine")
    with pytest.raises(dream_nb.LibraryError, match="already contains files"):
        dream_nb.tutorials(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [work.name]
    assert work.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(dream_nb.LibraryError, match=r"file.+cannot be written.+choose another folder"):
        dream_nb.tutorials(tmp_path / "file" / "below")
