"""Concepts of the API: how the camera moves, where it looks from, and what it looks through.

A concept changes how a scene is shown, never what is in it, so concepts are not part of any seed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dream_nb.studio.render.camera import CameraMotion, named, sum_of


@dataclass(frozen=True, slots=True)
class CameraConcept:
    """The settings of one concept.

    Args:
        motion: the motion of the camera, or None to leave it unchanged.
        horizon: the place of the horizon, from 0 (top of the frame) to 1 (bottom), or None to leave it unchanged.
        relief: the height of distant land, as a factor. The higher the camera, the lower the factor.
        effects: the effects that are applied to the finished frames: names from `EFFECTS`.
        swoop: whether the motion is made quickly, and then settles.
    """

    motion: CameraMotion | None = None
    horizon: float | None = None
    relief: float = 1.0
    effects: tuple[str, ...] = ()
    swoop: bool = False


EFFECTS: Final = (
    "vertigo",
    "converging up",
    "converging down",
    "from above",
    "planet",
    "streaks",
    "undergrowth",
    "hands",
    "selfie",
    "shoulder",
    "doors",
)
"""All effects, in the order in which they are applied: from far to near the viewer."""

_FROM_ABOVE: Final = re.compile(
    r"\b(aerial (view|shot|photo)|bird'?s[- ]eye|from above|top[- ]down|overhead (view|shot)|from the air)\b"
)
_RISING: Final = CameraMotion(pan_y=0.05, truck_y=0.14, zoom=-0.10)
_CONCEPTS: Final[dict[str, CameraConcept]] = {
    "aerial": CameraConcept(_RISING, horizon=0.30, relief=0.62, effects=("converging down",)),
    "aerial_drone": CameraConcept(
        CameraMotion(pan_x=0.05, truck_y=0.22, zoom=0.55, roll=-4.0), horizon=0.38, relief=0.75
    ),
    "bolt_cam": CameraConcept(
        CameraMotion(pan_x=0.22, truck_x=0.42, pan_y=0.05, truck_y=-0.18, zoom=-0.55, roll=-14.0),
        effects=("streaks",),
        swoop=True,
    ),
    # The arm of a crane moves along an arc, and the camera turns to stay on its subject, so near things move most.
    "crane_down": CameraConcept(CameraMotion(pan_y=0.02, truck_x=-0.10, truck_y=-0.34, zoom=0.20)),
    "crane_up": CameraConcept(CameraMotion(pan_y=-0.02, truck_x=0.10, truck_y=0.34, zoom=-0.20)),
    "dolly_zoom": CameraConcept(CameraMotion(), effects=("vertigo",)),
    "elevator_doors": CameraConcept(effects=("doors",)),
    "eye_level": CameraConcept(CameraMotion(zoom=0.07, truck_x=0.03), horizon=0.47),
    "ground_level": CameraConcept(horizon=0.90, relief=1.15, effects=("converging up", "undergrowth")),
    "handheld": CameraConcept(CameraMotion(truck_x=0.03, shake=2.2)),
    "high_angle": CameraConcept(horizon=0.25, relief=0.55, effects=("converging down",)),
    "low_angle": CameraConcept(horizon=0.82, relief=1.25, effects=("converging up",)),
    # The camera turns around a middle distance: nearer things move one way, farther things the other.
    "orbit_left": CameraConcept(CameraMotion(pan_x=-0.16, orbit=0.52)),
    "orbit_right": CameraConcept(CameraMotion(pan_x=0.16, orbit=-0.52)),
    "over_the_shoulder": CameraConcept(effects=("shoulder",)),
    "overhead": CameraConcept(CameraMotion(truck_x=0.06, truck_y=0.10, zoom=-0.10, roll=6.0), effects=("from above",)),
    "pan_left": CameraConcept(named("camera pan left")),
    "pan_right": CameraConcept(named("camera pan right")),
    "pedestal_down": CameraConcept(named("camera move down")),
    "pedestal_up": CameraConcept(named("camera move up")),
    "pov": CameraConcept(CameraMotion(zoom=0.24, truck_y=0.05, bob=1.0), effects=("hands",)),
    "pull_out": CameraConcept(named("camera pull out")),
    "push_in": CameraConcept(named("camera push in")),
    "roll_left": CameraConcept(named("camera roll left")),
    "roll_right": CameraConcept(named("camera roll right")),
    "selfie": CameraConcept(CameraMotion(truck_x=0.05, shake=0.8), effects=("selfie",)),
    "static": CameraConcept(CameraMotion()),
    "tilt_down": CameraConcept(named("camera tilt down")),
    "tilt_up": CameraConcept(named("camera tilt up")),
    "tiny_planet": CameraConcept(CameraMotion(), relief=0.62, effects=("planet",)),
    "truck_left": CameraConcept(named("camera move left")),
    "truck_right": CameraConcept(named("camera move right")),
    "zoom_in": CameraConcept(named("camera zoom in")),
    "zoom_out": CameraConcept(named("camera zoom out")),
}


def told(prompt: str) -> tuple[str, ...]:
    """Return the keys of the concepts that a prompt asks for in words: "overhead" for a view from above."""
    return ("overhead",) if _FROM_ABOVE.search(prompt.lower()) else ()


def combined(keys: Iterable[str]) -> CameraConcept:
    """Return the concepts of these keys combined into one. Unknown keys are ignored.

    Motions and effects add up; the first concept that sets a horizon decides it.
    """
    chosen = [_CONCEPTS[key] for key in dict.fromkeys(keys) if key in _CONCEPTS]
    motions = [one.motion for one in chosen if one.motion is not None]
    angle = next((one for one in chosen if one.horizon is not None), None)
    flattest = min((one.relief for one in chosen), default=1.0)
    effects = {name for one in chosen for name in one.effects}
    return CameraConcept(
        motion=sum_of(motions) if motions else None,
        horizon=angle.horizon if angle else None,
        relief=angle.relief if angle else flattest,
        effects=tuple(name for name in EFFECTS if name in effects),
        swoop=any(one.swoop for one in chosen),
    )


def motion(keys: Iterable[str], asked: CameraMotion | None, habit: CameraMotion) -> CameraMotion:
    """Return the camera motion of a clip.

    Args:
        keys: the keys of the concepts; their motions are added to the one that is asked for.
        asked: the motion that the prompt asks for, or None.
        habit: the motion to use if neither the prompt nor a concept asks for one.
    """
    of_concepts = combined(keys).motion
    if of_concepts is None:
        return asked or habit
    return of_concepts if asked is None else sum_of([asked, of_concepts])
