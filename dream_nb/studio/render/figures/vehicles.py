"""Boats, balloons, rockets, cars and trains, facing right."""

from __future__ import annotations

import math

from dream_nb.studio.render.figures.pen import Pen


def boat(pen: Pen, step: float) -> None:
    dip = 0.10 * math.sin(2 * math.pi * step)
    pen.polygon([(-0.95, 0.34), (0.95, 0.34), (0.70, 0.0), (-0.70, 0.0)])
    pen.polygon([(-0.95, 0.34), (-1.10, 0.46), (-0.80, 0.30)])
    pen.polygon([(0.95, 0.34), (1.10, 0.46), (0.80, 0.30)])
    pen.polygon([(-0.20, 0.32), (0.16, 0.32), (0.10, 0.76), (-0.10, 0.76)])
    pen.ellipse(0.0, 0.88, 0.10, 0.115)
    pen.line([(0.0, 0.66), (0.30, 0.52), (0.78, 0.12 + dip)], 0.05)


def sailboat(pen: Pen, step: float) -> None:
    del step
    pen.polygon([(-0.36, 0.14), (0.42, 0.14), (0.30, 0.0), (-0.28, 0.0)])
    pen.line([(0.0, 0.12), (0.0, 0.99)], 0.014)
    pen.polygon([(-0.02, 0.95), (-0.34, 0.19), (-0.02, 0.19)])
    pen.polygon([(0.025, 0.88), (0.34, 0.19), (0.025, 0.19)])


def ship(pen: Pen, step: float) -> None:
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


def balloon(pen: Pen, step: float) -> None:
    del step
    pen.ellipse(0, 0.66, 0.33, 0.335)
    pen.polygon([(-0.27, 0.48), (0.27, 0.48), (0.08, 0.20), (-0.08, 0.20)])
    for x in (-0.06, 0.06):
        pen.line([(x, 0.22), (x * 0.9, 0.12)], 0.012)
    pen.box(-0.07, 0.02, 0.07, 0.12)


def plane(pen: Pen, step: float) -> None:
    del step
    pen.ellipse(0, 0.42, 1.15, 0.15)
    pen.polygon([(-0.95, 0.46), (-1.20, 1.0), (-0.98, 1.0), (-0.66, 0.50)])
    pen.polygon([(0.20, 0.42), (-0.45, 0.02), (-0.62, 0.05), (-0.22, 0.44)])
    pen.polygon([(0.15, 0.46), (-0.32, 0.74), (-0.44, 0.74), (-0.15, 0.46)])


def rocket(pen: Pen, step: float) -> None:
    pen.polygon([(0, 1.0), (0.09, 0.84), (0.10, 0.36), (-0.10, 0.36), (-0.09, 0.84)])
    pen.polygon([(0.09, 0.52), (0.22, 0.30), (0.09, 0.36)])
    pen.polygon([(-0.09, 0.52), (-0.22, 0.30), (-0.09, 0.36)])
    pen.polygon([(-0.07, 0.34), (0.0, 0.02 + 0.10 * abs(math.sin(2 * math.pi * step))), (0.07, 0.34)])


def ufo(pen: Pen, step: float) -> None:
    del step
    pen.ellipse(0, 0.42, 1.1, 0.24)
    pen.ellipse(0, 0.62, 0.46, 0.32)
    for x in (-0.6, 0.0, 0.6):
        pen.ellipse(x, 0.24, 0.12, 0.10)


def car(pen: Pen, step: float) -> None:
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


def train(pen: Pen, step: float) -> None:
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


def kite(pen: Pen, step: float) -> None:
    sway = 0.06 * math.sin(2 * math.pi * step)
    pen.polygon([(0.1, 1.0), (0.32, 0.72), (0.05, 0.34), (-0.20, 0.72)])
    pen.line([(0.05, 0.36), (sway, 0.20), (-0.08 - sway, 0.0)], 0.02)
