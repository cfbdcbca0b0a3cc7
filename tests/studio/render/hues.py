"""Measures how many pixels of a picture have a named colour."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from dream_nb.studio.render.vocabulary import RGB
from tests.studio.render.bench_prompts import Colour
from tests.studio.render.silhouettes import U8, Mask


class _Band(NamedTuple):
    """Ranges of a colour: hue in degrees (from the first clockwise to the second), saturation and brightness."""

    hues: tuple[float, float] = (0, 360)
    strong: tuple[float, float] = (0.32, 1.0)
    bright: tuple[float, float] = (0.18, 1.0)


# Yellow includes gold, as in the prompts. Neighbouring bands overlap, because people disagree on where one ends.
_BANDS: Final[dict[Colour, _Band]] = {
    "red": _Band((340, 18)),
    "orange": _Band((12, 46)),
    "yellow": _Band((28, 72)),
    "green": _Band((68, 172), (0.2, 1.0)),
    "blue": _Band((172, 258), (0.25, 1.0)),
    "purple": _Band((248, 325), (0.2, 1.0)),
    "pink": _Band((310, 18), (0.14, 0.68), (0.6, 1.0)),
    "white": _Band(strong=(0, 0.24), bright=(0.62, 1.0)),
    "black": _Band(strong=(0, 1.0), bright=(0, 0.32)),
}
_SKIN: Final = _Band((4, 44), (0.10, 0.72), (0.28, 1.0))
# Eyes adapt to about half of the light's colour.
_USED_TO: Final = 0.5
_WEAK: Final = 0.12


def share(picture: U8, colour: Colour, inside: Mask | None = None, light: RGB | None = None) -> float:
    """The part of a picture's pixels that has a colour.

    Args:
        picture: rows x columns x RGB.
        colour: the name of the colour.
        inside: the pixels that count, or None for all; then weaker tones count too, because landscapes have haze.
        light: the colour of the light, or None. The larger part counts, of the pixels as they are and with half of the
            light's colour removed: eyes adapt to a light, but less if it falls on few things.
    """
    band = _BANDS[colour]
    if inside is None and colour not in ("white", "black"):
        band = band._replace(strong=(_WEAK, 1.0), bright=(0.1, 1.0))
    return _share(picture, band, inside, light)


def skin(picture: U8, inside: Mask, light: RGB) -> float:
    """The part of the pixels that may be skin; the arguments are those of `share`."""
    return _share(picture, _SKIN, inside, light)


def warm(picture: U8) -> float:
    """The part of a picture's pixels that is red, orange, yellow, pink or violet, like the sky at dusk."""
    return _share(picture, _Band((285, 52), (0.14, 1.0), (0.12, 1.0)), None, None)


def of_water(picture: U8) -> float:
    """The part of a picture's pixels that is blue or green, like everything under water."""
    return _share(picture, _Band((140, 260), (0.14, 1.0), (0.05, 1.0)), None, None)


def of_sand(picture: U8) -> float:
    """The part of a picture's pixels that has a colour of sand or red rock."""
    return _share(picture, _Band((0, 58), (0.12, 1.0), (0.1, 1.0)), None, None)


def luma(picture: U8) -> float:
    """The mean brightness of a picture, 0 to 1."""
    return float((picture.reshape(-1, 3) @ np.array([0.299, 0.587, 0.114])).mean() / 255)


def _share(picture: U8, band: _Band, inside: Mask | None, light: RGB | None) -> float:
    pixels = picture.reshape(1, -1, 3) if inside is None else picture[inside][None]
    if not pixels.size:
        return 0.0
    if light is None:
        return _part(pixels, band)
    tone = np.asarray(light, np.float32) / max(light)
    used_to = np.clip(pixels / (1 - _USED_TO + _USED_TO * tone), 0, 255).astype(np.uint8)
    return max(_part(pixels, band), _part(used_to, band))


def _part(pixels: U8, band: _Band) -> float:
    planes = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).convert("HSV"), np.float32) / 255
    hue, strong, bright = planes[0, :, 0] * 360, planes[0, :, 1], planes[0, :, 2]
    first, last = band.hues
    found = (hue >= first) & (hue <= last) if first < last else (hue >= first) | (hue <= last)
    for value, (least, most) in ((strong, band.strong), (bright, band.bright)):
        found = found & (value >= least) & (value <= most)
    return float(found.mean())
