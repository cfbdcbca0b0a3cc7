"""Keyframes: given frames at any place of a clip, and the moving way from one picture to the next."""

from __future__ import annotations

import bisect
from typing import Final

import numpy as np

from dream_nb.studio.render.brief import Brief
from dream_nb.studio.render.finish.lens import magnified
from dream_nb.studio.render.given import pictures
from dream_nb.studio.render.noise import U8, chance, fbm2
from dream_nb.studio.render.planes import Planes

# Frames between two given ones, from which on pictures move as far as they do in a whole clip.
_FAR: Final = 60


class Flow:
    """A field in which pictures melt, and the order in which places change over."""

    def __init__(self, brief: Brief) -> None:
        width, height = brief.size
        rng = chance("flow", brief.prompt, brief.take)
        self.width, self.height = width, height
        wide, high = width // 2, height // 2
        reach = 0.10 * (width * height) ** 0.5
        cells = (2.6 * width / height, 2.6)
        self.dx = np.rint(reach * 256 * fbm2(rng, wide, high, *cells, 2)).astype(np.int32)
        self.dy = np.rint(reach * 256 * fbm2(rng, wide, high, *cells, 2)).astype(np.int32)
        # Change runs across the frame in a ragged front.
        ramp = np.linspace(0.0, 1.0, width, dtype=np.float32)[None, :]
        if rng.random() < 0.5:
            ramp = ramp[:, ::-1]
        when = 0.55 * ramp + 0.45 * (0.5 + 0.5 * fbm2(rng, width, height, 2 * cells[0], 2 * cells[1], 4))
        self.when = np.rint(np.clip(when, 0.0, 1.0) * 1024).astype(np.int16)
        self.rows = np.arange(high, dtype=np.int32)[:, None]
        self.columns = np.arange(wide, dtype=np.int32)[None, :]

    def moved(self, picture: Planes, amount: float, zoom: float) -> Planes:
        """A picture carried along the flow.

        Args:
            amount: 0 (as it is) to 1; negative flows backwards.
            zoom: magnification, at least 1.
        """
        if zoom > 1.0:
            picture = Planes(*(magnified(plane, zoom) for plane in picture.all))
        if not amount:
            return picture.copy()
        high, wide = self.dx.shape
        force = round(amount * 256)
        # In pixels of the brightness plane: chroma takes half of it.
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
        """From one picture (part 0) to another (part 1), place by place."""
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
    """The given frames of a brief, laid into its clip."""

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
        """Whether there are any."""
        return bool(self.anchors)

    @property
    def all(self) -> bool:
        """Whether nothing of the scene itself is seen."""
        return self.anchors.keys() >= {0, self.frames - 1}

    @property
    def colours(self) -> Planes | None:
        """The frame whose colours the scene takes on."""
        return next(iter(self.anchors.values()), None)

    def laid(self, shot: Planes | None, frame: int) -> Planes:
        """A frame of the clip; `shot` is that of the scene (not needed when `all`)."""
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
        """How far a frame is on the way between two, 0 to 1; and how far pictures move on that way, 1 at most."""
        return (frame - start) / max(1, end - start), min(1.0, (end - start) / max(1, min(self.frames - 1, _FAR)))

    def _with(self, given: Planes, shot: Planes, away: float, way: float, reach: float) -> Planes:
        """A given frame on its way from or to the scene.

        Args:
            given: the frame.
            shot: the scene.
            away: how far it is from the given frame, 0 to 1.
            way: 1 where the scene follows, -1 where it came before.
            reach: how far pictures move.
        """
        assert self.flow is not None
        part = _eased(away, 0.12, 0.72)
        if part >= 1.0:
            return shot
        return self.flow.mixed(self.flow.moved(given, way * part * reach, 1.0 + 0.3 * away * reach), shot, part)

    def _between(self, start: int, end: int, frame: int) -> Planes:
        """One given frame on its way to the next."""
        flow = self.flow
        assert flow is not None
        t, reach = self._step(start, end, frame)
        part = _eased(t, 0.06, 0.94)
        one = flow.moved(self.anchors[start], part * reach, 1.0 + 0.35 * t * reach)
        other = flow.moved(self.anchors[end], (part - 1.0) * reach, 1.0 + 0.35 * (1.0 - t) * reach)
        return flow.mixed(one, other, part)

    def _around(self, shot: Planes, frame: int) -> Planes:
        """The given frame as the first, or the last, of a ring."""
        assert self.flow is not None
        ((at, given),) = self.anchors.items()
        t = (frame + (0 if at == 0 else 1)) / self.frames
        near = min(t, 1.0 - t)
        part = _eased(near, 0.06, 0.36)
        return self.flow.mixed(self.flow.moved(given, part, 1.0 + 0.5 * near), shot, part)


def _eased(t: float, start: float, end: float) -> float:
    x = min(1.0, max(0.0, (t - start) / (end - start)))
    return x * x * (3.0 - 2.0 * x)
