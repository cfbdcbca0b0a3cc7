"""Errors in the words of the place where they are shown: a line names options, a widget has buttons."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from dream_nb.api.errors import DreamError, InvalidRequestError
from dream_nb.lines.option_names import EDITS, OPTION_OF, option_of

_CALLS: Final = {f"{method}()": option_of(edit) for method, edit in EDITS.items()}
_FIELD: Final = re.compile(rf"^(?:{'|'.join(OPTION_OF)})\b(?=: | requires )")
_CALL: Final = re.compile("|".join(map(re.escape, _CALLS)))
_IN_OPTIONS: Final = (
    (re.compile(r"\(take=(\d+|…)\)"), r"(-t \1)"),
    (re.compile(r"\(files=True\)"), "(--files)"),
    (re.compile(r"\bhdr=True\b"), "--hdr"),
    (re.compile(r'\bmodel="([^"]+)"'), r"-m \1"),
    (re.compile(r'\bkind="(video|image)"'), r"--kind \1"),
    (re.compile(r"\b\w+= \((%config DreamMagics\.\w+)\)"), r"\1"),
    (re.compile(r"put a backslash before it$"), "put a backslash before it, or add --raw"),
)

# No more than what errors name: they also quote prompts, which are shown as they were typed.
_IN_BUTTONS: Final = (
    (re.compile(r" \((?:take=(?:\d+|…)|files=True)\)"), ""),
    (re.compile(r"\b\w+= \((%config DreamMagics\.\w+)\)"), r"\1"),
    (re.compile(rf"\b({'|'.join(EDITS)})\(\)"), r"\1"),
    (re.compile(r"\bhdr=True\b"), "hdr"),
    (re.compile(r'\b(model|kind)="([^"]+)"'), r"\1 \2"),
)


@contextmanager
def in_options() -> Iterator[None]:
    """Within this block, errors name options.

    Raises:
        DreamError: the block raised one.
    """
    try:
        yield
    except InvalidRequestError as error:
        error.problems = tuple(map(_problem, error.problems))
        error.args = ("; ".join(error.problems),)
        raise
    except DreamError as error:
        error.args = tuple(option_words(part) if isinstance(part, str) else part for part in error.args)
        raise


def option_words(text: str) -> str:
    """Return a text with the options of a line in place of arguments in Python.

    Args:
        text: a text that may name arguments, such as "another take (take=2)".
    """
    return _replaced(text, _IN_OPTIONS)


def button_words(text: str) -> str:
    """Return a text without arguments in Python: a widget has buttons and fields instead.

    Args:
        text: a text that may name arguments, such as "another take (take=2)".
    """
    return _replaced(text, _IN_BUTTONS)


def _replaced(text: str, table: Sequence[tuple[re.Pattern[str], str]]) -> str:
    for pattern, words in table:
        text = pattern.sub(words, text)
    return text


def _problem(problem: str) -> str:
    # The source of an edit is named by the option of the edit.
    problem = _FIELD.sub(lambda found: OPTION_OF[found[0]], problem.removeprefix("media: "))
    return option_words(_CALL.sub(lambda found: _CALLS[found[0]], problem))
