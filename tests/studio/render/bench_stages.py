"""Which stages a picture of the studio shows, by its pixels if they can tell, else by what rendered it."""

from __future__ import annotations

from typing import Final

from tests.studio.render import hues
from tests.studio.render.bench_prompts import Hour, Stage
from tests.studio.render.exposures import HEIGHT, Exposure
from tests.studio.render.silhouettes import U8

# The bench's names for the studio's places. Pixels cannot tell for certain a street, a room, a table, a close-up of
# the ground, a backdrop or flowing matter, so for these the part of the studio that rendered the frame decides.
_PLACES: Final[dict[str, Stage]] = {
    "abstract": "abstract",
    "backdrop": "portrait backdrop",
    "interior": "interior",
    "macro": "macro ground",
    "space": "space",
    "street": "street",
    "table": "table",
}
_TREES: Final = frozenset(
    {"pine", "oak", "palm", "blossom", "autumn", "cypress", "willow", "acacia", "bamboo", "birch"}
)
_LANDS: Final[dict[str, Stage]] = {
    "mountains": "mountains",
    "cliffs": "mountains",
    "volcano": "mountains",
    "mesa": "desert",
    "dunes": "desert",
    "city": "city skyline",
}
_FIELDS: Final = frozenset({"hills", "plain"})
_MEADOWS: Final = frozenset({"grass", "earth", "moss"})

# Thresholds: parts of the picture, and levels of brightness from 0 to 1.
_WET: Final = 0.06
_WOODED: Final = 0.10
_MOST: Final = 0.5
_SKY: Final = 0.5
_DARK: Final = 0.34
_LAMPLIT: Final = 0.45
_SPACE: Final = 0.25
_BRIGHT: Final = 0.33
_WHITENED: Final = 0.03
_TWILIGHT: Final = (0.08, 0.7)
_WARM: Final = 0.15
_TEXTURED: Final = 0.4


def stages(shot: Exposure) -> set[Stage]:
    """The stages that a picture shows.

    Args:
        shot: the picture and its scene.
    """
    plan = shot.scene.stage.plan
    if shot.scene.place is not None:
        stage = _PLACES[plan.place]
        if stage == "space" and hues.luma(shot.picture) > _SPACE:
            return set()
        return {stage}
    if shot.scene.map is not None:
        return {"aerial"} if _without_sky(shot.picture) else set()
    if plan.land == "deep":
        return {"water"} if hues.of_water(shot.picture) > _MOST else set()
    return _outdoors(shot)


def _outdoors(shot: Exposure) -> set[Stage]:
    s = shot.scene.stage
    plan, foot = s.plan, shot.picture[HEIGHT * 2 // 3 :]
    found: set[Stage] = set()
    if s.horizon > _SKY * s.height:
        found.add("sky")
    if shot.wet > _WET:
        found.add("water")
        if plan.ground == "sand":
            found.add("beach")
    if plan.ground == "snow" and shot.whitened > _WHITENED:
        found.add("snow")
    land = _LANDS.get(plan.land)
    if land == "desert":
        if plan.hour in ("night", "dusk") or hues.of_sand(foot) > _MOST:
            found.add("desert")
    elif land is not None:
        found.add(land)
    if plan.land in _FIELDS and plan.ground in _MEADOWS:
        found.add("field")
    if _TREES.intersection(plan.plants) and shot.planted > _WOODED:
        found.add("forest")
    if plan.built:
        found.add("other")
    return found


def _without_sky(picture: U8) -> bool:
    """Whether the top fifth has about as many edges as the bottom fifth: a sky is smooth, land from above is not."""
    grey = picture.astype(float).mean(axis=2)
    edges = abs(grey[:, 1:] - grey[:, :-1])
    fifth = len(grey) // 5
    return bool(edges[:fifth].mean() > _TEXTURED * edges[-fifth:].mean())


def shows_hour(shot: Exposure, hour: Hour) -> bool:
    """Whether the brightness and the warmth of a picture match a time of day.

    Args:
        shot: the picture and its scene.
        hour: the time of day. Rooms and streets have lamps, so at night they may be brighter than a landscape.
    """
    bright = hues.luma(shot.picture)
    lamps = shot.scene.place is not None
    if hour == "night":
        return bright < (_LAMPLIT if lamps else _DARK)
    if hour == "day":
        return bright > _BRIGHT
    return _TWILIGHT[0] < bright < _TWILIGHT[1] and hues.warm(shot.picture) > _WARM
