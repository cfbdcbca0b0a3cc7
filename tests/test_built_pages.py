"""Pages that Sphinx builds from notebooks have the files of their previews."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import pytest

from dream_nb.results.dream import Dream
from dream_nb.session import Session
from tests.documents import EXECUTED, SAVED, build, write_project
from tests.notebook.test_validation import execute
from tests.results.test_preview import html_of

pytest.importorskip("sphinx")

CELLS = (
    "%load_ext dream_nb",
    "d = %dream a serene lake",
    "%dream -i a hill",
    "%dream -i a pond at {dawn|noon}",
    "d.to_gif()",
    "%%storyboard\na harbour\n---\na market",
    "dream_nb.Card(d)",
)
NAMED = {"serene-lake", "hill", "pond-at-dawn", "pond-at-noon", "harbour", "market"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that shows each kind of preview, and its library with an additional video that it does not show."""
    folder = tmp_path_factory.mktemp("saved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DREAM_NB_STUDIO_SIDE", "90")
        patch.setenv("DREAM_NB_STUDIO_SECONDS", "1.5")
        notebook = execute(folder, "import dream_nb", *CELLS)
    shutil.copy(next((folder / "dreams").glob("serene-lake*.mp4")), folder / "dreams" / "not-shown.mp4")
    return notebook


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of an empty project."""
    folder = tmp_path / "project"
    folder.mkdir()
    write_project(folder)
    return folder


@pytest.fixture
def dream(session: Session) -> Dream:
    return session.dream("a lake")


def write_page(folder: Path, html: str, name: str = "page") -> None:
    """Write a document that shows HTML, as Sphinx extensions for notebooks do."""
    (folder / f"{name}.html").write_text(html, encoding="utf-8")
    text = f"Page\n====\n\n.. raw:: html\n   :file: {name}.html\n"
    (folder / f"{name}.rst").write_text(text, encoding="utf-8")


def keep_beside(folder: Path, dream: Dream) -> Path:
    """Copy a dream's file to where its preview expects it for a document in that folder."""
    file = folder / "dreams" / dream.path.name
    file.parent.mkdir(exist_ok=True)
    shutil.copy(dream.path, file)
    return file


@pytest.mark.parametrize("reader", SAVED)
def test_all_that_the_previews_of_a_saved_notebook_name_is_beside_its_page(
    reader: str, saved: Path, tmp_path: Path
) -> None:
    pytest.importorskip(reader)
    project = tmp_path / "project"
    project.mkdir()
    write_project(project, reader, settings=SAVED[reader])
    shutil.copytree(saved.parent, project / "notebooks")
    built = build(project)
    page = f"notebooks/{saved.stem}.html"
    addresses = built.addresses(page)
    files = {built.file(page, address) for address in addresses}
    assert [file for file in files if not file.is_file() or not file.is_relative_to(built.folder)] == []
    for file in files:
        with av.open(file) as container:
            assert next(container.decode(video=0)).width
    names = {name for name in NAMED for file in files if file.name.startswith(name)}
    assert names == NAMED
    assert {file.suffix for file in files} == {".mp4", ".jpg", ".gif"}
    assert "not-shown.mp4" not in built.media()
    assert "dream_nb" not in built.warnings


@pytest.mark.parametrize("reader", EXECUTED)
def test_a_notebook_that_is_run_while_it_is_built_shows_its_video(
    reader: str,
    tmp_path: Path,
    small: None,  # noqa: ARG001 - for its environment
) -> None:
    pytest.importorskip(reader)
    nbformat = pytest.importorskip("nbformat")
    project = tmp_path / "project"
    (project / "notebooks").mkdir(parents=True)
    write_project(project, reader, settings=EXECUTED[reader])
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS[:2]]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, project / "notebooks" / "lake.ipynb")
    built = build(project)
    (address,) = built.addresses("notebooks/lake.html")
    file = built.file("notebooks/lake.html", address)
    assert file.read_bytes() == (project / "notebooks" / "dreams" / file.name).read_bytes()


@pytest.mark.parametrize(
    ("builder", "page"),
    [("html", "lakes/page.html"), ("dirhtml", "lakes/page/index.html"), ("singlehtml", "index.html")],
)
def test_each_way_to_lay_pages_out_has_addresses_of_its_own(
    project: Path, dream: Dream, builder: str, page: str
) -> None:
    lakes = project / "lakes"
    lakes.mkdir()
    write_page(lakes, html_of(dream))
    keep_beside(lakes, dream)
    built = build(project, builder)
    (address,) = built.addresses(page)
    assert built.file(page, address).read_bytes() == dream.path.read_bytes()


def test_a_page_that_copies_no_files_names_them_as_before(project: Path, dream: Dream) -> None:
    write_page(project, html_of(dream))
    keep_beside(project, dream)
    built = build(project, "epub")
    assert built.addresses("page.xhtml") == [dream.url]


def test_a_missing_file_is_named_once(project: Path, dream: Dream) -> None:
    write_page(project, html_of(dream))
    page = project / "page.rst"
    page.write_text(page.read_text(encoding="utf-8") + "\n.. raw:: html\n   :file: page.html\n", encoding="utf-8")
    built = build(project)
    assert f"a preview refers to '{dream.url}', which does not exist" in built.warnings
    assert built.warnings.count(dream.url) == 1
    assert built.addresses("page.html") == [dream.url] * 2


def test_the_warning_can_be_suppressed(project: Path, dream: Dream) -> None:
    write_project(project, settings='suppress_warnings = ["dream_nb.missing"]')
    write_page(project, html_of(dream))
    assert dream.url not in build(project).warnings


def test_a_file_that_came_later_is_taken_along_by_the_next_build(project: Path, dream: Dream) -> None:
    write_page(project, html_of(dream))
    build(project)
    keep_beside(project, dream)
    built = build(project)
    (address,) = built.addresses("page.html")
    assert built.file("page.html", address).is_file()
    assert dream.url not in built.warnings


def test_a_file_that_changed_is_copied_anew(project: Path, dream: Dream) -> None:
    write_page(project, html_of(dream))
    kept = keep_beside(project, dream)
    build(project)
    kept.write_bytes(b"another video")
    built = build(project)
    (address,) = built.addresses("page.html")
    assert built.file("page.html", address).read_bytes() == b"another video"


@pytest.mark.parametrize("named", ["../secret.mp4", "dreams/link.mp4"])
def test_what_lies_outside_is_not_copied(project: Path, dream: Dream, named: str) -> None:
    secret = project.parent / "secret.mp4"
    secret.write_bytes(b"secret")
    (project / "dreams").mkdir()
    (project / "dreams" / "link.mp4").symlink_to(secret)
    write_page(project, html_of(dream).replace(dream.url, named))
    built = build(project)
    assert f"a preview refers to '{named}', which is outside" in built.warnings
    assert built.addresses("page.html") == [named]
    assert built.media() == set()


@pytest.mark.parametrize("name", ["conf.py", "dreams/ledger.sqlite", "https://host.test/a.mp4", "//host.test/a.mp4"])
def test_only_pictures_and_videos_of_the_project_are_copied(project: Path, dream: Dream, name: str) -> None:
    keep_beside(project, dream).with_name("ledger.sqlite").write_bytes(b"ledger")
    write_page(project, html_of(dream).replace(dream.url, name))
    built = build(project)
    assert name in (built.folder / "page.html").read_text(encoding="utf-8")
    assert not (built.folder / "_downloads").exists()
    assert "dream_nb" not in built.warnings


def test_other_html_stays_as_it_is(project: Path, dream: Dream) -> None:
    kept = keep_beside(project, dream)
    write_page(project, f'<video src="dreams/{kept.name}" controls></video>')
    built = build(project)
    assert built.addresses("page.html") == [dream.url]
    assert built.media() == set()


@pytest.mark.parametrize("linked", ["folder", "file"])
def test_a_notebook_that_is_linked_into_the_project_has_its_library_beside_it(
    project: Path, dream: Dream, linked: str
) -> None:
    notebooks = project.parent / "notebooks"
    notebooks.mkdir()
    write_page(notebooks, html_of(dream))
    keep_beside(notebooks, dream)
    if linked == "folder":
        (project / "linked").symlink_to(notebooks)
    else:
        (project / "linked").mkdir()
        for name in ("page.rst", "page.html"):
            (project / "linked" / name).symlink_to(notebooks / name)
    built = build(project)
    (address,) = built.addresses("linked/page.html")
    assert built.file("linked/page.html", address).read_bytes() == dream.path.read_bytes()
