"""Space: stars, nebulae and a planet that turns; the earth from an orbit or a station's window; a black hole."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from dream_nb.studio.render.noise import F32, U8, fbm1, fbm2, pick, smoothstep
from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.places.board import Board, Laid, field
from dream_nb.studio.render.places.cutout import Cutout
from dream_nb.studio.render.places.lights import Light, Lights
from dream_nb.studio.render.places.perspective import toned
from dream_nb.studio.render.places.place import Drawable, ScenePlace
from dream_nb.studio.render.places.shapes import circle, rect
from dream_nb.studio.render.places.turning import Skin, Turning
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

_FAR: Final = 0.03
_PLANET: Final = 0.06
_NEBULAE: Final[tuple[tuple[RGB, RGB], ...]] = (
    ((0.50, 0.20, 0.62), (0.12, 0.34, 0.70)), ((0.10, 0.42, 0.55), (0.48, 0.18, 0.40)),
    ((0.70, 0.32, 0.22), (0.20, 0.22, 0.56)), ((0.18, 0.28, 0.66), (0.52, 0.40, 0.66)),
)  # fmt: skip
_GROUNDS: Final[tuple[tuple[RGB, RGB, RGB], ...]] = (
    ((0.78, 0.56, 0.38), (0.92, 0.80, 0.62), (0.52, 0.30, 0.22)),
    ((0.36, 0.48, 0.70), (0.66, 0.76, 0.88), (0.20, 0.26, 0.50)),
    ((0.66, 0.34, 0.26), (0.82, 0.54, 0.40), (0.36, 0.17, 0.15)),
    ((0.52, 0.44, 0.62), (0.78, 0.66, 0.78), (0.28, 0.22, 0.40)),
)
_STARLIGHT: Final[tuple[RGB, ...]] = ((1.0, 1.0, 1.0), (0.80, 0.88, 1.0), (1.0, 0.90, 0.74), (1.0, 0.80, 0.66))


def place(s: SceneStage) -> ScenePlace:
    """The part of space that a prompt names."""
    rng = s.plan.chance("space")
    behind: list[Drawable] = [_sky(s), _twinkling(s)]
    ahead: list[Drawable] = []
    match s.plan.room:
        case "orbit":
            behind += _orbit(s, 0.0)
        case "station":
            behind += _orbit(s, -0.10)
            ahead += _window(s)
        case "hole":
            behind += _hole(s)
        case _:
            x, y = (0.22 if rng.random() < 0.5 else 0.76), pick(rng, 0.30, 0.60)
            behind += _planet(s, x * s.width, y * s.height, pick(rng, 0.24, 0.34) * s.unit, "planet")
            if rng.random() < 0.6:
                other = (1.0 - x + pick(rng, -0.1, 0.1), pick(rng, 0.12, 0.4))
                behind += _planet(s, other[0] * s.width, other[1] * s.height, pick(rng, 0.04, 0.07) * s.unit, "moon")
    return ScenePlace(tuple(behind), tuple(ahead), foot=0.74, size=0.74, reflects=0.0)


def _sky(s: SceneStage) -> Laid:
    """Nebulae, brightest in a band across the sky, and stars in front of them."""
    board = Board(s, _FAR, "sky")
    rng = s.plan.chance("nebula")
    first, second = _NEBULAE[int(rng.random() * len(_NEBULAE))]
    if s.plan.tints:
        first, second = s.plan.tints[0], s.plan.tints[1] if len(s.plan.tints) > 1 else mix(second, s.plan.tints[0], 0.5)
    bend = board.noise("bend", 0.5, 4)
    lean = pick(rng, -0.7, 0.7)
    across = (board.x / np.float32(s.width) - 0.5) * lean + board.y / np.float32(s.height) - pick(rng, 0.3, 0.65)
    band = np.exp(-(((across + 0.16 * bend) / np.float32(0.24)) ** 2))
    cloud = smoothstep(board.noise("cloud", 0.55, 5) * 1.2 + 0.28)
    dust = smoothstep(board.noise("dust", 0.30, 5) * 1.5 + 0.05)
    thick = band * (0.25 + 0.75 * cloud) * (1.0 - 0.65 * dust * band)
    hue = smoothstep(board.noise("hue", 0.8, 3) + 0.5)[..., None]
    colours = field((0.010, 0.014, 0.035)) + field(toned(second, 0.06)) * cloud[..., None]
    colours = colours + (field(first) + hue * (field(second) - field(first))) * (0.62 * thick)[..., None]
    colours = colours + field((1.0, 0.86, 0.74)) * (0.30 * thick**3)[..., None]
    picture = np.clip(board.full(colours.astype(np.float32)), 0.0, 1.0)
    _starred(board, picture, thick)
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    return board.finished(np.rint(picture * 255).astype(np.uint8), alpha)


def _starred(board: Board, picture: F32, thick: F32) -> None:
    """Draw stars into a picture: many faint ones and few bright ones; all are brighter where the band is thick."""
    s = board.stage
    rng = s.plan.chance("stars")
    count = 2600
    # The same number for every width; stars beyond the board are left out.
    places = rng.random((count, 5))
    x = ((places[:, 0] * 3.0 - 1.0) * s.width + board.left).astype(np.int64)
    y = (places[:, 1] * 1.4 - 0.2) * s.height - board.top
    inside = (x >= 2) & (x < board.width - 2) & (y >= 2) & (y < board.height - 2)
    at = places[inside]
    x, rows = x[inside], y[inside].astype(np.int64)
    near = thick[np.minimum(rows // 4, board.high - 1), np.minimum(x // 4, board.wide - 1)]
    bright = (at[:, 2] ** 5 * 0.95 + 0.10) * (0.75 + 0.9 * near)
    tints = np.asarray(_STARLIGHT, np.float32)[(at[:, 3] * len(_STARLIGHT)).astype(np.int64)]
    fine = max(1.0, s.unit / 720)
    for dx, dy in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1)):
        share = math.exp(-(dx * dx + dy * dy) / (0.45 * fine * fine))
        size = 1.0 if (dx, dy) == (0, 0) else np.clip(bright * 1.5 - 0.2, 0.0, 1.0)
        picture[rows + dy, x + dx] += (tints.T * (bright * share * size)).T.astype(np.float32)
    np.clip(picture, 0.0, 1.0, out=picture)


def _twinkling(s: SceneStage) -> Lights:
    rng = s.plan.chance("twinkling")
    return Lights(
        s,
        "stars",
        [
            Light(
                x=pick(rng, 0.0, 1.0) * s.width,
                y=pick(rng, 0.0, 1.0) * s.height,
                near=_FAR,
                radius=max(1.0, pick(rng, 0.004, 0.009) * s.unit),
                colour=_STARLIGHT[int(rng.random() * len(_STARLIGHT))],
                strength=pick(rng, 0.6, 1.0),
                unrest=0.6,
                seconds=pick(rng, 1.2, 3.0),
                shape="star",
            )
            for _ in range(13)
        ],
    )


def _planet(s: SceneStage, x: float, y: float, radius: float, name: str) -> list[Drawable]:
    """A body lit from one side; the one called "planet" has air and may have rings."""
    rng = s.plan.chance("body", name)
    base, pale, deep = _GROUNDS[int(rng.random() * len(_GROUNDS))]
    if s.plan.tints:
        base, pale, deep = (
            mix(c, toned(s.plan.tints[0], 0.5 + t), 0.65) for c, t in ((base, 0.4), (pale, 0.8), (deep, 0.0))
        )
    side = 2 * math.ceil(radius) + 4
    at = (np.arange(side, dtype=np.float32) + 0.5 - side / 2) / np.float32(radius)
    gas = name == "planet" and rng.random() < 0.6
    texture = _bands(rng, base, pale, deep) if gas else _rock(rng, base, pale, deep)
    body = _sphere(s, (x, y), radius, at, at, texture, tilt=pick(rng, -0.4, 0.4), part=1)
    found: list[Drawable] = []
    if name == "planet":
        found.append(_air(s, x, y, radius, mix(pale, (0.5, 0.7, 1.0), 0.5)))
    found.append(body)
    if gas and rng.random() < 0.65:
        found.append(_rings(s, x, y, radius, pale, pick(rng, -24, 24)))
    return found


def _sphere(
    s: SceneStage, middle: tuple[float, float], radius: float, x: F32, y: F32, texture: F32, tilt: float, part: int
) -> Turning:
    """A ball with a texture around it.

    Args:
        middle: centre of the ball, in pixels of the frame.
        radius: radius of the ball, in pixels.
        x, y: columns and rows of its pixels, in radii from its centre.
        tilt: tilt of its axis towards the viewer, in radians.
        part: as for `Turning`.
    """
    nx, ny = np.broadcast_arrays(x[None, :], y[:, None])
    square = nx * nx + ny * ny
    nz = np.sqrt(np.clip(1.0 - square, 0.0, 1.0))
    up, out = ny * math.cos(tilt) - nz * math.sin(tilt), ny * math.sin(tilt) + nz * math.cos(tilt)
    high, wide = texture.shape[:2]
    lon = np.arctan2(nx, np.maximum(out, 1e-3)) / np.float32(np.pi) + 0.5  # 0 to 1 across the visible half
    lat = np.arcsin(np.clip(up, -1.0, 1.0)) / np.float32(np.pi) + 0.5
    sun = (0.72 if s.sun_x > 0.5 else -0.72, -0.42, 0.55)
    shine = nx * sun[0] + ny * sun[1] + nz * sun[2]
    shade = smoothstep(shine * 1.05 + 0.10) * (0.25 + 0.75 * np.clip(nz, 0.0, 1.0) ** 0.5) + 0.015
    edge = np.clip((1.0 - np.sqrt(square)) * np.float32(radius / part) + 0.5, 0.0, 1.0)
    left, top = middle[0] + float(x[0]) * radius, middle[1] + float(y[0]) * radius
    usable = wide * 0.80
    return Turning(
        s, _PLANET, Skin(texture, lon * usable, lat * (high - 1), 0.08 * wide), shade, edge, (left, top), part
    )


def _bands(rng: np.random.Generator, base: RGB, pale: RGB, deep: RGB) -> F32:
    """A texture of striped clouds, as on a gas giant."""
    wide, high = 900, 420
    swirl = fbm2(rng, wide, high, 12, 9, 5)
    at = np.linspace(0.0, 1.0, high, dtype=np.float32)[:, None] + 0.014 * swirl
    line = fbm1(rng, np.linspace(0.0, 11.0, 1024), 4)
    tone = np.interp(at * 1023, np.arange(1024), line).astype(np.float32)
    tone = tone + 0.12 * fbm2(rng, wide, high, 30, 40, 4)
    t = smoothstep(tone * 1.3 + 0.5)[..., None]
    low = smoothstep(-tone * 2.2 - 0.2)[..., None]
    colours = field(base) + t * (field(pale) - field(base))
    banded: F32 = colours + low * (field(deep) - colours)
    return banded


def _rock(rng: np.random.Generator, base: RGB, pale: RGB, deep: RGB) -> F32:
    """A texture of highlands and plains."""
    wide, high = 900, 420
    land = fbm2(rng, wide, high, 7, 5.6, 6, gain=0.55)
    rough = fbm2(rng, wide, high, 25, 20, 4)
    t = smoothstep(land * 1.2 + 0.5)[..., None]
    colours = (
        field(deep)
        + t * (field(base) - field(deep))
        + smoothstep(land * 1.6 - 0.25)[..., None] * (field(pale) - field(base))
    )
    height = land + 0.22 * rough
    relief = np.clip(np.diff(height, axis=1, append=height[:, -1:]), -0.06, 0.06)
    shaded: F32 = (colours * (1.0 + 5.0 * relief)[..., None]).astype(np.float32)
    return shaded


def _earth(rng: np.random.Generator) -> F32:
    """A texture of seas, land, deserts and clouds."""
    wide, high = 1200, 540
    land = fbm2(rng, wide, high, 8, 4.4, 7, gain=0.60)
    dry = fbm2(rng, wide, high, 6, 3, 4)
    shore = smoothstep(land * 6.0 - 0.5)[..., None]
    sea = field((0.03, 0.12, 0.30)) + smoothstep(land * 2.0 + 0.7)[..., None] * field((0.02, 0.10, 0.12))
    soil = field((0.15, 0.25, 0.13)) + smoothstep(dry * 1.6 + 0.3)[..., None] * field((0.36, 0.24, 0.14))
    colours = sea + shore * (soil * (0.8 + 0.5 * land)[..., None] - sea)
    wind = fbm2(rng, wide, high, 7, 7, 4)
    cloud = fbm2(rng, wide, high, 16, 14, 6, gain=0.62)
    thick = np.clip(cloud, -0.5, 0.8).astype(np.float32)
    mixed: F32 = (cloud * 1.1 + 0.8 * wind + 0.10).astype(np.float32)
    white = (smoothstep(mixed) * (0.72 + 0.35 * thick))[..., None]
    covered: F32 = colours + white * (field((0.93, 0.95, 0.98)) - colours) * 0.92
    return covered


def _orbit(s: SceneStage, lift: float) -> list[Drawable]:
    """The earth below, so near that only part of its edge is visible; a positive `lift` moves it down."""
    rng = s.plan.chance("earth")
    radius = 1.55 * max(s.width, s.height)
    middle = (s.width * pick(rng, 0.35, 0.65), s.height * (pick(rng, 0.50, 0.60) + lift) + radius)
    part = 3
    board = Board(s, _PLANET, "earth")
    x = (np.arange(board.width // part, dtype=np.float32) * part + 1 - board.left - np.float32(middle[0])) / np.float32(
        radius
    )
    first = 2 * int((middle[1] - radius) // 2) - 4
    count = max(4, (s.height + board.height - (s.height - board.top) - first) // part // 2 * 2)
    y = (np.arange(count, dtype=np.float32) * part + 1 + first - np.float32(middle[1])) / np.float32(radius)
    x = x[: len(x) // 2 * 2]
    globe = _cap(s, middle, radius, x, y, _earth(rng), part)
    return [_air(s, *middle, radius, (0.40, 0.66, 1.0)), globe]


def _cap(s: SceneStage, middle: tuple[float, float], radius: float, x: F32, y: F32, texture: F32, part: int) -> Turning:
    """The upper part of a large ball; the arguments are those of `_sphere`."""
    nx, ny = np.broadcast_arrays(x[None, :], y[:, None])
    square = nx * nx + ny * ny
    nz = np.sqrt(np.clip(1.0 - square, 0.0, 1.0))
    high, wide = texture.shape[:2]
    # The ground is foreshortened towards the rim.
    lat = np.arctan2(nz, -ny)
    lon = nx / np.maximum(-ny + nz, 0.2)
    column = (lon / np.float32(1.3) + 0.5) * wide * 0.8
    row = lat / np.float32(1.15) * high
    side = 1.0 if s.sun_x > 0.5 else -1.0
    shade = (0.82 + 0.9 * side * nx) * (0.45 + 0.55 * smoothstep(nz * 3.2))
    edge = np.clip((1.0 - np.sqrt(square)) * np.float32(radius / part) + 0.5, 0.0, 1.0)
    left, top = middle[0] + float(x[0]) * radius, middle[1] + float(y[0]) * radius
    return Turning(
        s, _PLANET, Skin(texture, column, row, 0.05 * wide), np.maximum(shade, 0.06), edge, (left, top), part
    )


def _air(s: SceneStage, x: float, y: float, radius: float, colour: RGB) -> Laid | Cutout:
    """The thin glow of the air around a planet, strongest on the side of the sun."""
    thick = np.float32(0.05 if radius < s.unit else 0.016)
    board = Board(s, _PLANET, f"air {radius:.0f}", top=y - radius * (1.0 + 14 * float(thick)))
    away = np.hypot(board.x - np.float32(x), board.y - np.float32(y)) / np.float32(radius) - 1.0
    out = np.maximum(away, 0.0) / thick
    rim = (
        (np.exp(-out) * 0.85 + 0.25 * np.exp(-out / 4))
        * np.clip((13.0 - out) / 4.0, 0.0, 1.0)
        * np.clip(away / thick + 2.5, 0.0, 1.0)
    )
    side = np.float32(1.0 if s.sun_x > 0.5 else -1.0)
    lit = np.clip(0.45 + 0.7 * (side * (board.x - x) * 0.75 - (board.y - y) * 0.45) / np.float32(radius), 0.05, 1.0)
    alpha = np.rint(255 * board.full(np.clip(rim * lit, 0.0, 1.0).astype(np.float32))).astype(np.uint8)
    picture = np.empty((*alpha.shape, 3), np.uint8)
    picture[:] = np.rint(255 * field(colour))
    if radius > s.unit:
        return board.finished(picture, alpha)
    return Cutout(s, _PLANET, np.concatenate([picture, alpha[..., None]], axis=2), -board.left, board.top)


def _rings(s: SceneStage, x: float, y: float, radius: float, colour: RGB, turn: float) -> Cutout:
    """Rings of dust, hidden where they run behind the planet."""
    rng = s.plan.chance("rings")
    reach = math.ceil(2.4 * radius / 2) * 2
    at = np.arange(-reach, reach, dtype=np.float32) + 0.5
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    along, across = at[None, :] * cos + at[:, None] * sin, -at[None, :] * sin + at[:, None] * cos
    away: F32 = (np.hypot(along, across * 3.6) / radius).astype(np.float32)
    line = fbm1(rng, np.linspace(0.0, 26.0, 2048), 3)
    density = np.interp(away, np.linspace(0.0, 2.6, 2048), line).astype(np.float32)
    between = smoothstep((away - 1.32) * 14) * smoothstep((2.22 - away) * 9)
    cover = between * np.clip(0.5 + 0.6 * density, 0.05, 0.85)
    behind = (np.hypot(at[None, :], at[:, None]) < radius) & (across < 0)
    cover = np.where(behind, 0.0, cover)
    side = 1.0 if s.sun_x > 0.5 else -1.0
    # The planet casts its shadow on the rings.
    shadow = smoothstep((np.abs(across * 3.6) / np.float32(radius) - 0.75) * 4.0 + (side * along > 0) * 9.0)
    tone = (0.25 + 0.75 * shadow) * (0.8 + 0.3 * density)
    picture = np.zeros((*cover.shape, 4), np.uint8)
    picture[..., :3] = np.rint(255 * np.clip(field(mix(colour, (0.9, 0.85, 0.78), 0.5)) * tone[..., None], 0.0, 1.0))
    picture[..., 3] = np.rint(255 * cover)
    return Cutout(s, _PLANET, picture, 2 * round((x - reach) / 2), 2 * round((y - reach) / 2))


def _hole(s: SceneStage) -> list[Drawable]:
    """A black hole: its shadow, the light that is bent around it, and a disc of glowing gas."""
    rng = s.plan.chance("hole")
    x, y, radius = s.width * pick(rng, 0.42, 0.58), s.height * pick(rng, 0.42, 0.52), 0.17 * s.unit
    reach = math.ceil(4.2 * radius / 2) * 2
    at = (np.arange(-reach, reach, dtype=np.float32) + 0.5) / np.float32(radius)
    turn = math.radians(pick(rng, -16, 16))
    along = at[None, :] * math.cos(turn) + at[:, None] * math.sin(turn)
    across = -at[None, :] * math.sin(turn) + at[:, None] * math.cos(turn)
    plain: F32 = np.hypot(along, across).astype(np.float32)
    flat: F32 = np.hypot(along, across * 5.2).astype(np.float32)
    wide, high = 2400, 160
    texture = _gas(rng, wide, high, s.plan.tints[0] if s.plan.tints else (1.0, 0.62, 0.28))
    angle = np.arctan2(across * 5.2, along) / np.float32(2 * np.pi) + 0.5
    ring = np.exp(-(((plain - 1.16) / np.float32(0.10)) ** 2))
    ring += 0.55 * np.exp(-(((plain - 1.34) / np.float32(0.28)) ** 2)) * (plain > 1.0)
    disc = smoothstep((flat - 1.25) * 5.0) * np.exp(-np.maximum(flat - 1.6, 0.0) / 0.85)
    front = np.where((across > 0) | (plain > 1.0), disc, 0.0)
    doppler = 0.75 + 0.45 * np.clip(-along / 2.0, -1.0, 1.0)
    shade = np.clip((ring * 0.9 + front) * doppler, 0.0, 1.0)
    shadow = smoothstep((1.02 - plain) * 12.0)
    cover = np.clip(shade * 1.2 + shadow, 0.0, 1.0)
    row = np.clip((np.minimum(flat, 4.0) - 1.0) / 3.0, 0.0, 1.0) * (high - 1)
    row = np.where(ring > front, 4.0, row)
    skin = Skin(texture, angle * wide * 0.60, row, 0.20 * wide)
    gas = Turning(s, _PLANET, skin, shade, cover, (x - reach, y - reach), 1)
    halo = _air(s, x, y, radius * 1.35, (1.0, 0.60, 0.30))
    return [halo, gas]


def _gas(rng: np.random.Generator, wide: int, high: int, colour: RGB) -> F32:
    streaks = fbm2(rng, wide, high, 14, 22, 5, gain=0.6)
    # 1 everywhere: the two ends of the visible part, where the angle starts again, are not blended.
    fade = np.linspace(0.0, 1.0, wide, dtype=np.float32)[None, :] * 0.0 + 1.0
    t = np.clip(0.62 + 0.6 * streaks * fade, 0.0, 1.0)[..., None]
    down = np.linspace(0.0, 1.0, high, dtype=np.float32)[:, None, None]
    hot = field(mix(colour, (1.0, 0.95, 0.85), 0.75)) * (1.0 - down) + field(toned(colour, 0.75)) * down
    glowing: F32 = hot * (0.35 + 0.8 * t)
    return glowing


def _window(s: SceneStage) -> list[Drawable]:
    """The inside of a station, around its window."""
    board = Board(s, 0.0, "station")
    w, h, u = s.width, s.height, s.unit
    left, top, right, foot = 0.11 * w, 0.10 * h, 0.89 * w, 0.80 * h
    corner = 0.16 * min(w, h)
    hole = (
        f"M{left + corner:.0f},{top:.0f}H{right - corner:.0f}L{right:.0f},{top + corner:.0f}V{foot - corner:.0f}"
        f"L{right - corner:.0f},{foot:.0f}H{left + corner:.0f}L{left:.0f},{foot - corner:.0f}V{top + corner:.0f}z"
    )
    edge = f"M-400,-400H{w + 400}V{h + 400}H-400z"
    rng = s.plan.chance("panels")
    parts = [f'<path d="{edge}{hole}" fill-rule="evenodd" fill="#3a3f48"/>']
    for width, fill in ((0.050, "#23272e"), (0.030, "#59606c"), (0.010, "#8d97a6")):
        parts.append(f'<path d="{hole}" fill="none" stroke="{fill}" stroke-width="{width * u:.1f}"/>')
    parts += _panels(s, rng, foot)
    forms = board.svg("".join(parts))
    mask = forms[..., 3]
    across, down = board.x / np.float32(w) - 0.5, board.y / np.float32(h)
    light = (0.62 + 0.6 * np.exp(-((across / 0.35) ** 2)) * np.clip(down, 0.2, 1.0)) * (1.0 - 0.25 * np.abs(down - 0.5))
    blue = board.soft(f'<path d="{hole}" fill="#fff"/>', 0.05)[..., 3:] * field((0.10, 0.18, 0.30))
    rough = board.noise("metal", 0.02, 3, fine=True) * np.float32(0.05)
    shaded = board.shaded(forms, light[..., None] * field((0.80, 0.90, 1.05)), blue.astype(np.float32), rough)
    picture = np.concatenate([shaded, mask[..., None]], axis=2)
    return _in_bands(s, board, picture, (int(top), int(foot), int(left), int(right)), corner)


def _in_bands(
    s: SceneStage, board: Board, picture: U8, hole: tuple[int, int, int, int], corner: float
) -> list[Drawable]:
    """A window frame in four pieces, so that the open part takes no time to draw."""
    top, foot, left, right = hole
    reach = math.ceil(corner)
    inner = picture[-board.top : s.height - board.top, board.left : board.left + s.width]
    rows = (0, (top + reach) // 2 * 2, max(top + reach, foot - reach) // 2 * 2, s.height)
    columns = (0, (left + 8) // 2 * 2, max(left + 8, right - 8) // 2 * 2, s.width)
    pieces = [(rows[0], rows[1], 0, s.width), (rows[2], rows[3], 0, s.width)]
    pieces += [(rows[1], rows[2], columns[0], columns[1]), (rows[1], rows[2], columns[2], columns[3])]
    return [
        Cutout(s, None, np.ascontiguousarray(inner[y0:y1, x0:x1]), x0, y0)
        for y0, y1, x0, x1 in pieces
        if y1 - y0 > 1 and x1 - x0 > 1
    ]


def _panels(s: SceneStage, rng: np.random.Generator, foot: float) -> list[str]:
    """Desks with lamps and screens below the window, and seams in the walls."""
    w, h, u = s.width, s.height, s.unit
    desk = foot + 0.055 * h
    parts = [rect(-400, desk, w + 800, h, "#272b33"), rect(-400, desk, w + 800, 0.008 * h, "#7b8697")]
    x = 0.02 * w
    while x < 0.98 * w:
        wide = pick(rng, 0.10, 0.20) * u
        y, high = foot + 0.085 * h, 0.085 * h
        parts.append(rect(x, y, wide, high, "#10161f", round_=0.008 * u))
        hue = ("#5fd0ff", "#7dffc8", "#ffb45f", "#8fb4ff")[int(rng.random() * 4)]
        for row in range(4):
            long = wide * pick(rng, 0.2, 0.8)
            parts.append(rect(x + 0.1 * wide, y + high * (0.2 + 0.19 * row), long, 0.05 * high, hue, 0.85))
        x += wide + 0.02 * u
    parts += [rect(seam * w, -400, 0.004 * u, h + 800, "#1c2027") for seam in (0.035, 0.965)]
    parts += [
        circle(x, h * (rivet + 0.5) / 9, 0.006 * u, "#6c7685") for rivet in range(9) for x in (0.018 * w, 0.982 * w)
    ]
    return parts
