"""`%dream` in IPython's terminal: a line of progress, then one line with the path."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.jobs.hosted import hosted

pexpect = pytest.importorskip("pexpect", reason="a terminal to type in needs POSIX")
pyte = pytest.importorskip("pyte")

DREAM = "Dream('a lake', video, dreams/lake-"


def type_in(folder: Path, *lines: str, expect: str = r"In \[\d+\]: ") -> list[str]:
    """What the terminal shows after each line; `expect` is what it may ask besides."""
    asks = [r"In \[\d+\]: ", expect]
    environment = os.environ | {"DREAM_NB_STUDIO_SIDE": "90", "IPYTHONDIR": str(folder / "ipython"), "TERM": "xterm"}
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor"],
        cwd=str(folder),
        env=environment,
        encoding="utf-8",
        timeout=240,
        dimensions=(40, 200),
    )
    shown = []
    for line in ("%load_ext dream_nb", *lines):
        terminal.expect(asks)
        shown.append(terminal.before)
        terminal.sendline(line)
    terminal.expect(asks)
    shown.append(terminal.before)
    terminal.sendline("exit()")
    terminal.expect(pexpect.EOF)
    terminal.close()
    return shown[2:]


def settled(text: str) -> str:
    """What the terminal's screen shows in the end, below the line that was typed."""
    screen = pyte.Screen(200, 400)
    pyte.Stream(screen).feed(text)
    return "\n".join(line.rstrip() for line in screen.display[1:]).strip()


def test_a_dream_is_a_line_of_progress_and_then_a_path(tmp_path: Path) -> None:
    bare, assigned, again, wrong = type_in(tmp_path, "%dream a lake", "d = %dream a lake", "d", "%dream a lake --lop")
    assert "dreaming" in bare
    assert settled(bare).startswith(f"Out[2]: {DREAM}")
    told, shown = settled(assigned).splitlines()
    assert told == "from your library, nothing spent; -t asks for another take"
    assert shown.startswith(DREAM)
    assert settled(again).startswith(f"Out[4]: {DREAM}")
    assert [shown.count(DREAM) for shown in (bare, assigned, again)] == [1, 1, 1]
    assert settled(wrong).startswith("InvalidRequestError: unknown option --lop: did you mean --loop?")


def test_what_dreams_tells_is_a_few_lines(tmp_path: Path) -> None:
    history, wrong = type_in(tmp_path, "%dream -i a hill", "%dreams history", "%dreams histroy")[1:]
    lines = settled(history).splitlines()
    assert lines[1] == "%dreams history · 1 dream in the library 'dreams', newest first"
    assert lines[3].startswith("a hill  image · 16:9  completed")
    assert settled(wrong).endswith("did you mean history? %dream makes dreams")


def test_a_key_is_asked_for_without_an_echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "key-typed-in-a-terminal-4471"
    with hosted(tmp_path / "server", key) as server:
        monkeypatch.setenv("LUMAAI_BASE_URL", server.base_url)
        asked, typed, used = type_in(tmp_path, "%dreams key", key, "%dreams use hosted", expect=r"it is not shown\): ")
        assert "Key for http://127.0.0.1" in asked
        assert key not in asked + typed + used
        assert "The server accepts it" in typed
        assert "dream-machine is asked" in used
