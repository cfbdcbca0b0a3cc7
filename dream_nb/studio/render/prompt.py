"""Finds the words of a prompt that the vocabulary knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from typing import cast as cast_type

from dream_nb.studio.render.languages import in_english, language_of
from dream_nb.studio.render.subjects.cast import cast, says_how
from dream_nb.studio.render.subjects.things import thing_of
from dream_nb.studio.render.vocabulary import RGB, VOCABULARY, Traits

Name = Literal[
    "hour", "place", "haunt", "room", "matter", "land", "ground", "water", "plant", "built", "sky", "style", "motes"
]  # fmt: skip
"""Traits whose values are names."""
Amount = Literal["cloud", "storm", "haze", "rain", "snow", "wind", "stars", "pace", "waves", "falls", "lush"]
"""Traits whose values are numbers."""

# "The camera slowly pans left" does not slow down the scene.
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
_SHORTEST: Final = 4  # letters of a word that names something
# Words that do not ask for anything on their own.
_COMMON: Final = frozenset({
    "about", "above", "across", "aerial", "after", "against", "along", "among", "another", "around", "away", "back",
    "beautiful", "before", "behind", "below", "beneath", "beside", "between", "beyond", "both", "camera", "detailed",
    "down", "drinking", "during", "each", "eating", "every", "from", "goes", "have", "having", "here", "high",
    "highly", "holding", "image", "into", "just", "last", "left", "light", "lighting", "lights", "like", "lit", "long",
    "made", "make", "making", "many", "more", "most", "much", "near", "next", "onto", "other", "over", "part", "photo",
    "photograph", "picture", "quality", "realistic", "riding", "right", "same", "scene", "seen", "shot", "showing",
    "some", "style", "such", "than", "that", "their", "them", "then", "there", "these", "they", "this", "those",
    "through", "toward", "towards", "under", "underneath", "until", "upon", "very", "video", "view", "water",
    "wearing", "what", "when", "where", "which", "while", "whose", "with", "within", "without", "wooden",
})  # fmt: skip
# Words that show that a prompt is in English.
_ENGLISH: Final = VOCABULARY.keys() | _COMMON
_SINGULARS: Final = (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""))


class KnownWord(NamedTuple):
    """A name of the vocabulary in a prompt.

    Args:
        name: the name, one or more words.
        traits: the traits that it sets.
        number: how many the prompt asks for, or 0 if it does not say.
        at: the index of its first word.
    """

    name: str
    traits: Traits
    number: int
    at: int


class KnownWords:
    """The known words of a prompt, and the traits that they set.

    Args:
        prompt: any text.

    Attributes:
        said: all words in lower case, translated to English if they are known.
        cast: the subjects of the prompt.
        words: the names of the vocabulary, in the order of the prompt.
        unknown: the words that ask for something, but are not known.
        paint: the colours of flocks, boats and other figures, by their names.
    """

    def __init__(self, prompt: str) -> None:
        words_said = re.findall(r"\w+", _CAMERA.sub(" ", prompt.lower()))
        language = language_of(words_said, _is_english)
        self.said = in_english(words_said, language, _is_english)
        self.cast = cast(self.said, _ENGLISH, language)
        words = list(_known(self.said))
        bound, self.paint = _painted(words)
        bound |= self.cast.bound
        self.unknown = tuple(self._not_known(words))
        self.words = [word._replace(traits=_of_the_scene(word.traits)) if word.at in bound else word for word in words]

    def _not_known(self, words: list[KnownWord]) -> Iterator[str]:
        covered = set(self.cast.bound)
        for known in words:
            covered.update(range(known.at, known.at + known.name.count(" ") + 1))
        for at, word in enumerate(self.said):
            common = len(word) < _SHORTEST or not word.isalpha() or word in _COMMON or word in _NUMBERS or word in _NOT
            # A participle or an adverb describes something, and does not name a thing that could be drawn.
            common = common or word.endswith(("ed", "ing", "ly"))
            if at not in covered and not common and not says_how(word) and _longest([word])[1] is None:
                yield word

    def first(self, trait: Name) -> str | None:
        """Return the first name that a trait is set to, or None."""
        return next(iter(self.names(trait)), None)

    def names(self, trait: Name) -> tuple[str, ...]:
        """Return all names that a trait is set to, each once."""
        return tuple(dict.fromkeys(word.traits[trait] for word in self.words if trait in word.traits))

    def first_amount(self, trait: Amount) -> float | None:
        """Return the first amount that a trait is set to, or None."""
        return next(iter(self._amounts(trait)), None)

    def most(self, trait: Amount) -> float | None:
        """Return the largest amount that a trait is set to, or None."""
        return max(self._amounts(trait), default=None)

    def _amounts(self, trait: Amount) -> list[float]:
        return [word.traits[trait] for word in self.words if trait in word.traits]

    def tints(self) -> tuple[RGB, ...]:
        """Return all colours of the scene."""
        return tuple(word.traits["tint"] for word in self.words if "tint" in word.traits)

    def life(self) -> tuple[tuple[str, int], ...]:
        """Return the figures and their numbers.

        The number is the one at a figure's first mention; the order is that of the last mentions.
        """
        counts: dict[str, int] = {}
        for word in reversed(self.words):
            if "life" in word.traits:
                counts[word.traits["life"]] = word.number
        return tuple(reversed(counts.items()))


def _is_english(word: str) -> bool:
    return word in _ENGLISH or thing_of(word) is not None or says_how(word)


def _painted(words: list[KnownWord]) -> tuple[set[int], dict[str, RGB]]:
    """Return the indexes of colours directly before a figure or a building, and the colours of figures by name."""
    bound: set[int] = set()
    paint: dict[str, RGB] = {}
    for before, word in pairwise(words):
        if "tint" in before.traits and before.at + 1 == word.at and word.traits.keys() & {"life", "built"}:
            bound.add(before.at)
            if "life" in word.traits:
                paint[word.traits["life"]] = before.traits["tint"]
    return bound, paint


def _of_the_scene(traits: Traits) -> Traits:
    """Return the traits that a word of a subject sets for the scene: without its colour, for example."""
    kept = {name: value for name, value in traits.items() if name not in ("tint", "life", "built", "plant", "motes")}
    return cast_type(Traits, kept)


def _known(words: list[str]) -> Iterator[KnownWord]:
    at = 0
    before: Traits = {}
    while at < len(words):
        name, traits = _longest(words[at : at + _LONGEST_NAME])
        if traits is not None:
            lead = words[max(0, at - 2) : at]
            # "Palm trees" means palms only, not palms and oaks.
            again = name in ("tree", "trees") and "plant" in before
            if not again and not _NOT.intersection(lead):
                yield KnownWord(name, traits, _count(lead, name), at)
                before = traits
        at += name.count(" ") + 1


def _longest(words: list[str]) -> tuple[str, Traits | None]:
    """Return the longest name of the vocabulary that the words begin with, and its traits.

    If no name matches, return the first word and None.
    """
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
