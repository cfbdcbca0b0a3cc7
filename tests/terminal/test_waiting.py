"""The progress line in a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from dream_nb.jobs.progress import Progress
from dream_nb.results.pending import Pending
from dream_nb.results.progress_bar import open_bar
from dream_nb.terminal.waiting import clock, follow, remaining, told

pyte = pytest.importorskip("pyte")


class Terminal(io.StringIO):
    """A stream that passes for a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> str:
        """The final contents of the screen."""
        screen = pyte.Screen(80, 24)
        pyte.Stream(screen).feed(self.getvalue().replace("\n", "\r\n"))
        return "\n".join(screen.display).strip()


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard error a terminal. This is not a fixture, because pytest replaces the streams before a test."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return terminal


def job(title: str = "a lake", expected: float | None = None) -> Pending[str]:
    return Pending(title, expected=expected)


def test_it_says_state_fraction_and_time() -> None:
    pending = job()
    pending.report(Progress("dreaming", 0.1, "3rd in the queue"))
    assert told(pending) == "dreaming  10%  0:00  3rd in the queue"


@pytest.mark.parametrize(
    ("seconds", "fraction", "expected", "left"),
    [
        (10.0, None, None, None),
        (10.0, None, 30.0, 20.0),
        (10.0, 0.1, None, None),
        (10.0, 0.5, None, 10.0),
        (10.0, 0.5, 30.0, 20.0),
        (40.0, 0.8, 30.0, 10.0),
        (40.0, None, 30.0, None),
        (40.0, 1.0, None, None),
    ],
)
def test_what_is_left_is_estimated(
    seconds: float, fraction: float | None, expected: float | None, left: float | None
) -> None:
    assert remaining(seconds, fraction, expected) == (None if left is None else pytest.approx(left))


def test_a_time_is_minutes_and_seconds() -> None:
    assert clock(65.9) == "1:05"


def test_a_terminal_shows_the_prompt_and_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    pending = job("a lake\nat night")
    with follow(pending):
        pending.report(Progress("dreaming", 0.4))
    assert "a lake at night" in terminal.getvalue()
    assert "dreaming  40%" in terminal.getvalue()


def test_a_prompt_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with follow(job("a [red]lake[/red]")):
        pass
    assert "a [red]lake[/red]" in terminal.getvalue()


def test_nothing_of_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    pending = job()

    def wait() -> None:
        with follow(pending):
            pending.report(Progress("dreaming", 0.4))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait()
    assert terminal.screen == ""
    assert pending._listeners == []


def test_what_is_printed_meanwhile_goes_where_it_was_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = open_terminal(monkeypatch)
    with follow(job()):
        print("a cell's own words")
    assert capsys.readouterr().out == "a cell's own words\n"
    assert "own words" not in terminal.getvalue()


def test_a_line_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", "30")
    pending = job("a very long prompt that no terminal shows on one line")
    with follow(pending):
        pending.report(Progress("dreaming", 0.4, "a note that is rather long, too"))
    assert terminal.screen == ""


def test_a_terminal_that_cannot_go_back_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    with follow(job()):
        pass
    assert terminal.getvalue() == ""


def test_measuring_shows_how_many_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with open_bar(3, "measured") as step:
        step()
        step()
    assert "2 of 3" in terminal.getvalue()
    assert "measured" in terminal.getvalue()
    assert terminal.screen == ""


def test_elsewhere_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    # Some programs make rich treat every stream as a terminal.
    monkeypatch.setenv("FORCE_COLOR", "1")
    with follow(job()):
        pass
    assert stream.getvalue() == ""
