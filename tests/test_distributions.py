"""The published files: a wheel and a page that work without the clone."""

from __future__ import annotations

import email
import email.message
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.pages import ROOT

TUTORIALS = len(list((ROOT / "notebooks").glob("*.ipynb")))

pytest.importorskip("hatchling")
pytest.importorskip("hatch_fancy_pypi_readme")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sdist and of the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run([*build, "-t", "sdist"], cwd=ROOT, check=True, capture_output=True)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.glob("dream_nb-*/")
    subprocess.run([*build, "-t", "wheel"], cwd=source, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path) -> Path:
    """A folder with the files that the wheel installs."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(built / "installed")
    return built / "installed"


@pytest.fixture(scope="module")
def metadata(installed: Path) -> email.message.Message:
    (path,) = installed.glob("*.dist-info/METADATA")
    return email.message_from_string(path.read_text(encoding="utf-8"))


def run(installed: Path, folder: Path, *arguments: str, environment: Mapping[str, str]) -> str:
    """Run Python with the wheel and without the clone; returns its output."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=dict(environment) | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_sdist_has_tests_and_tutorials(built: Path) -> None:
    (source,) = built.glob("dream_nb-*/")
    names = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "tests/README.md", "notebooks/README.md"]
    assert [name for name in names if not (source / name).is_file()] == []
    assert len(list((source / "notebooks").glob("*.ipynb"))) == TUTORIALS


def test_an_installation_has_the_tutorials(installed: Path, tmp_path: Path) -> None:
    source = "import dream_nb; print(dream_nb.__file__, dream_nb.tutorials())"
    out = run(installed, tmp_path, "-c", source, environment={})
    assert out.split() == [str(installed / "dream_nb" / "__init__.py"), "dream_nb-tutorials"]
    assert len(list((tmp_path / "dream_nb-tutorials").glob("*.ipynb"))) == TUTORIALS
    assert (tmp_path / "dream_nb-tutorials" / "marimo_first_dream.py").is_file()


def test_an_installation_has_what_the_package_reads(installed: Path) -> None:
    ours = {path.relative_to(ROOT) for path in (ROOT / "dream_nb").rglob("*") if path.is_file()}
    needed = {path for path in ours if "__pycache__" not in path.parts and path.suffix != ".md"}
    assert {path for path in needed if not (installed / path).is_file()} == set()


def test_the_page_shows_no_picture_and_links_to_nothing_of_the_clone(metadata: email.message.Message) -> None:
    page = metadata.get_payload()
    assert isinstance(page, str)
    assert "![" not in page
    assert [link for link in re.findall(r"\]\(([^)]*)\)", page) if not link.startswith("https://")] == []
    assert "clone" not in page
    assert "pip install -e" not in page
    assert "pip install 'dream_nb[lab]'" in page


def test_no_address_is_given_that_does_not_exist(metadata: email.message.Message) -> None:
    # The project has no public address yet.
    assert metadata.get_all("Project-URL") is None
    assert metadata["Home-page"] is None


def test_every_page_is_one_that_an_index_can_show(metadata: email.message.Message) -> None:
    renderer = pytest.importorskip("readme_renderer.markdown")
    html = renderer.render(metadata.get_payload())
    assert html is not None
    assert "<img" not in html


def test_its_classifiers_are_known(metadata: email.message.Message) -> None:
    known = pytest.importorskip("trove_classifiers").classifiers
    given = metadata.get_all("Classifier") or []
    assert given
    assert [one for one in given if one not in known] == []
