"""Small pictures placed by two measures, as a drawing that needs no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from dream_nb.html.page import drawing_uri, template

WIDTH: Final = 720
HEIGHT: Final = 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 16, 52
_SIDES: Final = 36, 104
# The largest fraction of the drawing that the pictures may cover.
_COVER: Final = 0.28
_ROUNDS: Final = 120
_GAP: Final = 4.0
_OFF, _TURN = 0.5, 2.4
_ASIDE: Final = 0.2
_TICKS: Final = 6
_MARGIN: Final = 0.08


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis.

    Attributes:
        label: the name of the measure, with its unit.
        low: its lower end.
        high: its upper end.
    """

    label: str
    low: float
    high: float

    @classmethod
    def of(cls, label: str, values: Sequence[float]) -> Self:
        """Return an axis for some values, with a margin.

        Args:
            label: the name of the measure, with its unit.
            values: the values; at least one finite number.
        """
        low, high = min(values), max(values)
        margin = (high - low) * _MARGIN or abs(high) * _MARGIN or 1.0
        return cls(label, low - margin, high + margin)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Return round numbers on the axis, with their text."""
        rough = (self.high - self.low) / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [(number * step, f"{number * step:,.{digits}f}") for number in range(first, last + 1)]

    def share(self, value: float) -> float:
        """Return the position of a value on the axis, from 0 to 1.

        Args:
            value: the value.
        """
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Spot:
    """A dream on the two axes.

    Attributes:
        x, y: its values on the axes.
        picture: a small picture as a `data:` URI; empty if there is none.
        size: width and height of the picture in pixels.
        text: the title.
    """

    x: float
    y: float
    picture: str
    size: tuple[int, int]
    text: str


@dataclass(slots=True)
class _Place:
    """A spot in the drawing: its exact point, the centre of its picture, and its size, in pixels."""

    spot: Spot
    point: tuple[float, float]
    x: float
    y: float
    width: float
    height: float


def scatter(spots: Sequence[Spot], across: Scale, up: Scale, note: str = "") -> str:
    """Return pictures on two axes as HTML. Overlapping pictures are moved, with a line to their exact points.

    The drawing is an embedded picture, because an untrusted notebook would show only the words of inline SVG. Its grey
    is visible on light and dark backgrounds.

    Args:
        spots: the spots to show.
        across: the horizontal axis.
        up: the vertical axis.
        note: the text below the drawing.
    """
    wide, high = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    side = max(_SIDES[0], min(_SIDES[1], math.sqrt(wide * high * _COVER / len(spots))))
    places = [_place(number, spot, across, up, side) for number, spot in enumerate(spots)]
    for _ in range(_ROUNDS):
        if not _spread(places):
            break
    drawing = template("scatter.svg").render(
        places=places,
        across=across,
        up=up,
        columns=[(_LEFT + across.share(value) * wide, text) for value, text in across.ticks],
        rows=[(_TOP + (1 - up.share(value)) * high, text) for value, text in up.ticks],
        box=(_LEFT, _TOP, wide, high),
        extent=(WIDTH, HEIGHT),
    )
    return template("scatter.html").render(
        drawing=drawing_uri(drawing), count=len(spots), across=across, up=up, extent=(WIDTH, HEIGHT), note=note
    )


def _place(number: int, spot: Spot, across: Scale, up: Scale, side: float) -> _Place:
    x = _LEFT + across.share(spot.x) * (WIDTH - _LEFT - _RIGHT)
    y = _TOP + (1 - up.share(spot.y)) * (HEIGHT - _TOP - _BOTTOM)
    scale = side / max(spot.size)
    width, height = (spot.size[0] * scale, spot.size[1] * scale) if spot.picture else (8.0, 8.0)
    # Slightly off, each in another direction, so that pictures at one point spread to all sides.
    off, turn = _OFF * math.sqrt(number), _TURN * number
    return _Place(spot, (x, y), x + off * math.cos(turn), y + off * math.sin(turn), width, height)


def _spread(places: Sequence[_Place]) -> bool:
    """Move overlapping pictures apart by half of the overlap, inside the axes. Returns whether anything moved."""
    moved = False
    for number, one in enumerate(places):
        for other in places[:number]:
            over_x = (one.width + other.width) / 2 + _GAP - abs(one.x - other.x)
            over_y = (one.height + other.height) / 2 + _GAP - abs(one.y - other.y)
            if over_x <= 0 or over_y <= 0:
                continue
            moved = True
            # In proportion to their sizes, and slightly in the other direction too, or they would stay in one row or
            # column.
            is_across = over_x / (one.width + other.width) < over_y / (one.height + other.height)
            step_x = math.copysign(over_x / 2 * (1.0 if is_across else _ASIDE), one.x - other.x)
            step_y = math.copysign(over_y / 2 * (_ASIDE if is_across else 1.0), one.y - other.y)
            one.x, other.x = one.x + step_x, other.x - step_x
            one.y, other.y = one.y + step_y, other.y - step_y
    for one in places:
        one.x = min(max(one.x, _LEFT + one.width / 2), WIDTH - _RIGHT - one.width / 2)
        one.y = min(max(one.y, _TOP + one.height / 2), HEIGHT - _BOTTOM - one.height / 2)
    return moved
