"""Styles: how colours are graded, how coarse the pixels are, and how much grain there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dream_nb.studio.render.noise import F32
from dream_nb.studio.render.vocabulary import RGB


@dataclass(frozen=True, slots=True)
class Style:
    """A style of drawing.

    Args:
        grade: returns graded colours for an array of colours (..., 3), 0 to 1.
        coarse: the side of the square pixels, in hundredths of a scene unit; 0 draws at the resolution of the frame.
        grain: the strength of film grain, in levels of brightness.
        vignette: the darkening of the corners, in levels of brightness.
        ink: the strength of dark outlines on ridges, 0 to 1.
        texture: the strength of the relief of surfaces; 0 gives flat colours.
        paper: the strength of the grain of paper, in levels of brightness.
    """

    grade: Callable[[F32], F32]
    coarse: float = 0.0
    grain: float = 1.0
    vignette: float = 14.0
    ink: float = 0.0
    texture: float = 1.0
    paper: float = 0.0

    def one(self, colour: RGB) -> RGB:
        """Return one colour, graded."""
        r, g, b = self.grade(np.asarray([colour], np.float32))[0].tolist()
        return r, g, b


def _gray(c: F32) -> F32:
    y: F32 = c[..., :1] * 0.2126 + c[..., 1:2] * 0.7152 + c[..., 2:3] * 0.0722
    return y


def _saturated(c: F32, amount: float) -> F32:
    grey = _gray(c)
    graded: F32 = grey + (c - grey) * np.float32(amount)
    return graded


def _contrast(c: F32, amount: float) -> F32:
    t = np.clip(c, 0.0, 1.0)
    graded: F32 = c + np.float32(amount) * (t * t * (3.0 - 2.0 * t) - t)
    return graded


def _two_tone(c: F32, dark: tuple[float, float, float], light: tuple[float, float, float], amount: float) -> F32:
    grey = np.clip(_gray(c), 0.0, 1.0)
    tones = np.asarray(dark, np.float32) + grey * (np.asarray(light, np.float32) - np.asarray(dark, np.float32))
    graded: F32 = c + np.float32(amount) * (tones - c)
    return graded


def _levels(c: F32, steps: int) -> F32:
    """Reduce colours to a few levels of brightness.

    The steps are soft, because hard ones would give different pixels on machines whose results differ in the last bit.
    """
    grey = np.clip(_gray(c), 0.004, 1.0)
    t = grey * np.float32(steps)
    whole = np.floor(t)
    part = np.clip((t - whole - 0.5) * 6.0 + 0.5, 0.0, 1.0)
    level: F32 = c * ((whole + part) / np.float32(steps) / grey)
    return level


def _tint(c: F32, r: float, g: float, b: float) -> F32:
    graded: F32 = c * np.asarray((r, g, b), np.float32)
    return graded


_STYLES: dict[str, Style] = {
    "plain": Style(lambda c: _contrast(_saturated(c, 1.06), 0.25)),
    "noir": Style(lambda c: _contrast(_saturated(c, 0.0), 0.9) * np.float32(0.96), grain=5.0, vignette=38.0),
    "watercolour": Style(
        lambda c: _saturated(c, 0.95) * np.float32(0.62) + np.float32(0.36),
        grain=0.8,
        vignette=-14.0,
        texture=0.7,
        paper=5.0,
    ),
    "pixel": Style(lambda c: _levels(_saturated(c, 1.25), 9), coarse=0.75, grain=0.0, vignette=0.0, texture=0.8),
    "sketch": Style(
        lambda c: _two_tone(c, (0.16, 0.16, 0.19), (1.02, 1.0, 0.95), 1.0) * np.float32(0.55) + np.float32(0.42),
        grain=0.8,
        vignette=-6.0,
        ink=1.0,
        texture=1.3,
        paper=7.0,
    ),
    "oil": Style(lambda c: _contrast(_saturated(c, 1.3), 0.35), grain=1.0, vignette=10.0, texture=2.2, paper=4.0),
    "anime": Style(
        lambda c: _saturated(c, 1.35) * np.float32(0.94) + np.float32(0.06), grain=0.5, vignette=4.0, texture=0.6
    ),
    "comic": Style(lambda c: _levels(_saturated(c, 1.5), 6), grain=0.0, vignette=0.0, ink=1.0, texture=0.7),
    "manga": Style(
        lambda c: _levels(_contrast(_saturated(c, 0.0), 1.1) + np.float32(0.06), 5),
        grain=0.0,
        vignette=0.0,
        ink=1.0,
        texture=0.5,
        paper=2.0,
    ),
    "flat": Style(
        lambda c: _saturated(c, 1.1) * np.float32(0.95) + np.float32(0.04), grain=0.5, vignette=0.0, texture=0.0
    ),
    "neon": Style(lambda c: _two_tone(_saturated(c, 1.5), (0.05, 0.0, 0.14), (0.45, 1.0, 1.1), 0.3), vignette=20.0),
    "synthwave": Style(
        lambda c: _two_tone(_saturated(c, 1.4), (0.10, 0.0, 0.28), (1.05, 0.62, 0.92), 0.6), vignette=16.0
    ),
    "vintage": Style(
        lambda c: _two_tone(_saturated(c, 0.7), (0.14, 0.09, 0.07), (1.0, 0.91, 0.74), 0.45), grain=4.5, vignette=30.0
    ),
    "pastel": Style(
        lambda c: _saturated(c, 0.85) * np.float32(0.55) + np.float32(0.43), grain=1.0, vignette=-4.0, texture=0.7
    ),
    "woodblock": Style(
        lambda c: _two_tone(_levels(_saturated(c, 0.9), 8), (0.10, 0.16, 0.30), (0.98, 0.92, 0.78), 0.4),
        grain=0.8,
        vignette=0.0,
        ink=0.8,
        texture=0.5,
        paper=4.0,
    ),
    "psychedelic": Style(
        lambda c: np.float32(0.5) + np.float32(0.5) * np.sin(_saturated(c, 1.6) * np.float32(5.2) - np.float32(1.2))
    ),
    "cinematic": Style(
        lambda c: _tint(_contrast(_two_tone(c, (0.02, 0.07, 0.10), (1.05, 0.96, 0.84), 0.25), 0.5), 0.97, 0.97, 0.99),
        grain=2.5,
        vignette=26.0,
    ),
}


def named(name: str) -> Style:
    """Return the style of a name."""
    return _STYLES[name]
