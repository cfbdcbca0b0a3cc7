"""Draws boats, ships, balloons and kites, facing right."""

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


def kite(pen: Pen, step: float) -> None:
    sway = 0.06 * math.sin(2 * math.pi * step)
    pen.polygon([(0.1, 1.0), (0.32, 0.72), (0.05, 0.34), (-0.20, 0.72)])
    pen.line([(0.05, 0.36), (sway, 0.20), (-0.08 - sway, 0.0)], 0.02)
