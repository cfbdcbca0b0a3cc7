"""The magics with a key work at the first attempt, on the API of 2024 and on that of 2025."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.dream_machine import CONCEPTS, MOTIONS, FakeDreamMachine
from tests.kernel import Kernel, start_kernel
from tests.notebook.test_commands import shown, value

MODEL = {"2024": None, "2025": "ray-2"}


@pytest.fixture(scope="module", params=["2024", "2025"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeDreamMachine]:
    with FakeDreamMachine(request.param).running() as fake:
        yield fake


@pytest.fixture(scope="module")
def kernel(fake: FakeDreamMachine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel with a key, in an environment with an unusable proxy and unusable certificates."""
    broken = {"ALL_PROXY": "socks://proxy.example", "SSL_CERT_FILE": "/nowhere.pem", "DREAM_NB_REPLAY": "off"}
    with start_kernel(tmp_path_factory.mktemp("dream-machine"), **fake.environment(), **broken) as kernel:
        kernel.run("import dream_nb")
        yield kernel


def new(fake: FakeDreamMachine, count: int) -> list[Any]:
    """The models of the last `count` creates; earlier tests sent the others."""
    return [body.get("model") for body in fake.posts[-count:]]


def test_a_line_makes_a_video(fake: FakeDreamMachine, kernel: Kernel) -> None:
    before = len(fake.posts)
    answer = kernel.run("d = %dream a lake")
    assert answer.error is None, answer.error
    assert (len(fake.posts) - before, new(fake, 1)) == (1, [MODEL[fake.api]])
    assert value(kernel, "d.state, d.request.model") == ("completed", MODEL[fake.api])


def test_a_dry_run_shows_what_would_be_sent(fake: FakeDreamMachine, kernel: Kernel) -> None:
    before = len(fake.posts)
    kernel.run("plan = %dream --dry-run a quiet lake")
    assert value(kernel, "[plan.documents[0].get('model')]") == [MODEL[fake.api]]
    assert len(fake.posts) == before


def test_a_cell_makes_a_storyboard(fake: FakeDreamMachine, kernel: Kernel) -> None:
    before = len(fake.posts)
    answer = kernel.run("%%storyboard --name film\na hill\nnight falls\n---\na city")
    assert answer.error is None, answer.error
    assert (len(fake.posts) - before, new(fake, 3)) == (3, 3 * [MODEL[fake.api]])


@pytest.mark.parametrize(("command", "api", "words"), [("motions", "2024", MOTIONS), ("concepts", "2025", CONCEPTS)])
def test_what_the_api_has_is_listed_with_how_to_use_it(
    fake: FakeDreamMachine, kernel: Kernel, command: str, api: str, words: list[str]
) -> None:
    text = shown(kernel.run(f"m = %dreams {command}"))
    assert all(word in text for word in words) == (fake.api == api)
    if fake.api != api:
        assert value(kernel, "list(m), m.note")[0] == []
        assert "instead: %dreams " in text
        return
    assert value(kernel, "list(m)") == words
    example = value(kernel, "m.note")
    assert kernel.run(f"n = {example}").error is None
    sent = fake.posts[-1]
    assert sent.get("concepts") == (None if api == "2024" else [{"key": CONCEPTS[0]}])
    assert (MOTIONS[0] in sent["prompt"]) == (api == "2024")


EDITS = {
    "in deep snow --modify d --mode flex_2": (
        "/generations/video/modify",
        {"prompt": "in deep snow", "mode": "flex_2"},
    ),
    "--reframe d -a 9:16": ("/video/reframe", {"aspect_ratio": "9:16"}),
    "--upscale d -r 4k": ("/upscale", {"resolution": "4k"}),
    "waves --audio d --negative-prompt music": ("/audio", {"prompt": "waves", "negative_prompt": "music"}),
}


@pytest.mark.parametrize("line", EDITS)
def test_a_line_asks_for_another_version(fake: FakeDreamMachine, kernel: Kernel, line: str) -> None:
    kernel.run("d = %dream a lake")
    calls = len(fake.calls)
    answer = kernel.run(f"e = %dream {line}")
    if fake.api == "2024":
        assert answer.error is not None
        assert "the Dream Machine API of 2024, which cannot" in answer.error["evalue"]
        assert [path for method, path in fake.calls[calls:] if method == "POST"] == []
        return
    assert answer.error is None, answer.error
    path, body = EDITS[line]
    (sent,) = [path for method, path in fake.calls[calls:] if method == "POST"]
    assert sent.endswith(path)
    assert body.items() <= fake.posts[-1].items()
    assert value(kernel, "list(e.ancestors()) == [d], e.path.is_file()") == (True, True)
    # The line copied from its card finds the same dream.
    kernel.run("from dream_nb.notebook.magics.to_line import to_line; from dream_nb.default import default_session")
    again = value(kernel, "[to_line(e.request, default_session().library, default_session().home)]")[0]
    kernel.run(f"f = {again}")
    assert value(kernel, "e == f")
    assert [path for method, path in fake.calls[calls:] if method == "POST"] == [sent]


def test_what_is_newer_than_this_version_is_sent_with_a_line(fake: FakeDreamMachine, kernel: Kernel) -> None:
    before = len(fake.posts)
    answer = kernel.run("p = %dream a lake -m ray-9 -a 5:2 --concept somersault --dry-run")
    line = "this version does not know model 'ray-9', aspect ratio '5:2', concept 'somersault': it is sent unchanged"
    assert any(line in output.get("text", "") for output in answer.outputs)
    assert line in value(kernel, "[p.summary]")[0]
    assert len(fake.posts) == before


def test_check_says_which_api_and_which_variable(fake: FakeDreamMachine, kernel: Kernel) -> None:
    text = shown(kernel.run("c = %dreams check"))
    assert f"with the Dream Machine API of {fake.api}" in text
    assert "ALL_PROXY cannot be used as a proxy" in text
    assert value(kernel, "[one.name for one in c if one.works is False]") == ["variables"]


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_check_of_the_studio_needs_no_variable(tmp_path: Path, name: str) -> None:
    with start_kernel(tmp_path, **{name: "/nowhere.pem"}) as kernel:
        assert shown(kernel.run("c = %dreams check")).startswith("%dreams check · everything works")


def test_check_says_what_it_cannot_look_at(tmp_path: Path) -> None:
    with start_kernel(tmp_path, DREAM_NB_REPLAY="off", DREAM_NB_STUDIO_SIDE="32") as kernel:
        kernel.run("import shutil\nd = %dream --image a lake\nshutil.rmtree('dreams')")
        answer = kernel.run("c = %dreams check")
        assert answer.error is None
        assert value(kernel, "{one.name: one.works for one in c}['library']") is False
