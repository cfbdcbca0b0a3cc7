"""Buildings as silhouettes with lit windows, and whole skylines of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dream_nb.studio.render.figures.pen import Pen, Point, press
from dream_nb.studio.render.noise import U8, fbm1, pick

Draw = Callable[[Pen, Pen, np.random.Generator], None]


@dataclass(frozen=True, slots=True)
class Building:
    """A kind of building.

    Args:
        draw: draws its walls with one pen, and its lights with another.
        width: its width in multiples of its height.
        high: its height seen from near, in scene units.
        many: how many buildings of this kind a scene has.
    """

    draw: Draw
    width: float
    high: float
    many: int = 1


def _house(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    wide = pick(rng, 0.42, 0.6)
    pen.box(-wide, 0, wide, 0.5)
    pen.polygon([(-wide - 0.1, 0.48), (-wide * 0.55, 0.92), (wide * 0.55, 0.92), (wide + 0.1, 0.48)])
    pen.box(wide * 0.2, 0.8, wide * 0.2 + 0.12, 1.0)
    for x in (-0.6, 0.1, 0.55):
        lamps.box(x * wide - 0.06, 0.16, x * wide + 0.07, 0.36)


def _village(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    for place in (-1.7, -1.15, -0.6, 0.35, 0.9, 1.5):
        x = place + pick(rng, -0.1, 0.1)
        wide, wall = pick(rng, 0.20, 0.30), pick(rng, 0.22, 0.34)
        pen.box(x - wide, 0, x + wide, wall)
        pen.polygon([(x - wide - 0.05, wall - 0.01), (x, wall + pick(rng, 0.2, 0.3)), (x + wide + 0.05, wall - 0.01)])
        lamps.box(x - 0.12, wall * 0.35, x - 0.04, wall * 0.75)
        lamps.box(x + 0.05, wall * 0.35, x + 0.13, wall * 0.75)
    pen.box(-0.25, 0, 0.05, 0.6)
    pen.polygon([(-0.28, 0.58), (-0.10, 1.0), (0.08, 0.58)])


def _castle(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    def tower(x: float, wide: float, high: float, roof: float) -> None:
        pen.box(x - wide, 0, x + wide, high)
        pen.box(x - wide * 1.2, high - 0.05, x + wide * 1.2, high)
        if roof:
            pen.polygon([(x - wide * 1.35, high), (x, high + roof), (x + wide * 1.35, high)])
            pen.line([(x, high + roof - 0.02), (x, high + roof + 0.05)], 0.008)
        lamps.box(x - 0.016, high * 0.72, x + 0.016, high * 0.72 + 0.06)
        lamps.box(x - 0.014, high * 0.42, x + 0.014, high * 0.42 + 0.05)

    pen.box(-0.62, 0, 0.62, 0.26)
    for at in range(16):
        pen.box(-0.62 + at * 0.08, 0.24, -0.62 + at * 0.08 + 0.045, 0.295)
    tower(-0.58, 0.075, 0.42, 0.16)
    tower(0.60, 0.07, 0.38, 0.15)
    tower(-0.27, 0.06, pick(rng, 0.5, 0.58), 0.18)
    tower(0.30, 0.065, pick(rng, 0.55, 0.62), 0.18)
    pen.box(-0.20, 0, 0.22, 0.46)
    tower(0.02, 0.085, 0.70, 0.24)
    tower(0.16, 0.035, 0.60, 0.14)


def _lighthouse(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del rng
    pen.polygon([(-0.11, 0.0), (-0.065, 0.76), (0.065, 0.76), (0.11, 0.0)])
    pen.box(-0.095, 0.75, 0.095, 0.78)
    pen.box(-0.055, 0.78, 0.055, 0.89)
    pen.polygon([(-0.075, 0.885), (0, 0.98), (0.075, 0.885)])
    pen.box(0.08, 0, 0.40, 0.17)
    pen.polygon([(0.05, 0.165), (0.24, 0.27), (0.43, 0.165)])
    lamps.box(-0.045, 0.79, 0.045, 0.88)


def _church(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del rng
    pen.box(-0.12, 0, 0.55, 0.34)
    pen.polygon([(-0.15, 0.33), (0.0, 0.52), (0.44, 0.52), (0.60, 0.33)])
    pen.box(-0.30, 0, -0.06, 0.58)
    pen.polygon([(-0.33, 0.57), (-0.18, 0.94), (-0.03, 0.57)])
    pen.line([(-0.18, 0.92), (-0.18, 1.0)], 0.012)
    pen.line([(-0.215, 0.965), (-0.145, 0.965)], 0.012)
    for x in (0.05, 0.2, 0.35):
        lamps.box(x, 0.10, x + 0.06, 0.26)


def _pagoda(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del rng
    for tier in range(5):
        low, wide = 0.17 * tier, 0.26 - 0.032 * tier
        pen.box(-wide * 0.66, low, wide * 0.66, low + 0.12)
        pen.polygon(
            [
                (-wide * 1.45, low + 0.135),
                (-wide * 0.8, low + 0.12),
                (wide * 0.8, low + 0.12),
                (wide * 1.45, low + 0.135),
                (wide * 0.62, low + 0.19),
                (-wide * 0.62, low + 0.19),
            ]
        )
        lamps.box(-wide * 0.3, low + 0.03, -wide * 0.08, low + 0.09)
        lamps.box(wide * 0.08, low + 0.03, wide * 0.3, low + 0.09)
    pen.line([(0, 0.85), (0, 1.0)], 0.018)


def _mosque(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del rng
    pen.box(-0.42, 0, 0.42, 0.34)
    pen.ellipse(0, 0.44, 0.24, 0.26)
    pen.line([(0, 0.66), (0, 0.80)], 0.014)
    for x in (-0.30, 0.30):
        pen.ellipse(x, 0.36, 0.10, 0.11)
    for x in (-0.58, 0.58):
        pen.box(x - 0.035, 0, x + 0.035, 0.78)
        pen.box(x - 0.055, 0.64, x + 0.055, 0.67)
        pen.polygon([(x - 0.045, 0.78), (x, 0.95), (x + 0.045, 0.78)])
    for x in (-0.2, 0.0, 0.2):
        lamps.box(x - 0.04, 0.06, x + 0.04, 0.22)


def _pyramid(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del lamps, rng
    pen.polygon([(-0.82, 0), (0, 1.0), (0.82, 0)], 255)
    pen.polygon([(0.75, 0), (1.2, 0.55), (1.65, 0)], 255)


def _windmill(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    pen.polygon([(-0.17, 0), (-0.10, 0.58), (0.10, 0.58), (0.17, 0)])
    pen.polygon([(-0.12, 0.57), (0, 0.70), (0.12, 0.57)])
    lean = pick(rng, 0.2, 1.2)
    for sail in range(4):
        turn = lean + sail * math.pi / 2
        tip = (0.40 * math.cos(turn), 0.60 + 0.40 * math.sin(turn))
        side = (-0.075 * math.sin(turn), 0.075 * math.cos(turn))
        near = (0.10 * math.cos(turn), 0.60 + 0.10 * math.sin(turn))
        pen.line([(0, 0.60), tip], 0.018)
        pen.polygon([near, tip, (tip[0] + side[0], tip[1] + side[1]), (near[0] + side[0], near[1] + side[1])])
    lamps.box(-0.03, 0.24, 0.03, 0.34)


def _turbine(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del lamps
    pen.polygon([(-0.014, 0), (-0.007, 0.70), (0.007, 0.70), (0.014, 0)])
    lean = pick(rng, 0.0, 2.0)
    for blade in range(3):
        turn = lean + blade * 2 * math.pi / 3
        pen.polygon(
            [
                (0.012 * -math.sin(turn), 0.70 + 0.012 * math.cos(turn)),
                (0.29 * math.cos(turn), 0.70 + 0.29 * math.sin(turn)),
                (0.02 * math.sin(turn), 0.70 - 0.02 * math.cos(turn)),
            ]
        )


def _bridge(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del rng
    pen.box(-4.2, 0.30, 4.2, 0.36)
    for x in (-1.6, 1.6):
        pen.box(x - 0.09, 0, x - 0.03, 1.0)
        pen.box(x + 0.03, 0, x + 0.09, 1.0)
        pen.box(x - 0.09, 0.62, x + 0.09, 0.66)
        pen.box(x - 0.09, 0.94, x + 0.09, 0.98)
    cable: list[Point] = []
    for at in range(85):
        x = -4.2 + at * 0.1
        away = abs(abs(x) - 1.6) if abs(x) > 1.6 else 1.6 - abs(x)
        y = 0.36 + 0.6 * max(0.0, 1 - away / (1.6 if abs(x) <= 1.6 else 2.6)) ** 2
        cable.append((x, y))
        if at % 3 == 0:
            pen.line([(x, 0.34), (x, y)], 0.012)
            lamps.ellipse(x, 0.385, 0.02, 0.02)
    pen.line(cable, 0.03)


def _ruins(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del lamps
    for at in range(6):
        x, high = -0.85 + 0.34 * at, (0.86 if at in (1, 2, 3) else pick(rng, 0.25, 0.8))
        pen.box(x - 0.05, 0, x + 0.05, high)
        pen.box(x - 0.075, 0, x + 0.075, 0.05)
        if high > 0.8:
            pen.box(x - 0.08, high - 0.05, x + 0.08, high)
    pen.polygon([(-0.62, 0.86), (0.25, 0.86), (0.25, 0.93), (-0.15, 1.0), (-0.62, 0.93)])


def _tent(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del rng
    pen.polygon([(-0.9, 0), (-0.1, 1.0), (0.25, 0.92), (0.95, 0)])
    lamps.polygon([(-0.5, 0.04), (-0.08, 0.78), (0.16, 0.04)])


def _pier(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del rng
    pen.box(-3.0, 0.45, 2.2, 0.58)
    for at in range(9):
        pen.box(-2.9 + at * 0.62, 0, -2.9 + at * 0.62 + 0.09, 0.7)
    pen.box(1.4, 0.55, 2.1, 0.85)
    pen.polygon([(1.3, 0.84), (1.75, 1.0), (2.2, 0.84)])
    lamps.box(1.6, 0.62, 1.78, 0.76)


def _torii(pen: Pen, lamps: Pen, rng: np.random.Generator) -> None:
    del lamps, rng
    for x in (-0.42, 0.42):
        pen.polygon([(x - 0.055, 0), (x - 0.04, 0.9), (x + 0.04, 0.9), (x + 0.055, 0)])
    pen.box(-0.56, 0.66, 0.56, 0.73)
    pen.polygon([(-0.76, 1.0), (-0.62, 0.87), (0.62, 0.87), (0.76, 1.0), (0.4, 0.95), (-0.4, 0.95)])


_BUILDINGS: dict[str, Building] = {
    "house": Building(_house, 1.5, 0.13),
    "village": Building(_village, 4.2, 0.14),
    "castle": Building(_castle, 1.6, 0.36),
    "lighthouse": Building(_lighthouse, 1.0, 0.30),
    "church": Building(_church, 1.3, 0.26),
    "pagoda": Building(_pagoda, 0.9, 0.32),
    "mosque": Building(_mosque, 1.5, 0.28),
    "pyramid": Building(_pyramid, 3.4, 0.22),
    "windmill": Building(_windmill, 1.0, 0.26),
    "turbine": Building(_turbine, 0.8, 0.30, many=4),
    "bridge": Building(_bridge, 8.6, 0.30),
    "ruins": Building(_ruins, 2.0, 0.17),
    "tent": Building(_tent, 2.0, 0.075),
    "pier": Building(_pier, 6.2, 0.085),
    "torii": Building(_torii, 1.7, 0.24),
}


def known(kind: str) -> bool:
    """Whether this is a single building (a skyline is not)."""
    return kind in _BUILDINGS


def height(kind: str) -> float:
    """The height of a building seen from near, in scene units."""
    return _BUILDINGS[kind].high


def many(kind: str) -> int:
    """How many buildings of this kind a scene has."""
    return _BUILDINGS[kind].many


def raised(kind: str, rng: np.random.Generator, pixels: float) -> tuple[U8, U8]:
    """Masks of the walls and of the lights of a building that is this many pixels high."""
    building = _BUILDINGS[kind]
    pens = Pen(building.width, max(1.0, pixels)), Pen(building.width, max(1.0, pixels))
    building.draw(*pens, rng)
    return pens[0].mask(), pens[1].mask()


def skyline(
    walls: U8, lamps: U8, foot: int, unit: float, high: float, rng: np.random.Generator, start: int = 0
) -> None:
    """Draw towers side by side over the whole width of a layer.

    Args:
        walls, lamps: coverage of the layer, rows x width; both are drawn into.
        foot: row on which the towers stand.
        unit: pixels of one scene unit.
        high: height of the highest tower, in scene units.
        rng: generator for the towers.
        start: column near which the first tower begins.
    """
    width = walls.shape[1]
    groups = fbm1(rng, np.arange(400, dtype=np.float64) * 0.16, 3)
    column, number = start - 0.05 * unit, 0
    while column < width and number < 400:
        wide = pick(rng, 0.045, 0.10) * unit * (0.7 + high)
        tall = high * unit * min(1.0, max(0.16, 0.46 + 0.62 * float(groups[number]) + pick(rng, -0.16, 0.2)))
        roof, crown = rng.random(), rng.random()
        lit = rng.random((80, 24))
        left, right, top = round(column), round(column + wide), foot - round(tall)
        if right > 0 and left < width and top < foot:
            _tower(walls, lamps, (left, top, right, foot), unit, float(roof), float(crown), lit)
        column += wide * pick(rng, 0.8, 1.12)
        number += 1


def _tower(
    walls: U8,
    lamps: U8,
    place: tuple[int, int, int, int],
    unit: float,
    roof: float,
    crown: float,
    lit: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    left, top, right, foot = place
    width = walls.shape[1]
    walls[max(0, top) : foot, max(0, left) : min(width, right)] = 255
    lamps[max(0, top) : foot, max(0, left) : min(width, right)] = 0
    middle, wide = (left + right) // 2, right - left
    if roof < 0.30:
        for step in (1, 2):
            inset, rise = round(wide * 0.16 * step), round(0.022 * unit * step)
            walls[max(0, top - rise) : max(0, top), max(0, left + inset) : max(0, min(width, right - inset))] = 255
    elif roof < 0.45:
        rise = max(1, round(0.07 * unit))
        thick = max(1, round(0.003 * unit))
        walls[max(0, top - rise) : max(0, top), max(0, middle - thick) : max(0, min(width, middle + thick))] = 255
    elif roof < 0.58:
        pen = Pen(1.0, max(1.0, wide))
        pen.polygon([(-0.5, 0), (-0.5 if crown < 0.5 else 0.5, 0.5), (0.5, 0)])
        press(pen.mask(), walls, (left + right) / 2, top + 1)
    cell = max(2, round(0.0135 * unit))
    if wide < 3 * cell:
        return
    for row in range(min(80, (foot - top) // cell - 1)):
        for column in range(min(24, wide // cell - 1)):
            if lit[row, column] < 0.42:
                y, x = top + cell // 2 + row * cell, left + cell // 2 + column * cell
                size = max(1, round(cell * 0.55))
                if x >= 0 and y >= 0:
                    lamps[y : y + size, x : x + max(1, round(size * 0.7))] = int(165 + 90 * lit[row, column] / 0.42)
