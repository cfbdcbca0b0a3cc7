"""The interface of a place: what is behind and in front of its subjects, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dream_nb.studio.render.planes import Planes


class Drawable(Protocol):
    """A part of a place."""

    def draw(self, canvas: Planes, frame: int, /) -> None:
        """Draw it into a frame; frames are counted from 0."""


@dataclass(frozen=True, slots=True)
class ScenePlace:
    """A place, and where its subjects stand.

    Args:
        behind: what is drawn before the subjects, the farthest first. The first covers the frame.
        ahead: what is drawn after the subjects.
        foot: row on which a subject stands, as a fraction of the frame's height.
        size: height of an ordinary subject, as a fraction of the frame's height.
        reflects: how much the ground reflects what stands on it, 0 to 1.
    """

    behind: tuple[Drawable, ...]
    ahead: tuple[Drawable, ...]
    foot: float
    size: float
    reflects: float
