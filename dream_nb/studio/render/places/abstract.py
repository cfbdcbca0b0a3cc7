"""Abstract pictures: ink in water, liquid metal, smoke, geometry, a fractal."""

from __future__ import annotations

from typing import Final

import numpy as np

from dream_nb.studio.render.noise import F32, smoothstep
from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.places.board import field
from dream_nb.studio.render.places.flow import STEPS, Ink, Metal, Smoke
from dream_nb.studio.render.places.mosaic import Fractal, Mosaic
from dream_nb.studio.render.places.perspective import toned
from dream_nb.studio.render.places.place import Drawable, ScenePlace
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

_SCHEMES: Final[tuple[tuple[RGB, ...], ...]] = (
    ((0.05, 0.06, 0.16), (0.20, 0.16, 0.48), (0.86, 0.26, 0.46), (1.00, 0.72, 0.42), (0.99, 0.93, 0.84)),
    ((0.03, 0.09, 0.14), (0.04, 0.34, 0.46), (0.18, 0.66, 0.66), (0.86, 0.88, 0.70), (0.98, 0.66, 0.44)),
    ((0.10, 0.04, 0.12), (0.44, 0.08, 0.30), (0.88, 0.24, 0.24), (0.98, 0.62, 0.24), (1.00, 0.92, 0.72)),
    ((0.04, 0.06, 0.12), (0.12, 0.24, 0.56), (0.42, 0.48, 0.86), (0.86, 0.66, 0.90), (0.98, 0.94, 0.96)),
    ((0.06, 0.08, 0.07), (0.10, 0.34, 0.26), (0.50, 0.68, 0.36), (0.94, 0.86, 0.52), (0.98, 0.96, 0.88)),
)
_METALS: Final[tuple[RGB, ...]] = ((0.95, 0.70, 0.26), (0.74, 0.77, 0.82), (0.86, 0.50, 0.34), (0.90, 0.62, 0.58))


def place(s: SceneStage) -> ScenePlace:
    """The abstract picture that the prompt names, or flowing ink."""
    rng = s.plan.chance("abstract")
    part: Drawable
    match s.plan.matter:
        case "metal":
            metal = s.plan.tints[0] if s.plan.tints else _METALS[int(rng.random() * len(_METALS))]
            part = Metal(s, _mirrored(metal))
        case "smoke":
            part = Smoke(s, _smoke(s))
        case "geometry":
            part = Mosaic(s, scheme(s), "cubes" if rng.random() < 0.4 else "triangles")
        case "fractal":
            colours = scheme(s)
            part = Fractal(s, _ramp((*colours, *colours[-2:0:-1], colours[0]), 256))
        case _:
            colours = scheme(s)
            # Dark ink in clear water, or light ink in dark water.
            part = Ink(s, _inks(colours if rng.random() < 0.55 else colours[::-1]))
    return ScenePlace((part,), (), foot=0.82, size=0.72, reflects=0.0)


def scheme(s: SceneStage) -> tuple[RGB, ...]:
    """Colours from dark to light: those of the prompt, or one of the fixed schemes at random."""
    rng = s.plan.chance("scheme")
    tints = s.plan.tints
    if not tints:
        return _SCHEMES[int(rng.random() * len(_SCHEMES))]
    first, last = tints[0], tints[-1]
    dark = mix(toned(first, 0.10), (0.02, 0.03, 0.07), 0.4)
    return dark, toned(first, 0.5), first, mix(last, (1.0, 1.0, 1.0), 0.15), mix(last, (1.0, 0.97, 0.92), 0.78)


def _ramp(colours: tuple[RGB, ...], count: int) -> F32:
    """`count` colours, interpolated from the first of `colours` through all others to the last."""
    at = np.linspace(0.0, len(colours) - 1.0, count, dtype=np.float32)
    whole = np.minimum(at.astype(np.int64), len(colours) - 2)
    part = (at - whole)[:, None]
    known = np.stack([field(colour) for colour in colours])
    ramp: F32 = known[whole] * (1.0 - part) + known[whole + 1] * part
    return ramp.astype(np.float32)


def _inks(colours: tuple[RGB, ...]) -> F32:
    """The colours of ink: rows by its density, columns by the kind of ink."""
    density = np.linspace(0.0, 1.0, STEPS, dtype=np.float32)[:, None, None]
    which = np.linspace(0.0, 1.0, STEPS, dtype=np.float32)[None, :, None]
    ramp = _ramp(colours, STEPS)
    dark, first, second, third, light = colours
    other = _ramp((dark, third, first, second, light), STEPS)
    body = ramp[:, None, :] * (1.0 - 0.7 * which) + other[:, None, :] * (0.7 * which)
    # Thin, light threads where the ink folds.
    fold = np.exp(-(((density - 0.60) / 0.05) ** 2)) + 0.6 * np.exp(-(((density - 0.40) / 0.035) ** 2))
    body = body + (field(mix(light, second, 0.3)) - body) * (0.38 * fold)
    inks: F32 = body * (0.80 + 0.30 * smoothstep(density[..., 0])[..., None])
    return inks.astype(np.float32)


def _smoke(s: SceneStage) -> F32:
    """The colours of smoke: rows by its density, columns by how much light falls on it."""
    density = np.linspace(0.0, 1.0, STEPS, dtype=np.float32)[:, None, None]
    lit = np.linspace(0.0, 1.0, STEPS, dtype=np.float32)[None, :, None]
    tints = s.plan.tints
    own: RGB = mix(tints[0], (0.8, 0.8, 0.84), 0.25) if tints else (0.74, 0.77, 0.83)
    other: RGB = mix(tints[-1], own, 0.2) if tints else mix(s.light.sun, own, 0.55)
    ground = field(mix(toned(own, 0.05), (0.02, 0.025, 0.035), 0.6))
    body = field(toned(own, 0.55)) + smoothstep(lit[..., 0])[..., None] * (field(other) - field(toned(own, 0.55)))
    smoke: F32 = ground + np.minimum(density * 1.05, 1.0) ** 1.25 * (body - ground)
    return smoke.astype(np.float32)


def _mirrored(metal: RGB) -> F32:
    """The colours that a metal reflects: rows by the slope of its surface up or down, columns by its slope sideways."""
    down = np.linspace(-1.0, 1.0, STEPS, dtype=np.float32)[:, None]
    across = np.linspace(-1.0, 1.0, STEPS, dtype=np.float32)[None, :]
    room = 0.40 - 0.34 * down + 0.10 * across
    horizon = np.exp(-(((down - 0.22 + 0.10 * across) / 0.13) ** 2))
    wide, narrow = (np.abs(at).astype(np.float32) for at in (across + 0.1, across - 0.62 - 0.15 * down))
    high, steep = (np.abs(at).astype(np.float32) for at in (down + 0.50 + 0.2 * across, down))
    lamp = smoothstep((0.20 - high) * 9.0) * smoothstep((0.62 - wide) * 5.0)
    strip = smoothstep((0.07 - narrow) * 22.0) * smoothstep((0.75 - steep) * 4.0)
    floor = 0.55 * np.exp(-(((down - 0.72) / 0.16) ** 2))
    tone = np.clip(room - 0.34 * horizon + 0.72 * lamp + 0.55 * strip + floor, 0.02, 1.4)[..., None]
    body = field(toned(metal, 1.12)) * tone + field(toned(mix(metal, (0.3, 0.2, 0.35), 0.5), 0.16))
    white = np.clip(tone - 0.72, 0.0, 0.8)
    colours: F32 = body + white * (field((1.0, 0.98, 0.94)) - body * 0.5) * 1.1
    return np.clip(colours, 0.0, 1.1).astype(np.float32)
