"""Cuts the prompt out of a magic's line, as it was typed.

argparse cannot: it folds spaces, takes a shortened option for the whole, and splits prompts at their quotes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Final

from dream_nb.api.errors import InvalidRequestError

_WORD: Final = re.compile(r"\S+")
_LONG_OPTION: Final = re.compile(r"--[A-Za-z]")
_JOINED: Final = re.compile(r"(-[A-Za-z])\d")
# Quotes stand around a value, or around what a field is set to: field='"9s"'.
_VALUE: Final = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|(\w+=)'([^']*)'(?=\s|$)|(\S+))""")


def cut_prompt(line: str, options: Mapping[str, bool]) -> tuple[str, list[str]]:
    """Separate the prompt from the options before and after it.

    Options begin with `--` and a letter, or are one of the known short ones, also joined to a number (`-n4`); after a
    lone `--`, and inside one pair of quotes around the whole prompt, everything is prompt. The prompt keeps every
    character between its first and last word.

    Args:
        line: what was typed after the magic's name.
        options: every option, long and short, and whether it takes a value.

    Returns:
        The prompt, and the options as words for a parser.

    Raises:
        InvalidRequestError: an option is unknown, lacks its value, or is followed by more prompt.
    """
    words: list[str] = []
    position = _take_options(line, 0, options, words)
    rest = line[position:].strip()
    if rest == "--" or rest.startswith(("-- ", "--\t", "--\n")):
        return rest[2:].strip(), words
    prompt, tail = _split_quoted(rest, options) or _split_plain(rest, options)
    end = _take_options(tail, 0, options, words)
    if left := tail[end:].strip():
        raise InvalidRequestError(f"{left!r} stands after an option: put the prompt before or after all of them")
    return prompt, words


def _split_quoted(text: str, options: Mapping[str, bool]) -> tuple[str, str] | None:
    """The inside of the quotes around the whole prompt, and what follows them; None where there is no such pair."""
    quote = text[:1]
    if quote not in {'"', "'"}:
        return None
    for match in re.finditer(re.escape(quote) + r"(?=\s|$)", text[1:]):
        tail = text[match.end() + 1 :]
        following = _WORD.search(tail)
        if following is None or _is_option(following.group(), options):
            inside = text[1 : match.start() + 1]
            return None if _is_several(inside, quote) else (inside, tail)
    return None


def _is_several(inside: str, quote: str) -> bool:
    """Whether the first quote inside ends a phrase and another begins one: the outer quotes are no pair."""
    ends, begins = re.search(rf"\S{quote}(?=\s)", inside), re.search(rf"\s{quote}(?=\S)", inside)
    return ends is not None and begins is not None and ends.start() < begins.start()


def _split_plain(text: str, options: Mapping[str, bool]) -> tuple[str, str]:
    for match in _WORD.finditer(text):
        if _is_option(match.group(), options):
            return text[: match.start()].rstrip(), text[match.start() :]
    return text, ""


def _is_option(word: str, options: Mapping[str, bool]) -> bool:
    return bool(_LONG_OPTION.match(word)) or word in options or _is_joined(word, options)


def _is_joined(word: str, options: Mapping[str, bool]) -> bool:
    """Whether it is a short option and its value in one word."""
    short = _JOINED.match(word)
    return short is not None and options.get(short[1], False)


def _take_options(text: str, position: int, options: Mapping[str, bool], words: list[str]) -> int:
    """Add the options that begin at this position to the words; where they end."""
    while match := _WORD.search(text, position):
        word = match.group()
        if not _is_option(word, options):
            return match.start()
        name, equals, _ = (word[:2], "", "") if _is_joined(word, options) else word.partition("=")
        if name not in options:
            raise InvalidRequestError(_unknown(name, options))
        if not options[name]:
            if equals:
                raise InvalidRequestError(f"{name} takes no value: {word!r}")
            words.append(name)
            position = match.end()
            continue
        value = _VALUE.match(text, match.start() + len(name) + len(equals))
        if value is None:
            raise InvalidRequestError(f"{name} needs a value")
        # Joined with "=" so that a parser takes a value that begins with a dash for what it is.
        given = "".join(filter(None, value.groups()))
        words.append(f"{name}={given}" if name.startswith("--") else f"{name}{given}")
        position = value.end()
    return len(text)


def _unknown(name: str, options: Collection[str]) -> str:
    if not options:
        return f"unknown option {name}: there are none here"
    long = [option for option in options if option.startswith("--")] or list(options)
    near = [option for option in long if option.startswith(name)] or difflib.get_close_matches(name, long, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(long))}."
    return f"unknown option {name}: {hint} To have it in the prompt, put quotes around the whole prompt"


def split_prompts(body: str) -> list[str]:
    """The prompts of a cell: one, or several with lines of `---` between them."""
    prompts = re.split(r"(?m)^---[ \t]*$", body)
    return [body] if len(prompts) == 1 else [prompt.strip("\n") for prompt in prompts]
