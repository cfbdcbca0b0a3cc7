"""Each operation of both specifications can be called with a client, with a magic or method, and with a widget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from dream_nb.api.blocking import DreamMachine
from dream_nb.api.request_models import (
    AudioGenerationRequest,
    GenerationRequest,
    ImageGenerationRequest,
    Media,
    ModifyVideoRequest,
    ReframeImageRequest,
    ReframeVideoRequest,
    UpscaleVideoGenerationRequest,
)
from dream_nb.library.catalogue import key
from dream_nb.notebook.commands.checks import check_all
from dream_nb.notebook.widgets.card import Card
from dream_nb.notebook.widgets.gallery import Gallery
from dream_nb.notebook.widgets.panel import Panel
from dream_nb.requests.fields import make_request
from dream_nb.results.dream import Dream
from dream_nb.session import Session
from tests.fakes.dream_machine import KEY, FakeDreamMachine
from tests.jobs.hosted import HASTE, SECONDS
from tests.notebook.page import Page
from tests.specification.dream_machine_2024 import DREAM_MACHINE_2024
from tests.specification.dream_machine_2025 import DREAM_MACHINE_2025

API = Literal["2024", "2025"]
SPECIFICATIONS = {"2024": DREAM_MACHINE_2024, "2025": DREAM_MACHINE_2025}
OPERATIONS: list[tuple[API, str]] = [
    (api, operation.name) for api in ("2024", "2025") for operation in SPECIFICATIONS[api].operations
]
VIDEO, IMAGE = Media(url="https://a.test/lake.mp4"), Media(url="https://a.test/fox.jpg")


class Stage:
    """A server with a video and an image on it, a session that has both, and a page."""

    def __init__(self, fake: FakeDreamMachine, session: Session, page: Page) -> None:
        self.fake, self.session, self.page = fake, session, page
        self.lake: Dream = session.submit(make_request("a lake")).result(SECONDS)
        self.fox: Dream = session.submit(make_request("a fox", kind="image")).result(SECONDS)

    def edit(self, dream: Dream, name: str, prompt: str = "", choice: str = "") -> None:
        card = Card(dream)
        self.page.ask(card, "edit", name=name, prompt=prompt, choice=choice)
        self.finish()

    def finish(self) -> None:
        for job in self.session.jobs():
            job.result(SECONDS)

    def panel(self, **fields: Any) -> None:
        for job in Panel(self.session, **fields).generate():
            job.result(SECONDS)

    def gallery(self, action: str, **content: Any) -> None:
        self.page.ask(Gallery(self.session), action, **content)
        self.finish()


CLIENT: dict[str, Callable[[DreamMachine, str], object]] = {
    "createGeneration": lambda machine, _: machine.create_generation(GenerationRequest(prompt="a lake")),
    "generateImage": lambda machine, _: machine.generate_image(ImageGenerationRequest(prompt="a fox")),
    "getGeneration": lambda machine, id_: machine.get_generation(id_),
    "listGenerations": lambda machine, _: machine.list_generations(),
    "deleteGeneration": lambda machine, id_: machine.delete_generation(id_),
    "getCredits": lambda machine, _: machine.get_credits(),
    "ping": lambda machine, _: machine.ping(),
    "getCameraMotion": lambda machine, _: machine.get_camera_motion(),
    "getConcepts": lambda machine, _: machine.get_concepts(),
    "modifyVideo": lambda machine, _: machine.modify_video(ModifyVideoRequest(media=VIDEO, mode="flex_1")),
    "reframeVideo": lambda machine, _: machine.reframe_video(ReframeVideoRequest(media=VIDEO, aspect_ratio="9:16")),
    "reframeImage": lambda machine, _: machine.reframe_image(ReframeImageRequest(media=IMAGE, aspect_ratio="9:16")),
    "upscaleGeneration": lambda machine, id_: machine.upscale_generation(
        id_, UpscaleVideoGenerationRequest(resolution="4k")
    ),
    "addAudioToGeneration": lambda machine, id_: machine.add_audio_to_generation(
        id_, AudioGenerationRequest(prompt="waves")
    ),
}
METHOD: dict[str, Callable[[Stage], object]] = {
    "createGeneration": lambda on: on.session.dream("a pond"),
    "generateImage": lambda on: on.session.dream("a pond", kind="image"),
    "getGeneration": lambda on: on.session.bring_in(
        on.fake._take({"prompt": "a hill", "model": "ray-2"}, "video")["id"]
    ).result(SECONDS),
    "listGenerations": lambda on: on.session.sync(),
    "deleteGeneration": lambda on: on.session.delete(on.lake),
    "getCredits": lambda on: on.session.credits(),
    # `%dreams check`
    "ping": lambda _: check_all(),
    "getCameraMotion": lambda on: on.session.camera_motions(),
    "getConcepts": lambda on: on.session.concepts(),
    "modifyVideo": lambda on: on.lake.modify("in snow"),
    "reframeVideo": lambda on: on.lake.reframe("9:16"),
    "reframeImage": lambda on: on.fox.reframe("9:16"),
    "upscaleGeneration": lambda on: on.lake.upscale("4k"),
    "addAudioToGeneration": lambda on: on.lake.add_audio("waves"),
}
WIDGET: dict[str, Callable[[Stage], object]] = {
    "createGeneration": lambda on: on.panel(prompt="a pond"),
    "generateImage": lambda on: on.panel(prompt="a pond", kind="image"),
    "getGeneration": lambda on: on.panel(prompt="a pond"),
    "listGenerations": lambda on: on.gallery("sync"),
    "deleteGeneration": lambda on: on.gallery("delete", keys=[key(on.lake._record)]),
    "getCredits": lambda on: on.page.ask(Panel(on.session), "begin"),
    "getCameraMotion": lambda on: on.page.ask(Panel(on.session), "begin"),
    "getConcepts": lambda on: on.page.ask(Panel(on.session), "begin"),
    "modifyVideo": lambda on: on.edit(on.lake, "modify", "in snow", "flex_1"),
    "reframeVideo": lambda on: on.edit(on.lake, "reframe", choice="9:16"),
    "reframeImage": lambda on: on.edit(on.fox, "reframe", choice="9:16"),
    "upscaleGeneration": lambda on: on.edit(on.lake, "upscale", choice="4k"),
    "addAudioToGeneration": lambda on: on.edit(on.lake, "audio", "waves"),
}
WITHOUT_A_WIDGET = {"ping"}
"""Operations without a widget: `ping` only says that the server runs."""


@pytest.fixture
def fake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DREAM_NB_STATE", str(tmp_path / "state"))
    with FakeDreamMachine(request.param).running() as server:
        server.use(monkeypatch)
        yield server


@pytest.fixture
def stage(fake: FakeDreamMachine, page: Page) -> Iterator[Stage]:
    with Session("dreams", "dream-machine", patience=HASTE) as session:
        yield Stage(fake, session, page)


def came(fake: FakeDreamMachine, name: str, since: int) -> bool:
    """Whether an operation was called after the first `since` calls."""
    (operation,) = [one for one in SPECIFICATIONS[fake.api].operations if one.name == name]
    pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path)))
    return any(method == operation.method and pattern.fullmatch(path) for method, path in fake.calls[since:])


def test_the_table_has_every_operation() -> None:
    assert [len(SPECIFICATIONS[api].operations) for api in ("2025", "2024")] == [13, 8]
    names = {name for _, name in OPERATIONS}
    assert CLIENT.keys() == METHOD.keys() == names
    assert WIDGET.keys() == names - WITHOUT_A_WIDGET


@pytest.mark.parametrize(("fake", "name"), OPERATIONS, indirect=["fake"])
def test_a_client_reaches_it(fake: FakeDreamMachine, name: str) -> None:
    id_ = fake._take({"prompt": "a lake", "model": "ray-2"}, "video")["id"]
    with DreamMachine(KEY, fake.base_url) as machine:
        CLIENT[name](machine, id_)
    assert came(fake, name, 0)


@pytest.mark.parametrize(("fake", "name"), OPERATIONS, indirect=["fake"])
def test_a_magic_or_a_method_reaches_it(fake: FakeDreamMachine, stage: Stage, name: str) -> None:
    since = len(fake.calls)
    METHOD[name](stage)
    assert came(fake, name, since)


@pytest.mark.parametrize(
    ("fake", "name"), [one for one in OPERATIONS if one[1] not in WITHOUT_A_WIDGET], indirect=["fake"]
)
def test_a_panel_a_card_or_the_gallery_reaches_it(fake: FakeDreamMachine, stage: Stage, name: str) -> None:
    since = len(fake.calls)
    WIDGET[name](stage)
    assert came(fake, name, since)
