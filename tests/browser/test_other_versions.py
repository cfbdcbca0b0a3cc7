"""Other versions of a dream, made with the card's buttons and the panel in JupyterLab, with and without a key."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from starlette.responses import Response

from dream_nb.requests.edits import DEFAULT_MODE
from tests.browser.lab import Lab, write_notebook
from tests.fakes.dream_machine import FakeDreamMachine, picture

pytestmark = pytest.mark.browser

SECONDS = 1.0


@cache
def clip_with_sound() -> bytes:
    """One second of a moving gradient in 16:9, with a tone."""
    file = io.BytesIO()
    down, across = np.mgrid[0:180, 0:320]
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        audio = container.add_stream("aac", rate=48_000, layout="mono")
        for number in range(24):
            light = 128 + 100 * np.sin(across / 40 + number / 4) * np.cos(down / 50)
            shade = np.stack([light, light * 0.7, 255 - light], axis=2).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode())
        tone = 0.2 * np.sin(2 * math.pi * 440 * np.arange(48_000) / 48_000)
        frame = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return file.getvalue()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeDreamMachine]:
    """A strict fake of the API of 2025 that the notebook uses as the hosted API."""
    with FakeDreamMachine("2025").running() as fake:
        fake.use(monkeypatch)
        monkeypatch.setenv("DREAM_NB_STATE", str(tmp_path / "state"))
        fake.asset = lambda request, _: (
            Response(clip_with_sound(), media_type="video/mp4")
            if request.path_params["name"].endswith(".mp4")
            else Response(picture(), media_type="image/jpeg")
        )
        yield fake


@pytest.fixture
def shoot(page: Page) -> Callable[[str], None]:
    """Takes a screenshot of the page if `DREAM_NB_SHOTS` names a folder."""
    folder = os.environ.get("DREAM_NB_SHOTS")

    def take(name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png")

    return take


def test_a_card_asks_for_other_versions_and_says_their_price_before(
    fake: FakeDreamMachine, open_lab: Callable[..., Lab], page: Page, tmp_path: Path, shoot: Callable[[str], None]
) -> None:
    cells = ["d = %dream a lake", "import dream_nb\ndream_nb.Card(d)"]
    open_lab(write_notebook(tmp_path / "work" / "notebook.ipynb", *cells)).run_all()
    card = page.locator(".dream-card:not(.dream-bare)").first
    expect(card.get_by_role("button", name="Upscale")).to_be_visible()
    shoot("card")

    # The video has sound, which is muted at first.
    sound = card.get_by_role("button", name="Sound", exact=True).first
    video = card.locator("video.dream-film")
    assert video.evaluate("video => video.muted") is True
    switch = card.locator(".dream-sound")
    expect(switch).to_have_text("sound off")
    switch.click()
    expect(switch).to_have_text("sound on")
    assert video.evaluate("video => video.muted") is False

    posts = len(fake.posts)
    card.get_by_role("button", name="Modify").click()
    asked = card.locator(".dream-ask")
    expect(asked.locator(".dream-cost")).to_have_text("price unknown")
    shoot("card-modify")
    asked.get_by_label("Modify: describe what is new").fill("in deep snow")
    expect(asked.get_by_label("Modify: which")).to_have_value(DEFAULT_MODE)
    asked.get_by_label("Modify: which").select_option("reimagine_1")
    assert len(fake.posts) == posts
    asked.get_by_role("button", name="Modify").click()
    expect(page.locator(".dream-card:not(.dream-bare)")).to_have_count(2)
    expect(page.locator("video.dream-film")).to_have_count(2, timeout=240_000)
    assert fake.posts[posts] | {"media": None} == {
        "generation_type": "modify_video",
        "prompt": "in deep snow",
        "mode": "reimagine_1",
        "model": "ray-2",
        "media": None,
    }

    card.get_by_role("button", name="Upscale").click()
    expect(asked.locator(".dream-cost")).to_have_text("price unknown")
    asked.get_by_label("Upscale: which").select_option("4k")
    asked.get_by_role("button", name="Upscale").click()
    expect(page.locator(".dream-card:not(.dream-bare)")).to_have_count(3)

    sound = card.locator(".dream-acts").get_by_role("button", name="Sound")
    sound.click()
    asked.get_by_label("Sound: describe what is new").fill("waves")
    asked.get_by_role("button", name="Sound").click()
    expect(page.locator("video.dream-film")).to_have_count(4, timeout=240_000)
    shoot("card-all")
    asked_for = [document["_asked"] for document in fake.taken]
    assert asked_for == ["video", "modify_video", "upscale_video", "add_audio"]


def test_a_panel_has_a_control_for_every_field(
    fake: FakeDreamMachine, open_lab: Callable[..., Lab], page: Page, tmp_path: Path, shoot: Callable[[str], None]
) -> None:
    cells = ["d = %dream a lake", "import dream_nb\npanel = dream_nb.Panel()\npanel"]
    open_lab(write_notebook(tmp_path / "work" / "notebook.ipynb", *cells)).run_all()
    form = page.locator(".dream-panel")
    form.get_by_label("Prompt", exact=True).fill("a lighthouse")
    form.get_by_label("Duration").select_option("9s")
    form.get_by_label("Resolution").select_option("1080p")
    form.get_by_label("add a concept").select_option("dolly_zoom")
    form.get_by_label("add a concept").select_option("handheld")
    form.get_by_role("button", name="handheld: remove it").click()
    code = form.locator(".dream-code")
    expect(code).to_have_text("%dream a lighthouse --duration 9s --resolution 1080p --concept dolly_zoom")
    expect(form.locator(".dream-cost")).to_contain_text("price unknown")
    shoot("panel-video")

    form.get_by_text("Modify", exact=True).click()
    expect(form.locator(".dream-go")).to_be_disabled()
    form.get_by_label("Of: a file, URL").fill("d")
    form.get_by_label("Of: a file, URL").press("Tab")
    form.get_by_label("Prompt", exact=True).fill("in {snow|rain}")
    form.get_by_label("How much to change").select_option("adhere_2")
    expect(form.locator(".dream-go")).to_have_text("Make 2 versions")
    expect(code).to_contain_text("in {snow|rain} --modify")
    expect(form.get_by_label("Duration")).to_be_hidden()
    shoot("panel-modify")
    posts = len(fake.posts)
    form.locator(".dream-go").click()
    expect(page.locator("video.dream-film")).to_have_count(2, timeout=240_000)
    sent = fake.posts[posts:]
    assert sorted((body["prompt"], body["mode"]) for body in sent) == [("in rain", "adhere_2"), ("in snow", "adhere_2")]

    form.get_by_text("Reframe", exact=True).click()
    form.get_by_label("Prompt", exact=True).fill("")
    wrong = form.locator(".dream-field", has=page.get_by_text("Aspect ratio")).locator(".dream-error")
    expect(wrong).to_contain_text("is already that of 'd'")
    form.get_by_label("9:16", exact=True).check(force=True)
    expect(form.locator(".dream-go")).to_have_text("Reframe it")
    form.locator(".dream-go").click()
    expect(page.locator("video.dream-film")).to_have_count(3, timeout=240_000)
    shoot("panel-reframe")
    assert fake.taken[-1]["_asked"] == "reframe_video"
    assert fake.posts[-1]["aspect_ratio"] == "9:16"


def test_without_a_key_the_studio_makes_the_versions_for_nothing(
    open_lab: Callable[..., Lab],
    page: Page,
    tmp_path: Path,
    shoot: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "180")
    monkeypatch.setenv("DREAM_NB_STUDIO_SECONDS", "1")
    cells = [
        "d = %dream a lake in summer, birds --concept push_in",
        "import dream_nb\ndream_nb.Card(d)",
        "dream_nb.Panel()",
    ]
    open_lab(write_notebook(tmp_path / "work" / "notebook.ipynb", *cells)).run_all()
    card = page.locator(".dream-card:not(.dream-bare)").first
    card.get_by_role("button", name="Modify").click()
    asked = card.locator(".dream-ask")
    expect(asked.locator(".dream-cost")).to_have_text("free")
    asked.get_by_label("Modify: describe what is new").fill("in deep snow")
    asked.get_by_role("button", name="Modify").click()
    expect(page.locator("video.dream-film")).to_have_count(2, timeout=240_000)
    card.locator(".dream-acts").get_by_role("button", name="Sound").click()
    asked.get_by_label("Sound: describe what is new").fill("birds")
    shoot("studio-card")
    asked.get_by_role("button", name="Sound").click()
    expect(page.locator("video.dream-film")).to_have_count(3, timeout=240_000)
    # The player of the last one shows that it has sound.
    expect(page.locator(".dream-card:not(.dream-bare)").nth(2).locator(".dream-sound")).to_have_text("sound off")
    form = page.locator(".dream-panel")
    form.get_by_label("Prompt", exact=True).fill("a lighthouse")
    form.get_by_label("add a concept").select_option("dolly_zoom")
    form.scroll_into_view_if_needed()
    shoot("studio-panel")
    form.get_by_role("button", name="Dream a video").click()
    expect(page.locator("video.dream-film")).to_have_count(4, timeout=240_000)
    shoot("studio-made")
