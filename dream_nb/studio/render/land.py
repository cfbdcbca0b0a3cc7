"""Land in layers, from far to near: its crest, its relief in the light, its haze, and what stands on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dream_nb.studio.render import buildings, figures, plants
from dream_nb.studio.render.noise import F32, F64, U8, fbm1, fbm2, pick, smoothstep
from dream_nb.studio.render.palette import GROUNDS, RGB, mix, times, tinted
from dream_nb.studio.render.planes import doubled, to_u8, yuv
from dream_nb.studio.render.setting import Setting
from dream_nb.studio.render.sheet import Layer, layer, phases_for
from dream_nb.studio.render.sky import colour
from dream_nb.studio.render.stamp import press

_CRAGGY = frozenset({"mountains", "volcano", "cliffs", "mesa", "ice", "deep"})


_LAMPS: tuple[RGB, ...] = ((1.0, 0.84, 0.50), (0.25, 0.95, 1.0), (1.0, 0.30, 0.80))


@dataclass(slots=True)
class Ridge:
    """One layer of land.

    Args:
        near: 0 (far) to 1 (near).
        shape: name of its crest.
        foot: row of the frame on which it stands.
        high: of its crest over the foot, in scene units.
        ahead: whether it lies in front of the water.
    """

    near: float
    shape: str
    foot: float
    high: float
    ahead: bool = False


def ridges(setting: Setting) -> list[Ridge]:
    """The layers of a scene's land, from far to near."""
    s, plan = setting, setting.plan
    land, h, hz = plan.land, s.height, s.horizon
    rng = plan.chance("ridges")
    wet = plan.water != "none"
    found: list[Ridge] = []
    back = {
        "mountains": [("mountains", 0.10, 0.40), ("mountains", 0.20, 0.27), ("hills", 0.32, 0.14)],
        "volcano": [("mountains", 0.08, 0.12), ("volcano", 0.16, 0.46), ("hills", 0.30, 0.10)],
        "hills": [("mountains", 0.08, 0.15), ("hills", 0.18, 0.17), ("hills", 0.32, 0.12)],
        "dunes": [("dunes", 0.12, 0.10), ("dunes", 0.24, 0.16)],
        "mesa": [("mesa", 0.08, 0.17), ("mesa", 0.20, 0.27)],
        "cliffs": [("hills", 0.07, 0.07), ("cliffs", 0.18, 0.30), ("cliffs", 0.36, 0.24)],
        "islands": [("islands", 0.08, 0.12), ("islands", 0.20, 0.15)],
        "ice": [("mountains", 0.08, 0.15), ("ice", 0.20, 0.18), ("ice", 0.36, 0.16)],
        "plain": [("hills", 0.08, 0.06)],
        "city": [("hills", 0.05, 0.07), ("plain", 0.14, 0.01), ("plain", 0.26, 0.01), ("plain", 0.40, 0.012)],
        "deep": [("deep", 0.15, 0.30), ("deep", 0.35, 0.30)],
    }[land]
    for shape, near, high in back:
        found.append(Ridge(near, shape, float(hz), high * pick(rng, 0.85, 1.15)))
    if land == "deep":
        found = [Ridge(r.near, r.shape, h * (0.86 + 0.1 * at), r.high) for at, r in enumerate(found)]
        found.append(Ridge(0.75, "deep", h * 1.02, 0.16, ahead=True))
        return found
    front = {"dunes": "dunes", "mesa": "plain", "city": "plain", "plain": "plain"}.get(land, "hills")
    if wet:
        if rng.random() < 0.72 or (plan.water in ("lake", "river", "marsh") and plan.lush > 0.6):
            found.append(Ridge(0.92, "bank", h * 1.0, 0.24 if plan.ground == "sand" else 0.12, ahead=True))
    else:
        found.append(Ridge(0.46, front, hz + (h - hz) * 0.22, 0.08))
        found.append(Ridge(0.66, front, hz + (h - hz) * 0.52, 0.09))
        found.append(Ridge(0.92, front, hz + (h - hz) * 0.90, 0.10, ahead=True))
    return found


def crest(shape: str, rng: np.random.Generator, x: F64) -> F64:
    """Height of a crest along x (scene units from the middle), about 0 to 1; below 0 it is under the foot."""
    if shape == "mountains":
        peak = pick(rng, 0.12, 0.5) * (1 if rng.random() < 0.5 else -1)
        high = pick(rng, 0.35, 0.62)
        jagged = 0.5 + 0.5 * fbm1(rng, x * 1.5, 7, 0.5, ridged=True)
        massif = np.exp(-(((x - peak) / 0.42) ** 2))
        return 0.30 + jagged * (0.22 + high * massif) + 0.05 * fbm1(rng, x * 14, 3)
    if shape == "volcano":
        away = np.abs(x - pick(rng, -0.25, 0.25))
        cone = 1.02 * np.exp(-away * 3.1) + 0.06 * fbm1(rng, x * 5, 4)
        return np.minimum(cone, 0.80 + 0.03 * fbm1(rng, x * 18, 2) - 0.5 * np.maximum(0.0, 0.045 - away))
    if shape == "dunes":
        return 0.42 + 0.5 * fbm1(rng, x * 1.15, 2, 0.3, ridged=True) * (0.75 + 0.25 * np.sin(x * 2.2))
    if shape == "mesa":
        rise = fbm1(rng, x * 1.4, 3, 0.4)
        step = _step(rise, 0.02, 0.05) * 0.55 + _step(rise, 0.24, 0.03) * 0.35
        return 0.12 + step + 0.04 * fbm1(rng, x * 6, 4)
    if shape == "cliffs":
        side = 1.0 if rng.random() < 0.5 else -1.0
        edge = pick(rng, 0.05, 0.45)
        wall = _step(side * x - edge + 0.16 * fbm1(rng, x * 2.2, 4, 0.6), 0.10, 0.07)
        return wall * (0.78 + 0.14 * fbm1(rng, x * 1.6, 4)) - 0.12
    if shape == "islands":
        return 0.95 * fbm1(rng, x * 1.1, 5, 0.45) + 0.02
    if shape == "ice":
        rise = fbm1(rng, x * 2.0, 2, 0.5)
        return (0.3 + 0.6 * fbm1(rng, x * 2.6, 3, 0.45, ridged=True)) * _step(rise, -0.05, 0.10) - 0.05
    if shape == "deep":
        return 0.35 + 0.45 * fbm1(rng, x * 1.7, 5, 0.55) + 0.12 * fbm1(rng, x * 8, 3, ridged=True)
    if shape == "plain":
        return 0.45 + 0.22 * fbm1(rng, x * 0.8, 3, 0.4)
    if shape == "bank":
        side = 1.0 if rng.random() < 0.5 else -1.0
        return 0.42 + 0.75 * np.maximum(0.0, side * x * 0.75) ** 1.3 + 0.18 * fbm1(rng, x * 1.6, 4, 0.4)
    return 0.55 + 0.45 * fbm1(rng, x * 0.95, 4, 0.36)


def _step(value: F64, at: float, soft: float) -> F64:
    t = np.clip((value - at) / soft + 0.5, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


@dataclass(slots=True)
class Ground:
    """A layer before its colours are put into planes: what stands on it is added here.

    Args:
        left: column that lies on the frame's first one.
        top: row of the frame where it begins.
        rows: of the crest in every column, in rows of the frame.
        alpha: coverage, rows x width.
        growth: coverage of plants, which have a colour of their own.
        build: coverage of buildings: dark against the light.
        lamps: strength of their lights.
    """

    ridge: Ridge
    left: int
    top: int
    rows: F64
    alpha: U8
    growth: U8
    build: U8
    lamps: U8
    plant: str | None = None

    def row_at(self, column: float) -> float:
        """Row of the layer on which something stands at a column of the layer."""
        return float(self.rows[int(min(max(column, 0), len(self.rows) - 1))]) - self.top


def ground(setting: Setting, ridge: Ridge, index: int, above: float = 0.0) -> Ground:
    """The bare coverage of a layer.

    Args:
        index: of the layer, which gives it its own form.
        above: room over the crest for what will stand on it, in scene units.
    """
    s = setting
    side, up = s.margins(ridge.near)
    width = s.width + 2 * side
    x = (np.arange(width, dtype=np.float64) - side + 0.5 - s.width / 2) / s.unit
    rows = ridge.foot - ridge.high * s.unit * crest(ridge.shape, s.plan.chance("crest", index), x)
    first = float(rows.min()) - above * s.unit - 2
    top = max(-up, int(first)) // 2 * 2
    bottom = s.height if ridge.ahead or s.plan.water == "none" else min(s.height, s.horizon + 2)
    tall = max(2, (bottom + up - top + 1) // 2 * 2)
    row = np.arange(tall, dtype=np.float32)[:, None]
    alpha = np.clip((row - (rows - top).astype(np.float32)[None, :] + 1.0) * 255.0, 0, 255).astype(np.uint8)
    return Ground(ridge, side, top, rows, alpha, np.zeros_like(alpha), np.zeros_like(alpha), np.zeros_like(alpha))


def planted(setting: Setting, land: Ground, index: int) -> None:
    """Let plants grow on a layer, many far ones or a few near ones."""
    s, plan, near = setting, setting.plan, land.ridge.near
    kinds = [kind for kind in plan.plants if kind not in plants.SMALL or near > 0.6]
    if not kinds or near < 0.15 or land.ridge.shape == "volcano":
        return
    framing = land.ridge.ahead and plan.water != "none"
    if framing and not plan.asked_plants and plan.water == "sea":
        return
    rng = plan.chance("plants", index)
    for kind in kinds:
        size = plants.height(kind) * s.unit * (0.10 + 0.90 * near**1.4)
        if kind in plants.SMALL:
            size = plants.height(kind) * s.unit * near
        if size < 2:
            continue
        forms = plants.grown(kind, rng, size, 5)
        wide = max(2.0, forms[-1].shape[1] * (0.5 if kind in plants.SMALL else 0.62))
        places = len(land.rows) / wide
        dense = plan.lush * (1.0 if kind in plants.SMALL else 0.30 + 0.75 * (1.0 - near))
        thick = fbm1(rng, np.arange(0, 400, dtype=np.float64) * 0.23 + 7, 2)
        for place in range(-2, math.ceil(places) + 2):
            here, jitter, turn, form = rng.random(4)
            if here * 1.2 < dense + 0.55 * thick[place % 400]:
                column = (place + 0.9 * jitter) * wide
                # Before water, large plants stand at the sides and leave the view open.
                if framing and kind not in plants.SMALL and abs((column - land.left) / s.width - 0.5) < 0.27:
                    continue
                press(
                    forms[int(form * 5)], land.growth, column, land.row_at(column) + 0.03 * size + 2, bool(turn < 0.5)
                )
        land.plant = kind
    np.maximum(land.alpha, land.growth, out=land.alpha)


def built(setting: Setting, lands: list[Ground]) -> None:
    """Raise the buildings of a plan on the layers that suit them."""
    s, plan = setting, setting.plan
    if plan.land == "city":
        for index, land in enumerate(g for g in lands if g.ridge.shape == "plain" and g.ridge.near <= 0.4):
            foot = int(land.ridge.foot) - land.top + 1
            buildings.skyline(
                land.build, land.lamps, foot, s.unit, (0.46, 0.36, 0.22)[index % 3], plan.chance("towers", index)
            )
    far = [g for g in lands if not g.ridge.ahead and 0.12 < g.ridge.near < 0.5] or lands
    for number, kind in enumerate(k for k in plan.built if buildings.known(k)):
        rng = plan.chance("building", kind)
        land = far[-1]
        if kind in ("tent", "torii", "pier"):
            land = next((g for g in lands if g.ridge.near > 0.6), far[-1])
        if kind == "bridge" and plan.water != "none":
            land = far[-1]
        scale = 0.62 + 0.5 * land.ridge.near
        side = 0.5 + (0.5 - s.sun_x) * 0.7 if number == 0 else s.sun_x
        torn = land.ridge.shape in ("cliffs", "islands", "ice")
        spread = 1.0 if torn or buildings.many(kind) > 1 else 0.18
        for _ in range(buildings.many(kind)):
            walls, lamps = buildings.raised(kind, rng, buildings.height(kind) * scale * s.unit)
            tries = land.left + s.width * np.clip(side + (rng.random(21) - 0.5) * spread, 0.12, 0.88)
            # On the highest of a few places: islands and cliffs have water between them.
            column = (
                float(min(tries, key=lambda c: land.row_at(float(c)))) if torn and kind != "bridge" else float(tries[0])
            )
            reach = int(walls.shape[1] * 0.3)
            here = land.rows[max(0, int(column) - reach) : int(column) + reach + 1]
            foot = (float(here.mean()) if len(here) else land.row_at(column) + land.top) - land.top + 0.012 * s.unit
            if kind in ("bridge", "pier") and plan.water != "none":
                foot = (s.horizon if kind == "bridge" else land.ridge.foot - 0.05 * s.unit) - land.top
            press(walls, land.build, column, foot)
            press(lamps, land.lamps, column, foot)


def coloured(setting: Setting, land: Ground, index: int) -> Layer:
    """The finished layer."""
    s, plan, light, ridge = setting, setting.plan, setting.light, land.ridge
    rng = plan.chance("relief", index)
    np.maximum(land.alpha, land.build, out=land.alpha)
    tall, width = land.alpha.shape
    h, w = tall // 2, width // 2
    crest_rows = ((land.rows[::2][:w] - land.top) / 2).astype(np.float32)
    below = (np.arange(h, dtype=np.float32)[:, None] - crest_rows[None, :]) * np.float32(2.0 / s.unit)
    units_w, units_h = width / s.unit, tall / s.unit
    craggy = ridge.shape in _CRAGGY
    fine = 7.0 if craggy else 9.0
    relief = fbm2(rng, w, h, units_w * fine, units_h * fine * (1.0 if craggy else 3.0), 4, 0.6)
    sunny = np.clip(
        0.5
        + relief * np.float32((0.42 if ridge.shape in _CRAGGY else 0.20) * s.style.texture)
        + _facing(s, land, relief, below),
        0.0,
        1.0,
    )
    if not s.style.texture:
        sunny = np.full_like(sunny, 0.5)
    albedo = GROUNDS[plan.ground]
    if plan.ground in ("rock", "snow") and ridge.near > 0.4 and plan.ground != "snow":
        albedo = GROUNDS["grass"]
    for tint in plan.tints[:2]:
        albedo = tinted(albedo, tint, 0.4)
    dark, bright = times(albedo, light.shade), times(albedo, light.lit)
    surface = colour(dark) + sunny[..., None] * (colour(bright) - colour(dark))
    if ridge.shape in ("mountains", "volcano") and plan.ground in ("rock", "snow", "grass") and plan.hour != "":
        surface = _snowcap(s, land, surface, relief, sunny, below)
    if land.plant is not None:
        leaf = plants.COLOURS[land.plant]
        if plan.tints and land.plant == "flowers":
            leaf = mix(leaf, plan.tints[0], 0.7)
        if plan.ground == "snow":
            leaf = mix(leaf, (0.8, 0.85, 0.9), 0.25)
        leafy = (land.growth[0::2, 0::2].astype(np.float32) + land.growth[1::2, 1::2]) * np.float32(0.5 / 255)
        lit = np.float32(0.25) + np.float32(0.5) * np.clip(0.5 + relief, 0.0, 1.0)
        leaves = colour(times(leaf, light.shade)) + lit[..., None] * colour(times(leaf, light.lit))
        surface = surface + leafy[..., None] * (leaves - surface)
    if land.build.any():
        built = (land.build[0::2, 0::2].astype(np.float32) + land.build[1::2, 1::2]) * np.float32(0.5 / 255)
        wall = colour(times((0.34, 0.32, 0.34), mix(light.shade, light.lit, 0.35)))
        surface = surface + built[..., None] * (wall - surface)
    surface = _hazy(s, land, surface, below)
    if land.lamps.any():
        dark = {"night": 1.0, "dusk": 0.95, "sunset": 0.6, "dawn": 0.5}.get(plan.hour, 0.12 + 0.3 * plan.storm)
        lamps = (land.lamps[0::2, 0::2].astype(np.float32) + land.lamps[1::2, 1::2]) * np.float32(dark * 0.5 / 255)
        warm = _LAMPS[(index + 1) % 3] if plan.style in ("neon", "synthwave") else _LAMPS[0]
        surface = surface + lamps[..., None] * (colour(warm) - surface)
    if ridge.shape == "volcano":
        surface = _lava(s, land, surface, relief, below)
    if s.style.ink:
        line = np.clip(1.0 - np.abs(below - np.float32(0.004)) * np.float32(170.0), 0.0, 1.0) * np.float32(
            s.style.ink * 0.8
        )
        surface = surface * (1.0 - line[..., None])
    y, u, v = yuv(s.style.grade(np.clip(surface, 0.0, 1.1)))
    return layer(
        ridge.near, land.top, land.left, (to_u8(doubled(y)), to_u8(u), to_u8(v)), land.alpha,
        phases_for(s.height) if s.frames > 1 else 1,
    )  # fmt: skip


def _facing(s: Setting, land: Ground, relief: F32, below: F32) -> F32:
    """Light on slopes that face the sun: the slope of the crest above, bent by the relief as it runs down."""
    h, w = relief.shape
    reach = max(1, round(0.016 * s.unit / 2))
    rows = land.rows[::2][:w] / 2
    ahead = np.concatenate([rows[reach:], np.repeat(rows[-1], reach)])
    behind = np.concatenate([np.repeat(rows[0], reach), rows[:-reach]])
    slope = np.tanh((behind - ahead) / (2 * reach) * 1.6).astype(np.float32)  # positive: rises to the right
    bend = np.float32(0.05 * s.unit / 2) * relief
    column = np.arange(w, dtype=np.float32)[None, :] + bend
    at = np.clip(column, 0, w - 2)
    low = at.astype(np.int32)
    part = at - low
    bent = slope[low] * (1 - part) + slope[low + 1] * part
    # A slope that rises to the right faces left.
    towards = np.clip(
        (s.sun_x * s.width + land.left - np.arange(w, dtype=np.float32) * 2) / (0.35 * s.width), -1.0, 1.0
    )
    strength = {"mountains": 0.62, "volcano": 0.55, "dunes": 0.7, "mesa": 0.4, "cliffs": 0.4, "ice": 0.6}.get(
        land.ridge.shape, 0.3
    )
    fade = np.exp(-np.maximum(below, 0.0) * np.float32(4.0))
    return -bent * towards[None, :] * fade * np.float32(strength * s.style.texture)


def _snowcap(s: Setting, land: Ground, surface: F32, relief: F32, sunny: F32, below: F32) -> F32:
    plan = s.plan
    line = 0.16 if plan.ground != "snow" else 0.0
    if plan.hour and plan.land == "volcano":
        line = 0.30
    h = surface.shape[0]
    above = (land.ridge.foot - land.top - np.arange(h, dtype=np.float32) * 2) / np.float32(s.unit)
    cap = smoothstep((above[:, None] - np.float32(line) + relief * np.float32(0.07)) * np.float32(16.0))
    cap *= np.clip(0.35 + sunny * 1.1, 0.0, 1.0)
    snow: RGB = (0.94, 0.95, 0.99)
    white = colour(times(snow, s.light.shade)) * np.float32(1.25)
    white = white + sunny[..., None] * (colour(times(snow, s.light.lit)) - white)
    return surface + cap[..., None] * (white - surface)


def _lava(s: Setting, land: Ground, surface: F32, relief: F32, below: F32) -> F32:
    """The glow of the crater, and streams that run down from it."""
    h, w = below.shape
    summit = np.argmin(np.round(land.rows[::2][:w]))
    x = (np.arange(w, dtype=np.float32) - np.float32(summit)) * np.float32(2.0 / s.unit)
    down = np.maximum(below, 0.0)
    streams = np.zeros_like(below)
    for lean, start in ((-0.55, -0.02), (0.35, 0.02), (0.95, 0.03)):
        bend = x[None, :] - np.float32(start) - np.float32(lean) * down * np.float32(0.55) - relief * np.float32(0.035)
        streams += np.exp(-((bend / np.float32(0.010)) ** 2)) * np.exp(-down * np.float32(5.5))
    glow = np.exp(-((x[None, :] / np.float32(0.09)) ** 2) - (down / np.float32(0.05)) ** 2)
    heat = np.clip(streams * np.float32(1.5) + glow * np.float32(1.2), 0.0, 1.6)[..., None]
    fire = colour((1.0, 0.36, 0.06)) + np.clip(heat - 0.6, 0.0, 1.0) * colour((0.0, 0.55, 0.35))
    return surface + np.clip(heat, 0.0, 1.0) * (fire - surface)


def _hazy(s: Setting, land: Ground, surface: F32, below: F32) -> F32:
    """Distance fades to the colour of the air, more so in the valleys and towards the sun."""
    plan, light, near = s.plan, s.light, land.ridge.near
    far = (1.0 - near) ** 2.2
    air = min(0.93, far * (0.62 + 0.3 * plan.haze) + 0.26 * plan.haze * (1.0 - near) + 0.05 * plan.rain)
    valley = np.clip(below * np.float32(3.2), 0.0, 1.0) * np.float32((0.35 + 0.65 * plan.haze) * (1.0 - near) ** 1.1)
    amount = 1.0 - (1.0 - np.float32(air)) * (1.0 - valley)
    h, w = below.shape
    x = (np.arange(w, dtype=np.float32) * 2 - land.left - np.float32(s.sun_x * s.width)) / np.float32(s.unit)
    glow = np.exp(-((x / np.float32(0.45)) ** 2)) * np.float32(light.glow * 0.42)
    haze = (
        colour(mix(light.haze, light.horizon, 0.35))[None, :]
        + glow[:, None] * (colour(light.sun) - colour(light.haze))[None, :]
    )
    return surface + amount[..., None] * (haze[None, :, :] - surface)
