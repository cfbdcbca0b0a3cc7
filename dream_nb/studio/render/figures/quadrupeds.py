"""Animals on four legs, drawn from a few measures each, facing right."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from dream_nb.studio.render.figures.pen import Pen, Point


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
        [
            (shoulder[0] - wide, shoulder[1] + deep * 0.12),
            (neck[0] - head[1] * 0.7, neck[1] + head[1] * 0.3),
            (neck[0] + head[1] * 0.5, neck[1] - head[1] * 0.5),
            (shoulder[0] + wide * 0.4, shoulder[1] - deep * 0.4),
        ]
    )
    pen.ellipse(*neck, head[1] * 0.9, head[1])
    pen.polygon(
        [
            (neck[0], neck[1] + head[1] * 0.8),
            (neck[0] + head[0], neck[1] - head[1] * 0.25),
            (neck[0] + head[0] * 0.95, neck[1] - head[1] * 0.85),
            (neck[0] - head[1] * 0.3, neck[1] - head[1] * 0.9),
        ]
    )
    if tail:
        pen.line([(-half * 0.96, back - deep * 0.22), *tail], thick * 0.8)
    if extra is not None:
        extra(pen, neck)


def ears(pen: Pen, at: Point, high: float = 0.07, wide: float = 0.035) -> None:
    """Two pointed ears above a point of the head."""
    for x in (-0.02, 0.025):
        pen.polygon(
            [
                (at[0] + x - wide / 2, at[1] + 0.02),
                (at[0] + x - 0.01, at[1] + high + 0.02),
                (at[0] + x + wide / 2, at[1] + 0.02),
            ]
        )


def _mane(pen: Pen, at: Point) -> None:
    ears(pen, at)
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
    ears(pen, at, 0.05)
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
    pen.ellipse(-0.06, 0.70, 0.18, 0.15)


def _wool(pen: Pen, at: Point) -> None:
    del at
    for x in (-0.4, -0.2, 0.0, 0.2, 0.38):
        pen.ellipse(x, 0.66 + 0.05 * math.cos(x * 3), 0.17, 0.20)


def _long_ears(pen: Pen, at: Point) -> None:
    for x in (-0.05, 0.04):
        pen.ellipse(at[0] + x, at[1] + 0.30, 0.045, 0.22)


horse = partial(
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


unicorn = partial(
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


deer = partial(
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


wolf = partial(
    _beast,
    long=1.0,
    leg=0.42,
    deep=0.32,
    neck=(0.66, 0.84),
    head=(0.30, 0.11),
    thick=0.07,
    tail=((-0.68, 0.52), (-0.80, 0.30)),
    extra=ears,
)


dog = partial(
    _beast,
    long=0.90,
    leg=0.36,
    deep=0.30,
    neck=(0.58, 0.80),
    head=(0.26, 0.12),
    thick=0.075,
    tail=((-0.62, 0.76), (-0.66, 0.92)),
    extra=ears,
)


cat = partial(
    _beast,
    long=0.92,
    leg=0.34,
    deep=0.28,
    neck=(0.58, 0.74),
    head=(0.16, 0.13),
    thick=0.06,
    tail=((-0.66, 0.66), (-0.78, 0.90), (-0.70, 1.0)),
    extra=partial(ears, high=0.14, wide=0.09),
)


lion = partial(
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


bear = partial(
    _beast,
    long=1.10,
    leg=0.34,
    deep=0.50,
    neck=(0.72, 0.68),
    head=(0.24, 0.15),
    thick=0.15,
    swing=0.25,
    extra=partial(ears, high=0.12, wide=0.09),
)


cow = partial(
    _beast,
    long=1.15,
    leg=0.38,
    deep=0.46,
    neck=(0.74, 0.76),
    head=(0.26, 0.12),
    thick=0.08,
    swing=0.2,
    tail=((-0.68, 0.50), (-0.68, 0.30)),
    extra=partial(ears, high=0.12, wide=0.05),
)


sheep = partial(
    _beast, long=0.95, leg=0.34, deep=0.42, neck=(0.60, 0.74), head=(0.20, 0.11), thick=0.06, swing=0.2, extra=_wool
)


rabbit = partial(
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


elephant = partial(
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


giraffe = partial(
    _beast,
    long=0.46,
    leg=0.40,
    deep=0.19,
    neck=(0.40, 0.93),
    head=(0.12, 0.04),
    thick=0.032,
    swing=0.25,
    tail=((-0.27, 0.42), (-0.28, 0.30)),
    extra=partial(ears, high=0.03, wide=0.02),
)


camel = partial(
    _beast,
    long=0.74,
    leg=0.44,
    deep=0.26,
    neck=(0.56, 0.86),
    head=(0.18, 0.06),
    thick=0.045,
    swing=0.25,
    tail=((-0.42, 0.50),),
    extra=_hump,
)


def dinosaur(pen: Pen, step: float) -> None:
    pen.ellipse(0, 0.34, 0.40, 0.17)
    pen.line([(0.28, 0.40), (0.52, 0.66), (0.62, 0.90)], 0.085)
    pen.ellipse(0.68, 0.93, 0.10, 0.05)
    pen.polygon([(-0.30, 0.44), (-0.70, 0.28), (-1.0, 0.30), (-0.66, 0.20), (-0.28, 0.22)])
    for place, phase in ((-0.24, 0.0), (-0.12, 0.5), (0.16, 0.25), (0.28, 0.75)):
        pen.line([(place, 0.30), (place + 0.06 * math.sin(2 * math.pi * (step + phase)), 0)], 0.09)
