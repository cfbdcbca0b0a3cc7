"""Objects between the viewer and a scene: doors, a shoulder, a face, hands, or grass in front of the lens."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dream_nb.studio.render.finish.views import View
from dream_nb.studio.render.layers import Layer, layer
from dream_nb.studio.render.noise import F32, U8, chance, fbm1, pick, smoothstep
from dream_nb.studio.render.palette import GROUNDS, mix, times
from dream_nb.studio.render.planes import Planes, colour, from_rgb, luma, to_u8, yuv
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

_Point = tuple[float, float]
_Sway = Callable[[int], tuple[float, float]]

_FINER: Final = 2
_SKINS: Final[tuple[RGB, ...]] = ((0.96, 0.78, 0.66), (0.86, 0.64, 0.48), (0.62, 0.42, 0.30), (0.42, 0.28, 0.20))
_HAIRS: Final[tuple[RGB, ...]] = ((0.12, 0.09, 0.08), (0.30, 0.18, 0.10), (0.62, 0.44, 0.22), (0.45, 0.16, 0.08))
_JACKETS: Final[tuple[RGB, ...]] = ((0.80, 0.26, 0.20), (0.92, 0.66, 0.16), (0.18, 0.44, 0.62), (0.30, 0.50, 0.34))
_MEADOWS: Final = frozenset({"grass", "moss", "earth"})


def foregrounds(stage: SceneStage) -> list[View]:
    """Return the foregrounds that a stage asks for, the nearest last."""
    found: list[View] = []
    for name in stage.effects:
        match name:
            case "undergrowth":
                found.append(_undergrowth(stage))
            case "hands":
                found += [_hand(stage, side) for side in (-1, 1)]
            case "selfie":
                found.append(_selfie(stage))
            case "shoulder":
                found.append(_shoulder(stage))
            case "doors":
                found.append(ElevatorDoors(stage))
            case _:
                pass
    return found


class Foreground:
    """A picture in front of a scene.

    Args:
        drawn: the picture as a layer.
        sway: returns by how many pixels the picture is moved in a frame, to the right and down.
    """

    def __init__(self, drawn: Layer, sway: _Sway) -> None:
        self.drawn, self.sway = drawn, sway

    def apply(self, canvas: Planes, frame: int) -> None:
        """Draw the picture over a frame."""
        self.drawn.draw(canvas, *self.sway(frame))


class _Paper:
    """A transparent sheet, larger than the frame, to draw on in scene units.

    x is measured to the right from the middle of the frame, and y upwards from its lower edge.

    Args:
        stage: the stage of the drawing.
        room: how far the sheet extends beyond the frame on each side, in scene units.
    """

    def __init__(self, stage: SceneStage, room: float) -> None:
        s = self.stage = stage
        self.room = max(4, math.ceil(room * s.unit / 2) * 2)
        size = ((s.width + 2 * self.room) * _FINER, (s.height + 2 * self.room) * _FINER)
        self.cover = Image.new("L", size, 0)
        self.picture = Image.new("RGB", size, (0, 0, 0))
        self._cover, self._picture = ImageDraw.Draw(self.cover), ImageDraw.Draw(self.picture)

    def _at(self, point: _Point) -> _Point:
        s = self.stage
        x = s.width / 2 + point[0] * s.unit + self.room
        y = s.height - point[1] * s.unit + self.room
        return x * _FINER, y * _FINER

    def polygon(self, points: Sequence[_Point], tone: RGB) -> None:
        """Draw a filled polygon."""
        places = [self._at(point) for point in points]
        self._cover.polygon(places, fill=255)
        self._picture.polygon(places, fill=_bytes(tone))

    def ellipse(self, x: float, y: float, rx: float, ry: float, tone: RGB) -> None:
        """Draw a filled ellipse around a centre."""
        turns = [2 * math.pi * step / 64 for step in range(64)]
        self.polygon([(x + rx * math.cos(turn), y + ry * math.sin(turn)) for turn in turns], tone)

    def line(self, points: Sequence[_Point], wide: float, tone: RGB) -> None:
        """Draw a stroke with round ends."""
        thick = max(1, round(wide * self.stage.unit * _FINER))
        places = [self._at(point) for point in points]
        for draw, ink in ((self._cover, 255), (self._picture, _bytes(tone))):
            draw.line(places, fill=ink, width=thick, joint="curve")
        for x, y in points:
            self.ellipse(x, y, wide / 2, wide / 2, tone)

    def layer(self, soft: float, keep: float = 0.0) -> Layer:
        """Return the sheet as a layer.

        Args:
            soft: the blur of its outline, in scene units.
            keep: the blur inside the outline, in scene units.
        """
        s = self.stage
        size = (s.width + 2 * self.room, s.height + 2 * self.room)
        cover = self.cover.resize(size, Image.Resampling.BOX)
        # Divide by the coverage below, because the black of the empty sheet would darken the outline.
        filled = np.array(self.picture.resize(size, Image.Resampling.BOX), np.float32)
        wide = max(0.6, soft * s.unit)
        spread = Image.fromarray(filled.astype(np.uint8)).filter(ImageFilter.GaussianBlur(wide))
        weight = np.array(cover.filter(ImageFilter.GaussianBlur(wide)), np.float32)
        sharp = np.array(cover, np.float32)
        inner = np.array(Image.fromarray(filled.astype(np.uint8)).filter(ImageFilter.GaussianBlur(keep * s.unit)))
        around = np.array(spread, np.float32) * (np.float32(255.0) / np.maximum(weight, 8.0))[..., None]
        solid = smoothstep((sharp - np.float32(200.0)) / np.float32(55.0))[..., None]
        colours = around + (inner - around) * solid * np.float32(keep < soft or not soft)
        graded = s.style.grade(np.clip(colours / np.float32(255.0), 0.0, 1.1).astype(np.float32))
        y, u, v = yuv(graded)
        return layer(
            1.0, -self.room, self.room,
            (to_u8(y), to_u8(u[::2, ::2]), to_u8(v[::2, ::2])), np.rint(weight).astype(np.uint8), 2,
        )  # fmt: skip


def _bytes(tone: RGB) -> tuple[int, int, int]:
    r, g, b = (min(255, max(0, round(255 * part))) for part in tone)
    return r, g, b


def _swinging(s: SceneStage, x: float, y: float, seconds: float = 4.0) -> _Sway:
    """Return the slow sway of a body, by up to x and y scene units."""
    beats = s.cycles(seconds)

    def sway(frame: int) -> tuple[float, float]:
        turn = beats * s.turn(frame)
        return x * s.unit * math.sin(turn), y * s.unit * math.sin(2 * turn + 1.0)

    return sway


def _size(s: SceneStage) -> float:
    """Return the size of a person in front of the lens, relative to one in a frame of 16:9."""
    return min(s.height, 0.82 * s.width) / s.unit


def _aside(s: SceneStage) -> float:
    """Return where a person stands without hiding the sun, in scene units from the middle."""
    return (-0.27 if s.sun_x > 0.5 else 0.27) * s.width / s.unit


def _shoulder(s: SceneStage) -> View:
    """Draw a person seen from behind at one side, dark and out of focus."""
    k, x = _size(s), _aside(s)
    inward = -1.0 if x > 0 else 1.0
    light = s.light
    dark = mix(times(light.shade, (0.30, 0.28, 0.32)), (0.05, 0.05, 0.06), 0.35)
    rim = mix(dark, times(light.sun, light.lit), 0.55 if luma(light.lit) > 0.5 else 0.35)
    coat = mix(dark, times(light.shade, (0.5, 0.5, 0.6)), 0.5)
    paper = _Paper(s, 0.06)

    def body(shift: float, hair: RGB, cloth: RGB) -> None:
        shoulders = [(-0.62, -0.3), (-0.60, 0.10), (-0.44, 0.24), (-0.16, 0.31), (-0.11, 0.40), (0.11, 0.40),
                     (0.16, 0.31), (0.40, 0.24), (0.50, 0.12), (0.54, -0.3)]  # fmt: skip
        paper.polygon([(x + (a * -inward + shift) * k, b * k) for a, b in shoulders], cloth)
        paper.ellipse(x + shift * k, 0.56 * k, 0.155 * k, 0.20 * k, hair)
        paper.ellipse(x + (shift - 0.155 * inward) * k, 0.53 * k, 0.022 * k, 0.045 * k, hair)
        paper.ellipse(x + (shift + 0.155 * inward) * k, 0.53 * k, 0.022 * k, 0.045 * k, hair)

    body(0.012 * inward, rim, rim)
    body(0.0, dark, coat)
    paper.polygon([(x + a * k, b * k) for a, b in ((-0.10, 0.5), (0.10, 0.5), (0.09, 0.31), (-0.09, 0.31))], dark)
    return Foreground(paper.layer(0.010 * k, 0.008 * k), _swinging(s, 0.018, 0.006))


def _person(s: SceneStage) -> tuple[RGB, RGB, RGB]:
    """Return the colours of skin, hair and jacket of the person with the camera, in the light of the scene."""
    rng = s.plan.chance("person")
    at = rng.random(3)
    # A face so near is never completely dark.
    lit = mix(s.light.shade, s.light.lit, 0.75)
    lit = mix(lit, (0.66, 0.64, 0.64), 0.45)
    brighter = max(1.0, 0.82 / max(lit)) if s.plan.hour != "night" else 1.0
    lit = mix((0.0, 0.0, 0.0), lit, brighter)
    skin, hair, jacket = (
        times(tones[int(part * len(tones))], lit)
        for tones, part in zip((_SKINS, _HAIRS, _JACKETS), at.tolist(), strict=True)
    )
    return skin, hair, jacket


def _selfie(s: SceneStage) -> View:
    """Draw the person with the camera, at arm's length, in front of the scene."""
    k, x = _size(s), _aside(s) * 0.85
    skin, hair, jacket = _person(s)
    shaded, deep = times(skin, (0.78, 0.72, 0.72)), times(jacket, (0.62, 0.62, 0.68))
    out = -1.0 if x < 0 else 1.0
    paper = _Paper(s, 0.10)

    def p(a: float, b: float) -> _Point:
        return x + a * k, b * k

    def oval(a: float, b: float, rx: float, ry: float, tone: RGB) -> None:
        paper.ellipse(*p(a, b), rx * k, ry * k, tone)

    oval(0.0, 0.545, 0.182, 0.225, hair)
    paper.polygon([p(-0.18, 0.55), p(0.18, 0.55), p(0.205, 0.34), p(-0.205, 0.34)], hair)
    torso = [(-0.44, -0.3), (-0.42, 0.06), (-0.34, 0.16), (-0.12, 0.235), (0.12, 0.235), (0.34, 0.16),
             (0.42, 0.06), (0.44, -0.3)]  # fmt: skip
    paper.polygon([p(a, b) for a, b in torso], jacket)
    paper.polygon([p(-0.085, 0.40), p(0.085, 0.40), p(0.10, 0.22), p(0.0, 0.13), p(-0.10, 0.22)], shaded)
    paper.polygon([p(-0.085, 0.26), p(-0.15, 0.245), p(-0.05, 0.03), p(0.0, 0.13)], deep)
    paper.polygon([p(0.085, 0.26), p(0.15, 0.245), p(0.05, 0.03), p(0.0, 0.13)], deep)
    # The arm that reaches to the camera leaves the frame at a lower corner, much enlarged because it is so near.
    arm = [(0.30, 0.175), (0.42, 0.10), (0.86, -0.16), (0.62, -0.40), (0.26, -0.06)]
    paper.polygon([p(out * a, b) for a, b in arm], mix(jacket, deep, 0.35))
    paper.line([p(out * 0.28, 0.02), p(out * 0.60, -0.24)], 0.008 * k, deep)
    for side in (-1, 1):
        oval(side * 0.148, 0.50, 0.026, 0.045, shaded)
    oval(0.0, 0.52, 0.148, 0.195, skin)
    cheek = [(0.10, 0.66), (0.148, 0.54), (0.125, 0.42), (0.05, 0.335), (0.085, 0.42), (0.10, 0.54)]
    paper.polygon([p(out * a, b) for a, b in cheek], shaded)
    fringe = [(-0.165, 0.56), (-0.15, 0.68), (0.0, 0.755), (0.15, 0.68), (0.165, 0.56), (0.125, 0.63), (0.02, 0.672),
              (-0.09, 0.635), (-0.135, 0.58)]  # fmt: skip
    paper.polygon([p(a, b) for a, b in fringe], hair)
    _glasses(s, paper, p, k)
    paper.line([p(0.0, 0.50), p(-0.016 * out, 0.455), p(0.008 * out, 0.448)], 0.007 * k, shaded)
    smile = [(0.062 * math.cos(t), 0.423 - 0.038 * math.sin(t)) for t in np.linspace(0.15, math.pi - 0.15, 12).tolist()]
    paper.polygon([p(a, b) for a, b in smile], times((0.98, 0.96, 0.94), mix(s.light.lit, (0.9, 0.9, 0.9), 0.6)))
    paper.line([p(a, b) for a, b in smile], 0.008 * k, times(skin, (0.66, 0.42, 0.42)))
    return Foreground(paper.layer(0.0022, 0.0), _swinging(s, 0.028, 0.014, 3.0))


def _glasses(s: SceneStage, paper: _Paper, p: Callable[[float, float], _Point], k: float) -> None:
    """Draw sunglasses that reflect the sky."""
    frame, sky = (0.05, 0.05, 0.06), mix(s.light.zenith, (0.03, 0.03, 0.05), 0.55)
    paper.line([p(-0.148, 0.545), p(0.148, 0.545)], 0.012 * k, frame)
    for side in (-1, 1):
        x, y = p(side * 0.068, 0.532)
        paper.ellipse(x, y, 0.057 * k, 0.044 * k, frame)
        paper.ellipse(x, y, 0.050 * k, 0.037 * k, sky)
        paper.ellipse(x, y + 0.012 * k, 0.040 * k, 0.018 * k, mix(sky, s.light.horizon, 0.45))


def _hand(s: SceneStage, side: int) -> View:
    """Draw a forearm at the lower edge of the frame that swings with the steps of a walking person.

    Args:
        s: the stage of the drawing.
        side: -1 for the left arm, 1 for the right.
    """
    k = _size(s)
    x = side * min(0.62 * s.width / s.unit / 2, 0.52)
    skin, _, jacket = _person(s)
    shaded, deep = times(skin, (0.74, 0.68, 0.68)), times(jacket, (0.62, 0.62, 0.68))
    paper = _Paper(s, 0.26)

    def p(a: float, b: float) -> _Point:
        return x + side * a * k, b * k

    paper.polygon([p(0.40, -0.34), p(0.08, -0.34), p(-0.045, 0.085), p(0.065, 0.125)], jacket)
    paper.polygon([p(0.40, -0.34), p(0.30, -0.34), p(0.03, 0.115), p(0.065, 0.125)], deep)
    paper.line([p(-0.047, 0.082), p(0.066, 0.122)], 0.030 * k, deep)
    # A loose fist with the thumb towards the middle of the frame.
    paper.ellipse(*p(-0.012, 0.150), 0.064 * k, 0.058 * k, shaded)
    for finger in range(4):
        paper.ellipse(*p(0.036 - 0.028 * finger, 0.182 - 0.004 * finger), 0.0165 * k, 0.024 * k, skin)
    paper.ellipse(*p(-0.006, 0.154), 0.058 * k, 0.044 * k, skin)
    for gap in range(3):
        a = 0.022 - 0.028 * gap
        paper.line([p(a, 0.201 - 0.004 * gap), p(a, 0.176 - 0.004 * gap)], 0.004 * k, shaded)
    paper.line([p(-0.050, 0.118), p(-0.068, 0.150), p(-0.058, 0.178)], 0.028 * k, skin)
    paper.line([p(-0.040, 0.126), p(-0.052, 0.150)], 0.004 * k, shaded)
    strides = max(1, round(0.9 * s.seconds))

    def sway(frame: int) -> tuple[float, float]:
        swing = math.sin(strides * s.turn(frame) + (0.6 if side > 0 else 0.6 + math.pi))
        return -side * (0.5 + 0.5 * swing) * 0.06 * k * s.unit, (0.055 - 0.095 * swing) * k * s.unit

    return Foreground(paper.layer(0.0030, 0.0012), sway)


def _undergrowth(s: SceneStage) -> View:
    """Draw grass or stones directly in front of a lens on the ground, large and out of focus."""
    k = _size(s)
    rng = s.plan.chance("undergrowth")
    near = 1.5
    across, _ = s.margins(near)
    paper = _Paper(s, across / s.unit + 0.05)
    half = (s.width / 2 + paper.room) / s.unit
    light = mix(s.light.shade, s.light.lit, 0.35)
    kind = s.plan.ground if s.plan.land != "deep" else "rock"
    if s.plan.style == "synthwave":
        kind = "ash"
    tone = times(GROUNDS[kind], light)
    x = np.linspace(-half, half, 80)
    # Lower in the middle, so that the view stays open.
    rise = 0.035 + 0.05 * (np.abs(x) / half) ** 2 + 0.022 * fbm1(rng, x * 2.5, 3)
    edge = [(float(a), float(b) * k) for a, b in zip(x, rise, strict=True)]
    paper.polygon([(-half, -0.4), *edge, (half, -0.4)], times(tone, (0.62, 0.62, 0.66)))
    if kind in _MEADOWS:
        _blades(s, paper, half, k, rng)
    else:
        for _ in range(26):
            a = pick(rng, -half, half)
            high = (0.016 + 0.075 * float(rng.random()) * (0.2 + 0.8 * abs(a) / half)) * k
            shade = mix((0.55, 0.55, 0.60), (1.05, 1.0, 0.95), float(rng.random()))
            paper.ellipse(a, 0.02 * k, high * 1.7, high, times(tone, shade))
    strength = 0.012 * (0.4 + s.plan.wind) if kind in _MEADOWS else 0.0
    beats = s.cycles(2.6)

    def sway(frame: int) -> tuple[float, float]:
        dx, dy = s.shift(frame, near)
        return dx + strength * s.unit * math.sin(beats * s.turn(frame)), dy

    return Foreground(paper.layer(0.0065 * k, 0.004 * k), sway)


def _blades(s: SceneStage, paper: _Paper, half: float, k: float, rng: np.random.Generator) -> None:
    """Draw blades of grass that are taller towards the sides."""
    light = s.light
    # Blades that are seen from below let the light through.
    green, glow = times(GROUNDS["grass"], light.shade), times(GROUNDS["grass"], mix(light.lit, light.sun, 0.3))
    for _ in range(round(150 * half)):
        a, part, bend, bright = pick(rng, -half, half), float(rng.random()), pick(rng, -0.5, 0.5), float(rng.random())
        high = (0.06 + (0.08 + 0.42 * (abs(a) / half) ** 2.2) * part) * k
        wide = (0.006 + 0.007 * float(rng.random())) * k
        left, right = [], []
        for step in range(7):
            t = step / 6
            x, y = a + bend * high * t * t, -0.03 + (high + 0.03) * t
            thin = wide * (1.0 - t) ** 0.7
            left.append((x - thin, y))
            right.append((x + thin, y))
        paper.polygon([*left, *reversed(right)], mix(green, glow, 0.15 + 0.85 * bright))


class ElevatorDoors:
    """Two doors of brushed steel that open and show a scene, and close at the end of a loop."""

    def __init__(self, stage: SceneStage) -> None:
        s = self.stage = stage
        self.half = (s.width // 2 + 1) // 2 * 2
        self.jamb = max(2, round(0.030 * s.width / 2) * 2)
        self.head = max(2, round(0.035 * s.height / 2) * 2)
        steel = self._steel()
        self.doors = (_planes(s, steel), _planes(s, steel[:, ::-1]))
        self.frame = _planes(s, self._surround())

    def _steel(self) -> F32:
        """Return the picture of the left door, with its inner edge on the right, height x width x 3."""
        s = self.stage
        w, h = self.half, s.height
        rng = chance("steel")
        x = np.linspace(0.0, 1.0, w, dtype=np.float32)[None, :]
        y = np.linspace(0.0, 1.0, h, dtype=np.float32)[:, None]
        # Vertical brush marks, and soft reflections of the inside of an elevator.
        brush = Image.fromarray((rng.random((8, w)) * 255).astype(np.uint8)).resize((w, h), Image.Resampling.BICUBIC)
        brushed = (np.asarray(brush, np.float32) / 255 - np.float32(0.5)) * np.float32(0.050)
        sheen = (
            0.50 + 0.16 * np.exp(-(((x - 0.30 - 0.10 * y) / 0.16) ** 2)) + 0.10 * np.exp(-(((x - 0.82) / 0.09) ** 2))
        )
        level = sheen * (1.06 - 0.34 * y) + brushed
        edge = np.float32(max(2.0, 0.012 * s.unit))
        from_edge = (w - np.arange(w, dtype=np.float32))[None, :]
        level = level * np.where(from_edge <= edge * 0.30, 0.18, np.where(from_edge <= edge, 1.22, 1.0))
        # A panel is pressed into each door.
        line = np.float32(max(1.0, 0.004 * s.unit))
        for place, shade in ((0.12, 0.72), (0.88, 1.20)):
            level = level * np.where(np.abs(x - np.float32(place)) * w < line, np.float32(shade), np.float32(1.0))
        tint = colour(mix((0.96, 0.98, 1.0), mix(s.light.horizon, s.light.lit, 0.5), 0.30))
        steel: F32 = (level[..., None] * tint).astype(np.float32)
        return steel

    def _surround(self) -> F32:
        """Return the picture of the frame around the doors, height x width x 3."""
        s = self.stage
        out = np.full((s.height, s.width, 3), 0.30, np.float32)
        y = np.linspace(1.1, 0.7, s.height, dtype=np.float32)[:, None, None]
        out *= y * colour(mix((0.9, 0.94, 1.0), s.light.haze, 0.3))
        rim = max(1, self.jamb // 6)
        out[:, self.jamb - rim : self.jamb] *= 0.45
        out[:, s.width - self.jamb : s.width - self.jamb + rim] *= 0.45
        out[self.head - rim : self.head, self.jamb : -self.jamb] *= 0.45
        return out

    def opening(self, frame: int) -> float:
        """Return how far the doors are open in a frame, from 0 to 1."""
        s = self.stage
        if s.frames == 1:
            return 0.6
        if s.loop:
            part = frame / s.frames
            return _eased((part - 0.05) / 0.33) - _eased((part - 0.62) / 0.33)
        return _eased((frame / (s.frames - 1) - 0.05) / 0.50)

    def apply(self, canvas: Planes, frame: int) -> None:
        """Draw the doors and their surround over a frame of the scene."""
        s = self.stage
        # Closed doors leave a slit of light, and open doors stay visible.
        way = round((0.02 + 0.96 * self.opening(frame)) * (s.width / 2 - self.jamb) / 2) * 2
        middle = s.width // 2
        left, right = self.doors
        for plane, one, other, around, part in zip(canvas.all, left, right, self.frame, (1, 2, 2), strict=True):
            w, mid, gone, jamb, head = (n // part for n in (s.width, middle, way, self.jamb, self.head))
            shown = max(0, mid - gone)
            plane[:, :shown] = one[: len(plane), one.shape[1] - mid :][:, gone : gone + shown]
            plane[:, w - shown :] = other[: len(plane), :mid][:, :shown]
            plane[:head] = around[:head]
            plane[:, :jamb] = around[:, :jamb]
            plane[:, w - jamb :] = around[:, w - jamb :]


def _planes(s: SceneStage, picture: F32) -> tuple[U8, U8, U8]:
    graded = np.clip(s.style.grade(np.clip(picture, 0.0, 1.1)), 0.0, 1.0)
    return from_rgb(np.rint(graded * np.float32(255.0)).astype(np.uint8)).all


def _eased(part: float) -> float:
    t = min(1.0, max(0.0, part))
    return t * t * (3.0 - 2.0 * t)
