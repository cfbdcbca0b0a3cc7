"""Animals, people and vehicles as silhouettes: how large they are, where they belong, how they move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from dream_nb.studio.render.figures import flyers_and_swimmers, people, quadrupeds, vehicles
from dream_nb.studio.render.figures.pen import Pen, stamp
from dream_nb.studio.render.noise import U8

Draw = Callable[[Pen, float], None]
Place = Literal["ground", "sky", "water", "deep"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A silhouette, facing right.

    Args:
        draw: with a pen, at a part (0 to 1) of its step or wing beat.
        width: in its own heights.
        high: in scene units, seen from near.
        place: where it lives.
        speed: scene units in five seconds; 0 stands.
        poses: how many different ones a step has.
        beats: steps in five seconds.
        many: how many there are when the prompt does not say.
    """

    draw: Draw
    width: float
    high: float
    place: Place = "ground"
    speed: float = 0.0
    poses: int = 1
    beats: int = 6
    many: int = 1

    def masks(self, pixels: float) -> list[U8]:
        """The poses of a step, at this height in pixels."""
        poses = [partial(_at, self.draw, pose / self.poses) for pose in range(self.poses)]
        return [stamp(pose, self.width, pixels) for pose in poses]


def _at(draw: Draw, step: float, pen: Pen) -> None:
    draw(pen, step)


_FIGURES: dict[str, Figure] = {
    "birds": Figure(flyers_and_swimmers.bird, 2.6, 0.030, "sky", 0.55, 8, 9, 7),
    "eagle": Figure(flyers_and_swimmers.eagle, 2.8, 0.075, "sky", 0.45, 8, 3),
    "butterflies": Figure(flyers_and_swimmers.butterfly, 1.4, 0.034, "sky", 0.25, 6, 14, 6),
    "bats": Figure(flyers_and_swimmers.bat, 2.3, 0.034, "sky", 0.60, 8, 14, 8),
    "dragon": Figure(flyers_and_swimmers.dragon, 3.2, 0.17, "sky", 0.50, 10, 4),
    "horse": Figure(quadrupeds.horse, 1.7, 0.20, "ground", 0.42, 8, 7),
    "unicorn": Figure(quadrupeds.unicorn, 1.7, 0.22, "ground", 0.30, 8, 6),
    "deer": Figure(quadrupeds.deer, 1.3, 0.21),
    "wolf": Figure(quadrupeds.wolf, 2.0, 0.11, "ground", 0.22, 8, 6),
    "dog": Figure(quadrupeds.dog, 1.9, 0.09, "ground", 0.34, 8, 9),
    "cat": Figure(quadrupeds.cat, 1.8, 0.075, "ground", 0.12, 8, 5),
    "lion": Figure(quadrupeds.lion, 2.2, 0.14, "ground", 0.16, 8, 4),
    "bear": Figure(quadrupeds.bear, 2.1, 0.15, "ground", 0.12, 8, 4),
    "cow": Figure(quadrupeds.cow, 2.2, 0.15, many=3),
    "sheep": Figure(quadrupeds.sheep, 1.8, 0.085, many=5),
    "rabbit": Figure(quadrupeds.rabbit, 1.5, 0.06, "ground", 0.30, 8, 10),
    "elephant": Figure(quadrupeds.elephant, 1.9, 0.23, "ground", 0.12, 8, 3, 2),
    "giraffe": Figure(quadrupeds.giraffe, 1.2, 0.40, "ground", 0.10, 8, 3, 2),
    "camel": Figure(quadrupeds.camel, 1.7, 0.19, "ground", 0.14, 8, 4, 4),
    "dinosaur": Figure(quadrupeds.dinosaur, 2.2, 0.34, "ground", 0.12, 8, 3),
    "person": Figure(partial(people.person), 0.9, 0.17, "ground", 0.12, 8, 5),
    "child": Figure(partial(people.person, arms=0.8), 0.9, 0.11, "ground", 0.18, 8, 8),
    "umbrella": Figure(people.umbrella, 1.1, 0.20, "ground", 0.14, 8, 5),
    "couple": Figure(people.couple, 1.1, 0.17),
    "people": Figure(people.people, 2.0, 0.16),
    "dancer": Figure(partial(people.person, stride=0.22, skirt=0.14, raised=True), 1.1, 0.17, "ground", 0.06, 8, 5),
    "runner": Figure(partial(people.person, stride=0.30, arms=0.8, lean=0.14), 1.2, 0.17, "ground", 0.55, 8, 10),
    "rider": Figure(people.rider, 1.4, 0.26, "ground", 0.42, 8, 7),
    "wizard": Figure(people.wizard, 1.0, 0.20),
    "samurai": Figure(people.samurai, 1.0, 0.18),
    "astronaut": Figure(partial(people.person, hat="helmet"), 1.0, 0.18, "ground", 0.08, 8, 4),
    "fisherman": Figure(people.fisherman, 1.6, 0.17),
    "robot": Figure(people.robot, 0.8, 0.24, "ground", 0.06, 6, 4),
    "cyclist": Figure(people.cyclist, 1.3, 0.16, "ground", 0.50, 8, 9),
    "heron": Figure(flyers_and_swimmers.heron, 1.0, 0.16, many=2),
    "car": Figure(vehicles.car, 2.4, 0.085, "ground", 0.80),
    "train": Figure(vehicles.train, 5.6, 0.085, "ground", 0.60),
    "swan": Figure(flyers_and_swimmers.swan, 1.8, 0.085, "water", 0.10, many=2),
    "boat": Figure(vehicles.boat, 2.4, 0.085, "water", 0.10, 8, 4),
    "sailboat": Figure(vehicles.sailboat, 1.0, 0.22, "water", 0.16),
    "ship": Figure(vehicles.ship, 1.7, 0.34, "water", 0.10),
    "dolphin": Figure(flyers_and_swimmers.dolphin, 2.1, 0.09, "water", 0.40, many=2),
    "whale": Figure(flyers_and_swimmers.whale, 3.0, 0.17, "deep", 0.22, 8, 2),
    "fish": Figure(flyers_and_swimmers.fish, 2.0, 0.045, "deep", 0.45, 6, 8, 9),
    "turtle": Figure(flyers_and_swimmers.turtle, 1.8, 0.12, "deep", 0.20, 8, 3),
    "jellyfish": Figure(flyers_and_swimmers.jellyfish, 0.8, 0.15, "deep", 0.05, 8, 3, 5),
    "balloons": Figure(vehicles.balloon, 0.8, 0.18, "sky", 0.10, many=4),
    "plane": Figure(vehicles.plane, 2.6, 0.06, "sky", 0.80),
    "rocket": Figure(vehicles.rocket, 0.6, 0.24, "sky", 0.0, 4, 12),
    "ufo": Figure(vehicles.ufo, 2.4, 0.07, "sky", 0.30),
    "kite": Figure(vehicles.kite, 0.8, 0.10, "sky", 0.08, 6, 4),
}


def named(kind: str) -> Figure:
    """The figure of that name."""
    return _FIGURES[kind]
