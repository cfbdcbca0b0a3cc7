"""The stage of a drawing, which all its parts use: the frame, the plan, the light, the camera."""

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
    """Where a drawing takes place.

    Args:
        width, height: of the frame as drawn, in pixels.
        unit: pixels of one scene unit: 720 in a frame of 1280x720. Forms are sized in it.
        horizon: row of the horizon.
        frames: of the clip; 1 for an image.
        seconds: of the clip.
        loop: motions must come back.
        usual: the camera without concepts.
        relief: how high far land rises, as a factor.
        effects: what concepts do to the finished frames, by the names in `concepts.EFFECTS`.
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
        """Where the wind blows to: 1 to the right, -1 to the left."""
        return 1 if self.sun_x < 0.5 else -1

    def turn(self, frame: int) -> float:
        """Angle of a frame, a full turn a clip: what goes by its whole multiples comes back in a loop."""
        return 2 * math.pi * frame / self.frames

    def cycles(self, seconds: float) -> int:
        """How many whole cycles of about this many seconds the clip has, at least one."""
        return max(1, round(self.seconds * self.plan.pace / seconds))

    def margins(self, near: float) -> tuple[int, int]:
        """Even pixels that a layer needs beyond the frame at each side, across and up and down."""
        return self._margins(self.camera, near)

    def wider(self, near: float) -> int:
        """Pixels that a layer has at its left side more than without concepts: what stands on it stays in its place."""
        return self.margins(near)[0] - self._margins(self.usual, near)[0]

    def _margins(self, camera: Camera, near: float) -> tuple[int, int]:
        x, y = camera.reach(near)
        return 2 * math.ceil(x * self.width / 2) + 4, 2 * math.ceil(y * self.height / 2) + (2 if y else 0)

    def moves(self, near: float) -> bool:
        """Whether a layer is carried to the side."""
        return self.frames > 1 and self.camera.reach(near)[0] > 0

    def shift(self, frame: int, near: float) -> tuple[float, float]:
        """Pixels by which a layer is moved in a frame."""
        x, y = self.camera.offset(frame, near)
        return x * self.width, y * self.height


def unit_of(width: int, height: int) -> float:
    """Pixels of one scene unit in a frame of this size."""
    return math.sqrt(width * height) * 0.75


def style_of(brief: Brief) -> Style:
    """The style that a brief's prompt asks for."""
    return styles.named(read(brief).style)


def of(brief: Brief, scale: int = 1) -> SceneStage:
    """The stage of a brief, drawn at 1/`scale` of its size."""
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
        # Under water it is the floor that sinks or rises; what of a take is its own stays.
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
    """The place of the horizon that a concept asks for; a little of it is the take's own."""
    return horizon + 0.4 * (own - 0.05)
