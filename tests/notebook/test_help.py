"""`--help` and `-h` of every magic, in a notebook and in a terminal."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dream_nb.notebook.magics.magics import DreamMagics
from tests.kernel import Kernel, start_kernel
from tests.notebook.test_magic import line


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("help")


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[Kernel]:
    with start_kernel(folder) as kernel:
        yield kernel


def asked(kernel: Kernel, source: str) -> str:
    """What IPython shows in its pager for a source such as `%dream?`."""
    kernel.client.execute(source)
    while True:
        message = kernel.client.get_shell_msg(timeout=240)
        if message["content"].get("payload"):
            return str(message["content"]["payload"][0]["data"]["text/plain"])


@pytest.mark.parametrize(
    ("source", "magic"),
    [
        ("%dream --help", "%dream"),
        ("%dream -h", "%dream"),
        ("%dream a lake --help", "%dream"),
        ("x = %dream -h", "%dream"),
        ("%%dream --help", "%dream"),
        ("%%dream -i -h\na lake", "%dream"),
        ("%%storyboard --help", "%%storyboard"),
        ("%%storyboard -h\na lake", "%%storyboard"),
        ("%dreams --help", "%dreams"),
        ("%dreams -h", "%dreams"),
        ("%dreams history --help", "%dreams"),
        ("%dreams use -h", "%dreams"),
    ],
)
def test_help_is_what_a_question_mark_shows(kernel: Kernel, folder: Path, source: str, magic: str) -> None:
    answer = kernel.run(source)
    assert (answer.error, answer.result) == (None, None)
    (shown,) = answer.outputs
    assert (shown["type"], shown["name"]) == ("stream", "stdout")
    assert shown["text"].strip() in asked(kernel, f"{magic}?")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("source", ['%dream "a lake --help" -D', "%dream -D -- a lake -h", "%dream a lake-help -D"])
def test_help_in_a_quoted_prompt_is_prompt(kernel: Kernel, source: str) -> None:
    answer = kernel.run(source)
    assert answer.error is None
    assert "to make" in answer.data()[0]


def test_a_cell_without_a_body_says_what_is_missing(kernel: Kernel) -> None:
    assert "the storyboard is empty: write one shot on each of the lines below" in line(kernel.run("%%storyboard"))
    assert "the prompt is empty" in line(kernel.run("%%dream -i"))


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal to type in needs POSIX")
def test_help_in_a_terminal_is_printed(tmp_path: Path) -> None:
    from tests.notebook.test_terminal import type_in
    from tests.terminal.fake_terminal import settled

    first, second = type_in(tmp_path, "%dreams --help", "%dream a lake -h")
    # The terminal repeats each line, so take what its screen shows in the end.
    assert settled(first).splitlines()[0] == str(inspect.getdoc(DreamMagics.dreams)).splitlines()[0]
    assert "--aspect-ratio" in settled(second)
    assert not (tmp_path / "dreams").exists()
