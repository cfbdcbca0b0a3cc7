"""One play button for several videos: videos that appear while others load play too."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

import dream_nb

pytestmark = [pytest.mark.browser, pytest.mark.own_tab]

SCRIPTS = Path(dream_nb.__file__).parent / "notebook" / "widgets"

# Fake videos, and a promise of them that the test resolves.
STAGE = """
import { Transport } from "./compare.js";
const fake = () => ({ duration: 5, currentTime: 0, paused: true, seeking: false,
  play() { this.paused = false; return Promise.resolve(); }, pause() { this.paused = true; } });
globalThis.videos = [fake(), fake()];
globalThis.asked = [];
globalThis.inSight = 1;
const ready = () => {
  const these = videos.slice(0, inSight);
  return new Promise((come) => asked.push(() => come(these)));
};
globalThis.transport = new Transport(ready, (error) => { throw error; });
"""
PLAYING = "() => videos.map((video) => !video.paused)"


@pytest.fixture
def stage(page: Page) -> Page:
    """A page with a transport of two videos, of which only the first is in view."""

    def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if not name:
            route.fulfill(content_type="text/html", body="<script type=module src=stage.js></script>")
        else:
            body = STAGE if name == "stage.js" else (SCRIPTS / name).read_text(encoding="utf-8")
            route.fulfill(content_type="text/javascript", body=body)

    page.route("http://stage.test/**", answer)
    page.goto("http://stage.test/")
    page.wait_for_function("() => globalThis.transport")
    return page


def wait_for_question(page: Page, number: int) -> None:
    page.wait_for_function("number => asked.length >= number", arg=number)


def test_what_comes_into_sight_while_the_first_load_is_played_too(stage: Page) -> None:
    stage.evaluate("() => { transport.start(); }")
    wait_for_question(stage, 1)
    stage.evaluate("() => { inSight = 2; transport.update(); asked[0](); }")
    wait_for_question(stage, 2)
    stage.evaluate("() => asked[1]()")
    stage.wait_for_function("() => videos.every((video) => !video.paused)")


def test_an_update_that_ends_late_does_not_undo_a_newer_one(stage: Page) -> None:
    stage.evaluate("() => { transport.start(); }")
    wait_for_question(stage, 1)
    stage.evaluate("() => asked[0]()")
    stage.wait_for_function("() => transport.isPlaying")
    stage.evaluate("() => { transport.update(); inSight = 2; transport.update(); }")
    wait_for_question(stage, 2)
    stage.evaluate("() => asked[1]()")
    wait_for_question(stage, 3)
    stage.evaluate("() => asked[2]()")
    stage.wait_for_function("() => videos.every((video) => !video.paused)")


def test_nothing_is_loaded_for_one_that_was_stopped(stage: Page) -> None:
    stage.evaluate("() => { transport.start(); }")
    wait_for_question(stage, 1)
    stage.evaluate("() => asked[0]()")
    stage.wait_for_function("() => transport.isPlaying")
    stage.evaluate("() => { transport.stop(); return transport.update(); }")
    assert stage.evaluate("() => asked.length") == 1
    assert stage.evaluate(PLAYING) == [False, False]


def test_what_is_stopped_while_it_loads_does_not_play(stage: Page) -> None:
    stage.evaluate("() => { transport.start(); }")
    wait_for_question(stage, 1)
    stage.evaluate("() => { transport.stop(); asked[0](); }")
    stage.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert stage.evaluate("() => transport.isPlaying") is False
    assert stage.evaluate(PLAYING) == [False, False]


def test_a_video_that_is_freed_while_it_loads_is_waited_for_no_more(stage: Page) -> None:
    stage.route("http://stage.test/silent.mp4", lambda _: None)  # never answered
    with stage.expect_request("**/silent.mp4"):
        stage.evaluate("""async () => {
            const { picture } = await import("./compare.js");
            const address = async () => "http://stage.test/silent.mp4";
            globalThis.film = picture({ prompt: "a lake", kind: "video", address });
            document.body.append(film.node);
            globalThis.came = film.load().then((video) => [video]);
        }""")
    stage.evaluate("() => film.free()")
    assert stage.evaluate("() => came") == [None]
    assert stage.evaluate("() => document.querySelector('video')") is None
