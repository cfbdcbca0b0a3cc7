"""A coloured figure as pixels that are laid over a frame: lit, shaded and grained like the paper of a theatre."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from dream_nb.studio.render.noise import F32, U8
from dream_nb.studio.render.planes import Planes, yuv
from dream_nb.studio.render.subjects.puppets import Pose

U16 = NDArray[np.uint16]

_CREAM: Final = (1.0, 0.97, 0.88)


def paper(picture: U8, light: tuple[float, float, float], rng: np.random.Generator) -> F32:
    """A drawing as cut paper in a light: rows x columns x RGBA, 0 to 1, with a cream edge around it.

    Args:
        picture: rows x columns x RGBA.
        light: what falls on it, multiplied with its colours.
        rng: for the grain.
    """
    edge = max(1, round(picture.shape[0] / 110))
    pad = 2 * edge + 2
    wide = np.pad(picture, ((pad, pad), (pad, pad), (0, 0))).astype(np.float32) / 255
    cover = Image.fromarray((wide[..., 3] * 255).astype(np.uint8))
    outer = cover.filter(ImageFilter.MaxFilter(2 * edge + 1)).filter(ImageFilter.BoxBlur(max(0.5, edge / 3)))
    soft = np.asarray(cover.filter(ImageFilter.BoxBlur(max(2.0, picture.shape[0] / 26))), np.float32) / 255
    down, across = np.gradient(soft)
    shading = np.clip(1.0 + (across + 1.3 * down) * (picture.shape[0] / 26), 0.72, 1.22)
    grain = rng.normal(0, 0.02, wide.shape[:2]).astype(np.float32)
    alpha = wide[..., 3:]
    inner = wide[..., :3] * (shading + grain)[..., None] * np.asarray(light, np.float32)
    rim = np.asarray(_CREAM, np.float32) * np.asarray(light, np.float32)
    colour = inner * alpha + rim * (1 - alpha)
    return np.concatenate([np.clip(colour, 0, 1), (np.asarray(outer, np.float32) / 255)[..., None]], axis=2)


@dataclass(frozen=True, slots=True)
class _Laid:
    """A plane of a pose: its colours times coverage, and what is seen through it, both in 256ths."""

    tint: U16
    clear: U16


@dataclass(slots=True)
class Sprite:
    """A figure in its poses, each prepared when it is first shown.

    Args:
        picture: rows x columns x RGBA, 0 to 1.
        poses: of a step.
        foot: row of the picture on which it stands.
    """

    picture: F32
    poses: list[Pose]
    foot: float
    _ready: dict[tuple[int, int], tuple[_Laid, _Laid, _Laid]] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.picture.shape[1], self.picture.shape[0]

    def draw(self, onto: Planes, pose: int, x: float, foot: float) -> None:
        """Set a pose into a frame.

        Args:
            onto: the frame.
            pose: which.
            x, foot: column of its middle and row of its foot.
        """
        width, _ = self.size
        left, top = math.floor(x - width / 2), 2 * round((foot - self.foot) / 2)
        odd = left % 2
        for plane, laid, half in zip(onto.all, self._laid(pose, odd), (1, 2, 2), strict=True):
            _lay(plane, laid, (left - odd) // half, top // half)

    def _laid(self, pose: int, odd: int) -> tuple[_Laid, _Laid, _Laid]:
        if (pose, odd) not in self._ready:
            self._ready[pose, odd] = _prepared(self._posed(self.poses[pose]), odd)
        return self._ready[pose, odd]

    def _posed(self, pose: Pose) -> F32:
        """The picture turned around its foot, and stretched."""
        width, height = self.size
        turn = math.radians(pose.turn)
        cos, sin = math.cos(turn), math.sin(turn)
        mx, my = width / 2, self.foot
        # From a place in the result to one in the picture.
        a, b = cos * pose.tall, -sin * pose.tall
        d, e = sin / pose.tall, cos / pose.tall
        matrix = (a, b, mx - a * mx - b * my, d, e, my - d * mx - e * my)
        alpha = self.picture[..., 3:]
        channels = [*np.moveaxis(self.picture[..., :3] * alpha, 2, 0), alpha[..., 0]]
        size, how = (width, height), Image.Resampling.BILINEAR
        moved = [
            np.asarray(Image.fromarray(np.ascontiguousarray(one)).transform(size, Image.Transform.AFFINE, matrix, how))
            for one in channels
        ]
        return np.stack(moved, axis=2)


def _prepared(picture: F32, odd: int) -> tuple[_Laid, _Laid, _Laid]:
    """The planes of a picture whose colours are multiplied by its coverage, begun at an even column."""
    height, width = picture.shape[:2]
    wide = np.pad(picture, ((0, height % 2), (odd, (width + odd) % 2), (0, 0)))
    half = (wide[0::2, 0::2] + wide[1::2, 0::2] + wide[0::2, 1::2] + wide[1::2, 1::2]) / 4
    planes = []
    for part, at in ((wide, 0), (half, 1), (half, 2)):
        alpha = part[..., 3]
        colour = part[..., :3] / np.maximum(alpha, 1e-4)[..., None]
        value = np.clip(yuv(np.clip(colour, 0, 1).astype(np.float32))[at], 24, 227)
        tint = (value * alpha * 256 + 128).astype(np.uint16)
        planes.append(_Laid(tint, (256 - np.rint(alpha * 256)).astype(np.uint16)))
    return planes[0], planes[1], planes[2]


def _lay(plane: U8, laid: _Laid, left: int, top: int) -> None:
    height, width = laid.tint.shape
    x0, x1, y0, y1 = max(0, left), min(plane.shape[1], left + width), max(0, top), min(plane.shape[0], top + height)
    if x0 >= x1 or y0 >= y1:
        return
    rows, columns = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    view = plane[y0:y1, x0:x1]
    mixed = np.multiply(view, laid.clear[rows, columns], dtype=np.uint16)
    mixed += laid.tint[rows, columns]
    mixed >>= 8
    np.copyto(view, mixed, casting="unsafe")


def shadow(width: int, height: int, strength: float) -> F32:
    """A soft ellipse of shadow as a picture: rows x columns x RGBA."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = ((x - width / 2 + 0.5) / (width / 2)) ** 2 + ((y - height / 2 + 0.5) / (height / 2)) ** 2
    alpha = np.clip(1.0 - away, 0.0, 1.0) ** 1.3 * strength
    dark = np.broadcast_to(np.asarray((0.05, 0.04, 0.07), np.float32), (height, width, 3))
    return np.concatenate([dark, alpha[..., None]], axis=2).astype(np.float32)
