"""Reads the subjects of a prompt: what they are, how many, their colours, what they wear or hold, what they do."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from dream_nb.studio.render.languages import Language
from dream_nb.studio.render.subjects.repainting import COLOURS
from dream_nb.studio.render.subjects.thing import Thing
from dream_nb.studio.render.subjects.things import (
    AGED,
    GARMENTS,
    OLD,
    RIDDEN,
    SIGHTS,
    THINGS,
    WORN,
    foreign,
    is_one,
    other_thing_of,
    thing_of,
)

_LONGEST: Final = 3
_ARTICLES: Final = frozenset({"a", "an", "the", "one", "lone", "single", "some"})
_NUMBERS: Final = {
    "two": 2, "pair": 2, "couple": 2, "three": 3, "few": 3, "four": 4, "several": 4, "five": 5, "many": 6,
    "crowd": 7, "group": 5, "school": 5, "shoal": 6, "herd": 5, "flock": 6, "pack": 4,
}  # fmt: skip
_MOST: Final = 7
_PLURAL: Final = 3
# The size of an accompaniment, such as the candles on a cake, relative to its normal size.
_BESIDE: Final = 0.4
# Words that end the adjectives before a noun.
_BORDERS: Final = frozenset({
    "in", "on", "at", "of", "with", "by", "to", "from", "over", "under", "through", "near", "beside", "behind",
    "before", "into", "onto", "across", "around", "above", "below", "for", "is", "are", "and", "or", "while",
    "as", "that", "who", "which", "wearing", "holding", "drinking", "eating", "riding",
})  # fmt: skip
_HOLDS: Final = frozenset(
    {
        "with",
        "holding",
        "carrying",
        "drinking",
        "eating",
        "reading",
        "playing",
        "using",
        "sipping",
        "cooking",
        "baking",
        "making",
        "serving",
        "preparing",
    }
)
_WEARS: Final = frozenset(["with", "wearing", "in"])
_PLURALS: Final = frozenset({"people", "children", "men", "women", "butterflies", "geese", "mice", "wolves"})
# Nouns whose plural is the same as the singular.
_ALIKE: Final = frozenset({"fish", "sheep", "deer", "salmon", "squid", "bison", "moose"})
_GROWING: Final = frozenset({"sunflower", "tulip", "rose", "daisy", "daisie", "mushroom", "cactus"})
_FLOCKS: Final = frozenset({"bird", "butterfl", "bat", "fish", "balloon", "pigeon", "sparrow", "bee"})
_OPENING: Final = frozenset({"of", "with", "and"})
"""Words of `_BORDERS` after which a noun may stand without an article."""
# The number of words at the beginning of a prompt that are likely to name its subject.
_FIRST: Final = 3
_NOT: Final = frozenset({"no", "without", "not", "never", "minus"})
_LARGE: Final = frozenset({"giant", "huge", "gigantic", "enormous", "massive", "towering", "colossal", "big", "large"})
_SMALL: Final = frozenset({"tiny", "distant", "miniature"})
_YOUNG: Final = frozenset({"little", "small"})
_FAR: Final = re.compile(r"\b(far away|in the distance|from afar|wide shot|extreme wide)\b")
_CLOSE: Final = re.compile(r"\b(close ?up|portrait|macro|headshot|detail of)\b")
# The size of subjects in a close-up, as a factor.
_NEAR: Final = 1.45
_ACTIONS: Final = {
    "walk": "hop", "stroll": "hop", "trot": "hop", "run": "run", "gallop": "run", "chase": "run", "race": "run",
    "jump": "jump", "leap": "jump", "hop": "jump", "bounce": "jump", "dance": "dance", "twirl": "dance",
    "fly": "fly", "soar": "fly", "glide": "fly", "swim": "swim", "dive": "swim", "drive": "roll", "speed": "roll",
    "drift": "drift", "float": "float", "hover": "float", "fall": "fall", "land": "fall", "descend": "fall",
    "rise": "rise", "launch": "rise", "ascend": "rise", "spin": "spin", "rotate": "spin", "sleep": "breathe",
    "sit": "breathe", "stand": "breathe",
}  # fmt: skip
_LASTING: Final = {"running": "run", "swimming": "swim", "spinning": "spin", "sitting": "sit", "hopping": "hop"}


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject of a picture.

    Args:
        word: the word that the prompt uses.
        thing: the thing to draw.
        count: how many to draw.
        colour: its colour as hexadecimal RGB, or None for its own.
        clothes: the colour of its clothes as hexadecimal RGB, or None if the prompt does not say.
        dress: whether its clothes are long.
        size: a factor for its height.
        gait: how it moves: a key of `puppets.GAITS`, or an empty string.
        worn: the things that it wears or holds: the word for each, and its colour or None.
        mount: what it rides on, or None.
    """

    word: str
    thing: Thing
    count: int = 1
    colour: str | None = None
    clothes: str | None = None
    dress: bool = False
    size: float = 1.0
    gait: str = ""
    worn: tuple[tuple[str, str | None], ...] = ()
    mount: Subject | None = None


@dataclass(slots=True)
class _Draft:
    """A subject while the prompt is being read."""

    word: str
    thing: Thing
    count: int
    colour: str | None
    size: float
    end: int
    clothes: str | None = None
    dress: bool = False
    gait: str = ""
    worn: list[tuple[str, str | None]] = field(default_factory=list)
    mount: _Draft | None = None

    def done(self) -> Subject:
        mount = self.mount.done() if self.mount is not None else None
        long = self.dress or self.thing.dress
        gait = self.gait or (mount.gait if mount is not None else "") or self.thing.gait
        return Subject(
            self.word, self.thing, self.count, self.colour, self.clothes, long, self.size, gait, tuple(self.worn), mount
        )


class _Adjectives(NamedTuple):
    """The words before a noun: what they say about it, and the index of the first of them."""

    colour: str | None
    many: int
    size: float
    old: bool
    gait: str
    begin: int
    article: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """The subjects of a prompt.

    Args:
        subjects: the subjects, in the order of the prompt.
        bound: the indexes of the words of the prompt that describe only a subject.
        closeness: a factor for the size of the subjects: 1 is normal, larger is closer, smaller is farther away.
    """

    subjects: tuple[Subject, ...]
    bound: frozenset[int]
    closeness: float


def cast(words: list[str], known: Container[str], language: Language | None) -> Cast:
    """Return the subjects of a prompt.

    Args:
        words: the words of the prompt, in lower case.
        known: words that are known to the rest of the studio, and are not looked up in other languages.
        language: the language of the prompt, or None if it is unknown.
    """
    drafts: list[_Draft] = []
    bound: set[int] = set()
    abroad = language != "en"
    at = 0
    while at < len(words):
        length, thing = _longest(words, at, known, language)
        name = " ".join(words[at : at + length])
        if thing is None and name in GARMENTS and drafts and drafts[-1].thing.body == "person":
            _dress(drafts[-1], words, at, bound, abroad)
        elif thing is not None and _is_scenery(name, words[max(0, at - 2) : at]):
            pass
        elif thing is not None and not _NOT.intersection(words[max(0, at - 2) : at]):
            _add(drafts, bound, words, at, length, thing, abroad)
        elif thing is None and drafts and _is_colour_of_clothes(drafts[-1], words, at):
            drafts[-1].clothes = COLOURS[words[at]]
            bound.add(at)
        elif thing is None and drafts:
            drafts[-1].gait = _ACTIONS.get(_stem(words[at]), "") or drafts[-1].gait
        at += length
    if not drafts:
        _add_sight(drafts, bound, words, known)
    subjects = [draft.done() for draft in drafts]
    said = " ".join(words)
    close = _NEAR if _CLOSE.search(said) else 0.35 if _FAR.search(said) else 1.0
    return Cast(tuple(subjects), frozenset(bound), close)


def _longest(words: list[str], at: int, known: Container[str], language: Language | None) -> tuple[int, Thing | None]:
    for length in range(min(_LONGEST, len(words) - at), 0, -1):
        name = " ".join(words[at : at + length])
        thing = thing_of(name)
        if thing is not None:
            return length, thing
        if length > 1 and name in known:
            # For example, "alien planet" is not an alien.
            return length, None
        if name not in known and name not in GARMENTS and (length > 1 or _is_named(words, at)):
            thing = other_thing_of(name)
            if thing is not None:
                return length, thing
    word = words[at]
    taken = word in known or word in COLOURS or word in _BORDERS or word in GARMENTS
    if language != "en" and len(word) > 3 and not taken:
        return 1, foreign(word, language)
    return 1, None


def _add_sight(drafts: list[_Draft], bound: set[int], words: list[str], known: Container[str]) -> None:
    """Add the first building or similar sight that a prompt names; for prompts without any other subject."""
    at = 0
    while at < len(words):
        names = {length: " ".join(words[at : at + length]) for length in range(min(_LONGEST, len(words) - at), 0, -1)}
        length = next((length for length, name in names.items() if name in SIGHTS or (length > 1 and name in known)), 1)
        sight = SIGHTS.get(names[length])
        if sight is not None and _is_named(words, at) and not _NOT.intersection(words[max(0, at - 2) : at]):
            _add(drafts, bound, words, at, length, sight)
            return
        at += length


def _is_colour_of_clothes(draft: _Draft, words: list[str], at: int) -> bool:
    """Return whether a colour is all that the prompt says about a person's clothes: "a woman in red"."""
    alone = at + 1 == len(words) or words[at + 1] in _BORDERS
    return words[at] in COLOURS and words[at - 1] == "in" and alone and draft.thing.body in ("person", "whole")


def _is_named(words: list[str], at: int) -> bool:
    """Return whether a word is where the name of a thing can be: "a watch", but not "they watch" or "cooking"."""
    if words[at].endswith("ing"):
        return False
    for before in reversed(words[max(0, at - 3) : at]):
        if before in _ARTICLES or before in _NUMBERS:
            return True
        if before in _BORDERS:
            return before in _OPENING
    return at < _FIRST


def _add(
    drafts: list[_Draft], bound: set[int], words: list[str], at: int, length: int, thing: Thing, abroad: bool = False
) -> None:
    name = " ".join(words[at : at + length])
    said = _adjectives(words, at, bound)
    colour = said.colour
    bound.update(range(at, at + length))
    lead = words[max(0, said.begin - 2) : said.begin]
    if said.old and thing.code in AGED:
        thing = replace(thing, code=AGED[thing.code])
    after = at + length
    if abroad and colour is None and after < len(words) and words[after] in COLOURS:
        # For example, "un gato negro".
        colour = COLOURS[words[after]]
        bound.add(after)
    if words[after : after + 1] == ["s"]:
        # For example, "a child's bedroom".
        return
    several = _is_plural(name) or (name in _ALIKE and not said.article)
    draft = _Draft(name, thing, said.many or (_PLURAL if several else 1), colour, said.size, after, gait=said.gait)
    before = drafts[-1] if drafts else None
    if before is not None and before.end == at:
        # For example, "a chocolate cake": the second of two nouns is the subject.
        drafts[-1] = draft
        return
    if before is not None and thing.code in RIDDEN and ("riding" in lead or "on" in lead or "rides" in lead):
        before.mount = draft
        return
    alive = before is not None and (before.thing.habitat != "table" and not before.thing.still)
    if before is not None and alive and ((name in WORN and _WEARS.intersection(lead)) or _is_held(thing, lead)):
        before.worn.append((name, colour))
        return
    if before is not None and not alive and "with" in lead:
        # For example, "a cake with candles".
        draft.count, draft.size = 1, _BESIDE * draft.size
    drafts.append(draft)


def _is_held(thing: Thing, lead: list[str]) -> bool:
    return thing.habitat == "table" and bool(_HOLDS.intersection(lead))


def _adjectives(words: list[str], at: int, bound: set[int]) -> _Adjectives:
    """Read the words before a noun, and add those that describe only the noun to `bound`."""
    colour, count, size, old, gait, article = None, 0, 1.0, False, "", False
    place = at - 1
    while place >= 0 and at - place <= 5:
        word = words[place]
        if word in COLOURS:
            colour = colour or COLOURS[word]
            bound.add(place)
        elif word in _NUMBERS:
            count = count or _NUMBERS[word]
        elif word.isdecimal() and len(word) < 3:
            count = count or max(1, min(_MOST, int(word)))
        elif word in OLD:
            old = True
        elif word.endswith("ing") and _stem(word) in _ACTIONS:
            gait = _ACTIONS[_stem(word)]
        elif word in _LARGE:
            size = 1.3
        elif word in _SMALL:
            size = 0.45
        elif word == "of" and place and words[place - 1] in _NUMBERS:
            pass
        elif word in _BORDERS:
            break
        if word in _ARTICLES and place and words[place - 1] != "of":
            place, article = place - 1, True
            break
        article = article or word in _ARTICLES
        place -= 1
    return _Adjectives(colour, count, size, old, gait, place + 1, article)


def _dress(draft: _Draft, words: list[str], at: int, bound: set[int], abroad: bool) -> None:
    bound.add(at)
    colour = _adjectives(words, at, bound).colour
    if colour is None and abroad and at + 1 < len(words) and words[at + 1] in COLOURS:
        colour = COLOURS[words[at + 1]]
        bound.add(at + 1)
    draft.clothes, draft.dress = colour or draft.clothes, GARMENTS[words[at]] or draft.dress


def says_how(word: str) -> bool:
    """Return whether a word says how a subject moves, looks or is dressed."""
    return _stem(word) in _ACTIONS or word in _LARGE | _SMALL | _YOUNG | OLD or word in COLOURS or word in GARMENTS


def _stem(word: str) -> str:
    if word in _LASTING:
        return _LASTING[word]
    for ending in ("ing", "es", "s", ""):
        root = word.removesuffix(ending) if ending else word
        for form in (root, f"{root}e"):
            if word.endswith(ending) and form in _ACTIONS:
                return form
    return word


def _is_plural(name: str) -> bool:
    english = thing_of(name) or other_thing_of(name)
    return name in _PLURALS or (english is not None and not is_one(name) and name.endswith("s"))


def _is_scenery(name: str, lead: list[str]) -> bool:
    """Return whether a noun is part of the landscape, such as a field of flowers or a flock of birds.

    Args:
        name: the noun.
        lead: the words before it.
    """
    single = name if name in THINGS else name.removesuffix("s")
    if single in _GROWING:
        return _is_plural(name) and ("of" in lead or "with" in lead or "and" in lead)
    return _is_plural(name) and name.rstrip("s").removesuffix("ie") in _FLOCKS
