"""Separates the prompt from the options of a magic's line, exactly as it was typed.

argparse cannot do this: it folds spaces, accepts shortened options, and splits prompts at their quotes.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Final

from dream_nb.api.errors import InvalidRequestError

_WORD: Final = re.compile(r"\S+")
_LONG_OPTION: Final = re.compile(r"--[A-Za-z]")
_JOINED: Final = re.compile(r"""(-[A-Za-z])[\d"']""")
# A weight may follow the quotes around a picture.
_WEIGHT: Final = re.compile(r":\d*\.?\d+(?=\s|$)")
# Characters that look like a hyphen but are not: minus, soft hyphen, hyphen bullet, modifier minus.
_DASHES: Final = "\u2212\u00ad\u2043\u02d7"
# A misspelt option after a dash. Ordinary text has words after dashes too.
_NEAR: Final = 0.75
# Quotes enclose a value, or the value of a field: field='"9s"'.
_VALUE: Final = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|(\w+=)'([^']*)'(?=\s|$)|(\S+))""")


def cut_prompt(line: str, options: Mapping[str, bool]) -> tuple[str, list[str]]:
    """Separate the prompt from the options before and after it.

    Options begin with `--` and a letter, or are one of the known short ones, which may be joined to a number (`-n4`). A
    weight may follow a quoted value (`"my pal.png":0.6`). After a lone `--`, and inside a pair of quotes around the
    whole prompt, everything belongs to the prompt. The prompt keeps every character between its first and last word.

    Args:
        line: the text after the name of the magic.
        options: every option, long and short, with whether it takes a value.

    Returns:
        The prompt, and the options as a list of words for a parser.

    Raises:
        InvalidRequestError: an option is unknown, has no value, begins with a dash that is not a hyphen, or is followed
            by more of the prompt; or something touches a closing quote.
    """
    words: list[str] = []
    position = _take_options(line, 0, options, words)
    rest = line[position:].strip()
    if rest == "--" or rest.startswith(("-- ", "--\t", "--\n")):
        return rest[2:].strip(), words
    prompt, tail = _split_quoted(rest, options) or _split_plain(rest, options)
    end = _take_options(tail, 0, options, words)
    if left := tail[end:].strip():
        raise InvalidRequestError(f"{left!r} comes between options: put the prompt before or after all options")
    return prompt, words


def _split_quoted(text: str, options: Mapping[str, bool]) -> tuple[str, str] | None:
    """The text inside the quotes around the whole prompt, and the rest of the line; None without such quotes."""
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
    """Whether inner quotes end one phrase and begin another, so that the outer quotes are not a pair."""
    ends, begins = re.search(rf"\S{quote}(?=\s)", inside), re.search(rf"\s{quote}(?=\S)", inside)
    return ends is not None and begins is not None and ends.start() < begins.start()


def _split_plain(text: str, options: Mapping[str, bool]) -> tuple[str, str]:
    starts = (match.start() for match in _WORD.finditer(text) if _is_option(match.group(), options))
    end = next(starts, len(text))
    prompt = text[:end].rstrip()
    _check_quotes(prompt, options)
    return prompt, text[end:]


def _is_option(word: str, options: Mapping[str, bool]) -> bool:
    return _is_written_option(word, options) or _meant(word, options) is not None


def _is_written_option(word: str, options: Mapping[str, bool]) -> bool:
    return bool(_LONG_OPTION.match(word)) or word.partition("=")[0] in options or _is_joined(word, options)


def _meant(word: str, options: Mapping[str, bool]) -> str | None:
    """The option that a word with a wrong dash stands for, such as "—loop" or "-loop"; None if there is none."""
    bare = word.lstrip("-" + "".join(sign for sign in word if _is_dash(sign)))
    lead, name = word[: len(word) - len(bare)], bare.partition("=")[0]
    if not lead or not name or _is_written_option(word, options):
        return None
    if f"--{name}" in options:
        return f"--{name}"
    if not any(map(_is_dash, lead)):
        return None
    if f"-{name}" in options:
        return f"-{name}"
    if _is_joined(f"-{bare}", options):
        return f"-{bare}"
    long = [option for option in options if option.startswith("--")]
    return next(iter(difflib.get_close_matches(f"--{name}", long, n=1, cutoff=_NEAR)), None)


def check_dash(word: str, options: Mapping[str, bool]) -> None:
    """Raise an error if a word is an option except for its dash, such as "—loop".

    Args:
        word: one word of a line.
        options: every option, long and short, with whether it takes a value.

    Raises:
        InvalidRequestError: the word is such an option.
    """
    if meant := _meant(word, options):
        is_dash = any(map(_is_dash, word.partition(meant.lstrip("-"))[0]))
        what = "a dash that is not a hyphen" if is_dash else "the wrong number of hyphens"
        raise InvalidRequestError(f"{word!r} begins with {what}: write {meant}.", field="prompt")


def _is_dash(sign: str) -> bool:
    return sign != "-" and (unicodedata.category(sign) == "Pd" or sign in _DASHES)


def _check_quotes(prompt: str, options: Mapping[str, bool]) -> None:
    """Raise an error if an option or a weight touches a quote in the prompt: it would become part of it."""
    for match in re.finditer(r"""(?<=\S)["'](?P<word>\S+)""", prompt):
        word = match["word"]
        is_weight = prompt[0] == match[0][0] and _WEIGHT.fullmatch(word) is not None
        if is_weight or word.partition("=")[0] in options or _meant(word, options):
            raise InvalidRequestError(
                f"{word!r} follows the quotation mark without a space: put a space between them.", field="prompt"
            )


def _is_joined(word: str, options: Mapping[str, bool]) -> bool:
    """Whether the word is a short option joined to its value."""
    short = _JOINED.match(word)
    return short is not None and options.get(short[1], False)


def _take_options(text: str, position: int, options: Mapping[str, bool], words: list[str]) -> int:
    """Add the options that begin at a position to the words. Returns the position after them."""
    while match := _WORD.search(text, position):
        word = match.group()
        check_dash(word, options)
        if not _is_option(word, options):
            return match.start()
        name, equals, _ = (word[:2], "", "") if _is_joined(word, options) else word.partition("=")
        if name not in options:
            raise InvalidRequestError(
                unknown_option(name, options) if options else f"unknown option {name}: no options are allowed here",
                field="prompt",
            )
        if not options[name]:
            if equals:
                raise InvalidRequestError(f"{name} takes no value: {word!r}")
            words.append(name)
            position = match.end()
            continue
        given, position = _take_value(text, match.start() + len(name) + len(equals), name)
        # Joined with "=", so that the parser accepts values that begin with a dash.
        words.append(f"{name}={given}" if name.startswith("--") else f"{name}{given}")
    return len(text)


def _take_value(text: str, position: int, name: str) -> tuple[str, int]:
    """The value of an option that begins at a position, and the position after it."""
    value = _VALUE.match(text, position)
    if value is None:
        raise InvalidRequestError(f"{name} needs a value")
    given, plain = "".join(filter(None, value.groups())), value[5]
    if plain is not None and plain[0] in "\"'":
        raise InvalidRequestError(f"the value of {name} has no closing quotation mark: {text[position:].strip()!r}")
    weight = _WEIGHT.match(text, value.end()) if plain is None else None
    if weight is not None:
        return given + weight[0], weight.end()
    if plain is None and (glued := _WORD.match(text, value.end())):
        raise InvalidRequestError(
            f"{glued[0]!r} follows the closing quotation mark of the value of {name}: put a space between them, or put "
            "quotation marks around the whole value"
        )
    return given, value.end()


def unknown_option(name: str, options: Collection[str]) -> str:
    """Return the error for an option that does not exist.

    Args:
        name: the name that was given.
        options: every option, long and short.
    """
    long = [option for option in options if option.startswith("--")] or list(options)
    # Without the hyphens, which all of them have in common.
    words = {option.lstrip("-"): option for option in long}
    near = [option for option in long if option.startswith(name)] or [
        words[word] for word in difflib.get_close_matches(name.lstrip("-"), words, n=1)
    ]
    return f"unknown option {name}: " + (
        f"did you mean {near[0]}?" if near else f"choose one of {', '.join(sorted(long))}."
    )


def split_prompts(body: str) -> list[str]:
    """Split a cell into its prompts, which lines of `---` separate."""
    prompts = re.split(r"(?m)^---[ \t]*$", body)
    return [body] if len(prompts) == 1 else [prompt.strip("\n") for prompt in prompts]
