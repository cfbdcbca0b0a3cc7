"""Windows of a room, and the view through them."""

from __future__ import annotations

from dream_nb.studio.render.palette import GROUNDS, mix, times
from dream_nb.studio.render.places.board import hexed
from dream_nb.studio.render.places.perspective import toned
from dream_nb.studio.render.places.room import Room
from dream_nb.studio.render.vocabulary import RGB

_DARK_HOURS = ("dusk", "night")


def window(
    room: Room, x0: float, x1: float, y0: float, y1: float, panes: tuple[int, int] = (2, 2), city: bool = False
) -> None:
    """Add a window to the back wall.

    Args:
        room: the room it belongs to.
        x0, x1, y0, y1: its sides, in metres.
        panes: number of panes across and up.
        city: whether it looks out onto a city.
    """
    view = room.view
    frame = mix(room.trim, (0.9, 0.88, 0.84), 0.5)
    rim = 0.07
    room.forms.append(view.front(x0 - rim, x1 + rim, y0 - rim, y1 + rim, 1.0, hexed(frame)))
    left, foot = view.at((x0, y0, 1.0))
    right, top = view.at((x1, y1, 1.0))
    room.forms.append(
        f'<svg x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{foot - top:.1f}" '
        f'viewBox="0 0 100 100" preserveAspectRatio="none">{_outside(room, city, (right - left) / (foot - top))}</svg>'
    )
    room.bright.append(view.front(x0, x1, y0, y1, 1.0, "#fff"))
    across, up = panes
    bar = 0.045
    for at in range(1, across):
        x = x0 + (x1 - x0) * at / across
        room.forms.append(view.front(x - bar / 2, x + bar / 2, y0, y1, 1.0, hexed(toned(frame, 0.75))))
    for at in range(1, up):
        y = y0 + (y1 - y0) * at / up
        room.forms.append(view.front(x0, x1, y - bar / 2, y + bar / 2, 1.0, hexed(toned(frame, 0.75))))
    room.forms.append(view.box((x0 - 0.14, x1 + 0.14), (y0 - 0.12, y0 - 0.05), (0.96, 1.0), toned(frame, 0.95)))
    for column in range(across):
        for row in range(up):
            a, b = (x0 + (x1 - x0) * (column + part) / across for part in (0.03, 0.97))
            c, d = (y0 + (y1 - y0) * (row + part) / up for part in (0.03, 0.97))
            room.panes.append((*view.at((a, d, 1.0)), *view.at((b, c, 1.0))))


def curtains(room: Room, x0: float, x1: float, y0: float, y1: float, colour: RGB) -> None:
    """Add curtains on both sides of a window, with their rod; the sides are in metres."""
    view = room.view
    room.forms.append(view.front(x0 - 0.3, x1 + 0.3, y1 + 0.12, y1 + 0.15, 0.97, hexed(toned(room.trim, 0.6))))
    for side in (-1, 1):
        inner, outer = (x0 + 0.10, x0 - 0.38) if side < 0 else (x1 - 0.10, x1 + 0.38)
        folds = 6
        for fold in range(folds):
            a, b = sorted(inner + (outer - inner) * (fold + part) / folds for part in (-0.06, 1.06))
            tone = toned(colour, 0.9 + 0.2 * room.between(0.0, 1.0))
            drop = y0 - room.between(0.02, 0.06)
            room.forms.append(view.front(a, b, drop, y1 + 0.13, 0.97, hexed(tone), round_=0.03))
            room.forms.append(view.front(a, b, drop, y1 + 0.13, 0.97, "url(#round)", 'opacity=".55"', round_=0.03))


def _outside(room: Room, city: bool, shape: float) -> str:
    """The out-of-focus view outside as SVG, 100 units wide and high; `shape` is the window's width over its height."""
    s, rng = room.stage, room.rng
    light = s.light
    dark = s.plan.hour in _DARK_HOURS
    sky = (
        '<defs><linearGradient id="sky" x2="0" y2="1">'
        + "".join(
            f'<stop offset="{offset}" stop-color="{hexed(colour)}"/>'
            for offset, colour in ((0, light.middle), (0.65, light.horizon), (1, light.haze))
        )
        + "</linearGradient></defs>"
        '<filter id="far" filterUnits="userSpaceOnUse" x="-8" y="-8" width="116" height="116">'
        f'<feGaussianBlur stdDeviation="{1.3 / max(0.7, shape):.2f} 1.3"/></filter>'
        '<rect width="100" height="100" fill="url(#sky)"/><g filter="url(#far)">'
    )
    parts = [sky]
    if city:
        for depth in range(3):
            tone = mix(light.haze, times((0.36, 0.38, 0.45), light.shade), 0.35 + 0.3 * depth)
            x = -5.0
            while x < 105:
                wide = 5 + 10 * float(rng.random())
                high = (58 - 13 * depth) * (0.5 + 0.6 * float(rng.random()))
                fill = hexed(tone)
                parts.append(f'<rect x="{x:.1f}" y="{100 - high:.1f}" width="{wide:.1f}" height="100" fill="{fill}"/>')
                x += wide * 0.9
    else:
        green = times(GROUNDS["snow" if s.plan.ground == "snow" else "grass"], light.lit)
        for depth in range(3):
            leaves = hexed(mix(light.haze, green, 0.25 + 0.25 * depth))
            for _ in range(12):
                x, y = 100 * float(rng.random()), 72 + 12 * depth + 16 * float(rng.random())
                r = 10 + 9 * float(rng.random())
                at = f'cx="{x:.1f}" cy="{y:.1f}" rx="{r:.1f}" ry="{r * 1.2:.1f}"'
                parts.append(f'<ellipse {at} fill="{leaves}" opacity=".6"/>')
    if dark:
        for _ in range(42 if city else 9):
            x, y, r = 100 * float(rng.random()), 42 + 56 * float(rng.random()), 1.0 + 1.6 * float(rng.random())
            warm = ("#ffcf7a", "#ffe2ae", "#ff9d5c", "#a9c8ff")[int(rng.random() * 4)]
            parts.append(
                f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{r / max(0.5, shape):.2f}" ry="{r:.2f}" fill="{warm}" '
                f'opacity="{0.35 + 0.45 * float(rng.random()):.2f}"/>'
            )
    return "".join(parts) + "</g>"
