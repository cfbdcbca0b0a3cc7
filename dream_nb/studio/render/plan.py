"""Prompt -> plan: what will be drawn, in the words of the vocabulary."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import cast

import numpy as np

from dream_nb.studio.render import camera
from dream_nb.studio.render.brief import Brief
from dream_nb.studio.render.noise import chance, pick
from dream_nb.studio.render.vocabulary import RGB, VOCABULARY, Traits

_NOT = {"no", "without", "not", "never", "minus"}
_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "lone": 1,
    "single": 1,
    "solitary": 1,
    "two": 2,
    "pair": 2,
    "three": 3,
    "four": 4,
}
_NUMBERS |= {"five": 5, "six": 6, "seven": 7, "some": 3, "few": 3, "several": 4, "many": 7, "herd": 6, "flock": 9}
_HOURS = ("dawn", "morning", "noon", "golden", "sunset", "sunset", "dusk", "night")
_MOTIFS = ("balloons", "person", "deer", "eagle", "castle", "windmill", "ruins", "torii")
_LANDS = ("mountains", "mountains", "hills", "hills", "islands", "cliffs", "mesa", "dunes")


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """What is drawn. Amounts are 0 to 1; names are those of `vocabulary.Traits`."""

    hour: str
    land: str
    ground: str
    water: str
    plants: tuple[str, ...]
    asked_plants: bool
    lush: float
    built: tuple[str, ...]
    life: tuple[tuple[str, int], ...]
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
    seed: tuple[str, int]

    def chance(self, *what: object) -> np.random.Generator:
        """The generator for one part of the drawing."""
        return chance(*self.seed, *what)


def read(brief: Brief) -> ScenePlan:
    """The plan of a brief. Any text gives one: what no word sets is chosen by the text as a whole."""
    found = _traits(brief.prompt)
    idea = chance("idea", brief.prompt)
    layout = chance("layout", brief.prompt, brief.take)
    hours: tuple[str, ...] = _HOURS if _most(found, "storm") is None else ("dusk", "dusk", "night")
    if "autumn" in _all(found, "plant"):
        hours = ("golden", "golden", "morning", "sunset")
    hour = _first(found, "hour") or hours[int(idea.random() * len(hours))]
    asked_water = _first(found, "water")
    lands = _LANDS if asked_water in (None, "none", "sea") else _LANDS[:4]
    land = _first(found, "land") or lands[int(idea.random() * len(lands))]
    falls = _most(found, "falls") or 0.0
    if falls:  # which need something to fall from
        land = "cliffs"
    wet = idea.random() < 0.55
    dry_land = land in ("dunes", "mesa", "plain", "deep")
    water = asked_water or (
        "sea" if land in ("islands", "cliffs", "ice") else "lake" if wet and not dry_land else "none"
    )
    if land == "islands" and water == "none":
        water = "sea"
    if land == "deep":
        water = "none"
    grounds = {"dunes": "sand", "mesa": "red", "ice": "snow", "volcano": "ash", "mountains": "rock", "cliffs": "rock"}
    if land == "city" and asked_water is None:
        water = "lake" if idea.random() < 0.75 else "none"
    ground = _first(found, "ground") or grounds.get(land, "grass")
    tints = tuple(t["tint"] for _, t, _ in found if "tint" in t)
    if not found:
        # A text of which no word is known still has colours of its own.
        turn = float(idea.random())
        tints = (_hue(turn), _hue(turn + 0.14))
    plants = _all(found, "plant")
    lush = _most(found, "lush")
    if not plants and land in ("hills", "mountains", "islands") and ground not in ("sand", "ash"):
        plants = ("pine",) if ground == "snow" else (("pine", "oak", "pine", "cypress")[int(idea.random() * 4)],)
        lush = 0.35 if lush is None else lush
    built = _all(found, "built")
    life = tuple((t["life"], count) for _, t, count in _unique(found, "life"))
    if ("umbrella", 0) in life:  # somebody holds it
        life = tuple(one for one in life if one[0] not in ("person", "child"))
    if not found:
        # And something to look at.
        motif = _MOTIFS[int(idea.random() * len(_MOTIFS))]
        if motif in _MOTIFS[:4]:
            life = ((motif, 0),)
        else:
            built = (motif,)
    if not life and hour != "night" and land != "deep" and idea.random() < 0.5:
        life = (("birds", 5),)
    storm = _most(found, "storm") or 0.0
    cloud = _first_amount(found, "cloud")
    motion = camera.asked(brief.prompt)
    if motion is None:
        motion = _habit(layout)
    wind = _most(found, "wind")
    return ScenePlan(
        hour=hour,
        land=land,
        ground=ground,
        water=water,
        plants=plants,
        lush=0.5 if lush is None else lush,
        built=built,
        life=life,
        asked_plants=bool(_all(found, "plant")),
        skies=_all(found, "sky"),
        motes=_all(found, "motes"),
        tints=tints[:3],
        style=_first(found, "style") or "plain",
        cloud=pick(idea, 0.25, 0.55) if cloud is None else cloud,
        storm=storm,
        haze=_most(found, "haze") or pick(idea, 0.0, 0.25),
        rain=_most(found, "rain") or 0.0,
        snow=_most(found, "snow") or 0.0,
        wind=0.35 if wind is None else wind,
        stars=_most(found, "stars") or (0.6 if hour == "night" else 0.2 if hour == "dusk" else 0.0),
        waves=_first_amount(found, "waves") or (0.45 if water == "sea" else 0.25),
        falls=falls,
        pace=_first_amount(found, "pace") or 1.0,
        motion=motion,
        seed=(brief.prompt, brief.take),
    )


def _hue(turn: float) -> RGB:
    """A strong colour on the wheel."""
    r, g, b = (0.5 + 0.42 * math.cos(2 * math.pi * (turn + third / 3)) for third in range(3))
    return r, g, b


def _habit(rng: np.random.Generator) -> camera.CameraMotion:
    """The camera that nobody asked for: carried slowly to one side."""
    side = 1.0 if rng.random() < 0.5 else -1.0
    return camera.CameraMotion(truck_x=side * pick(rng, 0.05, 0.09))


_Found = list[tuple[str, Traits, int]]


def _traits(prompt: str) -> _Found:
    """The known words of a prompt in their order, with what they set and how many are meant (0: not said)."""
    text = re.sub(r"camera\s+(\w+\s+){0,2}(left|right|up|down|in|out)\b", " ", prompt.lower())
    words = re.findall(r"\w+", text)
    found: _Found = []
    at = 0
    while at < len(words):
        for length in (3, 2, 1):
            name = " ".join(words[at : at + length])
            traits = VOCABULARY.get(name) or _singular(name)
            if traits is not None and at + length <= len(words):
                before = words[max(0, at - 2) : at]
                # "palm trees" are palms, and no oaks besides.
                again = name in ("tree", "trees") and bool(found) and "plant" in found[-1][1]
                if not _NOT.intersection(before) and not again:
                    found.append((name, traits, _count(before, name)))
                at += length
                break
        else:
            at += 1
    return found


def _singular(name: str) -> Traits | None:
    for ending, instead in (("ies", "y"), ("ves", "f"), ("es", ""), ("s", "")):
        if name.endswith(ending) and (name[: -len(ending)] + instead) in VOCABULARY:
            return VOCABULARY[name[: -len(ending)] + instead]
    return None


def _count(before: list[str], name: str) -> int:
    for word in reversed(before):
        if word in _NUMBERS:
            return _NUMBERS[word]
        if word.isdecimal() and len(word) < 4:
            return max(1, min(12, int(word)))
    return 0 if not name.endswith("s") else 3


def _first(found: _Found, key: str) -> str | None:
    return next((cast(str, traits.get(key)) for _, traits, _ in found if key in traits), None)


def _first_amount(found: _Found, key: str) -> float | None:
    return next((cast(float, traits.get(key)) for _, traits, _ in found if key in traits), None)


def _most(found: _Found, key: str) -> float | None:
    return max((cast(float, traits.get(key)) for _, traits, _ in found if key in traits), default=None)


def _all(found: _Found, key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cast(str, traits.get(key)) for _, traits, _ in found if key in traits))


def _unique(found: _Found, key: str) -> _Found:
    return list(
        {
            cast(str, traits.get(key)): (name, traits, count)
            for name, traits, count in reversed(found)
            if key in traits
        }.values()
    )[::-1]
