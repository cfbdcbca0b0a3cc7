"""Separates a picture into layers with transparency: the foreground, the ground, and the background.

Composing the layers gives the original picture again. So a layer has the colours of the picture wherever any of it is
visible, and only completely hidden parts are painted in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from dream_nb.studio.render.noise import F32, U8, resized, smoothstep

I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

# The longer side of the reduced picture in which the parts are found, in pixels.
_SMALL: Final = 192
# The smallest and the largest fraction of the picture that the foreground may cover.
_LEAST, _MOST = 0.006, 0.6
# The least step in colour at an outline, in levels.
_STEP: Final = 24.0
_SWEEPS: Final = 3
# For a line from side to side: the most rows that it may move from column to column, and the cost of each in levels.
_BEND: Final = 3
_EVEN: Final = 4.0
# The least distance between two lines, as a fraction of the height; the least clarity of the second, relative to the
# first.
_APART: Final = 0.12
_CLEAR: Final = 0.6
# How much a colour may differ from the colours of a part around it and still belong to that part, in levels.
_LIKE: Final = 26.0
_SOFT: Final = 0.15
# The distance from an edge at which its two sides are compared, in pixels; the least fraction of their difference that
# lies within one pixel of a hard edge.
_ACROSS: Final = 4
_SHARP: Final = 0.3
_LABELS: Final = ("subject", "foreground", "middle ground", "background")
_TOLD: Final = (
    "{subject}, cut out of the picture",
    "The ground in front, whole behind {subject}",
    "What lies between the ground and the background",
    "The background, whole behind everything else",
)


@dataclass(frozen=True, slots=True)
class PictureLayer:
    """One layer of a picture.

    Args:
        pixels: the pixels as RGBA, height x width x 4.
        label: a name of one or two words.
        description: a description of what the layer shows.
        alpha_hint: the kind of its edges: "soft", "hard", or "none" for the background.
    """

    pixels: U8
    label: str
    description: str
    alpha_hint: str


def separated(picture: U8, subject: str) -> list[PictureLayer]:
    """Return the layers of a picture, from front to back; the last one is opaque.

    Args:
        picture: the picture as RGB, height x width x 3.
        subject: the name of the foreground in one or two words, or an empty string if it is unknown.
    """
    height, width, _ = picture.shape
    scale = _SMALL / max(height, width)
    size = max(8, round(width * scale)), max(8, round(height * scale))
    small = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
    thing = _enclosed(small.astype(np.float32))
    hidden = np.zeros((height, width), np.bool_)
    name = subject or _LABELS[0]
    covers: list[tuple[int, U8]] = []
    if thing.any():
        covers = [(0, _cover(picture, small, thing, ~thing))]
        hidden = covers[0][1] == 255
        small = _painted(small, thing)
    parts = _parts(small.astype(np.float32), thing)
    plain = _painted(picture, hidden)
    for part in (1, 2):
        if (parts == part).any():
            # The layer continues behind the parts in front of it.
            covers.append((part, _cover(plain, small, parts <= part, parts > part)))
    covers.append((len(_LABELS) - 1, np.full((height, width), 255, np.uint8)))
    layers = []
    hidden = np.zeros((height, width), np.bool_)
    for part, cover in covers:
        colours = _painted(picture, hidden, cover == 255)
        colours[cover == 0] = 0
        label = _LABELS[part] if part else name
        told = _TOLD[part].format(subject=f"the {name}" if part else name.capitalize())
        hint = "none" if part == len(_LABELS) - 1 else _hint(picture, cover)
        layers.append(PictureLayer(np.dstack([colours, cover]), label, told, hint))
        hidden |= cover == 255
    return layers


def _parts(small: F32, thing: Mask) -> NDArray[np.uint8]:
    """Return which part each place belongs to, as an index into `_LABELS`.

    Args:
        small: a reduced picture in which the foreground has been painted over.
        thing: where the foreground was. These places are ignored when lines are found.
    """
    high, wide, _ = small.shape
    parts = np.full((high, wide), len(_LABELS) - 1, np.uint8)
    rows = np.arange(high)[:, None]
    step = _bridged(_step(small), _filtered(thing, ImageFilter.MaxFilter(9)))
    first = _line(step, round(0.3 * high), round(0.9 * high))
    parts[rows >= first[None, :]] = 1
    # A second line farther up counts if it is nearly as clear.
    above = int(first.min()) - round(_APART * high)
    if above > round(0.2 * high):
        second = _line(step, round(0.1 * high), above)
        if _clarity(step, second) > _CLEAR * _clarity(step, first):
            parts[(rows >= second[None, :]) & (rows < first[None, :])] = 2
    return parts


def _enclosed(small: F32) -> Mask:
    """Return a mask of the foreground.

    It is the most prominent thing that cannot be reached from the sides without crossing a step in colour. The mask is
    empty if nothing qualifies.
    """
    soft = np.asarray(Image.fromarray(small.astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.7)), np.float32)
    barrier = np.max([_barrier(soft[..., at]) for at in range(3)], axis=0)
    least, span = float(np.percentile(barrier, 50)), float(np.ptp(barrier))
    nothing = np.zeros(barrier.shape, np.bool_)
    if span < _STEP:
        return nothing
    mask = _filtered(barrier > max(_STEP, least + 0.2 * span), ImageFilter.ModeFilter(5))
    # Add outlines to the things that they surround, and join things that are a few pixels apart.
    mask = _filtered(mask, ImageFilter.MaxFilter(5))
    things = _regions(mask.astype(np.int64))
    sizes = np.bincount(things.reshape(-1), mask.reshape(-1) * barrier.reshape(-1).astype(np.float64))
    thing = _filtered(things == int(sizes.argmax()), ImageFilter.MinFilter(3)) & mask
    if not _LEAST <= thing.mean() <= _MOST:
        return nothing
    # Areas that the thing encloses are part of it.
    around = _regions((~thing).astype(np.int64))
    rim = np.unique(np.concatenate([around[0], around[-1], around[:, 0], around[:, -1]]))
    whole: Mask = thing | ~np.isin(around, rim)
    return whole


def _filtered(mask: Mask, how: ImageFilter.Filter) -> Mask:
    found: Mask = np.asarray(Image.fromarray(mask.astype(np.uint8)).filter(how)) > 0
    return found


def _barrier(plane: F32) -> F32:
    """Return for each place how large a difference in brightness must be crossed to reach it from the sides.

    This is the smallest difference between the brightest and the darkest place on any way there.
    """
    high, wide = plane.shape
    top, low = plane.copy(), plane.copy()
    barrier = np.full((high, wide), np.inf, np.float32)
    # Ways do not begin at the lower side, because the foreground often stands on it.
    barrier[0] = barrier[:, 0] = barrier[:, -1] = 0
    for _ in range(_SWEEPS):
        for turned in (False, True):
            view = [field.T if turned else field for field in (plane, top, low, barrier)]
            count = len(view[0])
            for order in (range(1, count), range(count - 2, -1, -1)):
                before = -1 if order.step > 0 else 1
                for row in order:
                    own, high_, low_, best = (field[row] for field in view)
                    brightest = np.maximum(view[1][row + before], own)
                    darkest = np.minimum(view[2][row + before], own)
                    way = np.where(np.isfinite(view[3][row + before]), brightest - darkest, np.inf)
                    better = way < best
                    high_[better], low_[better], best[better] = brightest[better], darkest[better], way[better]
    return barrier


def _step(picture: F32) -> F32:
    """Return how much the colours below each place differ from those above it, in levels, height x width."""
    high = len(picture)
    span = max(2, high // 24)
    sums = np.concatenate([np.zeros((1, *picture.shape[1:]), np.float32), np.cumsum(picture, axis=0)])
    rows = np.arange(high)
    above, below = np.maximum(rows - span, 0), np.minimum(rows + span, high)
    before = (sums[rows] - sums[above]) / np.maximum(rows - above, 1)[:, None, None]
    after = (sums[below] - sums[rows]) / np.maximum(below - rows, 1)[:, None, None]
    step: F32 = np.sqrt(((after - before) ** 2).sum(axis=2))
    return step


def _bridged(step: F32, unknown: Mask) -> F32:
    """Return the steps, with unknown places interpolated along their row."""
    whole = step.copy()
    columns = np.arange(step.shape[1])
    for row, gap in zip(whole, unknown, strict=True):
        if gap.any() and not gap.all():
            row[gap] = np.interp(columns[gap], columns[~gap], row[~gap])
    return whole


def _line(step: F32, first: int, last: int) -> I64:
    """Return the line from side to side along the clearest steps, as a row for each column.

    Args:
        step: the steps, height x width.
        first, last: the rows between which the line lies.
    """
    room = step[first : max(last, first + 1)]
    high, wide = room.shape
    best, ways = room[:, 0].copy(), np.zeros((high, wide), np.int64)
    rows = np.arange(high)
    for column in range(1, wide):
        reached = np.full((2 * _BEND + 1, high), -np.inf, np.float32)
        for bend in range(-_BEND, _BEND + 1):
            source = rows + bend
            inside = (source >= 0) & (source < high)
            reached[bend + _BEND, inside] = best[source[inside]] - abs(bend) * _EVEN
        ways[:, column] = rows + reached.argmax(axis=0) - _BEND
        best = room[:, column] + reached.max(axis=0)
    line = np.zeros(wide, np.int64)
    line[-1] = int(best.argmax())
    for column in range(wide - 1, 0, -1):
        line[column - 1] = ways[line[column], column]
    return line + first


def _clarity(step: F32, line: I64) -> float:
    return float(step[line, np.arange(len(line))].mean())


def _regions(kinds: I64) -> I64:
    """Return the connected regions of equal kind: for each place, the number of its region, counted from 0."""
    high, wide = kinds.shape
    names = np.arange(high * wide).reshape(high, wide)
    while True:
        before = names
        names = _spread_along(kinds, names)
        names = _spread_along(kinds.T, names.T).T
        if np.array_equal(names, before):
            return np.unique(names, return_inverse=True)[1].reshape(high, wide)


def _spread_along(kinds: I64, names: I64) -> I64:
    """Replace the names in each run of one kind along a row by the least of them."""
    fresh = np.ones(kinds.shape, np.bool_)
    fresh[:, 1:] = kinds[:, 1:] != kinds[:, :-1]
    starts = np.flatnonzero(fresh.reshape(-1))
    least = np.minimum.reduceat(np.ascontiguousarray(names).reshape(-1), starts)
    lengths = np.diff(np.append(starts, kinds.size))
    return np.repeat(least, lengths).reshape(kinds.shape)


def _cover(picture: U8, small: U8, there: Mask, elsewhere: Mask) -> U8:
    """Return the coverage of a layer, 0 to 255, at the size of the picture. At its edges, the colours decide.

    Args:
        picture: the picture.
        small: the picture, reduced.
        there: where the layer is, in the reduced picture.
        elsewhere: where the other parts are that it borders on, in the reduced picture.
    """
    one, other = _share(picture, small, there), _share(picture, small, elsewhere)
    part = one / np.maximum(one + other, np.float32(1e-6))
    return np.rint(smoothstep((part - 0.5) * np.float32(1.6) + np.float32(0.5)) * 255).astype(np.uint8)


def _share(picture: U8, small: U8, mask: Mask) -> F32:
    height, width, _ = picture.shape
    there = mask.astype(np.float32)
    near = resized(_blurred(there, 2.0), width, height)
    amount = np.maximum(_blurred(there, 4.0), np.float32(1e-3))
    away = np.zeros((height, width), np.float32)
    for at in range(3):
        own = _blurred(there * small[..., at].astype(np.float32), 4.0) / amount
        away += (picture[..., at] - resized(np.asarray(own, np.float32), width, height)) ** 2
    alike = np.exp(-away / np.float32(2 * 3 * _LIKE**2)) + np.float32(_SOFT)
    share: F32 = np.maximum(near, np.float32(0.0)) * alike
    return share


def _blurred(field: F32, radius: float) -> F32:
    image = Image.fromarray(field)
    wide, high = image.size
    reduced = image.resize((max(1, round(wide / radius)), max(1, round(high / radius))), Image.Resampling.BOX)
    return np.asarray(reduced.resize((wide, high), Image.Resampling.BICUBIC), np.float32)


def _painted(picture: U8, hidden: Mask, own: Mask | None = None) -> U8:
    """Return a picture with its hidden places painted in the colours around them.

    Args:
        picture: the picture.
        hidden: the places to paint.
        own: the places to take colours from, as far as they are visible; None means all places.
    """
    if not hidden.any():
        return picture.copy()
    source = ~hidden if own is None or not (own & ~hidden).any() else own & ~hidden
    if not source.any():
        return np.broadcast_to(picture.reshape(-1, 3).mean(axis=0).astype(np.uint8), picture.shape).copy()
    seen = source.astype(np.float32)
    height, width = hidden.shape
    made = picture.copy()
    rows, columns = np.nonzero(hidden)
    filled = np.zeros((len(rows), 3), np.float32)
    left = np.ones(len(rows), np.float32)
    # From near to far: colours nearby are used where there are any, and colours farther away for the rest.
    for cell in (4, 8, 16, 32, 64, 128, 256, 4096):
        size = max(1, round(width / cell)), max(1, round(height / cell))
        amount = np.asarray(Image.fromarray(seen).resize(size, Image.Resampling.BOX), np.float32)
        there = np.maximum(resized(amount, width, height)[rows, columns], np.float32(0.0))
        part = np.minimum(there, np.float32(1.0)) * left
        for at in range(3):
            sums = Image.fromarray(picture[..., at].astype(np.float32) * seen).resize(size, Image.Resampling.BOX)
            around = resized(np.asarray(sums, np.float32), width, height)[rows, columns]
            filled[:, at] += part * np.clip(around / np.maximum(there, np.float32(1e-3)), 0, 255)
        left = left - part
    filled /= np.maximum(1.0 - left, 1e-4)[:, None]
    made[rows, columns] = np.rint(np.clip(filled, 0, 255)).astype(np.uint8)
    return made


def _hint(picture: U8, cover: U8) -> str:
    """Return whether the edges of a layer are "soft" or "hard", by how much of the step across them is in one pixel."""
    solid = cover >= 128
    taken = whole = 0.0
    for turned in (False, True):
        pixels = (picture.transpose(1, 0, 2) if turned else picture).astype(np.int16)
        inside = solid.T if turned else solid
        if pixels.shape[1] <= 2 * _ACROSS:
            continue
        edge = inside[:, _ACROSS : -_ACROSS + 1] != inside[:, _ACROSS - 1 : -_ACROSS]
        steps = np.abs(pixels[:, 1:] - pixels[:, :-1])
        count = edge.shape[1]
        # The edge of the coverage may lie slightly beside the edge in the picture.
        near = np.max([steps[:, at : at + count] for at in range(2 * _ACROSS - 1)], axis=0)
        far = np.abs(pixels[:, 2 * _ACROSS - 1 :] - pixels[:, :count])
        taken, whole = taken + float(near[edge].sum()), whole + float(far[edge].sum())
    return "soft" if taken < _SHARP * whole else "hard"
