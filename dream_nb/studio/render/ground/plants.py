"""Plants as silhouettes, each kind in several forms."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from dream_nb.studio.render.figures.pen import Pen, stamp
from dream_nb.studio.render.noise import U8, pick
from dream_nb.studio.render.vocabulary import RGB

Grow = Callable[[Pen, np.random.Generator], None]


def _pine(pen: Pen, rng: np.random.Generator) -> None:
    pen.box(-0.02, 0.0, 0.02, 0.2)
    tiers = 6 + int(rng.random() * 4)
    for tier in range(tiers):
        foot = 0.10 + 0.86 * tier / tiers
        wide = 0.22 * (1.0 - foot) ** 0.85 + 0.02
        lean = pick(rng, 0.85, 1.15)
        high = foot + 0.9 / tiers + 0.08
        pen.polygon(
            [(-wide * lean, foot - 0.02), (0.0, min(1.0, high)), (wide * (2 - lean), foot - 0.02), (0.0, foot + 0.03)]
        )


def _crown(pen: Pen, rng: np.random.Generator, low: float, high: float, wide: float, leaves: int) -> None:
    middle, half = (low + high) / 2, (high - low) / 2
    for _ in range(leaves):
        turn, out = 2 * math.pi * float(rng.random()), math.sqrt(float(rng.random()))
        size = pick(rng, 0.06, 0.13) * (0.6 + wide)
        pen.ellipse(wide * 0.8 * out * math.cos(turn), middle + half * 0.8 * out * math.sin(turn), size, size * 0.8)


def _trunk(pen: Pen, rng: np.random.Generator, high: float, thick: float = 0.03) -> None:
    bend = pick(rng, -0.03, 0.03)
    pen.polygon([(-thick * 1.4, 0), (-thick * 0.6 + bend, high), (thick * 0.6 + bend, high), (thick * 1.4, 0)])
    for side in (-1, 1):
        pen.line([(bend * 0.6, high * 0.7), (side * 0.16, high + 0.12)], thick * 0.6)


def _oak(pen: Pen, rng: np.random.Generator) -> None:
    _trunk(pen, rng, 0.42, 0.035)
    _crown(pen, rng, 0.30, 0.98, 0.40, 34)


def _blossom(pen: Pen, rng: np.random.Generator) -> None:
    _trunk(pen, rng, 0.40, 0.03)
    for side in (-1, 1):
        pen.line([(0.0, 0.34), (side * 0.2, 0.52), (side * 0.36, 0.62)], 0.022)
    _crown(pen, rng, 0.42, 0.95, 0.52, 40)


def _cypress(pen: Pen, rng: np.random.Generator) -> None:
    wide = pick(rng, 0.07, 0.10)
    outline = [
        (wide * math.sin(math.pi * t) ** 0.7 * (1.2 - t * 0.6), 0.05 + 0.95 * t)
        for t in np.linspace(0.02, 1, 14).tolist()
    ]
    pen.polygon(outline + [(-x, y) for x, y in reversed(outline)])
    pen.box(-0.015, 0.0, 0.015, 0.1)


def _palm(pen: Pen, rng: np.random.Generator) -> None:
    lean = pick(rng, -0.22, 0.22)
    top = (lean, 0.78)
    pen.line([(0, 0), (lean * 0.25, 0.3), (lean * 0.65, 0.58), top], 0.032)
    for leaf in range(11):
        turn = math.pi * (-0.12 + 1.24 * leaf / 10) + pick(rng, -0.1, 0.1)
        reach, droop = pick(rng, 0.30, 0.42), pick(rng, 0.16, 0.30)
        spine = [
            (top[0] + reach * t * math.cos(turn), top[1] + 0.21 * t * math.sin(turn) + 0.06 * t - droop * t * t)
            for t in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
        ]
        wide = [0.008, 0.022, 0.028, 0.026, 0.018, 0.0]
        pen.polygon(
            [(x, y + w) for (x, y), w in zip(spine, wide, strict=True)]
            + [(x, y - 1.6 * w) for (x, y), w in reversed(list(zip(spine, wide, strict=True)))]
        )


def _willow(pen: Pen, rng: np.random.Generator) -> None:
    _trunk(pen, rng, 0.5, 0.04)
    _crown(pen, rng, 0.55, 0.98, 0.36, 22)
    for _ in range(46):
        x = pick(rng, -0.46, 0.46)
        y = 0.84 - 0.5 * x * x
        pen.line([(x * 0.9, y), (x, y * 0.6), (x * 1.04, pick(rng, 0.10, 0.35))], 0.012)


def _acacia(pen: Pen, rng: np.random.Generator) -> None:
    pen.line([(0, 0), (0.03, 0.4), (-0.16, 0.74)], 0.035)
    pen.line([(0.03, 0.4), (0.22, 0.74)], 0.03)
    for _ in range(26):
        x = pick(rng, -0.6, 0.6)
        pen.ellipse(x, 0.84 + 0.08 * float(rng.random()) - 0.14 * x * x, 0.13, 0.045)


def _bamboo(pen: Pen, rng: np.random.Generator) -> None:
    for stalk in range(3):
        x = (stalk - 1) * 0.07 + pick(rng, -0.03, 0.03)
        lean = pick(rng, -0.05, 0.05)
        pen.line([(x, 0), (x + lean, 1.0)], 0.014)
        for _ in range(12):
            y = pick(rng, 0.35, 0.98)
            side = -1 if rng.random() < 0.5 else 1
            root = (x + lean * y, y)
            pen.polygon(
                [
                    root,
                    (root[0] + side * 0.08, y + 0.015),
                    (root[0] + side * 0.14, y - 0.04),
                    (root[0] + side * 0.06, y - 0.01),
                ]
            )


def _cactus(pen: Pen, rng: np.random.Generator) -> None:
    def limb(points: list[tuple[float, float]], wide: float) -> None:
        pen.line(points, wide)
        for x, y in points:
            pen.ellipse(x, y, wide / 2, wide / 2)

    limb([(0, 0), (0, 0.92)], 0.13)
    for side in (-1, 1):
        y = pick(rng, 0.30, 0.5)
        limb([(0, y), (side * 0.2, y), (side * 0.2, y + pick(rng, 0.18, 0.32))], 0.085)


def _flowers(pen: Pen, rng: np.random.Generator) -> None:
    for _ in range(4):
        x, y = pick(rng, -0.3, 0.3), pick(rng, 0.55, 0.92)
        pen.line([(x * 0.6, 0), (x * 0.8, y * 0.5), (x, y)], 0.03)
        pen.polygon([(x * 0.7, y * 0.3), (x * 0.7 + 0.14, y * 0.5), (x * 0.8, y * 0.42)])
        for petal in range(5):
            turn = 2 * math.pi * petal / 5 + x
            pen.ellipse(x + 0.06 * math.cos(turn), y + 0.05 * math.sin(turn), 0.055, 0.045)


def _grass(pen: Pen, rng: np.random.Generator) -> None:
    for _ in range(9):
        x, high, bend = pick(rng, -0.34, 0.34), pick(rng, 0.45, 1.0), pick(rng, -0.2, 0.2)
        pen.polygon(
            [
                (x - 0.025, 0),
                (x + bend * 0.4 - 0.01, high * 0.6),
                (x + bend, high),
                (x + bend * 0.4 + 0.02, high * 0.6),
                (x + 0.025, 0),
            ]
        )


def _reeds(pen: Pen, rng: np.random.Generator) -> None:
    _grass(pen, rng)
    for _ in range(3):
        x, high, bend = pick(rng, -0.3, 0.3), pick(rng, 0.7, 0.95), pick(rng, -0.06, 0.06)
        pen.line([(x, 0), (x + bend, high)], 0.012)
        pen.ellipse(x + bend, high - 0.06, 0.02, 0.09)


def _mushroom(pen: Pen, rng: np.random.Generator) -> None:
    wide = pick(rng, 0.34, 0.46)
    pen.polygon([(-0.09, 0), (-0.06, 0.6), (0.06, 0.6), (0.09, 0)])
    dome = [(wide * math.cos(t), 0.52 + 0.44 * math.sin(t)) for t in np.linspace(0, math.pi, 16).tolist()]
    pen.polygon(dome)
    pen.ellipse(0, 0.52, wide, 0.06)


def _coral(pen: Pen, rng: np.random.Generator) -> None:
    if rng.random() < 0.35:
        for _ in range(8):
            x, high = pick(rng, -0.3, 0.3), pick(rng, 0.5, 1.0)
            pen.line([(x * 0.5, 0), (x + 0.06, high * 0.35), (x - 0.05, high * 0.7), (x + 0.04, high)], 0.05)
        return

    def branch(x: float, y: float, turn: float, long: float, depth: int) -> None:
        tip = (x + long * math.cos(turn), y + long * math.sin(turn))
        pen.line([(x, y), tip], 0.025 + 0.02 * depth)
        pen.ellipse(*tip, 0.018 + 0.01 * depth, 0.018 + 0.01 * depth)
        if depth:
            for side in (-1, 1):
                branch(*tip, turn + side * pick(rng, 0.25, 0.6), long * pick(rng, 0.65, 0.85), depth - 1)

    branch(0.0, 0.0, math.pi / 2, 0.27, 4)


_KINDS: dict[str, tuple[Grow, float, float]] = {
    # how it is drawn; width in multiples of its height; height in scene units when near
    "pine": (_pine, 0.5, 0.34),
    "oak": (_oak, 1.05, 0.30),
    "autumn": (_oak, 1.05, 0.30),
    "blossom": (_blossom, 1.3, 0.30),
    "cypress": (_cypress, 0.26, 0.32),
    "palm": (_palm, 1.3, 0.42),
    "willow": (_willow, 1.15, 0.34),
    "acacia": (_acacia, 1.5, 0.28),
    "bamboo": (_bamboo, 0.5, 0.60),
    "cactus": (_cactus, 0.6, 0.20),
    "flowers": (_flowers, 0.9, 0.075),
    "grass": (_grass, 1.1, 0.07),
    "reeds": (_reeds, 0.9, 0.17),
    "mushroom": (_mushroom, 1.0, 0.10),
    "coral": (_coral, 1.1, 0.17),
}
SMALL = frozenset({"flowers", "grass", "reeds", "mushroom"})
"""Plants that can be seen only from near."""

COLOURS: dict[str, RGB] = {
    "pine": (0.16, 0.27, 0.19),
    "oak": (0.24, 0.35, 0.16),
    "autumn": (0.78, 0.36, 0.10),
    "blossom": (0.97, 0.66, 0.74),
    "cypress": (0.18, 0.28, 0.16),
    "palm": (0.18, 0.33, 0.16),
    "willow": (0.32, 0.42, 0.18),
    "acacia": (0.30, 0.32, 0.14),
    "bamboo": (0.36, 0.50, 0.18),
    "cactus": (0.22, 0.36, 0.20),
    "flowers": (0.86, 0.28, 0.34),
    "grass": (0.34, 0.46, 0.18),
    "reeds": (0.36, 0.36, 0.18),
    "mushroom": (0.78, 0.26, 0.20),
    "coral": (0.98, 0.42, 0.46),
}


def height(kind: str) -> float:
    """Height of a near plant, in scene units."""
    return _KINDS[kind][2]


def bent(plant: U8, lean: float) -> U8:
    """A plant bent by the wind: higher rows are moved farther to one side.

    Args:
        plant: the mask of the plant.
        lean: how far its top moves, in heights of the plant; positive to the right.
    """
    rows = plant.shape[0]
    aside = math.ceil(abs(lean) * rows)
    wide = np.pad(plant, ((0, 0), (aside, aside)))
    for row in range(rows):
        wide[row] = np.roll(wide[row], round(lean * rows * (1.0 - row / rows) ** 1.6))
    return wide


def grown(kind: str, rng: np.random.Generator, pixels: float, forms: int) -> list[U8]:
    """Masks of several plants of a kind, each about this many pixels high; `forms` is their number."""
    grow, width, _ = _KINDS[kind]
    return [
        stamp(lambda pen: grow(pen, rng), width, pixels * (0.72 + 0.36 * form / max(1, forms - 1)))
        for form in range(forms)
    ]
