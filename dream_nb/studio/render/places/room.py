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
    """A lamp or a fire: where it shines, in pixels of the frame; how far, in scene units; and how strongly."""

    x: float
    y: float
    reach: float
    colour: RGB
    strength: float
    flame: bool = False
    near: float = 0.15


@dataclass(slots=True)
class Room:
    """What a room is made of.

    Args:
        stage: of the scene.
        view: where the viewer stands; depth 1 is the back wall.
        half: metres from the middle of the back wall to its sides.
        ceiling: metres.
        rng: for what is left to chance.
        wall, trim: colours of walls and of wood.

    The lists fill while the room is furnished: `forms` along the walls and `nearer` in front of them are SVG; `bright`
    are forms that shine by themselves, `shade` dark ones that are blurred, `panes` windows in pixels of the frame.
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
        """A number left to chance."""
        return pick(self.rng, low, high)

    def one_of(self, colours: tuple[RGB, ...]) -> RGB:
        """A colour left to chance."""
        return colours[int(self.rng.random() * len(colours))]

    def lamp(self, x: float, up: float, deep: float, reach: float, strength: float, flame: bool = False) -> None:
        """Something that shines at a place in the room."""
        px, py = self.view.at((x, up, deep))
        colour: RGB = (1.0, 0.52, 0.18) if flame else (1.0, 0.74, 0.42)
        self.lamps.append(Lamp(px, py, reach, colour, strength, flame, 0.15 if deep > 0.9 else 0.4))
