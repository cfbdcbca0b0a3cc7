"""Paints the missing parts around a source that does not fill its frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from PIL import Image

from dream_nb.studio.render.brief import Brief, Keyframe
from dream_nb.studio.render.edits.blend import Blend, Weights
from dream_nb.studio.render.edits.drawing import bare, staged
from dream_nb.studio.render.edits.reframe import Canvas
from dream_nb.studio.render.edits.track import TrackedCamera
from dream_nb.studio.render.given import pictures
from dream_nb.studio.render.given.keyframes import GivenFrames
from dream_nb.studio.render.given.references import ColourTransfer
from dream_nb.studio.render.noise import F32, smoothstep
from dream_nb.studio.render.planes import Planes, from_rgb

# The side of the frame in cells of the coarse maps.
_CELLS: Final = 44


class Painting:
    """Paints the missing parts around the frames of a source.

    Args:
        brief: the brief, with the size, frame rate and length of the result.
        canvas: the canvas with the place of the source.
        samples: frames of the source, reduced.
        camera: a camera that moves like the source, or None for an image.
        first_frame: an encoded image that the first frame should look like, or None.

    Raises:
        RenderError: the image for the first frame cannot be read.
    """

    def __init__(
        self,
        brief: Brief,
        canvas: Canvas,
        samples: list[Planes],
        camera: TrackedCamera | None = None,
        first_frame: bytes | None = None,
    ) -> None:
        self.canvas = canvas
        self.scene = None
        if brief.prompt.strip() and not canvas.full:
            place = staged(brief, 1, samples)
            place = place if camera is None else replace(place, camera=camera)
            self.scene = bare(place, grain=max(1.5, place.style.grain))
        self.given: GivenFrames | None = None
        goals = [(sample, 1.0) for sample in samples]
        if first_frame is not None:
            self.given = GivenFrames(replace(brief, kind="video", frame0=Keyframe(first_frame), frame1=None))
            goals = [(from_rgb(pictures.cropped(first_frame, *brief.size)), 1.0)]
        self.recolour = ColourTransfer(self.scene.frame(0), goals) if self.scene is not None else None
        width, height = canvas.size
        self.blend = Blend(width, height, (width * height) ** 0.5 / _CELLS)
        self.weights = self._weights()
        self.near = smoothstep(_far(*canvas.away) / np.float32(0.06 * min(width, height)))

    def _weights(self) -> Weights:
        """Return the weights: with distance from the source, its forms fade and those of the scene appear."""
        side = (self.canvas.size[0] * self.canvas.size[1]) ** 0.5
        across, down = (self._reduced(field / np.float32(side)) for field in self.canvas.away)
        far = _far(across, down)
        # 1 beside the source, and 0 above and below it, where less is mirrored and the source fades sooner.
        lies: F32 = (across / np.maximum(far, np.float32(1e-6))).astype(np.float32)
        lost = smoothstep((far - np.float32(0.012)) / (np.float32(0.10) + np.float32(0.08) * lies))
        # Without levelling, things that are cut off at the upper or lower edge would be stretched into columns.
        even = smoothstep((down - np.float32(0.005)) / np.float32(0.09))
        if self.scene is None:
            fine = lost * (np.float32(0.2) + np.float32(0.5) * lies)
            return Weights(lost=lost * np.float32(0.9), fine=fine, coarse=np.zeros_like(lost), even=even)
        come = smoothstep((far - np.float32(0.02)) / np.float32(0.2))
        coarse = smoothstep((far - np.float32(0.04)) / np.float32(0.4))
        return Weights(lost=lost, fine=come, coarse=coarse * (np.float32(0.2) + np.float32(0.5) * lies), even=even)

    def _reduced(self, field: F32) -> F32:
        small = Image.fromarray(field).resize((self.blend.wide, self.blend.high), Image.Resampling.BOX)
        return np.asarray(small, np.float32)

    def frame(self, shot: Planes, number: int) -> Planes:
        """Return a frame of the result.

        Args:
            shot: the frame of the source.
            number: the number of the frame, counted from 0.
        """
        part = self.canvas.fitted(shot)
        laid = self.canvas.extended(part, calm=True)
        if self.canvas.full:
            return laid
        if self.scene is not None and self.recolour is not None:
            drawn = self.recolour.applied(self.scene.frame(number))
        else:
            drawn = self.canvas.extended(part, calm=False)
        painted = self.blend.mixed(laid, drawn, self.weights)
        if self.given is not None:
            painted = _over(painted, self.given.laid(painted, number), self.near)
        return self.canvas.kept(painted, laid)


def _far(across: F32, down: F32) -> F32:
    far: F32 = np.sqrt(across * across + down * down)
    return far


def _over(one: Planes, other: Planes, part: F32) -> Planes:
    planes = []
    for a, b, w in zip(one.all, other.all, (part, part[::2, ::2], part[::2, ::2]), strict=True):
        planes.append(np.rint(a + w * (b.astype(np.float32) - a)).astype(np.uint8))
    return Planes(*planes)
