"""What a `%%storyboard` cell requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dream_nb.api.canonical import ALL_IMAGE_MODELS
from dream_nb.api.errors import InvalidRequestError
from dream_nb.lines.arguments import check_options, fields_of
from dream_nb.lines.options import STORYBOARD, parse
from dream_nb.lines.references import References
from dream_nb.requests.roles import PLAIN
from dream_nb.requests.variants import expand
from dream_nb.results.job import Maker
from dream_nb.storyboard.storyboard import Shot, Storyboard

_CUT: Final = re.compile(r"-{3,}")
_OPTION: Final = re.compile(r"(?:^|\s)--(sound|keyframe)(?:\s+|$)")
_QUOTED: Final = re.compile(r"([\"'])(.*)\1", re.DOTALL)


def read_storyboard(
    line: str,
    cell: str,
    *,
    references: References,
    defaults: Mapping[str, Any],
    session: Maker,
) -> tuple[Storyboard, Any]:
    """Read a `%%storyboard` cell: its options, and one shot per line, with `---` before an independent shot.

    Args:
        line: the text after the name of the magic.
        cell: the lines below.
        references: finds variables, files and earlier dreams.
        defaults: the defaults of options that the line leaves out, by option name ("aspect_ratio").
        session: the session that makes the shots.

    Raises:
        InvalidRequestError: an option, a value or a shot is wrong; nothing was sent.
    """
    prompt, given = parse(STORYBOARD, line)
    check_options(given)
    if prompt:
        raise InvalidRequestError(f"{prompt!r} is on the %%storyboard line: write the shots on the lines below")
    for name in PLAIN:
        value = defaults.get(name)
        if getattr(given, name) is None and not (name == "model" and value in ALL_IMAGE_MODELS):
            setattr(given, name, value)
    shots = list(_shots(cell, given.raw, references))
    if not shots:
        raise InvalidRequestError("the storyboard is empty: write one shot on each of the lines below")
    fields = fields_of(given, "video", references)
    take = 1 if given.take is None else given.take
    return Storyboard(shots, session=session, take=take, fresh=given.fresh, sound=given.sound, **fields), given


def _shots(cell: str, raw: bool, references: References) -> Iterator[Shot]:
    cut = False
    for line in cell.splitlines():
        prompt = line.strip()
        if _CUT.fullmatch(prompt):
            cut = True
        elif prompt:
            yield Shot(prompt, cut=cut) if raw else _shot(prompt, cut, references)
            cut = False


def _shot(line: str, cut: bool, references: References) -> Shot:
    """The shot of a line: its prompt, its sound, and its guide frames."""
    words, *options = _OPTION.split(line)
    given = [(name, text.strip()) for name, text in zip(options[::2], options[1::2], strict=True)]
    sounds = [text for name, text in given if name == "sound"]
    if given and not (words.strip() and all(text for _, text in given)):
        raise InvalidRequestError(
            f"{line!r}: a shot is a prompt, optionally followed by --sound WORDS and --keyframe IMAGE@TIME"
        )
    if len(sounds) > 1:
        raise InvalidRequestError(f"{line!r} has --sound twice: leave out one of them")
    heard = _plain(_unquoted(sounds[0]), references) if sounds else None
    guides = references.guide_frames([_unquoted(text) for name, text in given if name == "keyframe"])
    fields: dict[str, Any] = {"guide_frames": guides} if guides else {}
    return Shot(_plain(words, references), cut=cut, sound=heard, **fields)


def _unquoted(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    return quoted[2] if quoted else text


def _plain(prompt: str, references: References) -> str:
    variants = expand(prompt, references.variables)
    if variants[0].words:
        raise InvalidRequestError(
            f"{prompt!r} has alternatives, but a shot is one video: choose one of them, or add --raw to keep the "
            "braces in the prompt"
        )
    return variants[0].prompt
