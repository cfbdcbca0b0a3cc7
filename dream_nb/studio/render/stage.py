"""The stage of a drawing, which all its parts share: the frame, the plan, the light and the camera."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dream_nb.studio.render import concepts, palette, styles
from dream_nb.studio.render.brief import Brief
from dream_nb.studio.render.camera import Camera
from dream_nb.studio.render.noise import pick
from dream_nb.studio.render.palette import Palette
from dream_nb.studio.render.plan import ScenePlan, read
from dream_nb.studio.render.styles import Style


@dataclass(frozen=True, slots=True)
class SceneStage:
    """The values that all parts of a drawing share.

    Args:
        width, height: the size of the frame as drawn, in pixels.
        unit: the pixels of one scene unit: 720 in a frame of 1280x720. Forms are measured in scene units.
        horizon: the row of the horizon.
        frames: the number of frames of the clip; 1 for an image.
        seconds: the length of the clip.
        loop: whether the last frame must lead back to the first.
        plan: what to draw.
        light: the colours.
        style: the style.
        camera: the camera.
        sun_x: the horizontal place of the sun or moon, from 0 (left) to 1 (right).
        usual: the camera without concepts.
        relief: the height of distant land, as a factor.
        effects: the effects that concepts apply to the finished frames: names from `concepts.EFFECTS`.
    """

    width: int
    height: int
    unit: float
    horizon: int
    frames: int
    seconds: float
    loop: bool
    plan: ScenePlan
    light: Palette
    style: Style
    camera: Camera
    sun_x: float
    usual: Camera
    relief: float
    effects: tuple[str, ...]

    @property
    def lee(self) -> int:
        """The direction that the wind blows in: 1 for right, -1 for left."""
        return 1 if self.sun_x < 0.5 else -1

    def turn(self, frame: int) -> float:
        """Return the angle of a frame, in radians.

        A clip is one full turn, so motions that depend on whole multiples of the angle repeat in a loop.
        """
        return 2 * math.pi * frame / self.frames

    def cycles(self, seconds: float) -> int:
        """Return how many whole cycles of about `seconds` seconds fit into the clip, at least one."""
        return max(1, round(self.seconds * self.plan.pace / seconds))

    def margins(self, near: float) -> tuple[int, int]:
        """Return how many pixels a layer needs beyond the frame on each side, horizontally and vertically.

        Both numbers are even.

        Args:
            near: the nearness of the layer.
        """
        return self._margins(self.camera, near)

    def wider(self, near: float) -> int:
        """Return how many pixels more a layer has on its left side than it would have without concepts.

        They are skipped when things are placed on the layer, so that concepts do not move them.
        """
        return self.margins(near)[0] - self._margins(self.usual, near)[0]

    def _margins(self, camera: Camera, near: float) -> tuple[int, int]:
        x, y = camera.reach(near)
        return 2 * math.ceil(x * self.width / 2) + 4, 2 * math.ceil(y * self.height / 2) + (2 if y else 0)

    def moves(self, near: float) -> bool:
        """Return whether a layer moves sideways in the clip."""
        return self.frames > 1 and self.camera.reach(near)[0] > 0

    def shift(self, frame: int, near: float) -> tuple[float, float]:
        """Return by how many pixels a layer is moved in a frame, to the right and down."""
        x, y = self.camera.offset(frame, near)
        return x * self.width, y * self.height


def unit_of(width: int, height: int) -> float:
    """Return the pixels of one scene unit in a frame of this size."""
    return math.sqrt(width * height) * 0.75


def style_of(brief: Brief) -> Style:
    """Return the style that a brief or its prompt asks for."""
    return styles.named(read(brief).style)


def of(brief: Brief, scale: int = 1) -> SceneStage:
    """Return the stage of a brief, to draw it at 1/`scale` of its size."""
    plan = read(brief)
    style = styles.named(plan.style)
    width, height = (math.ceil(side / scale / 2) * 2 for side in brief.size)
    rng = plan.chance("setting")
    video = brief.kind == "video"
    frames = brief.frames if video else 1
    low, high = (0.54, 0.64) if plan.water != "none" else (0.60, 0.70)
    place = 1.0 if plan.land == "deep" else pick(rng, low, high)
    side = -1.0 if rng.random() < 0.5 else 1.0
    concept = concepts.combined((*brief.concepts, *concepts.told(brief.prompt)))
    if concept.horizon is not None:
        # Under water, a concept moves the sea floor instead of the horizon.
        place = 1.0 + 0.6 * (concept.horizon - 0.62) if plan.land == "deep" else _angled(concept.horizon, place - low)
    return SceneStage(
        width=width,
        height=height,
        unit=unit_of(width, height),
        horizon=max(2, round(height * place / 2) * 2),
        frames=frames,
        seconds=brief.seconds if video else 5.0,
        loop=brief.loop and video,
        plan=plan,
        light=palette.of(plan),
        style=style,
        camera=Camera(plan.motion, frames, brief.seconds, brief.loop, plan.pace, concept.swoop),
        sun_x=0.5 + side * pick(rng, 0.08, 0.32),
        usual=Camera(plan.usual, frames, brief.seconds, brief.loop, plan.pace),
        relief=concept.relief,
        effects=concept.effects,
    )


def _angled(horizon: float, own: float) -> float:
    """Return the place of the horizon that a concept asks for, with a small variation by take.

    Args:
        horizon: the place that the concept asks for.
        own: the variation of the take, 0 to 0.1.
    """
    return horizon + 0.4 * (own - 0.05)
