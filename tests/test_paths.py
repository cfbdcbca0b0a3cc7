"""`~` is expanded in every path that a user gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dream_nb.files import given_path
from dream_nb.lines.references import References
from dream_nb.notebook.completion import _files
from dream_nb.notebook.widgets.gallery import Gallery
from dream_nb.notebook.widgets.panel import Panel
from dream_nb.requests.fields import make_request
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.session import Session
from dream_nb.storyboard.storyboard import Storyboard
from dream_nb.studio.__main__ import _arguments
from dream_nb.studio.faults import Faults
from tests.notebook.page import open_page
from tests.studio.machine import picture


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session whose studio draws small, in a folder that also has the user's home folder."""
    folder = tmp_path_factory.mktemp("notebook")
    home = folder / "home"
    home.mkdir()
    (home / "day.png").write_bytes(picture())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DREAM_NB_STUDIO_SIDE", "32")
        patch.setenv("DREAM_NB_STUDIO_SECONDS", "0.25")
        patch.setenv("HOME", str(home))
        patch.delenv("DREAM_NB_REPLAY", raising=False)
        patch.chdir(folder)
        with Session() as session:
            yield session
    assert not list(folder.glob("~*")), "a folder was made with that name"


@pytest.fixture(scope="module")
def lake(studio: Session) -> Dream:
    return studio.dream("a lake")


WRITERS: dict[str, Callable[[Dream], Path]] = {
    "clip.mp4": lambda dream: dream.clip(0, 0.1, "~/clip.mp4"),
    "lake.gif": lambda dream: dream.to_gif("~/lake.gif"),
    "lake.webp": lambda dream: dream.to_webp(Path("~/lake.webp")),
    "lake.parquet": lambda dream: Dreams([dream]).to_parquet("~/lake.parquet"),
    "export/index.html": lambda dream: Dreams([dream]).export("~/export"),
    "sheet.png": lambda dream: Dreams([dream]).grid().to_png("~/sheet.png"),
    "sheet.mp4": lambda dream: Dreams([dream]).grid().to_mp4("~/sheet.mp4"),
    "film.mp4": lambda dream: Storyboard([dream.prompt], session=dream._maker).make().join("~/film.mp4"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_in_what_is_written(lake: Dream, name: str) -> None:
    with open_page():
        path = WRITERS[name](lake)
    assert path == Path.cwd() / "home" / name
    assert path.is_file()


def test_in_the_folder_that_a_gallery_exports_to(studio: Session, lake: Dream) -> None:
    with open_page() as page:
        gallery = Gallery(studio)
        key = gallery.first["rows"][0]["key"]
        answer, _ = page.ask(gallery, "export", keys=[key], folder=" ~/gallery ")
    assert answer["page"] == "home/gallery/index.html"
    assert (Path("home/gallery") / lake.path.name).is_file()


@pytest.mark.usefixtures("studio")
def test_in_a_keyframe_and_in_a_reference() -> None:
    expected = make_request("a lake", frame0=Path("home/day.png"))
    assert make_request("a lake", frame0=Path("~/day.png")) == expected
    references = References({"day": Path("~/day.png")})
    found = [make_request("a lake", frame0=references.keyframe(text)) for text in ("~/day.png", "day")]
    assert found == [expected] * 2


def test_in_what_a_panel_names(studio: Session) -> None:
    with open_page() as page:
        panel = Panel(studio)
        panel.form = {**panel.form, "prompt": "a lake", "frame0": "~/day.png"}
        expected = make_request("a lake", frame0=Path("home/day.png"))
        assert panel.plan.entries[0].ask.request == expected
        _, (small,) = page.ask(panel, "look", name="~/day.png")
        assert small[:2] == b"\xff\xd8"


@pytest.mark.usefixtures("studio")
def test_in_what_is_completed() -> None:
    assert ("~/day.png", "picture") in _files("~/da")


def test_in_a_folder_that_is_read(lake: Dream) -> None:
    Dreams([lake]).export("home/read")
    assert Dreams.from_files("~/read").column("prompt") == ["a lake"]


@pytest.mark.usefixtures("studio")
def test_in_the_studios_options() -> None:
    arguments = _arguments(["--library", "~/drawn", "--faults=~/faults.json"])
    home = Path.cwd() / "home"
    assert (arguments.library, arguments.faults) == (home / "drawn", home / "faults.json")
    (home / "faults.json").write_text('[{"answer": 503}]')
    assert Faults.from_file(Path("~/faults.json")).struck == 0


@pytest.mark.usefixtures("studio")
def test_a_file_whose_name_begins_so_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("~draft-of-nobody.png").write_bytes(picture())
    assert References({}).find("~draft-of-nobody.png") == given_path("~draft-of-nobody.png")
