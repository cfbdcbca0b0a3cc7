"""A frame as three planes (Y, U, V of BT.709, limited range, 4:2:0), and conversions of colours to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from dream_nb.studio.render.noise import F32, U8
from dream_nb.studio.render.vocabulary import RGB


@dataclass(slots=True)
class Planes:
    """One frame. `y` is height x width; `u` and `v` are half as high and half as wide. All are uint8."""

    y: U8
    u: U8
    v: U8

    @classmethod
    def empty(cls, width: int, height: int) -> Planes:
        """Return a black frame."""
        half = (height // 2, width // 2)
        return cls(np.full((height, width), 16, np.uint8), np.full(half, 128, np.uint8), np.full(half, 128, np.uint8))

    @property
    def all(self) -> tuple[U8, U8, U8]:
        """The planes Y, U and V, in this order."""
        return self.y, self.u, self.v

    @property
    def width(self) -> int:
        """The width of `y` in pixels."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """The height of `y` in pixels."""
        return int(self.y.shape[0])

    def copy(self) -> Planes:
        """Return a copy of the frame."""
        return Planes(self.y.copy(), self.u.copy(), self.v.copy())

    def rgb(self) -> U8:
        """Return the frame as an RGB array, height x width x 3."""
        y = (self.y.astype(np.float32) - 16.0) * np.float32(255.0 / 219.0)
        u = doubled(self.u.astype(np.float32) - 128.0) * np.float32(255.0 / 224.0)
        v = doubled(self.v.astype(np.float32) - 128.0) * np.float32(255.0 / 224.0)
        out = np.empty((*y.shape, 3), np.uint8)
        for channel, value in enumerate((y + 1.5748 * v, y - 0.187324 * u - 0.468124 * v, y + 1.8556 * u)):
            out[..., channel] = np.clip(value + np.float32(0.5), 0.0, 255.0)
        return out


def doubled(field: F32) -> F32:
    """Return a field at twice its height and width, interpolated."""
    height, width = field.shape
    image = Image.fromarray(field).resize((width * 2, height * 2), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.float32)


def from_rgb(picture: U8) -> Planes:
    """Return the planes of an RGB picture, height x width x 3, whose sides are even."""
    y, u, v = yuv(picture.astype(np.float32) * np.float32(1.0 / 255.0))
    height, width = y.shape

    def halved(c: F32) -> F32:
        mean: F32 = c.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3), dtype=np.float32)
        return mean

    return Planes(to_u8(y), to_u8(halved(u)), to_u8(halved(v)))


def yuv(rgb: F32) -> tuple[F32, F32, F32]:
    """Return Y (16 to 235), U and V (16 to 240) of an array of colours (..., 3), not yet rounded."""
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    grey = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return (
        grey * np.float32(219.0) + np.float32(16.0),
        (b - grey) * np.float32(224.0 / 1.8556) + np.float32(128.0),
        (r - grey) * np.float32(224.0 / 1.5748) + np.float32(128.0),
    )


def colour(c: RGB) -> F32:
    """Return a colour as an array."""
    return np.asarray(c, np.float32)


def luma(colour: RGB) -> float:
    """Return the perceived brightness of a colour, 0 to 1."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def yuv_of(colour: RGB) -> tuple[float, float, float]:
    """Return Y, U and V of one colour, not rounded."""
    (r, _, b), grey = colour, luma(colour)
    return 16.0 + 219.0 * grey, 128.0 + 224.0 * (b - grey) / 1.8556, 128.0 + 224.0 * (r - grey) / 1.5748


def to_u8(field: F32) -> U8:
    """Round a field to uint8, and clip it so that grain can be added without leaving the limited range."""
    rounded: U8 = np.clip(field + np.float32(0.5), 16.0, 240.0).astype(np.uint8)
    return rounded
