"""`%dream` in IPython's terminal: a line of progress, then one line with the path."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

pexpect = pytest.importorskip("pexpect", reason="a terminal to type in needs POSIX")

DREAM = "Dream('a lake', video, dreams/lake-"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


def type_in(folder: Path, *lines: str) -> list[str]:
    """What the terminal shows after each line."""
    environment = os.environ | {"DREAM_NB_STUDIO_SIDE": "90", "IPYTHONDIR": str(folder / "ipython"), "TERM": "xterm"}
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor"],
        cwd=str(folder),
        env=environment,
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 200),
    )
    shown = []
    for line in ("%load_ext dream_nb", *lines):
        terminal.expect(r"In \[\d+\]: ")
        shown.append(terminal.before)
        terminal.sendline(line)
    terminal.expect(r"In \[\d+\]: ")
    shown.append(terminal.before)
    terminal.sendline("exit()")
    terminal.expect(pexpect.EOF)
    terminal.close()
    return shown[2:]


def settled(text: str) -> str:
    """What stays of a terminal's output when everything that was overwritten is gone."""
    lines = (line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n")[1:])
    return "\n".join(CONTROL.sub("", line) for line in lines).strip()


def test_a_dream_is_a_line_of_progress_and_then_a_path(tmp_path: Path) -> None:
    bare, assigned, again, wrong = type_in(tmp_path, "%dream a lake", "d = %dream a lake", "d", "%dream a lake --lop")
    assert "dreaming" in bare
    assert settled(bare).startswith(f"Out[2]: {DREAM}")
    assert settled(assigned).startswith(DREAM)
    assert settled(again).startswith(f"Out[4]: {DREAM}")
    assert [shown.count(DREAM) for shown in (bare, assigned, again)] == [1, 1, 1]
    assert settled(wrong).startswith("InvalidRequestError: unknown option --lop: did you mean --loop?")
