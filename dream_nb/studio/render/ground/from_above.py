"""The land of a scene seen straight from above, like a map: its ground, shores, plants and buildings."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dream_nb.studio.render.ground import plants
from dream_nb.studio.render.noise import F32, I16, U8, fbm1, fbm2, pick, smoothstep
from dream_nb.studio.render.palette import GROUNDS, mix, times, tinted
from dream_nb.studio.render.planes import Planes, colour, to_u8, yuv
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

# "round" or "roof", the centre, width and height in pixels, the colour, and how far its shadow falls in scene units.
_Sight = tuple[str, tuple[float, float], float, float, RGB, float]

_NEAR: Final = 0.5
_WALL: Final[RGB] = (0.50, 0.47, 0.46)
_LAMP: Final[RGB] = (1.0, 0.84, 0.50)
_DARK_HOURS: Final = frozenset({"night", "dusk"})
_CREASED: Final = frozenset({"mountains", "cliffs", "volcano", "mesa", "dunes"})
# Islands and ice lie in the water; elsewhere the water has a near and a far shore.
_SCATTERED: Final = frozenset({"islands", "ice"})


class FromAbove:
    """Draws the frames of a camera that looks straight down."""

    def __init__(self, stage: SceneStage) -> None:
        s = self.stage = stage
        across, down = s.margins(_NEAR)
        # A margin on every side for the movement of the camera.
        self.room = (max(2, across), max(2, down // 2 * 2))
        w, h = s.width + 2 * self.room[0], s.height + 2 * self.room[1]
        self.size = (w, h)
        rng = s.plan.chance("from above")
        self.x = ((np.arange(w, dtype=np.float32) + np.float32(0.5 - w / 2)) / np.float32(s.unit))[None, :]
        self.y = ((np.arange(h, dtype=np.float32) + np.float32(0.5 - h / 2)) / np.float32(s.unit))[:, None]
        self.cells = (w / s.unit, h / s.unit)
        dry = self._shore(rng)
        surface = self._coloured(dry, rng)
        surface = self._sights(surface, dry, rng)
        graded = s.style.grade(np.clip(surface, 0.0, 1.1).astype(np.float32))
        y, u, v = yuv(graded)
        self.planes = (to_u8(y), to_u8(u[::2, ::2]), to_u8(v[::2, ::2]))
        self._waves(dry, rng)

    def _shore(self, rng: np.random.Generator) -> F32:
        """The distance of each pixel from the water, in scene units; negative in the water."""
        s = self.stage
        w, h = self.size
        ragged = fbm2(rng, w, h, self.cells[0] * 2.2, self.cells[1] * 2.2, 5, 0.5)
        if s.plan.water == "none":
            return np.full((h, w), 1.0, np.float32)
        if s.plan.land in _SCATTERED:
            field: F32 = ragged - np.float32(0.22)
            return field * np.float32(0.3)
        # The far shore is at the top of the frame and the near one at the bottom, as in a view from the side.
        half = s.height / s.unit / 2
        bend = fbm1(rng, self.x[0].astype(np.float64) * 0.8, 2).astype(np.float32)[None, :]
        far = -(self.y + np.float32(0.34 * half)) + bend * np.float32(0.20)
        near = self.y - np.float32(0.80 * half) - bend[:, ::-1] * np.float32(0.12)
        shore: F32 = (np.maximum(far, near) + ragged * np.float32(0.10)).astype(np.float32)
        return shore

    def _coloured(self, dry: F32, rng: np.random.Generator) -> F32:
        """The colours of the lit ground, of the water by its depth, and of the shore between them."""
        s, plan, light = self.stage, self.stage.plan, self.stage.light
        w, h = self.size
        steep = plan.land in _CREASED
        # Dunes are long across the wind.
        across = 1.1 if plan.land == "dunes" else 2.0
        form = fbm2(rng, w, h, self.cells[0] * across, self.cells[1] * 2.0, 5, 0.52, ridged=steep)
        reach = max(1, round(0.006 * s.unit))
        side = 1 if s.sun_x > 0.5 else -1
        slope = (np.roll(form, side * reach, axis=1) - form) * np.float32(4.0 if steep else 1.4)
        sunny = np.clip(np.float32(0.68) + slope * np.float32(1.6) + form * np.float32(0.12), 0.0, 1.0)[..., None]
        kind = "grass" if plan.ground == "rock" and plan.land != "mountains" else plan.ground
        albedo = GROUNDS[kind]
        for tint in plan.tints[:2]:
            albedo = tinted(albedo, tint, 0.4)
        dark, bright = colour(times(albedo, light.shade)), colour(times(albedo, mix(light.lit, light.middle, 0.2)))
        ground: F32 = (dark + (bright - dark) * sunny).astype(np.float32)
        # Haze from the air, or the water, between the camera and the ground.
        ground = ground + np.float32(0.42 if plan.land == "deep" else 0.26) * (colour(light.haze) - ground)
        if plan.land == "mountains" or plan.land == "volcano":
            snow = colour(mix(times((0.92, 0.94, 1.0), light.lit), light.middle, 0.25))
            cap = smoothstep((form - np.float32(0.32)) * np.float32(7.0))[..., None]
            white: F32 = (snow * (0.6 + 0.4 * sunny)).astype(np.float32)
            ground = ground + cap * (white - ground)
        if plan.water == "none":
            return ground
        beach = colour(times(mix(GROUNDS["sand"], albedo, 0.35), mix(light.shade, light.lit, 0.7)))
        rim = np.clip(1.0 - dry / np.float32(0.030), 0.0, 1.0)[..., None]
        ground = ground + rim * (beach - ground)
        deep = colour(mix(light.water, mix(light.middle, light.horizon, 0.15), 0.50))
        shallow = colour(mix(light.water, mix(light.middle, light.horizon, 0.4), 0.85))
        depth = np.clip(-dry / np.float32(0.24), 0.0, 1.0)[..., None] ** np.float32(0.6)
        water = shallow + depth * (deep - shallow)
        foam = np.exp(-(((dry + np.float32(0.010)) / np.float32(0.006)) ** 2))[..., None]
        water = water + foam * np.float32(0.32) * (colour(light.cloud_lit) - water)
        cover = np.clip(dry * np.float32(s.unit / 2) + np.float32(0.5), 0.0, 1.0)[..., None]
        mixed: F32 = water + cover * (ground - water)
        return mixed

    def _sights(self, surface: F32, dry: F32, rng: np.random.Generator) -> F32:
        """The surface with the plants and buildings on it, and their shadows."""
        s = self.stage
        size = self.size
        shadow, picture, cover = Image.new("L", size), Image.new("RGB", size), Image.new("L", size)
        pens = ImageDraw.Draw(shadow), ImageDraw.Draw(picture), ImageDraw.Draw(cover)
        side = -1 if s.sun_x > 0.5 else 1

        def shape(kind: str, box: tuple[float, float, float, float], tone: RGB, high: float) -> None:
            left, top, right, bottom = box
            if right - left < 1 or bottom - top < 1:
                return
            away = high * s.unit * side
            moved = (left + away, top + abs(away) * 0.4, right + away, bottom + abs(away) * 0.4)
            r, g, b = (min(255, max(0, round(255 * part))) for part in tone)
            inks: tuple[int | tuple[int, int, int], ...] = (150, (r, g, b), 255)
            for pen, place, ink in zip(pens, (moved, box, box), inks, strict=True):
                draw = pen.ellipse if kind == "round" else pen.rectangle
                draw(place, fill=ink)

        for kind, place, wide, tall, tone, high in [*self._trees(dry, rng), *self._buildings(dry, rng)]:
            x, y = place
            shape(kind, (x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2), tone, high)
        soft = max(0.5, 0.0016 * s.unit)
        dark = np.asarray(shadow.filter(ImageFilter.GaussianBlur(soft * 2)), np.float32)[..., None] / np.float32(255)
        over = np.asarray(cover.filter(ImageFilter.GaussianBlur(0.6)), np.float32)[..., None] / np.float32(255)
        surface = surface * (1.0 - np.float32(0.5) * dark)
        laid: F32 = surface + over * (np.asarray(picture, np.float32) / np.float32(255) - surface)
        return laid

    def _trees(self, dry: F32, rng: np.random.Generator) -> list[_Sight]:
        """The crowns of the plants, and a bright spot on each large one."""
        s, plan = self.stage, self.stage.plan
        w, h = self.size
        found: list[_Sight] = []
        for kind in plan.plants:
            leaf = plants.COLOURS[kind]
            if plan.tints and kind == "flowers":
                leaf = mix(leaf, plan.tints[0], 0.7)
            small = kind in plants.SMALL
            tall = plants.height(kind)
            for _ in range(round(900 * plan.lush)):
                x, y, part, bright, thin = rng.random(5).tolist()
                # Woods: crowns are close together in places, with clearings between them.
                wooded = 0.5 + 0.5 * math.sin(7.0 * x + 3.0 * math.sin(9.0 * y)) * math.cos(8.0 * y + 2.0 * x)
                if thin > 0.15 + 0.85 * wooded or dry[int(y * h), int(x * w)] < 0.035:
                    continue
                wide = (0.014 if small else 0.032 + 0.10 * tall) * (0.6 + 0.6 * part) * s.unit
                tone = times(leaf, mix(s.light.shade, s.light.lit, 0.30 + 0.5 * bright))
                if plan.ground == "snow":
                    tone = mix(tone, times((0.9, 0.93, 1.0), s.light.lit), 0.35)
                place = (x * w, y * h)
                found.append(("round", place, wide, wide, tone, 0.0 if small else 0.12 * tall))
                if not small:
                    lit = mix(tone, times(leaf, s.light.lit), 0.45)
                    glint = 0.16 * wide * (1 if s.sun_x > 0.5 else -1)
                    found.append(("round", (place[0] + glint, place[1] - abs(glint)), wide * 0.55, wide * 0.55, lit, 0))
        return found

    def _buildings(self, dry: F32, rng: np.random.Generator) -> list[_Sight]:
        """The roofs of a city, in blocks between streets, or of one building if the plan has any."""
        s, plan = self.stage, self.stage.plan
        w, h = self.size
        found: list[_Sight] = []
        light = mix(s.light.shade, s.light.lit, 0.5)
        block = 0.085 * s.unit
        if plan.land == "city":
            for row in range(math.ceil(h / block)):
                for column in range(math.ceil(w / block)):
                    part, bright, lamp = rng.random(3).tolist()
                    x, y = (column + 0.5) * block, (row + 0.5) * block
                    if dry[min(h - 1, int(y)), min(w - 1, int(x))] < 0.05:
                        continue
                    tone = times(mix((0.34, 0.34, 0.38), (0.74, 0.70, 0.68), bright), light)
                    wide, tall = block * (0.62 + 0.2 * part), block * (0.62 + 0.2 * bright)
                    found.append(("roof", (x, y), wide, tall, tone, 0.010 + 0.05 * part))
                    found.append(("roof", (x, y), wide * 0.55, tall * 0.5, mix(tone, light, 0.25), 0.006))
                    if plan.hour in _DARK_HOURS and lamp < 0.75:
                        for corner in (-0.46, 0.46):
                            spot = max(1.5, 0.006 * s.unit)
                            found.append(("round", (x + corner * block, y + corner * block), spot, spot, _LAMP, 0.0))
        elif plan.built:
            x, y = w * pick(rng, 0.38, 0.62), h * pick(rng, 0.20, 0.28)
            wall = times(_WALL, light)
            wide = 0.20 * s.unit
            found.append(("roof", (x, y), wide, wide * 0.8, wall, 0.05))
            found.append(("roof", (x, y), wide * 0.72, wide * 0.52, times(wall, (0.6, 0.6, 0.62)), 0.0))
            found.append(("roof", (x - wide * 0.08, y), wide * 0.34, wide * 0.30, mix(wall, light, 0.2), 0.07))
            corners = [(x + a * wide, y + b * wide) for a in (-0.5, 0.5) for b in (-0.4, 0.4)]
            found += [("round", corner, wide * 0.24, wide * 0.24, wall, 0.06) for corner in corners]
        return found

    def _waves(self, dry: F32, rng: np.random.Generator) -> None:
        """Set `fields` to a pair of fields whose mixture makes the waves travel; None without water."""
        s = self.stage
        w, h = self.size
        self.fields: tuple[I16, I16] | None = None
        if s.plan.water == "none":
            return
        wet = np.clip(-dry / np.float32(0.03), 0.0, 1.0) * np.float32(900.0 * (0.35 + s.plan.waves))
        one, other = (
            np.rint(np.clip(fbm2(rng, w, h, self.cells[0] * 13, self.cells[1] * 22, 3, 0.6), -1.2, 1.2) * wet)
            for _ in range(2)
        )
        self.fields = one.astype(np.int16), other.astype(np.int16)

    def drawn(self, frame: int) -> Planes:
        """One frame, counted from 0."""
        s = self.stage
        dx, dy = s.shift(frame, _NEAR)
        left = min(max(round((self.room[0] - dx) / 2) * 2, 0), 2 * self.room[0])
        top = min(max(round((self.room[1] - dy) / 2) * 2, 0), 2 * self.room[1])
        y, u, v = (
            plane[top // part : (top + s.height) // part, left // part : (left + s.width) // part].copy()
            for plane, part in zip(self.planes, (1, 2, 2), strict=True)
        )
        if self.fields is not None:
            y = self._waved(y, frame, (slice(top, top + s.height), slice(left, left + s.width)))
        return Planes(y, u, v)

    def _waved(self, plane: U8, frame: int, part: tuple[slice, slice]) -> U8:
        s = self.stage
        assert self.fields is not None
        turn = s.turn(frame) * s.cycles(2.4)
        lift = self.fields[0][part] // 64 * np.int16(round(32 * math.cos(turn)))
        lift += self.fields[1][part] // 64 * np.int16(round(32 * math.sin(turn)))
        lift >>= 5
        lift += plane
        waved: U8 = np.clip(lift, 16, 235).astype(np.uint8)
        return waved
