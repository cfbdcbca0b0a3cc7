"""Adds whole bodies to drawings that show only a face or a bust, in the same style."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from dream_nb.studio.render.subjects.openmoji import INK, drawing, main_fill
from dream_nb.studio.render.subjects.repainting import mixed, recoloured

_LINE: Final = f'stroke="{INK}" stroke-width="1.3" stroke-linejoin="round" stroke-linecap="round"'
SKINS: Final = {"1F3FB": "#fadcbc", "1F3FC": "#e0bb95", "1F3FD": "#bf8f68", "1F3FE": "#9b643d", "1F3FF": "#594539"}
# The rows of a bust that contain its shoulders, as fractions of its height.
_SHOULDERS: Final = (0.74, 0.84)


@dataclass(frozen=True, slots=True)
class Art:
    """A drawing, and the points for things that it wears or holds.

    Args:
        inside: the content of an SVG.
        width, height: the size of its view box.
        eyes, crown, hand: the points of these parts in the view box, or None.
        foot: the row of the view box that it stands on, or None.
    """

    inside: str
    width: float = 72.0
    height: float = 72.0
    eyes: tuple[float, float] | None = None
    crown: tuple[float, float] | None = None
    hand: tuple[float, float] | None = None
    foot: float | None = None


def plain(code: str, colour: str | None = None) -> Art:
    """Return a drawing unchanged, or in another colour.

    Args:
        code: the code of the drawing.
        colour: the colour as hexadecimal RGB, or None for the drawing's own.
    """
    inside = drawing(code)
    return Art(inside if colour is None else recoloured(inside, main_fill(inside, vivid=True), colour))


def whole(code: str, skin: str, clothes: str) -> Art:
    """Return a person whom a drawing shows from head to foot.

    Args:
        code: the code of the drawing.
        skin: a skin tone from `SKINS`.
        clothes: the colour of everything but the head, which is a circle in these drawings.
    """
    inside = _toned(code, skin)
    main = main_fill(inside)
    bare = re.compile("|".join(map(re.escape, (main, _short(main)))), re.IGNORECASE)
    return Art(
        re.sub(
            r"<[^>]+>",
            lambda shape: bare.sub(SKINS[skin] if shape[0].startswith("<circle") else clothes, shape[0]),
            inside,
        )
    )


def person(code: str, skin: str, clothes: str | None = None, dress: bool = False, legs: str = "#4a4f63") -> Art:
    """Return a standing person, with a body below the bust of a drawing.

    Args:
        code: the code of the bust.
        skin: a skin tone from `SKINS`.
        clothes: the colour of the clothes, or None for that of the bust.
        dress: whether the clothes are long.
        legs: the colour of the trousers.
    """
    bust = _toned(code, skin)
    worn = main_fill(bust, _SHOULDERS)
    if clothes is not None:
        bust = bust.replace(worn, clothes).replace(worn.upper(), clothes).replace(_short(worn), clothes)
    cloth = clothes or worn
    shade, tone = mixed(cloth, INK, 0.22), SKINS[skin]
    below = [
        _shape("M24,96 L24,127 L34,127 L35.5,98 Z", tone if dress else legs),
        _shape("M48,96 L48,127 L38,127 L36.5,98 Z", tone if dress else legs),
        _shape("M20,131 Q20,125 28,125.5 L34.5,126 L34.5,131 Z", "#3b3038"),
        _shape("M52,131 Q52,125 44,125.5 L37.5,126 L37.5,131 Z", "#3b3038"),
        *(f'<circle cx="{x}" cy="91" r="4.2" fill="{tone}" {_LINE}/>' for x in (13.5, 58.5)),
        _shape("M18.5,56 C12,66 9.5,78 10,88 L17,89 C18.5,80 20,72 23,66 Z", shade),
        _shape("M53.5,56 C60,66 62.5,78 62,88 L55,89 C53.5,80 52,72 49,66 Z", shade),
    ]
    if dress:
        below.append(_shape("M18,58 Q20,74 22,80 L11,116 Q36,123 61,116 L50,80 Q52,74 54,58 Z", cloth))
        below.append(f'<path d="M22.5,80 Q36,84 49.5,80" fill="none" {_LINE}/>')
    else:
        below.append(_shape("M17,59 L20,99 Q36,103 52,99 L55,59 Z", cloth))
    below.append(_shape("M30,46 L30,60 Q36,64 42,60 L42,46 Z", tone))
    # The outline of the bust is open at the bottom, so that it joins the body without a line across the chest.
    return Art("".join(below) + bust, 72.0, 132.0, (36.0, 30.0), (36.0, 10.0), (58.5, 90.0), 131.0)


def seated(
    code: str, fur: str | None = None, belly: str | None = None, limbs: str | None = None, tail: str = ""
) -> Art:
    """Return an animal that sits and looks at the viewer, with a body below the face of a drawing.

    Args:
        code: the code of the face.
        fur: the colour of the fur, or None for that of the face.
        belly, limbs: the colours of these parts, or None for shades of the fur.
        tail: the kind of tail: "bushy", "thin", or an empty string for none.
    """
    face = drawing(code)
    main = main_fill(face, (0.1, 0.6))
    if fur is not None:
        face = recoloured(face, main, fur)
    coat = fur or main
    light, dark = belly or mixed(coat, "#ffffff", 0.55), limbs or mixed(coat, INK, 0.14)
    parts = []
    if tail == "bushy":
        parts.append(_shape("M50,92 C76,98 80,70 69,58 C60,66 66,80 48,82 Z", coat))
        parts.append(_shape("M69,58 C75,65 76,74 74,80 C70,74 66,72 64.6,70 C66,66 66,62 69,58 Z", "#ffffff"))
    elif tail == "thin":
        for stroke, wide in ((INK, 6.4), (coat, 4.0)):
            parts.append(
                f'<path d="M52,92 C70,96 74,82 68,72" fill="none" stroke="{stroke}" stroke-width="{wide}" '
                'stroke-linecap="round"/>'
            )
    parts += [
        _shape("M24,44 Q36,38 48,44 C58,52 60,74 58,90 C56,102 16,102 14,90 C12,74 14,52 24,44 Z", coat),
        f'<ellipse cx="36" cy="78" rx="12.5" ry="17" fill="{light}"/>',
        _shape("M20,58 C12,66 12,80 18,86 C24,88 27,84 26,80 C24,74 25,68 27,62 Z", dark),
        _shape("M52,58 C60,66 60,80 54,86 C48,88 45,84 46,80 C48,74 47,68 45,62 Z", dark),
        f'<ellipse cx="22" cy="98" rx="11" ry="6.4" fill="{dark}" {_LINE}/>',
        f'<ellipse cx="50" cy="98" rx="11" ry="6.4" fill="{dark}" {_LINE}/>',
        f'<g transform="translate(7.2,-2) scale(.8)">{face}</g>',
    ]
    return Art("".join(parts), 78.0, 106.0, (36.0, 25.0), (36.0, 6.0), (54.0, 80.0), 104.0)


def robot(code: str, metal: str | None = None) -> Art:
    """Return a robot on two legs, with a body below the head of a drawing.

    Args:
        code: the code of the head.
        metal: the colour of the robot, or None for its own.
    """
    head = drawing(code)
    coat = metal or "#b9bfc9"
    if metal is not None:
        head = recoloured(head, main_fill(head), metal)
    dark = mixed(coat, INK, 0.35)
    parts = [
        f'<rect x="20" y="98" width="12" height="26" rx="3" fill="{dark}" {_LINE}/>',
        f'<rect x="40" y="98" width="12" height="26" rx="3" fill="{dark}" {_LINE}/>',
        f'<rect x="15" y="120" width="19" height="10" rx="4" fill="{coat}" {_LINE}/>',
        f'<rect x="38" y="120" width="19" height="10" rx="4" fill="{coat}" {_LINE}/>',
        f'<rect x="1" y="64" width="11" height="34" rx="5" fill="{dark}" {_LINE}/>',
        f'<rect x="60" y="64" width="11" height="34" rx="5" fill="{dark}" {_LINE}/>',
        f'<rect x="28" y="50" width="16" height="14" fill="{dark}" {_LINE}/>',
        f'<rect x="12" y="60" width="48" height="40" rx="7" fill="{coat}" {_LINE}/>',
        f'<circle cx="36" cy="76" r="7" fill="#f1b31c" {_LINE}/>',
        f'<path d="M22,90 H50" fill="none" {_LINE}/>',
        f'<g transform="translate(7.2,8) scale(.8)">{head}</g>',
    ]
    return Art("".join(parts), 72.0, 132.0, (36.0, 33.0), (36.0, 15.0), (65.0, 96.0), 130.0)


def with_stick(art: Art, hand: tuple[float, float], high: float) -> Art:
    """Return a drawing with a stick in its hand, to hold something by.

    Args:
        art: the drawing.
        hand: the point of the hand.
        high: the height of the stick above the hand.
    """
    stick = f'<path d="M{hand[0]:g},{hand[1] + 6:g} V{hand[1] - high:g}" fill="none" {_LINE}/>'
    return replace(art, inside=stick + art.inside)


def wearing(art: Art, code: str, at: tuple[float, float], size: float, colour: str | None = None) -> Art:
    """Return a drawing with another one over it.

    Args:
        art: the drawing.
        code: the code of the other drawing.
        at: the point of the view box for the middle of the other drawing.
        size: the size of the other drawing, relative to its own view box of 72 x 72.
        colour: the colour of the other drawing, or None for its own.
    """
    left, top = at[0] - 36 * size, at[1] - 36 * size
    inside = plain(code, colour).inside
    grown = max(0.0, -top)
    laid = f'{art.inside}<g transform="translate({left:.1f},{top:.1f}) scale({size})">{inside}</g>'
    if grown:
        laid = f'<g transform="translate(0,{grown:.1f})">{laid}</g>'

    def moved(point: tuple[float, float] | None) -> tuple[float, float] | None:
        return None if point is None else (point[0], point[1] + grown)

    foot = None if art.foot is None else art.foot + grown
    wide = max(art.width, left + 72 * size)
    return Art(laid, wide, art.height + grown, moved(art.eyes), moved(art.crown), moved(art.hand), foot)


def _toned(code: str, skin: str) -> str:
    """Return a bust in a skin tone if such a drawing exists, or else in its own."""
    head, *rest = code.split("-")
    for name in ("-".join((head, skin, *rest)), code):
        try:
            return drawing(name)
        except KeyError:
            continue
    raise KeyError(f"there is no drawing {code}")


def _short(colour: str) -> str:
    """Return a colour in its form of three digits if it has one, or else unchanged."""
    digits = colour[1:]
    return f"#{digits[0]}{digits[2]}{digits[4]}" if digits[0::2] == digits[1::2] else colour


def _shape(path: str, fill: str) -> str:
    return f'<path d="{path}" fill="{fill}" {_LINE}/>'
