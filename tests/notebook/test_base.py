"""The common code of the widgets, without a browser."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest

from dream_nb.api.errors import LibraryError
from dream_nb.jobs.progress import CANCELLABLE_STATES, JOB_STATES
from dream_nb.notebook.widgets import base
from dream_nb.notebook.widgets.base import Answer, Widget, _part, action
from tests.notebook.page import Page


class Shelf(Widget):
    """A widget of one file."""

    modules = ("card.css", "card.js")

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self.path = path
        self.going = threading.Event()

    def file(self, name: str) -> Path | None:
        return self.path if name == "it" else None

    @action
    def greet(self, name: str, buffers: list[bytes] = []) -> Answer:  # noqa: B006
        return {"text": f"hello {name}", "thread": threading.current_thread().name}, buffers

    @action
    def fail(self, how: str) -> Answer:
        raise LibraryError("the folder is gone: make it again") if how == "known" else RuntimeError("oh")

    @action
    def wait(self) -> Answer:
        assert self.going.wait(30)
        return None

    @property
    def trap(self) -> None:
        raise AssertionError("the page asked for a property")

    def secret(self) -> Answer:
        raise AssertionError("the page called what is no action")


def test_an_action_answers_with_what_it_gives_back(page: Page) -> None:
    answer, buffers = page.ask(Shelf(), "greet", b"bytes", name="Ada")
    assert answer["text"] == "hello Ada"
    assert buffers == [b"bytes"]


def test_a_page_that_asks_whether_there_is_a_kernel_is_answered(page: Page) -> None:
    answer, buffers = page.ask(Shelf(), "here")
    assert set(answer) == {"answer"}
    assert buffers == []


def test_an_action_runs_beside_the_thread_that_hears_of_it(page: Page) -> None:
    shelf = Shelf()
    shelf.comm._msg_callback({"content": {"data": {"method": "custom", "content": {"action": "wait"}}}, "buffers": []})
    assert page.ask(shelf, "greet", name="Bob")[0]["text"] == "hello Bob"
    shelf.going.set()


def test_an_error_is_shown_with_its_next_step_until_it_goes_well(page: Page) -> None:
    shelf = Shelf()
    assert page.ask(shelf, "fail", how="known")[0]["error"] == "the folder is gone: make it again"
    assert shelf.error == "the folder is gone: make it again"
    page.ask(shelf, "greet", name="Ada")
    assert shelf.error


def test_an_unforeseen_error_says_what_to_do(page: Page) -> None:
    shelf = Shelf()
    page.ask(shelf, "fail", how="unknown")
    assert shelf.error == "RuntimeError: oh. Run the cell that made this widget again"


@pytest.mark.parametrize("name", ["secret", "close", "__init__", "", 3, None])
def test_the_page_calls_nothing_but_actions(page: Page, name: object) -> None:
    shelf = Shelf()
    shelf._act({"action": name}, [])
    assert not shelf.error
    assert page.ask(shelf, "greet", name="Ada")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"other": 1}, "greet has no argument 'other'"),
        ({}, "greet needs the argument 'name'"),
        ({"name": 3}, "name of greet: input should be a valid string, and not a int"),
        ({"name": ["Ada"]}, "and not a list"),
        ({"name": "Ada", "buffers": "bytes"}, "buffers of greet: input should be a valid list"),
    ],
)
def test_wrong_arguments_are_one_line_in_the_widget(page: Page, arguments: dict[str, Any], message: str) -> None:
    error = page.ask(Shelf(), "greet", **arguments)[0]["error"]
    assert message in error
    assert "\n" not in error


@pytest.mark.parametrize(
    "data",
    [
        None,
        3,
        "custom",
        [],
        {},
        {"method": None},
        {"method": "custom"},
        {"method": "custom", "content": "greet"},
        {"method": "custom", "content": [{"action": "greet"}]},
        {"method": "update", "state": "error"},
        {"method": "update", "state": {"error": "gone"}},
        {"method": "update", "state": {"parts": []}},
        {"method": "update", "state": {"nothing": 1}},
        {"method": "update", "state": {"_esm": "export default {}"}},
        {"method": "update", "state": {"_view_count": "many"}},
        {"method": "update", "state": {}, "buffer_paths": 3},
    ],
)
def test_a_message_that_is_none_of_its_own_is_one_line(
    page: Page, data: object, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = Shelf()
    before = shelf.get_state()
    for widget in (shelf, _part("base.js")):
        widget.comm._msg_callback({"content": {"data": data}, "buffers": []})
    assert shelf.error
    assert "\n" not in shelf.error
    assert all(record.exc_info is None for record in caplog.records)
    assert "Traceback" not in "".join(capsys.readouterr())
    assert {**shelf.get_state(), "error": ""} == before
    assert page.ask(shelf, "greet", name="Ada")[0]["text"] == "hello Ada"
    assert shelf.error == ""


def test_a_page_that_changed_what_it_may_not_is_told_what_counts(page: Page) -> None:
    shelf = Shelf()
    page.change(shelf, parts=["another"])
    told = [data["state"]["parts"] for _, data, _ in page.messages if "parts" in data.get("state", {})]
    assert told[-1] == shelf.parts
    assert "another" not in shelf.parts


def test_the_page_asks_for_no_property(page: Page) -> None:
    shelf = Shelf()
    shelf._act({"action": "trap"}, [])
    assert not shelf.error
    assert page.ask(shelf, "greet", name="Ada")


@pytest.mark.parametrize(("at", "length"), [(-1, 10), (0, -1)])
def test_a_piece_that_no_file_has_is_an_error(page: Page, tmp_path: Path, at: int, length: int) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(2_000_000))
    answer, buffers = page.ask(Shelf(path), "read", file="it", at=at, length=length)
    assert "is not part of a file" in answer["error"]
    assert buffers == []


def test_an_unforeseen_error_tells_a_visitor_nothing_of_it(page: Page) -> None:
    shelf = Shelf()
    shelf.trusted = False
    page.ask(shelf, "fail", how="unknown")
    assert shelf.error == "RuntimeError: this is not possible here"


def test_a_file_comes_in_bounded_pieces(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(range(256)) * 10_000)
    shelf = Shelf(path)
    got = b""
    while True:
        answer, (piece,) = page.ask(shelf, "read", file="it", at=len(got), length=1 << 40)
        assert 0 < len(piece) <= 1 << 20
        got += piece
        if len(got) == answer["size"]:
            break
    assert got == path.read_bytes()
    assert answer["type"] == "video/mp4"


def test_a_file_of_100_mb_is_never_sent(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    answer, buffers = page.ask(Shelf(path), "read", file="it", at=0, length=1)
    assert "100 MB is too large to send" in answer["error"]
    assert buffers == []


def test_no_other_file_is_read(page: Page, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("it")
    shelf = Shelf(tmp_path / "film.mp4")
    for name in ("it", "secret", "../secret", str(tmp_path / "secret")):
        assert "no longer exists" in page.ask(shelf, "read", file=name, at=0, length=10)[0]["error"]


def test_script_and_style_are_sent_once(page: Page) -> None:
    for _ in range(10):
        Shelf()
    texts = [state.get("text") for state in page.opened.values() if state.get("name") == "base.js"]
    assert len(texts) == 1
    assert len(str(page.opened)) < 105_000


def test_a_script_is_sent_again_where_its_widget_was_closed(page: Page) -> None:
    import ipywidgets

    before = Shelf().parts
    ipywidgets.Widget.close_all()
    assert set(before).isdisjoint(Shelf().parts)
    assert set(Shelf().parts) <= set(page.opened)


def test_every_state_of_a_job_has_a_label() -> None:
    script = Path(base.__file__).with_name("base.js").read_text(encoding="utf-8")
    labels = re.search(r"const STATE_LABELS = \{(.*?)\};", script, re.DOTALL)
    assert labels is not None
    assert tuple(re.findall(r"^ *(\w+):", labels[1], re.MULTILINE)) == JOB_STATES
    assert set(CANCELLABLE_STATES) < set(JOB_STATES)
