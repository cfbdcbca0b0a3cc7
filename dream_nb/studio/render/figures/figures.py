"""The figures that are drawn as silhouettes, such as flocks and boats: their size, their place and their motion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from dream_nb.studio.render.figures import flyers_and_swimmers, vehicles
from dream_nb.studio.render.figures.pen import Pen, stamp
from dream_nb.studio.render.noise import U8

Draw = Callable[[Pen, float], None]
Place = Literal["sky", "water", "deep"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A silhouette, facing right.

    Args:
        draw: draws it with a pen, at a part (0 to 1) of its step or wing beat.
        width: its width, relative to its height.
        high: its height seen from near, in scene units.
        place: the place where it lives.
        speed: how many scene units it moves in five seconds; 0 if it stays in its place.
        poses: the number of different poses in a step.
        beats: the number of steps in five seconds.
        many: how many to draw if the prompt does not say.
    """

    draw: Draw
    width: float
    high: float
    place: Place
    speed: float = 0.0
    poses: int = 1
    beats: int = 6
    many: int = 1

    def masks(self, pixels: float) -> list[U8]:
        """Return the masks of all poses of a step, at a height in pixels."""
        poses = [partial(_at, self.draw, pose / self.poses) for pose in range(self.poses)]
        return [stamp(pose, self.width, pixels) for pose in poses]


def _at(draw: Draw, step: float, pen: Pen) -> None:
    draw(pen, step)


_FIGURES: dict[str, Figure] = {
    "birds": Figure(flyers_and_swimmers.bird, 2.6, 0.030, "sky", 0.55, 8, 9, 7),
    "butterflies": Figure(flyers_and_swimmers.butterfly, 1.4, 0.034, "sky", 0.25, 6, 14, 6),
    "bats": Figure(flyers_and_swimmers.bat, 2.3, 0.034, "sky", 0.60, 8, 14, 8),
    "boat": Figure(vehicles.boat, 2.4, 0.14, "water", 0.10, 8, 4),
    "sailboat": Figure(vehicles.sailboat, 1.0, 0.36, "water", 0.16),
    "ship": Figure(vehicles.ship, 1.7, 0.46, "water", 0.10),
    "fish": Figure(flyers_and_swimmers.fish, 2.0, 0.045, "deep", 0.45, 6, 8, 9),
    "balloons": Figure(vehicles.balloon, 0.8, 0.24, "sky", 0.10, many=4),
    "kite": Figure(vehicles.kite, 0.8, 0.10, "sky", 0.08, 6, 4),
}


def named(kind: str) -> Figure:
    """Return the figure of a kind."""
    return _FIGURES[kind]
