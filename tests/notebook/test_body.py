"""The text below `%%dream` is sent to the API unchanged, in a real shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from dream_nb.default import close_default_session

# A line contains no line separators; lines are joined by \n below, as front ends send them.
LINES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from(">.{}|\\$%?'\"-;!  "), max_size=30
)
BODIES = st.lists(LINES, min_size=1, max_size=4).map("\n".join).filter(str.strip)
SPECIAL = re.compile(r"\{[^{}]*\|.*\}|\{\{.*\}\}|^---\s*$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("body"))
        close_default_session()
        shell = InteractiveShell()
        shell.run_line_magic("load_ext", "dream_nb")
        yield shell
        shell.run_line_magic("unload_ext", "dream_nb")


def prompt(shell: InteractiveShell, cell: str) -> Any:
    result = shell.run_cell(cell)
    result.raise_error()
    return result.result.documents[0]["prompt"]


def quietly(shell: InteractiveShell, cell: str, capsys: pytest.CaptureFixture[str]) -> Any:
    try:
        return prompt(shell, cell)
    finally:
        capsys.readouterr()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_a_raw_body_arrives_unchanged(shell: InteractiveShell, capsys: pytest.CaptureFixture[str], body: str) -> None:
    assert quietly(shell, f"%%dream --dry-run --raw\n{body}", capsys) == body.removesuffix("\n")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES.filter(lambda body: not SPECIAL.search(body)))
def test_a_body_with_neither_form_arrives_unchanged(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], body: str
) -> None:
    assert quietly(shell, f"%%dream --dry-run\n{body}", capsys) == body.strip("\n")


@pytest.mark.parametrize(
    "body",
    [
        "\n  >>> a lake\n\n\tby night;  \n%time {x} $HOME !ls\n\n",
        "... and then the rain",
        ">>> a lake",
        "In [3]: a lake\n   ...: by night",
        "    indented\n  less",
        "%%dream in the body",
    ],
)
def test_what_ipython_would_take_for_its_own_stays(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], body: str
) -> None:
    assert quietly(shell, f"%%dream --dry-run\n{body}", capsys) == body.strip("\n")


def test_empty_lines_around_a_prompt_make_no_other_request(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert quietly(shell, "%%dream --dry-run\n\na lake\n\n\n", capsys) == "a lake"
