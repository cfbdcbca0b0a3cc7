"""A picture of the studio and the same without its subjects, to find where each is and how much of it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final
from unittest.mock import patch

import numpy as np

from dream_nb.studio.render import Brief
from dream_nb.studio.render.figures import actors
from dream_nb.studio.render.ground import land
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.scene import Scene
from dream_nb.studio.render.stage import of
from dream_nb.studio.render.subjects.subjects import Puppet
from tests.studio.render.silhouettes import U8, Mask

WIDTH: Final = 640
HEIGHT: Final = 360
# A subject's pixels differ by more levels than this from the scene without it; the grain is the same in both. The
# second limit is higher, because leaving something out of the land also changes its shading a little.
_SEEN: Final = 8
_LAND_SEEN: Final = 14
_HALF: Final = 0.5
# Rows and columns of the grid on which connected parts are found.
_GRID: Final = (90, 160)


@dataclass(frozen=True, slots=True)
class SeenSubject:
    """A subject of a picture.

    Args:
        form: its coverage, also beyond the edges of the picture, without shadow and reflection.
        seen: the pixels of the picture that show it: it covers them, and they differ without it.
        agrees: the part of its coverage within the picture where the picture differs without it.
        own: whether it belongs to the land or the small figures, of which only the difference is known.
    """

    form: Mask
    seen: Mask
    agrees: float
    own: bool = False


class Exposure:
    """The picture of a prompt, first take, and its scene.

    Args:
        prompt: the prompt as typed.
    """

    def __init__(self, prompt: str) -> None:
        self.brief = Brief("image", prompt, width=WIDTH, height=HEIGHT)
        self.scene = Scene(of(self.brief))
        self.picture: U8 = self.scene.frame(0).rgb()

    @cached_property
    def subjects(self) -> list[SeenSubject]:
        """The figures in the scene, from the farthest to the nearest."""
        return [self._seen(number) for number in range(len(self.scene.puppets))]

    @cached_property
    def small(self) -> SeenSubject | None:
        """The largest connected part of buildings and small figures, or None if there is none."""
        with _bare():
            changed = _changed(self.picture, Scene(of(self.brief)).frame(0).rgb(), _LAND_SEEN)
        largest = _largest(changed)
        return SeenSubject(largest, largest, 1.0, own=True) if largest.any() else None

    @cached_property
    def planted(self) -> float:
        """The part of the picture that differs without plants."""
        with patch.object(land, "planted", _nothing):
            return float(_changed(self.picture, Scene(of(self.brief)).frame(0).rgb(), _LAND_SEEN).mean())

    @cached_property
    def wet(self) -> float:
        """The part of the picture that differs without water."""
        if self.scene.place is not None or self.scene.water is None:
            return 0.0
        with patch.object(self.scene, "water", None):
            return float(_changed(self.picture, self.scene.frame(0).rgb(), _LAND_SEEN).mean())

    @cached_property
    def whitened(self) -> float:
        """How much brighter the lower half of the picture is than with grass on the ground, 0 to 1."""
        stage = self.scene.stage
        green = Scene(replace(stage, plan=replace(stage.plan, ground="grass"))).frame(0).rgb()
        return float((self.picture[HEIGHT // 2 :].astype(float) - green[HEIGHT // 2 :]).mean() / 255)

    def _with(self, puppets: list[Puppet]) -> U8:
        """The picture with these figures only."""
        with patch.object(self.scene, "puppets", puppets):
            return self.scene.frame(0).rgb()

    def _seen(self, number: int) -> SeenSubject:
        puppets = list(self.scene.puppets)
        bare = replace(puppets[number], shade=None, mirror=None)
        shown = self._with([*puppets[:number], bare, *puppets[number + 1 :]])
        without = self._with(puppets[:number] + puppets[number + 1 :])
        form = _form(bare)
        inside = form[HEIGHT : 2 * HEIGHT, WIDTH : 2 * WIDTH]
        changed = _changed(shown, without, _SEEN)
        agrees = float((inside & changed).sum() / max(1, inside.sum()))
        return SeenSubject(form, inside & changed, agrees)


@contextmanager
def _bare() -> Iterator[None]:
    """Set scenes up without buildings and small figures."""
    with patch.object(land, "built", _nothing), patch.object(actors, "actors", _nobody):
        yield


def _nothing(*_: object) -> None:
    """Replaces a function that adds to the land."""


def _nobody(*_: object) -> list[object]:
    return []


def _form(puppet: Puppet) -> Mask:
    """A figure's coverage in a picture that extends the frame by its own size on every side.

    It is drawn over black and over white: pixels that differ are not covered.
    """
    aside = replace(puppet.path, x=puppet.path.x + WIDTH, foot=puppet.path.foot + HEIGHT)
    moved = replace(puppet, path=aside, ground=puppet.ground + HEIGHT)
    levels = []
    for level in (0, 255):
        canvas = Planes.empty(3 * WIDTH, 3 * HEIGHT)
        canvas.y[:] = level
        moved.draw(canvas, 0)
        levels.append(canvas.y.astype(np.float32))
    covered: Mask = 1.0 - (levels[1] - levels[0]) / 255.0 > _HALF
    return covered


def _changed(one: U8, other: U8, levels: int) -> Mask:
    changed: Mask = np.abs(one.astype(np.int16) - other).max(axis=2) > levels
    return changed


def _largest(mask: Mask) -> Mask:
    """The largest connected part of a mask; small gaps are ignored."""
    high, wide = mask.shape[0] // _GRID[0], mask.shape[1] // _GRID[1]
    grid = mask.reshape(_GRID[0], high, _GRID[1], wide).mean(axis=(1, 3)) > 0.2
    best: set[tuple[int, int]] = set()
    left = set(zip(*np.nonzero(grid), strict=True))
    while left:
        part, edge = set(), [left.pop()]
        while edge:
            row, column = edge.pop()
            part.add((row, column))
            around = {(row + down, column + across) for down in (-1, 0, 1) for across in (-1, 0, 1)} & left
            left -= around
            edge += around
        best = max(best, part, key=len)
    kept = np.zeros_like(grid)
    for row, column in best:
        kept[row, column] = True
    inside: Mask = mask & np.repeat(np.repeat(kept, high, axis=0), wide, axis=1)
    return inside
