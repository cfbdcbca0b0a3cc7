"""Keyframes: given frames at any place of a clip, and moving transitions from one picture to the next."""

from __future__ import annotations

import bisect
from typing import Final

import numpy as np

from dream_nb.studio.render.brief import Brief
from dream_nb.studio.render.finish.lens import magnified
from dream_nb.studio.render.given import pictures
from dream_nb.studio.render.noise import U8, chance, fbm2
from dream_nb.studio.render.planes import Planes

# The number of frames between two given ones from which on pictures move as far as in a whole clip.
_FAR: Final = 60


class Flow:
    """A transition: a motion field that distorts pictures, and the order in which places change to the next one."""

    def __init__(self, brief: Brief) -> None:
        width, height = brief.size
        rng = chance("flow", brief.prompt, brief.take)
        self.width, self.height = width, height
        wide, high = width // 2, height // 2
        reach = 0.10 * (width * height) ** 0.5
        cells = (2.6 * width / height, 2.6)
        self.dx = np.rint(reach * 256 * fbm2(rng, wide, high, *cells, 2)).astype(np.int32)
        self.dy = np.rint(reach * 256 * fbm2(rng, wide, high, *cells, 2)).astype(np.int32)
        # The change crosses the frame as a ragged front.
        ramp = np.linspace(0.0, 1.0, width, dtype=np.float32)[None, :]
        if rng.random() < 0.5:
            ramp = ramp[:, ::-1]
        when = 0.55 * ramp + 0.45 * (0.5 + 0.5 * fbm2(rng, width, height, 2 * cells[0], 2 * cells[1], 4))
        self.when = np.rint(np.clip(when, 0.0, 1.0) * 1024).astype(np.int16)
        self.rows = np.arange(high, dtype=np.int32)[:, None]
        self.columns = np.arange(wide, dtype=np.int32)[None, :]

    def moved(self, picture: Planes, amount: float, zoom: float) -> Planes:
        """Return a picture moved along the flow.

        Args:
            picture: the picture.
            amount: how far, from 0 (unchanged) to 1; negative values move it backwards.
            zoom: the magnification, at least 1.
        """
        if zoom > 1.0:
            picture = Planes(*(magnified(plane, zoom) for plane in picture.all))
        if not amount:
            return picture.copy()
        high, wide = self.dx.shape
        force = round(amount * 256)
        # In pixels of the Y plane; U and V are moved by half as many.
        dx, dy = (self.dx * force) >> 16, (self.dy * force) >> 16
        row = np.clip(self.rows + (dy >> 1), 0, high - 1).astype(np.int64)
        column = np.clip(self.columns + (dx >> 1), 0, wide - 1).astype(np.int64)
        at = row * wide + column
        y: U8 = np.empty_like(picture.y)
        flat = picture.y.reshape(-1)
        for odd_row in (0, 1):
            for odd_column in (0, 1):
                py = np.clip(self.rows * 2 + odd_row + dy, 0, self.height - 1).astype(np.int64)
                py *= self.width
                py += np.clip(self.columns * 2 + odd_column + dx, 0, self.width - 1)
                y[odd_row::2, odd_column::2] = flat[py]
        return Planes(y, picture.u.reshape(-1)[at], picture.v.reshape(-1)[at])

    def mixed(self, one: Planes, other: Planes, part: float) -> Planes:
        """Return a mixture of two pictures, from `one` (part 0) to `other` (part 1), which changes place by place."""
        if part <= 0.0:
            return one
        if part >= 1.0:
            return other
        soft = 360
        weight = np.int16(round(part * (1024 + soft))) - self.when
        np.clip(weight, 0, soft, out=weight)
        cover = (weight.astype(np.int32) * 256 // soft).astype(np.int16)
        small = cover[::2, ::2]
        planes = []
        for a, b, w in zip(one.all, other.all, (cover, small, small), strict=True):
            change = b.astype(np.int16)
            change -= a
            step = change.astype(np.int32) * w
            step >>= 8
            planes.append((a + step).astype(np.uint8))
        return Planes(*planes)


class GivenFrames:
    """The given frames of a brief, and the transitions from and to them."""

    def __init__(self, brief: Brief) -> None:
        width, height = brief.size
        self.frames = brief.frames
        end = self.frames - 1
        given = [(0, brief.frame0), (end, brief.frame1)]
        given += [(min(anchor.frame, end), anchor.keyframe) for anchor in brief.anchors]
        found: dict[int, Planes] = {}
        for at, frame in given:
            if frame is not None and at not in found:
                found[at] = pictures.keyframe(frame, width, height)
        self.anchors = dict(sorted(found.items()))
        self.places = list(self.anchors)
        self.loop = brief.loop and len(found) == 1 and not brief.anchors
        self.flow = Flow(brief) if found else None

    @property
    def any(self) -> bool:
        """Whether the brief has any given frames."""
        return bool(self.anchors)

    @property
    def all(self) -> bool:
        """Whether the first and the last frame are given, so that the scene itself is never visible."""
        return self.anchors.keys() >= {0, self.frames - 1}

    @property
    def colours(self) -> Planes | None:
        """The given frame whose colours the scene takes on, or None."""
        return next(iter(self.anchors.values()), None)

    def laid(self, shot: Planes | None, frame: int) -> Planes:
        """Return a frame of the clip.

        Args:
            shot: the frame of the scene; may be None if `all` is true.
            frame: the number of the frame, counted from 0.
        """
        if frame in self.anchors:
            return self.anchors[frame].copy()
        after = bisect.bisect(self.places, frame)
        before = after - 1
        if 0 < after < len(self.places):
            return self._between(self.places[before], self.places[after], frame)
        assert shot is not None
        if self.loop:
            return self._around(shot, frame)
        if after:
            start = self.places[before]
            t, reach = self._step(start, self.frames - 1, frame)
            return self._with(self.anchors[start], shot, t, 1.0, reach)
        end = self.places[after]
        t, reach = self._step(0, end, frame)
        return self._with(self.anchors[end], shot, 1.0 - t, -1.0, reach)

    def _step(self, start: int, end: int, frame: int) -> tuple[float, float]:
        """Return how far a frame is between two others, 0 to 1, and how far pictures move between them, at most 1."""
        return (frame - start) / max(1, end - start), min(1.0, (end - start) / max(1, min(self.frames - 1, _FAR)))

    def _with(self, given: Planes, shot: Planes, away: float, way: float, reach: float) -> Planes:
        """Return a frame of the transition between a given frame and the scene.

        Args:
            given: the given frame.
            shot: the frame of the scene.
            away: how far the transition is from the given frame, 0 to 1.
            way: 1 if the scene follows the given frame, -1 if it precedes it.
            reach: how far pictures move, at most 1.
        """
        assert self.flow is not None
        part = _eased(away, 0.12, 0.72)
        if part >= 1.0:
            return shot
        return self.flow.mixed(self.flow.moved(given, way * part * reach, 1.0 + 0.3 * away * reach), shot, part)

    def _between(self, start: int, end: int, frame: int) -> Planes:
        """Return a frame of the transition between two given frames.

        Args:
            start, end: the numbers of the given frames.
            frame: the number of the frame.
        """
        flow = self.flow
        assert flow is not None
        t, reach = self._step(start, end, frame)
        part = _eased(t, 0.06, 0.94)
        one = flow.moved(self.anchors[start], part * reach, 1.0 + 0.35 * t * reach)
        other = flow.moved(self.anchors[end], (part - 1.0) * reach, 1.0 + 0.35 * (1.0 - t) * reach)
        return flow.mixed(one, other, part)

    def _around(self, shot: Planes, frame: int) -> Planes:
        """Return a frame of a loop that begins or ends with the only given frame."""
        assert self.flow is not None
        ((at, given),) = self.anchors.items()
        t = (frame + (0 if at == 0 else 1)) / self.frames
        near = min(t, 1.0 - t)
        part = _eased(near, 0.06, 0.36)
        return self.flow.mixed(self.flow.moved(given, part, 1.0 + 0.5 * near), shot, part)


def _eased(t: float, start: float, end: float) -> float:
    x = min(1.0, max(0.0, (t - start) / (end - start)))
    return x * x * (3.0 - 2.0 * x)
