"""A street between houses that leads away from the viewer: by day, in rain, or at night with lamps and signs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter

from dream_nb.studio.render.noise import F32, U8, pick, smoothstep
from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.places import houses, surfaces
from dream_nb.studio.render.places.board import Board, Laid, field, hexed
from dream_nb.studio.render.places.houses import Street
from dream_nb.studio.render.places.lights import Light, Lights
from dream_nb.studio.render.places.perspective import Perspective, toned
from dream_nb.studio.render.places.place import Drawable, ScenePlace
from dream_nb.studio.render.places.room import DAYLIGHT
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

_NEAR = 0.22
_HALVES = {"street": 6.0, "alley": 2.5, "market": 4.6, "neon": 5.0}
_LEAVES: dict[str, RGB] = {"autumn": (0.80, 0.42, 0.14), "blossom": (0.95, 0.68, 0.76)}
_FRUIT: tuple[RGB, ...] = (
    (0.86, 0.26, 0.18), (0.95, 0.60, 0.15), (0.92, 0.82, 0.28), (0.45, 0.66, 0.24), (0.48, 0.22, 0.42),
)  # fmt: skip
_LAMP: RGB = (1.0, 0.78, 0.46)


def place(s: SceneStage) -> ScenePlace:
    """The street that a prompt names."""
    street = _empty(s)
    behind: list[Drawable] = [_houses(street), _lights(street)]
    wet = max(0.06, 0.5 * street.wet)
    return ScenePlace(tuple(behind), (), foot=0.90, size=0.72, reflects=wet)


def _empty(s: SceneStage) -> Street:
    rng, plan = s.plan.chance("street"), s.plan
    lit = 1.0 - DAYLIGHT[plan.hour] * (1.0 - 0.35 * max(plan.rain, plan.storm))
    lit = float(np.clip((lit - 0.25) / 0.55, 0.0, 1.0))
    wet = max(plan.rain, 0.75 if plan.room == "neon" else 0.18 * lit)
    x = s.width * (0.5 + 0.22 * (float(rng.random()) - 0.5))
    y = s.height * pick(rng, 0.53, 0.58)
    return Street(s, Perspective(x, y, 0.20 * s.unit, 1.65), _HALVES[plan.room], plan.room, lit, wet)


def _houses(street: Street) -> Laid:
    s = street.stage
    board = Board(s, _NEAR, "street")
    rows = {side: houses.row(street, side) for side in (-1, 1)}
    order = sorted(
        ((house, number) for row in rows.values() for number, house in enumerate(row)),
        key=lambda one: -one[0].near,
    )
    built = "".join(houses.drawn(street, house, street.view, number) for house, number in order)
    shone = list(street.glowing)
    below = replace(street.view, up=-1.0)
    # The reflections of houses must not add their lights to the street a second time.
    mirrored = (
        "".join(houses.drawn(street, house, below, number) for house, number in order) if street.wet > 0.1 else ""
    )
    street.glowing = shone
    posts = _posts(street)
    forms = board.svg(_end(street) + built + _pavement(street) + _trees(street) + _stalls(street) + posts)
    under = _under(street, board)
    picture = np.array(Image.alpha_composite(Image.fromarray(under), Image.fromarray(forms)))
    light, glow = _light(street, board, mirrored)
    return board.lit(picture, light, glow, board.noise("stone", 0.010, 2, fine=True) * np.float32(0.03))


def _end(street: Street) -> str:
    """Buildings at the end of the street, in the haze."""
    s, view = street.stage, street.view
    rng = s.plan.chance("end")
    parts = []
    for depth, tone in ((16.0, 0.95), (14.5, 0.9)):
        x = -street.half * 3
        while x < street.half * 3:
            wide = pick(rng, 3.0, 7.0)
            colour = street.seen((0.45, 0.45, 0.5), depth * tone)
            parts.append(view.front(x, x + wide, 0.0, pick(rng, 12.0, 34.0), depth, hexed(colour)))
            x += wide
    return "".join(parts)


def _pavement(street: Street) -> str:
    """Kerbs and the lines on the road; empty in an alley or a market."""
    view, half = street.view, street.half
    parts = []
    if street.kind in ("alley", "market"):
        return ""
    for side in (-1, 1):
        inner = side * (half - 2.0)
        for z0, z1 in ((0.3, 1.2), (1.2, 3.0), (3.0, 8.0), (8.0, 16.0)):
            edge = street.seen((0.62, 0.60, 0.57), z1)
            parts.append(view.face(((inner, 0, z0), (inner, 0, z1), (inner, 0.16, z1), (inner, 0.16, z0)), hexed(edge)))
    for dash in range(14):
        z0 = 0.45 + dash * 0.9
        tone = street.seen((0.85, 0.83, 0.76), z0)
        corners = ((-0.09, 0, z0), (0.09, 0, z0), (0.09, 0, z0 + 0.42), (-0.09, 0, z0 + 0.42))
        parts.append(view.face(corners, hexed(tone), 'opacity=".55"'))
    return "".join(parts)


def _trees(street: Street) -> str:
    """Trees along the pavement; empty where the street has none."""
    s, view = street.stage, street.view
    rng = s.plan.chance("trees")
    if street.kind != "street" or rng.random() > 0.65:
        return ""
    green = _LEAVES.get(next(iter(s.plan.plants), ""), (0.26, 0.42, 0.20))
    snowy = s.plan.ground == "snow"
    parts = []
    for number in range(5, -1, -1):
        for side in (-1, 1):
            deep = 1.75 + 1.55 * number + pick(rng, -0.2, 0.2)
            x = side * (street.half - 1.1)
            parts.append(view.front(x - 0.11, x + 0.11, 0.0, 3.0, deep, hexed(street.seen((0.22, 0.17, 0.13), deep))))
            for leaf in range(54 if deep < 4.0 else 20):
                turn, out = 2 * math.pi * float(rng.random()), 1.45 * math.sqrt(float(rng.random()))
                px, py = view.at((x + out * math.cos(turn), 4.0 + 1.25 * out * math.sin(turn), deep))
                r = pick(rng, 0.16, 0.46) * view.k / deep
                tone = toned((0.86, 0.88, 0.92) if snowy else green, 0.62 + 0.5 * (0.5 + 0.5 * math.sin(turn)))
                fill = hexed(street.seen(tone, deep, side))
                opaque = 0.95 if leaf < 12 else 0.75
                parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="{r:.1f}" fill="{fill}" opacity="{opaque}"/>')
    return "".join(parts)


def _stalls(street: Street) -> str:
    """Boxes of fruit along both sides of a market; empty in other streets."""
    s, view = street.stage, street.view
    if street.kind != "market":
        return ""
    rng = s.plan.chance("stalls")
    parts = []
    for number in range(7, -1, -1):
        for side in (-1, 1):
            deep = 1.0 + 0.55 * number + pick(rng, -0.06, 0.06)
            inner, outer = side * (street.half - 1.7), side * (street.half - 0.5)
            wood = street.seen((0.50, 0.35, 0.22), deep, side)
            glow = toned(wood, 1.0 + 0.8 * street.lit)
            parts.append(view.box((min(inner, outer), max(inner, outer)), (0.0, 0.82), (deep, deep + 0.36), glow))
            for heap in range(3):
                hue = _FRUIT[int(rng.random() * len(_FRUIT))]
                tone = toned(street.seen(hue, deep, side), 1.0 + 0.9 * street.lit)
                for fruit in range(12):
                    z = deep + 0.34 - 0.34 * (fruit // 4 + 0.5) / 3
                    across = (heap + (fruit % 4 + 0.5) / 4.4) / 3
                    px, py = view.at((inner + (outer - inner) * across, 0.90, z))
                    r = 0.062 * view.k / z
                    fill = hexed(toned(tone, pick(rng, 0.75, 1.15)))
                    parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="{r:.1f}" fill="{fill}"/>')
    return "".join(parts)


def _posts(street: Street) -> str:
    """Street lamps along both sides; in a market or an alley, strings of bulbs instead."""
    s, view = street.stage, street.view
    parts: list[str] = []
    if street.kind in ("market", "alley"):
        return _garlands(street)
    start = pick(s.plan.chance("posts"), 1.25, 1.9)
    for number in range(5, -1, -1):
        deep = start + number * 2.1
        for side in (-1, 1):
            x = side * (street.half - 1.7)
            tone = hexed(street.seen((0.16, 0.17, 0.18), deep))
            head = x - side * 0.9
            high = 5.2
            parts.append(view.front(x - 0.06, x + 0.06, 0.0, high, deep, tone))
            a, b = sorted((x, head))
            parts.append(view.front(a, b, high - 0.08, high, deep, tone))
            parts.append(view.front(head - 0.28, head + 0.28, high - 0.22, high - 0.06, deep, tone, round_=0.06))
            if street.lit > 0.2:
                parts.append(
                    view.front(head - 0.22, head + 0.22, high - 0.28, high - 0.18, deep, "#fff0cf", round_=0.05)
                )
                street.shine((head, high - 0.25, deep), 2.2, _LAMP, street.lit)
    return "".join(parts)


def _garlands(street: Street) -> str:
    """Strings of bulbs from one side to the other."""
    view = street.view
    rng = street.stage.plan.chance("garlands")
    parts = []
    for number in range(6, -1, -1):
        deep = 1.1 + 0.85 * number
        high, sag = pick(rng, 4.2, 5.2), pick(rng, 0.5, 0.9)
        left, right = view.at((-street.half, high, deep)), view.at((street.half, high, deep))
        middle = view.at((0.0, high - 2 * sag, deep))
        line = f"M{left[0]:.1f},{left[1]:.1f}Q{middle[0]:.1f},{middle[1]:.1f} {right[0]:.1f},{right[1]:.1f}"
        parts.append(f'<path d="{line}" fill="none" stroke="#1a1512" stroke-width="{0.03 * view.k / deep:.1f}"/>')
        bulbs = 9
        for bulb in range(1, bulbs):
            t = bulb / bulbs
            px, py = ((1 - t) ** 2 * left[at] + 2 * t * (1 - t) * middle[at] + t * t * right[at] for at in (0, 1))
            r = 0.085 * view.k / deep
            fill = "#ffe6ad" if street.lit > 0.2 else "#e9dcc0"
            parts.append(f'<circle cx="{px:.1f}" cy="{py + r:.1f}" r="{r:.1f}" fill="{fill}"/>')
            if street.lit > 0.2 and bulb % 2:
                faint = 0.5 * street.lit * min(1.0, 2.2 / deep)
                street.glowing.append((px, py, 0.9 * view.k / deep, _LAMP, faint))
    return "".join(parts)


def _under(street: Street, board: Board) -> U8:
    """The sky and the ground behind the houses: red, green, blue and coverage."""
    s, view = street.stage, street.view
    light = s.light
    up = np.clip((np.float32(view.y) - board.y) / np.float32(view.y + 1.0), 0.0, 1.0)
    sky = field(light.horizon) + smoothstep(up * 1.5)[..., None] * (field(light.middle) - field(light.horizon))
    sky = sky + smoothstep((up - 0.45) * 1.8)[..., None] * ((field(light.zenith) - field(light.middle)) * 0.8)
    cloud = smoothstep(board.noise("cloud", 0.5, 4, stretch=2.0) * 1.1 + np.float32(s.plan.cloud - 0.45)) * np.float32(
        0.75
    )
    sky = sky + cloud[..., None] * (field(mix(light.cloud_shade, light.cloud_lit, 0.55)) - sky)
    sun = board.glow(view.x, view.y - 0.02 * s.unit, 0.30 * s.unit, 2.0)
    sky = sky + field(light.sun) * (sun * np.float32(0.45 * light.glow * (1.0 - s.plan.rain)))[..., None]
    full = board.full(np.clip(sky, 0.0, 1.0).astype(np.float32))
    out = np.empty((board.height, board.width, 4), np.uint8)
    out[..., :3] = np.rint(full * 255)
    out[..., 3] = 255
    ground = _ground(street)
    out[ground[1] - board.top :] = ground[0]
    return out


def _ground(street: Street) -> tuple[U8, int]:
    """The ground, of asphalt, stones or snow, and the row of the frame where it begins."""
    s, view = street.stage, street.view
    board = Board(s, _NEAR, "ground", top=view.y + 2)
    rng = s.plan.chance("asphalt")
    snowy = s.plan.ground == "snow"
    base: RGB = (0.88, 0.90, 0.95) if snowy else (0.30, 0.30, 0.31)
    if street.kind in ("alley", "market") and not snowy:
        texture = surfaces.tiles(rng, (0.42, 0.39, 0.36), (0.34, 0.32, 0.30), 10)
    else:
        texture = surfaces.rough(rng, base, 0.22, 16)
    size = 5.0 * (s.height - view.y) / view.eye
    seen = surfaces.in_perspective(board, texture, view.y, view.x, size)
    # The hour sets the light, and the haze grows towards the end of the street.
    deep = view.eye * view.k / np.maximum(board.y - np.float32(view.y), 1.0)
    tone = field(street.seen((1.0, 1.0, 1.0), 1.0)) * np.float32(0.95 - 0.45 * street.wet)
    haze = 1.0 - np.exp(-np.maximum(deep - 1.5, 0.0) / np.float32(10.0 - 6.0 * s.plan.haze))
    far = field(street.air)
    share = np.broadcast_to(np.minimum(haze, 0.88), (board.high, board.wide))[..., None]
    shaded = board.shaded(seen, (1.0 - share) * tone, share * far)
    side = np.abs((board.x - np.float32(view.x)) / np.float32(view.k) * deep)
    walk = smoothstep((side - np.float32(street.half - 2.05)) * 12.0) * np.float32(
        0.35 * (street.kind in ("street", "neon"))
    )
    lighter = board.full((1.0 + walk).astype(np.float32))[..., None]
    seen[..., :3] = np.clip(shaded * lighter, 0, 255)
    return seen, board.top


def _light(street: Street, board: Board, mirrored: str) -> tuple[F32, F32]:
    """Light to multiply the street by and glow to add: of lamps, windows, signs and reflections in wet ground."""
    s, view = street.stage, street.view
    light = np.ones((board.high, board.wide, 3), np.float32)
    glow = np.zeros_like(light)
    for x, y, reach, colour, strength in street.glowing:
        rows, columns = board.around(x, y, 3.0 * reach)
        across, down = board.x[:, columns] - np.float32(x), board.y[rows] - np.float32(y)
        away = np.hypot(across, down) / np.float32(reach)
        near = np.clip(1.0 / (1.0 + 2.5 * away**2.2) - 0.035, 0.0, 1.0)
        glow[rows, columns] += field(colour) * (near * np.float32(0.17 * strength))[..., None]
        # A pool of light on the ground below it.
        foot = view.y + max(2.0, reach / 2.2 * view.eye)
        rows, columns = board.around(x, foot, 2.2 * reach)
        across, down = board.x[:, columns] - np.float32(x), board.y[rows] - np.float32(foot)
        pool = np.exp(-((across / np.float32(reach)) ** 2) - (down / np.float32(0.28 * reach)) ** 2)
        light[rows, columns] += field(colour) * (pool * np.float32(1.1 * strength))[..., None]
    corners = ((-street.half, 0.0, 0.28), (street.half, 0.0, 0.28), (street.half, 0.0, 30.0), (-street.half, 0.0, 30.0))
    ground = board.soft(view.face(corners, "#fff"), 0.004)[..., 3:]
    if mirrored:
        seen = board.svg(mirrored, 4)
        high = max(1.0, 0.030 * s.unit / 4)
        image = Image.fromarray(seen).convert("RGB").filter(ImageFilter.GaussianBlur((max(0.6, high / 5), high)))
        wave = 1.0 + 0.35 * board.noise("puddles", 0.16, 3, stretch=3.0)
        down = np.clip((board.y - np.float32(view.y)) / np.float32(s.height - view.y), 0.0, 1.0)
        mirror = np.asarray(image, np.float32) / np.float32(255.0)
        share = ground * ((1.15 - 0.6 * down) * np.clip(wave, 0.3, 1.5) * np.float32(street.wet))[..., None]
        glow += mirror * share
    # Darker towards the sides of the frame.
    away = np.abs(board.x - np.float32(view.x)) / np.float32(s.width)
    light *= (1.08 - 0.30 * smoothstep((away - 0.25) * 1.8))[..., None]
    return light, glow


def _lights(street: Street) -> Lights:
    """The halos of the nearest lamps, and the headlights of distant cars, which drift a little."""
    s = street.stage
    rng = s.plan.chance("halos")
    nearest = sorted(street.glowing, key=lambda one: -one[2] * one[4])[:16]
    found = [
        Light(
            x=x,
            y=y,
            near=_NEAR,
            radius=min(0.09 * s.unit, 0.30 * reach),
            colour=mix(colour, (1.0, 1.0, 1.0), 0.2),
            strength=0.34 * strength,
            unrest=0.55 if street.kind == "neon" and rng.random() < 0.3 else 0.08,
            seconds=pick(rng, 0.5, 1.2) if street.kind == "neon" else 3.0,
        )
        for x, y, reach, colour, strength in nearest
    ]
    if street.lit > 0.3 and street.kind in ("street", "neon"):
        for number in range(3):
            deep = 5.0 + 3.0 * number
            for side in (-1, 1):
                x, y = street.view.at((1.6 + 0.7 * side, 0.7, deep))
                radius = max(1.5, 0.30 * street.view.k / deep)
                found.append(Light(x, y, _NEAR, radius, (1.0, 0.95, 0.82), 0.8, 0.2, 2.5, 0.15 * radius))
    return Lights(s, "street", found)
