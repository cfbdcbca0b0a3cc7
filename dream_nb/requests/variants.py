"""The special forms of a prompt: `{dawn|noon|dusk}` is a sweep, `{{name}}` a variable. Everything else is literal."""

from __future__ import annotations

import difflib
import enum
import itertools
import math
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from dream_nb.api.errors import InvalidRequestError

_VARIABLE: Final = re.compile(r"\{\{\s*(?P<name>[^\W\d]\w*)\s*\}\}")
# An alternative contains no bar or brace except after a backslash, or around a variable.
# Possessive, so that the time is proportional to the length of the prompt.
_ALTERNATIVE: Final = rf"(?:\\[|{{}}]|{_VARIABLE.pattern.replace('?P<name>', '?:')}|[^{{}}|])*+"
_SWEEP: Final = re.compile(rf"\{{(?:(?P<axis>[^\W\d]\w*)=)?(?P<words>{_ALTERNATIVE}(?:\|{_ALTERNATIVE})++)\}}")
_SPECIAL: Final = re.compile(rf"(?P<off>\\?)(?P<form>{_VARIABLE.pattern}|{_SWEEP.pattern})")
_MOST: Final = 10_000
_BAR: Final = re.compile(r"(?<!\\)\|")
_BRACE: Final = re.compile(r"(?<!\\)[{}]")
_ESCAPED: Final = re.compile(r"\\([|{}])")
# How infinities and the missing values of tables are written; numpy's truth values are not bool.
_NOT_TEXT: Final = frozenset({"", "nan", "inf", "-inf", "NaT", "<NA>", "None", "True", "False"})
_DEFAULT_REPR: Final = re.compile(r"<.* at 0x[0-9A-Fa-f]+>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Variant:
    """One prompt of a sweep.

    Attributes:
        prompt: the prompt with its words filled in.
        words: its word on each axis, as in `Dreams.words`; empty without a sweep.
    """

    prompt: str
    words: Mapping[str, str]


def as_it_is(prompt: str) -> str:
    """Return the text that `expand` turns into exactly this prompt: its special forms are escaped.

    Args:
        prompt: the prompt as it should be sent.
    """
    return _SPECIAL.sub(lambda found: "\\" + found[0], prompt)


def brace_warning(prompt: str) -> str:
    """Return a warning about a brace without its counterpart, which is literal; empty if there is none.

    Args:
        prompt: the prompt as it was typed.
    """
    depth = 0
    for brace in _BRACE.findall(_SPECIAL.sub("", prompt)):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return (
                "A closing brace has no opening one, so it is sent unchanged: write {dawn|noon} to make a dream of each"
            )
    return "A brace is not closed, so it is sent unchanged: write {dawn|noon} to make a dream of each" if depth else ""


def expand(prompt: str, variables: Mapping[str, object] | None = None) -> list[Variant]:
    r"""Return every prompt that a prompt with special forms stands for.

    `{dawn|noon}` is an axis named by its position ("1", "2", …), and `{time=dawn|noon}` is an axis named "time";
    several axes are combined, and the last changes fastest. An axis that is named twice has the same word in both
    places. Spaces around an alternative are ignored. A backslash before a form escapes it, and is dropped; inside,
    `\|`, `\{` and `\}` are literal. The values of variables are literal too.

    Args:
        prompt: the prompt as it was typed.
        variables: the values for `{{name}}`: texts, numbers, and objects with a text form, such as dates; None leaves
            these forms unchanged.

    Raises:
        InvalidRequestError: a variable is missing or not text, an axis is given twice with different words, or there
            are more than 10,000 prompts.
    """
    parts = list(_parts(prompt, variables))
    axes: dict[str, list[str]] = {}
    for part in parts:
        if isinstance(part, _Axis) and axes.setdefault(part.name, part.words) != part.words:
            raise InvalidRequestError(f"the axis {part.name!r} is given twice with different words: rename one of them")
    if (size := math.prod(map(len, axes.values()))) > _MOST:
        raise InvalidRequestError(
            f"this sweep has {size:,} prompts, but at most {_MOST:,} are allowed: remove some words"
        )
    variants = []
    for chosen in itertools.product(*axes.values()):
        words = dict(zip(axes, chosen, strict=True))
        text = "".join(words[part.name] if isinstance(part, _Axis) else part for part in parts)
        variants.append(Variant(text, words))
    return variants


@dataclass(frozen=True, slots=True)
class _Axis:
    name: str
    words: list[str]


def _parts(prompt: str, variables: Mapping[str, object] | None) -> Iterator[str | _Axis]:
    position, unnamed = 0, itertools.count(1)
    for match in _SPECIAL.finditer(prompt):
        yield prompt[position : match.start()]
        position = match.end()
        if match["off"] or (match["words"] is None and variables is None):
            yield match["form"]
        elif match["words"] is None:
            yield _value(match["name"], {} if variables is None else variables)
        else:
            words = [_word(word, variables) for word in _BAR.split(match["words"])]
            yield _Axis(match["axis"] or str(next(unnamed)), list(dict.fromkeys(words)))
    yield prompt[position:]


def _word(text: str, variables: Mapping[str, object] | None) -> str:
    if variables is None:
        return _ESCAPED.sub(r"\1", text.strip())
    pieces: list[str] = []
    position = 0
    for match in _VARIABLE.finditer(text):
        pieces += [_ESCAPED.sub(r"\1", text[position : match.start()]), _value(match["name"], variables)]
        position = match.end()
    return "".join([*pieces, _ESCAPED.sub(r"\1", text[position:])]).strip()


def _value(name: str, variables: Mapping[str, object]) -> str:
    try:
        value = variables[name]
    except KeyError:
        near = difflib.get_close_matches(name, [known for known in variables if not known.startswith("_")], n=3)
    else:
        return _text(name, value)
    hint = f"did you mean {' or '.join(near)}?" if near else "set it in a cell above."
    raise InvalidRequestError(
        f"no variable is named {name!r}: {hint} To include {{{{{name}}}}} in the prompt, put a backslash before it"
    )


def _text(name: str, value: object) -> str:
    """The text of a variable's value in a prompt. The value is never quoted in errors, because it may be a secret.

    Raises:
        InvalidRequestError: the value is not text, a number, or of a type with a text form.
    """
    if isinstance(value, str):
        # A member of an enumeration that is also text is written as that text.
        return str.__str__(value)
    text = ""
    if _is_written(value):
        # A number of 5,000 digits has no text, and neither has an object whose own method fails.
        with suppress(Exception):
            text = str(value)
    if text in _NOT_TEXT or _DEFAULT_REPR.search(text):
        what = "None" if value is None else f"of the type {type(value).__name__}"
        raise InvalidRequestError(
            f"{{{{{name}}}}}: the variable {name!r} is {what}, which is not text for a prompt: give it a text or a "
            "number"
        )
    return text


def _is_written(value: object) -> bool:
    """Whether a value's type defines a text form for people, and not only for programmers."""
    if isinstance(value, numbers.Number):
        return not isinstance(value, bool)
    is_other = isinstance(value, enum.Enum | BaseException | type | Iterable | Sized)
    return type(value).__str__ is not object.__str__ and not is_other
