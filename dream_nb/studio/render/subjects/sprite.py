"""Coloured figures as pixels that are drawn over a frame, with the light, shading and grain of cut paper."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from dream_nb.studio.render.noise import F32, U8
from dream_nb.studio.render.planes import Planes, yuv
from dream_nb.studio.render.subjects.puppets import Pose
from dream_nb.studio.render.vocabulary import RGB

U16 = NDArray[np.uint16]

# A table that turns a blurred coverage into a wider one with a soft edge.
_FULL: Final = [min(255, round(5.0 * value)) for value in range(256)]
_CREAM: Final = (1.0, 0.97, 0.88)


def margin(high: int) -> int:
    """Return the number of empty rows that `paper` leaves below a figure of this height."""
    return 2 * _edge(high) + 2


def _edge(high: int) -> int:
    """Return the width of the cream edge of a figure of this height, in pixels."""
    return max(1, round(high / 110))


def paper(picture: U8, light: RGB, grade: Callable[[F32], F32], rng: np.random.Generator, poses: list[Pose]) -> U8:
    """Return a drawing as cut paper with a cream edge: rows x columns x YUVA.

    Y, U and V are multiplied by the coverage A.

    Args:
        picture: the drawing, rows x columns x RGBA.
        light: the colour of the light, which is multiplied with the drawing's colours.
        grade: the grading of colours by the style.
        rng: the random generator for the grain.
        poses: the poses that the figure will take; the result has room for them around it.
    """
    high = picture.shape[0]
    edge, pad = _edge(high), margin(high)
    aside = pad + math.ceil(high * math.sin(math.radians(max(abs(pose.turn) for pose in poses))))
    above = pad + math.ceil(high * (max(pose.tall for pose in poses) - 1.0)) + math.ceil(0.1 * (aside - pad))
    # Plane by plane, which NumPy computes several times as fast as pixel by pixel.
    planes = np.moveaxis(np.pad(picture, ((above, pad), (aside, aside), (0, 0))), 2, 0)
    cover = Image.fromarray(np.ascontiguousarray(planes[3]))
    outer = _widened(cover, edge)
    soft = np.asarray(cover.filter(ImageFilter.BoxBlur(max(2.0, high / 26))), np.float32) / 255
    down, across = np.gradient(soft)
    shading = np.clip(1.0 + (across + 1.3 * down) * (high / 26), 0.72, 1.22)
    grain = rng.normal(0, 0.02, planes.shape[1:]).astype(np.float32)
    drawn = np.ascontiguousarray(planes, np.float32) / 255
    lit, alpha = np.asarray(light, np.float32)[:, None, None], drawn[3]
    inner = drawn[:3] * (shading + grain) * lit
    rim = np.asarray(_CREAM, np.float32)[:, None, None] * lit
    colour = np.moveaxis(inner * alpha + rim * (1 - alpha), 0, 2)
    return _laid_flat(np.clip(grade(colour), 0, 1), np.asarray(outer, np.float32) / np.float32(255))


def _widened(cover: Image.Image, edge: int) -> Image.Image:
    """Return a coverage that is wider by `edge` pixels, with a soft edge."""
    return cover.filter(ImageFilter.BoxBlur(edge)).filter(ImageFilter.BoxBlur(edge / 2)).point(_FULL)


def _laid_flat(colour: F32, cover: F32) -> U8:
    """Return colours (rows x columns x RGB) as rows x columns x YUVA, with YUV multiplied by the coverage A."""
    planes = [np.clip(plane, 24, 227) * cover for plane in yuv(colour)]
    return np.rint(np.stack([*planes, cover * 255], axis=2)).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class _Laid:
    """The part of a plane of a pose that shows something.

    Args:
        tint: its colours times coverage, in 256ths.
        clear: its transparency, in 256ths.
        left, top: its first column and row in the plane.
    """

    tint: U16
    clear: U16
    left: int
    top: int


@dataclass(slots=True)
class Sprite:
    """A figure in several poses. Each pose is prepared when it is first shown.

    Args:
        picture: the figure, rows x columns x YUVA, as returned by `paper`.
        poses: the poses of a step.
        foot: the row of the picture that it stands on.
    """

    picture: U8
    poses: list[Pose]
    foot: float
    _posed: dict[Pose, U8] = field(default_factory=dict)
    _ready: dict[tuple[Pose, int], tuple[_Laid, _Laid, _Laid]] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """The width and height in pixels."""
        return self.picture.shape[1], self.picture.shape[0]

    def draw(self, onto: Planes, pose: int, x: float, foot: float) -> None:
        """Draw a pose into a frame.

        Args:
            onto: the frame.
            pose: the index of the pose in `poses`.
            x, foot: the column of the figure's middle and the row of its foot.
        """
        width, _ = self.size
        left, top = math.floor(x - width / 2), 2 * round((foot - self.foot) / 2)
        odd = left % 2
        for plane, laid, half in zip(onto.all, self._laid(self.poses[pose], odd), (1, 2, 2), strict=True):
            _lay(plane, laid, (left - odd) // half + laid.left, top // half + laid.top)

    def _laid(self, pose: Pose, odd: int) -> tuple[_Laid, _Laid, _Laid]:
        if (pose, odd) not in self._ready:
            self._ready[pose, odd] = _prepared(self.posed(pose), odd)
        return self._ready[pose, odd]

    def posed(self, pose: Pose) -> U8:
        """Return the picture in a pose, in the same size."""
        if pose not in self._posed:
            self._posed[pose] = self._moved(pose)
        return self._posed[pose]

    def _moved(self, pose: Pose) -> U8:
        """Return the picture rotated around its foot, and stretched."""
        if pose == Pose():
            return self.picture
        turn = math.radians(pose.turn)
        cos, sin = math.cos(turn), math.sin(turn)
        mx, my = self.size[0] / 2, self.foot
        # Only the part of the result that shows something is made.
        there = np.array([[cos * pose.wide, sin * pose.tall], [-sin * pose.wide, cos * pose.tall]])
        left, top, right, bottom = self._reached(there)
        # The matrix maps places in that part to places in the picture.
        a, b = cos / pose.wide, -sin / pose.wide
        d, e = sin / pose.tall, cos / pose.tall
        x, y = left - mx, top - my
        matrix = (a, b, mx + a * x + b * y, d, e, my + d * x + e * y)
        size, moved = (right - left, bottom - top), np.zeros_like(self.picture)
        part = _image(self.picture).transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
        moved[top:bottom, left:right] = np.asarray(part)
        return moved

    def _reached(self, matrix: NDArray[np.float64]) -> tuple[int, int, int, int]:
        """Return the columns and rows that the content reaches when a matrix moves it around the foot.

        Returns:
            The first column, the first row, and the column and row after the last.
        """
        left, top, right, bottom = _content(self.picture)
        middle = np.array([[self.size[0] / 2], [self.foot]])
        corners = matrix @ (np.array([[left, left, right, right], [top, bottom, top, bottom]]) - middle) + middle
        # Between two pixels, the nearest one of both sides counts.
        low, high = np.floor(corners.min(axis=1)) - 1, np.ceil(corners.max(axis=1)) + 1
        width, height = self.size
        return max(0, int(low[0])), max(0, int(low[1])), min(width, int(high[0])), min(height, int(high[1]))


@dataclass(slots=True)
class Reflection:
    """The reflection of a figure on wet ground: the figure upside down, fading away from its foot.

    Args:
        sprite: the figure.
        strength: the strength of the reflection at the foot, 0 to 1.
    """

    sprite: Sprite
    strength: float
    _poses: dict[Pose, Sprite] = field(default_factory=dict)

    def draw(self, onto: Planes, pose: int, x: float, foot: float) -> None:
        """Draw the reflection of a pose into a frame; the arguments are those of `Sprite.draw`."""
        posed = self.sprite.poses[pose]
        if posed not in self._poses:
            rows = self.sprite.size[1]
            fade = np.rint(np.linspace(256 * self.strength, 25.6 * self.strength, rows)).astype(np.uint16)
            picture = ((self.sprite.posed(posed)[::-1] * fade[:, None, None]) >> 8).astype(np.uint8)
            self._poses[posed] = Sprite(picture, [Pose()], rows - self.sprite.foot)
        self._poses[posed].draw(onto, 0, x, foot)


def _image(picture: U8) -> Image.Image:
    """Return the four planes of a picture as an image with four independent planes.

    In an image with transparency, Pillow would not interpolate all planes alike.
    """
    return Image.frombuffer("CMYK", picture.shape[1::-1], np.ascontiguousarray(picture), "raw", "CMYK", 0, 1)


def _content(picture: U8) -> tuple[int, int, int, int]:
    """Return where a picture shows something: its first column and row, and the column and row after the last."""
    shown = _image(picture).getchannel("K").getbbox()
    assert shown is not None
    return shown


def _prepared(picture: U8, odd: int) -> tuple[_Laid, _Laid, _Laid]:
    """Return the planes Y, U and V of a picture for an even column of a frame.

    Args:
        picture: the picture, rows x columns x YUVA, not all empty.
        odd: how many columns to add on the left, 0 or 1.
    """
    left, top, right, bottom = _content(picture)
    # From an even column and row to another, because the planes U and V have one pixel for two of each.
    before, above = (left + odd) % 2, top % 2
    beyond = ((above, bottom % 2), (before, (right + odd) % 2), (0, 0))
    shown = np.pad(picture[top:bottom, left:right], beyond)
    half = np.asarray(_image(shown).reduce(2))
    left, top = (left + odd) // 2, top // 2
    return _plane(shown, 0, 2 * left, 2 * top), _plane(half, 1, left, top), _plane(half, 2, left, top)


def _plane(picture: U8, at: int, left: int, top: int) -> _Laid:
    cover = picture[..., 3].astype(np.uint16)
    cover += cover >> 7  # 255 becomes 256, so that opaque pixels hide everything
    tint = picture[..., at].astype(np.uint16) * np.uint16(256) + np.uint16(128)
    return _Laid(tint, np.uint16(256) - cover, left, top)


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


def shadow(width: int, height: int, strength: float) -> U8:
    """Return a soft, elliptical shadow: rows x columns x YUVA, as from `paper`."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = ((x - width / 2 + 0.5) / (width / 2)) ** 2 + ((y - height / 2 + 0.5) / (height / 2)) ** 2
    dark = np.broadcast_to(np.asarray((0.05, 0.04, 0.07), np.float32), (height, width, 3))
    return _laid_flat(dark, (np.clip(1.0 - away, 0.0, 1.0) ** 1.3 * strength).astype(np.float32))
