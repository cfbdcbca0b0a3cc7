"""Objects that stand and hang in rooms. Lengths are in metres; depth 1 is the back wall."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.places.board import hexed
from dream_nb.studio.render.places.perspective import Point, toned
from dream_nb.studio.render.places.room import Room
from dream_nb.studio.render.vocabulary import RGB

_BOOKS: Final[tuple[RGB, ...]] = (
    (0.45, 0.16, 0.13), (0.20, 0.28, 0.24), (0.18, 0.22, 0.36), (0.52, 0.40, 0.22), (0.34, 0.20, 0.13),
    (0.62, 0.55, 0.42), (0.28, 0.13, 0.20), (0.24, 0.33, 0.38), (0.56, 0.30, 0.16), (0.14, 0.14, 0.16),
)  # fmt: skip
_PICTURES: Final[tuple[RGB, ...]] = ((0.55, 0.60, 0.62), (0.66, 0.50, 0.36), (0.36, 0.44, 0.40), (0.62, 0.58, 0.50))


def bookcase(room: Room, wall: Callable[[float, float], Point], long: float, high: float, book: float = 0.05) -> None:
    """Add shelves full of books along a wall.

    Args:
        room: the room they belong to.
        wall: returns the point of the wall at a distance along it and a height above the ground, both in metres.
        long, high: length and height of the shelves, in metres.
        book: width of an ordinary book, in metres.
    """
    view, rng, forms = room.view, room.rng, room.forms

    def piece(u0: float, u1: float, v0: float, v1: float, fill: str, extra: str = "") -> str:
        return view.face((wall(u0, v0), wall(u1, v0), wall(u1, v1), wall(u0, v1)), fill, extra)

    forms.append(piece(0, long, 0, high, hexed(toned(room.trim, 0.34))))
    shelves = max(3, round(high / 0.38))
    step = high / shelves
    for shelf in range(shelves):
        floor = shelf * step + 0.035
        at = 0.03
        while at < long - book:
            wide = book * (0.6 + 0.9 * float(rng.random()))
            tall = (step - 0.06) * (0.62 + 0.36 * float(rng.random()))
            if rng.random() < 0.05:  # a gap
                at += 2.5 * wide
                continue
            tone = toned(_BOOKS[int(rng.random() * len(_BOOKS))], 0.75 + 0.6 * float(rng.random()))
            forms.append(piece(at, min(long, at + wide * 0.94), floor, floor + tall, hexed(tone)))
            at += wide
        forms.append(piece(0, long, floor + step - 0.10, floor + step - 0.035, "#000", 'opacity=".45"'))
        forms.append(piece(0, long, floor - 0.035, floor, hexed(toned(room.trim, 0.9))))
    posts = max(1, round(long / 1.1))
    for post in range(posts + 1):
        u = long * post / posts
        forms.append(piece(u - 0.03, u + 0.03, 0, high, hexed(toned(room.trim, 0.8))))
    forms.append(piece(-0.03, long + 0.03, high - 0.03, high + 0.09, hexed(room.trim)))


def open_shelf(room: Room, x0: float, x1: float, y: float, things: tuple[RGB, ...]) -> None:
    """Add a board on the wall with jars, bottles or pots; `things` are their colours."""
    view = room.view
    at = x0 + 0.05
    while at < x1 - 0.12:
        wide, tall = room.between(0.07, 0.15), room.between(0.12, 0.30)
        colour = things[int(room.rng.random() * len(things))]
        room.forms.append(view.front(at, at + wide, y, y + tall, 0.97, hexed(colour), round_=0.02))
        room.forms.append(view.front(at, at + wide, y, y + tall, 0.97, "url(#round)", round_=0.02))
        if room.rng.random() < 0.5:
            neck = (at + wide * 0.32, at + wide * 0.68)
            room.forms.append(view.front(*neck, y + tall * 0.98, y + tall * 1.3, 0.97, hexed(toned(colour, 0.8))))
        at += wide + room.between(0.02, 0.09)
    room.forms.append(view.box((x0, x1), (y - 0.05, y), (0.96, 1.0), room.trim))
    room.shade.append(view.front(x0, x1, y - 0.22, y - 0.05, 1.0, "#000", 'opacity=".5"'))


def picture(room: Room, x: float, y: float, wide: float, high: float) -> None:
    """Add a framed picture on the back wall."""
    view = room.view
    room.shade.append(view.front(x - 0.02, x + wide + 0.08, y - 0.08, y + high, 1.0, "#000", 'opacity=".5"'))
    room.forms.append(view.front(x, x + wide, y, y + high, 1.0, hexed(toned(room.trim, 0.7))))
    paper = _PICTURES[int(room.rng.random() * len(_PICTURES))]
    a, b, c, d = x + 0.05, x + wide - 0.05, y + 0.05, y + high - 0.05
    room.forms.append(view.front(a, b, c, d, 1.0, hexed(toned(paper, 1.15))))
    room.forms.append(view.front(a, b, c, c + (d - c) * room.between(0.3, 0.5), 1.0, hexed(toned(paper, 0.55))))
    sun, top = view.at((a + (b - a) * room.between(0.25, 0.75), c + (d - c) * 0.68, 1.0))
    room.forms.append(f'<circle cx="{sun:.1f}" cy="{top:.1f}" r="{0.10 * high * view.k:.1f}" fill="#f2d9a8"/>')


def fireplace(room: Room, x: float, wide: float = 1.5) -> None:
    """Add a fireplace with a fire in it, a mantelpiece, and a picture above."""
    view = room.view
    high = 1.15
    stone: RGB = mix((0.62, 0.58, 0.54), room.wall, 0.3)
    room.forms.append(view.box((x - wide / 2, x + wide / 2), (0.0, high), (0.93, 1.0), stone))
    for row in range(6):
        for column in range(7):
            a = x - wide / 2 + (column + 0.5 * (row % 2)) * wide / 7
            b = min(x + wide / 2, a + wide / 7 - 0.015)
            tone = toned(stone, room.between(0.82, 1.12))
            c = row * high / 6
            room.forms.append(view.front(max(a, x - wide / 2), b, c, c + high / 6 - 0.015, 0.93, hexed(tone)))
    a, b = x - wide * 0.30, x + wide * 0.30
    room.forms.append(view.front(a, b, 0.0, 0.80, 0.93, "#140c09"))
    room.forms.append(view.front(a + 0.06, b - 0.06, 0.0, 0.72, 0.93, "url(#up)"))
    room.forms.append(view.box((x - wide / 2 - 0.12, x + wide / 2 + 0.12), (high, high + 0.09), (0.90, 1.0), room.trim))
    for log in range(3):
        c = 0.05 + 0.06 * log
        ends = (a + 0.10 + 0.05 * log, b - 0.10 - 0.05 * log)
        room.forms.append(view.front(*ends, c, c + 0.07, 0.93, "#3a2015", round_=0.03))
    for _ in range(9):
        cx, tall = x + room.between(-0.26, 0.26) * wide * 0.7, room.between(0.22, 0.50)
        left, foot = view.at((cx - 0.08, 0.12, 0.93))
        right, top = view.at((cx + 0.08, 0.12 + tall, 0.93))
        flame = ("#ff8a26", "#ffb545", "#ffe08a")[int(room.rng.random() * 3)]
        lean = room.between(-0.3, 0.3) * (right - left)
        path = (
            f"M{left:.1f},{foot:.1f}C{left:.1f},{(foot + top) / 2:.1f} {(left + right) / 2 + lean:.1f},"
            f"{(foot + top) / 2:.1f} {(left + right) / 2 + lean:.1f},{top:.1f}C{(left + right) / 2 + lean:.1f},"
            f"{(foot + top) / 2:.1f} {right:.1f},{(foot + top) / 2:.1f} {right:.1f},{foot:.1f}z"
        )
        room.forms.append(f'<path d="{path}" fill="{flame}" opacity=".75"/>')
    room.bright.append(view.front(a + 0.08, b - 0.08, 0.06, 0.55, 0.93, "#fff"))
    room.lamp(x, 0.30, 0.93, 0.55, 1.0, flame=True)
    open_mirror = (x - wide * 0.30, x + wide * 0.30)
    picture(room, open_mirror[0], high + 0.35, wide * 0.60, 0.75)


def pendant(room: Room, x: float, up: float, deep: float, size: float = 0.22, strength: float = 0.7) -> None:
    """Add a lamp that hangs from the ceiling."""
    view = room.view
    forms = room.forms if deep > 0.9 else room.nearer
    forms.append(view.front(x - 0.008, x + 0.008, up + size * 0.5, room.ceiling + 3.0, deep, "#15110e"))
    left, foot = view.at((x - size, up, deep))
    right, top = view.at((x + size, up + size * 0.9, deep))
    middle = (left + right) / 2
    forms.append(
        f'<path d="M{left:.1f},{foot:.1f}Q{left:.1f},{top:.1f} {middle:.1f},{top:.1f}Q{right:.1f},{top:.1f} '
        f'{right:.1f},{foot:.1f}z" fill="{hexed(toned(room.trim, 0.35))}"/>'
    )
    wide = right - left
    bulb = f'<ellipse cx="{middle:.1f}" cy="{foot:.1f}" rx="{wide * 0.40:.1f}" ry="{wide * 0.13:.1f}"'
    forms.append(bulb + ' fill="#ffe9bd"/>')
    (room.bright if deep > 0.9 else room.bright_nearer).append(bulb + ' fill="#fff"/>')
    room.lamp(x, up - 0.05, deep, 0.42, strength)


def shaded_lamp(room: Room, x: float, foot: float, high: float, deep: float, strength: float = 0.8) -> None:
    """Add a lamp with a shade, on the floor or on a table."""
    view = room.view
    back = deep > 0.9
    forms, bright = (room.forms, room.bright) if back else (room.nearer, room.bright_nearer)
    wide = 0.17 if high < 0.9 else 0.24
    forms.append(view.front(x - 0.018, x + 0.018, foot, foot + high, deep, hexed(toned(room.trim, 0.5))))
    forms.append(view.front(x - wide * 0.55, x + wide * 0.55, foot, foot + 0.03, deep, hexed(toned(room.trim, 0.5))))
    top = foot + high + 0.12
    low = foot + high - 0.16
    shade = ((x - wide, low, deep), (x + wide, low, deep), (x + wide * 0.6, top, deep), (x - wide * 0.6, top, deep))
    lit = "#ffd795" if strength > 0.3 else "#cbb890"
    forms.append(view.face(shade, lit))
    forms.append(view.face(shade, "url(#round)", 'opacity=".5"'))
    bright.append(view.face(shade, "#fff"))
    room.lamp(x, foot + high, deep, 0.50, strength)


def table(room: Room, x: float, wide: float, high: float, zs: tuple[float, float], colour: RGB) -> None:
    """Add a table on four legs."""
    view = room.view
    near, far = zs
    for leg_x in (x - wide / 2 + 0.05, x + wide / 2 - 0.10):
        room.nearer.append(view.front(leg_x, leg_x + 0.06, 0.0, high, far, hexed(toned(colour, 0.45))))
        room.nearer.append(view.front(leg_x, leg_x + 0.06, 0.0, high, near, hexed(toned(colour, 0.62))))
    room.nearer.append(view.box((x - wide / 2, x + wide / 2), (high - 0.06, high), zs, colour))
    _shadow(room, x, wide, (near + far) / 2, (far - near))


def chair(room: Room, x: float, deep: float, colour: RGB) -> None:
    """Add a chair, which may be seen from behind or from the front."""
    view = room.view
    for leg in (x - 0.19, x + 0.15):
        room.nearer.append(view.front(leg, leg + 0.035, 0.0, 0.48, deep, hexed(toned(colour, 0.5))))
        room.nearer.append(view.front(leg, leg + 0.035, 0.45, 0.92, deep, hexed(toned(colour, 0.7))))
    room.nearer.append(view.box((x - 0.21, x + 0.21), (0.43, 0.48), (deep, deep * 1.08), colour))
    room.nearer.append(view.front(x - 0.20, x + 0.20, 0.66, 0.92, deep, hexed(toned(colour, 0.85)), round_=0.06))
    _shadow(room, x, 0.5, deep, 0.06)


def sofa(room: Room, x: float, wide: float, deep: float, colour: RGB) -> None:
    """Add a sofa with cushions, its back to the back wall."""
    view, forms = room.view, room.nearer
    zs = (deep, min(0.98, deep * 1.18))
    forms.append(view.box((x - wide / 2, x + wide / 2), (0.30, 0.86), (zs[1] * 0.97, zs[1]), toned(colour, 0.85), 0.10))
    seats = max(2, round(wide / 0.8))
    for seat in range(seats):
        a = x - wide / 2 + 0.2 + (wide - 0.4) * seat / seats
        b = a + (wide - 0.4) / seats - 0.01
        forms.append(view.front(a, b, 0.40, 0.84, zs[1] * 0.95, hexed(toned(colour, 0.95)), round_=0.09))
        forms.append(view.front(a, b, 0.40, 0.84, zs[1] * 0.95, "url(#down)", round_=0.09))
    forms.append(view.box((x - wide / 2 + 0.1, x + wide / 2 - 0.1), (0.08, 0.44), (zs[0], zs[1] * 0.96), colour, 0.05))
    for side in (-1, 1):
        a, b = sorted((x + side * wide / 2, x + side * (wide / 2 - 0.24)))
        forms.append(view.box((a, b), (0.06, 0.62), (zs[0] * 0.99, zs[1]), toned(colour, 0.92), 0.09))
    for side in (-1, 1):
        hue = _BOOKS[int(room.rng.random() * len(_BOOKS))]
        a = x + side * wide * 0.30 - 0.21
        turn = side * room.between(4, 12)
        px, py = view.at((a + 0.21, 0.62, zs[1] * 0.93))
        extra = f'transform="rotate({turn:.0f} {px:.0f} {py:.0f})"'
        cushion = (a, a + 0.42, 0.42, 0.80, zs[1] * 0.93)
        forms.append(view.front(*cushion, hexed(toned(hue, 1.5)), extra, 0.08))
        forms.append(view.front(*cushion, "url(#down)", extra, 0.08))
    _shadow(room, x, wide * 1.05, (zs[0] + zs[1]) / 2, 0.2)


def bed(room: Room, x: float, wide: float, colour: RGB) -> None:
    """Add a bed that extends towards the viewer, with pillows and a blanket."""
    view, forms = room.view, room.nearer
    near, far = 0.62, 0.97
    board = toned(room.trim, 0.85)
    forms.append(view.front(x - wide / 2 - 0.06, x + wide / 2 + 0.06, 0.2, 1.15, far, hexed(board), round_=0.06))
    forms.append(view.front(x - wide / 2 - 0.06, x + wide / 2 + 0.06, 0.2, 1.15, far, "url(#down)", round_=0.06))
    sheet: RGB = (0.86, 0.84, 0.80)
    forms.append(view.box((x - wide / 2, x + wide / 2), (0.12, 0.52), (near, far), sheet, 0.06))
    for side in (-1, 1):
        middle = x + side * wide * 0.24
        pillow = (middle - wide * 0.21, middle + wide * 0.21, 0.50, 0.80, 0.93)
        forms.append(view.front(*pillow, hexed(toned(sheet, 1.08)), round_=0.11))
        forms.append(view.front(*pillow, "url(#down)", 'opacity=".7"', round_=0.11))
    edge = wide / 2 + 0.015
    a, b = x - edge, x + edge
    blanket = ((a, 0.56, near), (b, 0.56, near), (b, 0.56, 0.85), (a, 0.56, 0.85))
    forms.append(view.face(blanket, hexed(toned(colour, 1.15))))
    fold = ((a, 0.57, 0.80), (b, 0.57, 0.80), (b, 0.57, 0.86), (a, 0.57, 0.86))
    forms.append(view.face(fold, hexed(toned(sheet, 1.05))))
    forms.append(view.front(x - edge, x + edge, 0.10, 0.56, near, hexed(colour), round_=0.05))
    forms.append(view.front(x - edge, x + edge, 0.10, 0.56, near, "url(#down)", round_=0.05))
    for crease in range(7):
        u = x - edge + 2 * edge * (crease + 0.5) / 7
        forms.append(view.front(u, u + 0.05, 0.12, 0.54, near, "#000", 'opacity=".07"', round_=0.02))
    _shadow(room, x, wide * 1.15, 0.75, 0.34)


def rug(room: Room, x: float, wide: float, zs: tuple[float, float], colour: RGB) -> None:
    """Add a rug on the floor, with a border."""
    near, far = zs
    for inset, tone in ((0.0, 0.75), (0.10, 1.15), (0.16, 0.9)):
        a, b, c, d = x - wide / 2 + inset, x + wide / 2 - inset, near + inset * 0.12, far - inset * 0.16
        room.forms.append(room.view.face(((a, 0, c), (b, 0, c), (b, 0, d), (a, 0, d)), hexed(toned(colour, tone))))


def counter(room: Room, x0: float, x1: float, high: float, zs: tuple[float, float], colour: RGB, top: RGB) -> None:
    """Add a row of cupboards with a worktop along the back wall."""
    view = room.view
    room.forms.append(view.box((x0, x1), (0.08, high), zs, colour))
    doors = max(1, round((x1 - x0) / 0.55))
    for door in range(doors):
        a = x0 + (x1 - x0) * door / doors + 0.025
        b = x0 + (x1 - x0) * (door + 1) / doors - 0.025
        room.forms.append(view.front(a, b, 0.12, high - 0.04, zs[0], hexed(toned(colour, 1.08)), round_=0.012))
        panel = hexed(toned(colour, 0.92))
        room.forms.append(view.front(a + 0.05, b - 0.05, 0.17, high - 0.09, zs[0], panel, round_=0.01))
        room.forms.append(view.front(b - 0.05, b - 0.035, high * 0.5, high * 0.5 + 0.13, zs[0], "#b09a6a"))
    room.forms.append(view.box((x0 - 0.02, x1 + 0.02), (high, high + 0.05), (zs[0] * 0.985, zs[1]), top))
    near = zs[0] * 0.93
    foot = ((x0, 0.0, near), (x1, 0.0, near), (x1, 0.1, zs[0]), (x0, 0.1, zs[0]))
    room.shade.append(view.face(foot, "#000", 'opacity=".7"'))


def plant(room: Room, x: float, deep: float, high: float) -> None:
    """Add a plant in a pot."""
    view, forms = room.view, room.nearer if deep < 0.9 else room.forms
    pot: RGB = (0.62, 0.40, 0.30)
    for leaf in range(15):
        turn = math.pi * (0.08 + 0.84 * (leaf + 0.5 * float(room.rng.random())) / 15)
        long = high * room.between(0.55, 1.0)
        foot = view.at((x, 0.36, deep))
        tip = view.at((x + 0.62 * long * math.cos(turn), 0.36 + long * (0.35 + 0.65 * math.sin(turn)), deep))
        bend = view.at((x + 0.12 * long * math.cos(turn), 0.36 + long * (0.55 + 0.35 * math.sin(turn)), deep))
        wide = 0.055 * view.k / deep
        green = hexed(toned((0.20, 0.38, 0.20), room.between(0.6, 1.3)))
        forms.append(
            f'<path d="M{foot[0]:.1f},{foot[1]:.1f}Q{bend[0] - wide:.1f},{bend[1]:.1f} {tip[0]:.1f},{tip[1]:.1f}'
            f'Q{bend[0] + wide:.1f},{bend[1] + wide:.1f} {foot[0]:.1f},{foot[1]:.1f}z" fill="{green}"/>'
        )
    forms.append(view.front(x - 0.16, x + 0.16, 0.0, 0.38, deep, hexed(pot), round_=0.04))
    forms.append(view.front(x - 0.16, x + 0.16, 0.0, 0.38, deep, "url(#round)", round_=0.04))
    _shadow(room, x, 0.5, deep, 0.08)


def screen(room: Room, x: float, foot: float, deep: float) -> None:
    """Add a computer screen on a desk."""
    view = room.view
    room.nearer.append(view.front(x - 0.02, x + 0.02, foot, foot + 0.12, deep, "#2a2b2e"))
    room.nearer.append(view.front(x - 0.32, x + 0.32, foot + 0.10, foot + 0.50, deep, "#17181b", round_=0.02))
    room.nearer.append(view.front(x - 0.30, x + 0.30, foot + 0.12, foot + 0.48, deep, "#7fa6c9"))
    for line in range(6):
        y = foot + 0.43 - 0.05 * line
        room.nearer.append(view.front(x - 0.26, x - 0.26 + room.between(0.15, 0.5), y, y + 0.016, deep, "#e8f1f8"))
    room.bright_nearer.append(view.front(x - 0.30, x + 0.30, foot + 0.12, foot + 0.48, deep, "#fff"))


def _shadow(room: Room, x: float, wide: float, deep: float, long: float) -> None:
    px, py = room.view.at((x, 0.0, deep))
    scale = room.view.k / deep
    high = max(0.10, 0.9 * long) * scale
    room.shade.append(
        f'<ellipse cx="{px:.1f}" cy="{py:.1f}" rx="{wide * 0.56 * scale:.1f}" ry="{high:.1f}" opacity=".6"/>'
    )
