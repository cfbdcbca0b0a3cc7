"""Bodies in the sky: sun, moon, stars, planets."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.noise import F32, fbm2, pick
from dream_nb.studio.render.planes import Planes, colour, to_u8, yuv
from dream_nb.studio.render.sky.sky import Sky
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB


class Disc:
    """A round body in the sky, hidden by clouds."""

    def __init__(self, stage: SceneStage, x: float, y: float, surface: F32, cover: F32, glowing: bool = False) -> None:
        self.stage = stage
        self.glowing = glowing
        self.side = surface.shape[0]
        self.x, self.y = x - self.side / 2, y - self.side / 2
        self.colours = yuv(stage.style.grade(np.clip(surface, 0.0, 1.15)))
        self.cover = cover

    def draw(self, onto: Planes, sky: Sky, frame: int) -> None:
        """Draw it over the sky."""
        dx, dy = self.stage.shift(frame, 0.0)
        left, top = 2 * round((self.x + dx) / 2), 2 * round((self.y + dy) / 2)
        x0, x1 = max(0, left), min(onto.width, left + self.side)
        y0, y1 = max(0, top), min(min(onto.height, sky.rows) // 2 * 2, top + self.side)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return
        inside = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        seen = self.cover[inside]
        if sky.cloudy:
            seen = seen * sky.clear_in(x0, y0, x1 - x0, y1 - y0)
        for plane, value, half in zip(onto.all, self.colours, (1, 2, 2), strict=True):
            part = plane[y0 // half : y1 // half, x0 // half : x1 // half]
            mask, new = seen[::half, ::half], value[inside][::half, ::half]
            old = part.astype(np.float32)
            mixed = old + mask * (new - old)
            if self.glowing:
                # A sun is neither darker nor less colourful than its own glow.
                colourful = np.float32(0.3 if self.stage.light.glow > 0.6 else 0.9)
                mixed = np.maximum(old, mixed) if half == 1 else old + colourful * (mixed - old)
            part[:] = to_u8(mixed)


def discs(stage: SceneStage) -> list[Disc]:
    """The sun, the moon, or the planets of a fantastic sky; empty under water and in a storm."""
    s, plan, light = stage, stage.plan, stage.light
    if plan.land == "deep" or plan.storm > 0.5:
        return []
    found = []
    rng = plan.chance("discs")
    sun = (s.sun_x * s.width, s.horizon * (1.0 - 0.92 * light.height))
    if "planets" in plan.skies:
        hue: RGB = (pick(rng, 0.5, 0.95), pick(rng, 0.4, 0.7), pick(rng, 0.4, 0.9))
        found.append(_planet(s, (1 - s.sun_x) * s.width, s.horizon * 0.42, 0.30, hue, rng))
        found.append(_planet(s, (0.35 + 0.5 * s.sun_x) * s.width, s.horizon * 0.2, 0.06, (0.75, 0.72, 0.7), rng))
    elif plan.hour == "night":
        found.append(_moon(s, *sun, 0.055 if "moon" not in plan.skies else 0.10, rng))
    elif plan.hour != "dusk":
        radius = {"sunset": 0.062, "dawn": 0.05, "golden": 0.045}.get(plan.hour, 0.036)
        if plan.style == "synthwave":
            radius = 0.20
        found.append(_sun(s, *sun, radius))
    if plan.hour == "dusk" and plan.cloud < 0.8:
        found.append(_moon(s, (1 - s.sun_x) * s.width, s.horizon * 0.3, 0.03, rng))
    return found


def _polar(side: int) -> tuple[F32, F32, F32]:
    at = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side) * 2 - 1
    x, y = at[None, :], at[:, None]
    return np.sqrt(x * x + y * y), np.broadcast_to(x, (side, side)), np.broadcast_to(y, (side, side))


def _sun(s: SceneStage, x: float, y: float, radius: float) -> Disc:
    side = max(4, 2 * math.ceil(radius * 1.1 * s.unit))
    r, _, down = _polar(side)
    edge = np.clip((np.float32(1 / 1.1) - r) * np.float32(side / 2 / 1.6), 0.0, 1.0)
    white = np.clip(1.0 - r * r * 0.8, 0.0, 1.0)[..., None]
    sun = colour(s.light.sun)
    surface = sun + white * (colour((1.0, 1.0, 0.96)) - sun) * np.float32(0.6)
    if s.style is not None and s.plan.style == "synthwave":
        t = np.clip(down * 0.5 + 0.5, 0.0, 1.0)[..., None]
        surface = colour((1.0, 0.88, 0.35)) + t * (colour((1.0, 0.20, 0.60)) - colour((1.0, 0.88, 0.35)))
        stripes = np.clip((np.cos(down * np.float32(24)) - (0.9 - np.clip(down, 0, 1) * 1.2)) * 8, 0.0, 1.0)
        edge = edge * (1.0 - stripes * (down > 0.05))
    return Disc(
        s, x, y, np.broadcast_to(surface, (side, side, 3)), edge * np.float32(0.97), s.plan.style != "synthwave"
    )


def _moon(s: SceneStage, x: float, y: float, radius: float, rng: np.random.Generator) -> Disc:
    side = max(4, 2 * math.ceil(radius * 1.1 * s.unit))
    r, across, down = _polar(side)
    maria = fbm2(rng, side, side, 3.2, 3.2, 4)
    edge = np.clip((np.float32(1 / 1.1) - r) * np.float32(side / 2 / 1.4), 0.0, 1.0)
    phase = pick(rng, -1.2, 0.9)
    dark = np.clip((across * 0.9 + down * 0.3 + np.float32(phase)) * 3.0, 0.0, 1.0) if phase < 0.2 else np.zeros_like(r)
    bright = np.float32(0.96) - np.clip(maria, 0.0, 1.0) * np.float32(0.30) - r * r * np.float32(0.08)
    surface = colour((1.0, 0.98, 0.90)) * bright[..., None]
    return Disc(s, x, y, surface, edge * (1.0 - np.float32(0.92) * dark))


def _planet(s: SceneStage, x: float, y: float, radius: float, hue: RGB, rng: np.random.Generator) -> Disc:
    side = max(4, 2 * math.ceil(radius * 1.1 * s.unit))
    r, across, down = _polar(side)
    bands = fbm2(rng, side, side, 2.0, 9.0, 4)
    edge = np.clip((np.float32(1 / 1.1) - r) * np.float32(side / 2 / 1.6), 0.0, 1.0)
    lit = np.clip(0.62 - across * 0.7 + down * 0.45 - r * r * 0.35, 0.0, 1.0)
    surface = colour(hue) * (lit * (np.float32(0.85) + bands * np.float32(0.3)))[..., None]
    return Disc(s, x, y, surface, edge * np.clip(lit * 3.0, 0.0, 1.0))


class Stars:
    """Twinkling stars."""

    def __init__(self, stage: SceneStage) -> None:
        s, plan = stage, stage.plan
        self.stage = s
        rng = plan.chance("stars")
        count = int(900 * plan.stars * max(0.0, 1.0 - plan.storm))
        place = rng.random((900, 4))[:count]
        self.x = ((place[:, 0] * 3.2 - 1.6) * s.unit + s.width / 2).astype(np.float32)
        self.y = (place[:, 1] * s.horizon * 1.02).astype(np.float32)
        self.light = (10 + 190 * place[:, 2] ** 7 + 60 * place[:, 2] ** 2).astype(np.float32) * np.float32(
            0.5 + 0.5 * plan.stars
        )
        self.light *= np.clip(1.15 - place[:, 1] * 0.7, 0.0, 1.0).astype(np.float32)
        self.phase = place[:, 3] * 2 * np.pi
        self.beats = (1 + (place[:, 0] * 9973 % 1.0) * 5).astype(np.int64) * s.cycles(5.0)
        reach = max(1, round(s.unit / 720))
        size = max(0.5, 0.62 * s.unit / 720)
        self.spot = [
            (dx, dy, math.exp(-(dx * dx + dy * dy) / (2 * size * size)))
            for dy in range(-reach, reach + 1)
            for dx in range(-reach, reach + 1)
        ]

    def draw(self, onto: Planes, sky: Sky, frame: int) -> None:
        """Draw them into the sky where no cloud hides them."""
        if not len(self.x):
            return
        s = self.stage
        dx, dy = s.shift(frame, 0.0)
        x, y = np.rint(self.x + np.float32(dx)).astype(np.int64), np.rint(self.y + np.float32(dy)).astype(np.int64)
        light = self.light * (0.72 + 0.28 * np.sin(self.beats * s.turn(frame) + self.phase)).astype(np.float32)
        edge = 1 + max(dx for dx, _, _ in self.spot)
        inside = (x >= edge) & (x < onto.width - edge) & (y >= edge) & (y < min(sky.rows, onto.height) - edge)
        x, y, light = x[inside], y[inside], light[inside]
        if sky.cloudy:
            light = light * sky.clear_at(x.astype(np.float32), y.astype(np.float32)) ** 2
        splat(onto, x, y, light, self.spot)


def splat(
    onto: Planes, x: NDArray[np.int64], y: NDArray[np.int64], light: F32, spot: list[tuple[int, int, float]]
) -> None:
    """Brighten a small spot around each point; the spots must lie inside the frame."""
    flat = onto.y.reshape(-1)
    at = y * onto.width + x
    for dx, dy, weight in spot:
        there = at + (dy * onto.width + dx)
        flat[there] = np.minimum(flat[there] + light * np.float32(weight), 235.0).astype(np.uint8)
