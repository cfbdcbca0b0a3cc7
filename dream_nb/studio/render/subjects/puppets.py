"""The motion of paper figures: they hop, rock, sway and travel, and face their direction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from dream_nb.studio.render.stage import SceneStage

POSES: Final = 8
"""How many poses a step has."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A puppet at one moment.

    Args:
        turn: degrees, anticlockwise, around its foot.
        tall: factor of its height.
        wide: factor of its width; negative shows it from behind.
    """

    turn: float = 0.0
    tall: float = 1.0
    wide: float = 1.0


@dataclass(frozen=True, slots=True)
class Gait:
    """A way to move.

    Args:
        way: widths of the frame that it travels in five seconds.
        beats: steps in five seconds.
        rock: degrees by which it leans to and fro.
        squash: part of its height by which it becomes lower and higher.
        hop: heights by which it leaves the ground.
        lift: heights by which it rises in the clip; falls, where negative.
        spins: whether it turns around itself.
    """

    way: float = 0.0
    beats: int = 1
    rock: float = 0.0
    squash: float = 0.0
    hop: float = 0.0
    lift: float = 0.0
    spins: bool = False

    def poses(self) -> list[Pose]:
        """Those of a step."""
        return [self._pose(number / POSES) for number in range(POSES)]

    def _pose(self, part: float) -> Pose:
        swing, beat = math.sin(2 * math.pi * part), math.sin(4 * math.pi * part + math.pi / 2)
        tall = 1.0 + self.squash * beat
        around = math.cos(2 * math.pi * part)
        wide = math.copysign(max(0.08, abs(around)), around) if self.spins else 1.0 / tall
        return Pose(self.rock * swing, tall, wide)


GAITS: Final[dict[str, Gait]] = {
    "still": Gait(),
    "breathe": Gait(beats=2, rock=0.8, squash=0.018),
    "sway": Gait(0.03, 4, 2.2, 0.008),
    "hop": Gait(0.22, 8, 3.5, 0.025, hop=0.05),
    "run": Gait(0.5, 11, 7.0, 0.05, hop=0.10),
    "jump": Gait(0.2, 5, 4.0, 0.08, hop=0.42),
    "dance": Gait(0.05, 8, 9.0, 0.04, hop=0.06),
    "roll": Gait(0.55, 16, 0.6, hop=0.012),
    "drift": Gait(0.4, 3, 2.5, hop=0.02),
    "float": Gait(0.10, 3, 2.5, hop=0.05),
    "fly": Gait(0.42, 5, 5.0, 0.05, hop=0.08),
    "swim": Gait(0.25, 4, 5.0, 0.03, hop=0.05),
    "fall": Gait(0.02, 2, 1.5, lift=-0.9),
    "rise": Gait(0.02, 2, 1.0, lift=0.9),
    "spin": Gait(beats=3, spins=True),
}


@dataclass(frozen=True, slots=True)
class Path:
    """The way of one puppet through a clip.

    Args:
        gait: how it moves.
        x, foot: where it is halfway: column of its middle, row of its foot.
        high: its height in pixels.
        side: -1 towards the left, 1 towards the right.
        start: part of its step in the first frame.
    """

    stage: SceneStage
    gait: Gait
    x: float
    foot: float
    high: float
    side: float
    start: float

    def step(self, frame: int) -> float:
        """The part of a step in a frame, 0 to 1."""
        s = self.stage
        beats = max(1, round(self.gait.beats * s.seconds * min(1.6, s.plan.pace) / 5.0))
        return (beats * frame / s.frames + self.start) % 1.0

    def at(self, frame: int) -> tuple[float, float]:
        """Column of the middle and row of the foot in a frame."""
        s, gait = self.stage, self.gait
        way = gait.way * min(1.4, s.seconds / 5.0) * s.width * self.side
        if s.loop:
            along, part = 0.35 * math.sin(s.turn(frame)), 0.5 + 0.5 * math.sin(s.turn(frame))
        else:
            part = frame / max(1, s.frames - 1) if s.frames > 1 else 0.5
            along = part - 0.5
        hop = gait.hop * self.high * abs(math.sin(2 * math.pi * self.step(frame)))
        rise = gait.lift * self.high * (part if gait.lift > 0 else part - 1.0)
        return self.x + way * along, self.foot - hop - (rise if s.frames > 1 else 0.0)
