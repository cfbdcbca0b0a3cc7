"""Places the subjects in a scene, lights them, and draws them into its frames."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dream_nb.studio.render.noise import U8, pick
from dream_nb.studio.render.palette import mix, times
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.subjects import art as arts
from dream_nb.studio.render.subjects.art import Art
from dream_nb.studio.render.subjects.cast import Cast, Subject
from dream_nb.studio.render.subjects.openmoji import cropped, rendered, rendered_content
from dream_nb.studio.render.subjects.puppets import GAITS, POSES, Path, Pose
from dream_nb.studio.render.subjects.sprite import Reflection, Sprite, margin, paper, shadow
from dream_nb.studio.render.subjects.things import FACES, WORN, other_thing_of, thing_of
from dream_nb.studio.render.vocabulary import RGB

# For one subject of normal size: the fraction of the frame that it covers, and its largest height and width, as
# fractions of the frame's.
_COVERED: Final = 0.125
_HIGHEST: Final = 0.76
_WIDEST: Final = 0.7
# The colours of clothes for people who are drawn from head to foot, if the prompt names none.
_CLOTHES: Final = ("#2f6fd0", "#d22f2a", "#1fa3a0", "#7b3fb5")
_WHITE: Final = (1.0, 1.0, 1.0)
_NEAR: Final = 0.8
# The strength of reflections in water, and the strength up to which reflections are not drawn.
_WATER: Final = 0.45
_LEAST: Final = 0.08


@dataclass(frozen=True, slots=True)
class Footing:
    """The ground that subjects stand on.

    Args:
        foot: the row of their feet, as a fraction of the frame's height.
        size: the largest height of a subject of normal size, as a fraction of the frame's height.
        reflects: the strength of reflections on the ground, 0 to 1.
    """

    foot: float = 0.9
    size: float = _HIGHEST
    reflects: float = 0.0


@dataclass(frozen=True, slots=True)
class Puppet:
    """One figure in a scene.

    Args:
        stage: the stage of the drawing.
        sprite: its pictures.
        shade: its shadow on the ground, or None.
        mirror: its reflection in the ground or the water, or None.
        path: its path.
        ground: the row of the ground below it.
    """

    stage: SceneStage
    sprite: Sprite
    shade: Sprite | None
    mirror: Reflection | None
    path: Path
    ground: float

    def draw(self, canvas: Planes, frame: int) -> None:
        """Draw the figure into a frame."""
        dx, dy = self.stage.shift(frame, _NEAR)
        x, foot = self.path.at(frame)
        if self.shade is not None:
            self.shade.draw(canvas, 0, x + dx, self.ground + dy)
        pose = int(self.path.step(frame) * POSES) % POSES
        if self.mirror is not None:
            # The reflection is as far below the ground as the figure is above it.
            self.mirror.draw(canvas, pose, x + dx, 2 * self.ground - foot + dy)
        self.sprite.draw(canvas, pose, x + dx, foot + dy)


def puppets(stage: SceneStage, cast: Cast, ground: Footing) -> list[Puppet]:
    """Return the figures of a scene, from the farthest to the nearest.

    Args:
        stage: the stage of the drawing.
        cast: the subjects.
        ground: the ground that they stand on.
    """
    several = [(subject, number) for subject in cast.subjects for number in range(subject.count)][:8]
    many = len(several)
    rng = stage.plan.chance("subjects")
    side = -1.0 if rng.random() < 0.5 else 1.0
    # Small subjects leave more room for the others.
    room = max(1.0, sum(min(1.0, subject.size) for subject, _ in several))
    close = cast.closeness * (1.0 - 0.055 * (room - 1.0))
    made: list[Puppet] = []
    for at, (subject, number) in enumerate(several):
        made.append(_puppet(stage, subject, (at, many, room), number, close, side, ground))
    return sorted(made, key=lambda puppet: puppet.ground)


def _puppet(
    s: SceneStage,
    subject: Subject,
    place: tuple[int, int, float],
    number: int,
    close: float,
    side: float,
    ground: Footing,
) -> Puppet:
    rng = s.plan.chance("subject", subject.word, number)
    at, many, room = place
    # A mouse that is the only subject is shown nearly as large as an elephant.
    own = subject.thing.high if many > 1 else min(subject.thing.high, 1.0) ** 0.4
    art = _art(s, subject, rng)
    field = (art.width, art.height)
    small = rendered(art.inside, field, round(art.height))
    outline = cropped(small)
    high = _height(s, outline, ground, room, many) * own * subject.size * close * pick(rng, 0.97, 1.1)
    rows = max(8, round(min(high, 2.0 * s.height) * round(art.height) / outline.shape[0]))
    picture = rendered_content(art.inside, field, rows, small)
    gait = GAITS[subject.gait or "breathe"]
    facing = side if gait.way else -1.0
    if facing > 0 and subject.thing.body == "plain":
        picture = picture[:, ::-1]
    poses = gait.poses()
    sprite = Sprite(paper(picture, _light(s), s.style.grade, rng, poses), poses, 0.0)
    sprite.foot = sprite.size[1] - margin(picture.shape[0])
    aside = 0.13 if many == 1 else 0.05
    x = s.width * (0.5 + _spread(many) * ((at + 0.5) / many - 0.5)) + pick(rng, -aside, aside) * s.width / many
    foot = _foot(s, subject, sprite, ground, rng)
    stands = subject.thing.habitat in ("ground", "table")
    shade = _shade(sprite, picture.shape[1]) if stands else None
    # A spinning subject is shown from the front at first.
    start = 0.0 if gait.spins else float(rng.random())
    path = Path(s, gait, x, foot, float(sprite.size[1]), facing if gait.way else side, start)
    wet = subject.thing.habitat == "water" and s.plan.land != "deep"
    strength = _WATER if wet else ground.reflects if stands else 0.0
    return Puppet(s, sprite, shade, Reflection(sprite, strength) if strength > _LEAST else None, path, foot)


def _height(s: SceneStage, outline: U8, ground: Footing, room: float, many: int) -> float:
    """Return the height of a subject of normal size, in pixels. All subjects cover about the same area of the frame.

    Args:
        s: the stage of the drawing.
        outline: the picture of the subject, rows x columns x RGBA.
        ground: the ground that it stands on.
        room: the room that all subjects need, in subjects of normal size.
        many: the number of subjects.
    """
    tall, wide = outline.shape[:2]
    covered = _COVERED * s.width * s.height / room**0.6
    high = math.sqrt(covered * tall / (wide * float((outline[..., 3] > 0).mean())))
    # Each of several subjects keeps to its own part of the width.
    widest = s.width * (_WIDEST if many == 1 else 0.95 * _spread(many) / many)
    return float(min(high, ground.size * s.height, widest * tall / wide))


def _spread(many: int) -> float:
    """Return the fraction of the frame's width that several subjects share."""
    return min(0.94, 0.34 + 0.17 * many)


def _foot(s: SceneStage, subject: Subject, sprite: Sprite, ground: Footing, rng: np.random.Generator) -> float:
    high = sprite.size[1]
    if subject.gait in ("fly", "float") and subject.thing.habitat == "air":
        # Low enough that its top is not cut off.
        return max(high + 0.04 * s.height, min(0.76 * s.height, s.height * pick(rng, 0.08, 0.24) + high))
    if subject.thing.habitat == "water":
        deep = s.plan.land == "deep"
        if deep:
            return min(s.height * 0.95, s.height * pick(rng, 0.45, 0.65) + high * 0.5)
        return min(s.height * 0.86, s.horizon + 0.4 * (s.height - s.horizon) + 0.12 * high)
    # A close figure is cut off by the lower edge.
    return max(ground.foot * s.height, min(1.35 * s.height, high + 0.08 * s.height)) + pick(rng, -0.02, 0.03) * s.height


def _art(s: SceneStage, subject: Subject, rng: np.random.Generator) -> Art:
    """Return the drawing of a subject, with the things that it wears, holds and rides."""
    thing = subject.thing
    if thing.code in FACES and any(word in WORN for word, _ in subject.worn):
        thing = replace(thing, code=FACES[thing.code], body="seated", tail="thin")
    skin = list(arts.SKINS)[int(rng.random() * 4)]
    match thing.body:
        case "person":
            art = arts.person(thing.code, skin, subject.clothes or thing.coat or subject.colour, subject.dress)
        case "whole":
            art = arts.whole(
                thing.code, skin, subject.clothes or subject.colour or _CLOTHES[int(rng.random() * len(_CLOTHES))]
            )
        case "seated":
            art = arts.seated(thing.code, subject.colour or thing.coat, thing.belly, thing.limbs, thing.tail)
        case "robot":
            art = arts.robot(thing.code, subject.colour)
        case _:
            art = arts.plain(thing.code, subject.colour)
    own = [(thing.holds, None)] if thing.holds else []
    for word, colour in (*own, *subject.worn):
        art = _with(art, word, colour)
    return art if subject.mount is None else _mounted(s, art, subject.mount, rng)


def _with(art: Art, word: str, colour: str | None) -> Art:
    thing = thing_of(word) or other_thing_of(word)
    if thing is None:
        return art
    where, size = WORN.get(word, ("hand", 0.36))
    point = {"eyes": art.eyes, "crown": art.crown, "hand": art.hand, "over hand": art.hand}[where]
    if point is not None and where == "over hand":
        art, point = arts.with_stick(art, point, 64 * size), (point[0] - 4 * size, point[1] - 64 * size)
    if point is None:
        # If the drawing has no such point, the thing is put in front of it, on the ground.
        point, size = (art.width * 0.2, art.height * 0.8), 0.3
    return arts.wearing(art, thing.code, point, size, colour)


def _mounted(s: SceneStage, rider: Art, mount: Subject, rng: np.random.Generator) -> Art:
    below = _art(s, replace(mount, mount=None), rng)
    size = 0.5
    left, top = below.width * 0.52 - rider.width * size / 2, 14.0 - rider.height * size * 0.7
    inside = f'<g transform="translate({left:.1f},{top:.1f}) scale({size})">{rider.inside}</g>{below.inside}'
    return Art(f'<g transform="translate(0,{-top:.1f})">{inside}</g>', below.width, below.height - top)


def _light(s: SceneStage) -> RGB:
    """Return the light on a figure: that of the hour, but bright enough to show the figure's colours."""
    light = mix(_WHITE, mix(s.light.shade, s.light.lit, 0.85), 0.55)
    return times(light, (1 / max(1.0, *light),) * 3)


def _shade(sprite: Sprite, width: int) -> Sprite:
    height = sprite.size[1]
    wide, high = max(4, round(0.9 * width)), max(4, round(0.13 * min(width, height)))
    return Sprite(shadow(wide, high, 0.62), [Pose()], high * 0.6)
