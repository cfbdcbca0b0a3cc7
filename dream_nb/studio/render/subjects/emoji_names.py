"""The things that the `emoji` package names, with where they belong and how they move, by their code points."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from dream_nb.studio.render.languages import Language, folded
from dream_nb.studio.render.subjects.thing import Thing

# The code points of drawings of each kind, one by one or as ranges. Faces, hands, signs and buttons are left out, and
# so are sights that landscapes already contain.
_RANGES: Final[tuple[tuple[Thing, str], ...]] = (
    (
        Thing("", habitat="table", gait="still", high=1.05, still=True),
        (
            "1F330 1F336 1F345-1F37F 1F950-1F96F 1F9C2-1F9CA 1FAD0-1FADD 231B 2328 23F0-23F2 2602 2614 260E "
            "2693 2694 2696 2697 2699 26BE 26D1 26F8 2702 2709 270F 2712 1F302 1F33F-1F341 1F380 1F389 "
            "1F38E-1F390 1F393 1F396 1F399 1F39E 1F39F 1F3A3 1F3A4 1F3A5 1F3A8 1F3AC-1F3B0 1F3B2 1F3B7 1F3BD 1F3BF "
            "1F3C6 1F3C8-1F3CA 1F3D0 1F3EE 1F3F8 1F3F9 1F41A 1F454-1F462 1F484 1F488-1F48A 1F48C 1F4A1-1F4A3 "
            "1F4B0 1F4B8 1F4BC-1F4C0 1F4DC-1F4E0 1F4E2 1F4E3 1F4E6 1F4EF 1F4F0 1F4F9-1F4FF 1F50B-1F50D 1F514 "
            "1F526-1F52C 1F570 1F579 1F58A-1F58D 1F5A5-1F5B2 1F5BC 1F5D1 1F5DC-1F5DE 1F5E1 1F5FA 1F6BF 1F6CD "
            "1F6CE 1F6E0 1F6E1 1F6FC 1F942-1F945 1F94A-1F94F 1F97B-1F97F 1F9E0 1F9E2-1F9E6 1F9E8-1F9FD "
            "1FA70-1FA74 1FA7A 1FA80 1FA83-1FA8A 1FA8E 1FA8F 1FA92-1FA9E 1FAA0-1FAA5 1FAA9 1FAAD 1FAB4 1FAB6"
        ),
    ),
    (Thing("", gait="hop", high=0.7), "1F997 1F99F 1FAB0-1FAB3 1F425"),
    (Thing("", habitat="water", gait="swim", high=0.85), "1F990 1F9AA 1FACD"),
    (Thing("", habitat="air", gait="float"), "1F6E9-1F6EC 1FA82 1F6A0 1F6A1 1FACC"),
    (Thing("", gait="roll"), "1F683-1F69D 1F6B2 1F6F4 1F6F7 1F6FA 1F6FB 1F6D2 1F3CE"),
    (Thing("", gait="still", still=True, high=1.2), "26F2 1F5FF 1F6AA 1F6CB 1F6CF 1F6C1 1FA91 1F6DD 1F3A2 1FAA6 1F4FA"),
    (Thing("", body="whole", gait="run"), "1F3C3 1F3C4 26F7 1F3C2 1F6B4 1F6B5 1F3C7 1F6B6"),
    (Thing("", body="whole", gait="dance"), "1F483 1F57A 1F938 1F939 1F93A 26F9 1F3CB 1F9D7"),
    (Thing("", body="whole", gait="breathe"), "1F9D8 1F9CE"),
    (Thing("", body="whole", habitat="water", gait="swim"), "1F3CA 1F6A3"),
    (Thing("", body="person", gait="sway"), "1F9DE 1F9CC 1F472 1F473 1F9D5 1F9B9 1F936 1F471"),
    (Thing("", body="person", gait="sway", high=0.6), "1F476"),
)
# The most words in a name that people would use, and words in names that do not name a thing.
_LONGEST: Final = 3
_NOT: Final = re.compile(r"\b(button|symbol|sign|face|with|mark)\b")

# The words for "face of a" before an animal's name, or at its end in German, for drawings that show only the face.
_OF_A_FACE: Final = re.compile(r"^(rosto|cara|tête|visage|muso|faccia|focinho) (de |di |d'|del )|gesicht$|kopf$")


@cache
def by_code() -> dict[str, Thing]:
    """Return the things of this module by their code points."""
    found: dict[str, Thing] = {}
    for kind, ranges in _RANGES:
        for code in _codes(ranges):
            found[code] = Thing(code, kind.body, kind.habitat, kind.high, kind.gait, kind.still, kind.dress, kind.tail)
    return found


def _codes(ranges: str) -> Iterator[str]:
    for piece in ranges.split():
        first, _, last = piece.partition("-")
        for point in range(int(first, 16), int(last or first, 16) + 1):
            yield f"{point:X}"


@cache
def english() -> dict[str, Thing]:
    """Return the things of this module by their English names."""
    return _named("en", by_code())


def elsewhere(language: Language, things: Iterable[Thing]) -> dict[str, Thing]:
    """Return things by their names in another language, without accents.

    Args:
        language: the language of the names.
        things: further things, besides those of this module.
    """
    known = by_code().copy()
    # If several things share a code, the first is the default.
    own: dict[str, Thing] = {}
    for thing in things:
        own.setdefault(thing.code.removesuffix("-FE0F"), thing)
    return _named(language, known | own)


def _named(language: Language, things: dict[str, Thing]) -> dict[str, Thing]:
    import emoji

    emoji.config.load_language(language)
    found: dict[str, Thing] = {}
    for text, names in emoji.EMOJI_DATA.items():
        thing = things.get("-".join(f"{ord(letter):X}" for letter in text if letter != "\ufe0f"))
        if thing is None:
            continue
        # The feminine form follows a slash, as in "Feuerwehrmann/-frau".
        name = names.get(language, "").strip(":").partition("/")[0]
        name = _OF_A_FACE.sub("", name.replace("_", " ").replace("-", " "))
        if re.fullmatch(r"\w+( \w+)*", name) and name.count(" ") < _LONGEST and not _NOT.search(name):
            found.setdefault(folded(name), thing)
    return found
