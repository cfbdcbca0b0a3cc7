"""Colours by their names, and the recolouring of drawings."""

from __future__ import annotations

import colorsys
import re
from typing import Final

_NAMED: Final = {
    "#d22f2a": "red scarlet crimson ruby cherry",
    "#8e1f2f": "maroon burgundy",
    "#ee7a26": "orange tangerine ginger",
    "#f6c928": "yellow golden gold lemon",
    "#58a63a": "green lime emerald",
    "#2f6b45": "jade olive",
    "#1fa3a0": "teal turquoise cyan aqua",
    "#2f6fd0": "blue azure cobalt",
    "#23346e": "navy indigo",
    "#7b3fb5": "purple violet lilac lavender",
    "#ee7fae": "pink rosy magenta fuchsia",
    "#7a4a26": "brown bronze copper chestnut",
    "#f3f1ec": "white ivory",
    "#33323a": "black noir",
    "#9a9ca2": "grey gray silver",
    "#d9b26a": "blond blonde tan beige",
}
COLOURS: Final = {name: value for value, names in _NAMED.items() for name in names.split()}
"""The colours by their names, as hexadecimal RGB."""

_FILL: Final = re.compile(r"#[0-9a-f]{6}\b|#[0-9a-f]{3}\b", re.IGNORECASE)
# The lightness below and above which a fill counts as an outline, an eye or a tooth.
_DARK, _LIGHT = 0.2, 0.97


def recoloured(svg: str, main: str, colour: str) -> str:
    """Return a drawing in another colour: each fill with the hue of `main` becomes a shade of `colour`.

    Args:
        svg: the content of the drawing's SVG.
        main: the main fill of the drawing, as hexadecimal RGB.
        colour: the colour to replace it by, as hexadecimal RGB.
    """
    hue, light, strength = _parts(main)
    to_hue, to_light, to_strength = _parts(colour)

    def changed(found: re.Match[str]) -> str:
        own_hue, own_light, own_strength = _parts(found[0])
        apart = abs((own_hue - hue + 0.5) % 1.0 - 0.5)
        grey = strength < 0.15
        same = own_strength < 0.15 and _DARK < own_light < _LIGHT if grey else own_strength > 0.15 and apart < 0.1
        if found[0].lower() != main.lower() and not same:
            return found[0]
        shade = min(0.97, max(0.06, to_light + 0.8 * (own_light - light)))
        return _text(*colorsys.hls_to_rgb(to_hue, shade, to_strength))

    return _FILL.sub(changed, svg)


def mixed(a: str, b: str, part: float) -> str:
    """Return a mixture of two colours, from a (part 0) to b (part 1). All are hexadecimal RGB."""
    one, other = _rgb(a), _rgb(b)
    return _text(*(x + (y - x) * part for x, y in zip(one, other, strict=True)))


def _rgb(colour: str) -> tuple[float, float, float]:
    digits = colour.removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def _parts(colour: str) -> tuple[float, float, float]:
    """Return the hue, lightness and saturation of a colour, 0 to 1 each."""
    return colorsys.rgb_to_hls(*_rgb(colour))


def _text(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, part))):02x}" for part in (red, green, blue))
