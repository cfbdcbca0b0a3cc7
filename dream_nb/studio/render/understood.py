"""What of a prompt is drawn, and which of its words are not known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from dream_nb.studio.render.camera import asked
from dream_nb.studio.render.prompt import KnownWords
from dream_nb.studio.render.subjects.cast import Subject, says_how

_SHORTEST: Final = 4
_MOST: Final = 12
# Words that ask for nothing by themselves.
_COMMON: Final = frozenset({
    "about", "above", "across", "after", "against", "along", "among", "another", "around", "away", "back",
    "beautiful", "before", "behind", "below", "beneath", "beside", "between", "beyond", "both", "camera",
    "detailed", "down", "drinking", "during", "each", "eating", "every", "from", "have", "having", "here",
    "high", "highly", "holding", "image", "into", "just", "left", "light", "lighting", "lights", "like", "lit",
    "long", "made", "make", "making", "many", "more", "most", "much", "near", "next", "onto", "other", "over",
    "part", "photo", "photograph", "picture", "quality", "realistic", "riding", "right", "same", "scene",
    "seen", "shot", "showing", "some", "style", "such", "than", "that", "their", "them", "then", "there",
    "these", "they", "this", "those", "through", "toward", "towards", "under", "underneath", "until", "upon",
    "very", "video", "view", "wearing", "what", "when", "where", "which", "while", "whose", "with", "within",
    "without",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Understood:
    """What the studio made of a prompt.

    Args:
        drawn: the words that it draws, the subjects first.
        unknown: words that it does not know.
    """

    drawn: tuple[str, ...]
    unknown: tuple[str, ...]


@cache
def understood(prompt: str) -> Understood:
    """What is drawn of a prompt, and which of its words are not known."""
    known = KnownWords(prompt)
    covered = set(known.cast.bound)
    for word in known.words:
        covered.update(range(word.at, word.at + word.name.count(" ") + 1))
    subjects = [name for subject in known.cast.subjects for name in _names(subject)]
    scene = [word.name for word in known.words if word.traits and word.at not in known.cast.bound]
    unknown = [
        word
        for at, word in enumerate(known.said)
        if at not in covered
        and len(word) >= _SHORTEST
        and word not in _COMMON
        and not word[0].isdigit()
        and not says_how(word)
        and asked(f"camera {word}") is None
    ]
    return Understood(tuple(dict.fromkeys(subjects + scene))[:_MOST], tuple(dict.fromkeys(unknown))[:_MOST])


def _names(subject: Subject) -> list[str]:
    return [subject.word, *(word for word, _ in subject.worn), *(_names(subject.mount) if subject.mount else [])]
