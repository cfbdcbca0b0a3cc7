"""The words of a prompt that the vocabulary knows, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from dream_nb.studio.render.vocabulary import RGB, VOCABULARY, Traits

Name = Literal[
    "hour", "place", "haunt", "room", "matter", "land", "ground", "water", "plant", "built", "sky", "style", "motes"
]  # fmt: skip
"""Traits that are names."""
Amount = Literal["cloud", "storm", "haze", "rain", "snow", "wind", "stars", "pace", "waves", "falls", "lush"]
"""Traits that are numbers."""

# A camera that "slowly pans left" leaves the pace of the scene as it is.
_CAMERA: Final = re.compile(r"camera\s+(\w+\s+){0,2}(left|right|up|down|in|out)\b")
_NOT: Final = frozenset({"no", "without", "not", "never", "minus"})
_NUMBERS: Final = {
    "a": 1, "an": 1, "one": 1, "lone": 1, "single": 1, "solitary": 1,
    "two": 2, "pair": 2, "three": 3, "some": 3, "few": 3, "four": 4, "several": 4, "five": 5, "six": 6, "herd": 6,
    "seven": 7, "many": 7, "flock": 9,
}  # fmt: skip
_MOST: Final = 12
_PLURAL: Final = 3
_LONGEST_NAME: Final = 3  # words
_SHORT: Final = 2  # letters of a word that names nothing
# Words that name nothing which could be seen.
_FILLERS: Final = frozenset(
    {"the", "and", "with", "for", "from", "into", "onto", "over", "under", "near", "very", "some", "this", "that"}
    | {"style", "scene", "image", "picture", "photo", "video", "shot", "view", "clip", "art", "camera", "painting"}
    | {"illustration", "beautiful", "lovely", "nice", "great", "high", "quality", "detailed"}
)
_SINGULARS: Final = (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""))


class KnownWord(NamedTuple):
    """A name of the vocabulary, what it sets, and how many of it are meant (0: the prompt does not say)."""

    name: str
    traits: Traits
    number: int


class KnownWords:
    """What the known words of a prompt set.

    Args:
        prompt: any text.
    """

    def __init__(self, prompt: str) -> None:
        spoken = re.findall(r"\w+", _CAMERA.sub(" ", prompt.lower()))
        self.words = list(_known(spoken))
        self.unknown = _unknown(spoken, {part for word in self.words for part in word.name.split()})

    def first(self, trait: Name) -> str | None:
        """The name that comes first, or None."""
        return next(iter(self.names(trait)), None)

    def names(self, trait: Name) -> tuple[str, ...]:
        """All names, each once."""
        return tuple(dict.fromkeys(word.traits[trait] for word in self.words if trait in word.traits))

    def first_amount(self, trait: Amount) -> float | None:
        """The amount that comes first, or None."""
        return next(iter(self._amounts(trait)), None)

    def most(self, trait: Amount) -> float | None:
        """The largest amount, or None."""
        return max(self._amounts(trait), default=None)

    def _amounts(self, trait: Amount) -> list[float]:
        return [word.traits[trait] for word in self.words if trait in word.traits]

    def tints(self) -> tuple[RGB, ...]:
        """All colours."""
        return tuple(word.traits["tint"] for word in self.words if "tint" in word.traits)

    def life(self) -> tuple[tuple[str, int], ...]:
        """The figures and how many: as many as are meant where each is named first, in the order of the last."""
        counts: dict[str, int] = {}
        for word in reversed(self.words):
            if "life" in word.traits:
                counts[word.traits["life"]] = word.number
        return tuple(reversed(counts.items()))


def _unknown(spoken: list[str], known: set[str]) -> tuple[str, ...]:
    """The words that name something which the vocabulary lacks."""
    naming = (word for word in spoken if len(word) > _SHORT and word.isalpha() and word not in known | _FILLERS)
    return tuple(word for word in naming if word not in _NUMBERS and _longest([word])[1] is None)


def _known(words: list[str]) -> Iterator[KnownWord]:
    at = 0
    before: Traits = {}
    while at < len(words):
        name, traits = _longest(words[at : at + _LONGEST_NAME])
        if traits is not None:
            lead = words[max(0, at - 2) : at]
            # "palm trees" are palms, and no oaks besides.
            again = name in ("tree", "trees") and "plant" in before
            if not again and not _NOT.intersection(lead):
                yield KnownWord(name, traits, _count(lead, name))
                before = traits
        at += name.count(" ") + 1


def _longest(words: list[str]) -> tuple[str, Traits | None]:
    """The longest name of the vocabulary that the words begin with, and what it sets."""
    for length in range(len(words), 0, -1):
        name = " ".join(words[:length])
        traits = VOCABULARY.get(name) or _singular(name)
        if traits is not None:
            return name, traits
    return words[0], None


def _singular(name: str) -> Traits | None:
    forms = (name.removesuffix(ending) + instead for ending, instead in _SINGULARS if name.endswith(ending))
    return next((VOCABULARY[form] for form in forms if form in VOCABULARY), None)


def _count(before: list[str], name: str) -> int:
    for word in reversed(before):
        if word in _NUMBERS:
            return _NUMBERS[word]
        if word.isdecimal() and len(word) < 4:
            return max(1, min(_MOST, int(word)))
    return _PLURAL if name.endswith("s") else 0
