"""The ground in close-up: a leaf that fills the frame, moss, or blades of grass, with drops on them."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from dream_nb.studio.render.noise import F32, U8, pick, smoothstep
from dream_nb.studio.render.palette import mix, times
from dream_nb.studio.render.places.board import Board, Laid, blurred, field, hexed
from dream_nb.studio.render.places.lights import Light, Lights
from dream_nb.studio.render.places.perspective import toned
from dream_nb.studio.render.places.place import Drawable, ScenePlace
from dream_nb.studio.render.places.shapes import area, circle, ellipse, line
from dream_nb.studio.render.sky.weather import Motes
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

_NEAR: Final = 0.38
_GREENS: Final[tuple[RGB, ...]] = ((0.26, 0.50, 0.16), (0.36, 0.56, 0.18), (0.18, 0.44, 0.22), (0.46, 0.60, 0.24))
_AUTUMN: Final[tuple[RGB, ...]] = ((0.78, 0.36, 0.12), (0.80, 0.54, 0.16), (0.62, 0.22, 0.14))
_DARK_HOURS: Final = ("dusk", "night")

Spot = tuple[float, float, float]
"""A drop: column, row and radius, in pixels of the frame."""


def place(s: SceneStage) -> ScenePlace:
    """A leaf, moss or blades of grass, with drops."""
    colour = _colour(s)
    behind: list[Drawable] = [_behind(s, colour)]
    if s.plan.matter == "moss":
        layers, spots = _moss(s, colour)
    elif s.plan.matter == "drops":
        layers, spots = _blades(s, colour)
    else:
        layers, spots = _leaf(s, colour)
    behind += layers
    behind.append(_glints(s, spots))
    behind.append(Motes(s, "pollen", 36, 0.0030, -0.10, 0.05, mix(s.light.sun, (1.0, 1.0, 0.9), 0.5), 0.4, blink=True))
    return ScenePlace(tuple(behind), (), foot=0.84, size=0.58, reflects=0.0)


def _colour(s: SceneStage) -> RGB:
    rng = s.plan.chance("leaf")
    if s.plan.tints:
        return mix(s.plan.tints[0], (0.3, 0.4, 0.2), 0.15)
    colours = _AUTUMN if "autumn" in s.plan.plants else _GREENS
    return colours[int(rng.random() * len(colours))]


def _sun(s: SceneStage) -> tuple[float, float]:
    """Where the light comes from, in pixels of the frame."""
    return s.width * (0.5 + 1.5 * (s.sun_x - 0.5)), 0.06 * s.height


def _lit(s: SceneStage) -> RGB:
    """The colour of the light, bright enough at every hour for a close-up."""
    lift = 0.55 if s.plan.hour in _DARK_HOURS else 0.30
    return mix(mix(s.light.lit, s.light.horizon, 0.25), (0.95, 1.0, 0.92), lift)


def _behind(s: SceneStage, colour: RGB) -> Laid:
    """The background: leaves and sky, far out of focus."""
    board = Board(s, 0.08, "blur")
    rng = s.plan.chance("blur")
    x, y = _sun(s)
    light = _lit(s)
    deep, pale = (
        times(toned(mix(colour, (0.12, 0.24, 0.12), 0.4), 0.62), light),
        times(mix(colour, (0.8, 0.9, 0.5), 0.5), light),
    )
    down = board.y / np.float32(s.height)
    t = smoothstep(0.55 + 0.55 * board.noise("leaves", 0.45, 3) - 0.45 * (down - 0.4))
    colours = field(deep) + t[..., None] * (field(pale) - field(deep)) * 0.8
    sun = board.glow(x, y, 0.55 * s.unit, 1.8)
    colours = colours + field(mix(s.light.sun, s.light.horizon, 0.4)) * (sun * np.float32(0.55))[..., None]
    discs = []
    for _ in range(46):
        px, py = pick(rng, -0.3, 1.3) * s.width, pick(rng, -0.1, 1.0) * s.height
        near = math.exp(-math.hypot(px - x, py - y) / (0.55 * s.unit))
        r = pick(rng, 0.018, 0.062) * s.unit
        discs.append(circle(px, py, r, "#fff", 0.05 + 0.30 * near * float(rng.random())))
    cover = board.soft("".join(discs), 0.0045)[..., 3:]
    shine = field(mix(pale, mix(s.light.sun, (1.0, 1.0, 0.9), 0.4), 0.65))
    colours = colours + cover * (shine * 1.05 - colours)
    return board.smooth(colours.astype(np.float32))


def _shone(board: Board, forms: U8, sharp: F32 | None, texture: F32 | None, radius: float) -> Laid:
    """A layer of forms, lit from behind.

    Args:
        board: the board that they are painted on.
        forms: as `Board.svg` or `Board.hazy` returns them.
        sharp: on the coarse grid, 1 where they are sharp, 0 where they are out of focus; None leaves them as they are.
        texture: as for `Board.lit`.
        radius: radius of the blur, in scene units.
    """
    s = board.stage
    x, y = _sun(s)
    near = board.glow(x, y, 0.75 * s.unit, 1.6)
    light = field(_lit(s)) * (0.46 + 0.95 * near)[..., None]
    # Light that comes through a leaf is yellow.
    light = light * (1.0 + near[..., None] * (field((1.10, 1.06, 0.72)) - 1.0))
    glow = field(s.light.sun) * (near**2 * np.float32(0.10))[..., None]
    shaded = board.shaded(forms, light.astype(np.float32), glow.astype(np.float32), texture)
    if sharp is None:
        return board.finished(shaded, np.ascontiguousarray(forms[..., 3]))
    picture = np.concatenate([shaded, forms[..., 3:]], axis=2)
    soft = blurred(picture, radius * s.unit)
    share = board.full(np.clip(sharp, 0.0, 1.0).astype(np.float32))[..., None]
    mixed = soft + (picture.astype(np.float32) - soft) * share
    out = np.rint(mixed).astype(np.uint8)
    return board.finished(np.ascontiguousarray(out[..., :3]), np.ascontiguousarray(out[..., 3]))


def _leaf(s: SceneStage, colour: RGB) -> tuple[list[Laid], list[Spot]]:
    """One large leaf with its veins, across the frame: its layers and its drops."""
    board = Board(s, _NEAR, "leaf")
    rng = s.plan.chance("blade")
    turn = pick(rng, -38.0, -14.0) * (1 if rng.random() < 0.5 else -1)
    long, wide = 2.3 * math.hypot(s.width, s.height), pick(rng, 0.50, 0.66) * s.unit
    middle = (s.width * 0.5, s.height * pick(rng, 0.56, 0.66))
    parts = [_blade(colour, long, wide)]
    veins, dark = [], []
    step = 0.105 * s.unit
    count = int(long / step)
    for number in range(count):
        at = -long / 2 + step * (number + 0.5 + pick(rng, -0.08, 0.08))
        for side in (-1, 1):
            lean = pick(rng, 0.42, 0.54) * s.unit
            # The distance from the middle of the leaf to its rim, where the vein ends.
            rim = wide * (1.0 - (2.0 * (at + 0.8 * lean) / long) ** 2)
            if rim < 0.1 * wide:
                continue
            reach = side * 0.97 * rim
            bend = f"{at + 0.35 * lean:.1f},{0.28 * reach:.1f} {at + 0.7 * lean:.1f},{0.6 * reach:.1f}"
            path = f"M{at:.1f},0C{bend} {at + lean:.1f},{reach:.1f}"
            veins.append(path)
            for twig in range(5):
                t = 0.16 + 0.17 * twig
                bx, by = at + lean * t, reach * t
                out = step * pick(rng, 0.6, 0.95)
                bow = f"q{0.5 * out:.1f},{0.02 * reach:.1f} {out:.1f},{-0.05 * reach:.1f}"
                dark.append(f"M{bx:.1f},{by:.1f}{bow}")
    pale, deep = hexed(mix(colour, (0.86, 0.94, 0.62), 0.55)), hexed(toned(colour, 0.62))
    u = s.unit
    offset = f'transform="translate({0.006 * u:.1f} {0.007 * u:.1f})"'
    axis = f"M{-long / 2:.0f},0H{long / 2:.0f}"
    parts += [
        line("".join(dark), deep, 0.0035 * u, 0.3),
        line("".join(veins), deep, 0.011 * u, 0.5, offset),
        line("".join(veins), pale, 0.0062 * u, 0.85),
        line(axis, deep, 0.034 * u, 1.0, offset),
        line(axis, pale, 0.020 * u),
    ]
    place_ = f"translate({middle[0]:.1f} {middle[1]:.1f}) rotate({turn:.2f})"
    spots = _strewn(s, rng, middle, turn, wide)
    drops = _DROPS + "".join(_drop(s, spot, colour) for spot in spots)
    forms = board.svg(f'<g transform="{place_}">{"".join(parts)}</g>{drops}')
    cells = board.noise("cells", 0.018, 2, fine=True) * np.float32(0.11) + board.noise(
        "spots", 0.12, 3, fine=True
    ) * np.float32(0.10)
    away = _from_line(board, middle, turn + 78.0)
    return [_shone(board, forms, 1.25 - away / np.float32(0.62 * s.unit), cells, 0.012)], spots


def _blade(colour: RGB, long: float, wide: float) -> str:
    """A leaf along its middle line, as two halves of slightly different colour."""
    edge = f"{-long / 2:.0f},0C{-long / 4:.0f},{{0}} {long / 4:.0f},{{0}} {long / 2:.0f},0"
    upper, lower = (f"M{edge.format(round(way * wide * 1.33))}z" for way in (-1, 1))
    return area(upper, hexed(toned(colour, 1.10))) + area(lower, hexed(toned(colour, 0.86)))


def _from_line(board: Board, middle: tuple[float, float], turn: float) -> F32:
    """The distance from a line through a point, in pixels, on the coarse grid; `turn` is in degrees."""
    a = math.radians(turn)
    away: F32 = np.abs(
        (board.x - np.float32(middle[0])) * math.sin(a) - (board.y - np.float32(middle[1])) * math.cos(a)
    )
    return away.astype(np.float32)


def _strewn(
    s: SceneStage, rng: np.random.Generator, middle: tuple[float, float], turn: float, wide: float
) -> list[Spot]:
    """Drops scattered over a leaf without touching each other, the largest first."""
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    found: list[Spot] = []
    for number in range(150):
        large = 0.052 if number < 12 else 0.026 if number < 50 else 0.011
        r = large * pick(rng, 0.55, 1.15) * s.unit
        along, across = (float(rng.random()) - 0.5) * 1.5 * s.width, (float(rng.random()) - 0.5) * 1.75 * wide
        x, y = middle[0] + along * cos - across * sin, middle[1] + along * sin + across * cos
        if all(math.hypot(x - a, y - b) > 1.15 * (r + c) for a, b, c in found):
            found.append((x, y, r))
    return found


_DROPS: Final = (
    '<defs><radialGradient id="drop" cx=".46" cy=".42" r=".56"><stop stop-color="#fff" stop-opacity=".16"/>'
    '<stop offset=".62" stop-color="#000" stop-opacity=".06"/><stop offset=".88" stop-color="#000" stop-opacity=".42"/>'
    '<stop offset="1" stop-color="#000" stop-opacity=".20"/></radialGradient>'
    '<radialGradient id="under"><stop offset=".55" stop-color="#000" stop-opacity=".5"/>'
    '<stop offset="1" stop-color="#000" stop-opacity="0"/></radialGradient></defs>'
)


def _drop(s: SceneStage, spot: Spot, colour: RGB) -> str:
    """A drop as SVG: its shadow, the light that it collects, and its highlights."""
    x, y, r = spot
    sun = _sun(s)
    far = max(1.0, math.hypot(sun[0] - x, sun[1] - y))
    ax, ay = (sun[0] - x) / far, (sun[1] - y) / far
    bright = hexed(mix(colour, (1.0, 1.0, 0.86), 0.72))
    if r < 0.009 * s.unit:
        shade = circle(x - 0.3 * ax * r, y - 0.3 * ay * r, 1.1 * r, "#000", 0.25)
        return shade + circle(x, y, r, bright, 0.45) + circle(x + 0.35 * ax * r, y + 0.35 * ay * r, 0.36 * r, "#fff")
    hx, hy = x + 0.44 * ax * r, y + 0.44 * ay * r
    return (
        circle(x - 0.32 * ax * r, y - 0.32 * ay * r, 1.22 * r, "url(#under)")
        + circle(x, y, r, hexed(toned(colour, 1.12)), 0.55)
        + circle(x, y, r, "url(#drop)")
        + circle(x - 0.42 * ax * r, y - 0.42 * ay * r, 0.56 * r, "url(#halo)", 0.75)
        + circle(hx, hy, 0.30 * r, "url(#halo)")
        + circle(hx, hy, 0.13 * r, "#fff")
        + circle(x - 0.62 * ax * r + 0.3 * r, y - 0.62 * ay * r, 0.06 * r, "#fff", 0.8)
    )


def _glints(s: SceneStage, spots: list[Spot]) -> Lights:
    """Highlights of the largest drops, which come and go."""
    x, y = _sun(s)
    found = []
    for a, b, r in sorted(spots, key=lambda one: -one[2])[:10]:
        far = max(1.0, math.hypot(x - a, y - b))
        found.append(
            Light(
                x=a + 0.44 * r * (x - a) / far,
                y=b + 0.44 * r * (y - b) / far,
                near=_NEAR,
                radius=max(1.5, 0.5 * r),
                colour=mix(s.light.sun, (1.0, 1.0, 1.0), 0.7),
                strength=0.75,
                unrest=0.8,
                seconds=2.2,
                shape="star",
            )
        )
    return Lights(s, "glints", found)


def _moss(s: SceneStage, colour: RGB) -> tuple[list[Laid], list[Spot]]:
    """A cushion of moss: rows of small leaves, the middle one sharp, and stalks with capsules. Its layers and drops."""
    rng = s.plan.chance("moss")
    layers: list[Laid] = []
    spots: list[Spot] = []
    rows = ((0.57, 0.18, 0.012, 420), (0.68, 0.30, 0.0, 760), (0.92, 0.55, 0.022, 380))
    for index, (crest, near, blur, count) in enumerate(rows):
        board = Board(s, near, f"moss {index}", top=(crest - 0.34) * s.height)
        parts = [_mound(s, board, colour, crest, index)]
        parts += _tufts(s, rng, colour, crest, count)
        if index == 1:
            stalks, tips = _stalks(s, rng, crest)
            parts.append(stalks)
            spots = tips
            parts.append(_DROPS)
            parts += [_drop(s, spot, mix(colour, (0.8, 0.9, 0.6), 0.4)) for spot in spots]
        forms = board.hazy("".join(parts), blur) if blur else board.svg("".join(parts))
        layers.append(_shone(board, forms, None, None, 0.0))
    return layers, spots


def _height(s: SceneStage, crest: float, x: float, index: float) -> float:
    """The row of the cushion's upper edge at a column of the frame."""
    t = x / s.unit
    return s.height * crest + s.unit * (0.035 * math.sin(3.1 * t + 2.0 * index) + 0.018 * math.sin(8.3 * t + index))


def _mound(s: SceneStage, board: Board, colour: RGB, crest: float, index: int) -> str:
    points = []
    step = max(4.0, 0.03 * s.unit)
    x = -float(board.left) - step
    while x < s.width + board.left + 2 * step:
        points.append(f"{x:.1f},{_height(s, crest, x, crest * 7) + 0.02 * s.unit:.1f}")
        x += step
    left, right, foot = -board.left - 20, s.width + board.left + 20, board.top + board.height + 10
    fill = hexed(toned(colour, 0.42 + 0.03 * index))
    return f'<polygon points="{left},{foot} {" ".join(points)} {right},{foot}" fill="{fill}"/>'


def _tufts(s: SceneStage, rng: np.random.Generator, colour: RGB, crest: float, count: int) -> list[str]:
    """Tufts of small pointed leaves in the shape of stars, the upper ones brighter."""
    parts = []
    for _ in range(count):
        x = pick(rng, -0.35, 1.35) * s.width
        deep = float(rng.random()) ** 1.3
        y = _height(s, crest, x, crest * 7) + deep * 0.26 * s.unit
        tone = (1.35 - 0.80 * deep) * pick(rng, 0.75, 1.2)
        fill = hexed(mix(toned(colour, tone), (0.9, 1.0, 0.5), 0.10 * max(0.0, 1.0 - 3 * deep)))
        size = pick(rng, 0.034, 0.060) * s.unit
        start = pick(rng, -0.5, 0.5)
        path = []
        for leaf in range(7):
            a = -math.pi / 2 + start * 0.5 + (leaf - 3) * 0.42
            tip = (x + size * math.cos(a), y + size * math.sin(a))
            wide = 0.16 * size
            bx, by = 0.5 * (x + tip[0]), 0.5 * (y + tip[1])
            nx, ny = -math.sin(a) * wide, math.cos(a) * wide
            there = f"Q{bx + nx:.1f},{by + ny:.1f} {tip[0]:.1f},{tip[1]:.1f}"
            path.append(f"M{x:.1f},{y:.1f}{there}Q{bx - nx:.1f},{by - ny:.1f} {x:.1f},{y:.1f}")
        parts.append(area("".join(path), fill))
    return parts


def _stalks(s: SceneStage, rng: np.random.Generator, crest: float) -> tuple[str, list[Spot]]:
    """Thin red stalks with capsules, and drops that hang from some of them."""
    parts, tips = [], []
    for _ in range(26):
        x = pick(rng, -0.2, 1.2) * s.width
        foot = _height(s, crest, x, crest * 7) + 0.03 * s.unit
        high, lean = pick(rng, 0.12, 0.27) * s.unit, pick(rng, -0.05, 0.05) * s.unit
        tx, ty = x + lean, foot - high
        tone = hexed(mix((0.62, 0.26, 0.14), (0.72, 0.56, 0.22), float(rng.random())))
        parts.append(
            line(f"M{x:.1f},{foot:.1f}Q{x:.1f},{foot - 0.6 * high:.1f} {tx:.1f},{ty:.1f}", tone, 0.0045 * s.unit)
        )
        turn = math.degrees(math.atan2(lean, high)) + pick(rng, 10, 45) * (1 if lean > 0 else -1)
        rx, ry = 0.0085 * s.unit, 0.021 * s.unit
        capsule = ellipse(0, -ry, rx, ry, tone) + ellipse(-0.3 * rx, -ry, 0.35 * rx, 0.7 * ry, "#fff", 0.35)
        parts.append(f'<g transform="translate({tx:.1f} {ty:.1f}) rotate({turn:.0f})">{capsule}</g>')
        if rng.random() < 0.45:
            tips.append((tx, ty + 0.012 * s.unit, pick(rng, 0.010, 0.018) * s.unit))
    return "".join(parts), tips


def _blades(s: SceneStage, colour: RGB) -> tuple[list[Laid], list[Spot]]:
    """Blades of grass, of which the front ones are sharp and carry drops: their layers and drops."""
    rng = s.plan.chance("grass")
    layers: list[Laid] = []
    spots: list[Spot] = []
    for near, blur, count, wide in ((0.20, 0.013, 16, 0.030), (_NEAR, 0.0, 6, 0.055)):
        board = Board(s, near, f"grass {near}")
        parts = []
        for number in range(count):
            foot = (pick(rng, -0.2, 1.2) if blur else (number + pick(rng, 0.1, 0.9)) / count * 1.1 - 0.05) * s.width
            lean = pick(rng, -0.5, 0.5) * s.unit
            top = s.height * pick(rng, -0.05, 0.55)
            curve = ((foot, 1.15 * s.height), (foot + 0.05 * lean, 0.5 * (s.height + top)), (foot + lean, top))
            parts.append(_grass(curve, wide * pick(rng, 0.7, 1.2) * s.unit, toned(colour, pick(rng, 0.75, 1.2))))
            if not blur:
                spots += _along(s, rng, curve)
        parts.append(_DROPS)
        if not blur:
            parts += [_drop(s, spot, mix(colour, (0.75, 0.9, 0.6), 0.45)) for spot in spots]
        if blur:
            layers.append(_shone(board, board.hazy("".join(parts), blur), None, None, 0.0))
            continue
        away = np.abs(board.y / np.float32(s.height) - 0.5) + 0.0 * board.x
        rough = board.noise("fibre", 0.02, 2, fine=True) * np.float32(0.05)
        layers.append(_shone(board, board.svg("".join(parts)), 1.5 - away * 2.2, rough, 0.009))
    return layers, spots


Curve = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


def _grass(curve: Curve, wide: float, colour: RGB) -> str:
    """A blade of grass along a curve, with a fold in the middle."""
    (ax, ay), (bx, by), (cx, cy) = curve
    left = f"M{ax - wide:.1f},{ay:.1f}Q{bx - 0.8 * wide:.1f},{by:.1f} {cx:.1f},{cy:.1f}"
    fold = f"Q{bx + 0.1 * wide:.1f},{by:.1f} {ax + 0.1 * wide:.1f},{ay:.1f}z"
    right = f"M{ax + 0.1 * wide:.1f},{ay:.1f}Q{bx + 0.1 * wide:.1f},{by:.1f} {cx:.1f},{cy:.1f}"
    rest = f"Q{bx + 0.8 * wide:.1f},{by:.1f} {ax + wide:.1f},{ay:.1f}z"
    light, dark = hexed(toned(colour, 1.12)), hexed(toned(colour, 0.72))
    seam = line(right, hexed(toned(colour, 1.5)), 0.06 * wide)
    return area(left + fold, light) + area(right + rest, dark) + seam


def _along(s: SceneStage, rng: np.random.Generator, curve: Curve) -> list[Spot]:
    """Drops along a blade of grass that do not touch each other."""
    found: list[Spot] = []
    for _ in range(11):
        t = pick(rng, 0.25, 0.98)
        x, y = ((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c for a, b, c in zip(*curve, strict=True))
        r = (0.034 if rng.random() < 0.35 else 0.014) * pick(rng, 0.6, 1.1) * s.unit
        if all(math.hypot(x - a, y - b) > r + c for a, b, c in found):
            found.append((x + pick(rng, -0.3, 0.3) * r, y, r))
    return found
