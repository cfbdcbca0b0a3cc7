"""A surface on which one layer of a place is painted: forms as SVG, light as fields that NumPy computes."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final

import numpy as np
import resvg_py
from PIL import Image, ImageFilter

from dream_nb.studio.render.layers import Layer, layer, phases_for
from dream_nb.studio.render.noise import F32, U8, fbm2
from dream_nb.studio.render.planes import Planes, yuv
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.styles import Style
from dream_nb.studio.render.vocabulary import RGB

# Light varies slowly: it is computed for every fourth pixel in each direction.
_COARSE: Final = 4
_LEVELS: Final = 25
# Shading that can fill any form: dark towards its bottom, its top or its sides, or white around its middle.
_GRADIENTS: Final = (
    "<defs>"
    '<linearGradient id="down" x2="0" y2="1"><stop stop-color="#000" stop-opacity="0"/>'
    '<stop offset="1" stop-color="#000" stop-opacity=".5"/></linearGradient>'
    '<linearGradient id="up" y1="1" x2="0" y2="0"><stop stop-color="#000" stop-opacity="0"/>'
    '<stop offset="1" stop-color="#000" stop-opacity=".5"/></linearGradient>'
    '<linearGradient id="round"><stop stop-color="#000" stop-opacity=".5"/>'
    '<stop offset=".35" stop-color="#fff" stop-opacity=".12"/><stop offset="1" stop-color="#000" stop-opacity=".55"/>'
    "</linearGradient>"
    '<radialGradient id="halo"><stop stop-color="#fff"/><stop offset=".35" stop-color="#fff" stop-opacity=".4"/>'
    '<stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>'
    "</defs>"
)


class Laid:
    """A layer that moves with the camera."""

    def __init__(self, stage: SceneStage, painted: Layer) -> None:
        self.stage, self.layer = stage, painted

    def draw(self, canvas: Planes, frame: int) -> None:
        """Draw it over a frame."""
        self.layer.draw(canvas, *self.stage.shift(frame, self.layer.near))


class Board:
    """One layer while it is painted. Positions are pixels of the frame; the layer extends beyond it on each side.

    Args:
        stage: the stage of the scene.
        near: how near the layer is, 0 (far) to 1 (near).
        name: seeds the random choices.
        top: row of the frame above which nothing is painted, or None to paint the whole layer.
    """

    def __init__(self, stage: SceneStage, near: float, name: str, top: float | None = None) -> None:
        s = self.stage = stage
        self.near, self.name = near, name
        self.left, up = s.margins(near)
        self.top = -up if top is None else max(-up, min(s.height - 2, int(top) // 2 * 2))
        self.width, self.height = s.width + 2 * self.left, s.height + up - self.top
        self.wide, self.high = -(-self.width // _COARSE), -(-self.height // _COARSE)
        self.x: F32 = (np.arange(self.wide, dtype=np.float32) + np.float32(0.5))[None, :] * _COARSE - self.left
        """Columns of the coarse grid, in pixels of the frame."""
        self.y: F32 = (np.arange(self.high, dtype=np.float32) + np.float32(0.5))[:, None] * _COARSE + self.top
        """Rows of the coarse grid, in pixels of the frame."""

    def svg(self, body: str, part: int = 1) -> U8:
        """Draw forms.

        Args:
            body: SVG elements, in pixels of the frame.
            part: draw at 1/`part` of the size, for forms that are out of focus.

        Returns:
            Red, green, blue and coverage of each pixel; pixels that are not covered are black.
        """
        wide, high = -(-self.width // part), -(-self.height // part)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
            f'viewBox="{-self.left} {self.top} {wide * part} {high * part}">'
        )
        return drawn(head + _GRADIENTS + body + "</svg>", wide, high)

    def hazy(self, body: str, blur: float) -> U8:
        """Draw forms out of focus, for every pixel. They are drawn at half the size, which the blur hides.

        Args:
            body: SVG elements, in pixels of the frame.
            blur: radius of the blur, in scene units.

        Returns:
            As for `svg`.
        """
        shapes = Image.fromarray(blurred(self.svg(body, 2), blur * self.stage.unit / 2))
        box = (0.0, 0.0, self.width / 2, self.height / 2)
        return np.array(shapes.resize((self.width, self.height), Image.Resampling.BILINEAR, box=box))

    def soft(self, body: str, blur: float) -> F32:
        """Draw forms without sharp edges, on the coarse grid.

        Args:
            body: SVG elements, in pixels of the frame.
            blur: radius of the blur, in scene units.

        Returns:
            Red, green, blue and coverage, 0 to 1.
        """
        shapes = blurred(self.svg(body, _COARSE), blur * self.stage.unit / _COARSE)
        return shapes.astype(np.float32) * np.float32(1.0 / 255.0)

    def noise(self, name: str, cell: float, octaves: int, fine: bool = False, stretch: float = 1.0) -> F32:
        """Fractal noise over the board, about -1 to 1.

        Args:
            name: seeds the noise.
            cell: size of its largest forms, in scene units.
            octaves: number of octaves, each half the size of the one before.
            fine: compute it for every pixel instead of the coarse grid.
            stretch: how many times wider than high its forms are.
        """
        wide, high = (self.width, self.height) if fine else (self.wide, self.high)
        unit = cell * self.stage.unit
        rng = self.stage.plan.chance(self.name, name)
        before = self.stage.wider(self.near) / unit / stretch
        return fbm2(rng, wide, high, self.width / unit / stretch, self.height / unit, octaves, before=before)

    def full(self, field: F32) -> F32:
        """Enlarge a field of the coarse grid to every pixel."""
        box = (0.0, 0.0, self.width / _COARSE, self.height / _COARSE)
        if field.ndim == 2:
            return _enlarged(field, self.width, self.height, box)
        out = np.empty((self.height, self.width, field.shape[2]), np.float32)
        for channel in range(field.shape[2]):
            out[..., channel] = _enlarged(field[..., channel], self.width, self.height, box)
        return out

    def glow(self, x: float, y: float, radius: float, power: float = 2.0) -> F32:
        """Light that falls off around a point, where it is 1, on the coarse grid.

        Args:
            x, y: the point, in pixels of the frame.
            radius: distance at which a third of the light is left, in pixels.
            power: exponent of the distance; the light falls off faster with a higher one.
        """
        away = np.hypot(self.x - np.float32(x), self.y - np.float32(y)) / np.float32(radius)
        lit: F32 = 1.0 / (1.0 + away**power * np.float32(2.0))
        return lit

    def around(self, x: float, y: float, reach: float) -> tuple[slice, slice]:
        """The rows and columns of the coarse grid that lie around a point.

        Args:
            x, y: the point, in pixels of the frame.
            reach: pixels to include in each direction.
        """
        spans = []
        for middle, first, count in ((y, self.top, self.high), (x, -self.left, self.wide)):
            begin, end = (round((middle + way * reach - first) / _COARSE) for way in (-1, 1))
            spans.append(slice(min(max(begin, 0), count), min(max(end, 0), count)))
        return spans[0], spans[1]

    def smooth(self, colours: F32) -> Laid:
        """A layer from a field of colours on the coarse grid, for light without forms."""
        y, u, v = yuv(self.stage.style.grade(np.clip(colours, 0.0, 1.2).astype(np.float32)))
        fine = self.full(y) + self._dither()
        half = (self.width // 2, self.height // 2)
        box = (0.0, 0.0, self.width / _COARSE, self.height / _COARSE)
        colour = [np.clip(np.rint(_enlarged(c, *half, box)), 16, 240).astype(np.uint8) for c in (u, v)]
        bright = np.clip(fine + np.float32(0.5), 16.0, 240.0).astype(np.uint8)
        return self._laid((bright, colour[0], colour[1]), np.full(bright.shape, 255, np.uint8))

    def lit(self, forms: U8, light: F32, glow: F32 | None = None, texture: F32 | None = None) -> Laid:
        """A layer of lit forms.

        Args:
            forms: as `svg` returns them; pixels that are not covered are transparent.
            light: on the coarse grid, rows x columns x 3; the forms are multiplied by it.
            glow: on the coarse grid, rows x columns x 3; it is added. None for no glow.
            texture: relative change in brightness of every pixel, around 0; None for smooth surfaces.
        """
        return self.finished(self.shaded(forms, light, glow, texture), forms[..., 3])

    def shaded(self, forms: U8, light: F32, glow: F32 | None = None, texture: F32 | None = None) -> U8:
        """Red, green and blue of lit forms; the arguments are those of `lit`."""
        dither = self._dither() * np.float32(1.2)
        rough = None if texture is None else texture * np.float32(self.stage.style.texture) + np.float32(1.0)
        out = np.empty((*forms.shape[:2], 3), np.uint8)
        for channel in range(3):
            value = forms[..., channel] * self.full(light[..., channel])
            if rough is not None:
                value *= rough
            if glow is not None:
                value += self.full(glow[..., channel]) * np.float32(255.0)
            value += dither
            np.clip(value, 0.0, 255.0, out=value)
            out[..., channel] = value
        return out

    def finished(self, picture: U8, alpha: U8) -> Laid:
        """A layer from a picture without further light, in the colours of the style.

        Args:
            picture: red, green and blue of every pixel.
            alpha: coverage of every pixel.
        """
        return self._laid(graded(self.stage, picture), alpha)

    def _dither(self) -> F32:
        rng = self.stage.plan.chance(self.name, "dither")
        return rng.random((self.height, self.width), np.float32) - np.float32(0.5)

    def _laid(self, planes: tuple[U8, U8, U8], alpha: U8) -> Laid:
        """A layer from its planes, without the empty rows at its top and bottom."""
        held = np.flatnonzero(alpha.any(axis=1))
        first = int(held[0]) // 2 * 2 if len(held) else 0
        last = -(-(int(held[-1]) + 1) // 2) * 2 if len(held) else 2
        y, u, v = planes
        if self.stage.style.ink:
            y = _inked(y, self.stage.style.ink)
        parts = (y[first:last], u[first // 2 : last // 2], v[first // 2 : last // 2])
        s = self.stage
        phases = phases_for(s.height) if s.moves(self.near) else 1
        return Laid(s, layer(self.near, first + self.top, self.left, parts, alpha[first:last], phases))


def _inked(y: U8, strength: float) -> U8:
    """The brightness of a layer, with dark lines along the edges in it."""
    bright = y.astype(np.int16)
    edge = np.zeros_like(bright)
    edge[:, 1:] = np.abs(bright[:, 1:] - bright[:, :-1])
    edge[1:] = np.maximum(edge[1:], np.abs(bright[1:] - bright[:-1]))
    edge -= 6
    np.clip(edge, 0, 22, out=edge)
    bright -= edge * np.int16(round(5 * strength))
    return np.maximum(bright, np.minimum(y, 30)).astype(np.uint8)


def _enlarged(field: F32, width: int, height: int, box: tuple[float, float, float, float]) -> F32:
    image = Image.fromarray(np.ascontiguousarray(field, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, box=box), np.float32)


def drawn(svg: str, width: int, height: int) -> U8:
    """The pixels of an SVG document: red, green, blue and coverage."""
    png = resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, skip_system_fonts=True)
    with Image.open(io.BytesIO(png)) as image:
        return np.array(image.convert("RGBA"))


def graded(stage: SceneStage, picture: U8) -> tuple[U8, U8, U8]:
    """Y, U and V of a picture in the colours of the style; its width and height must be even."""
    mapped = Image.fromarray(picture).filter(_table(stage.plan.style, stage.style))
    y, u, v = mapped.split()
    return np.asarray(y), np.asarray(u.reduce(2)), np.asarray(v.reduce(2))


@lru_cache(maxsize=2)
def _table(_: str, style: Style) -> ImageFilter.Color3DLUT:
    """A table of the Y, U and V that a style gives each colour: looking them up is faster than computing them."""
    steps = np.linspace(0.0, 1.0, _LEVELS, dtype=np.float32)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    planes = yuv(style.grade(np.stack([red, green, blue], axis=-1)))
    limits = ((16.0, 240.0),) * 3
    values = [np.clip(plane, *limit) / 255.0 for plane, limit in zip(planes, limits, strict=True)]
    return ImageFilter.Color3DLUT(_LEVELS, np.stack(values, axis=-1).astype(np.float32).reshape(-1))


def blurred(picture: U8, radius: float) -> U8:
    """Blur a picture.

    Args:
        picture: the picture, with or without coverage.
        radius: radius of the blur, in pixels; below 0.3 the picture is returned unchanged.
    """
    if radius < 0.3:
        return picture
    step = max(1, min(8, int(radius / 2)))
    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    if image.mode == "RGBA":
        image = image.convert("RGBa")  # otherwise the black of transparent pixels would bleed in
    if step > 1:
        image = image.reduce(step)
    image = image.filter(ImageFilter.GaussianBlur(radius / step))
    if step > 1:
        image = image.resize((width, height), Image.Resampling.BILINEAR, box=(0, 0, width / step, height / step))
    return np.array(image.convert("RGBA") if image.mode == "RGBa" else image)


def hexed(colour: RGB) -> str:
    """A colour in the notation of SVG, "#rrggbb"."""
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, part))):02x}" for part in colour)


def field(colour: RGB) -> F32:
    """A colour as an array, to compute with fields."""
    return np.asarray(colour, np.float32)
