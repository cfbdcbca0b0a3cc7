"""Animals, people and vehicles as silhouettes: how they are drawn, how large they are, where they belong."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.stamp import Pen, Point, stamp

Draw = Callable[[Pen, float], None]
Place = Literal["ground", "sky", "water", "deep"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A silhouette, facing right.

    Args:
        draw: with a pen, at a part (0 to 1) of its step or wing beat.
        width: in its own heights.
        high: in scene units, seen from near.
        place: where it lives.
        speed: scene units in five seconds; 0 stands.
        poses: how many different ones a step has.
        beats: steps in five seconds.
        many: how many there are when the prompt does not say.
    """

    draw: Draw
    width: float
    high: float
    place: Place = "ground"
    speed: float = 0.0
    poses: int = 1
    beats: int = 6
    many: int = 1

    def masks(self, pixels: float) -> list[U8]:
        """The poses of a step, at this height in pixels."""
        return [
            stamp(lambda pen, at=pose / self.poses: self.draw(pen, at), self.width, pixels)
            for pose in range(self.poses)
        ]  # type: ignore[misc]


def _beast(
    pen: Pen,
    step: float,
    *,
    long: float,
    leg: float,
    deep: float,
    neck: Point,
    head: Point,
    thick: float = 0.05,
    tail: tuple[Point, ...] = (),
    swing: float = 0.35,
    extra: Callable[[Pen, Point], None] | None = None,
) -> None:
    """Four legs: a body `long` and `deep` over legs, a neck to where the head is, a head of that size."""
    back, belly = leg + deep, leg
    half = long / 2
    for place, phase in ((-half * 0.86, 0.0), (-half * 0.70, 0.5), (half * 0.72, 0.25), (half * 0.86, 0.75)):
        turn = swing * math.sin(2 * math.pi * (step + phase))
        lift = max(0.0, math.cos(2 * math.pi * (step + phase))) * 0.12 * leg * (swing > 0)
        knee = (place + 0.55 * leg * math.sin(turn), belly - 0.5 * leg + lift * 0.5)
        foot = (place + leg * math.sin(turn) - 0.25 * lift, lift)
        pen.line([(place, belly + deep * 0.3), knee, foot], thick)
    pen.ellipse(0, belly + deep * 0.5, half, deep * 0.46)
    bulk = 0.50 if deep < 0.35 else 0.46
    pen.ellipse(-half * 0.58, belly + deep * 0.54, half * 0.44, deep * bulk)
    pen.ellipse(half * 0.56, belly + deep * 0.54, half * 0.44, deep * bulk)
    pen.box(-half * 0.56, belly + deep * 0.2, half * 0.56, belly + deep * 0.93)
    shoulder = (half * 0.80, back - deep * 0.28)
    wide = deep * 0.42
    pen.polygon(
        [(shoulder[0] - wide, shoulder[1] + deep * 0.12), (neck[0] - head[1] * 0.7, neck[1] + head[1] * 0.3),
         (neck[0] + head[1] * 0.5, neck[1] - head[1] * 0.5), (shoulder[0] + wide * 0.4, shoulder[1] - deep * 0.4)]
    )  # fmt: skip
    pen.ellipse(*neck, head[1] * 0.9, head[1])
    pen.polygon(
        [(neck[0], neck[1] + head[1] * 0.8), (neck[0] + head[0], neck[1] - head[1] * 0.25),
         (neck[0] + head[0] * 0.95, neck[1] - head[1] * 0.85), (neck[0] - head[1] * 0.3, neck[1] - head[1] * 0.9)]
    )  # fmt: skip
    if tail:
        pen.line([(-half * 0.96, back - deep * 0.22), *tail], thick * 0.8)
    if extra is not None:
        extra(pen, neck)


def _ears(pen: Pen, at: Point, high: float = 0.07, wide: float = 0.035) -> None:
    for x in (-0.02, 0.025):
        pen.polygon(
            [
                (at[0] + x - wide / 2, at[1] + 0.02),
                (at[0] + x - 0.01, at[1] + high + 0.02),
                (at[0] + x + wide / 2, at[1] + 0.02),
            ]
        )


def _mane(pen: Pen, at: Point) -> None:
    _ears(pen, at)
    pen.polygon(
        [
            (at[0] - 0.02, at[1] + 0.05),
            (at[0] - 0.20, at[1] - 0.12),
            (at[0] - 0.30, at[1] - 0.26),
            (at[0] - 0.10, at[1] - 0.10),
        ]
    )


def _horn(pen: Pen, at: Point) -> None:
    _mane(pen, at)
    pen.polygon([(at[0] + 0.03, at[1] + 0.04), (at[0] + 0.13, at[1] + 0.20), (at[0] + 0.08, at[1] + 0.03)])


def _antlers(pen: Pen, at: Point) -> None:
    _ears(pen, at, 0.05)
    for side in (-1, 1):
        root, mid, top = (at[0], at[1] + 0.04), (at[0] + side * 0.10, at[1] + 0.14), (at[0] + side * 0.08, at[1] + 0.28)
        pen.line([root, mid, top], 0.018)
        pen.line([mid, (mid[0] + side * 0.09, mid[1] + 0.09)], 0.015)
        pen.line([((mid[0] + top[0]) / 2, (mid[1] + top[1]) / 2), (mid[0] + side * 0.06, top[1] - 0.02)], 0.014)


def _lion_mane(pen: Pen, at: Point) -> None:
    pen.ellipse(at[0] - 0.05, at[1] - 0.03, 0.20, 0.21)


def _trunk(pen: Pen, at: Point) -> None:
    pen.line(
        [
            (at[0] + 0.10, at[1]),
            (at[0] + 0.20, at[1] - 0.22),
            (at[0] + 0.18, at[1] - 0.45),
            (at[0] + 0.23, at[1] - 0.5),
        ],
        0.075,
    )
    pen.ellipse(at[0] - 0.06, at[1] - 0.02, 0.13, 0.19)
    pen.line([(at[0] + 0.12, at[1] - 0.10), (at[0] + 0.30, at[1] - 0.20)], 0.025)


def _hump(pen: Pen, at: Point) -> None:
    del at
    pen.ellipse(-0.06, 0.80, 0.17, 0.13)


def _wool(pen: Pen, at: Point) -> None:
    del at
    for x in (-0.4, -0.2, 0.0, 0.2, 0.38):
        pen.ellipse(x, 0.66 + 0.05 * math.cos(x * 3), 0.17, 0.20)


def _long_ears(pen: Pen, at: Point) -> None:
    for x in (-0.05, 0.04):
        pen.ellipse(at[0] + x, at[1] + 0.30, 0.045, 0.22)


_horse = partial(
    _beast,
    long=0.86,
    leg=0.44,
    deep=0.30,
    neck=(0.56, 0.86),
    head=(0.22, 0.085),
    thick=0.05,
    tail=((-0.54, 0.58), (-0.58, 0.34)),
    extra=_mane,
)
_unicorn = partial(
    _beast,
    long=0.80,
    leg=0.42,
    deep=0.27,
    neck=(0.52, 0.76),
    head=(0.20, 0.08),
    thick=0.045,
    tail=((-0.52, 0.56), (-0.58, 0.30)),
    extra=_horn,
)
_deer = partial(
    _beast,
    long=0.62,
    leg=0.40,
    deep=0.21,
    neck=(0.42, 0.72),
    head=(0.16, 0.06),
    thick=0.032,
    tail=((-0.36, 0.55),),
    extra=_antlers,
)
_wolf = partial(
    _beast,
    long=1.0,
    leg=0.42,
    deep=0.32,
    neck=(0.66, 0.84),
    head=(0.30, 0.11),
    thick=0.07,
    tail=((-0.68, 0.52), (-0.80, 0.30)),
    extra=_ears,
)
_dog = partial(
    _beast,
    long=0.90,
    leg=0.36,
    deep=0.30,
    neck=(0.58, 0.80),
    head=(0.26, 0.12),
    thick=0.075,
    tail=((-0.62, 0.76), (-0.66, 0.92)),
    extra=_ears,
)
_cat = partial(
    _beast,
    long=0.92,
    leg=0.34,
    deep=0.28,
    neck=(0.58, 0.74),
    head=(0.16, 0.13),
    thick=0.06,
    tail=((-0.66, 0.66), (-0.78, 0.90), (-0.70, 1.0)),
    extra=partial(_ears, high=0.14, wide=0.09),
)
_lion = partial(
    _beast,
    long=1.10,
    leg=0.40,
    deep=0.34,
    neck=(0.70, 0.74),
    head=(0.24, 0.13),
    thick=0.085,
    tail=((-0.74, 0.52), (-0.90, 0.40)),
    extra=_lion_mane,
)
_bear = partial(
    _beast,
    long=1.10,
    leg=0.34,
    deep=0.50,
    neck=(0.72, 0.68),
    head=(0.24, 0.15),
    thick=0.15,
    swing=0.25,
    extra=partial(_ears, high=0.12, wide=0.09),
)
_cow = partial(
    _beast,
    long=1.15,
    leg=0.38,
    deep=0.46,
    neck=(0.74, 0.76),
    head=(0.26, 0.12),
    thick=0.08,
    swing=0.2,
    tail=((-0.68, 0.50), (-0.68, 0.30)),
    extra=partial(_ears, high=0.12, wide=0.05),
)
_sheep = partial(
    _beast, long=0.95, leg=0.34, deep=0.42, neck=(0.60, 0.74), head=(0.20, 0.11), thick=0.06, swing=0.2, extra=_wool
)
_rabbit = partial(
    _beast,
    long=0.80,
    leg=0.16,
    deep=0.44,
    neck=(0.42, 0.58),
    head=(0.16, 0.14),
    thick=0.09,
    swing=0.5,
    extra=_long_ears,
)
_elephant = partial(
    _beast,
    long=0.98,
    leg=0.36,
    deep=0.54,
    neck=(0.60, 0.74),
    head=(0.12, 0.20),
    thick=0.15,
    swing=0.2,
    tail=((-0.56, 0.62), (-0.58, 0.44)),
    extra=_trunk,
)
_giraffe = partial(
    _beast,
    long=0.46,
    leg=0.40,
    deep=0.19,
    neck=(0.40, 0.93),
    head=(0.12, 0.04),
    thick=0.032,
    swing=0.25,
    tail=((-0.27, 0.42), (-0.28, 0.30)),
    extra=partial(_ears, high=0.03, wide=0.02),
)
_camel = partial(_beast, long=0.74, leg=0.44, deep=0.26, neck=(0.56, 0.86), head=(0.18, 0.06), thick=0.045, swing=0.25, tail=((-0.42, 0.50),), extra=_hump)  # fmt: skip


def _dinosaur(pen: Pen, step: float) -> None:
    pen.ellipse(0, 0.34, 0.40, 0.17)
    pen.line([(0.28, 0.40), (0.52, 0.66), (0.62, 0.90)], 0.085)
    pen.ellipse(0.68, 0.93, 0.10, 0.05)
    pen.polygon([(-0.30, 0.44), (-0.70, 0.28), (-1.0, 0.30), (-0.66, 0.20), (-0.28, 0.22)])
    for place, phase in ((-0.24, 0.0), (-0.12, 0.5), (0.16, 0.25), (0.28, 0.75)):
        pen.line([(place, 0.30), (place + 0.06 * math.sin(2 * math.pi * (step + phase)), 0)], 0.09)


def _person(
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
        pen.polygon(
            [
                p(-0.07, 0.58),
                p(0.07, 0.58),
                p(0.07 + skirt, 0.20 if skirt < 0.15 else 0.04),
                p(-0.07 - skirt, 0.20 if skirt < 0.15 else 0.04),
            ]
        )
    pen.line([p(0, 0.78), p(0, 0.86)], 0.06 * size)
    head = p(0, 0.915)
    pen.ellipse(*head, 0.062 * size, 0.075 * size)
    if hat == "brim":
        pen.box(head[0] - 0.13 * size, head[1] + 0.02 * size, head[0] + 0.13 * size, head[1] + 0.045 * size)
        pen.box(head[0] - 0.06 * size, head[1] + 0.03 * size, head[0] + 0.06 * size, head[1] + 0.085 * size)
    elif hat == "point":
        pen.polygon(
            [
                (head[0] - 0.12 * size, head[1] + 0.03 * size),
                (head[0] + 0.03 * size, head[1] + 0.085 * size + 0.12 * size),
                (head[0] + 0.12 * size, head[1] + 0.03 * size),
            ]
        )
    elif hat == "cone":
        pen.polygon(
            [
                (head[0] - 0.17 * size, head[1] + 0.01 * size),
                (head[0], head[1] + 0.09 * size),
                (head[0] + 0.17 * size, head[1] + 0.01 * size),
            ]
        )
    elif hat == "helmet":
        pen.ellipse(*head, 0.105 * size, 0.105 * size)
        pen.box(at - 0.17 * size, 0.52 * size, at - 0.06 * size, 0.82 * size)


def _robot(pen: Pen, step: float) -> None:
    swing = 0.06 * math.sin(2 * math.pi * step)
    for side in (-1, 1):
        pen.box(side * 0.12 - 0.06 + side * swing, 0, side * 0.12 + 0.06 + side * swing, 0.40)
        pen.box(side * 0.27 - 0.05, 0.36 - side * swing, side * 0.27 + 0.05, 0.76)
    pen.box(-0.22, 0.38, 0.22, 0.78)
    pen.box(-0.12, 0.80, 0.12, 0.97)
    pen.box(-0.01, 0.95, 0.01, 1.0)


def _couple(pen: Pen, step: float) -> None:
    _person(pen, step, stride=0.06, at=-0.13)
    _person(pen, step + 0.5, stride=0.06, at=0.13, size=0.92, skirt=0.06)
    pen.line([(-0.06, 0.46), (0.0, 0.42), (0.06, 0.44)], 0.045)


def _people(pen: Pen, step: float) -> None:
    for at, size, skirt in (
        (-0.62, 0.95, 0.0),
        (-0.28, 0.88, 0.08),
        (0.05, 1.0, 0.0),
        (0.32, 0.6, 0.0),
        (0.62, 0.9, 0.07),
    ):
        _person(pen, step + at * 3, stride=0.05, at=at, size=size, skirt=skirt)


def _rider(pen: Pen, step: float) -> None:
    _horse(pen.smaller(0.74), step)
    pen.polygon([(-0.06, 0.52), (0.06, 0.52), (0.08, 0.84), (-0.06, 0.84)])
    pen.line([(0.0, 0.56), (0.08, 0.42), (0.04, 0.30)], 0.06)
    pen.line([(0.03, 0.78), (0.16, 0.68), (0.26, 0.68)], 0.04)
    pen.ellipse(0.02, 0.91, 0.05, 0.06)
    pen.box(-0.08, 0.93, 0.12, 0.95)
    pen.box(-0.03, 0.94, 0.07, 0.995)


def _cyclist(pen: Pen, step: float) -> None:
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


def _bird(pen: Pen, step: float) -> None:
    lift = math.sin(2 * math.pi * step)
    for side in (-1, 1):
        wrist, tip = (side * 0.55, 0.5 + 0.26 * lift), (side * 1.25, 0.44 + 0.42 * lift)
        pen.polygon(
            [
                (side * 0.02, 0.58),
                (wrist[0], wrist[1] + 0.10),
                tip,
                (wrist[0] * 0.9, wrist[1] - 0.04),
                (side * 0.02, 0.42),
            ]
        )
    pen.ellipse(0.05, 0.5, 0.22, 0.085)


def _eagle(pen: Pen, step: float) -> None:
    lift = 0.25 * math.sin(2 * math.pi * step)
    for side in (-1, 1):
        pen.polygon(
            [(0, 0.62), (side * 0.7, 0.72 + lift), (side * 1.35, 0.62 + lift * 1.7), (side * 1.3, 0.52 + lift * 1.6),
             (side * 1.2, 0.46 + lift * 1.4), (side * 0.6, 0.44 + lift * 0.6), (0, 0.40)]
        )  # fmt: skip
    pen.ellipse(0.04, 0.52, 0.24, 0.11)
    pen.polygon([(-0.16, 0.56), (-0.42, 0.62), (-0.40, 0.40), (-0.16, 0.48)])


def _butterfly(pen: Pen, step: float) -> None:
    open_ = 0.35 + 0.65 * abs(math.sin(2 * math.pi * step))
    for side in (-1, 1):
        pen.ellipse(side * 0.34 * open_, 0.66, 0.32 * open_, 0.28)
        pen.ellipse(side * 0.26 * open_, 0.28, 0.24 * open_, 0.20)
    pen.ellipse(0, 0.48, 0.05, 0.34)


def _bat(pen: Pen, step: float) -> None:
    lift = math.sin(2 * math.pi * step)
    for side in (-1, 1):
        pen.polygon(
            [(0, 0.6), (side * 0.5, 0.66 + 0.25 * lift), (side * 1.1, 0.55 + 0.4 * lift), (side * 0.85, 0.40 + 0.25 * lift),
             (side * 0.6, 0.45 + 0.15 * lift), (side * 0.35, 0.34 + 0.1 * lift), (0, 0.42)]
        )  # fmt: skip
    pen.ellipse(0, 0.52, 0.12, 0.16)
    _ears(pen, (0, 0.62), 0.12, 0.06)


def _dragon(pen: Pen, step: float) -> None:
    lift = math.sin(2 * math.pi * step)
    pen.line([(-1.3, 0.42), (-0.9, 0.32), (-0.4, 0.44), (0.2, 0.46), (0.6, 0.58), (0.86, 0.52)], 0.085)
    pen.ellipse(0.0, 0.45, 0.42, 0.12)
    pen.polygon([(0.80, 0.60), (1.16, 0.50), (0.80, 0.46)])
    pen.polygon([(0.80, 0.58), (0.64, 0.70), (0.88, 0.60)])
    pen.polygon([(-1.25, 0.46), (-1.5, 0.58), (-1.42, 0.38), (-1.55, 0.28)])
    tip = 0.5 + 0.48 * lift
    pen.polygon(
        [
            (0.22, 0.52),
            (0.10, 0.62 + 0.25 * lift),
            (-0.25, tip),
            (-0.55, tip - 0.10),
            (-0.40, tip - 0.16),
            (-0.75, 0.5 + 0.2 * lift),
            (-0.40, 0.48 + 0.12 * lift),
            (-0.45, 0.44),
        ]
    )
    pen.polygon([(0.34, 0.52), (0.42, 0.6 + 0.22 * lift), (0.22, tip * 0.96), (0.0, tip - 0.12), (0.05, 0.5)])


def _heron(pen: Pen, step: float) -> None:
    del step
    pen.line([(0.0, 0.5), (0.02, 0.0)], 0.018)
    pen.line([(0.05, 0.5), (0.10, 0.26), (0.05, 0.0)], 0.018)
    pen.ellipse(0.0, 0.56, 0.20, 0.10)
    pen.polygon([(-0.12, 0.60), (-0.36, 0.46), (-0.08, 0.48)])
    pen.line([(0.14, 0.58), (0.24, 0.70), (0.16, 0.82), (0.22, 0.92)], 0.04)
    pen.ellipse(0.23, 0.94, 0.045, 0.032)
    pen.polygon([(0.25, 0.955), (0.44, 0.92), (0.25, 0.925)])


def _swan(pen: Pen, step: float) -> None:
    del step
    pen.ellipse(-0.1, 0.20, 0.52, 0.20)
    pen.polygon([(-0.45, 0.26), (-0.82, 0.50), (-0.30, 0.42), (0.1, 0.42)])
    pen.line([(0.34, 0.26), (0.50, 0.46), (0.38, 0.70), (0.44, 0.88), (0.56, 0.90)], 0.085)
    pen.polygon([(0.50, 0.95), (0.76, 0.84), (0.50, 0.84)])


def _fish(pen: Pen, step: float) -> None:
    wag = 0.10 * math.sin(2 * math.pi * step)
    pen.ellipse(0.15, 0.5, 0.72, 0.34)
    pen.polygon([(-0.40, 0.5), (-0.95, 0.90 + wag), (-0.78, 0.5 + wag), (-0.95, 0.10 + wag)])
    pen.polygon([(0.25, 0.78), (-0.10, 1.0), (-0.25, 0.70)])
    pen.polygon([(0.20, 0.24), (-0.05, 0.04), (-0.15, 0.28)])


def _whale(pen: Pen, step: float) -> None:
    wag = 0.08 * math.sin(2 * math.pi * step)
    pen.polygon(
        [(1.0, 0.40), (0.92, 0.66), (0.55, 0.86), (0.0, 0.82), (-0.6, 0.56), (-1.02, 0.52 + wag), (-1.40, 0.86 + wag), (-1.24, 0.48 + wag),
         (-1.40, 0.22 + wag), (-1.0, 0.40 + wag), (-0.5, 0.30), (0.1, 0.18), (0.7, 0.22)]
    )  # fmt: skip
    pen.polygon([(0.35, 0.26), (0.05, 0.0), (0.10, 0.28)])


def _dolphin(pen: Pen, step: float) -> None:
    del step
    pen.polygon(
        [
            (0.95, 0.24),
            (0.70, 0.40),
            (0.35, 0.72),
            (-0.05, 0.82),
            (-0.50, 0.66),
            (-0.80, 0.34),
            (-1.0, 0.36),
            (-0.92, 0.18),
            (-0.88, 0.02),
            (-0.70, 0.22),
            (-0.35, 0.48),
            (0.05, 0.52),
            (0.40, 0.40),
            (0.68, 0.24),
        ]
    )
    pen.polygon([(0.05, 0.78), (-0.22, 1.0), (-0.20, 0.76)])
    pen.polygon([(0.20, 0.50), (0.02, 0.28), (0.02, 0.52)])


def _turtle(pen: Pen, step: float) -> None:
    wag = 0.12 * math.sin(2 * math.pi * step)
    pen.ellipse(0, 0.52, 0.52, 0.30)
    pen.ellipse(0.66, 0.56, 0.16, 0.12)
    pen.polygon([(0.36, 0.46), (0.20, 0.02 + wag), (0.06, 0.36)])
    pen.polygon([(-0.36, 0.46), (-0.66, 0.22 - wag), (-0.42, 0.38)])


def _jellyfish(pen: Pen, step: float) -> None:
    wide = 0.30 + 0.03 * math.sin(2 * math.pi * step)
    dome = [(wide * math.cos(t / 12 * math.pi), 0.62 + 0.34 * math.sin(t / 12 * math.pi)) for t in range(13)]
    pen.polygon(dome)
    for arm in range(7):
        x = (arm - 3) / 3.4 * wide
        bend = 0.04 * math.sin(2 * math.pi * step + arm)
        pen.line([(x, 0.62), (x + bend, 0.42), (x - bend, 0.22), (x + bend, 0.04 + 0.08 * (arm % 2))], 0.018)


def _boat(pen: Pen, step: float) -> None:
    dip = 0.10 * math.sin(2 * math.pi * step)
    pen.polygon([(-0.95, 0.34), (0.95, 0.34), (0.70, 0.0), (-0.70, 0.0)])
    pen.polygon([(-0.95, 0.34), (-1.10, 0.46), (-0.80, 0.30)])
    pen.polygon([(0.95, 0.34), (1.10, 0.46), (0.80, 0.30)])
    pen.polygon([(-0.20, 0.32), (0.16, 0.32), (0.10, 0.76), (-0.10, 0.76)])
    pen.ellipse(0.0, 0.88, 0.10, 0.115)
    pen.line([(0.0, 0.66), (0.30, 0.52), (0.78, 0.12 + dip)], 0.05)


def _sailboat(pen: Pen, step: float) -> None:
    del step
    pen.polygon([(-0.36, 0.14), (0.42, 0.14), (0.30, 0.0), (-0.28, 0.0)])
    pen.line([(0.0, 0.12), (0.0, 0.99)], 0.014)
    pen.polygon([(-0.02, 0.95), (-0.34, 0.19), (-0.02, 0.19)])
    pen.polygon([(0.025, 0.88), (0.34, 0.19), (0.025, 0.19)])


def _ship(pen: Pen, step: float) -> None:
    del step
    pen.polygon([(-0.52, 0.30), (-0.40, 0.20), (0.44, 0.20), (0.66, 0.30), (0.48, 0.0), (-0.40, 0.0)])
    pen.line([(0.50, 0.24), (0.80, 0.38)], 0.018)
    for x, high in ((-0.26, 0.82), (0.06, 0.98), (0.34, 0.84)):
        pen.line([(x, 0.16), (x, high)], 0.016)
        for low, top, wide in ((0.28, 0.50, 0.15), (0.54, 0.72, 0.12), (0.76, 0.88, 0.08)):
            if top < high:
                pen.polygon(
                    [
                        (x - wide, top),
                        (x + wide * 0.9, top),
                        (x + wide * 1.15, (low + top) / 2),
                        (x + wide, low),
                        (x - wide * 0.9, low),
                    ]
                )


def _balloon(pen: Pen, step: float) -> None:
    del step
    pen.ellipse(0, 0.66, 0.33, 0.335)
    pen.polygon([(-0.27, 0.48), (0.27, 0.48), (0.08, 0.20), (-0.08, 0.20)])
    for x in (-0.06, 0.06):
        pen.line([(x, 0.22), (x * 0.9, 0.12)], 0.012)
    pen.box(-0.07, 0.02, 0.07, 0.12)


def _plane(pen: Pen, step: float) -> None:
    del step
    pen.ellipse(0, 0.42, 1.15, 0.15)
    pen.polygon([(-0.95, 0.46), (-1.20, 1.0), (-0.98, 1.0), (-0.66, 0.50)])
    pen.polygon([(0.20, 0.42), (-0.45, 0.02), (-0.62, 0.05), (-0.22, 0.44)])
    pen.polygon([(0.15, 0.46), (-0.32, 0.74), (-0.44, 0.74), (-0.15, 0.46)])


def _rocket(pen: Pen, step: float) -> None:
    pen.polygon([(0, 1.0), (0.09, 0.84), (0.10, 0.36), (-0.10, 0.36), (-0.09, 0.84)])
    pen.polygon([(0.09, 0.52), (0.22, 0.30), (0.09, 0.36)])
    pen.polygon([(-0.09, 0.52), (-0.22, 0.30), (-0.09, 0.36)])
    pen.polygon([(-0.07, 0.34), (0.0, 0.02 + 0.10 * abs(math.sin(2 * math.pi * step))), (0.07, 0.34)])


def _ufo(pen: Pen, step: float) -> None:
    del step
    pen.ellipse(0, 0.42, 1.1, 0.24)
    pen.ellipse(0, 0.62, 0.46, 0.32)
    for x in (-0.6, 0.0, 0.6):
        pen.ellipse(x, 0.24, 0.12, 0.10)


def _car(pen: Pen, step: float) -> None:
    del step
    pen.polygon(
        [
            (-1.1, 0.20),
            (-1.08, 0.56),
            (-0.70, 0.62),
            (-0.42, 0.96),
            (0.34, 0.96),
            (0.66, 0.62),
            (1.06, 0.52),
            (1.12, 0.20),
        ]
    )
    for x in (-0.62, 0.66):
        pen.ellipse(x, 0.20, 0.22, 0.20)


def _train(pen: Pen, step: float) -> None:
    del step
    pen.box(1.2, 0.16, 2.5, 0.62)
    pen.box(1.2, 0.16, 1.62, 0.95)
    pen.box(2.16, 0.60, 2.28, 0.90)
    pen.polygon([(2.5, 0.30), (2.72, 0.06), (2.5, 0.06)])
    for car in range(3):
        left = -2.6 + 1.26 * car
        pen.box(left, 0.18, left + 1.16, 0.82)
    for x in (-2.3, -1.7, -1.1, -0.5, 0.2, 0.8, 1.4, 1.9, 2.3):
        pen.ellipse(x, 0.12, 0.12, 0.12)


def _kite(pen: Pen, step: float) -> None:
    sway = 0.06 * math.sin(2 * math.pi * step)
    pen.polygon([(0.1, 1.0), (0.32, 0.72), (0.05, 0.34), (-0.20, 0.72)])
    pen.line([(0.05, 0.36), (sway, 0.20), (-0.08 - sway, 0.0)], 0.02)


def _fisherman(pen: Pen, step: float) -> None:
    _person(pen, step, stride=0.05, hat="cone")
    pen.line([(0.06, 0.55), (0.45, 0.85), (0.72, 0.92)], 0.016)
    pen.line([(0.72, 0.92), (0.74, 0.3)], 0.008)


def _samurai(pen: Pen, step: float) -> None:
    _person(pen, step, stride=0.09, skirt=0.09, hat="cone")
    pen.line([(-0.26, 0.40), (0.20, 0.58)], 0.022)


def _umbrella(pen: Pen, step: float) -> None:
    _person(pen, step, stride=0.12, skirt=0.03, size=0.84)
    dome = [(0.10 + 0.36 * math.cos(math.pi * t / 12), 0.80 + 0.20 * math.sin(math.pi * t / 12)) for t in range(13)]
    pen.polygon(dome)
    pen.line([(0.10, 0.46), (0.10, 0.99)], 0.016)


def _wizard(pen: Pen, step: float) -> None:
    small = 0.88
    _person(pen, step, stride=0.04, skirt=0.16, hat="point", size=small)
    pen.line([(0.24, 0.0), (0.22, 0.95)], 0.02)
    pen.ellipse(0.22, 0.95, 0.035, 0.04)


_FIGURES: dict[str, Figure] = {
    "birds": Figure(_bird, 2.6, 0.030, "sky", 0.55, 8, 9, 7),
    "eagle": Figure(_eagle, 2.8, 0.075, "sky", 0.45, 8, 3),
    "butterflies": Figure(_butterfly, 1.4, 0.034, "sky", 0.25, 6, 14, 6),
    "bats": Figure(_bat, 2.3, 0.034, "sky", 0.60, 8, 14, 8),
    "dragon": Figure(_dragon, 3.2, 0.17, "sky", 0.50, 10, 4),
    "horse": Figure(_horse, 1.7, 0.20, "ground", 0.42, 8, 7),
    "unicorn": Figure(_unicorn, 1.7, 0.22, "ground", 0.30, 8, 6),
    "deer": Figure(_deer, 1.3, 0.21),
    "wolf": Figure(_wolf, 2.0, 0.11, "ground", 0.22, 8, 6),
    "dog": Figure(_dog, 1.9, 0.09, "ground", 0.34, 8, 9),
    "cat": Figure(_cat, 1.8, 0.075, "ground", 0.12, 8, 5),
    "lion": Figure(_lion, 2.2, 0.14, "ground", 0.16, 8, 4),
    "bear": Figure(_bear, 2.1, 0.15, "ground", 0.12, 8, 4),
    "cow": Figure(_cow, 2.2, 0.15, many=3),
    "sheep": Figure(_sheep, 1.8, 0.085, many=5),
    "rabbit": Figure(_rabbit, 1.5, 0.06, "ground", 0.30, 8, 10),
    "elephant": Figure(_elephant, 1.9, 0.23, "ground", 0.12, 8, 3, 2),
    "giraffe": Figure(_giraffe, 1.2, 0.40, "ground", 0.10, 8, 3, 2),
    "camel": Figure(_camel, 1.7, 0.19, "ground", 0.14, 8, 4, 4),
    "dinosaur": Figure(_dinosaur, 2.2, 0.34, "ground", 0.12, 8, 3),
    "person": Figure(partial(_person), 0.9, 0.17, "ground", 0.12, 8, 5),
    "child": Figure(partial(_person, arms=0.8), 0.9, 0.11, "ground", 0.18, 8, 8),
    "umbrella": Figure(_umbrella, 1.1, 0.20, "ground", 0.14, 8, 5),
    "couple": Figure(_couple, 1.1, 0.17),
    "people": Figure(_people, 2.0, 0.16),
    "dancer": Figure(partial(_person, stride=0.22, skirt=0.14, raised=True), 1.1, 0.17, "ground", 0.06, 8, 5),
    "runner": Figure(partial(_person, stride=0.30, arms=0.8, lean=0.14), 1.2, 0.17, "ground", 0.55, 8, 10),
    "rider": Figure(_rider, 1.4, 0.26, "ground", 0.42, 8, 7),
    "wizard": Figure(_wizard, 1.0, 0.20),
    "samurai": Figure(_samurai, 1.0, 0.18),
    "astronaut": Figure(partial(_person, hat="helmet"), 1.0, 0.18, "ground", 0.08, 8, 4),
    "fisherman": Figure(_fisherman, 1.6, 0.17),
    "robot": Figure(_robot, 0.8, 0.24, "ground", 0.06, 6, 4),
    "cyclist": Figure(_cyclist, 1.3, 0.16, "ground", 0.50, 8, 9),
    "heron": Figure(_heron, 1.0, 0.16, many=2),
    "car": Figure(_car, 2.4, 0.085, "ground", 0.80),
    "train": Figure(_train, 5.6, 0.085, "ground", 0.60),
    "swan": Figure(_swan, 1.8, 0.085, "water", 0.10, many=2),
    "boat": Figure(_boat, 2.4, 0.085, "water", 0.10, 8, 4),
    "sailboat": Figure(_sailboat, 1.0, 0.22, "water", 0.16),
    "ship": Figure(_ship, 1.7, 0.34, "water", 0.10),
    "dolphin": Figure(_dolphin, 2.1, 0.09, "water", 0.40, many=2),
    "whale": Figure(_whale, 3.0, 0.17, "deep", 0.22, 8, 2),
    "fish": Figure(_fish, 2.0, 0.045, "deep", 0.45, 6, 8, 9),
    "turtle": Figure(_turtle, 1.8, 0.12, "deep", 0.20, 8, 3),
    "jellyfish": Figure(_jellyfish, 0.8, 0.15, "deep", 0.05, 8, 3, 5),
    "balloons": Figure(_balloon, 0.8, 0.18, "sky", 0.10, many=4),
    "plane": Figure(_plane, 2.6, 0.06, "sky", 0.80),
    "rocket": Figure(_rocket, 0.6, 0.24, "sky", 0.0, 4, 12),
    "ufo": Figure(_ufo, 2.4, 0.07, "sky", 0.30),
    "kite": Figure(_kite, 0.8, 0.10, "sky", 0.08, 6, 4),
}


def named(kind: str) -> Figure:
    """The figure of that name."""
    return _FIGURES[kind]
