"""Seeded noise that is measured in scene units, so that a drawing has the same forms at every size."""

from __future__ import annotations

import hashlib
import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]
I16: TypeAlias = NDArray[np.int16]
U8: TypeAlias = NDArray[np.uint8]


def chance(*seed: object) -> np.random.Generator:
    """Return a random generator that depends only on the text of its seed."""
    digest = hashlib.sha256("\x1f".join(map(str, seed)).encode("utf-8", "surrogatepass")).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def pick(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a random number between `low` and `high`."""
    return low + (high - low) * float(rng.random())


def smoothstep(x: F32) -> F32:
    """Return 0 below 0, 1 above 1, and a smooth curve between them."""
    t = np.clip(x, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def resized(field: F32, width: int, height: int, box: tuple[float, float, float, float] | None = None) -> F32:
    """Return a field resampled to another size, with bicubic interpolation.

    Args:
        field: the values, height x width.
        width, height: the size of the result.
        box: the part of the field to use (left, top, right, bottom), in its pixels; None uses all of it.
    """
    image = Image.fromarray(field).resize((width, height), Image.Resampling.BICUBIC, box=box)
    return np.asarray(image, dtype=np.float32)


_CELLS = 256
_TILE = (64, 128)


def fbm1(rng: np.random.Generator, x: F64, octaves: int, gain: float = 0.5, ridged: bool = False) -> F64:
    """Return fractal noise along a line, about -1 to 1.

    Args:
        rng: the random generator.
        x: the positions along the line, in cells of the first octave.
        octaves: the number of octaves; the cells of each are half as large as those of the one before.
        gain: the weight of each octave relative to the one before.
        ridged: whether to make pointed crests and round valleys.
    """
    total = np.zeros_like(x)
    norm, weight = 0.0, 1.0
    for octave in range(octaves):
        knots = rng.random(_CELLS) * 2.0 - 1.0
        at = x * 2**octave + 97.0
        cell = np.floor(at).astype(np.int64)
        t = at - cell
        t = t * t * (3.0 - 2.0 * t)
        value = knots[cell % _CELLS] * (1.0 - t) + knots[(cell + 1) % _CELLS] * t
        total += weight * (1.0 - 2.0 * np.abs(value) if ridged else value)
        norm += weight
        weight *= gain
    return total / norm


def fbm2(
    rng: np.random.Generator,
    width: int,
    height: int,
    across: float,
    down: float,
    octaves: int,
    gain: float = 0.5,
    ridged: bool = False,
    before: float = 0.0,
) -> F32:
    """Return fractal noise over an area, about -1 to 1, height x width.

    Args:
        rng: the random generator.
        width, height: the size of the array.
        across, down: the extent of the area, in cells of the first octave.
        octaves, gain, ridged: as for `fbm1`.
        before: how much farther to the left the area begins, in cells of the first octave. The forms keep their
            places.
    """
    total = np.zeros((height, width), np.float32)
    norm, weight = 0.0, 1.0
    for octave in range(octaves):
        nx, ny = across * 2**octave, down * 2**octave
        # Every size draws the same number of random values, and repeats them where more are needed, so that the forms
        # are the same at all sizes.
        knots = (rng.random(_TILE).astype(np.float32) * 2.0 - 1.0).astype(np.float32)
        if octave and nx > width and ny > height:
            continue
        left = 1.5 - before * 2**octave
        first = math.floor(left) - 1
        rows, columns = np.arange(math.ceil(ny) + 4) % _TILE[0], (np.arange(math.ceil(nx) + 4) + first) % _TILE[1]
        knots = knots[rows][:, columns]
        value = resized(knots, width, height, (left - first, 1.5, left - first + nx, 1.5 + ny))
        total += weight * (1.0 - 2.0 * np.abs(value) if ridged else value)
        norm += weight
        weight *= gain
    return total * np.float32(1.6 / norm) if not ridged else total * np.float32(1.0 / norm)
