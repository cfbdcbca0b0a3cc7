"""The plan of a drawing: the meaning of a prompt in terms of the vocabulary."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from dream_nb.studio.render import camera, concepts
from dream_nb.studio.render.brief import Brief
from dream_nb.studio.render.noise import chance, pick
from dream_nb.studio.render.prompt import KnownWords, Name
from dream_nb.studio.render.subjects.cast import Cast, Subject
from dream_nb.studio.render.subjects.things import MINIATURE
from dream_nb.studio.render.vocabulary import RGB

# If the prompt does not decide, one of these is chosen; a name that is listed twice is chosen twice as often.
_HOURS: Final = ("dawn", "morning", "noon", "golden", "sunset", "sunset", "dusk", "night")
_STORMY_HOURS: Final = ("dusk", "dusk", "night")
_AUTUMN_HOURS: Final = ("golden", "golden", "morning", "sunset")
# Hours at which the colours of a subject can be seen.
_BRIGHT_HOURS: Final = ("morning", "morning", "noon", "golden", "golden", "dawn", "sunset")
_INLAND: Final = ("mountains", "mountains", "hills", "hills")
_LANDS: Final = (*_INLAND, "islands", "cliffs", "mesa", "dunes")
_TREES: Final = ("pine", "oak", "pine", "cypress")
_LIVING_MOTIFS: Final = ("balloons",)
_BUILT_MOTIFS: Final = ("castle", "windmill", "ruins", "torii")
# The ground of each land whose ground is not grass, and the water of each land whose water is not random.
_GROUNDS: Final = {
    "dunes": "sand", "mesa": "red", "ice": "snow", "volcano": "ash", "mountains": "rock", "cliffs": "rock",
}  # fmt: skip
_WATERS: Final = {
    "islands": "sea", "cliffs": "sea", "ice": "sea", "dunes": "none", "mesa": "none", "plain": "none", "deep": "none",
}  # fmt: skip
_FRESH: Final = frozenset({"lake", "river", "marsh"})
_WOODED: Final = frozenset({"hills", "mountains", "islands"})
_BARREN: Final = frozenset({"sand", "ash"})
_STARS: Final = {"night": 0.6, "dusk": 0.2}
_WAVES: Final = {"sea": 0.45}
_SEVERAL: Final = 2
# Kinds that consist of many buildings, and so are never the only building.
_MASSES: Final = frozenset({"towers", "village"})
_MOST_TINTS: Final = 3
# The kinds of each place; the first is the default.
_ROOMS: Final = {
    "interior": ("living", "library", "cafe", "kitchen", "bedroom", "office", "workshop"),
    "street": ("street", "alley", "market", "neon"),
    "space": ("planet", "orbit", "station", "hole"),
}
_MATTERS: Final = {
    "table": ("wood", "marble", "slate", "studio"),
    "macro": ("leaf", "moss", "drops"),
    "abstract": ("ink", "metal", "smoke", "geometry", "fractal"),
}
# Haunts that are also given up if the prompt names living things or subjects.
_LIFELESS: Final = frozenset({"macro", "abstract", "table"})
_INDOORS: Final = frozenset({"interior", "table", "backdrop"})
_OUTDOORS: Final[tuple[Name, ...]] = ("land", "water", "built")
# Traits that do not set a scene. A prompt with only these and an unknown noun is about that noun.
_MOODS: Final = frozenset({"tint", "style", "pace", "wind", "waves"})


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """What to draw. Amounts are 0 to 1; names are those of `vocabulary.Traits`.

    `place` is empty for a landscape. `lone` is the boat or building that is the only motif of the prompt, or empty.
    `usual` is the motion of the camera without the concepts of the brief.
    """

    hour: str
    place: str
    room: str
    matter: str
    land: str
    ground: str
    water: str
    plants: tuple[str, ...]
    asked_plants: bool
    lush: float
    built: tuple[str, ...]
    life: tuple[tuple[str, int], ...]
    paint: tuple[tuple[str, RGB], ...]
    lone: str
    cast: Cast
    skies: tuple[str, ...]
    motes: tuple[str, ...]
    tints: tuple[RGB, ...]
    style: str
    cloud: float
    storm: float
    haze: float
    rain: float
    snow: float
    wind: float
    stars: float
    waves: float
    falls: float
    pace: float
    motion: camera.CameraMotion
    usual: camera.CameraMotion
    seed: tuple[str, int]

    def chance(self, *what: object) -> np.random.Generator:
        """Return the random generator for one part of the drawing.

        Args:
            what: the name of the part, and further values that identify it.
        """
        return chance(*self.seed, *what)


def read(brief: Brief) -> ScenePlan:
    """Return the plan of a brief. Every text has one: anything that no word sets is chosen by a seed from the text."""
    words = KnownWords(brief.prompt)
    # Each choice takes the next random number, so a different order of choices would change the drawing.
    idea = chance("idea", brief.prompt)
    hour = _hour(words, idea)
    place = _place(words, brief.prompt)
    land = _land(words, idea)
    water = _water(words, land, idea)
    ground = words.first("ground") or _GROUNDS.get(land, "grass")
    tints = _tints(words, idea)
    plants, lush = _growth(words, land, ground, idea)
    built, life = _sights(brief.prompt, words, hour, land, idea)
    cloud = words.first_amount("cloud")
    haze = words.most("haze")
    asked, habit = camera.asked(brief.prompt), _habit(chance("layout", brief.prompt, brief.take))
    return ScenePlan(
        hour=hour,
        place=place,
        room=_of_place(words.names("room"), _ROOMS.get(place, ())),
        matter=_of_place(words.names("matter"), _MATTERS.get(place, ())),
        land=land,
        ground=ground,
        water=water,
        plants=plants,
        asked_plants=bool(words.names("plant")),
        lush=lush,
        built=built,
        life=life,
        paint=tuple(words.paint.items()),
        lone=_lone(words),
        cast=words.cast,
        skies=words.names("sky"),
        motes=words.names("motes"),
        tints=tints,
        style=brief.style or words.first("style") or "plain",
        cloud=pick(idea, 0.25, 0.55) if cloud is None else cloud,
        haze=pick(idea, 0.0, 0.25) if haze is None else haze,
        storm=_amount(words.most("storm"), 0.0),
        rain=_amount(words.most("rain"), 0.0),
        snow=_amount(words.most("snow"), 0.0),
        wind=_amount(words.most("wind"), 0.35),
        falls=_amount(words.most("falls"), 0.0),
        stars=_amount(words.most("stars"), _STARS.get(hour, 0.0)),
        waves=_amount(words.first_amount("waves"), _WAVES.get(water, 0.25)),
        pace=_amount(words.first_amount("pace"), 1.0),
        motion=concepts.motion(brief.concepts, asked, habit),
        usual=asked or habit,
        seed=(brief.prompt, brief.take),
    )


def _amount(said: float | None, default: float) -> float:
    return default if said is None else said


def _one_of(names: tuple[str, ...], idea: np.random.Generator) -> str:
    return names[int(idea.random() * len(names))]


def _hour(words: KnownWords, idea: np.random.Generator) -> str:
    hours: tuple[str, ...] = _HOURS if words.most("storm") is None else _STORMY_HOURS
    if "autumn" in words.names("plant"):
        hours = _AUTUMN_HOURS
    elif words.cast.subjects and words.most("storm") is None:
        hours = _BRIGHT_HOURS
    return words.first("hour") or _one_of(hours, idea)


def _place(words: KnownWords, prompt: str) -> str:
    """Return the place, or an empty string for a landscape."""
    place, haunt = words.first("place"), words.first("haunt")
    subjects = words.cast.subjects
    laid = bool(subjects) and subjects[0].thing.habitat == "table"
    if place is not None:
        # Food is shown on a table, also in a close-up.
        return "table" if laid and place in _LIFELESS else place
    if not words.words and not subjects:
        return "backdrop" if prompt.strip() else ""
    if haunt == "street" and subjects and _walks(subjects[0]) and not (words.first("water") or words.first("ground")):
        return haunt
    if laid and haunt in _INDOORS:
        return "interior" if haunt == "interior" else "table"
    if any(words.first(trait) for trait in _OUTDOORS):
        return ""
    if laid:
        return "table"
    if subjects and all(one.thing.code in MINIATURE for one in subjects) and (haunt in _LIFELESS or _is_near(words)):
        return "macro"
    if haunt is not None:
        # A close-up of a lion does not ask for a macro view of the ground, nor a dragon's smoke for an abstract one.
        return "" if haunt in _LIFELESS and (words.life() or subjects) else haunt
    if subjects:
        return ""
    only_moods = all(_MOODS.issuperset(word.traits) for word in words.words)
    return "backdrop" if only_moods and words.unknown else ""


def _is_near(words: KnownWords) -> bool:
    return words.cast.closeness > 1


def _walks(subject: Subject) -> bool:
    """Return whether a subject can move on the ground, and so may appear in a street."""
    return subject.thing.habitat == "ground" and not subject.thing.still


def _of_place(named: tuple[str, ...], known: tuple[str, ...]) -> str:
    """Return the first name that fits the place, or else the place's default.

    Args:
        named: the names that the prompt sets.
        known: the names that fit the place, the default first.
    """
    return next((name for name in named if name in known), known[0] if known else "")


def _land(words: KnownWords, idea: np.random.Generator) -> str:
    lands = _INLAND if words.first("water") in _FRESH else _LANDS
    land = words.first("land") or ("deep" if _dives(words) else _one_of(lands, idea))
    # A waterfall needs something to fall from.
    return "cliffs" if words.most("falls") else land


def _dives(words: KnownWords) -> bool:
    """Return whether every subject swims, and the prompt sets no land, water or building."""
    swims = [one.thing.habitat == "water" and one.gait == "swim" for one in words.cast.subjects]
    return bool(swims) and all(swims) and not any(words.first(trait) for trait in _OUTDOORS)


def _water(words: KnownWords, land: str, idea: np.random.Generator) -> str:
    # "A lake in the forest" has a lake, although "forest" sets the water to "none".
    asked = next((name for name in words.names("water") if name != "none"), words.first("water"))
    wet = idea.random() < 0.55
    water = asked or _WATERS.get(land) or ("lake" if wet else "none")
    if land == "islands" and water == "none":
        return "sea"
    if land == "deep":
        return "none"
    if land == "city" and asked is None:
        return "lake" if idea.random() < 0.75 else "none"
    return water


def _tints(words: KnownWords, idea: np.random.Generator) -> tuple[RGB, ...]:
    if words.words or words.cast.subjects:
        return words.tints()[:_MOST_TINTS]
    # A text without any known word gets random colours.
    turn = float(idea.random())
    return _hue(turn), _hue(turn + 0.14)


def _growth(words: KnownWords, land: str, ground: str, idea: np.random.Generator) -> tuple[tuple[str, ...], float]:
    """Return the kinds of plants, and how densely they grow (0 to 1)."""
    plants, lush = words.names("plant"), words.most("lush")
    if plants or land not in _WOODED or ground in _BARREN:
        return plants, _amount(lush, 0.5)
    tree = "pine" if ground == "snow" else _one_of(_TREES, idea)
    return (tree,), _amount(lush, 0.35)


def _sights(
    prompt: str, words: KnownWords, hour: str, land: str, idea: np.random.Generator
) -> tuple[tuple[str, ...], tuple[tuple[str, int], ...]]:
    """Return the kinds of buildings, and the kinds of figures with their number (0: the default number)."""
    built, life = words.names("built"), words.life()
    if not prompt.strip():
        # An empty prompt gets a motif.
        motif = _one_of(_LIVING_MOTIFS + _BUILT_MOTIFS, idea)
        built, life = ((), ((motif, 0),)) if motif in _LIVING_MOTIFS else ((motif,), ())
    if not life and not words.cast.subjects and hour != "night" and land != "deep" and idea.random() < 0.5:
        life = (("birds", 5),)
    return built, life


def _lone(words: KnownWords) -> str:
    """Return the boat or building that is the only motif of a prompt, or an empty string."""
    boats = [kind for kind, many in words.life() if many < _SEVERAL]
    sights = [*boats, *(kind for kind in words.names("built") if kind not in _MASSES)]
    return sights[0] if len(sights) == 1 and not words.cast.subjects else ""


def _hue(turn: float) -> RGB:
    """Return a strong colour at a position of the colour wheel, in turns."""
    r, g, b = (0.5 + 0.42 * math.cos(2 * math.pi * (turn + third / 3)) for third in range(3))
    return r, g, b


def _habit(rng: np.random.Generator) -> camera.CameraMotion:
    """Return the default camera motion: slowly into the scene, and a little to one side."""
    side = 1.0 if rng.random() < 0.5 else -1.0
    return camera.CameraMotion(truck_x=side * pick(rng, 0.05, 0.09), truck_y=pick(rng, 0.07, 0.10))
