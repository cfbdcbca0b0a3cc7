"""The two special forms of a prompt: `{dawn|noon|dusk}` sweeps, `{{name}}` takes a variable. All else is literal."""

from __future__ import annotations

import difflib
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from dream_nb.api.errors import InvalidRequestError

_VARIABLE: Final = re.compile(r"\{\{\s*(?P<name>[^\W\d]\w*)\s*\}\}")
# An alternative holds no bar or brace of its own but those behind a backslash, and those around a variable.
# Possessive, so that no prompt takes longer than it is long.
_ALTERNATIVE: Final = rf"(?:\\[|{{}}]|{_VARIABLE.pattern.replace('?P<name>', '?:')}|[^{{}}|])*+"
_SWEEP: Final = re.compile(rf"\{{(?:(?P<axis>[^\W\d]\w*)=)?(?P<words>{_ALTERNATIVE}(?:\|{_ALTERNATIVE})++)\}}")
_SPECIAL: Final = re.compile(rf"(?P<off>\\?)(?P<form>{_VARIABLE.pattern}|{_SWEEP.pattern})")
_MOST: Final = 10_000
_BAR: Final = re.compile(r"(?<!\\)\|")
_ESCAPED: Final = re.compile(r"\\([|{}])")


@dataclass(frozen=True, slots=True)
class Variant:
    """One prompt of a sweep.

    Attributes:
        prompt: with the words in their places.
        words: the word that it has on each axis, as in `Dreams.words`; empty where there is no sweep.
    """

    prompt: str
    words: Mapping[str, str]


def as_it_is(prompt: str) -> str:
    """The text that `expand` makes into this prompt, and nothing else: its special forms are turned off.

    Args:
        prompt: as it is to be sent.
    """
    return _SPECIAL.sub(lambda found: "\\" + found[0], prompt)


def expand(prompt: str, variables: Mapping[str, object] | None = None) -> list[Variant]:
    r"""Every prompt that a prompt with special forms stands for.

    `{dawn|noon}` is an axis named by its place ("1", "2", …), `{time=dawn|noon}` one named "time"; several give their
    product, the last axis fastest. The same named axis twice takes the same word in both places. Spaces around an
    alternative do not count. A backslash before a form turns it off, and is dropped; inside, `\|`, `\{` and `\}` are
    literal. What variables hold is literal too.

    Args:
        prompt: as it was typed.
        variables: what `{{name}}` takes; None leaves these as they are.

    Raises:
        InvalidRequestError: a variable is missing, an axis is given twice with other words, or they are over 10,000.
    """
    parts = list(_parts(prompt, variables))
    axes: dict[str, list[str]] = {}
    for part in parts:
        if isinstance(part, _Axis) and axes.setdefault(part.name, part.words) != part.words:
            raise InvalidRequestError(f"the axis {part.name!r} is given twice with other words: name one of them anew")
    if (size := math.prod(map(len, axes.values()))) > _MOST:
        raise InvalidRequestError(f"this sweep has {size:,} prompts, and {_MOST:,} is the most: take words out")
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
            yield _value(match["name"], variables or {})
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
    if name in variables:
        return str(variables[name])
    near = difflib.get_close_matches(name, [known for known in variables if not known.startswith("_")], n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "set it in a cell above."
    raise InvalidRequestError(
        f"there is no variable {name!r}: {hint} To have {{{{{name}}}}} in the prompt, put a backslash before it, or "
        "add --raw"
    )
