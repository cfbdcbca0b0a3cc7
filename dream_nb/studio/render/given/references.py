"""Applies reference pictures for colours, layout and characters, and the picture to be changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dream_nb.studio.render.brief import Brief, Reference
from dream_nb.studio.render.given import pictures
from dream_nb.studio.render.layers import Layer, layer
from dream_nb.studio.render.noise import F32, I16, U8, smoothstep
from dream_nb.studio.render.planes import Planes, from_rgb, to_u8, yuv
from dream_nb.studio.render.stage import SceneStage


def _amount(weight: float) -> float:
    return min(1.0, max(0.0, weight))


class ColourTransfer:
    """Gives frames the colours of pictures, by matching the distribution of values in each plane.

    Args:
        own: a frame with the colours that are to be changed.
        others: the pictures, and the weight of each (0 to 1).
    """

    def __init__(self, own: Planes, others: list[tuple[Planes, float]]) -> None:
        total = sum(weight for _, weight in others)
        strength = max((weight for _, weight in others), default=0.0)
        self.tables: list[list[int]] = []
        for at in range(3):
            mine = _spread(own.all[at])
            if total > 0:
                theirs = sum((_spread(p.all[at]) * (w / total) for p, w in others), np.zeros(256))
                wanted = np.interp(mine, theirs, np.arange(256.0))
            else:
                wanted = np.arange(256.0)
            table = np.arange(256.0) * (1 - strength) + wanted * strength
            self.tables.append(np.clip(np.rint(table), 16, 240).astype(int).tolist())

    def applied(self, shot: Planes) -> Planes:
        """Return a frame in these colours."""
        return Planes(*(np.array(Image.fromarray(p).point(t)) for p, t in zip(shot.all, self.tables, strict=True)))


def _spread(plane: U8) -> NDArray[np.float64]:
    """Return the cumulative distribution of a plane's values; it strictly increases, so that it can be inverted."""
    counts = np.bincount(plane.reshape(-1), minlength=256).astype(np.float64)
    counts = np.convolve(counts, np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0, mode="same") + 1e-3
    sums: NDArray[np.float64] = np.cumsum(counts)
    spread: NDArray[np.float64] = sums / sums[-1]
    return spread


class LayoutTransfer:
    """Gives frames the layout of pictures: the pictures' coarse forms replace those of the scene.

    Args:
        own: a frame of the scene.
        others: the pictures, and the weight of each (0 to 1).
    """

    def __init__(self, own: Planes, others: list[tuple[Planes, float]]) -> None:
        total = sum(weight for _, weight in others)
        strength = 0.9 * max((weight for _, weight in others), default=0.0)
        self.change: list[I16] = []
        for at in range(3):
            mine = _coarse(own.all[at])
            theirs = (
                sum((_coarse(p.all[at]) * np.float32(w / total) for p, w in others), np.zeros_like(mine))
                if total
                else mine
            )
            height, width = own.all[at].shape
            change = Image.fromarray((theirs - mine) * np.float32(strength))
            self.change.append(
                np.rint(np.asarray(change.resize((width, height), Image.Resampling.BICUBIC))).astype(np.int16)
            )

    def applied(self, shot: Planes) -> Planes:
        """Return a frame with this layout."""
        return Planes(*(np.clip(p + c, 16, 235).astype(np.uint8) for p, c in zip(shot.all, self.change, strict=True)))


def _coarse(plane: U8) -> F32:
    height, width = plane.shape
    cell = max(2, round((height * width) ** 0.5 / 36))
    size = (max(1, round(width / cell)), max(1, round(height / cell)))
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BOX), dtype=np.float32)


class Changed:
    """A given picture in the light of the scene. The higher its weight, the closer it stays to the original."""

    def __init__(self, brief: Brief, scene: Planes, reference: Reference) -> None:
        given = from_rgb(pictures.cropped(reference.picture, *brief.size))
        relit = ColourTransfer(given, [(scene, 1.0)]).applied(given)
        part = 0.04 + 0.94 * _amount(reference.weight)
        self.planes = []
        for own, new, drawn in zip(given.all, relit.all, scene.all, strict=True):
            goal = new.astype(np.float32) * np.float32(0.5) + drawn.astype(np.float32) * np.float32(0.5)
            self.planes.append(to_u8(goal + np.float32(part) * (own - goal)))

    def applied(self, shot: Planes) -> Planes:
        """Return the changed picture, which is the same for every frame."""
        del shot
        return Planes(*self.planes)


Effect = ColourTransfer | LayoutTransfer | Changed


def effects(brief: Brief, scene: Planes, keyframe: Planes | None) -> list[Effect]:
    """Return the effects of a brief's references, which are applied to every frame.

    Args:
        brief: the brief.
        scene: a frame without these effects.
        keyframe: a given frame whose colours the scene takes on, or None.

    Raises:
        RenderError: a reference cannot be read.
    """
    found: list[Effect] = []
    width, height = brief.size

    def read(references: tuple[Reference, ...]) -> list[tuple[Planes, float]]:
        return [(from_rgb(pictures.cropped(r.picture, width, height)), _amount(r.weight)) for r in references]

    def add(effect: Effect) -> None:
        nonlocal scene
        found.append(effect)
        scene = effect.applied(scene)

    if keyframe is not None:
        add(ColourTransfer(scene, [(keyframe, 0.6)]))
    if brief.image_refs:
        add(LayoutTransfer(scene, read(brief.image_refs)))
    if brief.style_refs:
        add(ColourTransfer(scene, read(brief.style_refs)))
    if brief.modify is not None:
        add(Changed(brief, scene, brief.modify))
    return found


def character(stage: SceneStage, brief: Brief) -> Layer | None:
    """Return the character of a brief as a layer near the viewer, or None. Each take uses the next of its pictures.

    Raises:
        RenderError: a picture cannot be read.
    """
    if not brief.character_refs:
        return None
    s = stage
    readable = [pictures.whole(data, max(32, round(0.72 * s.height))) for data in brief.character_refs]
    picture = readable[(brief.take - 1) % len(readable)]
    tall = max(8, round(0.68 * s.height / 2) * 2)
    wide = max(8, min(round(tall * picture.shape[1] / picture.shape[0] / 2) * 2, s.width // 4 * 2))
    figure = np.asarray(Image.fromarray(picture).resize((wide, tall), Image.Resampling.LANCZOS))
    side, _ = s.margins(0.7)
    width = s.width + 2 * side
    top = (s.height - tall) // 2 * 2
    rows = s.height - top + 2 * side
    alpha = np.zeros((rows // 2 * 2, width), np.uint8)
    colours = np.zeros((*alpha.shape, 3), np.float32)
    left = side + round((0.30 if s.sun_x > 0.5 else 0.70) * s.width / 2) * 2 - wide // 4 * 2
    cover = _cut_out(figure)
    alpha[:tall, left : left + wide] = np.rint(cover * 255).astype(np.uint8)
    light = np.asarray(s.light.lit, np.float32)
    light = light / max(0.6, float(light.max())) * np.float32(0.35) + np.float32(0.65)
    colours[:tall, left : left + wide] = figure.astype(np.float32) / 255 * light
    y, u, v = yuv(colours)
    return layer(0.7, top, side, (to_u8(y), to_u8(u[::2, ::2]), to_u8(v[::2, ::2])), alpha, 1)


def _cut_out(figure: U8) -> F32:
    """Return the coverage of a figure, 0 to 1: what differs from an even background, or else a soft oval."""
    tall, wide, _ = figure.shape
    picture = figure.astype(np.float32)
    rim = np.concatenate([picture[: tall // 2, 0], picture[: tall // 2, -1], picture[0]])
    background = np.median(rim, axis=0)
    even = float((np.abs(rim - background).max(axis=1) < 26).mean())
    y = np.linspace(-1, 1, tall, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, wide, dtype=np.float32)[None, :]
    # A figure continues below the frame, so only its other sides fade out.
    away = np.sqrt(x * x + np.where(y < 0, y * y, y * y * np.float32(0.4)))
    oval = smoothstep((np.float32(1.0) - away) * np.float32(5.0))
    if even < 0.8:
        return oval
    differs = np.abs(picture - background.astype(np.float32)).max(axis=2)
    return np.maximum(smoothstep((differs - 14) / np.float32(26.0)), 0.0)
