"""The sky: gradient, glow of the sun, drifting and changing clouds, aurora. Soft, and so drawn small and enlarged."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from dream_nb.studio.render.noise import F32, U8, fbm2, smoothstep
from dream_nb.studio.render.planes import Planes, colour, to_u8, yuv
from dream_nb.studio.render.stage import SceneStage


class Sky:
    """Draws the rows above the horizon, and keeps the coverage of the clouds that hide bodies in the sky."""

    def __init__(self, stage: SceneStage) -> None:
        s, plan, light = stage, stage.plan, stage.light
        self.stage = s
        # Even, so that the half-size planes are enlarged by a whole number too.
        self.step = max(1, min(8, round(s.unit / 360) * 2))
        side, up = s.margins(0.0)
        self.side, self.up = side, up
        self.wider = s.wider(0.0) / s.unit
        self.rows = s.height if plan.land == "deep" else min(s.height, s.horizon + 2 * up + 8)
        self.low_w = math.ceil((s.width + 2 * side) / self.step) + 2
        self.low_h = math.ceil((self.rows + 2 * up) / self.step) + 4
        # Distances from the sun in scene units, and rows from 0 (top) to 1 (horizon).
        y = (np.arange(self.low_h, dtype=np.float64) - 0.5) * self.step - up
        x = (np.arange(self.low_w, dtype=np.float64) + 0.5) * self.step - side
        down = np.clip(y / s.horizon, 0.0, 1.0).astype(np.float32)
        self.sun = (s.sun_x * s.width, s.horizon * (1.0 - 0.92 * light.height))
        dx = ((x - self.sun[0]) / s.unit).astype(np.float32)[None, :]
        dy = ((y - self.sun[1]) / s.unit).astype(np.float32)[:, None]
        away = np.sqrt(dx * dx * np.float32(0.7) + dy * dy)
        sky: F32 = self._gradient(down)
        wide, tight = np.exp(-((away / np.float32(0.55)) ** 2)), np.exp(-away / np.float32(0.13))
        strength = np.float32(light.glow)
        glow: F32 = (strength * (np.float32(0.50) * wide + np.float32(0.55) * tight)).astype(np.float32, copy=False)
        sky += glow[..., None] * (colour(light.sun) - sky * np.float32(0.5))
        rng = plan.chance("sky")
        if "galaxy" in plan.skies or (plan.hour == "night" and plan.cloud < 0.6 and plan.stars >= 0.6):
            sky = sky + self._milky_way(rng, strength=1.0 if "galaxy" in plan.skies else 0.45)
        if "rainbow" in plan.skies:
            sky = sky + self._rainbow(x, y)
        grade = s.style.grade
        self.sky = yuv(grade(np.clip(sky, 0.0, 1.15)))
        fade = down[:, None, None]
        haze = colour(light.horizon) * np.float32(0.5) + sky * np.float32(0.5)
        lit = colour(light.cloud_lit) + glow[..., None] * colour(light.sun) * np.float32(0.7)
        lit = lit + (haze - lit) * (fade**3 * np.float32(0.5))
        shade = colour(light.cloud_shade) + (haze - colour(light.cloud_shade)) * (
            np.float32(0.25) + fade**2 * np.float32(0.4)
        )
        lit_yuv, shade_yuv = yuv(grade(np.clip(lit, 0.0, 1.15))), yuv(grade(np.clip(shade, 0.0, 1.1)))
        self.shade = shade_yuv
        self.gleam = tuple(a - b for a, b in zip(lit_yuv, shade_yuv, strict=True))
        self._clouds(plan.chance("clouds"), down)
        self.aurora = "aurora" in plan.skies
        # Clouds are slow: at 24 frames a second, drawing them for every other frame is enough.
        self.every = 2 if s.frames / s.seconds >= 20 and plan.pace <= 1.3 else 1
        self.moment = -1
        self.small: tuple[U8, U8, U8]
        self.shown: tuple[U8, U8, U8] | None = None
        self.box = (0.0, 0.0, 0.0, 0.0)
        self.cover: U8 = np.zeros((self.low_h, self.low_w), np.uint8)

    def _gradient(self, down: F32) -> F32:
        light = self.stage.light
        stops = [0.0, 0.52, 0.86, 1.0]
        third = tuple(m + (h - m) * 0.62 for m, h in zip(light.middle, light.horizon, strict=True))
        rows = np.stack(
            [
                np.interp(down, stops, [light.zenith[c], light.middle[c], third[c], light.horizon[c]]).astype(
                    np.float32
                )
                for c in range(3)
            ],
            axis=-1,
        )
        return np.repeat(rows[:, None, :], self.low_w, axis=1)

    def _milky_way(self, rng: np.random.Generator, strength: float) -> F32:
        s = self.stage
        tall, wide = self.rows / s.unit, (s.width + 2 * self.side) / s.unit
        cloud = fbm2(rng, self.low_w, self.low_h, wide * 3, tall * 3, 5, before=self.wider * 3)
        lean = 0.5 + 0.4 * float(rng.random())
        x = np.linspace(-wide / 2, wide / 2, self.low_w, dtype=np.float32)[None, :]
        y = np.linspace(-tall / 2, tall / 2, self.low_h, dtype=np.float32)[:, None]
        across = (y + x * np.float32(lean)) + cloud * np.float32(0.10)
        band = np.exp(-((across / np.float32(0.20)) ** 2)) * np.clip(0.6 + cloud, 0.0, 1.6)
        core = np.exp(-((across / np.float32(0.09)) ** 2)) * np.clip(0.5 - 0.9 * cloud, 0.0, 1.0)
        purple, blue = colour((0.30, 0.20, 0.42)), colour((0.10, 0.16, 0.30))
        part = np.clip(0.5 + cloud, 0.0, 1.0)[..., None]
        light = band[..., None] * (blue + (purple - blue) * part) - core[..., None] * np.float32(0.10)
        way: F32 = np.float32(strength) * light
        return way

    def _rainbow(
        self, x: np.ndarray[tuple[int], np.dtype[np.float64]], y: np.ndarray[tuple[int], np.dtype[np.float64]]
    ) -> F32:
        s = self.stage
        middle = (1.0 - s.sun_x) * s.width
        r = np.hypot((x[None, :] - middle) / s.unit, (y[:, None] - s.horizon * 1.12) / s.unit).astype(np.float32)
        t = (r - np.float32(0.56)) / np.float32(0.07)
        bow = np.stack([np.exp(-(((t - at) / np.float32(0.30)) ** 2)) for at in (0.85, 0.5, 0.15)], axis=-1)
        return bow * np.float32(0.24)

    def _clouds(self, rng: np.random.Generator, down: F32) -> None:
        """Compute two fields that glide over each other: the forms of clouds, and their frayed edges."""
        s, plan = self.stage, self.stage.plan
        self.cloudy = plan.cloud > 0.02
        if not self.cloudy:
            return
        pace = plan.pace * (0.4 + 1.2 * plan.wind)
        way = s.seconds * pace * s.unit / self.step
        self.drift = (0.022 * way, 0.034 * way)
        extra = math.ceil(max(self.drift)) + 3
        wide = self.low_w + extra
        self.wide = wide
        units = wide * self.step / s.unit
        # Clouds lie flat above us: towards the horizon they are closer together.
        depth = 1.0 / (1.12 - 0.86 * down.astype(np.float64))
        tall = 2.6
        source_h = max(8, self.low_h)
        at = (depth - depth.min()) / max(1e-6, float(depth.max() - depth.min())) * (source_h - 1)
        low = np.minimum(at.astype(np.int64), source_h - 2)
        part = (at - low).astype(np.float32)[:, None]

        def flat(field: F32) -> F32:
            flattened: F32 = field[low] * (1.0 - part) + field[low + 1] * part
            return flattened

        forms = flat(fbm2(rng, wide, source_h, units * 1.15, tall, 4, 0.48, before=self.wider * 1.15))
        frays = flat(fbm2(rng, wide, source_h, units * 5.0, tall * 4.5, 3, 0.55, before=self.wider * 5.0))
        sunny = max(1, round(0.035 * s.unit / self.step))
        side = sunny if self.sun[0] > s.width / 2 else -sunny
        up = -sunny if self.sun[1] < s.horizon * 0.6 else sunny // 2
        nearer_sun_row = np.clip(np.arange(source_h) + up, 0, source_h - 1)
        nearer_sun_column = np.clip(np.arange(wide) + side, 0, wide - 1)
        behind = forms[nearer_sun_row][:, nearer_sun_column]
        self.forms, self.frays = forms, frays * np.float32(0.34)
        self.shine = np.clip(np.float32(0.55) + (forms - behind) * np.float32(1.5), 0.0, 1.0)
        sample = forms + self.frays
        self.level = float(np.quantile(sample, max(0.0, 1.0 - 0.92 * plan.cloud)))
        self.soft = np.float32(1.0 / (0.30 + 0.25 * plan.cloud))

    def _cloud_at(self, part: float) -> tuple[F32, F32]:
        """Coverage and light of the clouds after this part (0 to 1) of their way."""

        def gliding(field: F32, way: float) -> F32:
            at = part * way
            whole = int(at)
            rest = np.float32(at - whole)
            left = field[:, whole : whole + self.low_w]
            right = field[:, whole + 1 : whole + 1 + self.low_w]
            return left + (right - left) * rest

        density = gliding(self.forms, self.drift[0]) + gliding(self.frays, self.drift[1])
        density -= np.float32(self.level)
        density *= self.soft
        thick = smoothstep(density)
        light = gliding(self.shine, self.drift[0])
        # Thin edges let the light through; thick bellies are dark.
        light = np.clip(light + np.float32(0.35) - thick * np.float32(0.38 + 0.2 * self.stage.plan.storm), 0.0, 1.0)
        return thick * np.float32(0.96), light

    def draw(self, onto: Planes, frame: int) -> None:
        """Fill the rows above the horizon."""
        s = self.stage
        moment = frame - frame % self.every
        if moment != self.moment:
            self.moment, self.small, self.shown = moment, self._at(moment), None
        x, down = s.shift(frame, 0.0)
        left, top = (self.side - x) / self.step, (self.up - down) / self.step + 1
        box = (left, top, left + s.width / self.step, top + self.rows / self.step)
        if self.shown is None or box != self.box:
            self.box = box
            self.shown = (
                _enlarged(self.small[0], s.width, self.rows, box, self.step),
                _enlarged(self.small[1], s.width // 2, self.rows // 2, box, self.step / 2),
                _enlarged(self.small[2], s.width // 2, self.rows // 2, box, self.step / 2),
            )
        for plane, rows in zip(onto.all, self.shown, strict=True):
            plane[: len(rows)] = rows

    def _at(self, frame: int) -> tuple[U8, U8, U8]:
        """The sky of a frame at its small size, including the margins around the visible part."""
        s = self.stage
        y, u, v = self.sky
        if self.cloudy:
            if s.loop:
                # Two skies are blended: each jumps back while only the other is visible.
                part = frame / s.frames
                one, light = self._cloud_at(part)
                two, light_two = self._cloud_at((part + 0.5) % 1.0)
                weight = np.float32(1.0 - abs(2.0 * part - 1.0))
                cover = one * weight + two * (1 - weight)
                light = light * weight + light_two * (1 - weight)
            else:
                cover, light = self._cloud_at(frame / max(1, s.frames - 1) if s.frames > 1 else 0.0)
            y, u, v = (
                base + cover * (shade - base + light * gleam)
                for base, shade, gleam in zip(self.sky, self.shade, self.gleam, strict=True)
            )
            self.cover = (cover * np.float32(255.0)).astype(np.uint8)
        if self.aurora:
            y, u, v = self._aurora(frame, y, u, v)
        if s.plan.land == "deep":
            y = y + self._rays(frame)
        return to_u8(y), to_u8(u), to_u8(v)

    def _aurora(self, frame: int, y: F32, u: F32, v: F32) -> tuple[F32, F32, F32]:
        s = self.stage
        turn = s.turn(frame) * s.cycles(5.0)
        x = (np.arange(self.low_w, dtype=np.float32) * np.float32(self.step / s.unit)).astype(np.float32)
        x -= np.float32(self.wider)
        row = (np.arange(self.low_h, dtype=np.float32) * np.float32(self.step / s.horizon))[:, None]
        total_y, green, violet = np.zeros_like(y), np.zeros_like(y), np.zeros_like(y)
        for ribbon in range(3):
            lean = 2.1 * ribbon + s.sun_x * 7
            foot = (
                0.62 - 0.14 * ribbon
                + 0.10 * np.sin(2.1 * x + lean + math.sin(turn + ribbon))
                + 0.05 * np.sin(4.7 * x - turn + lean * 2)
            ).astype(np.float32)  # fmt: skip
            rays = (
                0.62 + 0.25 * np.sin(23 * x + 2 * turn + lean) + 0.18 * np.sin(51 * x - 3 * turn + 2 * lean)
            ).astype(np.float32)
            rays *= (0.6 + 0.4 * np.sin(1.7 * x + turn + 3 * lean)).astype(np.float32)
            above = foot[None, :] - row
            body = (
                np.exp(-np.maximum(above, 0.0) * np.float32(4.5))
                * smoothstep((above + np.float32(0.02)) * np.float32(18.0))
                * rays
            )
            total_y += body
            high = np.clip(above * np.float32(2.6), 0.0, 1.0)
            green += body * (1 - high)
            violet += body * high
        fade: F32 = 1 - self.cover.astype(np.float32) * np.float32(1 / 255)
        bright: F32 = y + total_y * fade * np.float32(72.0)
        blue = u + (violet * np.float32(26.0) - green * np.float32(14.0)) * fade
        red = v + (violet * np.float32(14.0) - green * np.float32(38.0)) * fade
        return bright, blue.astype(np.float32, copy=False), red.astype(np.float32, copy=False)

    def _rays(self, frame: int) -> F32:
        """Light that falls through moving waves, seen from below."""
        s = self.stage
        turn = s.turn(frame) * s.cycles(6.0)
        x = np.arange(self.low_w, dtype=np.float32)[None, :] * np.float32(self.step / s.unit)
        y = np.arange(self.low_h, dtype=np.float32)[:, None] * np.float32(self.step / s.height)
        fan = (x - np.float32(self.wider) - np.float32(s.sun_x * s.width / s.unit)) / (np.float32(0.35) + y)
        rays = np.zeros_like(fan)
        for long, lean, pace in ((5.0, 0.3, 1), (11.0, 1.7, -1), (19.0, 4.0, 2)):
            rays += np.sin(fan * np.float32(long) + np.float32(lean + pace * turn))
        fade = np.clip(1.0 - y * np.float32(1.15), 0.0, 1.0) ** 2
        light: F32 = np.clip(rays * np.float32(0.5) + np.float32(0.15), 0.0, 1.0) * fade * np.float32(62.0)
        return light

    def clear_at(self, x: F32, y: F32) -> F32:
        """How much of the sky shines through the clouds at positions in the frame, 0 to 1."""
        column = np.clip((x / self.step + self.box[0]).astype(np.int64), 0, self.low_w - 1)
        row = np.clip((y / self.step + self.box[1]).astype(np.int64), 0, self.low_h - 1)
        return 1.0 - self.cover[row, column].astype(np.float32) * np.float32(1 / 255)

    def clear_in(self, left: int, top: int, width: int, height: int) -> F32:
        """As `clear_at`, for each pixel of a rectangle of the frame."""
        box = self.box
        part = (
            max(0.0, box[0] + left / self.step),
            max(0.0, box[1] + top / self.step),
            min(float(self.low_w), box[0] + (left + width) / self.step),
            min(float(self.low_h), box[1] + (top + height) / self.step),
        )
        image = Image.fromarray(self.cover).resize((width, height), Image.Resampling.BILINEAR, box=part)
        return 1.0 - np.asarray(image, dtype=np.float32) * np.float32(1 / 255)


def _enlarged(field: U8, width: int, height: int, box: tuple[float, float, float, float], step: float) -> U8:
    """A box of a small field, smoothly enlarged to this size; `step` is the factor."""
    image = Image.fromarray(field)
    if step <= 1:
        return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, box=box))
    # Pillow widens the few small rows; the rows between them are interpolated here, twice as fast as in Pillow.
    whole = int(step)
    count = -(-height // whole)
    rows = (box[0], box[1] - 0.5, box[2], box[1] + count + 0.5)
    wide = np.asarray(image.resize((width, count + 1), Image.Resampling.BILINEAR, box=rows))
    above = wide[:-1].astype(np.int16)
    change = wide[1:] - above
    out = np.empty((height, width), np.uint8)
    for part in range(whole):
        here = out[part::whole]
        mixed = change[: len(here)] * np.int16(2 * part + 1)
        mixed += whole
        mixed //= 2 * whole
        mixed += above[: len(here)]
        np.copyto(here, mixed, casting="unsafe")
    return out
