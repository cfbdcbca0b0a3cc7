"""The perspective of a room or a street: converts metres to pixels and draws flat forms as SVG."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dream_nb.studio.render.places.board import hexed
from dream_nb.studio.render.vocabulary import RGB

Point = tuple[float, float, float]
"""Metres to the right of the viewer, metres above the ground, and depth: at depth 1 a metre is `k` pixels."""


@dataclass(frozen=True, slots=True)
class Perspective:
    """The position of the viewer.

    Args:
        x, y: the vanishing point, in pixels of the frame.
        k: pixels per metre at depth 1.
        eye: height of the viewer's eye above the ground, in metres.
        up: 1, or -1 for the reflection in wet ground.
    """

    x: float
    y: float
    k: float
    eye: float
    up: float = 1.0

    def at(self, point: Point) -> tuple[float, float]:
        """The position of a point in the frame, in pixels."""
        x, up, deep = point
        scale = self.k / deep
        return self.x + x * scale, self.y + (self.eye - self.up * up) * scale

    def face(self, points: Iterable[Point], fill: str, extra: str = "") -> str:
        """A polygon as SVG; `extra` is further attributes."""
        corners = " ".join("{:.1f},{:.1f}".format(*self.at(point)) for point in points)
        return f'<polygon points="{corners}" fill="{fill}" {extra}/>'

    def front(
        self, x0: float, x1: float, y0: float, y1: float, deep: float, fill: str, extra: str = "", round_: float = 0.0
    ) -> str:
        """A rectangle that faces the viewer, as SVG.

        Args:
            x0, x1, y0, y1: its sides, in metres; y upwards.
            deep: its depth.
            fill: a colour or another SVG paint.
            extra: further attributes.
            round_: radius of its corners, in metres.
        """
        left, foot = self.at((x0, y0, deep))
        right, top = self.at((x1, y1, deep))
        top, foot = min(top, foot), max(top, foot)
        corner = f'rx="{round_ * self.k / deep:.1f}" ' if round_ else ""
        return (
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(0.1, right - left):.1f}" '
            f'height="{max(0.1, foot - top):.1f}" fill="{fill}" {corner}{extra}/>'
        )

    def box(
        self,
        xs: tuple[float, float],
        ys: tuple[float, float],
        zs: tuple[float, float],
        colour: RGB,
        round_: float = 0.0,
    ) -> str:
        """A box as SVG: its front, and its top and one side where they are visible.

        Args:
            xs, ys: its sides, in metres.
            zs: depths of its front and its back.
            colour: colour of its front; its top is lighter, its side darker.
            round_: radius of the corners of its front, in metres.
        """
        (x0, x1), (y0, y1), (near, far) = xs, ys, zs
        parts = []
        if y1 < self.eye:
            parts.append(
                self.face(((x0, y1, near), (x1, y1, near), (x1, y1, far), (x0, y1, far)), hexed(toned(colour, 1.22)))
            )
        side = x1 if x1 < 0 else x0 if x0 > 0 else None
        if side is not None:
            parts.append(
                self.face(
                    ((side, y0, near), (side, y1, near), (side, y1, far), (side, y0, far)), hexed(toned(colour, 0.62))
                )
            )
        parts.append(self.front(x0, x1, y0, y1, near, hexed(colour), round_=round_))
        parts.append(self.front(x0, x1, y0, y1, near, "url(#down)", round_=round_))
        return "".join(parts)


def toned(colour: RGB, by: float) -> RGB:
    """A colour multiplied by a factor: brighter above 1, darker below."""
    return colour[0] * by, colour[1] * by, colour[2] * by
