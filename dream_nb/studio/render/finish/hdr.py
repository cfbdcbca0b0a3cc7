"""High dynamic range: converts frames to linear light, in which lamps, sun and stars are brighter than white paper."""

from __future__ import annotations

from typing import Final

import av
import numpy as np
from PIL import Image

from dream_nb.studio.render.noise import F32, resized
from dream_nb.studio.render.planes import Planes

HLG: Final = 18
"""The code of hybrid log-gamma as a transfer function.

Players without support for high dynamic range show it well enough.
"""
BT2020: Final = 9
"""The code of BT.2020 as primaries and as a matrix."""

# How much brighter a light and a bright surface become, as multiples of their brightness.
_LIGHT: Final = 9.0
_SURFACE: Final = 0.8
# The size of the surroundings that a light must outshine: the longer side of the frame divided by this.
_AROUND: Final = 4
# White in linear light, where 1 is the brightest light of hybrid log-gamma. Rec. 2100 puts white at three quarters of
# the signal.
_WHITE: Final = 0.265
_STEPS: Final = 4096
_LUMA: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
_TO_BT2020: Final = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]], np.float32)


def _decoded() -> F32:
    """Return the linear light of each of the 256 values of a picture."""
    value = np.arange(256, dtype=np.float32) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _encoded() -> F32:
    """Return a table of hybrid log-gamma signals, 0 to 1, that is indexed by the square root of linear light."""
    light = (np.arange(_STEPS, dtype=np.float64) / (_STEPS - 1)) ** 2
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    dark = np.sqrt(3 * light)
    bright = a * np.log(np.maximum(12 * light - b, 1e-9)) + c
    return np.where(light <= 1 / 12, dark, bright).astype(np.float32)


_LINEAR: Final = _decoded()
_SIGNAL: Final = np.rint(_encoded() * 65535).astype(np.uint16)


def linear(shot: Planes) -> F32:
    """Return a frame in linear light with the primaries of BT.709, height x width x 3.

    White paper is 1; lights are brighter.
    """
    light: F32 = _LINEAR[shot.rgb()]
    height, width, _ = light.shape
    bright = light @ _LUMA
    cell = max(height, width) / _AROUND
    size = max(1, round(width / cell)), max(1, round(height / cell))
    means = np.asarray(Image.fromarray(bright).resize(size, Image.Resampling.BOX), np.float32)
    lamp = np.clip((bright - resized(means, width, height)) * np.float32(2.5), 0, 1)
    lamp *= np.clip((bright - np.float32(0.5)) * np.float32(2.0), 0, 1)
    lamp *= np.float32(_LIGHT)
    lamp += np.clip((bright - np.float32(0.6)) * np.float32(2.5), 0, 1) ** 2 * np.float32(_SURFACE)
    lamp += np.float32(1.0)
    light *= lamp[..., None]
    return light


def hlg(light: F32) -> av.VideoFrame:
    """Return a frame in linear light as a video frame: 10 bits, BT.2020, hybrid log-gamma."""
    wide = light @ (_TO_BT2020.T * np.float32(_WHITE))
    np.clip(wide, 0.0, 1.0, out=wide)
    np.sqrt(wide, out=wide)
    wide *= np.float32(_STEPS - 1)
    signal = _SIGNAL[wide.astype(np.uint16)]
    frame = av.VideoFrame.from_ndarray(signal, format="rgb48le")
    return frame.reformat(format="yuv420p10le", dst_colorspace=BT2020, src_color_range=2, dst_color_range=1)
