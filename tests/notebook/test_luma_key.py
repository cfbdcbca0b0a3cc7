"""The magics with only a key for the Luma API work at the first attempt, and say what that API lacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.dream_machine import Reply
from tests.fakes.luma import FakeLuma
from tests.kernel import Kernel, start_kernel
from tests.notebook.test_commands import shown, value


@pytest.fixture(scope="module")
def luma() -> Iterator[FakeLuma]:
    with FakeLuma().running() as fake:
        yield fake


@pytest.fixture(scope="module")
def kernel(luma: FakeLuma, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("luma")
    with start_kernel(folder, **luma.environment(), DREAM_NB_REPLAY="off", DREAM_NB_BACKEND="") as kernel:
        kernel.run("import dream_nb")
        yield kernel


def test_a_line_makes_a_video(luma: FakeLuma, kernel: Kernel) -> None:
    answer = kernel.run("d = %dream a serene lake at sunset")
    assert answer.error is None, answer.error
    assert value(kernel, "d.state, d.backend, d.request.model") == ("completed", "luma", "ray-3.2")
    assert [post["prompt"] for post in luma.posts] == ["a serene lake at sunset"]


def test_a_dry_run_shows_what_would_be_sent(luma: FakeLuma, kernel: Kernel) -> None:
    before = luma.count("POST")
    text = str(kernel.run("%dream a hill -r 360p -D").outputs)
    assert "1 dream of luma: 0 in the library, 1 to make, price unknown; nothing was sent" in text
    assert '"resolution": "360p"' in text
    assert luma.count("POST") == before


def test_the_check_tries_the_key_by_a_list_of_files(luma: FakeLuma, kernel: Kernel) -> None:
    text = shown(kernel.run("%dreams check"))
    assert "everything works" in text
    assert "answers, with the Luma API" in text
    assert ("GET", "/files") in luma.calls


COMMANDS = {
    "%dreams credits": "luma does not report a balance: see its dashboard",
    "%dreams motions": "This backend lists neither concepts nor camera motions",
    "%dreams concepts": "This backend lists neither concepts nor camera motions",
    "%dreams use hosted": "requests now go to luma, which costs money",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_what_the_api_lacks(kernel: Kernel, command: str) -> None:
    assert COMMANDS[command] in shown(kernel.run(command))


def test_a_create_without_an_answer_is_listed_with_the_id_to_quote(luma: FakeLuma, kernel: Kernel) -> None:
    luma.replies.append(Reply(taken=True))
    answer = kernel.run("%dream a lost lake")
    assert answer.error is not None
    assert answer.error["ename"] == "OutcomeUnknownError"
    text = shown(kernel.run("%dreams lost"))
    assert "luma cannot list generations" in text
    assert f"look up a request by its id: {luma.request_ids[-1]} (number 1)" in text


def test_what_became_of_it_can_be_said(luma: FakeLuma, kernel: Kernel) -> None:
    luma.replies.append(Reply(taken=True))
    kernel.run("%dream a tower")
    lost = shown(kernel.run("%dreams lost"))
    number = next(line.split()[0] for line in lost.splitlines() if "a tower" in line)
    kernel.run(f"%dreams lost {number} --is {luma.taken[-1]['id']}")
    answer = kernel.run("t = %dream a tower")
    assert answer.error is None, answer.error
    assert value(kernel, "[t.state, t.generation.id]") == ["completed", luma.taken[-1]["id"]]


def test_a_dream_is_not_deleted_there_and_its_file_is_deleted_here(luma: FakeLuma, kernel: Kernel) -> None:
    kernel.run("e = %dream a bridge")
    answer = kernel.run("%dreams delete e")
    assert answer.error is not None
    assert "cannot delete generations: delete only the file here (--files" in answer.error["evalue"]
    assert kernel.run("%dreams delete e --files").error is None
    assert luma.count("DELETE") == 0


def test_the_key_is_in_no_output(luma: FakeLuma, kernel: Kernel) -> None:
    key = luma.environment()["LUMA_AGENTS_API_KEY"]
    for source in ("d", "%dreams check", "%dreams history", "d.to_code()", "%dreams use luma"):
        assert key not in str(kernel.run(source))
