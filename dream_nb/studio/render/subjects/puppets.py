"""The motion of subjects, which move like paper figures: they hop, rock, sway and travel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from dream_nb.studio.render.stage import SceneStage

POSES: Final = 8
"""The number of poses in a step."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A puppet at one moment.

    Args:
        turn: the rotation around its foot, in degrees, anticlockwise.
        tall: a factor for its height.
        wide: a factor for its width; negative values show it from behind.
    """

    turn: float = 0.0
    tall: float = 1.0
    wide: float = 1.0


@dataclass(frozen=True, slots=True)
class Gait:
    """A way to move.

    Args:
        way: how far it travels in five seconds, in widths of the frame.
        beats: the number of steps in five seconds.
        rock: how far it leans to and fro, in degrees.
        squash: how much its height changes, as a fraction of the height.
        hop: how high it hops, in multiples of its height.
        lift: how far it rises in the clip, in multiples of its height; negative values make it fall.
        spins: whether it spins.
    """

    way: float = 0.0
    beats: int = 1
    rock: float = 0.0
    squash: float = 0.0
    hop: float = 0.0
    lift: float = 0.0
    spins: bool = False

    def poses(self) -> list[Pose]:
        """Return the poses of a step."""
        return [self._pose(number / POSES) for number in range(POSES)]

    def _pose(self, part: float) -> Pose:
        swing, beat = math.sin(2 * math.pi * part), math.sin(4 * math.pi * part + math.pi / 2)
        tall = 1.0 + self.squash * beat
        around = math.cos(2 * math.pi * part)
        wide = math.copysign(max(0.08, abs(around)), around) if self.spins else 1.0 / tall
        # Rounded, so that poses on the way to and fro are equal and are prepared only once.
        return Pose(round(self.rock * swing, 6), round(tall, 6), round(wide, 6))


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
    """The path of one puppet through a clip.

    Args:
        stage: the stage of the drawing.
        gait: how it moves.
        x, foot: the column of its middle and the row of its foot halfway through the clip.
        high: its height in pixels.
        side: the direction that it moves in: -1 for left, 1 for right.
        start: the part of its step that the first frame shows, 0 to 1.
    """

    stage: SceneStage
    gait: Gait
    x: float
    foot: float
    high: float
    side: float
    start: float

    def step(self, frame: int) -> float:
        """Return the part of a step that a frame shows, 0 to 1."""
        s = self.stage
        beats = max(1, round(self.gait.beats * s.seconds * min(1.6, s.plan.pace) / 5.0))
        return (beats * frame / s.frames + self.start) % 1.0

    def at(self, frame: int) -> tuple[float, float]:
        """Return the column of the middle and the row of the foot in a frame."""
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
