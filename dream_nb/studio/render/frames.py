"""Draws the frames of a brief."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from dream_nb.studio.render import stage
from dream_nb.studio.render.brief import Brief
from dream_nb.studio.render.given import references
from dream_nb.studio.render.given.keyframes import GivenFrames
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.scene import Scene


def shots(brief: Brief, numbers: Sequence[int] | None = None) -> Iterator[Planes]:
    """Return the frames of a brief as planes, one at a time.

    Args:
        brief: the brief to draw. An image has one frame.
        numbers: the numbers of the frames to draw, counted from 0; None means all.
    """
    if numbers is None:
        numbers = range(brief.frames if brief.kind == "video" else 1)
    given = GivenFrames(brief) if brief.kind == "video" else None
    if given is not None and given.all:
        return (given.laid(None, frame) for frame in numbers)
    drawn = _drawn(brief, given, numbers)
    if given is None or not given.any:
        return drawn
    return (given.laid(shot, frame) for frame, shot in zip(numbers, drawn, strict=True))


def _drawn(brief: Brief, given: GivenFrames | None, numbers: Sequence[int]) -> Iterator[Planes]:
    """Draw the frames of the scene, and apply the effects of the brief's references to them."""
    count = brief.frames if brief.kind == "video" else 1
    scale = coarseness(brief)
    place = stage.of(brief, scale)
    scene = Scene(place, references.character(place, brief))

    def drawn(frame: int) -> Planes:
        return enlarged(scene.frame(frame), scale, brief)

    keyframe = given.colours if given is not None else None
    effects: list[references.Effect] = []
    if keyframe or brief.image_refs or brief.style_refs or brief.modify:
        effects = references.effects(brief, drawn(count // 2), keyframe)
    for frame in numbers:
        shot = drawn(frame)
        for effect in effects:
            shot = effect.applied(shot)
        if brief.figures_over and scale == 1:
            for part in scene.puppets:
                part.draw(shot, frame)
        yield shot


def coarseness(brief: Brief) -> int:
    """Return how many pixels of the frame one drawn pixel covers, in each direction."""
    width, height = brief.size
    squares = round(stage.style_of(brief).coarse / 100 * stage.unit_of(width, height))
    most = max(1, min(width, height) // 40)
    return max(1, min(most, max(squares, 2 if brief.coarse else 1)))


def enlarged(shot: Planes, scale: int, brief: Brief) -> Planes:
    """Return a coarsely drawn frame enlarged to the size of the brief.

    Args:
        shot: the frame as drawn.
        scale: the result of `coarseness`.
        brief: the brief of the drawing.
    """
    if scale == 1:
        return shot
    width, height = brief.size
    squares = stage.style_of(brief).coarse > 0
    how = Image.Resampling.NEAREST if squares else Image.Resampling.BILINEAR
    planes = []
    for plane, part in zip(shot.all, (1, 2, 2), strict=True):
        wide, high = math.ceil(width / part), math.ceil(height / part)
        image = Image.fromarray(plane).resize(
            (wide, high), how, box=(0, 0, min(plane.shape[1], wide / scale), min(plane.shape[0], high / scale))
        )
        planes.append(np.array(image))
    return Planes(*planes)
