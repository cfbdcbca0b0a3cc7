"""Camera motions: their names, how a prompt asks for them, and where they put a layer in a frame."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class CameraMotion:
    """How the picture moves over five seconds. Lengths are fractions of the frame's width (x) or height (y).

    Args:
        pan_x, pan_y: shift of all layers alike, as when the camera turns. Positive values move the picture right or
            down.
        truck_x, truck_y: shift of each layer in proportion to its nearness, as when the camera is carried.
        orbit: shift of near layers to the right and of far ones to the left, around a middle distance.
        zoom: logarithm of the factor by which the picture grows; negative values shrink it.
        roll: rotation of the picture in degrees, positive clockwise.
        shake: strength of the shaking of a handheld camera.
        bob: strength of the bobbing of a camera carried on foot.
    """

    pan_x: float = 0.0
    pan_y: float = 0.0
    truck_x: float = 0.0
    truck_y: float = 0.0
    orbit: float = 0.0
    zoom: float = 0.0
    roll: float = 0.0
    shake: float = 0.0
    bob: float = 0.0


_STILL = CameraMotion()
_MOTIONS: dict[str, CameraMotion] = {
    "camera static": _STILL,
    "camera move left": CameraMotion(pan_x=0.06, truck_x=0.44),
    "camera move right": CameraMotion(pan_x=-0.06, truck_x=-0.44),
    "camera move up": CameraMotion(pan_y=0.12, truck_y=0.20),
    "camera move down": CameraMotion(pan_y=-0.12, truck_y=-0.20),
    "camera pan left": CameraMotion(pan_x=0.45),
    "camera pan right": CameraMotion(pan_x=-0.45),
    "camera tilt up": CameraMotion(pan_y=0.34),
    "camera tilt down": CameraMotion(pan_y=-0.34),
    "camera zoom in": CameraMotion(zoom=0.65),
    "camera zoom out": CameraMotion(zoom=-0.65),
    "camera push in": CameraMotion(zoom=0.48, truck_y=0.12),
    "camera pull out": CameraMotion(zoom=-0.48, truck_y=-0.12),
    "camera orbit left": CameraMotion(pan_x=0.10, orbit=0.52),
    "camera orbit right": CameraMotion(pan_x=-0.10, orbit=-0.52),
    "camera crane up": CameraMotion(pan_y=0.10, truck_y=0.30, zoom=-0.10),
    "camera crane down": CameraMotion(pan_y=-0.10, truck_y=-0.30, zoom=0.10),
    "camera roll left": CameraMotion(roll=16.0),
    "camera roll right": CameraMotion(roll=-16.0),
    "camera handheld": CameraMotion(shake=1.8, truck_x=0.05),
}
CAMERA_MOTIONS: tuple[str, ...] = tuple(_MOTIONS)
"""The strings that `GET camera_motion/list` returns; each can be used in a prompt."""

_ALSO = {
    "truck": "move",
    "track": "move",
    "tracks": "move",
    "tracking": "move",
    "slide": "move",
    "slides": "move",
    "moves": "move",
    "moving": "move",
    "pans": "pan",
    "panning": "pan",
    "tilts": "tilt",
    "tilting": "tilt",
    "zooms": "zoom",
    "zooming": "zoom",
    "pushes": "push",
    "pushing": "push",
    "dolly": "push",
    "dollies": "push",
    "pulls": "pull",
    "pulling": "pull",
    "orbits": "orbit",
    "orbiting": "orbit",
    "cranes": "crane",
    "rolls": "roll",
    "pedestal": "move",
    "boom": "crane",
    "jib": "crane",
}
_TOWARDS = {"forward": "in", "forwards": "in", "back": "out", "backward": "out", "backwards": "out", "away": "out"}
_ALONE = {
    "static shot": "camera static",
    "locked off": "camera static",
    "handheld": "camera handheld",
    "hand held": "camera handheld",
    "flyover": "camera crane up",
    "drone shot": "camera push in",
    "aerial": "camera crane up",
    "close up": "camera push in",
}


def asked(prompt: str) -> CameraMotion | None:
    """Return the camera motion that a prompt asks for ("camera pan left", "the camera slowly pans left").

    Several motions are added up. Returns None if the prompt does not ask for any.
    """
    text = " " + " ".join(re.findall(r"[a-z]+", prompt.lower())) + " "
    words = text.split()
    found: list[str] = [motion for phrase, motion in _ALONE.items() if f" {phrase} " in text]
    spoken_of = "camera" in words or "shot" in words
    for at, word in enumerate(words):
        verb = _ALSO.get(word, word)
        for where in words[at + 1 : at + 4]:
            name = f"camera {verb} {_TOWARDS.get(where, where)}"
            if verb == "push" and name.endswith("out"):
                name = "camera pull out"
            # "The dog moves left" is about the dog, not the camera.
            if name in _MOTIONS and (spoken_of or verb not in ("move", "roll")):
                found.append(name)
                break
        if word == "camera" and words[at + 1 : at + 2] in (["static"], ["still"], ["fixed"]):
            found.append("camera static")
    if not found:
        return None
    return sum_of([_MOTIONS[name] for name in dict.fromkeys(found)])


def named(name: str) -> CameraMotion:
    """Return the motion with a name from `CAMERA_MOTIONS`."""
    return _MOTIONS[name]


def sum_of(motions: list[CameraMotion]) -> CameraMotion:
    """Return all motions combined into one."""
    total = _STILL
    for one in motions:
        total = replace(total, **{name: getattr(total, name) + getattr(one, name) for name in CameraMotion.__slots__})
    return total


_OVERSHOOT = 0.05
_FROM = -0.8


def _leap(part: float) -> float:
    """Rise from 0 to 1 with an overshoot: fast in the first half of the time, and at rest at the end."""
    if part <= 0.55:
        t = max(0.0, part / 0.55)
        return (1.0 + _OVERSHOOT) * t * t * t * (t * (6.0 * t - 15.0) + 10.0)
    t = min(1.0, (part - 0.55) / 0.45)
    return 1.0 + _OVERSHOOT * 0.5 * (1.0 + math.cos(math.pi * t))


@dataclass(frozen=True, slots=True)
class Camera:
    """A motion over the frames of one clip.

    Args:
        motion: the motion over five seconds.
        frames: the number of frames of the clip.
        seconds: the length of the clip.
        loop: whether to swing there and back, so that the last frame leads to the first.
        pace: the speed as a factor of the motion's own.
        swoop: whether to make the motion quickly, and then settle.
    """

    motion: CameraMotion
    frames: int
    seconds: float
    loop: bool = False
    pace: float = 1.0
    swoop: bool = False

    def way(self, frame: int) -> float:
        """Return how far the motion has got at a frame: about -0.5 to 0.5 over five seconds at pace 1."""
        reach = self._most
        if self.swoop:
            # A swoop ends where a still camera would be.
            return _FROM * reach * (1.0 - self._swooped(frame))
        if self.loop:
            return -0.5 * reach * math.cos(2 * math.pi * frame / self.frames)
        return reach * (frame / max(1, self.frames - 1) - 0.5)

    @property
    def _most(self) -> float:
        return min(1.6, max(0.25, self.pace * self.seconds / 5.0))

    def _swooped(self, frame: int) -> float:
        """Return how much of a swoop is done: 0 to 1, and slightly above 1 before it settles."""
        if self.loop:
            part = frame / self.frames
            return _leap((part - 0.10) / 0.34) - _leap((part - 0.58) / 0.34)
        return _leap((frame / max(1, self.frames - 1) - 0.12) / 0.50)

    def offset(self, frame: int, near: float) -> tuple[float, float]:
        """Return the offset of a layer from its own place, in fractions of width and height.

        Args:
            frame: the number of the frame, counted from 0.
            near: the nearness of the layer, from 0 (infinitely far) to 1 (in front).
        """
        m, way = self.motion, self.way(frame)
        x = way * (m.pan_x + m.truck_x * near + m.orbit * (near - 0.06))
        y = way * (m.pan_y + m.truck_y * near)
        if m.shake:
            turn = 2 * math.pi * frame / self.frames
            beat = max(1, round(self.seconds))
            x += (
                m.shake
                * (0.35 + 0.65 * near)
                * (0.006 * math.sin(beat * turn) + 0.003 * math.sin(2 * beat * turn + 1.0))
            )
            y += (
                m.shake
                * (0.35 + 0.65 * near)
                * (0.008 * math.sin(beat * turn + 2.0) + 0.004 * math.sin(3 * beat * turn))
            )
        if m.bob:
            # Every step lifts the viewer, and every second step leans to the same side.
            strides = 2 * math.pi * frame / self.frames * max(1, round(0.9 * self.seconds))
            x += m.bob * (0.5 + 0.5 * near) * 0.010 * math.sin(strides)
            y += m.bob * (0.5 + 0.5 * near) * 0.026 * (abs(math.cos(strides)) - 0.5)
        return x, y

    def reach(self, near: float) -> tuple[float, float]:
        """Return the largest offset of a layer in the clip, in either direction, in fractions of width and height."""
        places = [self.offset(frame, near) for frame in range(self.frames)]
        return max(abs(x) for x, _ in places), max(abs(y) for _, y in places)

    @property
    def turns(self) -> bool:
        """Whether frames are zoomed or rolled."""
        return bool(self.motion.zoom or self.motion.roll)

    def lens(self, frame: int) -> tuple[float, float]:
        """Return the magnification (at least 1) and the roll in degrees of a frame."""
        way = self.way(frame)
        most = 0.5 * self._most
        zoom, roll = self.motion.zoom * way, self.motion.roll * way
        if self.swoop:
            smallest = min(0.0, self.motion.zoom * _FROM * self._most, -self.motion.zoom * _FROM * _OVERSHOOT)
            return math.exp(zoom - smallest) * (1.0 + 0.042 * abs(roll)), roll
        return math.exp(zoom + abs(self.motion.zoom) * most) * (1.0 + 0.042 * abs(self.motion.roll) * most), roll
