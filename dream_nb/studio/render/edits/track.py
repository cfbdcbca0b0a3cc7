"""Tracks how the picture of a clip moves, and makes a camera that moves a drawn scene in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.camera import Camera, CameraMotion
from dream_nb.studio.render.noise import F64, U8

# A shift, as a fraction of the frame, beyond which a new frame is chosen to compare others with.
_FAR: Final = 0.15
# The height of a peak, relative to the mean of all shifts, below which no motion is assumed.
_CLEAR: Final = 9.0
# The largest shift of a drawn scene, as a fraction of the frame.
_REACH: Final = 0.3


@dataclass(frozen=True, slots=True)
class TrackedCamera(Camera):
    """A camera that follows the picture of another clip.

    Args:
        places: the offset of each frame, to the right and down, as fractions of the frame.
    """

    places: tuple[tuple[float, float], ...] = ((0.0, 0.0),)

    def offset(self, frame: int, near: float) -> tuple[float, float]:
        """Return the offset of a layer, as `Camera.offset`. Near layers move like the clip, and far layers less."""
        x, y = self.places[min(frame, len(self.places) - 1)]
        part = 0.75 + 0.25 * near
        return x * part, y * part


def tracked(small: U8, seconds: float) -> TrackedCamera:
    """Return a camera that moves like the picture of a clip.

    Args:
        small: the brightness of the frames, reduced: frames x height x width.
        seconds: the length of the clip.
    """
    _, height, width = small.shape
    places = shifts(small) / (width, height)
    bounded = _REACH * np.tanh(places / _REACH)
    return TrackedCamera(CameraMotion(), len(small), seconds, places=tuple((x, y) for x, y in bounded.tolist()))


def shifts(small: U8) -> F64:
    """Return by how many pixels the picture has moved since the first frame: frames x 2 (to the right, down).

    Args:
        small: the brightness of the frames, reduced: frames x height x width.
    """
    count, height, width = small.shape
    if min(height, width) < 8:
        return np.zeros((count, 2))
    window = np.hanning(height)[:, None] * np.hanning(width)[None, :]

    def spectrum(frame: int) -> NDArray[np.complex128]:
        picture = small[frame].astype(np.float64)
        return np.fft.rfft2((picture - picture.mean()) * window)

    found = np.zeros((count, 2))
    anchor, at = spectrum(0), np.zeros(2)
    previous = anchor
    for frame in range(1, count):
        now = spectrum(frame)
        moved = _shift(anchor, now, (height, width))
        if moved is None or abs(moved[0]) > _FAR * width or abs(moved[1]) > _FAR * height:
            anchor, at = previous, found[frame - 1]
            moved = _shift(anchor, now, (height, width))
        found[frame] = at + (moved if moved is not None else 0.0)
        previous = now
    return found


def _shift(one: NDArray[np.complex128], other: NDArray[np.complex128], shape: tuple[int, int]) -> F64 | None:
    """Return how far the second picture has moved, by phase correlation, or None if no shift stands out.

    Args:
        one, other: the spectra of the pictures.
        shape: the height and width of the pictures.
    """
    height, width = shape
    cross = other * one.conj()
    # Dividing by the root only keeps strong frequencies strong, so noise counts less than with phases alone.
    cross /= np.sqrt(np.abs(cross)) + 1e-9
    peaks = np.fft.irfft2(cross, s=shape)
    best = int(peaks.argmax())
    row, column = divmod(best, width)
    top = float(peaks[row, column])
    if top <= _CLEAR * float(np.abs(peaks).mean()):
        return None

    def between(before: float, after: float) -> float:
        bend = 2 * top - before - after
        return 0.5 * (after - before) / bend if bend > 1e-12 else 0.0

    x = column + between(float(peaks[row, column - 1]), float(peaks[row, (column + 1) % width]))
    y = row + between(float(peaks[row - 1, column]), float(peaks[(row + 1) % height, column]))
    return np.array([x - width if x > width / 2 else x, y - height if y > height / 2 else y])
