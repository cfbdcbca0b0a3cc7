"""The colours of a scene, which depend on the hour and are tinted by the colours of the prompt."""

from __future__ import annotations

from dataclasses import dataclass

from dream_nb.studio.render.plan import ScenePlan
from dream_nb.studio.render.planes import luma
from dream_nb.studio.render.vocabulary import RGB


@dataclass(frozen=True, slots=True)
class Palette:
    """The light of a scene.

    Args:
        zenith, middle, horizon: the colours of the sky from top to horizon.
        sun: the colour of the sun or moon and of its glow.
        lit, shade: the colours of light and of shadow; a surface's colour is multiplied by them.
        haze: the colour that distant things fade to.
        cloud_lit, cloud_shade: the colours of the two sides of a cloud.
        water: the colour of deep water.
        height: the height of the sun or moon above the horizon, as a fraction of the sky.
        glow: the strength of its glow, 0 to 1.
    """

    zenith: RGB
    middle: RGB
    horizon: RGB
    sun: RGB
    lit: RGB
    shade: RGB
    haze: RGB
    cloud_lit: RGB
    cloud_shade: RGB
    water: RGB
    height: float
    glow: float


_HOURS: dict[str, Palette] = {
    "dawn": Palette(
        (0.29, 0.38, 0.66), (0.66, 0.60, 0.80), (1.00, 0.80, 0.70), (1.00, 0.90, 0.72), (0.92, 0.72, 0.66),
        (0.30, 0.31, 0.50), (0.83, 0.71, 0.78), (1.00, 0.82, 0.78), (0.62, 0.55, 0.74), (0.20, 0.25, 0.42), 0.10, 0.75,
    ),
    "morning": Palette(
        (0.22, 0.46, 0.80), (0.52, 0.72, 0.92), (0.93, 0.92, 0.86), (1.00, 0.96, 0.80), (1.05, 0.98, 0.84),
        (0.34, 0.42, 0.58), (0.78, 0.84, 0.90), (1.00, 0.97, 0.92), (0.68, 0.74, 0.84), (0.10, 0.26, 0.40), 0.38, 0.5,
    ),
    "noon": Palette(
        (0.11, 0.36, 0.78), (0.32, 0.60, 0.92), (0.76, 0.88, 0.97), (1.00, 0.99, 0.92), (1.12, 1.08, 0.98),
        (0.38, 0.46, 0.62), (0.68, 0.81, 0.93), (1.00, 1.00, 1.00), (0.70, 0.77, 0.87), (0.05, 0.25, 0.42), 0.85, 0.3,
    ),
    "golden": Palette(
        (0.28, 0.42, 0.68), (0.80, 0.71, 0.62), (1.00, 0.84, 0.52), (1.00, 0.90, 0.58), (1.15, 0.88, 0.54),
        (0.34, 0.30, 0.36), (0.95, 0.77, 0.54), (1.00, 0.88, 0.66), (0.70, 0.55, 0.52), (0.22, 0.25, 0.32), 0.20, 0.9,
    ),
    "sunset": Palette(
        (0.15, 0.11, 0.34), (0.64, 0.24, 0.40), (1.00, 0.52, 0.28), (1.00, 0.82, 0.46), (0.95, 0.50, 0.36),
        (0.24, 0.13, 0.26), (0.88, 0.42, 0.36), (1.00, 0.58, 0.42), (0.46, 0.20, 0.38), (0.16, 0.08, 0.20), 0.06, 1.0,
    ),
    "dusk": Palette(
        (0.06, 0.08, 0.24), (0.24, 0.22, 0.46), (0.82, 0.48, 0.50), (1.00, 0.70, 0.52), (0.50, 0.40, 0.56),
        (0.12, 0.12, 0.26), (0.47, 0.35, 0.52), (0.78, 0.50, 0.60), (0.22, 0.19, 0.40), (0.06, 0.07, 0.18), 0.02, 0.7,
    ),
    "night": Palette(
        (0.015, 0.03, 0.10), (0.04, 0.09, 0.22), (0.16, 0.25, 0.42), (0.93, 0.94, 0.88), (0.46, 0.56, 0.80),
        (0.08, 0.11, 0.21), (0.15, 0.22, 0.38), (0.42, 0.50, 0.68), (0.08, 0.11, 0.22), (0.03, 0.06, 0.14), 0.62, 0.5,
    ),
}  # fmt: skip

_DEEP = Palette(
    (0.30, 0.74, 0.80), (0.07, 0.42, 0.62), (0.02, 0.14, 0.30), (0.80, 1.00, 0.96), (0.42, 0.66, 0.72),
    (0.06, 0.16, 0.28), (0.04, 0.30, 0.48), (0.5, 0.8, 0.8), (0.2, 0.5, 0.6), (0.02, 0.10, 0.20), 1.0, 0.5,
)  # fmt: skip

GROUNDS: dict[str, RGB] = {
    "grass": (0.34, 0.48, 0.22),
    "rock": (0.44, 0.42, 0.43),
    "sand": (0.88, 0.66, 0.42),
    "snow": (0.88, 0.91, 0.97),
    "earth": (0.46, 0.36, 0.24),
    "red": (0.76, 0.38, 0.24),
    "roof": (0.46, 0.43, 0.42),
    "ash": (0.25, 0.22, 0.24),
    "moss": (0.24, 0.40, 0.22),
}


def mix(a: RGB, b: RGB, t: float) -> RGB:
    """Return a mixture of two colours, from a (t = 0) to b (t = 1)."""
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t


def times(a: RGB, b: RGB) -> RGB:
    """Return the product of two colours: a surface in a light."""
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


def tinted(colour: RGB, tint: RGB, amount: float) -> RGB:
    """Return a colour shifted towards the hue of another, with mostly its own brightness.

    Args:
        colour: the colour to shift.
        tint: the colour with the wanted hue.
        amount: how far to shift, from 0 to 1.
    """
    own, other = max(0.01, luma(colour)), max(0.05, luma(tint))
    bright = own * (1.0 + 0.35 * amount * (other - 0.45))
    scale = bright / other
    wanted = (tint[0] * scale, tint[1] * scale, tint[2] * scale)
    excess = max(wanted)
    if excess > 1.0:  # too bright for this hue: whiten it
        wanted = mix(
            (1.0 / excess * wanted[0], 1.0 / excess * wanted[1], 1.0 / excess * wanted[2]),
            (1.0, 1.0, 1.0),
            min(0.6, excess - 1.0),
        )
    return mix(colour, wanted, amount)


# How much of each colour the densest fog replaces.
_FOGGED = {
    "zenith": 0.70,
    "middle": 0.92,
    "horizon": 1.0,
    "haze": 1.0,
    "cloud_lit": 0.8,
    "cloud_shade": 0.9,
    "water": 0.6,
}


def of(plan: ScenePlan) -> Palette:
    """Return the palette of a plan."""
    base = _DEEP if plan.land == "deep" else _HOURS[plan.hour]
    rng = plan.chance("palette")
    parts: dict[str, RGB] = {
        name: getattr(base, name)
        for name in ("zenith", "middle", "horizon", "sun", "lit", "shade", "haze", "cloud_lit", "cloud_shade", "water")
    }
    # Each take has a slightly different light: warmer, colder or deeper.
    warm, deep = 0.10 * (float(rng.random()) - 0.5), 0.85 + 0.3 * float(rng.random())
    for name in ("zenith", "middle"):
        r, g, b = parts[name]
        parts[name] = (max(0.0, r * deep + warm * 0.5), max(0.0, g * deep), max(0.0, b * deep - warm * 0.5))
    for at, tint in enumerate(plan.tints):
        names = ("zenith", "middle", "horizon", "haze", "cloud_lit", "cloud_shade", "water", "lit", "shade")
        for place, name in enumerate(names):
            # The first colour tints everything; each later one only some of the parts, so that all are seen.
            if at == 0 or place % len(plan.tints) == at:
                parts[name] = tinted(parts[name], tint, 0.55 if name not in ("lit", "shade") else 0.3)
    dull = max(0.75 * plan.storm, 0.55 * plan.rain, 0.6 * max(0.0, plan.cloud - 0.6) / 0.4)
    if dull:
        grey = luma(parts["middle"])
        slate: RGB = (0.80 * grey, 0.88 * grey, 1.0 * grey)
        for name in ("zenith", "middle", "horizon", "haze", "cloud_lit", "cloud_shade", "lit"):
            # A storm darkens the day, but brightens the night, because lightning lights up its clouds.
            dimmer = 0.35 if grey > 0.15 else -0.9
            level = luma(parts[name]) * (1.0 - dimmer * max(plan.storm, 0.5 * plan.rain))
            parts[name] = mix(parts[name], mix((level * 0.92, level * 0.97, level * 1.06), slate, 0.2), dull * 0.75)
    fog = max(0.0, plan.haze - 0.6) / 0.4
    if fog:
        pale = mix(parts["haze"], (luma(parts["haze"]),) * 3, 0.45)
        for name, share in _FOGGED.items():
            parts[name] = mix(parts[name], pale, share * fog)
    glow = base.glow * (1.0 - 0.7 * max(plan.storm, 0.7 * plan.rain)) * (1.0 - 0.6 * fog)
    height = base.height + 0.06 * (float(rng.random()) - 0.5)
    return Palette(**parts, height=max(0.0, height), glow=glow)
