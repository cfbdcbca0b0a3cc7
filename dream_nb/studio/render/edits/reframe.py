"""Puts a video or an image into another aspect ratio: keeps its pixels in their place, and extends its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from dream_nb.studio.render.brief import LONGEST_SIDE, Placing, RenderError
from dream_nb.studio.render.noise import F32, F64, U8
from dream_nb.studio.render.plane_scaler import PlaneScaler
from dream_nb.studio.render.planes import Planes

# In pixels. A value beyond this is rejected as a mistake.
_FARTHEST: Final = 50_000


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """The place of the source in the result.

    Args:
        box: the left, upper, right and lower edge of the part that is shown, in pixels of the source.
        left, top: the upper left corner of that part, in pixels of the result.
        width, height: the size of that part, in pixels of the result.
    """

    box: tuple[float, float, float, float]
    left: int
    top: int
    width: int
    height: int


def size_of(ratio: str, width: int, height: int, video: bool, shorter_side: int | None = None) -> tuple[int, int]:
    """Return the width and height of the result, both even.

    Args:
        ratio: the aspect ratio of the result, such as "16:9".
        width, height: the size of the source.
        video: whether the source is a video, which keeps the length of its shorter side. An image keeps about the
            same number of pixels.
        shorter_side: the largest shorter side of the result, or None.
    """
    wide, high = (int(part) for part in ratio.split(":"))
    shorter = float(min(width, height)) if video else (width * height / (wide * high)) ** 0.5 * min(wide, high)
    most = LONGEST_SIDE * min(wide, high) / max(wide, high)
    shorter = max(16.0, min(shorter, most, shorter_side or most))
    across, down = (max(16, round(shorter * side / min(wide, high) / 2) * 2) for side in (wide, high))
    return across, down


def placed(placing: Placing, source: tuple[int, int], size: tuple[int, int]) -> SourcePlace:
    """Return the place of a source in the result. By default, all of it is shown in the middle.

    Args:
        placing: the requested place.
        source: the width and height of the source.
        size: the width and height of the result.

    Raises:
        RenderError: a value is out of range.
    """
    p = placing
    for name in Placing.__slots__:
        value = getattr(p, name)
        if value is not None and abs(value) > _FARTHEST:
            raise RenderError(f"{name} is {value}, and must be between {-_FARTHEST} and {_FARTHEST}")
    spans = []
    for axis, limit in (("x", source[0]), ("y", source[1])):
        start, end = getattr(p, f"{axis}_start"), getattr(p, f"{axis}_end")
        begin, stop = start or 0, limit if end is None else end
        if not 0 <= begin < limit:
            raise RenderError(f"{axis}_start is {begin}, and must be between 0 and {limit - 1}")
        if not begin < stop <= limit:
            raise RenderError(f"{axis}_end is {stop}, and must be between {begin + 1} and {limit}")
        spans.append((begin, stop))
    (left, right), (upper, lower) = spans
    wide, high = right - left, lower - upper
    width, height = _resized(p, (wide, high), size)
    x, y = (
        (room - own) // 4 * 2 if at is None else at
        for at, room, own in ((p.grid_position_x, size[0], width), (p.grid_position_y, size[1], height))
    )
    return _seen(SourcePlace((left, upper, right, lower), x, y, width, height), size)


def _seen(place: SourcePlace, size: tuple[int, int]) -> SourcePlace:
    """Return the place without parts outside of the result, on each axis where it is more than twice as long.

    This saves the time for scaling parts that are not shown.
    """
    spans = []
    for axis, (at, own) in enumerate(((place.left, place.width), (place.top, place.height))):
        first, last = place.box[axis], place.box[axis + 2]
        begin, end = max(at, 0), min(at + own, size[axis])
        if own <= 2 * size[axis]:
            begin, end = at, at + own
        elif begin >= end:
            # No part of the source lies inside the result.
            begin = -size[axis] if at < 0 else at
            end = begin + size[axis]
        else:
            each = (last - first) / own
            first, last = first + (begin - at) * each, first + (end - at) * each
        spans.append((first, last, begin, end))
    (left, right, x, x_end), (upper, lower, y, y_end) = spans
    return SourcePlace((left, upper, right, lower), x, y, x_end - x, y_end - y)


def _resized(p: Placing, own: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    for name in ("resized_width", "resized_height"):
        value = getattr(p, name)
        if value is not None and value < 1:
            raise RenderError(f"{name} is {value}, and must be at least 1")
        if value is not None and value > 4 * LONGEST_SIDE:
            raise RenderError(f"{name} is {value}, and must be at most {4 * LONGEST_SIDE}")
    wide, high = own
    if p.resized_width is not None and p.resized_height is not None:
        return p.resized_width, p.resized_height
    if p.resized_width is not None:
        return p.resized_width, max(1, round(high * p.resized_width / wide))
    if p.resized_height is not None:
        return max(1, round(wide * p.resized_height / high)), p.resized_height
    if (p.grid_position_x, p.grid_position_y) != (None, None):
        # A position without a size keeps the size of the source.
        return own
    scale = min(size[0] / wide, size[1] / high)
    width, height = (max(2, round(side * scale / 2) * 2) for side in own)
    return (own[0] if abs(width - own[0]) < 2 else width), (own[1] if abs(height - own[1]) < 2 else height)


class Continuation:
    """The pixels of the source that each pixel along one axis of a plane shows.

    Args:
        length: the length of the axis, in pixels of the plane.
        begin: where the source begins, in pixels of the frame.
        extent: the length of the source, in pixels of the frame.
        part: the pixels of the frame per pixel of the plane.
        calm: how to continue the source beyond its edges: mirrored and increasingly stretched (True), or mirrored back
            and forth (False).
        reach: the depth of the part of the source that is mirrored, as a fraction of its extent.
    """

    def __init__(self, length: int, begin: int, extent: int, part: int, calm: bool, reach: float) -> None:
        at = (np.arange(length) + 0.5) * part - begin
        beyond = np.where(at < 0, -at, np.maximum(at - extent, 0.0))
        depth = _mirrored(beyond, reach * extent, calm)
        inner = np.where(at < 0, depth, np.where(at > extent, extent - depth, at))
        last = -(-extent // part) - 1
        place = np.clip(np.rint((inner / part - 0.5) * 128), 0, last * 128).astype(np.int64)
        self.first = place >> 7
        self.second = np.minimum(self.first + 1, last)
        self.share = (place & 127).astype(np.int16)
        self.beyond: F64 = beyond

    def taken(self, plane: U8, axis: int) -> U8:
        """Return the pixels of a plane that are shown along an axis, interpolated.

        Args:
            plane: the plane of the source.
            axis: 0 to take rows, 1 to take columns.
        """
        one: U8 = plane.take(self.first, axis)
        if not self.share.any():
            return one
        share = self.share[:, None] if axis == 0 else self.share[None, :]
        change = plane.take(self.second, axis).astype(np.int16)
        change -= one
        change *= share
        change += 64
        change >>= 7
        change += one
        between: U8 = change.astype(np.uint8)
        return between


def _mirrored(beyond: F64, reach: float, calm: bool) -> F64:
    """Return how deep in the source the pixel lies that is shown at a distance beyond its edge.

    Args:
        beyond: the distances beyond the edge, in pixels of the frame.
        reach: the largest depth, in pixels of the frame.
        calm: as for `Continuation`.
    """
    if calm:
        return reach * -np.expm1(-beyond / reach)
    around = beyond % (2 * reach)
    return np.minimum(around, 2 * reach - around)


class Canvas:
    """Puts frames of a source into larger frames, and continues them beyond their edges.

    Args:
        size: the width and height of the result, both even.
        place: the place of the source.
    """

    def __init__(self, size: tuple[int, int], place: SourcePlace) -> None:
        self.size, self.place = size, place
        width, height = size
        self._scalers = {part: PlaneScaler() for part in (1, 2)}
        # Things that are upside down are easily noticed, so less is mirrored above and below.
        self.calm = [self._lines(part, True, (0.2, 0.035)) for part in (1, 2)]
        self.plain = [self._lines(part, False, (0.5, 0.25)) for part in (1, 2)]
        # The part of the result that shows the source.
        self.rows = slice(max(0, place.top), max(0, min(height, place.top + place.height)))
        self.columns = slice(max(0, place.left), max(0, min(width, place.left + place.width)))

    def _lines(self, part: int, calm: bool, reaches: tuple[float, float]) -> tuple[Continuation, Continuation]:
        (width, height), p = self.size, self.place
        return (
            Continuation(width // part, p.left, p.width, part, calm, reaches[0]),
            Continuation(height // part, p.top, p.height, part, calm, reaches[1]),
        )

    @property
    def full(self) -> bool:
        """Whether the source covers all of the result."""
        return (self.rows, self.columns) == (slice(0, self.size[1]), slice(0, self.size[0]))

    @property
    def away(self) -> tuple[F32, F32]:
        """The horizontal and vertical distance of each pixel of the result from the source, height x width each."""
        across, down = self.calm[0]
        width, height = self.size
        return (
            np.broadcast_to(across.beyond.astype(np.float32)[None, :], (height, width)).copy(),
            np.broadcast_to(down.beyond.astype(np.float32)[:, None], (height, width)).copy(),
        )

    def fitted(self, shot: Planes) -> Planes:
        """Return the part of a source's frame that is shown, scaled to its size in the result."""
        left, top, right, lower = self.place.box
        width, height = self.place.width, self.place.height
        planes = []
        for plane, part in zip(shot.all, (1, 2, 2), strict=True):
            box = left / part, top / part, right / part, lower / part
            size = -(-width // part), -(-height // part)
            if all(float(edge).is_integer() for edge in box):
                x, y, x_end, y_end = (int(edge) for edge in box)
                planes.append(self._scalers[part].scaled(plane[y:y_end, x:x_end], size))
            else:
                image = Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS, box=box)
                planes.append(np.asarray(image))
        return Planes(*planes)

    def extended(self, part: Planes, calm: bool) -> Planes:
        """Return a whole frame: the source in its place, continued beyond its edges.

        Args:
            part: the shown part of the source, from `fitted`.
            calm: how to continue it, as for `Continuation`.
        """
        lines = self.calm if calm else self.plain
        planes = []
        for plane, (across, down) in zip(part.all, (lines[0], lines[1], lines[1]), strict=True):
            planes.append(down.taken(across.taken(plane, 1), 0))
        return Planes(*planes)

    def kept(self, painted: Planes, laid: Planes) -> Planes:
        """Return a painted frame, changed in place to show the source.

        Args:
            painted: a frame of the result.
            laid: the same frame with the source in it, from `extended`.
        """
        for onto, own, part in zip(painted.all, laid.all, (1, 2, 2), strict=True):
            rows = slice(-(-self.rows.start // part), self.rows.stop // part)
            columns = slice(-(-self.columns.start // part), self.columns.stop // part)
            onto[rows, columns] = own[rows, columns]
        return painted

    def pasted(self, painted: U8, picture: U8) -> U8:
        """Return a painted image with the pixels of the source in their place. Both are RGB, height x width x 3."""
        left, top, right, lower = self.place.box
        own = Image.fromarray(picture)
        size = self.place.width, self.place.height
        own = (
            own.crop((int(left), int(top), int(right), int(lower)))
            if (right - left, lower - top) == size
            else own.resize(size, Image.Resampling.LANCZOS, box=self.place.box)
        )
        image = Image.fromarray(painted)
        image.paste(own, (self.place.left, self.place.top))
        return np.asarray(image)
