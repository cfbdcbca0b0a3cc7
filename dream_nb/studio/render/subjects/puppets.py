"""How paper puppets move: they hop, rock, sway and travel, and face the way they go."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dream_nb.studio.render.stage import SceneStage

POSES: Final = 12
"""How many poses a step has."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A puppet at one moment.

    Args:
        turn: degrees, anticlockwise, around its foot.
        tall: factor of its height; its width changes the other way.
    """

    turn: float = 0.0
    tall: float = 1.0


@dataclass(frozen=True, slots=True)
class Gait:
    """A way to move.

    Args:
        way: widths of the frame that it travels in five seconds.
        beats: steps in five seconds.
        hop: how high, as a part of its height.
        pose: at a part of a step, 0 to 1.
        lift: heights by which it rises (falls, where negative) in the clip.
    """

    way: float
    beats: int
    hop: float
    pose: Callable[[float], Pose]
    lift: float = 0.0


def _wave(part: float) -> float:
    return math.sin(2 * math.pi * part)


GAITS: Final[dict[str, Gait]] = {
    "still": Gait(0.0, 1, 0.0, lambda part: Pose()),
    "breathe": Gait(0.0, 2, 0.0, lambda part: Pose(0.8 * _wave(part), 1 + 0.018 * _wave(part))),
    "sway": Gait(0.03, 4, 0.0, lambda part: Pose(2.2 * _wave(part), 1 + 0.008 * _wave(2 * part))),
    "hop": Gait(0.22, 8, 0.05, lambda part: Pose(3.5 * _wave(part), 1 + 0.025 * _wave(2 * part + 0.25))),
    "run": Gait(0.5, 11, 0.10, lambda part: Pose(7 * _wave(part), 1 + 0.05 * _wave(2 * part + 0.25))),
    "jump": Gait(0.2, 5, 0.42, lambda part: Pose(4 * _wave(part), 1 + 0.08 * _wave(2 * part + 0.25))),
    "dance": Gait(0.05, 8, 0.06, lambda part: Pose(9 * _wave(part), 1 + 0.04 * _wave(2 * part))),
    "roll": Gait(0.55, 16, 0.012, lambda part: Pose(0.6 * _wave(part))),
    "drift": Gait(0.4, 3, 0.02, lambda part: Pose(2.5 * _wave(part))),
    "float": Gait(0.10, 3, 0.05, lambda part: Pose(2.5 * _wave(part))),
    "fly": Gait(0.42, 5, 0.08, lambda part: Pose(5 * _wave(part), 1 + 0.05 * _wave(2 * part))),
    "swim": Gait(0.25, 4, 0.05, lambda part: Pose(5 * _wave(part), 1 + 0.03 * _wave(2 * part))),
    "fall": Gait(0.02, 2, 0.0, lambda part: Pose(1.5 * _wave(part)), lift=-0.9),
    "rise": Gait(0.02, 2, 0.0, lambda part: Pose(1.0 * _wave(part)), lift=0.9),
    "spin": Gait(0.0, 3, 0.0, lambda part: Pose(0.0, 1.0)),
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
