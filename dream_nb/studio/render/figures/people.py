"""People, and those who ride and walk among them, facing right."""

from __future__ import annotations

import math
from typing import Final

from dream_nb.studio.render.figures import quadrupeds
from dream_nb.studio.render.figures.pen import Pen, Point

# Outlines around the middle of the head, in heights of the person.
_HATS: Final = {
    "point": ((-0.12, 0.03), (0.03, 0.205), (0.12, 0.03)),
    "cone": ((-0.17, 0.01), (0.0, 0.09), (0.17, 0.01)),
}


def person(
    pen: Pen,
    step: float,
    *,
    stride: float = 0.16,
    arms: float = 0.5,
    skirt: float = 0.0,
    hat: str = "",
    lean: float = 0.0,
    raised: bool = False,
    at: float = 0.0,
    size: float = 1.0,
) -> None:
    """Someone on foot.

    Args:
        stride: how far a foot gets from the middle; up to 0.1 the legs stand.
        arms: how far the hands swing, as a part of the stride.
        skirt: by how much it is wider than the hips; from 0.15 it is a long coat.
        hat: "point", "cone", "helmet" or none.
        lean: how far the head is ahead of the feet.
        raised: the arms are above the head.
        at: middle.
        size: height, as a part of the silhouette.
    """

    def p(x: float, y: float) -> Point:
        return at + (x + lean * y) * size, y * size

    swing = math.sin(2 * math.pi * step)
    for side in (-1, 1):
        foot = side * stride * (swing if stride > 0.1 else 0.5)
        knee = foot * 0.5 + (0.03 if stride > 0.1 else 0.0)
        pen.line([p(0, 0.50), p(knee, 0.25), p(foot, 0.02)], 0.075 * size)
        hand = (-foot * arms * 1.1, 0.45)
        if raised:
            pen.line([p(0, 0.76), p(side * 0.16, 0.86), p(side * (0.20 + 0.04 * swing), 1.0)], 0.05 * size)
        else:
            pen.line(
                [p(side * 0.05, 0.76), p(hand[0] * 0.5 + side * 0.09, 0.60), p(hand[0] + side * 0.07, hand[1])],
                0.048 * size,
            )
    pen.polygon([p(-0.105, 0.80), p(0.105, 0.80), p(0.075, 0.46), p(-0.075, 0.46)])
    if skirt:
        hem = 0.20 if skirt < 0.15 else 0.04
        pen.polygon([p(-0.07, 0.58), p(0.07, 0.58), p(0.07 + skirt, hem), p(-0.07 - skirt, hem)])
    pen.line([p(0, 0.78), p(0, 0.86)], 0.06 * size)
    head = p(0, 0.915)
    pen.ellipse(*head, 0.062 * size, 0.075 * size)
    if hat == "helmet":
        pen.ellipse(*head, 0.105 * size, 0.105 * size)
        pen.box(at - 0.17 * size, 0.52 * size, at - 0.06 * size, 0.82 * size)
    elif hat:
        pen.polygon([(head[0] + x * size, head[1] + y * size) for x, y in _HATS[hat]])


def robot(pen: Pen, step: float) -> None:
    swing = 0.06 * math.sin(2 * math.pi * step)
    for side in (-1, 1):
        pen.box(side * 0.12 - 0.06 + side * swing, 0, side * 0.12 + 0.06 + side * swing, 0.40)
        pen.box(side * 0.27 - 0.05, 0.36 - side * swing, side * 0.27 + 0.05, 0.76)
    pen.box(-0.22, 0.38, 0.22, 0.78)
    pen.box(-0.12, 0.80, 0.12, 0.97)
    pen.box(-0.01, 0.95, 0.01, 1.0)


def couple(pen: Pen, step: float) -> None:
    person(pen, step, stride=0.06, at=-0.13)
    person(pen, step + 0.5, stride=0.06, at=0.13, size=0.92, skirt=0.06)
    pen.line([(-0.06, 0.46), (0.0, 0.42), (0.06, 0.44)], 0.045)


def people(pen: Pen, step: float) -> None:
    for at, size, skirt in (
        (-0.62, 0.95, 0.0),
        (-0.28, 0.88, 0.08),
        (0.05, 1.0, 0.0),
        (0.32, 0.6, 0.0),
        (0.62, 0.9, 0.07),
    ):
        person(pen, step + at * 3, stride=0.05, at=at, size=size, skirt=skirt)


def rider(pen: Pen, step: float) -> None:
    quadrupeds.horse(pen.smaller(0.74), step)
    pen.polygon([(-0.06, 0.52), (0.06, 0.52), (0.08, 0.84), (-0.06, 0.84)])
    pen.line([(0.0, 0.56), (0.08, 0.42), (0.04, 0.30)], 0.06)
    pen.line([(0.03, 0.78), (0.16, 0.68), (0.26, 0.68)], 0.04)
    pen.ellipse(0.02, 0.91, 0.05, 0.06)
    pen.box(-0.08, 0.93, 0.12, 0.95)
    pen.box(-0.03, 0.94, 0.07, 0.995)


def cyclist(pen: Pen, step: float) -> None:
    for x in (-0.34, 0.34):
        pen.ellipse(x, 0.24, 0.24, 0.24)
        pen.ellipse(x, 0.24, 0.195, 0.195, 0)
    pen.line([(-0.34, 0.24), (-0.1, 0.5), (0.25, 0.52), (0.34, 0.24)], 0.03)
    pen.line([(-0.34, 0.24), (0.0, 0.24), (0.25, 0.52)], 0.03)
    turn = 2 * math.pi * step
    for phase in (0, math.pi):
        foot = (0.09 * math.cos(turn + phase), 0.24 + 0.09 * math.sin(turn + phase))
        pen.line([(-0.12, 0.56), (0.08, 0.42), foot], 0.06)
    pen.line([(-0.13, 0.56), (0.10, 0.84)], 0.14)
    pen.line([(0.10, 0.80), (0.24, 0.66), (0.30, 0.58)], 0.05)
    pen.ellipse(0.17, 0.93, 0.065, 0.07)


def fisherman(pen: Pen, step: float) -> None:
    person(pen, step, stride=0.05, hat="cone")
    pen.line([(0.06, 0.55), (0.45, 0.85), (0.72, 0.92)], 0.016)
    pen.line([(0.72, 0.92), (0.74, 0.3)], 0.008)


def samurai(pen: Pen, step: float) -> None:
    person(pen, step, stride=0.09, skirt=0.09, hat="cone")
    pen.line([(-0.26, 0.40), (0.20, 0.58)], 0.022)


def umbrella(pen: Pen, step: float) -> None:
    person(pen, step, stride=0.12, skirt=0.03, size=0.84)
    dome = [(0.10 + 0.36 * math.cos(math.pi * t / 12), 0.80 + 0.20 * math.sin(math.pi * t / 12)) for t in range(13)]
    pen.polygon(dome)
    pen.line([(0.10, 0.46), (0.10, 0.99)], 0.016)


def wizard(pen: Pen, step: float) -> None:
    small = 0.88
    person(pen, step, stride=0.04, skirt=0.16, hat="point", size=small)
    pen.line([(0.24, 0.0), (0.22, 0.95)], 0.02)
    pen.ellipse(0.22, 0.95, 0.035, 0.04)
