"""The houses of a street: fronts in perspective with windows, shops and signs. Lengths are in metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from dream_nb.studio.render.noise import pick
from dream_nb.studio.render.palette import mix, times
from dream_nb.studio.render.places.board import hexed
from dream_nb.studio.render.places.perspective import Perspective, Point, toned
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

METRES: Final = 5.5
"""Metres in one unit of depth."""
_FRONTS: Final[tuple[RGB, ...]] = (
    (0.58, 0.36, 0.28), (0.70, 0.60, 0.46), (0.48, 0.47, 0.47), (0.62, 0.48, 0.38), (0.44, 0.38, 0.36),
    (0.66, 0.64, 0.60), (0.52, 0.42, 0.34),
)  # fmt: skip
_AWNINGS: Final[tuple[RGB, ...]] = ((0.62, 0.18, 0.16), (0.18, 0.38, 0.30), (0.20, 0.28, 0.46), (0.72, 0.52, 0.24))
_GOODS: Final[tuple[RGB, ...]] = (
    (0.85, 0.30, 0.22), (0.95, 0.80, 0.45), (0.30, 0.50, 0.40), (0.35, 0.45, 0.70), (0.95, 0.92, 0.85),
    (0.25, 0.20, 0.20),
)  # fmt: skip
NEON: Final[tuple[RGB, ...]] = (
    (1.0, 0.20, 0.55), (0.20, 0.90, 1.0), (0.70, 0.35, 1.0), (1.0, 0.72, 0.20), (0.30, 1.0, 0.62), (1.0, 0.30, 0.25),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class House:
    """A house on one side of the street (-1 left, 1 right), from one depth to another."""

    side: int
    near: float
    far: float
    high: float
    colour: RGB


@dataclass(slots=True)
class Street:
    """A street while it is built.

    Args:
        stage: the stage of the scene.
        view: the position of the viewer.
        half: metres from the middle of the street to the fronts of the houses.
        kind: "street", "alley", "market" or "neon".
        lit: how much its lamps and windows shine, 0 (day) to 1 (night).
        wet: how much its ground reflects, 0 to 1.
        glowing: its lights, each as column, row and reach in pixels, colour and strength.
    """

    stage: SceneStage
    view: Perspective
    half: float
    kind: str
    lit: float
    wet: float
    glowing: list[tuple[float, float, float, RGB, float]] = field(default_factory=list)

    def seen(self, colour: RGB, deep: float, side: float = 0.0) -> RGB:
        """The colour of a surface in the light of the hour, closer to that of the air with distance."""
        light = self.stage.light
        sunny = 0.5 + 0.5 * side * (1.0 if self.stage.sun_x < 0.5 else -1.0)
        shone = times(colour, mix(light.shade, light.lit, 0.30 + 0.55 * sunny * (1.0 - 0.6 * self.lit)))
        return mix(shone, self.air, self.hazy(deep))

    @property
    def air(self) -> RGB:
        """The colour that distant surfaces fade to."""
        light = self.stage.light
        return toned(mix(light.haze, light.horizon, 0.30), 0.88)

    def hazy(self, deep: float) -> float:
        """The share of the air's colour at a depth, 0 to 1."""
        return min(0.88, 1.0 - math.exp(-max(0.0, deep - 1.5) / (10.0 - 6.0 * self.stage.plan.haze)))

    def shine(self, at: Point, reach: float, colour: RGB, strength: float) -> None:
        """Add a light at a point; `reach` is in metres."""
        x, y = self.view.at(at)
        # Distant lights lie close together in the picture, so each is fainter.
        faint = min(1.0, 2.2 / at[2])
        self.glowing.append((x, y, reach * self.view.k / at[2], colour, strength * faint))


def row(street: Street, side: int) -> list[House]:
    """The houses on one side, the nearest first."""
    rng = street.stage.plan.chance("houses", side)
    found: list[House] = []
    near = 0.35
    tall = (3.0, 5.0) if street.kind == "alley" else (2.6, 6.2) if street.kind == "neon" else (2.4, 4.4)
    while near < 15.0:
        long = pick(rng, 8.0, 15.0) / METRES
        colour = _FRONTS[int(rng.random() * len(_FRONTS))]
        if street.stage.plan.tints:
            colour = mix(colour, street.stage.plan.tints[len(found) % len(street.stage.plan.tints)], 0.35)
        found.append(House(side, near, near + long, 3.2 * pick(rng, *tall), colour))
        near += long
    return found


def drawn(street: Street, house: House, view: Perspective, number: int) -> str:
    """A house as SVG."""
    rng = street.stage.plan.chance("house", house.side, number)
    x = house.side * street.half
    far_x = x + house.side * 14.0
    deep = (house.near + house.far) / 2
    end = street.seen(toned(house.colour, 0.72), house.near)
    parts = [view.front(min(x, far_x), max(x, far_x), 0.0, house.high, house.near, hexed(end))]

    def wall(z0: float, z1: float, y0: float, y1: float, fill: str, extra: str = "", out: float = 0.0) -> str:
        at = x - house.side * out
        corners: tuple[Point, ...] = ((at, y0, z0), (at, y0, z1), (at, y1, z1), (at, y1, z0))
        return view.face(corners, fill, extra)

    front = street.seen(house.colour, deep, house.side)
    parts.append(wall(house.near, house.far, 0.0, house.high, hexed(front)))
    parts.append(wall(house.near, house.far, house.high - 0.5, house.high, hexed(toned(front, 1.18)), out=0.25))
    parts.append(wall(house.near, house.far, house.high - 0.75, house.high - 0.5, hexed(toned(front, 0.6))))
    parts.append(wall(house.near, house.near + 0.05, 0.0, house.high, hexed(toned(front, 0.7))))
    floors = max(1, round((house.high - 4.4) / 3.1))
    columns = max(2, round((house.far - house.near) * METRES / 2.5))
    for floor in range(floors):
        y0 = 4.6 + floor * (house.high - 5.4) / floors
        parts.append(wall(house.near, house.far, y0 - 0.75, y0 - 0.6, hexed(toned(front, 1.12)), out=0.08))
        for column in range(columns):
            z0, z1 = (house.near + (house.far - house.near) * (column + part) / columns for part in (0.24, 0.76))
            _window(street, wall, front, deep, (z0, z1, y0, y0 + 1.75), rng, parts)
    if street.kind == "alley" and rng.random() < 0.7:
        _doors(street, house, wall, front, rng, parts)
    else:
        _shop(street, house, wall, rng, parts)
    if street.kind == "neon" or (street.lit > 0.5 and rng.random() < 0.35):
        _sign(street, house, view, rng, parts)
    return "".join(parts)


def _window(
    street: Street,
    wall: Callable[..., str],
    front: RGB,
    deep: float,
    box: tuple[float, float, float, float],
    rng: np.random.Generator,
    parts: list[str],
) -> None:
    z0, z1, y0, y1 = box
    if z1 < 0.4:
        return
    light = street.stage.light
    if deep < 6.0:
        rim = 0.12
        parts.append(wall(z0 - rim / METRES, z1 + rim / METRES, y0 - rim, y1 + rim, hexed(toned(front, 1.2))))
    shines = rng.random() < 0.12 + 0.42 * street.lit
    tone = float(rng.random())
    if shines and street.lit > 0.2:
        warm: RGB = mix((1.0, 0.62, 0.26), (1.0, 0.88, 0.62), tone)
        glass = mix(warm, light.haze, min(0.75, deep / 22))
    else:
        glass = mix(toned(front, 0.35), mix(light.zenith, light.horizon, tone), 0.45 - 0.25 * street.lit)
    parts.append(wall(z0, z1, y0, y1, hexed(glass)))
    if deep < 4.0:
        middle = (z0 + z1) / 2
        dark = hexed(toned(front, 0.55))
        parts.append(wall(middle - 0.006, middle + 0.006, y0, y1, dark))
        parts.append(wall(z0, z1, y0 + 1.05, y0 + 1.11, dark))
        if not shines:
            parts.append(wall(z0, middle, y0, y1, "#fff", 'opacity=".06"'))


def _shop(street: Street, house: House, wall: Callable[..., str], rng: np.random.Generator, parts: list[str]) -> None:
    """Add the ground floor: shop windows, and in most cases an awning."""
    z0, z1 = house.near + 0.10, house.far - 0.10
    deep = (z0 + z1) / 2
    frame = street.seen(toned(mix(house.colour, (0.2, 0.22, 0.24), 0.6), 0.8), deep, house.side)
    parts.append(wall(house.near, house.far, 0.0, 3.6, hexed(frame)))
    count = max(1, round((z1 - z0) * METRES / 3.2))
    warm: RGB = mix((1.0, 0.72, 0.40), (1.0, 0.92, 0.76), float(rng.random()))
    dark = mix(toned(frame, 0.35), street.stage.light.horizon, 0.25)
    closed, shelves = rng.random() < 0.14, rng.random() < 0.4
    glass = mix(mix(dark, toned(warm, 0.86), 0.12 + 0.80 * street.lit), street.air, street.hazy(deep))
    for number in range(count):
        a, b = (z0 + (z1 - z0) * (number + part) / count for part in (0.07, 0.93))
        if closed:
            for slat in range(14):
                y = 0.5 + 0.16 * slat
                parts.append(wall(a, b, y, y + 0.11, hexed(toned(frame, 0.72 if slat % 2 else 0.86))))
            continue
        parts.append(wall(a, b, 0.55, 2.7, hexed(glass)))
        if (a + b) / 2 < 7.0 and shelves:
            _goods(street, wall, (a, b), toned(glass, 0.5), rng, parts)
        elif (a + b) / 2 < 9.0:
            _guests(wall, (a, b), toned(glass, 0.42), rng, parts)
        parts.append(wall(a, b, 0.55, 2.7, "url(#down)"))
        if street.lit > 0.2:
            street.shine((house.side * street.half, 1.4, (a + b) / 2), 2.2, warm, 0.42 * street.lit)
    if rng.random() < 0.7 or street.kind == "market":
        cloth = street.seen(_AWNINGS[int(rng.random() * len(_AWNINGS))], deep, house.side)
        _awning(street, house, cloth, parts)


def _goods(
    street: Street,
    wall: Callable[..., str],
    between: tuple[float, float],
    tone: RGB,
    rng: np.random.Generator,
    parts: list[str],
) -> None:
    """Add what a shop window shows: a band of light, and shelves with goods."""
    a, b = between
    parts.append(wall(a, b, 2.25, 2.7, "#fff", f'opacity="{0.10 + 0.25 * street.lit:.2f}"'))
    for shelf in (0.62, 1.30, 1.86):
        parts.append(wall(a, b, shelf - 0.05, shelf, hexed(tone), 'opacity=".7"'))
        at = a + (b - a) * 0.03
        while at < b - (b - a) * 0.08:
            wide = (b - a) * pick(rng, 0.03, 0.09)
            hue = mix(tone, _GOODS[int(rng.random() * len(_GOODS))], 0.45)
            fill = hexed(toned(hue, 0.45 + 0.6 * street.lit))
            parts.append(wall(at, at + wide, shelf, shelf + pick(rng, 0.18, 0.52), fill, 'opacity=".8"'))
            at += wide * pick(rng, 1.1, 2.2)


def _guests(
    wall: Callable[..., str], between: tuple[float, float], tone: RGB, rng: np.random.Generator, parts: list[str]
) -> None:
    """Add a room behind a window: tables, plants and hanging lamps."""
    a, b = between
    wide = b - a
    for number in range(3):
        at = a + wide * (number + pick(rng, 0.2, 0.6)) / 3
        high = pick(rng, 1.0, 1.6)
        parts.append(wall(at, at + wide * pick(rng, 0.08, 0.2), 0.6, high, hexed(tone), 'opacity=".55"'))
        parts.append(wall(at + wide * 0.03, at + wide * 0.09, high - 0.05, high + 0.3, hexed(tone), 'opacity=".45"'))
        lamp = a + wide * (number + 0.5) / 3
        parts.append(wall(lamp - wide * 0.004, lamp + wide * 0.004, 2.3, 2.7, hexed(tone)))
        parts.append(wall(lamp - wide * 0.05, lamp + wide * 0.05, 2.18, 2.32, hexed(mix(tone, (1.0, 0.95, 0.8), 0.8))))
    parts.append(wall(a, b, 0.55, 0.85, hexed(tone), 'opacity=".5"'))


def _doors(
    street: Street,
    house: House,
    wall: Callable[..., str],
    front: RGB,
    rng: np.random.Generator,
    parts: list[str],
) -> None:
    """Add the back of a house: bricks, a door with a lamp above it, a pipe."""
    z0, z1 = house.near, house.far
    for course in range(18):
        y = 0.2 * course
        parts.append(wall(z0, z1, y, y + 0.03, hexed(toned(front, pick(rng, 0.62, 0.82))), 'opacity=".55"'))
    door = z0 + (z1 - z0) * pick(rng, 0.3, 0.6)
    wide = 1.1 / METRES
    parts.append(wall(door - 0.02, door + wide + 0.02, 0.0, 2.35, hexed(toned(front, 0.45))))
    parts.append(wall(door, door + wide, 0.0, 2.25, hexed(street.seen((0.24, 0.32, 0.30), door))))
    pipe = z0 + (z1 - z0) * pick(rng, 0.75, 0.9)
    parts.append(wall(pipe, pipe + 0.022, 0.0, house.high, hexed(toned(front, 0.5)), out=0.1))
    if street.lit > 0.2 and door > 0.5:
        middle = door + wide / 2
        parts.append(wall(middle - 0.03, middle + 0.03, 2.6, 2.75, "#ffe9bd", out=0.15))
        street.shine((house.side * (street.half - 0.2), 2.6, middle), 1.7, (1.0, 0.74, 0.42), 0.9 * street.lit)


def _awning(street: Street, house: House, cloth: RGB, parts: list[str]) -> None:
    view, x = street.view, house.side * street.half
    out = x - house.side * (1.9 if street.kind == "market" else 1.1)
    stripes = max(3, round((house.far - house.near) * METRES / 1.2))
    for stripe in range(stripes):
        a, b = (house.near + 0.1 + (house.far - house.near - 0.2) * (stripe + part) / stripes for part in (0, 1))
        tone = cloth if stripe % 2 else mix(cloth, toned((1.0, 0.95, 0.88), 0.4 + 0.6 * max(cloth)), 0.55)
        parts.append(view.face(((x, 3.3, a), (x, 3.3, b), (out, 2.75, b), (out, 2.75, a)), hexed(toned(tone, 1.1))))
        parts.append(view.face(((out, 2.75, a), (out, 2.75, b), (out, 2.5, b), (out, 2.5, a)), hexed(toned(tone, 0.8))))


def _sign(street: Street, house: House, view: Perspective, rng: np.random.Generator, parts: list[str]) -> None:
    """Add shining signs that project from the front: up to three in a neon street, otherwise one."""
    for _ in range(3 if street.kind == "neon" else 1):
        colour = NEON[int(rng.random() * len(NEON))]
        deep = pick(rng, max(0.9, house.near), house.far)
        if deep <= 0.8:
            continue
        wide, high = pick(rng, 0.7, 1.1), pick(rng, 1.4, 3.6)
        foot = pick(rng, 3.4, max(3.6, min(7.5, house.high - high - 1)))
        x = house.side * street.half
        a, b = sorted((x - house.side * 0.25, x - house.side * (0.25 + wide)))
        parts.append(
            view.front(
                a, b, foot, foot + high, deep, hexed(mix(toned(colour, 0.30), (0.04, 0.03, 0.07), 0.35)), round_=0.08
            )
        )
        line = 0.055 * view.k / deep
        stroke = f'stroke="{hexed(mix(colour, (1.0, 1.0, 1.0), 0.18))}" stroke-width="{line:.1f}"'
        parts.append(view.front(a + 0.08, b - 0.08, foot + 0.08, foot + high - 0.08, deep, "none", stroke, 0.06))
        glyphs = max(1, round(high / 0.75))
        for glyph in range(glyphs):
            c = foot + 0.2 + (high - 0.4) * glyph / glyphs
            tall = (high - 0.4) / glyphs * 0.72
            for bar in range(3):
                d = c + tall * bar / 2.2
                left, right = sorted((a + pick(rng, 0.18, 0.34), b - pick(rng, 0.18, 0.34)))
                parts.append(view.front(left, right, d, d + 0.06, deep, hexed(mix(colour, (1.0, 1.0, 1.0), 0.4))))
            post = pick(rng, a + 0.25, b - 0.25)
            parts.append(
                view.front(post - 0.03, post + 0.03, c, c + tall, deep, hexed(mix(colour, (1.0, 1.0, 1.0), 0.35)))
            )
        street.shine(
            ((a + b) / 2, foot + high / 2, deep), 0.9 + high * 0.5, colour, 1.3 if street.kind == "neon" else 0.8
        )
