"""The panel without a browser: what it checks, generates and returns."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image, features

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.request_models import ImageRef
from dream_nb.notebook.widgets.panel import Panel
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import dollars
from dream_nb.requests.roles import FIELDS, FRAMES
from dream_nb.session import Session
from tests.jobs.hosted import hosted, use
from tests.notebook.page import Page

SECONDS = 240


@pytest.fixture
def panel(page: Page, session: Session) -> Panel:  # noqa: ARG001
    return Panel(session)


def picture(colour: str = "teal") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 36), colour).save(file, "PNG")
    return file.getvalue()


def url_of(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def problems(panel: Panel, page: Page) -> dict[str, str]:
    page.ask(panel, "check")
    found: dict[str, str] = panel.verdict["problems"]
    return found


def test_what_is_made_is_in_dreams_and_shown_as_a_card(panel: Panel, page: Page) -> None:
    panel.form = {**panel.form, "prompt": "a lake at {dawn|noon}", "kind": "image"}
    page.ask(panel, "dream")
    for job in panel._jobs:
        job.result(SECONDS)
    assert [dream.prompt for dream in panel.dreams] == ["a lake at dawn", "a lake at noon"]
    assert len(panel.cards) == 2
    assert panel.code == "%dream a lake at {dawn|noon} --image"


@pytest.mark.usefixtures("page")
def test_an_unknown_field_is_an_error(session: Session) -> None:
    with pytest.raises(InvalidRequestError, match="no field 'promt'"):
        Panel(session, promt="a lake")


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("prompt", " ", "describe what to dream"),
        ("prompt", "{{nobody}}", "no variable is named 'nobody'"),
        ("frame0", "nowhere.jpg", "'nowhere.jpg' does not exist"),
        ("frame0", "nowhere", "'nowhere' is not a URL, variable, file or id"),
        ("aspect_ratio", "2:1", "not one of"),
        ("count", 0, "takes: give"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(panel: Panel, page: Page, field: str, value: object, wrong: str) -> None:
    panel.form = {**panel.form, "prompt": "a lake", field: value}
    assert wrong in problems(panel, page)[field]
    assert "error" in page.ask(panel, "dream")[0]
    assert panel._jobs == []


def test_a_wrong_model_stands_beside_the_model(panel: Panel, page: Page) -> None:
    panel.form = {**panel.form, "prompt": "a lake", "kind": "image", "model": "photon-9"}
    assert "photon-9" in problems(panel, page)["model"]


def test_a_loop_does_not_go_with_two_pictures(panel: Panel, page: Page) -> None:
    (panel._session.home / "day.png").write_bytes(picture())
    panel.form = {**panel.form, "prompt": "a lake", "loop": True, "frame0": "day.png", "frame1": "day.png"}
    assert "not possible with two pictures" in problems(panel, page)["loop"]


def test_a_pasted_picture_becomes_a_file_that_the_line_names(panel: Panel, page: Page) -> None:
    answer, (small,) = page.ask(panel, "take_in", picture(), name="pasted")
    assert Image.open(io.BytesIO(small)).format == "JPEG"
    panel.form = {**panel.form, "prompt": "a lake", "frame0": answer["name"]}
    assert problems(panel, page) == {}
    assert panel.code == f"%dream a lake --frame0 {answer['name']}"
    assert (panel._session.home / answer["name"]).read_bytes() == picture()


def test_what_is_no_picture_is_refused(panel: Panel, page: Page) -> None:
    told = page.ask(panel, "take_in", b"<svg onload=alert(1)>", name="x.svg")[0]["error"]
    assert "is not a picture that can be read" in told


def test_a_dream_is_used_as_a_keyframe(panel: Panel, page: Page) -> None:
    dream = panel._session.dream("a lake")
    panel.use(dream, "frame1")
    panel.form = {**panel.form, "prompt": "night falls"}
    assert problems(panel, page) == {}
    (job,) = panel.generate()
    assert [one.prompt for one in job.result(SECONDS).ancestors()] == ["a lake"]
    _, (small,) = page.ask(panel, "look", name=dream.generation.id)
    assert small[:2] == b"\xff\xd8"


GIVEN: dict[str, Callable[[Path], Any]] = {
    "a text": lambda path: path.name,
    "a path": lambda path: path,
    "bytes": Path.read_bytes,
    "an open file": lambda path: io.BytesIO(path.read_bytes()),
    "an image": Image.open,
    "an array": lambda path: np.asarray(Image.open(path)),
    "a reference": lambda path: ImageRef(url=url_of(path)),
    "a dictionary": lambda path: {"url": url_of(path)},
    "a URL": lambda _: "https://host/a.jpg",
}


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("field", [*FRAMES, *FIELDS])
@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_a_picture_is_given_as_in_a_call(
    panel: Panel, field: str, trusted: bool, given: Callable[[Path], Any], tmp_path: Path
) -> None:
    path = tmp_path / "day.png"
    path.write_bytes(picture())
    kind: Literal["video", "image"] = "video" if field in FRAMES else "image"
    expected = make_request("a lake", kind=kind, **{field: given(path)})
    other = Panel(panel._session, trusted=trusted, prompt="a lake", **{field: given(path)})
    assert other.plan.entries[0].ask.request == expected
    assert all(isinstance(other.form[name], str) for name in FRAMES)


def test_the_pictures_of_one_field_take_each_others_place(panel: Panel, tmp_path: Path) -> None:
    (tmp_path / "day.png").write_bytes(picture())
    panel.use(["https://host/a.jpg:0.5", Path("day.png")], "style_ref")
    panel.use("https://host/b.jpg", "image_ref")
    panel.use(["day.png:0.3", "https://host/c.jpg"], "style_ref")
    assert [(one["role"], one["name"], one["weight"]) for one in panel.form["references"]] == [
        ("image_ref", "https://host/b.jpg", None),
        ("style_ref", "day.png", 0.3),
        ("style_ref", "https://host/c.jpg", None),
    ]


def test_a_path_starts_from_the_working_directory(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "below"
    folder.mkdir()
    (folder / "day.png").write_bytes(picture())
    monkeypatch.chdir(folder)
    panel.use(Path("day.png"))
    assert panel.form["frame0"] == "below/day.png"


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("frame0", 3, "frame0: the value is of the type int"),
        ("style_ref", [b"no", "x"], r"style_ref\[0\]: 'a picture of 2 bytes' is not a picture that can be read"),
        ("modify_image_ref", "day.png:2", "modify_image_ref: the weight 2 of 'day.png' is not from 0 to 1"),
        ("character_ref", "day.png:0.5", "character_ref: references to a character have no weight"),
        ("frame2", "day.png", "'frame2' is not one of frame0, frame1, image_ref"),
        ("request", "day.png", "a str is not a request: give dream.request"),
    ],
)
def test_what_it_cannot_use_is_refused(panel: Panel, where: str, value: Any, message: str) -> None:
    before = dict(panel.form)
    with pytest.raises(InvalidRequestError, match=message):
        panel.use(value, where)
    assert panel.form == before


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_a_dropped_avif_becomes_a_png(panel: Panel, page: Page) -> None:
    file = io.BytesIO()
    Image.open(io.BytesIO(picture())).save(file, "AVIF")
    answer, (small,) = page.ask(panel, "take_in", file.getvalue(), name="day.avif")
    assert answer["name"].endswith(".png")
    assert small[:2] == b"\xff\xd8"


def test_references_have_weights(panel: Panel, page: Page) -> None:
    Path("day.png").write_bytes(picture())
    references = [{"role": "style_ref", "name": "day.png", "weight": 0.6}]
    panel.form = {**panel.form, "prompt": "a lake", "kind": "image", "references": references}
    assert problems(panel, page) == {}
    code = panel.code
    assert code.startswith("%dream a lake --image --style-ref dreams/pictures/")
    assert code.endswith(".png:0.6")


def test_every_role_that_it_offers_can_be_asked_for(panel: Panel, page: Page) -> None:
    Path("day.png").write_bytes(picture())
    for role in panel.roles:
        reference = {"role": role["name"], "name": "day.png", "weight": 0.6 if role["weighted"] else None}
        panel.form = {**panel.form, "prompt": "a lake", "kind": "image", "references": [reference]}
        assert problems(panel, page) == {}


def test_the_form_takes_over_a_request(panel: Panel) -> None:
    (panel._session.home / "day.png").write_bytes(picture())
    panel.form = {**panel.form, "prompt": "a lake", "aspect_ratio": "9:16", "frame0": "day.png"}
    request = panel.plan.entries[0].ask.request
    other = Panel(panel._session)
    other.use(request, "request")
    assert other.plan.entries[0].ask.request == request


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "ada reading", "duration": "9s", "resolution": "540p"},
        {"prompt": r"a sign that says {dawn|noon}"},
        {"prompt": "ada", "kind": "image", "character_ref": {"identity0": {"images": ["https://example.org/ada.jpg"]}}},
    ],
)
def test_a_request_is_the_same_after_it_went_through_the_form(panel: Panel, fields: dict[str, Any]) -> None:
    request = make_request(**fields)
    panel.use(request, "request")
    assert [entry.ask.request for entry in panel.plan.entries] == [request]


def test_takes_below_one_are_a_problem_of_their_field(panel: Panel, page: Page) -> None:
    panel.form = {**panel.form, "prompt": "a lake", "count": 0}
    assert "takes: give" in problems(panel, page)["count"]


def test_the_balance_is_told_anew_after_each_dream(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with hosted(tmp_path / "server", "the-key-8815") as server:
        use(server, monkeypatch)
        panel = Panel(server.session(), prompt="a lake", kind="image")
        page.ask(panel, "begin")
        before = panel.balance
        page.ask(panel, "dream")
        page.wait_for(lambda: panel.balance != before or None)
        assert panel.balance == dollars(server.balance)


def test_a_dream_of_a_panel_ends_without_a_word_in_the_log(
    panel: Panel, page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    panel.form = {**panel.form, "prompt": "a lake", "kind": "image"}
    page.ask(panel, "dream")
    panel._jobs[0].result(SECONDS)
    page.wait_for(lambda: panel._shown[0].state == "completed" or None)
    assert caplog.text == ""
