"""Pictures in a terminal: which terminals can show them, and what is sent to them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from PIL import Image

from dream_nb.api.errors import ConfigurationError
from dream_nb.terminal import inline_picture
from dream_nb.terminal.inline_picture import chosen_protocol, show_picture
from tests.fakes.dream_machine import FakeDreamMachine
from tests.terminal.fake_terminal import KITTY, PLAIN, SIXEL, FakeTerminal, Kind, pictures, until_answered


@pytest.fixture(autouse=True)
def _unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DREAM_NB_TERMINAL", "KITTY_WINDOW_ID", "TERM_PROGRAM", "WT_SESSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def jpeg(width: int = 320, height: int = 180) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "JPEG")
    return file.getvalue()


def sent(monkeypatch: pytest.MonkeyPatch, data: bytes | None = None) -> str:
    """What a kernel writes to standard output to show a picture."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    shown = show_picture(lambda: jpeg() if data is None else data, through_kernel=True)
    assert shown == bool(stream.getvalue())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("variables", "is_kitty", "is_sixel"),
    [
        ({}, False, False),
        ({"TERM": "xterm-kitty"}, True, False),
        ({"KITTY_WINDOW_ID": "1"}, True, False),
        ({"TERM_PROGRAM": "iTerm.app"}, False, True),
        ({"TERM_PROGRAM": "Apple_Terminal"}, False, False),
        ({"WT_SESSION": "one"}, False, True),
        ({"DREAM_NB_TERMINAL": "kitty"}, True, False),
        ({"DREAM_NB_TERMINAL": "sixel", "TERM": "xterm-kitty"}, False, True),
        ({"DREAM_NB_TERMINAL": "plain", "TERM": "xterm-kitty"}, False, False),
    ],
)
def test_behind_a_kernel_the_variables_of_the_terminal_tell(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], is_kitty: bool, is_sixel: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    text = sent(monkeypatch)
    assert ("\x1b_G" in text, "\x1bP" in text) == (is_kitty, is_sixel)


def test_a_kernel_sends_the_whole_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_TERMINAL", "kitty")
    (picture,) = pictures(sent(monkeypatch))
    assert picture is not None
    pixel = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    assert pixel == pytest.approx((0, 128, 128), abs=3)
    assert sys.__stdout__ is not None
    assert not isinstance(sys.__stdout__, io.StringIO)


@pytest.mark.parametrize(("width", "height"), [(90, 160), (160, 90), (210, 90), (10, 400)])
def test_a_picture_fits_a_terminal(monkeypatch: pytest.MonkeyPatch, width: int, height: int) -> None:
    monkeypatch.setenv("DREAM_NB_TERMINAL", "kitty")
    monkeypatch.setenv("COLUMNS", "50")
    text = sent(monkeypatch, jpeg(width, height))
    rows = [line.count(chr(0x10EEEE)) for line in text.splitlines() if chr(0x10EEEE) in line]
    assert len(rows) <= 20
    assert max(rows) < 50


def test_the_colour_that_names_a_picture_stays_where_colours_are_unwanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_TERMINAL", "kitty")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[38;2;" in sent(monkeypatch)


def test_without_a_picture_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_TERMINAL", "sixel")
    assert not show_picture(lambda: None, through_kernel=True)


def test_no_picture_is_made_for_a_terminal_that_cannot_show_it() -> None:
    def fail() -> bytes:
        raise AssertionError

    assert not show_picture(fail, through_kernel=True)


def test_what_is_not_a_terminal_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inline_picture, "_answered", lambda: pytest.fail("it was asked"))
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not show_picture(jpeg)


def test_an_unknown_choice_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="DREAM_NB_TERMINAL 'iterm' is not one of kitty, sixel, plain"):
        chosen_protocol({"DREAM_NB_TERMINAL": "iterm"})


@pytest.mark.parametrize(("kind", "count"), [(PLAIN, 0), (SIXEL, 1), (KITTY, 1)])
def test_a_command_shows_a_picture_where_the_terminal_says_that_it_can(tmp_path: Path, kind: Kind, count: int) -> None:
    words = (sys.executable, "-m", "dream_nb", "a lake", "-i")

    def show() -> list[str]:
        with FakeTerminal(kind, tmp_path, *words, environment={"DREAM_NB_STUDIO_SIDE": "90"}) as terminal:
            return [terminal.until(r"dreams/lake-\w+\.jpg")]

    (shown,) = until_answered(show) if count else show()
    assert len(pictures(shown)) == count


def test_a_command_for_a_program_shows_none(tmp_path: Path) -> None:
    words = (sys.executable, "-m", "dream_nb", "a lake", "-i", "--json")
    with FakeTerminal(SIXEL, tmp_path, *words, environment={"DREAM_NB_STUDIO_SIDE": "90"}) as terminal:
        shown = terminal.until(r'"prompt": "a lake"')
    assert pictures(shown) == []


def test_many_purchases_are_asked_about(tmp_path: Path) -> None:
    with FakeDreamMachine("2025").running() as fake:
        words = (sys.executable, "-m", "dream_nb", "a lake", "-i", "-n", "9")
        with FakeTerminal(PLAIN, tmp_path, *words, environment=fake.environment()) as terminal:
            asked = terminal.until(r"\[y/N\] ")
            terminal.send("n")
            terminal.until("nothing was sent")
        assert "9 new dreams of dream-machine" in asked
        assert fake.posts == []
        with FakeTerminal(PLAIN, tmp_path, *words, environment=fake.environment()) as terminal:
            terminal.until(r"\[y/N\] ")
            terminal.send("y")
        assert len(fake.posts) == 9
