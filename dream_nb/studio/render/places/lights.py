"""Small lights that flicker, twinkle or drift: lamps, flames, stars, glints on drops, out-of-focus lights."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.noise import I16, U8
from dream_nb.studio.render.planes import Planes, yuv_of
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

Shape = Literal["soft", "disc", "star"]


@dataclass(frozen=True, slots=True)
class Light:
    """One light.

    Args:
        x, y: its centre, in pixels of the frame.
        near: how near it is, 0 (far) to 1 (near), which sets how it moves with the camera.
        radius: its radius in pixels.
        colour: its colour.
        strength: coverage at its centre, 0 to 1.
        unrest: fraction of the strength that comes and goes, 0 to 1.
        seconds: about how many seconds pass from one flicker to the next.
        drift: how far it wanders, in pixels.
        shape: "soft" falls off, "disc" is out of focus, "star" has rays.
        flame: whether it flickers like a fire.
    """

    x: float
    y: float
    near: float
    radius: float
    colour: RGB
    strength: float
    unrest: float = 0.0
    seconds: float = 2.0
    drift: float = 0.0
    shape: Shape = "soft"
    flame: bool = False


class Lights:
    """Draws lights into frames. At the end of a clip, each light is as at the beginning.

    Args:
        stage: the stage of the scene.
        name: seeds the random choices.
        lights: the lights to draw, the farthest first.
    """

    def __init__(self, stage: SceneStage, name: str, lights: Iterable[Light]) -> None:
        self.stage = stage
        self.lights = list(lights)
        self.phases = (stage.plan.chance("lights", name).random((len(self.lights), 2)) * 2 * math.pi).tolist()
        self.colours = [yuv_of(stage.style.one(light.colour)) for light in self.lights]
        self._spots: dict[tuple[Shape, int], U8] = {}

    def draw(self, canvas: Planes, frame: int) -> None:
        """Draw them into a frame."""
        s = self.stage
        turn = s.turn(frame)
        for light, (phase, other), tint in zip(self.lights, self.phases, self.colours, strict=True):
            beat = s.cycles(light.seconds) * turn
            wave = 0.5 + 0.5 * math.sin(beat + phase)
            if light.flame:
                wave = 0.4 * wave + 0.35 * (0.5 + 0.5 * math.sin(3 * beat + other)) + 0.25 * math.sin(5 * beat + phase)
            level = light.strength * (1.0 - light.unrest * wave)
            dx, dy = s.shift(frame, light.near)
            x = light.x + dx + light.drift * math.sin(s.cycles(2 * light.seconds) * turn + other)
            y = light.y + dy + 0.6 * light.drift * math.cos(s.cycles(3 * light.seconds) * turn + phase)
            self._set(canvas, x, y, self._spot(light), level, tint)

    def _spot(self, light: Light) -> U8:
        radius = max(1, round(light.radius))
        spot = self._spots.get((light.shape, radius))
        if spot is None:
            spot = self._spots[light.shape, radius] = spot_of(light.shape, radius)
        return spot

    @staticmethod
    def _set(canvas: Planes, x: float, y: float, spot: U8, level: float, tint: tuple[float, float, float]) -> None:
        side = spot.shape[0]
        left, top = 2 * round((x - side / 2) / 2), 2 * round((y - side / 2) / 2)
        x0, x1 = max(0, left), min(canvas.width, left + side)
        y0, y1 = max(0, top), min(canvas.height, top + side)
        strong = round(128 * level)
        if x1 - x0 < 2 or y1 - y0 < 2 or strong < 1:
            return
        cover: I16 = spot[y0 - top : y1 - top, x0 - left : x1 - left].astype(np.int16)
        cover *= np.int16(strong)
        cover >>= 8  # 0 to 127
        for plane, goal, half in zip(canvas.all, tint, (1, 2, 2), strict=True):
            part = plane[y0 // half : y1 // half, x0 // half : x1 // half]
            change = np.int16(round(goal)) - part.astype(np.int16)
            change *= cover[::half, ::half]
            change += 64
            change >>= 7
            change += part
            np.copyto(part, change, casting="unsafe")


def spot_of(shape: Shape, radius: int) -> U8:
    """The coverage of a light, 0 to 255: a square array, whose side is even.

    Args:
        shape: the shape of the light, as for `Light`.
        radius: radius of the light, in pixels.
    """
    reach = 2 * math.ceil((radius * (1.12 if shape == "disc" else 2.4)) / 2) + 2
    at: NDArray[np.float64] = np.arange(-reach, reach, dtype=np.float64) + 0.5
    away = np.hypot(at[:, None], at[None, :]) / radius
    if shape == "disc":
        soft = max(1.0, 0.12 * radius) / radius
        inside = np.clip((1.0 - away) / soft + 0.5, 0.0, 1.0)
        cover = inside * (0.62 + 0.38 * np.clip(away, 0.0, 1.0) ** 6)
    else:
        cover = np.exp(-1.4 * away * away)
        if shape == "star":
            rays = np.exp(-np.abs(at[:, None]) / 0.9) * np.exp(-np.abs(at[None, :]) / radius)
            cover = np.maximum(cover**2, np.maximum(rays, rays.T))
        edge = np.clip((2.4 - away) * 2.0, 0.0, 1.0)
        cover = cover * edge
    return np.rint(255 * np.clip(cover, 0.0, 1.0)).astype(np.uint8)
