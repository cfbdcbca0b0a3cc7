"""Tells which words of a prompt are drawn, and which are unknown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dream_nb.studio.render.prompt import KnownWords
from dream_nb.studio.render.subjects.cast import Subject

_MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Understood:
    """How the studio understood a prompt.

    Args:
        drawn: the words that the studio draws, the subjects first.
        unknown: the words that the studio does not know.
    """

    drawn: tuple[str, ...]
    unknown: tuple[str, ...]


@lru_cache(maxsize=1024)
def understood(prompt: str) -> Understood:
    """Return which words of a prompt are drawn, and which are unknown (at most 12 of each)."""
    known = KnownWords(prompt)
    subjects = [name for subject in known.cast.subjects for name in _names(subject)]
    scene = [word.name for word in known.words if word.traits and word.at not in known.cast.bound]
    return Understood(tuple(dict.fromkeys(subjects + scene))[:_MOST], tuple(dict.fromkeys(known.unknown))[:_MOST])


def _names(subject: Subject) -> list[str]:
    return [subject.word, *(word for word, _ in subject.worn), *(_names(subject.mount) if subject.mount else [])]
