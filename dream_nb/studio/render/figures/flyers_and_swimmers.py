"""Animals of air and water, facing right."""

from __future__ import annotations

import math

from dream_nb.studio.render.figures.pen import Pen
from dream_nb.studio.render.figures.quadrupeds import ears


def bird(pen: Pen, step: float) -> None:
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


def eagle(pen: Pen, step: float) -> None:
    lift = 0.25 * math.sin(2 * math.pi * step)
    for side in (-1, 1):
        pen.polygon(
            [
                (0, 0.62),
                (side * 0.7, 0.72 + lift),
                (side * 1.35, 0.62 + lift * 1.7),
                (side * 1.3, 0.52 + lift * 1.6),
                (side * 1.2, 0.46 + lift * 1.4),
                (side * 0.6, 0.44 + lift * 0.6),
                (0, 0.40),
            ]
        )
    pen.ellipse(0.04, 0.52, 0.24, 0.11)
    pen.polygon([(-0.16, 0.56), (-0.42, 0.62), (-0.40, 0.40), (-0.16, 0.48)])


def butterfly(pen: Pen, step: float) -> None:
    open_ = 0.35 + 0.65 * abs(math.sin(2 * math.pi * step))
    for side in (-1, 1):
        pen.ellipse(side * 0.34 * open_, 0.66, 0.32 * open_, 0.28)
        pen.ellipse(side * 0.26 * open_, 0.28, 0.24 * open_, 0.20)
    pen.ellipse(0, 0.48, 0.05, 0.34)


def bat(pen: Pen, step: float) -> None:
    lift = math.sin(2 * math.pi * step)
    for side in (-1, 1):
        pen.polygon(
            [
                (0, 0.6),
                (side * 0.5, 0.66 + 0.25 * lift),
                (side * 1.1, 0.55 + 0.4 * lift),
                (side * 0.85, 0.40 + 0.25 * lift),
                (side * 0.6, 0.45 + 0.15 * lift),
                (side * 0.35, 0.34 + 0.1 * lift),
                (0, 0.42),
            ]
        )
    pen.ellipse(0, 0.52, 0.12, 0.16)
    ears(pen, (0, 0.62), 0.12, 0.06)


def dragon(pen: Pen, step: float) -> None:
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


def heron(pen: Pen, step: float) -> None:
    del step
    pen.line([(0.0, 0.5), (0.02, 0.0)], 0.018)
    pen.line([(0.05, 0.5), (0.10, 0.26), (0.05, 0.0)], 0.018)
    pen.ellipse(0.0, 0.56, 0.20, 0.10)
    pen.polygon([(-0.12, 0.60), (-0.36, 0.46), (-0.08, 0.48)])
    pen.line([(0.14, 0.58), (0.24, 0.70), (0.16, 0.82), (0.22, 0.92)], 0.04)
    pen.ellipse(0.23, 0.94, 0.045, 0.032)
    pen.polygon([(0.25, 0.955), (0.44, 0.92), (0.25, 0.925)])


def swan(pen: Pen, step: float) -> None:
    del step
    pen.ellipse(-0.1, 0.20, 0.52, 0.20)
    pen.polygon([(-0.45, 0.26), (-0.82, 0.50), (-0.30, 0.42), (0.1, 0.42)])
    pen.line([(0.34, 0.26), (0.50, 0.46), (0.38, 0.70), (0.44, 0.88), (0.56, 0.90)], 0.085)
    pen.polygon([(0.50, 0.95), (0.76, 0.84), (0.50, 0.84)])


def fish(pen: Pen, step: float) -> None:
    wag = 0.10 * math.sin(2 * math.pi * step)
    pen.ellipse(0.15, 0.5, 0.72, 0.34)
    pen.polygon([(-0.40, 0.5), (-0.95, 0.90 + wag), (-0.78, 0.5 + wag), (-0.95, 0.10 + wag)])
    pen.polygon([(0.25, 0.78), (-0.10, 1.0), (-0.25, 0.70)])
    pen.polygon([(0.20, 0.24), (-0.05, 0.04), (-0.15, 0.28)])


def whale(pen: Pen, step: float) -> None:
    wag = 0.08 * math.sin(2 * math.pi * step)
    pen.polygon(
        [
            (1.0, 0.40),
            (0.92, 0.66),
            (0.55, 0.86),
            (0.0, 0.82),
            (-0.6, 0.56),
            (-1.02, 0.52 + wag),
            (-1.40, 0.86 + wag),
            (-1.24, 0.48 + wag),
            (-1.40, 0.22 + wag),
            (-1.0, 0.40 + wag),
            (-0.5, 0.30),
            (0.1, 0.18),
            (0.7, 0.22),
        ]
    )
    pen.polygon([(0.35, 0.26), (0.05, 0.0), (0.10, 0.28)])


def dolphin(pen: Pen, step: float) -> None:
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


def turtle(pen: Pen, step: float) -> None:
    wag = 0.12 * math.sin(2 * math.pi * step)
    pen.ellipse(0, 0.52, 0.52, 0.30)
    pen.ellipse(0.66, 0.56, 0.16, 0.12)
    pen.polygon([(0.36, 0.46), (0.20, 0.02 + wag), (0.06, 0.36)])
    pen.polygon([(-0.36, 0.46), (-0.66, 0.22 - wag), (-0.42, 0.38)])


def jellyfish(pen: Pen, step: float) -> None:
    wide = 0.30 + 0.03 * math.sin(2 * math.pi * step)
    dome = [(wide * math.cos(t / 12 * math.pi), 0.62 + 0.34 * math.sin(t / 12 * math.pi)) for t in range(13)]
    pen.polygon(dome)
    for arm in range(7):
        x = (arm - 3) / 3.4 * wide
        bend = 0.04 * math.sin(2 * math.pi * step + arm)
        pen.line([(x, 0.62), (x + bend, 0.42), (x - bend, 0.22), (x + bend, 0.04 + 0.08 * (arm % 2))], 0.018)
