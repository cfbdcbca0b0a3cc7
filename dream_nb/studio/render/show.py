"""From a brief to its frames."""

from __future__ import annotations

from collections.abc import Iterator

from dream_nb.studio.render import setting
from dream_nb.studio.render.brief import Brief
from dream_nb.studio.render.noise import U8
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.scene import Scene


def shots(brief: Brief) -> Iterator[Planes]:
    """The frames of a brief as planes, one at a time."""
    place = setting.of(brief)
    scene = Scene(place)
    for frame in range(place.frames):
        yield scene.frame(frame)


def pictures(brief: Brief) -> Iterator[U8]:
    """The frames of a brief as RGB."""
    return (shot.rgb() for shot in shots(brief))
