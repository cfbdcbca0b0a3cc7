"""Measures: numbers, times and colours of a video or picture, each computed in one pass over its frames or its sound.

Frames are scaled so that their longer side is at most 256 pixels, which makes values of different sizes comparable.
Luma is that of ITU-R BT.709: 0.2126 R + 0.7152 G + 0.0722 B. A measure "of a frame" is the mean over all frames.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from dream_nb.media.loudness import LoudnessMeter
from dream_nb.media.values import Value

if TYPE_CHECKING:
    from dream_nb.media.frames import Frame
    from dream_nb.media.sound import Samples

SIDE: Final = 256

Plane = np.ndarray[tuple[int, int], np.dtype[np.float32]]

_LUMA: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)


class Look:
    """One frame, with derived data that several measures need.

    Args:
        rgb: the frame: `uint8`, height x width x 3.
        seconds: the time at which it is first visible, in seconds from the first frame; None for an image.
    """

    def __init__(self, rgb: Frame, seconds: float | None = None) -> None:
        self.rgb = rgb
        self.seconds = seconds

    @cached_property
    def channels(self) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
        """Red, green and blue as planes, 0 to 255."""
        return np.ascontiguousarray(self.rgb.transpose(2, 0, 1), np.float32)

    @cached_property
    def luma(self) -> Plane:
        """Height x width, 0 to 255."""
        plane: Plane = np.tensordot(_LUMA, self.channels, 1)
        return plane


class Measurement(ABC):
    """Takes frames one after the other, and returns a value."""

    version: ClassVar[int] = 1

    @abstractmethod
    def add(self, look: Look) -> None:
        """Add the next frame.

        Args:
            look: the frame.
        """

    @abstractmethod
    def value(self) -> Value:
        """Return the value for the frames so far."""


class Loudness(Measurement):
    """The integrated loudness of the sound in LUFS; None if all is silent. European television uses -23 LUFS.

    Source: ITU-R BS.1770-5, Algorithms to measure audio programme loudness and true-peak audio level (2023).
    """

    def __init__(self) -> None:
        self._meter = LoudnessMeter()

    def add(self, look: Look) -> None:
        """Do nothing, since this measure uses only the sound."""

    def hear(self, samples: Samples) -> None:
        """Add the next part of the sound.

        Args:
            samples: `float32`, channels x samples, -1 to 1, 48,000 a second; one or two channels.
        """
        self._meter.add(samples)

    def value(self) -> Value:
        return self._meter.value()


class _Mean(Measurement):
    """The mean of a number that is computed for each frame."""

    def __init__(self) -> None:
        self._total, self._count = 0.0, 0

    def add(self, look: Look) -> None:
        self._total += self.of(look)
        self._count += 1

    def value(self) -> Value:
        return self._total / self._count if self._count else None

    @abstractmethod
    def of(self, look: Look) -> float:
        """Return the number of one frame.

        Args:
            look: the frame.
        """


class Brightness(_Mean):
    """The mean luma of a frame, 0 (black) to 1 (white). Source: luma of ITU-R BT.709-6."""

    def of(self, look: Look) -> float:
        return float(look.luma.mean()) / 255


class Contrast(_Mean):
    """The standard deviation of a frame's luma, 0 (flat) to 0.5 (half black, half white).

    Source: "RMS contrast" in E. Peli, Contrast in complex images, J. Opt. Soc. Am. A 7 (1990).
    """

    def of(self, look: Look) -> float:
        return float(look.luma.std()) / 255


class Colourfulness(_Mean):
    """The colourfulness of a frame as people perceive it: 0 not, 33 moderately, 59 quite, 109 extremely colourful.

    Source: the metric M3 of D. Hasler and S. Süsstrunk, Measuring colourfulness in natural images, SPIE 5007 (2003).
    """

    def of(self, look: Look) -> float:
        red, green, blue = look.channels
        one, other = red - green, (red + green) / 2 - blue
        spread = np.hypot(one.std(), other.std())
        return float(spread + 0.3 * np.hypot(one.mean(), other.mean()))


class Sharpness(_Mean):
    """The variance of the Laplacian of a frame's luma (0 to 255); small if the frame is blurred.

    Source: LAPV in S. Pertuz, D. Puig and M. A. Garcia, Analysis of focus measure operators for shape-from-focus,
    Pattern Recognition 46 (2013), after J. L. Pech-Pacheco et al. (2000); the kernel of four neighbours.
    """

    def of(self, look: Look) -> float:
        plane = look.luma
        if min(plane.shape) < 3:
            return 0.0
        inside = plane[1:-1, 1:-1]
        laplacian = plane[:-2, 1:-1] + plane[2:, 1:-1] + plane[1:-1, :-2] + plane[1:-1, 2:] - 4 * inside
        return float(laplacian.var())


class Colours(Measurement):
    """The dominant colours of all frames as "#rrggbb", the most frequent first: five, or fewer if there are no more.

    Source: median cut, P. Heckbert, Color image quantization for frame buffer display, SIGGRAPH (1982), as in Pillow.
    """

    _COUNT: ClassVar = 5
    _STEP: ClassVar = 12

    def __init__(self) -> None:
        self._pixels: list[np.ndarray[tuple[int, int], np.dtype[np.uint8]]] = []

    def add(self, look: Look) -> None:
        self._pixels.append(look.rgb[:: self._STEP, :: self._STEP].reshape(-1, 3).copy())

    def value(self) -> Value:
        from PIL import Image

        if not self._pixels:
            return None
        cut = Image.fromarray(np.concatenate(self._pixels)[None]).quantize(self._COUNT, Image.Quantize.MEDIANCUT)
        palette, counts = cut.getpalette() or [], cut.getcolors() or []
        found = [
            bytes(palette[3 * index : 3 * index + 3]).hex()
            for _, index in sorted(counts, reverse=True)
            if isinstance(index, int)
        ]
        return [f"#{colour}" for colour in dict.fromkeys(found)]


class _Between(Measurement):
    """A measure of the difference between successive frames."""

    def __init__(self) -> None:
        self._first: Plane | None = None
        self._last: Plane | None = None
        self._total, self._count = 0.0, 0
        self._seconds: float | None = None

    def add(self, look: Look) -> None:
        self._seconds = look.seconds
        if self._last is None:
            self._first = look.luma
        else:
            self._total += _difference(self._last, look.luma)
            self._count += 1
        self._last = look.luma


class Motion(_Between):
    """Motion energy: how much of its range the luma of a pixel changes in a second; 0 for a still video.

    Source: the mean absolute difference of successive frames, as in image differencing for the motion-energy images of
    A. Bobick and J. Davis, The recognition of human movement using temporal templates, IEEE PAMI 23 (2001).
    """

    def value(self) -> Value:
        return self._total / self._seconds if self._seconds else None


class Seam(_Between):
    """The seam of the loop: the step from the last frame to the first, in steps of the video itself.

    At 1, the loop is as smooth as the video itself; at large values, the jump is visible. Steps smaller than one grey
    level count as one.

    Source: the distance of frames of A. Schödl, R. Szeliski, D. Salesin and I. Essa, Video textures, SIGGRAPH (2000).
    """

    def value(self) -> Value:
        if not self._count or self._first is None or self._last is None:
            return None
        return _difference(self._last, self._first) / max(self._total / self._count, 1 / 255)


class Shots(Measurement):
    """Shot changes: the times in seconds at which new shots begin, without the first shot.

    Source: the difference of successive colour histograms against a threshold, in J. Boreczky and L. Rowe, Comparison
        of video shot boundary detection techniques, SPIE 2670 (1996); 512 bins, threshold 0.4 of all pixels. A flash of
        light also counts.
    """

    _THRESHOLD: ClassVar = 0.4

    def __init__(self) -> None:
        self._last: np.ndarray[tuple[int], np.dtype[np.intp]] | None = None
        self._seconds: float | None = None
        self._cuts: list[float] = []

    def add(self, look: Look) -> None:
        self._seconds = look.seconds
        coarse = look.rgb >> 5
        bins = (coarse[..., 0].astype(np.uint16) << 6) | (coarse[..., 1].astype(np.uint16) << 3) | coarse[..., 2]
        histogram = np.bincount(bins.ravel(), minlength=512)
        if self._last is not None and look.seconds is not None:
            moved = np.abs(histogram - self._last).sum() / 2 / bins.size
            if moved > self._THRESHOLD:
                self._cuts.append(look.seconds)
        self._last = histogram

    def value(self) -> Value:
        return None if self._seconds is None else list(self._cuts)


class Fingerprint(Measurement):
    """A fingerprint: 64 bits as 16 hexadecimal digits, of which few differ if only size, brightness or coding differ.

    Source: "pHash", the signs of low frequencies of a cosine transform against their median, C. Zauner, Implementation
    and benchmarking of perceptual image hash functions (2010); of the mean frame, after the representative images of
    M. Esmaeili, M. Fatourechi and R. Ward, A robust and fast video copy detection system, IEEE TIFS 6 (2011).
    """

    _SIDE: ClassVar = 32
    _BITS: ClassVar = 8

    def __init__(self) -> None:
        self._total: np.ndarray[tuple[int, int], np.dtype[np.float64]] | None = None
        self._count = 0

    def add(self, look: Look) -> None:
        if self._total is None:
            self._total = np.zeros(look.luma.shape)
        self._total += look.luma
        self._count += 1

    def value(self) -> Value:
        from PIL import Image

        if self._total is None:
            return None
        mean = Image.fromarray((self._total / self._count).astype(np.float32))
        small = np.asarray(mean.resize((self._SIDE, self._SIDE), Image.Resampling.BOX))
        at = np.arange(self._SIDE)
        waves = np.cos(np.pi * np.outer(np.arange(1, self._BITS + 1), 2 * at + 1) / (2 * self._SIDE))
        low = waves @ small @ waves.T
        bits = np.packbits(low > np.median(low))
        return bits.tobytes().hex()


MEASURES: Final[Mapping[str, type[Measurement]]] = {
    "brightness": Brightness,
    "contrast": Contrast,
    "colourfulness": Colourfulness,
    "sharpness": Sharpness,
    "colours": Colours,
    "motion": Motion,
    "seam": Seam,
    "shots": Shots,
    "fingerprint": Fingerprint,
    "loudness": Loudness,
}


def _difference(one: Plane, other: Plane) -> float:
    return float(np.abs(one - other).mean()) / 255
