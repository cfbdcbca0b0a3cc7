"""Draws birds, butterflies, bats and fish, facing right. They appear in flocks and shoals."""

from __future__ import annotations

import math

from dream_nb.studio.render.figures.pen import Pen


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
    for x in (-0.02, 0.025):
        pen.polygon([(x - 0.03, 0.64), (x - 0.01, 0.76), (x + 0.03, 0.64)])


def fish(pen: Pen, step: float) -> None:
    wag = 0.10 * math.sin(2 * math.pi * step)
    pen.ellipse(0.15, 0.5, 0.72, 0.34)
    pen.polygon([(-0.40, 0.5), (-0.95, 0.90 + wag), (-0.78, 0.5 + wag), (-0.95, 0.10 + wag)])
    pen.polygon([(0.25, 0.78), (-0.10, 1.0), (-0.25, 0.70)])
    pen.polygon([(0.20, 0.24), (-0.05, 0.04), (-0.15, 0.28)])
