"""What visitors of a page may and may not do, tested with messages that a hostile page would send."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from dream_nb import marimo_kernel
from dream_nb.api.errors import BudgetError
from dream_nb.notebook.widgets.card import Card
from dream_nb.notebook.widgets.gallery import Gallery
from dream_nb.notebook.widgets.grid import Grid
from dream_nb.notebook.widgets.panel import Panel
from dream_nb.notebook.widgets.trust import is_trusted
from dream_nb.results.dreams import Dreams
from dream_nb.session import Session
from tests.jobs.hosted import hosted, use
from tests.kernel import start_kernel
from tests.many import write_many
from tests.notebook.page import Page

KEY = "the-key-8815"


@pytest.fixture
def panel(page: Page, session: Session) -> Panel:  # noqa: ARG001
    return Panel(session, trusted=False, prompt="a lake")


@pytest.fixture
def gallery(page: Page, session: Session) -> Gallery:  # noqa: ARG001
    write_many(session.library.folder, 12)
    return Gallery(session, trusted=False)


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 36), "teal").save(file, "PNG")
    return file.getvalue()


def problems(panel: Panel, page: Page) -> dict[str, str]:
    page.ask(panel, "check")
    found: dict[str, str] = panel.verdict["problems"]
    return found


@pytest.mark.parametrize(
    ("software", "mode", "trusted"),
    [
        ("", None, True),
        ("jupyter/1", "edit", True),
        ("voila/0.5.13", None, False),
        ("Voila", None, False),
        ("", "run", False),
        ("", "script", True),
    ],
)
def test_a_page_of_voila_and_of_a_marimo_app_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, software: str, mode: str | None, trusted: bool
) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", software)
    if mode is not None:
        marimo = SimpleNamespace(
            running_in_notebook=lambda: mode != "script",
            notebook_dir=lambda: None,
            app_meta=lambda: SimpleNamespace(mode=mode),
        )
        monkeypatch.setitem(sys.modules, "marimo", marimo)
        monkeypatch.setattr(marimo_kernel, "_seen", None)
    assert is_trusted() is trusted


def test_a_visitor_has_no_variables_and_no_message_quotes_one(tmp_path: Path) -> None:
    with start_kernel(tmp_path, SERVER_SOFTWARE="voila/0.5.13", DREAM_NB_STUDIO_SIDE="32") as kernel:
        kernel.run("import dream_nb\nsecret = 's3cret'\nmade = %dream -i a hill")
        kernel.run("def judged(**form):\n    p = dream_nb.Panel(**form)\n    p.check()\n    return p.verdict")
        for form in (
            {"frame0": "secret"},
            {"frame0": "made"},
            {"prompt": "a {{secret}}"},
            {"prompt": "{a|{{secret}}}"},
        ):
            shown = kernel.run(f"judged(**{ {'prompt': 'a lake', **form} })").result or ""
            assert "'code': ''" in shown, form
            assert "s3cret" not in shown, form
        assert "has no access to variables" in (kernel.run("judged(prompt='a {{secret}}')").result or "")
        # The author may use variables, but the values are not shown either.
        shown = kernel.run("judged(prompt='a lake', frame0='secret', trusted=True)").result or ""
        assert "the text in the variable" in shown
        assert "s3cret" not in shown


def test_a_visitor_sees_no_file_outside_the_library(panel: Panel, page: Page, tmp_path: Path) -> None:
    library = panel._session.library.folder
    outside = tmp_path / "outside.png"
    outside.write_bytes(picture())
    (library / "link.png").symlink_to(outside)
    (library / "up").symlink_to(tmp_path)
    names = [str(outside), "outside.png", "dreams/../outside.png", "dreams/link.png", "dreams/up/outside.png"]
    for name in [*names, "~/.profile", "/etc/hostname", "secret"]:
        answer, buffers = page.ask(panel, "look", name=name)
        assert answer["error"] == f"{name!r} is not a URL, an id, or a file of the library 'dreams'"
        assert buffers == []
        page.change(panel, form={**panel.form, "frame0": name})
        assert problems(panel, page)["frame0"] == answer["error"]
    # A missing file gets the same answer as an existing one.
    assert "is not a URL, an id, or a file" in page.ask(panel, "look", name=str(tmp_path / "nothing.png"))[0]["error"]
    name = page.ask(panel, "take_in", picture(), name="mine")[0]["name"]
    assert page.ask(panel, "look", name=name)[1]


def test_the_last_dream_of_a_visitor_is_one_made_here(panel: Panel, page: Page) -> None:
    panel._session.dream("a secret hill", kind="image")
    assert "no last dream" in page.ask(panel, "look", name="last")[0]["error"]


def test_a_picture_that_the_author_gave_is_kept_in_the_library(page: Page, session: Session) -> None:
    Path("day.png").write_bytes(picture())
    panel = Panel(session, trusted=False, prompt="a lake", frame0="day.png")
    assert panel.form["frame0"].startswith("dreams/pictures/")
    assert problems(panel, page) == {}


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("form", [{"count": 200}, {"prompt": "a {1|2|3|4|5|6|7|8|9} lake"}])
def test_one_message_buys_no_more_than_sweep_size(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool, form: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    with hosted(tmp_path / "server", KEY) as server:
        use(server, monkeypatch)
        panel = Panel(server.session(), trusted=trusted, prompt="a lake", kind="image")
        page.change(panel, form={**panel.form, **form})
        assert "but at most 8 are made at once" in page.ask(panel, "dream")[0]["error"]
        assert "but at most 8 are made at once" in panel.verdict["problems"]["count"]
        with pytest.raises(BudgetError, match="but at most 8 are made at once"):
            panel.generate()
        assert server.books.count("POST") == 0


def test_the_studio_draws_no_more_for_a_visitor(panel: Panel, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_SWEEP_SIZE", "2")
    page.change(panel, form={**panel.form, "kind": "image", "count": 3})
    assert "but at most 2 are made at once" in page.ask(panel, "dream")[0]["error"]
    assert panel._jobs == []


def test_a_form_is_never_counted_beyond_a_thousand(panel: Panel, page: Page) -> None:
    words = "|".join(map(str, range(100)))
    page.change(panel, form={**panel.form, "prompt": f"a {{{words}}} {{{words}}}", "count": 10_000})
    assert "1,000" in problems(panel, page)["count"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", 3),
        ("prompt", None),
        ("prompt", ["a lake"]),
        ("prompt", "a" * 20_000),
        ("kind", "sound"),
        ("kind", {}),
        ("aspect_ratio", 16),
        ("model", ["ray-2"]),
        ("loop", "yes"),
        ("frame0", 3),
        ("frame1", {"url": "x"}),
        ("references", "day.png"),
        ("references", [3]),
        ("references", [{"role": "image_ref", "name": 3}]),
        ("references", [{"role": "owner", "name": "x"}]),
        ("references", [{"role": "image_ref", "name": "x", "weight": "much"}]),
        ("references", [{"role": "image_ref", "name": "x", "extra": {}}]),
        ("count", "8"),
        ("count", 1.5),
        ("count", True),
        ("count", None),
        ("duration", 5),
        ("resolution", {"extra": {"seed": 3}}),
        ("concepts", [{"key": "dolly_zoom", "callback_url": "http://127.0.0.1:9/"}]),
        ("concepts", "dolly_zoom"),
        ("edit", "upscale"),
        ("source", ["a.mp4"]),
        ("mode", None),
    ],
)
def test_a_value_of_the_wrong_type_is_a_line_beside_its_field(
    panel: Panel, page: Page, field: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    page.change(panel, form={**panel.form, field: value})
    assert "\n" not in problems(panel, page)[field]
    assert page.ask(panel, "dream")[0]["error"]
    assert panel._jobs == []
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize("form", ["a lake", 3, None, ["prompt"]])
def test_a_form_that_is_none_changes_nothing(panel: Panel, page: Page, form: object) -> None:
    before = dict(panel.form)
    page.change(panel, form=form)
    assert panel.form == before
    assert panel.error
    assert "\n" not in panel.error


def test_a_dropped_picture_follows_no_link(panel: Panel, page: Page, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    pictures = panel._session.library.folder / "pictures"
    pictures.symlink_to(elsewhere)
    assert "is a link" in page.ask(panel, "take_in", picture(), name="x.png")[0]["error"]
    assert list(elsewhere.iterdir()) == []
    pictures.unlink()
    name = page.ask(panel, "take_in", picture(), name="x.png")[0]["name"]
    Path(name).unlink()
    Path(name).symlink_to(elsewhere / "startup.py")
    page.ask(panel, "take_in", picture(), name="x.png")
    assert list(elsewhere.iterdir()) == []
    assert Path(name).read_bytes() == picture()
    assert not Path(name).is_symlink()


def test_a_dropped_file_starts_no_program(panel: Panel, page: Page) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "EPS")
    assert "is not a picture that can be read" in page.ask(panel, "take_in", file.getvalue(), name="x.png")[0]["error"]
    assert "arrived without its data" in page.ask(panel, "take_in", name="x.png", buffers=[])[0]["error"]


@pytest.mark.parametrize(
    "folder", ["../out", "out/../../out", "{tmp}/out", "dreams/link/out", "~/out", ".", "pictures", ".x"]
)
def test_a_visitor_exports_into_the_library_only(page: Page, gallery: Gallery, tmp_path: Path, folder: str) -> None:
    (tmp_path / "aim").mkdir()
    (gallery._session.library.folder / "link").symlink_to(tmp_path / "aim")
    keys = [row["key"] for row in gallery.first["rows"][:2]]
    answer, _ = page.ask(gallery, "export", keys=keys, folder=folder.format(tmp=tmp_path))
    assert "is not a folder that this page may write to" in answer["error"]
    assert list(tmp_path.rglob("index.html")) == []
    assert page.ask(gallery, "export", keys=keys, folder="shared")[0]["page"] == "dreams/shared/index.html"
    assert page.ask(gallery, "export", keys=keys, folder="dreams/other")[0]["page"] == "dreams/other/index.html"


def test_one_message_goes_on_from_no_more_than_sweep_size(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with hosted(tmp_path / "server", KEY) as server:
        use(server, monkeypatch)
        session = server.session()
        write_many(session.library.folder, 12)
        gallery = Gallery(session)
        keys = [row["key"] for row in gallery.first["rows"]]
        assert "12 are selected, but at most 8" in page.ask(gallery, "extend", keys=keys)[0]["error"]
        assert server.books.count("POST") == 0


@pytest.mark.parametrize(
    "state",
    [
        {"filters": {"stars": "many"}},
        {"filters": {"colour": "red"}},
        {"filters": 3},
        {"chosen": [3]},
        {"chosen": {"x": 1}},
        {"total": 9},
    ],
)
def test_a_gallery_stays_as_it_was_after_a_wrong_message(page: Page, gallery: Gallery, state: dict[str, Any]) -> None:
    before = gallery.get_state()
    page.change(gallery, **state)
    assert gallery.error
    assert "\n" not in gallery.error
    assert {**gallery.get_state(), "error": ""} == before


@pytest.mark.parametrize(
    ("action", "content"),
    [
        ("window", {"filters": {}, "offset": "0", "limit": 9}),
        ("window", {"filters": [], "offset": 0, "limit": 9}),
        ("window", {"filters": {}, "offset": 2**80, "limit": 9}),
        ("pictures", {"keys": "all"}),
        ("pictures", {"keys": [3]}),
        ("mark", {"keys": ["x"], "stars": "5"}),
        ("delete", {"keys": {"x": 1}}),
        ("export", {"keys": [], "folder": 3}),
        ("read", {"file": 3, "at": 0, "length": 9}),
    ],
)
def test_an_action_of_the_gallery_with_a_wrong_type_is_one_line(
    page: Page, gallery: Gallery, action: str, content: dict[str, Any]
) -> None:
    error = page.ask(gallery, action, **content)[0]["error"]
    assert error
    assert "\n" not in error


def test_a_window_of_less_than_nothing_is_empty(page: Page, gallery: Gallery) -> None:
    assert page.ask(gallery, "window", filters={}, offset=0, limit=-1)[0]["rows"] == []


def test_a_page_makes_no_card_wait_and_picks_only_what_is_there(page: Page, session: Session) -> None:
    dream = session.dream("a lake", kind="image")
    card = Card(dream)
    # A card with `waits` can interrupt the kernel's cell.
    page.change(card, waits=True)
    assert card.waits is False
    for content in ({"prompt": 3}, {}, {"prompt": "x", "wait": True}):
        assert "\n" not in page.ask(card, "extend", **content)[0]["error"]
    grid = Grid(Dreams([dream], words=[{"time": "dawn"}]))
    for picked in (5, -1, "0", [0]):
        page.change(grid, picked=picked)
        assert grid.picked is None
        assert "\n" not in grid.error
    page.change(grid, picked=0)
    assert grid.picked == 0
    assert "form of export" in page.ask(grid, "export", form="exe")[0]["error"]


def test_a_visitor_is_not_told_where_a_grid_is_written(page: Page, session: Session) -> None:
    grid = Grid(Dreams([session.dream("a lake", kind="image")], words=[{"time": "dawn"}]))
    grid.trusted = False
    assert "/" not in page.ask(grid, "export", form="png")[0]["path"]
