"""A terminal that answers the queries of programs, and the final contents of its screen."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from PIL import Image

pexpect = pytest.importorskip("pexpect", reason="a terminal to type in needs POSIX")
pyte = pytest.importorskip("pyte")

_TRIES = 4
_SIXEL = re.compile(r"\x1bP[0-9;]*q.*?\x1b\\", re.DOTALL)
_KITTY = re.compile(r"\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\")
_QUESTIONS = [r"\x1b\[c", r"\x1b_G(?=[^;\x1b]*a=q)[^;\x1b]*i=(\d+)[^\x1b]*\x1b\\", r"\x1b\[16t"]


@dataclass(frozen=True)
class Kind:
    """The answers of a terminal; an empty string stands for no answer.

    Attributes:
        attributes: the answer to the query for its device attributes.
        has_kitty: whether it supports the graphics protocol of kitty.
        letter: the answer to the query for the size of a character cell.
    """

    attributes: str = ""
    has_kitty: bool = False
    letter: str = ""


PLAIN = Kind()
SIXEL = Kind("\x1b[?62;4;22c", letter="\x1b[6;20;10t")
KITTY = Kind("\x1b[?62c", has_kitty=True, letter="\x1b[6;20;10t")


class FakeTerminal:
    """A program in a terminal.

    Args:
        kind: what the terminal answers.
        folder: the working directory.
        words: the program and its arguments.
        environment: variables in addition to those of this process, except the ones that identify a terminal.
    """

    def __init__(self, kind: Kind, folder: Path, *words: str, environment: Mapping[str, str]) -> None:
        ours = {name: value for name, value in os.environ.items() if name not in {"TERM_PROGRAM", "KITTY_WINDOW_ID"}}
        self._kind = kind
        self._has_answered = False
        self._program = pexpect.spawn(
            words[0],
            list(words[1:]),
            cwd=str(folder),
            env=ours | {"TERM": "xterm"} | dict(environment),
            encoding="utf-8",
            timeout=240,
            dimensions=(40, 200),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if error is None:
                self.until(pexpect.EOF)
        except pexpect.TIMEOUT:
            # An answer that comes too late becomes input of the program, which may then wait for the rest of the line.
            if not self._has_answered:
                raise
        finally:
            self._program.close(force=True)

    def send(self, line: str) -> None:
        """Type a line."""
        self._program.sendline(line)

    def until(self, *expected: object) -> str:
        """Answer queries until one of the expected texts comes; returns the output before it."""
        shown = ""
        while True:
            found = self._program.expect([*_QUESTIONS, *expected])
            shown += str(self._program.before)
            if found >= len(_QUESTIONS):
                return shown
            shown += str(self._program.after)
            number = self._program.match[1] if found == 1 else ""
            kitty = f"\x1b_Gi={number};OK\x1b\\" if self._kind.has_kitty else ""
            self._has_answered = True
            self._program.send([self._kind.attributes, kitty, self._kind.letter][found])


def settled(text: str) -> str:
    """The final contents of the terminal's screen, below the line that was typed."""
    screen = pyte.Screen(200, 400)
    pyte.Stream(screen).feed(text)
    return "\n".join(line.rstrip() for line in screen.display[1:]).strip()


def pictures(text: str) -> list[Image.Image | None]:
    """The pictures sent to a terminal; None stands for a sixel picture, which is not decoded here."""
    found: list[Image.Image | None] = [None for _ in _SIXEL.findall(text)]
    data = ""
    for keys, payload in _KITTY.findall(text):
        given = dict(pair.split("=") for pair in keys.split(",") if pair)
        if given.get("a") in {"q", "p", "d"}:
            continue
        data += payload
        if given.get("m") == "0":
            found.append(Image.open(io.BytesIO(base64.b64decode(data))))
            data = ""
    return found


def until_answered(show: Callable[[], list[str]]) -> list[str]:
    """Repeat until the output includes a picture: the library waits only a tenth of a second for a terminal's answer.

    Args:
        show: runs the program again. On a busy machine the answer may come too late.
    """
    for _ in range(_TRIES - 1):
        with suppress(pexpect.TIMEOUT):
            if any(map(pictures, shown := show())):
                return shown
    return show()
