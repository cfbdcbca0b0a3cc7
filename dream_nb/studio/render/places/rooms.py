"""Kinds of rooms: their colours, and what stands in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.places import furniture as f
from dream_nb.studio.render.places.board import hexed
from dream_nb.studio.render.places.perspective import Point, toned
from dream_nb.studio.render.places.room import Room
from dream_nb.studio.render.places.window import curtains, window
from dream_nb.studio.render.vocabulary import RGB

COLOURS: Final[dict[str, tuple[tuple[RGB, RGB], ...]]] = {
    "library": (((0.42, 0.33, 0.24), (0.40, 0.25, 0.14)), ((0.30, 0.34, 0.28), (0.33, 0.19, 0.11))),
    "cafe": (((0.52, 0.38, 0.30), (0.42, 0.28, 0.17)), ((0.33, 0.40, 0.37), (0.50, 0.34, 0.20))),
    "kitchen": (((0.80, 0.76, 0.68), (0.62, 0.46, 0.30)), ((0.66, 0.72, 0.70), (0.56, 0.42, 0.28))),
    "bedroom": (((0.62, 0.60, 0.64), (0.50, 0.36, 0.26)), ((0.70, 0.60, 0.52), (0.44, 0.31, 0.22))),
    "living": (((0.60, 0.52, 0.42), (0.42, 0.28, 0.18)), ((0.40, 0.47, 0.45), (0.46, 0.31, 0.19))),
    "office": (((0.68, 0.68, 0.67), (0.50, 0.40, 0.30)), ((0.56, 0.60, 0.64), (0.42, 0.36, 0.31))),
    "workshop": (((0.50, 0.47, 0.43), (0.52, 0.38, 0.25)), ((0.58, 0.54, 0.49), (0.46, 0.34, 0.22))),
}
"""Colours of the wall and the wood in each kind of room; each take uses one of these pairs."""

_BOTTLES: Final[tuple[RGB, ...]] = ((0.30, 0.20, 0.12), (0.70, 0.62, 0.48), (0.25, 0.36, 0.30), (0.80, 0.76, 0.70))


def furnish(room: Room, kind: str) -> None:
    """Add the furniture of a kind of room."""
    _KINDS[kind](room)


def _side(room: Room, side: float) -> Callable[[float, float], Point]:
    """A side wall (-1 left, 1 right) for `furniture.bookcase`, measured in metres from the back wall."""
    return lambda u, v: (side * room.half, v, 1.0 - u / 5.5)


def _library(room: Room) -> None:
    half, high = room.half, room.ceiling - 0.25
    gap = min(0.75, 0.45 * half)
    x = room.between(-0.25, 0.25) * half
    f.bookcase(room, lambda u, v: (-half + u, v, 1.0), x - gap - 0.2 + half, high)
    f.bookcase(room, lambda u, v: (x + gap + 0.2 + u, v, 1.0), half - x - gap - 0.2, high)
    if room.rng.random() < 0.4:
        f.fireplace(room, x, 2 * gap)
    else:
        window(room, x - gap, x + gap, 0.95, min(room.ceiling - 0.4, 2.6), (2, 3))
        room.forms.append(room.view.box((x - gap - 0.05, x + gap + 0.05), (0.0, 0.5), (0.94, 1.0), room.trim))
        cushion: RGB = (0.45, 0.18, 0.15)
        room.forms.append(room.view.box((x - gap, x + gap), (0.5, 0.6), (0.945, 1.0), cushion, 0.04))
    for side in (-1.0, 1.0):
        f.bookcase(room, _side(room, side), 3.6, high, book=0.085)
    at = room.between(-0.5, 0.5) * half
    f.rug(room, at * 0.4, min(2.8, 1.6 * half), (0.52, 0.86), (0.44, 0.20, 0.17))
    f.table(room, at, 1.5, 0.76, (0.66, 0.80), toned(room.trim, 1.15))
    f.shaded_lamp(room, at + room.between(-0.45, 0.45), 0.76, 0.42, 0.73, 0.95)
    _pile(room, at - 0.25, 0.76, 0.70)
    f.chair(room, at + (0.9 if at < 0 else -0.9), 0.66, toned(room.trim, 0.8))
    f.pendant(room, -at * 0.8, room.ceiling - 0.7, 0.95, 0.2, 0.45)


def _pile(room: Room, x: float, foot: float, deep: float) -> None:
    """Add a pile of books."""
    for book in range(3):
        a = x + room.between(-0.03, 0.03)
        tone = (room.between(0.3, 0.55), room.between(0.18, 0.3), room.between(0.14, 0.25))
        low = foot + 0.05 * book
        room.nearer.append(room.view.box((a, a + 0.24), (low, low + 0.045), (deep, deep + 0.03), tone))


def _cafe(room: Room) -> None:
    half = room.half
    side = -1 if room.rng.random() < 0.5 else 1
    a, b = sorted((-side * half * 0.92, side * half * 0.12))
    window(room, a, b, 0.75, min(2.45, room.ceiling - 0.4), (3, 2), city=True)
    c, d = sorted((side * half * 0.22, side * half * 0.96))
    board = (min(c, d) + 0.05, max(c, d) - 0.05)
    for row in range(3):
        f.open_shelf(room, *board, 1.45 + 0.42 * row, _BOTTLES)
    f.counter(room, c, d, 1.05, (0.84, 0.92), toned(room.trim, 0.75), (0.30, 0.20, 0.14))
    machine = (c + d) / 2
    steel: RGB = (0.55, 0.56, 0.58)
    room.forms.append(room.view.box((machine - 0.30, machine + 0.30), (1.10, 1.52), (0.85, 0.9), steel, 0.03))
    room.forms.append(room.view.front(machine - 0.22, machine + 0.22, 1.18, 1.34, 0.85, "#22201f"))
    for number in range(4):
        f.pendant(room, half * (-0.75 + 0.5 * number), min(2.15, room.ceiling - 0.45), 0.82, 0.17, 0.6)
    for number, deep in enumerate((0.74, 0.58)):
        x = half * (-0.45 if number else 0.30) * side + room.between(-0.2, 0.2)
        f.chair(room, x - 0.62, deep * 1.02, toned(room.trim, 0.7))
        _round_table(room, x, deep)
        f.chair(room, x + 0.62, deep * 0.97, toned(room.trim, 0.7))
    f.plant(room, -side * half * 0.9, 0.86, 0.9)


def _round_table(room: Room, x: float, deep: float) -> None:
    """Add a small round table with a cup."""
    view = room.view
    scale = view.k / deep
    px, py = view.at((x, 0.74, deep))
    foot = view.at((x, 0.0, deep))
    wood = hexed(toned(room.trim, 1.25))
    squeeze = max(0.10, (view.eye - 0.74) * 0.35)
    room.nearer.append(view.front(x - 0.03, x + 0.03, 0.0, 0.72, deep, "#1d1916"))
    discs = ((*foot, 0.22, "#1d1916"), (px, py + 0.04 * scale, 0.40, "#20150e"), (px, py, 0.40, wood))
    for cx, cy, wide, fill in discs:
        rx = wide * scale
        room.nearer.append(
            f'<ellipse cx="{cx:.1f}" cy="{cy:.1f}" rx="{rx:.1f}" ry="{squeeze * rx:.1f}" fill="{fill}"/>'
        )
    room.nearer.append(view.front(x + 0.06, x + 0.15, 0.75, 0.84, deep, "#efe8dc", round_=0.02))
    room.nearer.append(view.front(x + 0.06, x + 0.15, 0.75, 0.84, deep, "url(#round)", round_=0.02))


def _kitchen(room: Room) -> None:
    half, view = room.half, room.view
    paint = room.one_of(((0.42, 0.50, 0.46), (0.78, 0.76, 0.72), (0.30, 0.36, 0.44), (0.60, 0.48, 0.36)))
    x = room.between(-0.25, 0.25) * half
    for row in range(5):
        for column in range(round(2 * half / 0.2)):
            a = -half + 0.2 * column
            tone = toned((0.86, 0.84, 0.80), room.between(0.92, 1.05))
            room.forms.append(view.front(a, a + 0.192, 0.95 + 0.13 * row, 0.95 + 0.13 * row + 0.122, 1.0, hexed(tone)))
    window(room, x - 0.6, x + 0.6, 1.15, min(2.25, room.ceiling - 0.35), (2, 1))
    f.counter(room, -half, half, 0.90, (0.86, 1.0), paint, (0.72, 0.66, 0.58))
    jars = ((0.80, 0.62, 0.40), (0.62, 0.30, 0.20), (0.82, 0.78, 0.70), (0.40, 0.46, 0.34), (0.55, 0.60, 0.60))
    for a, b in ((-half, x - 0.85), (x + 0.85, half)):
        if b - a > 0.5:
            f.open_shelf(room, a + 0.1, b - 0.1, 1.58, jars)
            f.open_shelf(room, a + 0.1, b - 0.1, 2.02, jars)
    tap = x + 0.05
    room.forms.append(view.front(tap - 0.015, tap + 0.015, 0.95, 1.22, 0.93, "#b9bcc0"))
    room.forms.append(view.front(tap - 0.13, tap + 0.015, 1.20, 1.225, 0.93, "#c9ccd0"))
    for number in range(2):
        f.pendant(room, half * (-0.4 + 0.8 * number), min(2.0, room.ceiling - 0.5), 0.74, 0.2, 0.7)
    at = room.between(-0.3, 0.3) * half
    f.table(room, at, 1.9, 0.88, (0.58, 0.72), mix(room.trim, (0.8, 0.7, 0.55), 0.3))
    _bowl(room, at + room.between(-0.4, 0.4), 0.88, 0.65)
    f.plant(room, half * 0.92, 0.8, 0.7)


def _bowl(room: Room, x: float, foot: float, deep: float) -> None:
    """Add a bowl of fruit."""
    view = room.view
    scale = view.k / deep
    for fruit in range(6):
        px, py = view.at((x - 0.13 + 0.052 * fruit, foot + 0.12 + (0.04 if 1 < fruit < 4 else 0.0), deep))
        tone = ("#c8442f", "#e0913a", "#d8b440", "#8aa646")[int(room.rng.random() * 4)]
        room.nearer.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="{0.05 * scale:.1f}" fill="{tone}"/>')
    left, top = view.at((x - 0.2, foot + 0.12, deep))
    right, low = view.at((x + 0.2, foot, deep))
    room.nearer.append(
        f'<path d="M{left:.1f},{top:.1f}Q{left:.1f},{low:.1f} {(left + right) / 2:.1f},{low:.1f}Q{right:.1f},{low:.1f} '
        f'{right:.1f},{top:.1f}z" fill="#d9d2c4"/>'
    )


def _bedroom(room: Room) -> None:
    half = room.half
    side = -1 if room.rng.random() < 0.5 else 1
    wide = min(1.7, 1.1 * half)
    x = side * half * 0.30
    c = -side * half * 0.58
    w = min(0.6, 0.36 * half)
    window(room, c - w, c + w, 0.85, min(2.25, room.ceiling - 0.35), (2, 2))
    cloth = room.one_of(((0.66, 0.60, 0.52), (0.46, 0.50, 0.58), (0.60, 0.42, 0.40)))
    curtains(room, c - w, c + w, 0.25, min(2.3, room.ceiling - 0.3), cloth)
    f.picture(room, x - 0.45, 1.5, 0.9, 0.6)
    f.rug(room, x - side * 0.6, 2.2, (0.50, 0.80), (0.62, 0.55, 0.48))
    for place in (-1, 1):
        at = x + place * (wide / 2 + 0.36)
        room.forms.append(room.view.box((at - 0.22, at + 0.22), (0.0, 0.52), (0.92, 1.0), room.trim, 0.02))
        f.shaded_lamp(room, at, 0.52, 0.36, 0.95, 0.75)
    f.bed(room, x, wide, room.one_of(((0.34, 0.40, 0.50), (0.55, 0.40, 0.36), (0.42, 0.46, 0.38))))
    f.plant(room, -side * half * 0.95, 0.82, 0.8)


def _living(room: Room) -> None:
    half = room.half
    side = -1 if room.rng.random() < 0.5 else 1
    w = min(0.65, 0.34 * half)
    f.fireplace(room, -side * half * 0.42, min(1.5, 0.8 * half))
    c = side * half * 0.50
    window(room, c - w, c + w, 0.8, min(2.3, room.ceiling - 0.35), (2, 3))
    cloth = room.one_of(((0.60, 0.30, 0.24), (0.55, 0.50, 0.42), (0.34, 0.42, 0.42)))
    curtains(room, c - w, c + w, 0.12, min(2.35, room.ceiling - 0.3), cloth)
    f.bookcase(room, _side(room, side), 2.2, min(2.2, room.ceiling - 0.3), book=0.085)
    f.rug(room, 0.0, min(3.2, 1.7 * half), (0.48, 0.84), (0.56, 0.34, 0.26))
    sofa = room.one_of(((0.36, 0.42, 0.40), (0.56, 0.36, 0.26), (0.44, 0.44, 0.50), (0.62, 0.56, 0.46)))
    f.sofa(room, side * half * 0.42, min(2.0, 1.0 * half), 0.72, sofa)
    f.shaded_lamp(room, side * half * 0.96, 0.0, 1.45, 0.86, 0.9)
    f.table(room, -side * half * 0.12, 0.95, 0.42, (0.56, 0.66), toned(room.trim, 1.1))
    f.plant(room, -side * half * 0.98, 0.84, 1.0)


def _office(room: Room) -> None:
    half = room.half
    side = -1 if room.rng.random() < 0.5 else 1
    a, b = sorted((-side * half * 0.96, side * half * 0.34))
    window(room, a, b, 0.55, min(2.5, room.ceiling - 0.25), (4, 1), city=True)
    c, d = sorted((side * half * 0.45, side * half * 0.99))
    f.bookcase(room, lambda u, v: (c + u, v, 1.0), d - c, min(2.1, room.ceiling - 0.3), book=0.07)
    desk = -side * half * 0.12
    f.table(room, desk, 1.8, 0.75, (0.62, 0.76), mix(room.trim, (0.75, 0.62, 0.46), 0.5))
    f.screen(room, desk + 0.1, 0.75, 0.72)
    f.shaded_lamp(room, desk - 0.65, 0.75, 0.42, 0.70, 0.8)
    _pile(room, desk + 0.55, 0.75, 0.66)
    f.chair(room, desk + 0.1, 0.56, (0.16, 0.17, 0.19))
    f.pendant(room, desk, min(2.35, room.ceiling - 0.3), 0.8, 0.32, 0.5)
    f.plant(room, side * half * 0.82, 0.74, 1.1)


def _workshop(room: Room) -> None:
    half, view = room.half, room.view
    side = -1 if room.rng.random() < 0.5 else 1
    a, b = sorted((-side * half * 0.90, -side * half * 0.02))
    window(room, a, b, 1.15, min(2.6, room.ceiling - 0.3), (4, 3))
    c, d = sorted((side * half * 0.10, side * half * 0.96))
    room.forms.append(view.front(c, d, 1.2, 2.3, 1.0, hexed(toned(room.trim, 0.75))))
    steel: RGB = (0.48, 0.49, 0.50)
    for number in range(11):
        x = c + 0.10 + (d - c - 0.2) * number / 11
        top, long = room.between(1.95, 2.2), room.between(0.25, 0.6)
        handle = (room.between(0.4, 0.75), room.between(0.2, 0.36), 0.14)
        room.forms.append(view.front(x, x + 0.035, top - long * 0.5, top, 0.99, hexed(handle), round_=0.015))
        wide = room.between(0.02, 0.13)
        a, b = x + 0.018 - wide / 2, x + 0.018 + wide / 2
        blade = hexed(toned(steel, room.between(0.7, 1.2)))
        room.forms.append(view.front(a, b, top - long, top - long * 0.5, 0.99, blade))
    f.counter(room, -half, half, 0.86, (0.88, 1.0), toned(room.trim, 0.62), toned(room.trim, 1.2))
    f.open_shelf(room, c, d, 2.42, ((0.5, 0.3, 0.2), (0.3, 0.36, 0.42), (0.62, 0.55, 0.4)))
    for number in range(3):
        f.pendant(room, half * (-0.6 + 0.6 * number), min(2.2, room.ceiling - 0.4), 0.8, 0.24, 0.65)
    at = -side * half * 0.15
    f.table(room, at, 1.7, 0.84, (0.58, 0.72), toned(room.trim, 1.15))
    _pile(room, at + 0.3, 0.84, 0.64)
    f.chair(room, at - 1.15, 0.62, toned(room.trim, 0.8))


_KINDS: Final[dict[str, Callable[[Room], None]]] = {
    "library": _library,
    "cafe": _cafe,
    "kitchen": _kitchen,
    "bedroom": _bedroom,
    "living": _living,
    "office": _office,
    "workshop": _workshop,
}
