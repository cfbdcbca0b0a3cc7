"""Completion, over the kernel's protocol and in the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from IPython.core import completer
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from dream_nb.notebook.commands.commands import COMMANDS
from dream_nb.notebook.completion import Completion
from dream_nb.notebook.magics.magics import DreamMagics
from tests.kernel import Kernel, start_kernel

PARSER = DreamMagics.dream.parser  # type: ignore[union-attr]

needs_contexts = pytest.mark.skipif(
    not hasattr(completer, "context_matcher"), reason="before IPython 8.6 a completer knows words, without descriptions"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("completion")


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[Kernel]:
    # The names do not begin with hexadecimal digits: ids of dreams are suggested too, and one may begin with "da".
    Image.new("RGB", (64, 36), "orange").save(folder / "moor.png")
    (folder / "moor.txt").write_text("no picture")
    with start_kernel(folder, DREAM_NB_STUDIO_SIDE="32", DREAM_NB_STUDIO_SECONDS="0.25") as kernel:
        kernel.run("lake = %dream a lake\nanimal = 'fox'\nnumber_of = [1]")
        yield kernel


def reply(kernel: Kernel, code: str) -> dict[str, Any]:
    sent = kernel.client.complete(code, len(code))
    while True:
        message = kernel.client.get_shell_msg(timeout=240)
        if message["parent_header"]["msg_id"] == sent:
            content: dict[str, Any] = message["content"]
            return content


def complete(kernel: Kernel, code: str) -> list[str]:
    """The line as each suggestion would complete it."""
    answer = reply(kernel, code)
    return [code[: answer["cursor_start"]] + match for match in answer["matches"]]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%dream a lake --lo", ["%dream a lake --loop"]),
        ("x = %dream a lake --asp", ["x = %dream a lake --aspect-ratio"]),
        ("%%storyboard --asp", ["%%storyboard --aspect-ratio"]),
        ("%%storyboard\na lake, camera orbit l", ["%%storyboard\na lake, camera orbit left"]),
        ("%%dream --asp", ["%%dream --aspect-ratio"]),
        ("%dream a lake -a 9", ["%dream a lake -a 9:16", "%dream a lake -a 9:21"]),
        ("%dream a lake --aspect-ratio=21", ["%dream a lake --aspect-ratio=21:9"]),
        ("%dream a lake -k ", ["%dream a lake -k video", "%dream a lake -k image"]),
        ("%dream a lake -r 10", ["%dream a lake -r 1080p"]),
        ("%dream a lake -m photon-f", ["%dream a lake -m photon-flash-1"]),
        ("%dream a lake, camera orb", ["%dream a lake, camera orbit left", "%dream a lake, camera orbit right"]),
        ("%%dream\na lake,\nCamera orbit l", ["%%dream\na lake,\nCamera orbit left"]),
        ("%dream a {{anim", ["%dream a {{animal}}"]),
        ("%dream on --frame0 la", ["%dream on --frame0 last", "%dream on --frame0 lake"]),
        ("%dream on --frame0 mo", ["%dream on --frame0 moor.png"]),
        ("%dream -i on --style-ref mo", ["%dream -i on --style-ref moor.png"]),
        ("%dreams his", ["%dreams history"]),
        ("h = %dreams his", ["h = %dreams history"]),
        ("%dreams show la", ["%dreams show lake"]),
        ("%dreams delete lake --f", ["%dreams delete lake --files"]),
        ("%dreams use st", ["%dreams use studio"]),
        ("%dreams key ", ["%dreams key dream-machine", "%dreams key luma", "%dreams key hosted"]),
        ("%dream a", ["%dream a"]),
        ("%dream a lak", ["%dream a lak"]),
        ("%%dream\na", ["%%dream\na"]),
        ("%%storyboard\na lake\nan", ["%%storyboard\na lake\nan"]),
        ("%dreams history a", ["%dreams history a"]),
        ("%dream a lake -n ", ["%dream a lake -n "]),
        ("%config DreamMagics.asp", ["%config DreamMagics.aspect_ratio"]),
    ],
)
@needs_contexts
def test_what_may_stand_there_is_suggested(kernel: Kernel, code: str, expected: list[str]) -> None:
    assert complete(kernel, code) == expected


@pytest.mark.parametrize(
    ("line", "word", "expected"),
    [
        ("%dream a lake --lo", "--lo", ["--loop"]),
        ("%dream a lake --lo", "lo", ["loop"]),
        ("%dream a lake --aspect-ratio=21", "--aspect-ratio=21", ["--aspect-ratio=21:9"]),
        ("%dream a lake, camera orb", "orb", ["orbit left", "orbit right"]),
        ("%dreams his", "his", ["history"]),
        ("number_", "number_", []),
    ],
)
def test_a_completer_that_knows_words_gets_words(line: str, word: str, expected: list[str]) -> None:
    shell = InteractiveShell(user_module=ModuleType("words"))
    assert shell.Completer is not None
    shell.Completer.text_until_cursor = line
    assert Completion(shell).match_word(word) == expected


@needs_contexts
def test_every_flag_and_every_subcommand_is_suggested(kernel: Kernel) -> None:
    flags = [option for action in PARSER._actions for option in action.option_strings if option.startswith("--")]
    assert sorted(complete(kernel, "%dream a lake --")) == sorted(f"%dream a lake {flag}" for flag in flags)
    assert sorted(complete(kernel, "%dream a lake ")) == sorted(f"%dream a lake {flag}" for flag in flags)
    assert complete(kernel, "%dreams ") == [f"%dreams {name}" for name in COMMANDS]


@needs_contexts
@pytest.mark.parametrize("before", ["%dreams show ", "%dreams delete ", "%dream on --frame0 ", "%dream on --frame1 "])
def test_ids_of_the_history_come_with_their_prompts(kernel: Kernel, before: str) -> None:
    uid = str(kernel.run("lake.generation.id").result).strip("'")
    answer = reply(kernel, before)
    described = {one["text"]: one["type"] for one in answer["metadata"]["_jupyter_types_experimental"]}
    assert described[uid].split() == ["a", "lake"]


@needs_contexts
@pytest.mark.parametrize("before", ["%dreams ", "%dreams use ", "%dream a lake --"])
def test_each_suggestion_has_a_description_of_its_own(kernel: Kernel, before: str) -> None:
    described = [one["type"] for one in reply(kernel, before)["metadata"]["_jupyter_types_experimental"]]
    assert len(set(described)) == len(described) > 1
    assert "" not in described


@needs_contexts
def test_a_description_stays_on_its_row(kernel: Kernel) -> None:
    for before in ("%dreams ", "%dream a lake --"):
        for one in reply(kernel, before)["metadata"]["_jupyter_types_experimental"]:
            assert not re.search("[ -](?!\N{WORD JOINER})", one["type"]), one


@pytest.mark.parametrize(
    ("code", "name"), [("impo", "import"), ("number_", "number_of"), ("%dreams\nnumber_", "number_of")]
)
def test_other_code_is_completed_as_ever(kernel: Kernel, code: str, name: str) -> None:
    assert any(match.endswith(name) for match in complete(kernel, code))


@needs_contexts
def test_a_prompt_gets_no_names_of_python(kernel: Kernel) -> None:
    assert [match for match in complete(kernel, "%dream a lake -n ") if "number_of" in match] == []


@needs_contexts
def test_to_complete_makes_no_library(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        assert "%dreams show last" not in complete(kernel, "%dreams show ")
    assert list(tmp_path.iterdir()) == []
