"""`%dream` in IPython's terminal and in `jupyter console`: a progress line, the path, and a picture if possible."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from tests.jobs.hosted import hosted
from tests.terminal.fake_terminal import KITTY, PLAIN, SIXEL, FakeTerminal, Kind, pictures, settled, until_answered

DREAM = "Dream('a lake', video, dreams/lake-"
PROMPT = r"In \[\d+\]: "
IPYTHON = ("-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor")
CONSOLE = ("-m", "jupyter_console", "--simple-prompt")


def type_in(
    folder: Path, *lines: str, expect: str = PROMPT, kind: Kind = PLAIN, program: tuple[str, ...] = IPYTHON, **more: str
) -> list[str]:
    """What the terminal shows after each line; `expect` is another prompt at which the next line is typed."""
    environment = {"DREAM_NB_STUDIO_SIDE": "90", "IPYTHONDIR": str(folder / "ipython"), **more}
    with FakeTerminal(kind, folder, sys.executable, *program, environment=environment) as terminal:
        shown = []
        for line in ("%load_ext dream_nb", *lines):
            shown.append(terminal.until(PROMPT, expect))
            terminal.send(line)
        shown.append(terminal.until(PROMPT, expect))
        terminal.send("exit()")
    return shown[2:]


def test_a_dream_is_a_line_of_progress_and_then_a_path(tmp_path: Path) -> None:
    bare, assigned, again, wrong = type_in(tmp_path, "%dream a lake", "d = %dream a lake", "d", "%dream a lake --lop")
    assert "dreaming" in bare
    assert settled(bare).startswith(f"Out[2]: {DREAM}")
    told, shown = settled(assigned).splitlines()
    assert told == "from your library, nothing spent; -t makes another take"
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
        asked, typed, used = type_in(
            tmp_path, "%dreams key dream-machine", key, "%dreams use hosted", expect=r"it is not shown\): "
        )
        assert "Key for http://127.0.0.1" in asked
        assert key not in asked + typed + used
        assert "The server accepts it" in typed
        assert "requests now go to dream-machine" in used


def test_a_terminal_that_can_shows_a_picture_below_the_path(tmp_path: Path) -> None:
    lines = ("%dream a lake -i", "d = %dream a lake -i", "d", "d.prompt")
    bare, assigned, again, other = until_answered(lambda: type_in(tmp_path, *lines, kind=SIXEL))
    for shown in (bare, assigned, again):
        assert shown.index("Dream('a lake', image") < shown.index("\x1bP")
    assert [len(pictures(shown)) for shown in (bare, assigned, again, other)] == [1, 1, 1, 0]


def test_kitty_gets_its_own_pictures(tmp_path: Path) -> None:
    (shown,) = until_answered(lambda: type_in(tmp_path, "%dream a {fox|cat} -i", kind=KITTY))
    (picture,) = pictures(shown)
    assert picture is not None
    assert picture.width > picture.height


def test_what_has_no_picture_shows_none(tmp_path: Path) -> None:
    shown = type_in(tmp_path, "%dream a lake -D", "%dreams history", "1 + 1", kind=SIXEL)
    assert [pictures(one) for one in shown] == [[], [], []]


def test_pictures_can_be_turned_off(tmp_path: Path) -> None:
    (shown,) = type_in(tmp_path, "%dream a lake -i", kind=SIXEL, DREAM_NB_TERMINAL="plain")
    assert pictures(shown) == []
    assert "\x1b[c" not in shown


def test_a_wrong_variable_is_one_line(tmp_path: Path) -> None:
    (shown,) = type_in(tmp_path, "%dream a lake -i", kind=SIXEL, DREAM_NB_TERMINAL="colour")
    assert settled(shown).endswith("DREAM_NB_TERMINAL 'colour' is not one of kitty, sixel, plain")


WIDGETS = {
    "dream_nb.Panel()": "Panel() needs a notebook. Write the request as a %dream line: %dream? lists the options.",
    "dream_nb.Gallery()": "Gallery('dreams') needs a notebook. %dreams history lists the library",
    "dream_nb.Card(d)": "Card('a lake') needs a notebook. Show the dream itself",
    "dream_nb.Grid([d, d])": "Grid(2) needs a notebook. Show the dreams themselves",
}


def test_a_widget_says_in_one_line_what_to_use_instead(tmp_path: Path) -> None:
    shown = type_in(tmp_path, "import dream_nb; d = dream_nb.dream('a lake', kind='image')", *WIDGETS)[1:]
    for text, words in zip(shown, WIDGETS.values(), strict=True):
        (line,) = settled(text).splitlines()
        assert words in line


needs_console = pytest.mark.skipif(importlib.util.find_spec("jupyter_console") is None, reason="jupyter-console")


@needs_console
def test_a_console_shows_progress_path_and_picture(tmp_path: Path) -> None:
    lines = ("%dream a lake", "d = %dream a lake", "d", "%dream", "%dream a hill -i -b")
    bare, assigned, again, panel, job = type_in(tmp_path, *lines, program=CONSOLE, TERM_PROGRAM="WezTerm")
    assert "dreaming" in bare
    assert "from your library, nothing spent" in assigned
    assert [shown.count(DREAM) for shown in (bare, assigned, again)] == [1, 1, 1]
    assert [len(pictures(shown)) for shown in (bare, assigned, again)] == [1, 1, 1]
    assert "Panel() needs a notebook. Write the request as a %dream line" in panel
    assert "Job('a hill'" in job


@needs_console
def test_a_console_whose_terminal_is_unknown_shows_no_picture(tmp_path: Path) -> None:
    (shown,) = type_in(tmp_path, "%dream a lake -i", program=CONSOLE)
    assert "Dream('a lake', image" in shown
    assert pictures(shown) == []


@needs_console
def test_a_console_in_kitty_shows_a_picture(tmp_path: Path) -> None:
    (shown,) = type_in(tmp_path, "%dream a lake -i", program=CONSOLE, KITTY_WINDOW_ID="1")
    (picture,) = pictures(shown)
    assert picture is not None
