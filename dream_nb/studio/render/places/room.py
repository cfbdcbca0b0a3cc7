"""A room while it is furnished: what stands in it, what shines in it, and where its shadows lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from dream_nb.studio.render.noise import pick
from dream_nb.studio.render.places.perspective import Perspective
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

DAYLIGHT: Final = {
    "dawn": 0.45, "morning": 0.85, "noon": 1.0, "golden": 0.75, "sunset": 0.50, "dusk": 0.25, "night": 0.08,
}  # fmt: skip
"""How much light comes in at each hour, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp or a fire: its position in pixels of the frame, its reach in scene units, and its strength."""

    x: float
    y: float
    reach: float
    colour: RGB
    strength: float
    flame: bool = False
    near: float = 0.15


@dataclass(slots=True)
class Room:
    """The parts of a room.

    Args:
        stage: the stage of the scene.
        view: the position of the viewer; depth 1 is the back wall.
        half: half the width of the back wall, in metres.
        ceiling: height of the ceiling, in metres.
        rng: generator for random choices.
        wall, trim: colours of the walls and of the wood.

    The lists fill while the room is furnished. `forms` along the walls and `nearer` in front of them are SVG; `bright`
    and `bright_nearer` are the shining forms among them, `shade` dark forms that are blurred, and `panes` the left,
    top, right and bottom of each window pane in pixels of the frame.
    """

    stage: SceneStage
    view: Perspective
    half: float
    ceiling: float
    rng: np.random.Generator
    wall: RGB
    trim: RGB
    forms: list[str] = field(default_factory=list)
    nearer: list[str] = field(default_factory=list)
    bright: list[str] = field(default_factory=list)
    bright_nearer: list[str] = field(default_factory=list)
    shade: list[str] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)
    panes: list[tuple[float, float, float, float]] = field(default_factory=list)

    @property
    def day(self) -> float:
        """Light from outside, 0 to 1."""
        plan = self.stage.plan
        return DAYLIGHT[plan.hour] * (1.0 - 0.4 * max(plan.storm, 0.7 * plan.rain))

    def between(self, low: float, high: float) -> float:
        """A random number between two others."""
        return pick(self.rng, low, high)

    def one_of(self, colours: tuple[RGB, ...]) -> RGB:
        """One of these colours at random."""
        return colours[int(self.rng.random() * len(colours))]

    def lamp(self, x: float, up: float, deep: float, reach: float, strength: float, flame: bool = False) -> None:
        """Add a lamp or a fire at a point of the room; `reach` is in scene units."""
        px, py = self.view.at((x, up, deep))
        colour: RGB = (1.0, 0.52, 0.18) if flame else (1.0, 0.74, 0.42)
        self.lamps.append(Lamp(px, py, reach, colour, strength, flame, 0.15 if deep > 0.9 else 0.4))
