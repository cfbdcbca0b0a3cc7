"""The colours of land: relief in the light, snow, lava, leaves, lit windows, haze."""

from __future__ import annotations

from typing import Final

import numpy as np

from dream_nb.studio.render.ground import plants
from dream_nb.studio.render.ground.land import Ground
from dream_nb.studio.render.layers import Layer, layer, phases_for
from dream_nb.studio.render.noise import F32, U8, fbm2, smoothstep
from dream_nb.studio.render.palette import GROUNDS, mix, times, tinted
from dream_nb.studio.render.planes import colour, doubled, luma, to_u8, yuv
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

_CRAGGY: Final = frozenset({"mountains", "volcano", "cliffs", "mesa", "ice", "deep"})
_SNOWCAPPED: Final = frozenset({"mountains", "volcano"})
_WALL: Final[RGB] = (0.34, 0.32, 0.34)
# How bright lit windows are, where the hour makes a difference.
_LAMPLIGHT: Final = {"night": 1.0, "dusk": 0.95, "sunset": 0.6, "dawn": 0.5}
_LAMPS: Final[tuple[RGB, ...]] = ((1.0, 0.84, 0.50), (0.25, 0.95, 1.0), (1.0, 0.30, 0.80))


def coloured(stage: SceneStage, land: Ground, index: int) -> Layer:
    """The finished layer of a land, with its colours; `index` is the number of the layer."""
    s, ridge = stage, land.ridge
    np.maximum(land.alpha, land.build, out=land.alpha)
    below = _below(s, land)
    relief, sunny = _relief(s, land, below, s.plan.chance("relief", index))
    surface = _bare(s, land, sunny)
    if ridge.shape in _SNOWCAPPED and s.plan.ground in ("rock", "snow", "grass"):
        surface = _snowcap(s, land, surface, relief, sunny)
    surface, leafy = _overgrown(s, land, surface, relief)
    if land.build.any():
        wall = colour(times(_WALL, mix(s.light.shade, s.light.lit, 0.35)))
        surface = _covered(surface, _halved(land.build), wall)
    surface = _hazy(s, land, surface, below, leafy)
    if land.lamps.any():
        bright = _LAMPLIGHT.get(s.plan.hour, 0.12 + 0.3 * s.plan.storm)
        lamp = _LAMPS[(index + 1) % 3] if s.plan.style in ("neon", "synthwave") else _LAMPS[0]
        surface = _covered(surface, _halved(land.lamps, bright), colour(lamp))
    if ridge.shape == "volcano":
        surface = _lava(s, land, surface, relief, below)
    if s.style.ink:
        line = np.clip(1.0 - np.abs(below - np.float32(0.004)) * np.float32(170.0), 0.0, 1.0)
        surface = surface * (1.0 - (line * np.float32(s.style.ink * 0.8))[..., None])
    y, u, v = yuv(s.style.grade(np.clip(surface, 0.0, 1.1)))
    planes = to_u8(doubled(y)), to_u8(u), to_u8(v)
    return layer(
        ridge.near, land.top, land.left, planes, land.alpha, phases_for(s.height) if s.moves(ridge.near) else 1
    )


def _below(s: SceneStage, land: Ground) -> F32:
    """How far each pixel of the colour planes lies below the crest, in scene units."""
    h, w = land.alpha.shape[0] // 2, land.alpha.shape[1] // 2
    crest_rows = ((land.rows[::2][:w] - land.top) / 2).astype(np.float32)
    below: F32 = (np.arange(h, dtype=np.float32)[:, None] - crest_rows[None, :]) * np.float32(2.0 / s.unit)
    return below


def _relief(s: SceneStage, land: Ground, below: F32, rng: np.random.Generator) -> tuple[F32, F32]:
    """The relief of the surface, about -1 to 1, and how much light falls on it, 0 to 1."""
    h, w = below.shape
    tall, width = land.alpha.shape
    craggy = land.ridge.shape in _CRAGGY
    fine = 7.0 if craggy else 9.0
    wider = s.wider(land.ridge.near) / s.unit
    relief = fbm2(
        rng, w, h, width / s.unit * fine, tall / s.unit * fine * (1.0 if craggy else 3.0), 4, 0.6, before=wider * fine
    )
    rough = (0.42 if craggy else 0.08 if land.ridge.shape == "dunes" else 0.20) * s.style.texture
    sunny = np.clip(0.5 + relief * np.float32(rough) + _facing(s, land, relief, below), 0.0, 1.0)
    if not s.style.texture:
        return relief, np.full_like(sunny, 0.5)
    if craggy:
        towards = 1.0 if s.sun_x > 0.5 else -1.0
        sunny = np.clip(sunny - np.float32(0.30 * towards * s.style.texture) * _creased(s, rng, w, h, wider), 0.0, 1.0)
    return relief, sunny


def _bare(s: SceneStage, land: Ground, sunny: F32) -> F32:
    """The colours of the ground, without what lies, grows or stands on it."""
    plan, light = s.plan, s.light
    albedo = GROUNDS["grass" if plan.ground == "rock" and land.ridge.near > 0.4 else plan.ground]
    for tint in plan.tints[:2]:
        albedo = tinted(albedo, tint, 0.4)
    dark, bright = times(albedo, light.shade), times(albedo, light.lit)
    if plan.ground == "snow":
        # Snow reflects the whole sky, and stays somewhat white in any light.
        dark = mix(dark, times(albedo, light.middle), 0.45)
        bright = mix(bright, times(albedo, (luma(light.lit) * 1.3,) * 3), 0.5)
    bare: F32 = colour(dark) + sunny[..., None] * (colour(bright) - colour(dark))
    return bare


def _overgrown(s: SceneStage, land: Ground, surface: F32, relief: F32) -> tuple[F32, F32 | None]:
    """The surface with its plants, and the coverage of those drawn last; None without plants."""
    plan, light = s.plan, s.light
    leafy: F32 | None = None
    for kind, mask in land.growth:
        leaf = plants.COLOURS[kind]
        if plan.tints and kind == "flowers":
            leaf = mix(leaf, plan.tints[0], 0.7)
        if plan.ground == "snow":
            leaf = mix(leaf, (0.8, 0.85, 0.9), 0.25)
        leafy = _halved(mask)
        lit = np.float32(0.25) + np.float32(0.5) * np.clip(0.5 + relief, 0.0, 1.0)
        leaves = colour(times(leaf, light.shade)) + lit[..., None] * colour(times(leaf, light.lit))
        surface = _covered(surface, leafy, leaves)
    return surface, leafy


def _halved(mask: U8, strength: float = 1.0) -> F32:
    """A coverage of 0 to 255 at the size of the colour planes, as 0 to `strength`."""
    halved: F32 = (mask[0::2, 0::2].astype(np.float32) + mask[1::2, 1::2]) * np.float32(strength * 0.5 / 255)
    return halved


def _covered(surface: F32, cover: F32, by: F32) -> F32:
    covered: F32 = surface + cover[..., None] * (by - surface)
    return covered


def _creased(s: SceneStage, rng: np.random.Generator, width: int, height: int, wider: float) -> F32:
    """How a creased surface rises to the right, about -1 to 1, to shade it by."""
    units_w, units_h = width * 2 / s.unit, height * 2 / s.unit
    form = fbm2(rng, width, height, units_w * 4.5, units_h * 3.2, 5, 0.5, ridged=True, before=wider * 4.5)
    reach = max(1, round(s.unit / 720))
    rise = np.zeros_like(form)
    rise[:, reach:-reach] = form[:, 2 * reach :] - form[:, : -2 * reach]
    lit: F32 = np.tanh(rise * np.float32(s.unit / 720 * 16.0 / reach))
    return lit


def _facing(s: SceneStage, land: Ground, relief: F32, below: F32) -> F32:
    """Light on slopes that face the sun: each follows the slope of the crest above it, displaced by the relief."""
    w = relief.shape[1]
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
    strength = {"mountains": 0.62, "volcano": 0.55, "dunes": 0.95, "mesa": 0.4, "cliffs": 0.4, "ice": 0.6}.get(
        land.ridge.shape, 0.3
    )
    fade = np.exp(-np.maximum(below, 0.0) * np.float32(1.5 if land.ridge.shape == "dunes" else 4.0))
    lit: F32 = -bent * towards[None, :] * fade * np.float32(strength * s.style.texture)
    return lit


def _snowcap(s: SceneStage, land: Ground, surface: F32, relief: F32, sunny: F32) -> F32:
    plan = s.plan
    line = 0.16 if plan.ground != "snow" else 0.0
    if plan.land == "volcano":
        line = 0.30
    h = surface.shape[0]
    above = (land.ridge.foot - land.top - np.arange(h, dtype=np.float32) * 2) / np.float32(s.unit)
    cap = smoothstep((above[:, None] - np.float32(line) + relief * np.float32(0.07)) * np.float32(16.0))
    cap *= np.clip(0.35 + sunny * 1.1, 0.0, 1.0)
    snow: RGB = (0.94, 0.95, 0.99)
    white = colour(times(snow, s.light.shade)) * np.float32(1.25)
    white = white + sunny[..., None] * (colour(times(snow, s.light.lit)) - white)
    return surface + cap[..., None] * (white - surface)


def _lava(s: SceneStage, land: Ground, surface: F32, relief: F32, below: F32) -> F32:
    """The glow of the crater, and streams that run down from it."""
    w = below.shape[1]
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
    burning: F32 = (surface + np.clip(heat, 0.0, 1.0) * (fire - surface)).astype(np.float32, copy=False)
    return burning


def _hazy(s: SceneStage, land: Ground, surface: F32, below: F32, leafy: F32 | None) -> F32:
    """The surface, faded to the colour of the air with distance and in valleys; the sun tints the air near it."""
    plan, light, near = s.plan, s.light, land.ridge.near
    far = (1.0 - near) ** 2.2
    air = min(0.93, far * (0.62 + 0.3 * plan.haze) + 0.26 * plan.haze * (1.0 - near) + 0.05 * plan.rain)
    valley = np.clip(below * np.float32(3.2), 0.0, 1.0) * np.float32((0.35 + 0.65 * plan.haze) * (1.0 - near) ** 1.1)
    if leafy is not None:
        valley = valley * (1.0 - np.float32(0.8) * leafy)
    amount = 1.0 - (1.0 - np.float32(air)) * (1.0 - valley)
    w = below.shape[1]
    x = (np.arange(w, dtype=np.float32) * 2 - land.left - np.float32(s.sun_x * s.width)) / np.float32(s.unit)
    glow = np.exp(-((x / np.float32(0.45)) ** 2)) * np.float32(light.glow * 0.42)
    haze = (
        colour(mix(light.haze, light.horizon, 0.35))[None, :]
        + glow[:, None] * (colour(light.sun) - colour(light.haze))[None, :]
    )
    hazy: F32 = surface + amount[..., None] * (haze[None, :, :] - surface)
    return hazy
